//! What earlier sessions of a run have done with its trials, read from their events. Pure.
//!
//! Owns which trials are left, which number their next attempt has, and what a record may not
//! hold: an attempt that ended twice, or a trial that is not of the plan.

use std::collections::HashMap;

use crate::analysis::{FamilyStop, Watch};
use crate::design::CellIx;
use crate::event::{Counts, End, Event, Outline, OutlineKind};
use crate::measure::{Measured, Observation, Status};
use crate::plan::Trial;

/// What a row says of an attempt whose end nobody saw.
const LOST: &str = "the runner was gone before it ended";

/// What is known of one trial.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PastTrial {
    /// Number of its last attempt; 0 when there was none.
    pub attempts: u32,
    /// Attempts that do not count against its retries.
    pub free: u32,
    /// How it ended, if it did.
    pub ended: Option<Status>,
    /// It is not run again.
    pub is_done: bool,
    /// It was never run, since its cell was measured often enough.
    pub is_spared: bool,
}

impl PastTrial {
    /// The trial is run again: it is no longer counted as what it was.
    pub fn take_from(self, counts: &mut Counts) {
        if let Some(status) = self.ended {
            *counts.of(status) -= 1;
        }
    }
}

/// What earlier sessions have done; nothing, for a new run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// By planned index.
    trials: Vec<PastTrial>,
    retried: u64,
}

impl Past {
    /// What is known of the trial with planned index `order`.
    #[must_use]
    pub fn trial(&self, order: usize) -> PastTrial {
        self.trials.get(order).copied().unwrap_or_default()
    }

    /// Whether no trial is known of.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.trials.is_empty()
    }

    fn known(&mut self, order: usize) -> &mut PastTrial {
        if order >= self.trials.len() {
            self.trials.resize(order + 1, PastTrial::default());
        }
        &mut self.trials[order]
    }

    /// How many trials are not run again.
    #[must_use]
    pub fn done(&self) -> usize {
        self.trials.iter().filter(|trial| trial.is_done).count()
    }

    /// What has become of the trials of a plan with so many.
    #[must_use]
    pub fn counts(&self, planned: usize) -> Counts {
        let mut counts =
            Counts { planned: planned as u64, retried: self.retried, ..Counts::default() };
        for status in self.trials.iter().filter_map(|trial| trial.ended) {
            *counts.of(status) += 1;
        }
        counts.spared = self.trials.iter().filter(|trial| trial.is_spared).count() as u64;
        counts
    }

    /// Trials that failed, and those that were skipped because of them, are run again, with all
    /// their retries.
    #[must_use]
    pub fn with_failed_again(mut self) -> Self {
        for trial in &mut self.trials {
            let again = trial.ended.is_some_and(|end| end.is_failure() || end == Status::Skipped);
            if again {
                trial.is_done = false;
                trial.free = trial.attempts;
            }
        }
        self
    }
}

/// The events of a run, put together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// What became of the trials.
    pub past: Past,
    /// Attempts that had started when their runner died, as rows in the terms of the plan then in
    /// force; they are part of the past.
    pub lost: Vec<Observation>,
    /// Extensions on record: the plan in force at the end is the one with this number.
    pub extensions: usize,
    /// Number of the last session; 0 when none began.
    pub sessions: u32,
    /// Sessions that went on although something had changed.
    pub changed: Vec<u32>,
    /// Cells that were measured often enough before all their blocks were run.
    pub stops: Vec<FamilyStop>,
    /// How long the sessions took together, in ns.
    pub spent_ns: u64,
}

/// An event that cannot have happened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {seq}: {reason}")]
pub struct Impossible {
    /// Its number.
    pub seq: u64,
    /// Why not.
    pub reason: String,
}

/// The trial with a planned index, if a plan has it.
pub type Planned<'a> = &'a dyn Fn(usize) -> Option<Trial>;

impl History {
    /// Puts the events of earlier sessions together, see [`Reader`].
    ///
    /// # Errors
    /// They cannot have happened in a run of these plans.
    pub fn of(events: &[Event], plans: &[Planned<'_>]) -> Result<Self, Impossible> {
        let mut reader = Reader::new(plans);
        for event in events {
            reader.take(&event.into())?;
        }
        Ok(reader.finish())
    }

    /// Trials of blocks after which their cells have stopped are not run. `trials` are those of
    /// today's plan.
    pub fn spare(&mut self, trials: impl Iterator<Item = Trial>) {
        let mut last: HashMap<CellIx, u32> = HashMap::new();
        for stop in &self.stops {
            last.extend(stop.cells.iter().map(|cell| (*cell, stop.after_block)));
        }
        if last.is_empty() {
            return;
        }
        for trial in trials {
            let block = last.get(&trial.cell).zip(trial.block());
            if block.is_some_and(|(last, block)| block > *last) {
                let known = self.past.known(trial.order as usize);
                if known.ended.is_none() {
                    (known.is_done, known.is_spared) = (true, true);
                }
            }
        }
    }

    /// Tells a watch the decisions on record.
    pub fn recall(&self, watch: &mut Watch) {
        self.stops.iter().for_each(|stop| watch.recall(stop));
    }

    /// Shows a watch a row in the terms of today's plan, if its trial is not run again.
    pub fn show(&self, row: &Observation, watch: &mut Watch) {
        let past = self.past.trial(row.trial.order as usize);
        if past.is_done && row.attempt == past.attempts {
            watch.take(row);
        }
    }
}

/// Takes the events of earlier sessions one after another and keeps what they amount to.
pub struct Reader<'a> {
    /// The plan that the run began with, and each extension; the last one is that of today.
    plans: &'a [Planned<'a>],
    history: History,
    /// Attempts that have started and not ended.
    open: HashMap<usize, Open>,
    /// The latest time of the session, in ns.
    session_ns: u64,
}

/// An attempt under way.
struct Open {
    trial: Trial,
    attempt: u32,
    slot: u32,
    session: u32,
    at_ms: i64,
    elapsed_ns: u64,
}

impl Open {
    /// Its row, if nobody sees its end.
    fn lost(self) -> Observation {
        Observation {
            trial: self.trial,
            attempt: self.attempt,
            slot: self.slot,
            session: self.session,
            started_at_ms: self.at_ms,
            start_offset_ns: self.elapsed_ns,
            measured: Measured::empty(Status::Interrupted).with_note(LOST),
        }
    }
}

impl<'a> Reader<'a> {
    /// Nothing has happened yet. There is at least one plan.
    #[must_use]
    pub fn new(plans: &'a [Planned<'a>]) -> Self {
        Self { plans, history: History::default(), open: HashMap::new(), session_ns: 0 }
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// It cannot have happened.
    pub fn take(&mut self, event: &Outline) -> Result<(), Impossible> {
        self.happened(event).map_err(|reason| Impossible { seq: event.seq, reason })
    }

    fn happened(&mut self, event: &Outline) -> Result<(), String> {
        if matches!(event.kind, OutlineKind::SessionStarted(_)) {
            self.history.spent_ns += std::mem::take(&mut self.session_ns);
        }
        self.session_ns = self.session_ns.max(event.elapsed_ns);
        match &event.kind {
            OutlineKind::SessionStarted(session) => {
                self.nothing_runs("a session begins")?;
                self.history.sessions = session.number;
                if session.changed {
                    self.history.changed.push(session.number);
                }
                Ok(())
            }
            OutlineKind::Extended { number } => {
                self.nothing_runs("the plan is extended")?;
                let next = self.history.extensions + 1;
                if *number as usize != next || next >= self.plans.len() {
                    return Err(format!("extension {number} stands where {next} belongs"));
                }
                self.history.extensions = next;
                // With other cells and repeats it is decided anew.
                self.history.stops.clear();
                Ok(())
            }
            // Journals of the first version have no sessions: theirs is the first one.
            OutlineKind::RunStarted => {
                self.history.sessions = self.history.sessions.max(1);
                Ok(())
            }
            OutlineKind::TrialStarted { order, attempt, slot } => {
                self.started(event, *order as usize, (*attempt, *slot))
            }
            OutlineKind::AttemptFailed(end) => self.ended(end, false),
            OutlineKind::TrialFinished(end) => self.ended(end, true),
            OutlineKind::FamilyStopped(stop) => {
                self.history.stops.push(stop.clone());
                Ok(())
            }
            OutlineKind::HookEnded(_)
            | OutlineKind::CancelRequested(_)
            | OutlineKind::RunFinished(_) => Ok(()),
        }
    }

    fn nothing_runs(&self, what: &str) -> Result<(), String> {
        match self.open.values().min_by_key(|open| open.trial.order) {
            Some(open) => Err(format!("{what} while {} is under way", open.trial.id())),
            None => Ok(()),
        }
    }

    /// In the plan that is in force where the journal is read.
    fn planned(&self, order: usize) -> Option<Trial> {
        (self.plans[self.history.extensions])(order)
    }

    fn started(
        &mut self,
        event: &Outline,
        order: usize,
        (attempt, slot): (u32, u32),
    ) -> Result<(), String> {
        let trial = self
            .planned(order)
            .ok_or_else(|| format!("the plan has no trial with index {order}"))?;
        let known = self.history.past.known(order);
        if attempt != known.attempts + 1 {
            let last = known.attempts;
            return Err(format!("attempt {attempt} of {} follows attempt {last}", trial.id()));
        }
        *known = PastTrial { attempts: attempt, free: known.free, ..PastTrial::default() };
        let session = self.history.sessions;
        let (at_ms, elapsed_ns) = (event.at_ms, event.elapsed_ns);
        self.open.insert(order, Open { trial, attempt, slot, session, at_ms, elapsed_ns });
        Ok(())
    }

    fn ended(&mut self, observation: &End, is_over: bool) -> Result<(), String> {
        let order = observation.trial.order as usize;
        if self.planned(order) != Some(observation.trial) {
            return Err(format!("{} is not of the plan", observation.trial.id()));
        }
        let was_started = self.open.remove(&order).is_some();
        let known = self.history.past.known(order);
        // What is skipped ends without having started.
        let expected = known.attempts + u32::from(!was_started);
        let may_end = was_started || observation.measured.status == Status::Skipped;
        if observation.attempt != expected || !may_end {
            let (attempt, id) = (observation.attempt, observation.trial.id());
            return Err(format!("attempt {attempt} of {id} ends, and is not under way"));
        }
        known.attempts = expected;
        if is_over {
            let status = observation.measured.status;
            known.ended = Some(status);
            known.is_done = status != Status::Interrupted;
            known.free += u32::from(status == Status::Interrupted);
        } else {
            self.history.past.retried += 1;
        }
        Ok(())
    }

    /// What it amounts to. Whatever still runs, its runner is gone. Trials that the plan of today
    /// does not have are no longer counted.
    #[must_use]
    pub fn finish(self) -> History {
        let (mut history, mut open) = (self.history, self.open.into_iter().collect::<Vec<_>>());
        open.sort_unstable_by_key(|(order, _)| *order);
        for (order, open) in open {
            let known = history.past.known(order);
            known.ended = Some(Status::Interrupted);
            known.is_done = false;
            known.free += 1;
            history.lost.push(open.lost());
        }
        if let [_, .., today] = self.plans {
            let trials = history.past.trials.iter_mut().enumerate();
            for (_, gone) in trials.filter(|(order, _)| today(*order).is_none()) {
                *gone = PastTrial::default();
            }
        }
        history.spent_ns += self.session_ns;
        if history.extensions + 1 < self.plans.len() {
            history.stops.clear();
        }
        history
    }
}
