//! One control group (cgroup v2) for the children of a launcher, one after another.
//!
//! It counts and kills whatever a child starts, however it has left its group and session. The
//! group is kept from child to child, because making many has brought large machines to their
//! knees; it is made anew after a kill, because the kernel kills whatever is cloned into a group
//! that has once been killed. It refuses to be needed: every failure is a `None`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags, flock};

use super::limits::{Enforced, Limit, Limits};

/// What names of groups begin with; the launcher's process number and a count follow.
const PREFIX: &str = "runner.";

/// The leaf into which a launcher moves itself, so that the group it was in may hand controllers
/// on: a group with processes of its own cannot.
const OWN_LEAF: &str = "runner-self";

/// Waits for the emptiness of a killed group: so often, so long.
const EMPTY_TRIES: u32 = 2_000;
const EMPTY_PAUSE: Duration = Duration::from_millis(1);

/// CPU time of a group since it was made, in ns (µs resolution).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CpuStat {
    pub user_ns: u64,
    pub sys_ns: u64,
}

/// A group of our own.
pub(super) struct ControlGroup {
    parent: PathBuf,
    path: PathBuf,
    /// The directory, locked: who holds the lock is alive.
    directory: OwnedFd,
    cpu_stat: File,
    /// `memory.peak`, where the memory controller is there.
    memory_peak: Option<File>,
    /// The kernel resets the peak on request (Linux 6.12).
    resets_peak: bool,
    /// What `cpu.stat` said when the group was last empty.
    baseline: CpuStat,
    made: u32,
    enforced: Enforced,
    /// What had happened when the limits were set.
    events: LimitEvents,
}

/// How often the kernel has acted at a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct LimitEvents {
    oom_kills: u64,
    refused_forks: u64,
}

impl ControlGroup {
    /// Makes a group below the one that this process is in, after removing those that dead
    /// launchers have left there. `None` where there is no writable cgroup2 tree.
    pub fn new(wants_memory: bool) -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let membership = fs::read_to_string("/proc/self/cgroup").ok()?;
        let mut parent = mount_point(&mounts)?.join(own_group(&membership)?);
        if parent.file_name().is_some_and(|name| name == OWN_LEAF) {
            parent.pop();
        }
        if wants_memory {
            // Where it fails there is no memory controller, which the files will show.
            let _ = delegate(&parent);
        }
        collect_stale(&parent);
        Self::make(parent, 0)
    }

    fn make(parent: PathBuf, made: u32) -> Option<Self> {
        let path = parent.join(format!("{PREFIX}{}.{made}", std::process::id()));
        fs::create_dir(&path).ok()?;
        let group = Self::open(parent, path.clone(), made);
        if group.is_none() {
            let _ = fs::remove_dir(&path);
        }
        group
    }

    fn open(parent: PathBuf, path: PathBuf, made: u32) -> Option<Self> {
        let directory = lock(&path)?;
        let peak = path.join("memory.peak");
        let writable = File::options().read(true).write(true).open(&peak).ok();
        let resets_peak = writable.as_ref().is_some_and(|file| reset(file).is_ok());
        let memory_peak = if resets_peak { writable } else { File::open(&peak).ok() };
        let cpu_stat = File::open(path.join("cpu.stat")).ok()?;
        let baseline = read_cpu(&cpu_stat)?;
        Some(Self {
            parent,
            path,
            directory,
            cpu_stat,
            memory_peak,
            resets_peak,
            baseline,
            made,
            enforced: Enforced::default(),
            events: LimitEvents::default(),
        })
    }

    /// The directory, for `CLONE_INTO_CGROUP`.
    pub fn directory(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    /// Whether the group knows its peak memory.
    pub fn knows_memory(&self) -> bool {
        self.memory_peak.is_some()
    }

    /// Begins a new peak where the kernel can, otherwise with a new group. To be called while it
    /// is empty; `None` when the group is lost.
    pub fn begin(self) -> Option<Self> {
        match &self.memory_peak {
            None => Some(self),
            Some(peak) if self.resets_peak => reset(peak).is_ok().then_some(self),
            Some(_) if self.baseline == CpuStat::default() => Some(self),
            Some(_) => self.renew(),
        }
    }

    /// What was used since the group was last empty. To be called when it is empty again.
    pub fn cpu(&mut self) -> Option<CpuStat> {
        let now = read_cpu(&self.cpu_stat)?;
        let before = std::mem::replace(&mut self.baseline, now);
        Some(CpuStat {
            user_ns: now.user_ns.saturating_sub(before.user_ns),
            sys_ns: now.sys_ns.saturating_sub(before.sys_ns),
        })
    }

    /// CPU time since the group was last empty, in ns, while it runs.
    pub fn cpu_so_far_ns(&self) -> Option<u64> {
        let now = read_cpu(&self.cpu_stat)?;
        let total = |stat: CpuStat| stat.user_ns + stat.sys_ns;
        Some(total(now).saturating_sub(total(self.baseline)))
    }

    /// Lets the kernel enforce what it can of these limits, from now on. What is not limited any
    /// more is set free.
    pub fn enforce(&mut self, limits: &Limits) -> Enforced {
        let wanted = (limits.memory_bytes, limits.processes);
        if wanted == (None, None) && self.enforced == Enforced::default() {
            return Enforced::default();
        }
        let text = |limit: Option<u64>| limit.map_or("max".to_owned(), |limit| limit.to_string());
        let set = |name: &str, value: &str| fs::write(self.path.join(name), value).is_ok();
        let memory = set("memory.max", &text(limits.memory_bytes));
        if memory {
            // The tree ends as a whole, and does not slip into swap: where there is swap.
            let swap = if limits.memory_bytes.is_some() { "0" } else { "max" };
            set("memory.swap.max", swap);
            set("memory.oom.group", "1");
        }
        let processes = set("pids.max", &text(limits.processes.map(u64::from)));
        self.enforced = Enforced {
            memory: memory && limits.memory_bytes.is_some(),
            processes: processes && limits.processes.is_some(),
        };
        self.events = self.read_events();
        self.enforced
    }

    /// The limit at which the kernel has acted since [`ControlGroup::enforce`].
    pub fn limit_passed(&self) -> Option<Limit> {
        if self.enforced == Enforced::default() {
            return None;
        }
        let now = self.read_events();
        if now.oom_kills > self.events.oom_kills {
            Some(Limit::Memory)
        } else if now.refused_forks > self.events.refused_forks {
            Some(Limit::Processes)
        } else {
            None
        }
    }

    fn read_events(&self) -> LimitEvents {
        let count = |file: &str, key: &str| {
            let text = fs::read_to_string(self.path.join(file)).unwrap_or_default();
            field(&text, key).unwrap_or(0)
        };
        LimitEvents {
            oom_kills: count("memory.events", "oom_kill"),
            refused_forks: count("pids.events", "max"),
        }
    }

    /// Peak memory in bytes since [`ControlGroup::begin`].
    pub fn peak_bytes(&self) -> Option<u64> {
        number(&read(self.memory_peak.as_ref()?)?)
    }

    /// The processes that are in the group now.
    pub fn processes(&self) -> Vec<i32> {
        let text = fs::read_to_string(self.path.join("cgroup.procs")).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// Kills every process of the group at once; true where the kernel could (Linux 5.14).
    pub fn kill(&self) -> bool {
        fs::write(self.path.join("cgroup.kill"), "1").is_ok()
    }

    /// Waits, for 2 s at most, until no process is left in a group that was killed and whose
    /// processes have been reaped; false if some are still there.
    pub fn wait_empty(&self) -> bool {
        for _ in 0..EMPTY_TRIES {
            let events = fs::read_to_string(self.path.join("cgroup.events")).unwrap_or_default();
            if field(&events, "populated") != Some(1) {
                return true;
            }
            std::thread::sleep(EMPTY_PAUSE);
        }
        false
    }

    /// An unused group in its place.
    pub fn renew(self) -> Option<Self> {
        let (parent, made) = (self.parent.clone(), self.made.wrapping_add(1));
        drop(self);
        Self::make(parent, made)
    }

    /// Runs something while this process is in the group, so that what it starts is born there:
    /// the way of kernels and spawn calls that cannot clone into a group.
    pub fn inside<T>(&self, run: impl FnOnce() -> T) -> io::Result<T> {
        let membership = fs::read_to_string("/proc/self/cgroup")?;
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        let own = mount_point(&mounts).zip(own_group(&membership));
        let (mount, own) = own.ok_or(io::ErrorKind::NotFound)?;
        let home = mount.join(own).join("cgroup.procs");
        fs::write(self.path.join("cgroup.procs"), "0")?;
        let outcome = run();
        fs::write(home, "0")?;
        Ok(outcome)
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        // A group that still holds a process stays, and the next launcher collects it.
        let _ = fs::remove_dir(&self.path);
    }
}

/// Opens a group's directory and takes its lock, if nobody has it.
fn lock(path: &Path) -> Option<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = rustix::fs::open(path, flags, Mode::empty()).ok()?;
    flock(&directory, FlockOperation::NonBlockingLockExclusive).ok()?;
    Some(directory)
}

/// Kills and removes the groups of launchers that were killed themselves.
fn collect_stale(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if !name.to_str().is_some_and(|name| name.starts_with(PREFIX)) {
            continue;
        }
        if lock(&path).is_some() {
            let _ = fs::write(path.join("cgroup.kill"), "1");
            let _ = fs::remove_dir(&path);
        }
    }
}

/// Makes the memory and process controllers work in the groups below `parent`. A group that has
/// processes cannot, unless it is the root: then this process moves to a leaf, with the one that
/// started it, if there are no others.
fn delegate(parent: &Path) -> io::Result<()> {
    let controllers = fs::read_to_string(parent.join("cgroup.controllers"))?;
    let enabled = fs::read_to_string(parent.join("cgroup.subtree_control"))?;
    let has = |list: &str, name: &str| list.split_ascii_whitespace().any(|word| word == name);
    if has(&enabled, "memory") || !has(&controllers, "memory") {
        return Ok(());
    }
    let own = std::process::id().cast_signed();
    let starter = rustix::process::getppid().map_or(own, |pid| pid.as_raw_nonzero().get());
    let text = fs::read_to_string(parent.join("cgroup.procs"))?;
    let inside: Vec<i32> = text.lines().filter_map(|line| line.parse().ok()).collect();
    if inside.iter().any(|&pid| pid != own && pid != starter) {
        return Err(io::ErrorKind::ResourceBusy.into());
    }
    let leaf = parent.join(OWN_LEAF);
    if !inside.is_empty() && !leaf.exists() {
        fs::create_dir(&leaf)?;
    }
    for pid in inside {
        fs::write(leaf.join("cgroup.procs"), pid.to_string())?;
    }
    let wanted = ["cpu", "memory", "pids"].into_iter().filter(|name| has(&controllers, name));
    for name in wanted {
        let mut file = File::options().write(true).open(parent.join("cgroup.subtree_control"))?;
        file.write_all(format!("+{name}").as_bytes())?;
    }
    Ok(())
}

/// Where the cgroup2 tree is mounted, by `/proc/self/mountinfo`.
fn mount_point(mounts: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        let path = place.split(' ').nth(4)?;
        (kind.split(' ').next() == Some("cgroup2")).then(|| PathBuf::from(path))
    })
}

/// The group of this process below the mount point, by `/proc/self/cgroup`.
fn own_group(membership: &str) -> Option<&str> {
    let path = membership.lines().find_map(|line| line.strip_prefix("0::/"))?;
    // A group outside the namespace's root cannot be written from here.
    (!path.starts_with("..")).then_some(path)
}

fn read_cpu(file: &File) -> Option<CpuStat> {
    parse_cpu(&read(file)?)
}

fn read(file: &File) -> Option<String> {
    let mut bytes = [0; 1024];
    let count = file.read_at(&mut bytes, 0).ok()?;
    Some(std::str::from_utf8(&bytes[..count]).ok()?.to_owned())
}

fn reset(peak: &File) -> io::Result<()> {
    peak.write_at(b"reset", 0).map(drop)
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The value of one key of a flat keyed file.
fn field(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| number(line.strip_prefix(key)?.strip_prefix(' ')?))
}

fn parse_cpu(text: &str) -> Option<CpuStat> {
    let ns = |key| field(text, key).map(|micros| micros * 1_000);
    Some(CpuStat { user_ns: ns("user_usec")?, sys_ns: ns("system_usec")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Linux 6.18 prints it for a group without controllers.
    const CPU_STAT: &str = "usage_usec 1463120\nuser_usec 1460021\nsystem_usec 3099\n\
                            nice_usec 0\ncore_sched.force_idle_usec 0\n";

    #[test]
    fn cpu_time_is_read_from_the_text_of_the_kernel() {
        let expected = CpuStat { user_ns: 1_460_021_000, sys_ns: 3_099_000 };
        assert_eq!(parse_cpu(CPU_STAT), Some(expected));
        assert_eq!(parse_cpu("usage_usec 5\n"), None);
    }

    #[test]
    fn keys_of_flat_files_are_whole_words() {
        let events = "low 0\nhigh 0\nmax 12\noom 1\noom_kill 2\noom_group_kill 0\n";
        assert_eq!(field(events, "oom"), Some(1));
        assert_eq!(field(events, "oom_kill"), Some(2));
        assert_eq!(field(events, "oo"), None);
        assert_eq!(number("123456789\n"), Some(123_456_789));
        assert_eq!(number("max\n"), None);
    }

    #[test]
    fn the_second_version_is_found_in_hybrid_and_unified_trees() {
        let hybrid = "30 25 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                      35 25 0:31 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
        assert_eq!(mount_point(hybrid), Some(PathBuf::from("/sys/fs/cgroup/unified")));
        let unified = "24 20 0:22 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n";
        assert_eq!(mount_point(unified), Some(PathBuf::from("/sys/fs/cgroup")));
        assert_eq!(mount_point("30 25 0:26 / /sys/fs/cgroup rw - cgroup cgroup rw\n"), None);
        let scope = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-r1.scope\n";
        assert!(own_group(scope).is_some_and(|path| path.ends_with("run-r1.scope")));
        assert_eq!(own_group("4:memory:/a\n0::/\n"), Some(""));
        assert_eq!(own_group("0::/../other\n"), None);
        assert_eq!(own_group("4:memory:/a\n"), None);
    }
}
