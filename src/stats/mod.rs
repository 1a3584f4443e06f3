//! Statistics of one sample: `f64` in, `f64` out.
//!
//! Owns quantiles, the exact binomial interval of the median, moments and outlier rules. A
//! censored value is `+∞` and keeps its rank. Refuses to know trials, units and files; imports
//! nothing from the crate and never reorders its input.

pub mod binomial;
pub mod interval;
pub mod moments;
pub mod outlier;
pub mod sorted;

pub use interval::{Interval, IntervalStatus, median_interval};
pub use moments::{cv, mean, sd};
pub use outlier::{MadFlags, Outlier, TukeyFlags, is_bimodal, mad_outliers, tukey};
pub use sorted::Sorted;

#[cfg(test)]
mod tests;
