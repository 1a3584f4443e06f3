//! One block of the screen for each workload and its parameters, one row for each way in which
//! it was carried out.

use std::collections::HashMap;

use super::Screen;
use super::naming::Naming;
use super::page::{Page, Tone};
use super::strip::Strips;
use super::versus::{self, Versus};
use super::words::{self, Scale, fit, pad, width};
use crate::analysis::MetricSummary;
use crate::analysis::compare::compared_column;
use crate::design::CellIx;
use crate::measure::MetricUnit;
use crate::report::csv::encode::grouped;
use crate::report::sentence;

/// Blocks that are shown.
const SHOWN_BLOCKS: usize = 40;

/// Rows of a block that are shown.
const SHOWN_ROWS: usize = 60;

/// Narrowest column of names.
const LEAST_LABEL: usize = 8;

/// Columns between what is said of a speed-up and its interval.
const ENDS_GAP: usize = 3;

/// Cells that stand together.
struct Block {
    heading: String,
    cells: Vec<CellIx>,
}

/// What the blocks have shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown {
    /// Some speed-up.
    pub speedups: bool,
    /// Some strip of dots.
    pub strips: bool,
}

/// Writes every block, with strips of dots where there is room for them.
pub fn write(screen: &Screen<'_>, strips: Option<&Strips>, page: &mut Page) -> Shown {
    let naming = Naming::new(screen.findings.evidence);
    let blocks = collect(screen, &naming);
    let mut shown = Shown::default();
    for block in blocks.iter().take(SHOWN_BLOCKS) {
        page.line(&[]);
        heading_line(screen, block, page);
        shown.speedups |= table(screen, &naming, block, page);
        if let Some(strips) = strips {
            shown.strips |= strips.write(screen, &naming, &block.cells, page);
        }
    }
    if blocks.len() > SHOWN_BLOCKS {
        page.line(&[]);
        let text = format!("… {} more in table.csv", blocks.len() - SHOWN_BLOCKS);
        page.line(&[(Tone::Faint, &text)]);
    }
    page.line(&[]);
    shown
}

fn collect(screen: &Screen<'_>, naming: &Naming<'_>) -> Vec<Block> {
    let evidence = screen.findings.evidence;
    // What is compared in other units stands apart.
    let mut index: HashMap<(String, String), usize> = HashMap::new();
    let mut blocks: Vec<Block> = Vec::new();
    for at in 0..evidence.matrix.len() {
        let cell = CellIx::new(at);
        let workload = evidence.matrix.cell(cell).workload;
        let column = compared_column(evidence.experiment, workload);
        let key = (naming.heading(cell), column.to_string());
        let at = *index.entry(key).or_insert_with_key(|(heading, _)| {
            blocks.push(Block { heading: heading.clone(), cells: Vec::new() });
            blocks.len() - 1
        });
        blocks[at].cells.push(cell);
    }
    blocks
}

/// The heading and, once a block, the answer: beside it, or below it where it does not fit.
fn heading_line(screen: &Screen<'_>, block: &Block, page: &mut Page) {
    let mut answers =
        block.cells.iter().filter_map(|&cell| screen.findings.summary.cell(cell).answer.as_deref());
    let first = answers.next();
    let shared = first.filter(|first| answers.all(|answer| answer == *first));
    let Some(answer) = shared.map(one_line) else {
        if !block.heading.is_empty() {
            page.line(&[(Tone::Heading, &block.heading)]);
        }
        return;
    };
    let answer = format!("answer {answer}");
    let gap = 26_usize.saturating_sub(width(&block.heading)).max(3);
    if width(&block.heading) + gap + width(&answer) <= page.width() {
        let gap = " ".repeat(gap);
        page.line(&[(Tone::Heading, &block.heading), (Tone::Plain, &gap), (Tone::Plain, &answer)]);
    } else {
        page.line(&[(Tone::Heading, &block.heading)]);
        page.line(&[(Tone::Plain, &answer)]);
    }
}

fn one_line(answer: &str) -> String {
    let line: String = answer.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    grouped(&line)
}

/// The texts of one row.
struct Row {
    label: String,
    median: String,
    interval: String,
    versus: Versus,
}

/// Writes the rows; says whether any speed-up was shown.
fn table(screen: &Screen<'_>, naming: &Naming<'_>, block: &Block, page: &mut Page) -> bool {
    let workload = screen.findings.evidence.matrix.cell(block.cells[0]).workload;
    let column = compared_column(screen.findings.evidence.experiment, workload);
    let shown = &block.cells[..block.cells.len().min(SHOWN_ROWS)];
    let metric = |cell: CellIx| screen.findings.summary.cell(cell).metric(&column);
    let Some(unit) = metric(block.cells[0]).map(|metric| &metric.unit) else {
        return false;
    };
    let medians = shown.iter().filter_map(|&cell| metric(cell)?.location.value);
    let scale = Scale::of(unit, medians);
    let mut speedups = false;
    let rows: Vec<Row> = shown
        .iter()
        .filter_map(|&cell| Some((cell, metric(cell)?)))
        .map(|(cell, metric)| {
            let versus = Versus::among(screen.findings, &block.cells, cell);
            speedups |= versus.has_speedup;
            Row {
                label: naming.label(cell),
                median: median(screen, (cell, metric), &scale),
                interval: interval(metric, &scale),
                versus,
            }
        })
        .collect();
    let versus = versus::head(screen.findings, &block.cells);
    Layout::new(screen, (&column, unit, versus), &rows, page.width()).write(&rows, page);
    if block.cells.len() > SHOWN_ROWS {
        let text = format!("… {} more in table.csv", block.cells.len() - SHOWN_ROWS);
        page.line(&[(Tone::Faint, &text)]);
    }
    speedups
}

fn median(screen: &Screen<'_>, (cell, metric): (CellIx, &MetricSummary), scale: &Scale) -> String {
    let counts = screen.findings.summary.cell(cell).counts;
    match metric.location.value {
        Some(median) => scale.value(median),
        None if metric.n_censored > 0 => "timed out".to_owned(),
        None if counts.failed > 0 => "failed".to_owned(),
        None if counts.skipped > 0 && counts.used == 0 => "skipped".to_owned(),
        None if counts.used == 0 => "not run".to_owned(),
        None if metric.n > 0 => "too few".to_owned(),
        None => "—".to_owned(),
    }
}

fn interval(metric: &MetricSummary, scale: &Scale) -> String {
    match (metric.location.lo, metric.location.hi) {
        (Some(lo), Some(hi)) => format!("{} – {}", scale.number(lo), scale.number(hi)),
        (Some(lo), None) => format!("{} – ∞", scale.number(lo)),
        _ => "—".to_owned(),
    }
}

/// Heads and widths of the columns of one block.
struct Layout {
    heads: [String; 3],
    widths: [usize; 4],
    gap: String,
}

impl Layout {
    fn new(
        screen: &Screen<'_>,
        (column, unit, versus): (&str, &MetricUnit, String),
        rows: &[Row],
        columns: usize,
    ) -> Self {
        let statistic = screen.findings.summary.objective().name();
        let median = match column.starts_with("metric_") {
            true => format!("{statistic} {}", sentence::name_of(column, unit)),
            false => statistic.to_owned(),
        };
        let interval =
            format!("{} % interval", words::ratio(100.0 * screen.findings.summary.conf()));
        let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
        let label = widest(&mut rows.iter().map(|row| width(&row.label)));
        let middle = widest(&mut rows.iter().map(|row| width(&row.median))).max(width(&median));
        let range = widest(&mut rows.iter().map(|row| width(&row.interval))).max(width(&interval));
        let word = widest(&mut rows.iter().map(|row| width(&row.versus.word)));
        let ends = widest(&mut rows.iter().map(|row| width(&row.versus.ends)));
        let last = (word + if ends == 0 { 0 } else { ENDS_GAP + ends }).max(width(&versus));
        // Names give way before numbers do.
        let needed = |gap: usize| label + 2 + middle + gap + range + gap + last;
        let gap = if needed(4) <= columns { 4 } else { 2 };
        let over = needed(gap).saturating_sub(columns);
        let label = label.saturating_sub(over).max(LEAST_LABEL.min(label));
        Self {
            heads: [median, interval, versus],
            widths: [label, middle, range, word],
            gap: " ".repeat(gap),
        }
    }

    fn write(&self, rows: &[Row], page: &mut Page) {
        let [label, middle, range, word] = self.widths;
        let gap = self.gap.as_str();
        let [median, interval, versus] = &self.heads;
        let head = [
            " ".repeat(label + 2),
            pad(median, middle),
            gap.to_owned(),
            pad(interval, range),
            gap.to_owned(),
            versus.clone(),
        ];
        page.line(&[(Tone::Faint, &head.concat())]);
        for row in rows {
            page.line(&[
                (Tone::Plain, &pad(&fit(&row.label, label), label + 2)),
                (Tone::Plain, &pad(&row.median, middle)),
                (Tone::Plain, gap),
                (Tone::Plain, &pad(&row.interval, range)),
                (Tone::Plain, gap),
                (row.versus.tone, &row.versus.word),
                (Tone::Plain, &beside(&row.versus, word)),
            ]);
        }
    }
}

/// The interval of a speed-up, in a column of its own beside the words.
fn beside(versus: &Versus, words: usize) -> String {
    if versus.ends.is_empty() {
        return String::new();
    }
    let gap = words - width(&versus.word) + ENDS_GAP;
    format!("{}{}", " ".repeat(gap), versus.ends)
}
