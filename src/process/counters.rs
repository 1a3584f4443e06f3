//! Counters of the processor and of the kernel for a tree of processes, by perf_event_open(2).
//!
//! They are opened on the launcher itself, disabled until `execve` and handed down: so they count
//! its child and all that this starts, and not the launcher. What the system does not allow or have is not counted, with the reason.

#![expect(unsafe_code, reason = "perf_event_open has no safe wrapper here")]

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// Cycles of the processor, at whatever frequency.
    Cycles,
    /// Instructions that were retired.
    Instructions,
    /// Branches that were predicted wrong.
    BranchMisses,
    /// Accesses that missed the last cache.
    CacheMisses,
    /// Moves of a task to another CPU: counted by the kernel itself, so that it works without
    /// counters in the processor.
    Migrations,
}

impl Counter {
    /// All of them, in the order of the columns.
    pub const ALL: [Self; COUNTERS] =
        [Self::Cycles, Self::Instructions, Self::BranchMisses, Self::CacheMisses, Self::Migrations];

    /// The word in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cycles => "cycles",
            Self::Instructions => "instructions",
            Self::BranchMisses => "branch_misses",
            Self::CacheMisses => "cache_misses",
            Self::Migrations => "migrations",
        }
    }

    /// `type` and `config` of `linux/perf_event.h`.
    fn event(self) -> (u32, u64) {
        const HARDWARE: u32 = 0;
        const SOFTWARE: u32 = 1;
        match self {
            Self::Cycles => (HARDWARE, 0),
            Self::Instructions => (HARDWARE, 1),
            Self::CacheMisses => (HARDWARE, 3),
            Self::BranchMisses => (HARDWARE, 5),
            Self::Migrations => (SOFTWARE, 4),
        }
    }
}

/// How many counters there are.
pub const COUNTERS: usize = 5;

/// Counts by [`Counter::ALL`]; `None` where nothing counts.
pub type Counts = [Option<u64>; COUNTERS];

/// `perf_event_attr` of the first version (`PERF_ATTR_SIZE_VER0`), which every kernel knows.
#[repr(C)]
#[derive(Default)]
struct Attributes {
    kind: u32,
    size: u32,
    config: u64,
    sample: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup: u32,
    breakpoint_type: u32,
    breakpoint_address: u64,
}

const DISABLED: u64 = 1 << 0;
const INHERIT: u64 = 1 << 1;
const EXCLUDE_KERNEL: u64 = 1 << 5;
const EXCLUDE_HYPERVISOR: u64 = 1 << 6;
const ENABLE_ON_EXEC: u64 = 1 << 12;
const TOTAL_TIMES: u64 = (1 << 0) | (1 << 1);
const CLOSE_ON_EXEC: u64 = 1 << 3;

/// The counters of a launcher.
#[derive(Debug)]
pub(super) struct Counters {
    /// Those that could be opened when last tried.
    known: [bool; COUNTERS],
    files: [Option<OwnedFd>; COUNTERS],
}

/// A count, and how long the counter was wanted and had a place in the processor, in ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Reading {
    count: u64,
    enabled_ns: u64,
    running_ns: u64,
}

impl Reading {
    /// The count; `None` when the counter had to share its place with others: what is left is an
    /// estimate, and estimates are not counts.
    fn exact(self) -> Option<u64> {
        // The two are read one after the other, so that they differ a little.
        let missed_ns = self.enabled_ns.saturating_sub(self.running_ns);
        (missed_ns <= self.enabled_ns / 1_000 && self.enabled_ns > 0).then_some(self.count)
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self { known: [true; COUNTERS], files: [const { None }; COUNTERS] }
    }
}

impl Counters {
    /// Opens what this system allows, for the child that is started next.
    ///
    /// Anew for each child: the kernel may give the child the launcher's own counter and leave it
    /// the copy, since the two look the same to it while the launcher waits for `execve`.
    pub fn begin(&mut self) {
        for ((counter, known), file) in
            Counter::ALL.into_iter().zip(&mut self.known).zip(&mut self.files)
        {
            *file = if *known { open(counter).ok() } else { None };
            *known = file.is_some();
        }
    }

    /// What was counted, once all children have ended: a child hands its counts on at its end.
    pub fn take(&mut self) -> Counts {
        let mut files = self.files.iter_mut();
        std::array::from_fn(|_| read(&files.next()?.take()?)?.exact())
    }
}

/// Why each counter that cannot be opened cannot, for people.
#[must_use]
pub fn missing_counters() -> Vec<(Counter, String)> {
    let why = |counter: Counter| Some((counter, reason(&open(counter).err()?)));
    Counter::ALL.into_iter().filter_map(why).collect()
}

fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::EOPNOTSUPP | libc::ENODEV) => {
            "the processor shows no such counter, as is usual in virtual machines".to_owned()
        }
        Some(libc::EACCES | libc::EPERM) => {
            "not allowed: see /proc/sys/kernel/perf_event_paranoid".to_owned()
        }
        _ => format!("perf_event_open: {error}"),
    }
}

/// Counts user code only, which is what an ordinary user may.
fn open(counter: Counter) -> io::Result<OwnedFd> {
    let (kind, config) = counter.event();
    let user_only = if kind == 0 { EXCLUDE_KERNEL | EXCLUDE_HYPERVISOR } else { 0 };
    let attributes = Attributes {
        kind,
        size: u32::try_from(size_of::<Attributes>()).unwrap_or(0),
        config,
        read_format: TOTAL_TIMES,
        flags: DISABLED | INHERIT | ENABLE_ON_EXEC | user_only,
        ..Attributes::default()
    };
    // SAFETY: the structure lives during the call and says its own size; the other arguments are
    // integers: this process, on any CPU, in no group.
    let file = unsafe {
        libc::syscall(libc::SYS_perf_event_open, &raw const attributes, 0, -1, -1, CLOSE_ON_EXEC)
    };
    let file = i32::try_from(file).ok().filter(|file| *file >= 0);
    let file = file.ok_or_else(io::Error::last_os_error)?;
    // SAFETY: the kernel has just made this descriptor and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(file) })
}

fn read(file: &OwnedFd) -> Option<Reading> {
    let mut bytes = [0; 24];
    let count = rustix::io::read(file, &mut bytes).ok()?;
    let number = |at: usize| Some(u64::from_ne_bytes(*bytes[at..].first_chunk()?));
    (count == bytes.len()).then_some(())?;
    Some(Reading { count: number(0)?, enabled_ns: number(8)?, running_ns: number(16)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_shared_its_place_has_no_exact_count() {
        let whole = Reading { count: 12, enabled_ns: 30_000, running_ns: 29_990 };
        assert_eq!(whole.exact(), Some(12));
        let shared = Reading { running_ns: 25_000, ..whole };
        assert_eq!(shared.exact(), None);
        assert_eq!(Reading::default().exact(), None);
    }

    #[test]
    fn what_cannot_be_counted_has_a_reason() {
        for (counter, reason) in missing_counters() {
            assert!(!reason.is_empty(), "{counter:?}");
        }
        let denied = io::Error::from_raw_os_error(libc::EACCES);
        assert!(reason(&denied).contains("perf_event_paranoid"));
        let absent = io::Error::from_raw_os_error(libc::ENOENT);
        assert!(reason(&absent).contains("virtual machines"));
    }
}
