//! How many repeats a comparison needs, from the interval that fewer of them gave.
//!
//! One assumption: the interval of a ratio of medians narrows with the root of the number of
//! repeats, on the logarithmic scale, while scatter and shape stay as they are. A small pilot knows
//! its own scatter badly, and so the advice is a size, not a number: docs/method.md has how far it
//! lies off.

use super::normal;

/// More repeats than this are not advised: something else must change.
pub const MOST: usize = 1_000;

/// The chance with which a difference that is there is to be found.
pub const POWER: f64 = 0.8;

/// Repeats at which an interval is made by whole blocks: fewer are not advised.
const LEAST: usize = 10;

/// An interval of a ratio and the repeats behind it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pilot {
    /// Repeats of either arm; of the smaller one where they differ.
    pub n: usize,
    /// Both ends of the interval of the ratio.
    pub interval: (f64, f64),
    /// Its coverage.
    pub conf: f64,
}

impl Pilot {
    /// Half the width of the interval on the logarithmic scale; `None` where an end is 0 or
    /// infinite.
    fn half(&self) -> Option<f64> {
        let (lo, hi) = self.interval;
        (lo > 0.0 && hi.is_finite()).then(|| (libm::log(hi) - libm::log(lo)) / 2.0)
    }

    /// Repeats with which half the interval's width would be `half`.
    fn repeats(&self, half: f64) -> Option<f64> {
        let shrink = self.half()? / half;
        Some(self.n as f64 * shrink * shrink)
    }

    /// Repeats with which a true ratio of 1 + `effect` is told from 1 four times in five: half the
    /// interval's width is then as far below ln(1 + `effect`) as a normal estimate misses its mean
    /// at most in four of five cases. At least 10; `None` beyond 1 000, or where there is no width.
    #[must_use]
    pub fn to_find(&self, effect: f64) -> Option<usize> {
        let z = normal::quantile(0.5 + self.conf / 2.0);
        let half = libm::log(1.0 + effect) * z / (z + normal::quantile(POWER));
        let repeats = self.repeats(half)?.ceil();
        (repeats <= MOST as f64).then(|| (repeats as usize).max(LEAST))
    }

    /// Repeats with which the interval of a comparison that decided nothing would: by coming off 1,
    /// or by fitting within the margin, if the ratio stays at `estimate`. More than there were,
    /// rounded up to fives or fifties; `None` beyond 1 000.
    #[must_use]
    pub fn to_decide(&self, estimate: f64, margin: f64) -> Option<usize> {
        let off = libm::log(estimate).abs();
        let repeats = self.repeats(off.max(libm::log(1.0 + margin) - off))?;
        let step = if repeats < 100.0 { 5.0 } else { 50.0 };
        let rounded = ((repeats / step).ceil() * step).max(self.n as f64 + step);
        (rounded <= MOST as f64).then_some(rounded as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pilot(n: usize, half: f64) -> Pilot {
        Pilot { n, interval: (libm::exp(-half), libm::exp(half)), conf: 0.95 }
    }

    #[test]
    fn half_the_effect_takes_four_times_the_repeats() {
        let (one, half) = (0.05, libm::exp(libm::log(1.05) / 2.0) - 1.0);
        let [one, half] = [one, half].map(|effect| pilot(20, 0.08).to_find(effect).expect("few"));
        assert!(half.abs_diff(4 * one) <= 4, "{half} and {one}");
        // A width of 8 % at 20, wanted 4.88 % · 1.96 / 2.80: 20 · (0.08 / 0.03415)².
        assert_eq!(one, 110);
    }

    #[test]
    fn the_level_of_the_interval_does_not_matter_where_the_scatter_is_the_same() {
        let z = |conf: f64| normal::quantile(0.5 + conf / 2.0);
        let narrow = Pilot { conf: 0.9, ..pilot(20, 0.08 * z(0.9) / z(0.95)) };
        let (of_narrow, of_wide) = (narrow.to_find(0.05), pilot(20, 0.08).to_find(0.05));
        assert!(of_narrow < of_wide, "a lower level is reached with fewer: {of_narrow:?}");
    }

    #[test]
    fn it_advises_no_more_than_anyone_would_run_and_no_fewer_than_make_blocks() {
        assert_eq!(pilot(10, 0.5).to_find(0.01), None);
        assert_eq!(pilot(10, 1e-6).to_find(0.01), Some(10));
        let unbounded = Pilot { interval: (0.5, f64::INFINITY), ..pilot(10, 0.1) };
        assert_eq!((unbounded.to_find(0.5), unbounded.to_decide(1.2, 0.02)), (None, None));
    }

    #[test]
    fn a_comparison_is_decided_when_its_interval_leaves_1_or_fits_the_margin() {
        // Off by 5 %, known to 10 %: four times as many.
        assert_eq!(pilot(10, libm::log(1.05) * 2.0).to_decide(1.05, 0.02), Some(40));
        // No difference, known to twice the margin.
        assert_eq!(pilot(30, libm::log(1.02) * 2.0).to_decide(1.0, 0.02), Some(150));
        assert_eq!(pilot(10, 0.01).to_decide(1.5, 0.02), Some(15), "more than there were");
        assert_eq!(pilot(10, 1.0).to_decide(1.001, 0.02), None);
    }
}
