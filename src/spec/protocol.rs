//! `[protocol]`, and the keys of it that a workload overrides.

use toml::de::DeTable;

use super::binder::{Binder, Node};
use super::diagnostics::Diagnostic;
use super::keys::{ON_TIMEOUT, WHOLE_RUN};
use super::text::is_variable_name;
use crate::design::{Environment, Isolation, OnFailure, OnTimeout, Order, Protocol};

/// Largest number of repeats, retries and the like; more is a slip.
const MANY: u32 = 10_000_000;

/// Whose protocol is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// `[protocol]`.
    Run,
    /// One workload's overrides.
    Workload,
}

/// `base` with the keys that `table` has.
pub(super) fn bind<'a>(
    binder: &Binder<'a>,
    table: &DeTable<'a>,
    base: &Protocol,
    scope: Scope,
) -> Protocol {
    let mut protocol = base.clone();
    numbers(binder, table, &mut protocol);
    if scope == Scope::Run {
        whole_run(binder, table, &mut protocol);
    } else {
        refuse_whole_run(binder, table);
    }
    if let Some(node) = table.get("isolation") {
        let words = [("process", Isolation::Process), ("thread", Isolation::Thread)];
        set(&mut protocol.isolation, binder.word(node, &words));
    }
    if let Some(node) = table.get("timeout") {
        set(&mut protocol.timeout, binder.duration(node, "timeout"));
    }
    if let Some(node) = table.get("on_timeout") {
        set(&mut protocol.on_timeout, on_timeout(binder, node));
    }
    if let Some(node) = table.get("env_pad") {
        set(&mut protocol.env_pad, binder.boolean(node));
    }
    environment(binder, table, &mut protocol);
    check_isolation(binder, table, &protocol);
    protocol
}

/// `"continue"`, `"skip_larger"` or `{ skip_larger = "n" }`.
fn on_timeout<'a>(binder: &Binder<'a>, node: &Node<'a>) -> Option<OnTimeout> {
    let Some(table) = node.get_ref().as_table() else {
        if node.get_ref().as_str().is_none() {
            let expected = "\"continue\", \"skip_larger\" or { skip_larger = \"n\" }";
            binder.mismatch(node, expected, "n stands for the parameter that is the size");
            return None;
        }
        return binder.word(node, &[("continue", false), ("skip_larger", true)]).map(|skips| {
            if skips { OnTimeout::SkipLarger { parameter: None } } else { OnTimeout::Continue }
        });
    };
    binder.check_keys(table, &ON_TIMEOUT, &[]);
    let Some(node) = table.get("skip_larger") else {
        let help =
            "write on_timeout = { skip_larger = \"n\" }, with the parameter that is the size";
        if table.is_empty() {
            binder.refuse(node.span(), "this table is empty", help);
        }
        return None;
    };
    let name = binder.string(node, "the name of a parameter, in quotes", "")?;
    let parameter = binder.param_name(name, node.span())?;
    Some(OnTimeout::SkipLarger { parameter: Some(parameter) })
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn numbers<'a>(binder: &Binder<'a>, table: &DeTable<'a>, protocol: &mut Protocol) {
    let read = |key: &str, least: u32| {
        let node = table.get(key)?;
        binder.count(node, key, (least, MANY))
    };
    set(&mut protocol.repeats, read("repeats", 1));
    set(&mut protocol.warmup, read("warmup", 0));
    set(&mut protocol.retries, read("retries", 0));
    set(&mut protocol.iterations, read("iterations", 1));
    if let Some(node) = table.get("repeats").filter(|_| protocol.repeats < 6) {
        let repeats = protocol.repeats;
        binder.report(
            Diagnostic::caution(
                node.span(),
                format!("with {repeats} repeats no 95 % interval exists"),
            )
            .help("it exists from 6 repeats on; 10 is usual"),
        );
    }
    if let Some(node) = table.get("warmup").filter(|_| protocol.warmup == 0) {
        binder.report(
            Diagnostic::caution(node.span(), "without a warm-up the first trial may be slower")
                .help("caches are cold at first; 1 is usual"),
        );
    }
}

fn whole_run<'a>(binder: &Binder<'a>, table: &DeTable<'a>, protocol: &mut Protocol) {
    if let Some(node) = table.get("order") {
        let words = [Order::Blocks, Order::Shuffled, Order::Sequential].map(|o| (o.as_str(), o));
        set(&mut protocol.order, binder.word(node, &words));
    }
    if let Some(node) = table.get("jobs") {
        set(&mut protocol.jobs, binder.count(node, "jobs", (1, 10_000)));
    }
    if let Some(node) = table.get("on_failure") {
        let words = [("continue", OnFailure::Continue), ("stop", OnFailure::Stop)];
        set(&mut protocol.on_failure, binder.word(node, &words));
    }
}

fn refuse_whole_run(binder: &Binder<'_>, table: &DeTable<'_>) {
    for key in WHOLE_RUN {
        if let Some((name, _)) = table.get_key_value(*key) {
            binder.refuse(
                name.span(),
                format!("`{key}` concerns the whole run, not one workload"),
                "move it to [protocol]",
            );
        }
    }
}

fn environment<'a>(binder: &Binder<'a>, table: &DeTable<'a>, protocol: &mut Protocol) {
    if let Some(node) = table.get("environment") {
        let words = [("inherit", false), ("clean", true)];
        match binder.word(node, &words) {
            Some(true) => protocol.environment = Environment::Clean { keep: Vec::new() },
            Some(false) => protocol.environment = Environment::Inherit,
            None => return,
        }
    }
    let Some((key, node)) = table.get_key_value("keep") else {
        return;
    };
    let example = "write keep = [\"HOME\", \"LANG\"]";
    let names = binder.list(node, "a list of names of variables", example);
    let keep = names.into_iter().flatten().filter_map(|item| {
        let name = binder.string(item, "the name of a variable", "")?;
        if !is_variable_name(name) {
            binder.refuse(item.span(), format!("`{name}` cannot be the name of a variable"), "");
        }
        Some(name.to_owned())
    });
    let keep = keep.collect();
    if let Environment::Clean { keep: kept } = &mut protocol.environment {
        *kept = keep;
    } else {
        binder.refuse(
            key.span(),
            "`keep` only means something in a clean environment",
            "add environment = \"clean\", or remove `keep`: everything is inherited",
        );
    }
}

fn check_isolation(binder: &Binder<'_>, table: &DeTable<'_>, protocol: &Protocol) {
    if protocol.isolation != Isolation::Thread || protocol.jobs == 1 {
        return;
    }
    // Whichever of the two stands in this table is the one to point at.
    let node = table.get("isolation").or_else(|| table.get("jobs"));
    if let Some(node) = node {
        let title = format!(
            "isolation = \"thread\" with jobs = {}: trials in one process would disturb each other",
            protocol.jobs
        );
        binder.refuse(node.span(), title, "use jobs = 1, or isolation = \"process\"");
    }
}
