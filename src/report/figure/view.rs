//! What the figures show: cells in the groups of the result screen, the values of their trials,
//! and a category for each way of carrying out a workload, the same in all figures.

use std::collections::HashMap;

use crate::analysis::compare::compared_column;
use crate::analysis::{Findings, MetricSummary, reader};
use crate::design::{CellIx, Objective};
use crate::measure::{MetricUnit, Observation};
use crate::report::screen::naming::Naming;
use crate::report::screen::words::Scale;
use crate::report::sentence::name_of;

/// Cells that are drawn together.
#[derive(Clone, Debug)]
pub struct Group {
    /// What they share; it may be empty.
    pub heading: String,
    /// The metric that the experiment compares in them.
    pub column: String,
    /// In the order of the matrix.
    pub cells: Vec<CellIx>,
}

/// A value that counts.
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    /// The row.
    pub row: &'a Observation,
    /// In the metric's unit; `+∞` for a timeout.
    pub value: f64,
}

/// What the figures show.
pub struct View<'a> {
    /// What the run came to.
    pub findings: &'a Findings<'a>,
    /// What cells are called.
    pub naming: Naming<'a>,
    /// The groups.
    pub groups: Vec<Group>,
    /// Used rows of each cell, in the planned order.
    used: Vec<Vec<&'a Observation>>,
    /// The category of each cell.
    categories: Vec<usize>,
}

impl<'a> View<'a> {
    /// Looks at a run.
    #[must_use]
    pub fn new(findings: &'a Findings<'a>) -> Self {
        let evidence = findings.evidence;
        let naming = Naming::new(evidence);
        let cells = || (0..evidence.matrix.len()).map(CellIx::new);
        let mut used: Vec<Vec<&Observation>> = vec![Vec::new(); evidence.matrix.len()];
        for (row, standing) in evidence.observations.iter().zip(findings.standings.rows()) {
            if standing.used() {
                used[row.trial.cell.index()].push(row);
            }
        }
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut category = |cell| {
            let next = known.len();
            *known.entry(naming.label(cell)).or_insert(next)
        };
        let categories = cells().map(&mut category).collect();
        let groups = groups(findings, &naming);
        Self { findings, naming, groups, used, categories }
    }

    /// The category of a cell: its label's.
    #[must_use]
    pub fn category(&self, cell: CellIx) -> usize {
        self.categories[cell.index()]
    }

    /// The values of a cell in one metric, in the planned order.
    #[must_use]
    pub fn values(&self, cell: CellIx, column: &str) -> Vec<Value<'a>> {
        let evidence = self.findings.evidence;
        let workload = &evidence.experiment.workloads[evidence.matrix.cell(cell).workload];
        let Some(read) = reader(workload, column) else { return Vec::new() };
        let used = self.used[cell.index()].iter();
        used.filter_map(|&row| Some(Value { row, value: read(row)? })).collect()
    }

    /// What the values of a cell in one metric amount to.
    #[must_use]
    pub fn summary(&self, cell: CellIx, column: &str) -> Option<&'a MetricSummary> {
        self.findings.summary.cell(cell).metric(column)
    }

    /// What the experiment compares of a cell, and what figures mark: the median, or a percentile.
    #[must_use]
    pub fn objective(&self) -> Objective {
        self.findings.summary.objective()
    }

    /// That of a cell in one metric.
    #[must_use]
    pub fn location(&self, cell: CellIx, column: &str) -> Option<f64> {
        self.summary(cell, column)?.location.value
    }

    /// One unit for what is marked of these cells.
    #[must_use]
    pub fn scale(&self, cells: &[CellIx], column: &str) -> Scale {
        let metrics = || cells.iter().filter_map(|&cell| self.summary(cell, column));
        let unit = metrics().next().map_or(MetricUnit::Nanoseconds, |metric| metric.unit.clone());
        // Of few values there is no percentile, and the dots have a unit all the same.
        let size = |metric: &MetricSummary| metric.location.value.or(metric.median);
        let sizes: Vec<f64> = metrics().filter_map(size).collect();
        Scale::of(&unit, sizes.into_iter())
    }

    /// Level of the intervals, in percent.
    #[must_use]
    pub fn level(&self) -> String {
        crate::report::screen::words::ratio(100.0 * self.findings.summary.conf())
    }
}

fn groups(findings: &Findings<'_>, naming: &Naming<'_>) -> Vec<Group> {
    let evidence = findings.evidence;
    let mut index: HashMap<(String, String), usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for cell in (0..evidence.matrix.len()).map(CellIx::new) {
        let workload = evidence.matrix.cell(cell).workload;
        let key = (naming.heading(cell), compared_column(evidence.experiment, workload));
        let at = *index.entry(key).or_insert_with_key(|(heading, column)| {
            let (heading, column) = (heading.clone(), column.clone());
            groups.push(Group { heading, column, cells: Vec::new() });
            groups.len() - 1
        });
        groups[at].cells.push(cell);
    }
    groups
}

/// Height of a heading between rows.
const HEADING: f64 = 24.0;

/// The upper end of each row, with the heading of its group if it begins one; and of what follows.
pub fn places(
    headings: impl Iterator<Item = String>,
    row: f64,
    top: f64,
) -> (Vec<(f64, Option<String>)>, f64) {
    let mut places = Vec::new();
    let (mut y, mut last) = (top, None);
    for heading in headings {
        let is_new = last.as_ref() != Some(&heading);
        let shown = (is_new && !heading.is_empty()).then(|| heading.clone());
        if shown.is_some() {
            y += HEADING;
        }
        last = Some(heading);
        places.push((y, shown));
        y += row;
    }
    (places, y + 4.0)
}

/// What a metric is called on an axis: `time`, `peak memory`, or as its author calls it.
#[must_use]
pub fn name(column: &str, metric: Option<&MetricSummary>) -> String {
    match (column, metric) {
        ("time_ns", _) => "time".to_owned(),
        ("max_rss_bytes", _) => "peak memory".to_owned(),
        (_, None) => column.to_owned(),
        (_, Some(metric)) => name_of(column, &metric.unit).to_owned(),
    }
}

/// `time (ms)`; a number without a unit is named alone.
#[must_use]
pub fn title(name: &str, scale: &Scale) -> String {
    if scale.unit == "1" { name.to_owned() } else { format!("{name} ({})", scale.unit) }
}

/// The text with a capital letter, for headings that begin with words of ours.
#[must_use]
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// At most `most` of the items, evenly spread over their order; the first and the last are kept.
#[must_use]
pub fn thinned<T: Copy>(items: &[T], most: usize) -> Vec<T> {
    let most = most.max(2);
    if items.len() <= most {
        return items.to_vec();
    }
    (0..most).map(|at| items[at * (items.len() - 1) / (most - 1)]).collect()
}

/// What is said of one trial where the pointer rests on it.
#[must_use]
pub fn about(row: &Observation, value: &str, label: &str) -> String {
    let mut text = format!("{}: {value}, {label}", row.trial.id());
    match row.trial.block() {
        Some(block) => text.push_str(&format!(", repeat {block}")),
        None => text.push_str(", warm-up"),
    }
    for flag in crate::analysis::flags::of(&row.measured) {
        text.push_str(&format!(", {flag}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_both_ends() {
        let items: Vec<usize> = (0..1000).collect();
        let kept = thinned(&items, 11);
        assert_eq!((kept.len(), kept[0], kept[10]), (11, 0, 999));
        assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(thinned(&items[..3], 3), [0, 1, 2]);
    }
}
