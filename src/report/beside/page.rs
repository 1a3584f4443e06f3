//! The runs as one page, and as Markdown.

use minijinja::Value;
use minijinja::value::Serde;

use super::{Beside, Fact, Table};
use crate::report::html::{TemplateError, carry_out};
use crate::report::markdown::{escape, row};

const TEMPLATE: &str = include_str!("beside.html.jinja");

/// The page: looks, script and policy are those of the report of one run.
///
/// # Errors
/// It has more rows than a page may.
pub fn html(beside: &Beside) -> Result<String, TemplateError> {
    carry_out(TEMPLATE, &beside.figures, &Value::from(Serde(beside)))
}

/// The same in Markdown, without the figures, which are no files.
#[must_use]
pub fn markdown(beside: &Beside) -> String {
    let count = beside.runs.len();
    let mut out = format!("# {}\n\n{count} runs side by side.\n\n", escape(&beside.title));
    if !beside.question.is_empty() {
        out.push_str(&format!("_{}_\n\n", escape(beside.question.trim())));
    }
    for run in &beside.runs {
        let (label, status) = (escape(&run.label), escape(&run.status));
        out.push_str(&format!("- **{label}**, run {} of {}: {status}.\n", run.run_id, run.date));
    }
    out.push_str(&format!("\n## What differs between the runs\n\n{}\n\n", beside.caution));
    facts(&mut out, beside, &beside.different);
    if beside.differences.is_empty() {
        out.push_str("Nothing that is recorded and can change a number differs.\n\n");
    }
    for difference in &beside.differences {
        out.push_str(&format!("{}:\n\n", escape(&difference.of)));
        difference.lines.iter().for_each(|line| out.push_str(&format!("- {}\n", escape(line))));
        out.push('\n');
    }
    out.push_str("## Findings\n\n");
    for sentence in &beside.findings {
        out.push_str(&format!("- {}\n", escape(&sentence.text)));
    }
    if beside.findings.is_empty() {
        out.push_str("No two runs compare the same cells with a baseline.\n");
    }
    out.push_str("\n## Results\n\n");
    beside.tables.iter().for_each(|one| table(&mut out, beside, one));
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn facts(out: &mut String, beside: &Beside, facts: &[Fact]) {
    if facts.is_empty() {
        return;
    }
    let labels = beside.runs.iter().map(|run| run.label.as_str());
    row(out, &[""].into_iter().chain(labels).collect::<Vec<_>>());
    out.push_str(&format!("|{}\n", " --- |".repeat(beside.runs.len() + 1)));
    for fact in facts {
        let values = fact.values.iter().map(String::as_str);
        row(out, &[fact.name.as_str()].into_iter().chain(values).collect::<Vec<_>>());
    }
    out.push('\n');
}

fn table(out: &mut String, beside: &Beside, table: &Table) {
    if !table.heading.is_empty() {
        out.push_str(&format!("### {}\n\n", escape(&table.heading)));
    }
    let mut head = vec![String::new()];
    let mut line = "| --- |".to_owned();
    for run in &beside.runs {
        head.push(format!("{}: {} {}", run.label, beside.statistic, table.metric));
        head.push(format!("{} % interval", beside.level));
        line.push_str(" ---: | ---: |");
        if !table.versus.is_empty() {
            head.push(table.versus.clone());
            line.push_str(" --- |");
        }
    }
    row(out, &head.iter().map(String::as_str).collect::<Vec<_>>());
    out.push_str(&format!("{line}\n"));
    for one in &table.lines {
        let mut cells = vec![one.label.clone()];
        for of_run in &one.runs {
            let (value, interval, versus) = match of_run {
                None => ("not run".to_owned(), String::new(), String::new()),
                Some(row) => {
                    let versus = format!("{} {}", row.versus, row.ratio_interval);
                    (row.value.clone(), row.interval.clone(), versus.trim().to_owned())
                }
            };
            cells.extend([value, interval]);
            if !table.versus.is_empty() {
                cells.push(versus);
            }
        }
        row(out, &cells.iter().map(String::as_str).collect::<Vec<_>>());
    }
    out.push('\n');
}
