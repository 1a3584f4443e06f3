//! Mean and spread on shifted data: never a sum of squares.

/// The arithmetic mean; `None` for an empty sample or one with censored values.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    let (shift, mean) = shifted_mean(values)?;
    Some(shift + mean)
}

/// The standard deviation with n − 1; `None` for fewer than two values or with censored ones.
#[must_use]
pub fn sd(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let (shift, mean) = shifted_mean(values)?;
    let squares = sum(values.iter().map(|x| {
        let deviation = (x - shift) - mean;
        deviation * deviation
    }));
    let degrees = (values.len() - 1) as f64;
    Some((squares / degrees).sqrt())
}

/// The coefficient of variation; `None` where there is no standard deviation or the mean is 0.
#[must_use]
pub fn cv(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|&mean| mean != 0.0)?;
    Some(sd(values)? / mean)
}

/// The harmonic mean, the one for rates; `None` for an empty sample or values that are not positive.
#[must_use]
pub fn harmonic_mean(values: &[f64]) -> Option<f64> {
    let n = positive(values)?;
    Some(n / sum(values.iter().map(|x| 1.0 / x)))
}

/// The geometric mean; `None` for an empty sample or values that are not positive.
#[must_use]
pub fn geometric_mean(values: &[f64]) -> Option<f64> {
    let n = positive(values)?;
    Some(libm::exp(sum(values.iter().map(|x| libm::log(*x))) / n))
}

/// Their number, if all values are positive and none is censored.
fn positive(values: &[f64]) -> Option<f64> {
    let positive = values.iter().all(|x| *x > 0.0 && x.is_finite());
    (positive && !values.is_empty()).then_some(values.len() as f64)
}

/// The minimum and the mean above it: integer nanoseconds stay exact.
pub(super) fn shifted_mean(values: &[f64]) -> Option<(f64, f64)> {
    if values.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let shift = values.iter().copied().min_by(f64::total_cmp)?;
    let n = values.len() as f64;
    Some((shift, sum(values.iter().map(|x| x - shift)) / n))
}

/// A compensated sum (Neumaier 1974).
pub(super) fn sum(terms: impl Iterator<Item = f64>) -> f64 {
    let mut sum = Compensated::default();
    terms.for_each(|term| sum.add(term));
    sum.total()
}

/// A sum that grows term by term.
pub(super) trait Accumulator: Copy + Default {
    /// Adds a term.
    fn add(&mut self, term: f64);

    /// What it comes to.
    fn total(self) -> f64;
}

/// A sum whose additions lose nothing.
impl Accumulator for f64 {
    #[inline(always)]
    fn add(&mut self, term: f64) {
        *self += term;
    }

    #[inline(always)]
    fn total(self) -> f64 {
        self
    }
}

/// A sum and what its additions have lost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Compensated {
    total: f64,
    lost: f64,
}

impl Accumulator for Compensated {
    #[inline(always)]
    fn add(&mut self, term: f64) {
        let next = self.total + term;
        self.lost += if self.total.abs() >= term.abs() {
            (self.total - next) + term
        } else {
            (term - next) + self.total
        };
        self.total = next;
    }

    #[inline(always)]
    fn total(self) -> f64 {
        self.total + self.lost
    }
}
