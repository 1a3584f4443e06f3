//! The audit of a machine: what it does to measurements and what to do about it.
//!
//! Pure: from facts to findings. Each finding says what was found, what that does to numbers and
//! what helps. What cannot be known is a finding of its own, never silence. The thresholds are
//! explained in docs/measurement.md.

use serde::Serialize;

use super::fact::Fact;
use super::noise::Noise;
use super::snapshot::Snapshot;

/// Load above this share of the CPUs disturbs.
pub const BUSY_LOAD: f64 = 0.25;

/// Pressure above this many percent disturbs.
pub const HIGH_PRESSURE: f64 = 10.0;

/// Steal above this many percent disturbs.
pub const HIGH_STEAL: f64 = 0.5;

/// A sensor above this many thousandths of a degree is near its limit.
pub const HOT_MC: i64 = 90_000;

/// A timer coarser than this many ns cannot time short trials.
pub const COARSE_NS: u64 = 1_000;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// It changes numbers: worth a change before measuring.
    Warning,
    /// It widens intervals or limits what can be said.
    Note,
    /// Nothing to do.
    Good,
    /// The machine does not say.
    Unknown,
}

impl Weight {
    /// The sign in front of a line.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Warning => "!",
            Self::Note => "·",
            Self::Good => "✔",
            Self::Unknown => "?",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// What it is about, a stable word.
    pub about: &'static str,
    /// How much it matters.
    pub weight: Weight,
    /// What was found.
    pub found: String,
    /// What it does to numbers; empty where it does nothing.
    pub effect: &'static str,
    /// What helps; empty where nothing has to.
    pub advice: &'static str,
}

fn good(about: &'static str, found: String) -> Finding {
    Finding { about, weight: Weight::Good, found, effect: "", advice: "" }
}

fn unknown(about: &'static str, reason: &str) -> Finding {
    let found = format!("not known: {reason}");
    Finding { about, weight: Weight::Unknown, found, effect: "", advice: "" }
}

/// A finding of a fact, or that it is not known.
fn about<T>(about: &'static str, fact: &Fact<T>, judge: impl FnOnce(&T) -> Finding) -> Finding {
    match fact {
        Fact::Known(value) => judge(value),
        Fact::Unknown(reason) => unknown(about, reason),
    }
}

/// Every finding, the ones that matter most first.
#[must_use]
pub fn audit(machine: &Snapshot, noise: &Noise) -> Vec<Finding> {
    let cpus = machine.limits.usable_cpus().max(1);
    let mut findings = vec![
        load(noise, cpus),
        pressure("cpu_pressure", "CPU", &noise.cpu_pressure),
        pressure("memory_pressure", "memory", &noise.memory_pressure),
        pressure("io_pressure", "input and output", &noise.io_pressure),
        governor(machine),
        boost(machine),
        smt(machine),
        virtualisation(machine),
        steal(noise),
        heat(noise),
        throttling(noise),
        power(noise),
        profile(noise),
        aslr(machine),
        clock(machine),
        timer(machine),
        swap(machine),
    ];
    findings.sort_by_key(|finding| finding.weight);
    findings
}

fn load(noise: &Noise, cpus: usize) -> Finding {
    about("load", &noise.load1, |&load| {
        let found = format!("load {load:.2} on {cpus} CPUs");
        if load <= BUSY_LOAD * cpus as f64 {
            return good("load", found);
        }
        Finding {
            about: "load",
            weight: Weight::Warning,
            found,
            effect: "other programs take CPU time and caches: trials are slower, and more so at random",
            advice: "end what is not needed and wait a minute; `top` shows who it is",
        }
    })
}

fn pressure(name: &'static str, what: &str, fact: &Fact<f64>) -> Finding {
    about(name, fact, |&share| {
        let found = format!("tasks waited for {what} in {share:.1} % of the last 10 s");
        if share <= HIGH_PRESSURE {
            return good(name, found);
        }
        Finding {
            about: name,
            weight: Weight::Warning,
            found,
            effect: "trials wait, too, and the wait is part of their time",
            advice: "measure when the machine is quiet",
        }
    })
}

fn governor(machine: &Snapshot) -> Finding {
    about("governor", &machine.cpu.governor, |governor| {
        let found = format!("frequency governor {governor}");
        if governor == "performance" {
            return good("governor", found);
        }
        Finding {
            about: "governor",
            weight: Weight::Warning,
            found,
            effect: "the clock rises and falls with the work: short trials look slow, the first of a block most",
            advice: "as root: cpupower frequency-set -g performance",
        }
    })
}

fn boost(machine: &Snapshot) -> Finding {
    about("turbo", &machine.cpu.boost, |&boost| {
        if !boost {
            return good("turbo", "turbo is off".to_owned());
        }
        Finding {
            about: "turbo",
            weight: Weight::Note,
            found: "turbo is on".to_owned(),
            effect: "one busy core runs faster than several, so that speed-ups by more workers look smaller",
            advice: "for scaling studies switch it off (intel_pstate/no_turbo or cpufreq/boost), or say that it was on",
        }
    })
}

fn smt(machine: &Snapshot) -> Finding {
    about("smt", &machine.cpu.smt, |&smt| {
        if !smt {
            return good("smt", "each core runs one thread".to_owned());
        }
        Finding {
            about: "smt",
            weight: Weight::Note,
            found: "cores run two or more threads (SMT)".to_owned(),
            effect: "two workers may share one core and then gain little from each other",
            advice: "use at most one worker for each core, or switch SMT off",
        }
    })
}

fn virtualisation(machine: &Snapshot) -> Finding {
    about("virtualisation", &machine.platform.hypervisor, |&hypervisor| {
        if !hypervisor {
            return good("virtualisation", "no hypervisor".to_owned());
        }
        Finding {
            about: "virtualisation",
            weight: Weight::Note,
            found: "a virtual machine".to_owned(),
            effect: "other guests share caches, memory and the turbo budget, and the clock rate is not shown",
            advice: "compare only what was measured in one run, in interleaved blocks",
        }
    })
}

fn steal(noise: &Noise) -> Finding {
    about("steal", &noise.steal, |&share| {
        let found =
            format!("{share:.2} % of the CPU time since the start was given to other guests");
        if share <= HIGH_STEAL {
            return good("steal", found);
        }
        Finding {
            about: "steal",
            weight: Weight::Warning,
            found,
            effect: "trials stand still while another guest runs: long tails, and medians that move",
            advice: "use a machine with CPUs of its own, or more repeats",
        }
    })
}

fn heat(noise: &Noise) -> Finding {
    about("temperature", &noise.temperature_mc, |&temperature| {
        let found = format!("hottest sensor {:.1} °C", temperature as f64 / 1_000.0);
        if temperature < HOT_MC {
            return good("temperature", found);
        }
        Finding {
            about: "temperature",
            weight: Weight::Warning,
            found,
            effect: "the processor slows itself down: later trials are slower than earlier ones",
            advice: "let it cool down, and clear its way of air",
        }
    })
}

fn throttling(noise: &Noise) -> Finding {
    about("throttling", &noise.throttled, |&count| {
        let found = format!("slowed down for heat {count} times since the start of the system");
        if count == 0 {
            return good("throttling", found);
        }
        Finding {
            about: "throttling",
            weight: Weight::Note,
            found,
            effect: "it may happen again during a run",
            advice: "look again after the run: a count that has grown spoils it",
        }
    })
}

fn power(noise: &Noise) -> Finding {
    about("power", &noise.on_battery, |&on_battery| {
        if !on_battery {
            return good("power", "not on battery".to_owned());
        }
        Finding {
            about: "power",
            weight: Weight::Warning,
            found: "on battery, or its mains are not connected".to_owned(),
            effect: "the processor is slower, and slower still when the battery runs low",
            advice: "connect the power supply",
        }
    })
}

fn profile(noise: &Noise) -> Finding {
    about("power_profile", &noise.power_profile, |profile| {
        let found = format!("power profile {profile}");
        if profile == "performance" {
            return good("power_profile", found);
        }
        Finding {
            about: "power_profile",
            weight: Weight::Note,
            found,
            effect: "the firmware trades speed for quiet and battery life",
            advice: "powerprofilesctl set performance",
        }
    })
}

fn aslr(machine: &Snapshot) -> Finding {
    about("aslr", &machine.memory.aslr, |&aslr| {
        if aslr == 2 {
            return good(
                "aslr",
                "addresses are randomised: each trial has another layout".to_owned(),
            );
        }
        Finding {
            about: "aslr",
            weight: Weight::Note,
            found: format!("address-space randomisation is {aslr}, not 2"),
            effect: "all trials share one layout of memory, and its luck becomes part of the result",
            advice: "as root: sysctl kernel.randomize_va_space=2",
        }
    })
}

fn clock(machine: &Snapshot) -> Finding {
    about("clock", &machine.platform.clocksource, |source| {
        let found = format!("the kernel keeps time with {source}");
        if matches!(
            source.as_str(),
            "tsc"
                | "kvm-clock"
                | "arch_sys_counter"
                | "hyperv_clocksource_tsc_page"
                | "hyperv_clocksource_msr"
                | "xen"
        ) {
            return good("clock", found);
        }
        Finding {
            about: "clock",
            weight: Weight::Warning,
            found,
            effect: "each look at the clock is a system call or slower: short trials cannot be timed",
            advice: "boot with clocksource=tsc if the processor's counter is stable",
        }
    })
}

fn timer(machine: &Snapshot) -> Finding {
    about("timer", &machine.platform.timer_resolution_ns, |&ns| {
        let found = format!("the monotonic clock has steps of {ns} ns");
        if ns <= COARSE_NS {
            return good("timer", found);
        }
        Finding {
            about: "timer",
            weight: Weight::Warning,
            found,
            effect: "times are multiples of the step",
            advice: "measure longer trials",
        }
    })
}

fn swap(machine: &Snapshot) -> Finding {
    about("memory", &machine.memory.available_bytes, |&bytes| {
        let found = format!("{:.1} GB of memory are free", bytes as f64 / 1e9);
        if bytes >= 1 << 30 {
            return good("memory", found);
        }
        Finding {
            about: "memory",
            weight: Weight::Warning,
            found,
            effect: "trials that need more are swapped or killed",
            advice: "end what is not needed",
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Root;

    /// A machine about which nothing is known.
    fn nothing() -> (Snapshot, Noise) {
        let dir = tempfile::tempdir().expect("a temp dir");
        let root = Root::at(dir.path());
        (Snapshot::read(&root, dir.path()), Noise::read(&root))
    }

    fn finding(findings: &[Finding], about: &str) -> Finding {
        findings.iter().find(|finding| finding.about == about).cloned().expect("a finding")
    }

    #[test]
    fn what_a_machine_does_not_say_is_named() {
        let (machine, noise) = nothing();
        let findings = audit(&machine, &noise);
        let load = finding(&findings, "load");
        assert_eq!(load.weight, Weight::Unknown);
        assert_eq!(load.found, "not known: /proc/loadavg: no such file or directory");
    }

    #[test]
    fn every_finding_that_matters_says_what_it_does_and_what_helps() {
        let (mut machine, mut noise) = nothing();
        machine.cpu.governor = Fact::Known("powersave".to_owned());
        machine.cpu.boost = Fact::Known(true);
        machine.cpu.smt = Fact::Known(true);
        machine.platform.hypervisor = Fact::Known(true);
        machine.platform.clocksource = Fact::Known("hpet".to_owned());
        machine.platform.timer_resolution_ns = Fact::Known(4_000_000);
        machine.memory.aslr = Fact::Known(0);
        machine.memory.available_bytes = Fact::Known(1 << 20);
        noise.load1 = Fact::Known(100_000.0);
        noise.cpu_pressure = Fact::Known(50.0);
        noise.memory_pressure = Fact::Known(50.0);
        noise.io_pressure = Fact::Known(50.0);
        noise.steal = Fact::Known(3.0);
        noise.temperature_mc = Fact::Known(95_000);
        noise.throttled = Fact::Known(3);
        noise.on_battery = Fact::Known(true);
        noise.power_profile = Fact::Known("quiet".to_owned());
        let findings = audit(&machine, &noise);
        for finding in &findings {
            assert!(finding.weight < Weight::Good, "{finding:?}");
            assert!(!finding.effect.is_empty() && !finding.advice.is_empty(), "{finding:?}");
        }
        assert!(findings.is_sorted_by_key(|finding| finding.weight), "what matters comes first");
    }

    #[test]
    fn a_quiet_machine_is_good() {
        let (mut machine, mut noise) = nothing();
        machine.cpu.governor = Fact::Known("performance".to_owned());
        machine.platform.clocksource = Fact::Known("tsc".to_owned());
        machine.memory.aslr = Fact::Known(2);
        noise.load1 = Fact::Known(0.02);
        noise.steal = Fact::Known(0.0);
        noise.on_battery = Fact::Known(false);
        let findings = audit(&machine, &noise);
        for about in ["governor", "clock", "aslr", "load", "steal", "power"] {
            assert_eq!(finding(&findings, about).weight, Weight::Good, "{about}");
        }
    }
}
