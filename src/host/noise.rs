//! What disturbs a measurement at this moment: load, pressure, temperature, throttling, steal,
//! swapping, battery. Parsers over text of procfs and sysfs, and the reading of both.
//!
//! Sources: `proc(5)`; Documentation/accounting/psi.rst (pressure stall information);
//! Documentation/ABI/testing/sysfs-class-thermal, sysfs-class-power and sysfs-platform_profile.

use serde::{Deserialize, Serialize};

use super::fact::Fact;
use super::root::{Root, unreadable};

/// The state of the machine at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Noise {
    /// Load average of the last minute.
    pub load1: Fact<f64>,
    /// Tasks that can run at this moment, this one included.
    pub runnable: Fact<u64>,
    /// Share of the last ten seconds in which some task waited for a CPU, in percent.
    pub cpu_pressure: Fact<f64>,
    /// The same for memory.
    pub memory_pressure: Fact<f64>,
    /// The same for input and output.
    pub io_pressure: Fact<f64>,
    /// Share of all CPU time since the start of the system that a hypervisor gave to others, in
    /// percent.
    pub steal: Fact<f64>,
    /// Pages read back from swap since the start of the system.
    pub swapped_in: Fact<u64>,
    /// The hottest sensor, in thousandths of a degree Celsius.
    pub temperature_mc: Fact<i64>,
    /// How often cores were slowed down for heat since the start of the system.
    pub throttled: Fact<u64>,
    /// Whether the machine runs on its battery.
    pub on_battery: Fact<bool>,
    /// The power profile of the firmware, such as `balanced`.
    pub power_profile: Fact<String>,
}

/// `avg10` of the line `some` of a pressure file, in percent.
#[must_use]
pub fn pressure(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("some "))?;
    line.split_whitespace().find_map(|word| word.strip_prefix("avg10="))?.parse().ok()
}

/// `total` of the line `some` of a pressure file, in µs.
#[must_use]
pub fn pressure_total_us(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("some "))?;
    line.split_whitespace().find_map(|word| word.strip_prefix("total="))?.parse().ok()
}

/// Steal as a percentage of all time in the line `cpu` of `/proc/stat`.
#[must_use]
pub fn steal(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> =
        line.split_whitespace().map(|word| word.parse().ok()).collect::<Option<_>>()?;
    // user nice system idle iowait irq softirq steal; guest time is part of user.
    let steal = *ticks.get(7)?;
    let all: u64 = ticks.iter().take(8).sum();
    (all > 0).then(|| 100.0 * steal as f64 / all as f64)
}

/// Steal in ticks in the line `cpu` of `/proc/stat`.
#[must_use]
pub fn steal_ticks(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    line.split_whitespace().nth(7)?.parse().ok()
}

/// Tasks that can run: the first number of `1/105` in `/proc/loadavg`.
#[must_use]
pub fn runnable(text: &str) -> Option<u64> {
    text.split_whitespace().nth(3)?.split_once('/')?.0.parse().ok()
}

/// A counter of `/proc/vmstat`.
#[must_use]
pub fn vmstat(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))?.trim().parse().ok()
}

impl Noise {
    /// Reads everything below `root`.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        let loads = root.text("/proc/loadavg");
        let of = |path: &str| {
            root.text(path).and_then(|text| {
                pressure(&text).map_or_else(|| unreadable(path, &text), Fact::Known)
            })
        };
        let parsed = |path: &str, text: Fact<String>, value: fn(&str) -> Option<f64>| {
            text.and_then(|text| value(&text).map_or_else(|| unreadable(path, &text), Fact::Known))
        };
        Self {
            load1: parsed("/proc/loadavg", loads.clone(), |text| {
                text.split_whitespace().next()?.parse().ok()
            }),
            runnable: loads.and_then(|text| {
                runnable(&text).map_or_else(|| unreadable("/proc/loadavg", &text), Fact::Known)
            }),
            cpu_pressure: of("/proc/pressure/cpu"),
            memory_pressure: of("/proc/pressure/memory"),
            io_pressure: of("/proc/pressure/io"),
            steal: parsed("/proc/stat", root.text("/proc/stat"), steal),
            swapped_in: root.text("/proc/vmstat").and_then(|text| {
                Fact::from_option(vmstat(&text, "pswpin"), "/proc/vmstat does not count swapping")
            }),
            temperature_mc: temperature(root),
            throttled: throttled(root),
            on_battery: on_battery(root),
            power_profile: root.text("/sys/firmware/acpi/platform_profile"),
        }
    }
}

fn temperature(root: &Root) -> Fact<i64> {
    let zones = root.names("/sys/class/thermal");
    let readings =
        zones.iter().filter(|name| name.starts_with("thermal_zone")).filter_map(|name| {
            let text = root.text(&format!("/sys/class/thermal/{name}/temp"));
            text.known()?.parse::<i64>().ok()
        });
    Fact::from_option(readings.max(), "no thermal zone in /sys/class/thermal")
}

fn throttled(root: &Root) -> Fact<u64> {
    let cpus = root.names("/sys/devices/system/cpu");
    let counts: Vec<u64> = cpus
        .iter()
        .filter_map(|cpu| {
            let path =
                format!("/sys/devices/system/cpu/{cpu}/thermal_throttle/core_throttle_count");
            root.number(&path).known().copied()
        })
        .collect();
    let sum = (!counts.is_empty()).then(|| counts.iter().sum());
    Fact::from_option(sum, "the kernel does not count throttling of this processor")
}

fn on_battery(root: &Root) -> Fact<bool> {
    let folder = "/sys/class/power_supply";
    let read = |name: &str, file: &str| root.text(&format!("{folder}/{name}/{file}"));
    let is = |name: &str, file: &str, text: &str| {
        read(name, file).known().is_some_and(|found| found == text)
    };
    let supplies = root.names(folder);
    let mains: Vec<&String> =
        supplies.iter().filter(|name| is(name.as_str(), "type", "Mains")).collect();
    if mains.iter().any(|name| is(name.as_str(), "online", "1")) {
        return Fact::Known(false);
    }
    if mains.iter().any(|name| is(name.as_str(), "online", "0")) {
        return Fact::Known(true);
    }
    let discharges = supplies
        .iter()
        .filter(|name| is(name.as_str(), "type", "Battery"))
        // That of a mouse or a headset.
        .filter(|name| !is(name.as_str(), "scope", "Device"))
        .any(|name| is(name.as_str(), "status", "Discharging"));
    if supplies.is_empty() {
        return Fact::unknown("no power supply in /sys/class/power_supply");
    }
    Fact::Known(discharges)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().expect("a temp dir");
        for (path, text) in files {
            let path = dir.path().join(path.trim_start_matches('/'));
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            std::fs::write(path, text).expect("written");
        }
        let root = Root::at(dir.path());
        (dir, root)
    }

    #[test]
    fn the_files_of_the_kernel_are_read() {
        let psi = "some avg10=5.60 avg60=8.17 avg300=6.27 total=302365081\n\
                   full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
        assert_eq!(pressure(psi), Some(5.6));
        assert_eq!(pressure("full avg10=1.00"), None);
        // Linux 6.1 on a virtual machine with two CPUs.
        let stat = "cpu  283910 0 49012 5244728 3262 0 573 101 0 0\ncpu0 1 2 3 4\n";
        let all = 283_910.0 + 49_012.0 + 5_244_728.0 + 3_262.0 + 573.0 + 101.0;
        assert_eq!(steal(stat), Some(100.0 * 101.0 / all));
        // Linux 2.4 had four columns.
        assert_eq!(steal("cpu 1 2 3 4"), None);
        assert_eq!(runnable("1.54 1.00 0.75 5/103 2751"), Some(5));
        assert_eq!(vmstat("pswpin 12\npswpout 3\n", "pswpin"), Some(12));
    }

    #[test]
    fn a_laptop_on_its_battery_that_is_hot() {
        let (_dir, root) = machine(&[
            ("/sys/class/power_supply/AC/type", "Mains\n"),
            ("/sys/class/power_supply/AC/online", "0\n"),
            ("/sys/class/power_supply/BAT0/type", "Battery\n"),
            ("/sys/class/power_supply/BAT0/status", "Discharging\n"),
            ("/sys/class/thermal/thermal_zone0/temp", "41000\n"),
            ("/sys/class/thermal/thermal_zone1/temp", "97000\n"),
            ("/sys/class/thermal/cooling_device0/type", "Fan\n"),
            ("/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "3\n"),
            ("/sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "4\n"),
            ("/sys/firmware/acpi/platform_profile", "low-power\n"),
        ]);
        let noise = Noise::read(&root);
        assert_eq!(noise.on_battery, Fact::Known(true));
        assert_eq!(noise.temperature_mc, Fact::Known(97_000));
        assert_eq!(noise.throttled, Fact::Known(7));
        assert_eq!(noise.power_profile, Fact::Known("low-power".to_owned()));
        assert!(noise.load1.reason().is_some_and(|reason| reason.contains("/proc/loadavg")));
    }

    #[test]
    fn a_desktop_without_a_battery_and_an_empty_machine() {
        let (_dir, root) = machine(&[
            ("/sys/class/power_supply/mouse/type", "Battery\n"),
            ("/sys/class/power_supply/mouse/scope", "Device\n"),
            ("/sys/class/power_supply/mouse/status", "Discharging\n"),
        ]);
        assert_eq!(Noise::read(&root).on_battery, Fact::Known(false), "that of the mouse");
        let (_dir, root) = machine(&[]);
        let noise = Noise::read(&root);
        assert_eq!(noise.on_battery.known(), None);
        assert_eq!(noise.throttled.known(), None);
    }
}
