//! `[limits]`, and `limits` of a workload, a strategy or an override.

use super::binder::{Binder, Node};
use super::keys::LIMITS;
use crate::design::bytes;
use crate::process::Limits;

/// Below this even a program that does nothing cannot run.
const LEAST_MEMORY: u64 = 1 << 20;

/// Most processes and threads that can be asked for.
const MOST_PROCESSES: u32 = 4_194_304;

/// Reads the table; what is not there stays as it is in the layers below.
pub(super) fn bind<'a>(binder: &Binder<'a>, node: &Node<'a>) -> Limits {
    let example = "write [limits] and below it lines like memory = \"512 MiB\"";
    let Some(table) = binder.table(node, "a table", example) else {
        return Limits::default();
    };
    binder.check_keys(table, &LIMITS);
    if table.is_empty() {
        let help = "add cpu = \"30s\", memory = \"512 MiB\" or another limit";
        binder.refuse(node.span(), "this table limits nothing", help);
    }
    let size = |key: &str| table.get(key).and_then(|node| size(binder, node, key));
    let memory_bytes = size("memory");
    if let (Some(node), Some(..LEAST_MEMORY)) = (table.get("memory"), memory_bytes) {
        let help = "no program runs in less than \"1 MiB\"";
        binder.refuse(node.span(), "`memory` is too little", help);
    }
    Limits {
        cpu: table.get("cpu").and_then(|node| binder.duration(node, "cpu")),
        memory_bytes,
        processes: table
            .get("processes")
            .and_then(|node| binder.count(node, "processes", (1, MOST_PROCESSES))),
        output_bytes: size("output"),
        file_bytes: size("file_size"),
    }
}

/// A size as text with a unit.
fn size(binder: &Binder<'_>, node: &Node<'_>, key: &str) -> Option<u64> {
    let expected = "a size as text with a unit, such as \"512 MiB\"";
    let help = match node.get_ref().is_integer() {
        true => format!("for bytes write {key} = \"{} B\"", binder.written(node)),
        false => String::new(),
    };
    let text = binder.string(node, expected, &help)?;
    match bytes::parse(text) {
        Ok(bytes) => Some(bytes),
        Err(reason) => {
            let help = match text.trim().parse::<u64>() {
                Ok(count) => format!("for bytes write {key} = \"{count} B\""),
                Err(_) => String::new(),
            };
            binder.refuse(node.span(), reason, help);
            None
        }
    }
}
