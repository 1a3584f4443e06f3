//! What the journal of a run says, read back from the disk.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use crate::event::{CancelReason, Event, EventKind, HookReport, HookScope};
use crate::measure::Observation;
use crate::report::journal::{self, Header, ReadError};

/// Name of the journal.
pub(super) const JOURNAL: &str = "journal.jsonl";

/// A run's record, as far as tables and screens are made of it.
#[derive(Debug)]
pub(super) struct Replay {
    /// The first line.
    pub(super) header: Header,
    /// Every attempt, in the planned order.
    pub(super) observations: Vec<Observation>,
    /// Hooks of the run and of cells that failed: no row speaks of them.
    pub(super) complaints: Vec<String>,
    /// Sessions that went on although something had changed.
    pub(super) changed: Vec<u32>,
    /// Why the last session started no more trials, if it did.
    pub(super) cancelled: Option<CancelReason>,
    /// Time that all sessions took together, in ns.
    pub(super) elapsed_ns: u64,
}

impl Replay {
    /// Reads the journal in the directory of a run.
    ///
    /// # Errors
    /// It cannot be read, or is damaged.
    pub(super) fn read(run_dir: &Path) -> Result<Self, ReadError> {
        let file = File::open(run_dir.join(JOURNAL))?;
        let contents = journal::read(BufReader::new(file))?;
        let mut replay = Self {
            header: contents.header,
            observations: Vec::new(),
            complaints: Vec::new(),
            changed: Vec::new(),
            cancelled: None,
            elapsed_ns: contents.events.last().map_or(0, |event| event.elapsed_ns),
        };
        contents.events.into_iter().for_each(|event| replay.take(event));
        replay.observations.sort_by_key(|row| (row.trial.order, row.attempt));
        Ok(replay)
    }

    fn take(&mut self, event: Event) {
        match event.kind {
            EventKind::TrialFinished(row) | EventKind::AttemptFailed(row) => {
                self.observations.push(*row);
            }
            EventKind::HookEnded(report) => self.complaints.extend(complaint(&report)),
            EventKind::SessionStarted(session) => {
                self.cancelled = None;
                self.changed.extend(session.changed.then_some(session.number));
            }
            EventKind::CancelRequested { reason } => self.cancelled = Some(reason),
            EventKind::RunStarted
            | EventKind::TrialStarted { .. }
            | EventKind::RunFinished { .. } => {}
        }
    }
}

fn complaint(report: &HookReport) -> Option<String> {
    let HookReport { around, step, failure: Some(failure), .. } = report else { return None };
    let whose = match around {
        HookScope::Run => "the run".to_owned(),
        HookScope::Cell(cell) => format!("cell {}", cell.id()),
        HookScope::Trial { .. } => return None,
    };
    Some(format!("{} of {whose}: {failure}", step.as_str()))
}
