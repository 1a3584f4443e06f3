//! The contract between execution and reporting: what happened, as owned values.
//!
//! Events carry facts, never display settings; every event is journalled. Nothing here writes.

mod outline;

use serde::{Deserialize, Serialize};

use crate::analysis::FamilyStop;
use crate::design::{CellIx, HookStep};
use crate::measure::observation::{first, is_false, is_first, is_zero};
use crate::measure::{Observation, Status};
pub use outline::{Came, End, Outline, OutlineKind};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Counts from 0 within a run.
    pub seq: u64,
    /// Wall clock in ms since 1970, for people.
    pub at_ms: i64,
    /// Monotonic time since the start of the session in ns, for arithmetic.
    pub elapsed_ns: u64,
    /// What happened.
    #[serde(rename = "event")]
    pub kind: EventKind,
}

/// A line of a journal that has its number.
pub trait Numbered {
    /// Counts from 0 within a run.
    fn seq(&self) -> u64;
}

impl Numbered for Event {
    fn seq(&self) -> u64 {
        self.seq
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A process took the run up: what follows until the next one is its.
    SessionStarted(Session),
    /// The experiment was extended: indices of cells and trials that follow are those of another
    /// plan. The manifest says more of each.
    Extended {
        /// The extension, from 1.
        number: u32,
        /// Fingerprint of its plan, 64 hex digits.
        plan_sha256: String,
        /// Trials that it has added.
        added: u64,
    },
    /// Its trials are about to start.
    RunStarted,
    /// An attempt is about to start.
    TrialStarted {
        /// Planned index of the trial, from 0.
        order: u32,
        /// From 1; left out of the record when it is 1.
        #[serde(default = "first", skip_serializing_if = "is_first")]
        attempt: u32,
        /// From 0; left out of the record when it is 0.
        #[serde(default, skip_serializing_if = "is_zero")]
        slot: u32,
    },
    /// An attempt failed and another one follows.
    AttemptFailed(Box<Observation>),
    /// The last attempt at a trial ended.
    TrialFinished(Box<Observation>),
    /// Cells were measured often enough: their later blocks are not run.
    FamilyStopped(FamilyStop),
    /// A hook ended.
    HookEnded(HookReport),
    /// No new trial is started from here on.
    CancelRequested {
        /// Why.
        reason: CancelReason,
    },
    /// Nothing more will happen.
    RunFinished {
        /// What became of the trials.
        counts: Counts,
    },
}

/// A process that carries out a run, or a part of it. The manifest says more of each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// From 1 within a run.
    pub number: u32,
    /// Its process number.
    pub pid: u32,
    /// The boot of the machine, as in `/proc/sys/kernel/random/boot_id`.
    pub boot_id: String,
    /// Version of the runner.
    pub runner: String,
    /// Something that could change a number is not as in the first session, and the user went on.
    #[serde(skip_serializing_if = "is_false", default)]
    pub changed: bool,
}

/// How a hook ended. Its time is in no trial's time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookReport {
    /// What it surrounds.
    pub around: HookScope,
    /// Before or after.
    pub step: HookStep,
    /// From its first command's start to its last one's end in ns.
    pub took_ns: u64,
    /// Why it did not succeed, with the tail of its output.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failure: Option<String>,
}

/// What a hook surrounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookScope {
    /// The whole run.
    Run,
    /// All trials of a cell.
    Cell(CellIx),
    /// One attempt at a trial.
    Trial {
        /// Planned index of the trial, from 0.
        order: u32,
        /// From 1.
        attempt: u32,
    },
}

/// Why no new trial is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// SIGINT, SIGTERM or SIGHUP.
    Signal,
    /// `on_failure = "stop"` and a trial failed.
    Failure,
    /// Results can no longer be written.
    Sink,
    /// A trial did not stop when it had to.
    Stuck,
    /// No further block would have ended by the time that was asked for.
    TimeUp,
}

/// What became of the trials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Trials planned.
    pub planned: u64,
    /// Trials that ended with status `ok`.
    pub ok: u64,
    /// Trials whose last attempt failed in any way.
    pub failed: u64,
    /// Trials that were ended with the run.
    pub interrupted: u64,
    /// Attempts that failed and were followed by another one.
    pub retried: u64,
    /// Trials that were not started on purpose.
    #[serde(default)]
    pub skipped: u64,
    /// Trials that were not needed, since the medians were known well enough or the time for them
    /// was over.
    #[serde(default, skip_serializing_if = "is_none_spared")]
    pub spared: u64,
}

/// Whether a count is left out of the record.
fn is_none_spared(count: &u64) -> bool {
    *count == 0
}

impl Counts {
    /// Where a trial whose last attempt ended like this is counted.
    pub fn of(&mut self, status: Status) -> &mut u64 {
        match status {
            Status::Ok => &mut self.ok,
            Status::Interrupted => &mut self.interrupted,
            Status::Skipped => &mut self.skipped,
            _ => &mut self.failed,
        }
    }

    /// Trials that were never started, and should have been.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.planned - self.ok - self.failed - self.interrupted - self.skipped - self.spared
    }
}

/// How soon what was recorded has to be on its way to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settle {
    /// Before the next trial starts.
    Now,
    /// Within a millisecond or 64 trials, whichever is first: trials of microseconds follow.
    Soon,
    /// Nothing follows: synced as well.
    Final,
}

/// A recorder of events. Called by one thread, between trials only.
pub trait Sink: Send {
    /// Takes note of an event; may buffer it until [`Sink::settle`].
    fn event(&mut self, event: &Event) -> Result<(), SinkError>;

    /// Writes out what was buffered. `elapsed_ns` is monotonic time since the start of the session.
    fn settle(&mut self, settle: Settle, elapsed_ns: u64) -> Result<(), SinkError>;
}

/// A record that can no longer be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {name}: {source}")]
pub struct SinkError {
    /// The file.
    pub name: String,
    /// What the operating system says.
    pub source: std::io::Error,
}
