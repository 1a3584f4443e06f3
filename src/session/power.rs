//! How many repeats the comparisons of an experiment need, from a run or a pilot of it.

use std::path::Path;

use super::replay::Replay;
use super::{Error, Loaded, Planned, recorded};
use crate::analysis::{Evidence, Findings};
use crate::report::journal::ReadError;
use crate::report::screen::naming;

/// What a run says about the repeats that its comparisons need.
#[derive(Clone, Debug, PartialEq)]
pub struct Power {
    /// The difference that is to be found, as a share: 0.05 for 5 %.
    pub effect: f64,
    /// The run.
    pub run_id: String,
    /// Each comparison in the metric that the file compares: its cell, for people, and repeats;
    /// `None` beyond what anyone would run.
    pub needs: Vec<(String, Option<usize>)>,
}

impl Power {
    /// The most that any comparison needs; `None` if one needs more than anyone would run.
    #[must_use]
    pub fn most(&self) -> Option<usize> {
        self.needs
            .iter()
            .map(|(_, repeats)| *repeats)
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .max()
    }
}

/// What the run in a directory says; nothing, if no comparison of it has an interval. Without an
/// `effect` it is the margin of the file, which may be none.
///
/// # Errors
/// The run cannot be read.
pub fn from_run(run_dir: &Path, effect: Option<f64>) -> Result<Option<Power>, Error> {
    let recorded = recorded::open(run_dir)?;
    Ok(of(&recorded.findings(), &recorded.manifest.run_id, effect))
}

/// What a pilot says, whose plan is not that of its file.
pub(super) fn from_pilot(
    pilot: (&Loaded, &Planned),
    run_dir: &Path,
    effect: Option<f64>,
) -> Result<Option<Power>, Error> {
    let fail = |error: ReadError| Error::Estimate(format!("the pilot left no record: {error}"));
    let replay = Replay::read(run_dir, pilot.1).map_err(fail)?;
    let evidence = Evidence {
        experiment: &pilot.0.experiment,
        matrix: &pilot.0.matrix,
        plan: &pilot.1.plan,
        observations: &replay.observations,
        stops: &replay.stops,
        empty_process_ns: None,
    };
    Ok(of(&Findings::of(evidence), &replay.header.run_id, effect))
}

fn of(findings: &Findings<'_>, run_id: &str, effect: Option<f64>) -> Option<Power> {
    let effect = effect.unwrap_or(findings.comparisons.margin);
    if effect <= 0.0 {
        return None;
    }
    let primary = findings.comparisons.rows.iter().filter(|row| row.is_primary);
    let needs: Vec<(String, Option<usize>)> = primary
        .filter_map(|row| {
            let repeats = row.pilot()?.to_find(effect);
            Some((naming::place(findings.evidence, row.candidate.cell), repeats))
        })
        .collect();
    (!needs.is_empty()).then(|| Power { effect, run_id: run_id.to_owned(), needs })
}
