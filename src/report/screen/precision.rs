//! How well medians are known where the repeats were chosen as the run went, and the repeats that
//! comparisons need.

use super::page::{Page, Tone};
use super::{Screen, naming, words};
use crate::analysis::StopCause;
use crate::analysis::compare::compared_column;
use crate::design::CellIx;
use crate::stats::power;

/// Cells that are named one by one.
const NAMED: usize = 3;

/// Writes which medians are not known as well as was asked for, the least known first; or that all
/// are.
pub fn write(screen: &Screen<'_>, page: &mut Page) {
    let Some(adaptive) = &screen.findings.evidence.experiment.protocol.adaptive else { return };
    let percent = |share: f64| words::ratio(100.0 * share);
    let target = percent(adaptive.target);
    let stops = screen.findings.evidence.stops_by_cell();
    let mut missed: Vec<(CellIx, f64)> = Vec::new();
    for (at, _) in stops.iter().enumerate().filter(|(_, stop)| stop.is_some()) {
        let cell = CellIx::new(at);
        let reached = reached(screen, cell).unwrap_or(f64::INFINITY);
        if reached > adaptive.target {
            missed.push((cell, reached));
        }
    }
    missed.sort_by(|one, other| other.1.total_cmp(&one.1));
    for (cell, reached) in missed.iter().take(NAMED) {
        let place = naming::place(screen.findings.evidence, *cell);
        let reached = match reached.is_finite() {
            true => format!("reached ±{} %", percent(*reached)),
            false => "no interval".to_owned(),
        };
        let (blocks, why) = stops[cell.index()].map_or((0, ""), |stop| {
            let is_over = stop.cause == StopCause::TimeBudget;
            (stop.after_block, if is_over { " (budget spent)" } else { "" })
        });
        let text = format!("{place}: {reached}, target {target} %, after {blocks} repeats{why}");
        page.paragraph(Tone::Caution, "!", &text);
    }
    if missed.len() > NAMED {
        let more = missed.len() - NAMED;
        let text = format!("{more} more cells have not reached the target: summary.csv");
        page.paragraph(Tone::Caution, "!", &text);
    }
    let blocks = || stops.iter().flatten().map(|stop| stop.after_block);
    if let (true, Some(least), Some(most)) = (missed.is_empty(), blocks().min(), blocks().max()) {
        let repeats = if least == most { least.to_string() } else { format!("{least} to {most}") };
        let text =
            format!("every median is known to ±{target} % or better, after {repeats} repeats");
        page.paragraph(Tone::Plain, "·", &text);
    }
}

fn reached(screen: &Screen<'_>, cell: CellIx) -> Option<f64> {
    let workload = screen.findings.evidence.matrix.cell(cell).workload;
    let column = compared_column(screen.findings.evidence.experiment, workload);
    screen.findings.summary.cell(cell).metric(&column)?.rel_half_width
}

/// Writes how many repeats would find a difference of the margin in every comparison, and what
/// they take.
pub fn repeats(screen: &Screen<'_>, page: &mut Page) {
    let findings = screen.findings;
    let margin = findings.comparisons.margin;
    // Nobody can look for no difference.
    if margin <= 0.0 {
        return;
    }
    let primary = findings.comparisons.rows.iter().filter(|row| row.is_primary);
    let needs = primary.filter_map(|row| Some((row, row.pilot()?.to_find(margin))));
    let Some((row, most)) = needs.max_by_key(|(_, need)| need.unwrap_or(usize::MAX)) else {
        return;
    };
    let place = naming::place(findings.evidence, row.candidate.cell);
    let percent = words::ratio(100.0 * margin);
    let text = match most {
        None => format!("more than {} repeats ({place})", power::MOST),
        Some(most) => {
            let trials = findings.evidence.observations.len().max(1) as u64;
            let each_ns = screen.elapsed_ns / trials;
            let all = most as u64 * findings.summary.cells().len() as u64;
            let time = words::duration(each_ns.saturating_mul(all));
            format!("about {most} repeats, {time} (most for {place})")
        }
    };
    let text = format!("to find a difference of {percent} % four times in five: {text}");
    page.paragraph(Tone::Plain, "·", &text);
}
