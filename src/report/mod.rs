//! (room)
pub mod csv;
