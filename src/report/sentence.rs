//! What a comparison says, as a sentence that a reader can copy: the words, the numbers beside
//! them, and what would help where the data do not decide.
//!
//! Pure: screen, claims, explanations and reports take the same words from here. Refuses to judge; the
//! verdict is the analysis's.

use super::screen::naming::Naming;
use super::screen::words::{self, Scale};
use crate::analysis::{Comparison, Comparisons, Evidence};
use crate::design::Objective;
use crate::measure::{MetricColumn, MetricUnit};
use crate::stats::{Pairing, RatioStatus, Verdict, power};

pub mod curve;

#[cfg(test)]
mod tests;

/// More repeats than this are not advised: something else must change.
const MOST_REPEATS: usize = power::MOST;

/// What may be said of a candidate, in the classes that readers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Better by more than the margin.
    Better,
    /// Worse by more than the margin.
    Worse,
    /// Better, perhaps by less than the margin.
    MaybeBetter,
    /// Worse, perhaps by less than the margin.
    MaybeWorse,
    /// No difference that anybody would notice.
    Same,
    /// The data do not decide.
    CannotTell,
    /// Too few values for any decision.
    TooFew,
    /// A cell failed, or was not what it was meant to be.
    Invalid,
}

impl Outcome {
    /// The class of a comparison. A difference that is there and lies within the margin counts as
    /// the same.
    #[must_use]
    pub fn of(row: &Comparison, margin: f64) -> Self {
        let within = row
            .speedup
            .interval
            .is_some_and(|(lo, hi)| lo >= 1.0 / (1.0 + margin) && hi <= 1.0 + margin);
        match row.verdict {
            Verdict::FasterMaybeNegligible | Verdict::SlowerMaybeNegligible if within => Self::Same,
            Verdict::Equivalent => Self::Same,
            Verdict::Faster => Self::Better,
            Verdict::Slower => Self::Worse,
            Verdict::FasterMaybeNegligible => Self::MaybeBetter,
            Verdict::SlowerMaybeNegligible => Self::MaybeWorse,
            Verdict::Inconclusive => Self::CannotTell,
            Verdict::Insufficient => Self::TooFew,
            Verdict::Invalid => Self::Invalid,
        }
    }
}

/// The sentence of one comparison, without a full stop at its end:
/// `B is 1.12× as fast as A (95 % CI 1.08 – 1.15; 812 ms vs 909 ms medians, n = 15+15 blocks,
/// Holm p = 0.0006 of 6)`.
#[must_use]
pub fn of(evidence: Evidence<'_>, all: &Comparisons, row: &Comparison) -> String {
    let naming = Naming::new(evidence);
    let [base, own] = naming.pair([row.baseline.cell, row.candidate.cell]);
    with_names([&base, &own], all, row)
}

/// The same with names for the baseline and the candidate.
#[must_use]
pub fn with_names([base, own]: [&str; 2], all: &Comparisons, row: &Comparison) -> String {
    let outcome = Outcome::of(row, all.margin);
    let margin = words::ratio(100.0 * all.margin);
    let Some(ratio) = row.speedup.estimate.filter(|_| outcome != Outcome::Invalid) else {
        return format!("{own} cannot be compared with {base}: {}", reason(all, row));
    };
    let either = times(&row.metric, ratio, base);
    let is_inverse = matches!(outcome, Outcome::Worse | Outcome::MaybeWorse);
    let aside = |first: &str| {
        let parts = [interval(row, is_inverse), medians(all, row, false), test(all, row)];
        format!("({first}{})", joined(parts))
    };
    match outcome {
        Outcome::Better | Outcome::Worse | Outcome::Invalid => {
            format!("{own} {either} {}", aside(""))
        }
        Outcome::MaybeBetter | Outcome::MaybeWorse => {
            format!("{own} {either}, maybe by less than {margin} % {}", aside(""))
        }
        Outcome::Same => {
            let ratio = format!("ratio {}, ", words::three_digits(ratio));
            format!("{own} is the same as {base} within {margin} % {}", aside(&ratio))
        }
        Outcome::CannotTell => {
            let ratio = format!("ratio {}, ", words::three_digits(ratio));
            let figures = aside(&ratio);
            format!("can't tell {own} from {base} {figures}; {}", more_repeats(row, all.margin))
        }
        Outcome::TooFew => format!("{own} {either}, too few values to tell {}", aside("")),
    }
}

/// The ratio of one comparison, whatever its verdict, the other way round if that is asked for:
/// `B is 0.8× as fast as A (95 % CI 0.7 – 0.9; 1.1 s vs 0.9 s medians, n = 15+15 blocks)`.
#[must_use]
pub fn ratio(
    evidence: Evidence<'_>,
    all: &Comparisons,
    row: &Comparison,
    is_inverse: bool,
) -> Option<String> {
    let naming = Naming::new(evidence);
    let [base, own] = naming.pair([row.baseline.cell, row.candidate.cell]);
    let estimate = row.speedup.estimate?;
    let (base, own, ratio) =
        if is_inverse { (own, base, 1.0 / estimate) } else { (base, own, estimate) };
    let ratio = words::ratio(ratio);
    let way = if row.metric.unit == MetricUnit::Nanoseconds { "fast" } else { "good" };
    let way = format!("as {way} as {base}{}", of_metric(&row.metric));
    let aside = joined([interval(row, is_inverse), medians(all, row, is_inverse), None]);
    Some(format!("{own} is {ratio}× {way} ({aside})"))
}

/// `is 1.12× as fast as A`, `takes 2.1× as long as A`, or of what is no time `is 1.12× as good as A
/// in score`.
fn times(metric: &MetricColumn, ratio: f64, base: &str) -> String {
    let is_time = metric.unit == MetricUnit::Nanoseconds;
    let (whose, more, less) = (of_metric(metric), words::ratio(ratio), words::ratio(1.0 / ratio));
    match (is_time, ratio >= 1.0) {
        (true, true) => format!("is {more}× as fast as {base}{whose}"),
        (true, false) => format!("takes {less}× as long as {base}{whose}"),
        (false, true) => format!("is {more}× as good as {base}{whose}"),
        (false, false) => format!("is {less}× worse than {base}{whose}"),
    }
}

/// ` in score`; nothing for the runner's own time.
fn of_metric(metric: &MetricColumn) -> String {
    if metric.column.starts_with("metric_") {
        return format!(" in {}", metric_name(metric));
    }
    String::new()
}

/// A metric as its author calls it.
#[must_use]
pub fn metric_name(metric: &MetricColumn) -> &str {
    name_of(&metric.column, &metric.unit)
}

/// The same of a column and its unit.
#[must_use]
pub fn name_of<'a>(column: &'a str, unit: &MetricUnit) -> &'a str {
    let name = column.strip_prefix("metric_").unwrap_or(column);
    let unit = match unit {
        MetricUnit::Nanoseconds => "_ns",
        MetricUnit::Bytes => "_bytes",
        MetricUnit::Other(_) => "",
    };
    name.strip_suffix(unit).unwrap_or(name)
}

/// What stands in brackets: the interval apart from the rest.
fn joined([interval, medians, test]: [Option<String>; 3]) -> String {
    let rest: Vec<String> = medians.into_iter().chain(test).collect();
    let parts: Vec<String> = interval.into_iter().chain([rest.join(", ")]).collect();
    parts.join("; ")
}

/// The interval of the ratio. Beside `takes 1.3× as long` it says how many times as long.
fn interval(row: &Comparison, is_inverse: bool) -> Option<String> {
    let (lo, hi) = row.speedup.interval?;
    let level = words::ratio(100.0 * row.resampling.conf);
    let (lo, hi) = if is_inverse { (1.0 / hi, 1.0 / lo) } else { (lo, hi) };
    Some(format!("{level} % CI {}", words::between(lo, hi)))
}

/// Both medians and numbers of values, the candidate's first.
fn medians(all: &Comparisons, row: &Comparison, is_inverse: bool) -> Option<String> {
    let (base, own) = (row.baseline, row.candidate);
    let (base, own) = if is_inverse { (own, base) } else { (base, own) };
    let blocks = if row.pairing == Pairing::Block { " blocks" } else { "" };
    let n = format!("n = {}+{}{blocks}", own.n, base.n);
    let (Some(of_base), Some(of_own)) = (base.median, own.median) else {
        return Some(n);
    };
    let scale = Scale::of(&row.metric.unit, [of_base, of_own].into_iter());
    let what = match all.objective {
        Objective::P50 => "medians".to_owned(),
        objective => format!("at {}", objective.name()),
    };
    Some(format!("{} vs {} {what}, {n}", scale.value(of_own), scale.value(of_base)))
}

/// The p-value, how it was adjusted and among how many.
fn test(all: &Comparisons, row: &Comparison) -> Option<String> {
    let p = p_value(row.p_adjusted?);
    Some(match all.adjust {
        "none" => format!("p {p} unadjusted"),
        adjust => {
            let whose = if adjust == "bh" { "Benjamini-Hochberg" } else { "Holm" };
            format!("{whose} p {p} of {}", row.family_size)
        }
    })
}

/// `= 0.031`, or `< 0.0001`.
#[must_use]
pub fn p_value(p: f64) -> String {
    match p {
        p if p < 1e-4 => "< 0.0001".to_owned(),
        p if p < 1e-3 => format!("= {p:.4}"),
        p if p < 0.1 => format!("= {p:.3}"),
        p => format!("= {p:.2}"),
    }
}

/// Why there is no ratio that could be spoken of.
fn reason(all: &Comparisons, row: &Comparison) -> &'static str {
    let flagged = |flag: &str| row.flags.contains(&flag);
    match row.verdict {
        Verdict::Invalid if flagged("failures") => "trials failed",
        Verdict::Invalid if flagged("skipped") => "trials were left out",
        Verdict::Invalid => "a cell is not what it was meant to be",
        _ if row.speedup.status == RatioStatus::Negative => {
            "there are no ratios of negative values"
        }
        _ if all.objective != Objective::P50 => "too few values, or too many timed out",
        _ if flagged("timeouts") => "a median timed out",
        _ if row.baseline.n == 0 || row.candidate.n == 0 => "a cell has no values",
        _ => "there is no ratio of their medians",
    }
}

/// What would decide.
fn more_repeats(row: &Comparison, margin: f64) -> String {
    match repeats_that_would(row, margin) {
        Some(repeats) => format!("about {repeats} repeats would"),
        None => format!("not even {MOST_REPEATS} repeats would"),
    }
}

/// How many repeats would decide, if ratio and scatter stay as they are and the interval narrows
/// with the root of their number; `None` if nobody would run so many.
#[must_use]
pub fn repeats_that_would(comparison: &Comparison, margin: f64) -> Option<usize> {
    comparison.pilot()?.to_decide(comparison.speedup.estimate?, margin)
}
