//! The plan and its trials.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::order::{self, Slot};
use super::seed::{Purpose, derive_seed};
use crate::design::{CellIx, Experiment, Matrix};
use crate::stats::Generator;

/// Whether a trial counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Recorded and not used.
    Warmup,
    /// Used.
    Measure,
}

impl Phase {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warmup => "warmup",
            Self::Measure => "measure",
        }
    }
}

/// One planned execution of a cell. 20 bytes; everything else follows from plan and matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Trial {
    /// Planned index in the run, from 0. The trial's id is this plus 1.
    pub order: u32,
    /// The cell.
    pub cell: CellIx,
    /// Warm-up or measurement.
    pub phase: Phase,
    /// Which repeat of the cell within its phase, from 1. In the measure phase also the block.
    pub repeat: u32,
    /// Position inside the block, from 0.
    pub position: u32,
}

impl Trial {
    /// The label in files and for seeds: `t000001`, widened when needed.
    #[must_use]
    pub fn id(&self) -> String {
        format!("t{:06}", u64::from(self.order) + 1)
    }

    /// The block, from 1; none in the warm-up.
    #[must_use]
    pub fn block(&self) -> Option<u32> {
        (self.phase == Phase::Measure).then_some(self.repeat)
    }
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// An extension plans fewer trials of a cell than there are.
    #[error(
        "{trials} {} trials of cell {cell} ({key}) are planned, and the run has {there}: an extension only adds",
        phase.as_str()
    )]
    Fewer {
        /// Its label in the new matrix.
        cell: String,
        /// Its key.
        key: String,
        /// Warm-up or measurement.
        phase: Phase,
        /// Planned now.
        trials: u32,
        /// On record, or planned before.
        there: u32,
    },
    /// Too many trials; counted before anything is expanded.
    #[error(
        "{trials} trials are planned, more than the limit of {limit}; raise it with `--max-trials {trials}`"
    )]
    TooManyTrials {
        /// Planned trials, warm-up included.
        trials: u128,
        /// The limit in force.
        limit: u64,
    },
}

/// The ordered trials of a run. Immutable once built.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) seed: u64,
    pub(super) slots: Vec<Slot>,
    pub(super) positions: Vec<u32>,
    /// Planned indices of the slots, ascending; `None`: 0, 1, 2, …
    pub(super) orders: Option<Vec<u32>>,
    /// The first planned index of each extension, ascending.
    pub(super) extensions: Vec<u32>,
    /// One above the last planned index.
    pub(super) bound: u32,
    pub(super) fingerprint: String,
}

impl Plan {
    /// Plans every trial of every cell.
    pub fn new(
        experiment: &Experiment,
        matrix: &Matrix,
        seed: u64,
        max_trials: u64,
    ) -> Result<Self, PlanError> {
        let protocol = |cell: CellIx| matrix.protocol(matrix.cell(cell));
        let trials: u128 = (0..matrix.len())
            .map(|index| {
                let protocol = protocol(CellIx::new(index));
                u128::from(protocol.warmup) + u128::from(protocol.repeats)
            })
            .sum();
        let limit = max_trials.min(u64::from(u32::MAX));
        if trials > u128::from(limit) {
            return Err(PlanError::TooManyTrials { trials, limit });
        }
        let repeats: Vec<u32> =
            (0..matrix.len()).map(|index| protocol(CellIx::new(index)).repeats).collect();
        let warmups: Vec<u32> =
            (0..matrix.len()).map(|index| protocol(CellIx::new(index)).warmup).collect();
        let mut slots = order::warmup(&warmups);
        let warmup = slots.len();
        slots.extend(order::measured(experiment.protocol.order, &repeats, seed));
        let positions = order::positions(&slots, warmup);
        let fingerprint = fingerprint(matrix, seed, &slots);
        let bound = u32::try_from(slots.len()).expect("fewer than the limit");
        let (orders, extensions) = (None, Vec::new());
        Ok(Self { seed, slots, positions, orders, extensions, bound, fingerprint })
    }

    /// The master seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Number of trials, warm-up included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nothing is planned.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Number of warm-up trials; they come first, and first in each extension.
    #[must_use]
    pub fn warmup_len(&self) -> usize {
        self.slots.iter().filter(|slot| slot.phase == Phase::Warmup).count()
    }

    /// One above the last planned index: more than [`Plan::len`] when cells have gone.
    #[must_use]
    pub fn orders(&self) -> usize {
        self.bound as usize
    }

    /// The extension that planned a trial, from 1; 0 for the plan that the run began with.
    #[must_use]
    pub fn extension_of(&self, order: u32) -> usize {
        self.extensions.partition_point(|&first| first <= order)
    }

    /// Number of trials that the last extension has added; all when there is none.
    #[must_use]
    pub fn added(&self) -> usize {
        self.orders() - self.extensions.last().map_or(0, |&first| first as usize)
    }

    /// SHA-256, in hex, of the seed and of every trial's cell key and repeat, in order.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The trial that is planned after `at` others. Its planned index is the same number, unless
    /// an extension has left cells out.
    #[must_use]
    pub fn trial(&self, at: usize) -> Trial {
        let slot = self.slots[at];
        let order = match &self.orders {
            Some(orders) => orders[at],
            None => u32::try_from(at).expect("a plan has fewer than 2^32 trials"),
        };
        Trial {
            order,
            cell: slot.cell,
            phase: slot.phase,
            repeat: slot.repeat,
            position: self.positions[at],
        }
    }

    /// The trial with planned index `order`, if the plan has it.
    #[must_use]
    pub fn of_order(&self, order: usize) -> Option<Trial> {
        let at = match &self.orders {
            Some(orders) => orders.binary_search(&u32::try_from(order).ok()?).ok()?,
            None => order,
        };
        (at < self.len()).then(|| self.trial(at))
    }

    /// Every trial, in the planned order.
    pub fn trials(&self) -> impl ExactSizeIterator<Item = Trial> + '_ {
        (0..self.len()).map(|at| self.trial(at))
    }

    /// The seed that a trial hands to its workload: equal for all cells of one workload in one
    /// block, so that inputs are paired.
    #[must_use]
    pub fn workload_seed(&self, trial: &Trial, workload: &str) -> u64 {
        let key = match trial.phase {
            Phase::Warmup => format!("{workload}:warmup"),
            Phase::Measure => format!("{workload}:block:{}", trial.repeat - 1),
        };
        derive_seed(self.seed, Purpose::Workload, &key)
    }

    /// Bytes of random environment padding of a trial, 0 to 4095.
    #[must_use]
    pub fn env_pad_bytes(&self, trial: &Trial) -> u32 {
        let seed = derive_seed(self.seed, Purpose::EnvPad, &trial.id());
        u32::try_from(Generator::new(seed).below(4096)).expect("below 4096")
    }
}

fn fingerprint(matrix: &Matrix, seed: u64, slots: &[Slot]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"runner-plan/1\0");
    hash.update(seed.to_le_bytes());
    for cell in matrix.cells() {
        hash.update(cell.key.to_bytes());
    }
    let mut buffer = Vec::with_capacity(1 << 16);
    for chunk in slots.chunks(4096) {
        buffer.clear();
        for slot in chunk {
            buffer.extend_from_slice(&slot.cell.0.to_le_bytes());
            buffer.extend_from_slice(&slot.repeat.to_le_bytes());
            buffer.push(u8::from(slot.phase == Phase::Measure));
        }
        hash.update(&buffer);
    }
    hex(&hash.finalize())
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}
