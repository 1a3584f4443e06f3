//! One running child: its deadline, its output, its end.
//!
//! Running → Terminating (TERM to the group) → Killing (KILL) → ended but unreaped. Signals go
//! only to a group whose leader is unreaped, because only then is its number surely its own.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};

use super::capture::Capture;
use super::limits::Limit;
use super::spawn::Child;
use super::sys;

/// Bytes read at a time: what a pipe holds.
pub(super) const CHUNK: usize = 64 * 1024;

/// What is read after the end of all writers: more than the largest pipe can hold by default.
const LAST_BYTES: usize = 2 * 1024 * 1024;

/// What was asked of the launcher while a child ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Terminate,
    Kill,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    Terminating,
    Killing,
}

/// What became of a child before it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Course {
    pub timed_out: bool,
    /// The limit that was passed.
    pub limit: Option<Limit>,
    pub terminated: bool,
    pub killed: bool,
}

/// Watches one child.
pub(super) struct Supervisor<'a> {
    pub child: &'a Child,
    phase: Phase,
    /// When to signal next, on the monotonic clock; `u64::MAX` for never.
    deadline_ns: u64,
    grace_ns: u64,
    course: Course,
}

/// What one wait has brought.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ready {
    pub ended_ns: Option<u64>,
    pub output: [bool; 2],
    pub socket: bool,
}

impl<'a> Supervisor<'a> {
    pub fn new(child: &'a Child, timeout_ns: u64, grace_ns: u64) -> Self {
        Self {
            child,
            phase: Phase::Running,
            deadline_ns: child.spawned_ns.saturating_add(timeout_ns),
            grace_ns,
            course: Course::default(),
        }
    }

    /// Waits for the child's end, its output, the socket, the deadline, which it acts upon, or
    /// the time at which the caller wants to do something.
    pub fn wait(
        &mut self,
        [stdout, stderr]: [BorrowedFd<'_>; 2],
        socket: Option<BorrowedFd<'_>>,
        wake_ns: u64,
    ) -> Result<Ready, Errno> {
        let none = self.child.pidfd.as_fd();
        let mut fds = [
            PollFd::from_borrowed_fd(self.child.pidfd.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(stdout, PollFlags::IN),
            PollFd::from_borrowed_fd(stderr, PollFlags::IN),
            PollFd::from_borrowed_fd(socket.unwrap_or(none), PollFlags::IN),
        ];
        let remaining = remaining(self.deadline_ns.min(wake_ns), sys::monotonic_ns());
        match poll(&mut fds, remaining.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
        let now = sys::monotonic_ns();
        let [ended, out, err, asked] = fds.map(|fd| !fd.revents().is_empty());
        if !ended {
            self.act_on_deadline(now);
        }
        Ok(Ready {
            ended_ns: ended.then_some(now),
            output: [out, err],
            socket: asked && socket.is_some(),
        })
    }

    /// Carries out an order.
    pub fn obey(&mut self, order: Order) {
        self.course.terminated = true;
        match order {
            Order::Terminate if self.phase == Phase::Running => self.terminate(),
            Order::Terminate => {}
            Order::Kill => self.kill(),
        }
    }

    /// Ends a child that has passed a limit. Memory is taken away at once, since a tree that has
    /// time to end may take the machine with it.
    pub fn exceed(&mut self, limit: Limit) {
        if self.phase != Phase::Running {
            return;
        }
        self.course.limit = Some(limit);
        match limit {
            Limit::Memory => self.kill(),
            _ => self.terminate(),
        }
    }

    /// TERM has been sent and its grace is not over.
    pub fn is_terminating(&self) -> bool {
        self.phase == Phase::Terminating
    }

    /// What has happened so far.
    pub fn course(&self) -> Course {
        self.course
    }

    fn act_on_deadline(&mut self, now: u64) {
        if now < self.deadline_ns {
            return;
        }
        match self.phase {
            Phase::Running => {
                self.course.timed_out = true;
                self.terminate();
            }
            Phase::Terminating => self.kill(),
            Phase::Killing => {}
        }
    }

    fn terminate(&mut self) {
        self.phase = Phase::Terminating;
        self.deadline_ns = sys::monotonic_ns().saturating_add(self.grace_ns);
        signal_group(self.child.pid, Signal::TERM);
        // A stopped process would sleep through its grace.
        signal_group(self.child.pid, Signal::CONT);
    }

    /// Sends KILL to the group, once.
    pub fn kill(&mut self) {
        if self.phase == Phase::Killing {
            return;
        }
        self.phase = Phase::Killing;
        self.deadline_ns = u64::MAX;
        self.course.killed = true;
        signal_group(self.child.pid, Signal::KILL);
    }
}

fn remaining(until_ns: u64, now: u64) -> Option<Timespec> {
    if until_ns == u64::MAX {
        return None;
    }
    let ns = until_ns.saturating_sub(now);
    Some(Timespec {
        tv_sec: i64::try_from(ns / 1_000_000_000).ok()?,
        tv_nsec: i64::try_from(ns % 1_000_000_000).ok()?,
    })
}

/// Signals the group of an unreaped leader. A failure means that all of it has ended.
pub(super) fn signal_group(leader: Pid, signal: Signal) {
    let _ = kill_process_group(leader, signal);
}

/// Where one output stream goes.
#[derive(Default)]
pub(super) struct Sink {
    pub capture: Capture,
    pub tee: Option<File>,
}

impl Sink {
    /// Reads what is there, at most one chunk. Returns whether there may be more; the first
    /// failure to write the file is left in `tee_errno`, and the file is given up.
    pub fn drain(
        &mut self,
        pipe: BorrowedFd<'_>,
        chunk: &mut [u8],
        tee_errno: &mut Option<i32>,
    ) -> bool {
        let count = match rustix::io::read(pipe, &mut *chunk) {
            Ok(count) => count,
            Err(Errno::INTR) => return true,
            Err(_) => return false,
        };
        let bytes = &chunk[..count];
        self.capture.push(bytes);
        if let Some(Err(error)) = self.tee.as_mut().map(|file| file.write_all(bytes)) {
            tee_errno.get_or_insert(error.raw_os_error().unwrap_or(libc::EIO));
            self.tee = None;
        }
        count > 0
    }

    /// Reads the rest after all writers have ended. Returns false if it did not come to an end,
    /// which means that somebody still writes.
    pub fn drain_rest(
        &mut self,
        pipe: BorrowedFd<'_>,
        chunk: &mut [u8],
        tee_errno: &mut Option<i32>,
    ) -> bool {
        (0..LAST_BYTES / CHUNK).any(|_| !self.drain(pipe, chunk, tee_errno))
    }
}
