//! The machine at the start of a run.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::cgroup::Limits;
use super::cpu::Cpu;
use super::fact::Fact;
use super::memory::Memory;
use super::mount;
use super::platform::Platform;
use super::root::Root;

/// Everything about the machine that is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Snapshot {
    /// Operating system, virtualisation and clocks.
    pub platform: Platform,
    /// The processor.
    pub cpu: Cpu,
    /// Memory.
    pub memory: Memory,
    /// What this process may use of it.
    pub limits: Limits,
    /// Type of the file system that the results lie on.
    pub results_filesystem: Fact<String>,
}

impl Snapshot {
    /// Reads the machine below `root`; `results` is where results go and need not exist yet.
    #[must_use]
    pub fn read(root: &Root, results: &Path) -> Self {
        Self {
            platform: Platform::read(root),
            cpu: Cpu::read(root),
            memory: Memory::read(root),
            limits: Limits::read(root),
            results_filesystem: mount::filesystem_of(root, results),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_machine_is_a_snapshot_full_of_reasons() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let snapshot = Snapshot::read(&Root::at(dir.path()), dir.path());
        assert!(snapshot.cpu.model.reason().is_some());
        assert!(snapshot.memory.total_bytes.reason().is_some());
        assert!(snapshot.results_filesystem.reason().is_some());
    }

    #[test]
    fn this_machine_survives_a_round_trip() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let snapshot = Snapshot::read(&Root::system(), dir.path());
        assert!(snapshot.memory.total_bytes.known().is_some_and(|&bytes| bytes > 1 << 20));
        assert!(snapshot.cpu.threads.known().is_some_and(|&threads| threads > 0));
        let text = serde_json::to_string(&snapshot).expect("serialisable");
        let back: Snapshot = serde_json::from_str(&text).expect("readable");
        assert_eq!(back, snapshot);
    }
}
