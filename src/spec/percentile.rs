//! Whether the repeats suffice for the percentile that is compared.
//!
//! What a cell's repeats are is known only when all layers lie over one another, so that this looks
//! at the expanded matrix.

use toml::de::DeTable;

use super::diagnostics::Diagnostic;
use crate::design::{Experiment, Matrix, Objective};

/// A caution at `objective` in `[compare]` if some cell has fewer repeats than its intervals need.
pub(super) fn caution(document: &DeTable<'_>, experiment: &Experiment) -> Option<Diagnostic> {
    let objective = experiment.compare.objective;
    if objective == Objective::P50 {
        return None;
    }
    let node = document.get("compare")?.get_ref().as_table()?.get("objective")?;
    // Why there is no matrix is said where one is asked for.
    let matrix = Matrix::new(experiment).ok()?;
    let repeats = matrix.cells().iter().map(|cell| matrix.protocol(cell).repeats).min()?;
    let ((point, interval), name) = (objective.least(), objective.name());
    let title = match repeats as usize {
        n if n < point => format!("with {repeats} repeats there is no {name}"),
        n if n < interval => format!("with {repeats} repeats no {name} has an interval"),
        _ => return None,
    };
    let help = format!(
        "a {name} exists from {point} repeats on, its interval and a verdict from {interval} on"
    );
    Some(Diagnostic::caution(node.span(), title).help(help))
}
