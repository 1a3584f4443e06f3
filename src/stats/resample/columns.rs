//! Small samples: many resamples side by side, a byte each.

use super::super::lanes::{Column, Draw, LANES, translate};
use super::{Between, Resampled, ranked};

/// Largest sample that is resampled in columns.
pub(in super::super) const SMALL: usize = 32;

/// All resamples that stand in a column: as many as a vector register has bytes.
const WIDTH: usize = size_of::<Column>();

/// A sample of at most 32 values. The ranks of each draw stand in a column, with those of the same
/// draw of other resamples, and the quantiles of all are searched at once, bit by bit.
pub(in super::super) struct Columns {
    n: usize,
    sorted: [f64; SMALL],
    /// By value of the sample.
    ranks: [u8; SMALL],
    columns: [Column; SMALL],
    drawn: usize,
    between: Between,
}

impl Resampled for Columns {
    type Draw = Column;

    fn new(values: &[f64], p: f64) -> Self {
        let (ascending, positions) = ranked(values);
        let (mut sorted, mut ranks) = ([0.0; SMALL], [0; SMALL]);
        sorted[..ascending.len()].copy_from_slice(&ascending);
        for (rank, position) in ranks.iter_mut().zip(positions) {
            *rank = position as u8;
        }
        let columns = [Column::NONE; SMALL];
        let between = Between::new(values.len(), p);
        Self { n: values.len(), sorted, ranks, columns, drawn: 0, between }
    }

    fn len(&self) -> usize {
        self.n
    }

    #[inline(always)]
    fn count(&mut self, drawn: &[Column]) {
        translate(&self.ranks, drawn, &mut self.columns[self.drawn..]);
        self.drawn = self.drawn.wrapping_add(drawn.len());
    }

    #[inline(always)]
    fn take(&mut self, taken: &mut [[f64; LANES]]) {
        let (low, high) = neighbours(&self.columns[..self.drawn], self.between);
        self.drawn = 0;
        // A copy, which what is written cannot change.
        let (sorted, between) = (self.sorted, self.between);
        for ((taken, low), high) in taken.as_flattened_mut().iter_mut().zip(low).zip(high) {
            let (low, high) = (usize::from(low) % SMALL, usize::from(high) % SMALL);
            *taken = between.value(sorted[low], sorted[high]);
        }
    }
}

/// The ranks between which the quantile of each resample lies.
///
/// Whether one number is less than another is written as a saturating difference of at most 1:
/// comparisons would become masks, and masks are taken apart bit by bit.
#[inline(always)]
fn neighbours(columns: &[Column], between: Between) -> ([u8; WIDTH], [u8; WIDTH]) {
    let (low, high) = (between.low as u8, between.high as u8);
    // The largest number below which no more than `low` ranks were drawn.
    let mut at = [0_u8; WIDTH];
    for bit in [16, 8, 4, 2, 1] {
        let mut bound = at;
        for bound in &mut bound {
            *bound |= bit;
        }
        let below = drawn_below(columns, &bound);
        for one in 0..WIDTH {
            let is_beyond = below[one].saturating_sub(low).min(1);
            at[one] |= bit & is_beyond.wrapping_sub(1);
        }
    }
    let mut bound = at;
    for bound in &mut bound {
        *bound = bound.wrapping_add(1);
    }
    // How far the next rank that was drawn is behind it: differences below 0 wrap and are large.
    let (mut below, mut behind) = ([0_u8; WIDTH], [u8::MAX; WIDTH]);
    for column in columns {
        let column = column.as_flattened();
        for one in 0..WIDTH {
            let is_below = bound[one].saturating_sub(column[one]).min(1);
            below[one] = below[one].wrapping_add(is_below);
            behind[one] = behind[one].min(column[one].wrapping_sub(bound[one]));
        }
    }
    let mut next = [0; WIDTH];
    for one in 0..WIDTH {
        let is_same = below[one].saturating_sub(high).min(1);
        let ahead = behind[one].wrapping_add(1) & is_same.wrapping_sub(1);
        next[one] = at[one].wrapping_add(ahead);
    }
    (at, next)
}

/// How many ranks below its bound each resample has.
#[inline(always)]
fn drawn_below(columns: &[Column], bound: &[u8; WIDTH]) -> [u8; WIDTH] {
    let mut below = [0_u8; WIDTH];
    for column in columns {
        let column = column.as_flattened();
        for one in 0..WIDTH {
            let is_below = bound[one].saturating_sub(column[one]).min(1);
            below[one] = below[one].wrapping_add(is_below);
        }
    }
    below
}
