//! What came out: how a trial ended and what was measured, as plain values.
//!
//! Owns the vocabulary of outcomes and observations, and the one value of several iterations. Refuses to measure, to judge cells and to
//! know files.

pub mod iterations;
pub mod metric;
pub mod observation;
pub mod rare;
pub mod signal;
pub mod status;

pub use iterations::Iterated;
pub use metric::{MetricColumn, MetricUnit};
pub use observation::{Measured, Observation, WorkerSpan};
pub use rare::{Conditions, Rare, Resources};
pub use signal::signal_name;
pub use status::Status;
