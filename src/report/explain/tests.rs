//! Explanations of constructed runs.

use super::*;
use crate::analysis::fixture::{self, Run};
use crate::measure::Status;

const WIDE: Style = Style { width: 1_000, colour: false };

fn explained(run: &Run, cell: u32) -> String {
    explain(&Findings::of(run.evidence()), &[CellIx(cell)], WIDE)
}

/// Two cells of one size with these times in ms, the baseline's first.
fn run(repeats: u32, base: impl Fn(u64) -> u64, candidate: impl Fn(u64) -> u64) -> Run {
    let mut experiment = fixture::experiment();
    experiment.params = vec![fixture::factor("n", &["7"])];
    experiment.protocol.repeats = repeats;
    experiment.workloads[0].protocol.repeats = repeats;
    let mut run = Run::new(experiment);
    for (cell, time) in [(0, &base as &dyn Fn(u64) -> u64), (1, &candidate)] {
        for observation in run.measured(cell) {
            let repeat = u64::from(observation.trial.repeat);
            observation.measured.time_ns = Some(time(repeat) * 1_000_000);
        }
    }
    run
}

#[test]
fn a_cell_is_explained_from_its_median_to_its_verdict() {
    let run = run(15, |r| 905 + r * 7 % 15, |r| 805 + r * 4 % 15);
    let want = "\
n = 7, multithread   c002
· 15 of 15 trials used
· time: median 812 ms of 15 values; 95 % interval 808 – 816, which covers 96.5 % whatever the shape of the values
▸ multithread is 1.12× as fast as normal (95 % CI 1.12 – 1.13; 812 ms vs 912 ms medians, n = 15+15 blocks, Holm p < 0.0001 of 1).
  faster (p001): the whole interval lies beyond the margin of 2 %, and the adjusted p is below 0.05. Test: signed rank exact, p < 0.0001 before adjustment; a random trial of the first is better than one of the second with a chance of 100 %; within blocks the typical ratio is 1.12 (95 % CI 1.12 – 1.13)
";
    assert_eq!(explained(&run, 1), want);
    let base = explained(&run, 0);
    assert!(base.ends_with("· the baseline: others are compared with it\n"), "{base}");
}

#[test]
fn what_is_open_says_why_and_what_would_decide() {
    let text = explained(&run(12, |r| 1000 + r * 7 % 12 * 30, |r| 1000 + r * 5 % 12 * 30), 1);
    assert!(
        text.contains(
            "; about 650 repeats would.\n  inconclusive (p001): the interval contains 1 "
        ),
        "{text}"
    );
    let text = explained(&run(3, |r| 1000 + r, |r| 2000 + r), 1);
    assert!(text.contains("no 95 % interval exists for fewer than 6 values"), "{text}");
    assert!(
        text.contains("  insufficient (p001): a ratio has an interval from 6 values"),
        "{text}"
    );
    let text = explained(&run(12, |r| 1000 + r, |r| 1001 + r), 1);
    assert!(text.contains("the whole interval lies within 2 % of 1. Test"), "{text}");
}

/// Two of twelve trials take far longer and turn the sign of their blocks.
fn with_two_outliers() -> Run {
    run(12, |r| 1000 + r, |r| if r % 6 == 0 { 5000 } else { 900 + r })
}

#[test]
fn a_verdict_that_hangs_on_outliers_says_so() {
    let text = explained(&with_two_outliers(), 1);
    assert!(text.contains("  inconclusive (p001): "), "{text}");
    let flag = flags::explained("outlier_sensitive").expect("an entry");
    let said = format!("! outlier_sensitive: {}\n  → {}\n", flag.meaning, flag.remedy);
    assert_eq!(text.matches(&said).count(), 1, "{text}");
}

#[test]
fn every_flag_of_a_cell_has_its_meaning_and_its_remedy() {
    let mut run = run(12, |r| 1000 + 50 * r, |r| 1000 + 50 * r);
    for observation in run.measured(1).take(2) {
        observation.measured.status = Status::Failed;
    }
    let text = explained(&run, 1);
    for word in ["drift", "autocorr", "failures"] {
        let flag = flags::explained(word).expect("an entry");
        let said = format!("! {word}: {}\n  → {}\n", flag.meaning, flag.remedy);
        assert_eq!(text.matches(&said).count(), 1, "{word}: {text}");
    }
    assert!(text.contains("· 10 of 12 trials used, 2 failed\n"), "{text}");
    assert!(
        text.contains("▸ multithread cannot be compared with normal: trials failed.\n"),
        "{text}"
    );
    assert!(text.contains("  invalid (p001): with trials that failed"), "{text}");
}

#[test]
fn what_cannot_vary_has_no_interval_and_what_is_nothing_no_finite_ratio() {
    use crate::design::Better;
    let mut experiment = fixture::experiment();
    experiment.workloads[0].metrics = vec![
        crate::design::UserMetric {
            deterministic: true,
            ..fixture::metric("steps", "1", Some(Better::Lower))
        },
        fixture::metric("score", "1", Some(Better::Higher)),
    ];
    let mut run = Run::new(experiment);
    for cell in [0, 1] {
        let score = f64::from(1 - cell);
        run.measured(cell).for_each(|row| row.measured.metrics = vec![Some(7.0), Some(score)]);
    }
    let text = explained(&run, 1);
    assert!(text.contains("· steps: 7.00 in each of 6 trials, as the file declares\n"), "{text}");
    assert!(text.contains("multithread is ∞× worse than normal in score"), "{text}");
    assert!(!text.contains("inf"), "{text}");
}

#[test]
fn the_variance_of_iterations_says_what_to_repeat() {
    // Iterations of 1 ms, a start of 8 ms; within a trial they vary by 2 µs around its level.
    let said = |apart: u64| {
        let mut run = run(10, |r| 1000 + r, |r| 1000 + r);
        for (at, row) in run.measured(1).enumerate() {
            let level = 1_000_000 + apart * (at as u64 % 2);
            row.measured.iterations_ns = [0, 4_000, 0, 4_000].map(|more| level + more).to_vec();
            row.measured.process_ns = Some(12_000_000);
        }
        explained(&run, 1)
    };
    let far = said(100_000);
    assert!(far.contains("more iterations will not help, more repeats will\n"), "{far}");
    let near = said(0);
    assert!(near.contains("4 iterations a trial 0 % lies between trials: trials do not"), "{near}");
    // T₁² = 16/3 and T₂² = 40/9 − 4/3 in µs², the start 8 times an iteration: ⌈√(8 · 12/7)⌉.
    let some = said(4_000);
    assert!(
        some.contains("for the time that it takes, 4 iterations a trial tell the most"),
        "{some}"
    );
}
