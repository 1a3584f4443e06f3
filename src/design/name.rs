//! Names that people choose: free text for things, strict identifiers for parameters.

use std::fmt;

/// Longest name of a workload, strategy or profile, in characters.
pub const MAX_NAME_CHARS: usize = 64;

/// The name of a workload or strategy: free text in any script, at most 64 characters.
///
/// Refused are `/`, `\`, control characters, a leading dot and spaces at the edges, because the
/// name becomes part of paths, messages and table cells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Box<str>);

/// Why a name was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The name has no characters.
    #[error("a name must not be empty")]
    Empty,
    /// More than 64 characters.
    #[error("a name has at most 64 characters")]
    TooLong,
    /// `/` or `\`.
    #[error("a name must not contain `/` or `\\`")]
    Slash,
    /// A control character, such as a line break.
    #[error("a name must not contain control characters")]
    Control,
    /// A dot at the start.
    #[error("a name must not start with a dot")]
    LeadingDot,
    /// White space at the start or the end.
    #[error("a name must not start or end with a space")]
    EdgeSpace,
    /// Not `[a-z][a-z0-9_]*`.
    #[error(
        "a parameter or metric is named with small letters, digits and `_`, a letter first, at most 64 characters"
    )]
    NotIdentifier,
}

impl Name {
    /// Checks `text` and makes it a name.
    pub fn new(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.chars().count() > MAX_NAME_CHARS {
            return Err(NameError::TooLong);
        }
        if text.contains(['/', '\\']) {
            return Err(NameError::Slash);
        }
        if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            return Err(NameError::Control);
        }
        if text.starts_with('.') {
            return Err(NameError::LeadingDot);
        }
        if text.trim() != text {
            return Err(NameError::EdgeSpace);
        }
        Ok(Self(text.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The name of a parameter or metric: `[a-z][a-z0-9_]*`, because it is a column header and a
/// placeholder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParamName(Box<str>);

impl ParamName {
    /// Checks `text` and makes it a parameter name.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let mut chars = text.chars();
        let starts = chars.next().is_some_and(|c| c.is_ascii_lowercase());
        let goes_on = chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if starts && goes_on && text.len() <= MAX_NAME_CHARS {
            Ok(Self(text.into()))
        } else {
            Err(NameError::NotIdentifier)
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ParamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_free_text_in_any_script() {
        for text in ["-O3", "a.b", "c++", "二つの 列", "'quoted'", "=1+1"] {
            assert_eq!(Name::new(text).expect("a valid name").as_str(), text);
        }
    }

    #[test]
    fn names_that_break_paths_or_tables_are_refused() {
        assert_eq!(Name::new(""), Err(NameError::Empty));
        assert_eq!(Name::new("a/b"), Err(NameError::Slash));
        assert_eq!(Name::new("a\\b"), Err(NameError::Slash));
        assert_eq!(Name::new("a\nb"), Err(NameError::Control));
        assert_eq!(Name::new(".hidden"), Err(NameError::LeadingDot));
        assert_eq!(Name::new(" a"), Err(NameError::EdgeSpace));
        assert_eq!(Name::new("a "), Err(NameError::EdgeSpace));
        assert_eq!(Name::new(&"字".repeat(65)), Err(NameError::TooLong));
        assert!(Name::new(&"字".repeat(64)).is_ok());
    }

    #[test]
    fn parameter_names_are_identifiers() {
        assert!(ParamName::new("n_2").is_ok());
        for text in ["", "N", "2n", "a-b", "a b", "é"] {
            assert_eq!(ParamName::new(text), Err(NameError::NotIdentifier), "{text}");
        }
    }
}
