//! The two ways to start a child, with the same behaviour.
//!
//! It refuses to wait: what it returns is running, in a process group of its own. The one
//! difference: only the `Clone` path ties the child's life to the launcher's by a death signal,
//! because `std` would need a fork for it.

#![expect(clippy::disallowed_methods, reason = "this is where children are spawned")]

use std::ffi::{CStr, OsStr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;

use rustix::fs::{Access, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, getrlimit, pidfd_open, setrlimit};
use rustix::thread::CpuSet;

use super::cgroup::ControlGroup;
use super::launcher::SpawnPath;
use super::sandbox;
use super::sys::{self, FailedCall, Image, Stack, StringArray};
use super::wire::Launch;

/// A running child that nobody else may reap.
pub(super) struct Child {
    pub pid: Pid,
    /// Readable when it has ended.
    pub pidfd: OwnedFd,
    pub spawned_ns: u64,
    /// Where it could run straight after the spawn, if CPUs were asked for.
    pub cpus: Vec<usize>,
}

/// Starts children.
pub(super) struct Spawner {
    path: SpawnPath,
    own: Pid,
    /// Set when the launcher itself is confined to fewer CPUs than its children.
    affinity: Option<Affinity>,
    null: OwnedFd,
    stack: Stack,
    /// The kernel clones into groups; until it has refused to.
    clones_into: bool,
}

/// The call that failed when the launcher could not enter the child's group.
pub(super) const VISIT: &str = "cgroup.procs";

/// Where children may run, when the launcher may not.
pub(super) struct Affinity {
    pub children: CpuSet,
}

impl Spawner {
    pub fn new(path: SpawnPath, affinity: Option<Affinity>) -> Result<Self, Errno> {
        let flags = OFlags::RDWR | OFlags::CLOEXEC;
        Ok(Self {
            path,
            own: rustix::process::getpid(),
            affinity,
            null: rustix::fs::open("/dev/null", flags, Mode::empty())?,
            stack: Stack::new(),
            clones_into: true,
        })
    }

    /// Starts one child with these write ends as its output, born in the group if there is one,
    /// and reads back where it may run, if that was asked for.
    pub fn spawn(
        &mut self,
        launch: &Launch<'_>,
        ends: [BorrowedFd<'_>; 2],
        group: Option<&ControlGroup>,
    ) -> Result<Child, FailedCall> {
        let mut child = self.spawn_grouped(launch, ends, group)?;
        if !launch.cpus.is_empty()
            && let Ok(set) = rustix::thread::sched_getaffinity(Some(child.pid))
        {
            child.cpus = (0..CpuSet::MAX_CPU).filter(|&cpu| set.is_set(cpu)).collect();
        }
        Ok(child)
    }

    fn spawn_grouped(
        &mut self,
        launch: &Launch<'_>,
        ends: [BorrowedFd<'_>; 2],
        group: Option<&ControlGroup>,
    ) -> Result<Child, FailedCall> {
        let Some(group) = group else {
            return self.spawn_in(launch, ends, None);
        };
        if self.clones_into && self.path == SpawnPath::Clone {
            match self.spawn_in(launch, ends, Some(group.directory())) {
                Err(failure) if failure.call == sys::CLONE_INTO => self.clones_into = false,
                outcome => return outcome,
            }
        }
        group.inside(|| self.spawn_in(launch, ends, None)).unwrap_or_else(|error| {
            let errno = error.raw_os_error().unwrap_or(0);
            Err(FailedCall { errno, call: VISIT })
        })
    }

    fn spawn_in(
        &mut self,
        launch: &Launch<'_>,
        [stdout, stderr]: [BorrowedFd<'_>; 2],
        group: Option<BorrowedFd<'_>>,
    ) -> Result<Child, FailedCall> {
        let cpus = match cpu_set(&launch.cpus) {
            Some(asked) => Some(asked),
            None => self.affinity.as_ref().map(|affinity| affinity.children),
        };
        let ruleset = launch.writable.as_deref().map(sandbox::read_only_but).transpose()?;
        let stdin = launch.stdin.map(|path| open_stdin(launch.cwd, path));
        let stdin = stdin.transpose().map_err(failed("open stdin"))?;
        match self.path {
            SpawnPath::Clone => {
                let null = self.null.as_fd();
                let image = Image {
                    program: launch.program,
                    argv: StringArray::new(&launch.argv),
                    env: StringArray::new(&launch.env),
                    cwd: launch.cwd,
                    stdio: [stdin.as_ref().map_or(null, AsFd::as_fd), stdout, stderr],
                    cpus: cpus.as_ref(),
                    nice: launch.nice,
                    ruleset: ruleset.as_ref().map(AsFd::as_fd),
                    parent: self.own,
                    file_bytes: launch.limits.file_bytes,
                    group,
                };
                let spawned_ns = sys::monotonic_ns();
                let (pid, pidfd) = sys::clone_and_exec(&image, &mut self.stack)?;
                Ok(Child { pid, pidfd, spawned_ns, cpus: Vec::new() })
            }
            SpawnPath::Std => {
                self.spawn_std(launch, (stdin, [stdout, stderr]), (cpus.as_ref(), ruleset))
            }
        }
    }

    fn spawn_std(
        &self,
        launch: &Launch<'_>,
        (stdin, [stdout, stderr]): (Option<OwnedFd>, [BorrowedFd<'_>; 2]),
        (cpus, ruleset): (Option<&CpuSet>, Option<OwnedFd>),
    ) -> Result<Child, FailedCall> {
        let own_copy = |fd: BorrowedFd<'_>| rustix::io::fcntl_dupfd_cloexec(fd, 3);
        let stdin = match stdin {
            Some(file) => file,
            None => own_copy(self.null.as_fd()).map_err(failed("dup"))?,
        };
        let mut command = std_command(launch);
        command
            .stdin(stdin)
            .stdout(Stdio::from(own_copy(stdout).map_err(failed("dup"))?))
            .stderr(Stdio::from(own_copy(stderr).map_err(failed("dup"))?));
        if let Some(ruleset) = ruleset {
            sys::restrict_before_exec(&mut command, ruleset);
        }
        let home = rustix::thread::sched_getaffinity(None).map_err(failed("sched_getaffinity"))?;
        let moved = cpus.map(|cpus| rustix::thread::sched_setaffinity(None, cpus)).transpose();
        moved.map_err(failed("sched_setaffinity"))?;
        // A child inherits this, too; nothing is written in between.
        let before = launch.limits.file_bytes.map(limit_files).transpose();
        let before = before.map_err(failed("setrlimit"))?;
        let spawned_ns = sys::monotonic_ns();
        let spawned = command.spawn();
        if let Some(before) = before {
            setrlimit(Resource::Fsize, before).map_err(failed("setrlimit"))?;
        }
        if cpus.is_some() {
            rustix::thread::sched_setaffinity(None, &home).map_err(failed("sched_setaffinity"))?;
        }
        let child = spawned.map_err(|error| why_not(launch, &error))?;
        let pid = Pid::from_child(&child);
        // Nobody has reaped it, so the number is still its own.
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).map_err(|errno| {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
            let _ = sys::reap(pid);
            failed("pidfd_open")(errno)
        })?;
        if let Some(nice) = launch.nice {
            let set = rustix::process::setpriority_process(Some(pid), nice);
            set.map_err(|errno| {
                let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
                let _ = sys::reap(pid);
                failed("setpriority")(errno)
            })?;
        }
        Ok(Child { pid, pidfd, spawned_ns, cpus: Vec::new() })
    }
}

/// These CPUs as the kernel takes them; `None` for none.
pub(super) fn cpu_set(cpus: &[usize]) -> Option<CpuSet> {
    let mut set = CpuSet::new();
    for &cpu in cpus.iter().filter(|&&cpu| cpu < CpuSet::MAX_CPU) {
        set.set(cpu);
    }
    (set.count() > 0).then_some(set)
}

/// The error of a call, by its name.
pub(super) fn failed(call: &'static str) -> impl Fn(Errno) -> FailedCall {
    move |errno| FailedCall { errno: errno.raw_os_error(), call }
}

/// Limits the length of files that this process writes, for a time: only the soft limit, so that
/// it can be raised again. Returns what it was.
fn limit_files(bytes: u64) -> Result<Rlimit, Errno> {
    let before = getrlimit(Resource::Fsize);
    let bytes = before.maximum.map_or(bytes, |maximum| maximum.min(bytes));
    setrlimit(Resource::Fsize, Rlimit { current: Some(bytes), maximum: before.maximum })?;
    Ok(before)
}

/// Opens without waiting, so that a pipe without a writer cannot hold up the launcher.
fn open_stdin(cwd: &CStr, path: &CStr) -> Result<OwnedFd, Errno> {
    let path = path_of(cwd).join(path_of(path));
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    let file = rustix::fs::open(path, flags, Mode::empty())?;
    rustix::fs::fcntl_setfl(&file, OFlags::empty())?;
    Ok(file)
}

fn path_of(text: &CStr) -> &Path {
    Path::new(OsStr::from_bytes(text.to_bytes()))
}

fn std_command(launch: &Launch<'_>) -> std::process::Command {
    let os = |text: &'_ CStr| OsStr::from_bytes(text.to_bytes()).to_owned();
    let mut command = std::process::Command::new(path_of(launch.program));
    if let Some((name, arguments)) = launch.argv.split_first() {
        command.arg0(os(name)).args(arguments.iter().map(|&a| os(a)));
    }
    command.env_clear();
    for variable in &launch.env {
        let bytes = variable.to_bytes();
        // The name ends at the first `=`; one at the very beginning would be part of it.
        let end = bytes.iter().skip(1).position(|&byte| byte == b'=');
        let (name, value) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
        let value = value.get(1..).unwrap_or_default();
        command.env(OsStr::from_bytes(name), OsStr::from_bytes(value));
    }
    command.current_dir(path_of(launch.cwd)).process_group(0);
    command
}

/// `std` tells the number of an error, but not the call: the directory is looked at again.
fn why_not(launch: &Launch<'_>, error: &std::io::Error) -> FailedCall {
    let errno = error.raw_os_error().unwrap_or(0);
    let entered = rustix::fs::access(launch.cwd, Access::EXEC_OK);
    let is_directory = path_of(launch.cwd).is_dir();
    let call = match entered {
        Err(denied) if denied.raw_os_error() == errno => "chdir",
        Ok(()) if !is_directory && errno == libc::ENOTDIR => "chdir",
        _ if errno == libc::EAGAIN || errno == libc::ENOMEM => "clone",
        _ => "execve",
    };
    FailedCall { errno, call }
}
