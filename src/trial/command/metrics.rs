//! The metrics that a program reports: found in its output or in its files, several tasks made one.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use serde_json::value::RawValue;

use super::answer::{every_match, last_match};
use super::context::TrialContext;
use crate::design::{Combine, Extract, IterationTimes, MetricSource, Template, UserMetric};
use crate::measure::MetricColumn;

/// Most bytes that are read of a file that a program wrote.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// What was read of the metrics of a trial.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    /// In stored units, in the order of the workload's list.
    pub(super) values: Vec<Option<f64>>,
    /// Why values are missing.
    pub(super) notes: Vec<String>,
    /// One that is required is missing.
    pub(super) lacks_required: bool,
}

/// Reads every metric. `texts` are the outputs of the tasks, in order.
pub(super) fn read(context: &TrialContext<'_>, texts: &[Cow<'_, str>]) -> Metrics {
    let mut metrics = Metrics::default();
    for metric in &context.of_cell.workload.metrics {
        let value = match &metric.source {
            MetricSource::Stdout => of_tasks(metric, texts),
            MetricSource::File(path) => of_file(context, metric, path),
        };
        if let Err(reason) = &value {
            metrics.notes.push(format!("metric {}: {reason}", metric.name));
            metrics.lacks_required |= metric.required;
        }
        metrics.values.push(value.ok().map(|value| MetricColumn::of(metric).store(value)));
    }
    metrics
}

/// The times of all iterations in ns, in the order in which they are reported; at least one.
pub(super) fn iteration_times(times: &IterationTimes, text: &str) -> Result<Vec<u64>, String> {
    let words = match &times.extract {
        Extract::Regex(pattern) => every_match(pattern, text),
        Extract::Json(pointer) => json_list(pointer.as_str(), text).unwrap_or_default(),
        Extract::Whole => Vec::new(),
    };
    if words.is_empty() {
        let lacks = match &times.extract {
            Extract::Json(pointer) => format!("has no list of numbers at `{pointer}`"),
            other => without(other),
        };
        return Err(format!("iteration times: standard output {lacks}"));
    }
    let in_ns = |word: &String| {
        let ns = number(word)? * times.unit_ns;
        // Up to a thousand days, as any time of a trial.
        (0.0..1e17)
            .contains(&ns)
            .then_some(ns.round() as u64)
            .ok_or_else(|| format!("`{word}` is not a time"))
    };
    let all: Result<Vec<u64>, String> = words.iter().map(in_ns).collect();
    all.map_err(|reason| format!("iteration times: {reason}"))
}

fn of_tasks(metric: &UserMetric, texts: &[Cow<'_, str>]) -> Result<f64, String> {
    let lacks = || format!("standard output {}", without(&metric.extract));
    let values: Vec<f64> = texts
        .iter()
        .map(|text| number(&find(&metric.extract, text).ok_or_else(lacks)?))
        .collect::<Result<_, _>>()?;
    // Without a rule there is one task.
    let combine = metric.combine.unwrap_or(Combine::Mean);
    combine.apply(&values).ok_or_else(|| "no task ran".to_owned())
}

fn of_file(
    context: &TrialContext<'_>,
    metric: &UserMetric,
    path: &Template,
) -> Result<f64, String> {
    let path = context.render(path, 0).map_err(|error| error.to_string())?;
    let full = below(&context.dir, &path)
        .ok_or_else(|| format!("`{path}` does not lie in the directory of the trial"))?;
    let text = read_file(&full).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("the program wrote no `{path}` into {{trial_dir}}"),
        _ => format!("`{path}`: {error}"),
    })?;
    let found = find(&metric.extract, &text);
    number(&found.ok_or_else(|| format!("`{path}` {}", without(&metric.extract)))?)
}

/// The path below a directory, if it stays there.
fn below(dir: &Path, path: &str) -> Option<PathBuf> {
    let full = dir.join(path);
    let rest = full.strip_prefix(dir).ok()?;
    let stays = rest.components().all(|part| matches!(part, Component::Normal(_)));
    stays.then_some(full)
}

fn read_file(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("is not a file"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other("is larger than 64 MiB"));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What a text lacks that has no such part.
pub(super) fn without(extract: &Extract) -> String {
    match extract {
        Extract::Regex(regex) => format!("does not match `{}`", regex.as_str()),
        Extract::Json(pointer) => {
            format!("is no JSON document with a number or text at `{pointer}`")
        }
        Extract::Whole => "is empty".to_owned(),
    }
}

/// A part of a text, trimmed.
pub(super) fn find(extract: &Extract, text: &str) -> Option<String> {
    match extract {
        Extract::Regex(pattern) => last_match(pattern, text),
        Extract::Json(pointer) => json(pointer.as_str(), text),
        Extract::Whole => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
    }
}

/// The numbers of a list at a place of a JSON document; `None` when there is none or it holds
/// something else.
fn json_list(pointer: &str, text: &str) -> Option<Vec<String>> {
    let list: Vec<serde_json::Number> = serde_json::from_str(place(pointer, text)?.get()).ok()?;
    Some(list.iter().map(ToString::to_string).collect())
}

/// The number or text at a place of a JSON document, as it is written there: no digit of a long
/// integer is lost.
fn json(pointer: &str, text: &str) -> Option<String> {
    let written = place(pointer, text)?.get();
    match written.bytes().next()? {
        b'"' => serde_json::from_str(written).ok(),
        b'-' | b'0'..=b'9' => Some(written.to_owned()),
        _ => None,
    }
}

/// A place of a JSON document. The document is the whole text, or its last line for programs that
/// print more.
fn place<'t>(pointer: &str, text: &'t str) -> Option<&'t RawValue> {
    let last_line = || text.lines().rev().find(|line| !line.trim().is_empty());
    let document = serde_json::from_str::<&RawValue>(text).ok();
    let document = document.or_else(|| serde_json::from_str(last_line()?).ok())?;
    let mut here = document;
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        here = step(here, &part)?;
    }
    Some(here)
}

fn step<'t>(here: &'t RawValue, part: &str) -> Option<&'t RawValue> {
    if here.get().starts_with('[') {
        let is_index = part == "0" || !part.starts_with('0');
        let index: usize = part.parse().ok().filter(|_| is_index)?;
        let list: Vec<&'t RawValue> = serde_json::from_str(here.get()).ok()?;
        return list.get(index).copied();
    }
    let table: HashMap<Cow<'t, str>, &'t RawValue> = serde_json::from_str(here.get()).ok()?;
    table.get(part).copied()
}

fn number(word: &str) -> Result<f64, String> {
    let number: Option<f64> = word.trim().parse().ok();
    number.filter(|number| number.is_finite()).ok_or_else(|| format!("`{word}` is not a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_in_json() {
        let text =
            r#"{"a/b": [{"t": 1.5e3}, "7"], "n": 123456789012345678901234567890, "no": null}"#;
        let at = |pointer| json(pointer, text);
        assert_eq!(at("/a~1b/0/t").as_deref(), Some("1.5e3"));
        assert_eq!(at("/a~1b/1").as_deref(), Some("7"));
        assert_eq!(at("/n").as_deref(), Some("123456789012345678901234567890"));
        for missing in ["/no", "/a~1b", "/a~1b/2", "/a~1b/00", "/a~1b/01", "/x", "", "/n/0"] {
            assert_eq!(at(missing), None, "{missing}");
        }
        assert_eq!(json("", "42\n").as_deref(), Some("42"));
    }

    #[test]
    fn times_of_iterations_come_from_every_match_or_from_a_list() {
        let pattern = regex::Regex::new(r"took (\S+) ms").expect("a pattern");
        let by_regex = IterationTimes { extract: Extract::Regex(pattern), unit_ns: 1e6 };
        let read = |text: &str| iteration_times(&by_regex, text);
        assert_eq!(read("took 1.5 ms\ntook 2 ms\n"), Ok(vec![1_500_000, 2_000_000]));
        assert!(read("took x ms").is_err_and(|why| why.contains("`x` is not a number")));
        assert!(read("took -1 ms").is_err_and(|why| why.contains("`-1` is not a time")));
        assert!(read("").is_err_and(|why| why.contains("does not match")));
        let pointer = crate::design::Pointer::new("/t").expect("a pointer");
        let by_json = IterationTimes { extract: Extract::Json(pointer), unit_ns: 1e9 };
        let read = |text: &str| iteration_times(&by_json, text);
        assert_eq!(read("hello\n{\"t\": [0.5, 1e-9]}"), Ok(vec![500_000_000, 1]));
        for missing in ["{\"t\": []}", "{\"t\": 1}", "{\"t\": [1, \"2\"]}", "{}", "no"] {
            assert!(
                read(missing).is_err_and(|why| why.contains("no list of numbers")),
                "{missing}"
            );
        }
    }

    #[test]
    fn the_last_line_counts_where_the_whole_is_no_document() {
        assert_eq!(json("/t", "warming up\n{\"t\": 1}\n{\"t\": 2}\n\n").as_deref(), Some("2"));
        assert_eq!(json("/t", "{\"t\": 1}\ndone\n"), None);
        assert_eq!(json("/t", ""), None);
    }

    #[test]
    fn a_file_stays_in_its_directory() {
        let dir = Path::new("/run/scratch/t000001.1");
        assert_eq!(below(dir, "a/b.json"), Some(dir.join("a/b.json")));
        let whole = "/run/scratch/t000001.1/x";
        assert_eq!(below(dir, whole), Some(PathBuf::from(whole)));
        for outside in ["/etc/passwd", "../t000002.1/x", "a/../../x"] {
            assert_eq!(below(dir, outside), None, "{outside}");
        }
    }

    #[test]
    fn numbers_are_finite() {
        assert_eq!(number(" -1.5e3 "), Ok(-1500.0));
        for word in ["nan", "inf", "1,5", ""] {
            assert!(number(word).is_err(), "{word}");
        }
    }
}
