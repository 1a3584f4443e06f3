//! One attempt at one trial: the tidy row before it is text.

use serde::{Deserialize, Serialize};

use super::rare::{Conditions, Rare, Resources};
use super::status::Status;
use crate::plan::Trial;
use crate::process::{CpuMethod, MemoryMethod};

/// When one worker worked, as offsets from the start of the region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "(u64, u64)", from = "(u64, u64)")]
pub struct WorkerSpan {
    /// First task begun, in ns.
    pub start_ns: u64,
    /// Last task ended, in ns.
    pub end_ns: u64,
}

impl From<WorkerSpan> for (u64, u64) {
    fn from(span: WorkerSpan) -> Self {
        (span.start_ns, span.end_ns)
    }
}

impl From<(u64, u64)> for WorkerSpan {
    fn from((start_ns, end_ns): (u64, u64)) -> Self {
        Self { start_ns, end_ns }
    }
}

/// One attempt at one trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Which planned execution.
    pub trial: Trial,
    /// 1 for the first attempt, and then left out of the record.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub attempt: u32,
    /// The slot it ran in, from 0, and then left out of the record.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub slot: u32,
    /// The session in which it ran, from 1, and then left out of the record.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub session: u32,
    /// Wall clock at the start, in ms since 1970.
    pub started_at_ms: i64,
    /// Monotonic start since the start of the session, in ns.
    pub start_offset_ns: u64,
    /// How it ended and what was measured.
    pub measured: Measured,
}

/// How an attempt ended and what was measured. `None` = not measured or not defined.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// How it ended.
    pub status: Status,
    /// The primary time in ns: the region for kernels, spawn to reap for commands. For a timeout,
    /// the time until it was ended: the true value is larger.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub time_ns: Option<u64>,
    /// The answer, as the program or kernel gave it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub answer: Option<String>,
    /// User metrics in stored units, by the workload's own list; missing ones are `None`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub metrics: Vec<Option<f64>>,
    /// Spawn to reap of a kernel's child, in ns.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub process_ns: Option<u64>,
    /// User CPU time in ns.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user_ns: Option<u64>,
    /// System CPU time in ns.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sys_ns: Option<u64>,
    /// Each run of the kernel inside the trial, in ns, when there are several.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub iterations_ns: Vec<u64>,
    /// When each worker worked; of the last iteration.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub workers: Vec<WorkerSpan>,
    /// Units of work done.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub work_units: Option<u64>,
    /// Peak resident set in bytes; `None` with `memory_floor` when it is not above the
    /// launcher's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub max_rss_bytes: Option<u64>,
    /// The peak was at or below the launcher's own, so that it says nothing.
    #[serde(skip_serializing_if = "is_false", default)]
    pub memory_floor: bool,
    /// How the CPU time of processes was measured; `wait4_tree` in records without it. Not there
    /// when it was that of threads.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cpu_method: Option<CpuMethod>,
    /// How the peak memory was measured; left out for `wait4`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub memory_method: Option<MemoryMethod>,
    /// Another trial of this run ran at the same time.
    #[serde(skip_serializing_if = "is_false", default)]
    pub shared: bool,
    /// The runner was stopped and went on while it ran.
    #[serde(skip_serializing_if = "is_false", default)]
    pub stopped: bool,
    /// Exit code, when it ended by itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exit_code: Option<i32>,
    /// Number of the signal that ended it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signal: Option<i32>,
    /// SHA-256 of standard output, 64 hex digits, for commands.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub output_digest: Option<String>,
    /// The answer was compared with a known one: whether it was equal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expected: Option<bool>,
    /// What a person should know, in at most 200 characters.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
    /// What else it used.
    #[serde(flatten)]
    pub resources: Rare<Resources>,
    /// Under which conditions it ran.
    #[serde(flatten)]
    pub conditions: Rare<Conditions>,
}

impl Measured {
    /// Only a status: for trials that never ran.
    #[must_use]
    pub fn empty(status: Status) -> Self {
        Self {
            status,
            time_ns: None,
            answer: None,
            metrics: Vec::new(),
            process_ns: None,
            user_ns: None,
            sys_ns: None,
            iterations_ns: Vec::new(),
            workers: Vec::new(),
            work_units: None,
            max_rss_bytes: None,
            memory_floor: false,
            cpu_method: None,
            memory_method: None,
            shared: false,
            stopped: false,
            exit_code: None,
            signal: None,
            output_digest: None,
            expected: None,
            note: None,
            resources: Rare::default(),
            conditions: Rare::default(),
        }
    }

    /// The same with a note, cut to 200 characters on one line.
    #[must_use]
    pub fn with_note(mut self, note: &str) -> Self {
        let line: String =
            note.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
        self.note = Some(line.trim().to_owned());
        self
    }
}

pub(crate) fn is_false(value: &bool) -> bool {
    !*value
}

/// Number of the first attempt, and of the first session: what a record without one means.
pub(crate) fn first() -> u32 {
    1
}

pub(crate) fn is_first(number: &u32) -> bool {
    *number == first()
}

pub(crate) fn is_zero(value: &u32) -> bool {
    *value == 0
}
