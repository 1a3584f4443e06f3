//! What the used values of each cell amount to, metric by metric.

use super::flags;
use super::metric::COARSE_TIMER;
pub use super::metric::{Location, MetricSummary, speedup};
use super::parallel;
use super::standing::{TICK_NS, UnusedReason};
use super::treatment::Broken;
pub use super::values::TIME;
use super::values::sources;
use super::{Evidence, FamilyStop, Standings, StopCause};
use crate::design::{CellIx, Objective, OnFailure, Workload};
use crate::measure::{Measured, Observation, Status};
use crate::plan::{Purpose, derive_seed};
use crate::stats::{Advice, Components, Sorted, SteadyClass, cell_class, variance_components};

/// Confidence level where the file states none.
pub const DEFAULT_CONF: f64 = 0.95;

/// Starting the process is a notable part of the time of a command.
pub const SHORT_RUN: &str = "short_run";

/// A larger share of the time is notable.
const START_SHARE: f64 = 0.05;

/// The flag of a cell whose treatment did not take place.
pub const ASSERT_FAILED: &str = "assert_failed";

/// Why no more trials of a cell were run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// All planned repeats ended.
    FixedN,
    /// The repeats were chosen as the run went, and ended for this cause.
    Chosen(StopCause),
    /// The run ended first.
    Interrupted,
    /// A failure ended the run, as the protocol asks.
    FailureLimit,
    /// A smaller cell timed out, and the protocol asks to skip larger ones then.
    Skipped,
}

impl StopReason {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FixedN => "fixed_n",
            Self::Chosen(cause) => cause.as_str(),
            Self::Interrupted => "interrupted",
            Self::FailureLimit => "failure_limit",
            Self::Skipped => "skipped",
        }
    }
}

/// What became of a cell's trials. Attempts that were superseded are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CellCounts {
    /// Measured trials planned, without those that turned out not to be needed.
    pub scheduled: u32,
    /// Measured trials that are used, timeouts included.
    pub used: u32,
    /// Of those, timeouts.
    pub timeout: u32,
    /// Measured trials that failed or gave a wrong answer.
    pub failed: u32,
    /// Of those, the ones with a wrong answer.
    pub wrong: u32,
    /// Measured trials that were interrupted or never started.
    pub interrupted: u32,
    /// Warm-up trials.
    pub warmup: u32,
    /// Measured trials that were not started on purpose.
    pub skipped: u32,
}

/// What the variance of trials of several iterations says of repeating either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repetition {
    /// Iterations of a trial.
    pub iterations: usize,
    /// How many make the most of the time.
    pub advice: Advice,
    /// Whether more of them cannot narrow the interval notably.
    pub is_enough: bool,
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub struct CellSummary {
    /// What became of its trials.
    pub counts: CellCounts,
    /// The largest share of its trials that may fail.
    pub max_failure_rate: f64,
    /// Why no more were run.
    pub stop: StopReason,
    /// The answer, if all its right answers are equal.
    pub answer: Option<String>,
    /// The largest peak of resident memory of its used trials, in bytes.
    pub peak_bytes: Option<u64>,
    /// The median share of the region in which the slowest worker was not at work, for cells of
    /// several workers: creating, joining, handing back.
    pub startup_share: Option<f64>,
    /// The median of CPU time over time, from the start of the process where that is known: how
    /// many CPUs were busy.
    pub cpu_per_time: Option<f64>,
    /// What its trials do over their iterations, if they have several.
    pub steady: Option<SteadyClass>,
    /// The share of the variance of iterations that lies between trials.
    pub icc: Option<f64>,
    /// Which repetition narrows its interval for the time that it takes.
    pub repetition: Option<Repetition>,
    /// One entry a metric: the primary time first.
    pub metrics: Vec<MetricSummary>,
}

impl CellSummary {
    /// The metric stored in that column.
    #[must_use]
    pub fn metric(&self, column: &str) -> Option<&MetricSummary> {
        self.metrics.iter().find(|metric| metric.column == column)
    }

    /// Whether more trials failed than the experiment allows: those that are left may be the easy
    /// ones. No wrong answer is ever allowed.
    #[must_use]
    pub fn failed_too_often(&self) -> bool {
        let CellCounts { used, failed, wrong, .. } = self.counts;
        // The slack keeps a share that is met exactly on the right side.
        let allowed = self.max_failure_rate * f64::from(used + failed) * (1.0 + 1e-12);
        wrong > 0 || f64::from(failed) > allowed
    }

    /// Whether no more trials failed than may, none was left out on purpose, and the cell is what it
    /// was meant to be: only then does a comparison with it say anything.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        !self.failed_too_often()
            && self.counts.skipped == 0
            && !self.time().flags.contains(&ASSERT_FAILED)
    }

    /// The primary time.
    #[must_use]
    pub fn time(&self) -> &MetricSummary {
        &self.metrics[0]
    }
}

/// Every cell's summary.
#[derive(Clone, Debug)]
pub struct Summary {
    conf: f64,
    objective: Objective,
    cells: Vec<CellSummary>,
}

impl Summary {
    /// Summarises the used rows of every cell.
    #[must_use]
    pub fn of(evidence: Evidence<'_>, standings: &Standings) -> Self {
        let conf = evidence.experiment.compare.conf.unwrap_or(DEFAULT_CONF);
        let objective = evidence.experiment.compare.objective;
        let mut rows: Vec<Vec<usize>> = vec![Vec::new(); evidence.matrix.len()];
        for (row, observation) in evidence.observations.iter().enumerate() {
            rows[observation.trial.cell.index()].push(row);
        }
        let stops = evidence.stops_by_cell();
        let cells = parallel::map(rows.len(), evidence.observations.len(), |at| {
            let rows = &rows[at];
            let gathered = Gathered::new((evidence, standings), CellIx::new(at), rows, stops[at]);
            gathered.summarise(conf, objective)
        });
        Self { conf, objective, cells }
    }

    /// Marks cells in which a condition on their treatment does not hold.
    pub fn flag_broken(&mut self, broken: &[Broken]) {
        for one in broken {
            for metric in &mut self.cells[one.cell.index()].metrics {
                if !metric.flags.contains(&ASSERT_FAILED) {
                    metric.flags.push(ASSERT_FAILED);
                }
            }
        }
    }

    /// The level of the intervals.
    #[must_use]
    pub fn conf(&self) -> f64 {
        self.conf
    }

    /// The statistic that is compared.
    #[must_use]
    pub fn objective(&self) -> Objective {
        self.objective
    }

    /// One entry a cell, in the order of the matrix.
    #[must_use]
    pub fn cells(&self) -> &[CellSummary] {
        &self.cells
    }

    /// One cell.
    #[must_use]
    pub fn cell(&self, cell: CellIx) -> &CellSummary {
        &self.cells[cell.index()]
    }
}

/// The rows of one cell.
struct Gathered<'a> {
    workload: &'a Workload,
    used: Vec<&'a Observation>,
    counts: CellCounts,
    max_failure_rate: f64,
    empty_process_ns: Option<u64>,
    stop: StopReason,
    answer: Option<String>,
    steady: Vec<SteadyClass>,
    /// Of the means of each metric, their intervals' seeds.
    seed: Box<dyn Fn(&str) -> u64 + 'a>,
}

impl<'a> Gathered<'a> {
    fn new(
        (evidence, standings): (Evidence<'a>, &Standings),
        cell: CellIx,
        rows: &[usize],
        stop: Option<&FamilyStop>,
    ) -> Self {
        let at = evidence.matrix.cell(cell);
        let workload = &evidence.experiment.workloads[at.workload];
        let repeats = evidence.matrix.protocol(at).repeats;
        let scheduled = stop.map_or(repeats, |stop| stop.after_block.min(repeats));
        let mut counts = CellCounts { scheduled, ..CellCounts::default() };
        let mut used = Vec::new();
        let (mut answers, mut steady): (Vec<&str>, Vec<SteadyClass>) = (Vec::new(), Vec::new());
        for &row in rows {
            let (observation, standing) = (&evidence.observations[row], &standings.rows()[row]);
            if standing.last_attempt {
                tally(&mut counts, observation, standing.unused);
            }
            if standing.used() {
                used.push(observation);
                steady.extend(standing.steady.map(|found| found.class));
            }
            if standing.status == Status::Ok {
                answers.extend(observation.measured.answer.as_deref());
            }
        }
        let first = answers.first().copied();
        let agreed = first.filter(|first| answers.iter().all(|answer| answer == first));
        let on_failure = evidence.experiment.protocol.on_failure;
        Self {
            workload,
            used,
            counts,
            empty_process_ns: evidence.empty_process_ns,
            max_failure_rate: evidence.experiment.compare.max_failure_rate.unwrap_or(0.0),
            stop: stop_reason(evidence, counts, (on_failure, stop)),
            answer: agreed.map(str::to_owned),
            steady,
            seed: Box::new(move |column| {
                let key = format!("{}:{column}", cell.id());
                derive_seed(evidence.plan.seed(), Purpose::BcaMean, &key)
            }),
        }
    }

    fn summarise(&self, conf: f64, objective: Objective) -> CellSummary {
        let mut metrics: Vec<MetricSummary> = sources(self.workload)
            .iter()
            .map(|source| {
                let (column, values) = (&source.column, source.values(&self.used));
                let of_mean = (conf, (self.seed)(&column.column));
                let mut metric = MetricSummary::new(column, &values, objective, of_mean);
                // Where values differ, no row is used; what a timeout hides may differ.
                metric.deterministic =
                    source.deterministic && metric.n > 0 && metric.n_censored == 0;
                if metric.deterministic {
                    metric.flags.retain(|flag| *flag != COARSE_TIMER);
                }
                metric
            })
            .collect();
        metrics[0].rate = self.rate(metrics[0].median);
        self.flag_cell(&mut metrics[0]);
        let components = self.components();
        CellSummary {
            counts: self.counts,
            max_failure_rate: self.max_failure_rate,
            stop: self.stop,
            answer: self.answer.clone(),
            peak_bytes: self.used.iter().filter_map(|o| o.measured.max_rss_bytes).max(),
            startup_share: self.startup_share(),
            cpu_per_time: self.cpu_per_time(),
            steady: cell_class(&self.steady),
            icc: components.and_then(|components| components.icc),
            repetition: components.and_then(|components| self.repetition(&components)),
            metrics,
        }
    }

    fn rate(&self, median_ns: Option<f64>) -> Option<f64> {
        let units = self.used.iter().find_map(|o| o.measured.work_units)?;
        let median_ns = median_ns.filter(|&median| median > 0.0)?;
        Some(units as f64 / median_ns * 1e9)
    }

    fn components(&self) -> Option<Components> {
        let ok = self.used.iter().filter(|row| row.measured.status == Status::Ok);
        let trials: Vec<Vec<f64>> = ok
            .map(|row| row.measured.iterations_ns.iter().map(|&ns| ns as f64).collect())
            .collect();
        variance_components(&trials)
    }

    /// By what a trial costs besides its iterations, and what an iteration costs.
    fn repetition(&self, components: &Components) -> Option<Repetition> {
        let ok = || self.used.iter().filter(|row| row.measured.status == Status::Ok);
        let inside = |row: &&&Observation| row.measured.iterations_ns.iter().sum::<u64>() as f64;
        let whole = |row: &&&Observation| row.measured.process_ns.or(row.measured.time_ns);
        let beside = |row: &&Observation| Some((whole(&row)? as f64 - inside(&row)).max(0.0));
        let starts: Vec<f64> = ok().filter_map(beside).collect();
        let sums: Vec<f64> = ok().map(|row| inside(&row)).collect();
        let iterations = self.used.first()?.measured.iterations_ns.len();
        let iteration = Sorted::new(&sums).median()? / iterations as f64;
        Some(Repetition {
            iterations,
            advice: components.advice(Sorted::new(&starts).median()?, iteration),
            is_enough: components.iterations_are_enough(iterations),
        })
    }

    fn cpu_per_time(&self) -> Option<f64> {
        let ratios: Vec<f64> = self
            .used
            .iter()
            .filter_map(|observation| {
                let measured = &observation.measured;
                // The CPU time of a kernel's process has its start in it, and so has this time.
                let time = measured.process_ns.or(measured.time_ns).filter(|&ns| ns > 0)?;
                let cpu = measured.user_ns?.saturating_add(measured.sys_ns?);
                Some(cpu as f64 / time as f64)
            })
            .collect();
        Sorted::new(&ratios).median()
    }

    /// The share of the region outside the slowest worker's span.
    fn startup_share(&self) -> Option<f64> {
        let shares: Vec<f64> = self
            .used
            .iter()
            .filter(|observation| observation.measured.status == Status::Ok)
            .filter_map(|observation| {
                let region = observation.measured.time_ns.filter(|&ns| ns > 0)?;
                let (_, slowest) = worker_extremes(&observation.measured)?;
                let several = observation.measured.workers.len() > 1;
                several.then(|| region.saturating_sub(slowest) as f64 / region as f64)
            })
            .collect();
        Sorted::new(&shares).median()
    }

    /// Whether starting the process of a command is a notable part of its time. A kernel's region
    /// begins later.
    fn is_mostly_start(&self, median_ns: Option<f64>) -> bool {
        let notable = |(start, median): (u64, f64)| start as f64 > START_SHARE * median;
        self.workload.is_command() && self.empty_process_ns.zip(median_ns).is_some_and(notable)
    }

    fn flag_cell(&self, time: &mut MetricSummary) {
        let is_short = time.median.is_some_and(|median| median < 100.0 * TICK_NS);
        if is_short && !time.flags.contains(&COARSE_TIMER) {
            time.flags.push(COARSE_TIMER);
        }
        if self.is_mostly_start(time.median) {
            time.flags.push(SHORT_RUN);
        }
        if self.counts.failed > 0 {
            time.flags.push("failures");
        }
        if self.counts.timeout > 0 {
            time.flags.push("timeouts");
        }
        if self.counts.skipped > 0 {
            time.flags.push("skipped");
        }
        match cell_class(&self.steady) {
            Some(SteadyClass::BadInconsistent) => time.flags.push("bad_inconsistent"),
            Some(SteadyClass::NoSteadyState) => time.flags.push("no_steady_state"),
            _ => {}
        }
        // What disturbed a trial that counts disturbed the cell.
        for flag in self.used.iter().flat_map(|observation| flags::of(&observation.measured)) {
            if !time.flags.contains(&flag) {
                time.flags.push(flag);
            }
        }
    }
}

/// The spans of the fastest and of the slowest worker in ns.
#[must_use]
pub fn worker_extremes(measured: &Measured) -> Option<(u64, u64)> {
    let spans = || {
        let workers = measured.workers.iter();
        workers.map(|worker| worker.end_ns.saturating_sub(worker.start_ns))
    };
    Some((spans().min()?, spans().max()?))
}

fn tally(counts: &mut CellCounts, observation: &Observation, unused: Option<UnusedReason>) {
    match unused {
        None => {
            counts.used += 1;
            counts.timeout += u32::from(observation.measured.status == Status::Timeout);
        }
        Some(UnusedReason::Warmup) => counts.warmup += 1,
        Some(reason @ (UnusedReason::Failed | UnusedReason::InvalidOutput)) => {
            counts.failed += 1;
            counts.wrong += u32::from(reason == UnusedReason::InvalidOutput);
        }
        Some(UnusedReason::Interrupted) => counts.interrupted += 1,
        Some(UnusedReason::Skipped) => {
            counts.skipped += u32::from(observation.trial.phase == crate::plan::Phase::Measure);
        }
        Some(UnusedReason::Superseded | UnusedReason::CellGone) => {}
    }
}

fn stop_reason(
    evidence: Evidence<'_>,
    counts: CellCounts,
    (on_failure, stop): (OnFailure, Option<&FamilyStop>),
) -> StopReason {
    if counts.used + counts.failed >= counts.scheduled {
        return stop.map_or(StopReason::FixedN, |stop| StopReason::Chosen(stop.cause));
    }
    if counts.used + counts.failed + counts.skipped >= counts.scheduled {
        return StopReason::Skipped;
    }
    let failure = |observation: &Observation| observation.measured.status.is_failure();
    if on_failure == OnFailure::Stop && evidence.observations.iter().any(failure) {
        return StopReason::FailureLimit;
    }
    StopReason::Interrupted
}
