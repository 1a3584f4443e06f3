//! Limits on this process: control groups of both versions (`cgroups(7)`) and allowed CPUs.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::fact::Fact;
use super::mount::{self, Mount};
use super::root::Root;

/// What this process is allowed to use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Limits {
    /// CPU time per time that the tightest group above this process grants, in CPUs.
    pub cpu_quota: Fact<f64>,
    /// Memory that the tightest group above this process grants, in bytes.
    pub memory_bytes: Fact<u64>,
    /// CPUs that this process may run on, as a list.
    pub allowed_cpus: Fact<String>,
    /// How many CPUs it can use at once, quota included.
    pub available_cpus: Fact<u64>,
    /// NUMA nodes whose memory it may use, as a list.
    pub allowed_nodes: Fact<String>,
    /// Its control groups, a line each of `/proc/self/cgroup` that is not the top group.
    pub groups: Fact<Vec<String>>,
}

impl Limits {
    /// How many CPUs can be used at once: what is known of it, else one.
    #[must_use]
    pub fn usable_cpus(&self) -> usize {
        let known = self.available_cpus.known().and_then(|&cpus| usize::try_from(cpus).ok());
        known.unwrap_or(1).max(1)
    }
}

/// The tightest quota of a version 2 `cpu.max` (`MAX PERIOD`), in CPUs; `None`: no limit.
#[must_use]
pub fn cpu_max(text: &str) -> Option<f64> {
    let mut words = text.split_whitespace();
    quota(words.next()?, words.next().unwrap_or("100000"))
}

/// A quota and a period in µs as CPUs; a negative quota or `max` is no limit.
#[must_use]
pub fn quota(quota: &str, period: &str) -> Option<f64> {
    let quota: u32 = quota.trim().parse().ok()?;
    let period: u32 = period.trim().parse().ok()?;
    (period > 0).then(|| f64::from(quota) / f64::from(period))
}

/// A memory limit in bytes; `max`, and the huge number that version 1 writes for it, is no limit.
#[must_use]
pub fn memory_max(text: &str) -> Option<u64> {
    let bytes: u64 = text.trim().parse().ok()?;
    (bytes < 1 << 60).then_some(bytes)
}

/// The path of this process in the hierarchy of a controller; `None` as controller is version 2.
#[must_use]
pub fn path_of(table: &str, controller: Option<&str>) -> Option<String> {
    table.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (_, names, path) = (fields.next()?, fields.next()?, fields.next()?);
        let wanted = match controller {
            Some(name) => names.split(',').any(|other| other == name),
            None => names.is_empty(),
        };
        wanted.then(|| path.to_owned())
    })
}

/// A line of `/proc/self/status`.
#[must_use]
pub fn status_line(text: &str, key: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}

struct Hierarchies<'a> {
    root: &'a Root,
    mounts: Vec<Mount>,
    table: String,
}

impl Hierarchies<'_> {
    /// The folders of the groups that hold this process, from its own up to the mount point. A
    /// container sees only a part of the path; what is not there is left out.
    fn folders(&self, controller: Option<&str>) -> Vec<PathBuf> {
        let mount = self.mounts.iter().find(|mount| match controller {
            Some(name) => mount.kind == "cgroup" && mount.options.iter().any(|other| other == name),
            None => mount.kind == "cgroup2",
        });
        let (Some(mount), Some(path)) = (mount, path_of(&self.table, controller)) else {
            return Vec::new();
        };
        let below = Path::new(path.trim_start_matches('/'));
        below.ancestors().map(|part| mount.at.join(part)).collect()
    }

    fn texts(&self, controller: Option<&str>, file: &str) -> Vec<String> {
        let folders = self.folders(controller);
        let read = |folder: &PathBuf| {
            let path = folder.join(file);
            self.root.text(&path.to_string_lossy()).known().cloned()
        };
        folders.iter().filter_map(read).collect()
    }

    fn cpu_quota(&self) -> Fact<f64> {
        let second = self.texts(None, "cpu.max");
        let quotas = self.texts(Some("cpu"), "cpu.cfs_quota_us");
        let periods = self.texts(Some("cpu"), "cpu.cfs_period_us");
        let first = quotas.iter().zip(&periods).filter_map(|(max, period)| quota(max, period));
        let limits = second.iter().filter_map(|text| cpu_max(text)).chain(first);
        let seen = second.len() + quotas.len();
        Fact::from_option(limits.min_by(f64::total_cmp), absent("CPU time", seen))
    }

    fn memory(&self) -> Fact<u64> {
        let second = self.texts(None, "memory.max");
        let first = self.texts(Some("memory"), "memory.limit_in_bytes");
        let limits = second.iter().chain(&first).filter_map(|text| memory_max(text));
        Fact::from_option(limits.min(), absent("memory", second.len() + first.len()))
    }
}

fn absent(what: &str, files_seen: usize) -> &'static str {
    match (what, files_seen) {
        ("memory", 0) => "no control group with memory limits is visible",
        (_, 0) => "no control group with CPU limits is visible",
        _ => "no control group sets a limit",
    }
}

impl Limits {
    /// Reads everything below `root`.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        let table = root.text("/proc/self/cgroup");
        let mounts = root.text("/proc/self/mounts").map(|text| mount::parse(&text));
        let hierarchies = Hierarchies {
            root,
            mounts: mounts.known().cloned().unwrap_or_default(),
            table: table.known().cloned().unwrap_or_default(),
        };
        let status = root.text("/proc/self/status");
        let line = |key: &str| {
            let reason = format!("/proc/self/status has no line {key}");
            status.clone().and_then(|text| Fact::from_option(status_line(&text, key), &reason))
        };
        let count = std::thread::available_parallelism().map_err(|error| error.to_string());
        Self {
            cpu_quota: hierarchies.cpu_quota(),
            memory_bytes: hierarchies.memory(),
            allowed_cpus: line("Cpus_allowed_list"),
            available_cpus: Fact::from(count).map(|count| count.get() as u64),
            allowed_nodes: line("Mems_allowed_list"),
            groups: table.map(|text| {
                let lines = text.lines().filter(|line| !line.ends_with(":/"));
                lines.map(str::to_owned).collect()
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn write(dir: &Path, path: &str, text: &str) {
        let file = dir.join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, text).expect("written");
    }

    #[test]
    fn quotas_are_counted_in_cpus() {
        assert_eq!(cpu_max("150000 100000"), Some(1.5));
        assert_eq!(cpu_max("max 100000"), None);
        assert_eq!(quota("-1", "100000"), None);
        assert_eq!(memory_max("2147483648"), Some(1 << 31));
        assert_eq!(memory_max("max"), None);
        assert_eq!(memory_max("9223372036854771712"), None);
    }

    #[test]
    fn the_tightest_group_above_the_process_limits_it() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let at = dir.path();
        write(at, "proc/self/cgroup", "0::/user.slice/run-1.scope\n");
        write(at, "proc/self/mounts", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n");
        write(at, "sys/fs/cgroup/user.slice/cpu.max", "50000 100000\n");
        write(at, "sys/fs/cgroup/user.slice/run-1.scope/cpu.max", "max 100000\n");
        write(at, "sys/fs/cgroup/user.slice/run-1.scope/memory.max", "1048576\n");
        let limits = Limits::read(&Root::at(at));
        assert_eq!(limits.cpu_quota, Fact::Known(0.5));
        assert_eq!(limits.memory_bytes, Fact::Known(1 << 20));
    }

    #[test]
    fn version_1_limits_are_read_where_they_are_mounted() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let at = dir.path();
        write(at, "proc/self/cgroup", "4:memory:/docker/0a1b\n3:cpu,cpuacct:/docker/0a1b\n");
        let mounts = "c /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n\
            c /sys/fs/cgroup/memory cgroup rw,memory 0 0\n";
        write(at, "proc/self/mounts", mounts);
        write(at, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "200000\n");
        write(at, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
        write(at, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        let limits = Limits::read(&Root::at(at));
        assert_eq!(limits.cpu_quota, Fact::Known(2.0));
        assert_eq!(limits.memory_bytes, Fact::unknown("no control group sets a limit"));
    }

    #[test]
    fn allowed_cpus_come_from_the_status_of_this_process() {
        let text = "Name:\trunner\nCpus_allowed:\tff\nCpus_allowed_list:\t0-3,8-11\n";
        assert_eq!(status_line(text, "Cpus_allowed_list").as_deref(), Some("0-3,8-11"));
    }
}
