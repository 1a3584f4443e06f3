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

/// The head of the last column of a table of these cells: `vs normal`.
#[must_use]
pub fn head(findings: &Findings<'_>, cells: &[CellIx]) -> String {
    let mut labels = labels(findings, cells);
    match (labels.next(), labels.next()) {
        (None, _) => String::new(),
        (Some(label), None) => format!("vs {label}"),
        (Some(_), Some(_)) => "vs its baseline".to_owned(),
    }
}

/// What the baselines of these cells are called, each once.
fn labels<'a>(findings: &'a Findings<'_>, cells: &[CellIx]) -> impl Iterator<Item = &'a str> {
    let mut seen: Vec<&str> = Vec::new();
    for &cell in cells {
        let label = findings.baselines.label(findings.evidence.matrix.cell(cell).workload);
        seen.extend(label.filter(|label| !seen.contains(label)));
    }
    seen.into_iter()
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

    /// The same in a table whose cells have several baselines: it names its own.
    #[must_use]
    pub fn among(findings: &Findings<'_>, cells: &[CellIx], cell: CellIx) -> Self {
        let mut versus = Self::of(findings, cell);
        let is_compared = matches!(findings.baselines.reference(cell), Reference::Cell(_));
        if is_compared && labels(findings, cells).nth(1).is_some() {
            let workload = findings.evidence.matrix.cell(cell).workload;
            let label = findings.baselines.label(workload).unwrap_or_default();
            versus.word = format!("{label}: {}", versus.word);
        }
        versus
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fixture::{self, Run};
    use crate::design::Name;
    use crate::design::experiment::Baseline;

    #[test]
    fn a_row_names_its_baseline_where_a_table_has_several() {
        let mut experiment = fixture::experiment();
        experiment.strategies.truncate(1);
        experiment.workloads.push(fixture::workload("other"));
        let levels = crate::design::Binding {
            name: crate::design::ParamName::new("n").expect("a name"),
            value: crate::design::Value::Integer(1_000_000.into()),
        };
        let none = Baseline { strategy: None, ..fixture::baseline("normal") };
        let name = |text| Some(Name::new(text).expect("a name"));
        experiment.compare.baselines = vec![
            Baseline { params: vec![levels], ..none.clone() },
            Baseline { of: name("other"), workload: name("sum"), ..none },
        ];
        let run = Run::new(experiment);
        let findings = Findings::of(run.evidence());
        let cells = [1, 3].map(CellIx);
        assert_eq!(head(&findings, &cells), "vs its baseline");
        let words = cells.map(|cell| Versus::among(&findings, &cells, cell).word);
        assert!(words[0].starts_with("n = 1000000: 2"), "{words:?}");
        assert!(words[1].starts_with("sum: 2"), "{words:?}");
        assert_eq!(head(&findings, &cells[1..]), "vs sum");
        assert_eq!(Versus::among(&findings, &cells[1..], cells[1]).word, "2× slower");
    }
}
