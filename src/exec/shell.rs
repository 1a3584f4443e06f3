//! The shell loop: does what the dispatcher wants and tells it what happened.
//!
//! One thread, one `poll` over the launchers of all slots and the signals. With trials in this
//! process the loop moves to a thread of its own, which also runs the kernels, and the calling
//! thread keeps watch.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{PollFd, PollFlags};

use super::confine::Confinement;
use super::core::{Core, Run, RunEnd, Started, observation};
use super::dispatcher::{Effect, Input};
use super::fleet::{Ended, Fleet};
use super::inline::{self, Desk};
use super::pins::{self, Pins};
use super::signals::Signals;
use super::visit::Visit;
use crate::clock;
use crate::event::{Settle, Sink, SinkError};
use crate::host::{Probe, Programs, Root};
use crate::measure::{Measured, Status};
use crate::plan::Trial;
use crate::process::{Exit, LauncherOptions};
use crate::store;
use crate::strategy;
use crate::trial::{self, InlineTrials};

/// Carries out a whole plan. Returns when nothing more will happen.
pub fn execute(
    run: &Arc<Run>,
    sink: Box<dyn Sink>,
    mut options: LauncherOptions,
) -> io::Result<RunEnd> {
    let origin = clock::now();
    let core = Arc::new(Mutex::new(Core::new(run, sink, origin)));
    let desk = Arc::new(Desk::default());
    if run.has_inline() {
        // Kernels run on the shell's thread and inherit its CPUs: it must keep all of them.
        watched(run, &core, &desk, options)?;
    } else {
        let pins = Pins::new(run.experiment.protocol.jobs);
        let one_slot = run.experiment.protocol.jobs == 1;
        let confined = one_slot.then(|| Confinement::begin(&mut options)).flatten();
        Shell::new(run, &core, &desk, options, pins)?.drive()?;
        drop(confined);
    }
    let end = lock(&core).finish();
    Ok(end)
}

fn watched(
    run: &Arc<Run>,
    core: &Arc<Mutex<Core>>,
    desk: &Arc<Desk>,
    options: LauncherOptions,
) -> io::Result<()> {
    let pins = || Pins::new(run.experiment.protocol.jobs);
    let mut shell = Shell::new(run, core, desk, options.clone(), pins())?;
    // A kernel that panics is a failed row; its message must not tear the screen.
    strategy::panic::hush_caught();
    let (done, finished) = rustix::pipe::pipe()?;
    let thread = std::thread::Builder::new().name("runner-shell".to_owned()).spawn(move || {
        let driven = shell.drive();
        drop(finished);
        driven
    })?;
    inline::watch(desk, core, &done, inline::shortest_timeout(run))?;
    let stuck = lock(core).stuck.is_some();
    if stuck {
        // A kernel holds that thread; the end of the process will end it. What comes after the
        // last trial is still to be done.
        let mut stand_in = Shell::new(run, core, desk, options, pins())?;
        stand_in.is_stand_in = true;
        return stand_in.go_on();
    }
    thread.join().unwrap_or_else(|_| Err(io::Error::other("the shell loop panicked")))
}

pub(super) fn lock(core: &Arc<Mutex<Core>>) -> MutexGuard<'_, Core> {
    core.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A trial, which attempt, and the slot.
pub(super) type Place = (Trial, u32, u32);

/// An attempt whose children run.
pub(super) struct Launched {
    pub(super) started: Started,
    pub(super) scratch: Option<PathBuf>,
}

pub(super) struct Shell {
    pub(super) run: Arc<Run>,
    pub(super) core: Arc<Mutex<Core>>,
    pub(super) fleet: Fleet,
    pub(super) visits: Vec<Option<Visit>>,
    /// Takes the place of a shell whose thread is stuck in a kernel.
    is_stand_in: bool,
    has_hooks: bool,
    desk: Arc<Desk>,
    signals: Signals,
    inline: InlineTrials,
    programs: Programs,
    pub(super) probe: Probe,
    pub(super) pins: Pins,
    /// By slot: an attempt runs, and whether another one has run at the same time.
    pub(super) company: Vec<Option<bool>>,
}

impl Shell {
    fn new(
        run: &Arc<Run>,
        core: &Arc<Mutex<Core>>,
        desk: &Arc<Desk>,
        options: LauncherOptions,
        pins: Pins,
    ) -> io::Result<Self> {
        Ok(Self {
            run: Arc::clone(run),
            core: Arc::clone(core),
            desk: Arc::clone(desk),
            fleet: Fleet::new(options, run.experiment.protocol.jobs),
            visits: (0..run.experiment.protocol.jobs.max(1)).map(|_| None).collect(),
            is_stand_in: false,
            has_hooks: run.has_hooks() || run.experiment.run_hook.is_some(),
            signals: Signals::listen()?,
            inline: InlineTrials::new(run.matrix.len()),
            programs: Programs::default(),
            probe: Probe::open(&Root::system()),
            pins,
            company: vec![None; run.experiment.protocol.jobs.max(1) as usize],
        })
    }

    /// Whether another shell has taken over, since a kernel held this thread.
    pub(super) fn is_relieved(&self) -> bool {
        !self.is_stand_in && lock(&self.core).stuck.is_some()
    }

    fn drive(&mut self) -> io::Result<()> {
        lock(&self.core).step(Input::Begin);
        self.go_on()
    }

    fn go_on(&mut self) -> io::Result<()> {
        loop {
            loop {
                if self.is_relieved() {
                    return Ok(());
                }
                let action = lock(&self.core).next_action();
                let Some(action) = action else { break };
                self.perform(action);
            }
            lock(&self.core).settle_rest();
            if lock(&self.core).has_exited() {
                return Ok(());
            }
            self.wait()?;
        }
    }

    fn perform(&mut self, action: Effect) {
        match action {
            Effect::Start { trial, attempt, slot } => self.start((trial, attempt, slot)),
            Effect::Open => self.open(),
            Effect::Close => self.close(),
            Effect::Terminate { slot } => self.cut_short(slot, false),
            Effect::Kill { slot } => self.cut_short(slot, true),
            Effect::Emit(_) | Effect::Exit => {}
        }
    }

    fn start(&mut self, place: Place) {
        let run = Arc::clone(&self.run);
        let trial = &place.0;
        let inline = run.is_inline(trial);
        let settle = if inline && self.inline.is_brief(trial) { Settle::Soon } else { Settle::Now };
        {
            let mut core = lock(&self.core);
            core.settle(settle);
            if !core.can_record() {
                let measured = Measured::empty(Status::Interrupted)
                    .with_note("not started: results can no longer be written");
                let started = core.started();
                core.step(Input::Ended(observation(place, started, measured)));
                return;
            }
        }
        if let Some(blocked) = &run.blocked[trial.cell.index()] {
            let measured = Measured::empty(blocked.status).with_note(&blocked.note);
            self.report(place, measured);
        } else if inline && !self.has_hooks {
            let (started, measured) = self.run_inline(place);
            lock(&self.core).step(Input::Ended(observation(place, started, measured)));
        } else {
            self.visit(place);
        }
    }

    /// Starts the children of an attempt.
    pub(super) fn launch(&mut self, place: Place) -> Result<Launched, Box<Measured>> {
        let run = Arc::clone(&self.run);
        let setting = run.setting();
        let (trial, attempt, slot) = place;
        self.mark_stopped();
        let mut prepared = trial::prepare(&setting, &trial, attempt, &mut self.programs)
            .map_err(|error| Box::new(error.measured()))?;
        let cpus = self.pins.take(slot, &run.matrix, run.matrix.cell(trial.cell));
        for command in prepared.lanes.0.iter_mut().flatten() {
            command.cpus.clone_from(&cpus);
        }
        let now_ns = lock(&self.core).elapsed_ns();
        let host = Some(self.probe.before(now_ns));
        let started = Started { host, ..lock(&self.core).started() };
        let made = match &prepared.needs_dir {
            Some(dir) => fs::create_dir_all(dir),
            None => Ok(()),
        };
        let timeout = run.protocol(&trial).timeout;
        made.and_then(|()| self.fleet.start(slot, timeout, prepared.lanes.0)).map_err(|error| {
            let note = format!("the runner could not start the trial: {error}");
            Box::new(Measured::empty(Status::StartFailed).with_note(&note))
        })?;
        self.keep_company(slot);
        Ok(Launched { started, scratch: prepared.needs_dir })
    }

    /// An attempt has started in a slot: whoever else runs has company from here on, and so has it.
    fn keep_company(&mut self, slot: u32) {
        let slot = slot as usize;
        let others = |at: &usize| *at != slot;
        let alone = (0..self.company.len()).filter(others).all(|at| self.company[at].is_none());
        if !alone {
            self.company.iter_mut().flatten().for_each(|shared| *shared = true);
        }
        self.company[slot] = Some(!alone);
    }

    /// Whether the runner was stopped and went on since this was last asked; what runs is marked.
    pub(super) fn mark_stopped(&mut self) -> bool {
        let was_stopped = self.signals.was_stopped();
        if was_stopped {
            for visit in self.visits.iter_mut().flatten() {
                visit.mark_stopped();
            }
        }
        was_stopped
    }

    /// Records an attempt that never ran.
    fn report(&mut self, place: Place, measured: Measured) {
        let mut core = lock(&self.core);
        let started = core.started();
        core.step(Input::Ended(observation(place, started, measured)));
    }

    pub(super) fn run_inline(&mut self, place: Place) -> (Started, Measured) {
        let run = Arc::clone(&self.run);
        self.mark_stopped();
        let started = lock(&self.core).started();
        self.desk.sign_in(place, started, run.protocol(&place.0).timeout);
        let measured = self.inline.run(&run.setting(), &place.0, &self.desk.cancel);
        let mut measured = match self.desk.sign_out() {
            Some((cause, time_ns)) => inline::measured(cause, time_ns),
            None => measured,
        };
        measured.stopped = self.mark_stopped();
        for input in self.signals.take() {
            lock(&self.core).step(input);
        }
        (started, measured)
    }

    fn wait(&mut self) -> io::Result<()> {
        let ready = self.poll()?;
        for (slot, lane) in ready {
            if let Some(ended) = self.fleet.collect(slot, lane) {
                self.ended(slot, ended);
            }
        }
        for input in self.signals.take() {
            lock(&self.core).step(input);
        }
        Ok(())
    }

    /// Waits until a launcher or a signal has something to say; which launchers do.
    fn poll(&self) -> io::Result<Vec<(u32, usize)>> {
        let [interrupted, hung_up] = self.signals.fds();
        let mut fds = vec![
            PollFd::from_borrowed_fd(interrupted, PollFlags::IN),
            PollFd::from_borrowed_fd(hung_up, PollFlags::IN),
        ];
        let mut places = Vec::new();
        for (slot, lane, fd) in self.fleet.busy() {
            fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
            places.push((slot, lane));
        }
        match rustix::event::poll(&mut fds, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        }
        let ready = fds[2..].iter().zip(places).filter(|(fd, _)| !fd.revents().is_empty());
        Ok(ready.map(|(_, place)| place).collect())
    }

    /// What an attempt's exits amount to; the output is kept where it is wanted.
    pub(super) fn conclude(&mut self, place: Place, ended: &Ended) -> Measured {
        let run = Arc::clone(&self.run);
        let (trial, attempt, slot) = place;
        let asked = self.pins.release(slot);
        let mut measured = match &ended.lost {
            Some(note) => Measured::empty(Status::Failed).with_note(note),
            None => trial::measure(&run.setting(), &trial, attempt, &ended.exits),
        };
        measured.shared = self.company[slot as usize].take() == Some(true);
        if let Some(note) = pins::not_as_asked(&asked, &ended.exits) {
            measured.status = Status::Failed;
            measured = measured.with_note(&note);
        }
        if measured.status.is_failure() || run.keep_output {
            self.keep(&trial.id(), attempt, &ended.exits);
        }
        measured
    }

    /// Writes what was captured.
    pub(super) fn keep(&mut self, name: &str, attempt: u32, exits: &[Vec<Exit>]) {
        if let Err(error) = store::save_output(&self.run.run_dir, name, attempt, exits) {
            let name = error.path.display().to_string();
            lock(&self.core).fail(SinkError { name, source: error.source });
        }
    }
}
