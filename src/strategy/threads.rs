//! `threads`: workers are threads of this process; answers come back through a channel.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, Scope, ScopedJoinHandle};

use super::{Assignment, Region, RegionError, Registered, Shift, panic, work};
use crate::clock;
use crate::design::{StrategyKind, StrategySignature};
use crate::process::CpuTime;
use crate::workload::Answer;

/// The registry line.
pub const STRATEGY: Registered =
    Registered { kind: StrategyKind::Threads, signature: &SIGNATURE, run: Some(run) };

static SIGNATURE: StrategySignature = StrategySignature {
    name: "threads",
    about: "workers are threads of one process, answers come back through a channel; kernels only",
    example: "[strategies]\nmultithread = { kind = \"threads\", workers = 2 }\n",
};

type Worker<'scope> = ScopedJoinHandle<'scope, Result<Shift, RegionError>>;

fn run(assignment: &Assignment<'_>) -> Result<Region, RegionError> {
    let start = clock::now();
    let failed = AtomicBool::new(false);
    let (answer, shifts) = thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let workers: Vec<Result<Worker<'_>, RegionError>> = (0..assignment.workers)
            .map(|worker| spawn(scope, (assignment, worker), (&sender, &failed)))
            .collect();
        // The channel ends when the last worker has dropped its sender.
        drop(sender);
        let answer = receiver.iter().fold(Answer::None, Answer::combine);
        (answer, join(workers))
    });
    let region_ns = clock::now().since_ns(start);
    let shifts = shifts?;
    Ok(Region {
        region_ns,
        answer,
        workers: shifts.iter().map(|shift| shift.span(start)).collect(),
        cpu: CpuTime {
            user_ns: shifts.iter().map(|shift| shift.cpu.user_ns).sum(),
            sys_ns: shifts.iter().map(|shift| shift.cpu.sys_ns).sum(),
        },
    })
}

fn spawn<'scope>(
    scope: &'scope Scope<'scope, '_>,
    (assignment, worker): (&'scope Assignment<'scope>, u32),
    (sender, failed): (&Sender<Answer>, &'scope AtomicBool),
) -> Result<Worker<'scope>, RegionError> {
    let sender = sender.clone();
    let body = move || {
        // A worker whose colleague failed stops at its next task: the trial is lost anyway.
        let mut send = |answer| sender.send(answer).is_ok() && !failed.load(Ordering::Relaxed);
        let shift = work(assignment, worker, &mut send);
        if shift.is_err() {
            failed.store(true, Ordering::Relaxed);
        }
        shift
    };
    thread::Builder::new().name(format!("worker-{worker}")).spawn_scoped(scope, body).map_err(
        |error| {
            failed.store(true, Ordering::Relaxed);
            RegionError::Worker { worker, reason: format!("could not be started: {error}") }
        },
    )
}

/// Joins every worker, and then reports the first error.
fn join(workers: Vec<Result<Worker<'_>, RegionError>>) -> Result<Vec<Shift>, RegionError> {
    let joined: Vec<Result<Shift, RegionError>> = workers
        .into_iter()
        .map(|worker| {
            worker?
                .join()
                .unwrap_or_else(|payload| Err(RegionError::Panic(panic::message(payload.as_ref()))))
        })
        .collect();
    joined.into_iter().collect()
}
