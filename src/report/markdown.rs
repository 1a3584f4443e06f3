//! The report in Markdown, for a code host: the same words and figures as the page.

use crate::report::content::{Content, Entry, NOTES, Table};
use crate::report::figure::Kind;

/// Text for Markdown: nothing in it is markup.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '$' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// The whole file.
#[must_use]
pub fn render(content: &Content) -> String {
    let mut out = format!("# {}\n\n", escape(&content.title));
    if !content.question.is_empty() {
        out.push_str(&format!("_{}_\n\n", escape(content.question.trim())));
    }
    let status = escape(&content.status);
    out.push_str(&format!("Run {} of {}. {status}.\n\n", content.run_id, content.date));
    let [from, to] = NOTES;
    match content.notes.as_str() {
        "" => out.push_str(&format!("{from}\n{to}\n\n")),
        text => out.push_str(&format!("{from}\n\n{}\n\n{to}\n\n", notes(text))),
    }
    out.push_str("## Findings\n\n");
    findings(&mut out, content);
    out.push_str("\n## Results\n\n");
    for one in &content.tables {
        table(&mut out, one, content);
    }
    figures(&mut out, content);
    cautions(&mut out, content);
    out.push_str("\n## Experiment\n\n");
    entries(&mut out, &content.matrix);
    for protocol in &content.protocols {
        out.push_str(&format!("\n{}:\n\n", escape(&protocol.of)));
        entries(&mut out, &protocol.entries);
    }
    out.push('\n');
    entries(&mut out, &content.plan);
    out.push_str("\n## Machine\n\n");
    entries(&mut out, &content.machine);
    entries(&mut out, &content.programs);
    out.push_str("\n## How to run it again\n\n");
    for command in &content.commands {
        out.push_str(&format!("{}:\n\n{}\n\n", escape(&command.name), code(&command.value)));
    }
    out.push_str("## Method\n\n");
    for sentence in &content.method {
        out.push_str(&format!("- {}\n", escape(sentence)));
    }
    out.push_str(&format!("\n## How to cite\n\n{}\n", code(&content.bibtex)));
    out
}

/// Claims with what they rest on, then every comparison, then what is said over all of them.
fn findings(out: &mut String, content: &Content) {
    for claim in &content.claims {
        out.push_str(&format!("- **{}**\n", escape(&claim.text)));
        claim.evidence.iter().for_each(|text| out.push_str(&format!("  - {}\n", escape(text))));
    }
    let verdicts = content.verdicts.iter().map(|sentence| &sentence.text);
    for text in verdicts.chain(&content.totals) {
        out.push_str(&format!("- {}\n", escape(text)));
    }
    if content.claims.is_empty() && content.verdicts.is_empty() {
        out.push_str("Nothing is compared: the file names no baseline.\n");
    }
}

/// The author's own Markdown, its headings below those of the report.
fn notes(text: &str) -> String {
    let mut fenced = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let is_heading = !fenced && line.starts_with('#');
        lines.push(if is_heading { format!("#{line}") } else { line.to_owned() });
    }
    lines.join("\n")
}

/// An indented block: no fence that a text could close.
fn code(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

/// One row of a table.
pub(super) fn row(out: &mut String, cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|cell| escape(cell)).collect();
    out.push_str(&format!("| {} |\n", cells.join(" | ")));
}

fn table(out: &mut String, table: &Table, content: &Content) {
    if !table.heading.is_empty() {
        out.push_str(&format!("### {}\n\n", escape(&table.heading)));
    }
    if !table.answer.is_empty() {
        out.push_str(&format!("Answer: {}\n\n", escape(&table.answer)));
    }
    let interval = format!("{} % interval", content.level);
    let value = format!("{} {}", content.statistic, table.metric);
    let mut head = vec!["", "n", value.as_str(), interval.as_str(), "min"];
    let mut line = "| --- | ---: | ---: | ---: | ---: |".to_owned();
    if !table.versus.is_empty() {
        head.extend([table.versus.as_str(), "interval"]);
        line.push_str(" --- | --- |");
    }
    row(out, &head);
    out.push_str(&format!("{line}\n"));
    for one in &table.rows {
        let label = match one.lost.as_str() {
            "" => one.label.clone(),
            lost => format!("{} ({lost})", one.label),
        };
        let n = one.n.to_string();
        let mut cells = vec![label.as_str(), &n, &one.value, &one.interval, &one.min];
        if !table.versus.is_empty() {
            cells.extend([one.versus.as_str(), one.ratio_interval.as_str()]);
        }
        row(out, &cells);
    }
    out.push('\n');
}

fn figures(out: &mut String, content: &Content) {
    out.push_str("## Figures\n\n");
    let mut last: Option<Kind> = None;
    for one in &content.figures {
        let figure = &one.figure;
        if last.is_some_and(|kind| kind != figure.kind) {
            caption(out, content, last);
        }
        last = Some(figure.kind);
        out.push_str(&format!("![{}](figures/{}.svg)\n", escape(&figure.title), one.name));
    }
    caption(out, content, last);
}

/// What the marks of one kind of figure are: once, after the last of them.
fn caption(out: &mut String, content: &Content, kind: Option<Kind>) {
    let of_kind = content.figures.iter().find(|one| Some(one.figure.kind) == kind);
    if let Some(one) = of_kind {
        out.push_str(&format!("\n{}\n\n", escape(&one.figure.caption)));
    }
}

fn cautions(out: &mut String, content: &Content) {
    out.push_str("## What to know before believing it\n\n");
    if content.cautions.is_empty() {
        out.push_str("Nothing was flagged, nothing failed, and nothing was left out.\n");
    }
    for one in &content.cautions {
        let places = match one.places.as_str() {
            "" => String::new(),
            places => format!(" ({})", escape(places)),
        };
        let remedy = match one.remedy.as_str() {
            "" => String::new(),
            remedy => format!(" What helps: {}.", escape(remedy)),
        };
        let meaning = escape(&one.meaning);
        out.push_str(&format!("- **{}**: {meaning}{places}.{remedy}\n", escape(&one.word)));
    }
}

fn entries(out: &mut String, entries: &[Entry]) {
    for one in entries {
        out.push_str(&format!("- {}: {}\n", escape(&one.name), escape(&one.value)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::content::tests::content;

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(
            escape("<b> [a](b) *c* | `d` &"),
            "&lt;b&gt; \\[a\\](b) \\*c\\* \\| \\`d\\` &amp;"
        );
    }

    #[test]
    fn the_parts_come_in_their_order() {
        let text = render(&content());
        let parts = [
            "# Basic",
            "## Findings",
            "## Results",
            "## Figures",
            "## What to know",
            "## Experiment",
            "## Machine",
            "## How to run",
            "## Method",
            "## How to cite",
        ];
        let places: Vec<usize> =
            parts.iter().map(|part| text.find(part).unwrap_or_else(|| panic!("{part}"))).collect();
        assert!(places.is_sorted(), "{text}");
        assert!(text.contains("| multithread | 6 | 2.00 | 2.00 – 2.01 |"), "{text}");
        assert!(text.contains("](figures/trials-1.svg)"), "{text}");
    }

    #[test]
    fn headings_of_the_author_go_below_those_of_the_report() {
        assert_eq!(notes("# A\n```\n# no\n```\n## B"), "## A\n```\n# no\n```\n### B");
    }
}
