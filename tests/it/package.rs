//! `datapackage.json`: every file of a run by its digest, and every table by its columns.

use std::fs;

use serde_json::Value;

use crate::support::Sandbox;

const NOISY: &str = r#"
title = "A run with failures"
seed = 3
[params]
n = [1, 1234567890123456789]
word = ["=a", "007"]
[workloads.say]
command = ["sh", "-c", "echo answer {n}; test {word} != 007"]
shell = false
result = { stdout_regex = 'answer (.*)' }
[strategies]
"-O3" = "sequential"
[protocol]
repeats = 6
"#;

fn package(sandbox: &Sandbox) -> Value {
    let path = sandbox.latest("noisy").join("datapackage.json");
    serde_json::from_slice(&fs::read(path).expect("the package")).expect("JSON")
}

#[test]
fn every_file_is_listed_and_a_changed_one_is_found() {
    let sandbox = Sandbox::new();
    sandbox.experiment("noisy", NOISY).expect_code(3);
    let package = package(&sandbox);
    let resources = package["resources"].as_array().expect("resources");
    let paths: Vec<&str> = resources.iter().map(|it| it["path"].as_str().expect("text")).collect();
    for path in ["trials.csv", "journal.jsonl", "manifest.json", "experiment.toml", "notes.md"] {
        assert!(paths.contains(&path), "{path} is not in {paths:?}");
    }
    assert!(paths.iter().any(|path| path.starts_with("output/")), "{paths:?}");
    let run = sandbox.latest("noisy");
    let verify = || sandbox.run(&["verify", run.to_str().expect("text")]);
    fs::write(run.join("notes.md"), "What I saw\n").expect("written");
    verify().expect_code(0);
    let output = paths.iter().find(|path| path.ends_with(".out")).expect("an output");
    fs::write(run.join(output), "another one\n").expect("written");
    let found = verify().expect_code(7).stdout;
    assert!(found.contains("datapackage.json") && found.contains(output), "{found}");
}

#[test]
fn columns_have_the_type_of_their_levels() {
    let sandbox = Sandbox::new();
    sandbox.experiment("noisy", NOISY).expect_code(3);
    let package = package(&sandbox);
    let resources = package["resources"].as_array().expect("resources");
    let trials = resources.iter().find(|it| it["path"] == "trials.csv").expect("the table");
    let fields = trials["schema"]["fields"].as_array().expect("fields");
    let field = |name: &str| fields.iter().find(|it| it["name"] == name).expect(name);
    // One level has more digits than a spreadsheet keeps, so that all are text.
    assert_eq!(field("param_n")["type"], "string");
    assert_eq!(field("workers")["type"], "integer");
    assert_eq!(
        (&field("time_ns")["type"], &field("time_ns")["unit"]),
        (&"integer".into(), &"ns".into())
    );
    assert_eq!(field("used")["type"], "boolean");
    assert_eq!(field("trial_id")["constraints"]["required"], true);
}
