//! `iterations.csv`: one row per run of a kernel inside a trial, for trials with several.
//!
//! Keys lead to `trials.csv`, where the same trial is one value. Nothing is left out: warm-up
//! trials and attempts that failed later have their rows, too.

use super::encode;
use super::schema::small::ITERATIONS;
use crate::measure::Observation;

/// The whole file; `None` when no trial had several iterations. Iterations count from 0, as
/// `steady_from_iter` does.
#[must_use]
pub fn render(observations: &[Observation], run_id: &str) -> Option<Vec<u8>> {
    let has_some = |observation: &Observation| !observation.measured.iterations_ns.is_empty();
    if !observations.iter().any(has_some) {
        return None;
    }
    let mut out = ITERATIONS.header(&[]);
    let mut key = Vec::new();
    for observation in observations {
        key.clear();
        encode::text(run_id, &mut key);
        key.push(b',');
        key.extend_from_slice(observation.trial.id().as_bytes());
        key.push(b',');
        encode::integer(observation.attempt, &mut key);
        key.push(b',');
        for (iteration, value_ns) in observation.measured.iterations_ns.iter().enumerate() {
            out.extend_from_slice(&key);
            encode::integer(iteration, &mut out);
            out.push(b',');
            encode::integer(*value_ns, &mut out);
            out.push(b'\n');
        }
    }
    Some(out)
}
