//! Single cells in plain words: where they stand, what the comparison with their baseline says and
//! why, and what every flag means and what helps.
//!
//! Pure: it takes findings and gives text. Refuses to judge anew; every number is in the tables,
//! too.

use super::figure::view;
use super::flags;
use super::screen::page::{Page, Style, Tone};
use super::screen::words::{self, Scale};
use super::screen::{cautions, naming};
use super::sentence::{self, Outcome, p_value};
use crate::analysis::metric::OF_VALUES;
use crate::analysis::{CellSummary, Comparison, Findings, MetricSummary, Reference};
use crate::design::{CellIx, Objective};
use crate::stats::interval::min_n;
use crate::stats::{Advice, IntervalStatus, Verdict};

#[cfg(test)]
mod tests;

/// The text for some cells, each line ended by a line feed.
#[must_use]
pub fn explain(findings: &Findings<'_>, cells: &[CellIx], style: Style) -> String {
    let mut page = Page::new(style);
    for (at, &cell) in cells.iter().enumerate() {
        if at > 0 {
            page.line(&[]);
        }
        let place = naming::place(findings.evidence, cell);
        page.line(&[(Tone::Heading, &place), (Tone::Faint, &format!("   {}", cell.id()))]);
        location(findings, cell, &mut page);
        comparisons(findings, cell, &mut page);
        flags_of(findings, cell, &mut page);
        for text in cautions::beyond_flags(findings, cell) {
            page.paragraph(Tone::Caution, "!", &text);
        }
    }
    page.finish()
}

/// Median and interval of every metric that is compared, and what became of the trials.
fn location(findings: &Findings<'_>, cell: CellIx, page: &mut Page) {
    let summary = findings.summary.cell(cell);
    page.paragraph(Tone::Plain, "·", &trials(summary));
    if let Some(text) = repetition(summary) {
        page.paragraph(Tone::Plain, "·", &text);
    }
    let (conf, objective) = (findings.summary.conf(), findings.summary.objective());
    for metric in shown(summary) {
        page.paragraph(Tone::Plain, "·", &median(metric, conf, objective));
    }
}

/// The time and the metrics of the program, as far as there are values.
fn shown(summary: &CellSummary) -> impl Iterator<Item = &MetricSummary> {
    let user = |metric: &&MetricSummary| metric.column.starts_with("metric_");
    let further = summary.metrics.iter().filter(user);
    [summary.time()].into_iter().chain(further).filter(|metric| metric.n > 0)
}

/// Whether to repeat trials or the iterations inside them.
fn repetition(cell: &CellSummary) -> Option<String> {
    let (share, found) = (cell.icc?, cell.repetition?);
    let what = match found.advice {
        _ if found.is_enough => "more iterations will not help, more repeats will".to_owned(),
        Advice::Nothing => return None,
        Advice::OneTrial => {
            "trials do not differ from one another, so that iterations tell as much".to_owned()
        }
        Advice::Iterations(best) => {
            format!("for the time that it takes, {best} iterations a trial tell the most")
        }
    };
    let share = words::ratio(100.0 * share);
    Some(format!(
        "of the variance of its {} iterations a trial {share} % lies between trials: {what}",
        found.iterations
    ))
}

fn trials(cell: &CellSummary) -> String {
    let counts = cell.counts;
    let mut text = format!("{} of {} trials used", counts.used, counts.scheduled);
    for (count, what) in [
        (counts.timeout, "of them timed out"),
        (counts.failed, "failed"),
        (counts.interrupted, "interrupted"),
        (counts.skipped, "skipped"),
    ] {
        if count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    text
}

fn median(metric: &MetricSummary, conf: f64, objective: Objective) -> String {
    let name = view::name(&metric.column, Some(metric));
    let (location, what) = (metric.location, objective.name());
    let Some(median) = location.value else {
        return match metric.n_censored {
            0 => format!("{name}: a {what} needs {} values", objective.least().0),
            _ => format!("{name}: the {what} is censored, too many of the trials timed out"),
        };
    };
    let ends = [location.lo, location.hi];
    let values = ends.into_iter().flatten().chain([median]);
    let scale = Scale::of(&metric.unit, values);
    if metric.deterministic {
        let value = scale.value(median);
        return format!("{name}: {value} in each of {} trials, as the file declares", metric.n);
    }
    let level = words::ratio(100.0 * conf);
    let interval = match (location.status, location.lo, location.achieved) {
        (IntervalStatus::Ok | IntervalStatus::Unbounded, Some(lo), Some(achieved)) => {
            let hi = location.hi.map_or_else(|| "∞".to_owned(), |hi| scale.number(hi));
            let covers = words::three_digits(100.0 * achieved);
            format!(
                "{level} % interval {} – {hi}, which covers {covers} % whatever the shape of the \
                 values",
                scale.number(lo)
            )
        }
        _ if objective == Objective::P50 => {
            format!("no {level} % interval exists for fewer than {} values", min_n(conf))
        }
        _ => format!("so few values have no {level} % interval"),
    };
    format!("{name}: {what} {} of {} values; {interval}", scale.value(median), metric.n)
}

/// Every comparison of the cell, and why its verdict is what it is.
fn comparisons(findings: &Findings<'_>, cell: CellIx, page: &mut Page) {
    let mut rows = rows_of(findings, cell).peekable();
    if rows.peek().is_none() || findings.baselines.reference(cell) == Reference::Itself {
        let text = match findings.baselines.reference(cell) {
            Reference::Itself => "the baseline: others are compared with it",
            Reference::Undeclared => "compared with nothing: the experiment names no baseline",
            Reference::NoMatch => {
                "compared with nothing: no baseline is equal in all other factors"
            }
            Reference::Ambiguous(_) => {
                "compared with nothing: several baselines are equal in all other factors"
            }
            Reference::Cell(_) => "compared with nothing: the metric has no better direction",
        };
        page.paragraph(Tone::Plain, "·", text);
    }
    for row in rows {
        let sentence = sentence::of(findings.evidence, &findings.comparisons, row);
        let tone = match Outcome::of(row, findings.comparisons.margin) {
            Outcome::Better | Outcome::MaybeBetter => Tone::Good,
            Outcome::Worse | Outcome::MaybeWorse => Tone::Caution,
            Outcome::Invalid => Tone::Bad,
            Outcome::Same | Outcome::CannotTell | Outcome::TooFew => Tone::Plain,
        };
        page.paragraph(tone, "▸", &format!("{sentence}."));
        page.paragraph(Tone::Plain, " ", &why(findings, row));
    }
}

/// The comparisons with the cell's baseline, and those with it that only claims ask for.
fn rows_of<'a>(findings: &'a Findings<'_>, cell: CellIx) -> impl Iterator<Item = &'a Comparison> {
    let of_baselines = findings.comparisons.rows.iter();
    let of_claims = findings.claims.further.iter();
    of_baselines
        .filter(move |row| row.candidate.cell == cell)
        .chain(of_claims.filter(move |row| [row.baseline.cell, row.candidate.cell].contains(&cell)))
}

/// Why the verdict is what it is.
fn why(findings: &Findings<'_>, row: &Comparison) -> String {
    let margin = findings.comparisons.margin;
    let percent = words::ratio(100.0 * margin);
    let alpha = words::ratio(1.0 - row.resampling.conf);
    let word = format!("{} ({})", row.verdict.as_str(), row.id);
    let reason = match Outcome::of(row, margin) {
        Outcome::Better | Outcome::Worse => format!(
            "the whole interval lies beyond the margin of {percent} %, and the adjusted p is below \
             {alpha}"
        ),
        Outcome::MaybeBetter | Outcome::MaybeWorse => format!(
            "the interval excludes 1 and the adjusted p is below {alpha}, so that the difference \
             is there; it reaches into the margin of {percent} %, so that it may not matter"
        ),
        Outcome::Same => format!("the whole interval lies within {percent} % of 1"),
        Outcome::CannotTell => undecided(row, &alpha),
        Outcome::TooFew => too_few(row, findings.comparisons.objective),
        Outcome::Invalid => invalid(row),
    };
    format!("{word}: {reason}{}{}", how(row), within_blocks(findings, row))
}

fn undecided(row: &Comparison, alpha: &str) -> String {
    let raw = row.test.map_or(1.0, |(p, _)| p);
    let includes_one = row.speedup.interval.is_none_or(|(lo, hi)| lo <= 1.0 && hi >= 1.0);
    match row.p_adjusted {
        Some(_) if !includes_one && raw >= 1.0 - row.resampling.conf => format!(
            "the interval excludes 1, and the test does not bear it out: p {} is not below {alpha}",
            p_value(raw)
        ),
        Some(p) if !includes_one => format!(
            "the interval excludes 1, but among {} comparisons a difference like this one turns up \
             by chance: the adjusted p {} is not below {alpha}",
            row.family_size,
            p_value(p)
        ),
        _ => "the interval contains 1 and is wider than the margin: either may be the better one, \
              which does not mean that they are equal"
            .to_owned(),
    }
}

fn too_few(row: &Comparison, objective: Objective) -> String {
    match (row.speedup.interval, row.min_p) {
        (Some(_), Some(least)) => format!(
            "so few values cannot give a p below {}, whatever they are; more repeats can",
            p_value(least).trim_start_matches("= ")
        ),
        _ => {
            format!("a ratio has an interval from {} values of either cell on", objective.least().1)
        }
    }
}

fn invalid(row: &Comparison) -> String {
    let is_skipped = row.flags.contains(&"skipped") && !row.flags.contains(&"failures");
    let what = if is_skipped { "were skipped" } else { "failed" };
    format!(
        "with trials that {what}, those that are left may be the easy ones; nothing is said, and the \
         comparison counts in no family"
    )
}

/// What the blocks say one by one, beside the ratio of the medians.
fn within_blocks(findings: &Findings<'_>, row: &Comparison) -> String {
    let Findings { evidence, standings, summary, comparisons, .. } = findings;
    let found = comparisons
        .within_blocks(*evidence, (standings, summary), row)
        .filter(|_| row.verdict != Verdict::Invalid);
    let Some(typical) = found.and_then(|found| Some((found.estimate?, found.lo?, found.hi?)))
    else {
        return String::new();
    };
    let (ratio, lo, hi) = typical;
    format!(
        "; within blocks the typical ratio is {} ({} % CI {})",
        words::three_digits(ratio),
        words::ratio(100.0 * row.resampling.conf),
        words::between(lo, hi)
    )
}

/// The test behind the p-value and the size of the effect.
fn how(row: &Comparison) -> String {
    let mut text = String::new();
    if let Some((p, test)) = row.test {
        let test = test.as_str().replace('_', " ");
        text.push_str(&format!(". Test: {test}, p {} before adjustment", p_value(p)));
    }
    if let Some(a12) = row.a12 {
        let chance = words::ratio(100.0 * a12);
        text.push_str(&format!(
            "; a random trial of the first is better than one of the second with a chance of \
             {chance} %"
        ));
    }
    text
}

/// Every flag of the cell and its comparisons, with what helps.
fn flags_of(findings: &Findings<'_>, cell: CellIx, page: &mut Page) {
    let summary = findings.summary.cell(cell);
    let several = shown(summary).nth(1).is_some();
    // Which of the metrics that are shown have it, where it is one of values.
    let mut seen: Vec<(&str, Vec<String>)> = Vec::new();
    let of_values = |flag: &str| several && OF_VALUES.contains(&flag);
    let of_cell = shown(summary).flat_map(|metric| {
        metric.flags.iter().map(move |flag| {
            (*flag, of_values(flag).then(|| view::name(&metric.column, Some(metric))))
        })
    });
    let rows = rows_of(findings, cell).flat_map(|row| &row.flags);
    let beyond = rows.chain(findings.flags_beyond(cell)).map(|flag| (*flag, None));
    for (word, of) in of_cell.chain(beyond) {
        match seen.iter_mut().find(|(known, _)| *known == word) {
            Some((_, names)) => names.extend(of),
            None => seen.push((word, of.into_iter().collect())),
        }
    }
    for (word, names) in seen {
        if let Some(flag) = flags::explained(word) {
            let of = match &names[..] {
                [] => String::new(),
                names => format!(" ({})", names.join(", ")),
            };
            let text = format!("{}{of}: {}", flag.word, flag.meaning);
            page.paragraph(Tone::Caution, "!", &text);
            page.paragraph(Tone::Plain, " ", &format!("→ {}", flag.remedy));
        }
    }
}
