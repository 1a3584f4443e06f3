//! Signals as bytes in a pipe, so that they wake the same `poll` as everything else.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::SigId;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM};

use super::dispatcher::Input;

/// SIGINT, SIGTERM and SIGHUP, from here on; and whether the process was stopped meanwhile.
#[derive(Debug)]
pub struct Signals {
    interrupts: UnixStream,
    hang_ups: UnixStream,
    registered: Vec<SigId>,
    arrived: Arc<AtomicBool>,
    continued: Arc<AtomicBool>,
}

impl Signals {
    /// Takes the signals over. Several may exist: each sees every signal.
    pub fn listen() -> io::Result<Self> {
        let (interrupts, interrupted) = UnixStream::pair()?;
        let (hang_ups, hung_up) = UnixStream::pair()?;
        interrupts.set_nonblocking(true)?;
        hang_ups.set_nonblocking(true)?;
        let arrived = Arc::new(AtomicBool::new(false));
        let mut registered = vec![
            signal_hook::low_level::pipe::register(SIGINT, interrupted.try_clone()?)?,
            signal_hook::low_level::pipe::register(SIGTERM, interrupted)?,
            signal_hook::low_level::pipe::register(SIGHUP, hung_up)?,
        ];
        // Actions run in the order of their registration: once the flag is up, the byte is there.
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            registered.push(signal_hook::flag::register(signal, Arc::clone(&arrived))?);
        }
        // SIGSTOP cannot be seen and SIGTSTP is to stop the process: its end tells of both.
        let continued = Arc::new(AtomicBool::new(false));
        registered.push(signal_hook::flag::register(SIGCONT, Arc::clone(&continued))?);
        Ok(Self { interrupts, hang_ups, registered, arrived, continued })
    }

    /// What becomes readable when a signal arrives.
    #[must_use]
    pub fn fds(&self) -> [BorrowedFd<'_>; 2] {
        [self.interrupts.as_fd(), self.hang_ups.as_fd()]
    }

    /// Whether the process was stopped and went on since the last call.
    pub fn was_stopped(&self) -> bool {
        self.continued.swap(false, Ordering::AcqRel)
    }

    /// The signals since the last call. Never blocks, and costs no system call when there are
    /// none: it is asked between trials of microseconds.
    pub fn take(&mut self) -> Vec<Input> {
        if !self.arrived.swap(false, Ordering::AcqRel) {
            return Vec::new();
        }
        let mut inputs = vec![Input::Interrupt; count(&mut self.interrupts)];
        inputs.extend(vec![Input::HangUp; count(&mut self.hang_ups)]);
        inputs
    }
}

fn count(stream: &mut UnixStream) -> usize {
    let mut buffer = [0; 64];
    stream.read(&mut buffer).unwrap_or(0)
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.registered.drain(..) {
            signal_hook::low_level::unregister(id);
        }
    }
}
