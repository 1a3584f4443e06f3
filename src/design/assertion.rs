//! What must show in the recorded facts of a cell, so that its treatment is known to have taken
//! place.

use std::ops::Range;

use super::expression::Expression;

/// A condition over recorded facts: `cpu_per_time > 1.5`.
#[derive(Clone, Debug, PartialEq)]
pub struct Assertion {
    /// As it is written.
    pub text: String,
    /// What is evaluated, to true or false.
    pub expression: Expression,
    /// Bytes of the experiment file.
    pub at: Range<usize>,
}

/// The facts that a condition may name besides parameters, and what each is. They are medians
/// over the used trials of a cell.
pub const FACTS: [(&str, &str); 6] = [
    ("cpu_per_time", "CPU time divided by time: how many CPUs were busy"),
    ("time", "time of a trial in s"),
    ("cpu", "CPU time of a trial in s, user and system"),
    ("memory", "peak memory in bytes"),
    ("workers", "number of workers"),
    ("tasks", "number of tasks of a trial"),
];
