//! Two samples in one metric: what the effect is, how sure that is, and what follows for a family of
//! them. Knows nothing of where the two samples come from.

use super::compare::{Arm, Comparison};
use crate::design::{Better, CellIx, Objective};
use crate::measure::MetricColumn;
use crate::stats::bootstrap::replicates;
use crate::stats::permutation::{min_p_mann_whitney, min_p_signed_rank};
use crate::stats::{
    self, Adjust, JointRanks, Pairing, Quantile, Resampling, Sorted, Test, Verdict, adjust,
    mann_whitney, ratio_of_quantiles, shift, signed_rank,
};

/// The values of two cells in one metric, the baseline's first.
pub(super) struct Samples {
    pub(super) values: [Vec<f64>; 2],
    pub(super) pairing: Pairing,
    pub(super) n_blocks: usize,
    /// The two cells ran in turn.
    pub(super) is_interleaved: bool,
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

/// Everything that can be said of two samples by themselves; the rest is [`decide`]'s.
pub(super) fn compared(
    subject: Subject<'_>,
    samples: &Samples,
    objective: Objective,
    (seed, conf): (u64, f64),
) -> Comparison {
    let [base, own] = &samples.values;
    let resampling = Resampling { replicates: replicates(base.len(), own.len()), seed, conf };
    // The numerator is what is larger where the candidate is better.
    let (over, under) = match subject.metric.better {
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
    let (from, p) = (objective.least().0, objective.p());
    let arm = |cell: CellIx, values: &[f64]| {
        let found = Sorted::new(values).quantile(p).filter(|_| values.len() >= from);
        let median = found.filter(|median| median.is_finite());
        Arm { cell, n: values.len(), median }
    };
    Comparison {
        id: subject.id,
        metric: subject.metric.clone(),
        is_primary: subject.is_primary,
        baseline_kind: subject.baseline_kind,
        baseline: arm(subject.cells[0], base),
        candidate: arm(subject.cells[1], own),
        pairing: samples.pairing,
        n_blocks: samples.n_blocks,
        speedup,
        resampling,
        shift: shift(base, own, conf),
        test,
        p_adjusted: None,
        family_size: 0,
        min_p: test.map(|_| least()),
        mwu_p: rank_sum.map(|(p, _)| p),
        a12: ranks.a12(),
        cliffs_delta: ranks.cliffs_delta(),
        verdict: Verdict::Insufficient,
        flags: subject.flags,
    }
}

/// Adjusts p-values family by family and says what follows. What is not valid claims nothing and
/// counts in no family.
pub(super) fn decide(
    rows: &mut [Comparison],
    how: Adjust,
    (margin, conf): (f64, f64),
    is_valid: impl Fn(&Comparison) -> bool,
) {
    let alpha = ((1.0 - conf) * 1e12).round() / 1e12;
    let mut families: Vec<String> = rows.iter().map(|row| row.metric.column.clone()).collect();
    families.sort();
    families.dedup();
    for family in families {
        let members: Vec<usize> =
            (0..rows.len()).filter(|&at| rows[at].metric.column == family).collect();
        let p: Vec<Option<f64>> = members
            .iter()
            .map(|&at| rows[at].test.map(|(p, _)| p).filter(|_| is_valid(&rows[at])))
            .collect();
        let size = p.iter().flatten().count();
        for (&at, adjusted) in members.iter().zip(adjust(&p, how)) {
            let valid = is_valid(&rows[at]);
            let row = &mut rows[at];
            (row.p_adjusted, row.family_size) = (adjusted, size);
            let evidence = stats::Evidence {
                interval: row.speedup.interval,
                p_adjusted: adjusted,
                min_p: row.min_p,
            };
            row.verdict = match valid {
                true => stats::verdict(&evidence, margin, alpha),
                false => Verdict::Invalid,
            };
        }
    }
}
