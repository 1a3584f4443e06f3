//! `on_timeout = "skip_larger"` from the file to the tables.

use crate::support::Sandbox;

const SLOW: &str = r#"
seed = 3
[workloads.nap]
command = ["sh", "-c", "case {n} in 1|{fast}) ;; *) sleep 30 ;; esac"]
params = { n = [1, 10, 100, 1000] }
on_timeout = "skip_larger"
timeout = "100ms"
[strategies]
slow = { kind = "external", params = { fast = 7 } }
quick = { kind = "external", params = { fast = 8 } }
[protocol]
repeats = 2
warmup = 0
order = "sequential"
[compare]
baseline = "slow"
"#;

#[test]
fn larger_levels_of_the_same_strategy_become_skipped_rows() {
    let sandbox = Sandbox::new();
    let run = sandbox.experiment("nap", SLOW).expect_code(3);
    let rows = sandbox.table("nap", "trials.csv");
    assert_eq!(rows.len(), 16, "every planned trial is a row");
    for row in &rows {
        let (strategy, n) = (row.get("strategy"), row.integer("param_n"));
        let wanted = match (strategy, n) {
            (_, 1) => "ok",
            (_, 10) => "timeout",
            _ => "skipped",
        };
        assert_eq!(row.get("status"), wanted, "{strategy} {n}");
        if wanted == "skipped" {
            assert_eq!((row.get("used"), row.get("unused_reason")), ("false", "skipped"));
            let note = row.get("note");
            assert!(note.starts_with("skipped: n = 10 timed out after 100ms (t0000"), "{note}");
            assert_eq!(row.get("time_ns"), "");
        }
    }
    assert!(run.stdout.contains("8 skipped"), "{}", run.stdout);
    assert!(!run.stdout.contains("interrupted"), "{}", run.stdout);
    for row in sandbox.table("nap", "table.csv") {
        if row.integer("param_n") > 10 {
            assert_eq!((row.get("time_ns"), row.get("speedup_percent")), ("", ""));
        }
    }
    let summary = sandbox.table("nap", "summary.csv");
    let skipped = summary.iter().filter(|row| row.get("stop_reason") == "skipped");
    assert!(skipped.count() >= 4, "the cells with n above 10");
}

#[test]
fn another_strategy_is_not_concerned() {
    let sandbox = Sandbox::new();
    let text = r#"
[workloads.nap]
command = ["sh", "-c", "if [ {mode} = slow ]; then sleep 30; fi"]
params = { n = [1, 2] }
env = { SIZE = "{n}" }
[strategies]
slow = { kind = "external", params = { mode = "slow" } }
quick = { kind = "external", params = { mode = "quick" } }
[protocol]
repeats = 1
warmup = 1
timeout = "100ms"
on_timeout = "skip_larger"
"#;
    sandbox.experiment("modes", text).expect_code(3);
    for row in sandbox.table("modes", "trials.csv") {
        let wanted = match (row.get("strategy"), row.get("param_n")) {
            ("quick", _) => "ok",
            (_, "1") => "timeout",
            _ => "skipped",
        };
        assert_eq!(row.get("status"), wanted, "the warm-up decides already");
    }
}

#[test]
fn what_moves_with_the_size_does_not_make_a_cell_another_one() {
    let sandbox = Sandbox::new();
    let text = r#"
[params]
n = [1, 2, 3]
m = [10, 20, 30]
double = "= n * 2"
[matrix]
zip = [["n", "m"]]
[workloads.nap]
command = ["sh", "-c", "if [ {double} -gt 2 ]; then sleep 30; fi", "sh", "{m}"]
on_timeout = { skip_larger = "n" }
timeout = "100ms"
[protocol]
repeats = 1
warmup = 0
order = "sequential"
"#;
    sandbox.experiment("moves", text).expect_code(3);
    let rows = sandbox.table("moves", "trials.csv");
    let statuses: Vec<&str> = rows.iter().map(|row| row.get("status")).collect();
    assert_eq!(statuses, ["ok", "timeout", "skipped"]);
}
