//! Axes: one level, a list of levels, a range of them, or levels from files.
//!
//! Owns what a level may be and how many there may be; the arithmetic of ranges is in `range`.

use std::collections::HashSet;
use std::ops::Range;

use toml::de::DeValue;

use super::binder::{Binder, Node};
use super::diagnostics::Diagnostic;
use super::range::range;
use super::sweep;
use crate::design::{Level, Value};

/// Most levels in one file.
pub(super) const MAX_LEVELS: u64 = 10_000_000;

/// Levels and where each is written; a range has one place for all.
pub(super) struct Levels {
    pub(super) levels: Vec<Level>,
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
pub(super) fn levels<'a>(binder: &Binder<'a>, node: &Node<'a>, is_list: bool) -> Option<Levels> {
    let found = read(binder, node, is_list)?;
    let count = found.levels.len() as u64;
    let total = binder.levels.get().saturating_add(count);
    binder.levels.set(total);
    (total <= MAX_LEVELS || too_many(binder, &node.span(), &total.to_string())).then_some(found)
}

fn read<'a>(binder: &Binder<'a>, node: &Node<'a>, is_list: bool) -> Option<Levels> {
    let found = match node.get_ref() {
        DeValue::Table(table) if sweep::is_labelled(table) => {
            single(node, level(binder, node, is_list)?)
        }
        DeValue::Table(table) => {
            if is_list {
                binder.mismatch(
                    node,
                    "a list, or a list of lists as an axis",
                    "each level of this parameter is a list; write the lists out",
                );
                return None;
            }
            let levels = if sweep::is_sweep(table) {
                sweep::levels(binder, table, node)?
            } else {
                range(binder, table, node.span())?.into_iter().map(Level::from).collect()
            };
            Levels { levels, places: Vec::new(), whole: node.span() }
        }
        DeValue::Array(list) => {
            let is_level = |item: &Node<'_>| item.get_ref().is_array() || item.get_ref().is_table();
            if is_list && !list.iter().any(is_level) {
                single(node, list_level(binder, node)?.into())
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
        // A text that begins with `==` begins with `=`: one alone marks an expression.
        DeValue::String(text) if text.starts_with("==") => {
            single(node, text_level(binder, node, &text[1..])?.into())
        }
        _ => single(node, scalar(binder, node)?.into()),
    };
    Some(found)
}

fn single(node: &Node<'_>, level: Level) -> Levels {
    Levels { levels: vec![level], places: vec![node.span()], whole: node.span() }
}

fn listed<'a>(binder: &Binder<'a>, node: &Node<'a>, is_list: bool) -> Option<Levels> {
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
    let levels: Vec<Option<Level>> =
        items.iter().map(|item| level(binder, item, is_list)).collect();
    let levels = levels.into_iter().collect::<Option<Vec<Level>>>()?;
    let levels =
        Levels { levels, places: items.iter().map(Node::span).collect(), whole: node.span() };
    are_distinct(binder, items, &levels.levels).then_some(levels)
}

/// One level, with or without a label.
fn level<'a>(binder: &Binder<'a>, node: &Node<'a>, is_list: bool) -> Option<Level> {
    let value = |node: &Node<'a>| {
        if is_list { list_level(binder, node) } else { scalar(binder, node) }
    };
    match node.get_ref() {
        DeValue::Table(table) if sweep::is_labelled(table) => sweep::labelled(binder, node, &value),
        _ => value(node).map(Level::from),
    }
}

fn are_distinct(binder: &Binder<'_>, items: &[Node<'_>], levels: &[Level]) -> bool {
    let (mut values, mut shown) = (HashSet::new(), HashSet::new());
    for (item, level) in items.iter().zip(levels) {
        if !values.insert(level.value().to_string()) {
            binder.refuse(
                item.span(),
                format!("the level {} is here twice", binder.written(item)),
                "remove it; `repeats` says how often each cell is measured",
            );
            return false;
        }
        if !shown.insert(level.to_string()) {
            binder.refuse(
                item.span(),
                format!("two levels of this axis are called `{level}`"),
                "choose another label: the tables could not tell them apart",
            );
            return false;
        }
    }
    true
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
        DeValue::Float(float) => float_level(binder, node, float.as_str()),
        DeValue::Boolean(value) => Some(Value::Boolean(*value)),
        DeValue::String(text) => text_level(binder, node, text),
        DeValue::Datetime(_) => {
            binder.report(
                Diagnostic::error(node.span(), "a date cannot be a level")
                    .label("a date")
                    .help(format!("write it as text, in quotes: \"{}\"", binder.written(node))),
            );
            None
        }
        DeValue::Array(_) => {
            binder.refuse(
                node.span(),
                "a level of this parameter cannot be a list",
                "only a kernel's parameter that is a list itself takes a list of lists",
            );
            None
        }
        DeValue::Table(_) => {
            binder.mismatch(
                node,
                "an integer, a float, a boolean or a text",
                "a range stands alone: n = { from = 1, to = 8, step = 1 }; a level with a label is { value = …, label = \"…\" }",
            );
            None
        }
    }
}

fn float_level(binder: &Binder<'_>, node: &Node<'_>, digits: &str) -> Option<Value> {
    let value = digits.parse().ok().filter(|value: &f64| value.is_finite());
    if value.is_none() {
        let title = format!("{} cannot be a level", binder.written(node));
        binder.report(
            Diagnostic::error(node.span(), title)
                .label("not a finite number")
                .help("if the program takes it as a word, write it in quotes"),
        );
    }
    value.map(Value::Float)
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
pub(super) fn too_many(binder: &Binder<'_>, at: &Range<usize>, count: &str) -> bool {
    let (count, limit) = (grouped(count), grouped(&MAX_LEVELS.to_string()));
    binder.report(
        Diagnostic::error(at.clone(), format!("{count} levels are more than the limit of {limit}"))
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
            Some(levels) => Ok(levels.levels.iter().map(Level::to_string).collect()),
            None => Err(problems.first().expect("a reason").title.clone()),
        }
    }

    #[test]
    fn decimal_steps_do_not_drift() {
        let read = read("{ from = 0.1, to = 0.9, step = 0.1 }").expect("a range");
        let expected = ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9"];
        assert_eq!(read, expected);
    }

    #[test]
    fn integer_ranges_are_exact_at_any_size() {
        let text =
            "{ from = 100_000_000_000_000_000_000, to = 100_000_000_000_000_000_004, step = 2 }";
        let expected = ["100000000000000000000", "100000000000000000002", "100000000000000000004"];
        assert_eq!(read(text).expect("a range"), expected);
        let powers = read("{ from = 1, to = 1_000_000_000_000_000_000_000, factor = 10 }");
        assert_eq!(powers.expect("a range").len(), 22);
        assert_eq!(read("{ from = 8, to = 2, step = -3 }").expect("down"), ["8", "5", "2"]);
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
        assert_eq!(read("{ from = 1, to = 50, factor = 10 }"), Err(title.into()));
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
}
