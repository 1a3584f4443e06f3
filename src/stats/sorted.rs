//! Order statistics: a sorted copy of a sample and what can be read off it.

/// A sample in ascending order, `+∞` (censored) last. Holds no NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct Sorted(Vec<f64>);

impl Sorted {
    /// A sorted copy; the input keeps its order, which carries the drift.
    ///
    /// NaN is left out: it is no value.
    #[must_use]
    pub fn new(values: &[f64]) -> Self {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        Self(sorted)
    }

    /// The values in ascending order.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// Number of values, censored ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Number of censored values.
    #[must_use]
    pub fn censored(&self) -> usize {
        self.0.iter().filter(|x| x.is_infinite()).count()
    }

    /// The smallest value.
    #[must_use]
    pub fn min(&self) -> Option<f64> {
        self.0.first().copied()
    }

    /// The largest value.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        self.0.last().copied()
    }

    /// The `rank`-th smallest value, from 1.
    #[must_use]
    pub fn ranked(&self, rank: usize) -> Option<f64> {
        rank.checked_sub(1).and_then(|at| self.0.get(at)).copied()
    }

    /// The median; `+∞` if it is censored.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        let n = self.0.len();
        if n == 0 {
            return None;
        }
        if n % 2 == 1 {
            return Some(self.0[n / 2]);
        }
        Some(midpoint(self.0[n / 2 - 1], self.0[n / 2]))
    }

    /// The quantile at `p` in [0, 1], type 7 of Hyndman and Fan (1996).
    #[must_use]
    pub fn quantile(&self, p: f64) -> Option<f64> {
        let last = self.0.len().checked_sub(1)?;
        let h = last as f64 * p;
        let floor = (h.floor() as usize).min(last);
        let fraction = h - floor as f64;
        let (low, high) = (self.0[floor], self.0[(floor + 1).min(last)]);
        // Equal neighbours must not be subtracted: ∞ − ∞ is no number.
        if fraction == 0.0 || low == high {
            return Some(low);
        }
        Some(low + fraction * (high - low))
    }

    /// The raw median absolute deviation; `None` for an empty sample or a censored median.
    #[must_use]
    pub fn mad(&self) -> Option<f64> {
        let median = self.median().filter(|median| median.is_finite())?;
        let deviations: Vec<f64> = self.0.iter().map(|x| (x - median).abs()).collect();
        Self::new(&deviations).median()
    }
}

/// The midpoint without overflow and without losing the last bit at huge magnitude.
pub(super) fn midpoint(low: f64, high: f64) -> f64 {
    if low == high {
        return low;
    }
    low + (high - low) / 2.0
}
