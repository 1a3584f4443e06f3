//! The runs inside one trial as the one value that the trial is.
//!
//! Iterations of one process resemble one another, so that no statistic sees them one by one.

use crate::stats::{SteadyClass, steady_state};

/// What the iterations of a trial come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Iterated {
    /// The median of the steady ones in ns: from the first steady one on, of the last quarter if
    /// there is no steady state, of all if there are too few to tell.
    pub value_ns: u64,
    /// What they do.
    pub class: SteadyClass,
    /// The first steady one, from 0.
    pub steady_from: Option<usize>,
}

impl Iterated {
    /// Judges the times of iterations in the order in which they ran; `None` without any.
    #[must_use]
    pub fn of(times_ns: &[u64]) -> Option<Self> {
        let series: Vec<f64> = times_ns.iter().map(|&ns| ns as f64).collect();
        let found = steady_state(&series);
        let value_ns = median(times_ns.get(found.counts_from(series.len())..)?)?;
        Some(Self { value_ns, class: found.class, steady_from: found.steady_from })
    }
}

/// The median of some times; of an even number the midpoint of the middle two, halves rounded up.
/// `None` without any.
#[must_use]
pub fn median(times_ns: &[u64]) -> Option<u64> {
    let mut sorted = times_ns.to_vec();
    sorted.sort_unstable();
    let last = sorted.len().checked_sub(1)?;
    let (low, high) = (sorted[last / 2], sorted[sorted.len() / 2]);
    Some(low + (high - low).div_ceil(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_the_midpoint() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[5]), Some(5));
        assert_eq!(median(&[9, 1, 4]), Some(4));
        assert_eq!(median(&[4, 1, 9, 5]), Some(5));
        assert_eq!(median(&[u64::MAX, u64::MAX - 2]), Some(u64::MAX - 1));
    }

    #[test]
    fn only_steady_iterations_are_the_value() {
        let noise = |at: u64| at * 7 % 11;
        let of = |time: fn(u64) -> u64, n: u64| -> Vec<u64> {
            (0..n).map(|at| time(at) + noise(at)).collect()
        };
        // Most iterations belong to the warm-up: the median of all is theirs.
        let warm = of(|at| if at < 36 { 3_000 } else { 1_000 }, 60);
        let found = Iterated::of(&warm).unwrap();
        assert_eq!((found.class, found.steady_from), (SteadyClass::Warmup, Some(36)));
        assert_eq!(Some(found.value_ns), median(&warm[36..]));
        assert!(found.value_ns < 1_011 && median(&warm).unwrap() >= 3_000);
        // The last level starts in the final quarter, and that is what counts.
        let late = of(|at| if at < 54 { 3_000 } else { 1_000 }, 60);
        let found = Iterated::of(&late).unwrap();
        assert_eq!(found.class, SteadyClass::NoSteadyState);
        assert_eq!(Some(found.value_ns), median(&late[45..]));
        // Too few to tell: all of them.
        let few = of(|at| if at < 20 { 3_000 } else { 1_000 }, 39);
        let found = Iterated::of(&few).unwrap();
        assert_eq!((found.class, found.steady_from), (SteadyClass::NotAssessed, None));
        assert_eq!(Some(found.value_ns), median(&few));
        assert_eq!(Iterated::of(&[]), None);
    }
}
