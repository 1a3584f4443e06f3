//! Which cells are set up, and which of them are finished and wait to be torn down.
//!
//! Decides nothing about trials and starts nothing.

use std::collections::BTreeMap;

use super::core::{Blocked, Run};
use crate::design::CellIx;
use crate::plan::Trial;

/// How a cell with hooks is prepared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CellState {
    /// Its setup runs.
    SettingUp,
    /// Its trials can run.
    Ready,
    /// Its setup failed: why its trials do not run.
    Failed(Blocked),
}

/// The cells whose workloads have hooks around cells, and the hook of the run.
#[derive(Debug, Default)]
pub(super) struct CellBook {
    /// Trials of each cell that have not ended; empty when no workload has such hooks.
    left: Vec<u32>,
    /// Cells whose setup was begun and whose teardown was not.
    open: BTreeMap<CellIx, CellState>,
    /// Those of them that have no trial left.
    done: Vec<CellIx>,
    /// The setup of the run failed: why no trial runs.
    pub(super) run_failure: Option<Blocked>,
}

impl CellBook {
    pub(super) fn new(run: &Run) -> Self {
        let workloads = &run.experiment.workloads;
        if workloads.iter().all(|workload| workload.hooks.cell.is_none()) {
            return Self::default();
        }
        let mut left = vec![0; run.matrix.len()];
        let is_open = |trial: &Trial| !run.past.trial(trial.order as usize).is_done;
        for trial in run.plan.trials().filter(is_open) {
            left[trial.cell.index()] += 1;
        }
        Self { left, ..Self::default() }
    }

    /// The last attempt at a trial of the cell ended, or it will never start.
    pub(super) fn finished(&mut self, cell: CellIx) {
        if let Some(left) = self.left.get_mut(cell.index()) {
            *left = left.saturating_sub(1);
            if *left == 0 && self.open.contains_key(&cell) {
                self.done.push(cell);
            }
        }
    }

    pub(super) fn state(&self, cell: CellIx) -> Option<&CellState> {
        self.open.get(&cell)
    }

    pub(super) fn set(&mut self, cell: CellIx, state: CellState) {
        self.open.insert(cell, state);
    }

    /// Cells without trials left, which are to be torn down now; each is named once.
    pub(super) fn take_finished(&mut self) -> Vec<CellIx> {
        let done = std::mem::take(&mut self.done);
        for cell in &done {
            self.open.remove(cell);
        }
        done
    }

    /// Every cell that is still set up; each is named once.
    pub(super) fn take_all(&mut self) -> Vec<CellIx> {
        self.done.clear();
        std::mem::take(&mut self.open).into_keys().collect()
    }
}
