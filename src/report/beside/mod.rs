//! Several runs of the same cells side by side: the same experiment on several machines, or at
//! several times.
//!
//! Owns which cells stand in one row, what differs between the runs, and the words. Every run is
//! compared with itself alone: refuses to say anything of two runs that would need a test across
//! them, since machine, system and builds differ together and the trials did not alternate.

mod facts;
mod figures;
mod findings;
mod page;
mod tables;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde::Serialize;

use crate::analysis::Findings;
use crate::design::CellIx;
use crate::report::content::{Row, Sentence, record};
use crate::report::figure::view::View;
use crate::report::figure::{Named, named};
use crate::report::screen::words;
use crate::store::Manifest;

pub use page::{html, markdown};

/// Runs that can be told apart by colours and marks.
pub const MOST_RUNS: usize = 8;

/// One of the runs.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// Its provenance.
    pub manifest: &'a Manifest,
    /// What it came to.
    pub findings: &'a Findings<'a>,
    /// What differs between the first run and this one, a line each.
    pub differences: &'a [String],
    /// It ran on another machine than the first.
    pub is_other_machine: bool,
}

/// What a run is called, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// The name of its machine, and what tells it from another run there.
    pub label: String,
    /// Its name.
    pub run_id: String,
    /// The day it began.
    pub date: String,
    /// What became of its trials.
    pub status: String,
    /// Whether nothing went wrong.
    pub is_good: bool,
}

/// What differs between the first run and a later one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which two.
    pub of: String,
    /// A line each.
    pub lines: Vec<String>,
}

/// A fact of machines and programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// What it is in each run.
    pub values: Vec<String>,
}

/// One cell in each of the runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// What tells it apart within its table.
    pub label: String,
    /// What each run says of it; nothing where a run has not got it.
    pub runs: Vec<Option<Row>>,
}

/// Cells that stand together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Table {
    /// What they share.
    pub heading: String,
    /// `time (ms)`.
    pub metric: String,
    /// `vs normal`; empty without a baseline.
    pub versus: String,
    /// The cells.
    pub lines: Vec<Line>,
}

/// Everything that is said of the runs.
#[derive(Clone, Debug, Serialize)]
pub struct Beside {
    /// Of the first run's experiment.
    pub title: String,
    /// Its question; it may be empty.
    pub question: String,
    /// Level of the intervals in percent.
    pub level: String,
    /// What the tables show: `median`, or `p95`.
    pub statistic: &'static str,
    /// Several of them.
    pub statistics: &'static str,
    /// The runs, in the order in which they were named.
    pub runs: Vec<Run>,
    /// What differs between them, in words.
    pub differences: Vec<Difference>,
    /// Facts that differ.
    pub different: Vec<Fact>,
    /// Facts that are the same everywhere.
    pub same: Vec<Fact>,
    /// What a reader must know.
    pub caution: &'static str,
    /// Where the runs agree and where not, each by itself.
    pub findings: Vec<Sentence>,
    /// The results.
    pub tables: Vec<Table>,
    /// The figures.
    #[serde(skip)]
    pub figures: Vec<Named>,
}

/// The runs as they are looked at: names and groups of each, and which cells are the same.
struct Seen<'a> {
    sources: &'a [Source<'a>],
    views: Vec<View<'a>>,
    labels: Vec<String>,
    cells: Vec<SameCell>,
}

/// A cell that is the same by its key, in the metric that is compared in it.
struct SameCell {
    heading: String,
    label: String,
    column: String,
    /// Where it is in each run.
    runs: Vec<Option<CellIx>>,
}

impl SameCell {
    /// Of the runs that have it: the number of the run and the cell there.
    fn known(&self) -> impl Iterator<Item = (usize, CellIx)> + Clone {
        self.runs.iter().enumerate().filter_map(|(run, cell)| Some((run, (*cell)?)))
    }

    fn label(&self) -> &str {
        if self.label.is_empty() { "all" } else { &self.label }
    }
}

impl<'a> Seen<'a> {
    fn of(sources: &'a [Source<'a>]) -> Self {
        let views: Vec<View<'a>> =
            sources.iter().map(|source| View::new(source.findings)).collect();
        let mut cells: Vec<SameCell> = Vec::new();
        let mut known = HashMap::new();
        for (run, view) in views.iter().enumerate() {
            for group in &view.groups {
                for &cell in &group.cells {
                    let key = view.findings.evidence.matrix.cell(cell).key;
                    let at = *known.entry((key, group.column.clone())).or_insert_with(|| {
                        cells.push(SameCell {
                            heading: group.heading.clone(),
                            label: view.naming.label(cell),
                            column: group.column.clone(),
                            runs: vec![None; views.len()],
                        });
                        cells.len() - 1
                    });
                    cells[at].runs[run] = Some(cell);
                }
            }
        }
        Self { sources, views, labels: facts::labels(sources), cells }
    }

    /// Cells with the same heading and metric, in the order in which they come.
    fn groups(&self) -> Vec<Vec<&SameCell>> {
        let mut groups: Vec<Vec<&SameCell>> = Vec::new();
        for cell in &self.cells {
            let is_like = |group: &&mut Vec<&SameCell>| {
                group[0].heading == cell.heading && group[0].column == cell.column
            };
            match groups.iter_mut().find(is_like) {
                Some(group) => group.push(cell),
                None => groups.push(vec![cell]),
            }
        }
        groups
    }

    /// `machines`, or `runs` where some of them are of one machine.
    fn word(&self) -> &'static str {
        let names: Vec<&str> =
            self.sources.iter().map(|source| facts::machine(source.manifest)).collect();
        let is_new = |at: usize| !names[..at].contains(&names[at]);
        if (0..names.len()).all(is_new) { "machines" } else { "runs" }
    }
}

/// How many cells are in more than one of the runs.
#[must_use]
pub fn shared_cells(sources: &[Source<'_>]) -> usize {
    Seen::of(sources).cells.iter().filter(|cell| cell.known().count() > 1).count()
}

impl Beside {
    /// What is to be said of these runs.
    #[must_use]
    pub fn of(sources: &[Source<'_>]) -> Self {
        let seen = Seen::of(sources);
        let first = &sources[0];
        let run = |(source, label): (&Source<'_>, &String)| {
            let (status, is_good) = record::status(source.findings, source.manifest);
            Run {
                label: label.clone(),
                run_id: source.manifest.run_id.clone(),
                date: record::date(source.manifest).to_owned(),
                status,
                is_good,
            }
        };
        let (different, same) = facts::facts(sources);
        let objective = first.findings.summary.objective();
        Self {
            title: first.manifest.experiment.title.clone(),
            question: first.manifest.experiment.question.known().cloned().unwrap_or_default(),
            level: words::ratio(100.0 * first.findings.summary.conf()),
            statistic: objective.name(),
            statistics: objective.plural(),
            runs: sources.iter().zip(&seen.labels).map(run).collect(),
            differences: facts::differences(&seen),
            different,
            same,
            caution: facts::caution(sources),
            findings: findings::sentences(&seen),
            tables: tables::tables(&seen),
            figures: named(figures::figures(&seen)),
        }
    }

    /// Everything as JSON, for programs.
    #[must_use]
    pub fn json(&self) -> String {
        let value = serde_json::to_value(self).expect("plain values become JSON in memory");
        let mut all = serde_json::json!({ "schema_version": 1 });
        if let (Some(all), serde_json::Value::Object(own)) = (all.as_object_mut(), value) {
            all.extend(own);
        }
        format!("{all:#}\n")
    }
}
