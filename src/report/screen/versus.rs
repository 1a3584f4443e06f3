//! What is said of a cell against its baseline, in words.

use super::page::Tone;
use super::words;
use crate::analysis::{Comparison, Findings, Reference};
use crate::design::CellIx;
use crate::measure::MetricUnit;
use crate::report::csv::table::cell_speedup;
use crate::report::sentence::{Outcome, repeats_that_would};
use crate::stats::Verdict;

/// The last column of a row.
#[derive(Debug)]
pub struct Versus {
    /// How it is shown.
    pub tone: Tone,
    /// `1.76× faster`, `can't tell`, `invalid`, …
    pub word: String,
    /// The interval of the speed-up, and what would help.
    pub ends: String,
    /// Whether the words come from a speed-up.
    pub has_speedup: bool,
}

impl Versus {
    /// What is said of a cell.
    #[must_use]
    pub fn of(findings: &Findings<'_>, cell: CellIx) -> Self {
        let base = match findings.baselines.reference(cell) {
            Reference::Undeclared => return Self::word(Tone::Plain, ""),
            Reference::Itself => return Self::word(Tone::Plain, "baseline"),
            Reference::NoMatch => return Self::word(Tone::Plain, "no baseline"),
            Reference::Ambiguous(_) => return Self::word(Tone::Plain, "several baselines"),
            Reference::Cell(base) => base,
        };
        let failed = |ix| findings.summary.cell(ix).failed_too_often();
        if failed(cell) || failed(base) {
            return Self::word(Tone::Bad, "invalid");
        }
        let not_as_meant = |ix| findings.broken.iter().any(|one| one.cell == ix);
        if not_as_meant(cell) || not_as_meant(base) {
            return Self::word(Tone::Bad, "not as meant");
        }
        let Findings { evidence, summary, baselines, .. } = findings;
        let whole = cell_speedup(*evidence, summary, baselines, cell).is_some();
        match findings.comparisons.of_cell(cell).filter(|_| whole) {
            Some(comparison) => Self::judged(comparison, findings.comparisons.margin),
            None => Self::word(Tone::Plain, "—"),
        }
    }

    fn word(tone: Tone, word: &str) -> Self {
        Self { tone, word: word.to_owned(), ends: String::new(), has_speedup: false }
    }

    /// What is said of a comparison.
    #[must_use]
    pub fn judged(comparison: &Comparison, margin: f64) -> Self {
        let Some(ratio) = comparison.speedup.estimate else {
            return Self::word(Tone::Plain, "—");
        };
        let [more, less] = match comparison.metric.unit {
            MetricUnit::Nanoseconds => ["faster", "slower"],
            _ => ["better", "worse"],
        };
        let times = |ratio: f64, way: &str| format!("{}× {way}", words::ratio(ratio));
        let either = if ratio >= 1.0 { times(ratio, more) } else { times(1.0 / ratio, less) };
        let percent = words::ratio(100.0 * margin);
        let (tone, word) = match Outcome::of(comparison, margin) {
            Outcome::Same => (Tone::Plain, format!("same within {percent} %")),
            Outcome::Better => (Tone::Good, either),
            Outcome::Worse => (Tone::Caution, either),
            Outcome::MaybeBetter => (Tone::Good, format!("{either}, maybe < {percent} %")),
            Outcome::MaybeWorse => (Tone::Caution, format!("{either}, maybe < {percent} %")),
            Outcome::CannotTell => (Tone::Plain, "can't tell".to_owned()),
            Outcome::TooFew => (Tone::Plain, format!("{either}, too few to tell")),
            Outcome::Invalid => (Tone::Bad, "invalid".to_owned()),
        };
        let slower = tone == Tone::Caution;
        let mut ends = comparison.speedup.interval.map_or_else(String::new, |(lo, hi)| {
            // Beside `1.3× slower` the interval says how many times as slow.
            let (lo, hi) = if slower { (1.0 / hi, 1.0 / lo) } else { (lo, hi) };
            words::between(lo, hi)
        });
        if comparison.verdict == Verdict::Inconclusive
            && let Some(repeats) = repeats_that_would(comparison, margin)
        {
            ends.push_str(&format!(" (about {repeats} repeats would)"));
        }
        Self { tone, word, ends, has_speedup: true }
    }
}
