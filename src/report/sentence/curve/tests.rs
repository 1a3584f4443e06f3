//! Curves through constructed rates, compared as text.

use super::*;
use crate::stats::{FitStatus, Model, fit_scaling};

const WORKERS: [u32; 6] = [1, 2, 3, 4, 6, 8];

fn series(curve: Curve) -> (Series, Modelled) {
    let point = |&workers: &u32| Point {
        cell: crate::design::CellIx(workers),
        workers,
        rate: Some(1.0),
        speedup: None,
        interval: None,
        efficiency: None,
        karp_flatt: None,
        is_superlinear: false,
    };
    let points = WORKERS.iter().map(point).collect();
    let model = Modelled { curve, status: FitStatus::Ok, is_selected: true };
    let (id, rate_unit) = ("s001".to_owned(), "units/s");
    (Series { id, is_weak: false, rate_unit, points, n_levels: 6, models: Vec::new() }, model)
}

/// The words for a law with α and β in hundredths, each second rate off by so many thousandths.
fn fitted(model: Model, levels: usize, (alpha, beta): (f64, f64), off: f64) -> String {
    let workers: Vec<f64> = WORKERS.iter().take(levels).map(|&n| f64::from(n)).collect();
    let rate = |(at, &n): (usize, &f64)| {
        let load = 1.0 + alpha / 100.0 * (n - 1.0) + beta / 100.0 * n * (n - 1.0);
        let sign = if at % 2 == 0 { 1.0 } else { -1.0 };
        n / load * (1.0 + sign * off / 1_000.0)
    };
    let rates: Vec<f64> = workers.iter().enumerate().map(rate).collect();
    let (mut series, model) = series(Curve::Law(model, fit_scaling(model, &workers, &rates)));
    for (point, rate) in series.points.iter_mut().zip(&rates) {
        point.speedup = Some(rate / rates[0]);
    }
    law(&series, &model, 0.95).expect("a fit")
}

#[test]
fn a_curve_has_its_parameters_with_their_intervals_and_what_follows() {
    assert_eq!(
        fitted(Model::Amdahl, 6, (10.0, 0.0), 0.0),
        "Amdahl's law, serial share 10 % (95 % CI 10.0 – 10.0 %), so that no number of workers \
         gives more than 10×"
    );
    assert_eq!(
        fitted(Model::Usl, 6, (10.0, 2.0), 0.0),
        "the universal scalability law, contention 10 % (95 % CI 10.0 – 10.0 %), cost of \
         coherency 2 % (95 % CI 2.00 – 2.00 %), fastest with about 6.71 workers"
    );
    let far = fitted(Model::Usl, 6, (10.0, 0.5), 0.0);
    assert!(far.ends_with(", fastest with about 13.4 workers, beyond all that were measured"));
}

#[test]
fn what_an_interval_does_not_show_is_not_said() {
    // The interval of α includes 0, and with it any number of workers.
    let open = fitted(Model::Amdahl, 4, (1.0, 0.0), 30.0);
    assert!(open.contains(" – ") && open.contains("(95 % CI -"), "{open}");
    assert!(open.ends_with(", intervals wide with 2 degrees of freedom"), "{open}");
    let nothing = fitted(Model::Amdahl, 4, (20.0, 0.0), 300.0);
    assert!(
        nothing.contains("% (it could be anything: the 95 % CI holds 0 and 100 %)"),
        "{nothing}"
    );
    let flat = fitted(Model::Usl, 6, (10.0, 0.1), 30.0);
    assert!(!flat.contains("fastest"), "{flat}");
    let bound = fitted(Model::Amdahl, 6, (0.0, 0.0), 0.0);
    assert_eq!(bound, "Amdahl's law, serial share 0 % (the end of what is possible, no interval)");
}

#[test]
fn a_poor_fit_says_so_and_claims_no_limit_that_was_exceeded() {
    // Up to eight workers on two cores: two of them are the fastest.
    let workers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0];
    let rates = [1.0, 1.95, 1.58, 1.75, 1.67, 1.81, 1.67];
    let fit = fit_scaling(Model::Amdahl, &workers, &rates).unwrap();
    assert!(fit.alpha.value > 0.6 && fit.alpha.interval(0.95, fit.df).unwrap().0 > 0.0);
    let (mut series, model) = series(Curve::Law(Model::Amdahl, Some(fit)));
    for (point, rate) in series.points.iter_mut().zip(rates) {
        point.speedup = Some(rate);
    }
    let text = law(&series, &model, 0.95).unwrap();
    assert!(text.ends_with("), a poor fit: off by up to 25.2 %"), "{text}");
}

#[test]
fn weak_scaling_has_a_share_without_an_interval_and_no_fit_has_no_words() {
    let (all, model) = series(Curve::Gustafson(Some((0.1, 5.0))));
    assert_eq!(law(&all, &model, 0.95).as_deref(), Some("Gustafson's law, serial share 10 %"));
    for curve in [Curve::Gustafson(None), Curve::Law(Model::Usl, None)] {
        let (all, model) = series(curve);
        assert_eq!(law(&all, &model, 0.95), None);
    }
    assert_eq!(points(&all, 0.95), None, "no point has a speed-up");
}
