//! Selectors over combinations of levels: compiled for one workload × strategy, watched for
//! whether they ever hold, and explained when they never do.

use super::group::Group;
use super::{Axis, Misfit};
use crate::design::experiment::{Strategy, Workload};
use crate::design::parameter::Level;
use crate::design::selector::{Entry, Pattern, Selector, Subject};
use crate::design::value::Value;

/// Levels that a message names.
const NAMED: usize = 12;

/// A selector for the cells of one workload × strategy: a look-up a level.
pub(super) struct Compiled<'a> {
    pub(super) selector: &'a Selector,
    /// Workload and strategy are meant.
    fits: bool,
    workers: Vec<&'a Entry>,
    /// Parameter, entry, and for each level whether it is meant, as far as levels are known.
    params: Vec<(usize, &'a Entry, Vec<bool>)>,
    /// It has held for some combination.
    pub(super) has_held: bool,
    /// It held for the last one.
    pub(super) held_last: bool,
}

impl<'a> Compiled<'a> {
    pub(super) fn new(
        selector: &'a Selector,
        (workload, strategy): (&Workload, &Strategy),
        axes: &[Axis],
    ) -> Self {
        let mut compiled = Self {
            selector,
            fits: true,
            workers: Vec::new(),
            params: Vec::new(),
            has_held: false,
            held_last: false,
        };
        for entry in &selector.entries {
            match &entry.subject {
                Subject::Workload => compiled.fits &= entry.holds(&text(workload.name.as_str())),
                Subject::Strategy => compiled.fits &= entry.holds(&text(strategy.name.as_str())),
                Subject::Workers => compiled.workers.push(entry),
                Subject::Param(name) => match axes.iter().position(|axis| axis.name == *name) {
                    Some(at) => compiled.params.push((at, entry, Vec::new())),
                    None => compiled.fits = false,
                },
            }
        }
        compiled
    }

    /// Whether the selector means this combination.
    pub(super) fn holds(&mut self, workers: u32, levels: &[u32], axes: &[Axis]) -> bool {
        self.held_last = self.fits
            && self.workers.iter().all(|entry| entry.holds(&count(workers)))
            && self.params.iter_mut().all(|(at, entry, known)| {
                let axis = &axes[*at];
                while known.len() < axis.levels.len() {
                    known.push(entry.holds(&axis.levels[known.len()]));
                }
                known.get(levels[*at] as usize).copied().unwrap_or(false)
            });
        self.has_held |= self.held_last;
        self.held_last
    }
}

fn text(name: &str) -> Level {
    Value::Text(name.to_owned()).into()
}

fn count(workers: u32) -> Level {
    Value::Integer(workers.into()).into()
}

/// The level of a combination that an entry is about.
fn subject_level(group: &Group<'_>, workers: u32, levels: &[u32], entry: &Entry) -> Option<Level> {
    match &entry.subject {
        Subject::Workload => Some(text(group.workload.name.as_str())),
        Subject::Strategy => Some(text(group.strategy.name.as_str())),
        Subject::Workers => Some(count(workers)),
        Subject::Param(name) => {
            let at = group.axes.iter().position(|axis| axis.name == *name)?;
            group.axes[at].levels.get(levels[at] as usize).cloned()
        }
    }
}

/// One combination of the product: its group, workers and levels.
pub(super) type Combined<'m> = (usize, u32, &'m [u32]);

/// Why a selector means nothing: the combination that comes nearest, and what it lacks.
pub(super) fn misfit<'m>(
    selector: &Selector,
    what: &str,
    groups: &[Group<'_>],
    combinations: impl Iterator<Item = Combined<'m>> + Clone,
) -> Misfit {
    let lacks = |(group, workers, levels): Combined<'m>| {
        let missed = selector.entries.iter().filter(|entry| {
            let level = subject_level(&groups[group], workers, levels, entry);
            !level.is_some_and(|level| entry.holds(&level))
        });
        missed.collect::<Vec<&Entry>>()
    };
    let nearest = combinations.clone().min_by_key(|combined| lacks(*combined).len());
    let Some(nearest) = nearest else {
        let title = format!("{what}: there is no combination");
        return Misfit { at: selector.at.clone(), title, help: Vec::new() };
    };
    let missed = lacks(nearest);
    // The levels that the failing factor has anywhere.
    let entry = missed.first().copied().unwrap_or(&selector.entries[0]);
    let mut levels: Vec<String> = Vec::new();
    for (group, workers, combined) in combinations {
        if let Some(level) = subject_level(&groups[group], workers, combined, entry) {
            let level = level.to_string();
            if !levels.contains(&level) {
                levels.push(level);
            }
            if levels.len() > NAMED {
                break;
            }
        }
    }
    let more = if levels.len() > NAMED { ", …" } else { "" };
    levels.truncate(NAMED);
    let (group, workers, combined) = nearest;
    let near = groups[group].describe(workers, combined);
    let wanted: Vec<String> =
        missed.iter().map(|entry| format!("{} = {}", entry.subject, entry.written)).collect();
    let mut help = vec![format!(
        "the nearest combination is {} · {near}; it is not {}",
        groups[group].workload.name,
        wanted.join(", ")
    )];
    let type_name = other_type(entry, groups);
    if let Some(type_name) = type_name {
        help.push(format!("the level is of type {type_name}; write it the same way here"));
    } else if levels.is_empty() {
        help.push(format!("no combination has `{}`", entry.subject));
    } else {
        help.push(format!("levels of `{}`: {}{more}", entry.subject, levels.join(", ")));
    }
    Misfit { at: entry.at.clone(), title: what.to_owned(), help }
}

/// The type of a level that is written like one of the entry's and is of another type.
fn other_type(entry: &Entry, groups: &[Group<'_>]) -> Option<&'static str> {
    let Subject::Param(name) = &entry.subject else {
        return None;
    };
    let axes = groups.iter().flat_map(|group| &group.axes).filter(|axis| axis.name == *name);
    let found = axes.flat_map(Axis::levels).map(Level::value).find(|level| {
        let same_text = |pattern: &Pattern| {
            matches!(pattern, Pattern::Equal(value) if value.to_string() == level.to_string())
        };
        entry.patterns.iter().any(same_text)
    });
    found.filter(|level| !entry.holds(&(*level).clone().into())).map(Value::type_name)
}
