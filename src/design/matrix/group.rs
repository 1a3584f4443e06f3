//! What varies in the cells of one workload under one strategy, and how its levels are found.

use std::collections::HashMap;

use super::rules::Compiled;
use super::{ABSENT, Axis, Misfit, uses};
use crate::design::experiment::{Action, Experiment, Scaling, Strategy, Workload};
use crate::design::expression::evaluate;
use crate::design::identity::{self, KeyMaker};
use crate::design::parameter::{Factor, Level};
use crate::design::selector::{Selector, Subject};
use crate::design::value::Value;

/// Where the level of a parameter comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// An axis of the workload, shared by its strategies.
    Outer(usize),
    /// An axis of the strategy alone.
    Inner(usize),
    /// It is calculated.
    Derived,
}

/// One workload under one strategy.
pub(super) struct Group<'a> {
    pub(super) at_workload: usize,
    pub(super) at_strategy: usize,
    pub(super) workload: &'a Workload,
    pub(super) strategy: &'a Strategy,
    /// The parameters that are used, those of the workload first.
    pub(super) factors: Vec<&'a Factor>,
    pub(super) slots: Vec<Slot>,
    /// Sizes of the strategy's own axes.
    pub(super) inner: Vec<usize>,
    /// What the matrix keeps of the factors.
    pub(super) axes: Vec<Axis>,
    /// Derived parameters, each after those that it is calculated from.
    order: Vec<usize>,
    /// Where a parameter must have a level in every cell.
    needed: Vec<bool>,
    conditions: Vec<Option<Compiled<'a>>>,
    interned: Vec<HashMap<String, u32>>,
    keys: KeyMaker,
}

/// The factors of one workload under one strategy: those of the workload, then the strategy's own.
pub(super) fn used_factors<'a>(
    all: &[&'a Factor],
    workload: &'a Workload,
    strategy: &'a Strategy,
) -> (Vec<&'a Factor>, Vec<&'a Factor>) {
    let is_own = |factor: &Factor| strategy.params.iter().any(|own| own.name == factor.name);
    let candidates: Vec<&Factor> =
        all.iter().copied().filter(|factor| !is_own(factor)).chain(&strategy.params).collect();
    let mut used: Vec<bool> = candidates
        .iter()
        .map(|factor| uses(workload, Some(strategy), factor.name.as_str()))
        .collect();
    // What a used expression names is used too.
    let mut pending: Vec<usize> = (0..used.len()).filter(|&at| used[at]).collect();
    while let Some(at) = pending.pop() {
        let names = candidates[at].formula().map(|formula| formula.expression.names());
        for (name, _) in names.into_iter().flatten() {
            let found = candidates.iter().position(|factor| factor.name.as_str() == name);
            if let Some(found) = found.filter(|&found| !used[found]) {
                used[found] = true;
                pending.push(found);
            }
        }
    }
    let kept = |at: &usize| used[*at];
    let split = candidates.len() - strategy.params.len();
    let taken = (0..split).filter(kept).map(|at| candidates[at]).collect();
    let own = (split..candidates.len()).filter(kept).map(|at| candidates[at]).collect();
    (taken, own)
}

impl<'a> Group<'a> {
    /// `slots` says where the level of each factor comes from; the last `own` factors are the
    /// strategy's.
    pub(super) fn new(
        experiment: &'a Experiment,
        (at_workload, at_strategy): (usize, usize),
        (factors, slots): (Vec<&'a Factor>, Vec<Slot>),
        (own, inner): (usize, Vec<usize>),
    ) -> Result<Self, Misfit> {
        let workload = &experiment.workloads[at_workload];
        let strategy = &experiment.strategies[at_strategy];
        let split = factors.len() - own;
        let zips = &experiment.combination.zips;
        let mut axes: Vec<Axis> = factors
            .iter()
            .enumerate()
            .map(|(at, factor)| {
                let of_strategy = factor
                    .condition()
                    .is_some_and(|condition| mentions(&condition.when, &Subject::Strategy));
                let is_of_strategy = at >= split || of_strategy;
                let otherwise = factor.condition().and_then(|c| c.otherwise.clone());
                Axis {
                    name: factor.name.clone(),
                    levels: factor.levels().iter().cloned().chain(otherwise).collect(),
                    is_derived: factor.formula().is_some(),
                    is_of_strategy,
                    is_manner: is_of_strategy,
                    zip: zips.iter().position(|zip| zip.names.contains(&factor.name)),
                }
            })
            .collect();
        let order = order(&factors)?;
        mark_manners(&factors, &order, &mut axes);
        let needed = factors.iter().map(|factor| is_needed(workload, strategy, factor)).collect();
        let names: Vec<&str> = factors.iter().map(|factor| factor.name.as_str()).collect();
        let keys = KeyMaker::new(&identity::content(workload, strategy), &names);
        let conditions = factors
            .iter()
            .map(|factor| {
                let condition = factor.condition()?;
                Some(Compiled::new(&condition.when, (workload, strategy), &axes))
            })
            .collect();
        Ok(Self {
            at_workload,
            at_strategy,
            workload,
            strategy,
            interned: vec![HashMap::new(); factors.len()],
            factors,
            slots,
            inner,
            axes,
            order,
            needed,
            conditions,
            keys,
        })
    }

    /// Tasks of a trial with so many workers.
    pub(super) fn tasks(&self, workers: u32) -> u32 {
        match self.workload.scaling {
            Scaling::Fixed => self.workload.tasks,
            Scaling::Strong | Scaling::Weak => self.workload.tasks.saturating_mul(workers),
        }
    }

    /// The identity of a cell.
    pub(super) fn key(&mut self, workers: u32, levels: &[u32]) -> identity::CellKey {
        let tasks = self.tasks(workers);
        self.keys.key((workers, tasks), &self.axes, levels)
    }

    /// Takes away what does not apply. False when the combination repeats another one: all
    /// parameters of an axis do not apply, and the axis is not at its first level.
    pub(super) fn apply_conditions(&mut self, workers: u32, levels: &mut [u32]) -> bool {
        let mut is_off = vec![false; self.factors.len()];
        let raw = levels.to_vec();
        for at in 0..self.factors.len() {
            let Some(compiled) = &mut self.conditions[at] else { continue };
            if compiled.holds(workers, &raw, &self.axes) {
                continue;
            }
            is_off[at] = true;
            let otherwise = self.factors[at].condition().is_some_and(|c| c.otherwise.is_some());
            let first = u32::try_from(self.factors[at].levels().len()).expect("levels are limited");
            levels[at] = if otherwise { first } else { ABSENT };
        }
        let repeats = |at: usize| {
            let slot = self.slots[at];
            let peers = (0..self.factors.len()).filter(|&other| self.slots[other] == slot);
            slot != Slot::Derived && raw[at] > 0 && peers.into_iter().all(|peer| is_off[peer])
        };
        !(0..self.factors.len()).any(|at| is_off[at] && repeats(at))
    }

    /// Whether some parameter applies only in some cells.
    pub(super) fn is_conditional(&self) -> bool {
        self.conditions.iter().any(Option::is_some)
    }

    /// Every condition on a parameter, and whether it has ever held.
    pub(super) fn conditions(&self) -> impl Iterator<Item = (&'a Selector, bool)> {
        self.conditions.iter().flatten().map(|compiled| (compiled.selector, compiled.has_held))
    }

    /// Calculates the derived levels, in place.
    pub(super) fn derive(&mut self, workers: u32, levels: &mut [u32]) -> Result<(), Misfit> {
        for index in 0..self.order.len() {
            let at = self.order[index];
            let Some(formula) = self.factors[at].formula() else { continue };
            if self.conditions[at].as_ref().is_some_and(|condition| !condition.held_last) {
                continue;
            }
            let look_up = |name: &str| self.value(name, workers, levels);
            let value = evaluate(&formula.expression, &look_up).map_err(|mistake| Misfit {
                at: formula.place(&mistake.at),
                title: format!("`{}` has no value: {}", self.factors[at].name, mistake.title),
                help: [mistake.help, format!("in the cell {}", self.describe(workers, levels))]
                    .into_iter()
                    .filter(|line| !line.is_empty())
                    .collect(),
            })?;
            levels[at] = self.intern(at, value.into());
        }
        Ok(())
    }

    fn value(&self, name: &str, workers: u32, levels: &[u32]) -> Result<Value, String> {
        match name {
            "workers" => return Ok(Value::Integer(workers.into())),
            "tasks" => return Ok(Value::Integer(self.tasks(workers).into())),
            _ => {}
        }
        let at = self.factors.iter().position(|factor| factor.name.as_str() == name);
        let at = at.ok_or_else(|| format!("there is no parameter `{name}` here"))?;
        match self.axes[at].levels.get(levels[at] as usize) {
            Some(level) => Ok(level.value().clone()),
            None => Err(format!("`{name}` does not apply here: its `when` does not hold")),
        }
    }

    /// The index of a level that may be new.
    pub(super) fn intern(&mut self, at: usize, level: Level) -> u32 {
        let text = format!("{}:{}", level.value().type_name(), level.value());
        let axis = &mut self.axes[at];
        if self.interned[at].is_empty() && !axis.levels.is_empty() {
            for (index, level) in (0..).zip(&axis.levels) {
                let text = format!("{}:{}", level.value().type_name(), level.value());
                self.interned[at].insert(text, index);
            }
        }
        *self.interned[at].entry(text).or_insert_with(|| {
            axis.levels.push(level);
            u32::try_from(axis.levels.len() - 1).expect("levels are limited")
        })
    }

    /// A parameter that is needed in every cell and does not apply in this one.
    pub(super) fn missing(&self, workers: u32, levels: &[u32]) -> Option<Misfit> {
        let absent = |at: &usize| self.needed[*at] && levels[*at] == ABSENT;
        let at = (0..self.factors.len()).find(absent)?;
        let (name, condition) = (&self.factors[at].name, self.factors[at].condition()?);
        Some(Misfit {
            at: condition.when.at.clone(),
            title: format!(
                "the workload `{}` needs `{name}` in a cell where its `when` does not hold",
                self.workload.name
            ),
            help: vec![
                format!("the cell is {}", self.describe(workers, levels)),
                "add `otherwise = …`: the level where the condition does not hold".to_owned(),
            ],
        })
    }

    /// A cell in words: `n=10 cc=gcc sequential ×1`.
    pub(super) fn describe(&self, workers: u32, levels: &[u32]) -> String {
        let mut words = Vec::new();
        for (axis, &level) in self.axes.iter().zip(levels) {
            if let Some(level) = axis.levels.get(level as usize) {
                words.push(format!("{}={level}", axis.name));
            }
        }
        words.push(format!("{} ×{workers}", self.strategy.name));
        words.join(" ")
    }
}

fn mentions(selector: &Selector, subject: &Subject) -> bool {
    selector.entries.iter().any(|entry| entry.subject == *subject)
}

fn is_needed(workload: &Workload, strategy: &Strategy, factor: &Factor) -> bool {
    let name = factor.name.as_str();
    if workload.hooks.uses(name) {
        return true;
    }
    match &workload.action {
        Action::Kernel(kernel) => kernel.parameters.iter().any(|p| p.name == name && p.required),
        Action::Command(_) => uses(workload, Some(strategy), name),
    }
}

/// The derived factors, each after those that it names.
fn order(factors: &[&Factor]) -> Result<Vec<usize>, Misfit> {
    let mut order: Vec<usize> = Vec::new();
    let derived = || (0..factors.len()).filter(|&at| factors[at].formula().is_some());
    let ready = |at: usize, order: &[usize]| {
        let names = factors[at].formula().map(|formula| formula.expression.names());
        names.into_iter().flatten().all(|(name, _)| {
            derived().all(|other| factors[other].name.as_str() != name || order.contains(&other))
        })
    };
    while let Some(at) = derived().find(|at| !order.contains(at) && ready(*at, &order)) {
        order.push(at);
    }
    // The file was checked, so that this is only met by experiments that no file describes.
    match derived().find(|at| !order.contains(at)) {
        None => Ok(order),
        Some(at) => Err(Misfit {
            at: factors[at].formula().map(|formula| formula.at.clone()).unwrap_or_default(),
            title: format!("`{}` depends on itself", factors[at].name),
            help: Vec::new(),
        }),
    }
}

/// What is calculated from workers, tasks or from a manner is a manner.
fn mark_manners(factors: &[&Factor], order: &[usize], axes: &mut [Axis]) {
    for &at in order {
        let names = factors[at].formula().map(|formula| formula.expression.names());
        let is_manner = names.into_iter().flatten().any(|(name, _)| {
            matches!(name, "workers" | "tasks")
                || axes.iter().any(|axis| axis.is_manner && axis.name.as_str() == name)
        });
        axes[at].is_manner |= is_manner;
    }
}
