//! Tables of parameters: `[params]`, and `params` of a workload or strategy.

use std::ops::Range;

use num_bigint::BigInt;

use super::axis::{self, Levels};
use super::binder::{Binder, Node};
use super::diagnostics::Diagnostic;
use super::formula;
use crate::design::template::{BUILT_IN, REVISION};
use crate::design::{
    Condition, Factor, Formula, Level, ParamName, ParameterSignature, Value, ValueKind, duration,
};

/// A parameter as it was read. A name stays known when its levels are wrong, so that one mistake
/// is not reported twice.
pub(super) struct Param {
    pub(super) name: ParamName,
    pub(super) at: Range<usize>,
    levels: Option<Levels>,
    formula: Option<Formula>,
    condition: Option<Condition>,
    /// Everything about it could be read.
    is_whole: bool,
}

impl Param {
    /// How its level is calculated, if it is.
    pub(super) fn formula(&self) -> Option<&Formula> {
        self.formula.as_ref()
    }

    /// Where it applies, if not everywhere.
    pub(super) fn condition(&self) -> Option<&Condition> {
        self.condition.as_ref()
    }

    /// The levels; `None` when they could not be read.
    pub(super) fn levels(&self) -> Option<&[Level]> {
        self.levels.as_ref().map(|levels| levels.levels.as_slice())
    }

    pub(super) fn factor(&self) -> Option<Factor> {
        let factor = match &self.formula {
            Some(formula) => Factor::derived(self.name.clone(), formula.clone()),
            None => Factor::of_levels(self.name.clone(), self.levels()?.to_vec())?,
        };
        let condition = self.condition.clone();
        self.is_whole.then(|| match condition {
            Some(condition) => factor.only(condition),
            None => factor,
        })
    }
}

/// Reads one table. `is_list` says which parameters are lists by a kernel's declaration.
pub(super) fn bind<'a>(
    binder: &Binder<'a>,
    node: &Node<'a>,
    is_list: &dyn Fn(&str) -> bool,
) -> Vec<Param> {
    let example = "write it like params = { n = [10, 100] }";
    let Some(table) = binder.table(node, "a table of parameters", example) else {
        return Vec::new();
    };
    let mut params = Vec::new();
    if !binder.are_few(node.span(), table.len(), "parameters") {
        return params;
    }
    for (key, value) in table {
        let text: &str = key.get_ref();
        let read = read(binder, value, is_list(text));
        if BUILT_IN.contains(&text) {
            binder.report(
                Diagnostic::error(key.span(), format!("`{text}` cannot be a parameter"))
                    .label("the runner sets it")
                    .help(built_in_advice(text)),
            );
            continue;
        }
        if let Some(name) = binder.param_name(text, key.span()) {
            params.push(Param { name, at: key.span(), ..read });
        }
    }
    params
}

/// The parameter that a list of revisions makes.
pub(super) fn revision<'a>(binder: &Binder<'a>, node: &Node<'a>) -> Param {
    let name = ParamName::new(REVISION).expect("a valid name");
    Param { name, ..read(binder, node, false) }
}

/// Reads what a parameter is; the name and place are filled in by the caller.
fn read<'a>(binder: &Binder<'a>, node: &Node<'a>, is_list: bool) -> Param {
    let mut param = Param {
        name: ParamName::new("unnamed").expect("a valid name"),
        at: node.span(),
        levels: None,
        formula: None,
        condition: None,
        is_whole: true,
    };
    let mut values = node;
    if formula::is_conditional(node) {
        match formula::condition(binder, node) {
            Some((condition, inner)) => {
                param.condition = Some(condition);
                values = inner;
            }
            None => {
                param.is_whole = false;
                return param;
            }
        }
    }
    if !is_list && formula::is_formula(values) {
        param.formula = formula::bind(binder, values);
        param.is_whole = param.formula.is_some();
    } else {
        param.levels = axis::levels(binder, values, is_list);
    }
    param
}

/// Whether the table has parameters that could not be read.
pub(super) fn are_unread(node: &Node<'_>, params: &[Param]) -> bool {
    let table = node.get_ref().as_table();
    table.is_none_or(|table| table.len() > params.len())
}

fn built_in_advice(name: &str) -> &'static str {
    match name {
        "workers" => "worker counts belong to a strategy: { kind = \"threads\", workers = [1, 2] }",
        "tasks" => "`tasks` is a key of a workload",
        "seed" => "`seed` is a key at the top of the file",
        "repeat" => "`repeats` is a key of [protocol]",
        _ => "choose another name",
    }
}

/// Checks the levels of a parameter against what a kernel accepts.
pub(super) fn check_kind(
    binder: &Binder<'_>,
    param: &Param,
    signature: &ParameterSignature,
    kernel: &str,
) {
    let Some(levels) = &param.levels else {
        return;
    };
    // One report for each parameter: a range of a million wrong levels is one mistake.
    let wrong = levels
        .levels
        .iter()
        .enumerate()
        .find_map(|(index, level)| Some((index, refusal(level.value(), signature.kind)?)));
    if let Some((index, reason)) = wrong {
        let name = signature.name;
        binder.refuse(
            levels.place(index),
            format!("`{name}` of the kernel `{kernel}` {reason}"),
            format!("`{name}`: {}", signature.about),
        );
    }
}

fn refusal(value: &Value, kind: ValueKind) -> Option<String> {
    match (kind, value) {
        (ValueKind::Integer { min }, Value::Integer(integer)) => below(integer, min),
        (ValueKind::Integer { .. }, Value::Text(text)) if text.parse::<BigInt>().is_ok() => {
            Some("takes an integer; write it without quotes".to_owned())
        }
        (ValueKind::Integer { .. }, Value::Float(float))
            if float.fract() == 0.0 && float.abs() < 1e15 =>
        {
            Some(format!("takes an integer: write {float:.0}"))
        }
        (ValueKind::Integer { .. }, other) => {
            Some(format!("takes an integer, not {}", with_article(other.type_name())))
        }
        (ValueKind::Duration, Value::Text(text)) => {
            duration::parse(text).err().map(|reason| format!("takes a duration: {reason}"))
        }
        (ValueKind::Duration, other) => Some(format!(
            "takes a duration as text with a unit, such as \"10ms\", not {}",
            with_article(other.type_name())
        )),
        (ValueKind::IntegerList { min }, Value::List(list)) => {
            list.iter().find_map(|element| match element {
                Value::Integer(integer) => below(integer, min),
                other => Some(format!("takes a list of integers, not of {}", other.type_name())),
            })
        }
        (ValueKind::IntegerList { .. }, other) => {
            Some(format!("takes a list of integers, not {}", with_article(other.type_name())))
        }
    }
}

fn below(integer: &BigInt, min: i64) -> Option<String> {
    (*integer < BigInt::from(min)).then(|| format!("must be at least {min}, found {integer}"))
}

fn with_article(type_name: &str) -> String {
    match type_name {
        "text" => "text".to_owned(),
        "integer" => "an integer".to_owned(),
        other => format!("a {other}"),
    }
}
