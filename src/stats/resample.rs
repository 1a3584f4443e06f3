//! Quantiles of resamples by counting ranks: values are sorted once, never again. Several
//! resamples are counted side by side, one a lane. Both ways give the same quantiles from the same
//! draws.

use super::lanes::{Draw, Drawn, LANES};

mod columns;

pub(super) use columns::{Columns, SMALL};

/// Positions that are looked at before it is asked whether all lanes have found theirs.
const STRETCH: usize = 64;

/// A sample that is resampled many times.
pub(super) trait Resampled {
    /// One draw of all resamples that are made before their quantiles are taken.
    type Draw: Draw;

    /// A sample of which the quantile at `p` is taken.
    fn new(values: &[f64], p: f64) -> Self;

    /// How many values it has.
    fn len(&self) -> usize;

    /// The values with these places in the sample are drawn.
    fn count(&mut self, drawn: &[Self::Draw]);

    /// The quantiles of the resamples, by step; forgets what was drawn.
    fn take(&mut self, taken: &mut [[f64; LANES]]);
}

/// The neighbours between which a quantile lies, and how far from the lower one: type 7.
#[derive(Clone, Copy)]
struct Between {
    low: u32,
    high: u32,
    fraction: f64,
}

impl Between {
    fn new(n: usize, p: f64) -> Self {
        let last = n - 1;
        let h = last as f64 * p;
        let low = (h.floor() as usize).min(last);
        let high = if h > low as f64 { low + 1 } else { low };
        let [low, high] = [low, high].map(|at| u32::try_from(at).expect("a sample"));
        Self { low, high, fraction: h - f64::from(low) }
    }

    #[inline(always)]
    fn value(self, low: f64, high: f64) -> f64 {
        // Equal neighbours must not be subtracted: ∞ − ∞ is no number.
        if low == high { low } else { low + self.fraction * (high - low) }
    }
}

/// The values in ascending order, and the position there of each value of the sample.
fn ranked(values: &[f64]) -> (Vec<f64>, Vec<u32>) {
    let mut order: Vec<u32> = (0..u32::try_from(values.len()).expect("a sample")).collect();
    order.sort_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
    let mut ranks = vec![0; values.len()];
    for (rank, &at) in (0_u32..).zip(&order) {
        ranks[at as usize] = rank;
    }
    (order.iter().map(|&at| values[at as usize]).collect(), ranks)
}

/// A number that counts up.
pub(super) trait Tally: Copy + Into<u32> {
    /// None yet.
    const ZERO: Self;

    /// One more. A position is drawn at most as often as there are draws, which fit.
    fn up(self) -> Self;
}

impl Tally for u16 {
    const ZERO: Self = 0;

    #[inline(always)]
    fn up(self) -> Self {
        self.wrapping_add(1)
    }
}

impl Tally for u32 {
    const ZERO: Self = 0;

    #[inline(always)]
    fn up(self) -> Self {
        self.wrapping_add(1)
    }
}

/// A sample of at most `T`'s largest number of values: how often each rank was drawn. Small numbers
/// keep all lanes in the nearer caches.
pub(super) struct Counted<T> {
    sorted: Vec<f64>,
    /// Position in `sorted` of each value of the sample.
    ranks: Vec<u32>,
    /// How often each position was drawn.
    counts: Vec<[T; LANES]>,
    between: Between,
}

impl<T: Tally> Resampled for Counted<T> {
    type Draw = [Drawn<u32>; 1];

    fn new(values: &[f64], p: f64) -> Self {
        let (sorted, ranks) = ranked(values);
        let between = Between::new(values.len(), p);
        Self { sorted, ranks, counts: vec![[T::ZERO; LANES]; values.len()], between }
    }

    fn len(&self) -> usize {
        self.sorted.len()
    }

    #[inline(always)]
    fn count(&mut self, drawn: &[Self::Draw]) {
        for [places] in drawn {
            for (lane, &place) in places.iter().enumerate() {
                let rank = self.ranks[place as usize] as usize;
                let count = &mut self.counts[rank][lane];
                *count = count.up();
            }
        }
    }

    #[inline(always)]
    fn take(&mut self, taken: &mut [[f64; LANES]]) {
        let Between { low, high, .. } = self.between;
        let (mut seen, mut at, mut above) = ([0_u32; LANES], [0_u32; LANES], [0_u32; LANES]);
        for stretch in self.counts.chunks(STRETCH) {
            for counts in stretch {
                for lane in 0..LANES {
                    seen[lane] = seen[lane].wrapping_add(counts[lane].into());
                    at[lane] = at[lane].wrapping_add(u32::from(seen[lane] <= low));
                    above[lane] = above[lane].wrapping_add(u32::from(seen[lane] <= high));
                }
            }
            let mut least = u32::MAX;
            for seen in seen {
                least = least.min(seen);
            }
            if least > high {
                break;
            }
        }
        self.counts.fill([T::ZERO; LANES]);
        for (lane, taken) in taken[0].iter_mut().enumerate() {
            let (at, above) = (at[lane] as usize, above[lane] as usize);
            *taken = self.between.value(self.sorted[at], self.sorted[above]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Generator, Sorted};

    /// Draws for every lane, and the definition: take the values, sort them, take the quantile.
    fn assert_counted<R: Resampled>(values: &[f64], p: f64) {
        let (mut resampled, mut generator) = (R::new(values, p), Generator::new(9));
        for _ in 0..50 {
            let mut drawn = vec![R::Draw::NONE; values.len()];
            for draw in &mut drawn {
                for step in 0..R::Draw::STEPS {
                    *draw.step(step) = std::array::from_fn(|_| {
                        generator.below(values.len() as u64).try_into().ok().expect("a place")
                    });
                }
            }
            let (first, rest) = drawn.split_at(values.len() / 3);
            resampled.count(first);
            resampled.count(rest);
            let mut found = vec![[0.0; LANES]; R::Draw::STEPS];
            resampled.take(&mut found);
            for (step, found) in found.iter().enumerate() {
                for (lane, &found) in found.iter().enumerate() {
                    let places = drawn.iter_mut().map(|draw| draw.step(step)[lane].into() as usize);
                    let taken: Vec<f64> = places.map(|place| values[place]).collect();
                    let want = Sorted::new(&taken).quantile(p).expect("a value");
                    assert_eq!(found, want, "{p} of {values:?}");
                }
            }
        }
    }

    #[test]
    fn counting_gives_the_quantiles_of_sorted_draws() {
        for n in (1..=SMALL).chain([33, 100]) {
            let mut source = Generator::new(n as u64);
            let mut values: Vec<f64> = (0..n).map(|_| source.below(20) as f64).collect();
            if n % 5 == 4 {
                values[0] = f64::INFINITY;
            }
            for p in [0.5, 0.25, 0.95, 0.99] {
                assert_counted::<Counted<u16>>(&values, p);
                assert_counted::<Counted<u32>>(&values, p);
                if n <= SMALL {
                    assert_counted::<Columns>(&values, p);
                }
            }
        }
    }
}
