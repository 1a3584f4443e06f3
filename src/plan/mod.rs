//! When and in which order: the whole future of a run as an immutable list of trials.
//!
//! A plan is a pure function of experiment, matrix and seed. This room does no input or output,
//! reads no clock and draws no seed of its own.

pub mod order;
pub mod plan;
pub mod seed;

pub use plan::{Phase, Plan, PlanError, Trial};
pub use seed::{Purpose, derive_seed};

#[cfg(test)]
mod tests;
