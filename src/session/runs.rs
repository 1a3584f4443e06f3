//! What runs there are, and the history of an experiment: read from manifests and tables, nothing
//! is analysed again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Error, package};
use crate::report::csv::encode;
use crate::store::lock::is_at_work;
use crate::store::{Manifest, all_runs};

/// Columns of a history before those of `table.csv`.
pub const HISTORY: [&str; 9] = [
    "run_id",
    "started_at",
    "revision",
    "dirty",
    "experiment_sha256",
    "state",
    "machine",
    "cpu",
    "runner_version",
];

/// A run among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its directory.
    pub path: PathBuf,
    /// Its id.
    pub run_id: String,
    /// Its start, RFC 3339 in UTC.
    pub started_at: String,
    /// The experiment's name.
    pub experiment: String,
    /// `running`, `died`, `unfinished`, `failures` or `complete`.
    pub state: &'static str,
    /// The name of the machine; empty if it is not known.
    pub machine: String,
    /// Trials that came to their end; `None` where nobody has counted them.
    pub ended: Option<u64>,
    /// Trials of the plan.
    pub trials: u64,
    /// Size of its files in bytes.
    pub bytes: u64,
}

/// Every run, or those of one experiment, the oldest first.
#[must_use]
pub fn list(output: &Path, experiment: Option<&str>) -> Vec<Run> {
    let runs = all_runs(output, experiment).into_iter();
    runs.map(|(path, manifest)| Run {
        run_id: manifest.run_id.clone(),
        started_at: manifest.started_at.clone(),
        experiment: manifest.experiment.name.clone(),
        state: state(&path, &manifest),
        machine: machine(&manifest),
        ended: manifest.counts.known().map(|counts| counts.ok + counts.failed),
        trials: manifest.plan.trials,
        bytes: package::size(&path),
        path,
    })
    .collect()
}

/// What has become of a run, in one word.
fn state(run: &Path, manifest: &Manifest) -> &'static str {
    match manifest.counts.known() {
        _ if is_at_work(run) => "running",
        None => "died",
        Some(counts) if counts.missing + counts.interrupted > 0 => "unfinished",
        Some(counts) if counts.failed > 0 => "failures",
        Some(_) => "complete",
    }
}

fn machine(manifest: &Manifest) -> String {
    manifest.host.platform.hostname.known().cloned().unwrap_or_default()
}

/// The history of an experiment as CSV: one line per run and cell, the oldest run first. The
/// columns of `table.csv` follow those of [`HISTORY`]; where the experiment has changed, a run has
/// empty fields in the columns that it does not know.
///
/// # Errors
/// There is no run, or a table cannot be read.
pub fn history(output: &Path, experiment: &str) -> Result<Vec<u8>, Error> {
    let runs = all_runs(output, Some(experiment));
    if !runs.iter().any(|(path, _)| path.join("table.csv").is_file()) {
        let place = output.join(experiment);
        return Err(Error::Estimate(format!("there is no finished run in {}", place.display())));
    }
    together(runs)
}

/// The tables of these runs as one: one line per run and cell.
///
/// # Errors
/// A table cannot be read.
pub(super) fn together(runs: Vec<(PathBuf, Manifest)>) -> Result<Vec<u8>, Error> {
    let mut columns: Vec<String> = Vec::new();
    let mut rows: Vec<(Vec<String>, BTreeMap<String, String>)> = Vec::new();
    for (path, manifest) in runs {
        let Ok(table) = fs::read(path.join("table.csv")) else { continue };
        let refuse =
            |error: csv::Error| Error::Run { path: path.clone(), reason: error.to_string() };
        let mut reader = csv::Reader::from_reader(&table[..]);
        let names = reader.headers().map_err(refuse)?.clone();
        let own = names.iter().filter(|name| !HISTORY.contains(name) && *name != "date");
        merge(&mut columns, own);
        for record in reader.records() {
            let record = record.map_err(refuse)?;
            let fields = names.iter().zip(&record);
            let fields = fields.map(|(name, field)| (name.to_owned(), field.to_owned()));
            rows.push((of_run(&path, &manifest), fields.collect()));
        }
    }
    let mut out = HISTORY.join(",").into_bytes();
    for column in &columns {
        out.push(b',');
        out.extend_from_slice(column.as_bytes());
    }
    out.push(b'\n');
    for (run, fields) in &rows {
        let own = columns.iter().map(|column| fields.get(column).map_or("", String::as_str));
        for (at, field) in run.iter().map(String::as_str).chain(own).enumerate() {
            if at > 0 {
                out.push(b',');
            }
            encode::field(field, &mut out);
        }
        out.push(b'\n');
    }
    Ok(out)
}

/// The fields of a run, encoded as in the tables.
fn of_run(path: &Path, manifest: &Manifest) -> Vec<String> {
    let revision = &manifest.experiment.revision;
    let dirty = revision.dirty.known().map(ToString::to_string).unwrap_or_default();
    let cpu = manifest.host.cpu.model.known().cloned().unwrap_or_default();
    let commit = revision.commit.known().cloned().unwrap_or_default();
    let fields = [
        manifest.run_id.clone(),
        manifest.started_at.clone(),
        commit,
        dirty,
        manifest.experiment.sha256.clone(),
        state(path, manifest).to_owned(),
        machine(manifest),
        cpu,
        manifest.runner.version.clone(),
    ];
    fields.into_iter().map(|field| encode::protected(&field)).collect()
}

/// Adds the names that are not there, each behind the one that it follows.
fn merge<'a>(columns: &mut Vec<String>, names: impl Iterator<Item = &'a str>) {
    let mut place = 0;
    for name in names {
        match columns.iter().position(|known| known == name) {
            Some(at) => place = at + 1,
            None => {
                columns.insert(place, name.to_owned());
                place += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::merge;

    #[test]
    fn new_columns_stand_behind_those_that_they_follow() {
        let mut columns = Vec::new();
        merge(&mut columns, ["workload", "param_n", "time_ns"].into_iter());
        merge(&mut columns, ["workload", "param_m", "time_ns", "answer"].into_iter());
        assert_eq!(columns, ["workload", "param_m", "param_n", "time_ns", "answer"]);
    }
}
