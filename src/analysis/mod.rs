//! From observations to judgements: which rows count, which answers agree, what a cell's values
//! amount to and what it is compared with.
//!
//! Pure functions over slices. Refuses to read files or clocks, to run anything and to know how
//! its findings are written.

pub mod across;
pub mod adaptive;
pub mod baseline;
pub mod claims;
pub mod compare;
mod deterministic;
pub mod effect;
mod findings;
pub mod flags;
pub mod gate;
pub mod metric;
mod parallel;
pub mod reproduction;
pub mod scaling;
pub mod standing;
pub mod summary;
pub mod totals;
pub mod treatment;
mod values;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

use crate::design::{CellIx, Experiment, Matrix};
use crate::measure::Observation;
use crate::plan::Plan;

pub use adaptive::{FamilyStop, StopCause, Watch};
pub use baseline::{Baselines, Reference};
pub use claims::{Claims, Judgement};
pub use compare::{Comparison, Comparisons};
pub use findings::Findings;
pub use standing::{Disagreement, OutputCheck, Standing, Standings, UnusedReason};
pub use summary::{CellSummary, MetricSummary, StopReason, Summary};
pub use values::reader;

/// Everything that a run left behind, in the order in which it was observed.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The validated file.
    pub experiment: &'a Experiment,
    /// Its cells.
    pub matrix: &'a Matrix,
    /// Its trials.
    pub plan: &'a Plan,
    /// One entry an attempt.
    pub observations: &'a [Observation],
    /// Cells that were measured often enough before all their blocks were run.
    pub stops: &'a [FamilyStop],
    /// Time of a process that does nothing, from spawn to reap, in ns, where it was measured.
    pub empty_process_ns: Option<u64>,
}

impl<'a> Evidence<'a> {
    /// For each cell: where it stopped, if its repeats were chosen as the run went.
    #[must_use]
    pub fn stops_by_cell(&self) -> Vec<Option<&'a FamilyStop>> {
        let mut of_cell = vec![None; self.matrix.len()];
        for stop in self.stops {
            for cell in &stop.cells {
                of_cell[cell.index()] = Some(stop);
            }
        }
        of_cell
    }

    /// Planned trials that turned out not to be needed.
    #[must_use]
    pub fn spared(&self) -> usize {
        let repeats = |cell: &CellIx| self.matrix.protocol(self.matrix.cell(*cell)).repeats;
        let of_stop = |stop: &FamilyStop| -> u32 {
            stop.cells.iter().map(|cell| repeats(cell).saturating_sub(stop.after_block)).sum()
        };
        self.stops.iter().map(|stop| of_stop(stop) as usize).sum()
    }
}
