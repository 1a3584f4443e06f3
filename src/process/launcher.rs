//! The launcher: a small process, started before the runner grows, that starts children.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use super::command::Command;
use super::exit::Exit;

/// First argument that turns a fresh copy of the binary into a launcher.
pub const LAUNCH_ENTRY: &str = "__launch";

/// How the launcher starts children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpawnPath {
    /// `clone(CLONE_VM | CLONE_VFORK)` with a callback: cheapest.
    Clone,
    /// `std::process::Command`, that is `posix_spawn`: portable.
    Std,
}

/// A connection to a launcher process; one trial at a time.
#[derive(Debug)]
pub struct Launcher {}

impl Launcher {
    /// Starts `exe __launch` in its own process group.
    pub fn start(_exe: &Path, _path: SpawnPath) -> io::Result<Self> {
        todo!()
    }

    /// Hands over a command. The launcher must be idle.
    pub fn launch(&mut self, _command: &Command) -> io::Result<()> {
        todo!()
    }

    /// Asks for TERM, grace, KILL of the running child's group.
    pub fn terminate(&mut self) -> io::Result<()> {
        todo!()
    }

    /// Asks for KILL of the running child's group.
    pub fn kill(&mut self) -> io::Result<()> {
        todo!()
    }

    /// The result, if it is there; never blocks. An error means that the launcher is gone.
    pub fn receive(&mut self) -> io::Result<Option<Exit>> {
        todo!()
    }

    /// Peak resident set of the launcher in bytes after start-up.
    pub fn rss_floor_bytes(&self) -> u64 {
        todo!()
    }
}

impl AsFd for Launcher {
    fn as_fd(&self) -> BorrowedFd<'_> {
        todo!()
    }
}
