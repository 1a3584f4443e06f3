//! The final screen: what came out of a run, for a person at a terminal.
//!
//! Owns the words and the layout. Refuses to print, to ask how wide a terminal is and to judge:
//! every finding is passed in.

mod blocks;
pub(crate) mod cautions;
pub(crate) mod claims;
pub(crate) mod naming;
pub(crate) mod page;
mod precision;
mod scaling;
mod strip;
pub(crate) mod totals;
pub(crate) mod versus;
pub(crate) mod words;

#[cfg(test)]
mod tests;

pub use page::{Drawing, Plots, Style};

use crate::analysis::Findings;
use crate::design::CellIx;
use crate::measure::{Observation, Status};
use crate::plan::Trial;
use page::{Page, Tone};
use strip::Strips;

/// Lines of a failed trial's standard error that are shown.
pub const LAST_LINES: usize = 6;

/// Lines that follow the screen: places, and the prompt.
const BELOW: usize = 5;

/// Kinds of failure that are listed.
const SHOWN_FAILURES: usize = 8;

/// What the screen shows.
#[derive(Clone, Copy)]
pub struct Screen<'a> {
    /// What it came to.
    pub findings: &'a Findings<'a>,
    /// The last lines that a trial wrote to standard error, as far as they were kept.
    pub last_lines: &'a dyn Fn(&Trial, u32) -> Vec<String>,
    /// How long the run took, in ns.
    pub elapsed_ns: u64,
}

/// The screen as text, each line ended by a line feed.
#[must_use]
pub fn render(screen: &Screen<'_>, style: Style) -> String {
    page(screen, style, Plots::None)
}

/// The same with drawings, as long as it fits the terminal.
#[must_use]
pub fn render_drawn(screen: &Screen<'_>, style: Style, drawing: Drawing) -> String {
    let text = page(screen, style, drawing.plots);
    let room = drawing.lines.map_or(usize::MAX, |lines| lines.saturating_sub(BELOW));
    if text.lines().count() > room { render(screen, style) } else { text }
}

fn page(screen: &Screen<'_>, style: Style, plots: Plots) -> String {
    let mut page = Page::new(style);
    headline(screen, &mut page);
    failures(screen, &mut page);
    disagreements(screen, &mut page);
    broken(screen, &mut page);
    claims::write(screen, &mut page);
    let strips = Strips::of(screen, plots);
    let shown = blocks::write(screen, strips.as_ref(), &mut page);
    scaling::write(screen, &mut page);
    totals::write(screen, &mut page);
    cautions::write(screen, &mut page);
    precision::write(screen, &mut page);
    if let Some(strips) = strips.filter(|_| shown.strips) {
        page.paragraph(Tone::Plain, "·", &strips.legend(screen));
    }
    if shown.speedups {
        let of = screen.findings.summary.objective().plural();
        let remark = format!(
            "speed-ups are ratios of {of}, with their intervals; the tests: comparisons.csv"
        );
        page.paragraph(Tone::Plain, "·", &remark);
        precision::repeats(screen, &mut page);
    }
    page.finish()
}

/// A mark and a text broken between words to fit so many columns, each line ended by a line feed.
#[must_use]
pub fn paragraph(columns: usize, mark: &str, text: &str) -> String {
    let mut page = Page::new(Style { width: columns, colour: false });
    page.paragraph(Tone::Plain, mark, text);
    page.finish()
}

/// Rows of texts as columns, the first row the heads; each line ended by a line feed.
#[must_use]
pub fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |at: usize| rows.iter().map(|row| words::width(&row[at])).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| words::pad(cell, width));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// What became of the trials, one count a trial.
#[derive(Default)]
struct Tally {
    used: usize,
    timed_out: usize,
    warmup: usize,
    failed: usize,
    interrupted: usize,
    skipped: usize,
    repeated: usize,
}

impl Tally {
    fn of(screen: &Screen<'_>) -> Self {
        let mut tally = Self::default();
        for standing in screen.findings.standings.rows() {
            let place = match standing.status {
                _ if !standing.last_attempt => &mut tally.repeated,
                Status::Interrupted => &mut tally.interrupted,
                Status::Skipped => &mut tally.skipped,
                Status::Ok if standing.used() => &mut tally.used,
                Status::Ok => &mut tally.warmup,
                Status::Timeout if standing.used() => {
                    tally.timed_out += 1;
                    &mut tally.used
                }
                _ => &mut tally.failed,
            };
            *place += 1;
        }
        tally
    }

    fn ended(&self) -> usize {
        self.used + self.warmup + self.failed
    }
}

fn headline(screen: &Screen<'_>, page: &mut Page) {
    let tally = Tally::of(screen);
    let spared = screen.findings.evidence.spared();
    let planned = screen.findings.evidence.plan.len() - spared;
    let trials = if tally.ended() == planned {
        format!("{planned} trials")
    } else {
        format!("{} of {planned} trials", tally.ended())
    };
    let mut text = format!(
        "{trials}, {}: {} used, {} warm-up, {} failed",
        words::duration(screen.elapsed_ns),
        tally.used,
        tally.warmup,
        tally.failed
    );
    for (count, what) in [
        (tally.timed_out, "timed out (used as censored)"),
        (tally.interrupted, "interrupted"),
        (tally.skipped, "skipped"),
        (spared, "not needed"),
        (tally.repeated, words::repeated(tally.repeated as u64)),
    ] {
        if count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    let disagreements = screen.findings.standings.disagreements();
    let agree = disagreements.is_empty();
    let answers_differ = disagreements.iter().any(|one| one.metric.is_none());
    if answers_differ {
        text.push_str(" · answers differ");
    } else if !agree {
        text.push_str(" · deterministic metrics differ");
    } else if screen.findings.standings.compared() > 0 {
        text.push_str(" · all answers agree");
    }
    let clean = tally.failed == 0 && tally.timed_out == 0;
    if clean && agree && tally.ended() == planned {
        page.paragraph(Tone::Good, "✔", &text);
    } else {
        page.paragraph(Tone::Bad, "✘", &text);
    }
}

/// Kinds of failure, each with its count and the first cell it happened in.
fn failures(screen: &Screen<'_>, page: &mut Page) {
    let mut kinds: Vec<(String, usize, CellIx)> = Vec::new();
    let mut unlisted = 0;
    let mut first_that_ran = None;
    let observations = screen.findings.evidence.observations;
    for (observation, standing) in observations.iter().zip(screen.findings.standings.rows()) {
        // Answers that differ are listed by group.
        let differs = standing.note.is_some();
        if !standing.last_attempt || !standing.status.is_failure() || differs {
            continue;
        }
        let measured = &observation.measured;
        if measured.exit_code.is_some() || measured.signal.is_some() {
            first_that_ran.get_or_insert((observation.trial, observation.attempt));
        }
        let reason = reason(observation, standing.status);
        if let Some(kind) = kinds.iter_mut().find(|(known, ..)| *known == reason) {
            kind.1 += 1;
        } else if kinds.len() < SHOWN_FAILURES {
            kinds.push((reason, 1, observation.trial.cell));
        } else {
            unlisted += 1;
        }
    }
    for (reason, count, cell) in kinds {
        let place = naming::place(screen.findings.evidence, cell);
        let first = if count > 1 { "first in" } else { "in" };
        page.paragraph(Tone::Bad, " ", &format!("{count} × {reason} ({first} {place})"));
    }
    if unlisted > 0 {
        let text = format!("… {unlisted} more for other reasons in trials.csv");
        page.paragraph(Tone::Plain, " ", &text);
    }
    if let Some((trial, attempt)) = first_that_ran {
        let lines = (screen.last_lines)(&trial, attempt);
        // A single line stands in the reason.
        if lines.len() > 1 {
            let text = format!("the last lines of {} on standard error:", trial.id());
            page.paragraph(Tone::Plain, " ", &text);
            for line in &lines {
                page.line(&[(Tone::Plain, "    │ "), (Tone::Plain, line.as_str())]);
            }
        }
        let name = &screen.findings.evidence.experiment.name;
        let text = format!("what it printed: runner logs {name} {}", trial.id());
        page.paragraph(Tone::Faint, " ", &text);
    }
}

/// Why a trial has no value, in words.
pub(crate) fn reason(observation: &Observation, status: Status) -> String {
    let measured = &observation.measured;
    let word = status.as_str().replace('_', " ");
    if let Some(note) = &measured.note {
        return format!("{word}: {note}");
    }
    match (measured.exit_code, measured.signal) {
        _ if status != Status::Failed => word,
        (Some(code), _) => format!("{word}: exit code {code}"),
        (None, Some(signal)) => format!("{word}: signal {signal}"),
        (None, None) => word,
    }
}

/// Conditions on treatments that do not hold.
fn broken(screen: &Screen<'_>, page: &mut Page) {
    const SHOWN: usize = 5;
    for one in screen.findings.broken.iter().take(SHOWN) {
        let place = naming::place(screen.findings.evidence, one.cell);
        let text = format!("{place}: not as meant: assert {}, and {}", one.condition, one.found);
        page.paragraph(Tone::Bad, " ", &text);
    }
    if screen.findings.broken.len() > SHOWN {
        let text = format!("… {} more in trials.csv", screen.findings.broken.len() - SHOWN);
        page.paragraph(Tone::Plain, " ", &text);
    }
}

fn disagreements(screen: &Screen<'_>, page: &mut Page) {
    const SHOWN: usize = 5;
    let all = screen.findings.standings.disagreements();
    for disagreement in all.iter().take(SHOWN) {
        let mut place = naming::heading(screen.findings.evidence, disagreement.cell);
        match disagreement.block {
            Some(0) => place.push_str(", warm-up"),
            Some(block) => place.push_str(&format!(", block {block}")),
            None => {}
        }
        page.paragraph(Tone::Bad, " ", &format!("{place}: {}", disagreement.describe()));
    }
    if all.len() > SHOWN {
        let text = format!("… {} more groups in trials.csv", all.len() - SHOWN);
        page.paragraph(Tone::Plain, " ", &text);
    }
}
