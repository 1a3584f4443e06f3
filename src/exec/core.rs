//! The state that the shell loop works on: dispatcher, record and the time of the run.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::PathBuf;

use super::cells::CellBook;
use super::dispatcher::{Agenda, CancelLevel, Dispatcher, Effect, Hopeless, Input, Need};
use super::pace::Pace;
use super::past::Past;
use super::pins;
use crate::analysis::Watch;
use crate::clock::{self, Instant};
use crate::design::{Cell, Cpus, Experiment, Isolation, Matrix, OnFailure, Order, Protocol};
use crate::event::{CancelReason, Counts, Event, EventKind, Settle, Sink, SinkError};
use crate::host::Root;
use crate::host::memory::Memory;
use crate::host::probe::Before;
use crate::measure::{Measured, Observation, Status};
use crate::plan::{Plan, Trial};
use crate::trial::Setting;
use std::sync::Arc;

/// Everything that a run works with, fixed before the first trial.
#[derive(Debug)]
pub struct Run {
    /// The validated file.
    pub experiment: Arc<Experiment>,
    /// Its cells.
    pub matrix: Arc<Matrix>,
    /// Its trials.
    pub plan: Arc<Plan>,
    /// The environment of the runner when the run began.
    pub base_env: Vec<(OsString, OsString)>,
    /// This binary.
    pub exe: PathBuf,
    /// The directory of the run.
    pub run_dir: PathBuf,
    /// For each cell: why its trials cannot be started, if so.
    pub blocked: Vec<Option<Blocked>>,
    /// Keep the output of every trial and not only of failed ones.
    pub keep_output: bool,
    /// The session of the run that this is, from 1.
    pub session: u32,
    /// Number of the first event.
    pub first_seq: u64,
    /// What earlier sessions have done.
    pub past: Arc<Past>,
    /// When the session must be over, in ms since 1970, if that was asked for.
    pub by_ms: Option<i64>,
    /// Cells whose repeats are chosen as the run goes, with what earlier sessions have seen of them.
    pub watch: Option<Watch>,
    /// How long earlier sessions took, in ns.
    pub spent_ns: u64,
}

/// Why the trials of a cell become failed rows without being started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// What the rows say.
    pub status: Status,
    /// Why, for people.
    pub note: String,
}

impl Run {
    /// The view that the trial room takes.
    #[must_use]
    pub fn setting(&self) -> Setting<'_> {
        Setting {
            experiment: &self.experiment,
            matrix: &self.matrix,
            plan: &self.plan,
            base_env: &self.base_env,
            exe: &self.exe,
            run_dir: &self.run_dir,
        }
    }

    /// Whether the trials of a cell run in this process.
    #[must_use]
    pub fn is_inline(&self, trial: &Trial) -> bool {
        self.is_inline_cell(self.matrix.cell(trial.cell))
    }

    fn is_inline_cell(&self, cell: &Cell) -> bool {
        let workload = &self.experiment.workloads[cell.workload];
        matches!(workload.action, crate::design::Action::Kernel(_))
            && self.matrix.protocol(cell).isolation == Isolation::Thread
    }

    /// The protocol of a trial's cell.
    #[must_use]
    pub fn protocol(&self, trial: &Trial) -> &Protocol {
        self.matrix.protocol(self.matrix.cell(trial.cell))
    }

    /// Whether anything is run around trials or cells.
    #[must_use]
    pub fn has_hooks(&self) -> bool {
        self.experiment.workloads.iter().any(|workload| !workload.hooks.is_empty())
    }

    /// Whether any trial runs in this process.
    #[must_use]
    pub fn has_inline(&self) -> bool {
        self.matrix.cells().iter().any(|cell| self.is_inline_cell(cell))
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct RunEnd {
    /// What became of the trials.
    pub counts: Counts,
    /// Why it ended early, if it did.
    pub cancelled: Option<CancelReason>,
    /// What could not be written, if anything.
    pub sink_error: Option<SinkError>,
    /// Monotonic duration in ns.
    pub elapsed_ns: u64,
}

/// A plan as the dispatcher sees it.
#[derive(Debug)]
pub struct PlanAgenda {
    run: Arc<Run>,
    /// Of trials that run at the same time: the cores, and nine tenths of the memory that was
    /// free when the run began.
    budget: Need,
}

impl PlanAgenda {
    /// The plan of a run on this machine.
    #[must_use]
    pub fn new(run: &Arc<Run>) -> Self {
        let cores = pins::topology().cores() as u64;
        let memory = Memory::read(&Root::system()).available_bytes;
        let memory_bytes = memory.known().map_or(u64::MAX, |bytes| bytes / 10 * 9);
        Self { run: Arc::clone(run), budget: Need { cpus: cores.max(1), memory_bytes } }
    }
}

impl Agenda for PlanAgenda {
    fn trials(&self) -> usize {
        self.run.plan.len()
    }

    fn trial(&self, at: usize) -> Trial {
        self.run.plan.trial(at)
    }

    fn retries(&self, trial: &Trial) -> u32 {
        if self.run.blocked[trial.cell.index()].is_some() {
            return 0;
        }
        self.run.protocol(trial).retries
    }

    fn need(&self, trial: &Trial) -> Need {
        let cell = self.run.matrix.cell(trial.cell);
        let protocol = self.run.matrix.protocol(cell);
        // Who shares cores knowingly, as programs that wait may, is not held back.
        let cpus = if protocol.cpus == Cpus::Auto { u64::from(cell.workers) } else { 0 };
        Need { cpus, memory_bytes: protocol.limits.memory_bytes.unwrap_or(0) }
    }

    fn budget(&self) -> Need {
        self.budget
    }

    fn after_timeout(&self, trial: &Trial) -> Option<Hopeless> {
        let run = &self.run;
        let cell = run.matrix.cell(trial.cell);
        let protocol = run.matrix.protocol(cell);
        let parameter = protocol.on_timeout.skip_larger()?.as_str();
        let cells = run.matrix.larger_cells(trial.cell, parameter);
        let level = run.matrix.level(cell, parameter)?;
        let (id, timeout) = (trial.id(), protocol.timeout);
        let note = format!("skipped: {parameter} = {level} timed out after {timeout:?} ({id})");
        Some(Hopeless { cells, note })
    }
}

/// When an attempt started, on both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Started {
    /// Wall clock in ms since 1970.
    pub at_ms: i64,
    /// Monotonic time since the start of the session in ns.
    pub offset_ns: u64,
    /// The machine before it, for children.
    pub host: Option<Before>,
}

/// Dispatcher, record and time of one run.
pub(super) struct Core {
    dispatcher: Dispatcher<PlanAgenda>,
    pace: Option<Pace>,
    /// Time of this session after which no further block begins, in ns, until that is known.
    budget_ns: Option<u64>,
    sink: Box<dyn Sink>,
    origin: Instant,
    seq: u64,
    session: u32,
    /// Something was emitted and not settled yet.
    unsettled: bool,
    scratch: Vec<Effect>,
    actions: VecDeque<Effect>,
    cancelled: Option<CancelReason>,
    sink_error: Option<SinkError>,
    exited: bool,
    /// What is set up.
    pub(super) book: CellBook,
    /// The attempt in which the shell's own thread is stuck, if it is: another one takes over.
    pub(super) stuck: Option<(Trial, u32)>,
}

impl Core {
    pub(super) fn new(run: &Arc<Run>, sink: Box<dyn Sink>, origin: Instant) -> Self {
        let protocol = &run.experiment.protocol;
        let stop = protocol.on_failure == OnFailure::Stop;
        let dispatcher = Dispatcher::new(PlanAgenda::new(run), protocol.jobs, stop, &run.past);
        let budget = protocol.adaptive.as_ref().and_then(|adaptive| adaptive.budget);
        let budget_ns = budget.map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        Self {
            dispatcher: dispatcher.watching(run.watch.clone()),
            budget_ns: budget_ns.map(|ns| ns.saturating_sub(run.spent_ns)),
            pace: run.by_ms.map(|by_ms| Pace::new(by_ms, protocol.order == Order::Blocks)),
            sink,
            origin,
            seq: run.first_seq,
            session: run.session,
            unsettled: false,
            scratch: Vec::new(),
            actions: VecDeque::new(),
            cancelled: None,
            sink_error: None,
            exited: false,
            book: CellBook::new(run),
            stuck: None,
        }
    }

    pub(super) fn elapsed_ns(&self) -> u64 {
        clock::now().since_ns(self.origin)
    }

    pub(super) fn started(&self) -> Started {
        Started { at_ms: clock::unix_ms(), offset_ns: self.elapsed_ns(), host: None }
    }

    /// Feeds the dispatcher, records what it emits and queues what it wants done.
    pub(super) fn step(&mut self, input: Input) {
        let at_ms = clock::unix_ms();
        if self.is_time_up(&input, at_ms) {
            // Told first, so that nothing begins where something has ended.
            self.feed(Input::TimeUp, at_ms);
        }
        if self.budget_ns.is_some_and(|budget_ns| self.elapsed_ns() >= budget_ns) {
            self.budget_ns = None;
            self.feed(Input::BudgetSpent, at_ms);
        }
        self.feed(input, at_ms);
    }

    /// Whether nothing may begin any more, now that a trial has ended or the first one can begin.
    fn is_time_up(&mut self, input: &Input, at_ms: i64) -> bool {
        let Some(pace) = &mut self.pace else { return false };
        match input {
            Input::Opened => {}
            Input::Ended(_) | Input::Refused(_) => pace.count(),
            _ => return false,
        }
        pace.is_over(at_ms, self.dispatcher.ahead())
    }

    fn feed(&mut self, input: Input, at_ms: i64) {
        let mut next = Some(input);
        // What is decided at once is recorded with one time: the end of a trial and the start of
        // the next one.
        let elapsed_ns = self.elapsed_ns();
        while let Some(input) = next.take() {
            let mut effects = std::mem::take(&mut self.scratch);
            self.dispatcher.step(input, &mut effects);
            for effect in effects.drain(..) {
                match effect {
                    Effect::Emit(mut kind) => {
                        if let EventKind::TrialFinished(observation) = &mut kind
                            && observation.measured.status == Status::Skipped
                        {
                            observation.started_at_ms = at_ms;
                            observation.start_offset_ns = elapsed_ns;
                        }
                        if self.emit(kind, at_ms, elapsed_ns).is_err() {
                            next = Some(Input::SinkFailed);
                        }
                    }
                    Effect::Exit => self.exited = true,
                    other => self.actions.push_back(other),
                }
            }
            self.scratch = effects;
        }
    }

    fn emit(&mut self, mut kind: EventKind, at_ms: i64, elapsed_ns: u64) -> Result<(), ()> {
        match &mut kind {
            EventKind::CancelRequested { reason } => {
                self.cancelled.get_or_insert(*reason);
            }
            EventKind::TrialFinished(observation) => {
                observation.session = self.session;
                self.book.finished(observation.trial.cell);
            }
            EventKind::AttemptFailed(observation) => observation.session = self.session,
            _ => {}
        }
        let event = Event { seq: self.seq, at_ms, elapsed_ns, kind };
        self.seq += 1;
        self.unsettled = true;
        let written = self.sink.event(&event);
        self.remember(written)
    }

    /// Records something that the dispatcher need not know.
    pub(super) fn record(&mut self, kind: EventKind) {
        let (at_ms, elapsed_ns) = (clock::unix_ms(), self.elapsed_ns());
        if self.emit(kind, at_ms, elapsed_ns).is_err() {
            self.step(Input::SinkFailed);
        }
    }

    pub(super) fn level(&self) -> CancelLevel {
        self.dispatcher.level()
    }

    /// Keeps the first error of the record; further ones follow from it.
    fn remember(&mut self, written: Result<(), SinkError>) -> Result<(), ()> {
        let Err(error) = written else { return Ok(()) };
        let first = self.sink_error.is_none();
        self.sink_error.get_or_insert(error);
        if first { Err(()) } else { Ok(()) }
    }

    pub(super) fn settle(&mut self, settle: Settle) {
        let elapsed_ns = self.elapsed_ns();
        self.unsettled = false;
        let written = self.sink.settle(settle, elapsed_ns);
        if self.remember(written).is_err() {
            self.step(Input::SinkFailed);
        }
    }

    /// Writes out what was emitted since the last start, which no start will carry: the end of a
    /// trial in another slot when nothing follows it, and the request to stop.
    pub(super) fn settle_rest(&mut self) {
        if self.unsettled {
            self.settle(Settle::Now);
        }
    }

    /// The record of something beside the journal failed, such as the output of a trial.
    pub(super) fn fail(&mut self, error: SinkError) {
        if self.remember(Err(error)).is_err() {
            self.step(Input::SinkFailed);
        }
    }

    pub(super) fn can_record(&self) -> bool {
        self.sink_error.is_none()
    }

    pub(super) fn next_action(&mut self) -> Option<Effect> {
        self.actions.pop_front()
    }

    pub(super) fn has_exited(&self) -> bool {
        self.exited
    }

    /// The end of the run. The record is closed.
    pub(super) fn finish(&mut self) -> RunEnd {
        self.settle(Settle::Final);
        RunEnd {
            counts: self.dispatcher.counts(),
            cancelled: self.cancelled,
            sink_error: self.sink_error.take(),
            elapsed_ns: self.elapsed_ns(),
        }
    }
}

/// An observation of an attempt. Its session is set when it is recorded.
pub(super) fn observation(
    place: (Trial, u32, u32),
    started: Started,
    measured: Measured,
) -> Box<Observation> {
    let (trial, attempt, slot) = place;
    Box::new(Observation {
        trial,
        attempt,
        slot,
        session: 1,
        started_at_ms: started.at_ms,
        start_offset_ns: started.offset_ns,
        measured,
    })
}
