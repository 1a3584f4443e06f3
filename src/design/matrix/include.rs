//! Cells that are added after the product.

use std::collections::HashMap;

use super::expand::Walk;
use super::group::Group;
use super::{ABSENT, Misfit};
use crate::design::combination::Inclusion;
use crate::design::identity::CellKey;

/// Adds the cells of every inclusion.
pub(super) fn add(walk: &mut Walk<'_>) {
    let inclusions = &walk.experiment.combination.include;
    if inclusions.is_empty() {
        return;
    }
    let mut known: HashMap<CellKey, usize> =
        walk.matrix.cells.iter().enumerate().map(|(at, cell)| (cell.key, at)).collect();
    for inclusion in inclusions {
        if let Err(misfit) = one(walk, inclusion, &mut known) {
            walk.misfit(misfit);
        }
    }
}

fn one(
    walk: &mut Walk<'_>,
    inclusion: &Inclusion,
    known: &mut HashMap<CellKey, usize>,
) -> Result<(), Misfit> {
    let named: Vec<usize> =
        (0..walk.groups.len()).filter(|&at| is_named(inclusion, &walk.groups[at])).collect();
    let fitting: Vec<usize> =
        named.iter().copied().filter(|&at| lacks(inclusion, &walk.groups[at]).is_empty()).collect();
    if fitting.is_empty() {
        return Err(no_fit(walk, inclusion, &named));
    }
    for at in fitting {
        let group = &mut walk.groups[at];
        let mut raw = vec![ABSENT; group.factors.len()];
        for (index, level) in raw.iter_mut().enumerate() {
            let factor = group.factors[index];
            let given = inclusion.levels.iter().find(|(name, _)| *name == factor.name);
            *level = match given {
                Some((_, level)) => group.intern(index, level.clone()),
                None if factor.formula().is_none() => 0,
                None => ABSENT,
            };
        }
        let all = walk.groups[at].strategy.workers.clone();
        for workers in inclusion.workers.map_or(all, |workers| vec![workers]) {
            let mut levels = raw.clone();
            let group = &mut walk.groups[at];
            group.apply_conditions(workers, &mut levels);
            group.derive(workers, &mut levels)?;
            let key = group.key(workers, &levels);
            if let Some(cell) = known.insert(key, walk.matrix.cells.len()) {
                let cell = super::CellIx::new(cell).id();
                let what = walk.groups[at].describe(workers, &levels);
                return Err(Misfit {
                    at: inclusion.at.clone(),
                    title: format!("this combination is already in the matrix: {cell}"),
                    help: vec![
                        format!("the cell is {what}"),
                        "remove the entry, or name the `strategy`, `workers` or `workload` that is meant".to_owned(),
                    ],
                });
            }
            walk.push(at, workers, levels);
        }
    }
    Ok(())
}

fn is_named(inclusion: &Inclusion, group: &Group<'_>) -> bool {
    inclusion.workload.as_ref().is_none_or(|name| group.workload.name == *name)
        && inclusion.strategy.as_ref().is_none_or(|name| group.strategy.name == *name)
}

/// What keeps an inclusion from being a cell of a group, one line each.
fn lacks(inclusion: &Inclusion, group: &Group<'_>) -> Vec<String> {
    let mut lacks = Vec::new();
    for (name, _) in &inclusion.levels {
        match group.factors.iter().find(|factor| factor.name == *name) {
            None => lacks.push(format!("does not use `{name}`")),
            Some(factor) if factor.formula().is_some() => {
                lacks.push(format!("calculates `{name}`"));
            }
            Some(_) => {}
        }
    }
    for factor in &group.factors {
        let is_given = inclusion.levels.iter().any(|(name, _)| *name == factor.name);
        let may_be_left_out = factor.levels().len() <= 1 || factor.condition().is_some();
        if !is_given && !may_be_left_out {
            lacks.push(format!("needs a level of `{}`", factor.name));
        }
    }
    lacks
}

fn no_fit(walk: &Walk<'_>, inclusion: &Inclusion, named: &[usize]) -> Misfit {
    let title = "this entry of `include` is no cell of any workload and strategy".to_owned();
    let nearest = named.iter().copied().min_by_key(|&at| lacks(inclusion, &walk.groups[at]).len());
    let help = match nearest {
        Some(at) => {
            let group = &walk.groups[at];
            let lacks = lacks(inclusion, group).join(", ");
            format!("{} under {} {lacks}", group.workload.name, group.strategy.name)
        }
        None => "the workload and strategy that it names do not go together".to_owned(),
    };
    Misfit { at: inclusion.at.clone(), title, help: vec![help] }
}
