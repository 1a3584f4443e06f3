//! What a series over the workers says, in words: its points, and the curve through them.

use crate::analysis::scaling::{Curve, Modelled, Point, Series};
use crate::report::screen::words;
use crate::stats::{Estimate, Fit};

#[cfg(test)]
mod tests;

/// Degrees of freedom from which on an interval of a fit is not called wide.
const ENOUGH: usize = 3;

/// A curve that misses a rate by a larger share of it is called a poor fit.
const POOR: f64 = 0.1;

/// Each number of workers beside one: `2 workers 1.82× (95 % CI 1.8 – 1.84), efficiency 91 %; 3
/// workers …`; `None` if nothing can be said over one worker.
#[must_use]
pub fn points(series: &Series, conf: f64) -> Option<String> {
    let others = series.points.iter().filter(|point| point.workers > 1);
    let mut level = format!("{} CI ", percent(conf));
    let mut told = String::new();
    for (point, speedup) in others.filter_map(|point| Some((point, point.speedup?))) {
        let separator = if told.is_empty() { "" } else { "; " };
        told.push_str(&format!("{separator}{}", said(point, speedup, &level)));
        // What the numbers are is said once.
        if point.interval.is_some() {
            level.clear();
        }
    }
    (!told.is_empty()).then_some(told)
}

fn said(point: &Point, speedup: f64, level: &str) -> String {
    let interval = point
        .interval
        .map_or_else(String::new, |(lo, hi)| format!(" ({level}{})", words::between(lo, hi)));
    let efficiency = point.efficiency.map_or_else(String::new, |share| {
        format!(", efficiency {share:.0} %", share = 100.0 * share)
    });
    format!("{} workers {}×{interval}{efficiency}", point.workers, words::ratio(speedup))
}

/// A curve with what was fitted: `Amdahl's law, serial share 10 % (95 % CI 9.1 – 10.9 %), so that no
/// number of workers gives more than 10×`; `None` without a fit. What a measured speed-up contradicts
/// is not said to follow.
#[must_use]
pub fn law(series: &Series, model: &Modelled, conf: f64) -> Option<String> {
    let fit = match &model.curve {
        Curve::Law(_, fit) => fit.as_ref()?,
        Curve::Gustafson(share) => {
            let (serial, _) = (*share)?;
            return Some(format!("Gustafson's law, serial share {}", percent(serial)));
        }
    };
    let mut text = match fit.beta {
        None => format!("Amdahl's law, serial share {}", share(fit.alpha, fit, conf)),
        Some(beta) => format!(
            "the universal scalability law, contention {}, cost of coherency {}",
            share(fit.alpha, fit, conf),
            share(beta, fit, conf)
        ),
    };
    if fit.df < ENOUGH {
        let degrees = if fit.df == 1 { "degree" } else { "degrees" };
        text.push_str(&format!(", intervals wide with {} {degrees} of freedom", fit.df));
    }
    let certain =
        |estimate: Estimate| estimate.interval(conf, fit.df).is_some_and(|(lo, _)| lo > 0.0);
    if fit.max_abs_rel_resid > POOR {
        text.push_str(&format!(", a poor fit: off by up to {}", percent(fit.max_abs_rel_resid)));
    }
    let mut speedups = series.points.iter().filter_map(|point| point.speedup);
    let is_exceeded = speedups.any(|speedup| speedup * fit.alpha.value > 1.0);
    if fit.beta.is_none() && certain(fit.alpha) && !is_exceeded {
        let most = words::ratio(1.0 / fit.alpha.value);
        text.push_str(&format!(", so that no number of workers gives more than {most}×"));
    }
    if let Some((workers, _)) = fit.peak().filter(|_| fit.has_certain_peak(conf)) {
        let most = series.most_workers().map_or(0.0, f64::from);
        let beyond = if workers > most { ", beyond all that were measured" } else { "" };
        let workers = words::three_digits(workers);
        text.push_str(&format!(", fastest with about {workers} workers{beyond}"));
    }
    Some(text)
}

/// `10 % (95 % CI 9.1 – 10.9 %)`, or why there is no interval. A share lies between nothing and
/// everything: an interval that holds both says nothing.
fn share(estimate: Estimate, fit: &Fit, conf: f64) -> String {
    let value = percent(estimate.value);
    match estimate.interval(conf, fit.df) {
        Some((lo, hi)) if lo <= 0.0 && hi >= 1.0 => {
            format!("{value} (it could be anything: the {} CI holds 0 and 100 %)", percent(conf))
        }
        Some((lo, hi)) => {
            let ends = words::between(100.0 * lo, 100.0 * hi);
            format!("{value} ({} CI {ends} %)", percent(conf))
        }
        None if estimate.at_bound => format!("{value} (the end of what is possible, no interval)"),
        None => value,
    }
}

fn percent(share: f64) -> String {
    format!("{} %", words::ratio(100.0 * share))
}
