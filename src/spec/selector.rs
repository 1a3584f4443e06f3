//! Selectors: tables of factors and the levels that are meant, in rules and conditions.

use num_bigint::BigInt;
use toml::de::DeValue;

use super::axis;
use super::binder::{Binder, Node};
use super::diagnostics::Diagnostic;
use crate::design::selector::OPERATORS;
use crate::design::{Entry, Operator, Pattern, Selector, Subject, Value};

/// Reads a selector; `example` shows one that would be accepted.
pub(super) fn bind<'a>(binder: &Binder<'a>, node: &Node<'a>, example: &str) -> Option<Selector> {
    let table = binder.table(node, "a table of factors and levels", example)?;
    if table.is_empty() {
        binder.refuse(node.span(), "this table names no factor", example);
        return None;
    }
    let entries: Vec<Option<Entry>> = table
        .iter()
        .map(|(key, value)| {
            let subject = match key.get_ref().as_ref() {
                "workload" => Subject::Workload,
                "strategy" => Subject::Strategy,
                "workers" => Subject::Workers,
                name => Subject::Param(binder.param_name(name, key.span())?),
            };
            let patterns = patterns(binder, value)?;
            let written = binder.written(value).to_owned();
            Some(Entry { subject, patterns, written, at: key.span().start..value.span().end })
        })
        .collect();
    let entries = entries.into_iter().collect::<Option<_>>()?;
    Some(Selector { at: node.span(), entries })
}

fn patterns<'a>(binder: &Binder<'a>, node: &Node<'a>) -> Option<Vec<Pattern>> {
    if let DeValue::Array(_) = node.get_ref() {
        let items = binder.list(node, "a level", "")?;
        let patterns: Vec<Option<Pattern>> =
            items.iter().map(|item| pattern(binder, item)).collect();
        return patterns.into_iter().collect();
    }
    Some(vec![pattern(binder, node)?])
}

fn pattern(binder: &Binder<'_>, node: &Node<'_>) -> Option<Pattern> {
    let help =
        "a level, a list of levels, a pattern such as \"gcc*\" or a comparison such as \">= 1000\"";
    if let DeValue::Table(_) | DeValue::Array(_) | DeValue::Datetime(_) = node.get_ref() {
        binder.mismatch(node, "a level", help);
        return None;
    }
    let Some(text) = node.get_ref().as_str() else {
        return axis::scalar(binder, node).map(Pattern::Equal);
    };
    if let Some((sign, operator)) = OPERATORS.iter().find(|(sign, _)| text.starts_with(sign)) {
        return comparison(binder, node, (sign, *operator), text[sign.len()..].trim());
    }
    if !text.contains(['*', '?']) {
        return axis::scalar(binder, node).map(Pattern::Equal);
    }
    match glob::Pattern::new(text) {
        Ok(pattern) => Some(Pattern::Glob(pattern)),
        Err(error) => {
            let at = binder.inside(node, &(error.pos..error.pos + 1));
            binder.refuse(at, format!("this pattern cannot be read: {}", error.msg), help);
            None
        }
    }
}

fn comparison(
    binder: &Binder<'_>,
    node: &Node<'_>,
    (sign, operator): (&str, Operator),
    bound: &str,
) -> Option<Pattern> {
    if bound.is_empty() {
        binder.report(
            Diagnostic::error(node.span(), format!("`{sign}` is compared with nothing"))
                .help(format!("write the level behind it: \"{sign} 1000\"")),
        );
        return None;
    }
    let digits = bound.replace('_', "");
    let value = if let Ok(integer) = digits.parse::<BigInt>() {
        Value::Integer(integer)
    } else if let Some(float) = digits.parse().ok().filter(|float: &f64| float.is_finite()) {
        Value::Float(float)
    } else {
        match bound {
            "true" | "false" => Value::Boolean(bound == "true"),
            text => Value::Text(text.trim_matches('\'').to_owned()),
        }
    };
    Some(Pattern::Compare(operator, value))
}
