//! What could change a number and is not as it was when a run began.
//!
//! Compares records and decides nothing: whether the run goes on is the user's to say.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::host::programs::ProgramFacts;
use crate::plan::trials::hex;
use crate::store::Manifest;
use crate::store::manifest::{Change, KernelFacts, ProtocolFacts, ScriptFacts};

/// Facts of the machine that can change a number, as places in its record and words for people.
/// Left out is what changes by itself: load, free memory, the names of control groups.
const OF_THE_MACHINE: [(&str, &str); 27] = [
    ("/platform/hostname", "name of the machine"),
    ("/platform/architecture", "architecture"),
    ("/platform/kernel_release", "kernel"),
    ("/platform/os", "distribution"),
    ("/platform/hypervisor", "hypervisor"),
    ("/platform/container", "container"),
    ("/platform/clocksource", "clock source"),
    ("/cpu/model", "processor"),
    ("/cpu/microcode", "microcode"),
    ("/cpu/sockets", "sockets"),
    ("/cpu/cores", "cores"),
    ("/cpu/threads", "hardware threads"),
    ("/cpu/smt", "several threads a core"),
    ("/cpu/frequency_driver", "frequency driver"),
    ("/cpu/governor", "frequency governor"),
    ("/cpu/boost", "boost"),
    ("/cpu/max_hz", "highest frequency"),
    ("/cpu/numa_nodes", "NUMA nodes"),
    ("/cpu/isolated", "isolated CPUs"),
    ("/memory/total_bytes", "memory"),
    ("/memory/transparent_hugepages", "transparent huge pages"),
    ("/memory/aslr", "address-space randomisation"),
    ("/limits/cpu_quota", "limit of CPUs"),
    ("/limits/memory_bytes", "limit of memory"),
    ("/limits/allowed_cpus", "allowed CPUs"),
    ("/limits/available_cpus", "available CPUs"),
    ("/results_filesystem", "file system of the results"),
];

/// Facts of the runner that can change a number.
const OF_THE_RUNNER: [(&str, &str); 6] = [
    ("/version", "version of the runner"),
    ("/revision", "revision of the runner"),
    ("/dirty", "changes in the runner's sources"),
    ("/rustc", "compiler of the runner"),
    ("/target", "platform of the runner"),
    ("/profile", "build of the runner"),
];

/// Parts of the protocol that can change a number.
const OF_THE_PROTOCOL: [(&str, &str); 12] = [
    ("/order", "order of trials"),
    ("/isolation", "isolation"),
    ("/timeout_ms", "timeout in ms"),
    ("/jobs", "jobs"),
    ("/iterations", "iterations"),
    ("/environment", "environment"),
    ("/keep", "variables that are kept"),
    ("/env_pad", "padding of the environment"),
    ("/limits", "limits"),
    ("/cpus", "CPUs"),
    ("/nice", "priority"),
    ("/sandbox", "sandbox"),
];

/// Everything that is not as it was. `now` is the record of the same run as it would begin now;
/// when it is extended, its text is meant to be another one.
pub(super) fn changes(then: &Manifest, now: &Manifest, is_extension: bool) -> Vec<Change> {
    let mut changes = match is_extension {
        true => of_protocols(&then.protocols, &now.protocols),
        false => of_the_text(then),
    };
    changes.extend(of_kernels(&then.kernels, &now.kernels));
    changes.extend(of_programs(&then.programs, &now.programs));
    changes.extend(of_scripts(&then.scripts, &now.scripts));
    changes.extend(of_facts(&OF_THE_RUNNER, &then.runner, &now.runner));
    changes.extend(of_facts(&OF_THE_MACHINE, &then.host, &now.host));
    changes
}

/// Facts that make two records those of different machines, whatever else has changed on them.
const IDENTITY_OF_THE_MACHINE: [&str; 8] = [
    "/platform/hostname",
    "/platform/architecture",
    "/platform/hypervisor",
    "/cpu/model",
    "/cpu/sockets",
    "/cpu/cores",
    "/cpu/threads",
    "/memory/total_bytes",
];

/// Everything that differs between two records. Looks at nothing but them.
pub(super) fn between(first: &Manifest, second: &Manifest) -> Vec<Change> {
    let mut changes = Vec::new();
    let (then, now) = (&first.experiment.sha256, &second.experiment.sha256);
    if then != now {
        changes.push(Change::digest("experiment file", then, now));
    }
    for then in &first.experiment.extends {
        let mut bases = second.experiment.extends.iter();
        if let Some(now) = bases.find(|now| now.path == then.path && now.sha256 != then.sha256) {
            changes.push(Change::digest(&then.path, &then.sha256, &now.sha256));
        }
    }
    for change in of_protocols(&first.protocols, &second.protocols) {
        // Strategies of one workload may have protocols of their own that differ alike.
        if !changes.contains(&change) {
            changes.push(change);
        }
    }
    changes.extend(of_kernels(&first.kernels, &second.kernels));
    for then in &first.plan.inputs {
        let same = second.plan.inputs.iter().find(|now| then.is_the_file_of(now));
        if let Some(now) = same.filter(|now| now.sha256 != then.sha256) {
            changes.push(Change::digest(&then.path, &then.sha256, &now.sha256));
        }
    }
    changes.extend(of_programs(&first.programs, &second.programs));
    changes.extend(of_scripts(&first.scripts, &second.scripts));
    changes.extend(of_facts(&OF_THE_RUNNER, &first.runner, &second.runner));
    changes.extend(of_facts(&OF_THE_MACHINE, &first.host, &second.host));
    changes
}

/// What was laid over the file of each run. An experiment that is run once more is called without
/// it, and is nevertheless the same.
pub(super) fn of_layers(first: &Manifest, second: &Manifest) -> Vec<Change> {
    let none = || "none".to_owned();
    let set = |manifest: &Manifest| match &manifest.invocation.set[..] {
        [] => none(),
        all => all.join(", "),
    };
    let profile = |manifest: &Manifest| {
        manifest.experiment.profile.known().map_or_else(none, |profile| profile.name.clone())
    };
    let changes = [
        Change { what: "--set".to_owned(), then: set(first), now: set(second) },
        Change { what: "profile".to_owned(), then: profile(first), now: profile(second) },
    ];
    changes.into_iter().filter(|change| change.then != change.now).collect()
}

/// What shows that two records are those of different machines; empty when nothing does.
pub(super) fn other_machine(first: &Manifest, second: &Manifest) -> Vec<Change> {
    let mut watched = OF_THE_MACHINE.to_vec();
    watched.retain(|(place, _)| IDENTITY_OF_THE_MACHINE.contains(place));
    of_facts(&watched, &first.host, &second.host)
}

/// The experiment file and those that it extends. A file that is not there any more changes
/// nothing: the archived text is followed.
fn of_the_text(then: &Manifest) -> Vec<Change> {
    let experiment = &then.experiment;
    let bases = experiment.extends.iter().map(|base| (&base.absolute_path, &base.sha256));
    let files = std::iter::once((&experiment.absolute_path, &experiment.sha256)).chain(bases);
    files
        .filter_map(|(path, then)| {
            let now = hex(&Sha256::digest(std::fs::read(path).ok()?));
            let is_same = then.trim_start_matches("sha256:") == now;
            (!is_same).then(|| Change::digest(path, then, &now))
        })
        .collect()
}

/// Protocols of workloads that are in both: everything but the numbers of trials.
fn of_protocols(then: &[ProtocolFacts], now: &[ProtocolFacts]) -> Vec<Change> {
    let mut changes = Vec::new();
    for then in then {
        let is_same = |now: &&ProtocolFacts| {
            let shares = |name: &String| then.strategies.contains(name);
            now.workload == then.workload && now.strategies.iter().any(shares)
        };
        let all: Vec<&ProtocolFacts> = now.iter().filter(is_same).collect();
        let found = all.iter().find(|now| now.overrides == then.overrides).or(all.first());
        let Some(now) = found else { continue };
        for mut change in of_facts(&OF_THE_PROTOCOL, then, now) {
            change.what = format!("{} of {}", change.what, then.workload);
            changes.push(change);
        }
    }
    changes
}

/// Kernels by name. A record without kernels is of a runner that did not note them.
pub(super) fn of_kernels(then: &[KernelFacts], now: &[KernelFacts]) -> Vec<Change> {
    let version = |kernel: &KernelFacts| format!("version {}", kernel.version);
    then.iter()
        .filter_map(|then| {
            let found = now.iter().find(|now| now.name == then.name);
            let now = found.map_or_else(|| "not there".to_owned(), version);
            let then_version = version(then);
            (now != then_version).then(|| Change {
                what: format!("kernel {}", then.name),
                then: then_version,
                now,
            })
        })
        .collect()
}

fn of_programs(then: &[ProgramFacts], now: &[ProgramFacts]) -> Vec<Change> {
    let mut changes = Vec::new();
    for then in then {
        let Some(now) = now.iter().find(|now| now.name == then.name) else { continue };
        if then.sha256.known() != now.sha256.known() {
            let word = |facts: &ProgramFacts| match (&facts.sha256.known(), facts.path.known()) {
                (Some(digest), _) => (*digest).clone(),
                (None, Some(_)) => "not digested".to_owned(),
                (None, None) => "not there".to_owned(),
            };
            let what = format!("program {}", then.name);
            changes.push(Change::digest(&what, &word(then), &word(now)));
        }
        let pairs =
            [("path", &then.real_path, &now.real_path), ("version", &then.version, &now.version)];
        for (what, before, after) in pairs {
            if let (Some(before), Some(after)) = (before.known(), after.known())
                && before != after
            {
                let what = format!("{what} of {}", then.name);
                changes.push(Change { what, then: before.clone(), now: after.clone() });
            }
        }
    }
    changes
}

/// Scripts by path.
fn of_scripts(then: &[ScriptFacts], now: &[ScriptFacts]) -> Vec<Change> {
    let changed = |then: &ScriptFacts| {
        let word = |facts: &ScriptFacts| {
            facts.sha256.known().cloned().unwrap_or_else(|| "not digested".to_owned())
        };
        let found = now.iter().find(|now| now.path == then.path);
        let now = found.map_or_else(|| "not there".to_owned(), word);
        (word(then) != now).then(|| Change::digest(&then.path, &word(then), &now))
    };
    then.iter().filter_map(changed).collect()
}

fn of_facts(watched: &[(&str, &str)], then: &impl Serialize, now: &impl Serialize) -> Vec<Change> {
    // Records are made of what JSON can hold.
    let json = |record: serde_json::Result<Value>| record.unwrap_or(Value::Null);
    let (then, now) = (json(serde_json::to_value(then)), json(serde_json::to_value(now)));
    let changed = |(place, what): &(&str, &str)| {
        let (then, now) = (value(&then, place), value(&now, place));
        (then != now).then(|| Change {
            what: (*what).to_owned(),
            then: words(then),
            now: words(now),
        })
    };
    watched.iter().filter_map(changed).collect()
}

/// A fact without the reason why it is unknown, which may be worded otherwise.
fn value<'a>(record: &'a Value, place: &str) -> &'a Value {
    let found = record.pointer(place).unwrap_or(&Value::Null);
    match found.as_object().and_then(|fact| fact.get("value")) {
        Some(value) => value,
        None => found,
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => "not known".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_watched_facts_count_and_reasons_do_not() {
        let watched = [("/a", "the first"), ("/b", "the second"), ("/c/d", "the third")];
        let then = json!({"a": {"value": 2}, "b": {"value": null, "reason": "x"}, "e": 1});
        let now = json!({"a": {"value": 3}, "b": {"value": null, "reason": "y"}, "e": 2});
        let found: Vec<String> =
            of_facts(&watched, &then, &now).iter().map(Change::to_string).collect();
        assert_eq!(found, ["the first: 2 then, 3 now"]);
        let more = json!({"a": {"value": 2}, "b": {"value": "z"}, "c": {"d": true}});
        let found: Vec<String> =
            of_facts(&watched, &then, &more).iter().map(Change::to_string).collect();
        assert_eq!(
            found,
            ["the second: not known then, z now", "the third: not known then, true now"]
        );
    }

    #[test]
    fn every_watched_fact_is_in_the_record_of_this_machine() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let host = crate::host::Snapshot::read(&crate::host::Root::system(), dir.path());
        let runner = crate::store::manifest::RunnerFacts::of_this_build(
            crate::host::Fact::unknown("not asked"),
        );
        let json = [
            serde_json::to_value(host).expect("JSON"),
            serde_json::to_value(runner).expect("JSON"),
        ];
        for (record, watched) in json.iter().zip([&OF_THE_MACHINE[..], &OF_THE_RUNNER[..]]) {
            for (place, _) in watched {
                assert!(record.pointer(place).is_some(), "{place}");
            }
        }
    }

    #[test]
    fn a_kernel_of_another_version_is_told() {
        let kernel = |version| KernelFacts { name: "primes".to_owned(), version };
        assert_eq!(of_kernels(&[kernel(1)], &[kernel(1)]), []);
        let changes = of_kernels(&[kernel(1)], &[kernel(2)]);
        assert_eq!(changes[0].to_string(), "kernel primes: version 1 then, version 2 now");
        assert_eq!(of_kernels(&[], &[kernel(2)]), []);
    }
}
