//! From observations to judgements: which rows count, which answers agree, what a cell's values
//! amount to and what it is compared with.
//!
//! Pure functions over slices. Refuses to read files or clocks, to run anything and to know how
//! its findings are written.

pub mod across;
pub mod baseline;
pub mod compare;
mod deterministic;
mod effect;
mod findings;
pub mod flags;
pub mod gate;
mod metric;
pub mod reproduction;
pub mod scaling;
pub mod standing;
pub mod summary;
pub mod treatment;
mod values;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

use crate::design::{Experiment, Matrix};
use crate::measure::Observation;
use crate::plan::Plan;

pub use baseline::{Baselines, Reference};
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
}
