//! How well the medians are known where the repeats were chosen as the run went.

use super::page::{Page, Tone};
use super::{Screen, naming, words};
use crate::analysis::StopCause;
use crate::analysis::compare::compared_column;
use crate::design::CellIx;

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
