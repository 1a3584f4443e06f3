//! `[compare]`: what is compared with what. Everything that it names must exist.

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::answer;
use super::axis;
use super::binder::{Binder, Node};
use super::diagnostics::Diagnostic;
use super::keys::COMPARE;
use super::params::Param;
use super::strategy::StrategyDraft;
use super::suggest::{did_you_mean, listed};
use super::workload::{WorkloadDraft, unknown_strategy};
use crate::design::experiment::Baseline;
use crate::design::{Binding, Compare, Level, Name, Objective, ParamName, Value};

/// What the rest of the file has, for `[compare]` to name.
pub(super) struct Named<'s> {
    pub(super) params: &'s [Param],
    pub(super) workloads: &'s [WorkloadDraft],
    pub(super) strategies: &'s [StrategyDraft],
    pub(super) is_list: &'s dyn Fn(&str) -> bool,
}

impl Named<'_> {
    fn strategy_names(&self) -> Vec<String> {
        self.strategies.iter().map(|strategy| strategy.key.clone()).collect()
    }

    pub(super) fn all_params(&self) -> impl Iterator<Item = &Param> {
        self.params
            .iter()
            .chain(self.workloads.iter().flat_map(|workload| &workload.params))
            .chain(self.strategies.iter().flat_map(|strategy| &strategy.params))
    }

    /// Whether the file has such a parameter.
    pub(super) fn has_param(&self, name: &str) -> bool {
        self.all_params().any(|param| param.name.as_str() == name)
    }

    /// Every level of a parameter, wherever it is set; `None` when there is no such parameter,
    /// empty when its levels could not be read.
    pub(super) fn levels(&self, name: &str) -> Option<Vec<&Level>> {
        let mut exists = false;
        let mut levels = Vec::new();
        for param in self.all_params().filter(|param| param.name.as_str() == name) {
            exists = true;
            let Some(values) = param.levels() else {
                return Some(Vec::new());
            };
            levels.extend(values);
        }
        exists.then_some(levels)
    }

    /// Every parameter of that name, wherever it is set.
    pub(super) fn params_called<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n Param> {
        self.all_params().filter(move |param| param.name.as_str() == name)
    }

    pub(super) fn param_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for param in self.all_params() {
            if !names.contains(&param.name.as_str()) {
                names.push(param.name.as_str());
            }
        }
        names
    }
}

/// Reads the table.
pub(super) fn bind<'a>(binder: &Binder<'a>, node: &Node<'a>, named: &Named<'_>) -> Compare {
    let mut compare = Compare::default();
    let example = "write [compare] and below it lines like baseline = \"normal\"";
    let Some(table) = binder.table(node, "a table", example) else {
        return compare;
    };
    binder.check_keys(table, &COMPARE);
    if let Some(node) = table.get("baseline") {
        compare.baselines = baselines(binder, node, named);
    }
    if let Some(node) = table.get("metric") {
        compare.metric = metric(binder, node, named.workloads);
    }
    compare.margin = table.get("margin").and_then(|node| fraction(binder, node, "margin", true));
    compare.conf = table.get("conf").and_then(|node| fraction(binder, node, "conf", false));
    compare.max_failure_rate = table
        .get("max_failure_rate")
        .and_then(|node| fraction(binder, node, "max_failure_rate", true));
    compare.adjust =
        table.get("adjust").and_then(|node| word(binder, node, &["holm", "bh", "none"]));
    compare.baseline_kind = table
        .get("baseline_kind")
        .and_then(|node| word(binder, node, &["best_serial", "same_code_1_worker", "named"]));
    let objectives = Objective::ALL.map(|objective| (objective.as_str(), objective));
    let objective = table.get("objective").and_then(|node| binder.word(node, &objectives));
    compare.objective = objective.unwrap_or_default();
    let flag = |key: &str| table.get(key).and_then(|node| binder.boolean(node)).unwrap_or(false);
    (compare.sum, compare.allow_geomean) = (flag("sum"), flag("allow_geomean"));
    compare
}

fn word(binder: &Binder<'_>, node: &Node<'_>, words: &[&str]) -> Option<String> {
    let words: Vec<(&str, &str)> = words.iter().map(|word| (*word, *word)).collect();
    binder.word(node, &words).map(str::to_owned)
}

/// A number between 0 and 1.
fn fraction(binder: &Binder<'_>, node: &Node<'_>, key: &str, is_zero_fine: bool) -> Option<f64> {
    let number = binder.number(node)?;
    let good = number < 1.0 && (number > 0.0 || (is_zero_fine && number == 0.0));
    if !good {
        let percent = (1.0..100.0).contains(&number) && number > 1.0;
        let help = if percent {
            format!("{number} % is written {key} = {}", number / 100.0)
        } else {
            String::new()
        };
        binder.refuse(
            node.span(),
            format!("`{key}` must be between 0 and 1, found {}", binder.written(node)),
            help,
        );
    }
    good.then_some(number)
}

fn metric(binder: &Binder<'_>, node: &Node<'_>, workloads: &[WorkloadDraft]) -> Option<ParamName> {
    let text = binder.string(node, "the name of a metric", "")?;
    if text == "wall" {
        return None;
    }
    let mut known = vec!["wall"];
    for metric in workloads.iter().flat_map(|workload| &workload.metrics) {
        if !known.contains(&metric.name.as_str()) {
            known.push(metric.name.as_str());
        }
    }
    if !known.contains(&text) {
        binder.report(
            Diagnostic::error(node.span(), format!("there is no metric `{text}`"))
                .help(did_you_mean(text, known.iter().copied()))
                .help(format!("metrics of this file: {}", listed(&known))),
        );
        return None;
    }
    let mut declared = workloads.iter().flat_map(|workload| &workload.metrics);
    if declared.any(|metric| metric.name.as_str() == text && metric.direction().is_none()) {
        binder.report(
            Diagnostic::error(node.span(), format!("which direction of `{text}` is better?"))
                .help("add `better = \"lower\"` or `better = \"higher\"` to the metric"),
        );
    }
    ParamName::new(text).ok()
}

fn baselines<'a>(binder: &Binder<'a>, node: &Node<'a>, named: &Named<'_>) -> Vec<Baseline> {
    match node.get_ref() {
        DeValue::String(_) => {
            vec![Baseline { strategy: strategy(binder, node, named), ..of(None) }]
        }
        DeValue::Table(table) => from_table(binder, node, table, named),
        _ => {
            binder.mismatch(
                node,
                "the name of a strategy, or a table of factors",
                "write baseline = \"normal\" or baseline = { cc = \"gcc\" }",
            );
            Vec::new()
        }
    }
}

/// A baseline that names no factor yet.
fn of(of: Option<Name>) -> Baseline {
    Baseline { of, workload: None, strategy: None, workers: None, params: Vec::new() }
}

fn from_table<'a>(
    binder: &Binder<'a>,
    node: &Node<'a>,
    table: &DeTable<'a>,
    named: &Named<'_>,
) -> Vec<Baseline> {
    let (tables, levels): (Vec<_>, Vec<_>) =
        table.iter().partition(|(_, value)| value.get_ref().is_table());
    let mut baselines = Vec::new();
    if !levels.is_empty() || tables.is_empty() {
        baselines.push(factors(binder, node, levels, named));
    }
    for (key, value) in tables {
        let of = workload(binder, key.get_ref(), key.span(), named);
        let table = value.get_ref().as_table();
        let levels = table.into_iter().flatten().collect();
        baselines.push(Baseline { of, ..factors(binder, value, levels, named) });
    }
    baselines
}

/// A key with its place, and its value.
type Entry<'n, 'a> = (&'n Spanned<DeString<'a>>, &'n Node<'a>);

/// Reads the factors of one selection of baseline cells.
fn factors<'a>(
    binder: &Binder<'a>,
    node: &Node<'a>,
    entries: Vec<Entry<'_, 'a>>,
    named: &Named<'_>,
) -> Baseline {
    if entries.is_empty() {
        binder.refuse(
            node.span(),
            "this baseline names no factor",
            "write baseline = \"NAME OF A STRATEGY\" or { strategy = \"NAME\" }",
        );
    }
    let mut baseline = of(None);
    for (key, value) in entries {
        match key.get_ref().as_ref() {
            "strategy" => baseline.strategy = strategy(binder, value, named),
            "workload" => {
                if let Some(text) = binder.string(value, "the name of a workload", "") {
                    baseline.workload = workload(binder, text, value.span(), named);
                }
            }
            "workers" => baseline.workers = workers(binder, value, named),
            _ => baseline.params.extend(level(binder, (key, value), named)),
        }
    }
    baseline
}

fn level<'a>(
    binder: &Binder<'a>,
    (key, value): Entry<'_, 'a>,
    named: &Named<'_>,
) -> Option<Binding> {
    let name: &str = key.get_ref();
    let Some(levels) = named.levels(name) else {
        unknown_factor(binder, name, key.span(), named);
        return None;
    };
    let is_list = (named.is_list)(name);
    let draft = answer::binding(binder, (name, key.span()), value, is_list)?;
    check_level(binder, &draft, &levels);
    Some(draft.binding)
}

fn unknown_factor(binder: &Binder<'_>, name: &str, at: std::ops::Range<usize>, named: &Named<'_>) {
    let known: Vec<&str> =
        ["strategy", "workload", "workers"].into_iter().chain(named.param_names()).collect();
    binder.report(
        Diagnostic::error(at, format!("there is no factor `{name}`"))
            .help(did_you_mean(name, known.iter().copied()))
            .help(format!("factors of this file: {}", listed(&known))),
    );
}

/// Reports a level that a parameter does not have, with those that it has. A level with a label
/// may be named by it.
pub(super) fn check_level(binder: &Binder<'_>, draft: &answer::BindingDraft, levels: &[&Level]) {
    let is_meant = |level: &&Level| {
        let label = level.label().map(Name::as_str);
        *level.value() == draft.binding.value
            || matches!(&draft.binding.value, Value::Text(text) if label == Some(text.as_str()))
    };
    if levels.is_empty() || levels.iter().any(is_meant) {
        return;
    }
    let texts: Vec<String> = levels.iter().map(|level| level.to_string()).collect();
    let value = draft.binding.value.to_string();
    let advice = if texts.contains(&value) {
        let kind =
            levels[texts.iter().position(|text| *text == value).unwrap_or(0)].value().type_name();
        format!("the level is of type {kind}; write it the same way here")
    } else {
        format!("levels: {}", listed(&texts))
    };
    binder.refuse(
        draft.value_at.clone(),
        format!("`{}` has no level {value}", draft.binding.name),
        advice,
    );
}

fn strategy(binder: &Binder<'_>, node: &Node<'_>, named: &Named<'_>) -> Option<Name> {
    let text = binder.string(node, "the name of a strategy", "")?;
    let found = named.strategies.iter().find(|other| other.key == text);
    if found.is_none() {
        unknown_strategy(binder, node.span(), text, &named.strategy_names());
    }
    found.and_then(|strategy| strategy.name.clone())
}

fn workload(
    binder: &Binder<'_>,
    text: &str,
    at: std::ops::Range<usize>,
    named: &Named<'_>,
) -> Option<Name> {
    let found = named.workloads.iter().find(|other| other.key == text);
    if found.is_none() {
        let known: Vec<&str> = named.workloads.iter().map(|w| w.key.as_str()).collect();
        binder.report(
            Diagnostic::error(at, format!("there is no workload `{text}`"))
                .help(did_you_mean(text, known.iter().copied()))
                .help(format!("workloads of this file: {}", listed(&known))),
        );
    }
    found.and_then(|workload| workload.name.clone())
}

fn workers(binder: &Binder<'_>, node: &Node<'_>, named: &Named<'_>) -> Option<u32> {
    let DeValue::Integer(_) = node.get_ref() else {
        binder.mismatch(node, "a number of workers", "");
        return None;
    };
    let value = axis::scalar(binder, node)?;
    let mut known: Vec<u32> = named
        .strategies
        .iter()
        .flat_map(|strategy| strategy.workers.iter().flatten().copied())
        .collect();
    known.sort_unstable();
    known.dedup();
    let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
    let count = count.filter(|count| known.contains(count));
    if count.is_none() && named.strategies.iter().all(|s| s.workers.is_some()) {
        let known: Vec<String> = known.iter().map(u32::to_string).collect();
        binder.refuse(
            node.span(),
            format!("no strategy has {value} workers"),
            format!("worker counts of this file: {}", listed(&known)),
        );
    }
    count
}
