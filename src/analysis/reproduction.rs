//! Whether a run says what an earlier run of the same experiment has said: answer, direction and
//! size of every conclusion.
//!
//! A conclusion is a comparison whose verdict claims a difference or its absence. Where the earlier
//! run drew none, there is nothing to reproduce; where the later one decides nothing, it neither
//! reproduces nor contradicts.

use std::collections::HashMap;

use super::{Comparison, Evidence, Findings};
use crate::design::CellIx;
use crate::stats::Verdict;

/// What the answers of both runs amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// The programs report none.
    None,
    /// Every answer of one is the answer of the other.
    Identical,
    /// They differ.
    Differ,
}

/// Whether the later run agrees in one respect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// It does.
    Reproduced,
    /// It says something else.
    Contradicted,
    /// It decides nothing.
    Undecided,
}

/// One conclusion of the earlier run.
#[derive(Clone, Debug)]
pub struct Conclusion<'a> {
    /// The earlier comparison.
    pub first: &'a Comparison,
    /// The later one; `None` if the cells or the metric are not there.
    pub second: Option<&'a Comparison>,
    /// The answers of both cells.
    pub answers: Answers,
    /// Which one is better, or that neither is.
    pub direction: Agreement,
    /// The later ratio lies in the earlier interval, widened by the margin at both ends.
    pub size: Agreement,
}

impl Conclusion<'_> {
    /// All of it.
    #[must_use]
    pub fn whole(&self) -> Agreement {
        if self.answers == Answers::Differ {
            return Agreement::Contradicted;
        }
        match (self.direction, self.size) {
            (Agreement::Contradicted, _) => Agreement::Contradicted,
            (Agreement::Undecided, _) => Agreement::Undecided,
            (Agreement::Reproduced, size) => size,
        }
    }
}

/// Every conclusion of the earlier run.
#[derive(Clone, Debug)]
pub struct Reproduction<'a> {
    /// In the order of the earlier comparisons.
    pub conclusions: Vec<Conclusion<'a>>,
    /// Earlier comparisons that drew no conclusion.
    pub open: usize,
}

impl<'a> Reproduction<'a> {
    /// Looks for every conclusion of the first run in the second.
    #[must_use]
    pub fn of(first: &'a Findings<'_>, second: &'a Findings<'_>) -> Self {
        let cells = |run: &Findings<'_>| (0..run.evidence.matrix.len()).map(CellIx::new);
        let there: HashMap<String, CellIx> =
            cells(second).map(|cell| (name(second.evidence, cell), cell)).collect();
        let twin = |cell: CellIx| there.get(&name(first.evidence, cell)).copied();
        let mut conclusions = Vec::new();
        let mut open = 0;
        for row in &first.comparisons.rows {
            if direction(row).is_none() {
                open += 1;
                continue;
            }
            let cells = [row.baseline.cell, row.candidate.cell];
            let twins = cells.map(twin);
            let found = second.comparisons.rows.iter().find(|other| {
                other.metric.column == row.metric.column
                    && twins == [Some(other.baseline.cell), Some(other.candidate.cell)]
            });
            let answers = cells.into_iter().zip(twins).filter_map(|(cell, twin)| {
                Some(compare_answers(&answers_of(first, cell), &answers_of(second, twin?)))
            });
            conclusions.push(Conclusion {
                first: row,
                second: found,
                answers: worst(answers),
                direction: found.map_or(Agreement::Undecided, |found| same_direction(row, found)),
                size: found.map_or(Agreement::Undecided, |found| {
                    same_size(row, found, first.comparisons.margin)
                }),
            });
        }
        Self { conclusions, open }
    }

    /// Conclusions of which this is true.
    #[must_use]
    pub fn count(&self, whole: Agreement) -> usize {
        self.conclusions.iter().filter(|one| one.whole() == whole).count()
    }
}

/// A cell by its names and levels: unlike the key of its content, they stay when an input or a
/// kernel has changed, which is then told beside the result.
fn name(evidence: Evidence<'_>, cell: CellIx) -> String {
    let cell = evidence.matrix.cell(cell);
    let experiment = evidence.experiment;
    let mut name = format!(
        "{}\0{}\0{}\0{}",
        experiment.workloads[cell.workload].name,
        experiment.strategies[cell.strategy].name,
        cell.workers,
        cell.tasks
    );
    for binding in evidence.matrix.bindings(cell) {
        name.push_str(&format!("\0{}={}", binding.name, binding.value));
    }
    name
}

/// The different answers of a cell's used trials, sorted.
fn answers_of<'a>(run: &'a Findings<'_>, cell: CellIx) -> Vec<&'a str> {
    let rows = run.evidence.observations.iter().zip(run.standings.rows());
    let used = rows.filter(|(row, standing)| row.trial.cell == cell && standing.used());
    let mut answers: Vec<&str> =
        used.filter_map(|(row, _)| row.measured.answer.as_deref()).collect();
    answers.sort_unstable();
    answers.dedup();
    answers
}

fn compare_answers(one: &[&str], other: &[&str]) -> Answers {
    match (one, other) {
        ([], _) | (_, []) => Answers::None,
        (one, other) if one == other => Answers::Identical,
        _ => Answers::Differ,
    }
}

fn worst(answers: impl Iterator<Item = Answers>) -> Answers {
    answers.fold(Answers::None, |worst, next| match (worst, next) {
        (Answers::Differ, _) | (_, Answers::Differ) => Answers::Differ,
        (Answers::Identical, _) | (_, Answers::Identical) => Answers::Identical,
        (Answers::None, Answers::None) => Answers::None,
    })
}

/// Above 0 where the candidate is better, 0 where there is no difference, nothing where the
/// verdict claims neither.
fn direction(row: &Comparison) -> Option<i8> {
    match row.verdict {
        Verdict::Faster | Verdict::FasterMaybeNegligible => Some(1),
        Verdict::Slower | Verdict::SlowerMaybeNegligible => Some(-1),
        Verdict::Equivalent => Some(0),
        Verdict::Inconclusive | Verdict::Insufficient | Verdict::Invalid => None,
    }
}

fn same_direction(first: &Comparison, second: &Comparison) -> Agreement {
    match (direction(first), direction(second)) {
        (Some(one), Some(other)) if one == other => Agreement::Reproduced,
        (Some(_), Some(_)) => Agreement::Contradicted,
        _ => Agreement::Undecided,
    }
}

fn same_size(first: &Comparison, second: &Comparison, margin: f64) -> Agreement {
    let (Some((lo, hi)), Some(now)) = (first.speedup.interval, second.speedup.estimate) else {
        return Agreement::Undecided;
    };
    match (lo / (1.0 + margin)..=hi * (1.0 + margin)).contains(&now) {
        true => Agreement::Reproduced,
        false => Agreement::Contradicted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fixture::{self, Run};

    /// Two blocks of a baseline and a candidate; the candidate takes this much in the first one.
    fn run(ns: u64, answer: &str) -> Run {
        let mut run = Run::new(fixture::experiment());
        for (cell, base) in [(0, 3_000_000), (1, ns), (2, 3_000_000), (3, 1_500_000)] {
            for (at, row) in run.measured(cell).enumerate() {
                row.measured.time_ns = Some(base + 10_000 * (at as u64 % 4));
            }
        }
        for row in &mut run.observations {
            row.measured.answer = Some(answer.to_owned());
        }
        run
    }

    fn wholes(first: &Run, second: &Run) -> Vec<Agreement> {
        let [first, second] = [first, second].map(|run| Findings::of(run.evidence()));
        Reproduction::of(&first, &second).conclusions.iter().map(Conclusion::whole).collect()
    }

    #[test]
    fn the_same_numbers_reproduce_and_others_do_not() {
        use Agreement::{Contradicted, Reproduced};
        let faster = run(1_500_000, "6");
        assert_eq!(wholes(&faster, &faster), [Reproduced, Reproduced]);
        // Slower now; faster by another factor; another answer.
        assert_eq!(wholes(&faster, &run(6_000_000, "6")), [Contradicted, Reproduced]);
        assert_eq!(wholes(&faster, &run(750_000, "6")), [Contradicted, Reproduced]);
        assert_eq!(wholes(&faster, &run(1_500_000, "7")), [Contradicted, Contradicted]);
    }

    #[test]
    fn what_was_open_is_no_conclusion_and_what_is_open_now_decides_nothing() {
        let faster = run(1_500_000, "6");
        let mut open = run(1_500_000, "6");
        for (at, row) in open.measured(1).enumerate() {
            row.measured.time_ns = Some(if at % 2 == 0 { 2_000_000 } else { 4_500_000 });
        }
        assert_eq!(wholes(&faster, &open)[0], Agreement::Undecided);
        let [first, second] = [&open, &faster].map(|run| Findings::of(run.evidence()));
        let found = Reproduction::of(&first, &second);
        assert_eq!((found.conclusions.len(), found.open), (1, 1));
    }
}
