//! The replicates of a bootstrap, drawn in lanes. The order of draws is part of the definition: the
//! same seed gives the same replicates on every machine.

use super::lanes::{CHUNK, Draw, LANES, Lanes, vectorized};
use super::resample::{Columns, Counted, Resampled, SMALL};

/// Largest sample whose draws are counted in 16 bits.
const MIDDLING: usize = 65_535;

/// What is resampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// Whole blocks: the i-th values of both samples belong together.
    Block,
    /// Either sample by itself.
    Independent,
}

impl Pairing {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Independent => "independent",
        }
    }
}

/// How a bootstrap is run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resampling {
    /// Number of replicates.
    pub replicates: usize,
    /// Seed of the generator.
    pub seed: u64,
    /// Coverage.
    pub conf: f64,
}

/// Two samples.
pub type Samples = (Vec<f64>, Vec<f64>);

/// One number of a quantile of each sample of several pairs.
pub type Join<'a> = dyn Fn(&[(f64, f64)]) -> f64 + 'a;

/// What is made of the quantiles of pairs of samples.
#[derive(Clone, Copy)]
pub(super) enum Statistic<'a> {
    /// The ratio of the only pair.
    Ratio,
    /// One number of several.
    Joined(&'a Join<'a>),
}

impl Statistic<'_> {
    /// That of these quantiles.
    pub(super) fn of(self, points: &[(f64, f64)]) -> f64 {
        match self {
            Self::Ratio => divide(points[0].0, points[0].1),
            Self::Joined(join) => join(points),
        }
    }
}

/// `top / bottom`: NaN where both are censored and nothing is known of their ratio, `+∞` over 0.
#[must_use]
#[inline(always)]
pub fn divide(top: f64, bottom: f64) -> f64 {
    if bottom == 0.0 { f64::INFINITY } else { top / bottom }
}

/// The statistic of the quantiles at `p` in each replicate; in no order.
///
/// # Panics
///
/// If samples paired by block differ in length.
pub(super) fn make(
    members: &[Samples],
    p: f64,
    pairing: Pairing,
    how: &Resampling,
    statistic: Statistic<'_>,
) -> Vec<f64> {
    let largest = members.iter().map(|(x, y)| x.len().max(y.len())).max().unwrap_or(0);
    let make = match largest {
        0..=SMALL => resampled::<Columns>,
        _ if largest <= MIDDLING => resampled::<Counted<u16>>,
        _ => resampled::<Counted<u32>>,
    };
    make(members, p, pairing, how, statistic)
}

fn resampled<R: Resampled>(
    members: &[Samples],
    p: f64,
    pairing: Pairing,
    how: &Resampling,
    statistic: Statistic<'_>,
) -> Vec<f64> {
    let samples: Vec<R> = members.iter().flat_map(|(x, y)| [R::new(x, p), R::new(y, p)]).collect();
    let n = members[0].0.len();
    let is_shared = members.iter().all(|(x, _)| x.len() == n);
    let together = match pairing {
        Pairing::Block if is_shared => samples.len(),
        Pairing::Block => 2,
        Pairing::Independent => 1,
    };
    let groups = samples.chunks(together);
    let is_even = |group: &[R]| group.iter().all(|sample| sample.len() == group[0].len());
    assert!(groups.clone().all(is_even), "blocks have a value in either sample");
    let draws = groups.map(|group| group[0].len()).sum();
    in_stretches(how, draws, |lanes, steps| {
        vectorized(Replicates { samples, together, lanes, steps, statistic })
    })
}

/// Every replicate, in no order: each lane draws a stretch of them. One replicate takes `draws`
/// draws, and `take` makes so many of each lane.
pub(super) fn in_stretches(
    how: &Resampling,
    draws: usize,
    take: impl FnOnce(Lanes, usize) -> Vec<[f64; LANES]>,
) -> Vec<f64> {
    let each = how.replicates.div_ceil(LANES);
    let mut found = take(Lanes::new(how.seed, (each * draws) as u64), each).into_flattened();
    // The last lanes went further than the last replicate.
    let surplus = how.replicates..each * LANES;
    let mut places: Vec<usize> = surplus.map(|at| at % each * LANES + at / each).collect();
    places.sort_unstable();
    for place in places.into_iter().rev() {
        found.swap_remove(place);
    }
    found
}

struct Replicates<'a, R> {
    /// Both samples of each pair, one pair after the other.
    samples: Vec<R>,
    /// So many that follow one another are drawn by the same indices.
    together: usize,
    lanes: Lanes,
    steps: usize,
    statistic: Statistic<'a>,
}

impl<R: Resampled> Replicates<'_, R> {
    /// Makes the next resamples of every sample in each lane. Where several are made together, a
    /// sample fits its chunk.
    #[inline(always)]
    fn count(&mut self, chunks: &mut [[R::Draw; CHUNK]]) {
        for step in 0..R::Draw::STEPS {
            for (group, chunk) in self.samples.chunks_mut(self.together).zip(&mut *chunks) {
                let mut left = group[0].len();
                let bound = left as u32;
                while left > 0 {
                    let drawn = &mut chunk[..left.min(CHUNK)];
                    self.lanes.fill(drawn, step, bound);
                    if step + 1 == R::Draw::STEPS {
                        for sample in &mut *group {
                            sample.count(drawn);
                        }
                    }
                    left -= drawn.len();
                }
            }
        }
    }

    /// The statistic of what the samples gave in one step.
    #[inline(always)]
    fn statistic(&self, taken: &[Vec<[f64; LANES]>], step: usize) -> [f64; LANES] {
        let mut of_lanes = [0.0; LANES];
        match self.statistic {
            Statistic::Ratio => {
                let (top, bottom) = (taken[0][step], taken[1][step]);
                for lane in 0..LANES {
                    of_lanes[lane] = divide(top[lane], bottom[lane]);
                }
            }
            Statistic::Joined(join) => {
                let mut points = vec![(0.0, 0.0); taken.len() / 2];
                for (lane, one) in of_lanes.iter_mut().enumerate() {
                    for (point, pair) in points.iter_mut().zip(taken.chunks_exact(2)) {
                        *point = (pair[0][step][lane], pair[1][step][lane]);
                    }
                    *one = join(&points);
                }
            }
        }
        of_lanes
    }
}

impl<R: Resampled> pulp::NullaryFnOnce for Replicates<'_, R> {
    type Output = Vec<[f64; LANES]>;

    #[inline(always)]
    fn call(mut self) -> Self::Output {
        let mut found = Vec::with_capacity(self.steps.next_multiple_of(R::Draw::STEPS));
        let groups = self.samples.len() / self.together;
        let mut chunks = vec![[R::Draw::NONE; CHUNK]; groups];
        let mut taken = vec![vec![[0.0; LANES]; R::Draw::STEPS]; self.samples.len()];
        while found.len() < self.steps {
            self.count(&mut chunks);
            for (taken, sample) in taken.iter_mut().zip(&mut self.samples) {
                sample.take(taken);
            }
            for step in 0..R::Draw::STEPS {
                found.push(self.statistic(&taken, step));
            }
        }
        found.truncate(self.steps);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Generator, Sorted};

    /// The definition: one replicate after the other from one stream.
    fn defined((x, y): &Samples, pairing: Pairing, how: &Resampling) -> Vec<f64> {
        let mut generator = Generator::new(how.seed);
        let mut indices = |n: usize| -> Vec<usize> {
            let index = |_| usize::try_from(generator.below(n as u64)).expect("an index");
            (0..n).map(index).collect()
        };
        let median = |values: &[f64], at: &[usize]| {
            let drawn: Vec<f64> = at.iter().map(|&at| values[at]).collect();
            Sorted::new(&drawn).median().expect("values")
        };
        let one = |_| {
            let of_x = indices(x.len());
            let of_y = if pairing == Pairing::Block { of_x.clone() } else { indices(y.len()) };
            divide(median(x, &of_x), median(y, &of_y))
        };
        (0..how.replicates).map(one).collect()
    }

    #[test]
    fn any_number_of_replicates_is_that_of_the_definition() {
        let mut source = Generator::new(2);
        let mut sample =
            |n: usize| -> Vec<f64> { (0..n).map(|_| source.below(90) as f64).collect() };
        for (n1, n2) in [(6, 6), (31, 32), (32, 33), (70, 70), (300, 6)] {
            let pair = (sample(n1), sample(n2));
            for replicates in [1, 7, 8, 9, 15, 19, 64, 65, 199] {
                let how = Resampling { replicates, seed: 11, conf: 0.95 };
                let mut pairings = vec![Pairing::Independent];
                pairings.extend((n1 == n2).then_some(Pairing::Block));
                for pairing in pairings {
                    let mut want = defined(&pair, pairing, &how);
                    let members = std::slice::from_ref(&pair);
                    let mut found = make(members, 0.5, pairing, &how, Statistic::Ratio);
                    want.sort_by(f64::total_cmp);
                    found.sort_by(f64::total_cmp);
                    assert_eq!(found, want, "{n1} and {n2}, {replicates}, {pairing:?}");
                }
            }
        }
    }
}
