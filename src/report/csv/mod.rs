//! The tables: `trials.csv`, `iterations.csv`, `workers.csv`, `summary.csv`, `comparisons.csv`,
//! `totals.csv`, `claims.csv`, `scaling.csv`, `scaling_points.csv` and `table.csv`.
//!
//! Owns the encoding of every field, and the columns of every table with their meaning ([`schema`]). Writes bytes into buffers
//! that are passed in; refuses to open files, to read clocks and to judge values.

pub mod claims;
pub mod column;
pub mod comparisons;
pub mod encode;
pub(super) mod fields;
pub mod inside;
pub mod scaling;
pub mod schema;
pub mod summary;
pub mod table;
pub mod totals;
pub mod trials;

pub use trials::TrialTable;

#[cfg(test)]
mod tests;
