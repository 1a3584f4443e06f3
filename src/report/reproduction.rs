//! What of an earlier run's conclusions holds in a later one, for a terminal and for programs.

use serde_json::json;

use super::screen::naming::Naming;
use super::screen::page::{Page, Style, Tone};
use super::screen::versus::Versus;
use super::screen::words;
use crate::analysis::reproduction::{Agreement, Answers, Conclusion, Reproduction};
use crate::analysis::{Comparison, Findings};
use crate::stats::Verdict;

/// Differences that are listed on a terminal.
const SHOWN: usize = 12;

/// What is reported.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// Names of the earlier and the later run.
    pub runs: [&'a str; 2],
    /// What they came to.
    pub findings: [&'a Findings<'a>; 2],
    /// What differs between them, a line each.
    pub differences: &'a [String],
    /// Every conclusion.
    pub reproduction: &'a Reproduction<'a>,
}

/// The screen as text.
#[must_use]
pub fn text(view: &View<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    let [first, second] = view.runs;
    page.line(&[(Tone::Heading, &format!("reproduction of {first} by {second}"))]);
    if view.differences.is_empty() {
        page.paragraph(Tone::Plain, "·", "nothing that is recorded differs between the runs");
    }
    for line in view.differences.iter().take(SHOWN) {
        page.paragraph(Tone::Caution, "≠", line);
    }
    if view.differences.len() > SHOWN {
        let more = view.differences.len() - SHOWN;
        page.paragraph(Tone::Caution, "≠", &format!("{more} more, see --format json"));
    }
    page.line(&[]);
    for conclusion in &view.reproduction.conclusions {
        let (tone, mark) = match conclusion.whole() {
            Agreement::Reproduced => (Tone::Good, "✔"),
            Agreement::Contradicted => (Tone::Bad, "✘"),
            Agreement::Undecided => (Tone::Caution, "?"),
        };
        page.paragraph(tone, mark, &line(view, conclusion));
    }
    if !view.reproduction.conclusions.is_empty() {
        page.line(&[]);
    }
    page.line(&[(Tone::Heading, &last(view.reproduction))]);
    page.finish()
}

/// `multithread: 1.76× faster (1.5 – 1.9) then, 1.8× faster (1.6 – 2) now · answers identical ·
/// direction reproduced · size reproduced`.
fn line(view: &View<'_>, conclusion: &Conclusion<'_>) -> String {
    let said = |row: &Comparison, run: usize| {
        let versus = Versus::judged(row, view.findings[run].comparisons.margin);
        // Without what would help, which has brackets of its own.
        match versus.ends.split(" (").next().unwrap_or_default() {
            "" if !versus.has_speedup && row.verdict == Verdict::Invalid => "invalid".to_owned(),
            "" if !versus.has_speedup => "no ratio".to_owned(),
            "" => versus.word,
            ends => format!("{} ({ends})", versus.word),
        }
    };
    let then = said(conclusion.first, 0);
    let now = conclusion.second.map_or_else(|| "not compared".to_owned(), |row| said(row, 1));
    let answers = match conclusion.answers {
        Answers::None => String::new(),
        Answers::Identical => " · answers identical".to_owned(),
        Answers::Differ => " · answers differ".to_owned(),
    };
    format!(
        "{}: {then} then, {now} now{answers} · direction {} · size {}",
        name(view, conclusion),
        word(conclusion.direction),
        word(conclusion.size),
    )
}

fn name(view: &View<'_>, conclusion: &Conclusion<'_>) -> String {
    let naming = Naming::new(view.findings[0].evidence);
    let cell = conclusion.first.candidate.cell;
    let metric = match conclusion.first.is_primary {
        true => String::new(),
        false => format!(" · {}", super::sentence::metric_name(&conclusion.first.metric)),
    };
    let heading = naming.heading(cell);
    let label = naming.label(cell);
    match heading.is_empty() {
        true => format!("{label}{metric}"),
        false => format!("{heading}, {label}{metric}"),
    }
}

fn word(agreement: Agreement) -> &'static str {
    match agreement {
        Agreement::Reproduced => "reproduced",
        Agreement::Contradicted => "not reproduced",
        Agreement::Undecided => "not decided here",
    }
}

/// `3 of 4 conclusions reproduce here; 1 is not decided here`.
fn last(found: &Reproduction<'_>) -> String {
    let total = found.conclusions.len();
    let open = match found.open {
        0 => String::new(),
        1 => "; 1 comparison drew no conclusion then".to_owned(),
        open => format!("; {open} comparisons drew no conclusion then"),
    };
    if total == 0 {
        return format!("there is no conclusion to reproduce{open}");
    }
    let reproduced = found.count(Agreement::Reproduced);
    let undecided = match found.count(Agreement::Undecided) {
        0 => String::new(),
        1 => "; 1 is not decided here".to_owned(),
        undecided => format!("; {undecided} are not decided here"),
    };
    let noun = if total == 1 { "conclusion" } else { "conclusions" };
    let verb = if reproduced == 1 || total == 1 { "reproduces" } else { "reproduce" };
    format!("{reproduced} of {total} {noun} {verb} here{undecided}{open}")
}

/// The same for programs.
#[must_use]
pub fn json(view: &View<'_>) -> String {
    let conclusion = |one: &Conclusion<'_>| {
        let side = |row: Option<&crate::analysis::Comparison>| {
            row.map(|row| {
                json!({
                    "speedup": row.speedup.estimate.filter(|it| it.is_finite()),
                    "speedup_lo": row.speedup.interval.map(|(lo, _)| lo),
                    "speedup_hi": row.speedup.interval.map(|(_, hi)| hi).filter(|it| it.is_finite()),
                    "verdict": row.verdict.as_str(),
                })
            })
        };
        json!({
            "cell": name(view, one),
            "metric": one.first.metric.column,
            "then": side(Some(one.first)),
            "now": side(one.second),
            "answers": match one.answers {
                Answers::None => "none",
                Answers::Identical => "identical",
                Answers::Differ => "differ",
            },
            "direction": word(one.direction),
            "size": word(one.size),
            "whole": word(one.whole()),
        })
    };
    let all: Vec<serde_json::Value> =
        view.reproduction.conclusions.iter().map(conclusion).collect();
    let [first, second] = view.runs;
    let document = json!({
        "schema_version": 1,
        "first": first,
        "second": second,
        "differences": view.differences,
        "conclusions": all,
        "without_conclusion": view.reproduction.open,
        "reproduced": view.reproduction.count(Agreement::Reproduced),
        "margin": words::ratio(100.0 * view.findings[0].comparisons.margin) + " %",
    });
    let mut text =
        serde_json::to_string_pretty(&document).expect("plain values become JSON in memory");
    text.push('\n');
    text
}
