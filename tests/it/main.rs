//! The only integration binary.

mod tables;
