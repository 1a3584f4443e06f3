//! What the runs are called, and what differs between their surroundings.

use super::{Difference, Fact, Seen, Source};
use crate::report::content::record;
use crate::store::Manifest;

/// What readers must know of runs of one machine.
const ONE_MACHINE: &str = "Every run is compared with itself alone. The runs did not alternate: whatever changed between them, the state of the machine included, is in the difference of their columns. `runner compare` tests one run against another, and says so.";

/// What readers must know of runs of several machines.
const SEVERAL: &str = "Every run is compared with itself alone, and nothing is tested across the machines: processor, memory, system and builds differ together, so that a difference between columns is one of all of them and says nothing of the programs.";

/// The name of a run's machine.
pub(super) fn machine(manifest: &Manifest) -> &str {
    manifest.host.platform.hostname.known().map_or("an unnamed machine", String::as_str)
}

/// Names of machines; with the end of the run's own name where a machine has several runs.
pub(super) fn labels(sources: &[Source<'_>]) -> Vec<String> {
    let names: Vec<&str> = sources.iter().map(|source| machine(source.manifest)).collect();
    let label = |(at, source): (usize, &Source<'_>)| {
        let name = names[at];
        match names.iter().filter(|other| **other == name).count() {
            1 => name.to_owned(),
            _ => {
                let run = &source.manifest.run_id;
                format!("{name}, run {}", run.rsplit('-').next().unwrap_or(run))
            }
        }
    };
    sources.iter().enumerate().map(label).collect()
}

/// What differs between the first run and each later one.
pub(super) fn differences(seen: &Seen<'_>) -> Vec<Difference> {
    let later = seen.sources.iter().zip(&seen.labels).skip(1);
    later
        .map(|(source, label)| Difference {
            of: format!("From {} to {label}", seen.labels[0]),
            lines: source.differences.to_vec(),
        })
        .filter(|difference| !difference.lines.is_empty())
        .collect()
}

pub(super) fn caution(sources: &[Source<'_>]) -> &'static str {
    match sources.iter().any(|source| source.is_other_machine) {
        true => SEVERAL,
        false => ONE_MACHINE,
    }
}

/// The facts of machines and programs: those that differ, and those that do not.
pub(super) fn facts(sources: &[Source<'_>]) -> (Vec<Fact>, Vec<Fact>) {
    let mut facts: Vec<Fact> = Vec::new();
    for (at, source) in sources.iter().enumerate() {
        let mut own = record::machine(source.manifest);
        own.extend(record::programs(source.manifest));
        for entry in own {
            let known = facts.iter().position(|fact| fact.name == entry.name);
            let place = known.unwrap_or_else(|| {
                let values = vec!["—".to_owned(); sources.len()];
                facts.push(Fact { name: entry.name.clone(), values });
                facts.len() - 1
            });
            facts[place].values[at] = entry.value;
        }
    }
    facts.into_iter().partition(|fact| fact.values.windows(2).any(|pair| pair[0] != pair[1]))
}
