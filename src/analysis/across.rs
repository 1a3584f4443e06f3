//! Two runs of the same cells against each other: paired by the key of their content, with the
//! estimators that also compare cells within a run.
//!
//! The runs did not alternate, so that whatever changed in between is in the numbers, too: values
//! are never paired by block, and every comparison carries a flag.

use std::collections::HashMap;

use super::compare::{Comparison, Comparisons, NOT_INTERLEAVED, adjusting, compared_column, used};
use super::effect::{Compared, Samples, Subject, compared, decide};
use super::metric::OF_VALUES;
use super::values::{Source, sources};
use super::{CellSummary, Findings};
use crate::design::CellIx;
use crate::measure::Observation;
use crate::plan::{Purpose, derive_seed};
use crate::stats::Pairing;

/// The two cells ran on machines that differ.
pub const ACROSS_MACHINES: &str = "across_machines";

/// What two runs come to against each other.
#[derive(Clone, Debug)]
pub struct Across {
    /// One row for each pair of cells and metric; the baseline's cell is one of the first run.
    pub comparisons: Comparisons,
    /// Cells of the first run that the second has not.
    pub only_first: Vec<CellIx>,
    /// Cells of the second run that the first has not.
    pub only_second: Vec<CellIx>,
}

impl Across {
    /// Compares the second run with the first. `names` are the runs' own and seed the bootstrap;
    /// margin, coverage and adjustment are those of the second run's file.
    #[must_use]
    pub fn of(runs: [&Findings<'_>; 2], names: [&str; 2], across_machines: bool) -> Self {
        let [first, second] = runs;
        let cells = |run: &Findings<'_>| (0..run.evidence.matrix.len()).map(CellIx::new);
        let key = |run: &Findings<'_>, cell: CellIx| run.evidence.matrix.cell(cell).key;
        let by_key: HashMap<_, CellIx> =
            cells(first).map(|cell| (key(first, cell), cell)).collect();
        let used = runs.map(|run| used(run.evidence, &run.standings));
        let (adjust, how) = adjusting(&second.evidence.experiment.compare);
        let objective = second.evidence.experiment.compare.objective;
        let (conf, margin) = (second.summary.conf(), second.comparisons.margin);
        let mut rows: Vec<Compared> = Vec::new();
        let mut only_second = Vec::new();
        let mut seen = vec![false; first.evidence.matrix.len()];
        for candidate in cells(second) {
            let Some(&baseline) = by_key.get(&key(second, candidate)) else {
                only_second.push(candidate);
                continue;
            };
            seen[baseline.index()] = true;
            let pair = Pair { runs, used: &used, cells: [baseline, candidate] };
            for [base, own] in pair.metrics() {
                let id = format!("x{:03}", rows.len() + 1);
                let name = format!("{}/{}/{id}", names[0], names[1]);
                let seed = derive_seed(second.evidence.plan.seed(), Purpose::Ratio, &name);
                let subject = Subject {
                    id,
                    cells: [baseline, candidate],
                    metric: &own.column,
                    is_primary: own.column.column == pair.primary(),
                    baseline_kind: "named".to_owned(),
                    flags: pair.flags(&own.column.column, across_machines),
                };
                rows.push(compared(subject, &pair.samples([&base, &own]), objective, (seed, conf)));
            }
        }
        let is_valid = |row: &Comparison| {
            let cells =
                [first.summary.cell(row.baseline.cell), second.summary.cell(row.candidate.cell)];
            cells.iter().all(|cell| cell.is_valid())
        };
        let rows = decide(rows, how, (margin, conf), is_valid);
        let comparisons =
            Comparisons::of_rows(rows, (margin, adjust, objective), second.evidence.matrix.len());
        let only_first = cells(first).filter(|cell| !seen[cell.index()]).collect();
        Self { comparisons, only_first, only_second }
    }
}

/// The same cell in both runs.
struct Pair<'a, 'b> {
    runs: [&'a Findings<'b>; 2],
    used: &'a [Vec<Vec<&'b Observation>>; 2],
    cells: [CellIx; 2],
}

impl Pair<'_, '_> {
    fn workload(&self, run: usize) -> usize {
        self.runs[run].evidence.matrix.cell(self.cells[run]).workload
    }

    fn primary(&self) -> String {
        compared_column(self.runs[1].evidence.experiment, self.workload(1))
    }

    /// The compared metric, then those of the program that have a better direction, as far as both
    /// runs have them.
    fn metrics(&self) -> Vec<[Source; 2]> {
        let of =
            |run: usize| sources(&self.runs[run].evidence.experiment.workloads[self.workload(run)]);
        let primary = self.primary();
        let mut own: Vec<Source> = of(1)
            .into_iter()
            .filter(|source| {
                source.column.column == primary || source.column.column.starts_with("metric_")
            })
            .filter(|source| source.column.better.is_some())
            .collect();
        own.sort_by_key(|source| source.column.column != primary);
        own.into_iter()
            .filter_map(|own| {
                let same = |base: &Source| base.column == own.column;
                Some([of(0).into_iter().find(same)?, own])
            })
            .collect()
    }

    fn samples(&self, sources: [&Source; 2]) -> Samples {
        let values = |run: usize| sources[run].values(&self.used[run][self.cells[run].index()]);
        let values = [values(0), values(1)];
        Samples { values, pairing: Pairing::Independent, n_blocks: 0, is_interleaved: false }
    }

    fn flags(&self, column: &str, across_machines: bool) -> Vec<&'static str> {
        let mut flags = vec![NOT_INTERLEAVED];
        flags.extend(across_machines.then_some(ACROSS_MACHINES));
        for run in 0..2 {
            let cell: &CellSummary = self.runs[run].summary.cell(self.cells[run]);
            let of_metric = cell.metric(column).map_or(&[][..], |metric| &metric.flags);
            let of_cell = cell.time().flags.iter().filter(|word| !OF_VALUES.contains(word));
            for word in of_metric.iter().chain(of_cell) {
                if !flags.contains(word) {
                    flags.push(word);
                }
            }
        }
        flags
    }
}
