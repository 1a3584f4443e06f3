//! Axes whose levels stand outside the experiment file: the lines of a file, the files that match
//! a pattern. Also levels with labels.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use toml::de::DeTable;

use super::axis;
use super::binder::{Binder, Node};
use super::diagnostics::Diagnostic;
use super::keys::{GLOB, LEVEL, LINES};
use super::suggest::{listed, nearest};
use crate::design::{Level, Value};

/// Largest file of lines, in bytes.
const MAX_LINES_BYTES: u64 = 16 << 20;

/// Whether the table is an axis of this module.
pub(super) fn is_sweep(table: &DeTable<'_>) -> bool {
    table.contains_key("lines") || table.contains_key("glob")
}

/// The levels of `{ lines = … }` or `{ glob = … }`.
pub(super) fn levels(
    binder: &Binder<'_>,
    table: &DeTable<'_>,
    node: &Node<'_>,
) -> Option<Vec<Level>> {
    match (table.get("lines"), table.get("glob")) {
        (Some(file), None) => {
            binder.check_keys(table, &LINES);
            lines(binder, file)
        }
        (None, Some(pattern)) => {
            binder.check_keys(table, &GLOB);
            glob(binder, pattern)
        }
        _ => {
            binder.refuse(
                node.span(),
                "levels come from `lines` or from `glob`, found both",
                "write { lines = \"words.txt\" } or { glob = \"inputs/*.csv\" }",
            );
            None
        }
    }
}

/// One level a line; empty lines do not count.
fn lines(binder: &Binder<'_>, node: &Node<'_>) -> Option<Vec<Level>> {
    let file = binder.string(node, "the path of a file as text", "{ lines = \"words.txt\" }")?;
    let path = binder.base_dir.join(file);
    let bytes = binder
        .files
        .read(&path, MAX_LINES_BYTES)
        .map_err(|reason| unreadable(binder, node, (file, &reason)))
        .ok()?;
    let Ok(text) = str::from_utf8(&bytes) else {
        binder.refuse(node.span(), format!("{file} is not UTF-8"), "save it as UTF-8");
        return None;
    };
    let text = text.trim_start_matches('\u{feff}');
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut levels = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let (line, number) = (line.trim_end(), index + 1);
        if line.is_empty() {
            continue;
        }
        if let Some(first) = seen.insert(line, number) {
            let title = format!("line {number} of {file} is the same as line {first}");
            binder.refuse(node.span(), title, "a level must not be there twice; remove one");
            return None;
        }
        if line.chars().any(|c| c.is_control() && c != '\t') {
            let title = format!("line {number} of {file} holds a control character");
            binder.refuse(node.span(), title, "a level is text on one line");
            return None;
        }
        levels.push(Level::from(Value::Text(line.to_owned())));
    }
    if levels.is_empty() {
        binder.refuse(
            node.span(),
            format!("{file} has no line that is not empty"),
            "an axis needs at least one level: write one a line",
        );
        return None;
    }
    let texts = levels.iter().map(Level::to_string).collect();
    binder.lines.borrow_mut().insert(node.span().start, texts);
    Some(levels)
}

fn unreadable(binder: &Binder<'_>, node: &Node<'_>, (file, reason): (&str, &str)) {
    let path = binder.base_dir.join(file);
    binder.report(
        Diagnostic::error(node.span(), format!("cannot read {file}: {reason}"))
            .help(neighbours(binder, &path))
            .help("relative paths start at the folder of the experiment file"),
    );
}

/// Every file that the pattern matches, sorted; the content of each is part of a cell's identity.
fn glob(binder: &Binder<'_>, node: &Node<'_>) -> Option<Vec<Level>> {
    let pattern = binder.string(node, "a pattern as text", "{ glob = \"inputs/*.csv\" }")?;
    if let Err(error) = ::glob::Pattern::new(pattern) {
        let at = binder.inside(node, &(error.pos..error.pos + 1));
        binder.refuse(at, format!("this pattern cannot be read: {}", error.msg), GLOB_SYNTAX);
        return None;
    }
    let base = ::glob::Pattern::escape(&binder.base_dir.to_string_lossy());
    let absolute = if Path::new(pattern).is_absolute() {
        pattern.to_owned()
    } else {
        format!("{}/{pattern}", base.trim_end_matches('/'))
    };
    let mut paths = binder
        .files
        .glob(&absolute)
        .map_err(|reason| binder.refuse(node.span(), reason, ""))
        .ok()?;
    paths.sort();
    if paths.is_empty() {
        no_match(binder, node, pattern);
        return None;
    }
    if paths.len() as u64 > axis::MAX_LEVELS {
        axis::too_many(binder, &node.span(), &paths.len().to_string());
        return None;
    }
    paths.iter().map(|path| file_level(binder, node, path)).collect()
}

const GLOB_SYNTAX: &str = "* is any text, ? one character, [abc] one of these, ** any folders";

fn file_level(binder: &Binder<'_>, node: &Node<'_>, path: &Path) -> Option<Level> {
    let shown = path.strip_prefix(binder.base_dir).unwrap_or(path);
    let Some(text) = shown.to_str().filter(|text| !text.chars().any(char::is_control)) else {
        let title = format!("the name of the file {} is not plain text", shown.display());
        binder.refuse(node.span(), title, "rename it: a level is a field of the tables");
        return None;
    };
    match binder.files.digest(path) {
        Ok(digest) => Some(Level::from(Value::Text(text.to_owned())).with_digest(digest)),
        Err(reason) => {
            unreadable(binder, node, (text, &reason));
            None
        }
    }
}

fn no_match(binder: &Binder<'_>, node: &Node<'_>, pattern: &str) {
    // The part before the first wildcard is a path that exists or does not.
    let is_plain =
        |part: &Component<'_>| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', ']']);
    let plain: PathBuf = Path::new(pattern).components().take_while(is_plain).collect();
    let first_wild = binder.base_dir.join(plain).join("*");
    binder.report(
        Diagnostic::error(node.span(), format!("no file matches {pattern}"))
            .label("matches nothing")
            .help(neighbours(binder, &first_wild))
            .help("relative patterns start at the folder of the experiment file"),
    );
}

/// What there is instead of a path: the nearest name in its folder, or the nearest folder that
/// exists.
fn neighbours(binder: &Binder<'_>, path: &Path) -> String {
    let shown = |path: &Path| {
        let relative = path.strip_prefix(binder.base_dir).unwrap_or(path);
        let text = relative.display().to_string();
        if text.is_empty() { ".".to_owned() } else { text }
    };
    let mut missing = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for folder in path.ancestors().skip(1) {
        let Some(names) = binder.files.names(folder) else {
            missing = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            continue;
        };
        if let Some(near) = nearest(&missing, names.iter().map(String::as_str)) {
            return format!("did you mean `{}`?", shown(&folder.join(near)));
        }
        let what = match shown(folder).as_str() {
            "." => "the folder of the experiment file".to_owned(),
            folder => format!("the folder `{folder}`"),
        };
        if names.is_empty() {
            return format!("{what} is empty");
        }
        return format!("{what} holds {}", listed(&names));
    }
    String::new()
}

/// Whether the table is a level with a label.
pub(super) fn is_labelled(table: &DeTable<'_>) -> bool {
    table.contains_key("value") || table.contains_key("label")
}

/// `{ value = …, label = "…" }`; `read` reads the value.
pub(super) fn labelled<'a>(
    binder: &Binder<'a>,
    node: &Node<'a>,
    read: &dyn Fn(&Node<'a>) -> Option<Value>,
) -> Option<Level> {
    let example = "write { value = \"a long value\", label = \"short\" }";
    let table = binder.table(node, "a level with a label", example)?;
    binder.check_keys(table, &LEVEL);
    let (Some(value), Some(label)) = (table.get("value"), table.get("label")) else {
        let absent = if table.contains_key("value") { "label" } else { "value" };
        binder.refuse(node.span(), format!("this level has no `{absent}`"), example);
        return None;
    };
    let value = read(value);
    let text = binder.string(label, "a short name as text", example)?;
    let label = binder.name(text, label.span())?;
    Some(Level::from(value?).labelled(label))
}
