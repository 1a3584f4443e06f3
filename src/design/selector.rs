//! Selectors: which cells a rule or a condition means. A selector names factors and, for each,
//! the levels that are meant: exactly, by a pattern or by a comparison.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;

use super::name::ParamName;
use super::number::Number;
use super::parameter::Level;
use super::value::Value;

/// All of its entries must hold. Never empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Selector {
    /// Bytes of the experiment file.
    pub at: Range<usize>,
    /// In the order of the file.
    pub entries: Vec<Entry>,
}

impl Selector {
    /// As it is written in the file: `cc = "gcc*", n = ">= 1000"`.
    #[must_use]
    pub fn written(&self) -> String {
        let entries = self.entries.iter();
        let words: Vec<String> =
            entries.map(|entry| format!("{} = {}", entry.subject, entry.written)).collect();
        words.join(", ")
    }
}

/// One factor and which of its levels are meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The factor.
    pub subject: Subject,
    /// Any of these.
    pub patterns: Vec<Pattern>,
    /// The levels as they are written in the file, for messages.
    pub written: String,
    /// Bytes of the experiment file.
    pub at: Range<usize>,
}

/// What a selector can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The name of the workload.
    Workload,
    /// The name of the strategy.
    Strategy,
    /// The number of workers.
    Workers,
    /// A parameter.
    Param(ParamName),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workload => f.write_str("workload"),
            Self::Strategy => f.write_str("strategy"),
            Self::Workers => f.write_str("workers"),
            Self::Param(name) => name.fmt(f),
        }
    }
}

/// Which levels are meant.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    /// This level, by its value or its label.
    Equal(Value),
    /// Text levels and labels of this form.
    Glob(glob::Pattern),
    /// Levels that compare so with this one: numbers with numbers, text with text.
    Compare(Operator, Value),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `!=`
    Unequal,
    /// `==`
    Equal,
}

/// Every comparison as it is written, the longer ones first.
pub const OPERATORS: [(&str, Operator); 6] = [
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("!=", Operator::Unequal),
    ("==", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

impl Operator {
    /// Whether things that compare so satisfy it.
    #[must_use]
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
            Self::Unequal => order.is_ne(),
            Self::Equal => order.is_eq(),
        }
    }
}

impl Entry {
    /// Whether the level is meant.
    #[must_use]
    pub fn holds(&self, level: &Level) -> bool {
        self.patterns.iter().any(|pattern| pattern.holds(level))
    }
}

impl Pattern {
    fn holds(&self, level: &Level) -> bool {
        let label = level.label().map(super::name::Name::as_str);
        match self {
            Self::Equal(Value::Text(text)) if label == Some(text.as_str()) => true,
            Self::Equal(value) => level.value() == value,
            Self::Glob(pattern) => {
                let text = match level.value() {
                    Value::Text(text) => Some(text.as_str()),
                    _ => None,
                };
                [text, label].into_iter().flatten().any(|text| pattern.matches(text))
            }
            // What cannot be compared is unequal.
            Self::Compare(operator, bound) => compare(level.value(), bound)
                .map_or(*operator == Operator::Unequal, |order| operator.holds(order)),
        }
    }
}

/// Numbers by size, text by its bytes; other pairs have no order.
fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Text(one), Value::Text(other)) => Some(one.cmp(other)),
        (Value::Boolean(one), Value::Boolean(other)) => Some(one.cmp(other)),
        _ => Some(Number::of(one)?.cmp(&Number::of(other)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(operator: Operator, level: Value, bound: Value) -> bool {
        Pattern::Compare(operator, bound).holds(&Level::from(level))
    }

    #[test]
    fn numbers_are_compared_exactly_whatever_their_type() {
        let big = Value::Integer("9007199254740993".parse().expect("digits"));
        let near = Value::Float(9_007_199_254_740_992.0);
        assert!(holds(Operator::Greater, big.clone(), near));
        assert!(holds(Operator::AtLeast, Value::Integer(1.into()), Value::Float(1.0)));
        assert!(!holds(Operator::Less, Value::Text("5".into()), Value::Integer(7.into())));
        assert!(holds(Operator::Unequal, Value::Text("5".into()), Value::Integer(5.into())));
    }

    #[test]
    fn a_pattern_means_text_and_labels() {
        let glob = Pattern::Glob(glob::Pattern::new("gcc*").expect("valid"));
        assert!(glob.holds(&Value::Text("gcc-12".into()).into()));
        assert!(!glob.holds(&Value::Text("clang".into()).into()));
        let name = crate::design::Name::new("gcc, long").expect("a name");
        assert!(glob.holds(&Level::from(Value::Integer(1.into())).labelled(name)));
    }
}
