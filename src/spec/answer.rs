//! What a workload's trials give back: `result`, `expect`, `agree` and `metrics`.

use std::ops::Range;

use num_bigint::BigInt;
use regex::Regex;
use toml::de::DeValue;

use super::axis;
use super::binder::{Binder, Node};
use super::diagnostics::Diagnostic;
use super::keys::{METRIC, RESULT};
use crate::design::{Agree, Better, Binding, Expectation, MetricSource, ParamName, UserMetric};

/// Integers with more digits than this are written in groups in the tables.
const UNGROUPED_DIGITS: usize = 15;

/// A known answer as it was read.
pub(super) struct ExpectDraft {
    pub(super) answer: String,
    pub(super) answer_at: Range<usize>,
    pub(super) bindings: Vec<BindingDraft>,
}

/// One parameter at one level, and where.
pub(super) struct BindingDraft {
    pub(super) binding: Binding,
    pub(super) name_at: Range<usize>,
    pub(super) value_at: Range<usize>,
}

impl ExpectDraft {
    pub(super) fn finish(&self) -> Expectation {
        Expectation {
            bindings: self.bindings.iter().map(|draft| draft.binding.clone()).collect(),
            answer: self.answer.clone(),
        }
    }
}

/// `result = { stdout_regex = '…' }`.
pub(super) fn result<'a>(binder: &Binder<'a>, node: &Node<'a>) -> Option<Regex> {
    let example = "write result = { stdout_regex = 'result: (\\d+)' }";
    let table = binder.table(node, "a table that says where the answer is", example)?;
    binder.check_keys(table, &RESULT, &[]);
    let Some(pattern) = table.get("stdout_regex") else {
        binder
            .report(Diagnostic::error(node.span(), "`result` has no `stdout_regex`").help(example));
        return None;
    };
    regex(binder, pattern)
}

/// A regular expression; a mistake is pointed at inside the text.
fn regex(binder: &Binder<'_>, node: &Node<'_>) -> Option<Regex> {
    let pattern = binder.string(
        node,
        "a regular expression as text",
        "write it in single quotes, such as 'result: (\\d+)'",
    )?;
    if pattern.is_empty() {
        binder.refuse(
            node.span(),
            "this regular expression is empty",
            "write what stands around the number, such as 'result: (\\d+)'",
        );
        return None;
    }
    match Regex::new(pattern) {
        Ok(regex) => Some(regex),
        Err(error) => {
            let (reason, at) = regex_mistake(&error.to_string(), pattern);
            binder.refuse(
                binder.inside(node, &at),
                format!("this regular expression cannot be read: {reason}"),
                "the syntax is at https://docs.rs/regex/#syntax",
            );
            None
        }
    }
}

/// The last line of the message, and the bytes of the pattern above which its carets stand. The
/// message is `regex parse error:`, the pattern indented by four, a line of carets, `error: …`.
fn regex_mistake(message: &str, pattern: &str) -> (String, Range<usize>) {
    let reason = message.lines().last().unwrap_or_default();
    let reason = reason.trim_start_matches("error: ").to_owned();
    let everything = 0..pattern.len();
    if pattern.contains('\n') {
        return (reason, everything);
    }
    let carets =
        message.lines().find(|line| line.contains('^') && line.trim().bytes().all(|b| b == b'^'));
    let place = carets.and_then(|line| {
        let first = line.find('^')?.checked_sub(4)?;
        let count = line.trim().len();
        let byte =
            |index: usize| pattern.char_indices().nth(index).map_or(pattern.len(), |(at, _)| at);
        Some(byte(first)..byte(first + count))
    });
    (reason, place.unwrap_or(everything))
}

/// `agree = true | "block" | false`.
pub(super) fn agree(binder: &Binder<'_>, node: &Node<'_>) -> Option<Agree> {
    match node.get_ref() {
        DeValue::Boolean(true) => Some(Agree::All),
        DeValue::Boolean(false) => Some(Agree::Off),
        DeValue::String(text) if text == "block" => Some(Agree::Block),
        _ => {
            let help =
                "true: all trials agree; \"block\": answers depend on the seed; false: no check";
            binder.mismatch(node, "true, \"block\" or false", help);
            None
        }
    }
}

/// `expect = "…"` or `expect = [{ n = 10, is = "…" }]`.
pub(super) fn expect<'a>(
    binder: &Binder<'a>,
    node: &Node<'a>,
    is_list: &dyn Fn(&str) -> bool,
) -> Vec<ExpectDraft> {
    if let DeValue::Array(_) = node.get_ref() {
        let example = "write expect = [{ n = 10, is = \"55\" }]";
        let items = binder.list(node, "a list of tables", example);
        return items
            .into_iter()
            .flatten()
            .filter_map(|item| expectation(binder, item, is_list))
            .collect();
    }
    let answer = answer(binder, node, "expect");
    answer
        .map(|answer| ExpectDraft { answer, answer_at: node.span(), bindings: Vec::new() })
        .into_iter()
        .collect()
}

fn answer(binder: &Binder<'_>, node: &Node<'_>, key: &str) -> Option<String> {
    let written = binder.written(node);
    let help = match node.get_ref() {
        DeValue::Integer(_) => format!("write it in quotes: {key} = \"{written}\""),
        DeValue::Float(_) | DeValue::Boolean(_) => {
            format!("answers are compared as text; write {key} = \"{written}\"")
        }
        _ => String::new(),
    };
    let text = binder.string(node, "the answer as text, in quotes", &help)?;
    Some(ungroup(text))
}

/// The tables write long integers in groups (`499_999_666_667_166_666_000_000`); what is copied
/// from there is the integer.
fn ungroup(text: &str) -> String {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let mut groups = digits.split('_');
    let is_number = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
    let is_grouped =
        groups.next().is_some_and(|first| (1..=3).contains(&first.len()) && is_number(first))
            && groups.all(|group| group.len() == 3 && is_number(group));
    let plain = text.replace('_', "");
    if is_grouped && plain.trim_start_matches('-').len() > UNGROUPED_DIGITS {
        plain
    } else {
        text.to_owned()
    }
}

/// The answer of a kernel as the kernel writes it, if it is an integer.
pub(super) fn canonical_integer(answer: &str) -> Option<String> {
    let integer: BigInt = answer.trim().parse().ok()?;
    Some(integer.to_string())
}

fn expectation<'a>(
    binder: &Binder<'a>,
    node: &Node<'a>,
    is_list: &dyn Fn(&str) -> bool,
) -> Option<ExpectDraft> {
    let example = "write { n = 10, is = \"55\" }";
    let table = binder.table(node, "a table of levels and the answer", example)?;
    let Some(is) = table.get("is") else {
        binder.report(
            Diagnostic::error(node.span(), "this expectation has no `is`")
                .label("which answer is expected?")
                .help(example),
        );
        return None;
    };
    let answer = answer(binder, is, "is")?;
    let mut bindings = Vec::new();
    for (key, value) in table {
        let name: &str = key.get_ref();
        if name == "is" {
            continue;
        }
        bindings.push(binding(binder, (name, key.span()), value, is_list(name))?);
    }
    Some(ExpectDraft { answer, answer_at: is.span(), bindings })
}

/// One parameter at one level, from a key and its value.
pub(super) fn binding<'a>(
    binder: &Binder<'a>,
    (name, name_at): (&str, Range<usize>),
    value: &Node<'a>,
    is_list: bool,
) -> Option<BindingDraft> {
    let name = binder.param_name(name, name_at.clone())?;
    let levels = if is_list {
        axis::levels(binder, value, true)?.levels
    } else {
        vec![axis::scalar(binder, value)?.into()]
    };
    let [level] = levels.as_slice() else {
        binder.mismatch(value, "one level", "");
        return None;
    };
    Some(BindingDraft {
        binding: Binding { name, value: level.value().clone() },
        name_at,
        value_at: value.span(),
    })
}

/// `[[workloads.NAME.metrics]]`.
pub(super) fn metrics<'a>(binder: &Binder<'a>, node: &Node<'a>) -> Vec<UserMetric> {
    let example = "write [[workloads.NAME.metrics]] and below it name, unit and stdout_regex";
    let mut metrics: Vec<UserMetric> = Vec::new();
    let items = binder.list(node, "a list of tables", example);
    for item in items.into_iter().flatten() {
        let Some(metric) = metric(binder, item, example) else {
            continue;
        };
        if metrics.iter().any(|other| other.name == metric.name) {
            let title = format!("this workload already has a metric `{}`", metric.name);
            binder.refuse(item.span(), title, "give it another name");
        }
        metrics.push(metric);
    }
    metrics
}

fn metric<'a>(binder: &Binder<'a>, item: &Node<'a>, example: &str) -> Option<UserMetric> {
    let table = binder.table(item, "a table", example)?;
    binder.check_keys(table, &METRIC, &[]);
    let required = |key: &str| {
        if !table.contains_key(key) {
            binder.refuse(
                item.span(),
                format!("this metric has no `{key}`"),
                "a metric has a name, a unit and a stdout_regex, such as 'cost time: ([0-9.]+)'",
            );
        }
        table.get(key)
    };
    let name = required("name").and_then(|node| metric_name(binder, node));
    let unit = required("unit").and_then(|node| unit(binder, node));
    let source = required("stdout_regex").and_then(|node| regex(binder, node));
    let words = [("lower", Better::Lower), ("higher", Better::Higher)];
    let better = table.get("better").and_then(|node| binder.word(node, &words));
    Some(UserMetric {
        name: name?,
        unit: unit?,
        better,
        source: MetricSource::StdoutRegex(source?),
    })
}

fn metric_name(binder: &Binder<'_>, node: &Node<'_>) -> Option<ParamName> {
    let text = binder.string(node, "a name as text", "")?;
    if text == "wall" {
        binder.refuse(
            node.span(),
            "`wall` is the time that the runner takes itself",
            "choose another name, such as `inner`",
        );
        return None;
    }
    binder.param_name(text, node.span())
}

fn unit(binder: &Binder<'_>, node: &Node<'_>) -> Option<String> {
    let text = binder.string(node, "a unit as text, such as \"s\"", "")?;
    if text.is_empty() || text.chars().any(char::is_control) || text.len() > 32 {
        binder.refuse(
            node.span(),
            "a unit is one short word",
            "such as \"s\", \"ms\", \"MiB\"; \"1\" for a count",
        );
        return None;
    }
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_copied_from_a_table_are_integers_again() {
        assert_eq!(ungroup("499_999_666_667_166_666_000_000"), "499999666667166666000000");
        assert_eq!(ungroup("-1_000_000_000_000_000"), "-1000000000000000");
        for same in ["1_000", "a_000_000_000_000_000", "1000_000_000_000_000_000", "", "_"] {
            assert_eq!(ungroup(same), same);
        }
    }

    #[test]
    fn a_mistake_in_a_regular_expression_has_a_place() {
        let place = |pattern: &str| {
            let error = Regex::new(pattern).expect_err("a mistake");
            regex_mistake(&error.to_string(), pattern)
        };
        let (reason, at) = place("résult: (\\d+");
        assert_eq!(reason, "unclosed group");
        assert_eq!(&"résult: (\\d+"[at], "(");
    }
}
