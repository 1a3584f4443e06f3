//! Statistics: `f64` in, `f64` out.
//!
//! Owns order statistics and their exact intervals, moments, outlier rules, rank tests and effect
//! sizes, seeded bootstraps, multiplicity, trends, steady states, a stopping rule, advice on repeats, variance
//! components, fits of scaling curves and verdicts. A censored value is `+∞` and keeps
//! its rank. Every function is deterministic, to the bit, on every machine: transcendental
//! functions come from `libm`, random numbers from a seed. Refuses to know trials, units and
//! files; imports nothing from the crate and never reorders its input.

pub mod bca;
pub mod binomial;
pub mod bootstrap;
pub mod components;
pub mod fit;
pub mod generator;
pub mod hodges_lehmann;
pub mod interval;
mod lanes;
pub mod moments;
pub mod multiplicity;
pub mod normal;
pub mod outlier;
pub mod permutation;
pub mod power;
pub mod rank;
mod replicates;
mod resample;
pub mod scaling;
pub mod sorted;
pub mod steady;
pub mod stopping;
pub mod trend;
pub mod verdict;

pub use bca::{MeanInterval, bca_mean};
pub use bootstrap::{Quantile, Ratio, RatioStatus, joined, ratio_of_medians, ratio_of_quantiles};
pub use components::{Advice, Components, variance_components};
pub use generator::Generator;
pub use hodges_lehmann::{Shift, ShiftStatus, paired_ratio, shift};
pub use interval::{Interval, IntervalStatus, median_interval, quantile_interval};
pub use moments::{cv, geometric_mean, harmonic_mean, mean, sd};
pub use multiplicity::{Adjust, adjust};
pub use outlier::{MadFlags, Outlier, TukeyFlags, is_bimodal, mad_outliers, tukey};
pub use permutation::{SignedRank, Test, mann_whitney, signed_rank};
pub use rank::JointRanks;
pub use replicates::{Join, Pairing, Resampling, Samples, divide};
pub use scaling::{Estimate, Fit, FitStatus, Model, fit_scaling, gustafson_serial, karp_flatt};
pub use sorted::Sorted;
pub use steady::{Steady, SteadyClass, cell_class, steady_state};
pub use stopping::{FamilyLooks, Look, Stopping, StoppingRule};
pub use trend::{Trend, lag1, mann_kendall};
pub use verdict::{Evidence, Verdict, verdict};

#[cfg(test)]
mod tests;
