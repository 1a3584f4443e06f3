//! How a rate grows with the number of workers: Amdahl's law, the universal scalability law and
//! what single points say.
//!
//! X(N) = γN / (1 + α(N − 1) + βN(N − 1)) with α the contention (for Amdahl the serial share), β
//! the cost of coherency and γ the rate of one worker (Gunther 2007); Amdahl's law is β = 0. Fits
//! describe, they do not explain. Rates are work per time in any unit, the same throughout.

use super::fit::{Parameters, Problem, least_squares, predict, standard_errors};
use super::moments::{mean, sum};
use super::normal::t_quantile;

/// A curve to fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// β = 0.
    Amdahl,
    /// The universal scalability law.
    Usl,
}

impl Model {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Amdahl => "amdahl",
            Self::Usl => "usl",
        }
    }

    /// Fewest distinct numbers of workers that a fit is published for.
    #[must_use]
    pub fn min_levels(self) -> usize {
        match self {
            Self::Amdahl => 4,
            Self::Usl => 6,
        }
    }

    /// Which of α, β and γ are fitted.
    fn free(self) -> &'static [usize] {
        match self {
            Self::Amdahl => &[0, 2],
            Self::Usl => &[0, 1, 2],
        }
    }
}

/// Whether a fit may be published, or what a reader must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FitStatus {
    /// Nothing.
    Ok,
    /// Too few distinct numbers of workers, or not one worker among them.
    TooFewLevels,
    /// α or β lies at the end of what is possible and has no interval.
    AtBound,
    /// The search ended before the fit was found.
    NoConvergence,
    /// Some point is faster than its workers explain: the base case is suspicious.
    Superlinear,
}

impl FitStatus {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::TooFewLevels => "too_few_levels",
            Self::AtBound => "at_bound",
            Self::NoConvergence => "no_convergence",
            Self::Superlinear => "superlinear",
        }
    }
}

/// A fitted parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Its value.
    pub value: f64,
    /// Its standard error from the residuals; `None` without degrees of freedom.
    pub se: Option<f64>,
    /// Whether it lies at a bound, where the standard error means nothing.
    pub at_bound: bool,
}

impl Estimate {
    /// value ± t·se with `df` degrees of freedom; `None` at a bound.
    #[must_use]
    pub fn interval(&self, conf: f64, df: usize) -> Option<(f64, f64)> {
        let se = self.se.filter(|_| !self.at_bound)?;
        let degrees = u32::try_from(df).ok().filter(|&degrees| degrees > 0)?;
        let half = t_quantile(f64::midpoint(1.0, conf), degrees) * se;
        Some((self.value - half, self.value + half))
    }
}

/// A fitted curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// Which.
    pub model: Model,
    /// Contention.
    pub alpha: Estimate,
    /// Coherency; `None` for Amdahl.
    pub beta: Option<Estimate>,
    /// Rate of one worker.
    pub gamma: Estimate,
    /// Residual sum of squares.
    pub rss: f64,
    /// Points less parameters.
    pub df: usize,
    /// Residual standard deviation; `None` without degrees of freedom.
    pub sigma: Option<f64>,
    /// Share of the variance explained; `None` if the rates do not vary.
    pub r2: Option<f64>,
    /// The largest residual as a share of its rate.
    pub max_abs_rel_resid: f64,
    /// Akaike's criterion, corrected for few points, with the variance as a parameter; `None`
    /// where the correction is not defined.
    pub aicc: Option<f64>,
    /// Whether the search reached a minimum.
    pub converged: bool,
}

impl Fit {
    /// The number of workers with the highest rate, and that rate; `None` if the curve only rises.
    #[must_use]
    pub fn peak(&self) -> Option<(f64, f64)> {
        let beta = self.beta?.value;
        (beta > 0.0 && self.alpha.value < 1.0).then(|| {
            let workers = ((1.0 - self.alpha.value) / beta).sqrt();
            (workers, predict(workers, &self.parameters()))
        })
    }

    /// Whether the interval of β excludes 0: only then is a peak worth printing.
    #[must_use]
    pub fn has_certain_peak(&self, conf: f64) -> bool {
        let interval = self.beta.and_then(|beta| beta.interval(conf, self.df));
        interval.is_some_and(|(lo, _)| lo > 0.0)
    }

    /// The rate γ/α that no number of workers exceeds; `None` for α = 0.
    #[must_use]
    pub fn rate_limit(&self) -> Option<f64> {
        (self.alpha.value > 0.0).then(|| self.gamma.value / self.alpha.value)
    }

    /// The fitted rate of a number of workers.
    #[must_use]
    pub fn rate(&self, workers: f64) -> f64 {
        predict(workers, &self.parameters())
    }

    fn parameters(&self) -> Parameters {
        [self.alpha.value, self.beta.map_or(0.0, |beta| beta.value), self.gamma.value]
    }

    /// What a reader must know about a fit to the rates of these numbers of workers, one of which
    /// may be known to be faster than its workers explain.
    #[must_use]
    pub fn status(&self, workers: &[f64], is_superlinear: bool) -> FitStatus {
        let mut levels = workers.to_vec();
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        let at_bound = self.alpha.at_bound || self.beta.is_some_and(|beta| beta.at_bound);
        if levels.len() < self.model.min_levels() || levels[0] != 1.0 {
            FitStatus::TooFewLevels
        } else if !self.converged {
            FitStatus::NoConvergence
        } else if is_superlinear {
            FitStatus::Superlinear
        } else if at_bound {
            FitStatus::AtBound
        } else {
            FitStatus::Ok
        }
    }
}

/// Fits a curve to the rates of numbers of workers by unweighted least squares within 0 ≤ α ≤ 1,
/// β ≥ 0, γ > 0; `None` for fewer points than parameters, or for numbers that are not positive.
#[must_use]
pub fn fit_scaling(model: Model, workers: &[f64], rates: &[f64]) -> Option<Fit> {
    let usable = |value: &f64| *value > 0.0 && value.is_finite();
    let free = model.free();
    let points = workers.len();
    if rates.len() != points || points < free.len() || ![workers, rates].concat().iter().all(usable)
    {
        return None;
    }
    let problem = Problem { workers, rates, free };
    let found = least_squares(&problem);
    let df = points - free.len();
    let sigma = (df > 0).then(|| (found.rss / df as f64).sqrt());
    let errors = standard_errors(&problem, &found.parameters);
    let estimate = |which: usize, at_bound: bool| {
        let factor =
            free.iter().position(|&at| at == which).and_then(|at| errors.as_ref()?.get(at));
        let se = sigma.zip(factor).map(|(sigma, factor)| sigma * factor);
        Estimate { value: found.parameters[which], se, at_bound }
    };
    let [alpha, beta, _] = found.parameters;
    let centre = mean(rates)?;
    let spread = sum(rates.iter().map(|rate| (rate - centre) * (rate - centre)));
    let residuals = workers.iter().zip(rates);
    let relative =
        residuals.map(|(&n, rate)| ((rate - predict(n, &found.parameters)) / rate).abs());
    Some(Fit {
        model,
        alpha: estimate(0, alpha <= 0.0 || alpha >= 1.0),
        beta: (model == Model::Usl).then(|| estimate(1, beta <= 0.0)),
        gamma: estimate(2, false),
        rss: found.rss,
        df,
        sigma,
        r2: (spread > 0.0).then(|| 1.0 - found.rss / spread),
        max_abs_rel_resid: relative.fold(0.0, f64::max),
        aicc: aicc(found.rss, rates, free.len()),
        converged: found.converged,
    })
}

fn aicc(rss: f64, rates: &[f64], parameters: usize) -> Option<f64> {
    let (n, k) = (rates.len() as f64, parameters as f64 + 1.0);
    // What is left of an exact fit is rounding, which must not choose between models.
    let rounding = sum(rates.iter().map(|rate| rate * rate)) * 1e-24;
    let correction = n - k - 1.0;
    (correction > 0.0)
        .then(|| n * libm::log(rss.max(rounding) / n) + 2.0 * k + 2.0 * k * (k + 1.0) / correction)
}

/// The model to believe: the lower criterion, the simpler one if it is within 2 or unknown.
#[must_use]
pub fn select(amdahl: &Fit, usl: &Fit) -> Model {
    match (amdahl.aicc, usl.aicc) {
        (Some(simple), Some(other)) if other <= simple - 2.0 => Model::Usl,
        _ => Model::Amdahl,
    }
}

/// Whether a speedup is more than its workers' share of the rate of one worker.
#[must_use]
pub fn is_superlinear(workers: f64, speedup: f64) -> bool {
    // The slack keeps the rounding of a perfect speedup from being more than perfect.
    speedup > workers * (1.0 + 1e-9)
}

/// The experimental serial share e = (1/S − 1/N) / (1 − 1/N) of Karp and Flatt (1990) for a
/// speedup S on N workers; `None` for one worker or no speedup. Where it rises with N, overhead
/// grows.
#[must_use]
pub fn karp_flatt(speedup: f64, workers: f64) -> Option<f64> {
    let defined = workers > 1.0 && speedup > 0.0;
    defined.then(|| (1.0 / speedup - 1.0 / workers) / (1.0 - 1.0 / workers))
}

/// The serial share s of Gustafson's S = N − s(N − 1) (1988) for scaled speedups of weak scaling,
/// by least squares; `None` without more than one worker.
#[must_use]
pub fn gustafson_serial(workers: &[f64], speedups: &[f64]) -> Option<f64> {
    let points = || workers.iter().zip(speedups);
    let squares = sum(points().map(|(n, _)| (n - 1.0) * (n - 1.0)));
    (squares > 0.0).then(|| sum(points().map(|(n, s)| (n - s) * (n - 1.0))) / squares)
}
