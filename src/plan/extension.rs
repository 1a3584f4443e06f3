//! The plan of a run to which cells and repeats were added.
//!
//! Trials keep their planned index, and with it their label, seeds and place in the order; what is
//! new comes behind them. Cells are the same when their keys are. The trials of a cell that the new
//! matrix does not have are no part of the plan, and nobody else gets their indices.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::order::Slot;
use super::trials::{Phase, Plan, PlanError, Trial, hex};
use crate::design::identity::CellKey;
use crate::design::{CellIx, Experiment, Matrix};

/// What a run planned before: its first plan, and each extension of it but the newest.
pub type Earlier<'a> = (&'a Matrix, &'a Plan);

/// A planned trial by what it is rather than by where it stands.
type Content = (CellKey, Phase, u32);

/// Puts the trials of a new plan behind those that are there.
struct Builder {
    plan: Plan,
    orders: Vec<u32>,
    /// Trials that each block has, those of cells that are gone included; the warm-up is block 0.
    in_block: HashMap<u32, u32>,
}

impl Plan {
    /// The trials of `matrix` behind those of the plans before, the oldest first.
    ///
    /// # Errors
    /// There are too many trials, or fewer of a cell than there are already.
    ///
    /// # Panics
    /// There is no plan before.
    pub fn extended(
        earlier: &[Earlier<'_>],
        experiment: &Experiment,
        matrix: &Matrix,
        max_trials: u64,
    ) -> Result<Self, PlanError> {
        let (_, last) = earlier.last().expect("an extension extends a plan");
        let fresh = Self::new(experiment, matrix, last.seed, max_trials)?;
        let cells: HashMap<CellKey, CellIx> = matrix
            .cells()
            .iter()
            .enumerate()
            .map(|(index, cell)| (cell.key, CellIx::new(index)))
            .collect();
        let mut builder = Builder::new(last);
        let mut there: HashMap<Content, ()> = HashMap::new();
        for (trial, key) in recorded(earlier) {
            builder.count(&trial);
            if let Some(&cell) = cells.get(&key) {
                there.insert((key, trial.phase, trial.repeat), ());
                builder.push(Trial { cell, ..trial });
            }
        }
        let is_new = |trial: &Trial| {
            let content = (matrix.cell(trial.cell).key, trial.phase, trial.repeat);
            !there.contains_key(&content)
        };
        let new: Vec<Trial> = fresh.trials().filter(is_new).collect();
        if new.len() + there.len() > fresh.len() {
            return Err(fewer(matrix, there.into_keys(), &cells));
        }
        let trials = u128::from(last.bound) + new.len() as u128;
        let limit = max_trials.min(u64::from(u32::MAX));
        if trials > u128::from(limit) {
            return Err(PlanError::TooManyTrials { trials, limit });
        }
        for trial in new {
            builder.add(trial);
        }
        Ok(builder.finish(matrix))
    }
}

/// Every trial that was ever planned, with the key of its cell, by planned index. Each plan says
/// it of those that it added.
fn recorded<'a>(earlier: &'a [Earlier<'a>]) -> impl Iterator<Item = (Trial, CellKey)> + 'a {
    earlier.iter().enumerate().flat_map(|(number, (matrix, plan))| {
        let own = move |trial: &Trial| plan.extension_of(trial.order) == number;
        plan.trials().filter(own).map(|trial| (trial, matrix.cell(trial.cell).key))
    })
}

/// The first cell that has more trials than it is planned to have.
fn fewer(
    matrix: &Matrix,
    there: impl Iterator<Item = Content>,
    cells: &HashMap<CellKey, CellIx>,
) -> PlanError {
    let planned = |cell: CellIx, phase: Phase| {
        let protocol = matrix.protocol(matrix.cell(cell));
        if phase == Phase::Warmup { protocol.warmup } else { protocol.repeats }
    };
    let beyond = there
        .map(|(key, phase, repeat)| (cells[&key], phase, repeat, key))
        .filter(|&(cell, phase, repeat, _)| repeat > planned(cell, phase))
        .max_by_key(|&(cell, phase, repeat, _)| {
            (std::cmp::Reverse(cell), phase == Phase::Measure, repeat)
        });
    let (cell, phase, there, key) = beyond.expect("some trial is not planned any more");
    let trials = planned(cell, phase);
    PlanError::Fewer { cell: cell.id(), key: key.to_string(), phase, trials, there }
}

impl Builder {
    fn new(last: &Plan) -> Self {
        let mut extensions = last.extensions.clone();
        extensions.push(last.bound);
        let plan = Plan {
            seed: last.seed,
            slots: Vec::new(),
            positions: Vec::new(),
            orders: None,
            extensions,
            bound: last.bound,
            fingerprint: String::new(),
        };
        Self { plan, orders: Vec::new(), in_block: HashMap::new() }
    }

    /// Its place in its block is taken; the number of places before.
    fn count(&mut self, trial: &Trial) -> u32 {
        let places = self.in_block.entry(trial.block().unwrap_or(0)).or_default();
        *places += 1;
        *places - 1
    }

    fn push(&mut self, trial: Trial) {
        let Trial { order, cell, phase, repeat, position } = trial;
        self.plan.slots.push(Slot { cell, repeat, phase });
        self.plan.positions.push(position);
        self.orders.push(order);
    }

    fn add(&mut self, trial: Trial) {
        let (order, position) = (self.plan.bound, self.count(&trial));
        self.plan.bound += 1;
        self.push(Trial { order, position, ..trial });
    }

    fn finish(mut self, matrix: &Matrix) -> Plan {
        self.plan.fingerprint = fingerprint(matrix, self.plan.seed, &self.orders, &self.plan.slots);
        let has_gaps = self.orders.len() < self.plan.orders();
        self.plan.orders = has_gaps.then_some(self.orders);
        self.plan
    }
}

fn fingerprint(matrix: &Matrix, seed: u64, orders: &[u32], slots: &[Slot]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"runner-plan/2\0");
    hash.update(seed.to_le_bytes());
    for cell in matrix.cells() {
        hash.update(cell.key.to_bytes());
    }
    for (order, slot) in orders.iter().zip(slots) {
        hash.update(order.to_le_bytes());
        hash.update(slot.cell.0.to_le_bytes());
        hash.update(slot.repeat.to_le_bytes());
        hash.update([u8::from(slot.phase == Phase::Measure)]);
    }
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fixture::{experiment, factor};

    fn planned(levels: &[&str], repeats: u32) -> (Experiment, Matrix) {
        let mut experiment = experiment();
        experiment.params = vec![factor("n", levels)];
        experiment.protocol.repeats = repeats;
        experiment.workloads[0].protocol.repeats = repeats;
        let matrix = Matrix::new(&experiment).expect("a matrix");
        (experiment, matrix)
    }

    /// What tells a trial apart, and its index and place.
    fn contents(matrix: &Matrix, plan: &Plan) -> Vec<(u32, CellKey, Phase, u32, u32)> {
        let all = plan.trials();
        all.map(|trial| {
            let key = matrix.cell(trial.cell).key;
            (trial.order, key, trial.phase, trial.repeat, trial.position)
        })
        .collect()
    }

    #[test]
    fn what_is_there_stays_and_what_is_new_comes_behind() {
        let (old, before) = planned(&["1", "2"], 3);
        let first = Plan::new(&old, &before, 7, 1_000).expect("a plan");
        let (new, after) = planned(&["0", "1", "2"], 4);
        let plan = Plan::extended(&[(&before, &first)], &new, &after, 1_000).expect("a plan");
        let (all, kept) = (contents(&after, &plan), contents(&before, &first));
        assert_eq!(all[..kept.len()], kept, "indices, keys and places are as they were");
        let whole = Plan::new(&new, &after, 7, 1_000).expect("a plan");
        let sorted = |plan: &Plan| {
            let mut all: Vec<_> = contents(&after, plan);
            all.iter_mut().for_each(|trial| (trial.0, trial.4) = (0, 0));
            all.sort_unstable_by_key(|trial| (trial.1, trial.2 as u8, trial.3));
            all
        };
        assert_eq!(sorted(&plan), sorted(&whole), "exactly what the new experiment plans");
        assert_eq!((plan.len(), plan.orders()), (whole.len(), whole.len()));
        assert_eq!(plan.added(), whole.len() - first.len());
        for trial in plan.trials() {
            let number = usize::from(trial.order as usize >= first.len());
            assert_eq!(plan.extension_of(trial.order), number);
            assert_eq!(plan.of_order(trial.order as usize), Some(trial));
        }
        let mut places: Vec<u32> =
            plan.trials().filter(|trial| trial.block() == Some(1)).map(|t| t.position).collect();
        places.sort_unstable();
        assert!(places.iter().copied().eq(0..places.len() as u32), "{places:?}");
    }

    #[test]
    fn indices_of_cells_that_are_gone_stay_theirs_until_they_come_back() {
        let (old, before) = planned(&["1", "2"], 3);
        let first = Plan::new(&old, &before, 7, 1_000).expect("a plan");
        let (new, after) = planned(&["2", "3"], 3);
        let second = Plan::extended(&[(&before, &first)], &new, &after, 1_000).expect("a plan");
        let gone = |trial: &Trial| before.cell(trial.cell).key == before.cells()[0].key;
        let of_gone = first.trials().find(gone).expect("a trial");
        assert_eq!(second.of_order(of_gone.order as usize), None);
        assert_eq!(second.of_order(second.orders()), None);
        assert!(second.orders() > second.len());
        let (third, back) = planned(&["1", "2", "3"], 3);
        let earlier = [(&before, &first), (&after, &second)];
        let plan = Plan::extended(&earlier, &third, &back, 1_000).expect("a plan");
        assert_eq!(plan.added(), 0, "they are on record already");
        assert_eq!(plan.len(), plan.orders());
        let again = plan.of_order(of_gone.order as usize).expect("it is back");
        assert_eq!(back.cell(again.cell).key, before.cell(of_gone.cell).key);
        assert_ne!(plan.fingerprint(), second.fingerprint());
    }

    #[test]
    fn fewer_trials_of_a_cell_are_refused() {
        let (old, before) = planned(&["1"], 5);
        let first = Plan::new(&old, &before, 7, 1_000).expect("a plan");
        let (new, after) = planned(&["1"], 3);
        let error = Plan::extended(&[(&before, &first)], &new, &after, 1_000).expect_err("fewer");
        let text = error.to_string();
        assert!(text.starts_with("3 measure trials of cell c001 (k"), "{text}");
        assert!(text.ends_with("and the run has 5: an extension only adds"), "{text}");
        let error = Plan::extended(&[(&before, &first)], &old, &before, 2).expect_err("too many");
        assert!(matches!(error, PlanError::TooManyTrials { .. }), "{error}");
    }
}
