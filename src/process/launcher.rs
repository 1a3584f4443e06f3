//! The launcher: a small process, started before the runner grows, that starts children.
//!
//! This is the runner's end of the connection. It refuses to block, except to hand a command
//! over and where a name says so.

#![expect(clippy::disallowed_methods, reason = "the launcher itself is a child of the runner")]

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, Shutdown, SocketFlags, SocketType};

use super::accounting::Accounting;
use super::command::Command;
use super::exit::Exit;
use super::wire::{self, Inbox, Reply};

/// First argument that turns a fresh copy of the binary into a launcher.
pub const LAUNCH_ENTRY: &str = "__launch";

/// The running binary itself, even when its file has been replaced since: what children that are
/// copies of it are started from.
pub const SELF_EXE: &str = "/proc/self/exe";

/// How the launcher starts children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpawnPath {
    /// `clone(CLONE_VM | CLONE_VFORK)` with a callback: cheapest; children die with the launcher.
    Clone,
    /// `std::process::Command`, that is `posix_spawn`: portable. A launcher that is killed leaves
    /// its child behind.
    Std,
}

impl SpawnPath {
    /// The word in records and arguments.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clone => "clone",
            Self::Std => "std",
        }
    }
}

/// How a launcher is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LauncherOptions {
    /// How children are started.
    pub spawn_path: SpawnPath,
    /// The CPU on which the launcher stays: a message to another CPU costs about 50 µs, so this
    /// should be the caller's. Anywhere when `None`.
    pub pin_to_cpu: Option<usize>,
    /// CPUs on which children may run. Empty: those of the calling thread.
    pub child_cpus: Vec<usize>,
    /// The best way of counting that may be used.
    pub accounting: Accounting,
    /// The launcher, and so its children, have no network.
    pub no_network: bool,
}

impl From<SpawnPath> for LauncherOptions {
    fn from(spawn_path: SpawnPath) -> Self {
        Self {
            spawn_path,
            pin_to_cpu: None,
            child_cpus: Vec::new(),
            accounting: Accounting::CgroupMemory,
            no_network: false,
        }
    }
}

/// Words for the network in arguments.
const ONLINE: &str = "online";
const OFFLINE: &str = "offline";

/// The options as the launcher reads them.
pub(super) type Confinement = LauncherOptions;

impl LauncherOptions {
    fn arguments(&self) -> Vec<String> {
        vec![
            self.spawn_path.as_str().to_owned(),
            numbers(self.pin_to_cpu.as_slice()),
            numbers(&self.child_cpus),
            self.accounting.as_str().to_owned(),
            if self.no_network { OFFLINE } else { ONLINE }.to_owned(),
        ]
    }

    /// Reads what [`LauncherOptions::arguments`] wrote.
    pub(super) fn parse(arguments: &[OsString]) -> Option<Self> {
        let [path, pin, cpus, accounting, network] = arguments else {
            return None;
        };
        let spawn_path = match path.to_str()? {
            "clone" => SpawnPath::Clone,
            "std" => SpawnPath::Std,
            _ => return None,
        };
        Some(Self {
            spawn_path,
            pin_to_cpu: parse_numbers(pin.to_str()?)?.first().copied(),
            child_cpus: parse_numbers(cpus.to_str()?)?,
            accounting: Accounting::parse(accounting.to_str()?)?,
            no_network: match network.to_str()? {
                ONLINE => false,
                OFFLINE => true,
                _ => return None,
            },
        })
    }
}

fn numbers(list: &[usize]) -> String {
    let texts: Vec<String> = list.iter().map(usize::to_string).collect();
    texts.join(",")
}

fn parse_numbers(text: &str) -> Option<Vec<usize>> {
    text.split(',').filter(|part| !part.is_empty()).map(|part| part.parse().ok()).collect()
}

/// A connection to a launcher process; one trial at a time.
///
/// Dropping it kills whatever runs and waits for the launcher's end.
#[derive(Debug)]
pub struct Launcher {
    process: std::process::Child,
    socket: OwnedFd,
    inbox: Inbox,
    outbox: Vec<u8>,
    busy: bool,
    spawn_path: SpawnPath,
    no_network: bool,
    rss_floor_bytes: u64,
}

impl Launcher {
    /// Starts `exe __launch` in its own process group.
    pub fn start(exe: &Path, path: SpawnPath) -> io::Result<Self> {
        Self::start_with(exe, &path.into())
    }

    /// Starts `exe __launch` with these options and waits until it is ready. To be called before
    /// the calling process grows and before the calling thread is confined to one CPU.
    pub fn start_with(exe: &Path, options: &LauncherOptions) -> io::Result<Self> {
        let (socket, theirs) = rustix::net::socketpair(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        )?;
        let process = std::process::Command::new(exe)
            .arg(LAUNCH_ENTRY)
            .args(options.arguments())
            .stdin(theirs)
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()?;
        let mut launcher = Self {
            process,
            socket,
            inbox: Inbox::default(),
            outbox: Vec::new(),
            busy: false,
            spawn_path: options.spawn_path,
            no_network: options.no_network,
            rss_floor_bytes: 0,
        };
        launcher.rss_floor_bytes = launcher.await_ready()?;
        Ok(launcher)
    }

    /// Hands over a command. The launcher must be idle; it reads all of it before it does
    /// anything else, so that this cannot stall however long the arguments are.
    ///
    /// # Errors
    /// `InvalidInput` for a command that can never be started: a relative program, no `argv[0]`,
    /// a NUL inside a string. `ResourceBusy` when a child runs. Anything else: it is gone.
    pub fn launch(&mut self, command: &Command) -> io::Result<()> {
        if self.busy {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        if command.sandbox.no_network && !self.no_network {
            let why = "the launcher of a command without network must have none";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        wire::encode_launch(&mut self.outbox, command)?;
        wire::send_all(&self.socket, &self.outbox)?;
        self.busy = true;
        Ok(())
    }

    /// Asks for TERM, grace, KILL of the running child's group. Nothing happens when none runs.
    ///
    /// # Errors
    /// The launcher is gone.
    pub fn terminate(&mut self) -> io::Result<()> {
        if !self.busy {
            return Ok(());
        }
        wire::encode_terminate(&mut self.outbox)?;
        wire::send_all(&self.socket, &self.outbox)
    }

    /// Asks for KILL of the running child's group. Nothing happens when none runs.
    ///
    /// # Errors
    /// The launcher is gone.
    pub fn kill(&mut self) -> io::Result<()> {
        if !self.busy {
            return Ok(());
        }
        wire::encode_kill(&mut self.outbox)?;
        wire::send_all(&self.socket, &self.outbox)
    }

    /// The result, if it is there; never blocks. To be called whenever [`AsFd`] is readable.
    ///
    /// # Errors
    /// The launcher is gone; so is the child, and nothing is known of it.
    pub fn receive(&mut self) -> io::Result<Option<Exit>> {
        loop {
            if let Some(frame) = self.inbox.frame() {
                let reply = wire::decode_reply(frame)?;
                self.inbox.consume();
                let Reply::Report(exit) = reply else {
                    return Err(io::ErrorKind::InvalidData.into());
                };
                self.busy = false;
                return Ok(Some(*exit));
            }
            match self.inbox.fill(&self.socket, RecvFlags::DONTWAIT) {
                Ok(true) => {}
                Ok(false) => return Err(gone()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    /// Launches a command and blocks until its end: for what is not measured, as a build.
    ///
    /// # Errors
    /// Those of [`Launcher::launch`] and [`Launcher::receive`].
    pub fn run(&mut self, command: &Command) -> io::Result<Exit> {
        self.launch(command)?;
        loop {
            let mut fds = [PollFd::new(&self.socket, PollFlags::IN)];
            match poll(&mut fds, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
            if let Some(exit) = self.receive()? {
                return Ok(exit);
            }
        }
    }

    /// How it starts children.
    #[must_use]
    pub fn spawn_path(&self) -> SpawnPath {
        self.spawn_path
    }

    /// Peak resident set of the launcher in bytes after start-up.
    #[must_use]
    pub fn rss_floor_bytes(&self) -> u64 {
        self.rss_floor_bytes
    }

    /// Process number of the launcher.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    fn await_ready(&mut self) -> io::Result<u64> {
        while self.inbox.frame().is_none() {
            if !self.inbox.fill(&self.socket, RecvFlags::empty())? {
                return Err(gone());
            }
        }
        let frame = self.inbox.frame().ok_or_else(gone)?;
        let Reply::Ready(ready) = wire::decode_reply(frame)? else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        self.inbox.consume();
        if ready.network_errno != 0 {
            let reason = io::Error::from_raw_os_error(ready.network_errno);
            let why = format!("no sandbox without network on this system: unshare: {reason}");
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        }
        Ok(ready.rss_floor_bytes)
    }
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the launcher process is gone")
}

impl AsFd for Launcher {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        // The end-of-file is the launcher's order to kill its tree and exit.
        let _ = rustix::net::shutdown(&self.socket, Shutdown::Both);
        let _ = self.process.wait();
    }
}
