//! `[hooks.run]` and `[workloads.NAME.hooks]`: what is run before and after.

use std::ops::Range;

use toml::de::DeTable;

use super::binder::{Binder, Node};
use super::diagnostics::Diagnostic;
use super::keys::{HOOK, HOOKS, WORKLOAD_HOOKS};
use super::text::{self, Use};
use crate::design::{Hook, Hooks, Template, hook::DEFAULT_TIMEOUT};

/// Placeholders that only exist while a trial runs.
const OF_ONE_TRIAL: [&str; 4] = ["seed", "repeat", "trial_id", "trial_dir"];

/// What a vector looks like.
const EXAMPLE: &str = "write [\"program\", \"argument\"], or a list of such lists; for a shell [\"sh\", \"-c\", \"…\"]";

/// The hooks of a workload as they were read.
#[derive(Default)]
pub(super) struct HooksDraft {
    /// `None` when something in them is wrong.
    pub(super) hooks: Option<Hooks>,
    pub(super) uses: Vec<Use>,
}

/// Reads `[hooks]` of the file: that of the run.
pub(super) fn of_run<'a>(binder: &Binder<'a>, node: &Node<'a>) -> Option<Hook> {
    let table = binder.table(node, "a table", "write [hooks.run] and its keys below")?;
    for (key, _) in table {
        let name: &str = key.get_ref();
        if WORKLOAD_HOOKS.contains(name) {
            let title = format!("`{name}` hooks belong to a workload");
            let help = format!("write [workloads.NAME.hooks.{name}]");
            binder.refuse(key.span(), title, help);
        } else if HOOK.contains(name) {
            scope_missing(binder, key.span(), name, "write [hooks.run]");
        } else if !HOOKS.contains(name) {
            binder.unknown_key(key, &HOOKS);
        }
    }
    let mut uses = Vec::new();
    let hook = bind(binder, table.get("run")?, "[hooks.run]", &mut uses);
    for used in uses {
        let title =
            format!("{{{}}} has no value here: this runs once for the whole run", used.name);
        let help = "a hook that needs values of a cell stands in [workloads.NAME.hooks.cell]";
        binder.refuse(used.at, title, help);
    }
    hook
}

/// Reads `hooks` of a workload.
pub(super) fn of_workload<'a>(binder: &Binder<'a>, node: &Node<'a>) -> HooksDraft {
    let mut draft = HooksDraft::default();
    let example = "write [workloads.NAME.hooks.cell] or [workloads.NAME.hooks.trial]";
    let Some(table) = binder.table(node, "a table", example) else {
        return draft;
    };
    let good = check_scopes(binder, table);
    let mut cell_uses = Vec::new();
    let cell = table
        .get("cell")
        .map(|node| bind(binder, node, "[workloads.NAME.hooks.cell]", &mut cell_uses));
    for used in &cell_uses {
        if OF_ONE_TRIAL.contains(&used.name.as_str()) {
            let title =
                format!("{{{}}} belongs to one trial, and this runs once for a cell", used.name);
            let help = "use parameters, {workload}, {strategy}, {workers} or {tasks}, or move it to `trial`";
            binder.refuse(used.at.clone(), title, help);
        }
    }
    draft.uses = cell_uses;
    let trial = table
        .get("trial")
        .map(|node| bind(binder, node, "[workloads.NAME.hooks.trial]", &mut draft.uses));
    let unread = |hook: &Option<Option<Hook>>| matches!(hook, Some(None));
    if good && !unread(&cell) && !unread(&trial) {
        draft.hooks = Some(Hooks { cell: cell.flatten(), trial: trial.flatten() });
    }
    draft
}

fn check_scopes(binder: &Binder<'_>, table: &DeTable<'_>) -> bool {
    let mut good = true;
    for (key, _) in table {
        let name: &str = key.get_ref();
        if WORKLOAD_HOOKS.contains(name) {
            continue;
        }
        good = false;
        if name == "run" {
            let title = "`run` hooks belong to the whole run, not to one workload";
            binder.refuse(key.span(), title, "write [hooks.run] at the top of the file");
        } else if HOOK.contains(name) {
            let help = "write [workloads.NAME.hooks.cell] (once for each cell) or [workloads.NAME.hooks.trial] (around each trial)";
            scope_missing(binder, key.span(), name, help);
        } else {
            binder.unknown_key(key, &WORKLOAD_HOOKS);
        }
    }
    good
}

fn scope_missing(binder: &Binder<'_>, at: Range<usize>, name: &str, help: &str) {
    binder.report(
        Diagnostic::error(at, format!("`{name}` of what? hooks have a scope"))
            .label("scope missing")
            .help(help),
    );
}

fn bind<'a>(
    binder: &Binder<'a>,
    node: &Node<'a>,
    place: &str,
    uses: &mut Vec<Use>,
) -> Option<Hook> {
    let example = format!("write {place} and below it setup = [\"program\", \"argument\"]");
    let table = binder.table(node, "a table with `setup` or `teardown`", &example)?;
    binder.check_keys(table, &HOOK);
    let mut steps = |key: &str| match table.get(key) {
        None => Some(Vec::new()),
        Some(node) => vectors(binder, node, uses),
    };
    let (setup, teardown) = (steps("setup"), steps("teardown"));
    let timeout = match table.get("timeout") {
        None => Some(DEFAULT_TIMEOUT),
        Some(node) => binder.duration(node, "timeout"),
    };
    if !table.contains_key("setup") && !table.contains_key("teardown") {
        binder.refuse(node.span(), "this hook has neither `setup` nor `teardown`", example);
        return None;
    }
    Some(Hook { setup: setup?, teardown: teardown?, timeout: timeout? })
}

/// One vector, or a list of vectors.
fn vectors<'a>(
    binder: &Binder<'a>,
    node: &Node<'a>,
    uses: &mut Vec<Use>,
) -> Option<Vec<Vec<Template>>> {
    let items = binder.list(node, "an argument vector or a list of them", EXAMPLE)?;
    let lists = items.iter().filter(|item| item.get_ref().as_array().is_some()).count();
    if lists == 0 {
        return text::vector(binder, node, uses).map(|vector| vec![vector]);
    }
    let mut read = Vec::new();
    for item in items {
        // One text among lists is a slip: it would be a command of its own.
        binder.list(item, "an argument vector", EXAMPLE)?;
        read.push(text::vector(binder, item, uses)?);
    }
    Some(read)
}
