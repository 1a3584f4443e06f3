//! Least squares for the scaling curve, within bounds: Levenberg and Marquardt's method, parameters
//! at a bound held there while the gradient presses against it.

use super::moments::sum;

/// α, β, γ.
pub type Parameters = [f64; 3];

/// Steps before the search gives up.
const MAX_STEPS: usize = 500;

/// Attempts to find a better point, each ten times more careful than the last.
const MAX_ATTEMPTS: usize = 60;

/// A relative step below this is none.
const STANDSTILL: f64 = 1e-13;

/// Points and the parameters that may move.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// Numbers of workers, positive.
    pub workers: &'a [f64],
    /// The rate of each, positive.
    pub rates: &'a [f64],
    /// Indices of the parameters that are fitted; γ is always one.
    pub free: &'static [usize],
}

/// Where the search ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Minimum {
    /// The parameters.
    pub parameters: Parameters,
    /// Residual sum of squares.
    pub rss: f64,
    /// Whether it is a minimum.
    pub converged: bool,
}

fn denominator(n: f64, [alpha, beta, _]: &Parameters) -> f64 {
    1.0 + alpha * (n - 1.0) + beta * n * (n - 1.0)
}

/// The rate of `n` workers.
#[must_use]
pub fn predict(n: f64, parameters: &Parameters) -> f64 {
    parameters[2] * n / denominator(n, parameters)
}

fn gradient(n: f64, parameters: &Parameters) -> [f64; 3] {
    let (denominator, rate) = (denominator(n, parameters), predict(n, parameters));
    [-rate * (n - 1.0) / denominator, -rate * n * (n - 1.0) / denominator, n / denominator]
}

fn clamp([alpha, beta, gamma]: Parameters) -> Parameters {
    [alpha.clamp(0.0, 1.0), beta.max(0.0), gamma.max(1e-300)]
}

impl Problem<'_> {
    fn points(&self) -> impl Iterator<Item = (f64, f64)> + Clone {
        self.workers.iter().copied().zip(self.rates.iter().copied())
    }

    fn rss(&self, parameters: &Parameters) -> f64 {
        sum(self.points().map(|(n, rate)| {
            let residual = rate - predict(n, parameters);
            residual * residual
        }))
    }

    /// The least-squares line N/X = A + B(N − 1) + C·N(N − 1), weighted by (X/N)², as a start.
    fn start(&self) -> Parameters {
        let columns = self.free.len();
        let row = |n: f64| [1.0, n - 1.0, n * (n - 1.0)];
        let weighted = |i: usize, value: &dyn Fn(f64, f64) -> f64| {
            sum(self.points().map(|(n, rate)| (rate / n) * (rate / n) * row(n)[i] * value(n, rate)))
        };
        let matrix: Vec<Vec<f64>> = (0..columns)
            .map(|i| (0..columns).map(|j| weighted(i, &|n, _| row(n)[j])).collect())
            .collect();
        let right: Vec<f64> = (0..columns).map(|i| weighted(i, &|n, rate| n / rate)).collect();
        let first = self.points().map(|(n, rate)| n / rate);
        let line = solve(&matrix, &right)
            .unwrap_or_else(|| vec![first.clone().next().unwrap_or(1.0), 0.0, 0.0]);
        let constant = if line[0] > 0.0 { line[0] } else { first.fold(f64::INFINITY, f64::min) };
        let coherency = if columns == 3 { line[2] } else { 0.0 };
        clamp([line[1] / constant, coherency / constant, 1.0 / constant])
    }

    /// The normal matrix of the parameters in `which`.
    fn normal(&self, parameters: &Parameters, which: &[usize]) -> Vec<Vec<f64>> {
        let product = |i: usize, j: usize| {
            sum(self.points().map(|(n, _)| {
                let gradient = gradient(n, parameters);
                gradient[i] * gradient[j]
            }))
        };
        which.iter().map(|&i| which.iter().map(|&j| product(i, j)).collect()).collect()
    }

    /// The direction in which each parameter lessens the residuals.
    fn descent(&self, parameters: &Parameters) -> [f64; 3] {
        let along = |at: usize| {
            sum(self
                .points()
                .map(|(n, rate)| gradient(n, parameters)[at] * (rate - predict(n, parameters))))
        };
        [along(0), along(1), along(2)]
    }

    /// The free parameters that are not pressed against a bound.
    fn movable(&self, parameters: &Parameters, descent: &[f64; 3]) -> Vec<usize> {
        let held = |at: usize| match at {
            0 => {
                (parameters[0] <= 0.0 && descent[0] < 0.0)
                    || (parameters[0] >= 1.0 && descent[0] > 0.0)
            }
            1 => parameters[1] <= 0.0 && descent[1] < 0.0,
            _ => false,
        };
        self.free.iter().copied().filter(|&at| !held(at)).collect()
    }
}

/// The parameters with the least sum of squared residuals: the better of the minima that are
/// reached from a line through the points and, where β is fitted, from the best curve without it,
/// so that a parameter more never makes a fit worse.
#[must_use]
pub fn least_squares(problem: &Problem<'_>) -> Minimum {
    let found = search(problem, problem.start());
    if problem.free.len() < 3 {
        return found;
    }
    let simple = Problem { free: &[0, 2], ..*problem };
    let other = search(problem, search(&simple, simple.start()).parameters);
    if other.rss < found.rss * (1.0 - 1e-9) { other } else { found }
}

fn search(problem: &Problem<'_>, start: Parameters) -> Minimum {
    let mut parameters = start;
    let mut rss = problem.rss(&parameters);
    let mut damping = 1e-3;
    for _ in 0..MAX_STEPS {
        let Some(next) = step(problem, &parameters, rss, &mut damping) else {
            // Nothing near is better: a minimum as far as floats can tell.
            return Minimum { parameters, rss, converged: true };
        };
        let change = next.iter().zip(&parameters).map(|(a, b)| (a - b).abs() / b.abs().max(1e-12));
        let still = change.fold(0.0, f64::max) < STANDSTILL;
        (parameters, rss) = (next, problem.rss(&next));
        if still {
            return Minimum { parameters, rss, converged: true };
        }
    }
    Minimum { parameters, rss, converged: false }
}

/// A point that is no worse; `None` if none is found.
fn step(
    problem: &Problem<'_>,
    parameters: &Parameters,
    rss: f64,
    damping: &mut f64,
) -> Option<Parameters> {
    let descent = problem.descent(parameters);
    let movable = problem.movable(parameters, &descent);
    let matrix = problem.normal(parameters, &movable);
    let right: Vec<f64> = movable.iter().map(|&at| descent[at]).collect();
    for _ in 0..MAX_ATTEMPTS {
        let mut damped = matrix.clone();
        for (at, row) in damped.iter_mut().enumerate() {
            row[at] *= 1.0 + *damping;
        }
        if let Some(moves) = solve(&damped, &right) {
            let mut next = *parameters;
            for (&at, by) in movable.iter().zip(moves) {
                next[at] += by;
            }
            let next = clamp(next);
            if problem.rss(&next) <= rss {
                *damping = (*damping / 10.0).max(1e-15);
                return Some(next);
            }
        }
        *damping *= 10.0;
    }
    None
}

/// The factor of each free parameter's standard error, to be multiplied by the residual standard
/// deviation; `None` where the points do not determine them.
#[must_use]
pub fn standard_errors(problem: &Problem<'_>, parameters: &Parameters) -> Option<Vec<f64>> {
    let normal = problem.normal(parameters, problem.free);
    let unit = |at: usize| -> Vec<f64> {
        (0..normal.len()).map(|i| if i == at { 1.0 } else { 0.0 }).collect()
    };
    (0..normal.len()).map(|at| Some(solve(&normal, &unit(at))?[at].sqrt())).collect()
}

/// Solves a small linear system by elimination with pivots; `None` if it is singular.
fn solve(matrix: &[Vec<f64>], right: &[f64]) -> Option<Vec<f64>> {
    let size = right.len();
    let mut rows: Vec<Vec<f64>> = matrix.to_vec();
    for (row, value) in rows.iter_mut().zip(right) {
        row.push(*value);
    }
    for at in 0..size {
        let pivot = (at..size).max_by(|&a, &b| rows[a][at].abs().total_cmp(&rows[b][at].abs()))?;
        rows.swap(at, pivot);
        if rows[at][at] == 0.0 {
            return None;
        }
        let pivot = rows[at].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(other, _)| *other != at) {
            let factor = row[at] / pivot[at];
            for (value, above) in row.iter_mut().zip(&pivot) {
                *value -= factor * above;
            }
        }
    }
    Some((0..size).map(|at| rows[at][size] / rows[at][at]).collect())
}
