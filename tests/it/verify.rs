//! A run's files are what its journal says, or it is told which are not.

use std::fs;

use crate::support::Sandbox;

const EXPERIMENT: &str = r#"
title = "two"
seed = 5
[params]
n = [10, 20]
[workloads.power-sum]
[strategies]
normal = "sequential"
threads = { kind = "threads", workers = [1, 2] }
[protocol]
repeats = 6
isolation = "thread"
iterations = 3
[compare]
baseline = "normal"
"#;

/// The names that `verify` speaks of, with its mark.
fn marks(stdout: &str) -> Vec<(char, String)> {
    let checks = stdout.lines().filter(|line| line.starts_with(['✔', '✘']));
    checks
        .map(|line| {
            let name = line.split_whitespace().nth(1).expect("a name");
            (line.chars().next().expect("a mark"), name.to_owned())
        })
        .collect()
}

#[test]
fn a_finished_run_is_as_its_journal_says_with_every_table() {
    let sandbox = Sandbox::new();
    sandbox.write("two.toml", EXPERIMENT);
    assert_eq!(sandbox.run(&["two.toml"]).code, 0);
    let done = sandbox.run(&["verify"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{}", done.stdout);
    let marks = marks(&done.stdout);
    assert!(marks.iter().all(|(mark, _)| *mark == '✔'), "{}", done.stdout);
    let mut tables: Vec<String> = fs::read_dir(sandbox.latest("two"))
        .expect("the run's directory")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .filter(|name| name.ends_with(".csv"))
        .collect();
    tables.sort();
    assert!(tables.len() >= 5, "{tables:?}");
    for table in tables {
        assert!(marks.iter().any(|(_, name)| *name == table), "{table}: {}", done.stdout);
    }
}

#[test]
fn what_was_touched_is_named_with_its_line() {
    let sandbox = Sandbox::new();
    sandbox.write("two.toml", EXPERIMENT);
    assert_eq!(sandbox.run(&["two.toml"]).code, 0);
    let run = sandbox.latest("two");
    let summary = fs::read_to_string(run.join("summary.csv")).expect("a table");
    let third = summary.lines().nth(2).expect("a third line");
    let touched = summary.replace(third, &third.replacen("normal", "norma1", 1));
    fs::write(run.join("summary.csv"), touched).expect("written");
    fs::remove_file(run.join("table.csv")).expect("removed");
    let done = sandbox.run(&["verify", "two"]);
    assert_eq!(done.code, 7, "{}", done.stdout);
    let wrong: Vec<String> = marks(&done.stdout)
        .into_iter()
        .filter(|(mark, _)| *mark == '✘')
        .map(|(_, name)| name)
        .collect();
    assert_eq!(wrong, ["summary.csv", "table.csv", "datapackage.json"], "{}", done.stdout);
    assert!(done.stdout.contains("line 3 is `"), "{}", done.stdout);
    assert!(done.stdout.contains("norma1"), "{}", done.stdout);
    assert!(done.stdout.contains("3 of "), "{}", done.stdout);
}

/// What `verify` says of a run after one of its files was changed.
fn after(change: impl Fn(&std::path::Path)) -> crate::support::Run {
    let sandbox = Sandbox::new();
    sandbox.write("two.toml", EXPERIMENT);
    sandbox.run(&["two.toml"]).expect_code(0);
    change(&sandbox.latest("two"));
    sandbox.run(&["verify", "two"]).expect_code(7)
}

fn replaced(run: &std::path::Path, name: &str, from: &str, to: &str) {
    let text = fs::read_to_string(run.join(name)).expect("a file");
    assert!(text.contains(from), "{name}");
    fs::write(run.join(name), text.replacen(from, to, 1)).expect("written");
}

#[test]
fn a_damaged_record_is_named_and_nobody_is_told_to_make_tables_from_it() {
    for (name, from, to) in [
        ("manifest.json", "{", "["),
        ("resolved.toml", "[protocol]", "[protobol]"),
        ("journal.jsonl", "\"seq\":2,", "\"seq\":7,"),
    ] {
        let done = after(|run| replaced(run, name, from, to));
        let said = format!("✘ {name}");
        assert!(done.stdout.contains(&said) && done.stdout.contains(" then\n"), "{}", done.stdout);
        assert!(done.stdout.ends_with("2 of 2 are not as the record says\n"), "{}", done.stdout);
        assert_eq!(done.stderr, "");
    }
    // One that can be read all the same.
    let done = after(|run| replaced(run, "journal.jsonl", "\"time_ns\":", "\"time_ns\":1"));
    assert!(done.stdout.contains("✘ journal.jsonl"), "{}", done.stdout);
    assert_eq!(done.stderr, "");
}

#[test]
fn a_changed_word_of_the_package_and_bytes_of_the_workbook_are_found() {
    let done = after(|run| replaced(run, "datapackage.json", "\"string\"", "\"number\""));
    assert!(done.stdout.contains("✘ datapackage.json"), "{}", done.stdout);
    assert!(done.stdout.ends_with(" is not as the record says\n"), "{}", done.stdout);
    let done = after(|run| {
        let mut bytes = fs::read(run.join("table.xlsx")).expect("a workbook");
        bytes[700] ^= 1;
        fs::write(run.join("table.xlsx"), bytes).expect("written");
    });
    assert!(done.stdout.contains("byte 701 is the first"), "{}", done.stdout);
    assert!(!done.stdout.contains('\u{0}'), "{}", done.stdout);
    assert!(done.stderr.contains("runner report"), "{}", done.stderr);
}

#[test]
fn another_experiment_file_and_a_run_under_way_are_told() {
    let sandbox = Sandbox::new();
    sandbox.write("two.toml", EXPERIMENT);
    assert_eq!(sandbox.run(&["two.toml"]).code, 0);
    let run = sandbox.latest("two");
    let text = fs::read_to_string(run.join("experiment.toml")).expect("the file");
    fs::write(run.join("experiment.toml"), text.replace("two", "too")).expect("written");
    let done = sandbox.run(&["verify", "two"]);
    assert_eq!(done.code, 7);
    assert!(done.stdout.contains("✘ experiment.toml"), "{}", done.stdout);

    let manifest = fs::read_to_string(run.join("manifest.json")).expect("a manifest");
    let mut json: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    json["counts"] = serde_json::json!({ "value": null, "reason": "the run has not ended" });
    fs::write(run.join("manifest.json"), json.to_string()).expect("written");
    let done = sandbox.run(&["verify", "two"]);
    assert_eq!(done.code, 2, "{}", done.stderr);
    assert!(done.stderr.contains("it is not finished"), "{}", done.stderr);
}

#[test]
fn a_run_is_verified_where_its_inputs_are_gone_but_no_trial_is_run_again_without_them() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path().join("inputs")).expect("a folder");
    sandbox.write("inputs/a.txt", "1");
    sandbox.write("inputs/b.txt", "22");
    let text = r#"
[workloads.cat]
command = ["cat", "{file}"]
params = { file = { glob = "inputs/*.txt" } }
[protocol]
repeats = 1
warmup = 0
"#;
    sandbox.write("files.toml", text);
    assert_eq!(sandbox.run(&["files.toml"]).code, 0);
    assert_eq!(sandbox.run(&["exec", "t000001"]).code, 0);
    fs::remove_dir_all(sandbox.path().join("inputs")).expect("removed");
    let done = sandbox.run(&["verify"]);
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    let done = sandbox.run(&["exec", "t000001"]);
    assert_eq!(done.code, 2, "{}", done.stdout);
    for name in ["inputs/a.txt", "inputs/b.txt"] {
        assert!(done.stderr.contains(name), "{}", done.stderr);
    }
}
