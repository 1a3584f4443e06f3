//! What cells are called on the screen, and which of them stand together.
//!
//! As a rule a block is a workload with its parameters, and its rows are the ways in which it was
//! carried out. Where there is only one way, the rows are the workloads; where there is only one
//! workload, too, they are the levels that differ.

use crate::analysis::Evidence;
use crate::design::{Cell, CellIx, Level, ParamName, Value};
use crate::report::csv::encode::grouped;

/// What the rows of a block differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rows {
    Ways,
    Workloads,
    Levels,
}

/// How the cells of an experiment are arranged in blocks.
#[derive(Debug)]
pub struct Naming<'a> {
    evidence: Evidence<'a>,
    rows: Rows,
    /// Parameters that have more than one level among the cells.
    varying: Vec<&'a ParamName>,
}

impl<'a> Naming<'a> {
    /// Looks at all cells.
    #[must_use]
    pub fn new(evidence: Evidence<'a>) -> Self {
        let cells = evidence.matrix.cells();
        let way = |cell: &Cell| (cell.strategy, cell.workers);
        let one_way = cells.windows(2).all(|pair| way(&pair[0]) == way(&pair[1]))
            && cells.iter().all(|cell| split(evidence, cell).1.is_empty());
        let one_workload = cells.windows(2).all(|pair| pair[0].workload == pair[1].workload);
        let rows = match (one_way && cells.len() > 1, one_workload) {
            (false, _) => Rows::Ways,
            (true, false) => Rows::Workloads,
            (true, true) => Rows::Levels,
        };
        let names = evidence.matrix.param_names().iter();
        let varies = |name: &&ParamName| {
            let mut levels = cells.iter().map(|cell| evidence.matrix.level(cell, name.as_str()));
            let first = levels.next();
            first.is_some_and(|first| levels.any(|level| level != first))
        };
        Self { evidence, rows, varying: names.filter(varies).collect() }
    }

    /// What the cells of a block share; it may be empty.
    #[must_use]
    pub fn heading(&self, cell: CellIx) -> String {
        match self.rows {
            Rows::Ways => heading(self.evidence, cell),
            Rows::Workloads => self.params(cell, |_| true),
            Rows::Levels => self.params(cell, |name| !self.varying.contains(&name)),
        }
    }

    /// What makes one cell of a block differ from the others.
    #[must_use]
    pub fn label(&self, cell: CellIx) -> String {
        match self.rows {
            Rows::Ways => label(self.evidence, cell),
            Rows::Workloads => {
                let workload = self.evidence.matrix.cell(cell).workload;
                self.evidence.experiment.workloads[workload].name.to_string()
            }
            Rows::Levels => self.params(cell, |name| self.varying.contains(&name)),
        }
    }

    /// What two cells are called beside one another: by what differs within a block, in full where
    /// that is not all.
    #[must_use]
    pub fn pair(&self, cells: [CellIx; 2]) -> [String; 2] {
        let [one, other] = cells;
        let same_block = self.heading(one) == self.heading(other);
        match same_block && self.label(one) != self.label(other) {
            true => cells.map(|cell| self.label(cell)),
            false => cells.map(|cell| place(self.evidence, cell)),
        }
    }

    fn params(&self, cell: CellIx, is_meant: impl Fn(&ParamName) -> bool) -> String {
        let matrix = self.evidence.matrix;
        let levels = matrix.levels(matrix.cell(cell)).filter(|(name, _)| is_meant(name));
        let words: Vec<String> = levels.map(|(name, level)| show(name, level)).collect();
        words.join(", ")
    }
}

/// The workload, if there are several, and its parameters.
pub fn heading(evidence: Evidence<'_>, ix: CellIx) -> String {
    let cell = evidence.matrix.cell(ix);
    let (own, _) = split(evidence, cell);
    let name = evidence.experiment.workloads[cell.workload].name.as_str();
    let params = own.join(", ");
    match (evidence.experiment.workloads.len(), params.is_empty()) {
        (_, true) => name.to_owned(),
        (1, false) => params,
        (_, false) => format!("{name} · {params}"),
    }
}

/// How a cell is carried out: the strategy, and what varies within it.
pub fn label(evidence: Evidence<'_>, ix: CellIx) -> String {
    let cell = evidence.matrix.cell(ix);
    let strategy = &evidence.experiment.strategies[cell.strategy];
    let mut text = strategy.name.to_string();
    if strategy.workers.len() > 1 {
        text.push_str(&format!(" ×{}", cell.workers));
    }
    let (_, set) = split(evidence, cell);
    for param in set {
        text.push_str(&format!(", {param}"));
    }
    text
}

/// A cell in one line: `n = 1_000_000, multicore`.
pub fn place(evidence: Evidence<'_>, cell: CellIx) -> String {
    format!("{}, {}", heading(evidence, cell), label(evidence, cell))
}

/// The parameters of a cell that its strategy leaves alone, and the axes that it sets itself.
fn split(evidence: Evidence<'_>, cell: &Cell) -> (Vec<String>, Vec<String>) {
    let axes = evidence.matrix.axes(cell);
    let (mut own, mut set) = (Vec::new(), Vec::new());
    for (name, level) in evidence.matrix.levels(cell) {
        match axes.iter().find(|axis| axis.name == *name) {
            Some(axis) if axis.is_manner && axis.levels().len() > 1 => set.push(show(name, level)),
            Some(axis) if axis.is_manner => {}
            _ => own.push(show(name, level)),
        }
    }
    (own, set)
}

fn show(name: &ParamName, level: &Level) -> String {
    match level.value() {
        Value::Integer(integer) if level.label().is_none() => {
            format!("{name} = {}", grouped(&integer.to_string()))
        }
        _ => format!("{name} = {level}"),
    }
}
