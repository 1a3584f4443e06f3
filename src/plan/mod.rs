//! When and in which order: the whole future of a run as an immutable list of trials.
//!
//! A plan is a pure function of experiment, matrix and seed. This room does no input or output,
//! reads no clock and draws no seed of its own.

pub mod extension;
pub mod order;
pub mod seed;
pub mod trials;

pub use seed::{Purpose, derive_seed};
pub use trials::{Phase, Plan, PlanError, Trial};

#[cfg(test)]
mod tests;
