//! The only integration binary.

mod process;
