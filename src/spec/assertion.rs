//! `assert` of a workload or a strategy.

use super::binder::{Binder, Node};
use super::compare::Named;
use super::diagnostics::Diagnostic;
use super::suggest::{did_you_mean, listed};
use crate::design::{Assertion, assertion::FACTS, expression};

const EXAMPLE: &str = "write assert = \"cpu_per_time > 1.5\", or a list of such conditions";

/// Reads one condition or a list of them.
pub(super) fn bind<'a>(binder: &Binder<'a>, node: &Node<'a>) -> Vec<Assertion> {
    if node.get_ref().is_str() {
        return one(binder, node).into_iter().collect();
    }
    let items = binder.list(node, "a condition as text, or a list of them", EXAMPLE);
    items.into_iter().flatten().filter_map(|item| one(binder, item)).collect()
}

fn one(binder: &Binder<'_>, node: &Node<'_>) -> Option<Assertion> {
    let text = binder.string(node, "a condition as text", EXAMPLE)?;
    match expression::parse(text, 0) {
        Ok(expression) => {
            Some(Assertion { text: text.trim().to_owned(), expression, at: node.span() })
        }
        Err(mistake) => {
            binder.report(
                Diagnostic::error(
                    binder.inside(node, &mistake.at),
                    format!("this condition cannot be read: {}", mistake.title),
                )
                .help(mistake.help)
                .help(EXAMPLE),
            );
            None
        }
    }
}

/// Checks that every name is a fact or a parameter.
pub(super) fn check(binder: &Binder<'_>, named: &Named<'_>) {
    let of_workloads = named.workloads.iter().flat_map(|workload| &workload.asserts);
    let of_strategies = named.strategies.iter().flat_map(|strategy| &strategy.asserts);
    for assertion in of_workloads.chain(of_strategies) {
        for (name, _) in assertion.expression.names() {
            let is_fact = FACTS.iter().any(|(fact, _)| *fact == name);
            let mut metrics = named.workloads.iter().flat_map(|workload| &workload.metrics);
            let is_metric = metrics.any(|metric| metric.name.as_str() == name);
            if is_fact || is_metric || named.has_param(name) {
                continue;
            }
            let facts: Vec<&str> = FACTS.iter().map(|(fact, _)| *fact).collect();
            let all = facts.iter().copied().chain(named.param_names());
            binder.report(
                Diagnostic::error(
                    assertion.at.clone(),
                    format!("`{name}` is neither a recorded fact, nor a metric, nor a parameter"),
                )
                .help(did_you_mean(name, all))
                .help(format!("facts: {}", listed(&facts))),
            );
        }
    }
}
