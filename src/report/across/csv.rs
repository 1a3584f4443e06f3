//! Runs against each other as CSV: one row per pair of cells and metric.

use super::View;
use crate::report::csv::column::{self, ParamColumn};
use crate::report::csv::comparisons::statistics;
use crate::report::csv::fields::Fields;
use crate::report::csv::schema::comparisons::FINDINGS;

/// Columns before the parameters.
const IDENTITY: [&str; 7] =
    ["run_id", "baseline_run_id", "comparison_id", "cell_key", "workload", "strategy", "workers"];

/// The whole table, with the parameters of all runs.
#[must_use]
pub fn render(views: &[View<'_>]) -> Vec<u8> {
    let mut params: Vec<ParamColumn> = Vec::new();
    for view in views {
        for column in column::params(view.sides[1].findings.evidence.matrix) {
            match params.iter_mut().find(|known| known.name == column.name) {
                Some(known) => known.is_text |= column.is_text,
                None => params.push(column),
            }
        }
    }
    let header: Vec<String> = IDENTITY
        .iter()
        .map(ToString::to_string)
        .chain(params.iter().map(ParamColumn::header))
        .chain(FINDINGS.iter().map(|column| column.name.to_owned()))
        .collect();
    let mut out = header.join(",").into_bytes();
    out.push(b'\n');
    views.iter().for_each(|view| rows(view, &params, &mut out));
    out
}

fn rows(view: &View<'_>, params: &[ParamColumn], out: &mut Vec<u8>) {
    let evidence = view.sides[1].findings.evidence;
    for row in &view.across.comparisons.rows {
        let cell = evidence.matrix.cell(row.candidate.cell);
        let mut fields = Fields(out);
        fields.text(view.sides[1].run_id);
        fields.text(view.sides[0].run_id);
        fields.word(Some(&row.id));
        fields.word(Some(&cell.key.to_string()));
        fields.text(evidence.experiment.workloads[cell.workload].name.as_str());
        fields.text(evidence.experiment.strategies[cell.strategy].name.as_str());
        fields.integer(Some(cell.workers as usize));
        column::write_params(params, evidence.matrix, cell, out);
        let family = format!("{}/{}", evidence.experiment.name, row.metric.column);
        statistics((row, &family), &view.across.comparisons, &mut Fields(out));
    }
}
