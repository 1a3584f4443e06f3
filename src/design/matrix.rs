//! The matrix: workload × parameters × strategy × workers, expanded into cells in declaration
//! order.

use serde::{Deserialize, Serialize};

use super::experiment::{Action, Command, Experiment, Scaling, Strategy, StrategyKind, Workload};
use super::identity::{self, CellKey};
use super::name::ParamName;
use super::parameter::{Binding, Factor, Level};

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
    group: u32,
    levels: Box<[u32]>,
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
}

fn reasons(skipped: &[SkippedPair]) -> String {
    let reasons: Vec<String> = skipped
        .iter()
        .map(|pair| format!("`{}` × `{}`: {}", pair.workload, pair.strategy, pair.reason))
        .collect();
    reasons.join("; ")
}

/// Every cell of an experiment.
#[derive(Clone, Debug)]
pub struct Matrix {
    cells: Vec<Cell>,
    groups: Vec<Vec<Factor>>,
    param_names: Vec<ParamName>,
    skipped: Vec<SkippedPair>,
}

impl Matrix {
    /// Expands the experiment, or says why not, without allocating a cell before the count is
    /// known to be within limits.
    pub fn new(experiment: &Experiment) -> Result<Self, MatrixError> {
        let mut skipped = Vec::new();
        let designs: Vec<WorkloadDesign<'_>> = experiment
            .workloads
            .iter()
            .enumerate()
            .map(|(index, workload)| WorkloadDesign::new(experiment, index, workload, &mut skipped))
            .collect();
        let combinations =
            designs.iter().fold(0_u128, |sum, design| sum.saturating_add(design.combinations()));
        if combinations > MAX_COMBINATIONS {
            return Err(MatrixError::TooManyCombinations { combinations });
        }
        let mut matrix =
            Self { cells: Vec::new(), groups: Vec::new(), param_names: Vec::new(), skipped };
        for design in &designs {
            design.expand_into(&mut matrix);
        }
        if matrix.cells.is_empty() {
            return Err(MatrixError::Empty(matrix.skipped));
        }
        matrix.param_names = param_names(experiment, &matrix.groups);
        Ok(matrix)
    }

    /// The cells, in declaration order: workload, parameters (the first slowest), strategy,
    /// workers.
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
        self.groups[cell.group as usize]
            .iter()
            .zip(&cell.levels)
            .map(|(factor, &level)| (&factor.name, &factor.levels()[level as usize]))
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

fn param_names(experiment: &Experiment, groups: &[Vec<Factor>]) -> Vec<ParamName> {
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
/// a placeholder.
#[must_use]
pub fn uses(workload: &Workload, strategy: Option<&Strategy>, name: &str) -> bool {
    if workload.hooks.templates().any(|template| template.names().any(|used| used == name)) {
        return true;
    }
    match &workload.action {
        Action::Kernel(signature) => signature.parameters.iter().any(|param| param.name == name),
        Action::Command(command) => {
            let strategy_env = strategy.map_or(&[][..], |strategy| &strategy.env);
            command_templates(command)
                .chain(strategy_env.iter().map(|(_, template)| template))
                .any(|template| template.names().any(|used| used == name))
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

struct WorkloadDesign<'a> {
    index: usize,
    workload: &'a Workload,
    /// Shared and own factors, the own ones winning; in declaration order.
    factors: Vec<&'a Factor>,
    groups: Vec<StrategyDesign<'a>>,
}

struct StrategyDesign<'a> {
    index: usize,
    strategy: &'a Strategy,
    /// For each of the workload's factors: whether it varies under this strategy.
    takes: Vec<bool>,
    /// The strategy's own factors that the workload uses.
    own: Vec<&'a Factor>,
}

impl<'a> WorkloadDesign<'a> {
    fn new(
        experiment: &'a Experiment,
        index: usize,
        workload: &'a Workload,
        skipped: &mut Vec<SkippedPair>,
    ) -> Self {
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
        let mut groups = Vec::new();
        for (index, strategy) in experiment.strategies.iter().enumerate() {
            if workload.strategies.as_ref().is_some_and(|only| !only.contains(&index)) {
                continue;
            }
            if let Err(reason) = possible(workload, strategy) {
                skipped.push(SkippedPair {
                    workload: workload.name.to_string(),
                    strategy: strategy.name.to_string(),
                    reason,
                });
                continue;
            }
            let used = |factor: &&Factor| uses(workload, Some(strategy), factor.name.as_str());
            let own: Vec<&Factor> = strategy.params.iter().filter(used).collect();
            let takes = all
                .iter()
                .map(|factor| used(factor) && !own.iter().any(|own| own.name == factor.name))
                .collect();
            groups.push(StrategyDesign { index, strategy, takes, own });
        }
        // A factor that no strategy takes must not multiply the walk over combinations.
        let keep: Vec<bool> =
            (0..all.len()).map(|at| groups.iter().any(|group| group.takes[at])).collect();
        let kept = |at: &usize| keep[*at];
        for group in &mut groups {
            group.takes = (0..all.len()).filter(kept).map(|at| group.takes[at]).collect();
        }
        let factors = (0..all.len()).filter(kept).map(|at| all[at]).collect();
        Self { index, workload, factors, groups }
    }

    fn combinations(&self) -> u128 {
        let product = |factors: &[&Factor]| {
            factors.iter().fold(1_u128, |product, factor| {
                product.saturating_mul(factor.levels().len() as u128)
            })
        };
        let strategies = self.groups.iter().fold(0_u128, |sum, group| {
            sum.saturating_add(
                product(&group.own).saturating_mul(group.strategy.workers.len() as u128),
            )
        });
        product(&self.factors).saturating_mul(strategies)
    }

    fn expand_into(&self, matrix: &mut Matrix) {
        let first_group = matrix.groups.len();
        let mut contents = Vec::new();
        for group in &self.groups {
            let taken =
                self.factors.iter().zip(&group.takes).filter(|&(_, takes)| *takes).map(|(f, _)| *f);
            matrix.groups.push(taken.chain(group.own.iter().copied()).cloned().collect());
            contents.push(identity::content(self.workload, group.strategy));
        }
        let sizes: Vec<usize> = self.factors.iter().map(|factor| factor.levels().len()).collect();
        let mut outer = Odometer::new(sizes);
        while let Some(levels) = outer.current() {
            for (at, group) in self.groups.iter().enumerate() {
                // A factor that this strategy does not take would repeat the same cell.
                let repeats =
                    levels.iter().zip(&group.takes).any(|(&level, &takes)| !takes && level > 0);
                if repeats {
                    continue;
                }
                let taken: Vec<u32> = levels
                    .iter()
                    .zip(&group.takes)
                    .filter(|&(_, &takes)| takes)
                    .map(|(&level, _)| level)
                    .collect();
                let at_group = u32::try_from(first_group + at).expect("fewer groups than cells");
                self.expand_group(matrix, group, at_group, &taken, &contents[at]);
            }
            outer.advance();
        }
    }

    fn expand_group(
        &self,
        matrix: &mut Matrix,
        group: &StrategyDesign<'_>,
        at_group: u32,
        taken: &[u32],
        content: &[String],
    ) {
        let sizes = group.own.iter().map(|factor| factor.levels().len()).collect();
        let mut inner = Odometer::new(sizes);
        while let Some(own) = inner.current() {
            let levels: Box<[u32]> = taken.iter().chain(own).copied().collect();
            for &workers in &group.strategy.workers {
                let tasks = match self.workload.scaling {
                    Scaling::Fixed => self.workload.tasks,
                    Scaling::Strong | Scaling::Weak => self.workload.tasks.saturating_mul(workers),
                };
                let factors = &matrix.groups[at_group as usize];
                let key = identity::key(content, workers, tasks, factors, &levels);
                matrix.cells.push(Cell {
                    key,
                    workload: self.index,
                    strategy: group.index,
                    workers,
                    tasks,
                    group: at_group,
                    levels: levels.clone(),
                });
            }
            inner.advance();
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
