//! Medians of resamples by counting ranks: values are sorted once, never again. Both ways give
//! the same medians from the same draws.

use super::generator::Generator;
use super::sorted::midpoint;

/// Counts that are summed at once on the way to a median.
pub(super) const STRIDE: usize = 16;

/// Largest sample whose cumulative counts fit one row of bytes.
pub(super) const LANES: usize = 32;

/// A sample that is resampled many times.
pub(super) trait Resampled {
    /// The median of as many values as there are, drawn with replacement.
    fn draw(&mut self, generator: &mut Generator) -> f64;

    /// The same for two samples of one size, with one draw for both at a time.
    fn draw_both(&mut self, other: &mut Self, generator: &mut Generator) -> (f64, f64);
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

/// A sample of any size: how often each rank was drawn.
pub(super) struct Counted {
    sorted: Vec<f64>,
    /// Position in `sorted` of each value of the sample.
    ranks: Vec<u32>,
    /// How often each position was drawn.
    counts: Vec<u32>,
}

impl Counted {
    pub(super) fn new(values: &[f64]) -> Self {
        let (sorted, ranks) = ranked(values);
        Self { sorted, ranks, counts: vec![0; values.len()] }
    }

    fn count(&mut self, at: usize) {
        let count = &mut self.counts[self.ranks[at] as usize];
        // A position is drawn at most as often as there are draws, which fit.
        *count = count.wrapping_add(1);
    }

    /// The median of what was drawn; forgets it.
    fn median(&mut self) -> f64 {
        let n = self.sorted.len();
        let (low, high) = ((n - 1) / 2, n / 2);
        let (at, mut seen) = self.position(low);
        let mut above = at;
        seen = seen.wrapping_add(self.counts[at]);
        while seen as usize <= high {
            above += 1;
            seen = seen.wrapping_add(self.counts[above]);
        }
        self.counts.fill(0);
        midpoint(self.sorted[at], self.sorted[above])
    }

    /// The position in which the `nth` value drawn, from 0, lies, and how many lie before it.
    fn position(&self, nth: usize) -> (usize, u32) {
        let (mut at, mut seen) = (0, 0_u32);
        for stride in self.counts.chunks(STRIDE) {
            let here = stride.iter().fold(0_u32, |sum, count| sum.wrapping_add(*count));
            if seen.wrapping_add(here) as usize > nth {
                break;
            }
            (at, seen) = (at + STRIDE, seen.wrapping_add(here));
        }
        while seen.wrapping_add(self.counts[at]) as usize <= nth {
            seen = seen.wrapping_add(self.counts[at]);
            at += 1;
        }
        (at, seen)
    }
}

impl Resampled for Counted {
    fn draw(&mut self, generator: &mut Generator) -> f64 {
        let n = self.ranks.len() as u64;
        for _ in 0..n {
            self.count(generator.below(n) as usize);
        }
        self.median()
    }

    fn draw_both(&mut self, other: &mut Self, generator: &mut Generator) -> (f64, f64) {
        let n = self.ranks.len() as u64;
        for _ in 0..n {
            let at = generator.below(n) as usize;
            self.count(at);
            other.count(at);
        }
        (self.median(), other.median())
    }
}

/// How many values up to each position were drawn.
type Row = [u8; LANES];

/// A sample of at most 32 values: a draw adds one row of ones, which begins at its rank, to the
/// cumulative counts of all positions. They stay in vector registers.
pub(super) struct Rows {
    n: usize,
    sorted: [f64; LANES],
    /// By value of the sample.
    rows: [Row; LANES],
}

impl Rows {
    pub(super) fn new(values: &[f64]) -> Self {
        let (ascending, ranks) = ranked(values);
        let (mut sorted, mut rows) = ([0.0; LANES], [[0; LANES]; LANES]);
        sorted[..ascending.len()].copy_from_slice(&ascending);
        for (row, &rank) in rows.iter_mut().zip(&ranks) {
            row[rank as usize..].fill(1);
        }
        Self { n: values.len(), sorted, rows }
    }

    fn row(&self, at: u64) -> &Row {
        &self.rows[at as usize % LANES]
    }

    fn median(&self, cumulative: &Row) -> f64 {
        let position = |nth: usize| {
            let before = |&count: &u8| u8::from(usize::from(count) <= nth);
            usize::from(cumulative.iter().map(before).fold(0_u8, u8::wrapping_add))
        };
        let [low, high] = [(self.n - 1) / 2, self.n / 2].map(position);
        midpoint(self.sorted[low % LANES], self.sorted[high % LANES])
    }
}

fn add(cumulative: &mut Row, row: &Row) {
    for (count, one) in cumulative.iter_mut().zip(row) {
        *count = count.wrapping_add(*one);
    }
}

impl Resampled for Rows {
    fn draw(&mut self, generator: &mut Generator) -> f64 {
        let mut cumulative = [0; LANES];
        for _ in 0..self.n {
            add(&mut cumulative, self.row(generator.below(self.n as u64)));
        }
        self.median(&cumulative)
    }

    fn draw_both(&mut self, other: &mut Self, generator: &mut Generator) -> (f64, f64) {
        let (mut own, mut its) = ([0; LANES], [0; LANES]);
        for _ in 0..self.n {
            let at = generator.below(self.n as u64);
            add(&mut own, self.row(at));
            add(&mut its, other.row(at));
        }
        (self.median(&own), other.median(&its))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Sorted;

    /// The definition: draw the values, sort them, take the middle.
    fn defined(values: &[f64], generator: &mut Generator) -> f64 {
        let n = values.len() as u64;
        let drawn: Vec<f64> = values.iter().map(|_| values[generator.below(n) as usize]).collect();
        Sorted::new(&drawn).median().expect("a value")
    }

    #[test]
    fn counting_gives_the_medians_of_sorted_draws() {
        for n in 1..=LANES {
            let mut source = Generator::new(n as u64);
            let values: Vec<f64> = (0..n).map(|_| source.below(20) as f64).collect();
            let (mut counted, mut rows) = (Counted::new(&values), Rows::new(&values));
            let [mut a, mut b, mut c] = [Generator::new(9), Generator::new(9), Generator::new(9)];
            for _ in 0..50 {
                let want = defined(&values, &mut a);
                assert_eq!((counted.draw(&mut b), rows.draw(&mut c)), (want, want), "{n}");
            }
        }
    }

    #[test]
    fn blocks_are_drawn_together_either_way() {
        for n in [6, 10, 31, LANES] {
            let mut source = Generator::new(n as u64);
            let mut sample = || (0..n).map(|_| source.below(50) as f64).collect::<Vec<f64>>();
            let (x, y) = (sample(), sample());
            let (mut a, mut b) = (Generator::new(3), Generator::new(3));
            let [mut x1, mut y1] = [Counted::new(&x), Counted::new(&y)];
            let [mut x2, mut y2] = [Rows::new(&x), Rows::new(&y)];
            for _ in 0..50 {
                assert_eq!(x1.draw_both(&mut y1, &mut a), x2.draw_both(&mut y2, &mut b), "{n}");
            }
        }
    }
}
