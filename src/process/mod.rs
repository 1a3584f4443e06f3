//! Children: spawn, supervise, time, limit, capture, reap.
//!
//! The one room that starts processes and the only one with `unsafe` code. It imports nothing
//! from the crate and knows no experiment words, so it can be read and tested alone. It refuses
//! to judge: it reports what happened to a child, never whether that is a success.
//!
//! The runner talks to a [`Launcher`]: a small process of its own that spawns, times, kills and
//! reaps one child at a time, because a child's peak memory contains its parent's, because only
//! the process that reaps may signal safely, and because a launcher outlives a runner that dies.

mod accounting;
mod capture;
mod cgroup;
mod codec;
pub mod command;
mod counters;
mod descendants;
pub mod exit;
pub mod frame;
pub mod launcher;
mod limits;
mod opener;
mod pipes;
mod sandbox;
mod server;
mod slim;
mod spawn;
mod supervise;
pub mod sys;
mod tree;
pub mod usage;
mod wire;
pub mod worker;

pub use accounting::{Accounting, CpuMethod, MemoryMethod};
pub use command::Command;
pub use counters::{COUNTERS, Counter, Counts, missing_counters};
pub use descendants::{adopt_orphans, kill_orphans};
pub use exit::{Captured, Ending, Exit, Usage};
pub use frame::{FrameError, read_frame, write_frame};
pub use launcher::{LAUNCH_ENTRY, Launcher, LauncherOptions, SELF_EXE, SpawnPath};
pub use limits::{Limit, Limits, open_files_limit};
pub use opener::show;
pub use sandbox::Sandbox;
pub use server::launcher_main;
pub use usage::{CpuTime, thread_usage};
pub use worker::{Worker, WorkerCommand};
