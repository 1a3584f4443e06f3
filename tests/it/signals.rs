//! Signals and deaths while a run is at work: what had ended is recorded, nothing is left running.

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Live, Sandbox, of_kind, processes_with, read_journal, wait_until};

/// Three trials of a script; it appears in command lines with the mark.
fn scripted(script: &str, mark: &str) -> String {
    format!(
        "seed = 1\n[workloads.slow]\ncommand = ['/bin/sh', '-c', '''{script}''', '{mark}']\n\
         [protocol]\nrepeats = 3\nwarmup = 0\n"
    )
}

/// A trial that says that it is ready and then ends when the file `go` is there.
const UNTIL_GO: &str = ": > ready; while ! test -e go; do sleep 0.01; done";
/// A trial that says that it is ready and never ends by itself.
const FOREVER: &str = ": > ready; while :; do sleep 0.01; done";
/// The same, and TERM does not end it.
const STUBBORN: &str = "trap \"\" TERM; : > ready; while :; do sleep 0.01; done";

/// Starts a run and waits until its first trial is inside its script.
fn begin<'a>(sandbox: &'a Sandbox, script: &str, mark: &str) -> Live<'a> {
    let mut live = sandbox.start("slow", &scripted(script, mark));
    live.wait_for_starts(1);
    let ready = sandbox.path().join("ready");
    wait_until(|| ready.exists().then_some(())).expect("the trial begins");
    live
}

fn wait_for_drain(live: &mut Live<'_>) {
    live.wait_for("the end of starting", |events| of_kind(events, "cancel_requested") == 1);
}

fn drains_on(signal: Signal) {
    let sandbox = Sandbox::new();
    let mut live = begin(&sandbox, UNTIL_GO, "drain");
    live.signal(signal);
    wait_for_drain(&mut live);
    sandbox.write("go", "");
    let run = live.end().expect_code(5);
    let trials = sandbox.trials("slow");
    assert_eq!(trials.len(), 1, "nothing new was started");
    assert_eq!((trials[0].get("status"), trials[0].get("used")), ("ok", "true"));
    let latest = sandbox.latest("slow");
    for file in ["summary.csv", "table.csv", "manifest.json"] {
        assert!(latest.join(file).is_file(), "{file} is missing");
    }
    assert!(run.stdout.contains("table.csv"), "{}", run.stdout);
}

#[test]
fn an_interrupt_lets_the_running_trial_finish_and_starts_nothing_more() {
    drains_on(Signal::INT);
}

#[test]
fn a_request_to_terminate_lets_the_running_trial_finish() {
    drains_on(Signal::TERM);
}

#[test]
fn a_hang_up_lets_the_running_trial_finish() {
    drains_on(Signal::HUP);
}

fn second_ends_the_trial(signal: Signal) {
    let sandbox = Sandbox::new();
    let mark = format!("twice-86412-{}", signal.as_raw());
    let mut live = begin(&sandbox, FOREVER, &mark);
    live.signal(signal);
    wait_for_drain(&mut live);
    live.signal(signal);
    live.end().expect_code(5);
    let trials = sandbox.trials("slow");
    assert_eq!(trials.len(), 1);
    assert_eq!((trials[0].get("status"), trials[0].get("used")), ("interrupted", "false"));
    assert_eq!(processes_with(&mark), Vec::<i32>::new());
}

#[test]
fn a_second_interrupt_ends_the_running_trial() {
    second_ends_the_trial(Signal::INT);
}

#[test]
fn a_second_request_to_terminate_ends_the_running_trial() {
    second_ends_the_trial(Signal::TERM);
}

#[test]
fn a_third_interrupt_kills_a_trial_that_ignores_term() {
    let sandbox = Sandbox::new();
    let mut live = begin(&sandbox, STUBBORN, "thrice-86413");
    live.signal(Signal::INT);
    wait_for_drain(&mut live);
    live.signal(Signal::INT);
    live.signal(Signal::INT);
    live.end().expect_code(5);
    let trials = sandbox.trials("slow");
    assert_eq!(trials[0].get("status"), "interrupted", "{}", trials[0].get("note"));
    assert_eq!(processes_with("thrice-86413"), Vec::<i32>::new());
}

#[test]
fn a_hang_up_never_ends_a_running_trial() {
    let sandbox = Sandbox::new();
    let mut live = begin(&sandbox, UNTIL_GO, "hang-up");
    for _ in 0..3 {
        live.signal(Signal::HUP);
    }
    wait_for_drain(&mut live);
    sandbox.write("go", "");
    live.end().expect_code(5);
    assert_eq!(sandbox.trials("slow")[0].get("status"), "ok");
}

/// Stops a runner and lets it go on.
fn stop_for_a_moment(live: &Live<'_>) {
    live.signal(Signal::STOP);
    let state =
        || std::fs::read_to_string(format!("/proc/{}/stat", live.pid())).unwrap_or_default();
    let is_stopped = || state().rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'));
    wait_until(|| is_stopped().then_some(())).expect("it stops");
    live.signal(Signal::CONT);
    wait_until(|| (!is_stopped()).then_some(())).expect("it goes on");
}

#[test]
fn a_trial_that_ran_when_the_runner_was_stopped_is_marked() {
    let sandbox = Sandbox::new();
    let live = begin(&sandbox, UNTIL_GO, "stopped");
    stop_for_a_moment(&live);
    sandbox.write("go", "");
    live.end().expect_code(0);
    let flags: Vec<String> =
        sandbox.trials("slow").iter().map(|row| row.get("flags").to_owned()).collect();
    assert!(flags[0].split(' ').any(|flag| flag == "stopped"), "{flags:?}");
    assert!(!flags[1..].concat().contains("stopped"), "{flags:?}");
}

#[test]
fn a_trial_in_process_that_stood_still_with_the_runner_is_marked() {
    let sandbox = Sandbox::new();
    let mut live = sandbox.start("slow", &inline("1s", ""));
    live.wait_for_starts(1);
    stop_for_a_moment(&live);
    live.end().expect_code(0);
    let trials = sandbox.trials("slow");
    assert!(trials[0].get("flags").contains("stopped"));
    assert!(trials[1..].iter().all(|row| !row.get("flags").contains("stopped")));
}

#[test]
fn a_killed_runner_leaves_no_process_and_loses_nothing_that_had_ended() {
    let sandbox = Sandbox::new();
    // The first two trials end; the third starts a background process in a session of its own.
    let script = "case {trial_id} in t000003) setsid sleep 86414.5 & : > ready; sleep 86414.5;; \
                  *) echo quick;; esac";
    let live = begin(&sandbox, script, "killed-86414");
    wait_until(|| (processes_with("86414.5").len() >= 2).then_some(())).expect("both sleep");
    live.signal(Signal::KILL);
    assert_eq!(live.end().code, -1);
    let gone = wait_until(|| processes_with("86414").is_empty().then_some(()));
    assert!(gone.is_some(), "still there: {:?}", processes_with("86414"));
    let run = sandbox.runs("slow").pop().expect("a run");
    let events = read_journal(&run.join("journal.jsonl"));
    assert_eq!(of_kind(&events, "trial_finished"), 2, "{events:#?}");
    assert_eq!(of_kind(&events, "trial_started"), 3);
    let live_table = crate::support::read_table(&run.join("trials.csv"));
    assert_eq!(live_table.len(), 2, "the live table has them too");
}

/// The launchers of a runner.
fn launchers(live: &Live<'_>) -> Vec<i32> {
    let children = format!("/proc/{0}/task/{0}/children", live.pid());
    let children = std::fs::read_to_string(children).unwrap_or_default();
    children
        .split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .filter(|pid: &i32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains("__launch")
        })
        .collect()
}

#[test]
fn a_killed_launcher_fails_its_trial_and_the_run_goes_on() {
    let sandbox = Sandbox::new();
    let script = "case {trial_id} in t000002) : > ready; sleep 86415.5;; *) :;; esac";
    let live = begin(&sandbox, script, "launcher-86415");
    let launchers = launchers(&live);
    assert!(!launchers.is_empty(), "a launcher is a child of the runner");
    for pid in launchers {
        let pid = Pid::from_raw(pid).expect("a process id");
        kill_process(pid, Signal::KILL).expect("the launcher is there");
    }
    live.end().expect_code(3);
    let trials = sandbox.trials("slow");
    let statuses: Vec<&str> = trials.iter().map(|row| row.get("status")).collect();
    assert_eq!(statuses, ["ok", "failed", "ok"]);
    let note = trials[1].get("note");
    assert!(note.contains("launcher"), "{note}");
    let gone = wait_until(|| processes_with("86415").is_empty().then_some(()));
    assert!(gone.is_some(), "still there: {:?}", processes_with("86415"));
}

/// Sleeping trials inside the runner's own process.
fn inline(time: &str, protocol: &str) -> String {
    format!(
        "seed = 1\n[workloads.sleep]\nparams = {{ time = '{time}' }}\n\
         [strategies]\nalone = 'sequential'\ntwo = {{ kind = 'threads', workers = 2 }}\n\
         [protocol]\nrepeats = 2\nwarmup = 0\nisolation = 'thread'\n{protocol}\n"
    )
}

#[test]
fn one_interrupt_lets_a_trial_in_process_finish() {
    let sandbox = Sandbox::new();
    let mut live = sandbox.start("slow", &inline("1s", ""));
    live.wait_for_starts(1);
    live.signal(Signal::INT);
    live.end().expect_code(5);
    let trials = sandbox.trials("slow");
    assert_eq!(trials.len(), 1);
    assert_eq!(trials[0].get("status"), "ok");
}

#[test]
fn a_second_interrupt_stops_a_kernel_in_process() {
    let sandbox = Sandbox::new();
    let mut live = sandbox.start("slow", &inline("1h", ""));
    live.wait_for_starts(1);
    live.signal(Signal::INT);
    // The loop that records it is busy with the kernel: there is nothing to wait for but the end.
    live.signal(Signal::INT);
    live.end().expect_code(5);
    let trials = sandbox.trials("slow");
    assert_eq!(trials.len(), 1);
    assert_eq!((trials[0].get("status"), trials[0].get("used")), ("interrupted", "false"));
    assert_eq!(trials[0].get("note"), "", "the kernel stopped when it was asked to");
}

#[test]
fn a_kernel_in_process_is_stopped_when_its_time_is_up_and_the_run_goes_on() {
    let sandbox = Sandbox::new();
    sandbox.experiment("slow", &inline("1h", "timeout = '100ms'")).expect_code(3);
    let trials = sandbox.trials("slow");
    assert_eq!(trials.len(), 4, "the run goes on");
    for row in &trials {
        assert_eq!((row.get("status"), row.get("used")), ("timeout", "true"));
        assert!(row.integer("time_ns") >= 100_000_000);
    }
}

#[test]
fn a_kernel_in_a_fresh_process_is_stopped_when_its_time_is_up() {
    let sandbox = Sandbox::new();
    let text = inline("1h", "timeout = '100ms'").replace("'thread'\n", "'process'\n");
    sandbox.experiment("slow", &text).expect_code(3);
    let trials = sandbox.trials("slow");
    assert_eq!(trials.len(), 4);
    assert!(trials.iter().all(|row| row.get("status") == "timeout"));
    assert!(trials.iter().all(|row| row.integer("time_ns") >= 100_000_000));
}

#[test]
fn two_runners_of_the_same_experiment_do_not_disturb_each_other() {
    let sandbox = Sandbox::new();
    let text = scripted(": > ready-{trial_id}; while ! test -e go; do sleep 0.01; done", "two");
    sandbox.write("slow.toml", &text);
    let spawn = || {
        let mut command = sandbox.command(&["slow.toml", "--progress", "none"]);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command.spawn().expect("the binary starts")
    };
    let both = [spawn(), spawn()];
    let started = || {
        let runs = sandbox.runs("slow");
        let started = |run: &std::path::PathBuf| {
            of_kind(&read_journal(&run.join("journal.jsonl")), "trial_started") == 1
        };
        (runs.iter().filter(|run| started(run)).count() == 2).then_some(())
    };
    wait_until(started).expect("both are at work at the same time");
    sandbox.write("go", "");
    for child in both {
        let output = child.wait_with_output().expect("it ends");
        crate::support::Run::of(&output).expect_code(0);
    }
    let runs = sandbox.runs("slow");
    assert_eq!(runs.len(), 2);
    for run in &runs {
        assert_eq!(crate::support::read_table(&run.join("trials.csv")).len(), 3);
    }
    let latest = sandbox.latest("slow");
    assert!(runs.iter().any(|run| latest.ends_with(run.file_name().expect("a name"))));
}
