//! Where a run lies on disk: its directory, files that appear whole or not at all, the link to the
//! latest run, the manifest and the lock.
//!
//! Owns names and places below the output folder and every way in which writing there can fail.
//! Refuses to know what is in journal and tables, to read clocks and to start anything.

pub mod directory;
pub mod error;
mod find;
pub mod lock;
pub mod manifest;
pub mod notes;
pub mod output;
pub mod pack;
pub mod redact;
pub mod write;

pub use directory::{RunDir, latest_run, run_id};
pub use error::{StoreError, StoreErrorKind};
pub use find::{all_runs, find_run, unfinished};
pub use lock::{LockError, RunLock};
pub use manifest::Manifest;
pub use output::{last_error_lines, save_output};
pub use write::{append, copy, cut, sweep, write_atomic, write_atomic_with, write_new};
