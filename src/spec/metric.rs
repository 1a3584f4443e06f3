//! What a program reports itself: `result` and `metrics`.

use std::ops::Range;

use regex::{Regex, RegexBuilder};
use toml::de::DeTable;

use super::binder::{Binder, Node};
use super::diagnostics::Diagnostic;
use super::keys::{ITERATION_TIMES, METRIC, RESULT};
use super::text::{self, Use};
use crate::design::{
    Better, Combine, Extract, IterationTimes, MetricSource, ParamName, Pointer, Template,
    UserMetric,
};

/// Most different regular expressions of a file: each takes its time to compile.
const MAX_REGEXES: usize = 500;

/// Largest compiled regular expression, in bytes.
const MAX_REGEX_BYTES: usize = 1 << 19;

/// What an answer looks like.
const RESULT_EXAMPLE: &str =
    "write result = { stdout_regex = 'result: (\\d+)' } or { stdout_json = \"/answer\" }";

/// What a metric looks like.
const EXAMPLE: &str = "a metric has a name, a unit and one place: stdout_regex = 'cost time: ([0-9.]+)', stdout_json = \"/time\" or file = \"out.json\"";

/// `result = { stdout_regex = '…' }`.
pub(super) fn result<'a>(binder: &Binder<'a>, node: &Node<'a>) -> Option<Extract> {
    let expected = "a table that says where the answer is";
    let table = binder.table(node, expected, RESULT_EXAMPLE)?;
    binder.check_keys(table, &RESULT);
    if let Some(node) = one_of(binder, table, ["stdout_regex", "stdout_json"])? {
        return extract(binder, node);
    }
    binder.report(
        Diagnostic::error(node.span(), "`result` does not say where the answer stands")
            .help(RESULT_EXAMPLE),
    );
    None
}

/// What a list of times looks like.
const TIMES_EXAMPLE: &str = "write iteration_times = { stdout_json = \"/times\", unit = \"ms\" } or { stdout_regex = 'took ([0-9.]+)', unit = \"s\" }";

/// Units of time and their lengths in ns.
const TIME_UNITS: [(&str, f64); 6] =
    [("s", 1e9), ("ms", 1e6), ("us", 1e3), ("µs", 1e3), ("ns", 1.0), ("min", 60e9)];

/// `iteration_times = { stdout_json = "/times", unit = "ms" }`.
pub(super) fn iteration_times<'a>(binder: &Binder<'a>, node: &Node<'a>) -> Option<IterationTimes> {
    let table = binder.table(node, "a table that says where the times are", TIMES_EXAMPLE)?;
    binder.check_keys(table, &ITERATION_TIMES);
    let place = match one_of(binder, table, ["stdout_regex", "stdout_json"])? {
        Some(found) => extract(binder, found),
        None => {
            let title = "`iteration_times` does not say where the times stand";
            binder.refuse(node.span(), title, TIMES_EXAMPLE);
            None
        }
    };
    let Some(unit) = table.get("unit") else {
        binder.refuse(node.span(), "`iteration_times` has no `unit`", TIMES_EXAMPLE);
        return None;
    };
    let unit_ns = binder.word(unit, &TIME_UNITS)?;
    Some(IterationTimes { extract: place?, unit_ns })
}

/// The one of these keys that is there; `None` when several are.
fn one_of<'n, 'a, const N: usize>(
    binder: &Binder<'a>,
    table: &'n DeTable<'a>,
    keys: [&'static str; N],
) -> Option<Option<(&'static str, &'n Node<'a>)>> {
    let mut found = keys.into_iter().filter_map(|key| Some((key, table.get(key)?)));
    let first = found.next();
    if let (Some((one, _)), Some((other, node))) = (first, found.next()) {
        let title = format!("`{one}` and `{other}` are two places for one value");
        binder.refuse(node.span(), title, "keep one of them");
        return None;
    }
    Some(first)
}

/// A regular expression or a place in JSON, by the key.
fn extract<'a>(binder: &Binder<'a>, (key, node): (&str, &Node<'a>)) -> Option<Extract> {
    if key.ends_with("regex") {
        return regex(binder, node).map(Extract::Regex);
    }
    let help = "it is a path of names and indices: \"/memory/peak\" or \"/runs/0/time\"";
    let text = binder.string(node, "a place in a JSON document as text", help)?;
    match Pointer::new(text) {
        Ok(pointer) => Some(Extract::Json(pointer)),
        Err((at, reason)) => {
            let at = binder.inside(node, &(at..text.len().min(at + 1)));
            let title = format!("this place in a JSON document cannot be read: {reason}");
            binder.refuse(at, title, format!("{help} (RFC 6901)"));
            None
        }
    }
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
    if let Some(known) = binder.regexes.borrow().get(pattern) {
        return Some(known.clone());
    }
    if binder.regexes.borrow().len() >= MAX_REGEXES {
        let title = format!("more than {MAX_REGEXES} different regular expressions");
        binder.refuse(node.span(), title, "workloads may share one, or go into several files");
        return None;
    }
    match RegexBuilder::new(pattern).size_limit(MAX_REGEX_BYTES).build() {
        Ok(regex) => {
            binder.regexes.borrow_mut().insert(pattern.to_owned(), regex.clone());
            Some(regex)
        }
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
pub(super) fn regex_mistake(message: &str, pattern: &str) -> (String, Range<usize>) {
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

/// `[[workloads.NAME.metrics]]`. `uses` gets the placeholders in the names of files.
pub(super) fn metrics<'a>(
    binder: &Binder<'a>,
    node: &Node<'a>,
    uses: &mut Vec<Use>,
) -> Vec<UserMetric> {
    let example = "write [[workloads.NAME.metrics]] and below it name, unit and stdout_regex";
    let mut metrics: Vec<UserMetric> = Vec::new();
    let items = binder.list(node, "a list of tables", example);
    let items = items.filter(|items| binder.are_few(node.span(), items.len(), "metrics"));
    for item in items.into_iter().flatten() {
        let Some(metric) = metric(binder, item, (example, uses)) else {
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

fn metric<'a>(
    binder: &Binder<'a>,
    item: &Node<'a>,
    (example, uses): (&str, &mut Vec<Use>),
) -> Option<UserMetric> {
    let table = binder.table(item, "a table", example)?;
    binder.check_keys(table, &METRIC);
    let required = |key: &str| {
        if !table.contains_key(key) {
            binder.refuse(item.span(), format!("this metric has no `{key}`"), EXAMPLE);
        }
        table.get(key)
    };
    let name = required("name").and_then(|node| metric_name(binder, node));
    let unit = required("unit").and_then(|node| unit(binder, node));
    let place = place(binder, (item, table), uses);
    let words = [("lower", Better::Lower), ("higher", Better::Higher)];
    let better = table.get("better").and_then(|node| binder.word(node, &words));
    let combine = table.get("combine").and_then(|node| binder.word(node, &Combine::ALL));
    let boolean = |key: &str| table.get(key).and_then(|node| binder.boolean(node));
    let (required, deterministic) = (boolean("required"), boolean("deterministic"));
    let (source, extract) = place?;
    Some(UserMetric {
        name: name?,
        unit: unit?,
        better,
        source,
        extract,
        required: required.unwrap_or(false),
        combine,
        deterministic: deterministic.unwrap_or(false),
    })
}

/// Where a metric stands.
fn place<'a>(
    binder: &Binder<'a>,
    (item, table): (&Node<'a>, &DeTable<'a>),
    uses: &mut Vec<Use>,
) -> Option<(MetricSource, Extract)> {
    let inside = ["regex", "json"];
    match one_of(binder, table, ["stdout_regex", "stdout_json", "file"])? {
        None => {
            let title = match inside.iter().find(|key| table.contains_key(**key)) {
                Some(key) => format!("`{key}` of what? this metric has no `file`"),
                None => "this metric does not say where it stands".to_owned(),
            };
            binder.refuse(item.span(), title, EXAMPLE);
            None
        }
        Some(("file", node)) => {
            let path = file(binder, node, uses);
            let extract = match one_of(binder, table, inside)? {
                Some(found) => extract(binder, found)?,
                None => Extract::Whole,
            };
            if let Some((key, _)) = table.get_key_value("combine") {
                let title = "a file belongs to the whole trial: there is one value";
                binder.refuse(key.span(), title, "remove `combine`");
            }
            Some((MetricSource::File(path?), extract))
        }
        Some(found) => {
            if let Some(key) = inside.iter().find(|key| table.contains_key(**key)) {
                let at = table.get(*key).map_or(item.span(), Node::span);
                let title = format!("`{key}` is for a `file`");
                binder.refuse(at, title, format!("for standard output write stdout_{key}"));
            }
            Some((MetricSource::Stdout, extract(binder, found)?))
        }
    }
}

/// A file below the directory of the trial.
fn file(binder: &Binder<'_>, node: &Node<'_>, uses: &mut Vec<Use>) -> Option<Template> {
    let template = text::template(binder, node, uses)?;
    let source = template.source();
    let is_below = !source.starts_with('/') && !source.split('/').any(|part| part == "..");
    if source.trim().is_empty() || !is_below {
        let help = "the trial's own directory is new for each trial: write file = \"out.json\", and let the program write to {trial_dir}/out.json, or run it there with cwd = \"{trial_dir}\"";
        let title = "the `file` of a metric lies below the directory of its trial";
        binder.refuse(node.span(), title, help);
        return None;
    }
    Some(template)
}

/// Refuses metrics that have several values and no rule that makes one of them.
pub(super) fn check_tasks<'a>(binder: &Binder<'a>, node: &Node<'a>, metrics: &[UserMetric]) {
    let words: Vec<String> = Combine::ALL.iter().map(|(word, _)| format!("\"{word}\"")).collect();
    let items = node.get_ref().as_array().into_iter().flatten();
    for item in items {
        let name = item.get_ref().get("name").and_then(|name| name.get_ref().as_str());
        let metric = metrics.iter().find(|metric| Some(metric.name.as_str()) == name);
        let lacks = |metric: &&UserMetric| {
            metric.combine.is_none() && matches!(metric.source, MetricSource::Stdout)
        };
        if let Some(metric) = metric.filter(lacks) {
            let title = format!("each task reports `{}`, and a trial has one value", metric.name);
            binder.refuse(item.span(), title, format!("add combine = {}", words.join(", or ")));
        }
    }
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
