//! Texts with placeholders, and commands written as one string.

use std::ops::Range;

use super::binder::{Binder, Node};
use super::diagnostics::Diagnostic;
use crate::design::{Piece, Template, TemplateError};

/// A placeholder that was used, and where.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) name: String,
    pub(super) at: Range<usize>,
}

/// Parses a text with placeholders, adding them to `uses`.
pub(super) fn template(
    binder: &Binder<'_>,
    node: &Node<'_>,
    uses: &mut Vec<Use>,
) -> Option<Template> {
    let written = binder.written(node);
    let text = binder.string(node, "text", &format!("write it in quotes: \"{written}\""))?;
    if let Some(at) = text.find('\0') {
        binder.refuse(
            binder.inside(node, &(at..at + 1)),
            "a program cannot be handed a NUL character",
            "",
        );
        return None;
    }
    match Template::parse(text) {
        Ok(template) => {
            uses.extend(template.pieces().iter().filter_map(|piece| match piece {
                Piece::Placeholder { name, at } => {
                    Some(Use { name: name.clone(), at: binder.inside(node, at) })
                }
                Piece::Literal(_) => None,
            }));
            Some(template)
        }
        Err(error) => {
            let title = match &error {
                TemplateError::Unclosed(_) => "`{` is never closed".to_owned(),
                TemplateError::Unopened(_) => "`}` without `{`".to_owned(),
                TemplateError::BadName(name, _) => format!("`{{{name}}}` is not a placeholder"),
            };
            binder.report(
                Diagnostic::error(binder.inside(node, &error.at()), title)
                    .help("a placeholder is a name in braces, such as {n}")
                    .help("for a brace that stays a brace write it twice: {{ or }}"),
            );
            None
        }
    }
}

/// A command or build step: a list of texts, or one text that is split into words.
pub(super) fn vector<'a>(
    binder: &Binder<'a>,
    node: &Node<'a>,
    uses: &mut Vec<Use>,
) -> Option<Vec<Template>> {
    if node.get_ref().is_str() {
        return words(binder, node, uses);
    }
    let example = "write [\"program\", \"argument\"], or one text: \"program argument\"";
    let items = binder.list(node, "a list of texts or one text", example)?;
    let templates: Vec<Option<Template>> =
        items.iter().map(|item| template(binder, item, uses)).collect();
    let templates = templates.into_iter().collect::<Option<Vec<_>>>()?;
    if items[0].get_ref().as_str().is_some_and(|text| text.trim().is_empty()) {
        binder.refuse(
            items[0].span(),
            "the program's name is empty",
            "the first element is the program",
        );
        return None;
    }
    Some(templates)
}

/// Splits like a shell, expands nothing, and refuses what only a shell understands.
fn words(binder: &Binder<'_>, node: &Node<'_>, uses: &mut Vec<Use>) -> Option<Vec<Template>> {
    let text = node.get_ref().as_str()?;
    template(binder, node, uses)?;
    let words = split(binder, node, text)?;
    let templates: Option<Vec<Template>> =
        words.iter().map(|word| Template::parse(word).ok()).collect();
    if templates.is_none() {
        binder.refuse(
            node.span(),
            "quotes and braces are mixed in a way that cannot be read",
            "write the command as a list: [\"program\", \"argument\"]",
        );
    }
    templates
}

fn split(binder: &Binder<'_>, node: &Node<'_>, text: &str) -> Option<Vec<String>> {
    if let Some((at, reason)) = shell_syntax(text) {
        binder.report(
            Diagnostic::error(binder.inside(node, &at), reason)
                .label("shell syntax")
                .help("to run this in /bin/sh add shell = true to the workload")
                .help("to hand it to the program as it is, put it in single quotes"),
        );
        return None;
    }
    let refuse = |title: &str, help: &str| {
        binder.refuse(node.span(), title, help);
    };
    let Ok(words) = shell_words::split(text) else {
        refuse(
            "a quote in this command is never closed",
            "close it, or write the command as a list: [\"program\", \"argument\"]",
        );
        return None;
    };
    let Some(first) = words.first().filter(|first| !first.is_empty()) else {
        refuse("the command is empty", "write the program and its arguments");
        return None;
    };
    if is_assignment(first) {
        let (name, value) = first.split_once('=').unwrap_or((first, ""));
        refuse(
            "a command begins with the program, not with a variable",
            &format!("write env = {{ {name} = \"{value}\" }} beside the command"),
        );
        return None;
    }
    Some(words)
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// The first place that a shell would treat specially, quoting taken into account.
fn shell_syntax(text: &str) -> Option<(Range<usize>, String)> {
    let mut chars = text.char_indices().peekable();
    let mut quote: Option<char> = None;
    let mut is_word_start = true;
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|&(_, next)| next);
        let expands = c == '`'
            || (c == '$'
                && next.is_some_and(|n| {
                    n.is_ascii_alphanumeric()
                        || matches!(n, '_' | '{' | '(' | '@' | '*' | '?' | '$' | '!' | '#')
                }));
        let special = match quote {
            Some('\'') => false,
            Some(_) => expands,
            None => {
                expands
                    || matches!(c, '|' | '&' | ';' | '<' | '>' | '(' | ')' | '*' | '?' | '\n')
                    || (is_word_start && matches!(c, '~' | '#'))
            }
        };
        if special {
            let shown = if c == '\n' { "a line break".to_owned() } else { format!("`{c}`") };
            let title =
                format!("{shown} has a meaning in a shell, and no shell reads this command");
            return Some((at..at + c.len_utf8(), title));
        }
        match (quote, c) {
            (None | Some('"'), '\\') => {
                chars.next();
            }
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
        is_word_start = quote.is_none() && c.is_whitespace();
    }
    None
}

/// A table of environment variables.
pub(super) fn environment<'a>(
    binder: &Binder<'a>,
    node: &Node<'a>,
    uses: &mut Vec<Use>,
) -> Option<Vec<(String, Template)>> {
    let example = "write env = { NAME = \"value\" }";
    let table = binder.table(node, "a table of variables", example)?;
    let mut variables = Vec::new();
    let mut all_good = true;
    for (key, value) in table {
        let name: &str = key.get_ref();
        if !is_variable_name(name) {
            binder.refuse(
                key.span(),
                format!("`{name}` cannot be the name of a variable"),
                "it must not be empty nor hold `=` or control characters",
            );
            all_good = false;
        }
        match template(binder, value, uses) {
            Some(value) => variables.push((name.to_owned(), value)),
            None => all_good = false,
        }
    }
    all_good.then_some(variables)
}

/// Whether an operating system takes this as the name of an environment variable.
pub(super) fn is_variable_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('=') && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shell_syntax_is_found_where_it_is_not_quoted() {
        let at = |text| shell_syntax(text).map(|(at, _)| at.start);
        assert_eq!(at("sort a.txt | uniq"), Some(11));
        assert_eq!(at("echo $HOME"), Some(5));
        assert_eq!(at("echo \"$HOME\""), Some(6));
        assert_eq!(at("ls ~/x"), Some(3));
        assert_eq!(at("echo #1"), Some(5));
        assert_eq!(at("awk '{{print $1}}' a|b"), Some(20));
        for plain in ["awk '{{print $1}}' x", "grep 'a|b' f", "echo a\\|b", "x a#b ~", "p 5$"] {
            let found = shell_syntax(plain);
            assert_eq!(found.is_some(), plain == "x a#b ~", "{plain}");
        }
    }

    #[test]
    fn variables_before_the_program_are_recognised() {
        assert!(is_assignment("OMP_NUM_THREADS=2"));
        assert!(!is_assignment("--n=2"));
        assert!(!is_assignment("./a=b"));
    }
}
