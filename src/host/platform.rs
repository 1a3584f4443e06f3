//! Operating system, virtualisation and clocks.

use serde::{Deserialize, Serialize};

use super::cpu::CpuInfo;
use super::fact::Fact;
use super::root::{Root, unreadable};

/// The operating system and what lies below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Platform {
    /// Name of the machine in the network.
    pub hostname: Fact<String>,
    /// The distribution, as it names itself.
    pub os: Fact<String>,
    /// Kernel release, such as `6.1.0-18-amd64`.
    pub kernel_release: Fact<String>,
    /// Kernel version: build number and date.
    pub kernel_version: Fact<String>,
    /// Architecture as the kernel names it.
    pub architecture: Fact<String>,
    /// Whether the processor says that a hypervisor runs it.
    pub hypervisor: Fact<bool>,
    /// Maker and product of the machine; a hypervisor puts its own name here.
    pub machine: Fact<String>,
    /// The kind of container that this looks like.
    pub container: Fact<String>,
    /// Load average over 1, 5 and 15 minutes at the start.
    pub load_average: Fact<[f64; 3]>,
    /// What the kernel keeps time with.
    pub clocksource: Fact<String>,
    /// Resolution of the monotonic clock in ns.
    pub timer_resolution_ns: Fact<u64>,
}

/// A value of `os-release(5)`, without quotes and escapes.
#[must_use]
pub fn os_release(text: &str, key: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='))?;
    let words = shell_words::split(line).ok()?;
    Some(words.join(" ")).filter(|value| !value.is_empty())
}

/// The three averages of `/proc/loadavg`.
#[must_use]
pub fn load_average(text: &str) -> Option<[f64; 3]> {
    let mut words = text.split_whitespace().map(|word| word.parse::<f64>().ok());
    Some([words.next()??, words.next()??, words.next()??])
}

/// The kind of container that a line of `/proc/self/cgroup` betrays.
#[must_use]
pub fn container_of_groups(text: &str) -> Option<&'static str> {
    const MARKS: [(&str, &str); 5] = [
        ("kubepods", "kubernetes"),
        ("docker", "docker"),
        ("libpod", "podman"),
        ("containerd", "containerd"),
        ("/lxc", "lxc"),
    ];
    let mark = MARKS.iter().find(|(mark, _)| text.contains(mark))?;
    Some(mark.1)
}

impl Platform {
    /// Reads everything below `root`.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        let loads = root.text("/proc/loadavg");
        Self {
            hostname: root.text("/proc/sys/kernel/hostname"),
            os: os(root),
            kernel_release: root.text("/proc/sys/kernel/osrelease"),
            kernel_version: root.text("/proc/sys/kernel/version"),
            architecture: Fact::Known(
                rustix::system::uname().machine().to_string_lossy().into_owned(),
            ),
            hypervisor: hypervisor(root),
            machine: machine(root),
            container: container(root),
            load_average: loads.and_then(|text| {
                load_average(&text).map_or_else(|| unreadable("/proc/loadavg", &text), Fact::Known)
            }),
            clocksource: root
                .text("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
            timer_resolution_ns: timer_resolution(),
        }
    }
}

fn os(root: &Root) -> Fact<String> {
    let text = root.text("/etc/os-release").or_else(|| root.text("/usr/lib/os-release"));
    text.and_then(|text| {
        let name = os_release(&text, "PRETTY_NAME").or_else(|| os_release(&text, "NAME"));
        Fact::from_option(name, "os-release has no name")
    })
}

fn hypervisor(root: &Root) -> Fact<bool> {
    root.text("/proc/cpuinfo").and_then(|text| {
        let flag = CpuInfo::parse(&text).hypervisor;
        Fact::from_option(flag, "this architecture has no flag for it in /proc/cpuinfo")
    })
}

fn machine(root: &Root) -> Fact<String> {
    let read = |name: &str| root.text(&format!("/sys/class/dmi/id/{name}"));
    let parts: Vec<String> = ["sys_vendor", "product_name"]
        .iter()
        .filter_map(|name| read(name).known().cloned())
        .collect();
    if !parts.is_empty() {
        return Fact::Known(parts.join(" "));
    }
    let tree = root.text("/proc/device-tree/model").or_else(|| root.text("/sys/hypervisor/type"));
    match tree {
        Fact::Known(name) => Fact::Known(name),
        Fact::Unknown(_) => {
            Fact::unknown("neither /sys/class/dmi/id nor a device tree names the machine")
        }
    }
}

fn container(root: &Root) -> Fact<String> {
    let files = [("/.dockerenv", "docker"), ("/run/.containerenv", "podman")];
    if let Some((_, kind)) = files.iter().find(|(path, _)| root.exists(path)) {
        return Fact::Known((*kind).to_owned());
    }
    let groups = root.text("/proc/self/cgroup");
    if let Some(kind) = groups.known().and_then(|text| container_of_groups(text)) {
        return Fact::Known(kind.to_owned());
    }
    let release = root.text("/proc/sys/kernel/osrelease");
    if release.known().is_some_and(|text| text.to_lowercase().contains("microsoft")) {
        return Fact::Known("wsl".to_owned());
    }
    Fact::unknown("nothing hints at a container")
}

fn timer_resolution() -> Fact<u64> {
    let step = rustix::time::clock_getres(rustix::time::ClockId::Monotonic);
    let ns = step.tv_sec.saturating_mul(1_000_000_000).saturating_add(step.tv_nsec);
    u64::try_from(ns).map_or_else(|_| Fact::unknown("clock_getres is negative"), Fact::Known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_distribution_loses_its_quotes() {
        let text = "NAME=Fedora\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID='debian'\n";
        let pretty = os_release(text, "PRETTY_NAME");
        assert_eq!(pretty.as_deref(), Some("Debian GNU/Linux 12 (bookworm)"));
        assert_eq!(os_release(text, "NAME").as_deref(), Some("Fedora"));
        assert_eq!(os_release(text, "VERSION"), None);
    }

    #[test]
    fn load_averages_are_three_numbers() {
        assert_eq!(load_average("0.52 1.58 2.59 1/597 12345"), Some([0.52, 1.58, 2.59]));
        assert_eq!(load_average("0.52 none"), None);
    }

    #[test]
    fn containers_betray_themselves_by_their_groups() {
        assert_eq!(container_of_groups("0::/docker/8f3a"), Some("docker"));
        assert_eq!(container_of_groups("0::/kubepods.slice/docker-8f.scope"), Some("kubernetes"));
        assert_eq!(container_of_groups("0::/user.slice"), None);
    }

    #[test]
    fn the_subsystem_for_linux_is_told_by_its_kernel() {
        let dir = tempfile::tempdir().expect("a temp dir");
        std::fs::create_dir_all(dir.path().join("proc/sys/kernel")).expect("made");
        let file = dir.path().join("proc/sys/kernel/osrelease");
        std::fs::write(file, "5.15.153.1-microsoft-standard-WSL2\n").expect("written");
        let platform = Platform::read(&Root::at(dir.path()));
        assert_eq!(platform.container, Fact::Known("wsl".to_owned()));
        assert_eq!(platform.hostname.known(), None);
    }
}
