//! What each cell is compared with: the baseline cell that matches it in every other factor.

use std::collections::HashMap;
use std::fmt::Write;

use crate::design::experiment::Baseline;
use crate::design::{Axis, Binding, Cell, CellIx, Experiment, Level, Matrix, Name, ParamName};

/// What a cell is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The experiment declares no baseline for this workload.
    Undeclared,
    /// It is a baseline itself.
    Itself,
    /// This cell.
    Cell(CellIx),
    /// No cell has the named levels and matches in all other factors.
    NoMatch,
    /// So many cells match that none can be chosen.
    Ambiguous(u32),
}

/// The reference of every cell.
#[derive(Clone, Debug)]
pub struct Baselines {
    references: Vec<Reference>,
    labels: Vec<Option<String>>,
}

impl Baselines {
    /// Matches every cell with its baseline.
    #[must_use]
    pub fn of(experiment: &Experiment, matrix: &Matrix) -> Self {
        let kinds = kinds(matrix);
        let mut references = vec![Reference::Undeclared; matrix.len()];
        for kind in &kinds {
            let workload = &experiment.workloads[kind.workload];
            let Some(rule) = rule_for(experiment, &workload.name) else {
                continue;
            };
            let base = kinds.iter().find(|base| is_base(experiment, rule, base, kind));
            let search = base.map(|base| Search::new(matrix, rule, [kind, base]));
            for &cell in &kind.cells {
                references[cell.index()] = match &search {
                    None => Reference::NoMatch,
                    Some(search) => search.reference(cell),
                };
            }
        }
        let labels = experiment
            .workloads
            .iter()
            .map(|workload| rule_for(experiment, &workload.name).map(|rule| label(matrix, rule)))
            .collect();
        Self { references, labels }
    }

    /// What a cell is compared with.
    #[must_use]
    pub fn reference(&self, cell: CellIx) -> Reference {
        self.references[cell.index()]
    }

    /// The baseline cell, the cell itself included.
    #[must_use]
    pub fn cell(&self, cell: CellIx) -> Option<CellIx> {
        match self.reference(cell) {
            Reference::Itself => Some(cell),
            Reference::Cell(base) => Some(base),
            Reference::Undeclared | Reference::NoMatch | Reference::Ambiguous(_) => None,
        }
    }

    /// How people call the baseline of a workload: `normal`, `workers = 1`, …
    #[must_use]
    pub fn label(&self, workload: usize) -> Option<&str> {
        self.labels[workload].as_deref()
    }
}

fn rule_for<'a>(experiment: &'a Experiment, workload: &Name) -> Option<&'a Baseline> {
    let rules = &experiment.compare.baselines;
    let own = rules.iter().find(|rule| rule.of.as_ref() == Some(workload));
    own.or_else(|| rules.iter().find(|rule| rule.of.is_none()))
}

fn label(matrix: &Matrix, rule: &Baseline) -> String {
    let mut parts: Vec<String> =
        [&rule.workload, &rule.strategy].into_iter().flatten().map(ToString::to_string).collect();
    parts.extend(rule.workers.map(|workers| format!("workers = {workers}")));
    for Binding { name, value } in &rule.params {
        let mut levels = matrix.all_levels();
        let level = levels.find(|(other, level)| *other == name && level.value() == value);
        let shown = level.map_or_else(|| value.to_string(), |(_, level)| level.to_string());
        parts.push(format!("{name} = {shown}"));
    }
    parts.join(", ")
}

/// Cells of one workload and strategy: they have the same parameters.
struct Kind {
    workload: usize,
    strategy: usize,
    cells: Vec<CellIx>,
}

fn kinds(matrix: &Matrix) -> Vec<Kind> {
    let mut index: HashMap<(usize, usize), usize> = HashMap::new();
    let mut kinds: Vec<Kind> = Vec::new();
    for (at, cell) in matrix.cells().iter().enumerate() {
        let kind = *index.entry((cell.workload, cell.strategy)).or_insert_with(|| {
            kinds.push(Kind {
                workload: cell.workload,
                strategy: cell.strategy,
                cells: Vec::new(),
            });
            kinds.len() - 1
        });
        kinds[kind].cells.push(CellIx::new(at));
    }
    kinds
}

fn is_base(experiment: &Experiment, rule: &Baseline, base: &Kind, kind: &Kind) -> bool {
    let workload = match &rule.workload {
        Some(name) => experiment.workloads[base.workload].name == *name,
        None => base.workload == kind.workload,
    };
    let strategy = match &rule.strategy {
        Some(name) => experiment.strategies[base.strategy].name == *name,
        None => base.strategy == kind.strategy,
    };
    workload && strategy
}

/// Finds the baseline of the cells of one kind among the cells of another.
struct Search<'a> {
    matrix: &'a Matrix,
    rule: &'a Baseline,
    /// Parameters in which both must have the same level.
    shared: Vec<&'a str>,
    by_levels: HashMap<String, Vec<CellIx>>,
}

impl<'a> Search<'a> {
    fn new(matrix: &'a Matrix, rule: &'a Baseline, [kind, base]: [&Kind; 2]) -> Self {
        let axes = |kind: &Kind| matrix.axes(matrix.cell(kind.cells[0]));
        let is_named = |name: &ParamName| rule.params.iter().any(|named| named.name == *name);
        let moves = |axis: &Axis| {
            let zipped = |other: &&Axis| axis.zip.is_some() && other.zip == axis.zip;
            axes(kind).iter().filter(zipped).any(|other| is_named(&other.name))
        };
        // A parameter that is zipped with a named one moves with it, one that is calculated
        // follows from the others, and one that a strategy sets belongs to what tells two apart.
        let shared = axes(kind)
            .iter()
            .filter(|axis| !axis.is_derived && !is_named(&axis.name) && !moves(axis))
            .filter_map(|axis| {
                let other = axes(base).iter().find(|other| other.name == axis.name)?;
                let of_strategy = axis.is_of_strategy || other.is_of_strategy;
                (kind.strategy == base.strategy || !of_strategy).then_some(axis.name.as_str())
            })
            .collect();
        let mut search = Self { matrix, rule, shared, by_levels: HashMap::new() };
        for &ix in &base.cells {
            let cell = matrix.cell(ix);
            if search.has_named_levels(cell) {
                let key = search.key(cell);
                search.by_levels.entry(key).or_default().push(ix);
            }
        }
        search
    }

    fn has_named_levels(&self, cell: &Cell) -> bool {
        let level = |name: &str| self.matrix.level(cell, name).map(Level::value);
        self.rule.workers.is_none_or(|workers| cell.workers == workers)
            && self.rule.params.iter().all(|named| level(named.name.as_str()) == Some(&named.value))
    }

    fn key(&self, cell: &Cell) -> String {
        let mut key = String::new();
        for name in &self.shared {
            let level = self.matrix.level(cell, name).map(Level::value);
            write!(key, "{level:?} ").expect("writing to a String cannot fail");
        }
        key
    }

    /// The cell with the same workers wins, unless workers are named or the baseline has no
    /// choice of them: a sequential baseline has one worker whatever the candidate has.
    fn reference(&self, ix: CellIx) -> Reference {
        let cell = self.matrix.cell(ix);
        let found = self.by_levels.get(&self.key(cell));
        let matches = found.map_or(&[][..], Vec::as_slice);
        let mut same =
            matches.iter().filter(|&&base| self.matrix.cell(base).workers == cell.workers);
        let base = match (matches, same.next(), same.next()) {
            ([], ..) => return Reference::NoMatch,
            (&[only], ..) => only,
            (_, Some(&same), None) => same,
            (many, ..) => {
                let count = u32::try_from(many.len()).expect("fewer matches than cells");
                return Reference::Ambiguous(count);
            }
        };
        if base == ix { Reference::Itself } else { Reference::Cell(base) }
    }
}
