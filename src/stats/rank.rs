//! Ranks of two samples taken together and the effect sizes that follow from them.

/// Twice the midrank of every value among all of `values`: integers even where values tie.
///
/// A censored value (`+∞`) has the highest rank.
#[must_use]
pub fn doubled_midranks(values: &[f64]) -> Vec<u64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0; values.len()];
    let mut first = 0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let last = first + tied.len();
        for &at in tied {
            ranks[at] = (first + last + 1) as u64;
        }
        first = last;
    }
    ranks
}

/// Sizes of the groups of equal numbers.
pub(super) fn tie_sizes(ranks: &[u64]) -> Vec<f64> {
    let mut sorted = ranks.to_vec();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a == b).map(|tied| tied.len() as f64).collect()
}

/// Two samples ranked together.
#[derive(Clone, Debug, PartialEq)]
pub struct JointRanks {
    /// Size of the first sample.
    pub n1: usize,
    /// Doubled midranks, the first sample's first.
    pub doubled: Vec<u64>,
}

impl JointRanks {
    /// Ranks of `x` and `y` together.
    #[must_use]
    pub fn new(x: &[f64], y: &[f64]) -> Self {
        Self { n1: x.len(), doubled: doubled_midranks(&[x, y].concat()) }
    }

    /// Size of the second sample.
    #[must_use]
    pub fn n2(&self) -> usize {
        self.doubled.len() - self.n1
    }

    /// The sum of doubled ranks of the first sample.
    pub(super) fn first_sum(&self) -> u64 {
        self.doubled[..self.n1].iter().sum()
    }

    /// Mann and Whitney's U of the first sample: the pairs it wins, ties counting half.
    #[must_use]
    pub fn u(&self) -> f64 {
        let least = (self.n1 * (self.n1 + 1)) as u64;
        (self.first_sum() - least) as f64 / 2.0
    }

    /// Vargha and Delaney's A₁₂ = P(X > Y) + P(X = Y)/2; `None` if a sample is empty.
    #[must_use]
    pub fn a12(&self) -> Option<f64> {
        let pairs = (self.n1 * self.n2()) as f64;
        (pairs > 0.0).then(|| self.u() / pairs)
    }

    /// Cliff's δ = 2·A₁₂ − 1; `None` if a sample is empty.
    #[must_use]
    pub fn cliffs_delta(&self) -> Option<f64> {
        let pairs = (self.n1 * self.n2()) as f64;
        (pairs > 0.0).then(|| (2.0 * self.u() - pairs) / pairs)
    }
}
