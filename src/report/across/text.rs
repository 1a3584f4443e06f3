//! Runs against each other on a terminal.

use super::{Line, View};
use crate::report::screen::page::{Page, Style, Tone};
use crate::report::screen::words::{fit, pad, width};

/// What holds for all runs that are compared.
pub(super) const CAUTION: &str = "the runs were not interleaved: whatever changed between them, the state of the machine included, is in these numbers; `revisions` in one run would allow for it";

/// The head of the column of what a gate says.
const GATE: &str = "gate";

/// Narrowest column of names.
const LEAST_LABEL: usize = 8;

/// Differences that are listed; the other forms have all.
const SHOWN: usize = 12;

/// The screen as text.
#[must_use]
pub fn render(view: &View<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    let [first, second] = view.sides;
    for (word, side) in [("before", first), ("after ", second)] {
        let revision = side.revision.map_or_else(String::new, |it| format!(" · revision {it}"));
        let text = format!("{}  {}{revision}", side.run_id, side.started_at);
        page.line(&[(Tone::Faint, word), (Tone::Plain, "  "), (Tone::Plain, &text)]);
    }
    page.line(&[]);
    differences(view, &mut page);
    let lines = view.lines();
    if !lines.is_empty() {
        table(&lines, &view.heads(), &mut page);
        page.line(&[]);
    }
    for (cells, whose) in view.unpaired().iter().zip(["before", "after"]) {
        if !cells.is_empty() {
            page.paragraph(Tone::Caution, "!", &format!("only {whose}: {}", cells.join(", ")));
        }
    }
    if view.across.comparisons.rows.is_empty() {
        page.paragraph(Tone::Caution, "!", "no cell of one run is a cell of the other");
    }
    for text in view.cautions() {
        page.paragraph(Tone::Caution, "!", &text);
    }
    page.finish()
}

fn differences(view: &View<'_>, page: &mut Page) {
    if view.differences.is_empty() {
        page.paragraph(Tone::Plain, "·", "nothing that is recorded differs between the runs");
    }
    for line in view.differences.iter().take(SHOWN) {
        page.paragraph(Tone::Caution, "≠", line);
    }
    if let Some(more) = view.differences.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        page.paragraph(Tone::Caution, "≠", &format!("{more} more, see --format json"));
    }
    page.line(&[]);
}

fn table(lines: &[Line], [first, second]: &[String; 2], page: &mut Page) {
    let widest = |field: fn(&Line) -> &str, head: &str| {
        lines.iter().map(|line| width(field(line))).max().unwrap_or(0).max(width(head))
    };
    let label = widest(|line| &line.label, "");
    let before = widest(|line| &line.before, first);
    let after = widest(|line| &line.after, second);
    let words = widest(|line| &line.words, "");
    let gate = widest(|line| line.gate.unwrap_or_default(), "");
    let gate = if gate == 0 { 0 } else { gate.max(width(GATE)) };
    let all = [before, after, words, gate].into_iter().filter(|column| *column > 0);
    let numbers: usize = all.map(|column| column + 2).sum();
    let ends = widest(|line| &line.ends, "");
    // What would help is said elsewhere, too; then names give way, and numbers do not.
    let is_brief = label + numbers + ends > page.width();
    let shown = |line: &Line| match is_brief {
        true => line.ends.split(" (").next().unwrap_or_default().to_owned(),
        false => line.ends.clone(),
    };
    let ends = lines.iter().map(|line| width(&shown(line))).max().unwrap_or(0);
    let over = (label + numbers + ends).saturating_sub(page.width());
    let label = label.saturating_sub(over).max(LEAST_LABEL.min(label));
    let mut heading: Option<&str> = None;
    for line in lines {
        if heading != Some(line.heading.as_str()) {
            if heading.is_some() {
                page.line(&[]);
            }
            heading = Some(&line.heading);
            page.line(&[(Tone::Heading, &line.heading)]);
            let mut head = vec![pad("", label), pad(first, before), pad(second, after)];
            if gate > 0 {
                head.extend([pad("", words), GATE.to_owned()]);
            }
            page.line(&[(Tone::Faint, &head.join("  "))]);
        }
        let tone = match line.verdict {
            "faster" | "faster_maybe_negligible" => Tone::Good,
            "slower" | "slower_maybe_negligible" => Tone::Caution,
            "invalid" => Tone::Bad,
            _ => Tone::Plain,
        };
        let numbers = format!(
            "{}  {}  {}  ",
            pad(&fit(&line.label, label), label),
            pad(&line.before, before),
            pad(&line.after, after)
        );
        let judged = match gate {
            0 => String::new(),
            columns => format!("  {}", pad(line.gate.unwrap_or_default(), columns)),
        };
        page.line(&[
            (Tone::Plain, &numbers),
            (tone, &pad(&line.words, words)),
            (if line.gate == Some("fail") { Tone::Bad } else { Tone::Faint }, &judged),
            (Tone::Plain, "  "),
            (Tone::Plain, &shown(line)),
        ]);
    }
}
