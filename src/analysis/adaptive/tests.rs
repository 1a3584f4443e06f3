use super::super::fixture::{Run, baseline, experiment, strategy, workload};
use super::super::values::TIME;
use super::*;
use crate::design::{StrategyKind, Workload};
use crate::measure::{Measured, Status};

fn ids(families: &[Vec<CellIx>]) -> Vec<Vec<u32>> {
    families.iter().map(|cells| cells.iter().map(|cell| cell.0).collect()).collect()
}

#[test]
fn what_is_compared_stops_together() {
    let mut experiment = experiment();
    let run = Run::new(experiment.clone());
    assert_eq!(ids(&families(&run.experiment, &run.matrix)), [[0, 1], [2, 3]], "by size");
    experiment.compare.baselines[0].params = vec![crate::design::Binding {
        name: crate::design::ParamName::new("n").unwrap(),
        value: crate::design::Value::Integer(1_000_000.into()),
    }];
    let run = Run::new(experiment.clone());
    assert_eq!(
        ids(&families(&run.experiment, &run.matrix)),
        [[0, 1, 2, 3]],
        "one baseline for all"
    );
    experiment.compare.baselines.clear();
    let run = Run::new(experiment.clone());
    assert_eq!(
        ids(&families(&run.experiment, &run.matrix)),
        [[0, 1], [2, 3]],
        "without a baseline"
    );
    experiment.workloads.push(Workload { protocol: experiment.protocol.clone(), ..workload("b") });
    experiment.strategies.push(strategy("three", StrategyKind::Threads, &[3]));
    experiment.compare.baselines = vec![baseline("normal")];
    let run = Run::new(experiment);
    let found = families(&run.experiment, &run.matrix);
    assert_eq!(found.len(), 4, "two workloads and two sizes");
    assert!(found.iter().all(|family| family.len() == 3));
}

/// Two families of two cells; at least `min` and at most `max` blocks.
fn watch(min: usize, max: usize) -> Watch {
    let time = sources(&workload("sum")).into_iter().find(|it| it.column.column == TIME);
    let rule = StoppingRule { min, max, ..StoppingRule::default() };
    let cells = |family: [u32; 2]| family.map(CellIx).to_vec();
    Watch::new(vec![cells([0, 2]), cells([1, 3])], &|_| time.clone(), rule)
}

#[test]
fn the_width_that_was_reached_is_that_of_what_is_measured_and_at_the_end_of_all() {
    let [mut open, mut over] = [watch(10, 12), watch(10, 12)];
    // Only the second family scatters.
    let time = |cell: u32, block: u32| {
        Some(1_000_000 + if cell % 2 == 1 { u64::from(block * 7 % 11) * 100_000 } else { 0 })
    };
    assert_eq!(open.reached(), None);
    play(&mut open, 11, time);
    assert!(open.reached().expect("a look") > 0.025);
    assert_eq!(play(&mut over, 12, time).len(), 2, "both have ended");
    assert!(over.reached().expect("a last look") > 0.025);
}

fn ended(cell: u32, repeat: u32, time_ns: Option<u64>) -> Observation {
    let status = if time_ns.is_some() { Status::Ok } else { Status::Failed };
    let cell = CellIx(cell);
    let trial = Trial { order: 0, cell, phase: Phase::Measure, repeat, position: 0 };
    let measured = Measured { time_ns, ..Measured::empty(status) };
    Observation {
        trial,
        attempt: 1,
        slot: 0,
        session: 1,
        started_at_ms: 0,
        start_offset_ns: 0,
        measured,
    }
}

fn trial(cell: u32, repeat: u32) -> Trial {
    ended(cell, repeat, None).trial
}

/// Plays whole blocks of all four cells, a cell's times given by its number and the block.
fn play(watch: &mut Watch, blocks: u32, time: impl Fn(u32, u32) -> Option<u64>) -> Vec<FamilyStop> {
    for block in 1..=blocks {
        for cell in 0..4 {
            if watch.need(&trial(cell, block)) != Need::Never {
                watch.take(&ended(cell, block, time(cell, block)));
            }
        }
    }
    watch.decisions()
}

fn stop(cells: [u32; 2], after_block: u32, cause: StopCause) -> FamilyStop {
    FamilyStop { cells: cells.map(CellIx).to_vec(), after_block, cause }
}

#[test]
fn a_family_waits_for_its_slowest_cell_and_for_no_other_family() {
    let mut watch = watch(10, 30);
    // Cell 2 scatters by half, all others by 1 ‰.
    let time = |cell: u32, block: u32| {
        Some(if cell == 2 { 1_000 + 500 * u64::from(block % 2) } else { 10_000 + u64::from(block) })
    };
    assert_eq!(
        play(&mut watch, 30, time),
        [stop([1, 3], 11, StopCause::TargetMet), stop([0, 2], 30, StopCause::MaxTrials)]
    );
    assert_eq!(watch.spared(), 2 * 19);
    assert_eq!(watch.need(&trial(1, 12)), Need::Never);
    assert_eq!(watch.need(&trial(1, 11)), Need::Now, "an earlier one may be run again");
}

#[test]
fn a_later_block_waits_for_the_end_of_the_one_before() {
    let mut watch = watch(10, 30);
    watch.take(&ended(0, 1, Some(5)));
    assert_eq!(watch.need(&trial(0, 2)), Need::Later);
    assert_eq!(watch.need(&trial(2, 1)), Need::Now);
    watch.take(&ended(2, 1, None));
    assert_eq!(watch.need(&trial(0, 2)), Need::Now, "a failed trial has ended");
    assert_eq!(watch.need(&trial(1, 2)), Need::Later, "the other family has not begun");
}

#[test]
fn a_cell_without_values_never_meets_the_target() {
    let mut watch = watch(2, 4);
    let stops = play(&mut watch, 4, |cell, _| (cell != 3).then_some(100));
    assert!(stops.contains(&stop([1, 3], 4, StopCause::MaxTrials)), "{stops:?}");
}

#[test]
fn a_block_without_a_new_value_is_no_second_hit() {
    let mut watch = watch(10, 30);
    // Ten equal values, then failures: the eleventh block saw nothing new of cell 0.
    let time = |cell: u32, block: u32| (cell != 0 || block <= 10 || block > 12).then_some(100);
    let stops = play(&mut watch, 20, time);
    assert_eq!(
        stops,
        [stop([1, 3], 11, StopCause::TargetMet), stop([0, 2], 13, StopCause::TargetMet)]
    );
}

#[test]
fn a_spent_budget_ends_at_the_end_of_a_block_and_even_before_the_first_look() {
    let mut watch = watch(10, 30);
    assert!(play(&mut watch, 3, |_, block| Some(u64::from(block))).is_empty());
    watch.take(&ended(0, 4, Some(1)));
    watch.spend_budget();
    watch.begin();
    assert_eq!(watch.decisions(), [stop([1, 3], 3, StopCause::TimeBudget)], "between its blocks");
    assert_eq!(watch.need(&trial(2, 4)), Need::Now, "its block is complete first");
    watch.take(&ended(2, 4, Some(1)));
    assert_eq!(watch.decisions(), [stop([0, 2], 4, StopCause::TimeBudget)]);
}

#[test]
fn blocks_that_an_earlier_rule_has_run_stay() {
    let mut watch = watch(10, 30);
    for block in 1..=15 {
        for cell in [0, 2] {
            watch.take(&ended(cell, block, Some(100)));
        }
    }
    assert_eq!(watch.decisions(), [stop([0, 2], 15, StopCause::TargetMet)]);
    assert_eq!(watch.spared(), 2 * 15);
}

#[test]
fn what_is_on_record_is_not_decided_again() {
    let mut watch = watch(10, 30);
    let before = stop([0, 2], 15, StopCause::TargetMet);
    watch.recall(&before);
    let stops = play(&mut watch, 20, |_, _| Some(100));
    assert_eq!(stops, [stop([1, 3], 11, StopCause::TargetMet)]);
    assert_eq!(watch.stopped().collect::<Vec<_>>(), [0, 2, 1, 3].map(CellIx));
}

#[test]
fn cells_that_stopped_are_complete_and_say_why() {
    let mut experiment = experiment();
    let adaptive = Adaptive { min: 4, max: 6, ..Adaptive::default() };
    experiment.protocol.adaptive = Some(adaptive);
    let mut run = Run::new(experiment);
    run.stops = vec![stop([0, 1], 5, StopCause::TargetMet), stop([2, 3], 6, StopCause::MaxTrials)];
    let spared = run.stops[0].clone();
    run.observations.retain(|observation| !spared.spares(&observation.trial));
    let standings = crate::analysis::Standings::of(run.evidence());
    let summary = crate::analysis::Summary::of(run.evidence(), &standings);
    let of = |cell: u32| {
        let cell = summary.cell(CellIx(cell));
        (cell.counts.scheduled, cell.counts.used, cell.stop.as_str())
    };
    assert_eq!((of(0), of(3)), ((5, 5, "target_met"), (6, 6, "max_trials")));
    assert_eq!(run.evidence().spared(), 2);
    run.observations.retain(|observation| observation.trial.block() != Some(5));
    let standings = crate::analysis::Standings::of(run.evidence());
    let summary = crate::analysis::Summary::of(run.evidence(), &standings);
    assert_eq!(summary.cell(CellIx(0)).stop.as_str(), "interrupted");
}
