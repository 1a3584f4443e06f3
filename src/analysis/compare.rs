//! Each cell against its baseline: how many times as good, how sure that is, and what may be said.
//!
//! Two modes. With whole blocks, each of which ran every cell once, values are compared within
//! blocks; otherwise the two cells are independent samples. A family is what the file compares in
//! one metric; its p-values are adjusted together.

use std::collections::{BTreeMap, BTreeSet};

use super::effect::{Compared, Samples, Subject, compared, decide};
use super::metric::OF_VALUES;
use super::parallel;
use super::summary::{DEFAULT_CONF, TIME};
use super::values::{Source, sources};
use super::{Baselines, Evidence, Reference, Standings, Summary};
use crate::design::{Better, CellIx, Compare, Experiment, Objective, Order, Scaling, StrategyKind};
use crate::measure::{MetricColumn, Observation};
use crate::plan::{Purpose, derive_seed};
use crate::stats::bootstrap::replicates;
use crate::stats::power::Pilot;
use crate::stats::{
    Adjust, Pairing, Ratio, Resampling, Shift, Test, Verdict, paired_ratio, ratio_of_medians,
};

#[cfg(test)]
mod tests;

/// Margin of practical equivalence where the file states none.
pub const DEFAULT_MARGIN: f64 = 0.02;

/// The two cells did not run in turn: one of them, or a part of it, was measured at another time.
pub const NOT_INTERLEAVED: &str = "not_interleaved";

/// With weak scaling, the two cells do different amounts of work.
pub const UNEQUAL_WORK: &str = "unequal_work";

/// Fewest whole blocks that are compared block by block; with fewer, resampling blocks covers less
/// than it says.
const MIN_BLOCKS: usize = 10;

/// The column of the metric that an experiment compares: the primary time unless it names one.
#[must_use]
pub fn compared_column(experiment: &Experiment, workload: usize) -> String {
    let named = experiment.compare.metric.as_ref();
    let metrics = &experiment.workloads[workload].metrics;
    let own = named.and_then(|named| metrics.iter().find(|metric| metric.name == *named));
    own.map_or_else(|| TIME.to_owned(), |metric| MetricColumn::of(metric).column)
}

/// One of the two cells of a comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arm {
    /// The cell.
    pub cell: CellIx,
    /// Values that are compared, timeouts included.
    pub n: usize,
    /// Their median, or the percentile that the experiment compares, in the metric's unit; `None`
    /// if it is censored or missing.
    pub median: Option<f64>,
}

/// One cell against its baseline in one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// `p001`, in the order of cells and metrics.
    pub id: String,
    /// The metric.
    pub metric: MetricColumn,
    /// Whether it is the metric that the file compares, not a further one.
    pub is_primary: bool,
    /// What the baseline is: `best_serial`, `same_code_1_worker` or `named`.
    pub baseline_kind: String,
    /// The baseline.
    pub baseline: Arm,
    /// The cell that is compared with it.
    pub candidate: Arm,
    /// Whether values are compared within blocks.
    pub pairing: Pairing,
    /// Blocks in which both cells have a value.
    pub n_blocks: usize,
    /// How many times as good as the baseline: above 1 is better in either direction.
    pub speedup: Ratio,
    /// How its interval was made.
    pub resampling: Resampling,
    /// Candidate less baseline, in the metric's unit.
    pub shift: Shift,
    /// The two-sided p-value that the verdict rests on, and its test.
    pub test: Option<(f64, Test)>,
    /// The p-value among those of its family.
    pub p_adjusted: Option<f64>,
    /// Number of p-values in the family.
    pub family_size: usize,
    /// The smallest p-value that so many values can give.
    pub min_p: Option<f64>,
    /// The p-value of the test of Mann and Whitney, whichever test leads.
    pub mwu_p: Option<f64>,
    /// P(candidate better) + P(equal)/2 for a random pair of values.
    pub a12: Option<f64>,
    /// 2·A₁₂ − 1.
    pub cliffs_delta: Option<f64>,
    /// What may be said.
    pub verdict: Verdict,
    /// What a reader must know.
    pub flags: Vec<&'static str>,
}

impl Comparison {
    /// What its interval says about the repeats that a comparison needs, if it has one.
    #[must_use]
    pub fn pilot(&self) -> Option<Pilot> {
        let n = self.baseline.n.min(self.candidate.n);
        Some(Pilot { n, interval: self.speedup.interval?, conf: self.resampling.conf })
    }
}

/// Every comparison of a run.
#[derive(Clone, Debug)]
pub struct Comparisons {
    /// In the order of candidates, the primary metric first.
    pub rows: Vec<Comparison>,
    /// The margin of practical equivalence.
    pub margin: f64,
    /// The statistic that is compared.
    pub objective: Objective,
    /// `holm`, `bh` or `none`.
    pub adjust: &'static str,
    /// For each cell, the row of its comparison in the primary metric.
    primary: Vec<Option<usize>>,
}

impl Comparisons {
    /// Compares every cell that has a baseline.
    #[must_use]
    pub fn of(
        evidence: Evidence<'_>,
        standings: &Standings,
        summary: &Summary,
        baselines: &Baselines,
    ) -> Self {
        let used = used(evidence, standings);
        let compare = &evidence.experiment.compare;
        let (adjust, how) = adjusting(compare);
        let conf = compare.conf.unwrap_or(DEFAULT_CONF);
        let margin = compare.margin.unwrap_or(DEFAULT_MARGIN);
        let judge = Judge::new(evidence, summary, &used);
        let mut tasks: Vec<Task> = Vec::new();
        for candidate in (0..evidence.matrix.len()).map(CellIx::new) {
            if let Reference::Cell(baseline) = baselines.reference(candidate) {
                let from = tasks.len() + 1;
                let id = |at| format!("p{:03}", from + at);
                tasks.extend(judge.tasks([baseline, candidate], usize::MAX, id));
            }
        }
        let values = evidence.observations.len();
        let rows = parallel::map(tasks.len(), values, |at| judge.row(&tasks[at]));
        let rows = decide(rows, how, (margin, conf), |row| judge.is_valid(row));
        Self::of_rows(rows, (margin, adjust, compare.objective), evidence.matrix.len())
    }

    /// Comparisons of `cells` candidates.
    pub(super) fn of_rows(
        rows: Vec<Comparison>,
        (margin, adjust, objective): (f64, &'static str, Objective),
        cells: usize,
    ) -> Self {
        let mut primary = vec![None; cells];
        for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.is_primary) {
            primary[row.candidate.cell.index()] = Some(at);
        }
        Self { rows, margin, objective, adjust, primary }
    }

    /// Compares further pairs of cells, the baseline of each first, in the metric that the file
    /// compares; they are a family of their own.
    #[must_use]
    pub fn further(
        &self,
        evidence: Evidence<'_>,
        (standings, summary): (&Standings, &Summary),
        pairs: &[[CellIx; 2]],
    ) -> Vec<Comparison> {
        if pairs.is_empty() {
            return Vec::new();
        }
        let used = used(evidence, standings);
        let judge = Judge::new(evidence, summary, &used);
        let compare = |pair: &[CellIx; 2]| {
            let id = pair_id(*pair);
            let tasks = judge.tasks(*pair, 1, |_| id.clone());
            let primary = tasks.iter().filter(|task| task.is_primary);
            primary.map(|task| judge.row(task)).collect::<Vec<Compared>>()
        };
        let rows: Vec<Compared> = pairs.iter().flat_map(compare).collect();
        let how = adjusting(&evidence.experiment.compare).1;
        decide(rows, how, (self.margin, judge.conf), |row| judge.is_valid(row))
    }

    /// The intervals of the median time of each pair's first cell over that of the second, each by
    /// itself. What the file compares anyway is taken from there.
    pub(super) fn time_ratios(
        &self,
        evidence: Evidence<'_>,
        (standings, summary): (&Standings, &Summary),
        pairs: &[[CellIx; 2]],
    ) -> Vec<Option<(f64, f64)>> {
        let used = used(evidence, standings);
        let judge = Judge::new(evidence, summary, &used);
        let is_median = self.objective == Objective::P50;
        let known = |[base, own]: [CellIx; 2]| {
            let row = self.of_cell(own).filter(|row| row.baseline.cell == base);
            row.filter(|row| is_median && row.metric.column == TIME)
        };
        parallel::map(pairs.len(), evidence.observations.len(), |at| match known(pairs[at]) {
            Some(row) => row.speedup.interval,
            None => judge.time_ratio(pairs[at]).interval,
        })
    }

    /// The typical ratio within a block, oriented as the speed-up is, and its exact interval: a look
    /// at the same difference by another road. `None` unless medians are compared by block.
    #[must_use]
    pub fn within_blocks(
        &self,
        evidence: Evidence<'_>,
        (standings, summary): (&Standings, &Summary),
        row: &Comparison,
    ) -> Option<Shift> {
        if row.pairing != Pairing::Block || self.objective != Objective::P50 {
            return None;
        }
        let used = used(evidence, standings);
        let [base, own] = Judge::new(evidence, summary, &used).values(row);
        let conf = row.resampling.conf;
        Some(match row.metric.better {
            Some(Better::Higher) => paired_ratio(&own, &base, conf),
            _ => paired_ratio(&base, &own, conf),
        })
    }

    /// The comparison of a cell in the metric that the file compares.
    #[must_use]
    pub fn of_cell(&self, cell: CellIx) -> Option<&Comparison> {
        self.primary[cell.index()].map(|at| &self.rows[at])
    }
}

/// The used rows of each cell, in the order in which they ran.
pub(super) fn used<'a>(evidence: Evidence<'a>, standings: &Standings) -> Vec<Vec<&'a Observation>> {
    let mut used: Vec<Vec<&Observation>> = vec![Vec::new(); evidence.matrix.len()];
    for (observation, standing) in evidence.observations.iter().zip(standings.rows()) {
        if standing.used() {
            used[observation.trial.cell.index()].push(observation);
        }
    }
    used
}

/// `c003/c001`: names the comparison of two cells, the baseline last, by nothing but them.
fn pair_id([baseline, candidate]: [CellIx; 2]) -> String {
    format!("{}/{}", candidate.id(), baseline.id())
}

/// How p-values of a family are adjusted.
pub(super) fn adjusting(compare: &Compare) -> (&'static str, Adjust) {
    match compare.adjust.as_deref() {
        Some("bh") => ("bh", Adjust::BenjaminiHochberg),
        Some("none") => ("none", Adjust::None),
        _ => ("holm", Adjust::Holm),
    }
}

pub(super) struct Judge<'a> {
    evidence: Evidence<'a>,
    summary: &'a Summary,
    /// Used rows of each cell, in the order in which they ran.
    used: &'a [Vec<&'a Observation>],
    conf: f64,
    objective: Objective,
}

/// Two cells and how one metric of theirs is read, the baseline's first.
struct Task {
    /// Names the comparison, and seeds its bootstrap.
    id: String,
    cells: [CellIx; 2],
    sources: [Source; 2],
    is_primary: bool,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        evidence: Evidence<'a>,
        summary: &'a Summary,
        used: &'a [Vec<&'a Observation>],
    ) -> Self {
        let conf = evidence.experiment.compare.conf.unwrap_or(DEFAULT_CONF);
        let objective = evidence.experiment.compare.objective;
        Self { evidence, summary, used, conf, objective }
    }

    /// The comparisons of two cells that are to be made: in the compared metric, and in each metric
    /// of the program that has a better direction; the compared metric first.
    fn tasks(
        &self,
        [baseline, candidate]: [CellIx; 2],
        at_most: usize,
        id: impl Fn(usize) -> String,
    ) -> Vec<Task> {
        let mut tasks = Vec::new();
        let experiment = self.evidence.experiment;
        let workload = |cell| self.evidence.matrix.cell(cell).workload;
        let primary = compared_column(experiment, workload(candidate));
        let own = sources(&experiment.workloads[workload(candidate)]);
        let base = sources(&experiment.workloads[workload(baseline)]);
        let is_user = |source: &&Source| source.column.column.starts_with("metric_");
        let first = own.iter().filter(|source| source.column.column == primary);
        let further = own.iter().filter(is_user).filter(|source| source.column.column != primary);
        let all = first.chain(further).filter(|source| source.column.better.is_some());
        for source in all.take(at_most) {
            let name = &source.column.column;
            // A baseline that does not report the metric cannot be compared in it.
            if let Some(of_base) = base.iter().find(|other| other.column.column == *name) {
                let sources = [of_base.clone(), source.clone()];
                let (id, cells) = (id(tasks.len()), [baseline, candidate]);
                tasks.push(Task { id, cells, sources, is_primary: *name == primary });
            }
        }
        tasks
    }

    /// The values behind a comparison, the baseline's first.
    pub(super) fn values(&self, row: &Comparison) -> [Vec<f64>; 2] {
        let experiment = self.evidence.experiment;
        let source = |cell: CellIx| {
            let workload = self.evidence.matrix.cell(cell).workload;
            let all = sources(&experiment.workloads[workload]);
            let found = all.into_iter().find(|source| source.column.column == row.metric.column);
            (cell, found.expect("both cells of a comparison have its metric"))
        };
        let arms = [source(row.baseline.cell), source(row.candidate.cell)];
        self.samples([(arms[0].0, &arms[0].1), (arms[1].0, &arms[1].1)]).values
    }

    fn samples(&self, arms: [(CellIx, &Source); 2]) -> Samples {
        let independent = arms.map(|(cell, source)| source.values(&self.used[cell.index()]));
        let by_block = |(cell, source): (CellIx, &Source)| -> BTreeMap<u32, f64> {
            let rows = self.used[cell.index()].iter();
            rows.filter_map(|row| Some((row.trial.block()?, source.value(row)?))).collect()
        };
        let [base, own] = arms.map(by_block);
        let both: Vec<(f64, f64)> =
            base.iter().filter_map(|(block, base)| Some((*base, *own.get(block)?))).collect();
        let blocked = self.evidence.experiment.protocol.order == Order::Blocks
            && independent.iter().all(|values| !values.is_empty());
        let n_blocks = if blocked { both.len() } else { 0 };
        let is_interleaved = self.is_interleaved(arms.map(|(cell, _)| cell));
        if n_blocks < MIN_BLOCKS || !is_interleaved {
            let pairing = Pairing::Independent;
            return Samples { values: independent, pairing, n_blocks, is_interleaved };
        }
        let (base, own) = both.into_iter().unzip();
        Samples { values: [base, own], pairing: Pairing::Block, n_blocks, is_interleaved }
    }

    /// Whether the same extension of the run planned both cells' trials of each block, so that one
    /// ran while the other did, and some session ran both. What a session left for the next one is
    /// still in turn.
    fn is_interleaved(&self, cells: [CellIx; 2]) -> bool {
        let plan = self.evidence.plan;
        let rows = cells.map(|cell| &self.used[cell.index()]);
        let [base, own] = rows.map(|rows| -> BTreeMap<u32, usize> {
            let trials = rows.iter().map(|row| row.trial);
            trials.map(|trial| (trial.repeat, plan.extension_of(trial.order))).collect()
        });
        let [base_sessions, own_sessions] =
            rows.map(|rows| rows.iter().map(|row| row.session).collect::<BTreeSet<u32>>());
        let [first, second] =
            [&base, &own].map(|planned| planned.values().copied().collect::<BTreeSet<usize>>());
        let is_one_sided = rows.iter().any(|rows| rows.is_empty());
        let same = |(repeat, planned): (&u32, &usize)| {
            own.get(repeat).is_none_or(|other| other == planned)
        };
        is_one_sided
            || (base.iter().all(same)
                && first == second
                && !base_sessions.is_disjoint(&own_sessions))
    }

    fn row(&self, task: &Task) -> Compared {
        let Task { id, cells, sources, is_primary } = task;
        let (cells, is_primary, metric) = (*cells, *is_primary, &sources[1].column);
        let samples = &self.samples([(cells[0], &sources[0]), (cells[1], &sources[1])]);
        let seed = self.seed(samples.pairing, id);
        let subject = Subject {
            id: id.clone(),
            cells,
            metric,
            is_primary,
            baseline_kind: self.baseline_kind(cells),
            flags: self.flags(cells, &metric.column, samples.is_interleaved),
        };
        compared(subject, samples, self.objective, (seed, self.conf))
    }

    /// The ratio of two cells' median times, the second's below.
    fn time_ratio(&self, cells: [CellIx; 2]) -> Ratio {
        let of_workload = |cell| {
            let workload = self.evidence.matrix.cell(cell).workload;
            sources(&self.evidence.experiment.workloads[workload]).swap_remove(0)
        };
        let [base, own] = cells.map(|cell| (cell, of_workload(cell)));
        let samples = self.samples([(base.0, &base.1), (own.0, &own.1)]);
        let id = pair_id(cells);
        let resampling = Resampling {
            replicates: replicates(samples.values[0].len(), samples.values[1].len()),
            seed: self.seed(samples.pairing, &id),
            conf: self.conf,
        };
        let [base, own] = &samples.values;
        ratio_of_medians(base, own, samples.pairing, &resampling)
    }

    /// The seed of a comparison's bootstrap.
    fn seed(&self, pairing: Pairing, id: &str) -> u64 {
        let purpose = match pairing {
            Pairing::Block => Purpose::RatioPaired,
            Pairing::Independent => Purpose::Ratio,
        };
        derive_seed(self.evidence.plan.seed(), purpose, id)
    }

    /// What the baseline is, unless the file says so itself.
    fn baseline_kind(&self, cells: [CellIx; 2]) -> String {
        let experiment = self.evidence.experiment;
        if let Some(stated) = &experiment.compare.baseline_kind {
            return stated.clone();
        }
        let [baseline, candidate] = cells.map(|cell| self.evidence.matrix.cell(cell));
        let kind = |strategy: usize| experiment.strategies[strategy].kind;
        let same_workload = baseline.workload == candidate.workload;
        let serial = kind(baseline.strategy) == StrategyKind::Sequential;
        let kind = if same_workload && baseline.workers == 1 && candidate.workers > 1 {
            match (baseline.strategy == candidate.strategy, serial) {
                (true, _) => "same_code_1_worker",
                (false, true) => "best_serial",
                (false, false) => "named",
            }
        } else {
            "named"
        };
        kind.to_owned()
    }

    fn flags(&self, cells: [CellIx; 2], column: &str, is_interleaved: bool) -> Vec<&'static str> {
        let mut flags: Vec<&'static str> = Vec::new();
        let mut flag = |word| {
            if !flags.contains(&word) {
                flags.push(word);
            }
        };
        for cell in cells.map(|cell| self.summary.cell(cell)) {
            let of_metric = cell.metric(column).map_or(&[][..], |metric| &metric.flags);
            let of_cell = cell.time().flags.iter().filter(|word| !OF_VALUES.contains(word));
            of_metric.iter().chain(of_cell).for_each(|word| flag(*word));
        }
        if !is_interleaved {
            flag(NOT_INTERLEAVED);
        }
        if self.is_of_unequal_work(cells) {
            flag(UNEQUAL_WORK);
        }
        flags
    }

    /// Whether one of two cells of a workload does more work than the other, since it has more
    /// workers.
    fn is_of_unequal_work(&self, cells: [CellIx; 2]) -> bool {
        let [base, own] = cells.map(|cell| self.evidence.matrix.cell(cell));
        let scaling = self.evidence.experiment.workloads[own.workload].scaling;
        base.workload == own.workload && scaling == Scaling::Weak && base.tasks != own.tasks
    }

    /// Whether neither cell failed, and both were what they were meant to be.
    fn is_valid(&self, row: &Comparison) -> bool {
        let cells = [row.baseline.cell, row.candidate.cell];
        cells.iter().all(|&cell| self.summary.cell(cell).is_valid())
    }
}
