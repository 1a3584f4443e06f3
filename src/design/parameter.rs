//! Independent variables and the levels they take.

use std::fmt;
use std::ops::Range;

use super::expression::Expression;
use super::name::{Name, ParamName};
use super::selector::Selector;
use super::value::Value;

/// One level of a parameter: the value that programs get, and what is known about it. Its
/// `Display` is what people read: the label if there is one, else the value.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    value: Value,
    // Few levels have notes, and a file may have ten million levels.
    notes: Option<Box<Notes>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Notes {
    label: Option<Name>,
    digest: Option<String>,
}

impl Level {
    /// The same level under a name for people.
    #[must_use]
    pub fn labelled(mut self, label: Name) -> Self {
        self.notes.get_or_insert_default().label = Some(label);
        self
    }

    /// The same level, being a file whose content has this SHA-256.
    #[must_use]
    pub fn with_digest(mut self, digest: String) -> Self {
        self.notes.get_or_insert_default().digest = Some(digest);
        self
    }

    /// What commands and kernels get.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// What tables and figures show instead of the value.
    #[must_use]
    pub fn label(&self) -> Option<&Name> {
        self.notes.as_ref()?.label.as_ref()
    }

    /// SHA-256, in hex, of the content of the file that the value names.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.notes.as_ref()?.digest.as_deref()
    }
}

impl From<Value> for Level {
    fn from(value: Value) -> Self {
        Self { value, notes: None }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.label() {
            Some(label) => label.fmt(f),
            None => self.value.fmt(f),
        }
    }
}

/// A parameter and its levels, in declaration order, or how its level follows from others.
#[derive(Clone, Debug, PartialEq)]
pub struct Factor {
    /// The parameter's name.
    pub name: ParamName,
    levels: Vec<Level>,
    formula: Option<Box<Formula>>,
    condition: Option<Box<Condition>>,
}

/// How a level follows from other parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    /// The expression; its places are bytes of the text.
    pub expression: Expression,
    /// Bytes of the experiment file.
    pub at: Range<usize>,
    /// Where in the file the text begins, if it is written there as it is.
    pub start: Option<usize>,
}

impl Formula {
    /// The bytes of the file for bytes of the text.
    #[must_use]
    pub fn place(&self, inner: &Range<usize>) -> Range<usize> {
        match self.start {
            Some(start) => start + inner.start..start + inner.end,
            None => self.at.clone(),
        }
    }
}

/// In which cells a parameter applies.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Where it applies.
    pub when: Selector,
    /// Its level everywhere else; none when `None`.
    pub otherwise: Option<Level>,
}

impl Factor {
    /// A factor with these values as levels; `None` when there are none.
    #[must_use]
    pub fn new(name: ParamName, values: Vec<Value>) -> Option<Self> {
        Self::of_levels(name, values.into_iter().map(Level::from).collect())
    }

    /// A factor with these levels; `None` when there are none.
    #[must_use]
    pub fn of_levels(name: ParamName, levels: Vec<Level>) -> Option<Self> {
        (!levels.is_empty()).then_some(Self { name, levels, formula: None, condition: None })
    }

    /// A factor whose level is calculated in each cell.
    #[must_use]
    pub fn derived(name: ParamName, formula: Formula) -> Self {
        let formula = Some(Box::new(formula));
        Self { name, levels: Vec::new(), formula, condition: None }
    }

    /// The same factor, applying only where a condition holds.
    #[must_use]
    pub fn only(mut self, condition: Condition) -> Self {
        self.condition = Some(Box::new(condition));
        self
    }

    /// The levels; empty only for a derived parameter.
    #[must_use]
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// How the level is calculated, for a derived parameter.
    #[must_use]
    pub fn formula(&self) -> Option<&Formula> {
        self.formula.as_deref()
    }

    /// Where the parameter applies, if not everywhere.
    #[must_use]
    pub fn condition(&self) -> Option<&Condition> {
        self.condition.as_deref()
    }
}

/// One parameter at one level.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// The parameter's name.
    pub name: ParamName,
    /// Its level.
    pub value: Value,
}
