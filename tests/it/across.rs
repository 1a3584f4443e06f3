//! Runs against each other, gates, and whether conclusions reproduce. The numbers come from files,
//! so that every verdict is known beforehand.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Run, Sandbox};

/// A program whose score stands in a file; `two` is judged against `one`.
const EXPERIMENT: &str = r#"
title = "scores"
seed = 7
[workloads.tool]
command = ["cat", "{which}.txt"]
params = { which = ["one", "two"] }
[[workloads.tool.metrics]]
name = "score"
unit = "1"
stdout_regex = 'score (\d+)'
better = "lower"
[protocol]
repeats = 10
warmup = 0
[compare]
baseline = { which = "one" }
metric = "score"
"#;

/// A sandbox with the experiment; `more` is added to it.
fn sandbox(more: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("scores.toml", format!("{EXPERIMENT}{more}"));
    sandbox
}

/// Runs it with these scores; the run's directory.
fn run(sandbox: &Sandbox, one: u32, two: u32) -> (Run, PathBuf) {
    sandbox.write("one.txt", format!("score {one}\n"));
    sandbox.write("two.txt", format!("score {two}\n"));
    let before = sandbox.runs("scores");
    let done = sandbox.run(&["scores.toml", "--progress", "none"]);
    let new = sandbox.runs("scores").into_iter().find(|run| !before.contains(run));
    (done, new.expect("a new run"))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

#[test]
fn a_later_run_is_compared_cell_by_cell_in_every_form() {
    let sandbox = sandbox("");
    let (_, first) = run(&sandbox, 100, 200);
    let (_, second) = run(&sandbox, 100, 250);
    let compare = |more: &[&str]| {
        let mut arguments = vec!["compare", text(&first), text(&second)];
        arguments.extend(more);
        sandbox.run(&arguments)
    };
    let screen = compare(&[]);
    assert_eq!(screen.code, 0, "{}", screen.stderr);
    for part in
        ["nothing that is recorded differs", "1.25× worse", "same within 2 %", "not interleaved"]
    {
        assert!(screen.stdout.contains(part), "{part}: {}", screen.stdout);
    }
    let csv = compare(&["--format", "csv"]);
    let mut reader = csv::Reader::from_reader(csv.stdout.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let field = |row: &csv::StringRecord, name: &str| {
        let at = header.iter().position(|column| column == name).expect("a column");
        row[at].to_owned()
    };
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    let verdicts: Vec<String> = rows.iter().map(|row| field(row, "verdict")).collect();
    assert_eq!(verdicts, ["equivalent", "slower"]);
    assert_eq!(field(&rows[1], "speedup"), "0.8");
    assert!(rows.iter().all(|row| field(row, "flags").contains("not_interleaved")));
    let json: Value = serde_json::from_str(&compare(&["--format", "json"]).stdout).expect("JSON");
    assert_eq!(json["pairs"][0]["comparisons"][1]["speedup"], 0.8);
    assert_eq!(json["pairs"][0]["differences"], Value::Array(Vec::new()));
    let md = compare(&["--format", "md"]).stdout;
    assert!(md.contains("| which = two | 200 | 250 | 1.25× worse |"), "{md}");
    assert!(md.contains("| cell | before (score) | after (score) |"), "{md}");
    // Without a gate nothing is said to pass one.
    let github = compare(&["--format", "github"]).stdout;
    assert!(github.starts_with("::notice title=which = one::which = one is the same"), "{github}");
    assert!(github.lines().count() == 2 && !github.contains("gate"), "{github}");
    let twice = sandbox.run(&["compare", text(&first), text(&first)]).expect_code(2);
    assert!(twice.stderr.contains("is named twice"), "{}", twice.stderr);
    let turned = sandbox.run(&["compare", text(&second), text(&first)]).expect_code(0);
    assert!(turned.stdout.contains("! the run named first is the later one"), "{}", turned.stdout);
}

#[test]
fn another_protocol_is_a_difference_between_runs() {
    let sandbox = sandbox("");
    let (_, first) = run(&sandbox, 100, 200);
    let set = ["scores.toml", "--progress", "none", "--set", "protocol.env_pad=false"];
    sandbox.run(&set).expect_code(0);
    let done = sandbox.run(&["compare", text(&first), "scores"]).expect_code(0);
    for part in [
        "≠ --set: none then, protocol.env_pad=false now\n",
        "≠ padding of the environment of tool: true then, false now\n",
    ] {
        assert!(done.stdout.contains(part), "{part}: {}", done.stdout);
    }
}

#[test]
fn a_gate_between_runs_fails_passes_and_tells_services() {
    let sandbox = sandbox("");
    let (_, first) = run(&sandbox, 100, 200);
    let (_, second) = run(&sandbox, 100, 250);
    let gate = |rule: &str, format: &str| {
        let runs = [text(&first), text(&second)];
        sandbox.run(&["compare", runs[0], runs[1], "--gate", rule, "--format", format])
    };
    let failed = gate("slower > 5%", "text");
    assert_eq!(failed.code, 7);
    assert!(failed.stdout.ends_with("gate      fail: 1 of 2 pass\n"), "{}", failed.stdout);
    assert_eq!(gate("slower > 30%", "text").code, 0);
    let github = gate("slower > 5%", "github");
    assert_eq!(github.code, 7);
    assert!(github.stdout.starts_with("::error title=which = two%3A fail::"), "{}", github.stdout);
    let junit = gate("worse > 5 %", "junit").stdout;
    assert!(junit.contains("tests=\"2\" failures=\"1\" skipped=\"0\""), "{junit}");
    let (_, third) = run(&sandbox, 100, 240);
    let several = ["compare", text(&first), text(&second), text(&third), "--format", "junit"];
    let junit = sandbox.run(&several).expect_code(0).stdout;
    for run in [&second, &third] {
        let id = run.file_name().and_then(|name| name.to_str()).expect("text");
        assert!(junit.contains(&format!("name=\"which = two ({id})\"")), "{junit}");
    }
    let wrong = gate("faster > 5%", "text");
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("begins with `slower` or `worse`"), "{}", wrong.stderr);
}

#[test]
fn a_gate_is_read_beside_names_of_any_length() {
    let sandbox = Sandbox::new();
    let name = "a name that is as long as names may be, which is 64 characters".to_owned();
    let scatter = EXPERIMENT.replace("{which}.txt", "{which}.{repeat}").replace(
        "[compare]\nbaseline = { which = \"one\" }",
        &format!("[strategies]\n'{name}' = 'sequential'\n[compare]"),
    );
    for which in ["one", "two"] {
        for repeat in 0..=10 {
            sandbox
                .write(&format!("{which}.{repeat}"), format!("score {}\n", 90 + repeat * 7 % 11));
        }
    }
    sandbox.write(
        "long.toml",
        scatter.replace("params = { which = [\"one\", \"two\"] }", "params = { which = \"one\" }"),
    );
    sandbox.run(&["long.toml", "--progress", "none"]).expect_code(0);
    sandbox.run(&["long.toml", "--progress", "none"]).expect_code(0);
    let runs = sandbox.runs("long");
    let arguments = ["compare", text(&runs[0]), text(&runs[1]), "--gate", "slower > 1%"];
    let done = sandbox.run(&arguments).expect_code(8);
    let row = done.stdout.lines().find(|line| line.starts_with("a name")).expect("a row");
    assert!(row.contains("can't tell  inconclusive  0.9"), "{}", done.stdout);
    assert!(done.stdout.ends_with("gate      inconclusive: 0 of 1 pass\n"), "{}", done.stdout);
    let strict = sandbox.run(&[&arguments[..], &["--format", "junit"]].concat()).stdout;
    assert!(strict.contains("failures=\"0\" skipped=\"1\""), "{strict}");
}

#[test]
fn a_gate_within_a_run_is_its_exit_code_unless_trials_failed() {
    let sandbox = sandbox("[gate]\nfail_if = \"slower > 5%\"\n");
    let (done, first) = run(&sandbox, 100, 200);
    assert_eq!(done.code, 7, "{}", done.stderr);
    assert!(done.stdout.contains("gate      fail: 0 of 1 pass"), "{}", done.stdout);
    assert_eq!(run(&sandbox, 100, 101).0.code, 0);
    assert_eq!(sandbox.run(&["gate", text(&first)]).code, 7);
    assert_eq!(sandbox.run(&["gate", text(&first), "--gate", "slower > 150%"]).code, 0);
    let done = sandbox.run(&["run", "scores.toml", "--gate", "slower > 0%", "--progress", "none"]);
    assert_eq!(done.code, 7);
    // Whoever judges a part of a run is told.
    let manifest = first.join("manifest.json");
    let mut json: Value =
        serde_json::from_slice(&fs::read(&manifest).expect("a manifest")).expect("JSON");
    json["counts"]["value"]["missing"] = 3.into();
    fs::write(&manifest, json.to_string()).expect("written");
    let part = sandbox.run(&["gate", text(&first)]).expect_code(7);
    assert_eq!(part.stderr, "note: the run is not complete: 3 trials are missing\n");
    // Too few values decide nothing; a trial that failed comes first.
    let few = ["run", "scores.toml", "--set", "protocol.repeats=3"];
    assert_eq!(sandbox.run(&few).code, 8);
    fs::remove_file(sandbox.path().join("two.txt")).expect("removed");
    assert_eq!(sandbox.run(&["scores.toml"]).code, 3);
}

#[test]
fn runs_of_two_machines_are_compared_only_by_who_insists() {
    let sandbox = sandbox("");
    let (_, first) = run(&sandbox, 100, 200);
    let (_, second) = run(&sandbox, 100, 250);
    let manifest = first.join("manifest.json");
    let mut json: Value =
        serde_json::from_slice(&fs::read(&manifest).expect("a manifest")).expect("JSON");
    json["host"]["cpu"]["model"] = serde_json::json!({ "value": "Abacus 3000" });
    fs::write(&manifest, json.to_string()).expect("written");
    let refused = sandbox.run(&["compare", text(&first), text(&second)]);
    assert_eq!(refused.code, 2);
    for part in ["Abacus 3000", "--across-machines"] {
        assert!(refused.stderr.contains(part), "{}", refused.stderr);
    }
    let arguments = ["compare", text(&first), text(&second), "--across-machines"];
    let done = sandbox.run(&arguments);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.contains("≠ processor: Abacus 3000 then"), "{}", done.stdout);
    assert!(done.stdout.contains("! the runs are of different machines"), "{}", done.stdout);
    let csv = sandbox.run(&[&arguments[..], &["--format", "csv"]].concat());
    assert_eq!(csv.stdout.matches("across_machines").count(), 2, "{}", csv.stdout);
}

#[test]
fn a_rerun_follows_the_archive_and_says_what_reproduces() {
    let sandbox = sandbox("");
    let (_, first) = run(&sandbox, 100, 200);
    // The file itself may have changed since.
    sandbox.write("scores.toml", "title = \"other\"\n[workloads.noop]\n");
    let done = sandbox.run(&["rerun", text(&first), "--progress", "none"]);
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    assert!(done.stdout.ends_with("1 of 1 conclusion reproduces here\n"), "{}", done.stdout);
    let again = sandbox.runs("scores").into_iter().find(|run| *run != first).expect("a new run");
    for name in ["experiment.toml", "resolved.toml"] {
        let bytes = |run: &PathBuf| fs::read_to_string(run.join(name)).expect("a file");
        // What stands behind a value says where it came from.
        let value = |line: &str| line.split("  #").next().unwrap_or_default().to_owned();
        let body = |text: String| text.lines().skip(1).map(value).collect::<Vec<_>>();
        assert_eq!(body(bytes(&first)), body(bytes(&again)), "{name}");
    }
    assert_eq!(sandbox.run(&["verify", text(&again)]).code, 0);

    sandbox.write("two.txt", "score 150\n");
    let done = sandbox.run(&["rerun", text(&first), "--progress", "none", "--format", "json"]);
    assert_eq!(done.code, 7, "{}", done.stderr);
    let json: Value = serde_json::from_str(&done.stdout).expect("JSON");
    let conclusion = &json["conclusions"][0];
    assert_eq!(conclusion["direction"], "reproduced");
    assert_eq!(conclusion["size"], "not reproduced");
    assert_eq!(
        (&json["reproduced"], json["conclusions"].as_array().map(Vec::len)),
        (&0.into(), Some(1))
    );
}

#[test]
fn a_run_is_judged_by_another_one_without_running_anything() {
    let sandbox = sandbox("");
    let (_, first) = run(&sandbox, 100, 200);
    let (_, second) = run(&sandbox, 300, 200);
    let runs = sandbox.runs("scores").len();
    let done = sandbox.run(&["rerun", text(&first), "--with", text(&second)]);
    assert_eq!(done.code, 7, "{}", done.stderr);
    assert!(done.stdout.contains("direction not reproduced"), "{}", done.stdout);
    assert!(done.stdout.ends_with("0 of 1 conclusion reproduces here\n"), "{}", done.stdout);
    assert_eq!(sandbox.runs("scores").len(), runs);
    // Where trials fail nothing is decided, and the line says why.
    fs::remove_file(sandbox.path().join("two.txt")).expect("removed");
    let done = sandbox.run(&["rerun", text(&first), "--progress", "none"]).expect_code(3);
    assert!(done.stdout.contains(" then, invalid now · "), "{}", done.stdout);
}

/// Makes the record of a run that of another machine.
fn on_machine(run: &Path, name: &str) {
    let place = run.join("manifest.json");
    let mut manifest: Value =
        serde_json::from_slice(&fs::read(&place).expect("a manifest")).expect("JSON");
    manifest["host"]["platform"]["hostname"] = serde_json::json!({ "value": name });
    fs::write(&place, manifest.to_string()).expect("written");
}

#[test]
fn runs_of_several_machines_are_reported_side_by_side() {
    let sandbox = sandbox("");
    let (_, first) = run(&sandbox, 100, 200);
    let (_, second) = run(&sandbox, 300, 150);
    on_machine(&first, "<slow>");
    on_machine(&second, "fast");
    let report = |more: &[&str]| {
        let mut arguments = vec!["report", text(&first), text(&second)];
        arguments.extend(more);
        sandbox.run(&arguments)
    };
    let page = report(&["--output-file", "two.html"]).expect_code(0);
    assert_eq!(page.stdout, "two.html\n");
    let read = || fs::read_to_string(sandbox.path().join("two.html")).expect("the page");
    let once = read();
    for part in [
        "<th scope=\"col\">&lt;slow&gt;</th>",
        "name of the machine: &lt;slow&gt; then, fast now",
        "which = two: 2× worse on &lt;slow&gt;; 2× better on fast.",
        "Median score of 2 cells on 2 machines",
    ] {
        assert!(once.contains(part), "{part}: {once}");
    }
    let differs = once.find("What differs").expect("what differs");
    assert!(differs < once.find("id=\"figures\"").expect("figures"), "{once}");
    report(&["--output-file", "two.html"]).expect_code(0);
    assert_eq!(read(), once, "the same runs give the same bytes");
    let md = report(&["--format", "md"]).expect_code(0).stdout;
    assert!(md.contains("| which = two | 200 |") && md.contains("| 150 |"), "{md}");
    let csv = report(&["--format", "csv"]).expect_code(0).stdout;
    let machines: Vec<String> = csv::Reader::from_reader(csv.as_bytes())
        .records()
        .map(|row| row.expect("a row")[6].to_owned())
        .collect();
    assert_eq!(machines, ["<slow>", "<slow>", "fast", "fast"], "{csv}");
    let json: Value =
        serde_json::from_str(&report(&["--format", "json"]).expect_code(0).stdout).expect("JSON");
    assert_eq!(json["tables"][0]["lines"][1]["runs"][1]["value_raw"], 150.0, "{json}");
    report(&[]).expect_code(0);
    assert_eq!(fs::read_to_string(sandbox.path().join("runs.html")).expect("a page"), once);
}

#[test]
fn runs_that_cannot_stand_side_by_side_are_refused() {
    let sandbox = sandbox("");
    let (_, first) = run(&sandbox, 100, 200);
    let (_, second) = run(&sandbox, 100, 200);
    let refused = |arguments: &[&str], why: &str| {
        let done = sandbox.run(&[&["report"], arguments].concat()).expect_code(2);
        assert!(done.stderr.contains(why), "{}", done.stderr);
    };
    let (one, two) = (text(&first), text(&second));
    refused(&[one, two, "--format", "tex"], "use --format html, md, csv or json");
    refused(&[one, two, "--template", "own.jinja"], "--template is for one run");
    refused(&[one, one], "is named twice");
    let others = EXPERIMENT.replace("[workloads.tool]", "[workloads.other]");
    sandbox.write("other.toml", others.replace("workloads.tool", "workloads.other"));
    sandbox.run(&["other.toml", "--progress", "none"]).expect_code(0);
    refused(&[one, "other"], "no cell of it is a cell of");
    assert!(!sandbox.path().join("runs.html").exists(), "nothing is written");
}
