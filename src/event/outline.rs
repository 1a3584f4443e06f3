//! An event as far as it says what became of trials: what a run of a million trials is read as when
//! it is gone on with.
//!
//! The rest of a line is still checked to be JSON, and is not kept.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Event, EventKind, Numbered, Session};
use crate::analysis::FamilyStop;
use crate::measure::observation::first;
use crate::measure::{Observation, Status};
use crate::plan::Trial;

/// An event without what was measured.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Outline {
    /// Counts from 0 within a run.
    pub seq: u64,
    /// Wall clock in ms since 1970.
    pub at_ms: i64,
    /// Monotonic time since the start of the session in ns.
    pub elapsed_ns: u64,
    /// What happened.
    #[serde(rename = "event")]
    pub kind: OutlineKind,
}

/// What happened, by the names of [`EventKind`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutlineKind {
    /// A process took the run up.
    SessionStarted(Session),
    /// The experiment was extended.
    Extended {
        /// The extension, from 1.
        number: u32,
    },
    /// Its trials are about to start.
    RunStarted,
    /// An attempt is about to start.
    TrialStarted {
        /// Planned index of the trial, from 0.
        order: u32,
        /// From 1.
        #[serde(default = "first")]
        attempt: u32,
        /// From 0.
        #[serde(default)]
        slot: u32,
    },
    /// An attempt failed and another one follows.
    AttemptFailed(End),
    /// The last attempt at a trial ended.
    TrialFinished(End),
    /// Cells were measured often enough: their later blocks are not run.
    FamilyStopped(FamilyStop),
    /// A hook ended.
    HookEnded(IgnoredAny),
    /// No new trial is started from here on.
    CancelRequested(IgnoredAny),
    /// Nothing more will happen.
    RunFinished(IgnoredAny),
}

/// The end of an attempt.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct End {
    /// Which planned execution.
    pub trial: Trial,
    /// From 1.
    #[serde(default = "first")]
    pub attempt: u32,
    /// What it came to.
    pub measured: Came,
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Came {
    /// How it ended.
    pub status: Status,
}

impl Numbered for Outline {
    fn seq(&self) -> u64 {
        self.seq
    }
}

impl From<&Observation> for End {
    fn from(row: &Observation) -> Self {
        let measured = Came { status: row.measured.status };
        Self { trial: row.trial, attempt: row.attempt, measured }
    }
}

impl From<&Event> for Outline {
    fn from(event: &Event) -> Self {
        let kind = match &event.kind {
            EventKind::SessionStarted(session) => OutlineKind::SessionStarted(session.clone()),
            EventKind::Extended { number, .. } => OutlineKind::Extended { number: *number },
            EventKind::RunStarted => OutlineKind::RunStarted,
            &EventKind::TrialStarted { order, attempt, slot } => {
                OutlineKind::TrialStarted { order, attempt, slot }
            }
            EventKind::AttemptFailed(row) => OutlineKind::AttemptFailed((&**row).into()),
            EventKind::TrialFinished(row) => OutlineKind::TrialFinished((&**row).into()),
            EventKind::FamilyStopped(stop) => OutlineKind::FamilyStopped(stop.clone()),
            EventKind::HookEnded(_) => OutlineKind::HookEnded(IgnoredAny),
            EventKind::CancelRequested { .. } => OutlineKind::CancelRequested(IgnoredAny),
            EventKind::RunFinished { .. } => OutlineKind::RunFinished(IgnoredAny),
        };
        let Event { seq, at_ms, elapsed_ns, .. } = *event;
        Self { seq, at_ms, elapsed_ns, kind }
    }
}
