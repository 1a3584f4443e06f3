//! All cells of all runs in one figure, and the ratios of each run to its own baseline.

use super::findings::{agree, verdicts};
use super::tables::{scale, summaries};
use super::{SameCell, Seen};
use crate::design::Objective;
use crate::report::figure::Figure;
use crate::report::figure::beside::{Mark, Plot, Row};
use crate::report::figure::view;
use crate::report::screen::words;
use crate::report::sentence::{self, Outcome};

/// One figure for each metric that is compared, then the ratios.
pub(super) fn figures(seen: &Seen<'_>) -> Vec<Figure> {
    let mut columns: Vec<&str> = Vec::new();
    for cell in &seen.cells {
        if !columns.contains(&cell.column.as_str()) {
            columns.push(&cell.column);
        }
    }
    let values = columns.into_iter().filter_map(|column| values(seen, column));
    values.chain(ratios(seen)).collect()
}

fn objective(seen: &Seen<'_>) -> Objective {
    seen.sources[0].findings.summary.objective()
}

fn level(seen: &Seen<'_>) -> String {
    words::ratio(100.0 * seen.sources[0].findings.summary.conf())
}

fn row(cell: &SameCell, marks: Vec<Mark>) -> Row {
    Row { heading: cell.heading.clone(), label: cell.label().to_owned(), marks }
}

fn values(seen: &Seen<'_>, column: &str) -> Option<Figure> {
    let cells: Vec<&SameCell> = seen.cells.iter().filter(|cell| cell.column == column).collect();
    let scale = scale(seen, &cells);
    let metric = view::name(column, summaries(seen, &cells).next());
    let statistic = objective(seen).name();
    let mark = |cell: &SameCell, run: usize, ix| {
        let location = seen.views[run].summary(ix, column)?.location;
        let value = location.value?;
        let ends = location.lo.map(|lo| (lo, location.hi.unwrap_or(f64::INFINITY)));
        let of_ends = ends.map_or_else(String::new, |(lo, hi)| {
            let hi = if hi.is_finite() { scale.number(hi) } else { "∞".to_owned() };
            format!(" ({} – {hi})", scale.number(lo))
        });
        let place = &seen.labels[run];
        let about = format!("{place}: {}{of_ends}, {}", scale.value(value), cell.label());
        Some(Mark { run, value, ends, about })
    };
    let rows = cells.iter().map(|cell| {
        let marks = cell.known().filter_map(|(run, ix)| mark(cell, run, ix)).collect();
        row(cell, marks)
    });
    let (count, runs, word) = (cells.len(), seen.sources.len(), seen.word());
    let plot = Plot {
        title: format!("{} {metric} of {count} cells on {runs} {word}", view::capital(statistic)),
        caption: format!(
            "Mark: {statistic} of one run. Line: its {} % interval. Nothing is tested from one \
             mark to another.",
            level(seen)
        ),
        axis: view::title(&metric, &scale),
        size: scale.size,
        margin: None,
        runs: seen.labels.clone(),
        rows: rows.collect(),
    };
    plot.draw()
}

fn ratios(seen: &Seen<'_>) -> Option<Figure> {
    let mut rows = Vec::new();
    let (mut several, mut same) = (0, 0);
    for cell in &seen.cells {
        let all = verdicts(seen, cell);
        several += usize::from(all.len() > 1);
        same += usize::from(all.len() > 1 && agree(&all));
        let marks = all.iter().filter_map(|verdict| {
            let run = verdict.run;
            let ix = cell.runs[run].filter(|_| verdict.outcome != Outcome::Invalid)?;
            let findings = seen.sources[run].findings;
            let comparison = findings.comparisons.of_cell(ix)?;
            let value = comparison.speedup.estimate.filter(|ratio| *ratio > 0.0)?;
            let said = sentence::of(findings.evidence, &findings.comparisons, comparison);
            let about = format!("{}: {said}", seen.labels[run]);
            Some(Mark { run, value, ends: comparison.speedup.interval, about })
        });
        rows.push(row(cell, marks.collect()));
    }
    let first = seen.sources[0].findings;
    let workload = first.evidence.matrix.cells().first()?.workload;
    let label = first.baselines.label(workload).unwrap_or("the baseline");
    let statistics = objective(seen).plural();
    let plot = Plot {
        title: format!(
            "Against {label} in the same run: the same verdict in {same} of {several} cells"
        ),
        caption: format!(
            "Mark: ratio of {statistics} within one run. Line: its {} % interval. Dashed: no \
             difference; the band is the margin of {} %.",
            level(seen),
            words::ratio(100.0 * first.comparisons.margin)
        ),
        axis: "times as good as the baseline, logarithmic; right of 1 is better".to_owned(),
        size: 1.0,
        margin: Some(first.comparisons.margin),
        runs: seen.labels.clone(),
        rows,
    };
    plot.draw()
}
