//! Where variance arises: between trials or within them, and what to repeat more often.

use super::moments::{mean, sum};

/// Variance components of trials with equally many iterations (Kalibera and Jones 2013, with the
/// correction of arXiv:2007.10899: T₂² = S₂² − S₁²/r₁).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Components {
    /// S₁² = T₁²: the variance of iterations within a trial, in squared units of the samples.
    pub within: f64,
    /// S₂²: the variance of the trials' means.
    pub between_means: f64,
    /// T₂²: the variance between trials less what iterations contribute to it; below 0 by chance
    /// where there is none.
    pub between: f64,
    /// The share of variance between trials; `None` where nothing varies.
    pub icc: Option<f64>,
}

/// The components; `None` unless there are at least two trials, of equally many, at least two,
/// iterations each, and no censored value.
#[must_use]
pub fn variance_components(trials: &[Vec<f64>]) -> Option<Components> {
    let iterations = trials.first()?.len();
    let balanced = trials.iter().all(|trial| trial.len() == iterations);
    if trials.len() < 2 || iterations < 2 || !balanced {
        return None;
    }
    let means: Vec<f64> = trials.iter().map(|trial| mean(trial)).collect::<Option<_>>()?;
    let grand = mean(&means)?;
    let square = |difference: f64| difference * difference;
    let deviations = trials.iter().zip(&means);
    let within =
        sum(deviations.flat_map(|(trial, mean)| trial.iter().map(move |x| square(x - mean))))
            / (trials.len() * (iterations - 1)) as f64;
    let between_means = sum(means.iter().map(|m| square(m - grand))) / (trials.len() - 1) as f64;
    let between = between_means - within / iterations as f64;
    let share = between.max(0.0);
    let icc = (share + within > 0.0).then(|| share / (share + within));
    Some(Components { within, between_means, between, icc })
}

/// What to repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// This many iterations a trial make the most of the time; more trials then narrow the
    /// interval.
    Iterations(u32),
    /// Trials do not differ from one another: one long trial is as good as many.
    OneTrial,
    /// Nothing varies.
    Nothing,
}

impl Components {
    /// The number of iterations a trial that gives the narrowest interval for the time, when a
    /// trial costs `trial` (start-up and discarded iterations) and an iteration `iteration`, in the
    /// same unit: ⌈√((c₂/c₁)·(T₁²/T₂²))⌉, at least 1.
    #[must_use]
    pub fn advice(&self, trial: f64, iteration: f64) -> Advice {
        if self.within <= 0.0 && self.between <= 0.0 {
            return Advice::Nothing;
        }
        if self.between <= 0.0 || iteration <= 0.0 {
            return Advice::OneTrial;
        }
        let best = ((trial / iteration) * (self.within / self.between)).sqrt().ceil();
        // A cast saturates: no trial has four thousand million iterations.
        Advice::Iterations((best as u32).max(1))
    }

    /// Whether more iterations cannot narrow the interval of a cell of `iterations` a trial by a
    /// tenth: what is left of its variance arises between trials.
    #[must_use]
    pub fn iterations_are_enough(&self, iterations: usize) -> bool {
        let from_iterations = self.within / iterations.max(1) as f64;
        let total = self.between.max(0.0) + from_iterations;
        // A variance that falls by less than 19 % is a deviation that falls by less than 10 %.
        from_iterations <= 0.19 * total
    }
}
