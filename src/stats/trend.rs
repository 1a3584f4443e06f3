//! Order in time: whether a series drifts and whether neighbours resemble one another.

use super::moments::{shifted_mean, sum};
use super::normal::two_sided;
use super::rank::{doubled_midranks, tie_sizes};

/// Shortest series that is looked at.
const MIN_N: usize = 4;

/// The test of Mann and Kendall for a monotone trend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// Pairs that rise less pairs that fall.
    pub s: i64,
    /// Its standard score, corrected for ties; 0 if all values are equal.
    pub z: f64,
    /// Two-sided p by the normal limit.
    pub p: f64,
}

/// The trend of a series in the order given; `None` for fewer than four values.
#[must_use]
pub fn mann_kendall(series: &[f64]) -> Option<Trend> {
    if series.len() < MIN_N {
        return None;
    }
    let ranks = doubled_midranks(series);
    let s = rises_less_falls(&ranks);
    let n = series.len() as f64;
    let spread = |t: f64| t * (t - 1.0) * (2.0 * t + 5.0);
    let ties: f64 = tie_sizes(&ranks).into_iter().map(spread).sum();
    let variance = (spread(n) - ties) / 18.0;
    if variance <= 0.0 {
        return Some(Trend { s, z: 0.0, p: 1.0 });
    }
    let z = s as f64 / variance.sqrt();
    Some(Trend { s, z, p: two_sided(z) })
}

/// Counts with a Fenwick tree over ranks, so that long series stay cheap.
fn rises_less_falls(ranks: &[u64]) -> i64 {
    let size = 2 * ranks.len() + 1;
    let mut tree = vec![0_i64; size + 1];
    let mut total = 0;
    for (seen, &rank) in ranks.iter().enumerate() {
        let below = prefix(&tree, rank as usize - 1);
        let up_to = prefix(&tree, rank as usize);
        total += below - (seen as i64 - up_to);
        let mut at = rank as usize;
        while at <= size {
            tree[at] += 1;
            at += at & at.wrapping_neg();
        }
    }
    total
}

fn prefix(tree: &[i64], mut at: usize) -> i64 {
    let mut total = 0;
    while at > 0 {
        total += tree[at];
        at &= at - 1;
    }
    total
}

/// The autocorrelation of neighbours; `None` for fewer than four values, censored ones, or where
/// all are equal.
#[must_use]
pub fn lag1(series: &[f64]) -> Option<f64> {
    if series.len() < MIN_N {
        return None;
    }
    let (shift, mean) = shifted_mean(series)?;
    let deviations: Vec<f64> = series.iter().map(|x| (x - shift) - mean).collect();
    let squares = sum(deviations.iter().map(|d| d * d));
    let products = sum(deviations.windows(2).map(|pair| pair[0] * pair[1]));
    (squares > 0.0).then(|| products / squares)
}
