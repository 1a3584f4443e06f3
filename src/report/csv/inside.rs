//! What happened inside a trial: `iterations.csv`, one row per run of a kernel in a trial of
//! several, and `workers.csv`, one row per worker of a trial of several.
//!
//! Keys lead to `trials.csv`, where the same trial is one row. Iterations count from 0, as
//! `steady_from_iter` does, and so do workers.

use super::encode;
use super::schema::Table;
use super::schema::small::{ITERATIONS, WORKERS};
use crate::analysis::Findings;
use crate::measure::Observation;

/// Every iteration; `None` when no trial had several. Nothing is left out: warm-up trials and
/// attempts that failed later have their rows, too.
#[must_use]
pub fn iterations(observations: &[Observation], run_id: &str) -> Option<Vec<u8>> {
    let rows = |observation: &Observation, row: &mut dyn FnMut(&[u64])| {
        observation.measured.iterations_ns.iter().for_each(|&value_ns| row(&[value_ns]));
    };
    table(&ITERATIONS, run_id, observations.iter(), rows)
}

/// When each worker of the used trials worked; `None` when none of them had several workers. A
/// worker on its own works as long as `worker_max_ns` says.
#[must_use]
pub fn workers(findings: &Findings<'_>, run_id: &str) -> Option<Vec<u8>> {
    let standings = findings.standings.rows().iter();
    let rows = findings.evidence.observations.iter().zip(standings);
    let used = rows.filter(|(_, standing)| standing.used()).map(|(observation, _)| observation);
    let rows = |observation: &Observation, row: &mut dyn FnMut(&[u64])| {
        let spans = &observation.measured.workers;
        if spans.len() > 1 {
            spans.iter().for_each(|span| row(&[span.start_ns, span.end_ns]));
        }
    };
    table(&WORKERS, run_id, used, rows)
}

/// A table of the rows that `rows_of` finds in each trial, counted from 0 behind the trial's key;
/// `None` without any.
fn table<'a>(
    table: &Table,
    run_id: &str,
    observations: impl Iterator<Item = &'a Observation>,
    rows_of: impl Fn(&Observation, &mut dyn FnMut(&[u64])),
) -> Option<Vec<u8>> {
    let mut out = table.header(&[]);
    let header = out.len();
    let mut key = Vec::new();
    for observation in observations {
        key.clear();
        encode::text(run_id, &mut key);
        key.push(b',');
        key.extend_from_slice(observation.trial.id().as_bytes());
        key.push(b',');
        encode::integer(observation.attempt, &mut key);
        let mut number = 0_usize;
        rows_of(observation, &mut |values| {
            out.extend_from_slice(&key);
            out.push(b',');
            encode::integer(number, &mut out);
            for &value in values {
                out.push(b',');
                encode::integer(value, &mut out);
            }
            out.push(b'\n');
            number += 1;
        });
    }
    (out.len() > header).then_some(out)
}
