//! The rows of series with times that the scalability law gives exactly.

use super::*;
use crate::analysis::Findings;
use crate::analysis::fixture::{self, Run};
use crate::design::StrategyKind;

/// Both files for α = 0.1 and β in thousandths, on so many workers.
fn tables(workers: &[u32], beta: u64) -> [Vec<String>; 2] {
    let mut experiment = fixture::experiment();
    experiment.params = vec![fixture::factor("n", &["1000"])];
    experiment.strategies = vec![fixture::strategy("many", StrategyKind::Threads, workers)];
    experiment.compare.baselines.clear();
    let mut run = Run::new(experiment);
    for observation in &mut run.observations {
        let n = u64::from(run.matrix.cell(observation.trial.cell).workers);
        let thousandths = 1_000 + (n - 1) * 100 + n * (n - 1) * beta;
        observation.measured.time_ns = Some(thousandths * 1_200_000 / n);
    }
    let Findings { evidence, summary, series, .. } = Findings::of(run.evidence());
    let lines = |bytes: Option<Vec<u8>>| -> Vec<String> {
        let text = String::from_utf8(bytes.expect("a series")).expect("UTF-8");
        text.lines().map(str::to_owned).collect()
    };
    [
        lines(models(evidence, &summary, &series, "r1")),
        lines(points(evidence, &summary, &series, "r1")),
    ]
}

fn field(lines: &[String], row: usize, column: &str) -> String {
    let at = lines[0].split(',').position(|name| name == column).expect("a column");
    let fields: Vec<&str> = lines[row].split(',').collect();
    assert_eq!(fields.len(), lines[0].split(',').count(), "{}", lines[row]);
    fields[at].to_owned()
}

#[test]
fn a_point_has_its_time_and_its_speedup() {
    let [_, points] = tables(&[1, 2], 250);
    // 1200 ms for one worker; 1.6 of it for the work, half of which each of two does.
    assert_eq!(points.len(), 3);
    for (row, cell, time, speedup, efficiency, share) in [
        (1, "c001", "1200000000", 1.0, 1.0, None),
        (2, "c002", "960000000", 1.25, 0.625, Some(0.6)),
    ] {
        assert_eq!(field(&points, row, "cell_id"), cell);
        assert_eq!(field(&points, row, "n_used"), "6");
        assert_eq!(field(&points, row, "time_ns"), time);
        let number = |column: &str| field(&points, row, column).parse::<f64>().ok();
        let near = |column: &str, want: f64| {
            assert!(number(column).is_some_and(|it| (it - want).abs() < 1e-9), "{}", points[row]);
        };
        near("rate", speedup * 1_000.0 / 1.2);
        // Six equal values of either: the interval is the ratio.
        let ends = ["speedup_lo", "speedup_hi"].map(number);
        assert_eq!(ends.map(|end| end.is_some()), [row == 2; 2], "{}", points[row]);
        ends.iter().flatten().for_each(|end| assert!((end - speedup).abs() < 1e-9, "{end}"));
        near("speedup", speedup);
        near("efficiency", efficiency);
        share.map_or_else(
            || assert_eq!(field(&points, row, "karp_flatt"), ""),
            |share| near("karp_flatt", share),
        );
    }
}

#[test]
fn a_peak_beyond_all_that_was_measured_says_so() {
    for (beta, peak, extrapolated) in [(20, 45_f64.sqrt(), "false"), (5, 180_f64.sqrt(), "true")] {
        let [models, _] = tables(&[1, 2, 3, 4, 6, 8], beta);
        assert_eq!(field(&models, 2, "model"), "usl");
        assert_eq!(field(&models, 2, "selected"), "true");
        let found: f64 = field(&models, 2, "n_peak").parse().expect("a number");
        assert!((found - peak).abs() < 1e-6, "{found} is not {peak}");
        assert_eq!(field(&models, 2, "n_peak_extrapolated"), extrapolated);
        let amdahl = ["beta", "n_peak", "n_peak_extrapolated"];
        assert_eq!(amdahl.map(|column| field(&models, 1, column)), ["", "", ""]);
    }
}

#[test]
fn too_few_levels_are_a_row_without_numbers() {
    let [models, _] = tables(&[1, 2], 50);
    assert_eq!(
        models[1],
        "r1,s001,sum,many,1 2,1000,strong,amdahl,2,,,,,,,,,,,units/s,0.95,,,,,false,,,,too_few_levels"
    );
}
