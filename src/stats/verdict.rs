//! What a comparison allows to be said.

/// The outcome of a comparison of a candidate with its baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// By more than the margin.
    Faster,
    /// By more than the margin.
    Slower,
    /// Faster, perhaps by less than the margin.
    FasterMaybeNegligible,
    /// Slower, perhaps by less than the margin.
    SlowerMaybeNegligible,
    /// Within the margin.
    Equivalent,
    /// The data do not decide.
    Inconclusive,
    /// There are too few data for any decision.
    Insufficient,
    /// An arm failed more often than allowed.
    Invalid,
}

impl Verdict {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Faster => "faster",
            Self::Slower => "slower",
            Self::FasterMaybeNegligible => "faster_maybe_negligible",
            Self::SlowerMaybeNegligible => "slower_maybe_negligible",
            Self::Equivalent => "equivalent",
            Self::Inconclusive => "inconclusive",
            Self::Insufficient => "insufficient",
            Self::Invalid => "invalid",
        }
    }
}

/// What the verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// The interval of the speedup; an end may be 0 or `+∞`.
    pub interval: Option<(f64, f64)>,
    /// The adjusted p-value.
    pub p_adjusted: Option<f64>,
    /// The smallest p-value that samples of this size could have given.
    pub min_p: Option<f64>,
}

/// The verdict at the significance level `alpha` with a practical `margin` (0.02: 2 %).
///
/// A difference needs both an interval without 1 and a p-value below `alpha`; equivalence needs an
/// interval within the margin. Failures of an arm are the caller's to judge.
#[must_use]
pub fn verdict(evidence: &Evidence, margin: f64, alpha: f64) -> Verdict {
    let (Some((lo, hi)), Some(p)) = (evidence.interval, evidence.p_adjusted) else {
        return Verdict::Insufficient;
    };
    if evidence.min_p.is_some_and(|least| least > alpha) {
        return Verdict::Insufficient;
    }
    let significant = p < alpha;
    let (upper, lower) = (1.0 + margin, 1.0 / (1.0 + margin));
    if significant && lo > 1.0 {
        if lo > upper { Verdict::Faster } else { Verdict::FasterMaybeNegligible }
    } else if significant && hi < 1.0 {
        if hi < lower { Verdict::Slower } else { Verdict::SlowerMaybeNegligible }
    } else if lo >= lower && hi <= upper {
        Verdict::Equivalent
    } else {
        Verdict::Inconclusive
    }
}
