//! Derived parameters: a small, total language of expressions over the other parameters.
//!
//! It has no loops, no input and no state; every number is exact, and every size is limited, so
//! that each expression ends soon with a value or with a reason and its place.

mod evaluate;
mod lexer;
mod parser;

use std::ops::Range;

use super::number::Number;

pub use evaluate::evaluate;
pub use parser::{FUNCTIONS, parse};

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// What it is.
    pub kind: Kind,
    /// Bytes in the source text.
    pub at: Range<usize>,
}

/// The forms of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A literal number.
    Number(Number),
    /// A literal text.
    Text(String),
    /// `true` or `false`.
    Boolean(bool),
    /// A parameter, `workers` or `tasks`.
    Name(String),
    /// `-x` or `not x`.
    Unary(&'static str, Box<Expression>),
    /// `x + y`, `x and y`, `x <= y`, …
    Binary(&'static str, Box<[Expression; 2]>),
    /// `min(x, y)`, …
    Call(&'static str, Vec<Expression>),
}

/// Why an expression cannot be read or has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Bytes in the source text.
    pub at: Range<usize>,
    /// What is wrong.
    pub title: String,
    /// What to write instead; may be empty.
    pub help: String,
}

impl Mistake {
    fn new(at: Range<usize>, title: impl Into<String>, help: impl Into<String>) -> Self {
        Self { at, title: title.into(), help: help.into() }
    }
}

impl Expression {
    /// Every name in it and where it stands, in order of appearance.
    #[must_use]
    pub fn names(&self) -> Vec<(&str, Range<usize>)> {
        let mut names = Vec::new();
        self.collect_names(&mut names);
        names
    }

    fn collect_names<'a>(&'a self, names: &mut Vec<(&'a str, Range<usize>)>) {
        match &self.kind {
            Kind::Name(name) => names.push((name, self.at.clone())),
            Kind::Unary(_, inner) => inner.collect_names(names),
            Kind::Binary(_, sides) => sides.iter().for_each(|side| side.collect_names(names)),
            Kind::Call(_, arguments) => {
                arguments.iter().for_each(|argument| argument.collect_names(names));
            }
            Kind::Number(_) | Kind::Text(_) | Kind::Boolean(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
