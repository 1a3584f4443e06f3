//! One document laid over another: tables merge key by key, everything else replaces.
//!
//! Owns which tables are values of their own and so replace as a whole: the levels of a
//! parameter, worker counts, the baseline. Refuses to read or judge what it merges.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::binder::Node;
use super::diagnostics::Diagnostic;

/// A key and its bytes.
pub(super) type Key<'a> = Spanned<Cow<'a, str>>;

/// The same table, its places moved by `by` bytes.
pub(super) fn moved(table: DeTable<'_>, by: usize) -> DeTable<'_> {
    let entries = table.into_iter();
    entries.map(|(key, value)| (moved_key(key, by), moved_node(value, by))).collect()
}

fn moved_range(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

/// The same key elsewhere.
pub(super) fn moved_key(key: Key<'_>, by: usize) -> Key<'_> {
    Spanned::new(moved_range(&key.span(), by), key.into_inner())
}

/// The same value elsewhere.
pub(super) fn moved_node(node: Node<'_>, by: usize) -> Node<'_> {
    let span = moved_range(&node.span(), by);
    let value = match node.into_inner() {
        DeValue::Array(list) => {
            DeValue::Array(list.into_iter().map(|item| moved_node(item, by)).collect())
        }
        DeValue::Table(table) => DeValue::Table(moved(table, by)),
        scalar => scalar,
    };
    Spanned::new(span, value)
}

/// `over` laid over `base`. Keys of `base` keep their positions; new ones follow.
pub(super) fn overlay<'a>(base: DeTable<'a>, over: DeTable<'a>) -> DeTable<'a> {
    overlay_at(base, over, &mut Vec::new())
}

fn overlay_at<'a>(base: DeTable<'a>, over: DeTable<'a>, path: &mut Vec<String>) -> DeTable<'a> {
    let mut entries: Vec<(Key<'a>, Option<Node<'a>>)> =
        base.into_iter().map(|(key, value)| (key, Some(value))).collect();
    let positions: HashMap<String, usize> =
        entries.iter().enumerate().map(|(at, (key, _))| (key.get_ref().to_string(), at)).collect();
    for (key, value) in over {
        let name: &str = key.get_ref();
        let Some(&at) = positions.get(name) else {
            entries.push((key, Some(value)));
            continue;
        };
        path.push(name.to_owned());
        let old = entries[at].1.take().expect("a key stands once in a table");
        // The key of the upper layer is the one to point at.
        entries[at] = (key, Some(merged(old, value, path)));
        path.pop();
    }
    entries.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

fn merged<'a>(old: Node<'a>, new: Node<'a>, path: &mut Vec<String>) -> Node<'a> {
    let span = new.span();
    let old = if new.get_ref().is_table() { expanded(old, path) } else { old };
    let value = match (old.into_inner(), new.into_inner()) {
        (DeValue::Table(old), DeValue::Table(new)) if !is_one_value(path) => {
            DeValue::Table(overlay_at(old, new, path))
        }
        (DeValue::Array(old), DeValue::Array(new)) if matches!(&path[..], [list] if matches!(list.as_str(), "override" | "claim")) => {
            DeValue::Array(old.into_iter().chain(new).collect::<DeArray<'a>>())
        }
        (_, new) => new,
    };
    Spanned::new(span, value)
}

/// Whether the table at this path is one value, such as the range of an axis.
fn is_one_value(path: &[String]) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    matches!(
        path[..],
        ["params", _]
            | ["workloads" | "strategies", _, "params", _]
            | ["strategies", _, "workers"]
            | ["compare", "baseline"]
    )
}

/// `normal = "threads"` as `normal = { kind = "threads" }`, so that keys can be laid over it.
fn expanded<'a>(node: Node<'a>, path: &[String]) -> Node<'a> {
    let is_strategy = path.len() == 2 && path[0] == "strategies";
    if !is_strategy || !node.get_ref().is_str() {
        return node;
    }
    let span = node.span();
    let key = Spanned::new(span.clone(), Cow::Borrowed("kind"));
    Spanned::new(span, DeValue::Table([(key, node)].into_iter().collect()))
}

/// Puts `value` at a path of keys, making the tables on the way that are missing.
pub(super) fn assign<'a>(
    table: &mut DeTable<'a>,
    keys: &[Key<'a>],
    value: Node<'a>,
) -> Result<(), Diagnostic> {
    assign_at(table, (keys, 0), value)
}

fn assign_at<'a>(
    table: &mut DeTable<'a>,
    (keys, depth): (&[Key<'a>], usize),
    value: Node<'a>,
) -> Result<(), Diagnostic> {
    let key = &keys[depth];
    let name: &str = key.get_ref();
    if depth + 1 == keys.len() {
        table.insert(key.clone(), value);
        return Ok(());
    }
    if !table.contains_key(name) {
        let empty = Spanned::new(key.span(), DeValue::Table(DeTable::new()));
        table.insert(key.clone(), empty);
    }
    let node = table.get_mut(name).expect("it was put there");
    let path: Vec<String> = keys[..=depth].iter().map(|key| key.get_ref().to_string()).collect();
    if node.get_ref().is_str() {
        *node = expanded(node.clone(), &path);
    }
    let kind = node.get_ref().type_str();
    match node.get_mut() {
        DeValue::Table(inner) => assign_at(inner, (keys, depth + 1), value),
        _ => {
            let path = path.join(".");
            let title = format!("`{path}` has no keys: it is a value of type {kind}");
            Err(Diagnostic::error(key.span(), title)
                .help(format!("set it as a whole: --set {path}=…")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> DeTable<'_> {
        DeTable::parse(text).expect("TOML").into_inner()
    }

    /// The values without their places.
    fn plain(node: &DeValue<'_>) -> String {
        match node {
            DeValue::Table(table) => {
                let entries = table
                    .iter()
                    .map(|(key, value)| format!("{}={}", key.get_ref(), plain(value.get_ref())));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
            }
            DeValue::Array(list) => {
                let items = list.iter().map(|item| plain(item.get_ref()));
                format!("[{}]", items.collect::<Vec<_>>().join(","))
            }
            scalar => format!("{scalar:?}"),
        }
    }

    #[track_caller]
    fn check(base: &str, over: &str, expected: &str) {
        let merged = DeValue::Table(overlay(table(base), table(over)));
        assert_eq!(plain(&merged), plain(&DeValue::Table(table(expected))));
    }

    #[test]
    fn tables_merge_and_everything_else_replaces() {
        check(
            "a = 1\n[t]\nx = 1\ny = [1, 2]\n",
            "b = 2\n[t]\ny = [3]\nz = 3\n",
            "a = 1\nt = { x = 1, y = [3], z = 3 }\nb = 2\n",
        );
    }

    #[test]
    fn a_range_replaces_a_range_and_is_not_mixed_with_it() {
        check(
            "params = { n = { from = 1, to = 8, step = 1 } }",
            "params = { n = { from = 1, to = 100, factor = 10 } }",
            "params = { n = { from = 1, to = 100, factor = 10 } }",
        );
    }

    #[test]
    fn keys_can_be_laid_over_the_short_form_of_a_strategy() {
        check(
            "[strategies]\nmulti = \"threads\"\n",
            "[strategies.multi]\nworkers = 4\n",
            "[strategies.multi]\nkind = \"threads\"\nworkers = 4\n",
        );
    }

    #[test]
    fn overrides_append() {
        check(
            "[[override]]\nrepeats = 1\n",
            "[[override]]\nrepeats = 2\n",
            "[[override]]\nrepeats = 1\n[[override]]\nrepeats = 2\n",
        );
    }

    #[test]
    fn the_order_of_the_lower_layer_stays() {
        let merged = overlay(table("b = 1\na = 1\n"), table("c = 2\na = 2\n"));
        let keys: Vec<&str> = merged.keys().map(|key| key.get_ref().as_ref()).collect();
        assert_eq!(keys, ["b", "a", "c"]);
    }
}
