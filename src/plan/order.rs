//! Orders: every one is a permutation of the same trials.

use super::seed::{Purpose, derive_seed};
use super::trials::Phase;
use crate::design::{CellIx, Order};
use crate::stats::Generator;

/// A trial before it has a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The cell.
    pub cell: CellIx,
    /// Which repeat within the phase, from 1.
    pub repeat: u32,
    /// Warm-up or measurement.
    pub phase: Phase,
}

/// Warm-up trials, cell by cell. `counts[i]` belongs to cell `i`.
#[must_use]
pub fn warmup(counts: &[u32]) -> Vec<Slot> {
    cell_by_cell(counts, Phase::Warmup)
}

/// Measured trials. `repeats[i]` belongs to cell `i`; a cell with fewer repeats than others is in
/// the first blocks only.
#[must_use]
pub fn measured(order: Order, repeats: &[u32], seed: u64) -> Vec<Slot> {
    match order {
        Order::Sequential => cell_by_cell(repeats, Phase::Measure),
        Order::Shuffled => {
            let mut slots = cell_by_cell(repeats, Phase::Measure);
            Generator::new(derive_seed(seed, Purpose::Schedule, "run")).shuffle(&mut slots);
            slots
        }
        Order::Blocks => blocks(repeats, seed),
    }
}

fn cell_by_cell(counts: &[u32], phase: Phase) -> Vec<Slot> {
    let total = counts.iter().map(|&count| count as usize).sum();
    let mut slots = Vec::with_capacity(total);
    for (index, &count) in counts.iter().enumerate() {
        let cell = CellIx::new(index);
        slots.extend((1..=count).map(|repeat| Slot { cell, repeat, phase }));
    }
    slots
}

fn blocks(repeats: &[u32], seed: u64) -> Vec<Slot> {
    let total = repeats.iter().map(|&count| count as usize).sum();
    let mut slots = Vec::with_capacity(total);
    for block in 0..repeats.iter().copied().max().unwrap_or(0) {
        let start = slots.len();
        slots.extend(repeats.iter().enumerate().filter(|&(_, &count)| block < count).map(
            |(index, _)| Slot {
                cell: CellIx::new(index),
                repeat: block + 1,
                phase: Phase::Measure,
            },
        ));
        let key = format!("block:{block}");
        Generator::new(derive_seed(seed, Purpose::Schedule, &key)).shuffle(&mut slots[start..]);
    }
    slots
}

/// The 0-based position of each slot inside its block, in execution order. The warm-up, the first
/// `warmup` slots, counts as one block.
#[must_use]
pub fn positions(slots: &[Slot], warmup: usize) -> Vec<u32> {
    let blocks = slots.iter().map(|slot| slot.repeat).max().unwrap_or(0) as usize;
    let mut seen = vec![0_u32; blocks + 1];
    slots
        .iter()
        .enumerate()
        .map(|(order, slot)| {
            if order < warmup {
                return u32::try_from(order).expect("a plan has fewer than 2^32 trials");
            }
            let position = seen[slot.repeat as usize];
            seen[slot.repeat as usize] += 1;
            position
        })
        .collect()
}
