//! What earlier sessions of a run have done with its trials, read from their events. Pure.
//!
//! Owns which trials are left, which number their next attempt has, and what a record may not
//! hold: an attempt that ended twice, or a trial that is not of the plan.

use std::collections::BTreeMap;

use crate::event::{Counts, Event, EventKind};
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
    trials: BTreeMap<usize, PastTrial>,
    retried: u64,
}

impl Past {
    /// What is known of the trial with planned index `order`.
    #[must_use]
    pub fn trial(&self, order: usize) -> PastTrial {
        self.trials.get(&order).copied().unwrap_or_default()
    }

    /// Planned indices of the trials of which something is known, in order.
    pub fn recorded(&self) -> impl Iterator<Item = usize> + '_ {
        self.trials.keys().copied()
    }

    /// How many trials are not run again.
    #[must_use]
    pub fn done(&self) -> usize {
        self.trials.values().filter(|trial| trial.is_done).count()
    }

    /// What has become of the trials of a plan with so many.
    #[must_use]
    pub fn counts(&self, planned: usize) -> Counts {
        let mut counts =
            Counts { planned: planned as u64, retried: self.retried, ..Counts::default() };
        for status in self.trials.values().filter_map(|trial| trial.ended) {
            *counts.of(status) += 1;
        }
        counts
    }

    /// Trials that failed, and those that were skipped because of them, are run again, with all
    /// their retries.
    #[must_use]
    pub fn with_failed_again(mut self) -> Self {
        for trial in self.trials.values_mut() {
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
    /// Attempts that had started when their runner died, as rows; they are part of the past.
    pub lost: Vec<Observation>,
    /// Number of the last session; 0 when none began.
    pub sessions: u32,
    /// Sessions that went on although something had changed.
    pub changed: Vec<u32>,
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

impl History {
    /// Puts the events of earlier sessions together. `planned` gives the trial with a planned
    /// index, if there is one.
    ///
    /// # Errors
    /// They cannot have happened in a run of this plan.
    pub fn of(
        events: &[Event],
        planned: &dyn Fn(usize) -> Option<Trial>,
    ) -> Result<Self, Impossible> {
        let mut reader = Reader { planned, history: Self::default(), open: BTreeMap::new() };
        for event in events {
            reader.take(event).map_err(|reason| Impossible { seq: event.seq, reason })?;
        }
        Ok(reader.finish())
    }
}

struct Reader<'a> {
    planned: &'a dyn Fn(usize) -> Option<Trial>,
    history: History,
    /// Attempts that have started and not ended, as rows of those that never will.
    open: BTreeMap<usize, Observation>,
}

impl Reader<'_> {
    fn take(&mut self, event: &Event) -> Result<(), String> {
        match &event.kind {
            EventKind::SessionStarted(session) => {
                if let Some(open) = self.open.values().next() {
                    let id = open.trial.id();
                    return Err(format!("a session begins while {id} is under way"));
                }
                self.history.sessions = session.number;
                if session.changed {
                    self.history.changed.push(session.number);
                }
                Ok(())
            }
            // Journals of the first version have no sessions: theirs is the first one.
            EventKind::RunStarted => {
                self.history.sessions = self.history.sessions.max(1);
                Ok(())
            }
            EventKind::TrialStarted { order, attempt, slot } => {
                self.started(event, *order as usize, (*attempt, *slot))
            }
            EventKind::AttemptFailed(observation) => self.ended(observation, false),
            EventKind::TrialFinished(observation) => self.ended(observation, true),
            EventKind::HookEnded(_)
            | EventKind::CancelRequested { .. }
            | EventKind::RunFinished { .. } => Ok(()),
        }
    }

    fn started(
        &mut self,
        event: &Event,
        order: usize,
        (attempt, slot): (u32, u32),
    ) -> Result<(), String> {
        let trial = (self.planned)(order)
            .ok_or_else(|| format!("the plan has no trial with index {order}"))?;
        let known = self.history.past.trials.entry(order).or_default();
        if attempt != known.attempts + 1 {
            let last = known.attempts;
            return Err(format!("attempt {attempt} of {} follows attempt {last}", trial.id()));
        }
        *known = PastTrial { attempts: attempt, free: known.free, ..PastTrial::default() };
        let lost = Observation {
            trial,
            attempt,
            slot,
            session: self.history.sessions,
            started_at_ms: event.at_ms,
            start_offset_ns: event.elapsed_ns,
            measured: Measured::empty(Status::Interrupted).with_note(LOST),
        };
        self.open.insert(order, lost);
        Ok(())
    }

    fn ended(&mut self, observation: &Observation, is_over: bool) -> Result<(), String> {
        let order = observation.trial.order as usize;
        if (self.planned)(order) != Some(observation.trial) {
            return Err(format!("{} is not of the plan", observation.trial.id()));
        }
        let known = self.history.past.trials.entry(order).or_default();
        let was_started = self.open.remove(&order).is_some();
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

    /// Whatever still runs, its runner is gone.
    fn finish(mut self) -> History {
        for (order, lost) in self.open {
            let known = self.history.past.trials.entry(order).or_default();
            known.ended = Some(Status::Interrupted);
            known.is_done = false;
            known.free += 1;
            self.history.lost.push(lost);
        }
        self.history
    }
}
