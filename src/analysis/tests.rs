//! Standings, summaries and baselines of constructed runs.

use super::fixture::{self, Run};
use super::summary::speedup;
use super::*;
use crate::design::{Action, Agree, Better, CellIx, Experiment, OnFailure, StrategyKind};
use crate::measure::Status;
use crate::plan::Phase;
use crate::stats::{IntervalStatus, Outlier, SteadyClass};

fn run() -> Run {
    Run::new(fixture::experiment())
}

#[test]
fn warm_up_is_recorded_and_not_used() {
    let run = run();
    let standings = Standings::of(run.evidence());
    for (observation, standing) in run.observations.iter().zip(standings.rows()) {
        let warmup = observation.trial.phase == Phase::Warmup;
        assert_eq!(standing.used(), !warmup);
        assert_eq!(standing.unused == Some(UnusedReason::Warmup), warmup);
        assert_eq!(standing.output_check, OutputCheck::Pass);
    }
    assert_eq!(standings.compared(), 2, "one group for each n");
    assert!(standings.disagreements().is_empty());
}

#[test]
fn a_group_whose_answers_differ_is_invalid_as_a_whole() {
    let mut run = run();
    run.measured(1).next().unwrap().measured.answer = Some("7".to_owned());
    let standings = Standings::of(run.evidence());
    let disagreements = standings.disagreements();
    assert_eq!(disagreements.len(), 1);
    assert_eq!(disagreements[0].describe(), "answers differ: 499999666667166666000000 ×13, 7 ×1");
    for (observation, standing) in run.observations.iter().zip(standings.rows()) {
        let hit = observation.trial.cell.0 < 2;
        assert_eq!(standing.status == Status::InvalidOutput, hit);
        assert_eq!(standing.output_check == OutputCheck::Fail, hit);
        assert_eq!(standing.note.is_some(), hit);
        if hit && observation.trial.phase == Phase::Measure {
            assert_eq!(standing.unused, Some(UnusedReason::InvalidOutput));
        }
    }
    let summary = Summary::of(run.evidence(), &standings);
    let cell = summary.cell(CellIx(0));
    assert_eq!((cell.counts.used, cell.counts.failed), (0, 6));
    assert_eq!(cell.time().interval.status, IntervalStatus::Empty);
}

#[test]
fn the_steps_of_a_clock_show_in_times_that_repeat_one_another() {
    let is_flagged = |unit: &str, deterministic: bool, step: u32| {
        let mut experiment = fixture::experiment();
        experiment.workloads[0].metrics =
            vec![crate::design::UserMetric { deterministic, ..fixture::metric("own", unit, None) }];
        let mut run = Run::new(experiment);
        for (at, row) in run.measured(0).enumerate() {
            row.measured.metrics = vec![Some(f64::from(100 + at as u32 / step))];
        }
        let standings = Standings::of(run.evidence());
        let summary = Summary::of(run.evidence(), &standings);
        let column = if unit == "s" { "metric_own_ns" } else { "metric_own" };
        let metric = summary.cell(CellIx(0)).metric(column).unwrap().clone();
        metric.flags.contains(&"coarse_timer")
    };
    assert!(is_flagged("s", false, 2), "three of six repeat another one");
    assert!(!is_flagged("s", false, 1));
    assert!(!is_flagged("1", false, 2), "what is counted may repeat");
    // Six equal times that the program cannot but report say nothing of its clock.
    assert!(is_flagged("s", false, 6) && !is_flagged("s", true, 6));
}

#[test]
fn a_command_whose_time_is_mostly_its_start_is_flagged() {
    let is_flagged = |action: Action, time_ns: u64| {
        let mut experiment = fixture::experiment();
        experiment.workloads[0].action = action;
        let mut run = Run::new(experiment);
        run.measured(0).for_each(|row| row.measured.time_ns = Some(time_ns));
        // An empty process takes a millisecond here.
        let standings = Standings::of(run.evidence());
        let summary = Summary::of(run.evidence(), &standings);
        summary.cell(CellIx(0)).time().flags.contains(&"short_run")
    };
    assert!(is_flagged(fixture::command(), 19_000_000));
    assert!(!is_flagged(fixture::command(), 21_000_000));
    assert!(!is_flagged(Action::Kernel(&fixture::KERNEL), 19_000_000), "its region begins later");
}

#[test]
fn whole_numbers_that_spreadsheets_round_are_flagged() {
    let is_flagged = |unit: &str, value: f64| {
        let mut experiment = fixture::experiment();
        experiment.workloads[0].metrics = vec![fixture::metric("own", unit, None)];
        let mut run = Run::new(experiment);
        run.measured(0).for_each(|row| row.measured.metrics = vec![Some(value)]);
        let standings = Standings::of(run.evidence());
        let summary = Summary::of(run.evidence(), &standings);
        let metrics = summary.cell(CellIx(0)).metrics.clone();
        metrics.last().unwrap().flags.contains(&"big_integer")
    };
    assert!(is_flagged("B", 1e15) && is_flagged("s", 1e15));
    assert!(!is_flagged("B", 999_999_999_999_999.0));
    assert!(!is_flagged("1", 1e15), "no whole number");
}

#[test]
fn timeouts_stay_in_the_median_without_outliers() {
    let mut run = run();
    for (at, row) in run.measured(0).enumerate() {
        row.measured.time_ns = Some([10, 11, 12, 13, 14, 0][at] * 1_000_000);
        row.measured.status = if at == 5 { Status::Timeout } else { Status::Ok };
    }
    let standings = Standings::of(run.evidence());
    let summary = Summary::of(run.evidence(), &standings);
    let time = summary.cell(CellIx(0)).time();
    assert_eq!((time.n_outlier_mild, time.n_outlier_severe), (Some(0), Some(0)));
    assert_eq!((time.median, time.median_no_outliers), (Some(12.5e6), Some(12.5e6)));
}

#[test]
fn a_metric_declared_deterministic_has_one_value_in_each_cell() {
    let mut experiment = fixture::experiment();
    let metrics = &mut experiment.workloads[0].metrics;
    metrics.push(fixture::metric("time", "1", None));
    metrics.push(crate::design::UserMetric {
        deterministic: true,
        ..fixture::metric("steps", "1", None)
    });
    let mut run = Run::new(experiment);
    for (row, observation) in run.observations.iter_mut().enumerate() {
        let cell = f64::from(observation.trial.cell.0);
        observation.measured.metrics = vec![Some(row as f64), Some(cell)];
    }
    assert!(Standings::of(run.evidence()).disagreements().is_empty());
    // A missing value contradicts nothing; another one does.
    run.measured(1).next().unwrap().measured.metrics[1] = None;
    assert!(Standings::of(run.evidence()).disagreements().is_empty());
    run.measured(1).nth(1).unwrap().measured.metrics[1] = Some(7.0);
    let standings = Standings::of(run.evidence());
    let found: Vec<_> =
        standings.disagreements().iter().map(|one| (one.cell, one.describe())).collect();
    let why = "the metric steps is declared deterministic and differs: 1 ×5, 7 ×1";
    assert_eq!(found, [(CellIx(1), why.to_owned())]);
    for (observation, standing) in run.observations.iter().zip(standings.rows()) {
        assert_eq!(standing.status == Status::InvalidOutput, observation.trial.cell.0 == 1);
        assert!(standing.status != Status::InvalidOutput || !standing.used());
    }
}

#[test]
fn answers_within_blocks_may_differ_between_blocks() {
    let mut experiment = fixture::experiment();
    experiment.workloads[0].agree = Agree::Block;
    let mut run = Run::new(experiment);
    for observation in &mut run.observations {
        observation.measured.answer = Some(observation.trial.block().unwrap_or(0).to_string());
    }
    assert!(Standings::of(run.evidence()).disagreements().is_empty());
    run.measured(0).next().unwrap().measured.answer = Some("other".to_owned());
    let standings = Standings::of(run.evidence());
    assert_eq!(standings.disagreements().len(), 1);
    let invalid = |standing: &&Standing| standing.status == Status::InvalidOutput;
    assert_eq!(standings.rows().iter().filter(invalid).count(), 2);
}

#[test]
fn answers_are_not_compared_when_the_file_says_so() {
    let mut experiment = fixture::experiment();
    experiment.workloads[0].agree = Agree::Off;
    let mut run = Run::new(experiment);
    run.measured(1).next().unwrap().measured.answer = Some("7".to_owned());
    let standings = Standings::of(run.evidence());
    assert_eq!(standings.compared(), 0);
    assert!(standings.rows().iter().all(|row| row.status == Status::Ok));
}

#[test]
fn parameters_that_a_strategy_sets_do_not_part_its_answers_from_the_others() {
    let mut experiment = fixture::experiment();
    for (strategy, mode) in experiment.strategies.iter_mut().zip(["1", "2"]) {
        strategy.params = vec![fixture::factor("mode", &[mode])];
    }
    let mut run = Run::new(experiment);
    run.measured(1).next().unwrap().measured.answer = Some("7".to_owned());
    assert_eq!(Standings::of(run.evidence()).disagreements().len(), 1);
}

#[test]
fn only_the_last_attempt_at_a_trial_counts() {
    let mut run = run();
    let mut retry = run.measured(0).next().unwrap().clone();
    run.measured(0).next().unwrap().measured.status = Status::Timeout;
    retry.attempt = 2;
    run.observations.push(retry);
    let standings = Standings::of(run.evidence());
    let superseded = |row: &&Standing| row.unused == Some(UnusedReason::Superseded);
    assert_eq!(standings.rows().iter().filter(superseded).count(), 1);
    let counts = Summary::of(run.evidence(), &standings).cell(CellIx(0)).counts;
    assert_eq!((counts.used, counts.timeout, counts.failed), (6, 0, 0));
}

#[test]
fn timeouts_are_used_as_censored_values() {
    let mut run = run();
    for observation in run.measured(0).take(2) {
        observation.measured.status = Status::Timeout;
    }
    let standings = Standings::of(run.evidence());
    let summary = Summary::of(run.evidence(), &standings);
    let cell = summary.cell(CellIx(0));
    assert_eq!((cell.counts.used, cell.counts.timeout), (6, 2));
    let time = cell.time();
    assert!(time.median.is_some());
    assert_eq!(time.interval.status, IntervalStatus::Unbounded);
    assert_eq!((time.mean, time.max, time.interval.hi), (None, None, None));
    assert_eq!(time.flags, ["timeouts"]);
}

#[test]
fn a_summary_holds_the_statistics_of_the_used_times() {
    let run = run();
    let standings = Standings::of(run.evidence());
    let summary = Summary::of(run.evidence(), &standings);
    let cell = summary.cell(CellIx(0));
    let time = cell.time();
    assert_eq!(cell.counts.scheduled, 6);
    assert_eq!(cell.counts.warmup, 1);
    assert_eq!(cell.stop, StopReason::FixedN);
    assert_eq!(time.median, Some(1_003_500.0));
    assert_eq!((time.interval.lo, time.interval.hi), (Some(1_001_000.0), Some(1_006_000.0)));
    assert_eq!(time.interval.achieved, Some(0.968_75));
    assert_eq!((time.p90, time.n_outlier_mild), (None, Some(0)));
    assert_eq!(time.rate, Some(1_000.0 / 1_003_500.0 * 1e9));
    assert_eq!(cell.metric("user_ns").unwrap().interval.status, IntervalStatus::Empty);
    assert_eq!(cell.answer.as_deref(), Some("499999666667166666000000"));
}

#[test]
fn far_values_are_flagged_and_kept() {
    let mut run = run();
    run.measured(0).next().unwrap().measured.time_ns = Some(9_000_000);
    let standings = Standings::of(run.evidence());
    let severe = |row: &&Standing| row.outlier == Some(Outlier::Severe);
    assert_eq!(standings.rows().iter().filter(severe).count(), 1);
    let summary = Summary::of(run.evidence(), &standings);
    assert_eq!(summary.cell(CellIx(0)).counts.used, 6);
    assert_eq!(summary.cell(CellIx(0)).time().flags, ["outliers"]);
}

#[test]
fn a_run_that_ends_early_says_so() {
    let mut run = run();
    run.observations.truncate(10);
    let stops = |run: &Run| {
        let standings = Standings::of(run.evidence());
        Summary::of(run.evidence(), &standings).cell(CellIx(0)).stop
    };
    assert_eq!(stops(&run), StopReason::Interrupted);
    std::sync::Arc::make_mut(&mut run.experiment).protocol.on_failure = OnFailure::Stop;
    run.observations.last_mut().unwrap().measured.status = Status::Failed;
    assert_eq!(stops(&run), StopReason::FailureLimit);
}

#[test]
fn start_up_is_what_the_slowest_worker_leaves_of_the_region() {
    let mut run = run();
    for observation in run.measured(1) {
        let region = observation.measured.time_ns.unwrap();
        let span = |end_ns| crate::measure::WorkerSpan { start_ns: 0, end_ns };
        observation.measured.workers = vec![span(region / 2), span(region / 4 * 3)];
    }
    let standings = Standings::of(run.evidence());
    let summary = Summary::of(run.evidence(), &standings);
    assert_eq!(summary.cell(CellIx(0)).startup_share, None);
    let share = summary.cell(CellIx(1)).startup_share.unwrap();
    assert!((share - 0.25).abs() < 1e-6, "{share}");
}

#[test]
fn a_mean_is_never_taken_of_a_rate() {
    let mut experiment = fixture::experiment();
    experiment.workloads[0].metrics = vec![fixture::metric("speed", "MB/s", Some(Better::Higher))];
    let mut run = Run::new(experiment);
    for (at, observation) in run.measured(0).enumerate() {
        observation.measured.metrics = vec![Some(10.0 + at as f64)];
    }
    let standings = Standings::of(run.evidence());
    let summary = Summary::of(run.evidence(), &standings);
    let metric = summary.cell(CellIx(0)).metric("metric_speed").unwrap();
    assert_eq!((metric.median, metric.mean), (Some(12.5), None));
    assert!(metric.sd.is_some());
}

#[test]
fn less_time_is_better_unless_the_file_says_otherwise() {
    let mut experiment = fixture::experiment();
    experiment.workloads[0].metrics =
        vec![fixture::metric("inner", "s", None), fixture::metric("other", "1", None)];
    let direction = |experiment: &Experiment| {
        let run = Run::new(experiment.clone());
        let summary = Summary::of(run.evidence(), &Standings::of(run.evidence()));
        let metric = |column| summary.cell(CellIx(1)).metric(column).unwrap().better;
        [metric("metric_inner_ns"), metric("metric_other")]
    };
    assert_eq!(direction(&experiment), [Some(Better::Lower), None]);
    experiment.workloads[0].metrics[0].better = Some(Better::Higher);
    assert_eq!(direction(&experiment), [Some(Better::Higher), None]);
}

#[test]
fn each_cell_finds_the_baseline_with_the_same_levels() {
    let run = run();
    let baselines = Baselines::of(&run.experiment, &run.matrix);
    let references: Vec<Reference> = (0..4).map(|cell| baselines.reference(CellIx(cell))).collect();
    assert_eq!(
        references,
        [
            Reference::Itself,
            Reference::Cell(CellIx(0)),
            Reference::Itself,
            Reference::Cell(CellIx(2)),
        ]
    );
    assert_eq!(baselines.label(0), Some("normal"));
    let standings = Standings::of(run.evidence());
    let summary = Summary::of(run.evidence(), &standings);
    let time = |cell| summary.cell(CellIx(cell)).time();
    let ratio = speedup(time(0), time(1)).unwrap();
    assert!((ratio - 1_003_500.0 / 2_003_500.0).abs() < 1e-12);
}

#[test]
fn a_baseline_may_be_a_number_of_workers() {
    let mut experiment = fixture::experiment();
    experiment.strategies[1] = fixture::strategy("mt", StrategyKind::Threads, &[1, 2, 4]);
    experiment.compare.baselines[0].strategy = None;
    experiment.compare.baselines[0].workers = Some(1);
    let run = Run::new(experiment);
    let baselines = Baselines::of(&run.experiment, &run.matrix);
    let references: Vec<Reference> = (0..4).map(|cell| baselines.reference(CellIx(cell))).collect();
    assert_eq!(
        references,
        [
            Reference::Itself,
            Reference::Itself,
            Reference::Cell(CellIx(1)),
            Reference::Cell(CellIx(1)),
        ]
    );
    assert_eq!(baselines.label(0), Some("workers = 1"));
}

#[test]
fn a_parallel_baseline_is_matched_by_workers_or_reported_as_ambiguous() {
    let mut experiment = fixture::experiment();
    experiment.params = vec![fixture::factor("n", &["10"])];
    experiment.strategies = vec![
        fixture::strategy("mt", StrategyKind::Threads, &[2, 4]),
        fixture::strategy("mc", StrategyKind::Processes, &[2, 3]),
    ];
    experiment.compare.baselines = vec![fixture::baseline("mt")];
    let run = Run::new(experiment);
    let baselines = Baselines::of(&run.experiment, &run.matrix);
    assert_eq!(baselines.reference(CellIx(2)), Reference::Cell(CellIx(0)));
    assert_eq!(baselines.reference(CellIx(3)), Reference::Ambiguous(2));
}

#[test]
fn a_workload_without_the_baseline_strategy_has_no_match() {
    let mut experiment = fixture::experiment();
    experiment.workloads[0].strategies = Some(vec![1]);
    let run = Run::new(experiment);
    let baselines = Baselines::of(&run.experiment, &run.matrix);
    assert_eq!(baselines.reference(CellIx(0)), Reference::NoMatch);
    assert_eq!(baselines.cell(CellIx(0)), None);
}

/// A run of one workload with so many repeats, and each trial's time in ns by its repeat.
fn timed(repeats: u32, time: impl Fn(u64) -> u64) -> Run {
    let mut experiment = fixture::experiment();
    experiment.protocol.repeats = repeats;
    experiment.workloads[0].protocol.repeats = repeats;
    let mut run = Run::new(experiment);
    for observation in &mut run.observations {
        observation.measured.time_ns = Some(time(u64::from(observation.trial.repeat)));
    }
    run
}

fn time_of(run: &Run) -> MetricSummary {
    let standings = Standings::of(run.evidence());
    Summary::of(run.evidence(), &standings).cell(CellIx(0)).time().clone()
}

#[test]
fn a_mean_has_an_interval_from_twenty_values_on() {
    let scatter = |repeat: u64| 1_000_000 + repeat * 7_919 % 20 * 1_000;
    assert_eq!(time_of(&timed(19, scatter)).mean_interval, None);
    let metric = time_of(&timed(20, scatter));
    let (lo, hi) = metric.mean_interval.unwrap();
    assert!(lo < metric.mean.unwrap() && metric.mean.unwrap() < hi, "{lo} {hi}");
    assert!(lo > 1_006_000.0 && hi < 1_013_000.0, "{lo} {hi}");
}

#[test]
fn a_trend_over_the_run_is_flagged_from_ten_values_on() {
    let drifting = |repeat: u64| 1_000_000 + 1_000 * repeat;
    assert!(!time_of(&timed(9, drifting)).flags.contains(&"drift"));
    let metric = time_of(&timed(10, drifting));
    assert!(metric.trend_p.unwrap() < 1e-4 && metric.lag1.unwrap() > 0.6);
    assert_eq!(metric.flags[..2], ["drift", "autocorr"]);
    let level = time_of(&timed(20, |repeat| 1_000_000 + repeat * 7 % 20 * 1_000));
    assert!(!level.flags.contains(&"drift"), "{:?}", level.trend_p);
}

#[test]
fn the_median_without_outliers_says_how_much_they_matter() {
    let metric = time_of(&timed(7, |repeat| if repeat > 5 { 9_000_000 } else { 1_000 + repeat }));
    assert_eq!((metric.n, metric.median), (7, Some(1_004.0)));
    let metric = time_of(&timed(9, |repeat| if repeat > 7 { 9_000_000 } else { 1_000 + repeat }));
    assert_eq!((metric.n_outlier_severe, metric.median), (Some(2), Some(1_005.0)));
    assert_eq!(metric.median_no_outliers, Some(1_004.0));
}

#[test]
fn iterations_have_a_class_in_each_trial_and_in_each_cell() {
    let mut run = run();
    let flat: Vec<u64> = (0..60).map(|at| 1_000 + at * 7 % 11).collect();
    let warm: Vec<u64> =
        (0..60).map(|at| if at < 20 { 3_000 } else { 1_000 } + at * 7 % 11).collect();
    let slow: Vec<u64> =
        (0..60).map(|at| if at < 20 { 1_000 } else { 3_000 } + at * 7 % 11).collect();
    for (at, observation) in run.measured(0).enumerate() {
        observation.measured.iterations_ns = if at < 3 { flat.clone() } else { warm.clone() };
    }
    for (at, observation) in run.measured(1).enumerate() {
        observation.measured.iterations_ns = if at < 5 { flat.clone() } else { slow.clone() };
    }
    for observation in run.measured(2) {
        observation.measured.iterations_ns = flat[..5].to_vec();
    }
    let standings = Standings::of(run.evidence());
    let found: Vec<_> = run
        .observations
        .iter()
        .zip(standings.rows())
        .filter(|(row, _)| row.trial.cell == CellIx(0) && row.trial.phase == Phase::Measure)
        .map(|(_, standing)| standing.steady.map(|found| (found.class, found.steady_from)))
        .collect();
    assert_eq!(found[0], Some((SteadyClass::Flat, Some(0))));
    assert_eq!(found[5], Some((SteadyClass::Warmup, Some(20))));
    let summary = Summary::of(run.evidence(), &standings);
    let class = |cell| summary.cell(CellIx(cell)).steady;
    assert_eq!(class(0), Some(SteadyClass::GoodInconsistent));
    assert_eq!(class(1), Some(SteadyClass::BadInconsistent));
    assert_eq!(class(2), Some(SteadyClass::NotAssessed));
    assert_eq!(class(3), None);
    assert!(summary.cell(CellIx(1)).time().flags.contains(&"bad_inconsistent"));
    let late = |at: u64| if at < 50 { 3_000 } else { 1_000 };
    let unsteady: Vec<u64> = (0..60).map(|at| late(at) + at * 7 % 11).collect();
    for observation in run.measured(3) {
        observation.measured.iterations_ns.clone_from(&unsteady);
    }
    let other = Summary::of(run.evidence(), &Standings::of(run.evidence()));
    assert_eq!(other.cell(CellIx(3)).steady, Some(SteadyClass::NoSteadyState));
    assert!(other.cell(CellIx(3)).time().flags.contains(&"no_steady_state"));
    let icc = |cell| summary.cell(CellIx(cell)).icc;
    assert_eq!((icc(2), icc(3)), (Some(0.0), None));
    assert!(icc(1).unwrap() > 0.0 && icc(1).unwrap() < 1.0);
}
