//! What it means that a trial has passed a limit.

use crate::design::bytes;
use crate::measure::Status;
use crate::process::{Exit, Limit, Limits};

/// The status of a trial that has passed a limit. There is no word of its own for too many
/// processes: such a trial has failed, and the note says by what.
#[must_use]
pub fn status(limit: Limit) -> Status {
    match limit {
        Limit::Cpu => Status::CpuLimit,
        Limit::Memory => Status::Oom,
        Limit::Output | Limit::FileSize => Status::OutputLimit,
        Limit::Processes => Status::Failed,
    }
}

/// For people: the limit, and how the trial was ended.
#[must_use]
pub fn note(limit: Limit, limits: &Limits, exit: &Exit) -> String {
    let size = |bytes: Option<u64>| bytes::render(bytes.unwrap_or(0));
    let what = match limit {
        Limit::Cpu => format!("more than {:?} of CPU time", limits.cpu.unwrap_or_default()),
        Limit::Memory => format!("more than {} of memory", size(limits.memory_bytes)),
        Limit::Output => format!("more than {} of output", size(limits.output_bytes)),
        Limit::FileSize => format!("a file of more than {}", size(limits.file_bytes)),
        Limit::Processes => {
            format!("more than {} processes and threads", limits.processes.unwrap_or(0))
        }
    };
    let how = match (exit.killed, exit.terminated, limit) {
        (true, ..) => ": killed",
        (false, _, Limit::Cpu | Limit::Output | Limit::Processes) => ": ended",
        _ => "",
    };
    format!("{what}{how}")
}
