//! Where a run lies on disk: its directory, files that appear whole or not at all, the link to the
//! latest run and the manifest.
//!
//! Owns names and places below the output folder and every way in which writing there can fail.
//! Refuses to know what is in journal and tables, to read clocks and to start anything.

pub mod directory;
pub mod error;
mod find;
pub mod manifest;
pub mod notes;
pub mod output;
pub mod redact;
pub mod write;

pub use directory::{RunDir, latest_run, run_id};
pub use error::{StoreError, StoreErrorKind};
pub use find::find_run;
pub use manifest::Manifest;
pub use output::save_output;
pub use write::{append, write_atomic, write_new};
