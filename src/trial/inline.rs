//! Trials of kernels in this process, one after another on the calling thread.

use std::path::Path;

use super::kernel::{self, KernelTrial, Ready};
use super::{Setting, start};
use crate::measure::{Measured, Status};
use crate::plan::Trial;
use crate::process::SELF_EXE;
use crate::workload::Cancel;

/// A trial shorter than this is brief, in ns.
const BRIEF_NS: u64 = 100_000;
/// A cell whose trials are shorter than this, in ns, gets no CPU time: reading it, to a
/// microsecond, would cost as much as the trial and tell nothing.
const NO_CPU_NS: u64 = 5_000;

/// Kernel trials made ready once per cell, since a trial may take less time than that.
#[derive(Debug)]
pub struct InlineTrials {
    cells: Vec<Option<Box<OfCell>>>,
}

#[derive(Debug)]
struct OfCell {
    ready: Result<Ready, String>,
    last_ns: Option<u64>,
}

impl InlineTrials {
    /// For a matrix of this many cells.
    #[must_use]
    pub fn new(cells: usize) -> Self {
        Self { cells: (0..cells).map(|_| None).collect() }
    }

    /// Whether the last trial of the same cell took so little time that the record may follow a
    /// moment later.
    #[must_use]
    pub fn is_brief(&self, trial: &Trial) -> bool {
        let of_cell = self.cells[trial.cell.index()].as_ref();
        of_cell.and_then(|of_cell| of_cell.last_ns).is_some_and(|ns| ns < BRIEF_NS)
    }

    /// Carries out a trial. A trial that was cancelled is `interrupted`; the caller knows better
    /// why.
    pub fn run(&mut self, setting: &Setting<'_>, trial: &Trial, cancel: &Cancel) -> Measured {
        let of_cell = self.cells[trial.cell.index()]
            .get_or_insert_with(|| Box::new(OfCell { ready: make(setting, trial), last_ns: None }));
        let reads_cpu = of_cell.last_ns.is_none_or(|ns| ns >= NO_CPU_NS);
        let measured = match &of_cell.ready {
            Ok(ready) => match ready.run(Path::new(SELF_EXE), cancel, reads_cpu) {
                Ok(measured) => start::checked(setting, trial, measured),
                Err(kernel::Cancelled) => Measured::empty(Status::Interrupted),
            },
            Err(reason) => Measured::empty(Status::Failed).with_note(reason),
        };
        of_cell.last_ns = measured.time_ns;
        measured
    }
}

fn make(setting: &Setting<'_>, trial: &Trial) -> Result<Ready, String> {
    // No kernel draws from the seed, so that one preparation serves every trial of the cell.
    let kernel_trial: KernelTrial = kernel::of(setting.experiment, setting.matrix, trial, 0)
        .ok_or("only kernels run in this process")?;
    kernel_trial.ready()
}
