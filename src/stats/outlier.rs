//! Outliers and shape: flagged and counted, never removed.

use super::sorted::Sorted;

/// Smallest sample whose outliers are looked for.
const MIN_N: usize = 4;

/// The factor that makes a median absolute deviation comparable with a standard deviation.
const NORMAL_MAD: f64 = 0.674_489_750_196_081_7;

/// How far outside a value lies (Tukey's fences on type-7 quartiles).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlier {
    /// Within 1.5 interquartile ranges of the quartiles.
    None,
    /// Beyond 1.5 interquartile ranges.
    Mild,
    /// Beyond 3 interquartile ranges.
    Severe,
}

impl Outlier {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Mild => "mild",
            Self::Severe => "severe",
        }
    }
}

/// Tukey's fences of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TukeyFlags {
    /// Far low, low, high and far high fence.
    pub fences: [f64; 4],
}

impl TukeyFlags {
    /// Where a value lies.
    #[must_use]
    pub fn of(&self, value: f64) -> Outlier {
        let [far_low, low, high, far_high] = self.fences;
        if value < far_low || value > far_high {
            Outlier::Severe
        } else if value < low || value > high {
            Outlier::Mild
        } else {
            Outlier::None
        }
    }
}

/// The fences; `None` for fewer than four values or where a quartile is censored.
#[must_use]
pub fn tukey(sample: &Sorted) -> Option<TukeyFlags> {
    if sample.len() < MIN_N {
        return None;
    }
    let (q1, q3) = (sample.quantile(0.25)?, sample.quantile(0.75)?);
    let range = q3 - q1;
    range.is_finite().then_some(TukeyFlags {
        fences: [q1 - 3.0 * range, q1 - 1.5 * range, q3 + 1.5 * range, q3 + 3.0 * range],
    })
}

/// The modified z-score rule of Iglewicz and Hoaglin (1993).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MadFlags {
    median: f64,
    scale: f64,
}

impl MadFlags {
    /// Whether the modified z-score of a value is above 3.5.
    #[must_use]
    pub fn of(&self, value: f64) -> bool {
        NORMAL_MAD * (value - self.median).abs() / self.scale > 3.5
    }
}

/// The rule for a sample, with the resolution of the clock as the least deviation; `None` for
/// fewer than four values, a censored median, or when both deviation and resolution are 0.
#[must_use]
pub fn mad_outliers(sample: &Sorted, resolution: f64) -> Option<MadFlags> {
    if sample.len() < MIN_N {
        return None;
    }
    let median = sample.median()?;
    let scale = sample.mad()?.max(resolution);
    (scale > 0.0).then_some(MadFlags { median, scale })
}

/// Whether the sample falls into two groups at its widest gap: each at least three values and a
/// fifth of them, the gap wider than three times either group's MAD, 1 % of the median and twice
/// the resolution. A heuristic, not a test.
#[must_use]
pub fn is_bimodal(sample: &Sorted, resolution: f64) -> bool {
    let (values, n) = (sample.values(), sample.len());
    let need = n.div_ceil(5).max(3);
    if n < 8 || n < 2 * need || sample.censored() > 0 {
        return false;
    }
    let mut split = 1;
    for at in 2..n {
        if values[at] - values[at - 1] > values[split] - values[split - 1] {
            split = at;
        }
    }
    let gap = values[split] - values[split - 1];
    let (left, right) = values.split_at(split);
    if left.len() < need || right.len() < need {
        return false;
    }
    let mad = |part: &[f64]| Sorted::new(part).mad().unwrap_or(0.0);
    let median = sample.median().unwrap_or(0.0);
    gap > 3.0 * mad(left).max(mad(right)) && gap > 0.01 * median.abs() && gap > 2.0 * resolution
}
