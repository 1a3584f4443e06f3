//! Runs that are there: listed, as a history, copied for spreadsheets, packed.

use std::fs;
use std::path::PathBuf;

use crate::support::Sandbox;

const BASE: &str = r#"
title = "Listed"
question = "Is it found?"
seed = 3
[params]
n = [10, 20]
[workloads.power-sum]
[strategies]
"-O3" = "sequential"
[protocol]
repeats = 6
"#;

#[test]
fn runs_are_listed_with_their_state() {
    let sandbox = Sandbox::new();
    let none = sandbox.run(&["list", "runs"]).expect_code(0);
    assert!(none.stdout.is_empty() && none.stderr.contains("there is no run"), "{}", none.stderr);
    sandbox.experiment("whole", BASE).expect_code(0);
    let failing = BASE.replace("[workloads.power-sum]", "[workloads.no]\ncommand = \"false\"");
    sandbox.experiment("broken", &failing).expect_code(3);
    let listed = sandbox.run(&["list", "runs"]).expect_code(0).stdout;
    let line = |name: &str| listed.lines().find(|line| line.contains(name)).expect("a line");
    assert!(line("whole").contains("complete") && line("whole").contains("14/14"), "{listed}");
    assert!(line("broken").contains("failures"), "{listed}");
    let json = sandbox.run(&["list", "runs", "--format", "json"]).expect_code(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["runs"].as_array().expect("runs").len(), 2);
    assert!(json["runs"][0]["bytes"].as_u64().expect("a number") > 1_000, "{json}");
    let csv = sandbox.run(&["list", "runs", "--format", "csv"]).expect_code(0).stdout;
    assert_eq!((csv.lines().count(), csv.split(',').next()), (3, Some("run_id")));
    sandbox.run(&["list", "--format", "csv"]).expect_code(2);
}

#[test]
fn a_history_has_a_line_per_run_and_cell_though_the_parameters_change() {
    let sandbox = Sandbox::new();
    sandbox.experiment("grown", BASE).expect_code(0);
    let more = BASE.replace("[workloads.power-sum]", "m = [1, 2]\n[workloads.power-sum]\nparams = { n = [10] }\n[workloads.say]\ncommand = [\"echo\", \"{m}\"]");
    sandbox.experiment("grown", &more).expect_code(0);
    let history = sandbox.run(&["history", "grown"]).expect_code(0).stdout;
    let mut reader = csv::Reader::from_reader(history.as_bytes());
    let names = reader.headers().expect("a header").clone();
    let at = |name: &str| names.iter().position(|other| other == name).expect(name);
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    // Runs of the same second come in no certain order.
    let of_run = |id: &str| rows.iter().filter(|row| &row[at("run_id")] == id).collect::<Vec<_>>();
    let runs = rows.iter().map(|row| of_run(&row[at("run_id")]));
    let of_first = runs.into_iter().find(|of_run| of_run.len() == 2).expect("the first run");
    assert!(rows.len() > 3, "{history}");
    assert_eq!((&of_first[0][at("param_m")], &of_first[0][at("param_n")]), ("", "10"));
    assert!(rows.iter().any(|row| &row[at("param_m")] == "2"));
    assert!(
        rows.iter().all(|row| !row[at("time_ns")].is_empty() && &row[at("strategy")] == "'-O3")
    );
    let error = sandbox.run(&["history", "other"]).expect_code(2).stderr;
    assert!(error.contains("there is no finished run"), "{error}");
}

#[test]
fn copies_have_a_mark_and_the_separators_that_were_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.experiment("copied", BASE).expect_code(0);
    let written = sandbox.run(&["export", "copied", "--excel-csv"]).expect_code(0).stdout;
    assert!(written.lines().count() >= 4, "{written}");
    let copy = |name: &str| {
        fs::read_to_string(sandbox.latest("copied").join("excel-csv").join(name)).expect("a copy")
    };
    let summary = copy("summary.csv");
    assert!(
        summary.starts_with("\u{feff}run_id;cell_id;") && summary.contains(";0,95;"),
        "{summary}"
    );
    assert!(summary.split_inclusive('\n').all(|line| line.ends_with("\r\n")), "{summary}");
    let asked = ["export", "copied", "--excel-csv", "--separator", ",", "--decimal", "."];
    sandbox.run(&asked).expect_code(0);
    assert!(copy("summary.csv").contains(",0.95,"));
    let same = sandbox.run(&["export", "copied", "--excel-csv", "--separator", ","]);
    assert!(same.expect_code(2).stderr.contains("the same character"));
}

#[test]
fn an_experiment_asks_for_copies_of_its_tables() {
    let sandbox = Sandbox::new();
    sandbox.experiment("asks", &format!("{BASE}[output]\nspreadsheet = \"de\"\n")).expect_code(0);
    let run = sandbox.latest("asks");
    let written = fs::read(run.join("excel-csv/summary.csv")).expect("a copy");
    fs::remove_dir_all(run.join("excel-csv")).expect("removed");
    sandbox.run(&["verify", "asks"]).expect_code(7);
    sandbox.run(&["export", "asks", "--excel-csv"]).expect_code(0);
    assert_eq!(fs::read(run.join("excel-csv/summary.csv")).expect("a copy"), written);
    sandbox.run(&["verify", "asks"]).expect_code(0);
}

fn packed(sandbox: &Sandbox, arguments: &[&str]) -> PathBuf {
    let all: Vec<&str> = ["pack"].iter().chain(arguments).copied().collect();
    let told = sandbox.run(&all).expect_code(0).stdout;
    sandbox.path().join(told.split_whitespace().next().expect("a path"))
}

#[test]
fn an_archive_is_the_same_each_time_and_is_verified_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.experiment("sent", BASE).expect_code(0);
    let own = packed(&sandbox, &["sent"]);
    let other = packed(&sandbox, &["sent", "--to", "other.zip"]);
    let bytes = fs::read(&own).expect("there");
    assert_eq!(bytes, fs::read(&other).expect("there"));
    sandbox.run(&["pack", "sent", "--to", "other.zip"]).expect_code(6);
    let verified = sandbox.run(&["verify", "other.zip"]).expect_code(0).stdout;
    assert!(verified.starts_with("other.zip\n") && verified.contains("table.xlsx"), "{verified}");
    let told = sandbox.run(&["report", "other.zip"]).expect_code(0).stdout;
    assert_eq!(told, "other.html\n");
    let page = fs::read_to_string(sandbox.path().join("other.html")).expect("a page");
    assert!(page.contains("Is it found?"));
    let run = fs::read(sandbox.latest("sent").join("table.csv")).expect("a table");
    let csv = sandbox.run(&["report", "other.zip", "--format", "csv"]).expect_code(0).stdout;
    assert_eq!(csv.as_bytes(), run);
    let json = sandbox.run(&["report", "other.zip", "--format", "json"]).expect_code(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["rows"].as_array().map(Vec::len), Some(2));
    let row = &json["rows"][0];
    assert_eq!((&row["strategy"], &row["param_n"]), (&"-O3".into(), &10.into()));
    let again = sandbox.run(&["rerun", "other.zip", "--output", "again", "--progress", "none"]);
    assert_eq!(again.code, 0, "{}{}", again.stdout, again.stderr);
    assert!(sandbox.path().join("again/sent").is_dir(), "{}", again.stdout);
    let mut cut = bytes;
    cut.truncate(cut.len() / 2);
    sandbox.write("cut.zip", cut);
    sandbox.run(&["verify", "cut.zip"]).expect_code(6);
}

#[test]
fn inputs_are_packed_on_request_as_long_as_they_are_what_was_read() {
    let sandbox = Sandbox::new();
    sandbox.write("data/a.txt", "1\n");
    let file = r#"
title = "Reads a file"
seed = 3
[params]
file = { glob = "data/*.txt" }
[workloads.read]
command = ["cat", "{file}"]
[strategies]
alone = "sequential"
[protocol]
repeats = 6
"#;
    sandbox.experiment("reads", file).expect_code(0);
    let with = packed(&sandbox, &["reads", "--with-inputs", "--to", "with.zip"]);
    let bytes = fs::read(with).expect("there");
    let names = |name: &[u8]| bytes.windows(name.len()).any(|part| part == name);
    assert!(names(b"inputs/data/a.txt") && names(b"ro-crate-metadata.json"));
    sandbox.write("data/a.txt", "2\n");
    let changed = sandbox.run(&["pack", "reads", "--with-inputs", "--to", "x.zip"]);
    assert!(changed.expect_code(2).stderr.contains("a.txt"));
    assert!(!sandbox.path().join("x.zip").exists());
}

#[test]
fn every_key_of_a_manifest_is_there_and_of_its_type() {
    let sandbox = Sandbox::new();
    let schema = sandbox.run(&["schema", "manifest"]).expect_code(0).stdout;
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
    let validator = jsonschema::draft7::new(&schema).expect("a schema");
    let read = |name: &str| -> serde_json::Value {
        let path = sandbox.latest(name).join("manifest.json");
        serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
    };
    sandbox.experiment("kernel", BASE).expect_code(0);
    let failing = BASE.replace(
        "[workloads.power-sum]",
        "[workloads.no]\ncommand = \"false\"\nrequires = [\"sh\", \"not-there\"]",
    );
    sandbox.experiment("command", &failing).expect_code(3);
    let adaptive =
        BASE.replace("repeats = 6", "adaptive = { min = 10, max = 12, budget = \"1m\" }");
    sandbox.experiment("adaptive", &adaptive).expect_code(0);
    let more = BASE.replace("[10, 20]", "[10, 20, 30]");
    sandbox.write("kernel.toml", &more);
    sandbox.run(&["run", "--extend", "kernel", "kernel.toml"]).expect_code(0);
    for name in ["kernel", "command", "adaptive"] {
        let manifest = read(name);
        let wrong: Vec<String> = validator
            .iter_errors(&manifest)
            .map(|error| format!("{} {error}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
    assert_eq!(read("kernel")["earlier"].as_array().expect("a list").len(), 1);

    // Neither may a key be absent, nor a fact have no value and no reason for it.
    let whole = read("kernel");
    for path in ["/host", "/host/cpu/model", "/invocation/only_reason", "/experiment/question"] {
        let (parent, key) = path.rsplit_once('/').expect("a path");
        let mut lacking = whole.clone();
        let parent = lacking.pointer_mut(parent).expect("a table").as_object_mut();
        parent.expect("a table").remove(key).expect("a key");
        assert!(!validator.is_valid(&lacking), "{path}");
    }
    let mut silent = whole;
    silent["invocation"]["only_reason"] = serde_json::json!({ "value": null });
    assert!(!validator.is_valid(&silent));
}
