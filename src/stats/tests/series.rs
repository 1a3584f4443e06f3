//! Series in time: the reference vectors of steady states, stopping and variance components.

use proptest::prelude::*;
use serde_json::Value;

use super::super::steady::{changepoints, partition};
use super::super::*;
use super::{assert_close, floats, vectors};

const CLASSES: [SteadyClass; 7] = [
    SteadyClass::Flat,
    SteadyClass::Warmup,
    SteadyClass::Slowdown,
    SteadyClass::NoSteadyState,
    SteadyClass::NotAssessed,
    SteadyClass::GoodInconsistent,
    SteadyClass::BadInconsistent,
];

fn class(word: &Value) -> SteadyClass {
    CLASSES.into_iter().find(|class| *word == class.as_str()).unwrap()
}

fn indices(value: &Value) -> Vec<usize> {
    let indices = value.as_array().unwrap().iter();
    indices.map(|index| usize::try_from(index.as_u64().unwrap()).unwrap()).collect()
}

#[test]
fn every_steady_state_vector_is_reproduced() {
    let vectors = vectors();
    let sets = vectors["steady_state"].as_array().unwrap();
    assert_eq!(sets.len(), 11);
    for set in sets {
        let (id, want) = (set["id"].as_str().unwrap(), &set["expected"]);
        let series = floats(&set["series"]);
        let got = steady_state(&series);
        assert_eq!(got.class, class(&want["cls"]), "{id}");
        assert_eq!(got.changepoints, indices(&want["changepoints"]), "{id}");
        assert_eq!(got.outliers, indices(&want["outliers"]), "{id}");
        assert_eq!(got.steady_from.map(|at| at as u64), want["steady_from"].as_u64(), "{id}");
        let means = want.get("segment_means").map_or(Vec::new(), floats);
        assert_eq!(got.segment_means.len(), means.len(), "{id}");
        for (got, want) in got.segment_means.iter().zip(means) {
            assert_close(id, Some(*got), &want.into());
        }
    }
}

#[test]
fn every_mix_of_trials_has_its_class() {
    let vectors = vectors();
    let cells = vectors["steady_state_cell"].as_array().unwrap();
    assert_eq!(cells.len(), 6);
    for cell in cells {
        let trials: Vec<SteadyClass> =
            cell["trials"].as_array().unwrap().iter().map(class).collect();
        assert_eq!(cell_class(&trials), Some(class(&cell["expected"])), "{cell}");
    }
    assert_eq!(cell_class(&[]), None);
}

#[test]
fn the_value_of_a_trial_is_the_median_of_its_steady_part() {
    let series = |levels: &[(usize, f64)]| -> Vec<f64> {
        let noise = |at: usize| (at * 7 % 5) as f64 * 0.1;
        let values = levels.iter().flat_map(|&(n, level)| std::iter::repeat_n(level, n));
        values.enumerate().map(|(at, level)| level + noise(at)).collect()
    };
    for (levels, value, class) in [
        (vec![(100, 100.0)], 100.2, SteadyClass::Flat),
        (vec![(30, 150.0), (70, 100.0)], 100.2, SteadyClass::Warmup),
        (vec![(30, 100.0), (70, 150.0)], 150.2, SteadyClass::Slowdown),
        (vec![(80, 100.0), (20, 150.0)], 150.2, SteadyClass::NoSteadyState),
        (vec![(4, 100.0), (8, 150.0)], 150.1, SteadyClass::NotAssessed),
    ] {
        let series = series(&levels);
        let steady = steady_state(&series);
        assert_eq!(steady.class, class, "{levels:?}");
        let got = steady.value(&series).unwrap();
        assert!((got - value).abs() < 0.11, "{levels:?}: {got}");
    }
    assert_eq!(steady_state(&[]).value(&[]), None);
}

#[test]
fn a_long_series_is_cut_on_a_grid() {
    let noise = |at: usize| (at * 7919 % 101) as f64 / 50.0;
    let series: Vec<f64> =
        (0..12_000).map(|at| if at < 3001 { 120.0 } else { 100.0 } + noise(at)).collect();
    let changes = changepoints(&series);
    // The change lies beside the grid: the values between may be a segment of their own.
    assert!(!changes.is_empty());
    assert!(changes.iter().all(|change| change.abs_diff(3001) <= 6), "{changes:?}");
    assert!(changes.iter().all(|change| change.is_multiple_of(3)), "{changes:?}");
}

#[test]
fn every_stopping_trace_is_reproduced() {
    let vectors = vectors();
    let traces = vectors["stopping"].as_array().unwrap();
    assert_eq!(traces.len(), 5);
    for set in traces {
        let (id, want) = (set["id"].as_str().unwrap(), &set["expected"]);
        let (state, looks) = StoppingRule::default().trace(&floats(&set["x"]));
        assert_eq!(state.as_str(), want["reason"], "{id}");
        let stopped = (state != Stopping::NeedsMore).then(|| looks.last().unwrap().n as u64);
        assert_eq!(stopped, want["stop_n"].as_u64(), "{id}");
        let trace = want["trace"].as_array().unwrap();
        assert_eq!(looks.len(), trace.len(), "{id}");
        for (look, want) in looks.iter().zip(trace) {
            assert_eq!(look.n as u64, want["n"].as_u64().unwrap(), "{id}");
            assert_eq!(look.hits as u64, want["hits"].as_u64().unwrap(), "{id}");
            assert_close(id, look.rel_half_width, &want["rel_half_width"]);
        }
    }
}

#[test]
fn values_below_zero_are_looked_at_by_their_size() {
    let wide: Vec<f64> = (0..12_u32).map(|at| -100.0 - f64::from(at * 5 % 12) * 10.0).collect();
    let (state, looks) = StoppingRule::default().trace(&wide);
    assert_eq!(state, Stopping::NeedsMore);
    assert!(looks.iter().all(|look| look.rel_half_width.unwrap() > 0.1), "{looks:?}");
}

#[test]
fn every_set_of_variance_components_is_reproduced() {
    let vectors = vectors();
    let sets = vectors["variance_components"].as_array().unwrap();
    assert_eq!(sets.len(), 3);
    for set in sets {
        let (id, want) = (set["id"].as_str().unwrap(), &set["expected"]);
        let trials: Vec<Vec<f64>> = set["trials"].as_array().unwrap().iter().map(floats).collect();
        let got = variance_components(&trials).unwrap();
        assert_close(id, Some(got.within), &want["S1"]);
        assert_close(id, Some(got.within), &want["T1"]);
        assert_close(id, Some(got.between_means), &want["S2"]);
        assert_close(id, Some(got.between), &want["T2"]);
        assert_close(id, got.icc, &want["icc"]);
    }
    assert_eq!(variance_components(&[vec![1.0, 2.0], vec![1.0]]), None);
    assert_eq!(variance_components(&[vec![1.0, 2.0]]), None);
}

#[test]
fn advice_follows_the_costs() {
    let all_between = variance_components(&[vec![10.0, 10.0], vec![12.0, 12.0]]).unwrap();
    assert_eq!(all_between.advice(1.0, 1.0), Advice::Iterations(1));
    assert!(all_between.iterations_are_enough(2));
    let all_within = variance_components(&[vec![1.0, 3.0], vec![3.0, 1.0]]).unwrap();
    assert_eq!(all_within.advice(1.0, 1.0), Advice::OneTrial);
    assert!(!all_within.iterations_are_enough(2));
    let constant = variance_components(&[vec![1.0, 1.0], vec![1.0, 1.0]]).unwrap();
    assert_eq!(constant.advice(1.0, 1.0), Advice::Nothing);
    assert_eq!(constant.icc, None);
    // A start as dear as 16 iterations, four times the variance within: ⌈√(16·4)⌉.
    let mixed = Components { within: 4.0, between_means: 1.4, between: 1.0, icc: Some(0.2) };
    assert_eq!(mixed.advice(16.0, 1.0), Advice::Iterations(8));
}

fn levels() -> impl Strategy<Value = Vec<f64>> {
    let segment = (5_usize..40, 90_u32..110, prop::collection::vec(0_u32..8, 40));
    prop::collection::vec(segment, 1..6).prop_map(|segments| {
        let values = segments.into_iter().flat_map(|(n, level, noise)| {
            noise.into_iter().take(n).map(move |noise| f64::from(level * 10 + noise))
        });
        values.collect()
    })
}

proptest! {
    #[test]
    fn leaving_out_lost_starts_changes_nothing(series in levels()) {
        prop_assert_eq!(partition(&series, true), partition(&series, false));
    }

    #[test]
    fn the_unit_of_a_series_changes_nothing(series in levels(), power in -40_i32..40) {
        let scale = 2.0_f64.powi(power);
        let scaled: Vec<f64> = series.iter().map(|value| value * scale).collect();
        let (there, here) = (steady_state(&scaled), steady_state(&series));
        prop_assert_eq!(there.class, here.class);
        prop_assert_eq!(there.changepoints, here.changepoints);
        prop_assert_eq!(there.steady_from, here.steady_from);
    }
}
