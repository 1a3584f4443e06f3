//! Text with `{placeholders}`: parsed once, substituted in one pass, so that a value that looks
//! like a placeholder stays what it is.

use std::ops::Range;

/// Placeholders that every trial offers besides parameters.
pub const BUILT_IN: [&str; 9] = [
    "workload",
    "strategy",
    "workers",
    "tasks",
    "seed",
    "repeat",
    "trial_id",
    "trial_dir",
    REV_DIR,
];

/// The placeholder for the folder of a revision.
pub const REV_DIR: &str = "rev_dir";
/// The parameter whose level is the revision.
pub const REVISION: &str = "revision";

/// Whether a placeholder makes use of a parameter: of its own name, or through the folder that each
/// revision has.
#[must_use]
pub fn stands_for(placeholder: &str, parameter: &str) -> bool {
    placeholder == parameter || (placeholder == REV_DIR && parameter == REVISION)
}

/// A parsed text: literals and placeholders in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text that stays.
    Literal(String),
    /// A name in braces, and its bytes in the text, braces included.
    Placeholder {
        /// The name between the braces.
        name: String,
        /// Byte range in the source text.
        at: Range<usize>,
    },
}

/// What is wrong with a template, and where (bytes in the text).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `{` without `}`.
    #[error("`{{` is never closed; write `{{{{` for a brace")]
    Unclosed(Range<usize>),
    /// `}` without `{`.
    #[error("`}}` without `{{`; write `}}}}` for a brace")]
    Unopened(Range<usize>),
    /// `{}` or a name with other characters than letters, digits and `_`.
    #[error("`{{{0}}}` is not a placeholder; write `{{{{` and `}}}}` for braces")]
    BadName(String, Range<usize>),
}

impl TemplateError {
    /// The bytes that are at fault.
    #[must_use]
    pub fn at(&self) -> Range<usize> {
        match self {
            Self::Unclosed(at) | Self::Unopened(at) | Self::BadName(_, at) => at.clone(),
        }
    }
}

impl Template {
    /// Parses `text`; `{{` and `}}` are braces.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut chars = text.char_indices().peekable();
        while let Some((start, c)) = chars.next() {
            match c {
                '{' if chars.peek().is_some_and(|&(_, next)| next == '{') => {
                    chars.next();
                    literal.push('{');
                }
                '}' if chars.peek().is_some_and(|&(_, next)| next == '}') => {
                    chars.next();
                    literal.push('}');
                }
                '}' => return Err(TemplateError::Unopened(start..start + 1)),
                '{' => {
                    let Some(length) = text[start..].find('}') else {
                        return Err(TemplateError::Unclosed(start..start + 1));
                    };
                    let end = start + length + 1;
                    let name = &text[start + 1..end - 1];
                    if !is_placeholder_name(name) {
                        return Err(TemplateError::BadName(name.to_owned(), start..end));
                    }
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    }
                    pieces.push(Piece::Placeholder { name: name.to_owned(), at: start..end });
                    while chars.peek().is_some_and(|&(at, _)| at < end) {
                        chars.next();
                    }
                }
                other => literal.push(other),
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self { pieces })
    }

    /// A template without placeholders.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        Self { pieces: vec![Piece::Literal(text.to_owned())] }
    }

    /// The parts, in order.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The names used, in order of appearance.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Placeholder { name, .. } => Some(name.as_str()),
            Piece::Literal(_) => None,
        })
    }

    /// The text that parses to this template, for identities and displays.
    #[must_use]
    pub fn source(&self) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => {
                    text.push_str(&literal.replace('{', "{{").replace('}', "}}"));
                }
                Piece::Placeholder { name, .. } => {
                    text.push('{');
                    text.push_str(name);
                    text.push('}');
                }
            }
        }
        text
    }

    /// Substitutes in one pass. `look_up` knows every name, since the file was checked.
    #[must_use]
    pub fn render(&self, look_up: &dyn Fn(&str) -> String) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Placeholder { name, .. } => text.push_str(&look_up(name)),
            }
        }
        text
    }
}

fn is_placeholder_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substitution_is_one_pass() {
        let template = Template::parse("--n={n} {m}").expect("valid");
        let text = template.render(&|name| format!("{{{name}}}{{m}}"));
        assert_eq!(text, "--n={n}{m} {m}{m}");
    }

    #[test]
    fn doubled_braces_are_braces() {
        let template = Template::parse("awk '{{print $1}}' {n}").expect("valid");
        assert_eq!(template.render(&|_| "7".into()), "awk '{print $1}' 7");
        assert_eq!(template.names().collect::<Vec<_>>(), ["n"]);
    }

    #[test]
    fn mistakes_have_a_place() {
        assert_eq!(Template::parse("a{n").expect_err("open").at(), 1..2);
        assert_eq!(Template::parse("a}n").expect_err("unopened").at(), 1..2);
        assert_eq!(Template::parse("é{ }").expect_err("no name").at(), 2..5);
    }
}
