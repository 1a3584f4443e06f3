//! `comparisons.csv`: one row per cell with a baseline, and metric; then the pairs of cells that
//! only claims compare.

use super::column;
use super::fields::Fields;
use super::schema::comparisons::COMPARISONS;
use crate::analysis::{Comparison, Comparisons, Findings};
use crate::report::screen::naming::Naming;

/// The whole file.
#[must_use]
pub fn render(findings: &Findings<'_>, run_id: &str) -> Vec<u8> {
    let Findings { evidence, comparisons, claims, .. } = findings;
    let params = column::params(evidence.matrix);
    let mut out = COMPARISONS.header(&params);
    let of_claims = claims.further.iter().map(|row| (row, "claims/"));
    for (row, of) in comparisons.rows.iter().map(|row| (row, "")).chain(of_claims) {
        identity(findings, (row, run_id), &mut Fields(&mut out));
        let candidate = evidence.matrix.cell(row.candidate.cell);
        column::write_params(&params, evidence.matrix, candidate, &mut out);
        let family = format!("{}/{of}{}", evidence.experiment.name, row.metric.column);
        statistics((row, &family), comparisons, &mut Fields(&mut out));
    }
    out
}

fn identity(findings: &Findings<'_>, (row, run_id): (&Comparison, &str), fields: &mut Fields<'_>) {
    let evidence = findings.evidence;
    let candidate = evidence.matrix.cell(row.candidate.cell);
    fields.text(run_id);
    fields.word(Some(&row.id));
    fields.word(Some(&row.baseline.cell.id()));
    fields.word(Some(&row.candidate.cell.id()));
    if findings.claims.is_further(row) {
        let [baseline, _] = Naming::new(evidence).pair([row.baseline.cell, row.candidate.cell]);
        fields.text(&baseline);
    } else {
        fields.text(findings.baselines.label(candidate.workload).unwrap_or_default());
    }
    fields.text(evidence.experiment.workloads[candidate.workload].name.as_str());
    fields.text(evidence.experiment.strategies[candidate.strategy].name.as_str());
    fields.integer(Some(candidate.workers as usize));
}

/// What a comparison came to.
pub(in crate::report) fn statistics(
    (row, family): (&Comparison, &str),
    all: &Comparisons,
    fields: &mut Fields<'_>,
) {
    let whole = row.metric.unit.is_integer();
    let resampled = row.speedup.interval.is_some();
    fields.text(family);
    fields.text(&row.metric.column);
    fields.text(row.metric.unit.as_str());
    fields.word(Some(all.objective.as_str()));
    fields.word(Some(&row.baseline_kind));
    fields.integer(Some(row.baseline.n));
    fields.integer(Some(row.candidate.n));
    fields.value(row.baseline.median, whole);
    fields.value(row.candidate.median, whole);
    fields.word(Some(row.pairing.as_str()));
    fields.integer(Some(row.n_blocks));
    fields.number(row.speedup.estimate);
    fields.number(row.speedup.interval.map(|(lo, _)| lo));
    fields.number(row.speedup.interval.map(|(_, hi)| hi).filter(|hi| hi.is_finite()));
    fields.word(Some(row.speedup.status.as_str()));
    fields.integer(resampled.then_some(row.resampling.replicates));
    fields.seed(resampled.then_some(row.resampling.seed));
    fields.value(row.shift.estimate, whole);
    fields.value(row.shift.lo, whole);
    fields.value(row.shift.hi, whole);
    fields.word(row.test.map(|(_, test)| test.as_str()));
    fields.number(row.test.map(|(p, _)| p));
    fields.number(row.p_adjusted);
    fields.word(Some(all.adjust));
    fields.integer(Some(row.family_size));
    fields.number(row.min_p);
    fields.number(row.mwu_p);
    fields.number(row.a12);
    fields.number(row.cliffs_delta);
    fields.number(Some(all.margin));
    fields.integer(row.pilot().and_then(|pilot| pilot.to_find(all.margin)));
    fields.number(Some(row.resampling.conf));
    fields.word(Some(row.verdict.as_str()));
    fields.end(&row.flags.join(" "));
}
