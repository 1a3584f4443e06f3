//! What happens in a slot around one attempt: hooks before, the attempt, hooks after.
//!
//! A visit is a row of steps, one after another in its slot, so that other slots go on meanwhile.
//! Owns when hooks run and what their failures mean. Hooks never run inside the attempt, and
//! nothing of them enters its time.

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use super::cells::CellState;
use super::core::{Blocked, Started, observation};
use super::dispatcher::{CancelLevel, Input};
use super::fleet::Ended;
use super::shell::{Place, Shell, lock};
use crate::clock::{self, Instant};
use crate::design::{CellIx, HookStep};
use crate::event::{EventKind, HookReport, HookScope};
use crate::measure::{Measured, Status};
use crate::process::Exit;
use crate::trial::hook::{self, Around};

/// What was not run since the user insisted.
const KILLED: &str = "skipped: the run was killed";

/// One attempt in a slot, or what comes before or after all of them.
#[derive(Debug)]
pub(super) struct Visit {
    purpose: Purpose,
    steps: VecDeque<Step>,
    errand: Option<Errand>,
    started: Option<Started>,
    measured: Option<Measured>,
    /// The runner was stopped while the attempt ran.
    was_stopped: bool,
    /// No further attempt could do better.
    is_refused: bool,
    scratch: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Attempt(Place),
    Opening,
    Closing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A hook.
    Hook(Around, HookStep),
    /// Until the cell is set up, by this slot or by another one.
    Await(CellIx),
    /// The attempt itself.
    Main,
}

/// A hook that runs.
#[derive(Debug)]
struct Errand {
    around: Around,
    step: HookStep,
    since: Instant,
    next: usize,
    argv: Vec<std::ffi::OsString>,
    exits: Vec<Exit>,
    failure: Option<String>,
    terminated: bool,
}

impl Visit {
    fn new(purpose: Purpose, steps: impl Into<VecDeque<Step>>) -> Self {
        Self {
            purpose,
            steps: steps.into(),
            errand: None,
            started: None,
            measured: None,
            was_stopped: false,
            is_refused: false,
            scratch: None,
        }
    }

    /// The runner was stopped: the attempt is marked, if it runs.
    pub(super) fn mark_stopped(&mut self) {
        self.was_stopped |= self.started.is_some() && self.measured.is_none();
    }

    /// Nothing of the attempt will run. What was begun is still undone.
    fn give_up(&mut self, measured: Measured) {
        self.measured = Some(measured);
        self.steps.retain(|step| matches!(step, Step::Hook(_, HookStep::Teardown)));
    }
}

impl Shell {
    /// Begins what comes before the first trial.
    pub(super) fn open(&mut self) {
        if self.run.experiment.run_hook.is_none() {
            return lock(&self.core).step(Input::Opened);
        }
        let setup = Step::Hook(Around::Run, HookStep::Setup);
        self.visits[0] = Some(Visit::new(Purpose::Opening, [setup]));
        self.advance(0);
    }

    /// Begins what comes after the last trial: whatever is still set up is torn down.
    pub(super) fn close(&mut self) {
        let (cells, stuck) = {
            let mut core = lock(&self.core);
            (core.book.take_all(), core.stuck)
        };
        let around = stuck.map(|(trial, attempt)| Around::Trial(trial, attempt));
        let around = around.into_iter().chain(cells.into_iter().map(Around::Cell));
        let setting = self.run.setting();
        let steps: VecDeque<Step> = around
            .chain([Around::Run])
            .filter(|around| hook::of(&setting, *around).is_some())
            .map(|around| Step::Hook(around, HookStep::Teardown))
            .collect();
        self.visits[0] = Some(Visit::new(Purpose::Closing, steps));
        self.advance(0);
    }

    /// Begins an attempt.
    pub(super) fn visit(&mut self, place: Place) {
        let (trial, attempt, slot) = place;
        let mut visit = Visit::new(Purpose::Attempt(place), VecDeque::new());
        self.prelude(place, &mut visit.steps);
        let around = Around::Trial(trial, attempt);
        let setting = self.run.setting();
        if hook::of(&setting, around).is_some() {
            visit.steps.push_back(Step::Hook(around, HookStep::Setup));
            visit.steps.push_back(Step::Main);
            visit.steps.push_back(Step::Hook(around, HookStep::Teardown));
            visit.scratch = hook::needs_dir(&setting, &trial, attempt);
        } else {
            visit.steps.push_back(Step::Main);
        }
        if let Some(blocked) = &lock(&self.core).book.run_failure {
            visit.steps.clear();
            visit.is_refused = true;
            visit.give_up(Measured::empty(blocked.status).with_note(&blocked.note));
        }
        self.visits[slot as usize] = Some(visit);
        self.advance(slot);
    }

    /// Tears finished cells down and sets this one up, if nobody has.
    fn prelude(&mut self, (trial, _, _): Place, steps: &mut VecDeque<Step>) {
        let mut core = lock(&self.core);
        for cell in core.book.take_finished() {
            steps.push_back(Step::Hook(Around::Cell(cell), HookStep::Teardown));
        }
        if hook::of(&self.run.setting(), Around::Cell(trial.cell)).is_none() {
            return;
        }
        if core.book.state(trial.cell).is_none() && core.book.run_failure.is_none() {
            core.book.set(trial.cell, CellState::SettingUp);
            steps.push_back(Step::Hook(Around::Cell(trial.cell), HookStep::Setup));
        }
        steps.push_back(Step::Await(trial.cell));
    }

    /// Goes through the steps of a slot until one takes time.
    fn advance(&mut self, slot: u32) {
        while let Some(visit) = self.visits[slot as usize].as_mut() {
            let Some(step) = visit.steps.pop_front() else {
                return self.leave(slot);
            };
            let is_busy = match step {
                Step::Hook(around, step) => self.begin_hook(slot, around, step),
                Step::Await(cell) => self.await_cell(slot, cell),
                Step::Main => self.begin_main(slot),
            };
            if is_busy {
                return;
            }
        }
    }

    /// True while another slot sets the cell up.
    fn await_cell(&mut self, slot: u32, cell: CellIx) -> bool {
        let Some(visit) = self.visits[slot as usize].as_mut() else { return false };
        match lock(&self.core).book.state(cell) {
            Some(CellState::SettingUp) => {
                visit.steps.push_front(Step::Await(cell));
                true
            }
            Some(CellState::Failed(blocked)) => {
                visit.is_refused = true;
                // Nothing of this attempt was begun, so that nothing is to be undone.
                visit.steps.clear();
                visit.give_up(Measured::empty(blocked.status).with_note(&blocked.note));
                false
            }
            Some(CellState::Ready) | None => false,
        }
    }

    /// True while the attempt runs in children.
    fn begin_main(&mut self, slot: u32) -> bool {
        let at = slot as usize;
        let Some(Purpose::Attempt(place)) = self.visits[at].as_ref().map(|visit| visit.purpose)
        else {
            return false;
        };
        if self.run.is_inline(&place.0) {
            let (started, measured) = self.run_inline(place);
            if self.is_relieved() {
                self.visits[at] = None;
            } else if let Some(visit) = self.visits[at].as_mut() {
                visit.started = Some(started);
                visit.measured = Some(measured);
            }
            return false;
        }
        let launched = self.launch(place);
        let Some(visit) = self.visits[at].as_mut() else { return false };
        match launched {
            Ok(launched) => {
                visit.started = Some(launched.started);
                visit.scratch = launched.scratch.or(visit.scratch.take());
                true
            }
            Err(measured) => {
                visit.measured = Some(*measured);
                false
            }
        }
    }

    /// Everything that ran in a slot has ended: a command of a hook, or the attempt.
    pub(super) fn ended(&mut self, slot: u32, ended: Ended) {
        let at = slot as usize;
        self.mark_stopped();
        let Some(visit) = self.visits[at].as_mut() else { return };
        if let Some(errand) = visit.errand.as_mut() {
            errand.take(ended);
            if self.continue_hook(slot) {
                return;
            }
        } else if let Purpose::Attempt(place) = visit.purpose {
            let mut measured = self.conclude(place, &ended);
            let started = self.visits[at].as_ref().and_then(|visit| visit.started);
            if let Some(before) = started.and_then(|started| started.host) {
                let now_ns = lock(&self.core).elapsed_ns();
                measured.conditions.load1_centi = before.load1_centi;
                measured.conditions.cpu_khz = before.cpu_khz;
                measured.conditions.temp_mc = before.temp_mc;
                let meanwhile = self.probe.meanwhile(&before, now_ns);
                measured.conditions.steal_ns = meanwhile.steal_ns;
                measured.conditions.throttled = meanwhile.throttled;
                measured.conditions.swapped_in_bytes = meanwhile.swapped_in_bytes;
                measured.conditions.cpu_pressure_ns = meanwhile.cpu_pressure_ns;
            }
            if let Some(visit) = self.visits[at].as_mut() {
                measured.stopped = visit.was_stopped;
                visit.measured = Some(measured);
            }
        }
        self.advance(slot);
    }

    /// The visit is over: says so.
    fn leave(&mut self, slot: u32) {
        let Some(visit) = self.visits[slot as usize].take() else { return };
        let place = match visit.purpose {
            Purpose::Opening => return lock(&self.core).step(Input::Opened),
            Purpose::Closing => return lock(&self.core).step(Input::Closed),
            Purpose::Attempt(place) => place,
        };
        let measured = visit.measured.expect("an attempt is measured or given up");
        if let Some(dir) = &visit.scratch
            && measured.status == Status::Ok
        {
            // What cannot be removed stays: it is the user's to look at, not a reason to stop.
            drop(fs::remove_dir_all(dir));
        }
        let mut core = lock(&self.core);
        let started = visit.started.unwrap_or_else(|| core.started());
        let observation = observation(place, started, measured);
        core.step(if visit.is_refused {
            Input::Refused(observation)
        } else {
            Input::Ended(observation)
        });
    }

    /// The user wants what runs in a slot to end. A teardown is only cut short by a kill.
    pub(super) fn cut_short(&mut self, slot: u32, kill: bool) {
        let Some(visit) = self.visits[slot as usize].as_mut() else { return };
        match &visit.errand {
            Some(errand) if errand.step == HookStep::Teardown && !kill => {}
            None if matches!(visit.steps.front(), Some(Step::Await(_))) => {
                visit.steps.clear();
                visit.give_up(interrupted());
                self.advance(slot);
            }
            _ => self.fleet.terminate(slot, kill),
        }
    }

    /// True while a command of the hook runs.
    fn begin_hook(&mut self, slot: u32, around: Around, step: HookStep) -> bool {
        let Some(visit) = self.visits[slot as usize].as_mut() else { return false };
        let mut errand = Errand::new(around, step);
        if let (Around::Trial(..), HookStep::Setup, Some(dir)) = (around, step, &visit.scratch)
            && let Err(error) = fs::create_dir_all(dir)
        {
            errand.failure = Some(format!("{}: {error}", dir.display()));
        }
        visit.errand = Some(errand);
        self.continue_hook(slot)
    }

    /// Starts the next command of a hook; true if one runs.
    fn continue_hook(&mut self, slot: u32) -> bool {
        let run = Arc::clone(&self.run);
        let level = lock(&self.core).level();
        loop {
            let visit = self.visits[slot as usize].as_mut();
            let Some(errand) = visit.and_then(|visit| visit.errand.as_mut()) else { return false };
            let Some(command) = errand.next_command(&run, level) else { break };
            let started = command.and_then(|command| {
                errand.argv.clone_from(&command.argv);
                let timeout = command.timeout;
                self.fleet
                    .start(slot, timeout, vec![vec![command]])
                    .map_err(|error| format!("the runner could not start it: {error}"))
            });
            match started {
                Ok(()) => return true,
                Err(failure) => {
                    errand.failure.get_or_insert(failure);
                }
            }
        }
        self.end_hook(slot);
        false
    }

    /// Records how a hook ended, and draws the consequences.
    fn end_hook(&mut self, slot: u32) {
        let visit = self.visits[slot as usize].as_mut();
        let Some(errand) = visit.and_then(|visit| visit.errand.take()) else { return };
        if (errand.failure.is_some() || self.run.keep_output) && !errand.exits.is_empty() {
            let (name, attempt) = errand.output_name();
            let exits: Vec<Vec<Exit>> = vec![errand.exits];
            self.keep(&name, attempt, &exits);
        }
        let report = HookReport {
            around: scope(errand.around),
            step: errand.step,
            took_ns: clock::now().since_ns(errand.since),
            failure: errand.failure.clone(),
        };
        lock(&self.core).record(EventKind::HookEnded(report));
        let blocked = errand.failure.map(|failure| Blocked {
            status: if errand.terminated { Status::Interrupted } else { Status::StartFailed },
            note: format!("{} {} failed: {failure}", word(errand.around), errand.step.as_str()),
        });
        match (errand.around, errand.step) {
            (Around::Run, HookStep::Setup) => lock(&self.core).book.run_failure = blocked,
            (Around::Cell(cell), HookStep::Setup) => self.cell_is_set_up(slot, cell, blocked),
            (Around::Trial(..), step) => self.trial_hook_ended(slot, step, blocked),
            (Around::Run | Around::Cell(_), HookStep::Teardown) => {}
        }
    }

    fn cell_is_set_up(&mut self, slot: u32, cell: CellIx, blocked: Option<Blocked>) {
        let state = blocked.map_or(CellState::Ready, CellState::Failed);
        lock(&self.core).book.set(cell, state);
        let waits = |visit: &Visit| visit.steps.front() == Some(&Step::Await(cell));
        let waiting: Vec<u32> = (0_u32..)
            .zip(&self.visits)
            .filter(|(other, visit)| {
                *other != slot
                    && visit.as_ref().is_some_and(|visit| visit.errand.is_none() && waits(visit))
            })
            .map(|(other, _)| other)
            .collect();
        for other in waiting {
            self.advance(other);
        }
    }

    fn trial_hook_ended(&mut self, slot: u32, step: HookStep, blocked: Option<Blocked>) {
        let Some(visit) = self.visits[slot as usize].as_mut() else { return };
        let Some(blocked) = blocked else { return };
        match (step, visit.measured.take()) {
            (HookStep::Setup, _) => {
                visit.give_up(Measured::empty(blocked.status).with_note(&blocked.note));
            }
            (HookStep::Teardown, Some(measured)) => {
                visit.measured = Some(with_further_note(measured, &blocked.note));
            }
            // The attempt is on record already: it was stuck.
            (HookStep::Teardown, None) => {}
        }
    }
}

impl Errand {
    fn new(around: Around, step: HookStep) -> Self {
        Self {
            around,
            step,
            since: clock::now(),
            next: 0,
            argv: Vec::new(),
            exits: Vec::new(),
            failure: None,
            terminated: false,
        }
    }

    /// The next command, or why it cannot be started; `None` when the hook is over: a setup after
    /// its first failure, a teardown after its last command.
    fn next_command(
        &mut self,
        run: &super::core::Run,
        level: CancelLevel,
    ) -> Option<Result<crate::process::Command, String>> {
        let is_cancelled = match self.step {
            HookStep::Setup => level >= CancelLevel::Terminating,
            HookStep::Teardown => level >= CancelLevel::Killing,
        };
        if self.step == HookStep::Setup && self.failure.is_some() {
            return None;
        }
        let command = hook::command(&run.setting(), self.around, self.step, self.next)?;
        if is_cancelled {
            self.terminated = true;
            self.failure.get_or_insert_with(|| KILLED.to_owned());
            return None;
        }
        self.next += 1;
        Some(command.map_err(|error| error.to_string()))
    }

    /// A command of the hook has ended.
    fn take(&mut self, ended: Ended) {
        let failure = match (ended.lost, ended.exits.into_iter().flatten().next()) {
            (Some(lost), _) => Some(lost),
            (None, Some(exit)) => {
                let failure = hook::failure(&self.argv, &exit);
                self.terminated |= exit.terminated && !exit.timed_out;
                self.exits.push(exit);
                failure
            }
            (None, None) => None,
        };
        if let Some(failure) = failure {
            self.failure.get_or_insert(failure);
        }
    }

    /// How its output is called, and which attempt it belongs to.
    fn output_name(&self) -> (String, u32) {
        let step = self.step.as_str();
        match self.around {
            Around::Run => (format!("run-{step}"), 1),
            Around::Cell(cell) => (format!("{}-{step}", cell.id()), 1),
            Around::Trial(trial, attempt) => (format!("{}-{step}", trial.id()), attempt),
        }
    }
}

fn interrupted() -> Measured {
    Measured::empty(Status::Interrupted).with_note("not started: the run was interrupted")
}

fn word(around: Around) -> &'static str {
    match around {
        Around::Run => "run",
        Around::Cell(_) => "cell",
        Around::Trial(..) => "trial",
    }
}

fn scope(around: Around) -> HookScope {
    match around {
        Around::Run => HookScope::Run,
        Around::Cell(cell) => HookScope::Cell(cell),
        Around::Trial(trial, attempt) => HookScope::Trial { order: trial.order, attempt },
    }
}

fn with_further_note(measured: Measured, note: &str) -> Measured {
    let all = match &measured.note {
        Some(first) => format!("{first}; {note}"),
        None => note.to_owned(),
    };
    measured.with_note(&all)
}
