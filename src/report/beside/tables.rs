//! The results of all runs, one row a cell and one group of columns a run.

use super::{Line, SameCell, Seen, Table};
use crate::analysis::MetricSummary;
use crate::design::CellIx;
use crate::measure::MetricUnit;
use crate::report::content::result_row;
use crate::report::figure::view;
use crate::report::screen::versus::{self, Versus};
use crate::report::screen::words::Scale;

/// Rows of all tables together that are shown; the CSV has all cells.
const MOST_ROWS: usize = 1000;

/// One table for each group of cells.
pub(super) fn tables(seen: &Seen<'_>) -> Vec<Table> {
    let mut left = MOST_ROWS;
    let mut tables = Vec::new();
    for group in seen.groups() {
        let cells = &group[..group.len().min(left)];
        left -= cells.len();
        if !cells.is_empty() {
            tables.push(table(seen, cells));
        }
    }
    tables
}

fn table(seen: &Seen<'_>, cells: &[&SameCell]) -> Table {
    let scale = scale(seen, cells);
    let metric = view::name(&cells[0].column, summaries(seen, cells).next());
    let of_runs: Vec<Vec<CellIx>> = (0..seen.sources.len())
        .map(|run| cells.iter().filter_map(|cell| cell.runs[run]).collect())
        .collect();
    let heads = seen.sources.iter().zip(&of_runs);
    let mut heads = heads.map(|(source, cells)| versus::head(source.findings, cells));
    Table {
        heading: cells[0].heading.clone(),
        metric: view::title(&metric, &scale),
        versus: heads.find(|head| !head.is_empty()).unwrap_or_default(),
        lines: cells.iter().map(|cell| line(seen, (cell, &of_runs), &scale)).collect(),
    }
}

fn line(seen: &Seen<'_>, (cell, of_runs): (&SameCell, &[Vec<CellIx>]), scale: &Scale) -> Line {
    let mut runs = vec![None; seen.sources.len()];
    for (run, ix) in cell.known() {
        let versus = Versus::among(seen.sources[run].findings, &of_runs[run], ix);
        runs[run] = Some(result_row(&seen.views[run], &cell.column, (ix, versus), scale));
    }
    Line { label: cell.label().to_owned(), runs }
}

/// What these cells amount to in every run.
pub(super) fn summaries<'a>(
    seen: &'a Seen<'_>,
    cells: &'a [&SameCell],
) -> impl Iterator<Item = &'a MetricSummary> + Clone {
    cells.iter().flat_map(move |cell| {
        cell.known().filter_map(move |(run, ix)| seen.views[run].summary(ix, &cell.column))
    })
}

/// One unit for these cells in all runs.
pub(super) fn scale(seen: &Seen<'_>, cells: &[&SameCell]) -> Scale {
    let all = || summaries(seen, cells);
    let unit = all().next().map_or(MetricUnit::Nanoseconds, |metric| metric.unit.clone());
    Scale::of(&unit, all().filter_map(|metric| metric.location.value.or(metric.median)))
}
