//! `[output]`: what a run writes besides its tables.

use super::binder::{Binder, Node};
use super::keys::OUTPUT;
use crate::design::Spreadsheet;

/// The language of the copies for spreadsheets, if there are to be any.
pub(super) fn bind<'a>(binder: &Binder<'a>, node: &Node<'a>) -> Option<Spreadsheet> {
    let table =
        binder.table(node, "a table", "write [output] and below it spreadsheet = \"de\"")?;
    binder.check_keys(table, &OUTPUT);
    let words = [("en", Spreadsheet::English), ("de", Spreadsheet::German)];
    table.get("spreadsheet").and_then(|node| binder.word(node, &words))
}
