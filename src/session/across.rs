//! Recorded runs against each other: what differs between them first, then their cells.

use std::path::Path;

use super::recorded::{self, Recorded};
use super::{Error, guard};
use crate::analysis::Findings;
use crate::analysis::across::Across;

/// Two runs that can be compared.
#[derive(Debug)]
pub struct Pairing {
    /// What differs between them besides the numbers, a line each.
    pub differences: Vec<String>,
    /// They ran on machines that differ.
    pub across_machines: bool,
}

/// Reads the runs that are to be compared, the first one being what the others are compared with.
///
/// # Errors
/// One cannot be read or has not ended, or one is named twice.
pub fn open(dirs: &[std::path::PathBuf]) -> Result<Vec<Recorded>, Error> {
    let all: Result<Vec<Recorded>, Error> = dirs.iter().map(|dir| open_one(dir)).collect();
    let all = all?;
    for at in 1..all.len() {
        let id = &all[at].manifest.run_id;
        if all[..at].iter().any(|run| run.manifest.run_id == *id) {
            let reason = format!("{id} is named twice");
            return Err(Error::Run { path: all[at].run_dir.clone(), reason });
        }
    }
    Ok(all)
}

fn open_one(dir: &Path) -> Result<Recorded, Error> {
    let recorded = recorded::open(dir)?;
    if recorded.manifest.counts.known().is_none() {
        let reason = format!("it is not finished: {}", super::resume::command(dir));
        return Err(Error::Run { path: dir.to_owned(), reason });
    }
    Ok(recorded)
}

/// What differs between two runs.
///
/// # Errors
/// They ran on different machines, and nobody insists: a difference of their programs could not
/// be told from one of the machines.
pub fn pair(first: &Recorded, second: &Recorded, insist: bool) -> Result<Pairing, Error> {
    let machine = guard::other_machine(&first.manifest, &second.manifest);
    if !machine.is_empty() && !insist {
        let shown: Vec<String> = machine.iter().map(ToString::to_string).collect();
        let reason = format!(
            "it ran on another machine than {}: {}; with --across-machines they are compared all the same, and marked",
            first.run_dir.display(),
            shown.join("; ")
        );
        return Err(Error::Run { path: second.run_dir.clone(), reason });
    }
    let mut differences = guard::of_layers(&first.manifest, &second.manifest);
    differences.extend(guard::between(&first.manifest, &second.manifest));
    Ok(Pairing {
        differences: differences.iter().map(ToString::to_string).collect(),
        across_machines: !machine.is_empty(),
    })
}

impl Pairing {
    /// The cells of the second run against those of the first.
    #[must_use]
    pub fn compare(&self, runs: [(&Recorded, &Findings<'_>); 2]) -> Across {
        let [first, second] = runs;
        let names = [&first.0.manifest.run_id[..], &second.0.manifest.run_id[..]];
        Across::of([first.1, second.1], names, self.across_machines)
    }
}
