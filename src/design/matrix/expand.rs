//! The walk over all combinations of a workload: parameters first, then strategies, then the
//! strategies' own parameters and their workers.

use super::group::{Group, Slot, used_factors};
use super::include;
use super::protocols::{self, Protocols};
use super::rules::{self, Compiled};
use super::{
    ABSENT, Cell, MAX_COMBINATIONS, Matrix, MatrixError, Misfit, SkippedCell, SkippedPair, possible,
};
use crate::design::combination::Zip;
use crate::design::experiment::Experiment;
use crate::design::parameter::Factor;
use crate::design::selector::Selector;

/// Misfits that are collected; more of the same help nobody.
const MAX_MISFITS: usize = 20;

/// All cells, without the names of parameters.
pub(super) fn expand(experiment: &Experiment) -> Result<Matrix, MatrixError> {
    let mut matrix = Matrix::default();
    let mut designs = Vec::new();
    for at in 0..experiment.workloads.len() {
        let design = Design::new(experiment, at, &mut matrix.skipped);
        designs.push(design.map_err(|misfit| MatrixError::Misfits(vec![misfit]))?);
    }
    let combinations =
        designs.iter().fold(0_u128, |sum, design| sum.saturating_add(design.combinations()));
    if combinations > MAX_COMBINATIONS {
        return Err(MatrixError::TooManyCombinations { combinations });
    }
    let mut walk = Walk::new(experiment, matrix);
    for design in designs {
        walk.design(design);
    }
    walk.finish()
}

/// The axes of one workload and the strategies that apply.
struct Design<'a> {
    /// Sizes of the axes that strategies share.
    outer: Vec<usize>,
    groups: Vec<Group<'a>>,
    /// For each group, which of those axes it takes.
    takes: Vec<Vec<bool>>,
}

impl<'a> Design<'a> {
    fn new(
        experiment: &'a Experiment,
        at: usize,
        skipped: &mut Vec<SkippedPair>,
    ) -> Result<Self, Misfit> {
        let workload = &experiment.workloads[at];
        let mut all: Vec<&Factor> = Vec::new();
        for factor in &experiment.params {
            let own = workload.params.iter().find(|own| own.name == factor.name);
            all.push(own.unwrap_or(factor));
        }
        for own in &workload.params {
            if !all.iter().any(|factor| factor.name == own.name) {
                all.push(own);
            }
        }
        let mut parts = Vec::new();
        for (index, strategy) in experiment.strategies.iter().enumerate() {
            if workload.strategies.as_ref().is_some_and(|only| !only.contains(&index)) {
                continue;
            }
            match possible(workload, strategy) {
                Ok(()) => parts.push((index, used_factors(&all, workload, strategy))),
                Err(reason) => skipped.push(SkippedPair {
                    workload: workload.name.to_string(),
                    strategy: strategy.name.to_string(),
                    reason,
                }),
            }
        }
        // A factor that no strategy takes must not multiply the walk over combinations.
        let taken = |factor: &&&Factor| {
            let has = |(_, (taken, _)): &(usize, (Vec<&Factor>, Vec<&Factor>))| {
                taken.iter().any(|other| other.name == factor.name)
            };
            factor.formula().is_none() && parts.iter().any(has)
        };
        let shared: Vec<&Factor> = all.iter().filter(taken).copied().collect();
        let axes = Axes::new(&shared, &experiment.combination.zips)?;
        let mut design = Self { outer: axes.sizes.clone(), groups: Vec::new(), takes: Vec::new() };
        for (index, (taken, own)) in parts {
            design.add(experiment, (at, index), (taken, own), &axes)?;
        }
        Ok(design)
    }

    fn add(
        &mut self,
        experiment: &'a Experiment,
        at: (usize, usize),
        (taken, own): (Vec<&'a Factor>, Vec<&'a Factor>),
        axes: &Axes<'a>,
    ) -> Result<(), Misfit> {
        let zips = &experiment.combination.zips;
        let mut takes = vec![false; self.outer.len()];
        let mut slots = Vec::new();
        for factor in &taken {
            let slot = axes.slot(factor).map_or(Slot::Derived, Slot::Outer);
            if let Slot::Outer(axis) = slot {
                takes[axis] = true;
            }
            slots.push(slot);
        }
        // A factor of the strategy that is zipped with one of the workload moves with it.
        let tied = |factor: &Factor| {
            let zip = zip_of(zips, factor)?;
            let axis = axes.zips.iter().position(|other| *other == Some(zip))?;
            takes[axis].then_some((zip, axis))
        };
        let mut free = Vec::new();
        for factor in own.iter().copied().filter(|factor| factor.formula().is_none()) {
            match tied(factor) {
                Some((zip, axis)) => same_len(&zips[zip], (factor, self.outer[axis]))?,
                None => free.push(factor),
            }
        }
        let inner = Axes::new(&free, zips)?;
        for factor in &own {
            slots.push(match (tied(factor), inner.slot(factor)) {
                _ if factor.formula().is_some() => Slot::Derived,
                (Some((_, axis)), _) => Slot::Outer(axis),
                (None, Some(axis)) => Slot::Inner(axis),
                (None, None) => Slot::Derived,
            });
        }
        let count = own.len();
        let factors = taken.into_iter().chain(own).collect();
        self.groups.push(Group::new(experiment, at, (factors, slots), (count, inner.sizes))?);
        self.takes.push(takes);
        Ok(())
    }

    fn combinations(&self) -> u128 {
        let product = |sizes: &[usize]| {
            sizes.iter().fold(1_u128, |product, size| product.saturating_mul(*size as u128))
        };
        let strategies = self.groups.iter().fold(0_u128, |sum, group| {
            let workers = group.strategy.workers.len() as u128;
            sum.saturating_add(product(&group.inner).saturating_mul(workers))
        });
        product(&self.outer).saturating_mul(strategies)
    }
}

/// Factors sorted into axes: zipped ones share one.
struct Axes<'a> {
    sizes: Vec<usize>,
    zips: Vec<Option<usize>>,
    of_factor: Vec<(&'a Factor, usize)>,
}

impl<'a> Axes<'a> {
    fn new(factors: &[&'a Factor], zips: &[Zip]) -> Result<Self, Misfit> {
        let mut axes = Self { sizes: Vec::new(), zips: Vec::new(), of_factor: Vec::new() };
        for &factor in factors {
            let zip = zip_of(zips, factor);
            let known = zip.and_then(|_| axes.zips.iter().position(|other| *other == zip));
            let axis = match (known, zip) {
                (Some(axis), Some(zip)) => {
                    same_len(&zips[zip], (factor, axes.sizes[axis]))?;
                    axis
                }
                _ => {
                    axes.sizes.push(factor.levels().len());
                    axes.zips.push(zip);
                    axes.sizes.len() - 1
                }
            };
            axes.of_factor.push((factor, axis));
        }
        Ok(axes)
    }

    fn slot(&self, factor: &Factor) -> Option<usize> {
        let found = self.of_factor.iter().find(|(other, _)| std::ptr::eq(*other, factor));
        found.map(|(_, axis)| *axis)
    }
}

fn zip_of(zips: &[Zip], factor: &Factor) -> Option<usize> {
    zips.iter().position(|zip| zip.names.contains(&factor.name))
}

fn same_len(zip: &Zip, (factor, size): (&Factor, usize)) -> Result<(), Misfit> {
    let own = factor.levels().len();
    if own == size {
        return Ok(());
    }
    let names: Vec<&str> = zip.names.iter().map(|name| name.as_str()).collect();
    Err(Misfit {
        at: zip.at.clone(),
        title: format!("`{}` moves together with {size} levels and has {own}", factor.name),
        help: vec![format!(
            "the first level of each of {} goes together, then the second, …: give all as many",
            names.join(", ")
        )],
    })
}

/// What the rules are called in reasons and messages.
struct Rule<'a> {
    selector: &'a Selector,
    /// Why a combination is left out by it.
    reason: String,
    /// What is wrong when it never holds.
    never: &'static str,
    has_held: bool,
}

pub(super) struct Walk<'a> {
    pub(super) experiment: &'a Experiment,
    pub(super) matrix: Matrix,
    pub(super) groups: Vec<Group<'a>>,
    pub(super) misfits: Vec<Misfit>,
    pub(super) protocols: Protocols<'a>,
    /// Excludes, then conditions of workloads and strategies.
    rules: Vec<Rule<'a>>,
}

const EXCLUDES_NOTHING: &str = "this rule excludes nothing: it matches no combination";
const NEVER_HOLDS: &str = "this condition never holds: it matches no combination";

impl<'a> Walk<'a> {
    fn new(experiment: &'a Experiment, matrix: Matrix) -> Self {
        let mut rules = Vec::new();
        let mut add = |selector, reason, never| {
            rules.push(Rule { selector, reason, never, has_held: false });
        };
        for (index, selector) in experiment.combination.exclude.iter().enumerate() {
            add(selector, format!("excluded by rule {} of [matrix]", index + 1), EXCLUDES_NOTHING);
        }
        for workload in &experiment.workloads {
            if let Some(when) = &workload.when {
                let reason =
                    format!("`when` of the workload `{}`: {}", workload.name, when.written());
                add(when, reason, NEVER_HOLDS);
            }
        }
        for strategy in &experiment.strategies {
            if let Some(when) = &strategy.when {
                let reason =
                    format!("`when` of the strategy `{}`: {}", strategy.name, when.written());
                add(when, reason, NEVER_HOLDS);
            }
        }
        let mut matrix = matrix;
        matrix.reasons = rules.iter().map(|rule| rule.reason.clone()).collect();
        let protocols = Protocols::new(experiment);
        Self { experiment, matrix, groups: Vec::new(), misfits: Vec::new(), protocols, rules }
    }

    /// The rules that concern a group: index, whether it must not hold, and the look-up.
    fn compiled(&self, group: &Group<'a>) -> Vec<(usize, bool, Compiled<'a>)> {
        let excludes = self.experiment.combination.exclude.len();
        let whens = [&group.workload.when, &group.strategy.when];
        let concerns = |at: usize, rule: &Rule<'a>| {
            let is_own = |when: &&Option<Selector>| {
                when.as_ref().is_some_and(|when| std::ptr::eq(when, rule.selector))
            };
            at < excludes || whens.iter().any(is_own)
        };
        let of_group = self.rules.iter().enumerate().filter(|(at, rule)| concerns(*at, rule));
        of_group
            .map(|(at, rule)| {
                let pair = (group.workload, group.strategy);
                (at, at < excludes, Compiled::new(rule.selector, pair, &group.axes))
            })
            .collect()
    }

    fn design(&mut self, design: Design<'a>) {
        let first = self.groups.len();
        let mut rules: Vec<_> = design.groups.iter().map(|group| self.compiled(group)).collect();
        self.groups.extend(design.groups);
        let mut outer = Odometer::new(design.outer);
        while let Some(levels) = outer.current() {
            for (at, takes) in design.takes.iter().enumerate() {
                // An axis that this strategy does not take would repeat the same cell.
                let repeats = levels.iter().zip(takes).any(|(&level, &takes)| !takes && level > 0);
                if !repeats {
                    self.group(first + at, levels, &mut rules[at]);
                }
            }
            outer.advance();
        }
        for (at, _, compiled) in rules.into_iter().flatten() {
            self.rules[at].has_held |= compiled.has_held;
        }
    }

    fn group(&mut self, at: usize, outer: &[u32], rules: &mut [(usize, bool, Compiled<'a>)]) {
        let mut inner = Odometer::new(self.groups[at].inner.clone());
        while let Some(own) = inner.current() {
            let raw: Vec<u32> = self.groups[at]
                .slots
                .iter()
                .map(|slot| match *slot {
                    Slot::Outer(axis) => outer[axis],
                    Slot::Inner(axis) => own[axis],
                    Slot::Derived => ABSENT,
                })
                .collect();
            for &workers in &self.groups[at].strategy.workers {
                self.combination(at, workers, raw.clone(), rules);
            }
            inner.advance();
        }
    }

    /// One combination: a cell, left out, or the repetition of another one.
    fn combination(
        &mut self,
        at: usize,
        workers: u32,
        mut levels: Vec<u32>,
        rules: &mut [(usize, bool, Compiled<'a>)],
    ) {
        let group = &mut self.groups[at];
        if group.is_conditional() && !group.apply_conditions(workers, &mut levels) {
            return;
        }
        let derived = group.derive(workers, &mut levels);
        // Every rule is asked, so that each is known to mean something.
        let mut reason = None;
        for (rule, excludes, compiled) in rules {
            let holds = compiled.holds(workers, &levels, &group.axes);
            if holds == *excludes && reason.is_none() {
                reason = Some(*rule);
            }
        }
        if let Some(reason) = reason {
            self.matrix.skipped_cells.push(SkippedCell {
                workload: group.at_workload,
                strategy: group.at_strategy,
                workers,
                reason: u32::try_from(reason).expect("fewer rules than combinations"),
                group: u32::try_from(at).expect("fewer groups than combinations"),
                levels: levels.into(),
            });
            return;
        }
        match derived {
            Ok(()) => self.push(at, workers, levels),
            Err(misfit) => self.misfit(misfit),
        }
    }

    /// Adds a cell, unless it lacks a level that it needs.
    pub(super) fn push(&mut self, at: usize, workers: u32, levels: Vec<u32>) {
        let group = &mut self.groups[at];
        if let Some(misfit) = group.missing(workers, &levels) {
            self.misfit(misfit);
            return;
        }
        let protocol = match self.protocols.of((at, group), workers, &levels) {
            Ok(protocol) => protocol,
            Err(misfit) => {
                self.misfit(misfit);
                return;
            }
        };
        self.matrix.cells.push(Cell {
            key: group.key(workers, &levels),
            workload: group.at_workload,
            strategy: group.at_strategy,
            workers,
            tasks: group.tasks(workers),
            protocol,
            group: u32::try_from(at).expect("fewer groups than combinations"),
            levels: levels.into(),
        });
    }

    /// One misfit a place: the first cell that shows it.
    pub(super) fn misfit(&mut self, misfit: Misfit) {
        let is_known = self.misfits.iter().any(|other| other.at == misfit.at);
        if self.misfits.len() < MAX_MISFITS && !is_known {
            self.misfits.push(misfit);
        }
    }

    fn finish(mut self) -> Result<Matrix, MatrixError> {
        if self.misfits.is_empty() {
            self.explain_idle_rules();
        }
        if self.misfits.is_empty() {
            include::add(&mut self);
        }
        if self.misfits.is_empty() && !self.matrix.cells.is_empty() {
            protocols::explain_idle(&mut self);
        }
        let Self { mut matrix, groups, misfits, protocols, .. } = self;
        if !misfits.is_empty() {
            return Err(MatrixError::Misfits(misfits));
        }
        if matrix.cells.is_empty() {
            let counts = matrix.skipped_counts();
            if counts.is_empty() {
                return Err(MatrixError::Empty(matrix.skipped));
            }
            let reasons =
                counts.iter().map(|(reason, count)| format!("{count} × {reason}")).collect();
            return Err(MatrixError::AllSkipped(reasons));
        }
        matrix.protocols = protocols.table;
        matrix.groups = groups.into_iter().map(|group| group.axes).collect();
        Ok(matrix)
    }

    /// A rule that means nothing is a mistake: it shows what comes nearest.
    fn explain_idle_rules(&mut self) {
        let of_rules = self.rules.iter().map(|rule| (rule.selector, rule.never, rule.has_held));
        let of_params = self.groups.iter().flat_map(Group::conditions);
        let mut idle: Vec<(&Selector, &str)> = Vec::new();
        let mut used: Vec<&Selector> = Vec::new();
        for (selector, never, has_held) in
            of_rules.chain(of_params.map(|(selector, held)| (selector, NEVER_HOLDS, held)))
        {
            if has_held {
                used.push(selector);
            } else {
                idle.push((selector, never));
            }
        }
        // A condition of a shared parameter may hold under another strategy.
        let is_used = |selector: &Selector| used.iter().any(|other| std::ptr::eq(*other, selector));
        idle.retain(|(selector, _)| !is_used(selector));
        let cells = self.matrix.cells.iter().map(|cell| (cell.group, cell.workers, &*cell.levels));
        let skipped = self.matrix.skipped_cells.iter();
        let skipped = skipped.map(|cell| (cell.group, cell.workers, &*cell.levels));
        let all =
            cells.chain(skipped).map(|(group, workers, levels)| (group as usize, workers, levels));
        let misfits: Vec<Misfit> = idle
            .into_iter()
            .map(|(selector, never)| rules::misfit(selector, never, &self.groups, all.clone()))
            .collect();
        for misfit in misfits {
            self.misfit(misfit);
        }
    }
}

/// Counts through all combinations of levels, the last factor fastest.
struct Odometer {
    sizes: Vec<usize>,
    levels: Option<Vec<u32>>,
}

impl Odometer {
    fn new(sizes: Vec<usize>) -> Self {
        let levels = Some(vec![0; sizes.len()]);
        Self { sizes, levels }
    }

    fn current(&self) -> Option<&[u32]> {
        self.levels.as_deref()
    }

    fn advance(&mut self) {
        let Some(levels) = &mut self.levels else {
            return;
        };
        for (level, &size) in levels.iter_mut().zip(&self.sizes).rev() {
            *level += 1;
            if (*level as usize) < size {
                return;
            }
            *level = 0;
        }
        self.levels = None;
    }
}
