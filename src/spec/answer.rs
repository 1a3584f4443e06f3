//! What a workload's trials must give: `expect` and `agree`.

use std::ops::Range;

use num_bigint::BigInt;
use toml::de::DeValue;

use super::axis;
use super::binder::{Binder, Node};
use super::diagnostics::Diagnostic;
use crate::design::{Agree, Binding, Expectation};

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
        let items = items.filter(|items| binder.are_few(node.span(), items.len(), "answers"));
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
}
