//! Whether comparisons pass a gate. Three answers, since data that do not decide are neither.

use super::compare::Comparison;
use crate::design::gate::{Gate, Undecided};
use crate::stats::Verdict;

/// The answer for one comparison, or for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// Its interval lies within what is allowed.
    Pass,
    /// Its interval reaches beyond what is allowed and does not lie beyond it.
    Inconclusive,
    /// It is worse by more than is allowed.
    Fail,
}

impl Answer {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        }
    }

    /// What it counts as in a gate that says so of what is not decided.
    #[must_use]
    pub fn counted(self, undecided: Undecided) -> Self {
        match (self, undecided) {
            (Self::Inconclusive, Undecided::Fail) => Self::Fail,
            (Self::Inconclusive, Undecided::Pass) => Self::Pass,
            (answer, _) => answer,
        }
    }

    /// The exit code: 0, 8 or 7.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Inconclusive => 8,
            Self::Fail => 7,
        }
    }
}

/// What a gate says of comparisons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gated {
    /// The answer for each comparison, in their order, before undecided ones are counted as the
    /// gate says; `None` for those of further metrics, which no gate looks at.
    pub rows: Vec<Option<Answer>>,
    /// The answer for all.
    pub whole: Answer,
    /// What undecided ones count as.
    pub undecided: Undecided,
}

/// Judges the comparisons in the metric that is compared. Nothing to compare decides nothing.
#[must_use]
pub fn judge(gate: &Gate, rows: &[Comparison]) -> Gated {
    let rows: Vec<Option<Answer>> =
        rows.iter().map(|row| row.is_primary.then(|| of_row(gate, row))).collect();
    let worst = rows.iter().flatten().map(|answer| answer.counted(gate.undecided)).max();
    Gated { rows, whole: worst.unwrap_or(Answer::Inconclusive), undecided: gate.undecided }
}

fn of_row(gate: &Gate, row: &Comparison) -> Answer {
    if matches!(row.verdict, Verdict::Invalid | Verdict::Insufficient) {
        return Answer::Inconclusive;
    }
    let Some((lo, hi)) = row.speedup.interval else { return Answer::Inconclusive };
    // A cell that is 1.25 times worse has a speed-up of 0.8.
    let (best, worst) = (1.0 / hi, 1.0 / lo);
    let is_worse = matches!(row.verdict, Verdict::Slower | Verdict::SlowerMaybeNegligible);
    let answers = gate.rules.iter().map(|rule| {
        let limit = 1.0 + rule.allowed;
        match () {
            () if best > limit && is_worse => Answer::Fail,
            () if worst <= limit => Answer::Pass,
            () => Answer::Inconclusive,
        }
    });
    answers.max().unwrap_or(Answer::Pass)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Findings;
    use crate::analysis::fixture::{self, Run};
    use crate::design::gate::Rule;

    fn gate(rule: &str, undecided: Undecided) -> Gate {
        Gate { rules: vec![Rule::parse(rule).expect("a rule")], undecided }
    }

    /// The answer for a cell that takes `percent` of its baseline's time, give or take `spread`.
    fn answer(gate: &Gate, percent: u64, spread: u64) -> Answer {
        let mut run = Run::new(fixture::experiment());
        for (cell, base) in [(0, 1_000_000), (1, 10_000 * percent), (2, 1_000_000), (3, 1_000_000)]
        {
            for (at, row) in run.measured(cell).enumerate() {
                row.measured.time_ns = Some(base + spread * (at as u64 % 3));
            }
        }
        judge(gate, &Findings::of(run.evidence()).comparisons.rows).rows[0].expect("an answer")
    }

    #[test]
    fn only_an_interval_beyond_the_limit_fails_and_only_one_within_it_passes() {
        let gate = gate("slower > 5%", Undecided::Report);
        assert_eq!(answer(&gate, 120, 10), Answer::Fail);
        assert_eq!(answer(&gate, 103, 10), Answer::Pass);
        assert_eq!(answer(&gate, 50, 10), Answer::Pass);
        assert_eq!(answer(&gate, 104, 100_000), Answer::Inconclusive);
    }

    #[test]
    fn undecided_comparisons_count_as_the_gate_says_and_nothing_compared_decides_nothing() {
        for (undecided, want) in [
            (Undecided::Report, Answer::Inconclusive),
            (Undecided::Fail, Answer::Fail),
            (Undecided::Pass, Answer::Pass),
        ] {
            let gate = gate("slower > 5%", undecided);
            let mut run = Run::new(fixture::experiment());
            for cell in 0..4 {
                for (at, row) in run.measured(cell).enumerate() {
                    row.measured.time_ns = Some(1_000_000 + 300_000 * (at as u64 % 3));
                }
            }
            let findings = Findings::of(run.evidence());
            assert_eq!(judge(&gate, &findings.comparisons.rows).whole, want);
            assert_eq!(judge(&gate, &[]).whole, Answer::Inconclusive);
        }
    }
}
