//! `[gate]`: what fails a comparison, for continuous integration.

use super::binder::{Binder, Node};
use super::keys::GATE;
use crate::design::Compare;
use crate::design::gate::{Gate, Rule, SYNTAX, Undecided};

/// What the file says of undecided comparisons.
const UNDECIDED: [(&str, Undecided); 3] =
    [("report", Undecided::Report), ("fail", Undecided::Fail), ("pass", Undecided::Pass)];

/// Reads the table. A gate needs something that is compared.
pub(super) fn bind<'a>(binder: &Binder<'a>, node: &Node<'a>, compare: &Compare) -> Option<Gate> {
    let example = "write [gate] and below it fail_if = \"slower > 5%\"";
    let table = binder.table(node, "a table", example)?;
    binder.check_keys(table, &GATE);
    let Some(fail_if) = table.get("fail_if") else {
        binder.refuse(node.span(), "[gate] needs `fail_if`", example);
        return None;
    };
    let rules = match fail_if.get_ref().is_array() {
        true => {
            let list = binder.list(fail_if, "rules", &format!("[\"{SYNTAX}\"]"))?;
            if !binder.are_few(fail_if.span(), list.len(), "rules") {
                return None;
            }
            list.iter().map(|node| rule(binder, node)).collect::<Vec<_>>()
        }
        false => vec![rule(binder, fail_if)],
    };
    let undecided = match table.get("inconclusive") {
        Some(node) => binder.word(node, &UNDECIDED)?,
        None => Undecided::default(),
    };
    if compare.baselines.is_empty() {
        binder.refuse(
            node.span(),
            "a gate without a baseline has nothing to judge",
            "write [compare] and below it baseline = \"NAME\"",
        );
    }
    Some(Gate { rules: rules.into_iter().collect::<Option<_>>()?, undecided })
}

fn rule(binder: &Binder<'_>, node: &Node<'_>) -> Option<Rule> {
    let text = binder.string(node, "a rule as text", &format!("\"{SYNTAX}\""))?;
    Rule::parse(text)
        .map_err(|reason| binder.refuse(node.span(), reason, format!("write \"{SYNTAX}\"")))
        .ok()
}
