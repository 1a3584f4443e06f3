//! Rank tests: the exact conditional distribution under permutation, with ties, and its normal
//! limit for large samples.

use super::normal::two_sided;
use super::rank::{JointRanks, tie_sizes};

/// Most values for which the permutation distribution is enumerated.
const EXACT: usize = 100;

/// Logarithms of values this close, relative to the smaller, are equal: their last bits are
/// rounding.
const TIED: f64 = 1e-12;

/// Differences of logarithms below this are none.
const NO_DIFFERENCE: f64 = 1e-15;

/// How a p-value was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Wilcoxon's signed-rank test on logarithms of ratios, exact.
    SignedRankExact,
    /// The same by its normal limit.
    SignedRankAsymptotic,
    /// The test of Mann and Whitney, exact.
    MwuExact,
    /// The same by its normal limit.
    MwuAsymptotic,
    /// The share of bootstrap replicates of a ratio on either side of 1.
    Bootstrap,
}

impl Test {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedRankExact => "signed_rank_exact",
            Self::SignedRankAsymptotic => "signed_rank_asymptotic",
            Self::MwuExact => "mwu_exact",
            Self::MwuAsymptotic => "mwu_asymptotic",
            Self::Bootstrap => "bootstrap",
        }
    }
}

/// The test of Mann and Whitney, two-sided: exact given the ties up to 100 values together, its
/// normal limit above.
///
/// `None` if a sample is empty.
#[must_use]
pub fn mann_whitney(ranks: &JointRanks) -> Option<(f64, Test)> {
    if ranks.n1 == 0 || ranks.n2() == 0 {
        None
    } else if ranks.doubled.len() <= EXACT {
        Some((mann_whitney_exact(ranks), Test::MwuExact))
    } else {
        Some((mann_whitney_asymptotic(ranks), Test::MwuAsymptotic))
    }
}

/// P(|T − E T| ≥ |t − E T|) of the rank sum T over all ways to choose the samples from the values
/// together (as `coin::wilcox_test(distribution = "exact")`). Up to 100 values are sensible.
#[must_use]
pub fn mann_whitney_exact(ranks: &JointRanks) -> f64 {
    let (n, total): (u64, u64) = (ranks.doubled.len() as u64, ranks.doubled.iter().sum());
    let first = ranks.first_sum();
    // The distribution of the smaller sample's sum says the same, with less work.
    let (size, observed) =
        if ranks.n1 <= ranks.n2() { (ranks.n1, first) } else { (ranks.n2(), total - first) };
    let deviation = |sum: u64| (n * sum).abs_diff(size as u64 * total);
    let ways = rank_sums(&ranks.doubled, size);
    let threshold = deviation(observed);
    let (mut extreme, mut all) = (0.0, 0.0);
    for (sum, &count) in ways.iter().enumerate() {
        all += count;
        if deviation(sum as u64) >= threshold {
            extreme += count;
        }
    }
    extreme / all
}

/// In how many ways `size` of the ranks sum to each number. Counts are floats: beyond 2⁵³ they are
/// rounded, by far less than a p-value can show.
fn rank_sums(ranks: &[u64], size: usize) -> Vec<f64> {
    let mut sorted: Vec<usize> = ranks.iter().map(|&rank| rank as usize).collect();
    sorted.sort_unstable();
    let width = sorted.iter().rev().take(size).sum::<usize>() + 1;
    let mut ways = vec![vec![0.0_f64; width]; size + 1];
    ways[0][0] = 1.0;
    // In ascending order, `largest[k]` bounds the sum of any k of the ranks seen.
    let mut largest = vec![0_usize; size + 1];
    for (seen, &rank) in sorted.iter().enumerate() {
        for k in (1..=size.min(seen + 1)).rev() {
            let (fewer, more) = ways.split_at_mut(k);
            let reach = largest[k - 1] + 1;
            let target = &mut more[0][rank..rank + reach];
            for (sum, count) in target.iter_mut().zip(&fewer[k - 1][..reach]) {
                *sum += count;
            }
            largest[k] = rank + largest[k - 1];
        }
    }
    ways.pop().expect("there is a row for every size")
}

/// The normal limit with the variance corrected for ties and a continuity correction of ½.
#[must_use]
pub fn mann_whitney_asymptotic(ranks: &JointRanks) -> f64 {
    let (n1, n2) = (ranks.n1 as f64, ranks.n2() as f64);
    let n = n1 + n2;
    let ties: f64 = tie_sizes(&ranks.doubled).iter().map(|t| t * t * t - t).sum();
    let variance = n1 * n2 / 12.0 * ((n + 1.0) - ties / (n * (n - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    let z = ((ranks.u() - n1 * n2 / 2.0).abs() - 0.5) / variance.sqrt();
    if z <= 0.0 { 1.0 } else { two_sided(z) }
}

/// The smallest two-sided p that samples of these sizes can give without ties: 2/C(n₁ + n₂, n₁).
#[must_use]
pub fn min_p_mann_whitney(n1: usize, n2: usize) -> f64 {
    let (small, n) = (n1.min(n2), n1 + n2);
    let ways = (1..=small).fold(1.0, |ways, k| ways * (n - small + k) as f64 / k as f64);
    (2.0 / ways).clamp(f64::MIN_POSITIVE, 1.0)
}

/// The smallest two-sided p of a signed-rank test over `n` differences: 2/2ⁿ.
#[must_use]
pub fn min_p_signed_rank(n: usize) -> f64 {
    libm::exp2(1.0 - n as f64).clamp(f64::MIN_POSITIVE, 1.0)
}

/// Wilcoxon's signed-rank test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SignedRank {
    /// Pairs that differ.
    pub nonzero: usize,
    /// The sum of ranks of positive differences.
    pub t_plus: f64,
    /// Two-sided p; 1 if no pair differs.
    pub p: f64,
    /// Exact or by the normal limit.
    pub test: Test,
}

/// Wilcoxon's test of ln x − ln y over pairs: pairs without a difference are dropped, the
/// distribution is exact given the ties up to 100 pairs that differ.
///
/// A pair with a censored or a zero value on one side differs by more than any other and keeps
/// that rank; on both sides it does not differ. `None` for negative values, which have no
/// logarithm.
#[must_use]
pub fn signed_rank(x: &[f64], y: &[f64]) -> Option<SignedRank> {
    let differences: Vec<f64> = log_ratios(x, y)?
        .into_iter()
        .filter(|difference| difference.abs() > NO_DIFFERENCE)
        .collect();
    let n = differences.len();
    let ranks = ranks_of_sizes(&differences);
    let plus: u64 = ranks.iter().zip(&differences).filter(|(_, d)| **d > 0.0).map(|(r, _)| r).sum();
    let (p, test) = if n <= EXACT {
        (signed_rank_exact(&ranks, plus), Test::SignedRankExact)
    } else {
        (signed_rank_asymptotic(&ranks, plus), Test::SignedRankAsymptotic)
    };
    Some(SignedRank { nonzero: n, t_plus: plus as f64 / 2.0, p, test })
}

/// ln x − ln y of each pair, 0 where both are the same; `None` where a value is negative.
pub(super) fn log_ratios(x: &[f64], y: &[f64]) -> Option<Vec<f64>> {
    let pairs = x.iter().zip(y);
    pairs
        .map(|(&a, &b)| match (a == b, a >= 0.0 && b >= 0.0) {
            (_, false) => None,
            (true, true) => Some(0.0),
            (false, true) => Some(libm::log(a) - libm::log(b)),
        })
        .collect()
}

/// Doubled midranks of the absolute values; neighbours that differ by rounding only are tied.
fn ranks_of_sizes(differences: &[f64]) -> Vec<u64> {
    let size = |at: usize| differences[at].abs();
    let mut order: Vec<usize> = (0..differences.len()).collect();
    order.sort_by(|&a, &b| size(a).total_cmp(&size(b)));
    let mut ranks = vec![0; differences.len()];
    let mut first = 0;
    for tied in order.chunk_by(|&a, &b| size(a) == size(b) || size(b) - size(a) <= TIED * size(a)) {
        let last = first + tied.len();
        for &at in tied {
            ranks[at] = (first + last + 1) as u64;
        }
        first = last;
    }
    ranks
}

/// P(|2T − S| ≥ |2t − S|) over all patterns of signs.
pub(super) fn signed_rank_exact(ranks: &[u64], plus: u64) -> f64 {
    let total: u64 = ranks.iter().sum();
    let mut share = vec![0.0_f64; total as usize + 1];
    share[0] = 1.0;
    let mut reach = 0;
    for &rank in ranks {
        reach += rank as usize;
        for sum in (0..=reach).rev() {
            let with = sum.checked_sub(rank as usize).map_or(0.0, |rest| share[rest]);
            share[sum] = 0.5 * (share[sum] + with);
        }
    }
    let deviation = |sum: u64| (2 * sum).abs_diff(total);
    let extreme = share.iter().enumerate();
    extreme
        .filter(|(sum, _)| deviation(*sum as u64) >= deviation(plus))
        .map(|(_, share)| share)
        .sum::<f64>()
        .min(1.0)
}

/// The normal limit with a continuity correction of ½; ties are in the ranks.
pub(super) fn signed_rank_asymptotic(ranks: &[u64], plus: u64) -> f64 {
    let total: u64 = ranks.iter().sum();
    // Of doubled ranks the variance is a quarter of their squares, the correction 1.
    let squares: f64 = ranks.iter().map(|&rank| (rank * rank) as f64).sum();
    let z = ((2 * plus).abs_diff(total) as f64 - 2.0) / squares.sqrt();
    if z <= 0.0 { 1.0 } else { two_sided(z) }
}
