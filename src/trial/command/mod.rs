//! Trials of outside programs: from a planned trial to what is started, and back from how that
//! ended to what was measured.
//!
//! Owns placeholders, environments and working directories of commands, the search for answers and
//! metrics in their output, and the check of answers against known ones. Refuses to start
//! anything, to make directories and to repeat anything.

pub mod answer;
pub mod build;
pub(super) mod context;
pub mod measure;
mod metrics;
pub mod prepare;
pub mod program_list;
mod script_list;

pub use answer::{expectation, same_answer};
pub use build::{BuildStep, build_command, build_vectors};
pub use context::placeholder_of_cell;
pub use measure::measure;
pub use prepare::{CannotStart, Prepared, argument_vectors, prepare};
pub use program_list::program_list;
pub use script_list::script_list;

use std::time::Duration;

/// Time between TERM and KILL.
pub const GRACE: Duration = Duration::from_secs(2);

/// Bytes kept of the beginning of an output stream, and again of its end.
pub const CAPTURE_BYTES: usize = 1 << 20;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
