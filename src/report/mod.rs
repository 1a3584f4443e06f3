//! (room)
pub mod csv;
pub mod screen;
