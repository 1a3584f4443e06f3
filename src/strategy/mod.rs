//! How the tasks of one kernel trial are spread over workers and their answers collected.
//!
//! Owns the strategies and the region that is timed: workers are created, do their tasks, hand
//! back their answers, are joined; the same for every strategy and isolation. Refuses to know
//! kernels by name, files and statistics. Adding one = one file here and one line in
//! [`STRATEGIES`].

pub mod external;
pub mod panic;
pub mod processes;
pub mod sequential;
pub mod threads;

use std::path::Path;

use crate::clock;
use crate::design::{Catalogue, StrategyKind, StrategySignature};
use crate::measure::WorkerSpan;
use crate::process::{CpuTime, thread_usage};
use crate::workload::{Answer, Cancel, KERNELS, Share, Task};

/// Carries out one region.
pub type Run = fn(&Assignment<'_>) -> Result<Region, RegionError>;

/// A kind of strategy: what it is called, and how it carries out the tasks of a kernel.
#[derive(Clone, Copy, Debug)]
pub struct Registered {
    /// The kind.
    pub kind: StrategyKind,
    /// Name and documentation.
    pub signature: &'static StrategySignature,
    /// Carries out one region; `None` when it is not for kernels.
    pub run: Option<Run>,
}

/// The registry: every kind of strategy.
pub const STRATEGIES: [Registered; 4] =
    [sequential::STRATEGY, threads::STRATEGY, processes::STRATEGY, external::STRATEGY];

/// Everything that an experiment file may name.
#[must_use]
pub fn catalogue() -> Catalogue {
    Catalogue {
        kernels: KERNELS.iter().map(|kernel| kernel.signature()).collect(),
        strategies: STRATEGIES.iter().map(|entry| entry.signature).collect(),
    }
}

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
    /// How to start a worker process. Used by `processes` only.
    pub spawn: Spawn<'a>,
    /// Read the CPU time of the workers. It costs two system calls and is known to a microsecond.
    pub reads_cpu: bool,
}

/// What a worker process needs to do the same work as this one.
#[derive(Clone, Copy, Debug)]
pub struct Spawn<'a> {
    /// Absolute path of this binary.
    pub exe: &'a Path,
    /// The argument vector after the program name, ending before the worker's number.
    pub argv: &'a [String],
    /// Worker processes get process groups of their own: the trial runs in the runner itself, and
    /// an interrupt from the terminal is the runner's to judge.
    pub own_group: bool,
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
    /// CPU time of the workers, read by each of them about itself at its end; 0 when not read.
    pub cpu: CpuTime,
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
    /// The strategy is not for kernels; plans do not contain such a cell.
    #[error("strategy `{}` does not carry out kernels", .0.as_str())]
    NotForKernels(StrategyKind),
}

/// Carries out one region.
pub fn run(kind: StrategyKind, assignment: &Assignment<'_>) -> Result<Region, RegionError> {
    STRATEGIES
        .iter()
        .find(|entry| entry.kind == kind)
        .and_then(|entry| entry.run)
        .ok_or(RegionError::NotForKernels(kind))
        .and_then(|run| run(assignment))
}

/// When one worker worked and what it used, on the clock that all processes share.
#[derive(Clone, Copy, Debug)]
struct Shift {
    start: clock::Instant,
    end: clock::Instant,
    /// Of the worker since it was created.
    cpu: CpuTime,
}

impl Shift {
    fn span(&self, region_start: clock::Instant) -> WorkerSpan {
        WorkerSpan {
            start_ns: self.start.since_ns(region_start),
            end_ns: self.end.since_ns(region_start),
        }
    }
}

/// What a worker does under every strategy: its tasks, one after another, each answer handed to
/// `send` when it is there. `send` returns whether to go on.
fn work(
    assignment: &Assignment<'_>,
    worker: u32,
    send: &mut dyn FnMut(Answer) -> bool,
) -> Result<Shift, RegionError> {
    let start = clock::now();
    let step = assignment.workers.max(1) as usize;
    for share in assignment.shares.iter().skip(worker as usize).step_by(step) {
        let run = || assignment.task.run(*share, assignment.cancel);
        let answer =
            panic::caught(run).map_err(RegionError::Panic)?.ok_or(RegionError::Cancelled)?;
        if !send(answer) {
            break;
        }
    }
    let end = clock::now();
    let cpu = if assignment.reads_cpu { thread_usage() } else { CpuTime::default() };
    Ok(Shift { start, end, cpu })
}

/// Tasks of one worker among `tasks`.
fn tasks_of(worker: u32, workers: u32, tasks: usize) -> usize {
    tasks.saturating_sub(worker as usize).div_ceil(workers.max(1) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_registered_once_under_its_own_name() {
        assert_eq!(STRATEGIES.map(|entry| entry.kind), StrategyKind::ALL);
        for entry in STRATEGIES {
            assert_eq!(entry.signature.name, entry.kind.as_str());
        }
    }

    #[test]
    fn every_example_is_toml_that_names_what_it_documents() {
        let catalogue = catalogue();
        let kernels = catalogue.kernels.iter().map(|it| (it.name, it.example));
        let strategies = catalogue.strategies.iter().map(|it| (it.name, it.example));
        for (name, example) in kernels.chain(strategies) {
            toml::from_str::<toml::Table>(example).unwrap();
            assert!(example.contains(name), "{name}: {example}");
        }
    }

    #[test]
    fn tasks_are_dealt_round_and_none_is_lost() {
        for (workers, tasks) in [(1, 5), (2, 5), (3, 2), (4, 0), (7, 21)] {
            let dealt: Vec<usize> =
                (0..workers).map(|worker| tasks_of(worker, workers, tasks)).collect();
            assert_eq!(dealt.iter().sum::<usize>(), tasks);
            let counted = |worker| (0..tasks).skip(worker).step_by(workers as usize).count();
            assert_eq!(dealt, (0..workers as usize).map(counted).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_external_strategy_refuses_a_kernel() {
        let assignment = Assignment {
            task: &crate::workload::noop::Noop,
            shares: &[Share::WHOLE],
            workers: 1,
            cancel: &Cancel::new(),
            spawn: Spawn { exe: Path::new("/proc/self/exe"), argv: &[], own_group: false },
            reads_cpu: true,
        };
        let error = run(StrategyKind::External, &assignment).unwrap_err();
        assert_eq!(error, RegionError::NotForKernels(StrategyKind::External));
    }
}
