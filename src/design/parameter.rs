//! Independent variables and the levels they take.

use std::fmt;

use super::name::{Name, ParamName};
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

/// A parameter and its levels, in declaration order. There is at least one level.
#[derive(Clone, Debug, PartialEq)]
pub struct Factor {
    /// The parameter's name.
    pub name: ParamName,
    levels: Vec<Level>,
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
        (!levels.is_empty()).then_some(Self { name, levels })
    }

    /// The levels; never empty.
    #[must_use]
    pub fn levels(&self) -> &[Level] {
        &self.levels
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
