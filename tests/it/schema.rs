//! The JSON Schema against the binder: both come of the same definitions, and both must accept and
//! refuse the same files, but for what only the whole of a file shows.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use runner::spec::keys::{self, Shape};
use runner::spec::schema;
use runner::strategy::catalogue;
use serde_json::{Map, Value, json};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::reading::{project, read_whole};
use crate::support::Sandbox;

#[test]
fn the_schema_that_is_checked_in_is_the_one_that_is_made() {
    let path = project("schemas/experiment.schema.json");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, schema::text(&catalogue())).expect("the schema");
    }
    let text = fs::read_to_string(&path).expect("the schema");
    assert_eq!(text, schema::text(&catalogue()), "BLESS=1 cargo test rewrites it");
    assert_eq!(text, Sandbox::new().run(&["schema"]).expect_code(0).stdout);
}

#[test]
fn every_key_is_in_the_documentation() {
    let text = fs::read_to_string(project("docs/experiment-file.md")).expect("the documentation");
    let reserved = keys::RESERVED.iter().map(|(key, _)| *key);
    for table in [
        keys::FILE,
        keys::WORKLOAD,
        keys::STRATEGY,
        keys::OVERRIDE,
        keys::CLAIM,
        keys::PROTOCOL,
        keys::COMPARE,
        keys::METRIC,
        keys::RESULT,
        keys::MATRIX,
        keys::CONDITIONAL,
        keys::HOOK,
    ] {
        for key in table.names().chain(reserved.clone()) {
            assert!(
                text.contains(&format!("`{key}`")) || text.contains(&format!("`[{key}")),
                "`{key}` is not documented"
            );
        }
    }
}

/// What an editor offers must be accepted where it is offered.
#[test]
fn every_default_and_every_example_has_the_shape_of_its_key() {
    let schema = schema::schema(&catalogue());
    let definitions = schema["definitions"].as_object().expect("definitions");
    let mut seen = 0;
    for table in definitions.values().chain([&schema]) {
        for (key, property) in table["properties"].as_object().into_iter().flatten() {
            let alone = json!({ "definitions": definitions, "allOf": [property] });
            let validator = jsonschema::draft7::new(&alone).expect("a schema");
            let examples = property["examples"].as_array().into_iter().flatten();
            for value in property.get("default").into_iter().chain(examples) {
                assert!(validator.is_valid(value), "{key} = {value}");
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "{seen}");
}

/// The binder names the words that it takes: they are those of the definitions.
#[test]
fn the_binder_takes_the_words_of_the_definitions() {
    let metric = "[[workloads.w.metrics]]\nname = \"m\"\nunit = \"s\"\nstdout_json = \"/m\"\n";
    let places = [
        (keys::PROTOCOL, "[protocol]\n"),
        (keys::COMPARE, "[compare]\n"),
        (keys::GATE, "[gate]\nfail_if = \"slower > 5%\"\n"),
        (keys::WORKLOAD, ""),
        (keys::METRIC, metric),
        (keys::OUTPUT, "[output]\n"),
    ];
    let mut seen = 0;
    for (table, place) in places {
        for key in table.keys {
            let Shape::Word(words) = &key.shape else { continue };
            let workload = "[workloads.w]\ncommand = [\"tool\"]\n";
            let text = format!("{workload}{place}{} = \"zzz\"\n", key.name);
            let problems = read_whole(text.as_bytes()).expect_err("no such word");
            let title =
                problems.list().iter().find(|it| it.title.starts_with("`zzz` is not one of"));
            let title = &title.unwrap_or_else(|| panic!("{}", problems.render(false))).title;
            let named: BTreeSet<&str> = title.split('`').skip(3).step_by(2).collect();
            assert_eq!(named, words.iter().copied().collect(), "{}", key.name);
            seen += 1;
        }
    }
    assert!(seen >= 9, "{seen}");
}

/// A TOML file as JSON, as editors hand it to a validator.
fn json_of(text: &str) -> Option<Value> {
    let table = DeTable::parse(text.trim_start_matches('\u{feff}')).ok()?.into_inner();
    Some(convert(&DeValue::Table(table)))
}

fn convert(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => json!(text),
        DeValue::Integer(digits) => digits.to_string().parse().unwrap_or(json!(1e300)),
        DeValue::Float(digits) => digits.to_string().parse().unwrap_or(json!(1e300)),
        DeValue::Boolean(boolean) => json!(boolean),
        DeValue::Datetime(datetime) => json!(datetime.to_string()),
        DeValue::Array(list) => list.iter().map(|item| convert(item.get_ref())).collect(),
        DeValue::Table(table) => {
            let entry = |(key, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| {
                (key.get_ref().to_string(), convert(value.get_ref()))
            };
            Value::Object(table.iter().map(entry).collect::<Map<_, _>>())
        }
    }
}

fn validator() -> jsonschema::Validator {
    jsonschema::draft7::new(&schema::schema(&catalogue())).expect("a schema")
}

fn cases(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(project(folder)).expect("a folder");
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    cases.sort();
    cases
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("a name")
}

#[test]
fn every_shipped_experiment_meets_the_schema() {
    let validator = validator();
    let mut count = 0;
    for folder in
        ["experiments", "experiments/designs", "experiments/templates", "tests/golden/plans"]
    {
        for path in cases(folder) {
            let path = if path.is_dir() { path.join("experiment.toml") } else { path };
            let is_experiment = path.extension().is_some_and(|suffix| suffix == "toml");
            let Some(text) = fs::read_to_string(&path).ok().filter(|_| is_experiment) else {
                continue;
            };
            let instance =
                json_of(&text).unwrap_or_else(|| panic!("{} is no TOML", path.display()));
            let mistakes: Vec<String> =
                validator.iter_errors(&instance).map(|error| error.to_string()).collect();
            assert!(mistakes.is_empty(), "{}: {mistakes:?}", path.display());
            count += 1;
        }
    }
    assert!(count >= 20, "{count}");
}

/// Golden mistakes that no schema can see, and why.
const BEYOND: &[(&str, &str)] = &[
    ("absurd-size", "the size of a matrix is a product"),
    ("claim-about-no-cell", "it depends on the levels"),
    ("condition-never-holds", "it depends on the levels"),
    ("condition-without-a-level", "what a strategy needs depends on the command"),
    ("duplicate-levels", "1 and 1.0 are one number in JSON and two levels here"),
    ("exclude-matches-nothing", "it depends on the levels"),
    ("exclude-of-another-type", "it depends on the levels"),
    ("expression-cycle", "names inside an expression"),
    ("expression-names", "names inside an expression"),
    ("expression-without-a-value", "the value of an expression"),
    ("expressions", "the syntax inside a text"),
    ("hook-placeholders", "placeholders inside a text"),
    ("include-already-there", "it depends on the levels"),
    ("include-incomplete", "it depends on the levels"),
    ("iterations-of-commands", "which workloads a strategy carries out"),
    ("kernel-with-command-keys", "the kind of a workload may be its name"),
    ("missing-kernel-parameter", "parameters may come from [params]"),
    ("override-matches-nothing", "it depends on the levels"),
    ("override-of-commands", "which cells an override means"),
    ("override-skip-larger", "it depends on the levels"),
    ("override-skip-larger-derived", "which parameters are calculated"),
    ("parameter-missing-under-one-strategy", "parameters may come from [params]"),
    ("placeholder-missing-under-one-strategy", "placeholders inside a text"),
    ("skip-larger-in-what", "it depends on the levels"),
    ("skip-larger-of-a-derived-parameter", "which parameters are calculated"),
    ("skip-larger-of-nothing", "it depends on the levels"),
    ("skip-larger-without-a-parameter", "names of parameters"),
    ("tasks-and-metrics", "the kind of a workload decides"),
    ("unknown-kernel-parameter", "parameters may come from [params]"),
    ("unknown-placeholder", "placeholders inside a text"),
    ("wrong-levels", "what a kernel takes; TOML knows dates and infinities, JSON does not"),
    ("zip-of-unequal-lengths", "it depends on the levels"),
    ("zip-under-one-strategy", "names of parameters"),
];

/// Golden mistakes that are no TOML, so that a validator never gets to see them.
const NO_TOML: &[&str] =
    &["a-different-file", "duplicate-names", "not-toml", "not-utf8", "nul-bytes", "utf16"];

#[test]
fn the_schema_refuses_the_golden_mistakes_that_a_schema_can_see() {
    let validator = validator();
    let (mut unseen, mut unread) = (Vec::new(), Vec::new());
    for case in cases("tests/golden/errors") {
        let bytes = fs::read(case.join("experiment.toml")).expect("experiment.toml");
        if read_whole(&bytes).is_ok() {
            // Cautions are none of a schema's business: what is allowed, it must allow.
            let instance = json_of(str::from_utf8(&bytes).expect("text")).expect("TOML");
            assert!(validator.is_valid(&instance), "{}", name(&case));
            continue;
        }
        match str::from_utf8(&bytes).ok().and_then(json_of) {
            None => unread.push(name(&case).to_owned()),
            Some(instance) if validator.is_valid(&instance) => unseen.push(name(&case).to_owned()),
            Some(_) => {}
        }
    }
    let known: Vec<&str> = BEYOND.iter().map(|(name, _)| *name).collect();
    assert_eq!(unseen, known, "what the schema does not see");
    assert_eq!(unread, NO_TOML, "what is no TOML");
}

/// Values that stand in the place of every other one.
const STRANGERS: [&str; 13] = [
    "-1",
    "0",
    "7",
    "0.5",
    "\"\"",
    "\"x\"",
    "\" = \"",
    "true",
    "[]",
    "[\"x\", \"x\"]",
    "[[1], [2]]",
    "{}",
    "{ stranger = 1 }",
];

/// The document with one value replaced, for every value in it and every stranger; with one key
/// misspelt; and without one of its lines, so that a key or a table is missing.
fn mutations(text: &str) -> Vec<String> {
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    let table = DeTable::parse(text).expect("TOML").into_inner();
    collect(&DeValue::Table(table), &mut keys, &mut values);
    let instead = |span: &Range<usize>, stranger: &str| {
        format!("{}{stranger}{}", &text[..span.start], &text[span.end..])
    };
    let mut found = Vec::new();
    for span in &values {
        found.extend(STRANGERS.iter().map(|stranger| instead(span, stranger)));
    }
    found.extend(keys.iter().map(|span| instead(span, "stranger")));
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        found.push(instead(&(start..end), ""));
        start = end;
    }
    // Documents that are no TOML any more say nothing about the schema.
    found.retain(|text| DeTable::parse(text).is_ok());
    found
}

fn collect(value: &DeValue<'_>, keys: &mut Vec<Range<usize>>, values: &mut Vec<Range<usize>>) {
    match value {
        DeValue::Table(table) => {
            for (key, inner) in table.iter() {
                keys.push(key.span());
                values.push(inner.span());
                collect(inner.get_ref(), keys, values);
            }
        }
        DeValue::Array(list) => {
            for inner in list.iter() {
                values.push(inner.span());
                collect(inner.get_ref(), keys, values);
            }
        }
        _ => {}
    }
}

/// Thousands of files, each with one mistake of shape. What the binder accepts the schema must accept,
/// without exception; what the schema does not see is listed, by the titles of the binder.
#[test]
fn binder_and_schema_agree_on_every_mutation() {
    let validator = validator();
    let mut unseen = BTreeSet::new();
    let mut refused_by_both = 0;
    for text in [EVERYTHING_KERNEL, EVERYTHING_COMMAND] {
        let whole = read_whole(text.as_bytes());
        assert!(whole.is_ok(), "{}", whole.expect_err("checked").render(false));
        for mutation in mutations(text) {
            let instance = json_of(&mutation).expect("TOML");
            match read_whole(mutation.as_bytes()) {
                Ok(_) => {
                    assert!(validator.is_valid(&instance), "only the schema refuses\n{mutation}")
                }
                Err(problems) if validator.is_valid(&instance) => {
                    unseen.extend(problems.list().iter().map(|problem| masked(&problem.title)));
                }
                Err(_) => refused_by_both += 1,
            }
        }
    }
    assert!(refused_by_both > 1_000, "{refused_by_both}");
    let unseen: String = unseen.into_iter().map(|title| format!("{title}\n")).collect();
    let golden = project("tests/golden/beyond-the-schema.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&golden, &unseen).expect("a golden file");
    }
    let reviewed = fs::read_to_string(golden).expect("the titles");
    assert_eq!(unseen, reviewed, "BLESS=1 cargo test rewrites it");
}

/// A title without what is between backquotes, and without numbers and texts.
fn masked(title: &str) -> String {
    let parts = title.split('`').enumerate();
    let title: String = parts.map(|(at, part)| if at % 2 == 0 { part } else { "_" }).collect();
    let end = title.find("found").or(title.find("has no level")).unwrap_or(title.len());
    title[..end]
        .split_whitespace()
        .map(|word| if word.parse::<f64>().is_ok() || word.contains('"') { "…" } else { word })
        .collect::<Vec<_>>()
        .join(" ")
}

const EVERYTHING_KERNEL: &str = r#"
title = "Everything"
question = "Is it?"
seed = 3
[params]
n = [1, 2]
m = { from = 1, to = 3, step = 1 }
k = { from = 1, to = 4, factor = 2 }
w = { lines = "words.txt" }
g = { glob = "inputs/*.csv" }
l = [{ value = 1, label = "one" }, { value = 2, label = "two" }]
c = { values = [1, 2], when = { strategy = "alone" }, otherwise = 3 }
d = "= n + m"
[workloads.power-sum]
params = { powers = [[1], [1, 2]] }
tasks = 2
scaling = "weak"
strategies = ["alone", "two"]
when = { n = ">= 1" }
expect = [{ n = 1, is = "0" }]
agree = "block"
assert = "cpu_per_time > 0"
repeats = 7
warmup = 1
isolation = "thread"
timeout = "1m"
on_timeout = { skip_larger = "n" }
retries = 1
iterations = 2
environment = "clean"
keep = ["HOME"]
env_pad = false
hooks.cell = { setup = ["true"], teardown = [["true"], ["true", "{n}"]], timeout = "5s" }
hooks.trial.setup = ["true", "{m}", "{k}", "{w}", "{g}", "{l}", "{c}", "{d}"]
[strategies]
alone = "sequential"
two = { kind = "threads", workers = [1, 2], when = { n = [1, 2] }, env = { A = "b" }, assert = ["n > 0"], repeats = 8, params = { m = 5 } }
[matrix]
zip = [["n", "l"]]
exclude = [{ n = 1, strategy = "two" }]
include = [{ workload = "power-sum", strategy = "alone", workers = 1, n = 9, l = 1, m = 1, k = 1, w = "one", g = "inputs/a.csv", powers = [1] }]
[protocol]
repeats = 6
order = "shuffled"
isolation = "process"
timeout = "2m"
on_timeout = "continue"
retries = 0
jobs = 1
on_failure = "stop"
[[override]]
where = { n = ">= 1" }
repeats = 9
[compare]
baseline = { strategy = "alone" }
baseline_kind = "named"
metric = "wall"
margin = 0.1
max_failure_rate = 0.1
conf = 0.9
adjust = "bh"
objective = "p90"
sum = true
allow_geomean = false
[gate]
fail_if = ["slower > 5%", "worse > 10 %"]
inconclusive = "report"
[[claim]]
statement = "strategy=alone < strategy=two ×2"
where = { n = ">= 1" }
[[claim]]
statement = "speedup(strategy=two) >= 1.8"
[hooks.run]
setup = ["true"]
timeout = "1s"
[output]
spreadsheet = "de"
[profiles.lab]
hosts = ["lab-*"]
[profiles.lab.protocol]
repeats = 12
"#;

const EVERYTHING_COMMAND: &str = r#"
[workloads.tool]
kind = "command"
command = ["tool", "{n}"]
params = { n = [1, 2] }
cwd = "."
env = { A = "{n}" }
stdin = "words.txt"
build = ["make", "{n}"]
requires = ["tool"]
revisions = ["HEAD", "HEAD~1"]
result = { stdout_regex = "(x)" }
iteration_times = { stdout_json = "/times", unit = "ms" }
expect = "4"
agree = true
[[workloads.tool.metrics]]
name = "inner"
unit = "s"
stdout_json = "/a"
better = "lower"
required = true
deterministic = false
[[workloads.tool.metrics]]
name = "size"
unit = "B"
file = "out.json"
json = "/size"
[workloads.shell]
limits = { cpu = "1s", memory = "1.5 GB", processes = 9, output = "10kB", file_size = "1 TiB" }
command = "tool | {n}"
shell = true
tasks = 4
scaling = "strong"
divide = "n"
params = { n = 100 }
[[workloads.shell.metrics]]
name = "sum"
unit = "1"
stdout_regex = "x"
combine = "sum"
[limits]
memory = "512 MiB"
[sandbox]
network = "none"
files = "read_only"
writable = ["cache"]
[protocol]
cpus = "0-3,8"
nice = -5
counters = true
[protocol.adaptive]
target = 0.05
min = 10
max = 20
budget = "5m"
[[override]]
where = { n = 1 }
limits.processes = 3
[strategies]
outside = { kind = "external", limits = { cpu = "2s" } }
many = { kind = "processes", workers = { from = 1, to = 4, factor = 2 }, cpus = "auto", nice = 3 }
"#;
