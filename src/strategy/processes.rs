//! `processes`: workers are fresh copies of the runner (exec, not fork); answers come back through
//! pipes.
//!
//! Owns both sides of that pipe. A worker sends a message for every answer and one for its end; one
//! that dies, sends garbage, too much or too little is an error with the reason, never a hang.

use std::io::{self, Write};

use num_bigint::BigInt;
use serde::{Deserialize, Serialize};

use super::{Assignment, Region, RegionError, Registered, Shift, tasks_of, work};
use crate::clock;
use crate::design::{StrategyKind, StrategySignature};
use crate::process::worker::{Stopped, Worker, WorkerCommand, collect};
use crate::process::{CpuTime, Ending, FrameError, read_frame, write_frame};
use crate::workload::Answer;

/// The registry line.
pub const STRATEGY: Registered =
    Registered { kind: StrategyKind::Processes, signature: &SIGNATURE, run: Some(run) };

static SIGNATURE: StrategySignature = StrategySignature {
    name: "processes",
    about: "workers are fresh processes, answers come back through pipes; runs a command's tasks side by side",
    example: "[strategies]\nmulticore = { kind = \"processes\", workers = 2 }\n",
};

/// Longest message in bytes: an answer of a million digits.
const MESSAGE_LIMIT: usize = 1 << 20;

/// Most bytes that one worker may send.
const OUTPUT_LIMIT: usize = 64 << 20;

/// Exit code of a worker that has reported why it failed.
pub const FAILED_CODE: u8 = 1;

/// One message of a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WireReport {
    /// The answer of one task, in decimal.
    Answer(Option<String>),
    /// All tasks are done; times on `CLOCK_MONOTONIC`.
    End { start_ns: u64, end_ns: u64, user_ns: u64, sys_ns: u64 },
    /// The kernel panicked.
    Panic(String),
}

fn run(assignment: &Assignment<'_>) -> Result<Region, RegionError> {
    let start = clock::now();
    let crew = (0..assignment.workers)
        .map(|worker| spawn(assignment, worker))
        .collect::<Result<Vec<Worker>, RegionError>>()?;
    let outputs = collect(crew, OUTPUT_LIMIT, &|| assignment.cancel.is_set()).map_err(failure)?;
    let mut answer = Answer::None;
    let mut shifts = Vec::with_capacity(outputs.len());
    for (worker, output) in (0..).zip(&outputs) {
        let tasks = tasks_of(worker, assignment.workers, assignment.shares.len());
        let (partial, shift) = read(output, tasks).map_err(|error| error.of(worker))?;
        answer = answer.combine(partial);
        shifts.push(shift);
    }
    Ok(Region {
        region_ns: clock::now().since_ns(start),
        answer,
        workers: shifts.iter().map(|shift| shift.span(start)).collect(),
        cpu: CpuTime {
            user_ns: shifts.iter().map(|shift| shift.cpu.user_ns).sum(),
            sys_ns: shifts.iter().map(|shift| shift.cpu.sys_ns).sum(),
        },
    })
}

fn spawn(assignment: &Assignment<'_>, worker: u32) -> Result<Worker, RegionError> {
    let spawn = &assignment.spawn;
    let command = WorkerCommand { program: spawn.exe, own_group: spawn.own_group };
    let mut arguments = spawn.argv.to_vec();
    arguments.push(worker.to_string());
    Worker::spawn(command, &arguments).map_err(|error| RegionError::Worker {
        worker,
        reason: format!("could not be started: {error}"),
    })
}

/// What is wrong with the output of a worker that ended well.
#[derive(Debug, thiserror::Error)]
enum OutputError {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("sent a message that cannot be understood")]
    Message,
    #[error("sent {sent} answers for {tasks} tasks")]
    Count { sent: usize, tasks: usize },
    #[error("ended before its last message")]
    NoEnd,
    #[error("sent more after its end")]
    Trailing,
    #[error("panic: {0}")]
    Panic(String),
}

impl OutputError {
    fn of(self, worker: u32) -> RegionError {
        match self {
            Self::Panic(text) => RegionError::Panic(text),
            other => RegionError::Worker { worker, reason: other.to_string() },
        }
    }
}

/// The answers of a worker as one, and its times.
fn read(mut output: &[u8], tasks: usize) -> Result<(Answer, Shift), OutputError> {
    let mut answer = Answer::None;
    let mut sent = 0;
    let shift = loop {
        let frame = match read_frame(&mut output, MESSAGE_LIMIT) {
            Err(FrameError::Empty) if sent > 0 => return Err(OutputError::NoEnd),
            frame => frame?,
        };
        match serde_json::from_slice(&frame).map_err(|_| OutputError::Message)? {
            WireReport::Answer(text) => {
                answer = answer.combine(parse(text)?);
                sent += 1;
            }
            WireReport::Panic(text) => return Err(OutputError::Panic(text)),
            WireReport::End { start_ns, end_ns, user_ns, sys_ns } => {
                break Shift {
                    start: clock::Instant(start_ns),
                    end: clock::Instant(end_ns),
                    cpu: CpuTime { user_ns, sys_ns },
                };
            }
        }
    };
    if sent != tasks {
        return Err(OutputError::Count { sent, tasks });
    }
    if !output.is_empty() {
        return Err(OutputError::Trailing);
    }
    Ok((answer, shift))
}

fn parse(text: Option<String>) -> Result<Answer, OutputError> {
    let Some(text) = text else {
        return Ok(Answer::None);
    };
    let sum: BigInt = text.parse().map_err(|_| OutputError::Message)?;
    Ok(Answer::Sum(sum))
}

/// The reason why workers were stopped. A panic that was reported explains an exit code.
fn failure(stopped: Stopped) -> RegionError {
    let (worker, reason) = match stopped {
        Stopped::Asked => return RegionError::Cancelled,
        Stopped::Ended { worker, ending, output } => match read(&output, usize::MAX) {
            Err(OutputError::Panic(text)) => return RegionError::Panic(text),
            _ => (worker, describe(&ending)),
        },
        Stopped::TooMuch { worker } => {
            (worker, format!("sent more than the limit of {OUTPUT_LIMIT} bytes"))
        }
        Stopped::Io { worker, error } => (worker, format!("could not be read: {error}")),
    };
    RegionError::Worker {
        worker: u32::try_from(worker).expect("the number of workers is a u32"),
        reason,
    }
}

fn describe(ending: &Ending) -> String {
    match ending {
        Ending::Exited(code) => format!("ended with exit code {code}"),
        Ending::Signalled(signal) => format!("ended by signal {signal}"),
        Ending::NotStarted { errno, call } => {
            format!("could not be started: {call}: errno {errno}")
        }
    }
}

/// The other side: the work of one worker process, its messages written to `out`. Returns whether
/// the tasks were done; an error means that the parent is gone.
pub fn serve(assignment: &Assignment<'_>, worker: u32, out: &mut dyn Write) -> io::Result<bool> {
    let mut broken = Ok(());
    let shift = work(assignment, worker, &mut |answer| {
        let text = match answer {
            Answer::None => None,
            Answer::Sum(sum) => Some(sum.to_string()),
        };
        broken = send(out, &WireReport::Answer(text));
        broken.is_ok()
    });
    broken?;
    let (report, done) = match shift {
        Ok(shift) => (
            WireReport::End {
                start_ns: shift.start.0,
                end_ns: shift.end.0,
                user_ns: shift.cpu.user_ns,
                sys_ns: shift.cpu.sys_ns,
            },
            true,
        ),
        Err(error) => (WireReport::Panic(panic_text(&error)), false),
    };
    send(out, &report)?;
    Ok(done)
}

fn panic_text(error: &RegionError) -> String {
    match error {
        RegionError::Panic(text) => text.clone(),
        other => other.to_string(),
    }
}

fn send(out: &mut dyn Write, report: &WireReport) -> io::Result<()> {
    write_frame(out, &serde_json::to_vec(report)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(reports: &[WireReport]) -> Vec<u8> {
        let mut out = Vec::new();
        for report in reports {
            send(&mut out, report).unwrap();
        }
        out
    }

    fn end() -> WireReport {
        WireReport::End { start_ns: 5, end_ns: 9, user_ns: 3, sys_ns: 1 }
    }

    fn answer(text: &str) -> WireReport {
        WireReport::Answer(Some(text.to_owned()))
    }

    fn reason(output: &[u8], tasks: usize) -> String {
        read(output, tasks).unwrap_err().of(1).to_string()
    }

    #[test]
    fn answers_of_any_size_add_up() {
        let output = stream(&[answer("499999666667166666000000"), answer("1"), end()]);
        let (sum, shift) = read(&output, 2).unwrap();
        let expected: BigInt = "499999666667166666000001".parse().unwrap();
        assert_eq!(sum, Answer::Sum(expected));
        assert_eq!((shift.start.0, shift.end.0), (5, 9));
    }

    #[test]
    fn every_wrong_output_is_told_apart() {
        assert_eq!(reason(b"", 1), "worker 1: sent nothing");
        let garbage = "worker 1: sent something that is not a message";
        assert_eq!(reason(b"Traceback (most recent call last)", 1), garbage);
        let few = stream(&[answer("1"), end()]);
        assert_eq!(reason(&few, 2), "worker 1: sent 1 answers for 2 tasks");
        let cut = "worker 1: its message was cut off";
        assert_eq!(reason(&few[..few.len() - 1], 1), cut);
        let more = stream(&[end(), end()]);
        assert_eq!(reason(&more, 0), "worker 1: sent more after its end");
        let odd = stream(&[answer("one"), end()]);
        let message = "worker 1: sent a message that cannot be understood";
        assert_eq!(reason(&odd, 1), message);
        let panic = stream(&[WireReport::Panic("oh".to_owned())]);
        assert_eq!(reason(&panic, 1), "panic: oh");
    }

    #[test]
    fn a_worker_that_stops_between_two_messages_is_not_complete() {
        let output = stream(&[answer("1")]);
        assert_eq!(reason(&output, 1), "worker 1: ended before its last message");
    }

    #[test]
    fn a_message_longer_than_the_limit_is_refused_before_it_is_read() {
        let large = answer(&"7".repeat(MESSAGE_LIMIT));
        assert!(reason(&stream(&[large, end()]), 1).contains("longer than the limit"));
    }
}
