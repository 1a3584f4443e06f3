//! `totals.csv`: one row per way of carrying the work out and kind of total, where the experiment
//! asks for totals.

use super::fields::Fields;
use super::schema::judged::TOTALS;
use crate::analysis::Findings;
use crate::analysis::totals::{Kind, Total};

/// The whole file; `None` if the experiment asks for no total.
#[must_use]
pub fn render(findings: &Findings<'_>, run_id: &str) -> Option<Vec<u8>> {
    let compare = &findings.evidence.experiment.compare;
    if !compare.sum && !compare.allow_geomean {
        return None;
    }
    let mut out = TOTALS.header(&[]);
    for total in &findings.totals {
        row(findings, total, run_id, &mut Fields(&mut out));
    }
    Some(out)
}

fn row(findings: &Findings<'_>, total: &Total, run_id: &str, fields: &mut Fields<'_>) {
    let evidence = findings.evidence;
    let cell = evidence.matrix.cell(total.candidate);
    let whole = total.metric.unit.is_integer();
    let sums = total.sums.filter(|_| total.kind == Kind::Sum);
    fields.text(run_id);
    fields.word(Some(total.kind.as_str()));
    fields.text(&total.metric.column);
    fields.text(total.metric.unit.as_str());
    fields.text(evidence.experiment.strategies[cell.strategy].name.as_str());
    fields.integer(Some(cell.workers as usize));
    fields.text(&total.differs.join(" "));
    fields.text(findings.baselines.label(cell.workload).unwrap_or_default());
    fields.integer(Some(total.members.len()));
    fields.word(Some(&total.members.join(" ")));
    fields.value(sums.map(|(base, _)| base), whole);
    fields.value(sums.map(|(_, own)| own), whole);
    fields.number(total.ratio.estimate);
    fields.number(total.ratio.interval.map(|(lo, _)| lo));
    fields.number(total.ratio.interval.map(|(_, hi)| hi).filter(|hi| hi.is_finite()));
    fields.word(Some(match total.is_incomplete {
        true => "incomplete",
        false => total.ratio.status.as_str(),
    }));
    let resampled = total.ratio.interval.is_some();
    fields.number(Some(total.resampling.conf));
    fields.word(Some(total.pairing.as_str()));
    fields.integer(resampled.then_some(total.resampling.replicates));
    fields.seed(resampled.then_some(total.resampling.seed));
    // The seed is the last field: its comma is the line's end.
    fields.0.pop();
    fields.0.push(b'\n');
}
