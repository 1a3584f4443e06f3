//! Shell loop and launcher on one CPU.
//!
//! A message to a process on another CPU costs about five times one on the same CPU, because the
//! other CPU has to be woken, and both sleep while a trial runs. Children get every CPU back that
//! the runner was allowed to use.

use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

use crate::process::LauncherOptions;

/// The calling thread on one CPU, until this is dropped.
#[derive(Debug)]
pub(super) struct Confinement {
    allowed: CpuSet,
}

impl Confinement {
    /// Confines the calling thread to the CPU on which it is now, and says how launchers follow.
    /// Where that is impossible both stay as they are: it costs time, nothing else.
    pub(super) fn begin(options: &mut LauncherOptions) -> Option<Self> {
        let allowed = sched_getaffinity(None).ok()?;
        let cpu = sched_getcpu();
        let mut here = CpuSet::new();
        here.set(cpu);
        sched_setaffinity(None, &here).ok()?;
        options.pin_to_cpu = Some(cpu);
        options.child_cpus = (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu)).collect();
        Some(Self { allowed })
    }
}

impl Drop for Confinement {
    fn drop(&mut self) {
        // The thread could be confined, so it can be freed; if not, it only stays slower.
        let _ = sched_setaffinity(None, &self.allowed);
    }
}
