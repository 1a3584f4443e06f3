//! Which cells are the same experiment on a larger scale.

use std::cmp::Ordering;

use super::matrix::{Axis, Cell, CellIx, Matrix};
use super::value::Value;

impl Matrix {
    /// Cells of the same workload, strategy and workers whose levels are those of `cell`, except
    /// that `parameter` is larger; in order. What moves with it may differ, too: parameters that
    /// are zipped with it and calculated ones. Empty where the cell does not use it, or where its
    /// level is not a number.
    #[must_use]
    pub fn larger_cells(&self, cell: CellIx, parameter: &str) -> Vec<CellIx> {
        let base = self.cell(cell);
        let Some(level) = self.level(base, parameter) else {
            return Vec::new();
        };
        let is_larger = |other: &Cell| {
            (other.workload, other.strategy, other.workers)
                == (base.workload, base.strategy, base.workers)
                && self.level(other, parameter).is_some_and(|other| {
                    compare(other.value(), level.value()) == Some(Ordering::Greater)
                })
                && self.differ_only_in(base, other, parameter)
        };
        let cells = self.cells().iter().enumerate();
        cells.filter(|(_, other)| is_larger(other)).map(|(at, _)| CellIx::new(at)).collect()
    }

    fn differ_only_in(&self, one: &Cell, two: &Cell, parameter: &str) -> bool {
        let axes = self.axes(one);
        let zip =
            axes.iter().find(|axis| axis.name.as_str() == parameter).and_then(|axis| axis.zip);
        let moves = |axis: &Axis| axis.is_derived || (zip.is_some() && axis.zip == zip);
        let is_other = |name: &str| {
            name != parameter && !axes.iter().any(|axis| axis.name.as_str() == name && moves(axis))
        };
        let others = |cell| self.levels(cell).filter(|(name, _)| is_other(name.as_str()));
        others(one).eq(others(two))
    }
}

/// The order of two numbers; `None` when one of them is none.
fn compare(one: &Value, two: &Value) -> Option<Ordering> {
    match (one, two) {
        (Value::Integer(one), Value::Integer(two)) => Some(one.cmp(two)),
        (Value::Integer(_) | Value::Float(_), Value::Integer(_) | Value::Float(_)) => {
            number(one)?.partial_cmp(&number(two)?)
        }
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(integer) => integer.to_string().parse().ok(),
        Value::Float(float) => Some(*float),
        Value::Boolean(_) | Value::Text(_) | Value::List(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_both_kinds_have_an_order_and_other_values_have_none() {
        let integer = |n: i64| Value::Integer(n.into());
        assert_eq!(compare(&integer(10), &integer(9)), Some(Ordering::Greater));
        assert_eq!(compare(&Value::Float(9.5), &integer(9)), Some(Ordering::Greater));
        assert_eq!(compare(&integer(9), &Value::Float(9.0)), Some(Ordering::Equal));
        assert_eq!(compare(&Value::Text("10".into()), &integer(9)), None);
    }
}
