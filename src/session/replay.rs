//! What the journal of a run says, read back from the disk.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::Planned;
use crate::analysis::FamilyStop;
use crate::event::{CancelReason, Event, EventKind, HookReport, HookScope};
use crate::measure::Observation;
use crate::report::journal::{self, Header, ReadError};

/// Name of the journal.
pub(super) const JOURNAL: &str = "journal.jsonl";

/// A row whose cell the experiment of today does not have.
#[derive(Debug)]
pub(super) struct Gone {
    /// The attempt, in the terms of the plan that was in force.
    pub(super) row: Observation,
    /// That plan, from 0.
    pub(super) version: usize,
}

/// A run's record, as far as tables and screens are made of it.
#[derive(Debug)]
pub(super) struct Replay {
    /// The first line.
    pub(super) header: Header,
    /// Every attempt at a trial of today's plan, in its terms and in the planned order.
    pub(super) observations: Vec<Observation>,
    /// The others, in the planned order.
    pub(super) gone: Vec<Gone>,
    /// Cells that were measured often enough before all their blocks were run.
    pub(super) stops: Vec<FamilyStop>,
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
    pub(super) fn read(run_dir: &Path, planned: &Planned) -> Result<Self, ReadError> {
        let mut journal = open(run_dir)?;
        let mut replay = Self {
            header: journal.header.clone(),
            observations: Vec::new(),
            gone: Vec::new(),
            stops: Vec::new(),
            complaints: Vec::new(),
            changed: Vec::new(),
            cancelled: None,
            elapsed_ns: 0,
        };
        let mut terms = Terms::new(planned);
        while let Some(event) = journal.event()? {
            replay.elapsed_ns = event.elapsed_ns;
            match terms.row(event) {
                Ok(Taken::Row(row)) => replay.observations.push(*row),
                Ok(Taken::Gone(row)) => {
                    replay.gone.push(Gone { row: *row, version: terms.version });
                }
                Ok(Taken::Other(event)) => replay.take(event),
                Err(reason) => return Err(journal.refuse(reason)),
            }
        }
        replay.gone.sort_unstable_by_key(|gone| (gone.row.trial.order, gone.row.attempt));
        replay.observations.sort_unstable_by_key(|row| (row.trial.order, row.attempt));
        Ok(replay)
    }

    fn take(&mut self, event: Event) {
        match event.kind {
            EventKind::FamilyStopped(stop) => self.stops.push(stop),
            EventKind::HookEnded(report) => self.complaints.extend(complaint(&report)),
            EventKind::SessionStarted(session) => {
                self.cancelled = None;
                self.changed.extend(session.changed.then_some(session.number));
            }
            EventKind::CancelRequested { reason } => self.cancelled = Some(reason),
            // With other cells and repeats it is decided anew.
            EventKind::Extended { .. } => self.stops.clear(),
            EventKind::TrialFinished(_)
            | EventKind::AttemptFailed(_)
            | EventKind::RunStarted
            | EventKind::TrialStarted { .. }
            | EventKind::RunFinished { .. } => {}
        }
    }
}

/// Every attempt on record at a trial of today's plan, in its terms, in the order of the journal.
///
/// # Errors
/// The journal cannot be read, or is damaged.
pub(super) fn each_row(
    run_dir: &Path,
    planned: &Planned,
    mut take: impl FnMut(&Observation),
) -> Result<(), ReadError> {
    let mut journal = open(run_dir)?;
    let mut terms = Terms::new(planned);
    while let Some(event) = journal.event()? {
        match terms.row(event) {
            Ok(Taken::Row(row)) => take(&row),
            Ok(_) => {}
            Err(reason) => return Err(journal.refuse(reason)),
        }
    }
    Ok(())
}

/// Opens the journal in the directory of a run.
///
/// # Errors
/// It is not there, or has no first line.
pub(super) fn open(run_dir: &Path) -> Result<journal::Reader<BufReader<File>>, ReadError> {
    let file = File::open(run_dir.join(JOURNAL))?;
    journal::Reader::open(BufReader::with_capacity(1 << 16, file))
}

/// An event in the terms of today's plan.
pub(super) enum Taken {
    /// A row.
    Row(Box<Observation>),
    /// A row of a trial that today's plan does not have, in the terms of its own.
    Gone(Box<Observation>),
    /// Something else.
    Other(Event),
}

/// Translates rows into the terms of today's plan, event after event.
pub(super) struct Terms<'a> {
    planned: &'a Planned,
    /// The plan in force, from 0.
    version: usize,
}

impl<'a> Terms<'a> {
    /// At the beginning of a journal.
    pub(super) fn new(planned: &'a Planned) -> Self {
        Self { planned, version: 0 }
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// It is not one of the plan in force.
    pub(super) fn row(&mut self, event: Event) -> Result<Taken, String> {
        let mut row = match event.kind {
            EventKind::TrialFinished(row) | EventKind::AttemptFailed(row) => row,
            EventKind::Extended { number, ref plan_sha256, .. } => {
                self.version += 1;
                let plan = match self.planned.earlier.get(self.version) {
                    Some(version) => &version.plan,
                    None => &self.planned.plan,
                };
                let is_known = self.version <= self.planned.earlier.len();
                if !is_known || self.version != number as usize {
                    return Err(format!("extension {number} is not on record"));
                }
                if plan.fingerprint() != plan_sha256 {
                    return Err(format!("extension {number} is of another plan"));
                }
                return Ok(Taken::Other(event));
            }
            _ => return Ok(Taken::Other(event)),
        };
        let order = row.trial.order as usize;
        let today = self.planned.plan.of_order(order);
        let then = match self.planned.earlier.get(self.version) {
            Some(version) => version.plan.of_order(order),
            None => today,
        };
        if then != Some(row.trial) {
            return Err(format!("{} is not of the plan", row.trial.id()));
        }
        Ok(match today {
            Some(trial) => {
                row.trial = trial;
                Taken::Row(row)
            }
            None => Taken::Gone(row),
        })
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
