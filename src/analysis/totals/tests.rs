//! Totals of constructed runs.

use super::*;
use crate::analysis::Baselines;
use crate::analysis::fixture::{self, Run};
use crate::measure::Status;

fn found(run: &Run) -> Vec<Total> {
    let standings = Standings::of(run.evidence());
    let summary = Summary::of(run.evidence(), &standings);
    let baselines = Baselines::of(&run.experiment, &run.matrix);
    let comparisons = Comparisons::of(run.evidence(), &standings, &summary, &baselines);
    totals(run.evidence(), (&standings, &summary), &comparisons)
}

/// Two sizes; `normal` takes 1 ms and 3 ms, `multithread` 2 ms and 4 ms, and a µs more each repeat.
fn run(repeats: u32) -> Run {
    let mut experiment = fixture::experiment();
    (experiment.compare.sum, experiment.compare.allow_geomean) = (true, true);
    experiment.protocol.repeats = repeats;
    experiment.workloads[0].protocol.repeats = repeats;
    Run::new(experiment)
}

#[test]
fn nobody_gets_a_total_who_has_not_asked_for_it() {
    assert!(found(&Run::new(fixture::experiment())).is_empty());
}

#[test]
fn medians_are_summed_and_ratios_are_averaged() {
    let all = found(&run(12));
    let [sum, mean] = &all[..] else { panic!("two: {all:?}") };
    assert_eq!((sum.kind, mean.kind), (Kind::Sum, Kind::Geomean));
    assert_eq!(sum.members, ["p001", "p002"]);
    assert_eq!(sum.sums, Some((4_013_000.0, 6_013_000.0)));
    assert_eq!(sum.ratio.estimate, Some(4_013_000.0 / 6_013_000.0));
    let ratios = [1_006_500.0 / 2_006_500.0, 3_006_500.0 / 4_006_500.0];
    let want: f64 = ratios[0] * ratios[1];
    assert!((mean.ratio.estimate.unwrap() - want.sqrt()).abs() < 1e-12);
    assert_eq!((sum.pairing, mean.sums), (Pairing::Block, None));
    for total in [sum, mean] {
        let (lo, hi) = total.ratio.interval.unwrap();
        let estimate = total.ratio.estimate.unwrap();
        assert!(lo < estimate && estimate < hi && hi - lo < 0.01, "{lo} {estimate} {hi}");
    }
    assert_ne!(sum.resampling.seed, mean.resampling.seed);
    assert_eq!(found(&run(12)), all, "the same each time");
}

#[test]
fn a_failure_leaves_no_total() {
    let mut run = run(12);
    run.measured(1).next().unwrap().measured.status = Status::Failed;
    for total in found(&run) {
        assert!(total.is_incomplete && total.ratio.estimate.is_none() && total.sums.is_none());
    }
}

#[test]
fn rates_are_not_summed() {
    let mut experiment = fixture::experiment();
    (experiment.compare.sum, experiment.compare.allow_geomean) = (true, true);
    experiment.workloads[0].metrics = vec![fixture::metric("score", "1", Some(Better::Higher))];
    experiment.compare.metric = Some(crate::design::ParamName::new("score").unwrap());
    let mut run = Run::new(experiment);
    for cell in 0..4 {
        for observation in run.measured(cell) {
            observation.measured.metrics = vec![Some(f64::from(cell + 1))];
        }
    }
    let all = found(&run);
    assert_eq!(all.iter().map(|total| total.kind).collect::<Vec<_>>(), [Kind::Geomean]);
    let want = (2.0_f64 * (4.0 / 3.0)).sqrt();
    assert!((all[0].ratio.estimate.unwrap() - want).abs() < 1e-12, "more is better");
}

#[test]
fn ways_that_differ_in_workers_are_apart() {
    let mut experiment = fixture::experiment();
    experiment.compare.sum = true;
    experiment.strategies[1].workers = vec![2, 4];
    let run = Run::new(experiment);
    let all = found(&run);
    let members: Vec<&[String]> = all.iter().map(|total| &total.members[..]).collect();
    assert_eq!(members, [["p001", "p003"], ["p002", "p004"]]);
}

/// Made by a bootstrap written in Python for this test, with the generator, the seeds and the order
/// of draws that the method fixes: in each replicate one set of blocks for all cells, or for each
/// comparison in turn the baseline's values and then the candidate's.
#[test]
fn intervals_are_those_of_an_independent_implementation() {
    const BASES: [u64; 4] = [1_000, 1_500, 3_000, 2_600];
    const STRIDES: [u64; 4] = [5, 7, 3, 11];
    for (repeats, pairing, want) in [
        (
            12,
            Pairing::Block,
            [
                [0.973_130_841_121_495_3, 0.951_445_086_705_202_3, 0.995_271_867_612_293_1],
                [0.884_496_684_481_091_8, 0.860_682_474_691_662_3, 0.908_083_316_018_140_4],
            ],
        ),
        (
            6,
            Pairing::Independent,
            [
                [0.973_130_841_121_495_3, 0.949_367_088_607_594_9, 0.997_652_582_159_624_4],
                [0.886_976_054_103_360_9, 0.860_843_728_005_483_5, 0.914_734_416_671_739_6],
            ],
        ),
    ] {
        let mut run = run(repeats);
        for cell in 0..4_u32 {
            let (base, stride) = (BASES[cell as usize], STRIDES[cell as usize]);
            for observation in run.measured(cell) {
                let later = u64::from(observation.trial.repeat) * stride % 17 * 10;
                observation.measured.time_ns = Some((base + later) * 1_000);
            }
        }
        let all = found(&run);
        assert_eq!(all.len(), 2);
        for (total, want) in all.iter().zip(want) {
            let (lo, hi) = total.ratio.interval.expect("an interval");
            let got = [total.ratio.estimate.expect("a ratio"), lo, hi];
            assert_eq!((total.pairing, total.ratio.status), (pairing, RatioStatus::Ok));
            for (got, want) in got.iter().zip(want) {
                assert!((got - want).abs() < 1e-12, "{:?}: {got} is not {want}", total.kind);
            }
        }
    }
}

#[test]
fn workloads_that_are_compared_with_another_are_apart_and_named() {
    let mut experiment = fixture::experiment();
    experiment.compare.sum = true;
    experiment.strategies.truncate(1);
    experiment.workloads.extend(["one", "two"].map(fixture::workload));
    let sum = crate::design::Name::new("sum").ok();
    let baseline = &mut experiment.compare.baselines[0];
    (baseline.strategy, baseline.workload) = (None, sum);
    let all = found(&Run::new(experiment));
    let said = |total: &Total| (total.differs.join(" "), total.members.join(" "));
    let said: Vec<(String, String)> = all.iter().map(said).collect();
    let want = [("workload=one", "p001 p002"), ("workload=two", "p003 p004")];
    assert_eq!(said, want.map(|(levels, ids)| (levels.to_owned(), ids.to_owned())));
    assert_ne!(all[0].resampling.seed, all[1].resampling.seed);
}
