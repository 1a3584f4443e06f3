//! Axes: lists and ranges of levels.
//!
//! A range is counted before it is expanded. Its arithmetic is on decimal digits, never on binary
//! floating point, so that `{ from = 0.1, to = 0.5, step = 0.1 }` ends at 0.5 exactly.

use std::collections::HashSet;
use std::ops::Range;

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};
use toml::de::{DeTable, DeValue};

use super::binder::{Binder, Node};
use super::diagnostics::Diagnostic;
use super::keys::{FACTOR_RANGE, STEP_RANGE};
use crate::design::Value;

/// Most levels in one file.
const MAX_LEVELS: u64 = 10_000_000;
/// Most levels of a range with a factor: the numbers grow with each.
const MAX_FACTOR_LEVELS: usize = 10_000;
/// Most decimals that a range works with.
const MAX_DECIMALS: i64 = 400;

/// Levels and where each is written; a range has one place for all.
pub(super) struct Levels {
    pub(super) values: Vec<Value>,
    places: Vec<Range<usize>>,
    whole: Range<usize>,
}

impl Levels {
    /// Where level `index` is written.
    pub(super) fn place(&self, index: usize) -> Range<usize> {
        self.places.get(index).unwrap_or(&self.whole).clone()
    }
}

/// A scalar, a list or a range. With `is_list` one level is itself a list of integers.
pub(super) fn levels(binder: &Binder<'_>, node: &Node<'_>, is_list: bool) -> Option<Levels> {
    let found = match node.get_ref() {
        DeValue::Table(table) => {
            if is_list {
                binder.mismatch(
                    node,
                    "a list, or a list of lists as an axis",
                    "each level of this parameter is a list; write the lists out",
                );
                return None;
            }
            let values = range(binder, table, node.span())?;
            Levels {
                values,
                places: Vec::new(),
                whole: node.span(),
            }
        }
        DeValue::Array(list) => {
            let nested = list.iter().any(|item| item.get_ref().is_array());
            if is_list && !nested {
                single(node, list_level(binder, node)?)
            } else {
                listed(binder, node, is_list)?
            }
        }
        _ if is_list => {
            binder.mismatch(
                node,
                "a list of integers",
                &format!("for one element write [{}]", binder.written(node)),
            );
            return None;
        }
        _ => single(node, scalar(binder, node)?),
    };
    let count = found.values.len() as u64;
    let total = binder.levels.get().saturating_add(count);
    binder.levels.set(total);
    (total <= MAX_LEVELS || too_many(binder, &node.span(), &total.to_string())).then_some(found)
}

fn single(node: &Node<'_>, value: Value) -> Levels {
    Levels {
        values: vec![value],
        places: vec![node.span()],
        whole: node.span(),
    }
}

fn listed(binder: &Binder<'_>, node: &Node<'_>, is_list: bool) -> Option<Levels> {
    let items = node.get_ref().as_array()?;
    if items.is_empty() {
        binder.report(
            Diagnostic::error(node.span(), "an axis needs at least one level")
                .label("this list is empty")
                .help("put the levels in it, such as [1, 2, 4], or remove the parameter"),
        );
        return None;
    }
    // Every level is read before giving up, so that each mistake in the list is named.
    let values: Vec<Option<Value>> = items
        .iter()
        .map(|item| {
            if is_list {
                list_level(binder, item)
            } else {
                scalar(binder, item)
            }
        })
        .collect();
    let values = values.into_iter().collect::<Option<Vec<Value>>>()?;
    let mut seen = HashSet::new();
    for (item, value) in items.iter().zip(&values) {
        if !seen.insert(value.to_string()) {
            binder.report(
                Diagnostic::error(
                    item.span(),
                    format!("the level {} is here twice", binder.written(item)),
                )
                .help("remove it; `repeats` says how often each cell is measured"),
            );
            return None;
        }
    }
    Some(Levels {
        values,
        places: items.iter().map(Node::span).collect(),
        whole: node.span(),
    })
}

/// One level that is a list of integers.
fn list_level(binder: &Binder<'_>, node: &Node<'_>) -> Option<Value> {
    let items = binder.list(node, "a list of integers", "")?;
    let values: Vec<Option<Value>> = items
        .iter()
        .map(|item| match item.get_ref() {
            DeValue::Integer(digits) => binder.integer(digits, item.span()).map(Value::Integer),
            _ => {
                binder.mismatch(item, "an integer", "");
                None
            }
        })
        .collect();
    values.into_iter().collect::<Option<_>>().map(Value::List)
}

/// One level that is not a list.
pub(super) fn scalar(binder: &Binder<'_>, node: &Node<'_>) -> Option<Value> {
    match node.get_ref() {
        DeValue::Integer(digits) => binder.integer(digits, node.span()).map(Value::Integer),
        DeValue::Float(float) => {
            let value = float.as_str().parse().ok().filter(|f: &f64| f.is_finite());
            if value.is_none() {
                binder.report(
                    Diagnostic::error(
                        node.span(),
                        format!("{} cannot be a level", binder.written(node)),
                    )
                    .label("not a finite number")
                    .help("if the program takes it as a word, write it in quotes"),
                );
            }
            value.map(Value::Float)
        }
        DeValue::Boolean(value) => Some(Value::Boolean(*value)),
        DeValue::String(text) => text_level(binder, node, text),
        DeValue::Datetime(_) => {
            binder.report(
                Diagnostic::error(node.span(), "a date cannot be a level")
                    .label("a date")
                    .help(format!(
                        "write it as text, in quotes: \"{}\"",
                        binder.written(node)
                    )),
            );
            None
        }
        DeValue::Array(_) => {
            binder.report(
                Diagnostic::error(node.span(), "a level of this parameter cannot be a list")
                    .help("only a kernel's parameter that is a list itself takes a list of lists"),
            );
            None
        }
        DeValue::Table(_) => {
            binder.mismatch(
                node,
                "an integer, a float, a boolean or a text",
                "a range stands alone: n = { from = 1, to = 8, step = 1 }",
            );
            None
        }
    }
}

fn text_level(binder: &Binder<'_>, node: &Node<'_>, text: &str) -> Option<Value> {
    if text.chars().any(|c| c.is_control() && c != '\t') {
        binder.report(
            Diagnostic::error(node.span(), "a level is text on one line")
                .label("holds a line break or another control character")
                .help("each level is a field of the tables; put longer text in a file"),
        );
        return None;
    }
    Some(Value::Text(text.to_owned()))
}

/// A decimal number: `digits` × 10^`exponent`.
#[derive(Clone, Debug)]
struct Decimal {
    digits: BigInt,
    exponent: i64,
    whole: bool,
}

fn range(binder: &Binder<'_>, table: &DeTable<'_>, at: Range<usize>) -> Option<Vec<Value>> {
    let has = |key: &str| table.contains_key(key);
    let (keys, rule) = match (has("step"), has("factor")) {
        (true, false) => (&STEP_RANGE, "step"),
        (false, true) => (&FACTOR_RANGE, "factor"),
        (both, _) => {
            let what = if both { "both" } else { "neither" };
            binder.report(
                Diagnostic::error(at, format!("a range has `step` or `factor`, found {what}"))
                    .help("write { from = 1, to = 8, step = 1 } or { from = 1, to = 1_000, factor = 10 }"),
            );
            return None;
        }
    };
    binder.check_keys(table, keys, &[]);
    let number = |key: &str| {
        let Some(node) = table.get(key) else {
            binder.report(
                Diagnostic::error(at.clone(), format!("`{key}` is missing in this range"))
                    .help(format!("write {{ from = 1, to = 8, {rule} = 2 }}")),
            );
            return None;
        };
        decimal(binder, node)
    };
    let (from, to, by) = (number("from"), number("to"), number(rule));
    let (from, to, by) = (from?, to?, by?);
    let is_whole = from.whole && to.whole && by.whole;
    let ends = Ends { from, to, by, at };
    let (digits, exponents) = if rule == "step" {
        steps(binder, &ends)?
    } else {
        factors(binder, &ends)?
    };
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
        let float: f64 = format!("{digits}e{exponent}")
            .parse()
            .expect("digits and an exponent are a float");
        if !float.is_finite() || floats.last() == Some(&float) {
            binder.report(Diagnostic::error(
                at.clone(),
                "two levels of this range are the same number once they are rounded to 64 bits",
            ));
            return None;
        }
        floats.push(float);
    }
    Some(floats.into_iter().map(Value::Float).collect())
}

fn decimal(binder: &Binder<'_>, node: &Node<'_>) -> Option<Decimal> {
    match node.get_ref() {
        DeValue::Integer(digits) => Some(Decimal {
            digits: binder.integer(digits, node.span())?,
            exponent: 0,
            whole: true,
        }),
        DeValue::Float(float) => {
            let decimal = parse_decimal(float.as_str());
            if decimal.is_none() {
                binder.report(Diagnostic::error(
                    node.span(),
                    "expected a finite number of reasonable size",
                ));
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
    Some(Decimal {
        digits,
        exponent: exponent - decimals,
        whole: false,
    })
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
    let exponent = ends
        .from
        .exponent
        .min(ends.to.exponent)
        .min(ends.by.exponent);
    let [from, to, step] =
        [&ends.from, &ends.to, &ends.by].map(|decimal| decimal.at_exponent(exponent));
    let span = &to - &from;
    if step.is_zero() || (!span.is_zero() && span.is_negative() != step.is_negative()) {
        binder.report(
            Diagnostic::error(ends.at.clone(), "this range never gets from `from` to `to`")
                .help("a `step` above 0 goes up, one below 0 goes down"),
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
        let show = |digits: &BigInt| display(digits, exponent);
        binder.report(
            Diagnostic::error(ends.at.clone(), "`to` is not a level of this range")
                .help("both ends are levels")
                .help(format!(
                    "the levels nearest to it are {} and {}",
                    show(&reached),
                    show(&(&reached + &step))
                )),
        );
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

/// The levels `from`, `from × factor`, … `to`: digits and exponents.
fn factors(binder: &Binder<'_>, ends: &Ends) -> Option<(Vec<BigInt>, Vec<i64>)> {
    let refuse = |title: &str, help: &str| {
        binder.report(Diagnostic::error(ends.at.clone(), title).help(help));
    };
    let one = Decimal {
        digits: 1.into(),
        exponent: 0,
        whole: true,
    };
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
                .map_or_else(String::new, |(digits, &exponent)| {
                    format!("{} and ", display(digits, exponent))
                });
            let after = display(&level.digits, level.exponent);
            refuse(
                "`to` is not a level of this range",
                &format!("both ends are levels; the levels nearest to `to` are {before}{after}"),
            );
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
    let padded = format!(
        "{:0>width$}",
        digits.magnitude().to_string(),
        width = places + 1
    );
    let (whole, fraction) = padded.split_at(padded.len() - places);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

/// Digits as they may be written in TOML: `1_000_000`.
fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

/// Reports the size; always false.
fn too_many(binder: &Binder<'_>, at: &Range<usize>, count: &str) -> bool {
    let (count, limit) = (grouped(count), grouped(&MAX_LEVELS.to_string()));
    binder.report(
        Diagnostic::error(
            at.clone(),
            format!("{count} levels are more than the limit of {limit}"),
        )
        .label(format!("{count} levels"))
        .help("use a larger `step`, or a `factor`, or fewer axes"),
    );
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, String> {
        let value = DeValue::parse(text).expect("TOML");
        let binder = Binder::new(text);
        let levels = levels(&binder, &value, false);
        let problems = binder.into_problems();
        match levels {
            Some(levels) => Ok(levels.values.iter().map(Value::to_string).collect()),
            None => Err(problems.first().expect("a reason").title.clone()),
        }
    }

    #[test]
    fn decimal_steps_do_not_drift() {
        let read = read("{ from = 0.1, to = 0.9, step = 0.1 }").expect("a range");
        let expected = [
            "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9",
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn integer_ranges_are_exact_at_any_size() {
        let text =
            "{ from = 100_000_000_000_000_000_000, to = 100_000_000_000_000_000_004, step = 2 }";
        let expected = [
            "100000000000000000000",
            "100000000000000000002",
            "100000000000000000004",
        ];
        assert_eq!(read(text).expect("a range"), expected);
        let powers = read("{ from = 1, to = 1_000_000_000_000_000_000_000, factor = 10 }");
        assert_eq!(powers.expect("a range").len(), 22);
        assert_eq!(
            read("{ from = 8, to = 2, step = -3 }").expect("down"),
            ["8", "5", "2"]
        );
        assert_eq!(read("0xff"), Ok(vec!["255".into()]));
    }

    #[test]
    fn a_factor_may_have_decimals() {
        let read = read("{ from = 0.5, to = 1.6875, factor = 1.5 }").expect("a range");
        assert_eq!(read, ["0.5", "0.75", "1.125", "1.6875"]);
    }

    #[test]
    fn a_range_that_misses_its_end_is_refused() {
        let title = "`to` is not a level of this range";
        assert_eq!(read("{ from = 1, to = 8, step = 2 }"), Err(title.into()));
        assert_eq!(
            read("{ from = 1, to = 50, factor = 10 }"),
            Err(title.into())
        );
        assert!(read("{ from = 1, to = 8, step = 0 }").is_err());
        assert!(read("{ from = 1, to = 8, step = -1 }").is_err());
        assert!(read("{ from = 0, to = 8, factor = 2 }").is_err());
        assert!(read("{ from = 1, to = 8, factor = 1 }").is_err());
    }

    #[test]
    fn an_absurd_range_is_counted_not_expanded() {
        let title = read("{ from = 1, to = 1_000_000_000_000, step = 1 }").expect_err("too many");
        assert!(title.starts_with("1_000_000_000_000 levels"), "{title}");
    }

    #[test]
    fn the_same_level_twice_is_refused() {
        assert!(read("[1, 2, 1]").is_err());
        assert!(read("[0.1, 0.10]").is_err());
        assert!(read("[1, \"1\"]").is_err());
        assert!(read("[1, 1.0]").is_ok());
    }

    #[test]
    fn decimals_are_shown_as_people_write_them() {
        assert_eq!(display(&BigInt::from(-5), -2), "-0.05");
        assert_eq!(display(&BigInt::from(1500), -2), "15");
        assert_eq!(display(&BigInt::from(15), 2), "1500");
    }
}
