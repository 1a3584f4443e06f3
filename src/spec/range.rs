//! Ranges: levels with a constant step or factor.
//!
//! A range is counted before it is expanded. Its arithmetic is on decimal digits, never on binary
//! floating point, so that `{ from = 0.1, to = 0.5, step = 0.1 }` ends at 0.5 exactly.

use std::ops::Range;

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};
use toml::de::{DeTable, DeValue};

use super::axis::{MAX_LEVELS, too_many};
use super::binder::{Binder, Node};
use super::keys::{FACTOR_RANGE, STEP_RANGE};
use crate::design::Value;

/// Most levels of a range with a factor: the numbers grow with each.
const MAX_FACTOR_LEVELS: usize = 10_000;
/// Most decimals that a range works with.
const MAX_DECIMALS: i64 = 400;

/// A decimal number: `digits` × 10^`exponent`.
#[derive(Clone, Debug)]
struct Decimal {
    digits: BigInt,
    exponent: i64,
    whole: bool,
}

/// The levels of a range, from its table.
pub(super) fn range(
    binder: &Binder<'_>,
    table: &DeTable<'_>,
    at: Range<usize>,
) -> Option<Vec<Value>> {
    let has = |key: &str| table.contains_key(key);
    let (keys, rule) = match (has("step"), has("factor")) {
        (true, false) => (&STEP_RANGE, "step"),
        (false, true) => (&FACTOR_RANGE, "factor"),
        (both, _) => {
            let what = if both { "both" } else { "neither" };
            binder.refuse(
                at,
                format!("a range has `step` or `factor`, found {what}"),
                "write { from = 1, to = 8, step = 1 } or { from = 1, to = 1_000, factor = 10 }",
            );
            return None;
        }
    };
    binder.check_keys(table, keys);
    let number = |key: &str| {
        let Some(node) = table.get(key) else {
            binder.refuse(
                at.clone(),
                format!("`{key}` is missing in this range"),
                format!("write {{ from = 1, to = 8, {rule} = 2 }}"),
            );
            return None;
        };
        decimal(binder, node)
    };
    let (from, to, by) = (number("from"), number("to"), number(rule));
    let (from, to, by) = (from?, to?, by?);
    let is_whole = from.whole && to.whole && by.whole;
    let ends = Ends { from, to, by, at };
    let (digits, exponents) =
        if rule == "step" { steps(binder, &ends)? } else { factors(binder, &ends)? };
    values(binder, &ends.at, (digits, exponents), is_whole)
}

/// The ends of a range, its step or factor, and its place.
struct Ends {
    from: Decimal,
    to: Decimal,
    by: Decimal,
    at: Range<usize>,
}

fn values(
    binder: &Binder<'_>,
    at: &Range<usize>,
    (digits, exponents): (Vec<BigInt>, Vec<i64>),
    is_whole: bool,
) -> Option<Vec<Value>> {
    if is_whole {
        return Some(digits.into_iter().map(Value::Integer).collect());
    }
    let mut floats: Vec<f64> = Vec::with_capacity(digits.len());
    for (digits, exponent) in digits.iter().zip(exponents) {
        let float: f64 =
            format!("{digits}e{exponent}").parse().expect("digits and an exponent are a float");
        if !float.is_finite() || floats.last() == Some(&float) {
            binder.refuse(
                at.clone(),
                "two levels of this range are the same number once they are rounded to 64 bits",
                "",
            );
            return None;
        }
        floats.push(float);
    }
    Some(floats.into_iter().map(Value::Float).collect())
}

fn decimal(binder: &Binder<'_>, node: &Node<'_>) -> Option<Decimal> {
    match node.get_ref() {
        DeValue::Integer(digits) => {
            Some(Decimal { digits: binder.integer(digits, node.span())?, exponent: 0, whole: true })
        }
        DeValue::Float(float) => {
            let decimal = parse_decimal(float.as_str());
            if decimal.is_none() {
                binder.refuse(node.span(), "expected a finite number of reasonable size", "");
            }
            decimal
        }
        _ => {
            binder.mismatch(node, "a number", "");
            None
        }
    }
}

fn parse_decimal(text: &str) -> Option<Decimal> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let decimals = i64::try_from(fraction.len()).ok()?;
    if exponent.checked_abs()? > MAX_DECIMALS || decimals > MAX_DECIMALS {
        return None;
    }
    let digits = BigInt::parse_bytes(format!("{whole}{fraction}").as_bytes(), 10)?;
    Some(Decimal { digits, exponent: exponent - decimals, whole: false })
}

impl Decimal {
    /// The digits at a smaller or equal exponent.
    fn at_exponent(&self, exponent: i64) -> BigInt {
        let shift = u32::try_from(self.exponent - exponent).expect("exponents are bounded");
        &self.digits * BigInt::from(10).pow(shift)
    }
}

/// The levels `from`, `from + step`, … `to`: digits and exponents.
fn steps(binder: &Binder<'_>, ends: &Ends) -> Option<(Vec<BigInt>, Vec<i64>)> {
    let exponent = ends.from.exponent.min(ends.to.exponent).min(ends.by.exponent);
    let [from, to, step] =
        [&ends.from, &ends.to, &ends.by].map(|decimal| decimal.at_exponent(exponent));
    let span = &to - &from;
    if step.is_zero() || (!span.is_zero() && span.is_negative() != step.is_negative()) {
        binder.refuse(
            ends.at.clone(),
            "this range never gets from `from` to `to`",
            "a `step` above 0 goes up, one below 0 goes down",
        );
        return None;
    }
    let (last, rest) = (&span / &step, &span % &step);
    let count: BigInt = &last + 1;
    if count > BigInt::from(MAX_LEVELS) {
        too_many(binder, &ends.at, &count.to_string());
        return None;
    }
    if !rest.is_zero() {
        let reached = &from + &last * &step;
        let next = display(&(&reached + &step), exponent);
        missed(binder, ends, &display(&reached, exponent), &next);
        return None;
    }
    let count = last.to_usize()? + 1;
    let mut level = from;
    let mut digits = Vec::with_capacity(count);
    for _ in 0..count {
        digits.push(level.clone());
        level += &step;
    }
    Some((digits, vec![exponent; count]))
}

/// Reports a range that steps over its end; `before` is empty when it begins beyond it.
fn missed(binder: &Binder<'_>, ends: &Ends, before: &str, after: &str) {
    let advice = if before.is_empty() {
        format!("the first level is {after}, which is beyond `to` already")
    } else {
        format!("both ends are levels: write to = {before} or to = {after}")
    };
    binder.refuse(ends.at.clone(), "`to` is not a level of this range", advice);
}

/// The levels `from`, `from × factor`, … `to`: digits and exponents.
fn factors(binder: &Binder<'_>, ends: &Ends) -> Option<(Vec<BigInt>, Vec<i64>)> {
    let refuse = |title: &str, help: &str| {
        binder.refuse(ends.at.clone(), title, help);
    };
    let one = Decimal { digits: 1.into(), exponent: 0, whole: true };
    if !ends.from.digits.is_positive() || compare(&ends.by, &one) != std::cmp::Ordering::Greater {
        refuse(
            "a range with `factor` needs `from` above 0 and `factor` above 1",
            "for 0, or to go down, write the levels as a list",
        );
        return None;
    }
    let mut level = ends.from.clone();
    let (mut digits, mut exponents) = (Vec::new(), Vec::new());
    loop {
        let order = compare(&level, &ends.to);
        if order == std::cmp::Ordering::Greater {
            let before = digits
                .last()
                .zip(exponents.last())
                .map_or_else(String::new, |(digits, &exponent)| display(digits, exponent));
            let after = display(&level.digits, level.exponent);
            missed(binder, ends, &before, &after);
            return None;
        }
        digits.push(level.digits.clone());
        exponents.push(level.exponent);
        if order == std::cmp::Ordering::Equal {
            return Some((digits, exponents));
        }
        level.digits *= &ends.by.digits;
        level.exponent += ends.by.exponent;
        if digits.len() >= MAX_FACTOR_LEVELS || level.exponent < -MAX_DECIMALS {
            refuse(
                "this range has too many levels or decimals",
                "use a larger factor, or write the levels as a list",
            );
            return None;
        }
    }
}

fn compare(a: &Decimal, b: &Decimal) -> std::cmp::Ordering {
    let exponent = a.exponent.min(b.exponent);
    a.at_exponent(exponent).cmp(&b.at_exponent(exponent))
}

/// A decimal as people write it.
fn display(digits: &BigInt, exponent: i64) -> String {
    if exponent >= 0 {
        let power = u32::try_from(exponent).expect("exponents are bounded");
        return (digits * BigInt::from(10).pow(power)).to_string();
    }
    let places = usize::try_from(-exponent).expect("exponents are bounded");
    let sign = if digits.is_negative() { "-" } else { "" };
    let padded = format!("{:0>width$}", digits.magnitude().to_string(), width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_shown_as_people_write_them() {
        assert_eq!(display(&BigInt::from(-5), -2), "-0.05");
        assert_eq!(display(&BigInt::from(1500), -2), "15");
        assert_eq!(display(&BigInt::from(15), 2), "1500");
    }
}
