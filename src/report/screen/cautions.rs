//! What a reader must know before believing the numbers above.

use super::page::{Page, Tone};
use super::{Screen, naming, words};
use crate::analysis::compare::{NOT_INTERLEAVED, UNEQUAL_WORK};
use crate::analysis::effect::OUTLIER_SENSITIVE;
use crate::analysis::metric::COARSE_TIMER;
use crate::analysis::scaling::SUPERLINEAR;
use crate::analysis::summary::SHORT_RUN;
use crate::analysis::{Findings, Reference, treatment};
use crate::design::{Action, CellIx, Objective, StrategyKind};
use crate::measure::MetricUnit;
use crate::stats::interval::min_n;

/// Cells that are named with one caution.
const NAMED: usize = 3;

/// Share of the region that workers may need to start before it is worth a word.
const STARTUP_SHARE: f64 = 0.05;

/// Writes the cautions that apply.
pub fn write(screen: &Screen<'_>, page: &mut Page) {
    too_few(screen, page);
    no_baseline(screen, page);
    for (remark, cells) in by_remark(screen) {
        let named: Vec<String> = cells
            .iter()
            .take(NAMED)
            .map(|&cell| naming::place(screen.findings.evidence, cell))
            .collect();
        let more = match cells.len().saturating_sub(NAMED) {
            0 => String::new(),
            1 => " and 1 more cell".to_owned(),
            count => format!(" and {count} more cells"),
        };
        page.paragraph(Tone::Caution, "!", &format!("{}{more}: {remark}", named.join("; ")));
    }
}

/// What is said of single cells, each remark once with the cells that it holds for.
fn by_remark(screen: &Screen<'_>) -> Vec<(String, Vec<CellIx>)> {
    let mut remarks: Vec<(String, Vec<CellIx>)> = Vec::new();
    for cell in (0..screen.findings.evidence.matrix.len()).map(CellIx::new) {
        for remark in of_cell(screen, cell) {
            match remarks.iter_mut().find(|(known, _)| *known == remark) {
                Some((_, cells)) => cells.push(cell),
                None => remarks.push((remark, vec![cell])),
            }
        }
    }
    remarks
}

fn too_few(screen: &Screen<'_>, page: &mut Page) {
    let (conf, objective) = (screen.findings.summary.conf(), screen.findings.summary.objective());
    let is_median = objective == Objective::P50;
    let needed = if is_median { min_n(conf) } else { objective.least().1 };
    let few = |used: u32| used > 0 && (used as usize) < needed;
    let cells = screen.findings.summary.cells();
    if cells.iter().any(|cell| few(cell.counts.used)) {
        let level = words::ratio(100.0 * conf);
        let of = if is_median { String::new() } else { format!(" of a {}", objective.name()) };
        let usual = if is_median { "; 10 is usual" } else { "" };
        let text = format!(
            "fewer than {needed} repeats: no {level} % interval{of} exists below {needed}{usual}"
        );
        page.paragraph(Tone::Caution, "!", &text);
    }
}

fn no_baseline(screen: &Screen<'_>, page: &mut Page) {
    let references = (0..screen.findings.evidence.matrix.len())
        .map(|at| screen.findings.baselines.reference(CellIx::new(at)));
    let lost =
        |reference: &Reference| matches!(reference, Reference::NoMatch | Reference::Ambiguous(_));
    let count = references.filter(lost).count();
    if count > 0 {
        let cells = if count == 1 { "cell has" } else { "cells have" };
        let text = format!(
            "{count} {cells} no single baseline that is equal in all other factors: not compared"
        );
        page.paragraph(Tone::Caution, "!", &text);
    }
}

fn of_cell(screen: &Screen<'_>, ix: CellIx) -> Vec<String> {
    let flags: Vec<&str> = screen.findings.flags(ix).collect();
    let flagged = |flag: &str| flags.contains(&flag);
    let is_time = screen.findings.compared(ix).unit == MetricUnit::Nanoseconds;
    let values = if is_time { "the times" } else { "the values" };
    let mut texts = Vec::new();
    if flagged(COARSE_TIMER) {
        texts.push(
            "trials take less than 100 ns, or many exactly as long as another one: the steps of the \
             clock show; give them more work"
                .to_owned(),
        );
    }
    if flagged(SHORT_RUN) {
        texts.push(
            "more than 5 % of the time is the start of a process; more repeats will not change that, \
             more work will"
                .to_owned(),
        );
    }
    if flagged("bimodal") {
        texts.push(format!("{values} fall into two groups, and the median shows only one of them"));
    }
    if flagged("drift") {
        texts.push(format!(
            "{values} rise or fall in the course of the run; only comparisons within blocks allow \
             for that"
        ));
    }
    if flagged("no_steady_state") || flagged("bad_inconsistent") {
        texts.push(
            "the iterations of its trials do not settle, or not all in the same way: this is no \
             steady state; raise `iterations`"
                .to_owned(),
        );
    }
    let beyond = screen.findings.flags_beyond(ix);
    if beyond.contains(&SUPERLINEAR) {
        texts.push(
            "is faster than so many workers explain; look at the time of one worker first, it may \
             be the slow one"
                .to_owned(),
        );
    }
    if beyond.contains(&OUTLIER_SENSITIVE) {
        texts.push(
            "what is said of it hangs on a few values far from the others: without them it would \
             be something else; more repeats make it sure"
                .to_owned(),
        );
    }
    if beyond.contains(&NOT_INTERLEAVED) {
        texts.push(
            "was not measured in turn with its baseline: what changed on the machine between looks \
             like a difference; run both anew in one run to be sure"
                .to_owned(),
        );
    }
    if beyond.contains(&UNEQUAL_WORK) {
        texts.push(
            "does more work than its baseline, as weak scaling has it: the ratio is one of times, \
             not of speeds"
                .to_owned(),
        );
    }
    texts.extend(beyond_flags(screen.findings, ix));
    texts
}

/// What is said of a cell besides its flags.
pub fn beyond_flags(findings: &Findings<'_>, ix: CellIx) -> Vec<String> {
    let mut texts = Vec::new();
    texts.extend(treatment::idle_workers(findings.evidence, &findings.summary, ix));
    let share = findings.summary.cell(ix).startup_share.filter(|share| *share > STARTUP_SHARE);
    if share.is_some() && is_own_workers(findings, ix) {
        texts.push(format!(
            "starting workers is > 5 % of the time; more repeats will not change that, {}",
            larger(findings, ix)
        ));
    }
    texts
}

/// Whether the runner itself starts the cell's workers.
fn is_own_workers(findings: &Findings<'_>, ix: CellIx) -> bool {
    let cell = findings.evidence.matrix.cell(ix);
    let kind = findings.evidence.experiment.strategies[cell.strategy].kind;
    matches!(kind, StrategyKind::Threads | StrategyKind::Processes)
}

fn larger(findings: &Findings<'_>, ix: CellIx) -> String {
    let cell = findings.evidence.matrix.cell(ix);
    let size = match &findings.evidence.experiment.workloads[cell.workload].action {
        Action::Kernel(signature) => signature.size,
        Action::Command(_) => None,
    };
    size.map_or_else(|| "longer tasks will".to_owned(), |size| format!("a larger {size} will"))
}
