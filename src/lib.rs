//! `runner`: a declarative experiment runner.
//!
//! The modules stand in the order in which data flows; imports point down the layers that
//! ARCHITECTURE.md lists.

pub mod clock;
pub mod process;
pub mod stats;

pub mod design;
pub mod host;

pub mod plan;
pub mod spec;

pub mod measure;
pub mod workload;

pub mod analysis;
pub mod strategy;

pub mod event;
pub mod store;
pub mod trial;

pub mod exec;
pub mod report;

pub mod session;

pub mod cli;

pub use trial::child::child_entry;
