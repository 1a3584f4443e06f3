//! The protocol as the manifest states it: all layers applied, defaults written out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::design::{
    Action, Adaptive, CellProtocol, Cpus, Environment, Experiment, Isolation, Matrix, OnFailure,
    Workload,
};
use crate::host::render_list;
use crate::process::Limits;

/// How the number of blocks is chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AdaptiveFacts {
    /// Half the width of the median's interval, as a share of the median, that is good enough.
    pub target: f64,
    /// Blocks before the first look.
    pub min: u32,
    /// Blocks after which it ends in any case.
    pub max: u32,
    /// Time of the run after which no further block begins, in ms; not there without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_ms: Option<u64>,
}

impl From<&Adaptive> for AdaptiveFacts {
    fn from(adaptive: &Adaptive) -> Self {
        let Adaptive { target, min, max, budget } = *adaptive;
        let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self { target, min, max, budget_ms: budget.map(ms) }
    }
}

/// The protocol of the cells of one workload that have the same layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProtocolFacts {
    /// The workload's name.
    pub workload: String,
    /// The strategies of those cells.
    #[serde(default)]
    pub strategies: Vec<String>,
    /// How many cells there are.
    #[serde(default)]
    pub cells: u64,
    /// Which `[[override]]` apply, in the order of the file, from 1.
    #[serde(default)]
    pub overrides: Vec<usize>,
    /// Measured blocks; the most of them, where they are chosen as the run goes.
    pub repeats: u32,
    /// How the number of blocks is chosen; not there where it is fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adaptive: Option<AdaptiveFacts>,
    /// Unused trials a cell before the first block.
    pub warmup: u32,
    /// Order of the trials of the whole run.
    pub order: String,
    /// Where trials run: `process` or `thread`; commands are always processes.
    pub isolation: String,
    /// Longest time of one trial, in ms.
    pub timeout_ms: u64,
    /// What a timeout means for other cells: `continue`, or `skip_larger` and the parameter.
    pub on_timeout: String,
    /// Further attempts at a failed trial.
    pub retries: u32,
    /// Trials that may run at the same time in the whole run.
    pub jobs: u32,
    /// What a failed trial means for the rest of the run.
    pub on_failure: String,
    /// Runs of a kernel inside one trial.
    pub iterations: u32,
    /// `inherit` or `clean`.
    pub environment: String,
    /// Variables that a clean environment keeps besides `PATH`.
    pub keep: Vec<String>,
    /// Whether the environment was padded at random.
    pub env_pad: bool,
    /// What a trial may use, by name and unit; what is not here is not limited.
    #[serde(default)]
    pub limits: BTreeMap<String, u64>,
    /// Where trials may run: `all`, `auto` or a list.
    #[serde(default)]
    pub cpus: String,
    /// Priority of trials as in nice(2), or `inherited`.
    #[serde(default)]
    pub nice: String,
    /// Whether the counters of processor and kernel are read.
    #[serde(default)]
    pub counters: bool,
    /// What trials are kept from: `network`, `files`, or both.
    #[serde(default)]
    pub sandbox: Vec<String>,
}

fn limits(limits: &Limits) -> BTreeMap<String, u64> {
    let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let all = [
        ("cpu_ms", limits.cpu.map(ms)),
        ("memory_bytes", limits.memory_bytes),
        ("processes", limits.processes.map(u64::from)),
        ("output_bytes", limits.output_bytes),
        ("file_bytes", limits.file_bytes),
    ];
    all.into_iter().filter_map(|(name, limit)| Some((name.to_owned(), limit?))).collect()
}

impl ProtocolFacts {
    /// The protocols of a matrix: one entry for each workload and each set of layers in its cells.
    #[must_use]
    pub fn of(experiment: &Experiment, matrix: &Matrix) -> Vec<Self> {
        let mut all: Vec<(usize, Self)> = Vec::new();
        for (entry, cells) in matrix.protocols() {
            let first = all.len();
            for cell in cells.into_iter().map(|cell| matrix.cell(cell)) {
                let known =
                    all[first..].iter_mut().find(|(workload, _)| *workload == cell.workload);
                let strategy = experiment.strategies[cell.strategy].name.as_str();
                if let Some((_, facts)) = known {
                    facts.cells += 1;
                    if facts.strategies.last().is_none_or(|last| last != strategy)
                        && !facts.strategies.iter().any(|other| other == strategy)
                    {
                        facts.strategies.push(strategy.to_owned());
                    }
                } else {
                    let workload = &experiment.workloads[cell.workload];
                    let mut facts = Self::new(experiment, workload, entry);
                    facts.strategies.push(strategy.to_owned());
                    facts.cells = 1;
                    all.push((cell.workload, facts));
                }
            }
        }
        all.sort_by_key(|(workload, _)| *workload);
        all.into_iter().map(|(_, facts)| facts).collect()
    }

    fn new(experiment: &Experiment, workload: &Workload, entry: &CellProtocol) -> Self {
        let (run, own) = (&experiment.protocol, &entry.protocol);
        let (environment, keep) = match &own.environment {
            Environment::Inherit => ("inherit", Vec::new()),
            Environment::Clean { keep } => ("clean", keep.clone()),
        };
        let isolation = match (&workload.action, own.isolation) {
            (Action::Kernel(_), Isolation::Thread) => "thread",
            (Action::Kernel(_), Isolation::Process) | (Action::Command(_), _) => "process",
        };
        let on_failure = match run.on_failure {
            OnFailure::Continue => "continue",
            OnFailure::Stop => "stop",
        };
        Self {
            workload: workload.name.to_string(),
            strategies: Vec::new(),
            cells: 0,
            overrides: entry.overrides.iter().map(|at| at + 1).collect(),
            repeats: own.repeats,
            adaptive: run.adaptive.as_ref().map(AdaptiveFacts::from),
            warmup: own.warmup,
            order: run.order.as_str().to_owned(),
            isolation: isolation.to_owned(),
            timeout_ms: u64::try_from(own.timeout.as_millis()).unwrap_or(u64::MAX),
            on_timeout: own.on_timeout.skip_larger().map_or_else(
                || "continue".to_owned(),
                |parameter| format!("skip_larger {parameter}"),
            ),
            retries: own.retries,
            jobs: run.jobs,
            on_failure: on_failure.to_owned(),
            iterations: own.iterations,
            environment: environment.to_owned(),
            keep,
            env_pad: own.env_pad,
            limits: limits(&own.limits),
            cpus: match &own.cpus {
                Cpus::All => "all".to_owned(),
                Cpus::Auto => "auto".to_owned(),
                Cpus::List(cpus) => render_list(cpus),
            },
            counters: own.counters,
            sandbox: [(own.sandbox.no_network, "network"), (own.sandbox.read_only, "files")]
                .into_iter()
                .filter(|(kept, _)| *kept)
                .map(|(_, what)| what.to_owned())
                .collect(),
            nice: own.nice.map_or("inherited".to_owned(), |nice| nice.to_string()),
        }
    }
}
