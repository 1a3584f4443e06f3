//! Cells and repeats are added to a run: only they are run, and everything else stays as it was.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rustix::process::Signal;

use crate::resume::comparable;
use crate::support::{Row, Run, Sandbox, body, read_journal, wait_until};

/// One program whose levels and repeats are given; it notes each of its trials.
fn text(levels: &str, repeats: u32) -> String {
    let baseline = if levels.contains('1') { 1 } else { 2 };
    format!(
        "seed = 7\n[params]\nn = {levels}\n[workloads.slow]\n\
         command = ['/bin/sh', '-c', '''case {{trial_id}} in $(cat stop)) : > ready; while ! test -e go; do \
         sleep 0.01; done;; esac; echo {{trial_id}} >> ran; echo answer {{n}}''']\n\
         result = {{ stdout_regex = 'answer (\\d)' }}\n\
         [protocol]\nrepeats = {repeats}\nwarmup = 1\n[compare]\nbaseline = {{ n = {baseline} }}\n"
    )
}

/// A finished run of two cells with three repeats.
fn begun() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("stop", "none");
    sandbox.experiment("slow", &text("[1, 2]", 3)).expect_code(0);
    sandbox
}

fn extend(sandbox: &Sandbox, levels: &str, repeats: u32, more: &[&str]) -> Run {
    sandbox.write("slow.toml", text(levels, repeats));
    let run_dir = sandbox.runs("slow").swap_remove(0);
    let run_dir = run_dir.to_str().expect("plain text");
    let fixed = ["run", "--extend", run_dir, "slow.toml", "--progress", "none"];
    sandbox.run(&[&fixed, more].concat())
}

fn ran(sandbox: &Sandbox) -> Vec<String> {
    let text = std::fs::read_to_string(sandbox.path().join("ran")).expect("a log");
    text.lines().map(str::to_owned).collect()
}

/// Columns of rows that an extension must not touch: `cell_id` counts the cells of today.
fn kept(rows: &[Row]) -> BTreeMap<(String, String), Vec<(String, String)>> {
    let of_today = ["cell_id", "used", "unused_reason", "outlier", "outlier_mad", "output_check"];
    rows.iter()
        .map(|row| {
            let fields = row.fields().iter();
            let fields = fields.filter(|(column, _)| !of_today.contains(&column.as_str()));
            let id = (row.get("trial_id").to_owned(), row.get("attempt").to_owned());
            (id, fields.map(|(column, field)| (column.clone(), field.clone())).collect())
        })
        .collect()
}

fn verified(sandbox: &Sandbox) {
    sandbox.run(&["verify", "slow"]).expect_code(0);
}

/// Which cell and repeat each trial is.
fn contents(rows: &[Row]) -> Vec<(String, String, String)> {
    let of = |row: &Row| ["cell_key", "phase", "repeat"].map(|column| row.get(column).to_owned());
    let mut all: Vec<_> =
        rows.iter().map(of).map(|[key, phase, repeat]| (key, phase, repeat)).collect();
    all.sort();
    all
}

#[test]
fn only_new_cells_and_new_repeats_run_and_the_rest_stays() {
    let sandbox = begun();
    let before = sandbox.trials("slow");
    let run = extend(&sandbox, "[0, 1, 2]", 5, &[]).expect_code(0);
    assert!(run.stderr.contains("10 trials are added"), "{}", run.stderr);
    assert_eq!(sandbox.runs("slow").len(), 1, "in the same directory");
    let after = sandbox.trials("slow");
    let (old, new): (Vec<Row>, Vec<Row>) =
        after.iter().cloned().partition(|row| row.get("session") == "1");
    assert_eq!(kept(&old), kept(&before));
    let ids: Vec<&str> = new.iter().map(|row| row.get("trial_id")).collect();
    let want: Vec<String> = (9..=18).map(|number| format!("t{number:06}")).collect();
    assert_eq!(ids, want, "labels continue");
    assert_eq!(new[0].get("phase"), "warmup");
    let planned: Vec<String> = (1..=18).map(|number| format!("t{number:06}")).collect();
    assert_eq!(ran(&sandbox), planned, "each once, in the planned order");
    let fresh = Sandbox::new();
    fresh.write("stop", "none");
    fresh.experiment("slow", &text("[0, 1, 2]", 5)).expect_code(0);
    assert_eq!(contents(&after), contents(&fresh.trials("slow")), "as if planned at once");
    let seeds = |rows: &[Row]| -> BTreeMap<(String, String), String> {
        let all = rows.iter().map(|row| (row, row.get("trial_seed").to_owned()));
        all.map(|(row, seed)| ((row.get("phase").to_owned(), row.get("repeat").to_owned()), seed))
            .collect()
    };
    assert_eq!(seeds(&after), seeds(&fresh.trials("slow")), "inputs are paired as before");
    verified(&sandbox);
}

#[test]
fn the_texts_of_both_experiments_are_kept_and_the_journal_tells_where_the_second_begins() {
    let sandbox = begun();
    let run_dir = sandbox.latest("slow");
    let journal = std::fs::read(run_dir.join("journal.jsonl")).expect("a journal");
    extend(&sandbox, "[1, 2, 3]", 3, &[]).expect_code(0);
    let now = std::fs::read(run_dir.join("journal.jsonl")).expect("a journal");
    assert!(now.starts_with(&journal), "nothing is written over");
    let events = read_journal(&run_dir.join("journal.jsonl"));
    let extended: Vec<_> = events.iter().filter_map(|event| body(event, "extended")).collect();
    assert_eq!(extended.len(), 1);
    assert_eq!((&extended[0]["number"], &extended[0]["added"]), (&1.into(), &4.into()));
    let read = |name: &str| std::fs::read_to_string(run_dir.join(name)).expect(name);
    assert_eq!(read("experiment.1.toml"), text("[1, 2]", 3));
    for name in ["experiment.2.toml", "experiment.toml"] {
        assert_eq!(read(name), text("[1, 2, 3]", 3), "{name}");
    }
    assert_eq!(read("resolved.2.toml"), read("resolved.toml"));
    let manifest: serde_json::Value = serde_json::from_str(&read("manifest.json")).expect("JSON");
    assert_eq!(manifest["plan"]["cells"], 3);
    assert_eq!(manifest["earlier"][0]["plan"]["cells"], 2);
    assert_eq!(manifest["earlier"][0]["last_session"], 1);
    assert_eq!(manifest["plan"]["fingerprint"], extended[0]["plan_sha256"]);
}

#[test]
fn cells_that_ran_at_different_times_are_two_samples_and_that_is_said() {
    let sandbox = Sandbox::new();
    sandbox.write("stop", "none");
    sandbox.experiment("slow", &text("[1, 2]", 12)).expect_code(0);
    let run = extend(&sandbox, "[1, 2, 3]", 12, &[]).expect_code(0);
    assert!(run.stdout.contains("was not measured in turn with its baseline"), "{}", run.stdout);
    let rows = sandbox.table("slow", "comparisons.csv");
    let of = |level: &str| {
        let row = rows.iter().find(|row| row.get("param_n") == level).expect("a comparison");
        (row.get("pairing").to_owned(), row.get("flags").contains("not_interleaved"))
    };
    assert_eq!(of("2"), ("block".to_owned(), false));
    assert_eq!(of("3"), ("independent".to_owned(), true));
    verified(&sandbox);
}

#[test]
fn rows_of_cells_that_are_gone_stay_and_count_again_when_they_are_back() {
    let sandbox = begun();
    let before = sandbox.trials("slow");
    let run = extend(&sandbox, "[2, 3]", 3, &[]).expect_code(0);
    assert!(
        run.stderr.contains("1 cells of the run are not in slow.toml any more"),
        "{}",
        run.stderr
    );
    let after = sandbox.trials("slow");
    let old: Vec<Row> = after.iter().filter(|row| row.get("session") == "1").cloned().collect();
    assert_eq!(kept(&old), kept(&before));
    let ids: Vec<&str> = after.iter().map(|row| row.get("trial_id")).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    for row in &after {
        let reason = match (row.get("param_n"), row.get("phase")) {
            ("1", _) => "cell_gone",
            (_, "warmup") => "warmup",
            _ => "",
        };
        assert_eq!(row.get("unused_reason"), reason, "{}", row.get("trial_id"));
    }
    let summary = sandbox.table("slow", "summary.csv");
    let cells: BTreeSet<&str> = summary.iter().map(|row| row.get("cell_id")).collect();
    assert_eq!(cells.len(), 2, "the cells of today");
    verified(&sandbox);
    extend(&sandbox, "[1, 2, 3, 4]", 3, &[]).expect_code(0);
    let rows = sandbox.trials("slow");
    assert!(rows.iter().all(|row| row.get("unused_reason") != "cell_gone"));
    let of_first = rows.iter().filter(|row| row.get("param_n") == "1");
    assert!(
        of_first.clone().count() == 4 && of_first.into_iter().all(|row| row.get("session") == "1")
    );
    verified(&sandbox);
    let resumed = sandbox.run(&["resume", "slow", "--progress", "none"]).expect_code(0);
    assert_eq!(comparable(&sandbox.trials("slow")), comparable(&rows), "{}", resumed.stdout);
}

#[test]
fn an_extension_that_is_killed_is_gone_on_with() {
    let sandbox = begun();
    sandbox.write("stop", "t000011");
    sandbox.write("slow.toml", text("[1, 2, 3]", 4));
    let arguments = ["run", "--extend", "slow", "slow.toml", "--progress", "none"];
    let live = sandbox.start_with("slow", &arguments);
    let ready = sandbox.path().join("ready");
    wait_until(|| ready.exists().then_some(())).expect("the third new trial begins");
    live.signal(Signal::KILL);
    live.end();
    sandbox.write("go", "");
    let again = sandbox.run(&["run", "--resume", "slow.toml", "--progress", "none"]).expect_code(0);
    assert!(!again.stdout.contains("go on"), "{}", again.stdout);
    let rows = sandbox.trials("slow");
    let lost: Vec<_> = rows.iter().filter(|row| row.get("status") == "interrupted").collect();
    assert_eq!(lost.len(), 1);
    assert_eq!((lost[0].get("trial_id"), lost[0].get("session")), ("t000011", "2"));
    let mut done = ran(&sandbox);
    done.sort();
    let planned: Vec<String> = (1..=15).map(|number| format!("t{number:06}")).collect();
    assert_eq!(done, planned, "each came to its end once");
    verified(&sandbox);
}

#[test]
fn what_a_run_was_left_with_is_run_before_what_is_new() {
    let sandbox = Sandbox::new();
    sandbox.write("stop", "t000005");
    let live = sandbox.start("slow", &text("[1, 2]", 3));
    let ready = sandbox.path().join("ready");
    wait_until(|| ready.exists().then_some(())).expect("the fifth trial begins");
    live.signal(Signal::KILL);
    live.end();
    sandbox.write("go", "");
    extend(&sandbox, "[2, 3]", 3, &[]).expect_code(0);
    let rows = sandbox.trials("slow");
    let of_gone: Vec<_> = rows.iter().filter(|row| row.get("param_n") == "1").collect();
    assert!(of_gone.iter().all(|row| row.get("session") == "1"), "it is run no more");
    let new: Vec<u64> = rows
        .iter()
        .filter(|row| row.get("session") == "2")
        .map(|row| row.integer("order_in_run"))
        .collect();
    assert!(new.is_sorted() && new[0] < 8 && new.last() == Some(&11), "{new:?}");
    verified(&sandbox);
}

/// The extension is refused before anything is changed.
fn refused(sandbox: &Sandbox, run: &Run, code: i32, parts: &[&str]) {
    assert_eq!(run.code, code, "{}", run.stderr);
    for part in parts {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    assert!(!sandbox.latest("slow").join("experiment.1.toml").exists());
    assert_eq!(sandbox.trials("slow").len(), 8);
}

#[test]
fn what_is_no_extension_is_refused_and_nothing_is_touched() {
    let sandbox = begun();
    let run = extend(&sandbox, "[1, 2]", 3, &[]);
    refused(&sandbox, &run, 4, &["adds no cell and no repeat", "runner resume"]);
    let run = extend(&sandbox, "[1, 2, 3]", 2, &[]);
    refused(&sandbox, &run, 2, &["2 measure trials of cell c001", "the run has 3", "only adds"]);
    let run = extend(&sandbox, "[8, 9]", 3, &["--set", "compare.baseline={ n = 8 }"]);
    refused(&sandbox, &run, 2, &["has none of its cells", "start a new run"]);
    let run = extend(&sandbox, "[1, 2, 3]", 3, &["--set", "seed=8"]);
    refused(&sandbox, &run, 2, &["it has seed 7", "has seed 8"]);
    let run = extend(&sandbox, "[1, 2, 3]", 3, &["--set", "protocol.timeout='7s'"]);
    let again = "runner run --extend ";
    refused(&sandbox, &run, 2, &["timeout in ms of slow", "7000 now", again, "--accept-change"]);
}

#[test]
fn another_protocol_needs_a_reason_and_marks_the_rows() {
    let sandbox = begun();
    let more = ["--set", "protocol.timeout='7s'", "--accept-change", "none comes near it"];
    extend(&sandbox, "[1, 2, 3]", 3, &more).expect_code(0);
    for row in sandbox.trials("slow") {
        assert_eq!(row.get("changed") == "true", row.get("session") == "2");
    }
    let manifest = std::fs::read_to_string(sandbox.latest("slow").join("manifest.json"));
    let manifest: serde_json::Value =
        serde_json::from_str(&manifest.expect("a manifest")).expect("JSON");
    assert_eq!(manifest["sessions"][1]["accepted"]["value"], "none comes near it");
    assert_eq!(manifest["invocation"]["set"][0], "protocol.timeout='7s'");
    assert!(Path::new(manifest["experiment"]["absolute_path"].as_str().expect("text")).is_file());
}
