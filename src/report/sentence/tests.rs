//! Sentences of constructed runs, compared as text.

use super::*;
use crate::analysis::fixture::{self, Run};
use crate::analysis::{Baselines, Standings, Summary};
use crate::design::{Better, CellIx, StrategyKind};
use crate::measure::Status;

fn all(run: &Run) -> Comparisons {
    let standings = Standings::of(run.evidence());
    let summary = Summary::of(run.evidence(), &standings);
    let baselines = Baselines::of(&run.experiment, &run.matrix);
    Comparisons::of(run.evidence(), &standings, &summary, &baselines)
}

/// The sentence of the second cell of a run with these times in ms, baseline first.
fn said(repeats: u32, base: impl Fn(u64) -> u64, candidate: impl Fn(u64) -> u64) -> String {
    let mut experiment = fixture::experiment();
    experiment.protocol.repeats = repeats;
    experiment.workloads[0].protocol.repeats = repeats;
    let mut run = Run::new(experiment);
    for (cell, time) in [(0, &base as &dyn Fn(u64) -> u64), (1, &candidate)] {
        for observation in run.measured(cell) {
            let repeat = u64::from(observation.trial.repeat);
            observation.measured.time_ns = Some(time(repeat) * 1_000_000);
        }
    }
    let all = all(&run);
    of(run.evidence(), &all, all.of_cell(CellIx(1)).expect("a comparison"))
}

#[test]
fn each_outcome_has_its_sentence() {
    assert_eq!(
        said(15, |r| 905 + r * 7 % 15, |r| 805 + r * 4 % 15),
        "multithread is 1.12× as fast as normal (95 % CI 1.12 – 1.13; 812 ms vs 912 ms medians, \
         n = 15+15 blocks, Holm p = 0.0001 of 2)"
    );
    assert_eq!(
        said(8, |r| 1000 + r, |r| 2100 + r),
        "multithread takes 2.1× as long as normal (95 % CI 2.09 – 2.10; 2.10 s vs 1.00 s medians, \
         n = 8+8, Holm p = 0.0003 of 2)"
    );
    assert_eq!(
        said(12, |r| 1000 + r, |r| 1001 + r),
        "multithread is the same as normal within 2 % (ratio 0.999, 95 % CI 0.999 – 0.999; 1.01 s \
         vs 1.01 s medians, n = 12+12 blocks, Holm p = 0.0010 of 2)"
    );
    let maybe = said(12, |r| 1000 + r, |r| 1014 + r * 5 % 12 * 2);
    assert!(
        maybe.starts_with("multithread takes 1.02× as long as normal, maybe by less than 2 % (")
    );
    assert_eq!(
        said(12, |r| 1000 + r * 7 % 12 * 30, |r| 1000 + r * 5 % 12 * 30),
        "can't tell multithread from normal (ratio 1.00, 95 % CI 0.869 – 1.15; 1.17 s vs 1.17 s \
         medians, n = 12+12 blocks, Holm p = 1.00 of 2); about 650 repeats would"
    );
    assert_eq!(
        said(3, |r| 1000 + r, |r| 2000 + r),
        "multithread takes 2× as long as normal, too few values to tell (2.00 s vs 1.00 s medians, \
         n = 3+3, Holm p = 0.20 of 2)"
    );
}

#[test]
fn what_cannot_be_compared_says_why() {
    let mut run = Run::new(fixture::experiment());
    run.measured(1).next().unwrap().measured.status = Status::Failed;
    for observation in run.measured(3) {
        observation.measured.status = Status::Timeout;
    }
    let all = all(&run);
    let sentence = |cell| of(run.evidence(), &all, all.of_cell(CellIx(cell)).unwrap());
    assert_eq!(sentence(1), "multithread cannot be compared with normal: trials failed");
    assert_eq!(sentence(3), "multithread cannot be compared with normal: a median timed out");
}

#[test]
fn what_is_no_time_is_better_or_worse() {
    let mut experiment = fixture::experiment();
    experiment.workloads[0].metrics = vec![fixture::metric("score", "1", Some(Better::Higher))];
    let mut run = Run::new(experiment);
    for cell in [0, 1] {
        for observation in run.measured(cell) {
            let score = f64::from(10 * (cell + 1)) + 0.01 * f64::from(observation.trial.repeat);
            observation.measured.metrics = vec![Some(score)];
        }
    }
    let all = all(&run);
    let row = all.rows.iter().find(|row| row.metric.column == "metric_score").unwrap();
    let sentence = of(run.evidence(), &all, row);
    assert!(
        sentence.starts_with("multithread is 2× as good as normal in score (95 % CI "),
        "{sentence}"
    );
    assert!(sentence.contains("; 20.0 vs 10.0 medians, n = 6+6, "), "{sentence}");
}

#[test]
fn cells_of_different_blocks_are_named_in_full() {
    let mut experiment = fixture::experiment();
    experiment.strategies = vec![fixture::strategy("alone", StrategyKind::Sequential, &[1])];
    let mut rule = fixture::baseline("alone");
    rule.params = vec![crate::design::Binding {
        name: crate::design::ParamName::new("n").unwrap(),
        value: crate::design::Value::Integer(1_000_000.into()),
    }];
    experiment.compare.baselines = vec![rule];
    let run = Run::new(experiment);
    let all = all(&run);
    let sentence = of(run.evidence(), &all, &all.rows[0]);
    let start = "n = 100_000_000 takes 2× as long as n = 1_000_000 (";
    assert!(sentence.starts_with(start), "{sentence}");
}

#[test]
fn small_p_values_are_not_written_as_zero() {
    let written = [(3e-9, "< 0.0001"), (6.1e-4, "= 0.0006"), (0.0314, "= 0.031"), (0.5, "= 0.50")];
    for (p, want) in written {
        assert_eq!(p_value(p), want);
    }
}
