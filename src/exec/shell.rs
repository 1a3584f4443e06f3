//! The shell loop: does what the dispatcher wants and tells it what happened.
//!
//! One thread, one `poll` over the launchers of all slots and the signals. With trials in this
//! process the loop moves to a thread of its own, which also runs the kernels, and the calling
//! thread keeps watch.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{PollFd, PollFlags};

use super::confine::Confinement;
use super::core::{Core, Run, RunEnd, observation};
use super::dispatcher::{Effect, Input};
use super::fleet::{Ended, Fleet};
use super::inline::{self, Desk};
use super::signals::Signals;
use crate::clock;
use crate::event::{Settle, Sink, SinkError};
use crate::host::Programs;
use crate::measure::{Measured, Status};
use crate::plan::Trial;
use crate::process::LauncherOptions;
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
        watched(run, &core, &desk, Shell::new(run, &core, &desk, options)?)?;
    } else {
        let one_slot = run.experiment.protocol.jobs == 1;
        let confined = one_slot.then(|| Confinement::begin(&mut options)).flatten();
        Shell::new(run, &core, &desk, options)?.drive()?;
        drop(confined);
    }
    let end = lock(&core).finish();
    Ok(end)
}

fn watched(
    run: &Arc<Run>,
    core: &Arc<Mutex<Core>>,
    desk: &Arc<Desk>,
    mut shell: Shell,
) -> io::Result<()> {
    // A kernel that panics is a failed row; its message must not tear the screen.
    strategy::panic::hush_caught();
    let (done, finished) = rustix::pipe::pipe()?;
    let thread = std::thread::Builder::new().name("runner-shell".to_owned()).spawn(move || {
        let driven = shell.drive();
        drop(finished);
        driven
    })?;
    inline::watch(desk, core, &done, inline::shortest_timeout(run))?;
    let exited = lock(core).has_exited();
    if exited && !thread.is_finished() && is_open(&done) {
        // A kernel is stuck on that thread; the end of the process will end it.
        return Ok(());
    }
    thread.join().unwrap_or_else(|_| Err(io::Error::other("the shell loop panicked")))
}

/// Whether the other end of the pipe is still open.
fn is_open(done: &OwnedFd) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(done.as_fd(), PollFlags::IN)];
    let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
    matches!(rustix::event::poll(&mut fds, Some(&now)), Ok(0))
}

fn lock(core: &Arc<Mutex<Core>>) -> MutexGuard<'_, Core> {
    core.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Shell {
    run: Arc<Run>,
    core: Arc<Mutex<Core>>,
    desk: Arc<Desk>,
    fleet: Fleet,
    signals: Signals,
    inline: InlineTrials,
    programs: Programs,
}

impl Shell {
    fn new(
        run: &Arc<Run>,
        core: &Arc<Mutex<Core>>,
        desk: &Arc<Desk>,
        options: LauncherOptions,
    ) -> io::Result<Self> {
        Ok(Self {
            run: Arc::clone(run),
            core: Arc::clone(core),
            desk: Arc::clone(desk),
            fleet: Fleet::new(options, run.experiment.protocol.jobs),
            signals: Signals::listen()?,
            inline: InlineTrials::new(run.matrix.len()),
            programs: Programs::default(),
        })
    }

    fn drive(&mut self) -> io::Result<()> {
        lock(&self.core).step(Input::Begin);
        loop {
            loop {
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
            Effect::Terminate { slot } => self.fleet.terminate(slot, false),
            Effect::Kill { slot } => self.fleet.terminate(slot, true),
            Effect::Emit(_) | Effect::Exit => {}
        }
    }

    fn start(&mut self, place: (Trial, u32, u32)) {
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
            self.report(place, Measured::empty(blocked.status).with_note(&blocked.note));
        } else if inline {
            self.run_inline(place);
        } else {
            self.launch(place);
        }
    }

    fn launch(&mut self, place: (Trial, u32, u32)) {
        let run = Arc::clone(&self.run);
        let setting = run.setting();
        let workload = &run.experiment.workloads[run.matrix.cell(place.0.cell).workload];
        let (trial, attempt, _) = place;
        let prepared = match trial::prepare(&setting, &trial, attempt, &mut self.programs) {
            Ok(prepared) => prepared,
            Err(error) => return self.report(place, error.measured()),
        };
        let started = lock(&self.core).started();
        if let Err(error) = self.fleet.start(place, started, workload.protocol.timeout, prepared) {
            let note = format!("the runner could not start the trial: {error}");
            self.report(place, Measured::empty(Status::StartFailed).with_note(&note));
        }
    }

    /// Records an attempt that never ran.
    fn report(&mut self, place: (Trial, u32, u32), measured: Measured) {
        let mut core = lock(&self.core);
        let started = core.started();
        core.step(Input::Ended(observation(place, started, measured)));
    }

    fn run_inline(&mut self, place: (Trial, u32, u32)) {
        let run = Arc::clone(&self.run);
        let workload = &run.experiment.workloads[run.matrix.cell(place.0.cell).workload];
        let started = lock(&self.core).started();
        self.desk.sign_in(place, started, workload.protocol.timeout);
        let measured = self.inline.run(&run.setting(), &place.0, &self.desk.cancel);
        let measured = match self.desk.sign_out() {
            Some((cause, time_ns)) => inline::measured(cause, time_ns),
            None => measured,
        };
        for input in self.signals.take() {
            lock(&self.core).step(input);
        }
        lock(&self.core).step(Input::Ended(observation(place, started, measured)));
    }

    fn wait(&mut self) -> io::Result<()> {
        let ready = self.poll()?;
        for (slot, lane) in ready {
            if let Some(ended) = self.fleet.collect(slot, lane) {
                self.conclude(ended);
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

    fn conclude(&mut self, ended: Ended) {
        let run = Arc::clone(&self.run);
        let (trial, attempt, _) = ended.place;
        let measured = match &ended.lost {
            Some(note) => Measured::empty(Status::Failed).with_note(note),
            None => trial::measure(&run.setting(), &trial, &ended.exits),
        };
        if measured.status.is_failure() || run.keep_output {
            let saved = store::save_output(&run.run_dir, &trial.id(), attempt, &ended.exits);
            if let Err(error) = saved {
                let name = error.path.display().to_string();
                lock(&self.core).fail(SinkError { name, source: error.source });
            }
        }
        if let Some(dir) = &ended.scratch
            && measured.status == Status::Ok
        {
            // What cannot be removed stays: it is the user's to look at, not a reason to stop.
            drop(fs::remove_dir_all(dir));
        }
        lock(&self.core).step(Input::Ended(observation(ended.place, ended.started, measured)));
    }
}
