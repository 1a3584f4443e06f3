//! Texts with placeholders, and commands written as one string.

use std::ops::Range;

use super::binder::{Binder, Node};
use super::diagnostics::Diagnostic;
use super::words::{self, Unsplit};
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
    let report = |diagnostic: Diagnostic| {
        binder.report(diagnostic);
        None
    };
    match words::split(text) {
        Ok(words) => Some(words),
        Err(Unsplit::Shell { at, title }) => report(
            Diagnostic::error(binder.inside(node, &at), title)
                .label("shell syntax")
                .help("to run this in /bin/sh add shell = true to the workload")
                .help("to hand it to the program as it is, put it in single quotes"),
        ),
        Err(Unsplit::OpenQuote) => report(
            Diagnostic::error(node.span(), "a quote in this command is never closed")
                .help("close it, or write the command as a list: [\"program\", \"argument\"]"),
        ),
        Err(Unsplit::Empty) => report(
            Diagnostic::error(node.span(), "the command is empty")
                .help("write the program and its arguments"),
        ),
        Err(Unsplit::Assignment { name, value }) => report(
            Diagnostic::error(
                node.span(),
                "a command begins with the program, not with a variable",
            )
            .help(format!("write env = {{ {name} = \"{value}\" }} beside the command")),
        ),
    }
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
