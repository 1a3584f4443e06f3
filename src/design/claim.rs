//! Claims: what the author of an experiment expects to find, and which cells a claim is about.
//!
//! Owns statements and the groups of cells in which each must hold. Refuses to judge.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::ops::Range;

use super::experiment::Experiment;
use super::matrix::{Axis, Cell, CellIx, Matrix};
use super::parameter::Level;
use super::selector::{Entry, Operator, Selector, Subject};
use super::value::Value;

#[cfg(test)]
mod tests;

/// A statement about the results, to be judged by them.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The statement as the file has it.
    pub written: String,
    /// What it says.
    pub statement: Statement,
    /// In which cells it must hold; in all of them when `None`.
    pub cells: Option<Selector>,
    /// Bytes of the experiment file.
    pub at: Range<usize>,
}

/// What a claim says.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// Each has a smaller value of the compared metric than the next; at least two.
    Order(Vec<Term>),
    /// How many times as good one is as another, or as its baseline.
    Speedup {
        /// What is spoken of.
        of: Term,
        /// What it is measured against: its baseline when `None`.
        over: Option<Term>,
        /// How the speed-up compares with the bound.
        operator: Operator,
        /// A ratio.
        bound: f64,
    },
}

/// Some cells of a group, by what they are called.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// As it is written, without quotes.
    pub written: String,
    /// What must hold of a cell.
    pub entries: Vec<Entry>,
}

/// Cells that differ in nothing but what the terms of a claim name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// For each term its cell; `None` where it has none, or several.
    pub cells: Vec<Option<CellIx>>,
    /// The number of workers that tells it from groups that are equal otherwise.
    pub workers: Option<u32>,
}

impl Group {
    /// A cell of it.
    #[must_use]
    pub fn first(&self) -> CellIx {
        let cells = self.cells.iter().flatten();
        *cells.min().expect("a group has a cell")
    }
}

impl Claim {
    /// The terms in their order.
    #[must_use]
    pub fn terms(&self) -> Vec<&Term> {
        match &self.statement {
            Statement::Order(terms) => terms.iter().collect(),
            Statement::Speedup { of, over, .. } => [of].into_iter().chain(over).collect(),
        }
    }

    /// The groups in which it must hold, in the order of their cells; each has a cell.
    #[must_use]
    pub fn groups(&self, experiment: &Experiment, matrix: &Matrix) -> Vec<Group> {
        let terms = self.terms();
        let is_meant = |entries: &[Entry], cell: &Cell| {
            entries.iter().all(|entry| holds(entry, experiment, matrix, cell))
        };
        let cells: Vec<Vec<CellIx>> = terms
            .iter()
            .map(|term| {
                let all = (0..matrix.len()).map(CellIx::new);
                let meant = |ix: &CellIx| {
                    let cell = matrix.cell(*ix);
                    let chosen = self.cells.as_ref().is_none_or(|at| is_meant(&at.entries, cell));
                    chosen && is_meant(&term.entries, cell)
                };
                all.filter(meant).collect()
            })
            .collect();
        if let [only] = &cells[..] {
            let group = |cell: &CellIx| Group { cells: vec![Some(*cell)], workers: None };
            return only.iter().map(group).collect();
        }
        let named = Named::of(&terms);
        let mut groups = Vec::new();
        for outer in gather(&cells, |ix| named.outer(matrix.cell(ix))) {
            let shared = named.shared(matrix, &outer);
            let key = |ix: CellIx| -> Vec<Option<&Level>> {
                let level = |name: &&str| matrix.level(matrix.cell(ix), name);
                shared.iter().map(level).collect()
            };
            for inner in gather(&outer, key) {
                by_workers(matrix, &inner, &mut groups);
            }
        }
        groups.sort_by_key(|group| (group.first(), group.workers));
        groups
    }
}

/// Whether an entry of a selector means a cell.
fn holds(entry: &Entry, experiment: &Experiment, matrix: &Matrix, cell: &Cell) -> bool {
    let text = |name: &str| Level::from(Value::Text(name.to_owned()));
    match &entry.subject {
        Subject::Workload => entry.holds(&text(experiment.workloads[cell.workload].name.as_str())),
        Subject::Strategy => entry.holds(&text(experiment.strategies[cell.strategy].name.as_str())),
        Subject::Workers => entry.holds(&Value::Integer(cell.workers.into()).into()),
        Subject::Param(name) => {
            matrix.level(cell, name.as_str()).is_some_and(|level| entry.holds(level))
        }
    }
}

/// Divides the cells of every term by a key, in the order of the first cells.
fn gather<K: Debug>(cells: &[Vec<CellIx>], key: impl Fn(CellIx) -> K) -> Vec<Vec<Vec<CellIx>>> {
    let mut index: HashMap<String, usize> = HashMap::new();
    let mut parts: Vec<Vec<Vec<CellIx>>> = Vec::new();
    for (term, of_term) in cells.iter().enumerate() {
        for &cell in of_term {
            let at = *index.entry(format!("{:?}", key(cell))).or_insert_with(|| {
                parts.push(vec![Vec::new(); cells.len()]);
                parts.len() - 1
            });
            parts[at][term].push(cell);
        }
    }
    parts
}

/// The factors that the terms name.
struct Named<'a> {
    workload: bool,
    strategy: bool,
    params: Vec<&'a str>,
}

impl<'a> Named<'a> {
    fn of(terms: &[&'a Term]) -> Self {
        let mut named = Self { workload: false, strategy: false, params: Vec::new() };
        for entry in terms.iter().flat_map(|term| &term.entries) {
            match &entry.subject {
                Subject::Workload => named.workload = true,
                Subject::Strategy => named.strategy = true,
                Subject::Workers => {}
                Subject::Param(name) => named.params.push(name.as_str()),
            }
        }
        named
    }

    /// Workload and strategy, as far as the terms leave them open.
    fn outer(&self, cell: &Cell) -> (Option<usize>, Option<usize>) {
        ((!self.workload).then_some(cell.workload), (!self.strategy).then_some(cell.strategy))
    }

    /// Parameters in which the cells of a group must have the same level: as for baselines, what
    /// is calculated follows from the others, what is zipped with a named one moves with it, and
    /// what a strategy sets belongs to what tells two apart.
    fn shared<'m>(&self, matrix: &'m Matrix, cells: &[Vec<CellIx>]) -> Vec<&'m str> {
        let kinds: Vec<&[Axis]> = cells
            .iter()
            .filter_map(|of_term| of_term.first())
            .map(|&first| matrix.axes(matrix.cell(first)))
            .collect();
        let is_named = |axis: &Axis| self.params.contains(&axis.name.as_str());
        let moves = |axis: &Axis, all: &[Axis]| {
            let zipped = |other: &&Axis| axis.zip.is_some() && other.zip == axis.zip;
            all.iter().filter(zipped).any(is_named)
        };
        let Some((first, others)) = kinds.split_first() else {
            return Vec::new();
        };
        first
            .iter()
            .filter(|axis| !axis.is_derived && !is_named(axis) && !moves(axis, first))
            .filter(|axis| {
                let found: Option<Vec<&Axis>> = others
                    .iter()
                    .map(|all| all.iter().find(|other| other.name == axis.name))
                    .collect();
                let of_strategy = |found: &[&Axis]| {
                    axis.is_of_strategy || found.iter().any(|other| other.is_of_strategy)
                };
                found.is_some_and(|found| !(self.strategy && of_strategy(&found)))
            })
            .map(|axis| axis.name.as_str())
            .collect()
    }
}

/// Cells with the same workers belong together; a term with one cell stands beside each of them,
/// as a sequential baseline does.
fn by_workers(matrix: &Matrix, cells: &[Vec<CellIx>], groups: &mut Vec<Group>) {
    let workers = |ix: CellIx| matrix.cell(ix).workers;
    let several = cells.iter().filter(|of_term| of_term.len() > 1);
    let counts: BTreeSet<u32> = several.flatten().map(|&cell| workers(cell)).collect();
    let only = |of_term: &[CellIx]| match of_term {
        [only] => Some(*only),
        _ => None,
    };
    if counts.is_empty() {
        let cells = cells.iter().map(|of_term| only(of_term)).collect();
        groups.push(Group { cells, workers: None });
        return;
    }
    for count in counts {
        let chosen: Vec<Option<CellIx>> = cells
            .iter()
            .map(|of_term| {
                let same: Vec<CellIx> =
                    of_term.iter().copied().filter(|&cell| workers(cell) == count).collect();
                only(of_term).or_else(|| only(&same))
            })
            .collect();
        if chosen.iter().any(Option::is_some) {
            groups.push(Group { cells: chosen, workers: Some(count) });
        }
    }
}
