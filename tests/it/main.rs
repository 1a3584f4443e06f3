//! The only integration binary. One module a subject.

mod support; // a sandbox and the binary run in it

mod cli; // verbs, arguments, exit codes
mod dispatcher; // properties of the pure dispatcher
mod hooks; // what is run around runs, cells and trials
mod journal; // what is written is read back; cut at every byte
mod layers; // the architecture test
mod plan; // what is shown before the start, and starting exactly that
mod process; // real children that misbehave
mod skip_larger; // larger levels are not started after a timeout
mod spec; // experiment files: what is read, what is refused and in which words
mod strategies; // regions on threads and processes
mod tables; // results read back
mod terminal; // the screen of a real pseudo-terminal
