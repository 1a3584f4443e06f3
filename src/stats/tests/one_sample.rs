//! One sample: the reference vectors and what must hold for any sample.

use proptest::prelude::*;
use serde_json::Value;

use super::super::interval::{median_rank, min_n, quantile_ranks};
use super::super::*;
use super::{assert_close, floats, number, vectors};

fn indices(value: &Value) -> Vec<usize> {
    let indices = value.as_array().unwrap().iter();
    indices.map(|index| usize::try_from(index.as_u64().unwrap()).unwrap()).collect()
}

fn assert_outliers(name: &str, x: &[f64], want: &Value) {
    let sample = Sorted::new(x);
    let fences = tukey(&sample);
    let flagged = |kind| -> Vec<usize> {
        let rule = |at: &usize| fences.is_some_and(|fences| fences.of(x[*at]) == kind);
        (0..x.len()).filter(rule).collect()
    };
    let wanted = &want["tukey"]["fences"];
    assert_eq!(fences.is_some(), want["tukey"]["status"] == "ok", "{name}");
    for (at, fence) in fences.iter().flat_map(|fences| fences.fences.iter().enumerate()) {
        assert_close(name, Some(*fence), &wanted[at]);
    }
    assert_eq!(flagged(Outlier::Mild), indices(&want["tukey"]["mild"]), "{name}");
    assert_eq!(flagged(Outlier::Severe), indices(&want["tukey"]["severe"]), "{name}");
    let rule = mad_outliers(&sample, 0.0);
    let flagged: Vec<usize> =
        (0..x.len()).filter(|&at| rule.is_some_and(|rule| rule.of(x[at]))).collect();
    assert_eq!(flagged, indices(&want["mad_outliers"]["flagged"]), "{name}");
    assert_eq!(rule.is_some(), want["mad_outliers"]["status"] == "ok", "{name}");
}

fn assert_interval(name: &str, sample: &Sorted, conf: &str, want: &Value) {
    let got = median_interval(sample, conf.parse().unwrap());
    let what = format!("{name} at {conf}");
    assert_close(&what, got.achieved, &want["achieved"]);
    assert_eq!(got.rank.map(|rank| rank as u64), want["rank_lo"].as_u64(), "{what}");
    let upper = got.rank.map(|rank| (sample.len() + 1 - rank) as u64);
    assert_eq!(upper, want["rank_hi"].as_u64(), "{what}");
    assert_close(&what, got.lo, &want["lo"]);
    match number(&want["hi"]) {
        Some(hi) if hi.is_infinite() => {
            assert_eq!(got.hi, None, "{what}");
            let censored = sample.median().unwrap().is_infinite();
            let status =
                if censored { IntervalStatus::Censored } else { IntervalStatus::Unbounded };
            assert_eq!(got.status, status, "{what}");
        }
        _ => {
            assert_close(&what, got.hi, &want["hi"]);
            let least = match (sample.is_empty(), sample.median()) {
                (true, _) => "empty",
                (_, Some(median)) if median.is_infinite() => "censored",
                _ => want["status"].as_str().unwrap(),
            };
            assert_eq!(got.status.as_str(), least, "{what}");
        }
    }
}

fn assert_order(name: &str, x: &[f64], want: &Value) {
    assert_close(name, lag1(x), &want["lag1_autocorr"]);
    let (trend, want) = (mann_kendall(x), &want["mann_kendall"]);
    assert_eq!(trend.is_none(), want["status"] == "n_too_small", "{name}");
    assert_eq!(trend.map(|trend| trend.s), want["S"].as_i64(), "{name}");
    assert_close(name, trend.map(|trend| trend.z), &want["z"]);
    assert_close(name, trend.map(|trend| trend.p), &want["p"]);
}

fn assert_quantile_intervals(name: &str, sample: &Sorted, want: &Value) {
    let Some(table) = want["quantile_ci95"].as_object() else {
        assert!(sample.len() < 6, "{name}");
        return;
    };
    assert_eq!(table.len(), 3, "{name}");
    for (p, want) in table {
        let got = quantile_interval(sample, p.parse().unwrap(), 0.95);
        assert_eq!(got.status.as_str(), want["status"], "{name} at {p}");
        assert_eq!(got.rank_lo.map(|rank| rank as u64), want["rank_lo"].as_u64(), "{name} at {p}");
        assert_eq!(got.rank_hi.map(|rank| rank as u64), want["rank_hi"].as_u64(), "{name} at {p}");
        assert_close(name, got.lo, &want["lo"]);
        assert_close(name, got.hi, &want["hi"]);
        assert_close(name, got.achieved, &want["achieved"]);
    }
}

fn assert_mean_interval(name: &str, x: &[f64], want: &Value) {
    let Some(seed) = want["seed"].as_str() else {
        assert!(x.len() < 2, "{name}");
        return;
    };
    let got = bca_mean(x, &super::resampling(seed)).unwrap();
    assert_close(name, Some(got.lo), &want["lo"]);
    assert_close(name, Some(got.hi), &want["hi"]);
    assert_eq!(got.correction.is_some(), want["status"] == "ok", "{name}");
    for (got, want) in got.correction.iter().flat_map(|c| [(c.0, &want["z0"]), (c.1, &want["a"])]) {
        // An acceleration of 0 is a difference of equal cubes: rounding of any sign.
        assert!((got - want.as_f64().unwrap()).abs() < 1e-9, "{name}: {got} instead of {want}");
    }
}

#[test]
fn every_one_sample_vector_is_reproduced() {
    let vectors = vectors();
    let sets = vectors["one_sample"].as_array().unwrap();
    assert_eq!(sets.len(), 21);
    for set in sets {
        let (name, want) = (set["dataset"].as_str().unwrap(), &set["expected"]);
        let x = floats(&set["x"]);
        let sample = Sorted::new(&x);
        assert_eq!(sample.len() as u64, want["n"].as_u64().unwrap(), "{name}");
        assert_eq!(sample.censored() as u64, want["n_censored"].as_u64().unwrap(), "{name}");
        assert_close(name, sample.median(), &want["median"]);
        for conf in ["0.9", "0.95", "0.99"] {
            assert_interval(name, &sample, conf, &want["median_ci"][conf]);
        }
        if want.get("mean").is_none() {
            assert_eq!(mean(&x), None, "{name}: no mean of nothing and of censored values");
            continue;
        }
        assert_close(name, mean(&x), &want["mean"]);
        assert_close(name, harmonic_mean(&x), &want["harmonic_mean"]);
        assert_close(name, geometric_mean(&x), &want["geometric_mean"]);
        assert_close(name, sd(&x), &want["sd"]);
        assert_close(name, cv(&x), &want["cv"]);
        assert_close(name, sample.mad(), &want["mad_raw"]);
        assert_close(name, sample.min(), &want["min"]);
        assert_close(name, sample.max(), &want["max"]);
        for (p, key) in [(0.25, "q1"), (0.75, "q3"), (0.9, "p90"), (0.95, "p95"), (0.99, "p99")] {
            assert_close(name, sample.quantile(p), &want[key]);
        }
        assert_eq!(is_bimodal(&sample, 0.0), want["bimodal"].as_bool().unwrap(), "{name}");
        assert_outliers(name, &x, want);
        assert_order(name, &x, want);
        assert_quantile_intervals(name, &sample, want);
        assert_mean_interval(name, &x, &want["mean_bca95"]);
    }
}

#[test]
fn the_table_of_ranks_is_reproduced_exactly() {
    let vectors = vectors();
    for (conf, table) in vectors["tables"]["median_ci_rank"].as_object().unwrap() {
        for (n, want) in table.as_object().unwrap() {
            let got = median_rank(n.parse().unwrap(), conf.parse().unwrap());
            let want = want["achieved"]
                .as_f64()
                .map(|achieved| (usize::try_from(want["l"].as_u64().unwrap()).unwrap(), achieved));
            assert_eq!(got, want, "n = {n} at {conf}");
        }
    }
    for (conf, want) in vectors["tables"]["min_n_for_median_ci"].as_object().unwrap() {
        assert_eq!(min_n(conf.parse().unwrap()) as u64, want.as_u64().unwrap(), "{conf}");
    }
}

#[test]
fn the_least_sizes_of_quantile_intervals_are_reproduced() {
    for (p, want) in vectors()["tables"]["min_n_for_quantile_ci95"].as_object().unwrap() {
        let p: f64 = p.parse().unwrap();
        let complete = |n: &usize| {
            let (lo, hi) = quantile_ranks(*n, p, 0.95);
            lo.is_some() && hi.is_some()
        };
        assert_eq!((1..1000).find(complete).unwrap() as u64, want.as_u64().unwrap(), "{p}");
    }
}

#[test]
fn at_one_half_both_intervals_agree() {
    for n in [6, 17, 99, 500, 100_000] {
        let (rank, _) = median_rank(n, 0.95).unwrap();
        assert_eq!(quantile_ranks(n, 0.5, 0.95), (Some(rank), Some(n + 1 - rank)), "n = {n}");
    }
}

#[test]
fn the_walk_for_large_samples_meets_the_exact_sum() {
    for n in 60..=127 {
        for conf in [0.5, 0.9, 0.95, 0.99, 0.999] {
            let (walked, exact) = super::super::binomial::both(n, 1.0 - conf);
            assert_eq!(walked.rank, exact.rank, "n = {n} at {conf}");
            let error = (walked.below - exact.below).abs();
            assert!(error <= 1e-13 * exact.below, "n = {n} at {conf}: {error}");
        }
    }
}

#[test]
fn a_million_values_have_the_rank_of_the_normal_limit() {
    let (rank, achieved) = median_rank(1_000_000, 0.95).unwrap();
    // n/2 − 1.96·√n/2 = 499 020; the exact rank differs by at most a few.
    assert!((499_018..=499_022).contains(&rank), "{rank}");
    assert!((0.95..0.9502).contains(&achieved), "{achieved}");
}

proptest! {
    #[test]
    fn the_interval_contains_the_median_and_ignores_order(
        mut x in prop::collection::vec(-1e12_f64..1e12, 6..200)
    ) {
        let sample = Sorted::new(&x);
        let interval = median_interval(&sample, 0.95);
        let median = sample.median().unwrap();
        prop_assert!(interval.lo.unwrap() <= median && median <= interval.hi.unwrap());
        prop_assert!(interval.achieved.unwrap() >= 0.95 - 1e-12);
        x.reverse();
        prop_assert_eq!(median_interval(&Sorted::new(&x), 0.95), interval);
    }

    #[test]
    fn nothing_but_trends_depends_on_the_order_of_the_values(
        (x, y) in prop::collection::vec(1_u32..2_000, 6..40).prop_flat_map(|x| {
            let shuffled = Just(x.clone()).prop_shuffle();
            (Just(x), shuffled)
        }),
        other in prop::collection::vec(1_u32..2_000, 6..40),
    ) {
        let [x, y, other] =
            [x, y, other].map(|values| values.into_iter().map(f64::from).collect::<Vec<f64>>());
        let (here, there) = (Sorted::new(&x), Sorted::new(&y));
        prop_assert_eq!(&here, &there, "so that quantiles, intervals and flags are the same");
        prop_assert_eq!(mean(&x), mean(&y));
        let (a, b) = (sd(&x).unwrap(), sd(&y).unwrap());
        prop_assert!((a - b).abs() <= 1e-12 * a);
        prop_assert_eq!(shift(&x, &other, 0.95), shift(&y, &other, 0.95));
        let (a, b) = (JointRanks::new(&x, &other), JointRanks::new(&y, &other));
        prop_assert_eq!((a.u(), mann_whitney(&a)), (b.u(), mann_whitney(&b)));
    }

    #[test]
    fn scaling_the_sample_scales_the_statistics(
        x in prop::collection::vec(1_u32..1_000_000, 2..50),
        power in -30_i32..30,
    ) {
        // A power of two scales without rounding.
        let scale = 2.0_f64.powi(power);
        let x: Vec<f64> = x.into_iter().map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|v| v * scale).collect();
        prop_assert_eq!(mean(&y), mean(&x).map(|v| v * scale));
        prop_assert_eq!(Sorted::new(&y).quantile(0.9), Sorted::new(&x).quantile(0.9).map(|v| v * scale));
        let (sd_x, sd_y) = (sd(&x).unwrap() * scale, sd(&y).unwrap());
        prop_assert!((sd_x - sd_y).abs() <= 1e-12 * sd_x);
    }
}
