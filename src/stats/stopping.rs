//! When a cell has been measured often enough: a rule that looks at nothing but the width of the
//! median's interval, so that the result cannot influence when it is looked at. Cells that are compared
//! with one another stop together: one that dropped out would have run at another time than the rest.

use super::interval::median_interval;
use super::sorted::Sorted;

/// The rule. Its defaults keep the coverage of the final interval at its nominal level (simulated;
/// fewer hits do not).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoppingRule {
    /// Coverage of the interval.
    pub conf: f64,
    /// Values before the first look.
    pub min: usize,
    /// Values after which the cell is done in any case.
    pub max: usize,
    /// Half the interval's width as a share of the median that counts as a hit.
    pub rel_half_width: f64,
    /// Consecutive hits that end the measurement.
    pub hits: usize,
}

impl Default for StoppingRule {
    fn default() -> Self {
        Self { conf: 0.95, min: 10, max: 30, rel_half_width: 0.025, hits: 2 }
    }
}

/// What one look saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Values so far.
    pub n: usize,
    /// Half the interval's width as a share of the median; `None` where there is no interval or
    /// the median is 0.
    pub rel_half_width: Option<f64>,
    /// Consecutive hits up to this one.
    pub hits: usize,
}

/// Where a cell, or a family of cells, stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopping {
    /// Enough consecutive hits.
    TargetMet,
    /// No more values are allowed.
    MaxTrials,
    /// Neither.
    NeedsMore,
}

impl Stopping {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TargetMet => "target_met",
            Self::MaxTrials => "max_trials",
            Self::NeedsMore => "needs_more",
        }
    }
}

impl StoppingRule {
    /// Looks after each value from `min` on, up to the one that ends the measurement of a cell that
    /// is by itself.
    #[must_use]
    pub fn trace(&self, values: &[f64]) -> (Stopping, Vec<Look>) {
        let mut looks: Vec<Look> = Vec::new();
        for n in self.min..=values.len().min(self.max) {
            let hits = looks.last().map_or(0, |look| look.hits);
            let look = self.look(&values[..n], hits);
            looks.push(look);
            if look.hits >= self.hits {
                return (Stopping::TargetMet, looks);
            }
        }
        let state =
            if values.len() >= self.max { Stopping::MaxTrials } else { Stopping::NeedsMore };
        (state, looks)
    }

    /// One look at the values so far, after `hits` consecutive ones.
    #[must_use]
    pub fn look(&self, values: &[f64], hits: usize) -> Look {
        let sample = Sorted::new(values);
        let rel_half_width = median_interval(&sample, self.conf).rel_half_width(sample.median());
        let hit = rel_half_width.is_some_and(|width| width <= self.rel_half_width);
        Look { n: values.len(), rel_half_width, hits: if hit { hits + 1 } else { 0 } }
    }
}

/// The looks at cells that stop together.
#[derive(Clone, Debug, PartialEq)]
pub struct FamilyLooks {
    rule: StoppingRule,
    last: Vec<Look>,
}

impl FamilyLooks {
    /// So many cells, none of which has a value.
    #[must_use]
    pub fn new(rule: StoppingRule, cells: usize) -> Self {
        Self { rule, last: vec![Look { n: 0, rel_half_width: None, hits: 0 }; cells] }
    }

    /// The last look at each cell; one without values where there was none.
    #[must_use]
    pub fn last(&self) -> &[Look] {
        &self.last
    }

    /// Looks at every cell after so many complete blocks. A cell in which trials failed has fewer
    /// values than there were blocks: it is not looked at before it has `min` of them, and a block
    /// that added none is neither a hit nor a miss, since nothing new was seen.
    pub fn after_block(&mut self, blocks: usize, values: &[Vec<f64>]) -> Stopping {
        for (last, values) in self.last.iter_mut().zip(values) {
            if values.len() >= self.rule.min && values.len() > last.n {
                *last = self.rule.look(values, last.hits);
            }
        }
        if blocks >= self.rule.min && self.last.iter().all(|look| look.hits >= self.rule.hits) {
            Stopping::TargetMet
        } else if blocks >= self.rule.max {
            Stopping::MaxTrials
        } else {
            Stopping::NeedsMore
        }
    }
}
