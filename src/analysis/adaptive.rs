//! When cells have been measured often enough: which of them stop together, and what is looked at.
//!
//! The rule itself is in `stats`. Owns families of cells, their values block by block, and the
//! looks at them; the same for whoever runs trials, shows progress or carries a run on. Never looks
//! at a difference between cells.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::compare::compared_column;
use super::standing::UnusedReason;
use super::summary::DEFAULT_CONF;
use super::values::{Source, sources};
use super::{Baselines, Reference};
use crate::design::{Adaptive, Cell, CellIx, Experiment, Matrix};
use crate::measure::Observation;
use crate::plan::{Phase, Trial};
use crate::stats::{FamilyLooks, Stopping, StoppingRule};

#[cfg(test)]
mod tests;

/// Why no further block of some cells is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopCause {
    /// The medians of all of them are known well enough.
    TargetMet,
    /// As many blocks as are allowed were run.
    MaxTrials,
    /// The time that was allowed is over.
    TimeBudget,
}

impl StopCause {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TargetMet => "target_met",
            Self::MaxTrials => "max_trials",
            Self::TimeBudget => "time_budget",
        }
    }
}

/// Cells of which no further block is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyStop {
    /// The cells, which are compared with one another.
    pub cells: Vec<CellIx>,
    /// The last block that they ran, from 1.
    pub after_block: u32,
    /// Why.
    pub cause: StopCause,
}

impl FamilyStop {
    /// Whether this trial is one that is not needed any more.
    #[must_use]
    pub fn spares(&self, trial: &Trial) -> bool {
        trial.block().is_some_and(|block| block > self.after_block)
            && self.cells.contains(&trial.cell)
    }
}

/// Cells that stop together: all that are compared with one another, directly or by way of others.
/// Cells that are compared with none stop with those of the same workload and parameters that a
/// strategy does not set.
#[must_use]
pub fn families(experiment: &Experiment, matrix: &Matrix) -> Vec<Vec<CellIx>> {
    let baselines = Baselines::of(experiment, matrix);
    let all = || (0..matrix.len()).map(CellIx::new);
    // The baseline leads its family; a baseline may have one itself.
    let mut leader: Vec<usize> = (0..matrix.len()).collect();
    let mut unite = |one: usize, other: usize| {
        let (one, other) = (root(&leader, one), root(&leader, other));
        leader[one.max(other)] = one.min(other);
    };
    let mut alone: HashMap<String, usize> = HashMap::new();
    for cell in all() {
        match baselines.reference(cell) {
            Reference::Cell(base) => unite(cell.index(), base.index()),
            Reference::Itself => {}
            Reference::Undeclared | Reference::NoMatch | Reference::Ambiguous(_) => {
                let key = problem(matrix, matrix.cell(cell));
                let first = *alone.entry(key).or_insert(cell.index());
                unite(cell.index(), first);
            }
        }
    }
    let mut families: BTreeMap<usize, Vec<CellIx>> = BTreeMap::new();
    for cell in all() {
        families.entry(root(&leader, cell.index())).or_default().push(cell);
    }
    families.into_values().collect()
}

fn root(leader: &[usize], mut at: usize) -> usize {
    while leader[at] != at {
        at = leader[at];
    }
    at
}

/// What a cell works on, whichever strategy does it.
fn problem(matrix: &Matrix, cell: &Cell) -> String {
    let axes = matrix.axes(cell);
    let own =
        |name: &str| axes.iter().any(|axis| axis.name.as_str() == name && axis.is_of_strategy);
    let levels = matrix.levels(cell).filter(|(name, _)| !own(name.as_str()));
    let levels: Vec<String> =
        levels.map(|(name, level)| format!("{name}={:?}", level.value())).collect();
    format!("{} {}", cell.workload, levels.join(" "))
}

/// The cells of a run whose repeats are chosen as it goes, and what has been seen of them.
#[derive(Clone, Debug)]
pub struct Watch {
    rule: StoppingRule,
    families: Vec<Family>,
    /// By cell: its family, its place there and what is read of its trials.
    places: Vec<(usize, usize, Option<Source>)>,
    is_budget_spent: bool,
    /// Stops that nobody has taken note of.
    unsaid: Vec<FamilyStop>,
}

#[derive(Clone, Debug)]
struct Family {
    cells: Vec<CellIx>,
    looks: FamilyLooks,
    /// Values of each cell in complete blocks.
    values: Vec<Vec<f64>>,
    /// Complete blocks.
    complete: u32,
    /// By block that is not complete: the trials that have ended, with their cells and values.
    open: BTreeMap<u32, Vec<(usize, Option<f64>)>>,
    /// The last block, once it is known.
    last: Option<u32>,
}

/// Whether a trial is to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Yes.
    Now,
    /// Not before the trials of its family's earlier blocks have ended: they decide.
    Later,
    /// No: its family has stopped.
    Never,
}

impl Watch {
    /// The cells of a run, if its repeats are chosen as it goes.
    #[must_use]
    pub fn of(experiment: &Experiment, matrix: &Matrix) -> Option<Self> {
        let adaptive = experiment.protocol.adaptive.as_ref()?;
        let of_workload: Vec<Option<Source>> = (0..experiment.workloads.len())
            .map(|at| {
                let column = compared_column(experiment, at);
                let all = sources(&experiment.workloads[at]).into_iter();
                all.into_iter().find(|source| source.column.column == column)
            })
            .collect();
        let conf = experiment.compare.conf.unwrap_or(DEFAULT_CONF);
        let source = |cell: CellIx| of_workload[matrix.cell(cell).workload].clone();
        Some(Self::new(families(experiment, matrix), &source, rule(adaptive, conf)))
    }

    fn new(
        families: Vec<Vec<CellIx>>,
        source: &dyn Fn(CellIx) -> Option<Source>,
        rule: StoppingRule,
    ) -> Self {
        let cells = families.iter().map(Vec::len).sum();
        let mut places = vec![(0, 0, None); cells];
        for (family, cells) in families.iter().enumerate() {
            for (at, &cell) in cells.iter().enumerate() {
                places[cell.index()] = (family, at, source(cell));
            }
        }
        let families = families.into_iter().map(|cells| Family {
            looks: FamilyLooks::new(rule, cells.len()),
            values: vec![Vec::new(); cells.len()],
            cells,
            complete: 0,
            open: BTreeMap::new(),
            last: None,
        });
        let families = families.collect();
        Self { rule, families, places, is_budget_spent: false, unsaid: Vec::new() }
    }

    /// The last attempt at a trial has ended.
    pub fn take(&mut self, observation: &Observation) {
        let Some(block) = observation.trial.block() else { return };
        let (family, at, source) = &self.places[observation.trial.cell.index()];
        let unused = UnusedReason::of(Phase::Measure, observation.measured.status);
        let value =
            source.as_ref().filter(|_| unused.is_none()).and_then(|it| it.value(observation));
        let (family, at) = (*family, *at);
        self.ran(family, block);
        self.families[family].open.entry(block).or_default().push((at, value));
        self.look(family);
    }

    /// What has run already, by an earlier rule, is not undone by a decision that is made only now.
    fn ran(&mut self, at: usize, block: u32) {
        let family = &mut self.families[at];
        let own = self.unsaid.iter_mut().find(|stop| stop.cells == family.cells);
        if let Some(stop) = own.filter(|stop| stop.after_block < block) {
            stop.after_block = block;
            family.last = Some(block);
        }
    }

    /// The time that the run may take is over.
    pub fn spend_budget(&mut self) {
        self.is_budget_spent = true;
    }

    /// Nothing runs, and the run begins or goes on: blocks that a spent budget does not allow are
    /// not begun.
    pub fn begin(&mut self) {
        for at in 0..self.families.len() {
            let family = &self.families[at];
            let is_between = family.complete > 0 && family.open.is_empty();
            if family.last.is_none() && self.is_budget_spent && is_between {
                self.stop(at, StopCause::TimeBudget);
            }
        }
    }

    /// This was decided before, and is on record.
    pub fn recall(&mut self, stop: &FamilyStop) {
        for cell in &stop.cells {
            if let Some((family, ..)) = self.places.get(cell.index()) {
                self.families[*family].last = Some(stop.after_block);
            }
        }
        self.unsaid.retain(|unsaid| unsaid.cells != stop.cells);
    }

    /// What was decided since this was last asked.
    pub fn decisions(&mut self) -> Vec<FamilyStop> {
        std::mem::take(&mut self.unsaid)
    }

    /// Whether a trial is to begin.
    #[must_use]
    pub fn need(&self, trial: &Trial) -> Need {
        let Some(block) = trial.block() else { return Need::Now };
        let family = &self.families[self.places[trial.cell.index()].0];
        match family.last {
            Some(last) if block > last => Need::Never,
            Some(_) => Need::Now,
            None if block > family.complete + 1 => Need::Later,
            None => Need::Now,
        }
    }

    /// Trials that are not run since their family has stopped.
    #[must_use]
    pub fn spared(&self) -> u64 {
        let max = u32::try_from(self.rule.max).unwrap_or(u32::MAX);
        let stopped = self.families.iter().filter_map(|family| {
            Some(u64::from(max.saturating_sub(family.last?)) * family.cells.len() as u64)
        });
        stopped.sum()
    }

    /// Cells of which no further block is run.
    pub fn stopped(&self) -> impl Iterator<Item = CellIx> + '_ {
        let stopped = self.families.iter().filter(|family| family.last.is_some());
        stopped.flat_map(|family| family.cells.iter().copied())
    }

    /// Half the width of the widest interval of a median, as a share of it, among cells that are
    /// still measured, or at the end among all; `None` before the first look.
    #[must_use]
    pub fn reached(&self) -> Option<f64> {
        let is_over = self.families.iter().all(|family| family.last.is_some());
        let open = self.families.iter().filter(|family| is_over || family.last.is_none());
        let widths =
            open.flat_map(|family| family.looks.last()).filter_map(|look| look.rel_half_width);
        widths.max_by(f64::total_cmp)
    }

    /// The share that is good enough.
    #[must_use]
    pub fn target(&self) -> f64 {
        self.rule.rel_half_width
    }

    /// Looks after every block that is complete now.
    fn look(&mut self, at: usize) {
        loop {
            let family = &mut self.families[at];
            let next = family.complete + 1;
            let is_complete =
                family.open.get(&next).is_some_and(|ended| ended.len() == family.cells.len());
            if family.last.is_some() || !is_complete {
                return;
            }
            for (cell, value) in family.open.remove(&next).into_iter().flatten() {
                family.values[cell].extend(value);
            }
            family.complete = next;
            match family.looks.after_block(next as usize, &family.values) {
                Stopping::TargetMet => self.stop(at, StopCause::TargetMet),
                Stopping::MaxTrials => self.stop(at, StopCause::MaxTrials),
                Stopping::NeedsMore if self.is_budget_spent => {
                    self.stop(at, StopCause::TimeBudget);
                }
                Stopping::NeedsMore => {}
            }
        }
    }

    fn stop(&mut self, at: usize, cause: StopCause) {
        let family = &mut self.families[at];
        family.last = Some(family.complete);
        let (cells, after_block) = (family.cells.clone(), family.complete);
        self.unsaid.push(FamilyStop { cells, after_block, cause });
    }
}

fn rule(adaptive: &Adaptive, conf: f64) -> StoppingRule {
    StoppingRule {
        conf,
        min: adaptive.min as usize,
        max: adaptive.max as usize,
        rel_half_width: adaptive.target,
        ..StoppingRule::default()
    }
}
