//! How trials are repeated, ordered, isolated and limited, and the layers of that: the run, then a
//! workload, then a strategy, then overrides.

use std::ops::Range;
use std::time::Duration;

use super::name::ParamName;
use super::sandbox::{Sandbox, SandboxPatch};
use super::selector::Selector;
use crate::process::Limits;

/// How trials are repeated, ordered, isolated and limited.
#[derive(Clone, Debug, PartialEq)]
pub struct Protocol {
    /// Measured blocks; at least 1. With `adaptive`, the most.
    pub repeats: u32,
    /// When measured trials may end before that. Of the whole run.
    pub adaptive: Option<Adaptive>,
    /// Unused trials a cell before the first block.
    pub warmup: u32,
    /// Order of the measured trials. Of the whole run.
    pub order: Order,
    /// Where a kernel's trial runs.
    pub isolation: Isolation,
    /// Longest time of one trial.
    pub timeout: Duration,
    /// What a timeout means for other cells.
    pub on_timeout: OnTimeout,
    /// Further attempts at a failed trial.
    pub retries: u32,
    /// Trials that may run at the same time. Of the whole run.
    pub jobs: u32,
    /// What a failed trial means for the rest. Of the whole run.
    pub on_failure: OnFailure,
    /// Runs of a kernel inside one trial; they count as one value.
    pub iterations: u32,
    /// The environment that children start from.
    pub environment: Environment,
    /// Random padding of the environment, from the seed (Mytkowicz et al., ASPLOS 2009).
    pub env_pad: bool,
    /// What a trial may use, with all that it starts.
    pub limits: Limits,
    /// Where a trial may run.
    pub cpus: Cpus,
    /// Priority of a trial as in nice(2); that of the runner when `None`.
    pub nice: Option<i32>,
    /// Whether the counters of processor and kernel are read.
    pub counters: bool,
    /// What a trial is kept from.
    pub sandbox: Sandbox,
}

impl Default for Protocol {
    fn default() -> Self {
        Self {
            repeats: 10,
            adaptive: None,
            warmup: 1,
            order: Order::Blocks,
            isolation: Isolation::Process,
            timeout: Duration::from_secs(600),
            on_timeout: OnTimeout::Continue,
            retries: 0,
            jobs: 1,
            on_failure: OnFailure::Continue,
            iterations: 1,
            environment: Environment::Inherit,
            env_pad: true,
            limits: Limits::default(),
            cpus: Cpus::All,
            nice: None,
            counters: false,
            sandbox: Sandbox::default(),
        }
    }
}

impl Protocol {
    /// It asks for what only a process of its own can have.
    #[must_use]
    pub fn needs_a_process(&self) -> bool {
        !self.limits.is_empty()
            || self.cpus != Cpus::All
            || self.nice.is_some()
            || self.counters
            || !self.sandbox.is_empty()
    }
}

/// Repeats until the medians are known well enough: cells that are compared end together, at the
/// end of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adaptive {
    /// Half the width of the median's interval, as a share of the median, that is good enough.
    pub target: f64,
    /// Blocks before the first look.
    pub min: u32,
    /// Blocks after which it ends in any case.
    pub max: u32,
    /// Time of the run after which no further block begins.
    pub budget: Option<Duration>,
}

impl Default for Adaptive {
    fn default() -> Self {
        Self { target: 0.025, min: 10, max: 30, budget: None }
    }
}

/// Order of the measured trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Randomised complete blocks: every cell once per block, shuffled.
    Blocks,
    /// All trials shuffled together.
    Shuffled,
    /// Cell by cell.
    Sequential,
}

impl Order {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Blocks => "blocks",
            Self::Shuffled => "shuffled",
            Self::Sequential => "sequential",
        }
    }
}

/// Where a trial may run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cpus {
    /// Wherever the runner may.
    All,
    /// As many whole cores as it has workers, which nobody else of this run has.
    Auto,
    /// These, in rising order.
    List(Vec<usize>),
}

/// Where a kernel's trial runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// In a fresh child of this binary.
    Process,
    /// In this process.
    Thread,
}

/// What a failed trial means for the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// It is a row; go on.
    Continue,
    /// Start nothing more.
    Stop,
}

/// What a timeout means for other cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnTimeout {
    /// Nothing.
    Continue,
    /// Cells that differ from it in a larger level of this parameter are not started any more.
    SkipLarger {
        /// `None` in the protocol of the run and in a patch: the one numeric axis. Always there in
        /// the protocol of a workload and of a cell.
        parameter: Option<ParamName>,
    },
}

impl OnTimeout {
    /// The parameter whose larger levels are skipped.
    #[must_use]
    pub fn skip_larger(&self) -> Option<&ParamName> {
        match self {
            Self::Continue => None,
            Self::SkipLarger { parameter } => parameter.as_ref(),
        }
    }
}

/// The environment that children start from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Environment {
    /// The runner's own.
    Inherit,
    /// Only `PATH` and these.
    Clean {
        /// Further variables that are kept.
        keep: Vec<String>,
    },
}

/// Some keys of the protocol, to be laid over it. Those of the whole run cannot stand here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProtocolPatch {
    /// See [`Protocol::repeats`].
    pub repeats: Option<u32>,
    /// See [`Protocol::warmup`].
    pub warmup: Option<u32>,
    /// See [`Protocol::isolation`].
    pub isolation: Option<Isolation>,
    /// See [`Protocol::timeout`].
    pub timeout: Option<Duration>,
    /// See [`Protocol::on_timeout`].
    pub on_timeout: Option<OnTimeout>,
    /// See [`Protocol::retries`].
    pub retries: Option<u32>,
    /// See [`Protocol::iterations`].
    pub iterations: Option<u32>,
    /// See [`Protocol::environment`].
    pub environment: Option<Environment>,
    /// See [`Protocol::env_pad`].
    pub env_pad: Option<bool>,
    /// See [`Protocol::limits`]; those that are there.
    pub limits: Limits,
    /// See [`Protocol::cpus`].
    pub cpus: Option<Cpus>,
    /// See [`Protocol::nice`].
    pub nice: Option<i32>,
    /// See [`Protocol::counters`].
    pub counters: Option<bool>,
    /// See [`Protocol::sandbox`]; those keys that are there.
    pub sandbox: SandboxPatch,
    /// Where each key stands in the experiment file, in bytes.
    pub places: Vec<(&'static str, Range<usize>)>,
}

impl ProtocolPatch {
    /// Lays its keys over a protocol.
    pub fn lay_over(&self, protocol: &mut Protocol) {
        fn set<T: Clone>(place: &mut T, value: &Option<T>) {
            if let Some(value) = value {
                place.clone_from(value);
            }
        }
        set(&mut protocol.repeats, &self.repeats);
        set(&mut protocol.warmup, &self.warmup);
        set(&mut protocol.isolation, &self.isolation);
        set(&mut protocol.timeout, &self.timeout);
        set(&mut protocol.on_timeout, &self.on_timeout);
        set(&mut protocol.retries, &self.retries);
        set(&mut protocol.iterations, &self.iterations);
        set(&mut protocol.environment, &self.environment);
        set(&mut protocol.env_pad, &self.env_pad);
        self.limits.lay_over(&mut protocol.limits);
        set(&mut protocol.cpus, &self.cpus);
        protocol.nice = self.nice.or(protocol.nice);
        set(&mut protocol.counters, &self.counters);
        self.sandbox.lay_over(&mut protocol.sandbox);
    }

    /// Where a key stands in the experiment file, if it is here.
    #[must_use]
    pub fn place(&self, key: &str) -> Option<Range<usize>> {
        self.places.iter().find(|(name, _)| *name == key).map(|(_, at)| at.clone())
    }

    /// The keys that it has, in their order.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.places.iter().map(|(name, _)| *name)
    }
}

/// `[[override]]`: keys of the protocol for the cells that a selector means.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// Which cells.
    pub cells: Selector,
    /// What is different in them.
    pub protocol: ProtocolPatch,
}
