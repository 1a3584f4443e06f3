//! Signals as bytes in a pipe, so that they wake the same `poll` as everything else.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::dispatcher::Input;

/// SIGINT, SIGTERM and SIGHUP, from here on.
#[derive(Debug)]
pub struct Signals {
    interrupts: UnixStream,
    hang_ups: UnixStream,
    registered: Vec<SigId>,
}

impl Signals {
    /// Takes the signals over. Several may exist: each sees every signal.
    pub fn listen() -> io::Result<Self> {
        let (interrupts, interrupted) = UnixStream::pair()?;
        let (hang_ups, hung_up) = UnixStream::pair()?;
        interrupts.set_nonblocking(true)?;
        hang_ups.set_nonblocking(true)?;
        let registered = vec![
            signal_hook::low_level::pipe::register(SIGINT, interrupted.try_clone()?)?,
            signal_hook::low_level::pipe::register(SIGTERM, interrupted)?,
            signal_hook::low_level::pipe::register(SIGHUP, hung_up)?,
        ];
        Ok(Self { interrupts, hang_ups, registered })
    }

    /// What becomes readable when a signal arrives.
    #[must_use]
    pub fn fds(&self) -> [BorrowedFd<'_>; 2] {
        [self.interrupts.as_fd(), self.hang_ups.as_fd()]
    }

    /// The signals since the last call. Never blocks.
    pub fn take(&mut self) -> Vec<Input> {
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
