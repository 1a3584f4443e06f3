//! Hodges and Lehmann's estimates: the shift between two samples and the ratio of paired ones,
//! with intervals from the ranks of all differences.
//!
//! The differences are never written down: each order statistic is found by bisection over the
//! bits of a float, with one count of a sorted matrix a step.

use super::normal;
use super::permutation::log_ratios;

/// Values of two samples together up to which the ranks of a shift's interval are exact.
const EXACT_SHIFT: usize = 400;

/// Pairs up to which the ranks of a paired interval are exact.
const EXACT_PAIRS: usize = 300;

/// Whole numbers below this have differences that are floats: 2⁵².
const LARGEST_WHOLE: f64 = 4_503_599_627_370_496.0;

/// Whether there is an estimate and an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShiftStatus {
    /// Both.
    Ok,
    /// An estimate; no pair of ranks reaches the level.
    NTooSmall,
    /// A censored value decides an end or the estimate, which is left out.
    Censored,
    /// There is no value.
    Empty,
    /// Logarithms do not exist.
    Undefined,
}

impl ShiftStatus {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NTooSmall => "n_too_small",
            Self::Censored => "censored",
            Self::Empty => "empty",
            Self::Undefined => "undefined",
        }
    }
}

/// An estimate with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// Whether there is one.
    pub status: ShiftStatus,
    /// The estimate.
    pub estimate: Option<f64>,
    /// Lower end.
    pub lo: Option<f64>,
    /// Upper end.
    pub hi: Option<f64>,
    /// The coverage of the interval where its assumption holds, at least the level asked for.
    pub achieved: Option<f64>,
}

impl Shift {
    fn none(status: ShiftStatus) -> Self {
        Self { status, estimate: None, lo: None, hi: None, achieved: None }
    }
}

/// The median of all differences y − x, in the samples' unit, and its interval.
///
/// A shift between samples of equal shape; where shapes differ, the median difference of a random
/// pair. Two samples with censored values each have undefined differences: no estimate.
#[must_use]
pub fn shift(x: &[f64], y: &[f64], conf: f64) -> Shift {
    if x.is_empty() || y.is_empty() {
        return Shift::none(ShiftStatus::Empty);
    }
    let censored = |values: &[f64]| values.iter().any(|value| value.is_infinite());
    if censored(x) && censored(y) {
        return Shift::none(ShiftStatus::Censored);
    }
    let (x, y) = (ascending(x), ascending(y));
    let range = whole_range(&x, &y);
    let within = |bound: f64| pairs_within(&x, &y, bound);
    let statistic = |rank| match range {
        Some(range) => nth_whole(rank, range, within),
        None => nth(rank, within),
    };
    let n = x.len() as u64 * y.len() as u64;
    interval(n, rank_of_shift(x.len(), y.len(), (1.0 - conf) / 2.0), statistic, within)
}

/// exp of the median of the means of all pairs of ln x − ln y (Walsh averages) and its interval:
/// the typical ratio x/y within a block.
#[must_use]
pub fn paired_ratio(x: &[f64], y: &[f64], conf: f64) -> Shift {
    let Some(logs) = log_ratios(x, y) else {
        return Shift::none(ShiftStatus::Undefined);
    };
    if logs.is_empty() {
        return Shift::none(ShiftStatus::Empty);
    }
    if logs.contains(&f64::NEG_INFINITY) && logs.contains(&f64::INFINITY) {
        return Shift::none(ShiftStatus::Censored);
    }
    let (logs, n) = (ascending(&logs), logs.len());
    let within = |bound: f64| means_within(&logs, bound);
    let statistic = |rank| nth(rank, within);
    let averages = n as u64 * (n as u64 + 1) / 2;
    let found = interval(averages, rank_of_pairs(n, (1.0 - conf) / 2.0), statistic, within);
    let exp = |value: Option<f64>| value.map(libm::exp);
    Shift { estimate: exp(found.estimate), lo: exp(found.lo), hi: exp(found.hi), ..found }
}

/// A rank from 1 below which no interval ends, and the probability below it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TailRank {
    /// The rank of the lower end; 0 if there is none.
    pub rank: u64,
    /// The probability of each tail.
    pub below: f64,
}

/// The interval from the `statistic` of each rank from 1 on, and from how many of all `n` are
/// `within` a bound.
fn interval(
    n: u64,
    tail: TailRank,
    statistic: impl Fn(u64) -> f64,
    within: impl Fn(f64) -> u64,
) -> Shift {
    let finite = |value: f64| value.is_finite().then_some(value);
    let low = statistic(n.div_ceil(2));
    // Mostly the same value, which one count tells.
    let high = if within(low) > n / 2 { low } else { statistic(n / 2 + 1) };
    let middle = if low == high { low } else { low + (high - low) / 2.0 };
    let estimate = finite(middle);
    if tail.rank == 0 {
        let status =
            if estimate.is_some() { ShiftStatus::NTooSmall } else { ShiftStatus::Censored };
        return Shift { estimate, ..Shift::none(status) };
    }
    let (lo, hi) = (finite(statistic(tail.rank)), finite(statistic(n + 1 - tail.rank)));
    let complete = estimate.is_some() && lo.is_some() && hi.is_some();
    Shift {
        status: if complete { ShiftStatus::Ok } else { ShiftStatus::Censored },
        estimate,
        lo,
        hi,
        achieved: Some(1.0 - 2.0 * tail.below),
    }
}

fn ascending(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// The smallest float that at least `rank` values do not exceed: the `rank`-th smallest value.
fn nth(rank: u64, count: impl Fn(f64) -> u64) -> f64 {
    let (mut low, mut high) = (key(f64::NEG_INFINITY), key(f64::INFINITY));
    while low < high {
        let middle = low + (high - low) / 2;
        if count(float(middle)) >= rank {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    // −0 and 0 are the same difference.
    float(low) + 0.0
}

/// The smallest and the largest difference of sorted samples, if all values are whole numbers
/// whose differences floats hold exactly, as times in ns are.
fn whole_range(x: &[f64], y: &[f64]) -> Option<(i64, i64)> {
    let is_whole = |value: &f64| value.fract() == 0.0 && value.abs() < LARGEST_WHOLE;
    let all = x.iter().chain(y).all(is_whole);
    let (lowest, highest) = (y.first()? - x.last()?, y.last()? - x.first()?);
    all.then_some((lowest as i64, highest as i64))
}

/// What [`nth`] finds among whole numbers: there are far fewer of them.
fn nth_whole(rank: u64, (mut low, mut high): (i64, i64), count: impl Fn(f64) -> u64) -> f64 {
    while low < high {
        let middle = low + (high - low) / 2;
        if count(middle as f64) >= rank {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low as f64
}

const SIGN: u64 = 1 << 63;

/// An integer that orders floats as `total_cmp` does.
fn key(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn float(key: u64) -> f64 {
    f64::from_bits(if key & SIGN == 0 { !key } else { key & !SIGN })
}

/// How many of the differences yⱼ − xᵢ of sorted samples are at most `bound`.
///
/// Rounding keeps the order of differences, so that rows and columns stay sorted.
fn pairs_within(x: &[f64], y: &[f64], bound: f64) -> u64 {
    let mut within = 0;
    let mut first = 0;
    for high in y {
        while first < x.len() && high - x[first] > bound {
            first += 1;
        }
        within += (x.len() - first) as u64;
    }
    within
}

/// How many of the means of two of the sorted values, or of one with itself, are at most `bound`.
fn means_within(values: &[f64], bound: f64) -> u64 {
    let mut within = 0;
    let mut end = values.len();
    for (at, low) in values.iter().enumerate() {
        while end > at && (low + values[end - 1]) / 2.0 > bound {
            end -= 1;
        }
        within += end.saturating_sub(at) as u64;
    }
    within
}

/// The smallest q with P(U ≤ q) ≥ `tail` for samples without ties, as R's `qwilcox`, and
/// P(U ≤ q − 1). Exact up to 400 values; beyond, by the normal limit with continuity correction,
/// which is then off by less than one rank in a thousand.
pub(super) fn rank_of_shift(n1: usize, n2: usize, tail: f64) -> TailRank {
    let pairs = n1 as f64 * n2 as f64;
    let sd = (pairs * (n1 + n2 + 1) as f64 / 12.0).sqrt();
    if n1 + n2 > EXACT_SHIFT {
        return by_normal(pairs / 2.0, sd, tail);
    }
    // Nothing beyond the mean is asked for, which bounds the work.
    let width = n1 * n2 / 2 + 1;
    let mut share = vec![0.0_f64; width];
    share[0] = 1.0;
    let (small, large) = (n1.min(n2), n1.max(n2));
    for i in 1..=small {
        // The generating function gains the factor (1 − z^(large + i)) / (1 − z^i), and its sum
        // the factor (large + i) / i.
        for k in (large + i..width).rev() {
            share[k] -= share[k - large - i];
        }
        for k in i..width {
            share[k] += share[k - i];
        }
        let scale = i as f64 / (large + i) as f64;
        share.iter_mut().for_each(|share| *share *= scale);
    }
    first_reaching(&share, tail)
}

/// The same for the sum of ranks of a signed-rank test over `n` pairs, as R's `qsignrank`.
pub(super) fn rank_of_pairs(n: usize, tail: f64) -> TailRank {
    let averages = n as f64 * (n + 1) as f64 / 2.0;
    if n > EXACT_PAIRS {
        let sd = (averages * (2 * n + 1) as f64 / 12.0).sqrt();
        return by_normal(averages / 2.0, sd, tail);
    }
    let width = n * (n + 1) / 4 + 1;
    let mut share = vec![0.0_f64; width];
    share[0] = 1.0;
    for rank in 1..=n {
        for sum in (0..width).rev() {
            let with = sum.checked_sub(rank).map_or(0.0, |rest| share[rest]);
            share[sum] = 0.5 * (share[sum] + with);
        }
    }
    first_reaching(&share, tail)
}

fn first_reaching(share: &[f64], tail: f64) -> TailRank {
    let mut below = 0.0;
    for (rank, share) in share.iter().enumerate() {
        if below + share >= tail * (1.0 - 1e-12) {
            return TailRank { rank: rank as u64, below };
        }
        below += share;
    }
    TailRank { rank: share.len() as u64, below }
}

fn by_normal(mean: f64, sd: f64, tail: f64) -> TailRank {
    let rank = (mean + sd * normal::quantile(tail) - 0.5).ceil().max(0.0);
    TailRank { rank: rank as u64, below: normal::cdf((rank - 0.5 - mean) / sd) }
}
