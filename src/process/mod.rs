//! Children: spawn, supervise, time, limit, capture, reap.
//!
//! The one room that starts processes and the only one with `unsafe` code. It imports nothing
//! from the crate and knows no experiment words, so it can be read and tested alone. It refuses
//! to judge: it reports what happened to a child, never whether that is a success.

pub mod command;
pub mod exit;
pub mod frame;
pub mod launcher;
pub mod sys;
pub mod usage;
pub mod worker;

pub use command::Command;
pub use exit::{Captured, Ending, Exit, Usage};
pub use frame::{FrameError, read_frame, write_frame};
pub use launcher::{LAUNCH_ENTRY, Launcher, SpawnPath};
pub use usage::{CpuTime, thread_usage};
pub use worker::{Worker, WorkerCommand};
