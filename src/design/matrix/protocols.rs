//! The protocol of each cell: that of its workload, with the keys of its strategy laid over it and
//! then those of every override that means the cell. Cells with the same layers share one.

use std::collections::HashMap;

use super::expand::Walk;
use super::group::Group;
use super::rules::{self, Compiled};
use super::{Matrix, Misfit};
use crate::design::experiment::{Action, Experiment};
use crate::design::name::ParamName;
use crate::design::parameter::{Factor, Level};
use crate::design::protocol::{Isolation, OnTimeout, Protocol, ProtocolPatch};
use crate::design::value::Value;

/// A protocol that some cells share.
#[derive(Clone, Debug, PartialEq)]
pub struct CellProtocol {
    /// After all layers.
    pub protocol: Protocol,
    /// The overrides in it, as indices into `Experiment::overrides`.
    pub overrides: Vec<usize>,
}

/// What was seen of one patch while cells were made.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Some cell has it.
    holds: bool,
    /// In some cell its `on_timeout` names larger cells.
    skips: bool,
    /// Some cell that has it is a kernel's.
    on_kernel: bool,
}

/// The overrides in the cells of one workload × strategy.
struct OfGroup<'a> {
    compiled: Vec<Compiled<'a>>,
    known: HashMap<Vec<usize>, u32>,
}

/// The table of protocols as it grows.
pub(super) struct Protocols<'a> {
    experiment: &'a Experiment,
    pub(super) table: Vec<CellProtocol>,
    groups: Vec<Option<OfGroup<'a>>>,
    /// Those of the strategies, then the overrides.
    seen: Vec<Seen>,
}

impl<'a> Protocols<'a> {
    pub(super) fn new(experiment: &'a Experiment) -> Self {
        let patches = experiment.strategies.len() + experiment.overrides.len();
        let seen = vec![Seen::default(); patches];
        Self { experiment, table: Vec::new(), groups: Vec::new(), seen }
    }

    /// The protocol of a cell, as an index into the table. `at` is the group's own index.
    pub(super) fn of(
        &mut self,
        (at, group): (usize, &Group<'a>),
        workers: u32,
        levels: &[u32],
    ) -> Result<u32, Misfit> {
        if self.groups.len() <= at {
            self.groups.resize_with(at + 1, || None);
        }
        let experiment = self.experiment;
        let of_group = self.groups[at].get_or_insert_with(|| OfGroup {
            compiled: experiment
                .overrides
                .iter()
                .map(|one| {
                    let pair = (group.workload, group.strategy);
                    Compiled::new(&one.cells, pair, &group.axes)
                })
                .collect(),
            known: HashMap::new(),
        });
        let mut held = Vec::new();
        for (index, compiled) in of_group.compiled.iter_mut().enumerate() {
            if compiled.holds(workers, levels, &group.axes) {
                held.push(index);
            }
        }
        if let Some(&known) = of_group.known.get(&held) {
            return Ok(known);
        }
        let protocol = self.layered(group, &held)?;
        let entry = CellProtocol { protocol, overrides: held.clone() };
        let found = self.table.iter().position(|other| *other == entry);
        let index = found.unwrap_or_else(|| {
            self.table.push(entry);
            self.table.len() - 1
        });
        let index = u32::try_from(index).expect("fewer protocols than combinations");
        if let Some(of_group) = &mut self.groups[at] {
            of_group.known.insert(held, index);
        }
        Ok(index)
    }

    fn layered(&mut self, group: &Group<'a>, held: &[usize]) -> Result<Protocol, Misfit> {
        let strategies = self.experiment.strategies.len();
        let mut patches = vec![(group.at_strategy, &group.strategy.protocol)];
        patches.extend(
            held.iter().map(|&at| (strategies + at, &self.experiment.overrides[at].protocol)),
        );
        let is_kernel = matches!(group.workload.action, Action::Kernel(_));
        let mut protocol = group.workload.protocol.clone();
        for (at, patch) in patches {
            let seen = &mut self.seen[at];
            seen.holds = true;
            seen.on_kernel |= is_kernel;
            if let (Some(iterations @ 2..), false) = (patch.iterations, is_kernel) {
                return Err(many_iterations(patch, iterations, group));
            }
            patch.lay_over(&mut protocol);
            if let Some(on_timeout) = &patch.on_timeout {
                protocol.on_timeout = size(patch, on_timeout, group)?;
                seen.skips |= protocol.on_timeout.skip_larger().is_some();
            }
        }
        if is_kernel && protocol.isolation == Isolation::Thread && protocol.needs_a_process() {
            return Err(needs_in_the_runner(self.experiment, group, held));
        }
        Ok(protocol)
    }
}

/// What a strategy or an override asked for; the workload's own keys have been looked at before.
fn needs_in_the_runner(experiment: &Experiment, group: &Group<'_>, held: &[usize]) -> Misfit {
    let patches = held.iter().map(|&at| &experiment.overrides[at].protocol);
    let mut patches = patches.chain([&group.strategy.protocol]);
    let keys = ["limits", "sandbox", "cpus", "nice", "counters", "isolation"];
    let place = |patch: &ProtocolPatch| keys.iter().find_map(|key| patch.place(key));
    Misfit {
        at: patches.find_map(place).unwrap_or_default(),
        title: format!(
            "`limits`, `sandbox`, `cpus`, `nice` and `counters` with isolation = \"thread\": \
             the kernel of `{}` runs in the runner's own process",
            group.workload.name
        ),
        help: vec!["use isolation = \"process\", or remove them".to_owned()],
    }
}

fn many_iterations(patch: &ProtocolPatch, iterations: u32, group: &Group<'_>) -> Misfit {
    let name = &group.workload.name;
    Misfit {
        at: patch.place("iterations").unwrap_or_default(),
        title: format!(
            "`iterations` = {iterations} for the workload `{name}`: a command runs once in each trial"
        ),
        help: vec![
            "`iterations` is for kernels; let the program repeat its work itself".to_owned(),
        ],
    }
}

/// What a timeout means in the cells of a group: the parameter that is the size, if it has one.
fn size(
    patch: &ProtocolPatch,
    on_timeout: &OnTimeout,
    group: &Group<'_>,
) -> Result<OnTimeout, Misfit> {
    let OnTimeout::SkipLarger { parameter } = on_timeout else {
        return Ok(OnTimeout::Continue);
    };
    let misfit = |title: String, help: String| Misfit {
        at: patch.place("on_timeout").unwrap_or_default(),
        title,
        help: vec![help],
    };
    let found = match parameter {
        Some(name) => match group.factors.iter().find(|factor| factor.name == *name) {
            Some(factor) if factor.formula().is_some() => {
                let title =
                    format!("`{name}` is calculated: it has no levels of its own that are larger");
                return Err(misfit(
                    title,
                    "name a parameter that it is calculated from".to_owned(),
                ));
            }
            Some(factor) if !is_numeric(factor) => {
                let title =
                    format!("the levels of `{name}` are not numbers: none is larger than another");
                return Err(misfit(title, "name the parameter that is the size".to_owned()));
            }
            found => found.map(|factor| &factor.name),
        },
        None => {
            let is_size = |factor: &&&Factor| factor.levels().len() > 1 && is_numeric(factor);
            let sizes: Vec<&ParamName> =
                group.factors.iter().filter(is_size).map(|factor| &factor.name).collect();
            if let [first, _, ..] = sizes[..] {
                let names: Vec<&str> = sizes.iter().map(|name| name.as_str()).collect();
                let title = format!(
                    "larger in what? the workload `{}` has several numeric axes: {}",
                    group.workload.name,
                    names.join(", ")
                );
                let help = format!("write on_timeout = {{ skip_larger = \"{first}\" }}");
                return Err(misfit(title, help));
            }
            sizes.first().copied()
        }
    };
    Ok(found.map_or(OnTimeout::Continue, |name| OnTimeout::SkipLarger {
        parameter: Some(name.clone()),
    }))
}

/// Whether every level is a number; a calculated parameter has none yet.
fn is_numeric(factor: &Factor) -> bool {
    let is_number = |level: &Level| matches!(level.value(), Value::Integer(_) | Value::Float(_));
    factor.levels().iter().all(is_number)
}

/// Reports keys that change nothing, once every cell is there.
pub(super) fn explain_idle(walk: &mut Walk<'_>) {
    let experiment = walk.experiment;
    let of_strategies = experiment.strategies.iter().map(|strategy| (&strategy.protocol, None));
    let of_overrides = experiment.overrides.iter().map(|one| (&one.protocol, Some(&one.cells)));
    let mut misfits = Vec::new();
    for (seen, (patch, cells)) in walk.protocols.seen.iter().zip(of_strategies.chain(of_overrides))
    {
        if !seen.holds {
            misfits.extend(cells.map(|selector| {
                let cells = walk.matrix.cells.iter();
                let all = cells.map(|cell| (cell.group as usize, cell.workers, &*cell.levels));
                let what = "this override changes nothing: it matches no cell";
                rules::misfit(selector, what, &walk.groups, all)
            }));
            continue;
        }
        let idle = |key: &str, title: &str, help: &str| Misfit {
            at: patch.place(key).unwrap_or_default(),
            title: title.to_owned(),
            help: vec![help.to_owned()],
        };
        if patch.on_timeout.as_ref().is_some_and(|on| *on != OnTimeout::Continue) && !seen.skips {
            let title = "`skip_larger` has nothing to skip: no cell has such a parameter here";
            let help =
                "add a list of levels, such as n = [1_000, 1_000_000], or remove `on_timeout`";
            misfits.push(idle("on_timeout", title, help));
        }
        if patch.isolation.is_some() && !seen.on_kernel {
            let title = "a command is always a process of its own";
            misfits.push(idle("isolation", title, "`isolation` is for kernels; remove it"));
        }
    }
    for misfit in misfits {
        walk.misfit(misfit);
    }
}

impl Matrix {
    /// The protocol of a cell, after all layers.
    #[must_use]
    pub fn protocol(&self, cell: &super::Cell) -> &Protocol {
        &self.protocols[cell.protocol as usize].protocol
    }

    /// The protocols that cells have, each once, and which cells have it; in order of the first.
    #[must_use]
    pub fn protocols(&self) -> Vec<(&CellProtocol, Vec<super::CellIx>)> {
        let mut cells: Vec<Vec<super::CellIx>> = vec![Vec::new(); self.protocols.len()];
        let mut order = Vec::new();
        for (at, cell) in self.cells.iter().enumerate() {
            let of_protocol = &mut cells[cell.protocol as usize];
            if of_protocol.is_empty() {
                order.push(cell.protocol as usize);
            }
            of_protocol.push(super::CellIx::new(at));
        }
        order.into_iter().map(|at| (&self.protocols[at], std::mem::take(&mut cells[at]))).collect()
    }

    /// Changes the protocol of every cell.
    pub fn change_protocols(&mut self, change: impl Fn(&mut Protocol)) {
        for entry in &mut self.protocols {
            change(&mut entry.protocol);
        }
    }
}
