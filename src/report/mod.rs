//! Turns events and observations into what people and programs read.
//!
//! Owns every file format and everything drawn on a screen. Refuses to start, stop or reorder
//! anything: it can only say that it cannot write.

pub mod across;
pub mod beside;
pub mod content;
pub mod copies;
pub mod crate_metadata;
pub mod csv;
pub mod explain;
pub mod fanout;
pub mod figure;
pub mod flags;
pub mod gate;
pub mod html;
pub mod journal;
pub mod latex;
pub mod line;
pub mod live;
pub mod markdown;
pub mod package;
pub mod progress;
pub mod reproduction;
pub mod rows;
pub mod screen;
pub mod sentence;
pub mod workbook;

pub use fanout::Fanout;
