//! The documents against real files: every column and every key that a run writes is documented,
//! and nothing is documented that no run writes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use runner::report::csv::schema::TABLES;
use runner::report::flags::{self, FLAGS};

use crate::reading::project;
use crate::support::Sandbox;

/// With a parameter, a metric, programs and a skipped pair, so that every key has an entry.
const EVERYTHING: &str = r#"
title = "Everything that a file can hold"
question = "Is it documented?"
seed = 3
[params]
n = [1, 2]
[workloads.say]
command = ["sh", "-c", "echo took {n} answer {n}"]
requires = ["sh"]
result = { stdout_regex = 'answer (\d+)' }
[[workloads.say.metrics]]
name = "inner"
unit = "ms"
stdout_regex = 'took (\d+)'
[workloads.noop]
iterations = 2
[strategies]
alone = "sequential"
two = { kind = "threads", workers = [1, 2] }
[protocol]
repeats = 6
[compare]
baseline = "alone"
sum = true
[[claim]]
statement = "two < alone"
"#;

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names in backquotes in the first columns of the tables of one section.
fn documented(text: &str, section: &str) -> BTreeSet<String> {
    let start = text.find(section).unwrap_or_else(|| panic!("no section {section}"));
    let body = &text[start + section.len()..];
    let body = &body[..body.find("\n## ").unwrap_or(body.len())];
    let first = body.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    first.flat_map(quoted).collect()
}

fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_tables_of_the_documentation_are_made_from_the_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/results.md");
    let old = document("results.md");
    let mut text = old.clone();
    for table in TABLES {
        text = with_table(&text, &format!("\n## `{}`\n", table.file), &table.documentation());
    }
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, &text).expect("docs/results.md");
    }
    assert!(text == old, "docs/results.md differs from the schema; BLESS=1 writes it");
}

/// The text with the table in this section replaced.
fn with_table(text: &str, section: &str, table: &str) -> String {
    let start = text.find(section).unwrap_or_else(|| panic!("no section {section}"));
    let start = start + text[start..].find("\n| ").expect("a table") + 1;
    let rows = text[start..].split_inclusive('\n').take_while(|line| line.starts_with('|'));
    let end = start + rows.map(str::len).sum::<usize>();
    format!("{}{table}{}", &text[..start], &text[end..])
}

#[test]
fn the_columns_of_the_documentation_are_those_of_the_files() {
    let sandbox = Sandbox::new();
    sandbox.experiment("everything", EVERYTHING).expect_code(0);
    let text = document("results.md");
    for file in [
        "table.csv",
        "trials.csv",
        "iterations.csv",
        "workers.csv",
        "summary.csv",
        "comparisons.csv",
        "totals.csv",
        "claims.csv",
        "scaling.csv",
        "scaling_points.csv",
    ] {
        let table = fs::read_to_string(sandbox.latest("everything").join(file)).expect("a table");
        let header = table.lines().next().expect("a header");
        let written: BTreeSet<String> = header.split(',').map(general).collect();
        assert_eq!(written, documented(&text, &format!("\n## `{file}`")), "{file}");
    }
}

/// The words that explain a flag in the program are those of the documentation.
#[test]
fn every_flag_is_explained_in_the_documentation() {
    let text = document("results.md");
    let section = text.split("\n## Flags\n").nth(1).expect("a section").split("\n## ").next();
    let rows = section.into_iter().flat_map(str::lines).filter(|line| line.starts_with("| `"));
    let written: Vec<String> = FLAGS
        .iter()
        .map(|flag| format!("| `{}` | {} | {} |", flag.word, flag.meaning, flag.remedy))
        .collect();
    assert_eq!(rows.collect::<Vec<_>>(), written);
}

/// Every flag that the analysis can set is explained.
#[test]
fn no_flag_is_without_an_explanation() {
    let mut set = BTreeSet::new();
    for file in ["compare.rs", "effect.rs", "flags.rs", "metric.rs", "scaling.rs", "summary.rs"] {
        let path = project("src/analysis").join(file);
        let text = fs::read_to_string(path).expect("a source");
        for part in text.split("flags.push(\"").skip(1) {
            set.extend(part.split('"').next().map(str::to_owned));
        }
        let constants = text.lines().filter(|line| line.starts_with("pub const"));
        let words =
            constants.filter_map(|line| line.split_once(": &str = \"")?.1.split('"').next());
        set.extend(words.map(str::to_owned));
    }
    assert!(set.len() >= 14, "{set:?}");
    let unexplained: Vec<&String> =
        set.iter().filter(|word| flags::explained(word).is_none()).collect();
    assert!(unexplained.is_empty(), "{unexplained:?}");
}

/// A column as the documentation writes it.
fn general(column: &str) -> String {
    match column {
        "param_n" => "param_<name>".to_owned(),
        "metric_inner_ns" => "metric_<name>".to_owned(),
        column => column.to_owned(),
    }
}

#[test]
fn the_keys_of_the_documentation_are_those_of_the_manifest() {
    let sandbox = Sandbox::new();
    sandbox.experiment("everything", EVERYTHING).expect_code(0);
    let extended =
        ["run", "--extend", "everything", "everything.toml", "--set", "protocol.repeats=7"];
    sandbox.run(&extended).expect_code(0);
    let path = sandbox.latest("everything").join("manifest.json");
    let manifest: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(path).expect("the manifest")).expect("JSON");
    let mut written = BTreeSet::new();
    keys(&manifest, &mut written);
    let known: BTreeSet<String> = quoted(&document("manifest.md")).into_iter().collect();
    let missing: Vec<&String> = written.difference(&known).collect();
    assert!(missing.is_empty(), "not documented: {missing:?}");
    let text = document("manifest.md");
    let tables: BTreeSet<String> = text
        .lines()
        .filter_map(|line| {
            line.strip_prefix("| `")?.split(" | ").next().map(|cell| format!("`{cell}"))
        })
        .flat_map(|cell| quoted(&cell))
        .collect();
    let invented: Vec<&String> = tables.difference(&written).collect();
    assert!(invented.is_empty(), "documented, but not written: {invented:?}");
}

/// Every key; not the names of inherited variables, nor the two keys of an uncertain fact.
fn keys(value: &serde_json::Value, found: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(object) => {
            for (key, inner) in object {
                if !matches!(key.as_str(), "value" | "reason") || object.len() > 2 {
                    found.insert(key.clone());
                }
                if !(key == "environment" && inner.is_object() && object.contains_key("arguments"))
                {
                    keys(inner, found);
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}
