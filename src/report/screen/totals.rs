//! Totals over all workloads and parameters, labelled as what they are.

use super::page::{Page, Tone};
use super::{Screen, naming, words};
use crate::analysis::Findings;
use crate::analysis::totals::{Kind, Total, WORKLOAD};
use crate::design::Objective;

/// Writes every total; the single ratios stand above it.
pub fn write(screen: &Screen<'_>, page: &mut Page) {
    for text in told(screen.findings) {
        page.paragraph(Tone::Plain, "Σ", &text);
    }
}

/// A sentence for each total.
#[must_use]
pub fn told(findings: &Findings<'_>) -> Vec<String> {
    findings.totals.iter().map(|total| said(findings, total)).collect()
}

fn said(findings: &Findings<'_>, total: &Total) -> String {
    let mut name = naming::label(findings.evidence, total.candidate);
    for differs in &total.differs {
        match differs.split_once('=') {
            Some((WORKLOAD, workload)) => name = format!("{workload}, {name}"),
            Some((param, level)) if !name.contains(&format!("{param} = {level}")) => {
                name = format!("{name}, {param} = {level}");
            }
            _ => {}
        }
    }
    let workload = findings.evidence.matrix.cell(total.candidate).workload;
    let base = findings.baselines.label(workload).unwrap_or("the baseline");
    let (what, caution) = match total.kind {
        Kind::Sum => ("ratio of summed medians", "the longest weigh most"),
        // Ratios of percentiles may stand above it; the mean is never of those.
        Kind::Geomean if findings.summary.objective() != Objective::P50 => {
            ("geometric mean of the ratios of medians", "hides how they differ")
        }
        Kind::Geomean => ("geometric mean of the ratios", "hides how they differ"),
    };
    let count = total.members.len();
    let head = format!("{name} vs {base}, {what} of {count} comparisons");
    let Some(ratio) = total.ratio.estimate else {
        let why =
            if total.is_incomplete { "one of them is invalid" } else { "a median is missing" };
        return format!("{head}: none, {why}");
    };
    let interval = total.ratio.interval.map_or_else(String::new, |(lo, hi)| {
        let level = words::ratio(100.0 * total.resampling.conf);
        format!(" ({level} % CI {})", words::between(lo, hi))
    });
    format!("{head}: {}{interval}; {caution}", words::three_digits(ratio))
}
