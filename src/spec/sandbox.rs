//! `[sandbox]`, and `sandbox` of a workload, a strategy or an override.

use super::binder::{Binder, Node};
use super::keys::SANDBOX;
use crate::design::SandboxPatch;

/// Reads the table; what is not there stays as it is in the layers below.
pub(super) fn bind<'a>(binder: &Binder<'a>, node: &Node<'a>) -> SandboxPatch {
    let example = "write [sandbox] and below it network = \"none\" or files = \"read_only\"";
    let Some(table) = binder.table(node, "a table", example) else {
        return SandboxPatch::default();
    };
    binder.check_keys(table, &SANDBOX);
    if table.is_empty() {
        let help = "add network = \"none\" or files = \"read_only\"";
        binder.refuse(node.span(), "this sandbox keeps nothing out", help);
    }
    let network = table.get("network");
    let files = table.get("files");
    let patch = SandboxPatch {
        no_network: network.and_then(|node| binder.word(node, &[("host", false), ("none", true)])),
        read_only: files
            .and_then(|node| binder.word(node, &[("host", false), ("read_only", true)])),
        writable: table.get("writable").map(|node| paths(binder, node)),
    };
    if let (Some(node), Some(false)) = (table.get("writable"), patch.read_only) {
        let help = "add files = \"read_only\", or remove `writable`";
        binder.refuse(node.span(), "everything is writable with files = \"host\"", help);
    }
    patch
}

fn paths<'a>(binder: &Binder<'a>, node: &Node<'a>) -> Vec<String> {
    let items = binder.list(node, "a list of paths", "write writable = [\"cache\"]");
    let path = |item| {
        let path: &str = binder.string(item, "a path, in quotes", "")?;
        if path.is_empty() || path.contains('\0') {
            binder.refuse(item.span(), "this cannot be a path", "");
            return None;
        }
        Some(path.to_owned())
    };
    items.into_iter().flatten().filter_map(path).collect()
}
