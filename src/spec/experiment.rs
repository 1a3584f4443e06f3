//! The whole file: its tables in the order in which they depend on one another.

use toml::de::{DeTable, DeValue};

use super::binder::{Binder, Node, number_advice};
use super::check;
use super::claim;
use super::compare::{self, Named};
use super::gate;
use super::hook;
use super::keys::FILE;
use super::limits;
use super::matrix;
use super::output;
use super::overrides;
use super::params::{self, Param};
use super::protocol;
use super::sandbox;
use super::size;
use super::strategy::{self, StrategyDraft};
use super::suggest::nearest;
use super::workload::{self, Surroundings, WorkloadDraft};
use crate::design::{
    Catalogue, Combination, Compare, Experiment, Factor, KernelSignature, Protocol, Strategy,
    ValueKind, Workload,
};

/// Binds every table. `None` only if something was reported.
pub(super) fn bind<'a>(
    binder: &Binder<'a>,
    file: &DeTable<'a>,
    catalogue: &Catalogue,
    source: &super::Source<'_>,
) -> Option<Experiment> {
    binder.check_keys(file, &FILE);
    let kernels = kernels(file, catalogue);
    let is_list = |name: &str| declares_list(&kernels, name);
    let shared =
        file.get("params").map_or_else(Vec::new, |node| params::bind(binder, node, &is_list));
    let protocol = protocol_of(binder, file);
    let strategies = match file.get("strategies") {
        Some(node) => strategy::bind(binder, node, (&is_list, &protocol)),
        None => vec![strategy::implicit()],
    };
    let strategy_keys: Vec<String> = strategies.iter().map(|s| s.key.clone()).collect();
    let unread = file.get("params").is_some_and(|node| params::are_unread(node, &shared));
    let around = Surroundings {
        has_unread_params: unread || has_slip(file, "params"),
        catalogue,
        strategies: &strategy_keys,
        protocol: &protocol,
        is_list: &is_list,
    };
    let workloads = workloads(binder, file, &around);
    let named = Named {
        params: &shared,
        workloads: &workloads,
        strategies: &strategies,
        is_list: &is_list,
    };
    let mut compare = file
        .get("compare")
        .map_or_else(Compare::default, |node| compare::bind(binder, node, &named));
    compare.gate = file.get("gate").and_then(|node| gate::bind(binder, node, &compare));
    let combination = file
        .get("matrix")
        .map_or_else(Combination::default, |node| matrix::bind(binder, node, &named));
    let overrides =
        file.get("override").map_or_else(Vec::new, |node| overrides::bind(binder, node, &protocol));
    let claims =
        file.get("claim").map_or_else(Vec::new, |node| claim::bind(binder, node, &named, &compare));
    let of_claims = claims.iter().filter_map(|claim| claim.cells.as_ref());
    let of_overrides = overrides.iter().map(|one| &one.cells);
    let selectors = of_overrides.chain(&combination.exclude).chain(of_claims);
    check::check(binder, &named, selectors);
    let spreadsheet = file.get("output").and_then(|node| output::bind(binder, node));
    let run_hook = file.get("hooks").and_then(|node| hook::of_run(binder, node));
    let run_at = file
        .get("protocol")
        .and_then(|node| node.get_ref().as_table()?.get("on_timeout").map(Node::span));
    let on_timeout = size::resolve(binder, &named, run_at.as_ref());
    let head = head(binder, file);
    let mut experiment = finish(&named, source)?;
    for (workload, on_timeout) in experiment.workloads.iter_mut().zip(on_timeout) {
        workload.protocol.on_timeout = on_timeout;
    }
    Some(Experiment {
        title: head.title.unwrap_or(experiment.title),
        question: head.question,
        seed: head.seed,
        combination,
        protocol,
        overrides,
        run_hook,
        compare,
        claims,
        spreadsheet,
        ..experiment
    })
}

/// The drafts as an experiment, if all of them are complete.
fn finish(named: &Named<'_>, source: &super::Source<'_>) -> Option<Experiment> {
    let params: Option<Vec<Factor>> = named.params.iter().map(Param::factor).collect();
    let workloads: Option<Vec<Workload>> =
        named.workloads.iter().map(WorkloadDraft::finish).collect();
    let strategies: Option<Vec<Strategy>> =
        named.strategies.iter().map(StrategyDraft::finish).collect();
    Some(Experiment {
        name: source.stem.to_owned(),
        base_dir: source.base_dir.to_owned(),
        title: source.stem.to_owned(),
        question: None,
        seed: None,
        params: params?,
        workloads: workloads?,
        strategies: strategies?,
        combination: Combination::default(),
        protocol: Protocol::default(),
        overrides: Vec::new(),
        run_hook: None,
        compare: Compare::default(),
        claims: Vec::new(),
        spreadsheet: None,
    })
}

/// The kernels that the file names. A parameter that one of them declares as a list is a list in
/// the whole file, since a shared parameter has one meaning.
fn kernels(file: &DeTable<'_>, catalogue: &Catalogue) -> Vec<&'static KernelSignature> {
    let table = file.get("workloads").and_then(|node| node.get_ref().as_table());
    table
        .into_iter()
        .flatten()
        .filter_map(|(key, node)| workload::kernel_of(key.get_ref(), node, catalogue))
        .collect()
}

fn declares_list(kernels: &[&'static KernelSignature], name: &str) -> bool {
    kernels
        .iter()
        .flat_map(|kernel| kernel.parameters)
        .any(|param| param.name == name && matches!(param.kind, ValueKind::IntegerList { .. }))
}

fn protocol_of<'a>(binder: &Binder<'a>, file: &DeTable<'a>) -> Protocol {
    let mut protocol = Protocol::default();
    let example = "write [protocol] and below it lines like repeats = 10";
    let table = file.get("protocol").and_then(|node| binder.table(node, "a table", example));
    if let Some(table) = table {
        binder.check_keys(table, &super::keys::PROTOCOL);
        protocol = protocol::of_run(binder, table, &protocol);
    }
    if let Some(node) = file.get("limits") {
        limits::bind(binder, node).lay_over(&mut protocol.limits);
    }
    if let Some(node) = file.get("sandbox") {
        sandbox::bind(binder, node).lay_over(&mut protocol.sandbox);
    }
    protocol
}

fn workloads<'a>(
    binder: &Binder<'a>,
    file: &DeTable<'a>,
    around: &Surroundings<'_>,
) -> Vec<WorkloadDraft> {
    let names: Vec<&str> = around.catalogue.kernels.iter().map(|k| k.name).collect();
    let example = format!(
        "write [workloads.NAME]; built-in kernels: {}; a program of yours has command = [\"program\", \"argument\"]",
        super::suggest::listed(&names)
    );
    let Some(node) = file.get("workloads") else {
        // A misspelt key is reported already, and this would be the same mistake again.
        let misspelt = has_slip(file, "workloads");
        if !misspelt {
            binder.refuse(
                0..0,
                "this experiment has no workload: there is nothing to run",
                example,
            );
        }
        return Vec::new();
    };
    let Some(table) = binder.table(node, "a table of workloads", &example) else {
        return Vec::new();
    };
    if table.is_empty() {
        binder.refuse(
            node.span(),
            "[workloads] names no workload: there is nothing to run",
            example,
        );
    }
    if !binder.are_few(node.span(), table.len(), "workloads") {
        return Vec::new();
    }
    table
        .iter()
        .map(|(key, value)| workload::bind(binder, (key.get_ref(), key.span()), value, around))
        .collect()
}

/// Whether the file has a key that is a slip of the fingers for `known`.
fn has_slip(file: &DeTable<'_>, known: &str) -> bool {
    file.keys().any(|key| {
        let key: &str = key.get_ref();
        !FILE.contains(key) && nearest(key, FILE.names()) == Some(known)
    })
}

struct Head {
    title: Option<String>,
    question: Option<String>,
    seed: Option<u64>,
}

fn head(binder: &Binder<'_>, file: &DeTable<'_>) -> Head {
    let read = |key: &str| file.get(key).and_then(|node| line(binder, node, key));
    Head {
        title: read("title"),
        question: read("question"),
        seed: file.get("seed").and_then(|node| seed(binder, node)),
    }
}

/// Text for the screen: escape sequences in it would be carried out by a terminal.
fn line(binder: &Binder<'_>, node: &Node<'_>, key: &str) -> Option<String> {
    let text = binder.string(node, "text in quotes", "")?;
    let is_control = |c: char| c.is_control() && !(key == "question" && matches!(c, '\n' | '\r'));
    if text.trim().is_empty() || text.chars().any(is_control) {
        let what = if text.trim().is_empty() {
            format!("`{key}` is empty")
        } else {
            format!("`{key}` holds a control character")
        };
        binder.refuse(node.span(), what, format!("write some words, or remove `{key}`"));
        return None;
    }
    Some(text.trim().to_owned())
}

fn seed(binder: &Binder<'_>, node: &Node<'_>) -> Option<u64> {
    let DeValue::Integer(digits) = node.get_ref() else {
        binder.mismatch(node, "a whole number", &number_advice(node));
        return None;
    };
    let value = binder.integer(digits, node.span())?;
    let seed = u64::try_from(&value).ok();
    if seed.is_none() {
        let title = format!("`seed` must be from 0 to {}", u64::MAX);
        binder.refuse(node.span(), title, "any number will do; the date, for example");
    }
    seed
}
