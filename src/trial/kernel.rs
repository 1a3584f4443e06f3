//! Kernel trials: one region or several of one kernel under one strategy.
//!
//! Owns what a trial is on the command line of its child, its execution, in a child or in this
//! process alike, and what the end of a child means. Refuses to start children and to schedule.

use std::path::Path;

pub use super::ending::{CAPTURE_BYTES, read};
use super::wire::WireTrial;
pub use super::wire::WireTrialError;
use crate::design::{Action, Binding, Experiment, Matrix, Scaling, StrategyKind};
use crate::measure::iterations::median;
use crate::measure::{Measured, Status};
use crate::plan::Trial;
use crate::strategy::{self, Assignment, Region, RegionError, Spawn, panic};
use crate::workload::{Answer, Cancel, Share, Task, kernel};

/// First argument that turns a fresh copy of the binary into a trial.
pub const TRIAL_ENTRY: &str = "__trial";

/// First argument that turns a fresh copy of the binary into one worker of a trial.
pub const WORKER_ENTRY: &str = "__worker";

/// One trial of a kernel: all that a child needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelTrial {
    /// Name in the registry.
    pub kernel: String,
    /// The parameters that the kernel knows.
    pub bindings: Vec<Binding>,
    /// How tasks are spread.
    pub strategy: StrategyKind,
    /// Number of workers; at least 1.
    pub workers: u32,
    /// Tasks over all workers; at least 1.
    pub tasks: u32,
    /// The tasks share one size, instead of each walking all of it.
    pub split: bool,
    /// Regions, one after another; at least 1.
    pub iterations: u32,
    /// The trial's seed. No kernel draws from it yet; it is part of the record of what was started.
    pub seed: u64,
}

/// The trial was cancelled: it has no outcome of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

/// The kernel trial of a planned trial; `None` when its workload is a command.
#[must_use]
pub fn of(
    experiment: &Experiment,
    matrix: &Matrix,
    trial: &Trial,
    seed: u64,
) -> Option<KernelTrial> {
    let cell = matrix.cell(trial.cell);
    let workload = &experiment.workloads[cell.workload];
    let Action::Kernel(signature) = &workload.action else {
        return None;
    };
    let knows = |name: &str| signature.parameters.iter().any(|known| known.name == name);
    let levels = matrix.levels(cell).filter(|(name, _)| knows(name.as_str()));
    Some(KernelTrial {
        kernel: signature.name.to_owned(),
        bindings: levels
            .map(|(name, level)| Binding { name: name.clone(), value: level.value().clone() })
            .collect(),
        strategy: experiment.strategies[cell.strategy].kind,
        workers: cell.workers,
        tasks: cell.tasks,
        split: workload.scaling == Scaling::Strong,
        iterations: matrix.protocol(cell).iterations,
        seed,
    })
}

impl KernelTrial {
    /// The arguments, after the program name, that make a fresh copy of the binary this trial.
    #[must_use]
    pub fn argv(&self) -> Vec<String> {
        vec![TRIAL_ENTRY.to_owned(), WireTrial::encode(self)]
    }

    /// Reads what [`argv`](Self::argv) wrote.
    pub fn decode(spec: &str) -> Result<Self, WireTrialError> {
        WireTrial::decode(spec)
    }

    /// Carries the trial out in this process; `exe` is this binary, for worker processes. A panic
    /// of the kernel is a failed trial.
    pub fn run(&self, exe: &Path, cancel: &Cancel) -> Result<Measured, Cancelled> {
        match self.ready() {
            Ok(ready) => ready.run(exe, cancel, true),
            Err(reason) => Ok(failed(&reason)),
        }
    }

    /// Everything that can be done before the trial begins.
    pub fn ready(&self) -> Result<Ready, String> {
        let worker_argv = match self.strategy {
            StrategyKind::Processes => vec![WORKER_ENTRY.to_owned(), WireTrial::encode(self)],
            _ => Vec::new(),
        };
        Ok(Ready {
            strategy: self.strategy,
            workers: self.workers,
            iterations: self.iterations,
            task: self.prepare()?,
            shares: self.shares(),
            worker_argv,
        })
    }

    /// The kernel with the trial's parameters.
    pub(super) fn prepare(&self) -> Result<Box<dyn Task>, String> {
        let kernel =
            kernel(&self.kernel).ok_or_else(|| format!("there is no kernel `{}`", self.kernel))?;
        panic::caught(|| kernel.prepare(&self.bindings))
            .unwrap_or_else(|message| Err(format!("panic: {message}")))
    }

    /// One share a task.
    pub(super) fn shares(&self) -> Vec<Share> {
        if !self.split {
            return vec![Share::WHOLE; self.tasks as usize];
        }
        (0..self.tasks).map(|index| Share { index, parts: self.tasks }).collect()
    }
}

/// A kernel trial that only has to be carried out, as often as wanted.
pub struct Ready {
    strategy: StrategyKind,
    workers: u32,
    iterations: u32,
    task: Box<dyn Task>,
    shares: Vec<Share>,
    worker_argv: Vec<String>,
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ready")
            .field("strategy", &self.strategy)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

impl Ready {
    /// Carries the trial out in this process; `exe` is this binary, for worker processes. Without
    /// `reads_cpu` the trial has no CPU time.
    pub fn run(&self, exe: &Path, cancel: &Cancel, reads_cpu: bool) -> Result<Measured, Cancelled> {
        self.carry_out(Spawn { exe, argv: &self.worker_argv, own_group: true }, cancel, reads_cpu)
    }

    /// Carries the trial out with worker processes started like this.
    pub(super) fn carry_out(
        &self,
        spawn: Spawn<'_>,
        cancel: &Cancel,
        reads_cpu: bool,
    ) -> Result<Measured, Cancelled> {
        let assignment = Assignment {
            task: self.task.as_ref(),
            shares: &self.shares,
            workers: self.workers,
            cancel,
            spawn,
            reads_cpu,
        };
        match self.regions(&assignment) {
            Ok(regions) => Ok(self.measured(&assignment, regions)),
            Err(RegionError::Cancelled) => Err(Cancelled),
            Err(error) => Ok(failed(&error.to_string())),
        }
    }

    fn regions(&self, assignment: &Assignment<'_>) -> Result<Vec<Region>, RegionError> {
        (0..self.iterations).map(|_| strategy::run(self.strategy, assignment)).collect()
    }

    fn measured(&self, assignment: &Assignment<'_>, mut regions: Vec<Region>) -> Measured {
        let differs = regions.windows(2).find(|pair| pair[0].answer != pair[1].answer);
        if let Some(pair) = differs {
            let (one, other) = (text(&pair[0].answer), text(&pair[1].answer));
            let note = format!("iterations gave different answers: {one:?} and {other:?}");
            return Measured::empty(Status::InvalidOutput).with_note(&note);
        }
        let times: Vec<u64> = regions.iter().map(|region| region.region_ns).collect();
        let sum = |part: fn(&Region) -> u64| regions.iter().map(part).sum();
        let (user_ns, sys_ns) = (sum(|it| it.cpu.user_ns), sum(|it| it.cpu.sys_ns));
        let units = assignment
            .shares
            .iter()
            .fold(0_u64, |sum, &share| sum.saturating_add(assignment.task.work_units(share)));
        let last = regions.pop().expect("a trial has at least one iteration");
        Measured {
            time_ns: median(&times),
            answer: text(&last.answer),
            user_ns: assignment.reads_cpu.then_some(user_ns),
            sys_ns: assignment.reads_cpu.then_some(sys_ns),
            iterations_ns: if self.iterations > 1 { times } else { Vec::new() },
            workers: last.workers,
            work_units: Some(units),
            ..Measured::empty(Status::Ok)
        }
    }
}

/// A failed trial with the reason.
pub(super) fn failed(reason: &str) -> Measured {
    Measured::empty(Status::Failed).with_note(reason)
}

fn text(answer: &Answer) -> Option<String> {
    match answer {
        Answer::None => None,
        Answer::Sum(sum) => Some(sum.to_string()),
    }
}

#[cfg(test)]
mod tests;
