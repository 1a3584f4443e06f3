//! What a reader must know before believing the numbers above.

use super::page::{Page, Tone};
use super::{Screen, blocks, words};
use crate::analysis::Reference;
use crate::design::{Action, CellIx, StrategyKind};
use crate::stats::interval::min_n;

/// Cautions about single cells that are shown.
const SHOWN: usize = 6;

/// Share of the region that workers may need to start before it is worth a word.
const STARTUP_SHARE: f64 = 0.05;

/// Writes the cautions that apply.
pub fn write(screen: &Screen<'_>, page: &mut Page) {
    too_few(screen, page);
    no_baseline(screen, page);
    let cells = (0..screen.evidence.matrix.len()).map(CellIx::new);
    let texts: Vec<String> = cells.flat_map(|cell| of_cell(screen, cell)).collect();
    for text in texts.iter().take(SHOWN) {
        page.paragraph(Tone::Caution, "!", text);
    }
    if texts.len() > SHOWN {
        let text = format!("… {} more cautions, see summary.csv", texts.len() - SHOWN);
        page.paragraph(Tone::Plain, " ", &text);
    }
}

fn too_few(screen: &Screen<'_>, page: &mut Page) {
    let conf = screen.summary.conf();
    let needed = min_n(conf);
    let few = |used: u32| used > 0 && (used as usize) < needed;
    let cells = screen.summary.cells();
    if cells.iter().any(|cell| few(cell.counts.used)) {
        let level = words::ratio(100.0 * conf);
        let text = format!(
            "fewer than {needed} repeats: no {level} % interval exists below {needed}; 10 is usual"
        );
        page.paragraph(Tone::Caution, "!", &text);
    }
}

fn no_baseline(screen: &Screen<'_>, page: &mut Page) {
    let references =
        (0..screen.evidence.matrix.len()).map(|at| screen.baselines.reference(CellIx::new(at)));
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
    let cell = screen.summary.cell(ix);
    let place = || blocks::place(screen.evidence, ix);
    let flagged = |flag: &str| cell.time().flags.contains(&flag);
    let mut texts = Vec::new();
    if flagged("coarse_timer") {
        texts.push(format!(
            "{}: a trial takes less than 100 ns, so that the steps of the clock show; give it more \
             work",
            place()
        ));
    }
    if flagged("bimodal") {
        texts.push(format!(
            "{}: the times fall into two groups, and the median shows only one of them",
            place()
        ));
    }
    let share = cell.startup_share.filter(|share| *share > STARTUP_SHARE);
    if share.is_some() && is_own_workers(screen, ix) {
        texts.push(format!(
            "{}: starting workers is > 5 % of the time; more repeats will not change that, {}",
            place(),
            larger(screen, ix)
        ));
    }
    texts
}

/// Whether the runner itself starts the cell's workers.
fn is_own_workers(screen: &Screen<'_>, ix: CellIx) -> bool {
    let cell = screen.evidence.matrix.cell(ix);
    let kind = screen.evidence.experiment.strategies[cell.strategy].kind;
    matches!(kind, StrategyKind::Threads | StrategyKind::Processes)
}

fn larger(screen: &Screen<'_>, ix: CellIx) -> String {
    let cell = screen.evidence.matrix.cell(ix);
    let size = match &screen.evidence.experiment.workloads[cell.workload].action {
        Action::Kernel(signature) => signature.size,
        Action::Command(_) => None,
    };
    size.map_or_else(|| "longer tasks will".to_owned(), |size| format!("a larger {size} will"))
}
