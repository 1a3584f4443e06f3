//! The audit of this machine: facts, findings, and what two things cost that every trial pays.
//! Changes nothing; starts `true` a few times.

use std::ffi::OsString;
use std::path::Path;

use serde::Serialize;

use super::preflight::Prober;
use crate::clock;
use crate::host::audit::{self, Finding, Weight};
use crate::host::{Fact, Noise, Root, Snapshot};
use crate::process::{Launcher, SELF_EXE, SpawnPath};

/// How often `true` is started; the median counts.
const EMPTY_TRIALS: usize = 100;

/// How often the clock is read.
const CLOCK_READS: u32 = 10_000;

/// Counts up when a key of the report changes its meaning.
pub const VERSION: u32 = 1;

/// What the audit found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`VERSION`].
    pub schema_version: u32,
    /// Version of the runner.
    pub runner: &'static str,
    /// What matters most comes first.
    pub findings: Vec<Finding>,
    /// Median time of `true` from spawn to reap, in ns: no command takes less.
    pub empty_trial_ns: Fact<u64>,
    /// Time of one look at the clock, in ns.
    pub clock_read_ns: u64,
    /// The machine.
    pub machine: Snapshot,
    /// Its state at this moment.
    pub noise: Noise,
}

/// Looks at the machine.
///
/// # Errors
/// The launcher cannot be started.
pub fn examine(env: &[(OsString, OsString)]) -> std::io::Result<Report> {
    let root = Root::system();
    // The state comes first: what follows is load itself.
    let noise = Noise::read(&root);
    let machine = Snapshot::read(&root, Path::new("."));
    let findings = audit::audit(&machine, &noise);
    let mut launcher = Launcher::start(Path::new(SELF_EXE), SpawnPath::Clone)?;
    Ok(Report {
        schema_version: VERSION,
        runner: env!("CARGO_PKG_VERSION"),
        findings,
        empty_trial_ns: Prober { launcher: &mut launcher, env }.empty_process(EMPTY_TRIALS),
        clock_read_ns: clock_read(),
        machine,
        noise,
    })
}

/// What disturbs at this moment, in one line; `None` when nothing does.
#[must_use]
pub fn noise_line() -> Option<String> {
    let root = Root::system();
    let findings = audit::audit(&Snapshot::read(&root, Path::new(".")), &Noise::read(&root));
    let found: Vec<String> = findings
        .into_iter()
        .filter(|finding| finding.weight == Weight::Warning)
        .map(|finding| finding.found)
        .collect();
    (!found.is_empty()).then(|| found.join("; "))
}

fn clock_read() -> u64 {
    let start = clock::now();
    for _ in 0..CLOCK_READS {
        std::hint::black_box(clock::now());
    }
    clock::now().since_ns(start) / u64::from(CLOCK_READS)
}
