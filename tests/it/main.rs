//! The only integration binary.

/// Experiment files: what is read, what is refused and in which words.
mod spec;
