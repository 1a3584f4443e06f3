//! Facts about the machine, for the record of a run.
//!
//! Owns the snapshot of the machine and the search for programs. Every fact is either known or
//! carries the reason why it is not; nothing is guessed and nothing is left out. Refuses to start
//! processes: versions and revisions come through closures that are passed in.

pub mod audit;
pub mod cgroup;
pub mod cpu;
pub mod fact;
pub mod memory;
pub mod mount;
pub mod noise;
pub mod platform;
pub mod probe;
pub mod programs;
pub mod revision;
pub mod root;
pub mod snapshot;
pub mod topology;

pub use cpu::parse_list;
pub use fact::Fact;
pub use noise::Noise;
pub use probe::Probe;
pub use programs::{NotFound, Programs};
pub use root::Root;
pub use snapshot::Snapshot;
pub use topology::{Topology, render_list};
