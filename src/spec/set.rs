//! `--set path=value`: one value put into the document before it is read.
//!
//! Owns the syntax: the path is a dotted TOML key, the value is TOML, and a bare word that is not
//! TOML is text. What a path means is judged later, with the rest of the document.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::binder::Node;
use super::diagnostics::Diagnostic;
use super::merge::{Key, moved_key, moved_node};
use super::sources::SET_PREFIX;

/// One assignment.
pub(super) struct Assignment<'a> {
    pub(super) keys: Vec<Key<'a>>,
    pub(super) value: Node<'a>,
}

const EXAMPLE: &str = "write --set protocol.repeats=5, or --set 'params.n=[10, 100]'";

/// Reads one assignment out of all texts; `at` is the place of `--set path=value`.
pub(super) fn parse(all: &str, at: Range<usize>) -> Result<Assignment<'_>, Diagnostic> {
    let start = at.start + SET_PREFIX.len();
    let text = &all[start..at.end];
    let Some(equals) = unquoted_equals(text) else {
        return Err(Diagnostic::error(start..at.end, "`--set` needs path=value").help(EXAMPLE));
    };
    let keys = path(&text[..equals], start)?;
    let value = value(&text[equals + 1..], start + equals + 1)?;
    Ok(Assignment { keys, value })
}

/// Refuses to set what is read before `--set` is looked at.
pub(super) fn check(assignment: &Assignment<'_>) -> Result<(), Diagnostic> {
    let first = &assignment.keys[0];
    let help = match first.get_ref().as_ref() {
        "extends" => "write it into the file",
        "profiles" => "choose a profile with --profile NAME, and set the value itself",
        _ => return Ok(()),
    };
    let title = format!("`{}` cannot be set on the command line", first.get_ref());
    Err(Diagnostic::error(first.span(), title).help(help))
}

/// The first `=` that does not stand in quotes.
fn unquoted_equals(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '=') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    None
}

fn path(text: &str, start: usize) -> Result<Vec<Key<'_>>, Diagnostic> {
    let refused = || {
        Diagnostic::error(start..start + text.len(), "this is not a path of keys")
            .help("a path is keys with dots between them; other names stand in quotes: workloads.\"two words\".tasks")
            .help(EXAMPLE)
    };
    if text.contains('\n') || text.trim().is_empty() {
        return Err(refused());
    }
    // A key alone is not TOML: the parser sees it with a value. The trees do not outlive this
    // text, so the keys are copied out.
    let line = format!("{text}=0");
    let (document, errors) = DeTable::parse_recoverable(&line);
    if !errors.is_empty() || text.trim_start().starts_with(['[', '#']) {
        return Err(refused());
    }
    let mut keys = Vec::new();
    let mut table = document.into_inner();
    loop {
        let Some((key, node)) = table.into_iter().next() else { return Err(refused()) };
        let owned = Spanned::new(key.span(), Cow::Owned(key.into_inner().into_owned()));
        keys.push(moved_key(owned, start));
        match node.into_inner() {
            DeValue::Table(inner) => table = inner,
            _ => return Ok(keys),
        }
    }
}

fn value(text: &str, start: usize) -> Result<Node<'_>, Diagnostic> {
    let trimmed = text.trim();
    let start = start + (text.len() - text.trim_start().len());
    let at = start..start + trimmed.len();
    if trimmed.is_empty() {
        let title = "`--set` needs a value after the `=`";
        return Err(Diagnostic::error(at.start..at.start, title)
            .help("for an empty text write two quotes: --set 'title=\"\"'"));
    }
    match DeValue::parse(trimmed) {
        Ok(node) => Ok(moved_node(node, start)),
        // Brackets and quotes were meant as TOML; a mistake in them is not a word.
        Err(error) if trimmed.starts_with(['[', '{', '"', '\'']) => {
            let title = format!("not TOML: {}", error.message());
            Err(Diagnostic::error(at, title)
                .help("the shell may have removed quotes: put the whole in single quotes"))
        }
        Err(_) => Ok(Spanned::new(at, DeValue::String(Cow::Borrowed(trimmed)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(Vec<String>, String), String> {
        let all = format!("{SET_PREFIX}{text}");
        let end = all.len();
        match parse(&all, 0..end) {
            Ok(found) => {
                let keys = found.keys.iter().map(|key| key.get_ref().to_string()).collect();
                let kind = found.value.get_ref().type_str();
                Ok((keys, format!("{kind} {}", &all[found.value.span()])))
            }
            Err(problem) => Err(problem.title),
        }
    }

    #[track_caller]
    fn check(text: &str, keys: &[&str], value: &str) {
        let (found, found_value) = read(text).expect("an assignment");
        assert_eq!(found, keys);
        assert_eq!(found_value, value);
    }

    #[test]
    fn paths_are_dotted_keys_and_values_are_toml() {
        check("protocol.repeats=5", &["protocol", "repeats"], "integer 5");
        check("params.n = [1, 2]", &["params", "n"], "array [1, 2]");
        check("workloads.\"a=b\".tasks=3", &["workloads", "a=b", "tasks"], "integer 3");
        check("a.'x.y'={ k = 1 }", &["a", "x.y"], "table { k = 1 }");
    }

    #[test]
    fn a_word_that_is_not_toml_is_text() {
        check("protocol.timeout=5m", &["protocol", "timeout"], "string 5m");
        check("title=two words", &["title"], "string two words");
        check("params.cc=gcc", &["params", "cc"], "string gcc");
        check("x=\"5\"", &["x"], "string \"5\"");
    }

    #[test]
    fn half_a_list_is_a_mistake_and_not_a_word() {
        assert!(read("params.n=[1, 2").expect_err("half").starts_with("not TOML"));
        assert_eq!(read("protocol.repeats"), Err("`--set` needs path=value".into()));
        assert_eq!(read("=5"), Err("this is not a path of keys".into()));
        assert_eq!(read("[a]\nb=5"), Err("this is not a path of keys".into()));
        assert_eq!(read("a b=5"), Err("this is not a path of keys".into()));
        assert!(read("a=").is_err());
    }
}
