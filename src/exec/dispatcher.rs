//! Decides what happens next. Pure: inputs in, effects out; no clock, no channel, no file.

use std::collections::HashMap;
use std::sync::Arc;

use super::past::{Past, PastTrial};
use crate::analysis::Watch;
use crate::analysis::adaptive;
use crate::design::CellIx;
use crate::event::{CancelReason, Counts, EventKind};
use crate::measure::{Measured, Observation, Status};
use crate::plan::Trial;

/// What the dispatcher is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// Start.
    Begin,
    /// What comes before the first trial is over.
    Opened,
    /// What comes after the last trial is over.
    Closed,
    /// The attempt in this slot ended.
    Ended(Box<Observation>),
    /// The attempt in this slot could not be made, and another one could not either.
    Refused(Box<Observation>),
    /// SIGINT or SIGTERM: the first drains, the second ends running trials, the third kills.
    Interrupt,
    /// SIGHUP: drains, however often it comes.
    HangUp,
    /// Results can no longer be written.
    SinkFailed,
    /// No further trial may begin, so that the run is over in time; retries may.
    TimeUp,
    /// The time for repeats is over: no further block begins of cells that could do with more.
    BudgetSpent,
    /// A trial in this process did not stop; it is recorded and the run ends.
    Stuck(Box<Observation>),
}

/// What the shell loop has to do, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Record this.
    Emit(EventKind),
    /// Do what comes before the first trial, in slot 0, then say [`Input::Opened`].
    Open,
    /// Do what comes after the last trial, in slot 0, then say [`Input::Closed`].
    Close,
    /// Start an attempt.
    Start {
        /// The planned execution.
        trial: Trial,
        /// From 1.
        attempt: u32,
        /// A free slot.
        slot: u32,
    },
    /// Ask what runs in this slot to end: TERM, grace, KILL.
    Terminate {
        /// A busy slot.
        slot: u32,
    },
    /// End what runs in this slot at once.
    Kill {
        /// A busy slot.
        slot: u32,
    },
    /// Nothing more will happen.
    Exit,
}

/// How far the run is on its way to an early end. It only rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CancelLevel {
    /// Not at all.
    Running,
    /// Nothing new starts; running trials finish.
    Draining,
    /// Running trials are asked to end.
    Terminating,
    /// Running trials are killed.
    Killing,
}

/// What the dispatcher needs to know of a plan.
pub trait Agenda {
    /// Number of trials.
    fn trials(&self) -> usize;
    /// The trial that is planned after `at` others.
    fn trial(&self, at: usize) -> Trial;
    /// Further attempts that a failed trial of this kind gets.
    fn retries(&self, trial: &Trial) -> u32;
    /// What a trial takes of the machine while it runs.
    fn need(&self, trial: &Trial) -> Need;
    /// What trials that run at the same time may take together; a trial that needs more than
    /// everything runs alone.
    fn budget(&self) -> Need;
    /// What is not worth starting any more after a timeout of this trial.
    fn after_timeout(&self, trial: &Trial) -> Option<Hopeless>;
}

/// A part of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// CPUs.
    pub cpus: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
}

impl Need {
    fn plus(self, more: Self) -> Self {
        Self {
            cpus: self.cpus.saturating_add(more.cpus),
            memory_bytes: self.memory_bytes.saturating_add(more.memory_bytes),
        }
    }

    fn fits(self, budget: Self) -> bool {
        self.cpus <= budget.cpus && self.memory_bytes <= budget.memory_bytes
    }
}

/// Cells that are not worth starting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hopeless {
    /// The cells.
    pub cells: Vec<CellIx>,
    /// Why, for people.
    pub note: String,
}

/// How far the run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Opening,
    Working,
    Closing,
    Over,
}

/// The state of a run.
#[derive(Debug)]
pub struct Dispatcher<A> {
    agenda: A,
    past: Arc<Past>,
    next: usize,
    /// Cells that are skipped from here on, and why.
    hopeless: HashMap<CellIx, Arc<str>>,
    /// Cells whose repeats are chosen as the run goes.
    watch: Option<Watch>,
    running: Vec<Option<(Trial, u32)>>,
    level: CancelLevel,
    stop_on_failure: bool,
    is_time_up: bool,
    counts: Counts,
    stage: Stage,
}

impl<A: Agenda> Dispatcher<A> {
    /// A run of `agenda` on this many slots, after what earlier sessions of it have done.
    #[must_use]
    pub fn new(agenda: A, slots: u32, stop_on_failure: bool, past: &Arc<Past>) -> Self {
        let counts = past.counts(agenda.trials());
        let mut new = Self {
            agenda,
            past: Arc::clone(past),
            next: 0,
            hopeless: HashMap::new(),
            watch: None,
            running: vec![None; slots.max(1) as usize],
            level: CancelLevel::Running,
            stop_on_failure,
            is_time_up: false,
            counts,
            stage: Stage::Opening,
        };
        let timed_out = |past: PastTrial| past.is_done && past.ended == Some(Status::Timeout);
        for at in 0..if past.is_empty() { 0 } else { new.agenda.trials() } {
            let trial = new.agenda.trial(at);
            if timed_out(past.trial(trial.order as usize)) {
                new.give_up_larger(&trial);
            }
        }
        new
    }

    /// The same with cells whose repeats are chosen as the run goes. What earlier sessions have seen
    /// of them, the watch knows already.
    #[must_use]
    pub fn watching(mut self, watch: Option<Watch>) -> Self {
        self.counts.spared = watch.as_ref().map_or(self.counts.spared, Watch::spared);
        self.watch = watch;
        self
    }

    /// How far the run is on its way to an early end.
    #[must_use]
    pub fn level(&self) -> CancelLevel {
        self.level
    }

    /// What became of the trials so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Trials that have not begun and are not done, in their order.
    pub fn ahead(&self) -> impl Iterator<Item = Trial> + '_ {
        let open = |trial: &Trial| {
            let is_done = self.past.trial(trial.order as usize).is_done;
            !is_done && self.need(trial) != adaptive::Need::Never
        };
        (self.next..self.agenda.trials()).map(|at| self.agenda.trial(at)).filter(open)
    }

    /// Takes one input and appends what is to be done.
    pub fn step(&mut self, input: Input, effects: &mut Vec<Effect>) {
        if self.stage == Stage::Over {
            return;
        }
        match input {
            Input::Begin => {
                effects.push(Effect::Emit(EventKind::RunStarted));
                effects.push(Effect::Open);
            }
            Input::Opened => self.opened(effects),
            Input::Closed => self.closed(effects),
            Input::Ended(observation) => self.ended(observation, true, effects),
            Input::Refused(observation) => self.ended(observation, false, effects),
            Input::Interrupt => self.interrupt(effects),
            Input::HangUp => self.drain(CancelReason::Signal, effects),
            Input::TimeUp => self.time_up(effects),
            Input::BudgetSpent => {
                if let Some(watch) = &mut self.watch {
                    watch.spend_budget();
                }
            }
            Input::SinkFailed => self.drain(CancelReason::Sink, effects),
            Input::Stuck(observation) => {
                self.drain(CancelReason::Stuck, effects);
                self.ended(observation, false, effects);
            }
        }
        self.close_if_done(effects);
    }

    fn opened(&mut self, effects: &mut Vec<Effect>) {
        if self.stage == Stage::Opening {
            self.stage = Stage::Working;
            if let Some(watch) = &mut self.watch {
                watch.begin();
            }
            self.tell_stops(effects);
            self.fill_all(effects);
        }
    }

    fn closed(&mut self, effects: &mut Vec<Effect>) {
        if self.stage == Stage::Closing {
            self.stage = Stage::Over;
            effects.push(Effect::Emit(EventKind::RunFinished { counts: self.counts }));
            effects.push(Effect::Exit);
        }
    }

    fn ended(&mut self, observation: Box<Observation>, may_retry: bool, effects: &mut Vec<Effect>) {
        let slot = observation.slot as usize;
        let Some((trial, attempt)) = self.running.get_mut(slot).and_then(Option::take) else {
            return;
        };
        let status = observation.measured.status;
        let past = self.past.trial(trial.order as usize);
        let again = may_retry
            && status.is_failure()
            && self.level == CancelLevel::Running
            && attempt <= self.agenda.retries(&trial).saturating_add(past.free);
        if again {
            self.counts.retried += 1;
            effects.push(Effect::Emit(EventKind::AttemptFailed(observation)));
            self.start(trial, attempt + 1, slot, effects);
            return;
        }
        *self.counts.of(status) += 1;
        self.finished(observation, effects);
        if status == Status::Timeout {
            self.give_up_larger(&trial);
        }
        if status.is_failure() && self.stop_on_failure {
            self.drain(CancelReason::Failure, effects);
        }
        self.fill_all(effects);
    }

    /// Records the last attempt at a trial, and what follows for its family.
    fn finished(&mut self, observation: Box<Observation>, effects: &mut Vec<Effect>) {
        if let Some(watch) = &mut self.watch
            && (observation.measured.status != Status::Interrupted
                || self.level == CancelLevel::Running)
        {
            watch.take(&observation);
        }
        effects.push(Effect::Emit(EventKind::TrialFinished(observation)));
        self.tell_stops(effects);
    }

    fn tell_stops(&mut self, effects: &mut Vec<Effect>) {
        let Some(watch) = &mut self.watch else { return };
        let stops = watch.decisions();
        self.counts.spared = watch.spared();
        effects.extend(stops.into_iter().map(|stop| Effect::Emit(EventKind::FamilyStopped(stop))));
    }

    fn need(&self, trial: &Trial) -> adaptive::Need {
        self.watch.as_ref().map_or(adaptive::Need::Now, |watch| watch.need(trial))
    }

    fn give_up_larger(&mut self, trial: &Trial) {
        let Some(Hopeless { cells, note }) = self.agenda.after_timeout(trial) else {
            return;
        };
        let note: Arc<str> = note.into();
        for cell in cells {
            self.hopeless.entry(cell).or_insert_with(|| Arc::clone(&note));
        }
    }

    /// Starts what comes next in every free slot, as long as there is room for it. The order is
    /// kept: a trial that has to wait holds those behind it.
    fn fill_all(&mut self, effects: &mut Vec<Effect>) {
        for slot in 0..self.running.len() {
            if self.running[slot].is_none() {
                self.fill(slot, effects);
            }
        }
    }

    fn has_room(&self, trial: &Trial) -> bool {
        let mut running = self.running.iter().flatten().peekable();
        if running.peek().is_none() {
            return true;
        }
        let taken = running.map(|(trial, _)| self.agenda.need(trial));
        taken.fold(self.agenda.need(trial), Need::plus).fits(self.agenda.budget())
    }

    fn fill(&mut self, slot: usize, effects: &mut Vec<Effect>) {
        while !self.starts_no_more() && self.next < self.agenda.trials() {
            let trial = self.agenda.trial(self.next);
            let (past, need) = (self.past.trial(trial.order as usize), self.need(&trial));
            if past.is_done || need == adaptive::Need::Never {
                self.next += 1;
                continue;
            }
            if need == adaptive::Need::Later {
                return;
            }
            let is_hopeless = self.hopeless.contains_key(&trial.cell);
            if !is_hopeless && !self.has_room(&trial) {
                return;
            }
            self.next += 1;
            past.take_from(&mut self.counts);
            let attempt = past.attempts + 1;
            let Some(note) = self.hopeless.get(&trial.cell) else {
                return self.start(trial, attempt, slot, effects);
            };
            let skipped = skipped(trial, attempt, slot, note);
            self.counts.skipped += 1;
            self.finished(Box::new(skipped), effects);
        }
    }

    fn start(&mut self, trial: Trial, attempt: u32, slot: usize, effects: &mut Vec<Effect>) {
        self.running[slot] = Some((trial, attempt));
        let slot = u32::try_from(slot).expect("slots were counted in u32");
        effects.push(Effect::Emit(EventKind::TrialStarted { order: trial.order, attempt, slot }));
        effects.push(Effect::Start { trial, attempt, slot });
    }

    fn drain(&mut self, reason: CancelReason, effects: &mut Vec<Effect>) {
        if self.level == CancelLevel::Running {
            self.level = CancelLevel::Draining;
            effects.push(Effect::Emit(EventKind::CancelRequested { reason }));
        }
    }

    fn time_up(&mut self, effects: &mut Vec<Effect>) {
        if !self.starts_no_more() {
            self.is_time_up = true;
            let reason = CancelReason::TimeUp;
            effects.push(Effect::Emit(EventKind::CancelRequested { reason }));
        }
    }

    fn starts_no_more(&self) -> bool {
        self.is_time_up || self.level > CancelLevel::Running
    }

    fn interrupt(&mut self, effects: &mut Vec<Effect>) {
        match self.level {
            CancelLevel::Running => self.drain(CancelReason::Signal, effects),
            CancelLevel::Draining => {
                self.level = CancelLevel::Terminating;
                effects.extend(self.busy().map(|slot| Effect::Terminate { slot }));
            }
            CancelLevel::Terminating | CancelLevel::Killing => {
                self.level = CancelLevel::Killing;
                effects.extend(self.busy().map(|slot| Effect::Kill { slot }));
            }
        }
    }

    /// Slots in which something runs. What comes before and after all trials runs in slot 0.
    fn busy(&self) -> impl Iterator<Item = u32> + '_ {
        let first = self.stage != Stage::Working;
        (0_u32..)
            .zip(&self.running)
            .filter(move |(slot, running)| running.is_some() || (first && *slot == 0))
            .map(|(slot, _)| slot)
    }

    fn close_if_done(&mut self, effects: &mut Vec<Effect>) {
        let idle = self.running.iter().all(Option::is_none);
        let nothing_left = self.starts_no_more() || self.next >= self.agenda.trials();
        if self.stage == Stage::Working && idle && nothing_left {
            self.stage = Stage::Closing;
            effects.push(Effect::Close);
        }
    }
}

/// The row of a trial that is not started. Its session, and its times, which are those of the
/// decision, whoever records it knows.
fn skipped(trial: Trial, attempt: u32, slot: usize, note: &str) -> Observation {
    Observation {
        trial,
        attempt,
        slot: u32::try_from(slot).expect("slots were counted in u32"),
        session: 1,
        started_at_ms: 0,
        start_offset_ns: 0,
        measured: Measured::empty(Status::Skipped).with_note(note),
    }
}
