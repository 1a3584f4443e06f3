//! `[matrix]`: how the axes combine.

use toml::de::DeTable;

use super::axis;
use super::binder::{Binder, Node};
use super::compare::Named;
use super::diagnostics::Diagnostic;
use super::keys::MATRIX;
use super::selector;
use super::suggest::{did_you_mean, listed};
use super::workload::unknown_strategy;
use crate::design::{Combination, Inclusion, Level, ParamName, Zip};

/// Reads the table.
pub(super) fn bind<'a>(binder: &Binder<'a>, node: &Node<'a>, named: &Named<'_>) -> Combination {
    let mut combination = Combination::default();
    let example = "write [matrix] and below it lines like exclude = [{ cc = \"gcc*\" }]";
    let Some(table) = binder.table(node, "a table", example) else {
        return combination;
    };
    binder.check_keys(table, &MATRIX);
    if let Some(node) = table.get("zip") {
        combination.zips = zips(binder, node, named);
    }
    if let Some(node) = table.get("exclude") {
        let example = "write exclude = [{ cc = \"gcc*\", n = \">= 1000\" }]";
        let items = binder.list(node, "a list of tables", example);
        let few = items.filter(|items| binder.are_few(node.span(), items.len(), "rules"));
        let rules = few.into_iter().flatten();
        combination.exclude =
            rules.filter_map(|item| selector::bind(binder, item, example)).collect();
    }
    if let Some(node) = table.get("include") {
        let example = "write include = [{ cc = \"gcc\", n = 7 }]";
        let items = binder.list(node, "a list of tables", example);
        let items = items.filter(|items| binder.are_few(node.span(), items.len(), "rules"));
        combination.include =
            items.into_iter().flatten().filter_map(|i| inclusion(binder, i, named)).collect();
    }
    combination
}

fn zips<'a>(binder: &Binder<'a>, node: &Node<'a>, named: &Named<'_>) -> Vec<Zip> {
    let example = "write zip = [[\"cc\", \"flags\"]]: a list of lists of names";
    let mut zips: Vec<Zip> = Vec::new();
    let items = binder.list(node, "a list of lists of names", example);
    let items = items.filter(|items| binder.are_few(node.span(), items.len(), "rules"));
    for item in items.into_iter().flatten() {
        let Some(names) = binder.list(item, "a list of names", example) else {
            continue;
        };
        let mut zip = Zip { names: Vec::new(), at: item.span() };
        for name in names {
            zip.names.extend(zipped(binder, name, (&zips, &zip), named));
        }
        if names.len() < 2 {
            binder.refuse(item.span(), "one parameter has nothing to move with", example);
        }
        if zip.names.len() == names.len() {
            same_lengths(binder, &zip, named);
            zips.push(zip);
        }
    }
    zips
}

fn zipped(
    binder: &Binder<'_>,
    node: &Node<'_>,
    (zips, zip): (&[Zip], &Zip),
    named: &Named<'_>,
) -> Option<ParamName> {
    let text = binder.string(node, "the name of a parameter", "")?;
    let name = binder.param_name(text, node.span())?;
    if named.levels(text).is_none() {
        unknown_param(binder, node.span(), text, named);
        return None;
    }
    if named.params_called(text).any(|param| param.formula().is_some()) {
        let title = format!("`{text}` is calculated, so it has no levels to move");
        binder.refuse(node.span(), title, "it follows from the parameters in its expression");
        return None;
    }
    if zip.names.contains(&name) || zips.iter().any(|other| other.names.contains(&name)) {
        let title = format!("`{text}` is zipped twice");
        binder.refuse(node.span(), title, "put all that move together into one list");
        return None;
    }
    Some(name)
}

/// Where each name has one list of levels in the file, the lists must be as long.
fn same_lengths(binder: &Binder<'_>, zip: &Zip, named: &Named<'_>) {
    let lengths: Vec<(&str, usize)> = zip
        .names
        .iter()
        .filter_map(|name| {
            let mut params = named.params_called(name.as_str());
            let (first, more) = (params.next()?, params.next());
            let levels = first.levels()?;
            more.is_none().then_some((name.as_str(), levels.len()))
        })
        .collect();
    if lengths.windows(2).all(|pair| pair[0].1 == pair[1].1) {
        return;
    }
    let words: Vec<String> =
        lengths.iter().map(|(name, count)| format!("`{name}` has {count}")).collect();
    binder.report(
        Diagnostic::error(zip.at.clone(), "zipped parameters have different numbers of levels")
            .label(words.join(", "))
            .help("the first level of each goes together, then the second, …: give all as many"),
    );
}

/// Reports a parameter that the file does not have.
pub(super) fn unknown_param(
    binder: &Binder<'_>,
    at: std::ops::Range<usize>,
    name: &str,
    named: &Named<'_>,
) {
    let known = named.param_names();
    binder.report(
        Diagnostic::error(at, format!("there is no parameter `{name}`"))
            .help(did_you_mean(name, known.iter().copied()))
            .help(format!("parameters of this file: {}", listed(&known))),
    );
}

fn inclusion<'a>(binder: &Binder<'a>, node: &Node<'a>, named: &Named<'_>) -> Option<Inclusion> {
    let example =
        "write { cc = \"gcc\", n = 7 }; `workload`, `strategy` and `workers` may be named";
    let table = binder.table(node, "a table of parameters and levels", example)?;
    if table.is_empty() {
        binder.refuse(node.span(), "this table names no level", example);
        return None;
    }
    let mut inclusion = Inclusion {
        workload: None,
        strategy: None,
        workers: None,
        levels: Vec::new(),
        at: node.span(),
    };
    let mut all_good = true;
    for key in ["workload", "strategy", "workers"] {
        if let Some(value) = table.get(key) {
            all_good &= factor(binder, key, value, (&mut inclusion, named)).is_some();
        }
    }
    all_good &= levels(binder, table, (&mut inclusion, named)).is_some();
    all_good.then_some(inclusion)
}

fn factor(
    binder: &Binder<'_>,
    key: &str,
    node: &Node<'_>,
    (inclusion, named): (&mut Inclusion, &Named<'_>),
) -> Option<()> {
    if key == "workers" {
        inclusion.workers = Some(binder.count(node, key, (1, super::strategy::MAX_WORKERS))?);
        return Some(());
    }
    let text = binder.string(node, "a name as text", "")?;
    if key == "strategy" {
        let found = named.strategies.iter().find(|strategy| strategy.key == text);
        if found.is_none() {
            let known: Vec<String> = named.strategies.iter().map(|s| s.key.clone()).collect();
            unknown_strategy(binder, node.span(), text, &known);
        }
        inclusion.strategy = Some(found?.name.clone()?);
        return Some(());
    }
    let found = named.workloads.iter().find(|workload| workload.key == text);
    if found.is_none() {
        let known: Vec<&str> = named.workloads.iter().map(|w| w.key.as_str()).collect();
        binder.report(
            Diagnostic::error(node.span(), format!("there is no workload `{text}`"))
                .help(did_you_mean(text, known.iter().copied()))
                .help(format!("workloads of this file: {}", listed(&known))),
        );
    }
    inclusion.workload = Some(found?.name.clone()?);
    Some(())
}

fn levels<'a>(
    binder: &Binder<'a>,
    table: &DeTable<'a>,
    (inclusion, named): (&mut Inclusion, &Named<'_>),
) -> Option<()> {
    for (key, value) in table {
        let text: &str = key.get_ref();
        if matches!(text, "workload" | "strategy" | "workers") {
            continue;
        }
        let Some(known) = named.levels(text) else {
            unknown_param(binder, key.span(), text, named);
            return None;
        };
        let name = binder.param_name(text, key.span())?;
        let found = axis::levels(binder, value, (named.is_list)(text))?;
        let [level] = found.levels.as_slice() else {
            binder.mismatch(value, "one level", "an included combination has one level of each");
            return None;
        };
        // A level of the axis may be named by its label.
        let shown = level.to_string();
        let is_meant = |other: &&&Level| other.label().is_some_and(|l| l.as_str() == shown);
        let level = known.iter().find(is_meant).map_or(level, |other| other);
        inclusion.levels.push((name, level.clone()));
    }
    Some(())
}
