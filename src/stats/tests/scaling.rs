//! Scaling: the reference vectors, among them published fits, and what must hold for any curve.

use proptest::prelude::*;
use serde_json::Value;

use super::super::fit::predict;
use super::super::scaling::{is_superlinear, select};
use super::super::*;
use super::{assert_close, assert_within, floats, vectors};

/// The tolerance of fits.
const FIT: f64 = 1e-5;

/// Compares where an exact fit leaves only rounding: what is below `scale` · 1e-9 is 0.
#[track_caller]
fn assert_fitted(what: &str, got: Option<f64>, want: &Value, scale: f64) {
    let rounding = |value: f64| value.abs() <= 1e-9 * scale;
    match (got, want.as_f64()) {
        (Some(got), Some(want)) if rounding(got) && rounding(want) => {}
        _ => assert_within(what, got, want, FIT),
    }
}

fn assert_fit(id: &str, fit: &Fit, rates: &[f64], want: &Value) {
    let size = rates.iter().copied().fold(0.0, f64::max);
    assert!(fit.converged, "{id}");
    assert_fitted(id, Some(fit.alpha.value), &want["alpha"], 1e-3);
    assert_fitted(id, fit.beta.map(|beta| beta.value), &want["beta"], 1e-3);
    assert_fitted(id, Some(fit.gamma.value), &want["gamma"], size);
    assert_fitted(id, Some(fit.rss.sqrt()), &want["rss"].as_f64().unwrap().sqrt().into(), size);
    assert_eq!(fit.df as u64, want["df"].as_u64().unwrap(), "{id}");
    assert_fitted(id, fit.sigma, &want["sigma"], size);
    assert_fitted(id, fit.alpha.se, &want["se"]["alpha"], 1e-3);
    assert_fitted(id, fit.beta.and_then(|beta| beta.se), &want["se"]["beta"], 1e-3);
    assert_fitted(id, fit.gamma.se, &want["se"]["gamma"], size);
    assert_fitted(id, fit.r2, &want["r2"], 0.0);
    assert_fitted(id, Some(fit.max_abs_rel_resid), &want["max_abs_rel_resid"], 1.0);
    assert_fitted(id, fit.peak().map(|(n, _)| n), &want["n_peak"], 0.0);
    assert_fitted(id, fit.peak().map(|(_, rate)| rate), &want["x_peak"], 0.0);
    assert_fitted(id, fit.rate_limit(), &want["x_limit_amdahl"], 0.0);
}

#[test]
fn every_scaling_vector_is_reproduced() {
    let vectors = vectors();
    let sets = vectors["scaling"].as_array().unwrap();
    assert_eq!(sets.len(), 9);
    for set in sets {
        let (id, want) = (set["id"].as_str().unwrap(), &set["expected"]);
        let workers = floats(&set["workers"]);
        if set.get("scaled_speedup").is_some() {
            let serial = gustafson_serial(&workers, &floats(&set["scaled_speedup"]));
            assert_close(id, serial, &want["serial_fraction"]);
            continue;
        }
        let rates = floats(&set["throughput"]);
        for (model, key) in [(Model::Amdahl, "amdahl"), (Model::Usl, "usl")] {
            let fit = fit_scaling(model, &workers, &rates).unwrap();
            assert_fit(&format!("{id} {key}"), &fit, &rates, &want[key]);
        }
        let shares = want["karp_flatt"].as_array().unwrap();
        assert_eq!(shares.len(), workers.len(), "{id}");
        for ((n, rate), want) in workers.iter().zip(&rates).zip(shares) {
            let got = karp_flatt(rate / rates[0], *n);
            assert!(got.is_some() != want.is_null(), "{id}");
            let difference = got.unwrap_or(0.0) - want.as_f64().unwrap_or(0.0);
            assert!(difference.abs() < 1e-9, "{id}: {got:?} instead of {want}");
        }
    }
}

fn vector(id: &str) -> (Vec<f64>, Vec<f64>) {
    let vectors = vectors();
    let mut sets = vectors["scaling"].as_array().unwrap().iter();
    let set = sets.find(|set| set["id"] == id).unwrap();
    (floats(&set["workers"]), floats(&set["throughput"]))
}

#[test]
fn the_status_says_what_a_reader_must_know() {
    for (id, model, want) in [
        ("u00_usl_exact", Model::Usl, FitStatus::Ok),
        ("u01_amdahl_exact", Model::Usl, FitStatus::AtBound),
        ("u01_amdahl_exact", Model::Amdahl, FitStatus::Ok),
        ("u02_linear", Model::Amdahl, FitStatus::AtBound),
        ("u02_linear", Model::Usl, FitStatus::TooFewLevels),
        ("u07_superlinear", Model::Amdahl, FitStatus::Superlinear),
    ] {
        let (workers, rates) = vector(id);
        let fit = fit_scaling(model, &workers, &rates).unwrap();
        let mut points = workers.iter().zip(&rates);
        let exceeds = points.any(|(&n, rate)| is_superlinear(n, rate / rates[0]));
        assert_eq!(fit.status(&workers, exceeds), want, "{id} {model:?}");
    }
    let (workers, rates) = ([2.0, 4.0, 6.0, 8.0], [2.0, 3.5, 4.5, 5.0]);
    let fit = fit_scaling(Model::Amdahl, &workers, &rates).unwrap();
    assert_eq!(fit.status(&workers, false), FitStatus::TooFewLevels, "without one worker");
    assert_eq!(fit_scaling(Model::Usl, &[1.0, 2.0], &[1.0, 2.0]), None);
    assert_eq!(fit_scaling(Model::Amdahl, &[1.0, 2.0], &[1.0, 0.0]), None);
}

#[test]
fn an_interval_takes_the_quantile_of_its_degrees_of_freedom() {
    // The example of R's usl, whose own interval of α, [0.0075, 0.041], is a 90 % one.
    let (workers, rates) = vector("u03_specsdm91");
    let fit = fit_scaling(Model::Usl, &workers, &rates).unwrap();
    let (lo, hi) = fit.alpha.interval(0.95, fit.df).unwrap();
    assert!((lo + 0.002).abs() < 0.005 && (hi - 0.051).abs() < 0.003, "{lo} {hi}");
    assert!((fit.alpha.value * 2.0 - lo - hi).abs() < 1e-12);
    assert!(fit.has_certain_peak(0.95), "β is five standard errors from 0");
    let (workers, rates) = vector("u04_raytracer");
    let fit = fit_scaling(Model::Usl, &workers, &rates).unwrap();
    assert_eq!(fit.beta.unwrap().interval(0.95, fit.df), None, "at its bound");
    assert!(!fit.has_certain_peak(0.95));
}

#[test]
fn the_simpler_model_wins_unless_the_other_explains_more() {
    for (id, want) in [
        ("u01_amdahl_exact", Model::Amdahl),
        ("u02_linear", Model::Amdahl),
        // Seven points are few for four parameters, the variance among them.
        ("u03_specsdm91", Model::Amdahl),
        ("u04_raytracer", Model::Amdahl),
        ("u06_retrograde", Model::Usl),
    ] {
        let (workers, rates) = vector(id);
        let fit = |model| fit_scaling(model, &workers, &rates).unwrap();
        assert_eq!(select(&fit(Model::Amdahl), &fit(Model::Usl)), want, "{id}");
    }
}

#[test]
fn single_points_have_no_serial_share() {
    assert_eq!(karp_flatt(1.0, 1.0), None);
    assert_eq!(karp_flatt(0.0, 4.0), None);
    assert_eq!(gustafson_serial(&[1.0], &[1.0]), None);
}

proptest! {
    #[test]
    fn exact_curves_are_found_again(
        alpha in 0.001_f64..0.5, beta in 0.000_01_f64..0.01, power in -30_i32..30,
    ) {
        let gamma = 100.0 * 2.0_f64.powi(power);
        let workers = [1.0, 2.0, 3.0, 4.0, 8.0, 16.0, 32.0];
        let rates: Vec<f64> =
            workers.iter().map(|&n| predict(n, &[alpha, beta, gamma])).collect();
        let fit = fit_scaling(Model::Usl, &workers, &rates).unwrap();
        prop_assert!((fit.alpha.value - alpha).abs() < 1e-6, "{fit:?}");
        prop_assert!((fit.beta.unwrap().value - beta).abs() < 1e-6, "{fit:?}");
        prop_assert!((fit.gamma.value / gamma - 1.0).abs() < 1e-6, "{fit:?}");
    }

    #[test]
    fn parameters_stay_within_their_bounds(rates in prop::collection::vec(0.1_f64..100.0, 6)) {
        let workers = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0];
        for model in [Model::Amdahl, Model::Usl] {
            let fit = fit_scaling(model, &workers, &rates).unwrap();
            prop_assert!((0.0..=1.0).contains(&fit.alpha.value), "{fit:?}");
            prop_assert!(fit.beta.is_none_or(|beta| beta.value >= 0.0), "{fit:?}");
            prop_assert!(fit.gamma.value > 0.0 && fit.rss.is_finite(), "{fit:?}");
        }
        let fit = |model| fit_scaling(model, &workers, &rates).unwrap().rss;
        prop_assert!(fit(Model::Usl) <= fit(Model::Amdahl) * (1.0 + 1e-6));
    }
}
