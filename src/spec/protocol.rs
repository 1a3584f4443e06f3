//! `[protocol]`, and the keys of it that a workload, a strategy or an override lays over it.

use toml::de::DeTable;

use super::adaptive;
use super::binder::{Binder, Node};
use super::diagnostics::Diagnostic;
use super::keys::{ON_TIMEOUT, WHOLE_RUN, layered};
use super::limits;
use super::sandbox;
use super::text::is_variable_name;
use crate::design::{
    Cpus, Environment, Isolation, OnFailure, OnTimeout, Order, Protocol, ProtocolPatch,
};
use crate::host::parse_list;

/// Beyond this no kernel has a CPU that it can be told of.
const MAX_CPU: u64 = 1_024;

/// Largest number of repeats, retries and the like; more is a slip.
const MANY: u32 = 10_000_000;

/// Whose keys are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Those of one workload.
    Workload,
    /// Those of one strategy.
    Strategy,
    /// Those of `[[override]]`.
    Override,
}

impl Scope {
    fn one(self) -> &'static str {
        match self {
            Self::Workload => "one workload",
            Self::Strategy => "one strategy",
            Self::Override => "some of its cells",
        }
    }
}

/// `[protocol]`: `base` with the keys that the table has.
pub(super) fn of_run<'a>(binder: &Binder<'a>, table: &DeTable<'a>, base: &Protocol) -> Protocol {
    let mut protocol = base.clone();
    whole_run(binder, table, &mut protocol);
    keys(binder, table, (&protocol, &base.environment)).lay_over(&mut protocol);
    if let Some(adaptive) = &protocol.adaptive {
        protocol.repeats = adaptive.max;
    }
    protocol
}

/// The keys of the protocol that a table of another kind has. `around` is the protocol that they
/// are laid over, as far as it is known: all of it for a workload, that of the run for others.
pub(super) fn patch<'a>(
    binder: &Binder<'a>,
    table: &DeTable<'a>,
    around: &Protocol,
    scope: Scope,
) -> ProtocolPatch {
    refuse_whole_run(binder, table, scope);
    // What a strategy or an override is laid over may inherit the environment in some cells.
    let unknown = Environment::Inherit;
    let environment = if scope == Scope::Workload { &around.environment } else { &unknown };
    keys(binder, table, (around, environment))
}

/// The keys that do not concern the whole run.
fn keys<'a>(
    binder: &Binder<'a>,
    table: &DeTable<'a>,
    (around, environment_around): (&Protocol, &Environment),
) -> ProtocolPatch {
    let mut patch = ProtocolPatch::default();
    numbers(binder, table, &mut patch);
    if let (Some(_), Some((key, _))) = (&around.adaptive, table.get_key_value("repeats")) {
        adaptive::refuse_repeats(binder, key.span());
    }
    if let Some(node) = table.get("isolation") {
        let words = [("process", Isolation::Process), ("thread", Isolation::Thread)];
        patch.isolation = binder.word(node, &words);
    }
    if let Some(node) = table.get("timeout") {
        patch.timeout = binder.duration(node, "timeout");
    }
    if let Some(node) = table.get("on_timeout") {
        patch.on_timeout = on_timeout(binder, node);
    }
    if let Some(node) = table.get("env_pad") {
        patch.env_pad = binder.boolean(node);
    }
    if let Some(node) = table.get("cpus") {
        patch.cpus = cpus(binder, node);
    }
    if let Some(node) = table.get("counters") {
        patch.counters = binder.boolean(node);
    }
    if let Some(node) = table.get("nice") {
        patch.nice = binder.count(node, "nice", (-20, 19));
    }
    patch.environment = environment(binder, table, environment_around);
    check_isolation(binder, table, patch.isolation.unwrap_or(around.isolation), around.jobs);
    if let Some(node) = table.get("limits") {
        patch.limits = limits::bind(binder, node);
    }
    if let Some(node) = table.get("sandbox") {
        patch.sandbox = sandbox::bind(binder, node);
    }
    for key in layered().map(|key| key.name) {
        patch.places.extend(table.get(key).map(|node| (key, node.span())));
    }
    patch
}

/// `"all"`, `"auto"` or a list of CPUs.
fn cpus(binder: &Binder<'_>, node: &Node<'_>) -> Option<Cpus> {
    let expected = "\"all\", \"auto\" or a list of CPUs such as \"0-3,8\"";
    let help = match node.get_ref().is_integer() {
        true => format!("write cpus = \"{}\"", binder.written(node)),
        false => String::new(),
    };
    match binder.string(node, expected, &help)? {
        "all" => Some(Cpus::All),
        "auto" => Some(Cpus::Auto),
        text => {
            let list = parse_list(text).filter(|list| !list.is_empty());
            let list = list.filter(|list| list.iter().all(|&cpu| cpu < MAX_CPU));
            let Some(mut list) = list else {
                let help = format!("CPUs are numbered from 0, and at most {}", MAX_CPU - 1);
                binder.refuse(node.span(), format!("`{text}` is not {expected}"), help);
                return None;
            };
            list.sort_unstable();
            list.dedup();
            Some(Cpus::List(list.into_iter().filter_map(|cpu| usize::try_from(cpu).ok()).collect()))
        }
    }
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
    binder.check_keys(table, &ON_TIMEOUT);
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

fn numbers<'a>(binder: &Binder<'a>, table: &DeTable<'a>, patch: &mut ProtocolPatch) {
    let read = |key: &str, least: u32| {
        let node = table.get(key)?;
        binder.count(node, key, (least, MANY))
    };
    patch.repeats = read("repeats", 1);
    patch.warmup = read("warmup", 0);
    patch.retries = read("retries", 0);
    patch.iterations = read("iterations", 1);
    if let (Some(node), Some(repeats @ ..6)) = (table.get("repeats"), patch.repeats) {
        binder.report(
            Diagnostic::caution(
                node.span(),
                format!("with {repeats} repeats no 95 % interval exists"),
            )
            .help("it exists from 6 repeats on; 10 is usual"),
        );
    }
    if let (Some(node), Some(0)) = (table.get("warmup"), patch.warmup) {
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
    protocol.adaptive = table.get("adaptive").and_then(|node| adaptive::bind(binder, node));
    if let (Some(_), Some(node)) = (&protocol.adaptive, table.get("order")) {
        adaptive::check_order(binder, node, protocol.order);
    }
    if let Some(node) = table.get("on_failure") {
        let words = [("continue", OnFailure::Continue), ("stop", OnFailure::Stop)];
        set(&mut protocol.on_failure, binder.word(node, &words));
    }
}

fn refuse_whole_run(binder: &Binder<'_>, table: &DeTable<'_>, scope: Scope) {
    for key in WHOLE_RUN {
        if let Some((name, _)) = table.get_key_value(*key) {
            binder.refuse(
                name.span(),
                format!("`{key}` concerns the whole run, not {}", scope.one()),
                "move it to [protocol]",
            );
        }
    }
}

fn environment<'a>(
    binder: &Binder<'a>,
    table: &DeTable<'a>,
    around: &Environment,
) -> Option<Environment> {
    let own = match table.get("environment") {
        Some(node) => match binder.word(node, &[("inherit", false), ("clean", true)])? {
            true => Some(Environment::Clean { keep: Vec::new() }),
            false => Some(Environment::Inherit),
        },
        None => None,
    };
    let Some((key, node)) = table.get_key_value("keep") else {
        return own;
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
    if matches!(own.as_ref().unwrap_or(around), Environment::Clean { .. }) {
        return Some(Environment::Clean { keep });
    }
    binder.refuse(
        key.span(),
        "`keep` only means something in a clean environment",
        "add environment = \"clean\", or remove `keep`: everything is inherited",
    );
    own
}

fn check_isolation(binder: &Binder<'_>, table: &DeTable<'_>, isolation: Isolation, jobs: u32) {
    if isolation != Isolation::Thread || jobs == 1 {
        return;
    }
    // Whichever of the two stands in this table is the one to point at.
    let node = table.get("isolation").or_else(|| table.get("jobs"));
    if let Some(node) = node {
        let title = format!(
            "isolation = \"thread\" with jobs = {jobs}: trials in one process would disturb each other"
        );
        binder.refuse(node.span(), title, "use jobs = 1, or isolation = \"process\"");
    }
}
