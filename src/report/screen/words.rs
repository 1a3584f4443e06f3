//! Values as people read them: three significant digits, one unit a block, bounded widths.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::measure::MetricUnit;

/// A unit and how many stored units it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// The word behind the number.
    pub unit: String,
    /// Stored units in one of it.
    pub size: f64,
}

impl Scale {
    /// The scale for the values of one block: that of the largest, or a smaller one where the
    /// smallest value would otherwise be all zeros.
    #[must_use]
    pub fn of(unit: &MetricUnit, values: impl Iterator<Item = f64> + Clone) -> Self {
        let steps: &[(&str, f64)] = match unit {
            MetricUnit::Nanoseconds => &[("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)],
            MetricUnit::Bytes => &[("B", 1.0), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9)],
            MetricUnit::Other(unit) => &[(unit, 1.0)],
        };
        let largest = values.clone().fold(0.0, f64::max);
        let smallest = values.filter(|&v| v > 0.0).fold(f64::INFINITY, f64::min);
        let fits = |&&(_, size): &&(&str, f64)| size <= largest && smallest / size >= 0.01;
        let &(unit, size) = steps.iter().rev().find(fits).unwrap_or(&steps[0]);
        Self { unit: unit.to_owned(), size }
    }

    /// The number without its unit.
    #[must_use]
    pub fn number(&self, value: f64) -> String {
        three_digits(value / self.size)
    }

    /// The number and its unit.
    #[must_use]
    pub fn value(&self, value: f64) -> String {
        if self.unit == "1" {
            return self.number(value);
        }
        format!("{} {}", self.number(value), self.unit)
    }
}

/// A number with three significant digits, or all digits before the point if there are more.
#[must_use]
pub fn three_digits(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 {
        return "0".to_owned();
    }
    // 9.995 prints as 10.0, not as 10.00: the bounds are where rounding adds a digit.
    let bounds = [99.95, 9.995, 0.9995, 0.099_95, 0.009_995];
    let decimals = bounds.iter().position(|bound| magnitude >= *bound).unwrap_or(bounds.len() + 1);
    format!("{value:.decimals$}")
}

/// Both ends of an interval of ratios. An interval is read for the side of 1 on which it ends, so
/// that an end near 1 has the digits that show it.
#[must_use]
pub fn between(lo: f64, hi: f64) -> String {
    let end = |end: f64| if end.is_finite() { apart(end, 1.0) } else { "∞".to_owned() };
    format!("{} – {}", end(lo), end(hi))
}

/// Three significant digits, or up to five decimals where those would be exactly what it is not.
fn apart(value: f64, from: f64) -> String {
    let is_taken = |text: &String| value != from && text.parse() == Ok(from);
    let mut texts = (3..=5).map(|decimals| format!("{value:.decimals$}"));
    match three_digits(value) {
        text if is_taken(&text) => texts.find(|text| !is_taken(text)).unwrap_or(text),
        text => text,
    }
}

/// A ratio without trailing zeros: `1.76`, `2.1`, `12`, over nothing `∞`.
#[must_use]
pub fn ratio(value: f64) -> String {
    if value.is_infinite() {
        return "∞".to_owned();
    }
    // A level of 99.99 % is not 100 %, and what is 1.003 times as fast is not 1 times.
    let text = apart(value, if value > 50.0 { 100.0 } else { 1.0 });
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What follows the number of attempts that were not the last of their trial.
#[must_use]
pub fn repeated(attempts: u64) -> &'static str {
    if attempts == 1 { "attempt repeated" } else { "attempts repeated" }
}

/// How long a run took: `340 ms`, `9 s`, `2 min 5 s`, `3 h 12 min`.
#[must_use]
pub fn duration(ns: u64) -> String {
    let (ms, s) = (ns / 1_000_000, (ns + 500_000_000) / 1_000_000_000);
    if ms < 1_000 {
        return format!("{ms} ms");
    }
    match s {
        0..60 => format!("{s} s"),
        60..3_600 => format!("{} min {} s", s / 60, s % 60),
        _ => format!("{} h {} min", s / 3_600, s % 3_600 / 60),
    }
}

/// Columns that a text takes on a terminal.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most `columns` columns, its end replaced by `…` where it is cut.
#[must_use]
pub fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > columns {
            break;
        }
        out.push(c);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// The text followed by spaces up to `columns` columns.
#[must_use]
pub fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}
