//! Trials in this process: the desk where a trial signs in and out, and the watch that ends it
//! when its time is up or the user insists.
//!
//! A kernel cannot be killed from outside: it is asked to stop through its cancel flag. One that
//! does not stop within the grace is recorded by the watch, and the run ends.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};

use super::core::{Core, Run, Started, observation};
use super::dispatcher::Input;
use super::signals::Signals;
use crate::clock::{self, Instant};
use crate::measure::{Measured, Status};
use crate::plan::Trial;
use crate::workload::Cancel;

/// Time that a kernel has to stop after it was asked to.
pub const GRACE: Duration = Duration::from_secs(2);

/// Why a trial in this process was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its time was up.
    Timeout,
    /// The user insisted.
    Interrupt,
}

/// Where the trial that runs in this process is signed in.
#[derive(Debug, Default)]
pub struct Desk {
    /// What the kernel looks at.
    pub cancel: Cancel,
    entry: Mutex<Option<Entry>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    place: (Trial, u32, u32),
    started: Started,
    since: Instant,
    deadline: Instant,
    cause: Option<(Cause, Instant)>,
}

impl Desk {
    /// A trial begins.
    pub fn sign_in(&self, place: (Trial, u32, u32), started: Started, timeout: Duration) {
        self.cancel.clear();
        let since = clock::now();
        let deadline = since.after(timeout);
        *self.lock() = Some(Entry { place, started, since, deadline, cause: None });
    }

    /// The trial ended: why it was asked to stop, if it was, and how long it ran in ns.
    pub fn sign_out(&self) -> Option<(Cause, u64)> {
        let entry = self.lock().take()?;
        entry.cause.map(|(cause, _)| (cause, clock::now().since_ns(entry.since)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Entry>> {
        self.entry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Watches the desk until `done` is closed by the shell loop, or a trial is stuck.
///
/// It sleeps until the deadline of the trial that it last saw, or for the shortest timeout of the
/// experiment: no trial that begins meanwhile can be due before it looks again, so that short
/// trials need not wake it.
pub(super) fn watch(
    desk: &Desk,
    core: &Arc<Mutex<Core>>,
    done: &OwnedFd,
    shortest: Duration,
) -> std::io::Result<()> {
    let mut signals = Signals::listen()?;
    let mut interrupts = 0_u32;
    loop {
        let now = clock::now();
        let wake = match look(desk, interrupts, now) {
            Look::Stuck(entry, cause) => {
                record_stuck(core, &entry, cause);
                return Ok(());
            }
            Look::Until(wake) => wake.unwrap_or_else(|| now.after(shortest)),
        };
        let [interrupted, hung_up] = signals.fds();
        let mut fds = [
            PollFd::from_borrowed_fd(done.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(interrupted, PollFlags::IN),
            PollFd::from_borrowed_fd(hung_up, PollFlags::IN),
        ];
        let pause = Duration::from_nanos(wake.since_ns(now)).max(Duration::from_millis(1));
        let pause = Timespec::try_from(pause).ok();
        match rustix::event::poll(&mut fds, pause.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if !fds[0].revents().is_empty() {
            return Ok(());
        }
        let new = signals.take().iter().filter(|input| matches!(input, Input::Interrupt)).count();
        interrupts = interrupts.saturating_add(u32::try_from(new).unwrap_or(u32::MAX));
    }
}

enum Look {
    Until(Option<Instant>),
    Stuck(Box<Entry>, Cause),
}

fn look(desk: &Desk, interrupts: u32, now: Instant) -> Look {
    let mut guard = desk.lock();
    let Some(entry) = guard.as_mut() else {
        return Look::Until(None);
    };
    if entry.cause.is_none() {
        if interrupts >= 2 {
            entry.cause = Some((Cause::Interrupt, now.after(GRACE)));
        } else if now >= entry.deadline {
            entry.cause = Some((Cause::Timeout, now.after(GRACE)));
        } else {
            return Look::Until(Some(entry.deadline));
        }
        desk.cancel.set();
    }
    let (cause, grace_ends) = entry.cause.expect("it was set above");
    if now >= grace_ends || interrupts >= 3 {
        return Look::Stuck(Box::new(*entry), cause);
    }
    Look::Until(Some(grace_ends))
}

fn record_stuck(core: &Arc<Mutex<Core>>, entry: &Entry, cause: Cause) {
    let time_ns = clock::now().since_ns(entry.since);
    let mut measured = measured(cause, time_ns);
    measured = measured.with_note("the kernel did not stop when it was asked to; the run ended");
    let mut core = core.lock().unwrap_or_else(PoisonError::into_inner);
    let (trial, attempt, _) = entry.place;
    core.stuck = Some((trial, attempt));
    core.step(Input::Stuck(observation(entry.place, entry.started, measured)));
}

/// The record of a trial that was stopped for this cause after this time in ns.
#[must_use]
pub fn measured(cause: Cause, time_ns: u64) -> Measured {
    match cause {
        Cause::Timeout => {
            let mut measured = Measured::empty(Status::Timeout);
            measured.time_ns = Some(time_ns);
            measured
        }
        Cause::Interrupt => Measured::empty(Status::Interrupted),
    }
}

/// The shortest timeout of any cell: how long the watch may sleep without looking.
#[must_use]
pub fn shortest_timeout(run: &Run) -> Duration {
    let protocols = run.matrix.protocols();
    let timeouts = protocols.iter().map(|(entry, _)| entry.protocol.timeout);
    timeouts.min().unwrap_or(Duration::from_secs(1))
}
