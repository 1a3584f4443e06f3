//! The only integration binary. One module a subject.

mod support; // a sandbox and the binary run in it

mod cli; // verbs, arguments, exit codes
mod combination; // zips, rules, conditions, derived parameters, identity
mod dispatcher; // properties of the pure dispatcher
mod journal; // what is written is read back; cut at every byte
mod layers; // the architecture test
mod process; // real children that misbehave
mod spec; // experiment files: what is read, what is refused and in which words
mod strategies; // regions on threads and processes
mod sweeps; // levels from files, labels
mod tables; // results read back
mod terminal; // the screen of a real pseudo-terminal // levels from files, labels
