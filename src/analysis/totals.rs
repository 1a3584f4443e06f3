//! One figure over all workloads and parameters, where the experiment asks for it: the ratio of
//! summed medians, or the geometric mean of the ratios.
//!
//! Both hide that the ratios beneath differ, so neither is a comparison: there is no test and no
//! verdict, and the single ratios are always published beside them. Refuses to sum what is no cost,
//! and to leave out a cell that failed.

use std::collections::HashMap;
use std::fmt::Write;

use super::compare::{Comparison, Judge, used};
use super::{Comparisons, Evidence, Standings, Summary};
use crate::design::{Better, CellIx, Objective};
use crate::measure::MetricColumn;
use crate::plan::{Purpose, derive_seed};
use crate::stats::bootstrap::replicates;
use crate::stats::{
    Pairing, Ratio, RatioStatus, Resampling, Samples, Verdict, divide, geometric_mean, joined,
};

#[cfg(test)]
mod tests;

/// What stands for the workload among the levels that differ; no parameter is called so.
pub const WORKLOAD: &str = "workload";

/// How many ratios become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The summed medians of the baselines over those of the candidates.
    Sum,
    /// The geometric mean of the ratios.
    Geomean,
}

impl Kind {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sum => "ratio_of_summed_medians",
            Self::Geomean => "geometric_mean_of_ratios",
        }
    }
}

/// One way of carrying the work out, over everything that it was compared in.
#[derive(Clone, Debug, PartialEq)]
pub struct Total {
    /// How the ratios become one.
    pub kind: Kind,
    /// The metric.
    pub metric: MetricColumn,
    /// A candidate, from which strategy, workers and the levels that differ can be read.
    pub candidate: CellIx,
    /// Levels of the candidate that are not those of the baseline, as `name=level`; its workload is
    /// one of them.
    pub differs: Vec<String>,
    /// Ids of the comparisons, in their order.
    pub members: Vec<String>,
    /// Sums of the medians of baselines and candidates, of a sum only.
    pub sums: Option<(f64, f64)>,
    /// How many times as good, and its interval.
    pub ratio: Ratio,
    /// Whether a comparison is invalid, so that nothing is published.
    pub is_incomplete: bool,
    /// Whether blocks were resampled.
    pub pairing: Pairing,
    /// How the interval was made.
    pub resampling: Resampling,
}

/// Every total that the experiment asks for: sums first.
#[must_use]
pub fn totals(
    evidence: Evidence<'_>,
    (standings, summary): (&Standings, &Summary),
    comparisons: &Comparisons,
) -> Vec<Total> {
    let compare = &evidence.experiment.compare;
    let kinds = [(compare.sum, Kind::Sum), (compare.allow_geomean, Kind::Geomean)];
    if kinds.iter().all(|(asked, _)| !asked) {
        return Vec::new();
    }
    let used = used(evidence, standings);
    let judge = Judge::new(evidence, summary, &used);
    let groups = groups(evidence, comparisons);
    let mut found = Vec::new();
    for (_, kind) in kinds.into_iter().filter(|(asked, _)| *asked) {
        for rows in &groups {
            // Rates of different things do not add up to a rate of anything.
            if kind == Kind::Geomean || rows[0].metric.better == Some(Better::Lower) {
                found.push(total(&judge, evidence, kind, rows));
            }
        }
    }
    found
}

/// Comparisons of the same way with the same baseline, in one metric.
fn groups<'a>(evidence: Evidence<'_>, comparisons: &'a Comparisons) -> Vec<Vec<&'a Comparison>> {
    let matrix = evidence.matrix;
    let mut index: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Vec<&Comparison>> = Vec::new();
    for row in comparisons.rows.iter().filter(|row| row.is_primary) {
        let cells = [row.candidate.cell, row.baseline.cell].map(|cell| matrix.cell(cell));
        let mut key = format!("{} ", row.metric.column);
        for cell in cells {
            write!(key, "{} {} ", cell.strategy, cell.workers).expect("text");
        }
        if cells[0].workload != cells[1].workload {
            // The baseline's name is no level of the candidate.
            write!(key, "{} ", cells[1].workload).expect("text");
        }
        key.push_str(&differs(evidence, row).join(" "));
        let at = *index.entry(key).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[at].push(row);
    }
    groups
}

/// The levels of the candidate that are not those of the baseline.
fn differs(evidence: Evidence<'_>, row: &Comparison) -> Vec<String> {
    let matrix = evidence.matrix;
    let [own, base] = [row.candidate.cell, row.baseline.cell].map(|cell| matrix.cell(cell));
    let of_own = matrix.levels(own).filter(|(name, level)| {
        let other = matrix.level(base, name.as_str());
        let is_derived = |name: &str| {
            matrix.axes(own).iter().any(|axis| axis.name.as_str() == name && axis.is_derived)
        };
        other.is_some_and(|other| other != *level) && !is_derived(name.as_str())
    });
    let of_own = of_own.map(|(name, level)| format!("{name}={level}"));
    let workload = &evidence.experiment.workloads[own.workload].name;
    let workload = (own.workload != base.workload).then(|| format!("{WORKLOAD}={workload}"));
    workload.into_iter().chain(of_own).collect()
}

fn total(judge: &Judge<'_>, evidence: Evidence<'_>, kind: Kind, rows: &[&Comparison]) -> Total {
    let first = rows[0];
    let candidate = evidence.matrix.cell(first.candidate.cell);
    let differs = differs(evidence, first);
    let is_rate = first.metric.better == Some(Better::Higher);
    // What is larger where the candidate is better stands first.
    let members: Vec<Samples> = rows
        .iter()
        .map(|row| {
            let [base, own] = judge.values(row);
            if is_rate { (own, base) } else { (base, own) }
        })
        .collect();
    let whole = rows.iter().all(|row| row.pairing == Pairing::Block);
    let pairing = if whole { Pairing::Block } else { Pairing::Independent };
    let longest = members.iter().map(|(x, y)| x.len().max(y.len())).max().unwrap_or(0);
    let name = evidence.experiment.strategies[candidate.strategy].name.as_str();
    let key = format!(
        "{}/{name}/{}/{}/{}",
        kind.as_str(),
        candidate.workers,
        differs.join(","),
        first.metric.column
    );
    let purpose = if whole { Purpose::RatioPaired } else { Purpose::Ratio };
    let resampling = Resampling {
        replicates: replicates(longest, longest),
        seed: derive_seed(evidence.plan.seed(), purpose, &key),
        conf: first.resampling.conf,
    };
    let is_incomplete = rows.iter().any(|row| row.verdict == Verdict::Invalid);
    let quantile = super::effect::quantile(Objective::P50);
    let ratio = if is_incomplete {
        Ratio { status: RatioStatus::Empty, estimate: None, interval: None }
    } else {
        joined(&members, quantile, pairing, &resampling, &|pairs| join(kind, pairs)).0
    };
    let median = |values: &[f64]| crate::stats::Sorted::new(values).median();
    let sum = |side: fn(&Samples) -> &[f64]| {
        let medians: Option<Vec<f64>> = members.iter().map(|pair| median(side(pair))).collect();
        medians.map(|medians| medians.iter().sum::<f64>()).filter(|sum| sum.is_finite())
    };
    let sums = sum(|pair| &pair.0).zip(sum(|pair| &pair.1));
    Total {
        kind,
        metric: first.metric.clone(),
        candidate: first.candidate.cell,
        differs,
        members: rows.iter().map(|row| row.id.clone()).collect(),
        sums: sums.filter(|_| kind == Kind::Sum && !is_incomplete),
        ratio,
        is_incomplete,
        pairing,
        resampling,
    }
}

fn join(kind: Kind, pairs: &[(f64, f64)]) -> f64 {
    match kind {
        Kind::Sum => divide(
            pairs.iter().map(|(top, _)| top).sum(),
            pairs.iter().map(|(_, bottom)| bottom).sum(),
        ),
        Kind::Geomean => {
            let ratios: Vec<f64> =
                pairs.iter().map(|(top, bottom)| divide(*top, *bottom)).collect();
            geometric_mean(&ratios).unwrap_or(f64::NAN)
        }
    }
}
