//! The keys of a workload that runs an outside program.

use std::ops::Range;

use toml::de::DeTable;

use super::binder::{Binder, Node};
use super::metric;
use super::text::{self, Use};
use crate::design::{Command, Program, Template};

/// Placeholders that only exist while a trial runs, so that a build step cannot use them.
const OF_ONE_TRIAL: [&str; 4] = ["seed", "repeat", "trial_id", "trial_dir"];

/// A command as it was read; `uses` is filled even where the rest is wrong.
pub(super) struct CommandDraft {
    pub(super) command: Option<Command>,
    pub(super) uses: Vec<Use>,
    pub(super) divide_at: Option<Range<usize>>,
}

/// Reads the keys of a command. `at` is the workload's name.
pub(super) fn bind<'a>(
    binder: &Binder<'a>,
    table: &DeTable<'a>,
    at: &Range<usize>,
) -> CommandDraft {
    let mut uses = Vec::new();
    let program = program(binder, table, at, &mut uses);
    let cwd = optional(table, "cwd", |node| text::template(binder, node, &mut uses));
    let stdin = optional(table, "stdin", |node| text::template(binder, node, &mut uses));
    let env = optional(table, "env", |node| text::environment(binder, node, &mut uses));
    let build = optional(table, "build", |node| build(binder, node, &mut uses));
    let requires = optional(table, "requires", |node| requires(binder, node));
    let result = optional(table, "result", |node| metric::result(binder, node));
    let iteration_times =
        optional(table, "iteration_times", |node| metric::iteration_times(binder, node));
    let revisions = optional(table, "revisions", |node| revisions(binder, node));
    let divide = optional(table, "divide", |node| {
        let name = binder.string(node, "the name of a parameter, in quotes", "")?;
        binder.param_name(name, node.span())
    });
    let command = || {
        Some(Command {
            program: program?,
            cwd: cwd?,
            env: env?.unwrap_or_default(),
            stdin: stdin?,
            result: result?,
            iteration_times: iteration_times?,
            build: build?,
            requires: requires?.unwrap_or_default(),
            divide: divide?,
            revisions: revisions?.unwrap_or_default(),
        })
    };
    CommandDraft { command: command(), uses, divide_at: table.get("divide").map(Node::span) }
}

/// `Some(None)` when the key is absent, `None` when its value is wrong.
fn optional<'n, 'a, T>(
    table: &'n DeTable<'a>,
    key: &str,
    mut read: impl FnMut(&'n Node<'a>) -> Option<T>,
) -> Option<Option<T>> {
    match table.get(key) {
        None => Some(None),
        Some(node) => read(node).map(Some),
    }
}

fn program<'a>(
    binder: &Binder<'a>,
    table: &DeTable<'a>,
    at: &Range<usize>,
    uses: &mut Vec<Use>,
) -> Option<Program> {
    let is_shell = match table.get("shell") {
        Some(node) => binder.boolean(node)?,
        None => false,
    };
    let Some(node) = table.get("command") else {
        binder.refuse(
            at.clone(),
            "this workload has no `command`",
            "write command = [\"program\", \"argument\"]",
        );
        return None;
    };
    if !is_shell {
        return text::vector(binder, node, uses).map(Program::Vector);
    }
    let help = "with shell = true the command is one text; without it, a list";
    binder.string(node, "the command as one text", help)?;
    let template = text::template(binder, node, uses)?;
    if template.source().trim().is_empty() {
        binder.refuse(node.span(), "the command is empty", "");
        return None;
    }
    Some(Program::Shell(template))
}

fn build<'a>(binder: &Binder<'a>, node: &Node<'a>, uses: &mut Vec<Use>) -> Option<Vec<Template>> {
    let mut own = Vec::new();
    let vector = text::vector(binder, node, &mut own);
    for used in &own {
        if OF_ONE_TRIAL.contains(&used.name.as_str()) {
            binder.refuse(
                used.at.clone(),
                format!(
                    "{{{}}} belongs to one trial, and `build` runs before the trials",
                    used.name
                ),
                "use parameters, {workload}, {strategy} or {workers} in `build`",
            );
        }
    }
    uses.extend(own);
    vector
}

/// Names of revisions. What begins with a dash would be an option of git.
fn revisions<'a>(binder: &Binder<'a>, node: &Node<'a>) -> Option<Vec<String>> {
    let example = "write revisions = [\"origin/main\", \"HEAD\"]";
    let items = binder.list(node, "a list of revisions", example)?;
    if !binder.are_few(node.span(), items.len(), "revisions") {
        return None;
    }
    let names: Vec<Option<String>> = items
        .iter()
        .map(|item| {
            let name = binder.string(item, "a revision as git reads it", example)?;
            let is_name = |c: char| !c.is_control() && !c.is_whitespace();
            if name.is_empty() || name.starts_with('-') || !name.chars().all(is_name) {
                binder.refuse(
                    item.span(),
                    "a revision has no blanks and begins with no dash",
                    example,
                );
                return None;
            }
            Some(name.to_owned())
        })
        .collect();
    names.into_iter().collect()
}

fn requires<'a>(binder: &Binder<'a>, node: &Node<'a>) -> Option<Vec<String>> {
    let example = "write requires = [\"python3\"]";
    let items = binder.list(node, "a list of programs", example)?;
    let programs: Vec<Option<String>> = items
        .iter()
        .map(|item| {
            let name = binder.string(item, "the name of a program", example)?;
            if name.trim().is_empty() || name.chars().any(char::is_control) {
                binder.refuse(item.span(), "this cannot be the name of a program", "");
                return None;
            }
            Some(name.to_owned())
        })
        .collect();
    programs.into_iter().collect()
}
