//! Runs against each other on a terminal.

use super::{Line, View};
use crate::report::screen::page::{Page, Style, Tone};
use crate::report::screen::words::{pad, width};

/// What every reader must know.
pub(super) const CAUTION: &str = "the runs were not interleaved: whatever changed between them, the state of the machine included, is in these numbers; `revisions` in one run would allow for it";

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
    table(&view.lines(), &view.heads(), &mut page);
    page.line(&[]);
    for (cells, whose) in view.unpaired().iter().zip(["before", "after"]) {
        if !cells.is_empty() {
            page.paragraph(Tone::Caution, "!", &format!("only {whose}: {}", cells.join(", ")));
        }
    }
    if view.across.comparisons.rows.is_empty() {
        page.paragraph(Tone::Caution, "!", "no cell of one run is a cell of the other");
    }
    page.paragraph(Tone::Caution, "!", CAUTION);
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
    let mut heading: Option<&str> = None;
    for line in lines {
        if heading != Some(line.heading.as_str()) {
            if heading.is_some() {
                page.line(&[]);
            }
            heading = Some(&line.heading);
            page.line(&[(Tone::Heading, &line.heading)]);
            let head =
                format!("{}  {}  {}", pad("", label), pad(first, before), pad(second, after));
            page.line(&[(Tone::Faint, &head)]);
        }
        let tone = match line.verdict {
            "faster" | "faster_maybe_negligible" => Tone::Good,
            "slower" | "slower_maybe_negligible" => Tone::Caution,
            "invalid" => Tone::Bad,
            _ => Tone::Plain,
        };
        let numbers = format!(
            "{}  {}  {}  ",
            pad(&line.label, label),
            pad(&line.before, before),
            pad(&line.after, after)
        );
        let gate = line.gate.map_or_else(String::new, |gate| format!("   gate: {gate}"));
        page.line(&[
            (Tone::Plain, &numbers),
            (tone, &pad(&line.words, words)),
            (Tone::Plain, "  "),
            (Tone::Plain, &line.ends),
            (if line.gate == Some("fail") { Tone::Bad } else { Tone::Faint }, &gate),
        ]);
    }
}
