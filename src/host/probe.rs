//! The state of the machine around one trial, read cheaply: descriptors stay open, and what was
//! read a moment ago is not read again. Never inside a trial's time.
//!
//! The load costs one system call. Steal, frequency and temperature are read again when the last
//! reading is older than [`FRESH_NS`]; steal counts in ticks of 10 ms, so that it is only known of
//! trials that take much longer than that.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::noise;
use super::root::Root;

/// How old a reading may be, in ns.
pub const FRESH_NS: u64 = 10_000_000;

/// Shortest trial whose steal is known, in ns: ten ticks of the kernel's counters, and ten times
/// as long as the reading before it may be old.
pub const LEAST_FOR_STEAL_NS: u64 = 100_000_000;

/// Most CPUs and most sensors that are read: on large machines all of them would take too long.
const MAX_FILES: usize = 16;

/// Length of a tick of `/proc/stat` in ns (`USER_HZ` is 100 on every Linux; `proc(5)`).
const TICK_NS: u64 = 10_000_000;

/// What was read before a trial.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// Load average of the last minute, in hundredths.
    pub load1_centi: Option<u32>,
    /// Mean frequency of the CPUs that show one, of sixteen at most, in kHz.
    pub cpu_khz: Option<u64>,
    /// The hottest sensor, in thousandths of a degree Celsius.
    pub temp_mc: Option<i64>,
    counters: Counters,
    read_at_ns: u64,
    started_ns: u64,
}

/// Counters that only rise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counters {
    steal_ticks: Option<u64>,
    throttled: Option<u64>,
    pages_in: Option<u64>,
    cpu_waits_us: Option<u64>,
}

/// What happened to the machine while a trial ran; `None` where nothing counts it or the trial was
/// too short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meanwhile {
    /// Time that the hypervisor gave to others, in ns over all CPUs.
    pub steal_ns: Option<u64>,
    /// How often a core was slowed down against heat.
    pub throttled: Option<u64>,
    /// Bytes read back from swap.
    pub swapped_in_bytes: Option<u64>,
    /// Time in which some task waited for a CPU, in ns (`some total` of `/proc/pressure/cpu`).
    pub cpu_pressure_ns: Option<u64>,
}

/// Keeps the files open.
#[derive(Debug)]
pub struct Probe {
    stat: Option<File>,
    vmstat: Option<File>,
    pressure: Option<File>,
    throttles: Vec<File>,
    temperatures: Vec<File>,
    frequencies: Vec<File>,
    last: Option<Before>,
}

impl Probe {
    /// Opens what this machine has.
    #[must_use]
    pub fn open(root: &Root) -> Self {
        let open = |path: String| File::open(root.path(&path)).ok();
        let zones = root.names("/sys/class/thermal");
        let zones = zones.iter().filter(|name| name.starts_with("thermal_zone"));
        let cpus = root.names("/sys/devices/system/cpu");
        Self {
            stat: open("/proc/stat".to_owned()),
            vmstat: open("/proc/vmstat".to_owned()),
            pressure: open("/proc/pressure/cpu".to_owned()),
            throttles: cpus
                .iter()
                .filter_map(|cpu| {
                    let folder = format!("/sys/devices/system/cpu/{cpu}/thermal_throttle");
                    open(format!("{folder}/core_throttle_count"))
                })
                .take(MAX_FILES)
                .collect(),
            temperatures: zones
                .filter_map(|zone| open(format!("/sys/class/thermal/{zone}/temp")))
                .take(MAX_FILES)
                .collect(),
            frequencies: cpus
                .iter()
                .filter_map(|cpu| {
                    open(format!("/sys/devices/system/cpu/{cpu}/cpufreq/scaling_cur_freq"))
                })
                .take(MAX_FILES)
                .collect(),
            last: None,
        }
    }

    /// The state before a trial; `now_ns` is on any monotonic clock.
    pub fn before(&mut self, now_ns: u64) -> Before {
        let fresh = |last: &Before| now_ns.saturating_sub(last.read_at_ns) < FRESH_NS;
        let mut before = match self.last.filter(fresh) {
            Some(last) => last,
            None => self.read(now_ns),
        };
        before.load1_centi = load1_centi();
        before.started_ns = now_ns;
        self.last = Some(before);
        before
    }

    /// What happened to the machine while a trial ran. Counters are known of trials that are long
    /// enough to be told from their surroundings.
    pub fn meanwhile(&mut self, before: &Before, now_ns: u64) -> Meanwhile {
        if now_ns.saturating_sub(before.started_ns) < LEAST_FOR_STEAL_NS {
            return Meanwhile::default();
        }
        let after = self.counters();
        let since = |read: fn(&Counters) -> Option<u64>| {
            Some(read(&after)?.saturating_sub(read(&before.counters)?))
        };
        let meanwhile = Meanwhile {
            steal_ns: since(|c| c.steal_ticks).map(|ticks| ticks * TICK_NS),
            throttled: since(|c| c.throttled),
            swapped_in_bytes: since(|c| c.pages_in)
                .map(|pages| pages * rustix::param::page_size() as u64),
            cpu_pressure_ns: since(|c| c.cpu_waits_us).map(|us| us * 1_000),
        };
        // The next trial begins here.
        if let Some(last) = &mut self.last {
            last.counters = after;
        }
        meanwhile
    }

    fn read(&self, now_ns: u64) -> Before {
        let hottest = self.temperatures.iter().filter_map(number).max();
        let khz: Vec<u64> =
            self.frequencies.iter().filter_map(|file| u64::try_from(number(file)?).ok()).collect();
        Before {
            load1_centi: None,
            cpu_khz: khz.iter().sum::<u64>().checked_div(khz.len() as u64),
            temp_mc: hottest,
            counters: self.counters(),
            read_at_ns: now_ns,
            started_ns: now_ns,
        }
    }

    fn counters(&self) -> Counters {
        let throttled: Vec<u64> =
            self.throttles.iter().filter_map(|file| u64::try_from(number(file)?).ok()).collect();
        Counters {
            // The first line is the sum of all CPUs.
            steal_ticks: text(self.stat.as_ref(), &mut [0; 256]).and_then(noise::steal_ticks),
            throttled: (!throttled.is_empty()).then(|| throttled.iter().sum()),
            pages_in: text(self.vmstat.as_ref(), &mut [0; 8192])
                .and_then(|text| noise::vmstat(text, "pswpin")),
            cpu_waits_us: text(self.pressure.as_ref(), &mut [0; 256])
                .and_then(noise::pressure_total_us),
        }
    }
}

/// The beginning of a file.
fn text<'b>(file: Option<&File>, buffer: &'b mut [u8]) -> Option<&'b str> {
    let length = file?.read_at(buffer, 0).ok()?;
    let whole = &buffer[..length];
    // A cut in the middle of a character is none in these files.
    str::from_utf8(whole).ok()
}

fn number(file: &File) -> Option<i64> {
    let mut text = [0; 32];
    let length = file.read_at(&mut text, 0).ok()?;
    str::from_utf8(&text[..length]).ok()?.trim().parse().ok()
}

fn load1_centi() -> Option<u32> {
    /// `SI_LOAD_SHIFT` of `sysinfo(2)`.
    const SHIFT: u32 = 16;
    let load = rustix::system::sysinfo().loads[0];
    u32::try_from(load.saturating_mul(100) >> SHIFT).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const THROTTLES: &str = "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count";

    fn write(dir: &std::path::Path, path: &str, text: &str) {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        std::fs::write(path, text).expect("written");
    }

    #[test]
    fn steal_is_the_difference_of_two_readings_and_known_of_long_trials_only() {
        let dir = tempfile::tempdir().expect("a temp dir");
        write(dir.path(), "proc/stat", "cpu  9 0 9 9 0 0 0 40 0 0\ncpu0 1\n");
        write(dir.path(), "sys/class/thermal/thermal_zone0/temp", "41000\n");
        write(dir.path(), "sys/class/thermal/thermal_zone1/temp", "39000\n");
        for (cpu, khz) in [("cpu0", "2000000\n"), ("cpu1", "3000000\n")] {
            write(
                dir.path(),
                &format!("sys/devices/system/cpu/{cpu}/cpufreq/scaling_cur_freq"),
                khz,
            );
        }
        write(dir.path(), "proc/vmstat", "nr_free_pages 7\npswpin 10\npswpout 3\n");
        write(dir.path(), "proc/pressure/cpu", "some avg10=1.00 avg60=0.5 avg300=0.1 total=1000\n");
        write(dir.path(), THROTTLES, "2\n");
        let mut probe = Probe::open(&Root::at(dir.path()));
        let before = probe.before(0);
        assert_eq!((before.cpu_khz, before.temp_mc), (Some(2_500_000), Some(41_000)));
        write(dir.path(), "proc/stat", "cpu  9 0 9 9 0 0 0 43 0 0\ncpu0 1\n");
        write(dir.path(), "proc/vmstat", "nr_free_pages 7\npswpin 12\npswpout 9\n");
        write(dir.path(), "proc/pressure/cpu", "some avg10=1.00 avg60=0.5 avg300=0.1 total=2500\n");
        write(dir.path(), THROTTLES, "5\n");
        assert_eq!(probe.meanwhile(&before, LEAST_FOR_STEAL_NS - 1), Meanwhile::default());
        let page = rustix::param::page_size() as u64;
        let expected = Meanwhile {
            steal_ns: Some(30_000_000),
            throttled: Some(3),
            swapped_in_bytes: Some(2 * page),
            cpu_pressure_ns: Some(1_500_000),
        };
        assert_eq!(probe.meanwhile(&before, LEAST_FOR_STEAL_NS), expected);
        // A fresh reading is used again, an older one is not.
        write(dir.path(), "sys/class/thermal/thermal_zone0/temp", "55000\n");
        assert_eq!(probe.before(FRESH_NS - 1).temp_mc, Some(41_000));
        assert_eq!(probe.before(FRESH_NS).temp_mc, Some(55_000));
    }

    #[test]
    fn a_machine_without_these_files_gives_nothing() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let mut probe = Probe::open(&Root::at(dir.path()));
        let before = probe.before(0);
        assert_eq!((before.cpu_khz, before.temp_mc), (None, None));
        assert_eq!(probe.meanwhile(&before, 1 << 40), Meanwhile::default());
    }
}
