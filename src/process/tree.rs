//! The tree of a running child: who is in it, how much memory it holds.
//!
//! It looks on seldom, so that looking costs at most a thousandth of the time, and refuses to
//! signal anybody.

use std::fs;

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
