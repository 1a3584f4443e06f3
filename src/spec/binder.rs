//! Reading typed things out of a spanned TOML tree while collecting every problem.
//!
//! Owns the getters that all tables share: each either yields a value or records what was
//! expected, what was found and what to write instead. Knows no table by name.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use num_bigint::BigInt;
use regex::Regex;
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::diagnostics::{COLLECTED, Diagnostic, SHOWN, Severity};
use super::files::Files;
use super::keys::{Keys, RESERVED};
use super::suggest::{did_you_mean, listed};
use crate::design::{Name, ParamName, duration};

/// A value and its bytes in the file.
pub(super) type Node<'a> = Spanned<DeValue<'a>>;

/// Most parameters, workloads, strategies, rules or metrics that stand together.
pub(super) const MAX_ENTRIES: usize = 1_000;

/// Longest integer that is read, in digits: more is a slip, and slow.
const MAX_DIGITS: usize = 10_000;

/// Collects problems while the tree is walked.
pub(super) struct Binder<'a> {
    /// The file.
    pub(super) text: &'a str,
    problems: RefCell<Vec<Diagnostic>>,
    errors: Cell<usize>,
    cautions: Cell<usize>,
    /// Levels expanded so far, over all axes of the file.
    pub(super) levels: Cell<u64>,
    /// Levels that stand in other files, by the place where the file is named.
    pub(super) lines: RefCell<HashMap<usize, Vec<String>>>,
    /// The folder of the file.
    pub(super) base_dir: &'a Path,
    /// Where the files that it names are read.
    pub(super) files: &'a dyn Files,
    /// Regular expressions that were compiled: workloads often share one.
    pub(super) regexes: RefCell<HashMap<String, Regex>>,
}

impl<'a> Binder<'a> {
    /// A binder of a file that names no other file.
    #[cfg(test)]
    pub(super) fn new(text: &'a str) -> Self {
        Self::with_files(text, Path::new("/"), &super::files::NoFiles)
    }

    pub(super) fn with_files(text: &'a str, base_dir: &'a Path, files: &'a dyn Files) -> Self {
        Self {
            text,
            base_dir,
            files,
            problems: RefCell::default(),
            lines: RefCell::default(),
            errors: Cell::new(0),
            cautions: Cell::new(0),
            levels: Cell::new(0),
            regexes: RefCell::default(),
        }
    }

    pub(super) fn into_problems(self) -> Vec<Diagnostic> {
        self.problems.into_inner()
    }

    pub(super) fn report(&self, diagnostic: Diagnostic) {
        // Errors and cautions are counted apart, so that no crowd of cautions hides an error.
        let seen = match diagnostic.severity {
            Severity::Error => &self.errors,
            Severity::Caution => &self.cautions,
        };
        seen.set(seen.get() + 1);
        if seen.get() <= COLLECTED {
            self.problems.borrow_mut().push(diagnostic);
        }
    }

    /// Records an error with one line of advice; an empty line adds nothing.
    pub(super) fn refuse(&self, at: Range<usize>, title: impl AsRef<str>, help: impl AsRef<str>) {
        self.report(Diagnostic::error(at, title).help(help));
    }

    fn is_full(&self) -> bool {
        self.errors.get() >= COLLECTED
    }

    /// Records that `node` should have been `expected`, with a line of advice.
    pub(super) fn mismatch(&self, node: &Node<'_>, expected: &str, help: &str) {
        let found = self.found(node);
        self.report(
            Diagnostic::error(node.span(), format!("expected {expected}, found {found}"))
                .label(format!("expected {expected}"))
                .help(help),
        );
    }

    /// What stands in the file, in words: `the integer 30`, `a list`.
    pub(super) fn found(&self, node: &Node<'_>) -> String {
        let written = self.written(node);
        let short = written.chars().count() <= 40 && !written.contains('\n');
        match node.get_ref() {
            DeValue::String(_) if short => format!("the text {written}"),
            DeValue::String(_) => "a text".to_owned(),
            DeValue::Integer(_) if short => format!("the integer {written}"),
            DeValue::Integer(_) => "an integer".to_owned(),
            DeValue::Float(_) => format!("the number {written}"),
            DeValue::Boolean(value) => format!("{value}"),
            DeValue::Datetime(_) => format!("the date or time {written}"),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        }
    }

    /// The value as it is written in the file.
    pub(super) fn written(&self, node: &Node<'_>) -> &'a str {
        self.text.get(node.span()).unwrap_or_default()
    }

    /// Reports every key of `table` that `keys` (with `more`) does not list.
    pub(super) fn check_keys(&self, table: &DeTable<'_>, keys: &Keys) {
        for (key, _) in table {
            let name: &str = key.get_ref();
            if !keys.all_names().any(|known| known == name) {
                self.unknown_key(key, keys);
            }
        }
    }

    /// Reports one key that is not known: reserved, misspelt or strange.
    pub(super) fn unknown_key(&self, key: &Spanned<std::borrow::Cow<'_, str>>, keys: &Keys) {
        let name: &str = key.get_ref();
        if self.is_full() {
            return;
        }
        if let Some((_, what)) = RESERVED.iter().find(|(reserved, _)| *reserved == name) {
            self.refuse(
                key.span(),
                format!("not yet: `{name}` ({what}) comes in a later version"),
                "remove it for now",
            );
            return;
        }
        let known: Vec<&str> = keys.all_names().collect();
        let mut advice = did_you_mean(name, known.iter().copied());
        if advice.is_empty() {
            let all: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
            advice = format!("the keys of {} are {}", keys.place, all.join(", "));
        }
        self.report(
            Diagnostic::error(key.span(), format!("unknown key `{name}` in {}", keys.place))
                .label("unknown key")
                .help(advice),
        );
    }

    pub(super) fn string<'n>(
        &self,
        node: &'n Node<'_>,
        expected: &str,
        help: &str,
    ) -> Option<&'n str> {
        let text = node.get_ref().as_str();
        if text.is_none() {
            self.mismatch(node, expected, help);
        }
        text
    }

    pub(super) fn boolean(&self, node: &Node<'_>) -> Option<bool> {
        let value = node.get_ref().as_bool();
        if value.is_none() {
            self.mismatch(node, "`true` or `false`, without quotes", "");
        }
        value
    }

    pub(super) fn table<'n>(
        &self,
        node: &'n Node<'a>,
        expected: &str,
        help: &str,
    ) -> Option<&'n DeTable<'a>> {
        let table = node.get_ref().as_table();
        if table.is_none() {
            self.mismatch(node, expected, help);
        }
        table
    }

    /// The elements of a list that is not empty.
    pub(super) fn list<'n>(
        &self,
        node: &'n Node<'a>,
        expected: &str,
        help: &str,
    ) -> Option<&'n [Node<'a>]> {
        let Some(list) = node.get_ref().as_array() else {
            self.mismatch(node, expected, help);
            return None;
        };
        if list.is_empty() {
            self.report(
                Diagnostic::error(node.span(), "this list is empty")
                    .label(format!("expected {expected}"))
                    .help("put at least one element in it, or remove the key"),
            );
            return None;
        }
        Some(list)
    }

    /// Whether these are not too many: refuses more than [`MAX_ENTRIES`], since what they mean for
    /// one another is looked at pair by pair.
    pub(super) fn are_few(&self, at: Range<usize>, count: usize, what: &str) -> bool {
        if count > MAX_ENTRIES {
            let title = format!("{count} {what} in one list: at most {MAX_ENTRIES} are read");
            self.refuse(
                at,
                title,
                "put what varies into the levels of a parameter, or into several files",
            );
        }
        count <= MAX_ENTRIES
    }

    /// Whether so many errors were found that advice on further ones helps nobody.
    pub(super) fn is_crowded(&self) -> bool {
        self.errors.get() > 2 * SHOWN
    }

    /// A whole number from `least` to `most`; `what` names the key.
    pub(super) fn count<T>(&self, node: &Node<'_>, what: &str, (least, most): (T, T)) -> Option<T>
    where
        T: Copy + PartialOrd + std::fmt::Display + for<'b> TryFrom<&'b BigInt>,
        BigInt: From<T>,
    {
        let DeValue::Integer(digits) = node.get_ref() else {
            self.mismatch(node, "a whole number", &number_advice(node));
            return None;
        };
        let value = self.integer(digits, node.span())?;
        let count = T::try_from(&value).ok().filter(|count| (least..=most).contains(count));
        if count.is_none() {
            let limit = if value < BigInt::from(least) {
                format!("at least {least}")
            } else {
                format!("at most {most}")
            };
            self.report(
                Diagnostic::error(
                    node.span(),
                    format!("`{what}` must be {limit}, found {}", self.written(node)),
                )
                .label(format!("must be {limit}")),
            );
        }
        count
    }

    /// An integer of any size that a person could have meant.
    pub(super) fn integer(&self, digits: &DeInteger<'_>, at: Range<usize>) -> Option<BigInt> {
        if digits.as_str().len() > MAX_DIGITS {
            self.refuse(at, format!("an integer has at most {MAX_DIGITS} digits"), "");
            return None;
        }
        let value = BigInt::parse_bytes(digits.as_str().as_bytes(), digits.radix());
        if value.is_none() {
            self.refuse(at, "this is not an integer", "");
        }
        value
    }

    /// A finite number, whole or not.
    pub(super) fn number(&self, node: &Node<'_>) -> Option<f64> {
        let number = match node.get_ref() {
            DeValue::Integer(digits) => digits.to_string().parse::<f64>().ok(),
            DeValue::Float(float) => float.as_str().parse::<f64>().ok(),
            _ => {
                self.mismatch(node, "a number", &number_advice(node));
                return None;
            }
        };
        let number = number.filter(|number| number.is_finite());
        if number.is_none() {
            self.refuse(node.span(), "expected a finite number", "");
        }
        number
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&self, node: &Node<'_>, words: &[(&str, T)]) -> Option<T> {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let Some(text) = node.get_ref().as_str() else {
            self.mismatch(node, &format!("one of {}, in quotes", listed(&known)), "");
            return None;
        };
        let value = words.iter().find(|(word, _)| *word == text);
        if value.is_none() {
            self.refuse(
                node.span(),
                format!("`{text}` is not one of {}", listed(&known)),
                did_you_mean(text, known),
            );
        }
        value.map(|(_, value)| *value)
    }

    /// A duration with a unit, longer than nothing.
    pub(super) fn duration(&self, node: &Node<'_>, key: &str) -> Option<Duration> {
        let expected = "a duration as text with a unit, such as \"10m\"";
        let help = match node.get_ref() {
            DeValue::Integer(_) | DeValue::Float(_) => {
                format!("for seconds write {key} = \"{}s\"", self.written(node))
            }
            _ => String::new(),
        };
        let text = self.string(node, expected, &help)?;
        match duration::parse(text) {
            Ok(duration) if duration.is_zero() => {
                self.refuse(node.span(), format!("`{key}` must be longer than nothing"), "");
                None
            }
            Ok(duration) => Some(duration),
            Err(reason) => {
                let bare = text.trim().parse::<f64>().is_ok_and(|seconds| seconds > 0.0);
                let help = if bare {
                    format!("for seconds write {key} = \"{}s\"", text.trim())
                } else {
                    String::new()
                };
                self.refuse(node.span(), reason, help);
                None
            }
        }
    }

    /// The name of a workload or strategy, from its key.
    pub(super) fn name(&self, text: &str, at: Range<usize>) -> Option<Name> {
        Name::new(text)
            .map_err(|reason| {
                self.report(
                    Diagnostic::error(at, format!("the name `{text}` is refused: {reason}"))
                        .label("choose another name"),
                );
            })
            .ok()
    }

    /// The name of a parameter or metric.
    pub(super) fn param_name(&self, text: &str, at: Range<usize>) -> Option<ParamName> {
        ParamName::new(text)
            .map_err(|reason| {
                let folded: String = text
                    .to_lowercase()
                    .chars()
                    .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
                    .collect();
                let help = ParamName::new(&folded)
                    .map_or_else(|_| String::new(), |_| format!("for example `{folded}`"));
                self.report(
                    Diagnostic::error(at, format!("the name `{text}` is refused: {reason}"))
                        .label("choose another name")
                        .help(help),
                );
            })
            .ok()
    }

    /// Where in the file a decoded string begins, if it is written without escapes.
    pub(super) fn start(&self, node: &Node<'_>) -> Option<usize> {
        let place = self.inside(node, &(0..0));
        (place.is_empty()).then_some(place.start)
    }

    /// The bytes in the file of the bytes `inner` of a decoded string: exact where the string is
    /// written without escapes, the whole string otherwise.
    pub(super) fn inside(&self, node: &Node<'_>, inner: &Range<usize>) -> Range<usize> {
        let span = node.span();
        let (written, Some(decoded)) = (self.written(node), node.get_ref().as_str()) else {
            return span;
        };
        let quotes = if written.starts_with("\"\"\"") || written.starts_with("'''") {
            let after = &written[3..];
            // A line break right after the opening quotes is not part of the text.
            3 + if after.starts_with("\r\n") { 2 } else { usize::from(after.starts_with('\n')) }
        } else {
            1
        };
        match written.get(quotes..quotes + decoded.len()) {
            Some(same) if same == decoded => {
                let start = span.start + quotes;
                start + inner.start..start + inner.end
            }
            _ => span,
        }
    }
}

/// How a value that was meant as a number is written.
pub(super) fn number_advice(node: &Node<'_>) -> String {
    match node.get_ref() {
        DeValue::String(text) if text.trim().parse::<f64>().is_ok_and(f64::is_finite) => {
            format!("write it without quotes: {}", text.trim())
        }
        DeValue::Float(float) => match float.as_str().parse::<f64>() {
            Ok(value) if value.fract() == 0.0 && value.abs() < 1e15 => {
                format!("write {value:.0}")
            }
            _ => String::new(),
        },
        _ => String::new(),
    }
}
