//! The seeded bootstrap of the ratio of two medians, or of other quantiles, or of several.

use super::replicates::{Join, Pairing, Resampling, Samples, Statistic, make};
use super::sorted::Sorted;

/// Largest sample that is resampled the most often.
const OFTEN: usize = 1_000;

/// Replicates of samples up to that size, of larger ones, which are dear to resample and whose
/// intervals depend little on the number, and of a second look at those. At 95 %, (B + 1)·α/2 is a
/// whole number for each.
const REPLICATES: [usize; 3] = [9_999, 999, 199];

/// Smallest sample whose ratio has an interval.
const MIN_N: usize = 6;

/// Slack for a product such as 10 000 · 0.025, which a float misses by its last bit.
pub(super) const WHOLE: f64 = 1e-9;

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
    /// A value is below 0, where a ratio says nothing: of two losses the smaller one would win.
    Negative,
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
            Self::Negative => "negative",
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
    interval(&[(x.to_vec(), y.to_vec())], quantile, pairing, how, Statistic::Ratio)
}

/// What `join` makes of the quantiles of several pairs of samples, with its percentile bootstrap
/// interval and the p-value that inverts it. One replicate resamples every pair in turn; paired by
/// block, all of them by the same indices if they are equally long, since a block holds a value of
/// each.
///
/// # Panics
///
/// If samples paired by block differ in length.
#[must_use]
pub fn joined(
    members: &[Samples],
    quantile: Quantile,
    pairing: Pairing,
    how: &Resampling,
    join: &Join<'_>,
) -> (Ratio, Option<f64>) {
    interval(members, quantile, pairing, how, Statistic::Joined(join))
}

fn interval(
    members: &[Samples],
    quantile: Quantile,
    pairing: Pairing,
    how: &Resampling,
    statistic: Statistic<'_>,
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
    let is_negative = |sample: &Sorted| sample.min().is_some_and(|least| least < 0.0);
    if sorted.iter().any(|(x, y)| is_negative(x) || is_negative(y)) {
        return none(RatioStatus::Negative);
    }
    if points.iter().any(|(_, bottom)| *bottom == 0.0) {
        return none(RatioStatus::ZeroDenominator);
    }
    if points.iter().any(|(top, bottom)| top.is_infinite() || bottom.is_infinite()) {
        return none(RatioStatus::CensoredMedian);
    }
    let estimate = Some(statistic.of(&points));
    if least < quantile.interval_n {
        return (Ratio { status: RatioStatus::NTooSmall, estimate, interval: None }, None);
    }
    let constant = |sample: &Sorted| sample.min() == sample.max();
    if sorted.iter().all(|(x, y)| constant(x) && constant(y)) {
        let interval = estimate.map(|ratio| (ratio, ratio));
        let p = if estimate == Some(1.0) { 1.0 } else { 2.0 / (how.replicates + 1) as f64 };
        return (Ratio { status: RatioStatus::Degenerate, estimate, interval }, Some(p));
    }
    let mut replicates = make(members, quantile.p, pairing, how, statistic);
    if count(&replicates, f64::is_nan) > 0 {
        let status = RatioStatus::UndefinedReplicates;
        return (Ratio { status, estimate, interval: None }, None);
    }
    let at_most = count(&replicates, |ratio| ratio <= 1.0);
    let at_least = count(&replicates, |ratio| ratio >= 1.0);
    let fewer = at_most.min(at_least);
    let p = (2.0 * (fewer + 1) as f64 / (replicates.len() + 1) as f64).min(1.0);
    let (lo, hi) = percentiles(&mut replicates, how.conf);
    let unbounded = hi.is_infinite() || lo == 0.0;
    let status = if unbounded { RatioStatus::Unbounded } else { RatioStatus::Ok };
    (Ratio { status, estimate, interval: Some((lo, hi)) }, Some(p))
}

/// How many there are, without a look at each for an overflow.
fn count(values: &[f64], is_one: impl Fn(f64) -> bool) -> usize {
    values.iter().fold(0, |sum, &value| sum.wrapping_add(usize::from(is_one(value))))
}

/// r₍k₎ and r₍B+1−k₎ with k = (B + 1)·α/2, at least 1.
fn percentiles(replicates: &mut [f64], conf: f64) -> (f64, f64) {
    let count = replicates.len();
    let k = (((count + 1) as f64 * (1.0 - conf) / 2.0 + WHOLE) as usize).max(1);
    let (_, &mut lo, _) = replicates.select_nth_unstable_by(k - 1, f64::total_cmp);
    let (_, &mut hi, _) = replicates.select_nth_unstable_by(count - k, f64::total_cmp);
    (lo, hi)
}
