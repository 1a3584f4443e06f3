//! The only integration binary. One module a subject.

mod process; // real children that misbehave
mod spec; // experiment files: what is read, what is refused and in which words
mod strategies; // regions on threads and processes
mod tables; // results read back
