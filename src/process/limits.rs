//! Limits of what a child and all that it starts may use together, and how they are watched.
//!
//! The kernel enforces a limit where a control group with the right controller is there; elsewhere
//! the launcher looks at the tree from time to time. Refuses to signal: it says that a limit has
//! been passed.

use std::time::Duration;

use rustix::process::{Resource, getrlimit};

use super::cgroup::ControlGroup;
use super::exit::{Ending, Usage};
use super::sys;
use super::tree;

/// Time between two looks at memory and processes, and the shortest time between two at CPU time:
/// what a child can take beyond a limit is what it gets in that time.
const PERIOD_NS: u64 = 10_000_000;

/// The longest time between two looks at CPU time.
const LONGEST_NS: u64 = 1_000_000_000;

/// What a child and everything that it starts may use; `None` for as much as it wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// User and system CPU time together.
    pub cpu: Option<Duration>,
    /// Memory at one time, in bytes.
    pub memory_bytes: Option<u64>,
    /// Processes and threads at one time.
    pub processes: Option<u32>,
    /// What is written to standard output and standard error together, in bytes.
    pub output_bytes: Option<u64>,
    /// Length of any one file that it writes, in bytes: `RLIMIT_FSIZE` of setrlimit(2).
    pub file_bytes: Option<u64>,
}

impl Limits {
    /// Lays its limits over others; those that it does not have stay.
    pub fn lay_over(&self, others: &mut Self) {
        *others = Self {
            cpu: self.cpu.or(others.cpu),
            memory_bytes: self.memory_bytes.or(others.memory_bytes),
            processes: self.processes.or(others.processes),
            output_bytes: self.output_bytes.or(others.output_bytes),
            file_bytes: self.file_bytes.or(others.file_bytes),
        };
    }

    /// Nothing is limited.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The limit that a child passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Of CPU time.
    Cpu,
    /// Of memory.
    Memory,
    /// Of processes and threads.
    Processes,
    /// Of output.
    Output,
    /// Of the length of a file.
    FileSize,
}

impl Limit {
    /// All of them.
    pub(super) const ALL: [Self; 5] =
        [Self::Cpu, Self::Memory, Self::Processes, Self::Output, Self::FileSize];
}

/// The limits that the kernel itself enforces on a control group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Enforced {
    pub memory: bool,
    pub processes: bool,
}

/// Looks at a running tree.
#[derive(Debug)]
pub(super) struct Watch {
    limits: Limits,
    enforced: Enforced,
    next_ns: u64,
    /// CPUs that can spend the rest of the CPU time at once.
    cpus: u64,
}

impl Watch {
    /// `None` when there is nothing to look for.
    pub fn new(limits: &Limits, enforced: Enforced, spawned_ns: u64) -> Option<Self> {
        let mut watch = Self { limits: *limits, enforced, next_ns: 0, cpus: 1 };
        if watch.limits.cpu.is_none() && !watch.looks_at_memory() && !watch.looks_at_processes() {
            return None;
        }
        // Asked for only where it matters, since the C library reads a file to answer.
        watch.cpus = sys::online_cpus();
        watch.next_ns = spawned_ns.saturating_add(watch.pause_ns(0));
        Some(watch)
    }

    /// When to look next, on the monotonic clock.
    pub fn next_ns(&self) -> u64 {
        self.next_ns
    }

    /// Looks, if it is time: the limit that has been passed.
    pub fn look(&mut self, group: Option<&ControlGroup>) -> Option<Limit> {
        if sys::monotonic_ns() < self.next_ns {
            return None;
        }
        let mut cpu_ns = 0;
        if let Some(limit) = self.limits.cpu {
            let counted = group.and_then(ControlGroup::cpu_so_far_ns);
            cpu_ns = counted.unwrap_or_else(|| tree::cpu_ns(&tree::processes(group)));
            if cpu_ns > nanos(limit) {
                return Some(Limit::Cpu);
            }
        }
        if self.looks_at_memory()
            && let Some(limit) = self.limits.memory_bytes
            && tree::holds_more_than(&tree::processes(group), limit)
        {
            return Some(Limit::Memory);
        }
        if self.looks_at_processes()
            && let Some(limit) = self.limits.processes
            && tree::tasks(&tree::processes(group)) > u64::from(limit)
        {
            return Some(Limit::Processes);
        }
        self.next_ns = sys::monotonic_ns().saturating_add(self.pause_ns(cpu_ns));
        None
    }

    fn looks_at_memory(&self) -> bool {
        self.limits.memory_bytes.is_some() && !self.enforced.memory
    }

    fn looks_at_processes(&self) -> bool {
        self.limits.processes.is_some() && !self.enforced.processes
    }

    /// CPU time cannot run out before every CPU has spent its share of the rest.
    fn pause_ns(&self, cpu_ns: u64) -> u64 {
        if self.looks_at_memory() || self.looks_at_processes() {
            return PERIOD_NS;
        }
        let limit_ns = self.limits.cpu.map_or(u64::MAX, nanos);
        (limit_ns.saturating_sub(cpu_ns) / self.cpus).clamp(PERIOD_NS, LONGEST_NS)
    }
}

/// What shows only at the end: a limit that was passed between two looks, or that the kernel
/// enforced.
pub(super) fn passed(
    limits: &Limits,
    ending: &Ending,
    (usage, peak_is_known): (&Usage, bool),
    output_bytes: u64,
) -> Option<Limit> {
    let peak = usage.max_rss_bytes;
    if limits.cpu.is_some_and(|cpu| usage.user_ns + usage.sys_ns > nanos(cpu)) {
        Some(Limit::Cpu)
    } else if peak_is_known && limits.memory_bytes.is_some_and(|limit| peak > limit) {
        Some(Limit::Memory)
    } else if limits.output_bytes.is_some_and(|limit| output_bytes > limit) {
        Some(Limit::Output)
    } else if limits.file_bytes.is_some() && *ending == Ending::Signalled(libc::SIGXFSZ) {
        Some(Limit::FileSize)
    } else {
        None
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Files that this process may have open at the same time: the soft `RLIMIT_NOFILE` of setrlimit(2);
/// `None` when there is no limit.
#[must_use]
pub fn open_files_limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}
