//! Hooks: what is run around runs, cells and trials, and what their failures mean.

use std::path::Path;
use std::time::Duration;

use crate::support::{Row, Sandbox};

/// A hook line that appends its words to `log` in the sandbox.
fn say(words: &str) -> String {
    format!(r#"["sh", "-c", "echo {words} >> log"]"#)
}

fn log(sandbox: &Sandbox) -> Vec<String> {
    let text = std::fs::read_to_string(sandbox.path().join("log")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn all_hooks(protocol: &str, command: &str) -> String {
    format!(
        r#"
seed = 1
[hooks.run]
setup = {}
teardown = {}
[workloads.w]
command = {command}
params = {{ n = [1, 2] }}
[workloads.w.hooks.cell]
setup = {}
teardown = {}
[workloads.w.hooks.trial]
setup = {}
teardown = {}
[protocol]
{protocol}
"#,
        say("run setup"),
        say("run teardown"),
        say("cell {n} setup"),
        say("cell {n} teardown"),
        say("{trial_id} setup $RUNNER_TRIAL_ID $RUNNER_SEED"),
        say("{trial_id} teardown"),
    )
}

fn statuses(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.get("status")).collect()
}

#[test]
fn hooks_surround_the_run_each_cell_and_each_trial() {
    let sandbox = Sandbox::new();
    let command = r#"["sh", "-c", "echo {trial_id} runs {n} >> log"]"#;
    let text = all_hooks("repeats = 2\nwarmup = 0\norder = \"sequential\"", command);
    sandbox.experiment("hooked", &text).expect_code(0);
    let log = log(&sandbox);
    let plain: Vec<String> = log
        .iter()
        .map(|line| line.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
        .collect();
    let trial = |id: &str, n: u32| {
        [format!("{id} setup {id}"), format!("{id} runs {n}"), format!("{id} teardown")]
    };
    let mut wanted = vec!["run setup".to_owned(), "cell 1 setup".to_owned()];
    wanted.extend(trial("t000001", 1));
    wanted.extend(trial("t000002", 1));
    wanted.extend(["cell 1 teardown".to_owned(), "cell 2 setup".to_owned()]);
    wanted.extend(trial("t000003", 2));
    wanted.extend(trial("t000004", 2));
    wanted.extend(["cell 2 teardown".to_owned(), "run teardown".to_owned()]);
    assert_eq!(plain, wanted);
    assert!(log[2].split_whitespace().count() == 4, "the seed is in the environment: {}", log[2]);
    let journal = std::fs::read_to_string(sandbox.latest("hooked").join("journal.jsonl")).unwrap();
    assert_eq!(journal.matches("hook_ended").count(), 2 + 2 * 2 + 4 * 2);
    assert!(journal.lines().last().is_some_and(|line| line.contains("run_finished")));
}

#[test]
fn the_time_of_hooks_is_in_no_trial() {
    let sandbox = Sandbox::new();
    let text = r#"
[workloads.w]
command = ["true"]
[workloads.w.hooks.trial]
setup = ["sleep", "0.3"]
teardown = ["sleep", "0.3"]
[protocol]
repeats = 1
warmup = 0
"#;
    sandbox.experiment("untimed", text).expect_code(0);
    let rows = sandbox.table("untimed", "trials.csv");
    assert!(rows[0].integer("time_ns") < 300_000_000, "{}", rows[0].get("time_ns"));
}

#[test]
fn kernels_have_hooks_in_processes_and_in_threads() {
    for isolation in ["process", "thread"] {
        let sandbox = Sandbox::new();
        let text = format!(
            r#"
[params]
mark = ["a", "b"]
[workloads.noop.hooks.cell]
setup = {}
teardown = {}
[workloads.noop.hooks.trial]
setup = ["sh", "-c", "echo {{trial_id}} > {{trial_dir}}/mark && cp {{trial_dir}}/mark last"]
teardown = {}
[protocol]
repeats = 2
warmup = 1
isolation = "{isolation}"
"#,
            say("{mark} setup"),
            say("{mark} teardown"),
            say("done {trial_id}"),
        );
        sandbox.experiment("kernel", &text).expect_code(0);
        let rows = sandbox.table("kernel", "trials.csv");
        assert_eq!(statuses(&rows), ["ok"; 6], "{isolation}");
        let log = log(&sandbox);
        for line in ["a setup", "b setup", "a teardown", "b teardown", "done t000006"] {
            assert_eq!(log.iter().filter(|other| *other == line).count(), 1, "{line}: {log:?}");
        }
        assert_eq!(std::fs::read_to_string(sandbox.path().join("last")).unwrap(), "t000006\n");
    }
}

#[test]
fn a_failed_setup_of_a_trial_is_a_failed_row_with_its_output_and_is_torn_down() {
    let sandbox = Sandbox::new();
    let text = format!(
        r#"
[workloads.w]
command = ["sh", "-c", "echo ran >> log"]
[workloads.w.hooks.trial]
setup = [["sh", "-c", "echo no room left >&2; exit 4"], ["sh", "-c", "echo never >> log"]]
teardown = [["false"], {}]
[protocol]
repeats = 1
warmup = 0
retries = 1
"#,
        say("torn down"),
    );
    sandbox.experiment("refused", &text).expect_code(3);
    assert_eq!(log(&sandbox), ["torn down", "torn down"]);
    let rows = sandbox.table("refused", "trials.csv");
    assert_eq!(statuses(&rows), ["start_failed"; 2], "setup is repeated with the attempt");
    let note = rows[0].get("note");
    assert!(note.contains("trial setup failed") && note.contains("exit code 4: no room left"));
    assert!(note.contains("trial teardown failed: false: exit code 1"), "{note}");
    let kept = sandbox.latest("refused").join("output/t000001-setup.1.err");
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "no room left\n");
}

#[test]
fn a_failed_setup_of_a_cell_fails_the_trials_of_that_cell_only() {
    let sandbox = Sandbox::new();
    let text = format!(
        r#"
[workloads.w]
command = ["sh", "-c", "echo ran {{n}} >> log"]
params = {{ n = [1, 2] }}
[workloads.w.hooks.cell]
setup = ["test", "{{n}}", "=", "1"]
teardown = {}
[workloads.w.hooks.trial]
teardown = {}
[protocol]
repeats = 2
warmup = 0
retries = 3
order = "sequential"
"#,
        say("cell {n} torn down"),
        say("trial {n}"),
    );
    sandbox.experiment("halved", &text).expect_code(3);
    let wanted = ["ran 1", "trial 1", "ran 1", "trial 1", "cell 1 torn down", "cell 2 torn down"];
    assert_eq!(log(&sandbox), wanted);
    let rows = sandbox.table("halved", "trials.csv");
    assert_eq!(statuses(&rows), ["ok", "ok", "start_failed", "start_failed"], "nothing is retried");
    assert!(rows[3].get("note").contains("cell setup failed: test 2 = 1: exit code 1"));
}

#[test]
fn a_failed_setup_of_the_run_fails_every_trial_and_is_torn_down() {
    let sandbox = Sandbox::new();
    let text = format!(
        r#"
[hooks.run]
setup = ["sh", "-c", "echo broken; exit 1"]
teardown = {}
[workloads.w]
command = ["sh", "-c", "echo ran >> log"]
[protocol]
repeats = 2
"#,
        say("torn down"),
    );
    let run = sandbox.experiment("broken", &text).expect_code(3);
    assert_eq!(log(&sandbox), ["torn down"]);
    let rows = sandbox.table("broken", "trials.csv");
    assert_eq!(statuses(&rows), ["start_failed"; 3]);
    assert!(rows.iter().all(|row| row.get("note").contains("broken")));
    assert!(run.stderr.contains("setup of the run"), "{}", run.stderr);
}

#[test]
fn failed_teardowns_change_no_result_and_are_told() {
    let sandbox = Sandbox::new();
    let text = r#"
[hooks.run]
teardown = ["sh", "-c", "echo run is stuck >&2; exit 1"]
[workloads.w]
command = ["true"]
[workloads.w.hooks.cell]
teardown = ["/nowhere/program"]
[workloads.w.hooks.trial]
teardown = ["sleep", "30"]
timeout = "50ms"
[protocol]
repeats = 1
warmup = 0
"#;
    let run = sandbox.experiment("untidy", text).expect_code(0);
    let rows = sandbox.table("untidy", "trials.csv");
    assert_eq!((rows[0].get("status"), rows[0].get("used")), ("ok", "true"));
    let note = rows[0].get("note");
    assert!(note.contains("trial teardown failed: sleep 30: not done when its time was up"));
    assert!(run.stderr.contains("teardown of the run"), "{}", run.stderr);
    assert!(run.stderr.contains("run is stuck"), "{}", run.stderr);
    assert!(run.stderr.contains("teardown of cell c001"), "{}", run.stderr);
}

#[test]
fn a_process_that_a_setup_leaves_behind_is_a_failure_that_says_so() {
    let sandbox = Sandbox::new();
    let text = r#"
[workloads.w]
command = ["true"]
[workloads.w.hooks.cell]
setup = ["sh", "-c", "sleep 100 & "]
[protocol]
repeats = 1
warmup = 0
"#;
    sandbox.experiment("service", text).expect_code(3);
    let rows = sandbox.table("service", "trials.csv");
    assert!(rows[0].get("note").contains("left a process behind"), "{}", rows[0].get("note"));
}

#[test]
fn a_timeout_is_torn_down() {
    let sandbox = Sandbox::new();
    let text = all_hooks("repeats = 1\nwarmup = 0\ntimeout = \"50ms\"", r#"["sleep", "30"]"#);
    sandbox.experiment("late", &text).expect_code(3);
    let log = log(&sandbox);
    for line in ["t000001 teardown", "t000002 teardown", "cell 1 teardown", "run teardown"] {
        assert!(log.iter().any(|other| other == line), "{line}: {log:?}");
    }
}

#[test]
fn with_several_slots_no_trial_starts_before_its_cell_is_set_up() {
    let sandbox = Sandbox::new();
    let text = r#"
[workloads.w]
command = ["test", "-e", "ready-{n}"]
params = { n = [1, 2] }
[workloads.w.hooks.cell]
setup = [["sleep", "0.2"], ["touch", "ready-{n}"]]
teardown = ["rm", "ready-{n}"]
[protocol]
repeats = 4
warmup = 0
order = "sequential"
jobs = 4
"#;
    sandbox.experiment("side", text).expect_code(0);
    assert!(!sandbox.path().join("ready-1").exists() && !sandbox.path().join("ready-2").exists());
}

/// Starts an experiment and interrupts it once `log` has each of these lines, in turn.
fn interrupted(sandbox: &Sandbox, text: &str, lines: &[&str]) -> (Option<i32>, String) {
    sandbox.write("cut.toml", text);
    let mut command = sandbox.command(&["run", "cut.toml", "--progress", "none"]);
    command.stderr(std::process::Stdio::piped()).stdout(std::process::Stdio::null());
    let child = command.spawn().expect("the binary starts");
    let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).expect("a pid");
    for line in lines {
        wait_for(sandbox.path(), line);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
        // Two signals at once are one to the operating system.
        std::thread::sleep(Duration::from_millis(200));
    }
    let output = child.wait_with_output().expect("it ends");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Waits for a line of the log, at most half a minute.
fn wait_for(dir: &Path, line: &str) {
    for _ in 0..6_000 {
        let text = std::fs::read_to_string(dir.join("log")).unwrap_or_default();
        if text.lines().any(|other| other.starts_with(line)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{line} never came");
}

const SLOW: &str =
    r#"["sh", "-c", "echo {trial_id} runs >> log; sleep 1; echo {trial_id} ends >> log"]"#;

#[test]
fn an_interrupted_run_is_torn_down() {
    let sandbox = Sandbox::new();
    let (code, _) =
        interrupted(&sandbox, &all_hooks("repeats = 3\nwarmup = 0", SLOW), &["t000001 runs"]);
    assert_eq!(code, Some(5));
    let log = log(&sandbox);
    let tail: Vec<&str> = log.iter().skip(4).map(String::as_str).collect();
    assert_eq!(tail[..2], ["t000001 ends", "t000001 teardown"], "{log:?}");
    assert!(tail[2].starts_with("cell ") && tail[2].ends_with(" teardown"), "{log:?}");
    assert_eq!(tail[3..], ["run teardown"], "{log:?}");
}

#[test]
fn a_trial_that_was_ended_with_the_run_is_torn_down() {
    let sandbox = Sandbox::new();
    let command = r#"["sh", "-c", "echo {trial_id} runs >> log; exec sleep 100"]"#;
    let text = all_hooks("repeats = 3\nwarmup = 0", command);
    let (code, _) = interrupted(&sandbox, &text, &["t000001 runs", "t000001 runs"]);
    assert_eq!(code, Some(5));
    let log = log(&sandbox);
    assert_eq!(log[4], "t000001 teardown", "{log:?}");
    assert_eq!(log.last().map(String::as_str), Some("run teardown"));
    assert_eq!(statuses(&sandbox.table("cut", "trials.csv")), ["interrupted"]);
}

#[test]
fn a_third_interrupt_kills_a_teardown_and_skips_the_rest() {
    let sandbox = Sandbox::new();
    let text = format!(
        r#"
[hooks.run]
teardown = {}
[workloads.w]
command = ["sh", "-c", "echo runs >> log; exec sleep 100"]
[workloads.w.hooks.trial]
teardown = ["sh", "-c", "echo clearing >> log; exec sleep 50"]
[protocol]
repeats = 1
warmup = 0
"#,
        say("run teardown"),
    );
    let (code, stderr) = interrupted(&sandbox, &text, &["runs", "runs", "clearing"]);
    assert_eq!(code, Some(5));
    assert_eq!(log(&sandbox), ["runs", "clearing"]);
    assert!(stderr.contains("teardown of the run: skipped: the run was killed"), "{stderr}");
}

#[test]
fn an_interrupt_during_the_setup_of_the_run_starts_no_trial_and_tears_down() {
    let sandbox = Sandbox::new();
    let text = format!(
        r#"
[hooks.run]
setup = ["sh", "-c", "echo preparing >> log; sleep 1; echo prepared >> log"]
teardown = {}
[workloads.w]
command = ["sh", "-c", "echo runs >> log"]
"#,
        say("run teardown"),
    );
    let (code, _) = interrupted(&sandbox, &text, &["preparing"]);
    assert_eq!(code, Some(5));
    assert_eq!(log(&sandbox), ["preparing", "prepared", "run teardown"]);
}
