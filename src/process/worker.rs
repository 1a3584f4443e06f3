//! Workers: copies of a program that write to a pipe and end.
//!
//! Owns their start, the concurrent reading of their pipes, their end and their reaping: a worker
//! that is dropped is killed and reaped, so that no way out leaves one behind. Refuses to know
//! what they write.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStdout, ExitStatus, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal};

use super::exit::Ending;

/// Longest time between two looks at the request to stop: ten wake-ups a second of a process that
/// otherwise sleeps.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

const READ: usize = 1 << 13;

/// How workers are started.
#[derive(Clone, Copy, Debug)]
pub struct WorkerCommand<'a> {
    /// Absolute path: with a bare name std leaves the fast spawn path.
    pub program: &'a Path,
    /// Give each worker a process group of its own, so that an interrupt from the terminal reaches
    /// the parent alone. Otherwise they share the parent's and are killed with it.
    pub own_group: bool,
}

/// A running worker.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    stdout: Option<ChildStdout>,
    pidfd: Option<OwnedFd>,
    output: Vec<u8>,
    ending: Option<Ending>,
}

/// Why workers were not waited for to the end. All of them have been killed and reaped.
#[derive(Debug)]
pub enum Stopped {
    /// It was asked for.
    Asked,
    /// A worker ended otherwise than with exit code 0.
    Ended {
        /// Position in the list of workers.
        worker: usize,
        /// How it ended.
        ending: Ending,
        /// What it had written.
        output: Vec<u8>,
    },
    /// A worker wrote more than the limit.
    TooMuch {
        /// Position in the list of workers.
        worker: usize,
    },
    /// A pipe could not be read.
    Io {
        /// Position in the list of workers.
        worker: usize,
        /// The error.
        error: io::Error,
    },
}

impl Worker {
    /// Starts a worker with these arguments, the environment of this process, no input, and its
    /// standard error shared with this process.
    #[expect(clippy::disallowed_methods, reason = "this is the room that starts processes")]
    pub fn spawn(command: WorkerCommand<'_>, arguments: &[String]) -> io::Result<Self> {
        let mut std_command = std::process::Command::new(command.program);
        std_command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        if command.own_group {
            std_command.process_group(0);
        }
        let mut child = std_command.spawn()?;
        Ok(Self {
            stdout: child.stdout.take(),
            child,
            pidfd: None,
            output: Vec::new(),
            ending: None,
        })
    }

    /// What to wait for: output, and after its end the exit.
    fn source(&self) -> Option<BorrowedFd<'_>> {
        let stdout = self.stdout.as_ref().map(AsFd::as_fd);
        stdout.or_else(|| self.pidfd.as_ref().map(AsFd::as_fd))
    }

    /// Takes what is there, when `source` is ready.
    fn advance(&mut self) -> io::Result<()> {
        let Some(stdout) = &mut self.stdout else {
            let status = self.child.wait()?;
            self.pidfd = None;
            self.ending = Some(ending(status));
            return Ok(());
        };
        let old = self.output.len();
        self.output.resize(old + READ, 0);
        let read = stdout.read(&mut self.output[old..]);
        self.output.truncate(old + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => self.await_exit(),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// After the end of the output the exit is near but need not be there, and a worker may close
    /// its output and go on: so the exit is polled for like everything else.
    fn await_exit(&mut self) -> io::Result<()> {
        let pid = Pid::from_child(&self.child);
        self.pidfd = Some(rustix::process::pidfd_open(pid, PidfdFlags::empty())?);
        self.stdout = None;
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.ending.is_none() {
            // Both fail only when there is nothing left to kill or to reap.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn ending(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exited(code),
        (None, signal) => Ending::Signalled(signal.unwrap_or_default()),
    }
}

/// Reads every worker to its end, all at once, and reaps them: the output of each, of at most
/// `limit` bytes. `stop` is asked ten times a second.
pub fn collect(
    mut workers: Vec<Worker>,
    limit: usize,
    stop: &dyn Fn() -> bool,
) -> Result<Vec<Vec<u8>>, Stopped> {
    loop {
        if stop() {
            return Err(Stopped::Asked);
        }
        let Some(ready) = wait(&workers).map_err(|error| Stopped::Io { worker: 0, error })? else {
            break;
        };
        for worker in ready {
            advance(&mut workers[worker], worker, limit)?;
        }
    }
    Ok(workers.iter_mut().map(|worker| std::mem::take(&mut worker.output)).collect())
}

fn advance(worker: &mut Worker, number: usize, limit: usize) -> Result<(), Stopped> {
    worker.advance().map_err(|error| Stopped::Io { worker: number, error })?;
    if worker.output.len() > limit {
        return Err(Stopped::TooMuch { worker: number });
    }
    match &worker.ending {
        None | Some(Ending::Exited(0)) => Ok(()),
        Some(ending) => Err(Stopped::Ended {
            worker: number,
            ending: ending.clone(),
            output: std::mem::take(&mut worker.output),
        }),
    }
}

/// Positions of the workers that are ready; none when the time is up; `None` when all have ended.
fn wait(workers: &[Worker]) -> io::Result<Option<Vec<usize>>> {
    let (positions, mut sources): (Vec<usize>, Vec<PollFd<'_>>) = workers
        .iter()
        .enumerate()
        .filter_map(|(position, worker)| Some((position, worker.source()?)))
        .map(|(position, fd)| (position, PollFd::from_borrowed_fd(fd, PollFlags::IN)))
        .unzip();
    if positions.is_empty() {
        return Ok(None);
    }
    match poll(&mut sources, Some(&LOOK)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let ready = positions
        .into_iter()
        .zip(&sources)
        .filter(|(_, source)| !source.revents().is_empty())
        .map(|(position, _)| position)
        .collect();
    Ok(Some(ready))
}

/// Ties this process to its parent: it is killed when the thread that started it ends. Called by a
/// worker about itself; a parent that is already gone shows when the pipe breaks.
pub fn die_with_parent() {
    // Cannot fail for a valid signal; without it the broken pipe still ends the worker.
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
}
