//! Seeded bootstraps: the ratio of two medians and the mean of one sample.
//!
//! The order of draws is part of the definition: the same seed gives the same interval on every
//! machine.

use super::generator::Generator;
use super::moments::{mean, shifted_mean, sum};
use super::normal;
use super::resample::{Counted, LANES, Resampled, Rows, STRIDE};
use super::sorted::Sorted;

/// Replicates by the size of the larger sample: up to so many values, so many. Large samples are
/// dear to resample, and their intervals depend little on the number of replicates. At 95 %,
/// (B + 1)·α/2 is a whole number for each.
const REPLICATES: [(usize, usize); 3] = [(1_000, 9_999), (100_000, 999), (usize::MAX, 199)];

/// Smallest sample whose ratio has an interval.
const MIN_N: usize = 6;

/// Whole numbers up to this are floats: 2⁵³.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Slack for a product such as 10 000 · 0.025, which a float misses by its last bit.
const WHOLE: f64 = 1e-9;

/// How many replicates samples of these sizes get.
#[must_use]
pub fn replicates(n1: usize, n2: usize) -> usize {
    let size = n1.max(n2);
    let tier = REPLICATES.iter().find(|(most, _)| size <= *most);
    tier.map_or(REPLICATES[2].1, |(_, replicates)| *replicates)
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
    let ratio = |pairs: &[(f64, f64)]| divide(pairs[0].0, pairs[0].1);
    if quantile == Quantile::MEDIAN {
        // The usual case has a way of its own, which draws the same numbers in the same order.
        return judged(&members, quantile, how, &ratio, &|| medians(x, y, pairing, how));
    }
    combined(&members, quantile, pairing, how, &ratio)
}

/// Every replicate of the ratio of two medians.
fn medians(x: &[f64], y: &[f64], pairing: Pairing, how: &Resampling) -> Vec<f64> {
    if pairing == Pairing::Block {
        assert_eq!(x.len(), y.len(), "blocks have a value in either sample");
    }
    if x.len().max(y.len()) <= LANES {
        replicates_of(Rows::new(x), Rows::new(y), pairing, how)
    } else {
        replicates_of(Counted::new(x), Counted::new(y), pairing, how)
    }
}

fn replicates_of<R: Resampled>(mut x: R, mut y: R, pairing: Pairing, how: &Resampling) -> Vec<f64> {
    let mut generator = Generator::new(how.seed);
    let mut replicate = || {
        let (top, bottom) = match pairing {
            Pairing::Block => x.draw_both(&mut y, &mut generator),
            Pairing::Independent => (x.draw(&mut generator), y.draw(&mut generator)),
        };
        divide(top, bottom)
    };
    (0..how.replicates).map(|_| replicate()).collect()
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
    judged(members, quantile, how, combine, &|| {
        replicate(members, quantile.p, pairing, how, combine)
    })
}

/// The estimate, and what its replicates say of it, where there may be any.
fn judged(
    members: &[Samples],
    quantile: Quantile,
    how: &Resampling,
    combine: &Combine<'_>,
    replicates: &dyn Fn() -> Vec<f64>,
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
    let mut replicates = replicates();
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

fn replicate(
    members: &[Samples],
    p: f64,
    pairing: Pairing,
    how: &Resampling,
    combine: &Combine<'_>,
) -> Vec<f64> {
    let mut all: Vec<(Tally, Tally)> =
        members.iter().map(|(x, y)| (Tally::new(x, p), Tally::new(y, p))).collect();
    let mut generator = Generator::new(how.seed);
    let n = members[0].0.len();
    let is_shared = members.iter().all(|(x, _)| x.len() == n);
    let mut points = vec![(0.0, 0.0); members.len()];
    let mut once = || {
        match pairing {
            Pairing::Block if is_shared => {
                for _ in 0..n {
                    let at = generator.below(n as u64) as usize;
                    all.iter_mut().for_each(|pair| count_block(pair, at));
                }
                let taken = all.iter_mut().map(|(x, y)| (x.taken(), y.taken()));
                points.iter_mut().zip(taken).for_each(|(point, taken)| *point = taken);
            }
            Pairing::Block => {
                for (point, pair) in points.iter_mut().zip(&mut all) {
                    let n = pair.0.ranks.len() as u64;
                    (0..n).for_each(|_| count_block(pair, generator.below(n) as usize));
                    *point = (pair.0.taken(), pair.1.taken());
                }
            }
            Pairing::Independent => {
                for (point, (x, y)) in points.iter_mut().zip(&mut all) {
                    *point = (x.draw(&mut generator), y.draw(&mut generator));
                }
            }
        }
        combine(&points)
    };
    (0..how.replicates).map(|_| once()).collect()
}

fn count_block((x, y): &mut (Tally, Tally), at: usize) {
    assert_eq!(x.ranks.len(), y.ranks.len(), "blocks have a value in either sample");
    x.count(at);
    y.count(at);
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

/// A sample that is resampled by counting ranks: values are sorted once, never again.
struct Tally {
    sorted: Vec<f64>,
    /// Position in `sorted` of each value of the sample.
    ranks: Vec<u32>,
    /// How often each position was drawn.
    counts: Vec<u32>,
    /// The neighbours between which the quantile lies, and how far from the lower one: type 7.
    between: (usize, usize),
    fraction: f64,
}

impl Tally {
    fn new(values: &[f64], p: f64) -> Self {
        let mut order: Vec<u32> = (0..u32::try_from(values.len()).expect("a sample")).collect();
        order.sort_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
        let mut ranks = vec![0; values.len()];
        for (rank, &at) in (0_u32..).zip(&order) {
            ranks[at as usize] = rank;
        }
        let sorted = order.iter().map(|&at| values[at as usize]).collect();
        let last = values.len() - 1;
        let h = last as f64 * p;
        let floor = (h.floor() as usize).min(last);
        let between = if h > floor as f64 { (floor, floor + 1) } else { (floor, floor) };
        let fraction = h - floor as f64;
        Self { sorted, ranks, counts: vec![0; values.len()], between, fraction }
    }

    fn count(&mut self, at: usize) {
        let count = &mut self.counts[self.ranks[at] as usize];
        // A position is drawn at most as often as there are draws, which fit.
        *count = count.wrapping_add(1);
    }

    fn draw(&mut self, generator: &mut Generator) -> f64 {
        let n = self.ranks.len() as u64;
        for _ in 0..n {
            self.count(generator.below(n) as usize);
        }
        self.taken()
    }

    /// The quantile of what was drawn; forgets it.
    fn taken(&mut self) -> f64 {
        let (low, high) = self.between;
        let (at, mut seen) = self.position(low);
        let mut above = at;
        seen = seen.wrapping_add(self.counts[at]);
        while seen as usize <= high {
            above += 1;
            seen = seen.wrapping_add(self.counts[above]);
        }
        self.counts.fill(0);
        let (low, high) = (self.sorted[at], self.sorted[above]);
        // Equal neighbours must not be subtracted: ∞ − ∞ is no number.
        if low == high { low } else { low + self.fraction * (high - low) }
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
    let mut generator = Generator::new(how.seed);
    let mut draw = || values[generator.below(n as u64) as usize];
    // Sums of whole numbers below 2⁵³ lose nothing, whether compensated or not.
    let is_exact = values.iter().all(|x| x.fract() == 0.0) && range * (n as f64) < EXACT;
    let mut replicate = || match is_exact {
        true => (0..n).map(|_| draw()).sum::<f64>(),
        false => sum((0..n).map(|_| draw())),
    };
    let mut replicates: Vec<f64> = (0..how.replicates).map(|_| replicate() / n as f64).collect();
    replicates.sort_by(f64::total_cmp);
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
