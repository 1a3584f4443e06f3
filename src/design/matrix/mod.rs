//! The matrix: workload × parameters × strategy × workers, expanded into cells in declaration
//! order.

mod expand;
mod group;
mod include;
mod protocols;
mod rules;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::experiment::{Action, Command, Experiment, Strategy, StrategyKind, Workload};
use super::identity::CellKey;
use super::name::ParamName;
use super::parameter::{Binding, Level};
use super::template::stands_for;
pub use protocols::CellProtocol;

/// Most raw combinations that are expanded.
pub const MAX_COMBINATIONS: u128 = 10_000_000;

/// Index of a cell in its matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CellIx(pub u32);

impl CellIx {
    /// From a position in `Matrix::cells`.
    #[must_use]
    pub fn new(index: usize) -> Self {
        Self(u32::try_from(index).expect("a matrix has at most ten million cells"))
    }

    /// As a position in `Matrix::cells`.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The label in files: `c001`, widened when needed.
    #[must_use]
    pub fn id(self) -> String {
        format!("c{:03}", u64::from(self.0) + 1)
    }
}

/// One point of the matrix.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Identity by content.
    pub key: CellKey,
    /// Index into `Experiment::workloads`.
    pub workload: usize,
    /// Index into `Experiment::strategies`.
    pub strategy: usize,
    /// Workers.
    pub workers: u32,
    /// Tasks of one trial, over all workers.
    pub tasks: u32,
    protocol: u32,
    group: u32,
    levels: Box<[u32]>,
}

/// Marks a parameter that does not apply in a cell.
const ABSENT: u32 = u32::MAX;

/// A parameter of the cells of one workload × strategy, with every level that one of them has.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The parameter's name.
    pub name: ParamName,
    levels: Vec<Level>,
    /// Its level is calculated from others.
    pub is_derived: bool,
    /// The strategy sets it, or decides whether it applies.
    pub is_of_strategy: bool,
    /// Its level follows from the strategy or the number of workers: it says how a problem is
    /// solved rather than which.
    pub is_manner: bool,
    /// Parameters with the same number move together.
    pub zip: Option<usize>,
}

impl Axis {
    /// The levels, in the order of the file; calculated and included ones follow.
    #[must_use]
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }
}

/// A combination that is no cell.
#[derive(Clone, Debug)]
pub struct SkippedCell {
    /// Index into `Experiment::workloads`.
    pub workload: usize,
    /// Index into `Experiment::strategies`.
    pub strategy: usize,
    /// Workers.
    pub workers: u32,
    reason: u32,
    group: u32,
    levels: Box<[u32]>,
}

/// A mistake that only shows when the matrix is expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Bytes of the experiment file.
    pub at: Range<usize>,
    /// What is wrong.
    pub title: String,
    /// What helps, one line each.
    pub help: Vec<String>,
}

/// A workload that a strategy cannot carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedPair {
    /// The workload's name.
    pub workload: String,
    /// The strategy's name.
    pub strategy: String,
    /// Why, for people.
    pub reason: &'static str,
}

/// Why there is no matrix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatrixError {
    /// Counted before anything is expanded.
    #[error(
        "the matrix has {combinations} combinations, more than the limit of {MAX_COMBINATIONS}; use fewer levels or fewer axes"
    )]
    TooManyCombinations {
        /// Raw combinations of all workloads.
        combinations: u128,
    },
    /// Every pair of workload and strategy is impossible.
    #[error("no workload can be carried out by any strategy: {}", reasons(.0))]
    Empty(Vec<SkippedPair>),
    /// The rules of combination leave nothing.
    #[error("every combination is left out: {}", .0.join("; "))]
    AllSkipped(Vec<String>),
    /// Rules, conditions or expressions do not fit the levels.
    #[error("{}", titles(.0))]
    Misfits(Vec<Misfit>),
}

fn titles(misfits: &[Misfit]) -> String {
    let titles: Vec<&str> = misfits.iter().map(|misfit| misfit.title.as_str()).collect();
    titles.join("; ")
}

fn reasons(skipped: &[SkippedPair]) -> String {
    let reasons: Vec<String> = skipped
        .iter()
        .map(|pair| format!("`{}` × `{}`: {}", pair.workload, pair.strategy, pair.reason))
        .collect();
    reasons.join("; ")
}

/// Every cell of an experiment.
#[derive(Clone, Debug, Default)]
pub struct Matrix {
    cells: Vec<Cell>,
    protocols: Vec<CellProtocol>,
    groups: Vec<Vec<Axis>>,
    param_names: Vec<ParamName>,
    skipped: Vec<SkippedPair>,
    skipped_cells: Vec<SkippedCell>,
    reasons: Vec<String>,
}

impl Matrix {
    /// Expands the experiment, or says why not, without allocating a cell before the count is
    /// known to be within limits.
    pub fn new(experiment: &Experiment) -> Result<Self, MatrixError> {
        let mut matrix = expand::expand(experiment)?;
        matrix.param_names = param_names(experiment, &matrix.groups);
        Ok(matrix)
    }

    /// Leaves only those cells for which `keep`, one a cell, is true. Positions change, keys do not.
    pub fn retain(&mut self, keep: &[bool]) {
        let mut keep = keep.iter().copied();
        self.cells.retain(|_| keep.next().unwrap_or(false));
    }

    /// The cells, in declaration order: workload, parameters (the first slowest), strategy,
    /// workers; included ones last.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there is no cell; never true for a matrix that was built.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// One cell.
    #[must_use]
    pub fn cell(&self, cell: CellIx) -> &Cell {
        &self.cells[cell.index()]
    }

    /// Names of all parameters that some cell uses, in declaration order.
    #[must_use]
    pub fn param_names(&self) -> &[ParamName] {
        &self.param_names
    }

    /// The parameters of a cell and their levels, in declaration order.
    #[must_use]
    pub fn bindings(&self, cell: &Cell) -> Vec<Binding> {
        self.levels(cell)
            .map(|(name, level)| Binding { name: name.clone(), value: level.value().clone() })
            .collect()
    }

    /// The level of one parameter in a cell, if the cell uses it.
    #[must_use]
    pub fn level<'a>(&'a self, cell: &'a Cell, name: &str) -> Option<&'a Level> {
        self.levels(cell).find(|(param, _)| param.as_str() == name).map(|(_, level)| level)
    }

    /// Name and level of each parameter of a cell, without copies.
    pub fn levels<'a>(
        &'a self,
        cell: &'a Cell,
    ) -> impl Iterator<Item = (&'a ParamName, &'a Level)> {
        self.levels_of(cell.group, &cell.levels)
    }

    fn levels_of<'a>(
        &'a self,
        group: u32,
        levels: &'a [u32],
    ) -> impl Iterator<Item = (&'a ParamName, &'a Level)> {
        let axes = self.groups[group as usize].iter().zip(levels);
        // A level beyond the end says that the parameter does not apply.
        axes.filter_map(|(axis, &level)| Some((&axis.name, axis.levels.get(level as usize)?)))
    }

    /// The parameters of all cells of a cell's workload and strategy. Not each of them applies in
    /// each cell.
    #[must_use]
    pub fn axes(&self, cell: &Cell) -> &[Axis] {
        &self.groups[cell.group as usize]
    }

    /// Every combination that rules or conditions leave out, and which.
    pub fn skipped_cells(&self) -> impl Iterator<Item = (&SkippedCell, &str)> {
        self.skipped_cells.iter().map(|cell| (cell, self.reasons[cell.reason as usize].as_str()))
    }

    /// Why combinations are left out and how many for each reason, in the order of the file.
    #[must_use]
    pub fn skipped_counts(&self) -> Vec<(&str, usize)> {
        let mut counts = vec![0; self.reasons.len()];
        for cell in &self.skipped_cells {
            counts[cell.reason as usize] += 1;
        }
        let reasons = self.reasons.iter().map(String::as_str);
        reasons.zip(counts).filter(|(_, count)| *count > 0).collect()
    }

    /// Name and level of each parameter of a combination that was left out.
    pub fn skipped_levels<'a>(
        &'a self,
        cell: &'a SkippedCell,
    ) -> impl Iterator<Item = (&'a ParamName, &'a Level)> {
        self.levels_of(cell.group, &cell.levels)
    }

    /// Every parameter with every level that a cell may have; a parameter that several strategies
    /// take comes several times.
    pub fn all_levels(&self) -> impl Iterator<Item = (&ParamName, &Level)> {
        let factors = self.groups.iter().flatten();
        factors.flat_map(|factor| factor.levels().iter().map(|level| (&factor.name, level)))
    }

    /// Pairs that cannot be carried out, with reasons.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedPair] {
        &self.skipped
    }
}

fn param_names(experiment: &Experiment, groups: &[Vec<Axis>]) -> Vec<ParamName> {
    let declared = experiment
        .params
        .iter()
        .chain(experiment.workloads.iter().flat_map(|workload| &workload.params))
        .chain(experiment.strategies.iter().flat_map(|strategy| &strategy.params));
    let mut names: Vec<ParamName> = Vec::new();
    for factor in declared {
        let used = groups.iter().flatten().any(|other| other.name == factor.name);
        if used && !names.contains(&factor.name) {
            names.push(factor.name.clone());
        }
    }
    names
}

/// Whether a strategy can carry out a workload; otherwise why not.
pub fn possible(workload: &Workload, strategy: &Strategy) -> Result<(), &'static str> {
    match (&workload.action, strategy.kind) {
        (Action::Kernel(_), StrategyKind::External) => {
            Err("a kernel is run by the runner itself; `external` is for commands")
        }
        (Action::Command(_), StrategyKind::Threads) => {
            Err("the runner cannot put a command on threads; use `processes` or `external`")
        }
        _ => Ok(()),
    }
}

/// Whether a workload uses a parameter under a strategy: a kernel by its signature, a command by
/// a placeholder, both by one in a hook.
#[must_use]
pub fn uses(workload: &Workload, strategy: Option<&Strategy>, name: &str) -> bool {
    if workload.hooks.uses(name) {
        return true;
    }
    match &workload.action {
        Action::Kernel(signature) => signature.parameters.iter().any(|param| param.name == name),
        Action::Command(command) => {
            let strategy_env = strategy.map_or(&[][..], |strategy| &strategy.env);
            command_templates(command)
                .chain(strategy_env.iter().map(|(_, template)| template))
                .chain(workload.metrics.iter().filter_map(|metric| metric.source.file()))
                .any(|template| template.names().any(|used| stands_for(used, name)))
                || command.divide.as_ref().is_some_and(|divide| divide.as_str() == name)
        }
    }
}

fn command_templates(command: &Command) -> impl Iterator<Item = &super::template::Template> {
    command
        .program
        .templates()
        .iter()
        .chain(&command.cwd)
        .chain(&command.stdin)
        .chain(command.env.iter().map(|(_, template)| template))
        .chain(command.build.iter().flatten())
}
