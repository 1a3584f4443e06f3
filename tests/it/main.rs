//! The only integration binary.

mod strategies;
