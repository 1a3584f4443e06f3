//! Executes a plan: a pure dispatcher decides, a shell loop acts.
//!
//! Owns slots, signals, retries and the order of effects. Refuses to know that files, CSV or
//! terminals exist: it speaks to one [`Sink`](crate::event::Sink).

mod cells;
mod confine;
pub mod core;
pub mod dispatcher;
pub mod fleet;
pub mod inline;
mod pace;
pub mod past;
mod pins;
mod shell;
pub mod signals;
mod visit;

pub use self::core::{Blocked, Run, RunEnd};
pub use past::Past;
pub use pins::cpus_alone;
pub use shell::execute;
