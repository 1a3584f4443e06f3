//! How long a plan will take: from an earlier run of the same cells, or from a pilot.
//!
//! The time of a trial is that from the record of its start to the record of its end, so that
//! its hooks and whatever else surrounds it are counted. Cells are recognised by their keys, so
//! that a file may have changed elsewhere.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use super::power::{self, Power};
use super::run::{self, Options};
use super::{Error, Loaded, Planned};
use crate::design::{CellIx, Experiment, Matrix};
use crate::event::EventKind;
use crate::measure::Status;
use crate::report::journal;

/// What is known of the duration of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Estimate {
    /// Every cell was run before.
    About {
        /// Expected duration in ns; where the repeats are chosen as the run goes, that of the most.
        total_ns: u64,
        /// That of the fewest repeats, which differs only then.
        least_ns: u64,
        /// The run that it comes from.
        run_id: String,
    },
    /// Some cells were never run.
    Unknown {
        /// Cells of the plan without a duration.
        cells: usize,
    },
}

/// What an earlier run says about a plan. `run_dir` is the directory of that run.
///
/// # Errors
/// The directory holds no run that can be read.
pub fn from_run(loaded: &Loaded, planned: &Planned, run_dir: &Path) -> Result<Estimate, Error> {
    let fail = |reason: String| {
        Error::Estimate(format!("cannot estimate from {}: {reason}", run_dir.display()))
    };
    let file = File::open(run_dir.join("journal.jsonl")).map_err(|e| fail(e.to_string()))?;
    let record = journal::read(BufReader::new(file)).map_err(|e| fail(e.to_string()))?;
    let table = File::open(run_dir.join("trials.csv")).map_err(|e| fail(e.to_string()))?;
    let run_id = record.header.run_id.clone();
    let keys = cell_keys(BufReader::new(table), &run_id).map_err(|e| fail(e.to_string()))?;
    let mut times: HashMap<&str, Vec<u64>> = HashMap::new();
    let mut begun = HashMap::new();
    for event in &record.events {
        match &event.kind {
            // A new session counts its time anew.
            EventKind::SessionStarted(_) => begun.clear(),
            EventKind::TrialStarted { order, .. } => {
                begun.entry(*order).or_insert(event.elapsed_ns);
            }
            EventKind::TrialFinished(observation) if is_typical(observation.measured.status) => {
                let order = observation.trial.order;
                if let (Some(key), Some(start)) = (keys.get(&order), begun.get(&order)) {
                    let took = event.elapsed_ns.saturating_sub(*start);
                    times.entry(key.as_str()).or_default().push(took);
                }
            }
            _ => {}
        }
    }
    Ok(sum(loaded, planned, times, run_id))
}

/// A timeout takes as long as it does; other failures say nothing.
fn is_typical(status: Status) -> bool {
    matches!(status, Status::Ok | Status::Timeout)
}

/// Planned index and cell key of every row. The first five columns are identifiers, which are
/// never quoted; a line that does not begin with the run belongs to a field of the line before.
fn cell_keys(table: impl BufRead, run_id: &str) -> std::io::Result<HashMap<u32, String>> {
    let mut keys = HashMap::new();
    for line in table.lines() {
        let line = line?;
        let fields: Vec<&str> = line.splitn(6, ',').collect();
        if let [run, trial, _, _, key, _] = fields[..]
            && run == run_id
            && let Some(number) = trial.strip_prefix('t').and_then(|id| id.parse::<u32>().ok())
        {
            keys.insert(number.saturating_sub(1), key.to_owned());
        }
    }
    Ok(keys)
}

fn sum(
    loaded: &Loaded,
    planned: &Planned,
    mut times: HashMap<&str, Vec<u64>>,
    run_id: String,
) -> Estimate {
    let mut planned_of = vec![0_u64; loaded.matrix.len()];
    for trial in planned.plan.trials() {
        planned_of[trial.cell.index()] += 1;
    }
    let adaptive = loaded.experiment.protocol.adaptive.as_ref();
    let spared = adaptive.map_or(0, |adaptive| u64::from(adaptive.max - adaptive.min));
    let (mut total_ns, mut spared_ns) = (0_u64, 0_u64);
    let mut unknown = 0;
    for (at, &trials) in planned_of.iter().enumerate() {
        let key = loaded.matrix.cell(CellIx::new(at)).key.to_string();
        match times.get_mut(key.as_str()) {
            Some(times) => {
                let one_ns = middle(times);
                total_ns = total_ns.saturating_add(trials.saturating_mul(one_ns));
                spared_ns = spared_ns.saturating_add(spared.saturating_mul(one_ns));
            }
            None => unknown += 1,
        }
    }
    if unknown > 0 {
        return Estimate::Unknown { cells: unknown };
    }
    let jobs = u64::from(loaded.experiment.protocol.jobs.max(1));
    let least_ns = total_ns.saturating_sub(spared_ns) / jobs;
    Estimate::About { total_ns: total_ns / jobs, least_ns, run_id }
}

/// The middle of a list that is not empty, the upper one of two.
fn middle(times: &mut [u64]) -> u64 {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Trials of each cell in a pilot that was not told how many: an interval of a comparison takes
/// six, the time of a trial one.
#[must_use]
pub fn pilot_trials(loaded: &Loaded) -> u32 {
    if loaded.experiment.compare.baselines.is_empty() { 1 } else { 6 }
}

/// Runs so many trials of each cell now and estimates from that, also the repeats that a difference
/// of `effect` takes. Leaves nothing behind.
///
/// # Errors
/// The pilot could not be run, or was interrupted.
pub fn from_pilot(
    loaded: &Loaded,
    planned: &Planned,
    (trials, effect): (u32, Option<f64>),
    options: Options,
) -> Result<(Estimate, Option<Power>), Error> {
    let pilot = short(loaded, trials);
    let pilot_plan = pilot.plan(Some(planned.plan.seed()), u64::MAX)?;
    let output = options.output.clone();
    fs::create_dir(&output)?;
    let run = run::run(&pilot, &pilot_plan, options);
    let estimate = run.and_then(|finished| {
        if finished.exit_code == 5 {
            return Err(Error::Estimate("the pilot was interrupted".to_owned()));
        }
        let latest = crate::store::directory::latest_run(&output, &pilot.experiment.name)
            .ok_or_else(|| Error::Estimate("the pilot left no record".to_owned()))?;
        Ok((
            from_run(loaded, planned, &latest)?,
            power::from_pilot((&pilot, &pilot_plan), &latest, effect)?,
        ))
    });
    // What cannot be removed lies among temporary files.
    drop(fs::remove_dir_all(&output));
    estimate
}

/// The same experiment with so many trials a cell.
fn short(loaded: &Loaded, trials: u32) -> Loaded {
    let mut matrix = Matrix::clone(&loaded.matrix);
    matrix.change_protocols(|protocol| {
        protocol.repeats = trials;
        protocol.warmup = 0;
        protocol.retries = 0;
    });
    let mut experiment = Experiment::clone(&loaded.experiment);
    experiment.protocol.adaptive = None;
    Loaded { experiment: Arc::new(experiment), matrix: Arc::new(matrix), ..loaded.clone() }
}
