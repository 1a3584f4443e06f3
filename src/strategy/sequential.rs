//! `sequential`: one task after another on the calling thread.

use super::{Assignment, Region, RegionError, Registered, work};
use crate::clock;
use crate::design::{StrategyKind, StrategySignature};
use crate::process::{CpuTime, thread_usage};
use crate::workload::Answer;

/// The registry line.
pub const STRATEGY: Registered =
    Registered { kind: StrategyKind::Sequential, signature: &SIGNATURE, run: Some(run) };

static SIGNATURE: StrategySignature = StrategySignature {
    name: "sequential",
    about: "one task after another on one thread; runs a command's tasks one after another",
    example: "[strategies]\nnormal = \"sequential\"\n",
};

fn run(assignment: &Assignment<'_>) -> Result<Region, RegionError> {
    let before = if assignment.reads_cpu { thread_usage() } else { CpuTime::default() };
    let start = clock::now();
    let mut total = Answer::None;
    let alone = Assignment { workers: 1, ..*assignment };
    let shift = work(&alone, 0, &mut |answer| {
        let so_far = std::mem::replace(&mut total, Answer::None);
        total = so_far.combine(answer);
        true
    })?;
    Ok(Region {
        region_ns: shift.end.since_ns(start),
        answer: total,
        workers: vec![shift.span(start)],
        // The thread is not the region's own: what it did before does not count.
        cpu: shift.cpu.since(before),
    })
}
