//! Seeded bootstraps: the ratio of two medians and the mean of one sample.
//!
//! The order of draws is part of the definition: the same seed gives the same interval on every
//! machine.

use super::lanes::{CHUNK, LANES, Lanes, vectorized};
use super::moments::{Accumulator, Compensated, mean, shifted_mean, sum};
use super::normal;
use super::resample::{Counted, Resampled, Rows, SMALL};
use super::sorted::Sorted;

/// Largest sample that is resampled the most often.
const OFTEN: usize = 1_000;

/// Replicates of samples up to that size, of larger ones, which are dear to resample and whose
/// intervals depend little on the number, and of a second look at those. At 95 %, (B + 1)·α/2 is a
/// whole number for each.
const REPLICATES: [usize; 3] = [9_999, 999, 199];

/// Smallest sample whose ratio has an interval.
const MIN_N: usize = 6;

/// Largest sample whose draws are counted in 16 bits.
const MIDDLING: usize = 65_535;

/// Whole numbers up to this are floats: 2⁵³.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Slack for a product such as 10 000 · 0.025, which a float misses by its last bit.
const WHOLE: f64 = 1e-9;

/// How many replicates samples of these sizes get.
#[must_use]
pub fn replicates(n1: usize, n2: usize) -> usize {
    REPLICATES[usize::from(n1.max(n2) > OFTEN)]
}

/// How many they get for a second look, where a verdict is asked for and not an interval.
#[must_use]
pub fn fewer_replicates(n1: usize, n2: usize) -> usize {
    REPLICATES[usize::from(n1.max(n2) > OFTEN) + 1]
}

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

/// Whether a ratio has an interval, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RatioStatus {
    /// Both ends are values.
    Ok,
    /// A ratio; too few values for an interval.
    NTooSmall,
    /// Neither sample varies: the interval is the ratio.
    Degenerate,
    /// An end is 0 or infinite.
    Unbounded,
    /// The denominator is 0.
    ZeroDenominator,
    /// A median is censored.
    CensoredMedian,
    /// A replicate has two censored medians.
    UndefinedReplicates,
    /// A sample has no value.
    Empty,
}

impl RatioStatus {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NTooSmall => "n_too_small",
            Self::Degenerate => "degenerate",
            Self::Unbounded => "unbounded",
            Self::ZeroDenominator => "zero_denominator",
            Self::CensoredMedian => "censored_median",
            Self::UndefinedReplicates => "undefined_replicates",
            Self::Empty => "empty",
        }
    }
}

/// A ratio of medians with its percentile interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// Whether there is an interval.
    pub status: RatioStatus,
    /// median(x) / median(y).
    pub estimate: Option<f64>,
    /// Both ends; the upper one may be `+∞`.
    pub interval: Option<(f64, f64)>,
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

/// A quantile, and from how many values on it is spoken of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    /// In (0, 1).
    pub p: f64,
    /// Fewest values that have it.
    pub point_n: usize,
    /// Fewest values in either sample of a ratio that has an interval.
    pub interval_n: usize,
}

impl Quantile {
    /// The median.
    pub const MEDIAN: Self = Self { p: 0.5, point_n: 1, interval_n: MIN_N };
}

/// median(x) / median(y) and its percentile bootstrap interval.
///
/// One replicate draws `x.len()` indices, then, for independent samples, `y.len()` more.
///
/// # Panics
///
/// If samples paired by block differ in length.
#[must_use]
pub fn ratio_of_medians(x: &[f64], y: &[f64], pairing: Pairing, how: &Resampling) -> Ratio {
    ratio_of_quantiles(x, y, Quantile::MEDIAN, pairing, how).0
}

/// The ratio of the same quantile of two samples, with its percentile bootstrap interval and the
/// two-sided p-value that inverts it, (1 + the smaller count of replicates on one side of 1) ·
/// 2/(B + 1).
///
/// # Panics
///
/// If samples paired by block differ in length.
#[must_use]
pub fn ratio_of_quantiles(
    x: &[f64],
    y: &[f64],
    quantile: Quantile,
    pairing: Pairing,
    how: &Resampling,
) -> (Ratio, Option<f64>) {
    let members = [(x.to_vec(), y.to_vec())];
    combined(&members, quantile, pairing, how, &|pairs| divide(pairs[0].0, pairs[0].1))
}

/// Two samples.
pub type Samples = (Vec<f64>, Vec<f64>);

/// One number of a statistic of each of several pairs.
pub type Combine<'a> = dyn Fn(&[(f64, f64)]) -> f64 + 'a;

/// What `combine` makes of the quantiles of several pairs of samples, with its percentile bootstrap
/// interval and the p-value that inverts it. One replicate resamples every pair in turn; paired by
/// block, all of them by the same indices if they are equally long, since a block holds a value of
/// each.
///
/// # Panics
///
/// If samples paired by block differ in length.
#[must_use]
pub fn combined(
    members: &[Samples],
    quantile: Quantile,
    pairing: Pairing,
    how: &Resampling,
    combine: &Combine<'_>,
) -> (Ratio, Option<f64>) {
    let none = |status| (Ratio { status, estimate: None, interval: None }, None);
    let sorted: Vec<(Sorted, Sorted)> =
        members.iter().map(|(x, y)| (Sorted::new(x), Sorted::new(y))).collect();
    let point = |sample: &Sorted| sample.quantile(quantile.p);
    let points: Option<Vec<(f64, f64)>> =
        sorted.iter().map(|(x, y)| Some((point(x)?, point(y)?))).collect();
    let Some(points) = points.filter(|points| !points.is_empty()) else {
        return none(RatioStatus::Empty);
    };
    let least = members.iter().map(|(x, y)| x.len().min(y.len())).min().unwrap_or(0);
    if least < quantile.point_n {
        return none(RatioStatus::NTooSmall);
    }
    if points.iter().any(|(_, bottom)| *bottom == 0.0) {
        return none(RatioStatus::ZeroDenominator);
    }
    if points.iter().any(|(top, bottom)| top.is_infinite() || bottom.is_infinite()) {
        return none(RatioStatus::CensoredMedian);
    }
    let estimate = Some(combine(&points));
    if least < quantile.interval_n {
        return (Ratio { status: RatioStatus::NTooSmall, estimate, interval: None }, None);
    }
    let constant = |sample: &Sorted| sample.min() == sample.max();
    if sorted.iter().all(|(x, y)| constant(x) && constant(y)) {
        let interval = estimate.map(|ratio| (ratio, ratio));
        let p = if estimate == Some(1.0) { 1.0 } else { 2.0 / (how.replicates + 1) as f64 };
        return (Ratio { status: RatioStatus::Degenerate, estimate, interval }, Some(p));
    }
    let largest = members.iter().map(|(x, y)| x.len().max(y.len())).max().unwrap_or(0);
    let replicate = match largest {
        0..=SMALL => replicate::<Rows>,
        _ if largest <= MIDDLING => replicate::<Counted<u16>>,
        _ => replicate::<Counted<u32>>,
    };
    let mut replicates = replicate(members, quantile.p, pairing, how, combine);
    if replicates.iter().any(|ratio| ratio.is_nan()) {
        let status = RatioStatus::UndefinedReplicates;
        return (Ratio { status, estimate, interval: None }, None);
    }
    let side = |is_there: &dyn Fn(f64) -> bool| replicates.iter().filter(|r| is_there(**r)).count();
    let fewer = side(&|ratio| ratio <= 1.0).min(side(&|ratio| ratio >= 1.0));
    let p = (2.0 * (fewer + 1) as f64 / (replicates.len() + 1) as f64).min(1.0);
    let (lo, hi) = percentiles(&mut replicates, how.conf);
    let unbounded = hi.is_infinite() || lo == 0.0;
    let status = if unbounded { RatioStatus::Unbounded } else { RatioStatus::Ok };
    (Ratio { status, estimate, interval: Some((lo, hi)) }, Some(p))
}

fn replicate<R: Resampled>(
    members: &[Samples],
    p: f64,
    pairing: Pairing,
    how: &Resampling,
    combine: &Combine<'_>,
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
        vectorized(Replicates { samples, together, lanes, steps, combine })
    })
}

/// Every replicate, in their order: each lane draws a stretch of them. One replicate takes `draws`
/// draws, and `take` makes so many of each lane.
fn in_stretches(
    how: &Resampling,
    draws: usize,
    take: impl FnOnce(Lanes, usize) -> Vec<[f64; LANES]>,
) -> Vec<f64> {
    let each = how.replicates.div_ceil(LANES);
    let found = take(Lanes::new(how.seed, (each * draws) as u64), each);
    let ordered = (0..LANES).flat_map(|lane| found.iter().map(move |step| step[lane]));
    ordered.take(how.replicates).collect()
}

struct Replicates<'a, R> {
    /// Both samples of each pair, one pair after the other.
    samples: Vec<R>,
    /// So many that follow one another are drawn by the same indices.
    together: usize,
    lanes: Lanes,
    steps: usize,
    combine: &'a Combine<'a>,
}

impl<R: Resampled> Replicates<'_, R> {
    /// Makes one resample of every sample in each lane.
    #[inline(always)]
    fn count(&mut self) {
        let mut chunk = [[0; LANES]; CHUNK];
        for group in self.samples.chunks_mut(self.together) {
            let mut left = group[0].len();
            let bound = left as u32;
            while left > 0 {
                let drawn = &mut chunk[..left.min(CHUNK)];
                self.lanes.fill(drawn, bound);
                for sample in &mut *group {
                    sample.count(drawn);
                }
                left -= drawn.len();
            }
        }
    }
}

impl<R: Resampled> pulp::NullaryFnOnce for Replicates<'_, R> {
    type Output = Vec<[f64; LANES]>;

    #[inline(always)]
    fn call(mut self) -> Self::Output {
        let mut found = Vec::with_capacity(self.steps);
        let mut taken = vec![[0.0; LANES]; self.samples.len()];
        let mut points = vec![(0.0, 0.0); self.samples.len() / 2];
        for _ in 0..self.steps {
            self.count();
            for (taken, sample) in taken.iter_mut().zip(&mut self.samples) {
                *taken = sample.taken();
            }
            let mut of_lanes = [0.0; LANES];
            for (lane, one) in of_lanes.iter_mut().enumerate() {
                for (point, pair) in points.iter_mut().zip(taken.chunks_exact(2)) {
                    *point = (pair[0][lane], pair[1][lane]);
                }
                *one = (self.combine)(&points);
            }
            found.push(of_lanes);
        }
        found
    }
}

/// `top / bottom`: NaN where both are censored and nothing is known of their ratio, `+∞` over 0.
#[must_use]
pub fn divide(top: f64, bottom: f64) -> f64 {
    match (top.is_infinite() && bottom.is_infinite(), bottom == 0.0) {
        (true, _) => f64::NAN,
        (_, true) => f64::INFINITY,
        _ => top / bottom,
    }
}

/// r₍k₎ and r₍B+1−k₎ with k = (B + 1)·α/2, at least 1.
fn percentiles(replicates: &mut [f64], conf: f64) -> (f64, f64) {
    let count = replicates.len();
    let k = (((count + 1) as f64 * (1.0 - conf) / 2.0 + WHOLE) as usize).max(1);
    let (_, &mut lo, _) = replicates.select_nth_unstable_by(k - 1, f64::total_cmp);
    let (_, &mut hi, _) = replicates.select_nth_unstable_by(count - k, f64::total_cmp);
    (lo, hi)
}

/// The interval of a mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanInterval {
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
    /// Bias correction and acceleration; `None` if all values are equal.
    pub correction: Option<(f64, f64)>,
}

/// The BCa bootstrap interval of the mean (Efron 1987); `None` for fewer than two values or with
/// censored ones. Approximate: for small samples its coverage is below the nominal one.
#[must_use]
pub fn bca_mean(values: &[f64], how: &Resampling) -> Option<MeanInterval> {
    let n = values.len();
    let estimate = mean(values).filter(|_| n > 1)?;
    let (shift, centre) = shifted_mean(values)?;
    // On shifted data, so that integer nanoseconds stay exact; the shift is added at the end.
    let values: Vec<f64> = values.iter().map(|x| x - shift).collect();
    let range = values.iter().copied().max_by(f64::total_cmp)?;
    if range == 0.0 {
        return Some(MeanInterval { lo: estimate, hi: estimate, correction: None });
    }
    // Sums of whole numbers below 2⁵³ lose nothing, whether compensated or not.
    let is_exact = values.iter().all(|x| x.fract() == 0.0) && range * (n as f64) < EXACT;
    let mut replicates = in_stretches(how, n, |lanes, steps| {
        vectorized(Means { values: &values, is_exact, lanes, steps })
    });
    replicates.sort_unstable_by(f64::total_cmp);
    // The tolerance keeps the order of summation from deciding what is equal.
    let tolerance = 1e-12 * range;
    let count = replicates.len() as f64;
    let below = replicates.iter().filter(|r| **r < centre - tolerance).count() as f64;
    let equal = replicates.iter().filter(|r| (**r - centre).abs() <= tolerance).count() as f64;
    let bias =
        normal::quantile(((below + equal / 2.0) / count).clamp(0.5 / count, 1.0 - 0.5 / count));
    let acceleration = acceleration(&values);
    let end = |p: f64| {
        let z = bias + normal::quantile(p);
        let level = normal::cdf(bias + z / (1.0 - acceleration * z));
        let k = ((count + 1.0) * level + WHOLE).floor().clamp(1.0, count);
        shift + replicates[k as usize - 1]
    };
    let tail = (1.0 - how.conf) / 2.0;
    let correction = Some((bias, acceleration));
    Some(MeanInterval { lo: end(tail), hi: end(1.0 - tail), correction })
}

struct Means<'a> {
    values: &'a [f64],
    is_exact: bool,
    lanes: Lanes,
    steps: usize,
}

impl Means<'_> {
    /// The sum of one resample in each lane.
    #[inline(always)]
    fn totals<S: Accumulator>(&mut self) -> [f64; LANES] {
        let mut chunk = [[0; LANES]; CHUNK];
        let mut sums = [S::default(); LANES];
        let mut left = self.values.len();
        let bound = left as u32;
        while left > 0 {
            let drawn = &mut chunk[..left.min(CHUNK)];
            self.lanes.fill(drawn, bound);
            // A copy stays in registers.
            let mut here = sums;
            for places in &*drawn {
                for lane in 0..LANES {
                    here[lane].add(self.values[places[lane] as usize]);
                }
            }
            sums = here;
            left -= drawn.len();
        }
        sums.map(S::total)
    }
}

impl pulp::NullaryFnOnce for Means<'_> {
    type Output = Vec<[f64; LANES]>;

    #[inline(always)]
    fn call(mut self) -> Self::Output {
        let n = self.values.len() as f64;
        let mut means = Vec::with_capacity(self.steps);
        for _ in 0..self.steps {
            let mut totals = match self.is_exact {
                true => self.totals::<f64>(),
                false => self.totals::<Compensated>(),
            };
            for total in &mut totals {
                *total /= n;
            }
            means.push(totals);
        }
        means
    }
}

/// The acceleration from the means that leave one value out.
fn acceleration(values: &[f64]) -> f64 {
    let total = sum(values.iter().copied());
    let others = (values.len() - 1) as f64;
    let means: Vec<f64> = values.iter().map(|x| (total - x) / others).collect();
    let centre = sum(means.iter().copied()) / values.len() as f64;
    let squares = sum(means.iter().map(|m| (centre - m) * (centre - m)));
    let cubes = sum(means.iter().map(|m| (centre - m) * (centre - m) * (centre - m)));
    cubes / (6.0 * squares * squares.sqrt())
}
