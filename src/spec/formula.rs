//! Derived parameters and conditions on parameters: reading them, and checking what they name.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::axis;
use super::binder::{Binder, Node};
use super::compare::Named;
use super::diagnostics::Diagnostic;
use super::keys::CONDITIONAL;
use super::matrix::unknown_param;
use super::params::Param;
use super::selector;
use super::suggest::{did_you_mean, listed};
use crate::design::template::BUILT_IN;
use crate::design::{Condition, Formula, Selector, Subject, expression};

/// The names that an expression knows besides parameters.
const COUNTS: [&str; 2] = ["workers", "tasks"];

/// Whether a text is an expression: it begins with one `=`.
pub(super) fn is_formula(node: &Node<'_>) -> bool {
    let text = node.get_ref().as_str();
    text.is_some_and(|text| text.starts_with('=') && !text.starts_with("=="))
}

/// Reads `"= n / workers"`.
pub(super) fn bind(binder: &Binder<'_>, node: &Node<'_>) -> Option<Formula> {
    let text = node.get_ref().as_str()?;
    match expression::parse(text, 1) {
        Ok(expression) => Some(Formula { expression, at: node.span(), start: binder.start(node) }),
        Err(mistake) => {
            binder.report(
                Diagnostic::error(
                    binder.inside(node, &mistake.at),
                    format!("this expression cannot be read: {}", mistake.title),
                )
                .help(mistake.help)
                .help("a text that begins with `=` is an expression; for the text itself write =="),
            );
            None
        }
    }
}

/// Whether a table is a parameter with a condition.
pub(super) fn is_conditional(node: &Node<'_>) -> bool {
    let table = node.get_ref().as_table();
    table.is_some_and(|table| CONDITIONAL.names().any(|key| table.contains_key(key)))
}

/// Reads `when` and `otherwise` of `{ values = …, when = …, otherwise = … }`; the second is the
/// node of `values`.
pub(super) fn condition<'a, 'n>(
    binder: &Binder<'a>,
    node: &'n Node<'a>,
) -> Option<(Condition, &'n Node<'a>)> {
    let example = "write { values = [1, 2], when = { strategy = \"chunked\" } }";
    let table = binder.table(node, "a table", example)?;
    binder.check_keys(table, &CONDITIONAL);
    let required = |key: &str| {
        if !table.contains_key(key) {
            let title = format!("this parameter with a condition has no `{key}`");
            binder.refuse(node.span(), title, example);
        }
        table.get(key)
    };
    let (values, when) = (required("values"), required("when"));
    let when = when.and_then(|when| selector::bind(binder, when, example));
    let otherwise = match table.get("otherwise") {
        Some(node) => Some(axis::scalar(binder, node)?.into()),
        None => None,
    };
    Some((Condition { when: when?, otherwise }, values?))
}

/// Checks that a selector names parameters of the file. A condition that decides which cells
/// there are cannot ask for what is calculated in them.
pub(super) fn check_selector(
    binder: &Binder<'_>,
    selector: &Selector,
    named: &Named<'_>,
    of_param: Option<&Param>,
) {
    for entry in &selector.entries {
        let Subject::Param(name) = &entry.subject else {
            continue;
        };
        let at = entry.at.start..entry.at.start + name.as_str().len();
        if BUILT_IN.contains(&name.as_str()) {
            let title = format!("`{name}` cannot be a condition: it belongs to one trial");
            binder.refuse(at, title, "");
            continue;
        }
        if !named.has_param(name.as_str()) {
            unknown_param(binder, at, name.as_str(), named);
            continue;
        }
        let Some(of) = of_param else { continue };
        let depends = |param: &Param| param.formula().is_some() || param.condition().is_some();
        if of.name == *name || named.params_called(name.as_str()).any(depends) {
            let title = format!("whether `{}` applies cannot depend on `{name}`", of.name);
            let help = "a condition of a parameter asks for the strategy, workers, the workload or plain parameters";
            binder.refuse(at, title, help);
        }
    }
}

/// Checks the expressions that are used under one strategy. `params` are all that apply there.
pub(super) fn check(binder: &Binder<'_>, params: &[&Param], is_used: &dyn Fn(&str) -> bool) {
    let by_name: HashMap<&str, &Param> =
        params.iter().map(|param| (param.name.as_str(), *param)).collect();
    for param in params.iter().filter(|param| is_used(param.name.as_str())) {
        let Some(formula) = param.formula() else {
            continue;
        };
        for (name, at) in formula.expression.names() {
            let known = COUNTS.contains(&name) || by_name.contains_key(name);
            if !known {
                unknown_name(binder, formula.place(&at), name, params);
            }
        }
        let mut path = vec![param.name.as_str()];
        if let Some(cycle) = cycle(&by_name, &mut path) {
            let title = format!("`{}` depends on itself: {}", param.name, cycle.join(" → "));
            binder.refuse(formula.at.clone(), title, "a parameter follows from others");
        }
    }
}

fn unknown_name(binder: &Binder<'_>, at: Range<usize>, name: &str, params: &[&Param]) {
    let names = params.iter().map(|param| param.name.as_str());
    let known: Vec<&str> = names.chain(COUNTS).collect();
    let title = if BUILT_IN.contains(&name) {
        format!("`{name}` belongs to one trial, and a parameter to a cell")
    } else {
        format!("there is no parameter `{name}` here")
    };
    let functions: Vec<&str> = expression::FUNCTIONS.iter().map(|(name, ..)| *name).collect();
    let advice = did_you_mean(name, known.iter().copied().chain(functions));
    binder.report(
        Diagnostic::error(at, title)
            .help(advice)
            .help(format!("known here: {}", listed(&known)))
            .help("text stands in quotes inside the expression: 'gcc'"),
    );
}

/// The way from a parameter back to itself, if there is one.
fn cycle<'s>(params: &HashMap<&str, &'s Param>, path: &mut Vec<&'s str>) -> Option<Vec<&'s str>> {
    // Depth first over names; what was left without a cycle is not entered again.
    let mut closed = HashSet::new();
    search(params, path, &mut closed)
}

fn search<'s>(
    params: &HashMap<&str, &'s Param>,
    path: &mut Vec<&'s str>,
    closed: &mut HashSet<&'s str>,
) -> Option<Vec<&'s str>> {
    let here = *path.last()?;
    let param = params.get(here)?;
    for (name, _) in param.formula().map(|f| f.expression.names()).into_iter().flatten() {
        if path[0] == name {
            let mut cycle = path.clone();
            cycle.push(name);
            return Some(cycle);
        }
        if path.contains(&name) || closed.contains(&name) || path.len() > 100 {
            continue;
        }
        path.push(name);
        if let Some(cycle) = search(params, path, closed) {
            return Some(cycle);
        }
        path.pop();
        closed.insert(name);
    }
    None
}
