//! Sentences and tables of results: absolute values beside every ratio.

use super::{Claim, Row, Sentence, Table};
use crate::analysis::{Findings, MetricSummary};
use crate::design::CellIx;
use crate::report::csv::encode::grouped;
use crate::report::figure::view::{self, Group, View};
use crate::report::screen::versus::{self, Versus};
use crate::report::screen::words::{self, Scale};
use crate::report::screen::{claims, totals};
use crate::report::sentence::{self, Outcome};

/// Sentences that are shown; the tables have all comparisons.
const MOST_SENTENCES: usize = 60;
/// Sentences behind one claim; `claims.csv` has all.
const MOST_EVIDENCE: usize = 24;
/// Rows of all tables together that are shown; `table.csv` has all cells.
const MOST_ROWS: usize = 2000;

/// What became of every claim, in the words of the screen.
pub(super) fn claims(findings: &Findings<'_>) -> Vec<Claim> {
    let claim = |mut one: claims::Told| {
        if one.more > 0 {
            one.evidence.push(format!("{} more in claims.csv", one.more));
        }
        let evidence = one.evidence.iter().map(|text| whole(text)).collect();
        Claim { class: one.judgement.as_str(), text: view::capital(&one.text), evidence }
    };
    claims::told(findings, MOST_EVIDENCE).into_iter().map(claim).collect()
}

/// Every total, in the words of the screen.
pub(super) fn totals(findings: &Findings<'_>) -> Vec<String> {
    totals::told(findings).iter().map(|text| whole(text)).collect()
}

/// The words of the screen as a whole sentence. Names stay as they are written.
fn whole(text: &str) -> String {
    match text.strip_prefix("can't tell") {
        Some(rest) => format!("Can't tell{rest}."),
        None => format!("{text}."),
    }
}

/// What every comparison of the compared metric says, in the order of the tables.
pub(super) fn verdicts(findings: &Findings<'_>) -> Vec<Sentence> {
    let all = &findings.comparisons;
    let several = View::new(findings).groups.len() > 1;
    let primary: Vec<_> = all.rows.iter().filter(|row| row.is_primary).collect();
    let mut sentences: Vec<Sentence> = primary
        .iter()
        .take(MOST_SENTENCES)
        .map(|row| {
            let heading = crate::report::screen::naming::Naming::new(findings.evidence)
                .heading(row.candidate.cell);
            let text = sentence::of(findings.evidence, all, row);
            let text = match several && !heading.is_empty() {
                true => format!("{heading}: {text}."),
                false => whole(&text),
            };
            Sentence { class: class(Outcome::of(row, all.margin)), text }
        })
        .collect();
    if primary.len() > MOST_SENTENCES {
        let text =
            format!("{} more comparisons are in comparisons.csv.", primary.len() - MOST_SENTENCES);
        sentences.push(Sentence { class: "open", text });
    }
    sentences
}

/// The class of what is said of a cell, in the words of the page's style.
pub(in crate::report) fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Better | Outcome::MaybeBetter => "better",
        Outcome::Worse | Outcome::MaybeWorse => "worse",
        Outcome::Same => "same",
        Outcome::CannotTell | Outcome::TooFew => "open",
        Outcome::Invalid => "invalid",
    }
}

/// One table for each group of the result screen.
pub(super) fn tables(findings: &Findings<'_>) -> Vec<Table> {
    let view = View::new(findings);
    let mut left = MOST_ROWS;
    let mut tables = Vec::new();
    for group in &view.groups {
        if left == 0 {
            break;
        }
        let cells = &group.cells[..group.cells.len().min(left)];
        left -= cells.len();
        tables.push(table(&view, group, cells));
    }
    tables
}

fn table(view: &View<'_>, group: &Group, cells: &[CellIx]) -> Table {
    let findings = view.findings;
    let mut answers =
        cells.iter().filter_map(|&cell| findings.summary.cell(cell).answer.as_deref());
    let first = answers.next();
    let shared = first.filter(|first| answers.all(|answer| answer == *first));
    let scale = view.scale(cells, &group.column);
    let metric = view::name(&group.column, view.summary(cells[0], &group.column));
    Table {
        heading: group.heading.clone(),
        answer: shared.map(grouped).unwrap_or_default(),
        metric: match cells.iter().any(|&cell| is_known(view, group, cell)) {
            true => view::title(&metric, &scale),
            // Without any value there is no unit that would fit.
            false => metric,
        },
        versus: versus::head(findings, cells),
        rows: cells
            .iter()
            .map(|&cell| {
                let versus = Versus::among(findings, cells, cell);
                row(view, &group.column, (cell, versus), &scale)
            })
            .collect(),
    }
}

fn is_known(view: &View<'_>, group: &Group, cell: CellIx) -> bool {
    view.summary(cell, &group.column).is_some_and(|metric| metric.location.value.is_some())
}

/// One cell in one metric.
pub(in crate::report) fn row(
    view: &View<'_>,
    column: &str,
    (cell, versus): (CellIx, Versus),
    scale: &Scale,
) -> Row {
    let findings = view.findings;
    let of_cell = findings.summary.cell(cell);
    let metric = of_cell.metric(column);
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| scale.number(value));
    let comparison = findings.comparisons.of_cell(cell).filter(|_| versus.has_speedup);
    let outcome = comparison.map(|row| Outcome::of(row, findings.comparisons.margin));
    let precision = metric.and_then(|metric| metric.location.precision());
    let mut label = view.naming.label(cell);
    if label.is_empty() {
        label = "all".to_owned();
    }
    Row {
        label,
        n: of_cell.counts.used,
        value: value(of_cell.counts.failed, metric, scale),
        value_raw: metric.and_then(|metric| metric.location.value),
        interval: metric.map(|metric| interval(metric, scale)).unwrap_or_default(),
        min: number(metric.and_then(|metric| metric.min)),
        precision: precision
            .map(|share| format!("± {} %", words::ratio(100.0 * share)))
            .unwrap_or_default(),
        versus: versus.word,
        class: outcome.map_or("", class),
        ratio_raw: comparison.and_then(|row| row.speedup.estimate),
        // Without what would help: the sentence above says that.
        ratio_interval: versus.ends.split(" (").next().unwrap_or_default().to_owned(),
        lost: lost(view, cell),
    }
}

fn value(failed: u32, metric: Option<&MetricSummary>, scale: &Scale) -> String {
    if let Some(value) = metric.and_then(|metric| metric.location.value) {
        return scale.number(value);
    }
    match metric {
        Some(metric) if metric.n_censored > 0 => "timed out".to_owned(),
        Some(metric) if metric.n > 0 => "too few values".to_owned(),
        _ if failed > 0 => "failed".to_owned(),
        _ => "no value".to_owned(),
    }
}

fn interval(metric: &MetricSummary, scale: &Scale) -> String {
    match (metric.location.lo, metric.location.hi) {
        (Some(lo), Some(hi)) => format!("{} – {}", scale.number(lo), scale.number(hi)),
        (Some(lo), None) => format!("{} – ∞", scale.number(lo)),
        _ if metric.n > 0 && metric.n_censored == 0 => "too few values".to_owned(),
        _ => String::new(),
    }
}

/// Trials of a cell that do not count as times.
fn lost(view: &View<'_>, cell: CellIx) -> String {
    let counts = view.findings.summary.cell(cell).counts;
    let parts = [
        (counts.timeout, "timed out"),
        (counts.failed, "failed"),
        (counts.interrupted, "interrupted"),
        (counts.skipped, "skipped"),
    ];
    let some = parts.iter().filter(|(count, _)| *count > 0);
    some.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}
