//! How the tasks of one kernel trial are spread over workers and their answers collected.
//!
//! Owns the strategies and the region that is timed: workers are created, do their tasks, hand
//! back their answers and are joined. Refuses to know kernels by name, files and statistics.
//! Adding one = one file here and one line in [`STRATEGIES`].

use crate::design::{StrategyKind, StrategySignature};
use crate::measure::WorkerSpan;
use crate::workload::{Answer, Cancel, Share, Task};

/// The registry: every kind of strategy.
pub const STRATEGIES: [(StrategyKind, &StrategySignature); 0] = [];

/// The work of one trial, as a strategy sees it.
pub struct Assignment<'a> {
    /// The kernel, parameters fixed.
    pub task: &'a dyn Task,
    /// One share per task; task `t` goes to worker `t mod workers`.
    pub shares: &'a [Share],
    /// Number of workers; at least 1.
    pub workers: u32,
    /// Set from outside when the trial is to stop.
    pub cancel: &'a Cancel,
    /// What a worker process needs to do the same work: the argument vector after the program
    /// name, ending before the worker's number. Used by `processes` only.
    pub worker_argv: &'a [String],
}

/// What one timed region yielded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Workers created → answers handed back → workers joined, in ns (monotonic).
    pub region_ns: u64,
    /// The combined answer.
    pub answer: Answer,
    /// One entry a worker, in the order of their numbers.
    pub workers: Vec<WorkerSpan>,
    /// User CPU time of the workers in ns, where it could be read from inside.
    pub user_ns: Option<u64>,
    /// System CPU time of the workers in ns, where it could be read from inside.
    pub sys_ns: Option<u64>,
}

/// Why a region yielded nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegionError {
    /// The cancel flag was set.
    #[error("cancelled")]
    Cancelled,
    /// The kernel panicked; with its message.
    #[error("panic: {0}")]
    Panic(String),
    /// A worker could not be started, died, sent garbage or sent nothing.
    #[error("worker {worker}: {reason}")]
    Worker {
        /// The worker's number, from 0.
        worker: u32,
        /// What happened.
        reason: String,
    },
}

/// Carries out one region.
pub fn run(_kind: StrategyKind, _assignment: &Assignment<'_>) -> Result<Region, RegionError> {
    todo!()
}
