//! Turns events and observations into what people and programs read.
//!
//! Owns every file format and everything drawn on a screen. Refuses to start, stop or reorder
//! anything: it can only say that it cannot write.

pub mod across;
pub mod copies;
pub mod crate_metadata;
pub mod csv;
pub mod fanout;
pub mod flags;
pub mod gate;
pub mod journal;
pub mod line;
pub mod live;
pub mod package;
pub mod progress;
pub mod reproduction;
pub mod screen;
pub mod sentence;
pub mod workbook;

pub use fanout::Fanout;
