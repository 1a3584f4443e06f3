//! The tree of a running child: who is in it, how much memory it holds.
//!
//! The sampler looks on seldom, so that looking costs at most a thousandth of the time. Nobody is
//! signalled by a number alone, which may have become another's.

use std::fs;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::cgroup::ControlGroup;
use super::sys;

/// The first look at a child, and the shortest time between two.
const SHORTEST_NS: u64 = 100_000_000;

/// A look is followed by at least this many times its own duration without one.
const PAUSE_FACTOR: u64 = 1_000;

/// Samples the memory of a tree.
#[derive(Debug)]
pub(super) struct Sampler {
    next_ns: u64,
    peak_bytes: u64,
}

impl Sampler {
    /// For a child that was spawned at this time.
    pub fn new(spawned_ns: u64) -> Self {
        Self { next_ns: spawned_ns.saturating_add(SHORTEST_NS), peak_bytes: 0 }
    }

    /// When to look next, on the monotonic clock.
    pub fn next_ns(&self) -> u64 {
        self.next_ns
    }

    /// The largest sum that was seen, in bytes; 0 if there never were several processes.
    pub fn peak_bytes(&self) -> u64 {
        self.peak_bytes
    }

    /// Looks, if it is time. A single process is not measured: `wait4` knows its exact peak.
    pub fn look(&mut self, group: Option<&ControlGroup>) {
        let start_ns = sys::monotonic_ns();
        if start_ns < self.next_ns {
            return;
        }
        let processes = processes(group);
        if processes.len() > 1 {
            let sum = processes.iter().filter_map(|&pid| proportional_bytes(pid)).sum();
            self.peak_bytes = self.peak_bytes.max(sum);
        }
        let end_ns = sys::monotonic_ns();
        let pause_ns = (end_ns - start_ns).saturating_mul(PAUSE_FACTOR).max(SHORTEST_NS);
        self.next_ns = end_ns.saturating_add(pause_ns);
    }
}

/// Every process of the tree, by the control group or from the launcher downwards.
pub(super) fn processes(group: Option<&ControlGroup>) -> Vec<i32> {
    if let Some(group) = group {
        return group.processes();
    }
    let own = rustix::process::getpid().as_raw_nonzero().get();
    let mut found = children(own);
    let mut looked_at = 0;
    while let Some(&pid) = found.get(looked_at) {
        found.extend(children(pid));
        looked_at += 1;
    }
    found
}

/// Sends a signal to every process of the tree. A number is used only while it is in the tree
/// after a descriptor for it was opened, so that it is the process that is meant.
pub(super) fn signal(group: Option<&ControlGroup>, signal: Signal) {
    let opened: Vec<_> = processes(group)
        .into_iter()
        .filter_map(|pid| Some((pid, pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?)))
        .collect();
    let still = processes(group);
    for (_, process) in opened.iter().filter(|(pid, _)| still.contains(pid)) {
        // One that has ended since needs no signal.
        let _ = pidfd_send_signal(process, signal);
    }
}

/// Whether these processes hold more memory than `limit_bytes` together. Shared pages are counted
/// once, which is dear, so only when counting them in each process is more than the limit.
pub(super) fn holds_more_than(processes: &[i32], limit_bytes: u64) -> bool {
    let resident: u64 = processes.iter().filter_map(|&pid| resident_bytes(pid)).sum();
    if resident <= limit_bytes || processes.len() == 1 {
        return resident > limit_bytes;
    }
    processes.iter().filter_map(|&pid| proportional_bytes(pid)).sum::<u64>() > limit_bytes
}

/// The threads of these processes.
pub(super) fn tasks(processes: &[i32]) -> u64 {
    processes.iter().filter_map(|&pid| stat(pid)).map(|stat| stat.threads).sum()
}

/// CPU time of these processes and of the children that they have reaped, in ns (resolution of a
/// clock tick, 10 ms as a rule).
pub(super) fn cpu_ns(processes: &[i32]) -> u64 {
    let ticks: u64 = processes.iter().filter_map(|&pid| stat(pid)).map(|stat| stat.ticks).sum();
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    ticks.saturating_mul(1_000_000_000 / per_second)
}

/// What `/proc/PID/stat` says of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    /// User and system time, its own and that of reaped children, in clock ticks.
    ticks: u64,
    threads: u64,
}

fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Fields 14 to 17 and 20 of proc_pid_stat(5); the name before them may hold anything.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let ticks = number(14)? + number(15)? + number(16)? + number(17)?;
    Some(Stat { ticks, threads: number(20)? })
}

fn resident_bytes(pid: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = text.split_ascii_whitespace().nth(1)?.parse().ok()?;
    pages.checked_mul(rustix::param::page_size() as u64)
}

fn children(pid: i32) -> Vec<i32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    let of_thread = |thread: fs::DirEntry| {
        let text = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        text.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<i32>>()
    };
    threads.flatten().flat_map(of_thread).collect()
}

fn proportional_bytes(pid: i32) -> Option<u64> {
    parse_pss(&fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?)
}

fn parse_pss(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim_end().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_threads_are_read_behind_a_name_that_looks_like_fields() {
        let text = "17 (a ) S 1 (b) R 1 17 17 0 -1 4194560 100 200 0 0 31 7 5 2 20 0 4 0 1 2 3";
        assert_eq!(parse_stat(text), Some(Stat { ticks: 45, threads: 4 }));
        assert_eq!(parse_stat("17 (a"), None);
        let own = std::process::id().cast_signed();
        assert!(tasks(&[own]) >= 1);
        assert!(resident_bytes(own).is_some_and(|bytes| bytes > 0));
    }

    #[test]
    fn more_than_a_limit_is_more() {
        let own = std::process::id().cast_signed();
        assert!(holds_more_than(&[own], 1));
        assert!(!holds_more_than(&[own], 1 << 50));
        // Twice the same process: its pages are counted by share, and so below the plain sum.
        assert!(!holds_more_than(&[own, own], 1 << 50));
    }

    #[test]
    fn the_proportional_size_is_read_from_the_text_of_the_kernel() {
        let rollup = "55c4b4968000-7ffec60a2000 ---p 00000000 00:00 0 [rollup]\n\
                      Rss:                1764 kB\nPss:                 348 kB\n\
                      Pss_Dirty:           112 kB\n";
        assert_eq!(parse_pss(rollup), Some(348 * 1024));
        assert_eq!(parse_pss("Rss: 1 kB\n"), None);
        let own = std::process::id().cast_signed();
        assert!(proportional_bytes(own).is_some_and(|bytes| bytes > 0));
    }
}
