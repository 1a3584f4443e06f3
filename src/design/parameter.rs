//! Independent variables and the levels they take.

use super::name::ParamName;
use super::value::Value;

/// A parameter and its levels, in declaration order. There is at least one level.
#[derive(Clone, Debug, PartialEq)]
pub struct Factor {
    /// The parameter's name.
    pub name: ParamName,
    levels: Vec<Value>,
}

impl Factor {
    /// A factor with these levels; `None` when there are none.
    #[must_use]
    pub fn new(name: ParamName, levels: Vec<Value>) -> Option<Self> {
        (!levels.is_empty()).then_some(Self { name, levels })
    }

    /// The levels; never empty.
    #[must_use]
    pub fn levels(&self) -> &[Value] {
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
