//! Metrics that are declared deterministic: all trials of a cell must report the same value.

use std::sync::Arc;

use super::Evidence;
use super::standing::{Disagreement, Standing, UnusedReason, count};
use crate::measure::Status;

/// Judges every such metric. Where values differ, no trial of the cell is valid: either the
/// declaration or the program is wrong, and nobody can tell which value is right.
pub(super) fn judge(evidence: Evidence<'_>, rows: &mut [Standing]) -> Vec<Disagreement> {
    let workloads = &evidence.experiment.workloads;
    if workloads.iter().flat_map(|workload| &workload.metrics).all(|metric| !metric.deterministic) {
        return Vec::new();
    }
    let mut of_cell: Vec<Vec<usize>> = vec![Vec::new(); evidence.matrix.len()];
    for (row, observation) in evidence.observations.iter().enumerate() {
        if observation.measured.status == Status::Ok {
            of_cell[observation.trial.cell.index()].push(row);
        }
    }
    let mut found = Vec::new();
    for of_cell in of_cell.into_iter().filter(|of_cell| !of_cell.is_empty()) {
        let cell = evidence.observations[of_cell[0]].trial.cell;
        let metrics = &workloads[evidence.matrix.cell(cell).workload].metrics;
        for (index, metric) in metrics.iter().enumerate().filter(|(_, m)| m.deterministic) {
            let value = |&row: &usize| {
                evidence.observations[row].measured.metrics.get(index).copied().flatten()
            };
            let values: Vec<String> =
                of_cell.iter().filter_map(value).map(|value| value.to_string()).collect();
            if values.windows(2).all(|pair| pair[0] == pair[1]) {
                continue;
            }
            let disagreement = Disagreement {
                cell,
                block: None,
                metric: Some(metric.name.clone()),
                answers: count(values.iter().map(String::as_str)),
            };
            let note: Arc<str> = disagreement.describe().into();
            for &row in &of_cell {
                let standing = &mut rows[row];
                standing.status = Status::InvalidOutput;
                standing.unused.get_or_insert(UnusedReason::InvalidOutput);
                standing.note.get_or_insert_with(|| Arc::clone(&note));
            }
            found.push(disagreement);
        }
    }
    found
}
