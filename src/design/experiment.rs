//! The validated experiment: everything the file decides, nothing the machine does.

use std::path::PathBuf;

use super::assertion::Assertion;
use super::catalogue::KernelSignature;
use super::claim::Claim;
use super::combination::Combination;
use super::gate::Gate;
use super::hook::{Hook, Hooks};
use super::metric::{Extract, IterationTimes, UserMetric};
use super::name::{Name, ParamName};
use super::parameter::{Binding, Factor};
use super::protocol::{Override, Protocol, ProtocolPatch};
use super::selector::Selector;
use super::template::Template;

/// A whole experiment file, valid.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// The stem of the file's name; names the results directory.
    pub name: String,
    /// The folder of the file; relative paths in the file start here.
    pub base_dir: PathBuf,
    /// For people; the file's name when absent.
    pub title: String,
    /// The question that the experiment answers.
    pub question: Option<String>,
    /// The seed, if the file fixes it.
    pub seed: Option<u64>,
    /// Shared axes; a workload gets those that it or its strategy uses.
    pub params: Vec<Factor>,
    /// What is computed. Not empty.
    pub workloads: Vec<Workload>,
    /// How tasks are carried out. Not empty: without a table there is one, `sequential`.
    pub strategies: Vec<Strategy>,
    /// How the axes combine.
    pub combination: Combination,
    /// The protocol of the whole run; each workload has its own resolved copy, and each cell its
    /// own in the matrix.
    pub protocol: Protocol,
    /// Keys of the protocol for some cells, in the order of the file; the last one wins.
    pub overrides: Vec<Override>,
    /// What is run before the first trial and after the last one, if anything.
    pub run_hook: Option<Hook>,
    /// What is compared with what.
    pub compare: Compare,
    /// What its author expects to find.
    pub claims: Vec<Claim>,
    /// Copies of the tables that are written for spreadsheets, if any.
    pub spreadsheet: Option<Spreadsheet>,
}

/// What is computed.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Name as in the file.
    pub name: Name,
    /// A kernel or a command.
    pub action: Action,
    /// Parameters of this workload alone; they win over shared ones.
    pub params: Vec<Factor>,
    /// Independent tasks in one trial; with `Scaling::Weak` per worker.
    pub tasks: u32,
    /// How tasks follow the workers.
    pub scaling: Scaling,
    /// In which cells it is carried out; in all when `None`.
    pub when: Option<Selector>,
    /// Which strategies apply, as indices; all that are possible when `None`.
    pub strategies: Option<Vec<usize>>,
    /// Known answers: the first whose bindings all hold is the one.
    pub expect: Vec<Expectation>,
    /// Between which trials answers must be equal.
    pub agree: Agree,
    /// Response variables that the program reports itself.
    pub metrics: Vec<UserMetric>,
    /// The protocol with the keys of this workload, before those of strategies and overrides:
    /// ask `Matrix::protocol` for that of a cell.
    pub protocol: Protocol,
    /// What is run around its cells and trials.
    pub hooks: Hooks,
    /// What must show in the facts of its cells.
    pub asserts: Vec<Assertion>,
}

/// What a workload does.
#[derive(Clone, Debug)]
pub enum Action {
    /// A built-in kernel.
    Kernel(&'static KernelSignature),
    /// An outside program.
    Command(Box<Command>),
}

impl Workload {
    /// Whether it is an outside program.
    #[must_use]
    pub fn is_command(&self) -> bool {
        matches!(self.action, Action::Command(_))
    }
}

/// An outside program and how its answer is read.
#[derive(Clone, Debug)]
pub struct Command {
    /// What is started.
    pub program: Program,
    /// Working directory; the file's folder when `None`. Relative to the file.
    pub cwd: Option<Template>,
    /// Variables set for each trial, over the inherited or clean environment.
    pub env: Vec<(String, Template)>,
    /// A file that becomes standard input; empty input when `None`. Relative to the file.
    pub stdin: Option<Template>,
    /// Which part of standard output is the answer.
    pub result: Option<Extract>,
    /// The list of times of its iterations, if it reports one.
    pub iteration_times: Option<IterationTimes>,
    /// Argument vector run once per distinct resolved vector before the trials.
    pub build: Option<Vec<Template>>,
    /// Programs that must be found.
    pub requires: Vec<String>,
    /// With `Scaling::Strong`: the parameter that is split over the tasks.
    pub divide: Option<ParamName>,
    /// Revisions of the file's repository, as git reads them: the levels of the parameter
    /// `revision`. Each is checked out into a folder of its own, `{rev_dir}`.
    pub revisions: Vec<String>,
}

#[cfg(test)]
impl Command {
    /// An argument vector and nothing else.
    pub(crate) fn of(vector: Vec<Template>) -> Self {
        Self {
            program: Program::Vector(vector),
            cwd: None,
            env: Vec::new(),
            stdin: None,
            result: None,
            iteration_times: None,
            build: None,
            requires: Vec::new(),
            divide: None,
            revisions: Vec::new(),
        }
    }
}

/// How a command is given.
#[derive(Clone, Debug)]
pub enum Program {
    /// An argument vector; not empty.
    Vector(Vec<Template>),
    /// One string for `/bin/sh -c`, by explicit choice.
    Shell(Template),
}

impl Program {
    /// Every template in it.
    #[must_use]
    pub fn templates(&self) -> &[Template] {
        match self {
            Self::Vector(vector) => vector,
            Self::Shell(text) => std::slice::from_ref(text),
        }
    }
}

/// A known answer.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Holds where all of these hold; everywhere when empty.
    pub bindings: Vec<Binding>,
    /// The answer, as text.
    pub answer: String,
}

/// Between which trials of one workload × parameters × tasks answers must be equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agree {
    /// All strategies, repeats and workers.
    All,
    /// Within a block, since answers depend on the seed.
    Block,
    /// Not at all.
    Off,
}

/// How the number and size of tasks follow the workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaling {
    /// `tasks` tasks of full size in each trial.
    Fixed,
    /// The size is split over `tasks` tasks per worker.
    Strong,
    /// `tasks` tasks of full size per worker.
    Weak,
}

/// How the tasks of one trial are carried out.
#[derive(Clone, Debug)]
pub struct Strategy {
    /// Name as in the file.
    pub name: Name,
    /// The kind.
    pub kind: StrategyKind,
    /// Worker counts, an axis. Not empty; `[1]` for `sequential`.
    pub workers: Vec<u32>,
    /// Parameters that this strategy sets; they win over all others.
    pub params: Vec<Factor>,
    /// In which cells it is used; in all when `None`.
    pub when: Option<Selector>,
    /// Variables set for each trial of this strategy, over those of the workload.
    pub env: Vec<(String, Template)>,
    /// Keys of the protocol that it lays over those of the workload.
    pub protocol: ProtocolPatch,
    /// What must show in the facts of its cells.
    pub asserts: Vec<Assertion>,
}

/// The kinds of strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StrategyKind {
    /// One task after another.
    Sequential,
    /// Workers are threads of one process.
    Threads,
    /// Workers are fresh processes.
    Processes,
    /// The program does it itself.
    External,
}

impl StrategyKind {
    /// The word in files and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::Threads => "threads",
            Self::Processes => "processes",
            Self::External => "external",
        }
    }

    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Sequential, Self::Threads, Self::Processes, Self::External];
}

/// The language of a spreadsheet, which decides how its tables have to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spreadsheet {
    /// Commas between fields, a point before the digits of a fraction.
    English,
    /// Semicolons between fields, a comma before the digits of a fraction.
    German,
}

/// What is compared with what.
#[derive(Clone, Debug, Default)]
pub struct Compare {
    /// The factor levels that mark baseline cells; all other factors must match. Per workload,
    /// `None` as workload is the rule for those without their own.
    pub baselines: Vec<Baseline>,
    /// Metric that is compared: `None` is the primary time.
    pub metric: Option<ParamName>,
    /// Margin of practical equivalence.
    pub margin: Option<f64>,
    /// Confidence level.
    pub conf: Option<f64>,
    /// The largest share of a cell's trials that may fail without making its comparisons invalid.
    pub max_failure_rate: Option<f64>,
    /// Adjustment for many comparisons, `holm`, `bh` or `none`.
    pub adjust: Option<String>,
    /// What the baseline is, if stated: `best_serial`, `same_code_1_worker`, `named`.
    pub baseline_kind: Option<String>,
    /// What fails a comparison, if the experiment is a gate.
    pub gate: Option<Gate>,
    /// Which statistic of a cell's values is compared.
    pub objective: Objective,
    /// Whether summed medians are compared over all workloads and parameters.
    pub sum: bool,
    /// Whether geometric means of ratios over all workloads and parameters may be published.
    pub allow_geomean: bool,
}

/// A statistic of a cell's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Objective {
    /// The median.
    #[default]
    P50,
    /// The 90th percentile.
    P90,
    /// The 95th percentile.
    P95,
    /// The 99th percentile.
    P99,
}

impl Objective {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::P50, Self::P90, Self::P95, Self::P99];

    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
        }
    }

    /// The word for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        if self == Self::P50 { "median" } else { self.as_str() }
    }

    /// Several of them, for people.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::P50 => "medians",
            Self::P90 => "90th percentiles",
            Self::P95 => "95th percentiles",
            Self::P99 => "99th percentiles",
        }
    }

    /// The quantile, in (0, 1).
    #[must_use]
    pub fn p(self) -> f64 {
        match self {
            Self::P50 => 0.5,
            Self::P90 => 0.9,
            Self::P95 => 0.95,
            Self::P99 => 0.99,
        }
    }

    /// Fewest values for a point, and for a ratio with an interval of 95 %.
    #[must_use]
    pub fn least(self) -> (usize, usize) {
        match self {
            Self::P50 => (1, 6),
            Self::P90 => (10, 36),
            Self::P95 => (20, 72),
            Self::P99 => (100, 368),
        }
    }
}

/// One selection of baseline cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// Applies to candidates of this workload only; to all when `None`.
    pub of: Option<Name>,
    /// Baseline's workload, when it is named as a factor.
    pub workload: Option<Name>,
    /// Baseline's strategy.
    pub strategy: Option<Name>,
    /// Baseline's workers.
    pub workers: Option<u32>,
    /// Baseline's parameter levels.
    pub params: Vec<Binding>,
}
