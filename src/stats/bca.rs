//! The BCa bootstrap interval of a mean.
//!
//! The order of draws is part of the definition: the same seed gives the same interval on every
//! machine.

use super::bootstrap::WHOLE;
use super::lanes::{CHUNK, LANES, Lanes, vectorized};
use super::moments::{Accumulator, Compensated, mean, shifted_mean, sum};
use super::normal;
use super::replicates::{Resampling, in_stretches};

/// Whole numbers up to this are floats: 2⁵³.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The interval of a mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanInterval {
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
    /// Bias correction and acceleration; `None` if all values are equal.
    pub correction: Option<(f64, f64)>,
}

/// The BCa bootstrap interval of the mean (Efron 1987); `None` for fewer than two values or with
/// censored ones. Approximate: for small samples its coverage is below the nominal one.
#[must_use]
pub fn bca_mean(values: &[f64], how: &Resampling) -> Option<MeanInterval> {
    let n = values.len();
    let estimate = mean(values).filter(|_| n > 1)?;
    let (shift, centre) = shifted_mean(values)?;
    // On shifted data, so that integer nanoseconds stay exact; the shift is added at the end.
    let values: Vec<f64> = values.iter().map(|x| x - shift).collect();
    let range = values.iter().copied().max_by(f64::total_cmp)?;
    if range == 0.0 {
        return Some(MeanInterval { lo: estimate, hi: estimate, correction: None });
    }
    // Sums of whole numbers below 2⁵³ lose nothing, whether compensated or not.
    let is_exact = values.iter().all(|x| x.fract() == 0.0) && range * (n as f64) < EXACT;
    let mut replicates = in_stretches(how, n, |lanes, steps| {
        vectorized(Means { values: &values, is_exact, lanes, steps })
    });
    replicates.sort_unstable_by(f64::total_cmp);
    // The tolerance keeps the order of summation from deciding what is equal.
    let tolerance = 1e-12 * range;
    let count = replicates.len() as f64;
    let below = replicates.iter().filter(|r| **r < centre - tolerance).count() as f64;
    let equal = replicates.iter().filter(|r| (**r - centre).abs() <= tolerance).count() as f64;
    let bias =
        normal::quantile(((below + equal / 2.0) / count).clamp(0.5 / count, 1.0 - 0.5 / count));
    let acceleration = acceleration(&values);
    let end = |p: f64| {
        let z = bias + normal::quantile(p);
        let level = normal::cdf(bias + z / (1.0 - acceleration * z));
        let k = ((count + 1.0) * level + WHOLE).floor().clamp(1.0, count);
        shift + replicates[k as usize - 1]
    };
    let tail = (1.0 - how.conf) / 2.0;
    let correction = Some((bias, acceleration));
    Some(MeanInterval { lo: end(tail), hi: end(1.0 - tail), correction })
}

struct Means<'a> {
    values: &'a [f64],
    is_exact: bool,
    lanes: Lanes,
    steps: usize,
}

impl Means<'_> {
    /// The sum of one resample in each lane.
    #[inline(always)]
    fn totals<S: Accumulator>(&mut self) -> [f64; LANES] {
        let mut chunk = [[[0_u32; LANES]]; CHUNK];
        let mut sums = [S::default(); LANES];
        let mut left = self.values.len();
        let bound = left as u32;
        while left > 0 {
            let drawn = &mut chunk[..left.min(CHUNK)];
            self.lanes.fill(drawn, 0, bound);
            // A copy stays in registers.
            let mut here = sums;
            for [places] in &*drawn {
                for lane in 0..LANES {
                    here[lane].add(self.values[places[lane] as usize]);
                }
            }
            sums = here;
            left -= drawn.len();
        }
        sums.map(S::total)
    }
}

impl pulp::NullaryFnOnce for Means<'_> {
    type Output = Vec<[f64; LANES]>;

    #[inline(always)]
    fn call(mut self) -> Self::Output {
        let n = self.values.len() as f64;
        let mut means = Vec::with_capacity(self.steps);
        for _ in 0..self.steps {
            let mut totals = match self.is_exact {
                true => self.totals::<f64>(),
                false => self.totals::<Compensated>(),
            };
            for total in &mut totals {
                *total /= n;
            }
            means.push(totals);
        }
        means
    }
}

/// The acceleration from the means that leave one value out.
fn acceleration(values: &[f64]) -> f64 {
    let total = sum(values.iter().copied());
    let others = (values.len() - 1) as f64;
    let means: Vec<f64> = values.iter().map(|x| (total - x) / others).collect();
    let centre = sum(means.iter().copied()) / values.len() as f64;
    let squares = sum(means.iter().map(|m| (centre - m) * (centre - m)));
    let cubes = sum(means.iter().map(|m| (centre - m) * (centre - m) * (centre - m)));
    cubes / (6.0 * squares * squares.sqrt())
}
