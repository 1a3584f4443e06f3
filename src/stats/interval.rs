//! The exact intervals of a median and of other quantiles from binomial ranks, with its achieved coverage.

use super::binomial::{Binomial, lower_tail};
use super::sorted::Sorted;

/// Whether there is an interval, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntervalStatus {
    /// Both ends are values.
    Ok,
    /// No pair of ranks reaches the level.
    NTooSmall,
    /// The upper end is censored.
    Unbounded,
    /// The median itself is censored.
    Censored,
    /// There is no value.
    Empty,
}

impl IntervalStatus {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NTooSmall => "n_too_small",
            Self::Unbounded => "unbounded",
            Self::Censored => "censored",
            Self::Empty => "empty",
        }
    }
}

/// The interval [x₍l₎, x₍n+1−l₎] of a median.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Whether there is one.
    pub status: IntervalStatus,
    /// The lower rank l, from 1; the upper one is n + 1 − l.
    pub rank: Option<usize>,
    /// Lower end.
    pub lo: Option<f64>,
    /// Upper end; `None` if it is censored.
    pub hi: Option<f64>,
    /// The exact coverage, at least the level asked for.
    pub achieved: Option<f64>,
}

impl Interval {
    /// Half the width as a share of the size of the median; `None` where an end is missing or the
    /// median is 0.
    #[must_use]
    pub fn rel_half_width(&self, median: Option<f64>) -> Option<f64> {
        let median = median.filter(|&median| median != 0.0)?;
        Some((self.hi? - self.lo?) / (2.0 * median.abs()))
    }
}

/// The largest lower rank of an interval of at least `conf`, and its coverage; `None` if n is too
/// small.
#[must_use]
pub fn median_rank(n: usize, conf: f64) -> Option<(usize, f64)> {
    // The slack keeps a level that is met exactly, such as 0.9375 for n = 5, on the right side.
    let limit = (1.0 - conf) * (1.0 + 1e-12);
    let tail = lower_tail(n as u64, limit);
    let rank = usize::try_from(tail.rank).expect("a rank is at most n");
    (rank > 0).then_some((rank, 1.0 - 2.0 * tail.below))
}

/// The smallest n for which a median has an interval of at least `conf`: 6 for 0.95.
#[must_use]
pub fn min_n(conf: f64) -> usize {
    (1..).find(|&n| median_rank(n, conf).is_some() || n > 1_000).expect("the search ends")
}

/// The interval of the median of `sample` with at least the coverage `conf`.
#[must_use]
pub fn median_interval(sample: &Sorted, conf: f64) -> Interval {
    let none = |status| Interval { status, rank: None, lo: None, hi: None, achieved: None };
    let n = sample.len();
    if n == 0 {
        return none(IntervalStatus::Empty);
    }
    let censored = sample.median().is_some_and(f64::is_infinite);
    let Some((rank, achieved)) = median_rank(n, conf) else {
        return none(if censored { IntervalStatus::Censored } else { IntervalStatus::NTooSmall });
    };
    let finite = |rank| sample.ranked(rank).filter(|x: &f64| x.is_finite());
    let hi = finite(n + 1 - rank);
    Interval {
        status: match hi {
            _ if censored => IntervalStatus::Censored,
            None => IntervalStatus::Unbounded,
            Some(_) => IntervalStatus::Ok,
        },
        rank: Some(rank),
        lo: finite(rank),
        hi,
        achieved: Some(achieved),
    }
}

/// The interval [x₍l₎, x₍u₎] of a quantile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantileInterval {
    /// Whether there is one.
    pub status: IntervalStatus,
    /// The lower rank, from 1.
    pub rank_lo: Option<usize>,
    /// The upper rank.
    pub rank_hi: Option<usize>,
    /// Lower end.
    pub lo: Option<f64>,
    /// Upper end; `None` if it is censored.
    pub hi: Option<f64>,
    /// The exact coverage, at least the level asked for.
    pub achieved: Option<f64>,
}

/// The ranks of an interval of the `p`-quantile of n values with equal tails: the largest l with
/// P(Bin(n, p) < l) ≤ α/2 and the smallest u with P(Bin(n, p) ≥ u) ≤ α/2; `None` for a rank that
/// does not exist.
#[must_use]
pub fn quantile_ranks(n: usize, p: f64, conf: f64) -> (Option<usize>, Option<usize>) {
    let distribution = Binomial::new(n as u64, p);
    let tail = (1.0 - conf) / 2.0 * (1.0 + 1e-12);
    let below = |rank: usize| distribution.below(rank as u64);
    let ranks: Vec<usize> = (1..=n).collect();
    let lo = ranks.partition_point(|&rank| below(rank) <= tail);
    let hi = 1 + ranks.partition_point(|&rank| 1.0 - below(rank) > tail);
    ((lo > 0).then_some(lo), (hi <= n).then_some(hi))
}

/// The interval of the `p`-quantile of `sample`, `p` in (0, 1), with at least the coverage `conf`.
#[must_use]
pub fn quantile_interval(sample: &Sorted, p: f64, conf: f64) -> QuantileInterval {
    let n = sample.len();
    let (rank_lo, rank_hi) = quantile_ranks(n, p, conf);
    let none =
        |status| QuantileInterval { status, rank_lo, rank_hi, lo: None, hi: None, achieved: None };
    let (Some(low), Some(high)) = (rank_lo, rank_hi) else {
        return none(if n == 0 { IntervalStatus::Empty } else { IntervalStatus::NTooSmall });
    };
    let distribution = Binomial::new(n as u64, p);
    let achieved = distribution.below(high as u64) - distribution.below(low as u64);
    let finite = |rank| sample.ranked(rank).filter(|x: &f64| x.is_finite());
    let (lo, hi) = (finite(low), finite(high));
    let status = match (sample.quantile(p), hi) {
        (Some(quantile), _) if quantile.is_infinite() => IntervalStatus::Censored,
        (_, None) => IntervalStatus::Unbounded,
        _ => IntervalStatus::Ok,
    };
    QuantileInterval { lo, hi, achieved: Some(achieved), ..none(status) }
}
