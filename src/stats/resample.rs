//! Quantiles of resamples by counting ranks: values are sorted once, never again. Several
//! resamples are counted side by side, one a lane. Both ways give the same quantiles from the same
//! draws.

use super::lanes::{Drawn, LANES};

/// Largest sample whose cumulative counts fit one row of bytes.
pub(super) const SMALL: usize = 32;

/// Positions that are looked at before it is asked whether all lanes have found theirs.
const STRETCH: usize = 64;

/// A sample that is resampled many times.
pub(super) trait Resampled {
    /// A sample of which the quantile at `p` is taken.
    fn new(values: &[f64], p: f64) -> Self;

    /// How many values it has.
    fn len(&self) -> usize;

    /// The values with these places in the sample are drawn.
    fn count(&mut self, drawn: &[Drawn]);

    /// The quantiles of what was drawn; forgets it.
    fn taken(&mut self) -> [f64; LANES];
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
    fn new(values: &[f64], p: f64) -> Self {
        let (sorted, ranks) = ranked(values);
        let between = Between::new(values.len(), p);
        Self { sorted, ranks, counts: vec![[T::ZERO; LANES]; values.len()], between }
    }

    fn len(&self) -> usize {
        self.sorted.len()
    }

    #[inline(always)]
    fn count(&mut self, drawn: &[Drawn]) {
        for places in drawn {
            for (lane, &place) in places.iter().enumerate() {
                let rank = self.ranks[place as usize] as usize;
                let count = &mut self.counts[rank][lane];
                *count = count.up();
            }
        }
    }

    #[inline(always)]
    fn taken(&mut self) -> [f64; LANES] {
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
        let mut taken = [0.0; LANES];
        for (lane, taken) in taken.iter_mut().enumerate() {
            let (at, above) = (at[lane] as usize, above[lane] as usize);
            *taken = self.between.value(self.sorted[at], self.sorted[above]);
        }
        taken
    }
}

/// How many values up to each position were drawn.
type Row = [u8; SMALL];

/// A sample of at most 32 values: a draw adds one row of ones, which begins at its rank, to the
/// cumulative counts of all positions. They stay in vector registers.
pub(super) struct Rows {
    n: usize,
    sorted: [f64; SMALL],
    /// By value of the sample.
    rows: [Row; SMALL],
    cumulative: [Row; LANES],
    between: Between,
}

impl Resampled for Rows {
    fn new(values: &[f64], p: f64) -> Self {
        let (ascending, ranks) = ranked(values);
        let (mut sorted, mut rows) = ([0.0; SMALL], [[0; SMALL]; SMALL]);
        sorted[..ascending.len()].copy_from_slice(&ascending);
        for (row, &rank) in rows.iter_mut().zip(&ranks) {
            row[rank as usize..].fill(1);
        }
        let between = Between::new(values.len(), p);
        Self { n: values.len(), sorted, rows, cumulative: [[0; SMALL]; LANES], between }
    }

    fn len(&self) -> usize {
        self.n
    }

    #[inline(always)]
    fn count(&mut self, drawn: &[Drawn]) {
        for lane in 0..LANES {
            let mut cumulative = self.cumulative[lane];
            for places in drawn {
                let row = &self.rows[places[lane] as usize % SMALL];
                for at in 0..SMALL {
                    cumulative[at] = cumulative[at].wrapping_add(row[at]);
                }
            }
            self.cumulative[lane] = cumulative;
        }
    }

    #[inline(always)]
    fn taken(&mut self) -> [f64; LANES] {
        let mut taken = [0.0; LANES];
        for (cumulative, taken) in self.cumulative.iter_mut().zip(&mut taken) {
            let (low, high) = positions(cumulative, self.between);
            let (low, high) = (self.sorted[low], self.sorted[high]);
            *taken = self.between.value(low, high);
            *cumulative = [0; SMALL];
        }
        taken
    }
}

/// Where both neighbours lie: behind the positions up to which no more than theirs were drawn.
#[inline(always)]
fn positions(cumulative: &Row, between: Between) -> (usize, usize) {
    // Nothing is above 32: the highest bit of a difference says which is less. A comparison would
    // become a mask, and masks are taken apart bit by bit.
    let (above_low, above_high) = (between.low as u8 + 1, between.high as u8 + 1);
    let (mut low, mut high) = (0_u8, 0_u8);
    for &count in cumulative {
        low = low.wrapping_add(count.wrapping_sub(above_low) >> 7);
        high = high.wrapping_add(count.wrapping_sub(above_high) >> 7);
    }
    (usize::from(low) % SMALL, usize::from(high) % SMALL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Generator, Sorted};

    /// Draws for every lane, and the definition: take the values, sort them, take the quantile.
    fn assert_counted<R: Resampled>(values: &[f64], p: f64) {
        let (mut resampled, mut generator) = (R::new(values, p), Generator::new(9));
        for _ in 0..50 {
            let n = values.len() as u64;
            let mut draw = || u32::try_from(generator.below(n)).expect("an index");
            let drawn: Vec<Drawn> =
                values.iter().map(|_| std::array::from_fn(|_| draw())).collect();
            let (first, rest) = drawn.split_at(values.len() / 3);
            resampled.count(first);
            resampled.count(rest);
            for (lane, found) in resampled.taken().into_iter().enumerate() {
                let taken: Vec<f64> =
                    drawn.iter().map(|places| values[places[lane] as usize]).collect();
                let want = Sorted::new(&taken).quantile(p).expect("a value");
                assert_eq!(found, want, "{p} of {values:?}");
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
                    assert_counted::<Rows>(&values, p);
                }
            }
        }
    }
}
