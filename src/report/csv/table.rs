//! `table.csv`: for people, one wide row per cell, integers only.

use super::column;
use super::encode;
use super::schema::small::TABLE;
use crate::analysis::compare::compared_column;
use crate::analysis::summary::speedup;
use crate::analysis::{Baselines, Comparisons, Evidence, MetricSummary, Summary};
use crate::design::CellIx;

/// What all rows begin with.
#[derive(Clone, Copy, Debug)]
pub struct Heading<'a> {
    /// The run.
    pub run_id: &'a str,
    /// The day of the run, `2026-11-22`.
    pub date: &'a str,
    /// The revision of the user's repository, if there is one.
    pub revision: Option<&'a str>,
}

/// The speed-up of a cell over its baseline in the compared metric. `None` where there is no
/// baseline, and where either cell is not fit to be compared.
#[must_use]
pub fn cell_speedup(
    evidence: Evidence<'_>,
    summary: &Summary,
    baselines: &Baselines,
    cell: CellIx,
) -> Option<f64> {
    let base = baselines.cell(cell)?;
    let column = compared_column(evidence.experiment, evidence.matrix.cell(cell).workload);
    let compared = |ix: CellIx| -> Option<&MetricSummary> {
        let of_cell = summary.cell(ix);
        of_cell.is_valid().then(|| of_cell.metric(&column))?
    };
    speedup(compared(base)?, compared(cell)?)
}

/// The whole file.
#[must_use]
pub fn render(
    evidence: Evidence<'_>,
    summary: &Summary,
    (baselines, comparisons): (&Baselines, &Comparisons),
    heading: Heading<'_>,
) -> Vec<u8> {
    let params = column::params(evidence.matrix);
    let mut out = TABLE.header(&params);
    for (at, cell) in evidence.matrix.cells().iter().enumerate() {
        let ix = CellIx::new(at);
        for text in [Some(heading.run_id), Some(heading.date), heading.revision] {
            field(text, &mut out);
        }
        let experiment = evidence.experiment;
        field(Some(experiment.workloads[cell.workload].name.as_str()), &mut out);
        field(Some(experiment.strategies[cell.strategy].name.as_str()), &mut out);
        integer(Some(f64::from(cell.workers)), &mut out);
        integer(Some(f64::from(cell.tasks)), &mut out);
        column::write_params(&params, evidence.matrix, cell, &mut out);
        findings(evidence, (summary, baselines, comparisons), ix, &mut out);
    }
    out
}

fn findings(
    evidence: Evidence<'_>,
    (summary, baselines, comparisons): (&Summary, &Baselines, &Comparisons),
    ix: CellIx,
    out: &mut Vec<u8>,
) {
    let cell = summary.cell(ix);
    let time = cell.time();
    integer(Some(f64::from(cell.counts.used)), out);
    integer(Some(f64::from(cell.counts.failed)), out);
    field(Some(summary.objective().name()), out);
    for value in [time.location.value, time.location.lo, time.location.hi, time.min] {
        integer(value, out);
    }
    let workload = evidence.matrix.cell(ix).workload;
    let label = baselines.cell(ix).and_then(|_| baselines.label(workload));
    field(label, out);
    let ratio = cell_speedup(evidence, summary, baselines, ix);
    integer(ratio.map(|ratio| 100.0 * ratio), out);
    let comparison = comparisons.of_cell(ix);
    let interval = comparison.filter(|_| ratio.is_some()).and_then(|row| row.speedup.interval);
    let end = |value: Option<f64>| value.filter(|end| end.is_finite()).map(|end| 100.0 * end);
    integer(end(interval.map(|(lo, _)| lo)), out);
    integer(end(interval.map(|(_, hi)| hi)), out);
    field(comparison.map(|row| row.verdict.as_str()), out);
    if let Some(answer) = &cell.answer {
        encode::answer(answer, out);
    }
    out.push(b',');
    if let Some(peak) = cell.peak_bytes {
        encode::integer(peak, out);
    }
    out.push(b'\n');
}

fn field(text: Option<&str>, out: &mut Vec<u8>) {
    if let Some(text) = text {
        encode::text(text, out);
    }
    out.push(b',');
}

fn integer(value: Option<f64>, out: &mut Vec<u8>) {
    if let Some(value) = value {
        encode::whole(value, out);
    }
    out.push(b',');
}
