//! Carries out one trial: what is started for it, and what its output means.
//!
//! Owns the way from a planned trial to the commands that the process room starts, the way back
//! from their exits to a [`Measured`](crate::measure::Measured), and the hidden entries of child
//! processes. Refuses to schedule, to retry and to write files of results.

pub mod child;
pub mod command;
mod ending;
pub mod hook;
pub mod inline;
pub mod kernel;
mod limit;
mod start;
mod wire;

use std::ffi::OsString;
use std::path::Path;

use crate::design::{CellIx, Experiment, Matrix, Protocol};
use crate::plan::Plan;
use crate::process;

pub use command::placeholder_of_cell;
pub use command::{CannotStart, Prepared};
pub use inline::InlineTrials;
pub use start::{argument_vectors, measure, prepare};

/// What every trial of a run has in common.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The validated file.
    pub experiment: &'a Experiment,
    /// Its cells.
    pub matrix: &'a Matrix,
    /// Its trials.
    pub plan: &'a Plan,
    /// The environment of the runner, as it was when the run began.
    pub base_env: &'a [(OsString, OsString)],
    /// This binary, for hidden entries.
    pub exe: &'a Path,
    /// The directory of the run; `{trial_dir}` lies below it.
    pub run_dir: &'a Path,
}

impl<'a> Setting<'a> {
    /// The protocol of a cell, after all layers.
    #[must_use]
    pub fn protocol(&self, cell: CellIx) -> &'a Protocol {
        self.matrix.protocol(self.matrix.cell(cell))
    }
}

/// The commands of one trial: lanes run side by side, the commands of a lane one after another.
#[derive(Clone, Debug, Default)]
pub struct Lanes(pub Vec<Vec<process::Command>>);
