//! What is known of a row only at the end: whether it is used, whether its answer agrees with
//! the others, and whether its value lies far out.

use std::collections::HashMap;
use std::sync::Arc;

use super::treatment::Broken;
use super::{Evidence, deterministic, parallel};
use crate::design::{Agree, Cell, CellIx, ParamName};
use crate::measure::{Iterated, Observation, Status};
use crate::plan::Phase;
use crate::stats::{Outlier, Sorted, mad_outliers, tukey};

/// Resolution of the clock behind every time, in ns.
pub const TICK_NS: f64 = 1.0;

/// Why a row does not enter the summary. Never because of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnusedReason {
    /// It belongs to the warm-up.
    Warmup,
    /// It failed.
    Failed,
    /// Its answer is wrong, or answers that must agree do not.
    InvalidOutput,
    /// The run ended before it did, or before it began.
    Interrupted,
    /// A later attempt took its place.
    Superseded,
    /// It was not started on purpose.
    Skipped,
    /// The run was extended with an experiment that does not have its cell.
    CellGone,
}

impl UnusedReason {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warmup => "warmup",
            Self::Failed => "failed",
            Self::InvalidOutput => "invalid_output",
            Self::Interrupted => "interrupted",
            Self::Superseded => "superseded",
            Self::Skipped => "skipped",
            Self::CellGone => "cell_gone",
        }
    }

    /// The reason as far as the row itself tells. Timeouts are used: they are right-censored
    /// values.
    #[must_use]
    pub fn of(phase: Phase, status: Status) -> Option<Self> {
        if phase == Phase::Warmup && status != Status::Skipped {
            return Some(Self::Warmup);
        }
        match status {
            Status::Ok | Status::Timeout => None,
            Status::Interrupted => Some(Self::Interrupted),
            Status::Skipped => Some(Self::Skipped),
            Status::InvalidOutput => Some(Self::InvalidOutput),
            Status::Failed
            | Status::CpuLimit
            | Status::Oom
            | Status::OutputLimit
            | Status::StartFailed => Some(Self::Failed),
        }
    }
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputCheck {
    /// Equal to the known answer, or to at least one other trial's.
    Pass,
    /// Different from the known answer or from other trials' answers.
    Fail,
    /// There was nothing to compare.
    None,
}

impl OutputCheck {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::None => "none",
        }
    }
}

/// What is known of one row at the end.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The status after answers were compared.
    pub status: Status,
    /// Why the row is not used; `None`: it is.
    pub unused: Option<UnusedReason>,
    /// No later attempt at the same trial exists.
    pub last_attempt: bool,
    /// What became of its answer.
    pub output_check: OutputCheck,
    /// How far out its time lies within its cell; for used rows.
    pub outlier: Option<Outlier>,
    /// Whether its modified z-score is above 3.5; for used rows.
    pub outlier_mad: Option<bool>,
    /// What its iterations come to; for trials of several iterations
    /// that came to their end.
    pub steady: Option<Iterated>,
    /// What answers it disagrees with.
    pub note: Option<Arc<str>>,
}

impl Standing {
    /// That of a row whose cell the experiment of today does not have.
    #[must_use]
    pub fn gone(observation: &Observation, last_attempt: bool) -> Self {
        let unused = Some(UnusedReason::CellGone);
        Self { unused, ..first_look(observation, !last_attempt) }
    }

    /// Whether the row enters the summary.
    #[must_use]
    pub fn used(&self) -> bool {
        self.unused.is_none()
    }
}

/// Answers, or values of a metric, that should be equal and are not.
#[derive(Clone, Debug, PartialEq)]
pub struct Disagreement {
    /// A cell that is part of it.
    pub cell: CellIx,
    /// The block, if answers are compared within blocks; 0 for the warm-up.
    pub block: Option<u32>,
    /// The metric that is declared deterministic and is not; `None`: the answers differ.
    pub metric: Option<ParamName>,
    /// Each answer and how often it was given, the first given first.
    pub answers: Vec<(String, usize)>,
}

impl Disagreement {
    /// The answers and their counts in one line.
    #[must_use]
    pub fn describe(&self) -> String {
        const SHOWN: usize = 3;
        let mut parts: Vec<String> = self
            .answers
            .iter()
            .take(SHOWN)
            .map(|(answer, count)| format!("{} ×{count}", shorten(answer)))
            .collect();
        if self.answers.len() > SHOWN {
            parts.push(format!("{} more", self.answers.len() - SHOWN));
        }
        let parts = parts.join(", ");
        match &self.metric {
            None => format!("answers differ: {parts}"),
            Some(name) => {
                format!("the metric {name} is declared deterministic and differs: {parts}")
            }
        }
    }
}

/// At most 40 characters of an answer, both ends kept, on one line.
fn shorten(answer: &str) -> String {
    let line: Vec<char> = answer.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.len() <= 40 {
        return line.into_iter().collect();
    }
    let start: String = line[..20].iter().collect();
    let end: String = line[line.len() - 19..].iter().collect();
    format!("{start}…{end}")
}

/// The standing of every row.
#[derive(Clone, Debug)]
pub struct Standings {
    rows: Vec<Standing>,
    disagreements: Vec<Disagreement>,
    compared: usize,
}

impl Standings {
    /// Judges every observation.
    #[must_use]
    pub fn of(evidence: Evidence<'_>) -> Self {
        let superseded = superseded(evidence);
        let mut rows: Vec<Standing> = evidence
            .observations
            .iter()
            .zip(&superseded)
            .map(|(observation, &superseded)| first_look(observation, superseded))
            .collect();
        let groups = Groups::collect(evidence);
        let mut disagreements = Vec::new();
        let mut compared = 0;
        for group in groups.list {
            compared += usize::from(group.rows.len() > 1);
            disagreements.extend(group.judge(evidence.observations, &mut rows));
        }
        disagreements.extend(deterministic::judge(evidence, &mut rows));
        flag_outliers(evidence, &mut rows);
        Self { rows, disagreements, compared }
    }

    /// One standing an observation, in the same order.
    #[must_use]
    pub fn rows(&self) -> &[Standing] {
        &self.rows
    }

    /// Notes on every row of a cell what is wrong with its treatment; the rows stay used.
    pub fn note_broken(&mut self, observations: &[Observation], broken: &[Broken]) {
        for one in broken {
            let note: Arc<str> = format!("assert {}: {}", one.condition, one.found).into();
            let rows = self.rows.iter_mut().zip(observations);
            for (row, _) in rows.filter(|(_, observed)| observed.trial.cell == one.cell) {
                row.note.get_or_insert_with(|| Arc::clone(&note));
            }
        }
    }

    /// Answers that should be equal and are not.
    #[must_use]
    pub fn disagreements(&self) -> &[Disagreement] {
        &self.disagreements
    }

    /// Number of groups in which at least two answers were compared.
    #[must_use]
    pub fn compared(&self) -> usize {
        self.compared
    }
}

/// For each observation: whether another attempt at the same trial came later.
fn superseded(evidence: Evidence<'_>) -> Vec<bool> {
    let mut last = vec![0_u32; evidence.plan.orders()];
    for observation in evidence.observations {
        let last = &mut last[observation.trial.order as usize];
        *last = observation.attempt.max(*last);
    }
    evidence
        .observations
        .iter()
        .map(|observation| observation.attempt < last[observation.trial.order as usize])
        .collect()
}

fn first_look(observation: &Observation, superseded: bool) -> Standing {
    let (phase, status) = (observation.trial.phase, observation.measured.status);
    let unused = if superseded && phase == Phase::Measure {
        Some(UnusedReason::Superseded)
    } else {
        UnusedReason::of(phase, status)
    };
    Standing {
        status,
        unused,
        last_attempt: !superseded,
        output_check: match observation.measured.expected {
            Some(true) => OutputCheck::Pass,
            Some(false) => OutputCheck::Fail,
            None => OutputCheck::None,
        },
        outlier: None,
        outlier_mad: None,
        steady: steady(observation),
        note: None,
    }
}

fn steady(observation: &Observation) -> Option<Iterated> {
    let measured = &observation.measured;
    let is_complete = measured.status == Status::Ok;
    is_complete.then(|| Iterated::of(&measured.iterations_ns)).flatten()
}

/// Rows whose answers must be equal.
struct Group {
    block: Option<u32>,
    rows: Vec<usize>,
}

impl Group {
    fn judge(&self, observations: &[Observation], rows: &mut [Standing]) -> Option<Disagreement> {
        let answer = |&row: &usize| observations[row].measured.answer.as_deref();
        let first = self.rows.first().and_then(answer);
        if self.rows.iter().all(|row| answer(row) == first) {
            if self.rows.len() > 1 {
                for &row in &self.rows {
                    rows[row].output_check = OutputCheck::Pass;
                }
            }
            return None;
        }
        let disagreement = Disagreement {
            cell: observations[self.rows[0]].trial.cell,
            block: self.block,
            metric: None,
            answers: count(self.rows.iter().filter_map(answer)),
        };
        let note: Arc<str> = disagreement.describe().into();
        for &row in &self.rows {
            let standing = &mut rows[row];
            standing.status = Status::InvalidOutput;
            standing.output_check = OutputCheck::Fail;
            standing.unused.get_or_insert(UnusedReason::InvalidOutput);
            standing.note = Some(Arc::clone(&note));
        }
        Some(disagreement)
    }
}

/// Each text and how often it comes, the first one first.
pub(super) fn count<'a>(answers: impl Iterator<Item = &'a str>) -> Vec<(String, usize)> {
    let mut index: HashMap<&str, usize> = HashMap::new();
    let mut counts: Vec<(String, usize)> = Vec::new();
    for answer in answers {
        let at = *index.entry(answer).or_insert_with(|| {
            counts.push((answer.to_owned(), 0));
            counts.len() - 1
        });
        counts[at].1 += 1;
    }
    counts
}

#[derive(Default)]
struct Groups {
    list: Vec<Group>,
    index: HashMap<(u32, Option<u32>), usize>,
}

impl Groups {
    /// Every row with a right answer, by the group it must agree with.
    fn collect(evidence: Evidence<'_>) -> Self {
        let of_cell = problems(evidence);
        let mut groups = Self::default();
        for (row, observation) in evidence.observations.iter().enumerate() {
            let trial = &observation.trial;
            let measured = &observation.measured;
            if measured.status != Status::Ok || measured.answer.is_none() {
                continue;
            }
            let workload = evidence.matrix.cell(trial.cell).workload;
            let block = match evidence.experiment.workloads[workload].agree {
                Agree::Off => continue,
                Agree::All => None,
                Agree::Block => Some(trial.block().unwrap_or(0)),
            };
            groups.push((of_cell[trial.cell.index()], block), row);
        }
        groups
    }

    fn push(&mut self, key: (u32, Option<u32>), row: usize) {
        let list = &mut self.list;
        let at = *self.index.entry(key).or_insert_with(|| {
            list.push(Group { block: key.1, rows: Vec::new() });
            list.len() - 1
        });
        self.list[at].rows.push(row);
    }
}

/// For each cell, the number of the problem it solves: workload, tasks, and the parameters that
/// its strategy does not set itself.
fn problems(evidence: Evidence<'_>) -> Vec<u32> {
    let mut index: HashMap<String, u32> = HashMap::new();
    evidence
        .matrix
        .cells()
        .iter()
        .map(|cell| {
            let key = problem_key(evidence, cell);
            let next = u32::try_from(index.len()).expect("fewer problems than cells");
            *index.entry(key).or_insert(next)
        })
        .collect()
}

fn problem_key(evidence: Evidence<'_>, cell: &Cell) -> String {
    use std::fmt::Write;
    let mut key = format!("{} {}", cell.workload, cell.tasks);
    let axes = evidence.matrix.axes(cell);
    for (name, level) in evidence.matrix.levels(cell) {
        if axes.iter().all(|axis| axis.name != *name || !axis.is_of_strategy) {
            // The debug form quotes text, so that no two lists run into one another.
            write!(key, " {name}={:?}", level.value()).expect("writing to a String cannot fail");
        }
    }
    key
}

/// Flags the used times of each cell. Flags change nothing else.
fn flag_outliers(evidence: Evidence<'_>, rows: &mut [Standing]) {
    let mut of_cell: Vec<Vec<(usize, f64)>> = vec![Vec::new(); evidence.matrix.len()];
    for (row, observation) in evidence.observations.iter().enumerate() {
        if let (true, Some(time)) = (rows[row].used(), time(observation)) {
            of_cell[observation.trial.cell.index()].push((row, time));
        }
    }
    let rules = parallel::map(of_cell.len(), evidence.observations.len(), |at| {
        let values: Vec<f64> = of_cell[at].iter().map(|&(_, time)| time).collect();
        let sample = Sorted::new(&values);
        (tukey(&sample), mad_outliers(&sample, TICK_NS))
    });
    for (cell, (fences, rule)) in of_cell.into_iter().zip(rules) {
        // Censored values have a status of their own and are no outliers.
        for (row, time) in cell.into_iter().filter(|(_, time)| time.is_finite()) {
            rows[row].outlier = fences.map(|fences| fences.of(time));
            rows[row].outlier_mad = rule.map(|rule| rule.of(time));
        }
    }
}

/// The primary time of a used row in ns; a timeout's is censored.
#[must_use]
pub fn time(observation: &Observation) -> Option<f64> {
    if observation.measured.status == Status::Timeout {
        return Some(f64::INFINITY);
    }
    observation.measured.time_ns.map(|ns| ns as f64)
}
