//! Series of constructed runs, with times that a law gives exactly.

use super::*;
use crate::analysis::Findings;
use crate::analysis::fixture::{self, Run};
use crate::design::experiment::Baseline;
use crate::design::{Experiment, Objective, StrategyKind};
use crate::measure::Status;

const WORKERS: [u32; 6] = [1, 2, 3, 4, 6, 8];

fn experiment(workers: &[u32]) -> Experiment {
    let mut experiment = fixture::experiment();
    experiment.params = vec![fixture::factor("n", &["1000"])];
    experiment.strategies = vec![fixture::strategy("many", StrategyKind::Threads, workers)];
    experiment.compare.baselines.clear();
    experiment
}

/// Every trial of a cell takes the time of its workers.
fn run(experiment: Experiment, time_ns: impl Fn(u64) -> u64) -> Run {
    let mut run = Run::new(experiment);
    for observation in &mut run.observations {
        let workers = run.matrix.cell(observation.trial.cell).workers;
        observation.measured.time_ns = Some(time_ns(u64::from(workers)));
    }
    run
}

fn all(run: &Run) -> Vec<Series> {
    Findings::of(run.evidence()).series
}

fn close(value: Option<f64>, want: f64) {
    let value = value.expect("a value");
    assert!((value - want).abs() <= 1e-6 * want.abs(), "{value} is not {want}");
}

/// A tenth is serial.
fn amdahl(workers: u64) -> u64 {
    24_000_000 + 216_000_000 / workers
}

#[test]
fn exact_times_of_amdahls_law_give_its_serial_share() {
    let found = all(&run(experiment(&WORKERS), amdahl));
    let [series] = &found[..] else { panic!("one series: {found:?}") };
    assert_eq!((series.id.as_str(), series.is_weak, series.n_levels), ("s001", false, 6));
    assert_eq!(series.rate_unit, "units/s");
    let one = &series.points[0];
    close(one.rate, 1_000.0 / 0.24);
    assert_eq!((one.speedup, one.efficiency, one.karp_flatt), (Some(1.0), Some(1.0), None));
    close(series.points[5].speedup, 240.0 / 51.0);
    close(series.points[5].interval.map(|(lo, _)| lo), 240.0 / 51.0);
    assert_eq!(one.interval, None);
    close(series.points[5].efficiency, 240.0 / 51.0 / 8.0);
    for point in &series.points[1..] {
        close(point.karp_flatt, 0.1);
        assert!(!point.is_superlinear);
    }
    let models: Vec<(&str, bool)> =
        series.models.iter().map(|model| (model.model(), model.is_selected)).collect();
    assert_eq!(models, [("amdahl", true), ("usl", false)]);
    let fit = series.models[0].fit().expect("a fit");
    assert_eq!((series.models[0].status, fit.df), (FitStatus::Ok, 4));
    close(Some(fit.alpha.value), 0.1);
    close(Some(fit.gamma.value), 1_000.0 / 0.24);
    close(fit.rate_limit(), 10_000.0 / 0.24);
}

#[test]
fn exact_times_of_the_scalability_law_have_a_peak_within_the_measured() {
    // α = 0.1, β = 0.02.
    let time = |n: u64| (1_000_000_000 + (n - 1) * 100_000_000 + n * (n - 1) * 20_000_000) / n;
    let found = all(&run(experiment(&WORKERS), time));
    let [_, usl] = &found[0].models[..] else { panic!("two models") };
    assert!(usl.is_selected && usl.status == FitStatus::Ok, "{usl:?}");
    let fit = usl.fit().expect("a fit");
    close(Some(fit.alpha.value), 0.1);
    close(fit.beta.map(|beta| beta.value), 0.02);
    assert!(fit.has_certain_peak(0.95));
    close(fit.peak().map(|(workers, _)| workers), 45_f64.sqrt());
    assert_eq!(found[0].most_workers(), Some(8));
}

#[test]
fn too_few_levels_have_points_and_no_fit() {
    let found = all(&run(experiment(&[1, 2, 4]), amdahl));
    assert_eq!(found[0].points.len(), 3);
    close(found[0].points[2].karp_flatt, 0.1);
    for model in &found[0].models {
        assert_eq!((model.fit(), model.status), (None, FitStatus::TooFewLevels));
        assert!(!model.is_selected);
    }
    let four = all(&run(experiment(&[1, 2, 3, 4]), amdahl));
    let published: Vec<bool> = four[0].models.iter().map(|model| model.fit().is_some()).collect();
    assert_eq!(published, [true, false]);
    assert!(four[0].models[0].is_selected);
}

#[test]
fn without_one_worker_nothing_is_a_speedup() {
    let found = all(&run(experiment(&[2, 3, 4, 6, 8, 12]), amdahl));
    assert!(found[0].points.iter().all(|point| point.rate.is_some() && point.speedup.is_none()));
    assert!(found[0].models.iter().all(|model| model.status == FitStatus::TooFewLevels));
}

#[test]
fn cells_without_a_median_are_points_without_a_rate() {
    let mut run = run(experiment(&WORKERS), amdahl);
    for observation in run.measured(5) {
        observation.measured.status = Status::Timeout;
    }
    for observation in run.measured(4) {
        observation.measured.status = Status::Failed;
    }
    let found = all(&run);
    let rates: Vec<bool> = found[0].points.iter().map(|point| point.rate.is_some()).collect();
    assert_eq!(rates, [true, true, true, true, false, false]);
    assert_eq!((found[0].n_levels, found[0].most_workers()), (4, Some(4)));
    close(found[0].models[0].fit().map(|fit| fit.alpha.value), 0.1);
    assert_eq!(found[0].models[1].status, FitStatus::TooFewLevels);
}

#[test]
fn more_than_a_workers_share_is_superlinear() {
    let found = all(&run(experiment(&[1, 2, 3, 4]), |n| 1_200_000_000 / n / n));
    assert_eq!(found[0].models[0].status, FitStatus::Superlinear);
    let marked: Vec<bool> = found[0].points.iter().map(|point| point.is_superlinear).collect();
    assert_eq!(marked, [false, true, true, true]);
}

/// Times by workers, each trial longer by 0 to 10 steps of so many parts in 10 000.
fn spread(repeats: u32, time_ns: impl Fn(u64) -> u64, step: u64) -> Run {
    let mut experiment = experiment(&[1, 2, 3, 4]);
    experiment.protocol.repeats = repeats;
    experiment.workloads[0].protocol.repeats = repeats;
    let mut run = Run::new(experiment);
    for observation in &mut run.observations {
        let workers = u64::from(run.matrix.cell(observation.trial.cell).workers);
        let steps = u64::from(observation.trial.repeat) * (2 + workers) % 11;
        observation.measured.time_ns = Some(time_ns(workers) / 10_000 * (10_000 + steps * step));
    }
    run
}

#[test]
fn only_a_whole_interval_above_the_workers_is_superlinear() {
    // One in a hundred above a perfect speedup, with a scatter of a twentieth and of a thousandth.
    let time = |n: u64| if n == 1 { 1_212_000_000 } else { 1_200_000_000 / n };
    for (step, exceeds) in [(50, false), (1, true)] {
        let found = all(&spread(11, time, step));
        for point in &found[0].points[1..] {
            let (lo, hi) = point.interval.expect("an interval");
            let (speedup, workers) = (point.speedup.expect("a speedup"), f64::from(point.workers));
            assert!(speedup > workers && lo <= speedup && speedup <= hi, "{point:?}");
            assert_eq!((lo > workers, point.is_superlinear), (exceeds, exceeds), "{point:?}");
        }
        let status = found[0].models[0].status;
        assert_eq!(status == FitStatus::Superlinear, exceeds, "{status:?}");
    }
    // Five values have no interval, and nothing is said of them.
    let few = all(&spread(5, |n| 1_200_000_000 / n / n, 1));
    assert!(few[0].points.iter().all(|point| point.interval.is_none() && !point.is_superlinear));
    assert!(few[0].points[3].speedup.is_some_and(|speedup| speedup > 15.0));
}

#[test]
fn the_interval_of_a_comparison_with_one_worker_is_that_of_its_point() {
    let mut run = spread(11, amdahl, 50);
    let mut experiment = Experiment::clone(&run.experiment);
    experiment.compare.baselines = vec![Baseline { workers: Some(1), ..fixture::baseline("many") }];
    run.experiment = std::sync::Arc::new(experiment);
    let found = Findings::of(run.evidence());
    assert_eq!(found.comparisons.rows.len(), 3);
    for row in &found.comparisons.rows {
        let point = found.series[0].points.iter().find(|point| point.cell == row.candidate.cell);
        assert_eq!(point.and_then(|point| point.interval), row.speedup.interval);
    }
    let of_medians: Vec<_> = found.series[0].points.iter().map(|point| point.speedup).collect();
    // Of percentiles the comparison is another ratio.
    let mut experiment = Experiment::clone(&run.experiment);
    experiment.compare.objective = Objective::P90;
    run.experiment = std::sync::Arc::new(experiment);
    let other = Findings::of(run.evidence());
    assert_eq!(other.comparisons.rows[0].speedup.interval, None);
    assert!(other.series[0].points[1..].iter().all(|point| point.interval.is_some()));
    let speedups: Vec<_> = other.series[0].points.iter().map(|point| point.speedup).collect();
    assert_eq!(speedups, of_medians);
}

/// Weak scaling with a serial share of a tenth: N tasks in N / (N − (N − 1)/10) of the time of
/// one.
fn weak(workers: u64) -> u64 {
    workers * 10_000_000_000 / (9 * workers + 1)
}

#[test]
fn weak_scaling_gives_gustafsons_share_with_and_without_units() {
    for units in [Some(500), None] {
        let mut experiment = experiment(&WORKERS);
        experiment.workloads[0].scaling = Scaling::Weak;
        let mut run = run(experiment, weak);
        for observation in &mut run.observations {
            let tasks = u64::from(run.matrix.cell(observation.trial.cell).tasks);
            observation.measured.work_units = units.map(|units| units * tasks);
        }
        let found = all(&run);
        let [model] = &found[0].models[..] else { panic!("one model: {found:?}") };
        assert_eq!((model.model(), model.status), ("gustafson", FitStatus::Ok));
        let Curve::Gustafson(Some((share, one))) = model.curve else { panic!("{model:?}") };
        close(Some(share), 0.1);
        assert_eq!(Some(one), found[0].points[0].rate);
        close(Some(one), 2.0 * units.unwrap_or(1) as f64);
        assert_eq!(found[0].rate_unit, if units.is_some() { "units/s" } else { "tasks/s" });
        close(found[0].points[5].speedup, 7.3);
        close(found[0].points[5].interval.map(|(lo, _)| lo), 7.3);
        assert_eq!(found[0].points[5].karp_flatt, None);
    }
}

#[test]
fn levels_and_strategies_tell_series_apart_and_one_number_of_workers_is_none() {
    let mut experiment = experiment(&[1, 2]);
    experiment.params = vec![fixture::factor("n", &["1000", "2000"])];
    experiment.strategies.push(fixture::strategy("alone", StrategyKind::Sequential, &[1]));
    experiment.strategies.push(fixture::strategy("apart", StrategyKind::Processes, &[4, 2]));
    let run = run(experiment, amdahl);
    let found = all(&run);
    let described: Vec<(usize, Vec<u32>)> = found
        .iter()
        .map(|series| {
            let strategy = run.matrix.cell(series.points[0].cell).strategy;
            (strategy, series.points.iter().map(|point| point.workers).collect())
        })
        .collect();
    let want = [(0, vec![1, 2]), (2, vec![2, 4]), (0, vec![1, 2]), (2, vec![2, 4])];
    assert_eq!(described, want);
    assert_eq!(found[3].id, "s004");
}
