//! `[workloads.NAME]`.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::answer::{self, ExpectDraft};
use super::assertion;
use super::binder::{Binder, Node};
use super::command::{self, CommandDraft};
use super::diagnostics::Diagnostic;
use super::hook::{self, HooksDraft};
use super::keys::{COMMAND_ONLY, WORKLOAD};
use super::metric;
use super::params::{self, Param};
use super::protocol::{self, Scope};
use super::selector;
use super::suggest::{did_you_mean, listed, nearest};
use crate::design::template::REVISION;
use crate::design::{
    Action, Agree, Assertion, Catalogue, Hooks, Isolation, KernelSignature, Name, Protocol,
    Scaling, Selector, UserMetric, Workload,
};

/// Most tasks of a trial.
const MAX_TASKS: u32 = 1_000_000;

/// Why these and `isolation = "thread"` exclude one another.
const IN_THE_RUNNER: &str = "`limits`, `sandbox`, `cpus`, `nice` and `counters` with isolation = \"thread\": \
                             the kernel runs in the runner's own process";
const IN_A_PROCESS: &str = "use isolation = \"process\", or remove them";

/// What a workload does, as far as it could be read.
pub(super) enum ActionDraft {
    Kernel(&'static KernelSignature),
    Command(Box<CommandDraft>),
    Unknown,
}

/// A workload as it was read.
pub(super) struct WorkloadDraft {
    /// The key in the file, valid or not.
    pub(super) key: String,
    pub(super) at: Range<usize>,
    pub(super) name: Option<Name>,
    pub(super) action: ActionDraft,
    pub(super) params: Vec<Param>,
    /// Some parameters are in the file and could not be read: none is to be reported as missing.
    pub(super) has_unread_params: bool,
    pub(super) tasks: u32,
    pub(super) scaling: Scaling,
    pub(super) strategies: Option<Vec<usize>>,
    pub(super) when: Option<Selector>,
    pub(super) expect: Vec<ExpectDraft>,
    pub(super) agree: Agree,
    pub(super) metrics: Vec<UserMetric>,
    pub(super) protocol: Protocol,
    pub(super) hooks: HooksDraft,
    pub(super) asserts: Vec<Assertion>,
    /// Its own `on_timeout`.
    pub(super) on_timeout_at: Option<Range<usize>>,
}

impl WorkloadDraft {
    pub(super) fn finish(&self) -> Option<Workload> {
        let action = match &self.action {
            ActionDraft::Kernel(signature) => Action::Kernel(signature),
            ActionDraft::Command(draft) => Action::Command(Box::new(draft.command.clone()?)),
            ActionDraft::Unknown => return None,
        };
        Some(Workload {
            name: self.name.clone()?,
            action,
            params: self.params.iter().map(Param::factor).collect::<Option<_>>()?,
            tasks: self.tasks,
            scaling: self.scaling,
            when: self.when.clone(),
            strategies: self.strategies.clone(),
            expect: self.expect.iter().map(ExpectDraft::finish).collect(),
            agree: self.agree,
            metrics: self.metrics.clone(),
            protocol: self.protocol.clone(),
            hooks: self.hooks.hooks.clone()?,
            asserts: self.asserts.clone(),
        })
    }
}

/// What a workload is bound against.
pub(super) struct Surroundings<'s> {
    pub(super) catalogue: &'s Catalogue,
    /// Keys of all strategies, in order.
    pub(super) strategies: &'s [String],
    pub(super) protocol: &'s Protocol,
    pub(super) is_list: &'s dyn Fn(&str) -> bool,
    /// Some shared parameters are in the file and could not be read.
    pub(super) has_unread_params: bool,
}

/// The kernel that a workload names, if it names one, without a report. Known before parameters
/// are read, since a kernel declares which of them are lists.
pub(super) fn kernel_of(
    name: &str,
    node: &Node<'_>,
    catalogue: &Catalogue,
) -> Option<&'static KernelSignature> {
    let table = node.get_ref().as_table()?;
    match table.get("kind") {
        Some(kind) => catalogue.kernel(kind.get_ref().as_str()?),
        None if table.contains_key("command") => None,
        None => catalogue.kernel(name),
    }
}

/// Reads one workload.
pub(super) fn bind<'a>(
    binder: &Binder<'a>,
    (name, at): (&str, Range<usize>),
    node: &Node<'a>,
    around: &Surroundings<'_>,
) -> WorkloadDraft {
    let mut draft = WorkloadDraft {
        key: name.to_owned(),
        name: binder.name(name, at.clone()),
        at,
        action: ActionDraft::Unknown,
        params: Vec::new(),
        has_unread_params: around.has_unread_params,
        tasks: 1,
        scaling: Scaling::Fixed,
        strategies: None,
        when: None,
        expect: Vec::new(),
        agree: Agree::All,
        metrics: Vec::new(),
        protocol: around.protocol.clone(),
        hooks: HooksDraft { hooks: Some(Hooks::default()), uses: Vec::new() },
        on_timeout_at: None,
        asserts: Vec::new(),
    };
    let example = "write [workloads.NAME] and its keys below";
    let Some(table) = binder.table(node, "a table", example) else {
        return draft;
    };
    draft.action = action(binder, &draft, table, around.catalogue);
    draft.has_unread_params |= check_keys(binder, &draft, table);
    if let Some(node) = table.get("params") {
        draft.params = params::bind(binder, node, around.is_list);
        draft.has_unread_params |= params::are_unread(node, &draft.params);
    }
    let is_command = matches!(draft.action, ActionDraft::Command(_));
    if let Some(node) = table.get("revisions").filter(|_| is_command) {
        let own = draft.params.iter().find(|param| param.name.as_str() == REVISION);
        match own {
            Some(own) => binder.refuse(
                own.at.clone(),
                "`revision` is set by `revisions`",
                "remove one of them",
            ),
            None => draft.params.push(params::revision(binder, node)),
        }
    }
    tasks(binder, table, &mut draft);
    if let Some(node) = table.get("strategies") {
        draft.strategies = strategies(binder, node, around.strategies);
    }
    if let Some(node) = table.get("when") {
        draft.when = selector::bind(binder, node, "write when = { n = \">= 1000\" }");
    }
    answers(binder, table, &mut draft, around.is_list);
    protocol::patch(binder, table, around.protocol, Scope::Workload).lay_over(&mut draft.protocol);
    let is_inline = matches!(draft.action, ActionDraft::Kernel(_))
        && draft.protocol.isolation == Isolation::Thread;
    if is_inline && draft.protocol.needs_a_process() {
        let keys = ["limits", "sandbox", "cpus", "nice", "counters", "isolation"];
        let at = keys.iter().find_map(|key| table.get(*key)).map(|node| node.span());
        binder.refuse(at.unwrap_or_else(|| draft.at.clone()), IN_THE_RUNNER, IN_A_PROCESS);
    }
    draft.on_timeout_at = table.get("on_timeout").map(Node::span);
    if let Some(node) = table.get("assert") {
        draft.asserts = assertion::bind(binder, node);
    }
    if let Some(node) = table.get("hooks") {
        draft.hooks = hook::of_workload(binder, node);
    }
    check_for_action(binder, table, &draft, around.protocol);
    draft
}

fn action<'a>(
    binder: &Binder<'a>,
    draft: &WorkloadDraft,
    table: &DeTable<'a>,
    catalogue: &Catalogue,
) -> ActionDraft {
    let command = || ActionDraft::Command(Box::new(command::bind(binder, table, &draft.at)));
    let Some(node) = table.get("kind") else {
        if table.contains_key("command") {
            return command();
        }
        let kernel = catalogue.kernel(&draft.key);
        if kernel.is_none() {
            unknown_workload(binder, draft, catalogue);
        }
        return kernel.map_or(ActionDraft::Unknown, ActionDraft::Kernel);
    };
    match binder.string(node, "the name of a kernel, or \"command\"", "") {
        None => ActionDraft::Unknown,
        Some("command") => command(),
        Some(kind) => {
            let kernel = catalogue.kernel(kind);
            if kernel.is_none() {
                unknown_kernel(binder, node.span(), kind, catalogue);
            }
            kernel.map_or(ActionDraft::Unknown, ActionDraft::Kernel)
        }
    }
}

fn kernel_names(catalogue: &Catalogue) -> Vec<&'static str> {
    catalogue.kernels.iter().map(|kernel| kernel.name).collect()
}

fn unknown_workload(binder: &Binder<'_>, draft: &WorkloadDraft, catalogue: &Catalogue) {
    let names = kernel_names(catalogue);
    let key = &draft.key;
    let title = format!("`{key}` is not a built-in kernel, and has no `command`");
    let advice = nearest(key, names.iter().copied()).map_or_else(
        || format!("kernels: {}", listed(&names)),
        |kernel| format!("did you mean `{kernel}`?"),
    );
    binder.report(
        Diagnostic::error(draft.at.clone(), title)
            .help(advice)
            .help("for a kernel under another name add kind = \"KERNEL\"")
            .help("for a program of yours add command = [\"program\", \"argument\"]"),
    );
}

fn unknown_kernel(binder: &Binder<'_>, at: Range<usize>, kind: &str, catalogue: &Catalogue) {
    let names = kernel_names(catalogue);
    let known = names.iter().copied().chain(["command"]);
    let all = format!("kernels: {}; `command` is a program of yours", listed(&names));
    binder.report(
        Diagnostic::error(at, format!("there is no kernel `{kind}`"))
            .help(did_you_mean(kind, known))
            .help(all),
    );
}

/// Reports keys that do not belong here; true if parameters are among them.
fn check_keys(binder: &Binder<'_>, draft: &WorkloadDraft, table: &DeTable<'_>) -> bool {
    let mut has_params = false;
    for (key, value) in table {
        let name: &str = key.get_ref();
        if WORKLOAD.all_names().any(|known| known == name) {
            let ActionDraft::Kernel(kernel) = &draft.action else {
                continue;
            };
            if COMMAND_ONLY.contains(&name) {
                binder.refuse(
                    key.span(),
                    format!("`{name}` is for commands; `{}` is a built-in kernel", kernel.name),
                    kernel_advice(name),
                );
            }
            continue;
        }
        let is_param = match &draft.action {
            ActionDraft::Kernel(kernel) => kernel.parameters.iter().any(|p| p.name == name),
            ActionDraft::Command(command) => command.uses.iter().any(|used| used.name == name),
            ActionDraft::Unknown => false,
        };
        if is_param {
            misplaced_param(binder, key.span(), name, binder.written(value));
            has_params = true;
        } else {
            binder.unknown_key(key, &WORKLOAD);
            has_params |= nearest(name, WORKLOAD.names()) == Some("params");
        }
    }
    has_params
}

fn misplaced_param(binder: &Binder<'_>, at: Range<usize>, name: &str, written: &str) {
    binder.report(
        Diagnostic::error(at, format!("unknown key `{name}` in a workload"))
            .label("this is a parameter")
            .help(format!("parameters stand under `params`: params = {{ {name} = {written} }}")),
    );
}

fn kernel_advice(key: &str) -> &'static str {
    match key {
        "result" | "metrics" | "iteration_times" => {
            "kernels give their own answer and time; remove it"
        }
        "divide" => "a kernel knows its size itself: scaling = \"strong\" is enough",
        "command" => "remove `kind` to run a command",
        _ => "remove it, or use kind = \"command\"",
    }
}

fn tasks(binder: &Binder<'_>, table: &DeTable<'_>, draft: &mut WorkloadDraft) {
    if let Some(node) = table.get("tasks") {
        draft.tasks = binder.count(node, "tasks", (1, MAX_TASKS)).unwrap_or(draft.tasks);
    }
    if let Some(node) = table.get("scaling") {
        let words =
            [("fixed", Scaling::Fixed), ("strong", Scaling::Strong), ("weak", Scaling::Weak)];
        draft.scaling = binder.word(node, &words).unwrap_or(draft.scaling);
    }
}

fn strategies<'a>(binder: &Binder<'a>, node: &Node<'a>, known: &[String]) -> Option<Vec<usize>> {
    let items = binder.list(node, "a list of names of strategies", "")?;
    let mut chosen = Vec::new();
    for item in items {
        let Some(name) = binder.string(item, "the name of a strategy", "") else {
            continue;
        };
        match known.iter().position(|other| other == name) {
            Some(index) if chosen.contains(&index) => {
                binder.refuse(item.span(), format!("the strategy `{name}` is here twice"), "");
            }
            Some(index) => chosen.push(index),
            None => {
                unknown_strategy(binder, item.span(), name, known);
            }
        }
    }
    chosen.sort_unstable();
    Some(chosen)
}

/// Reports a strategy that the file does not have.
pub(super) fn unknown_strategy(
    binder: &Binder<'_>,
    at: Range<usize>,
    name: &str,
    known: &[String],
) {
    binder.report(
        Diagnostic::error(at, format!("there is no strategy `{name}`"))
            .help(did_you_mean(name, known.iter().map(String::as_str)))
            .help(format!("strategies of this file: {}", listed(known))),
    );
}

fn answers<'a>(
    binder: &Binder<'a>,
    table: &DeTable<'a>,
    draft: &mut WorkloadDraft,
    is_list: &dyn Fn(&str) -> bool,
) {
    if let Some(node) = table.get("agree") {
        draft.agree = answer::agree(binder, node).unwrap_or(draft.agree);
    }
    if let Some(node) = table.get("expect") {
        draft.expect = answer::expect(binder, node, is_list);
    }
    if let ActionDraft::Kernel(_) = draft.action {
        for expect in &mut draft.expect {
            let canonical = answer::canonical_integer(&expect.answer);
            if canonical.is_none() {
                let title =
                    format!("the answer of a kernel is an integer, not `{}`", expect.answer);
                binder.refuse(expect.answer_at.clone(), title, "write its digits in quotes");
            }
            expect.answer = canonical.unwrap_or_default();
        }
    }
    if let Some(node) = table.get("metrics") {
        let mut uses = Vec::new();
        draft.metrics = metric::metrics(binder, node, &mut uses);
        if let ActionDraft::Command(command) = &mut draft.action {
            command.uses.extend(uses);
        }
    }
}

/// Rules that depend on what the workload does.
fn check_for_action(
    binder: &Binder<'_>,
    table: &DeTable<'_>,
    draft: &WorkloadDraft,
    shared: &Protocol,
) {
    match &draft.action {
        ActionDraft::Kernel(kernel) => check_kernel(binder, table, draft, kernel),
        ActionDraft::Command(command) => {
            check_divide(binder, table, draft, command);
            check_command(binder, table, draft, shared);
        }
        ActionDraft::Unknown => {}
    }
}

fn check_kernel(
    binder: &Binder<'_>,
    table: &DeTable<'_>,
    draft: &WorkloadDraft,
    kernel: &KernelSignature,
) {
    if let Some(node) = table.get("scaling")
        && draft.scaling == Scaling::Strong
        && kernel.size.is_none()
    {
        binder.refuse(
            node.span(),
            format!("the kernel `{}` has no size that can be split", kernel.name),
            "use scaling = \"weak\", or plain `tasks`",
        );
    }
}

fn check_divide(
    binder: &Binder<'_>,
    table: &DeTable<'_>,
    draft: &WorkloadDraft,
    command: &CommandDraft,
) {
    match (draft.scaling, &command.divide_at, table.get("scaling")) {
        (Scaling::Strong, None, Some(node)) => binder.refuse(
            node.span(),
            "`strong` needs to know which parameter is the size",
            "add divide = \"n\", with the name of the parameter",
        ),
        (Scaling::Fixed | Scaling::Weak, Some(at), _) => binder.refuse(
            at.clone(),
            "`divide` only means something with strong scaling",
            "add scaling = \"strong\", or remove it",
        ),
        _ => {}
    }
}

fn check_command(
    binder: &Binder<'_>,
    table: &DeTable<'_>,
    draft: &WorkloadDraft,
    shared: &Protocol,
) {
    let has_many_tasks = draft.tasks > 1 || draft.scaling != Scaling::Fixed;
    if let Some(node) = table.get("metrics").filter(|_| has_many_tasks) {
        metric::check_tasks(binder, node, &draft.metrics);
    }
    if let Some(node) = table.get("iteration_times").filter(|_| has_many_tasks) {
        let title = "each task reports a list of times, and a trial has one";
        binder.refuse(node.span(), title, "remove `iteration_times`, or `tasks` and `scaling`");
    }
    let has_answer = table.contains_key("result");
    if let Some((key, _)) = table.get_key_value("expect").filter(|_| !has_answer) {
        binder.refuse(
            key.span(),
            "`expect` without `result`: which part of the output is the answer?",
            "add result = { stdout_regex = 'result: (\\d+)' }",
        );
    }
    check_protocol(binder, table, draft, shared);
}

/// Keys of the protocol that make no sense for a command.
fn check_protocol(
    binder: &Binder<'_>,
    table: &DeTable<'_>,
    draft: &WorkloadDraft,
    shared: &Protocol,
) {
    if let Some(node) = table.get("iterations").filter(|_| draft.protocol.iterations > 1) {
        binder.refuse(
            node.span(),
            "a command runs once in each trial",
            "`iterations` is for kernels; let the program repeat its work itself",
        );
    } else if shared.iterations > 1 && draft.protocol.iterations > 1 {
        binder.refuse(
            draft.at.clone(),
            format!(
                "[protocol] asks for {} iterations, and a command runs once in each trial",
                shared.iterations
            ),
            "move `iterations` to the workloads that are kernels, or add iterations = 1 here",
        );
    }
    if let Some(DeValue::String(_)) = table.get("isolation").map(Node::get_ref) {
        let at = table.get("isolation").map_or(draft.at.clone(), Node::span);
        binder.refuse(
            at,
            "a command is always a process of its own",
            "`isolation` is for kernels; remove it",
        );
    }
}
