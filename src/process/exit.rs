//! How a child ended and what it used.

use super::accounting::{CpuMethod, MemoryMethod};
use super::counters::Counts;
use super::limits::Limit;

/// Everything known about a child that has been reaped, or that could not be started.
#[derive(Clone, Debug)]
pub struct Exit {
    /// How it ended.
    pub ending: Ending,
    /// `CLOCK_MONOTONIC` immediately before the spawn, in ns.
    pub spawned_ns: u64,
    /// `CLOCK_MONOTONIC` when the exit of the child was seen, before anything else was done, in ns.
    pub ended_ns: u64,
    /// What the child and all that it started used, as far as the methods below reach. Faults
    /// and switches are always those of `wait4`.
    pub usage: Usage,
    /// How the CPU times of `usage` were measured.
    pub cpu_method: CpuMethod,
    /// How the peak memory of `usage` was measured. The floor concerns `Wait4` only.
    pub memory_method: MemoryMethod,
    /// Peak resident set of the launcher at the spawn in bytes: a child that reports no more
    /// than this may have inherited it (`exec` folds the old image's peak into the record).
    pub rss_floor_bytes: u64,
    /// The timeout passed and the group was sent TERM.
    pub timed_out: bool,
    /// What was counted of it and all that it started.
    pub counts: Counts,
    /// The CPUs on which it could run straight after its start, as the kernel says; empty when
    /// none were asked for.
    pub cpus: Vec<usize>,
    /// It had no network.
    pub no_network: bool,
    /// It could change files only where that was allowed.
    pub read_only: bool,
    /// The limit that was passed, if any; the tree was ended when it was seen in time.
    pub limit: Option<Limit>,
    /// `terminate` or `kill` was asked for while it ran.
    pub terminated: bool,
    /// The group had to be sent KILL before the child ended.
    pub killed: bool,
    /// Processes of the child that outlived it and were killed.
    pub leaked: u32,
    /// Processes that were still there after all that could be done.
    pub survivors: u32,
    /// The `errno` of the first write to a `tee` file that failed; the rest of that stream is
    /// missing from the file. `None` when the files are whole, or none was asked for.
    pub tee_errno: Option<i32>,
    /// Standard output.
    pub stdout: Captured,
    /// Standard error.
    pub stderr: Captured,
}

/// How a child ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this code.
    Exited(i32),
    /// By this signal number.
    Signalled(i32),
    /// It could not be started; with the `errno` and the call that failed (`execve`, `chdir`, …).
    NotStarted {
        /// The operating system's error number.
        errno: i32,
        /// What was tried.
        call: String,
    },
}

/// Resource usage: the child, the descendants that it reaped itself, and those that were left.
/// Times, faults and switches are sums; the resident set is a maximum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// User CPU time in ns (µs resolution).
    pub user_ns: u64,
    /// System CPU time in ns (µs resolution).
    pub sys_ns: u64,
    /// Peak memory in bytes: of the largest single process by `wait4`, or of the tree.
    pub max_rss_bytes: u64,
    /// Bytes read from storage, and not from the page cache (`ru_inblock` of getrusage(2)).
    pub read_bytes: u64,
    /// Bytes written, or to be written, to storage (`ru_oublock`).
    pub written_bytes: u64,
    /// Page faults served without input or output.
    pub minor_faults: u64,
    /// Page faults that needed input or output.
    pub major_faults: u64,
    /// Voluntary context switches.
    pub vol_ctx_switches: u64,
    /// Involuntary context switches.
    pub invol_ctx_switches: u64,
}

impl Usage {
    /// Adds what another process used.
    pub(super) fn add(&mut self, more: &Self) {
        self.user_ns += more.user_ns;
        self.sys_ns += more.sys_ns;
        self.max_rss_bytes = self.max_rss_bytes.max(more.max_rss_bytes);
        self.read_bytes += more.read_bytes;
        self.written_bytes += more.written_bytes;
        self.minor_faults += more.minor_faults;
        self.major_faults += more.major_faults;
        self.vol_ctx_switches += more.vol_ctx_switches;
        self.invol_ctx_switches += more.invol_ctx_switches;
    }
}

/// The kept part of one output stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captured {
    /// The beginning; the whole stream when `omitted` is 0 and `tail` is empty.
    pub head: Vec<u8>,
    /// The end, when the stream was longer than the head.
    pub tail: Vec<u8>,
    /// Bytes between head and tail that were read and dropped.
    pub omitted: u64,
}

impl Captured {
    /// All bytes that were kept, with a mark where some are missing.
    #[must_use]
    pub fn text(&self) -> String {
        let mut bytes = self.head.clone();
        if self.omitted > 0 {
            bytes
                .extend_from_slice(format!("\n[… {} bytes left out …]\n", self.omitted).as_bytes());
        }
        bytes.extend_from_slice(&self.tail);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Length of the whole stream in bytes.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.head.len() as u64 + self.tail.len() as u64 + self.omitted
    }
}
