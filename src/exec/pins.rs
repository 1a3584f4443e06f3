//! Which CPUs the trial in each slot has to itself.

use rustix::thread::{CpuSet, sched_getaffinity};

use crate::design::{Cell, Cpus, Matrix};
use crate::host::{Root, Topology, render_list};
use crate::process::Exit;

/// The CPUs of this machine and who has them.
#[derive(Debug)]
pub(super) struct Pins {
    topology: Topology,
    /// By slot.
    held: Vec<Vec<usize>>,
}

/// The cores that this process may use.
pub(super) fn topology() -> Topology {
    let allowed = sched_getaffinity(None).unwrap_or_else(|_| CpuSet::new());
    let allowed: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu)).collect();
    Topology::read(&Root::system(), &allowed)
}

impl Pins {
    /// All free. To be made before this thread is confined to one CPU.
    pub(super) fn new(slots: u32) -> Self {
        Self { topology: topology(), held: vec![Vec::new(); slots.max(1) as usize] }
    }

    /// The CPUs for a trial of a cell in a slot; empty for all of them.
    pub(super) fn take(&mut self, slot: u32, matrix: &Matrix, cell: &Cell) -> Vec<usize> {
        let slot = slot as usize;
        self.held[slot].clear();
        let chosen = match &matrix.protocol(cell).cpus {
            Cpus::All => return Vec::new(),
            Cpus::List(cpus) => cpus.clone(),
            Cpus::Auto => {
                let held = &self.held;
                let taken = |cpu: usize| held.iter().any(|of_slot| of_slot.contains(&cpu));
                match self.topology.choose(cell.workers, taken) {
                    // Others have every core: those that a trial alone would have.
                    none if none.is_empty() => self.topology.choose(cell.workers, |_| false),
                    chosen => chosen,
                }
            }
        };
        self.held[slot].clone_from(&chosen);
        chosen
    }

    /// The trial of a slot is over; the CPUs that were asked for.
    pub(super) fn release(&mut self, slot: u32) -> Vec<usize> {
        std::mem::take(&mut self.held[slot as usize])
    }
}

/// The CPUs that a trial of a cell has when it runs alone; empty for all of them.
#[must_use]
pub fn cpus_alone(matrix: &Matrix, cell: &Cell) -> Vec<usize> {
    Pins::new(1).take(0, matrix, cell)
}

/// Why a trial did not run where it should have, as read back from the kernel.
pub(super) fn not_as_asked(asked: &[usize], exits: &[Vec<Exit>]) -> Option<String> {
    let mut started = exits.iter().flatten().filter(|exit| !exit.cpus.is_empty());
    let other = started.find(|exit| !asked.is_empty() && exit.cpus != asked)?;
    let (asked, given) = (render_list(asked), render_list(&other.cpus));
    Some(format!("asked for the CPUs {asked}, but the kernel gave {given}"))
}
