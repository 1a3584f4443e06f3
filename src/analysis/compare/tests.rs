//! Comparisons of constructed runs.

use super::*;
use crate::analysis::effect::OUTLIER_SENSITIVE;
use crate::analysis::fixture::{self, Run};
use crate::analysis::metric::FEW_FOR_PERCENTILE;
use crate::design::Better;
use crate::measure::Status;
use crate::plan::Phase;
use crate::stats::{RatioStatus, ShiftStatus};

fn experiment(repeats: u32) -> Experiment {
    let mut experiment = fixture::experiment();
    experiment.protocol.repeats = repeats;
    experiment.workloads[0].protocol.repeats = repeats;
    experiment
}

fn comparisons(run: &Run) -> Comparisons {
    let standings = Standings::of(run.evidence());
    let summary = Summary::of(run.evidence(), &standings);
    let baselines = Baselines::of(&run.experiment, &run.matrix);
    Comparisons::of(run.evidence(), &standings, &summary, &baselines)
}

/// Times in µs of one cell, by repeat.
fn set_times(run: &mut Run, cell: u32, time: impl Fn(u64) -> u64) {
    for observation in run.measured(cell) {
        let repeat = u64::from(observation.trial.repeat);
        observation.measured.time_ns = Some(time(repeat) * 1_000);
    }
}

/// Slow trials that the median does not feel: one in five takes five times as long.
#[test]
fn a_percentile_is_compared_by_its_own_ratio() {
    let mut experiment = experiment(80);
    experiment.compare.objective = Objective::P95;
    let mut run = Run::new(experiment);
    set_times(&mut run, 0, |repeat| 10_000 + repeat * 7 % 80);
    set_times(&mut run, 1, |repeat| {
        (10_000 + repeat * 7 % 80) * if repeat % 5 == 0 { 5 } else { 1 }
    });
    let all = comparisons(&run);
    let row = all.of_cell(CellIx(1)).unwrap();
    assert!(row.candidate.median.unwrap() > 50e6 && row.baseline.median.unwrap() < 10.1e6);
    assert!((row.speedup.estimate.unwrap() - 0.2).abs() < 0.01, "{:?}", row.speedup);
    assert!(matches!(row.test, Some((p, Test::Bootstrap)) if p < 0.001), "{:?}", row.test);
    assert_eq!((row.verdict, row.min_p), (Verdict::Slower, Some(2.0 / 10_000.0)));
    // Of the medians nothing could be said.
    let mut experiment = Experiment::clone(&run.experiment);
    experiment.compare.objective = Objective::P50;
    run.experiment = std::sync::Arc::new(experiment);
    let row = comparisons(&run).of_cell(CellIx(1)).unwrap().clone();
    assert!(row.speedup.estimate.unwrap() > 0.99, "{:?}", row.speedup);
}

#[test]
fn a_percentile_of_few_values_is_none() {
    let mut experiment = experiment(19);
    experiment.compare.objective = Objective::P95;
    let row = comparisons(&Run::new(experiment.clone())).rows[0].clone();
    assert_eq!((row.candidate.median, row.speedup.estimate), (None, None));
    assert_eq!(row.verdict, Verdict::Insufficient);
    assert!(row.flags.contains(&FEW_FOR_PERCENTILE), "{:?}", row.flags);
    experiment.protocol.repeats = 71;
    experiment.workloads[0].protocol.repeats = 71;
    let row = comparisons(&Run::new(experiment.clone())).rows[0].clone();
    assert!(row.speedup.estimate.is_some() && row.speedup.interval.is_none());
    assert_eq!((row.speedup.status, row.test), (RatioStatus::NTooSmall, None));
    assert!(row.flags.contains(&FEW_FOR_PERCENTILE), "{:?}", row.flags);
    experiment.protocol.repeats = 72;
    experiment.workloads[0].protocol.repeats = 72;
    let row = comparisons(&Run::new(experiment)).rows[0].clone();
    assert!(row.speedup.interval.is_some() && !row.flags.contains(&FEW_FOR_PERCENTILE));
}

#[test]
fn a_verdict_that_outliers_turn_is_flagged_and_stands() {
    let of = |repeats: u32, far: &dyn Fn(u64) -> bool, typical: u64| {
        let mut run = Run::new(experiment(repeats));
        set_times(&mut run, 0, |repeat| 1_000 + repeat);
        set_times(&mut run, 1, |repeat| if far(repeat) { 5_000 } else { typical + repeat });
        comparisons(&run).of_cell(CellIx(1)).unwrap().clone()
    };
    let has = |row: &Comparison, flag: &str| row.flags.contains(&flag);
    // Two blocks of twelve with the other sign: p = 956/4096, without them 2/1024.
    let turned = of(12, &|repeat| repeat % 6 == 0, 900);
    assert_eq!((turned.verdict, turned.candidate.n), (Verdict::Inconclusive, 12));
    assert!(has(&turned, OUTLIER_SENSITIVE) && has(&turned, "outliers"), "{:?}", turned.flags);
    let p = turned.test.unwrap().0;
    assert!((p - 956.0 / 4_096.0).abs() < 1e-12, "{p}");
    // The same verdict with and without.
    let same = of(12, &|repeat| repeat == 6, 500);
    assert_eq!(same.verdict, Verdict::Faster);
    assert!(!has(&same, OUTLIER_SENSITIVE) && has(&same, "outliers"), "{:?}", same.flags);
    // Without the outlier there would be too few values for any verdict.
    let few = of(6, &|repeat| repeat == 6, 500);
    assert!(!has(&few, OUTLIER_SENSITIVE) && has(&few, "outliers"), "{:?}", few.flags);
    // Without outliers nothing can hang on them.
    let none = of(12, &|_| false, 900);
    assert!(!has(&none, OUTLIER_SENSITIVE), "{:?}", none.flags);
}

#[test]
fn timeouts_are_no_outliers_of_a_comparison() {
    let mut run = Run::new(experiment(12));
    set_times(&mut run, 0, |repeat| 1_000 + repeat);
    set_times(&mut run, 1, |repeat| 900 + repeat);
    for observation in run.measured(1).filter(|row| row.trial.repeat % 6 == 0) {
        observation.measured.status = Status::Timeout;
    }
    let row = comparisons(&run).of_cell(CellIx(1)).unwrap().clone();
    assert_eq!(row.verdict, Verdict::Inconclusive);
    assert!(!row.flags.contains(&OUTLIER_SENSITIVE), "{:?}", row.flags);
}

#[test]
fn negative_values_are_not_compared_by_their_ratio() {
    let mut experiment = experiment(12);
    experiment.workloads[0].metrics = vec![fixture::metric("loss", "1", Some(Better::Lower))];
    let mut run = Run::new(experiment);
    for cell in [0, 1] {
        for observation in run.measured(cell) {
            let loss = f64::from(cell) - 10.0 + 0.01 * f64::from(observation.trial.repeat);
            observation.measured.metrics = vec![Some(loss)];
        }
    }
    let all = comparisons(&run);
    let row = all.rows.iter().find(|row| row.metric.column == "metric_loss").unwrap();
    assert_eq!((row.speedup.status, row.speedup.estimate), (RatioStatus::Negative, None));
    // The candidate's loss is larger, which its ratio of 0.9 would have called faster.
    assert_eq!((row.verdict, row.shift.estimate.is_some()), (Verdict::Insufficient, true));
    assert_eq!(row.cliffs_delta, Some(-1.0));
}

#[test]
fn so_many_failures_as_the_file_allows_leave_a_comparison_valid() {
    let verdict = |allowed: Option<f64>, statuses: &[Status]| {
        let mut experiment = experiment(12);
        experiment.compare.max_failure_rate = allowed;
        let mut run = Run::new(experiment);
        for (row, status) in run.measured(1).zip(statuses) {
            row.measured.status = *status;
        }
        let row = comparisons(&run).of_cell(CellIx(1)).unwrap().clone();
        (row.verdict, row.family_size)
    };
    let (one, two) = ([Status::Failed], [Status::Failed; 2]);
    assert_eq!(verdict(None, &one), (Verdict::Invalid, 1), "the other size is compared");
    assert_eq!(verdict(Some(0.08), &one), (Verdict::Invalid, 1));
    assert_eq!(verdict(Some(1.0 / 12.0), &one), (Verdict::Slower, 2));
    assert_eq!(verdict(Some(1.0 / 12.0), &two), (Verdict::Invalid, 1));
    assert_eq!(verdict(Some(0.2), &two), (Verdict::Slower, 2));
    assert_eq!(verdict(Some(0.5), &[Status::InvalidOutput]), (Verdict::Invalid, 1));
}

#[test]
fn a_cell_with_skipped_trials_is_not_compared() {
    let mut run = Run::new(experiment(12));
    run.measured(1).last().unwrap().measured.status = Status::Skipped;
    let all = comparisons(&run);
    assert_eq!(all.of_cell(CellIx(1)).unwrap().verdict, Verdict::Invalid);
    assert_eq!(all.of_cell(CellIx(3)).unwrap().family_size, 1);
}

#[test]
fn what_disturbed_a_trial_disturbed_every_metric_of_it() {
    let mut experiment = experiment(12);
    experiment.workloads[0].metrics = vec![fixture::metric("score", "1", Some(Better::Higher))];
    let mut run = Run::new(experiment);
    for cell in [0, 1] {
        run.measured(cell).for_each(|row| row.measured.metrics = vec![Some(3.0)]);
    }
    run.measured(1).next().unwrap().measured.shared = true;
    let all = comparisons(&run);
    let rows = all.rows.iter().filter(|row| row.candidate.cell == CellIx(1));
    for row in rows {
        assert!(row.flags.contains(&"shared_machine"), "{}: {:?}", row.metric.column, row.flags);
    }
}

#[test]
fn a_ratio_of_times_of_different_work_says_so() {
    let is_flagged = |scaling: Scaling| {
        let mut experiment = experiment(12);
        experiment.workloads[0].scaling = scaling;
        let all = comparisons(&Run::new(experiment));
        all.rows[0].flags.contains(&UNEQUAL_WORK)
    };
    assert!(is_flagged(Scaling::Weak));
    assert!(!is_flagged(Scaling::Fixed) && !is_flagged(Scaling::Strong));
}

#[test]
fn few_blocks_are_two_samples() {
    let run = Run::new(experiment(6));
    let all = comparisons(&run);
    assert_eq!(all.rows.len(), 2, "one for each n");
    let row = all.of_cell(CellIx(1)).unwrap();
    assert_eq!((row.id.as_str(), row.baseline.cell), ("p001", CellIx(0)));
    assert_eq!((row.baseline.n, row.candidate.n, row.n_blocks), (6, 6, 6));
    assert_eq!(row.baseline.median, Some(1_003_500.0));
    assert_eq!(row.candidate.median, Some(2_003_500.0));
    assert_eq!(row.pairing, Pairing::Independent);
    assert_eq!(row.speedup.estimate, Some(1_003_500.0 / 2_003_500.0));
    let (lo, hi) = row.speedup.interval.unwrap();
    assert!(lo > 0.49 && lo < 0.5009 && hi > 0.5009 && hi < 0.51, "{lo} {hi}");
    assert_eq!(row.shift.estimate, Some(1_000_000.0));
    let (p, test) = row.test.unwrap();
    assert_eq!(test, Test::MwuExact);
    assert!((p - 2.0 / 924.0).abs() < 1e-15);
    assert_eq!((row.min_p, row.mwu_p), (Some(2.0 / 924.0), Some(p)));
    assert_eq!((row.p_adjusted, row.family_size), (Some(2.0 * p), 2));
    assert_eq!((row.a12, row.cliffs_delta), (Some(0.0), Some(-1.0)));
    assert_eq!(row.verdict, Verdict::Slower);
    assert_eq!(row.baseline_kind, "best_serial");
    assert!(all.of_cell(CellIx(0)).is_none(), "a baseline is compared with nothing");
}

#[test]
fn whole_blocks_are_compared_within() {
    let mut run = Run::new(experiment(12));
    // A drift that hides the difference from two samples and not from blocks.
    set_times(&mut run, 0, |repeat| 10_000 + 1_000 * repeat);
    set_times(&mut run, 1, |repeat| 9_000 + 1_000 * repeat);
    let all = comparisons(&run);
    let row = all.of_cell(CellIx(1)).unwrap();
    assert_eq!((row.pairing, row.n_blocks), (Pairing::Block, 12));
    assert_eq!(row.test, Some((2.0 / 4096.0, Test::SignedRankExact)));
    assert_eq!(row.min_p, Some(2.0 / 4096.0));
    assert!(row.mwu_p.unwrap() > 0.3);
    assert!(row.speedup.interval.unwrap().0 > 1.0, "{:?}", row.speedup);
    assert_eq!(row.verdict, Verdict::Faster);
    assert!(row.flags.contains(&"drift") && row.flags.contains(&"autocorr"), "{:?}", row.flags);
}

#[test]
fn a_block_without_one_of_the_cells_is_left_out() {
    let mut run = Run::new(experiment(12));
    run.measured(1).next().unwrap().measured.status = Status::Interrupted;
    let all = comparisons(&run);
    let row = all.of_cell(CellIx(1)).unwrap();
    assert_eq!((row.n_blocks, row.baseline.n, row.candidate.n), (11, 11, 11));
    assert_eq!(row.pairing, Pairing::Block);
    let full = all.of_cell(CellIx(3)).unwrap();
    assert_eq!((full.n_blocks, full.baseline.n), (12, 12));
}

#[test]
fn without_blocks_there_is_nothing_to_pair() {
    let mut experiment = experiment(12);
    experiment.protocol.order = Order::Shuffled;
    experiment.workloads[0].protocol.order = Order::Shuffled;
    let all = comparisons(&Run::new(experiment));
    let row = all.of_cell(CellIx(1)).unwrap();
    assert_eq!((row.pairing, row.n_blocks), (Pairing::Independent, 0));
    assert_eq!(row.test.unwrap().1, Test::MwuExact);
}

#[test]
fn a_failure_makes_a_comparison_invalid_and_takes_it_out_of_its_family() {
    let mut run = Run::new(experiment(8));
    run.measured(0).next().unwrap().measured.status = Status::Failed;
    let all = comparisons(&run);
    let row = all.of_cell(CellIx(1)).unwrap();
    assert_eq!((row.verdict, row.p_adjusted), (Verdict::Invalid, None));
    assert!(row.flags.contains(&"failures"));
    let other = all.of_cell(CellIx(3)).unwrap();
    assert_eq!(other.family_size, 1);
    assert_eq!(other.p_adjusted, other.test.map(|(p, _)| p));
    assert_eq!(other.verdict, Verdict::Slower);
}

#[test]
fn timeouts_keep_their_rank() {
    let mut run = Run::new(experiment(12));
    for observation in run.measured(1) {
        observation.measured.status = Status::Timeout;
    }
    for observation in run.measured(3).take(2) {
        observation.measured.status = Status::Timeout;
    }
    let all = comparisons(&run);
    let row = all.of_cell(CellIx(1)).unwrap();
    assert_eq!(row.speedup.status, RatioStatus::CensoredMedian);
    assert_eq!((row.candidate.n, row.candidate.median), (12, None));
    assert_eq!((row.verdict, row.a12), (Verdict::Insufficient, Some(0.0)));
    assert_eq!(row.shift.status, ShiftStatus::Censored);
    assert!(row.flags.contains(&"timeouts"));
    let row = all.of_cell(CellIx(3)).unwrap();
    assert_eq!((row.speedup.status, row.verdict), (RatioStatus::Ok, Verdict::Slower));
}

#[test]
fn few_values_decide_nothing() {
    let all = comparisons(&Run::new(experiment(3)));
    let row = all.of_cell(CellIx(1)).unwrap();
    assert_eq!(row.speedup.status, RatioStatus::NTooSmall);
    assert_eq!(row.verdict, Verdict::Insufficient);
    assert!((row.min_p.unwrap() - 0.1).abs() < 1e-15);
}

#[test]
fn metrics_with_a_direction_are_compared_whichever_it_is() {
    let mut experiment = experiment(12);
    experiment.workloads[0].metrics = vec![
        fixture::metric("rate", "1/s", Some(Better::Higher)),
        fixture::metric("depth", "1", None),
    ];
    let mut run = Run::new(experiment);
    for observation in &mut run.observations {
        let rate = f64::from(observation.trial.repeat + 100 * (observation.trial.cell.0 + 1));
        observation.measured.metrics = vec![Some(rate), Some(1.0)];
    }
    let all = comparisons(&run);
    let metrics: Vec<&str> = all.rows.iter().map(|row| row.metric.column.as_str()).collect();
    assert_eq!(metrics, ["time_ns", "metric_rate", "time_ns", "metric_rate"]);
    let row = &all.rows[1];
    assert!(!row.is_primary);
    assert_eq!(row.verdict, Verdict::Faster, "more is better");
    assert!(row.speedup.estimate.unwrap() > 1.8);
    assert_eq!((row.a12, row.shift.estimate), (Some(1.0), Some(100.0)));
    assert_eq!(row.family_size, 2, "a family for each metric");
    let seeds: std::collections::BTreeSet<u64> =
        all.rows.iter().map(|row| row.resampling.seed).collect();
    assert_eq!(seeds.len(), 4);
}

#[test]
fn the_file_names_the_metric_the_kind_and_the_adjustment() {
    let mut experiment = experiment(12);
    experiment.workloads[0].metrics = vec![fixture::metric("inner", "ns", None)];
    experiment.compare.metric = Some(experiment.workloads[0].metrics[0].name.clone());
    experiment.compare.baseline_kind = Some("named".to_owned());
    experiment.compare.adjust = Some("none".to_owned());
    experiment.compare.margin = Some(0.5);
    let mut run = Run::new(experiment);
    for observation in &mut run.observations {
        let time = f64::from(1000 + observation.trial.repeat + 200 * observation.trial.cell.0);
        observation.measured.metrics = vec![Some(time)];
    }
    let all = comparisons(&run);
    assert_eq!(all.rows.len(), 2);
    let row = all.of_cell(CellIx(1)).unwrap();
    assert_eq!((row.metric.column.as_str(), row.is_primary), ("metric_inner_ns", true));
    assert_eq!(row.baseline_kind, "named");
    assert_eq!(row.p_adjusted, row.test.map(|(p, _)| p));
    assert_eq!((all.adjust, all.margin), ("none", 0.5));
    assert_eq!(row.verdict, Verdict::SlowerMaybeNegligible);
}

#[test]
fn equal_evidence_gives_equal_comparisons() {
    let run = Run::new(experiment(12));
    assert_eq!(comparisons(&run).rows, comparisons(&run).rows);
    assert!(run.observations.iter().any(|o| o.trial.phase == Phase::Warmup));
}
