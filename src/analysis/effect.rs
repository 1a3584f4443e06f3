//! Two samples in one metric: what the effect is, how sure that is, and what follows for a family of
//! them. Knows nothing of where the two samples come from.

use std::collections::BTreeMap;

use super::compare::{Arm, Comparison};
use crate::design::{Better, CellIx, Objective};
use crate::measure::MetricColumn;
use crate::stats::bootstrap::{fewer_replicates, replicates};
use crate::stats::permutation::{min_p_mann_whitney, min_p_signed_rank};
use crate::stats::{
    self, Adjust, JointRanks, Outlier, Pairing, Quantile, Ratio, Resampling, Sorted, Test, Verdict,
    adjust, mann_whitney, ratio_of_quantiles, shift, signed_rank, tukey,
};

/// The verdict would be another one without the values that Tukey's fences leave out.
pub const OUTLIER_SENSITIVE: &str = "outlier_sensitive";

/// The values of two cells in one metric, the baseline's first.
pub(super) struct Samples {
    pub(super) values: [Vec<f64>; 2],
    pub(super) pairing: Pairing,
    pub(super) n_blocks: usize,
    /// The two cells ran in turn.
    pub(super) is_interleaved: bool,
}

impl Samples {
    /// The same without the values beyond Tukey's inner fences, of whole blocks without the other
    /// value of the block; `None` if there are none. Timeouts have no value that could lie far out.
    fn without_outliers(&self) -> Option<Self> {
        let fences = self.values.each_ref().map(|values| tukey(&Sorted::new(values)));
        let is_far = |arm: usize, value: f64| {
            let kind = fences[arm].filter(|_| value.is_finite()).map(|fences| fences.of(value));
            kind.is_some_and(|kind| kind != Outlier::None)
        };
        let far = |arm: usize| -> Vec<bool> {
            self.values[arm].iter().map(|&value| is_far(arm, value)).collect()
        };
        let mut far = [far(0), far(1)];
        if far.iter().flatten().all(|is_far| !is_far) {
            return None;
        }
        if self.pairing == Pairing::Block {
            let either: Vec<bool> = far[0].iter().zip(&far[1]).map(|(a, b)| *a || *b).collect();
            far = [either.clone(), either];
        }
        let near = |arm: usize| {
            let each = self.values[arm].iter().zip(&far[arm]);
            each.filter(|(_, is_far)| !**is_far).map(|(&value, _)| value).collect()
        };
        Some(Self { values: [near(0), near(1)], ..*self })
    }
}

/// What is compared.
pub(super) struct Subject<'a> {
    pub(super) id: String,
    /// The baseline and the candidate.
    pub(super) cells: [CellIx; 2],
    pub(super) metric: &'a MetricColumn,
    pub(super) is_primary: bool,
    pub(super) baseline_kind: String,
    pub(super) flags: Vec<&'static str>,
}

/// What the ratio of a comparison is one of. Percentiles have their intervals from as many values
/// on as an exact interval of the percentile itself needs.
pub(super) fn quantile(objective: Objective) -> Quantile {
    let (point_n, interval_n) = objective.least();
    Quantile { p: objective.p(), point_n, interval_n }
}

/// What a verdict rests on, before its p-value is one of a family.
#[derive(Clone, Copy)]
struct Grounds {
    interval: Option<(f64, f64)>,
    p: Option<f64>,
    min_p: Option<f64>,
}

/// A comparison whose family is not known yet.
pub(super) struct Compared {
    row: Comparison,
    grounds: Grounds,
    /// The same without the outliers of its samples, if they have some.
    without_outliers: Option<Grounds>,
}

/// Everything that can be said of two samples by themselves; the rest is [`decide`]'s.
pub(super) fn compared(
    subject: Subject<'_>,
    samples: &Samples,
    objective: Objective,
    how: (u64, f64),
) -> Compared {
    let [base, own] = &samples.values;
    let better = subject.metric.better;
    let sizes = (base.len(), own.len());
    let found = Weighed::of(better, samples, objective, (how, replicates(sizes.0, sizes.1)));
    let (from, p) = (objective.least().0, objective.p());
    let arm = |cell: CellIx, values: &[f64]| {
        let found = Sorted::new(values).quantile(p).filter(|_| values.len() >= from);
        let median = found.filter(|median| median.is_finite());
        Arm { cell, n: values.len(), median }
    };
    // Of a percentile the outliers are the subject.
    let fewer = samples.without_outliers().filter(|_| objective == Objective::P50);
    let grounds = found.grounds();
    let row = Comparison {
        id: subject.id,
        metric: subject.metric.clone(),
        is_primary: subject.is_primary,
        baseline_kind: subject.baseline_kind,
        baseline: arm(subject.cells[0], base),
        candidate: arm(subject.cells[1], own),
        pairing: samples.pairing,
        n_blocks: samples.n_blocks,
        speedup: found.speedup,
        resampling: found.resampling,
        shift: shift(base, own, how.1),
        test: found.test,
        p_adjusted: None,
        family_size: 0,
        min_p: found.min_p,
        mwu_p: found.mwu_p,
        a12: found.ranks.a12(),
        cliffs_delta: found.ranks.cliffs_delta(),
        verdict: Verdict::Insufficient,
        flags: subject.flags,
    };
    let second = fewer_replicates(sizes.0, sizes.1);
    let again = |fewer: &Samples| Weighed::of(better, fewer, objective, (how, second)).grounds();
    let without_outliers = fewer.as_ref().map(again);
    Compared { row, grounds, without_outliers }
}

/// The ratio of two samples and what ranks say of them.
struct Weighed {
    speedup: Ratio,
    resampling: Resampling,
    test: Option<(f64, Test)>,
    min_p: Option<f64>,
    mwu_p: Option<f64>,
    ranks: JointRanks,
}

impl Weighed {
    fn of(
        better: Option<Better>,
        samples: &Samples,
        objective: Objective,
        ((seed, conf), replicates): ((u64, f64), usize),
    ) -> Self {
        let [base, own] = &samples.values;
        let resampling = Resampling { replicates, seed, conf };
        // The numerator is what is larger where the candidate is better.
        let (over, under) = match better {
            Some(Better::Higher) => (own, base),
            _ => (base, own),
        };
        let ranks = JointRanks::new(over, under);
        let rank_sum = mann_whitney(&ranks);
        let blocked = match samples.pairing {
            Pairing::Block => signed_rank(base, own).map(|found| (found.p, found.test)),
            Pairing::Independent => None,
        };
        let by_block = blocked.is_some();
        let least = || match by_block {
            true => min_p_signed_rank(base.len()),
            false => min_p_mann_whitney(base.len(), own.len()),
        };
        let (speedup, of_ratio) =
            ratio_of_quantiles(over, under, quantile(objective), samples.pairing, &resampling);
        // Ranks test where the bulk of the values lies; of a percentile only its own ratio tells.
        let is_median = objective == Objective::P50;
        let test = match is_median {
            true => blocked.or(rank_sum),
            false => of_ratio.map(|p| (p, Test::Bootstrap)),
        };
        let least = || match is_median {
            true => least(),
            false => 2.0 / (resampling.replicates + 1) as f64,
        };
        let (min_p, mwu_p) = (test.map(|_| least()), rank_sum.map(|(p, _)| p));
        Self { speedup, resampling, test, min_p, mwu_p, ranks }
    }

    fn grounds(&self) -> Grounds {
        let p = self.test.map(|(p, _)| p);
        Grounds { interval: self.speedup.interval, p, min_p: self.min_p }
    }
}

/// Adjusts p-values family by family and says what follows. What is not valid claims nothing and
/// counts in no family. A verdict that would be another one without outliers is flagged, unless
/// too few values would be left for any.
pub(super) fn decide(
    all: Vec<Compared>,
    how: Adjust,
    (margin, conf): (f64, f64),
    is_valid: impl Fn(&Comparison) -> bool,
) -> Vec<Comparison> {
    let valid: Vec<bool> = all.iter().map(|one| is_valid(&one.row)).collect();
    let judged = |grounds: fn(&Compared) -> Grounds| {
        let each = all.iter().zip(&valid);
        let members =
            each.map(|(one, valid)| (one.row.metric.column.as_str(), valid.then(|| grounds(one))));
        verdicts(&members.collect::<Vec<_>>(), how, (margin, conf))
    };
    let seen = judged(|one| one.grounds);
    let without = judged(|one| one.without_outliers.unwrap_or(one.grounds));
    let each = all.into_iter().zip(seen.into_iter().zip(without));
    each.map(|(one, ((p_adjusted, family_size, verdict), (_, _, without)))| {
        let mut row = one.row;
        (row.p_adjusted, row.family_size, row.verdict) = (p_adjusted, family_size, verdict);
        let is_other = without != verdict && without != Verdict::Insufficient;
        if one.without_outliers.is_some() && is_other {
            row.flags.push(OUTLIER_SENSITIVE);
        }
        row
    })
    .collect()
}

/// Of comparisons as (family, grounds of what is valid): the adjusted p-value, the size of the
/// family, the verdict.
fn verdicts(
    members: &[(&str, Option<Grounds>)],
    how: Adjust,
    (margin, conf): (f64, f64),
) -> Vec<(Option<f64>, usize, Verdict)> {
    let alpha = ((1.0 - conf) * 1e12).round() / 1e12;
    let mut families: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, (family, _)) in members.iter().enumerate() {
        families.entry(family).or_default().push(at);
    }
    let mut found = vec![(None, 0, Verdict::Invalid); members.len()];
    for of_family in families.into_values() {
        let grounds = || of_family.iter().map(|&at| members[at].1);
        let p: Vec<Option<f64>> = grounds().map(|grounds| grounds?.p).collect();
        let size = p.iter().flatten().count();
        for ((&at, grounds), adjusted) in of_family.iter().zip(grounds()).zip(adjust(&p, how)) {
            let verdict =
                grounds.map_or(Verdict::Invalid, |Grounds { interval, min_p, .. }| {
                    let evidence = stats::Evidence { interval, p_adjusted: adjusted, min_p };
                    stats::verdict(&evidence, margin, alpha)
                });
            found[at] = (adjusted, size, verdict);
        }
    }
    found
}
