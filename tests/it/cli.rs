//! Verbs, arguments and exit codes of the binary.

use crate::support::Sandbox;

const TRUE: &str = r#"
title = "Nothing, twice"
seed = 7
[workloads.nothing]
command = ["/bin/true"]
[protocol]
repeats = 6
"#;

#[test]
fn a_run_writes_every_file_and_exits_with_0() {
    let sandbox = Sandbox::new();
    let run = sandbox.experiment("nothing", TRUE).expect_code(0);
    assert!(run.stdout.contains("7 trials"), "{}", run.stdout);
    let latest = sandbox.latest("nothing");
    for file in [
        "experiment.toml",
        "journal.jsonl",
        "trials.csv",
        "summary.csv",
        "table.csv",
        "manifest.json",
        "notes.md",
    ] {
        assert!(latest.join(file).is_file(), "{file} is missing");
    }
    let trials = sandbox.table("nothing", "trials.csv");
    assert_eq!(trials.len(), 7);
    assert!(trials.iter().all(|row| row.get("status") == "ok" && row.integer("time_ns") > 0));
    assert_eq!(trials.iter().filter(|row| row.get("used") == "true").count(), 6);
}

#[test]
fn failed_trials_are_rows_and_exit_with_3() {
    let sandbox = Sandbox::new();
    let text = TRUE.replace("/bin/true", "/bin/false");
    sandbox.experiment("failing", &text).expect_code(3);
    let trials = sandbox.table("failing", "trials.csv");
    assert_eq!(trials.len(), 7);
    assert!(trials.iter().all(|row| row.get("status") == "failed" && row.get("exit_code") == "1"));
    assert!(trials.iter().all(|row| row.get("used") == "false"));
}

#[test]
fn mistakes_in_the_file_exit_with_2_and_write_nothing() {
    let sandbox = Sandbox::new();
    let run =
        sandbox.experiment("wrong", "[workloads.nothing]\ncomand = [\"true\"]\n").expect_code(2);
    assert!(run.stderr.contains("did you mean `command`"), "{}", run.stderr);
    assert!(!sandbox.path().join("results").exists());
}
