//! `[[override]]`: keys of the protocol for the cells that a selector means.

use super::binder::{Binder, Node};
use super::keys::{OVERRIDE, layered};
use super::protocol::{self, Scope};
use super::selector;
use super::suggest::listed;
use crate::design::{Override, Protocol};

/// What an override looks like.
const EXAMPLE: &str =
    "write [[override]] and below it where = { n = \">= 1000\" } and lines like repeats = 3";

/// Reads the list. `run` is the protocol of the whole run.
pub(super) fn bind<'a>(binder: &Binder<'a>, node: &Node<'a>, run: &Protocol) -> Vec<Override> {
    if node.get_ref().is_table() {
        binder.mismatch(node, "a list of tables", &format!("{EXAMPLE}; two brackets, not one"));
        return Vec::new();
    }
    let items = binder.list(node, "a list of tables", EXAMPLE);
    let items = items.filter(|items| binder.are_few(node.span(), items.len(), "overrides"));
    items.into_iter().flatten().filter_map(|item| one(binder, item, run)).collect()
}

fn one<'a>(binder: &Binder<'a>, node: &Node<'a>, run: &Protocol) -> Option<Override> {
    let table = binder.table(node, "a table", EXAMPLE)?;
    binder.check_keys(table, &OVERRIDE);
    let protocol = protocol::patch(binder, table, run, Scope::Override);
    let Some(cells) = table.get("where") else {
        let help = "add where = { n = \">= 1000\" }: which cells; for all of them use [protocol]";
        binder.refuse(node.span(), "this override has no `where`", help);
        return None;
    };
    let cells = selector::bind(binder, cells, "write where = { n = \">= 1000\" }");
    let has_other_key = table.keys().any(|key| key.get_ref() != "where");
    if !has_other_key {
        let keys: Vec<&str> = layered().map(|key| key.name).collect();
        let help = format!("add one of {}", listed(&keys));
        binder.refuse(node.span(), "this override changes nothing: it has only `where`", help);
    }
    Some(Override { cells: cells?, protocol })
}
