//! A run is carried on: exactly what is left, under the same conditions or with a reason.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rustix::process::Signal;

use crate::support::{Live, RUNNER, Row, Sandbox, of_kind, read_journal, read_table, wait_until};

/// Columns that measure, or that say which session and attempt it was.
pub const OF_THE_SESSION: [&str; 38] = [
    "run_id",
    "attempt",
    "session",
    "changed",
    "time_ns",
    "started_at",
    "start_offset_ns",
    "process_ns",
    "user_ns",
    "sys_ns",
    "cpu_method",
    "iter_value_ns",
    "worker_max_ns",
    "worker_min_ns",
    "max_rss_bytes",
    "memory_method",
    "read_bytes",
    "written_bytes",
    "minor_faults",
    "major_faults",
    "vol_ctx_switches",
    "invol_ctx_switches",
    "cycles",
    "instructions",
    "branch_misses",
    "cache_misses",
    "migrations",
    "load1_before",
    "cpu_khz_before",
    "temp_mc_before",
    "steal_ns",
    "throttled",
    "swapped_in_bytes",
    "cpu_pressure_ns",
    "flags",
    "outlier",
    "outlier_mad",
    "note",
];

/// The used rows and the warm-up of a table without what differs from run to run.
pub fn comparable(rows: &[Row]) -> Vec<Vec<(String, String)>> {
    rows.iter()
        .filter(|row| row.get("status") == "ok")
        .map(|row| {
            let fields = row.fields().iter();
            fields
                .filter(|(column, _)| !OF_THE_SESSION.contains(&column.as_str()))
                .map(|(column, field)| (column.clone(), field.clone()))
                .collect()
        })
        .collect()
}

/// Two cells, five blocks. The third trial says that it is there and waits for the file `go`.
const WAITS: &str = "seed = 7\n[params]\nn = [1, 2]\n[workloads.slow]\n\
    command = ['/bin/sh', '-c', '''case {trial_id} in t000003) : > ready; while ! test -e go; do \
    sleep 0.01; done;; esac; echo {trial_id} >> ran; echo answer {n}''']\n\
    result = { stdout_regex = 'answer (\\d)' }\n\
    [protocol]\nrepeats = 5\nwarmup = 1\n";

/// Starts it and waits until the third trial is under way.
fn begin(sandbox: &Sandbox) -> Live<'_> {
    let live = sandbox.start("slow", WAITS);
    let ready = sandbox.path().join("ready");
    wait_until(|| ready.exists().then_some(())).expect("the third trial begins");
    live
}

/// Kills the runner in its third trial.
pub fn killed(sandbox: &Sandbox) {
    let live = begin(sandbox);
    live.signal(Signal::KILL);
    live.end();
    sandbox.write("go", "");
}

pub fn quiet(sandbox: &Sandbox, arguments: &[&str]) -> crate::support::Run {
    sandbox.run(&[arguments, &["--progress", "none"]].concat())
}

/// The rows of the same experiment that nobody interrupts.
fn undisturbed() -> Vec<Row> {
    let sandbox = Sandbox::new();
    sandbox.write("go", "");
    sandbox.experiment("slow", WAITS).expect_code(0);
    sandbox.trials("slow")
}

fn statuses(rows: &[Row]) -> Vec<(&str, &str, &str)> {
    let of = |row: &Row| row.get("status") != "ok" || row.get("attempt") != "1";
    rows.iter()
        .filter(|row| of(row))
        .map(|row| (row.get("trial_id"), row.get("attempt"), row.get("status")))
        .collect()
}

#[test]
fn an_interrupted_run_tells_the_command_that_runs_the_rest_and_it_does() {
    let sandbox = Sandbox::new();
    let mut live = begin(&sandbox);
    live.signal(Signal::INT);
    live.wait_for("the end of starting", |events| of_kind(events, "cancel_requested") == 1);
    sandbox.write("go", "");
    let run = live.end().expect_code(5);
    let last = run.stdout.lines().last().expect("a last line");
    let command = last.strip_prefix("go on     runner ").expect("a command");
    let resumed = sandbox.shell(&format!("{RUNNER} {command}")).expect_code(0);
    assert!(!resumed.stdout.contains("go on"), "{}", resumed.stdout);
    assert!(resumed.stderr.contains("3 trials are done, 9 are left"), "{}", resumed.stderr);
    assert_eq!(sandbox.runs("slow").len(), 1, "in the same directory");
    let rows = sandbox.trials("slow");
    assert_eq!(statuses(&rows), []);
    assert_eq!(comparable(&rows), comparable(&undisturbed()));
    let sessions: Vec<&str> = rows.iter().map(|row| row.get("session")).collect();
    assert_eq!(sessions, [vec!["1"; 3], vec!["2"; 9]].concat());
}

#[test]
fn a_trial_that_ran_when_its_runner_died_is_a_row_and_is_run_again() {
    let sandbox = Sandbox::new();
    killed(&sandbox);
    let resumed = quiet(&sandbox, &["resume"]).expect_code(0);
    assert!(resumed.stderr.contains("the lock was taken over from process"), "{}", resumed.stderr);
    let rows = sandbox.trials("slow");
    assert_eq!(statuses(&rows), [("t000003", "1", "interrupted"), ("t000003", "2", "ok")]);
    let lost = rows.iter().find(|row| row.get("status") == "interrupted").expect("a row");
    assert_eq!((lost.get("session"), lost.get("used")), ("1", "false"));
    assert!(lost.get("note").contains("the runner was gone"), "{}", lost.get("note"));
    assert_eq!(comparable(&rows), comparable(&undisturbed()));
    let ran = std::fs::read_to_string(sandbox.path().join("ran")).expect("a log");
    let mut ran: Vec<&str> = ran.lines().collect();
    ran.sort_unstable();
    let planned: Vec<String> = (1..=12).map(|order| format!("t{order:06}")).collect();
    assert_eq!(ran, planned, "no trial ran to its end twice");
    let left: Vec<_> = std::fs::read_dir(sandbox.latest("slow"))
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name())
        .filter(|name| name == "lock")
        .collect();
    assert!(left.is_empty(), "the lock is given back");
}

#[test]
fn a_run_that_is_at_work_is_left_alone() {
    let sandbox = Sandbox::new();
    let live = begin(&sandbox);
    let run = sandbox.runs("slow").remove(0);
    let path = run.to_str().expect("text");
    let pid = live.pid();
    let journal = std::fs::read(run.join("journal.jsonl")).expect("a journal");
    quiet(&sandbox, &["resume", path])
        .expect_code(2)
        .expect_stderr(&[&format!("process {pid} writes it")]);
    quiet(&sandbox, &["resume"]).expect_code(4).expect_stderr(&["or is at work"]);
    assert_eq!(std::fs::read(run.join("journal.jsonl")).expect("a journal"), journal);
    sandbox.write("go", "");
    live.end().expect_code(0);
}

#[test]
fn a_lock_whose_number_belongs_to_another_process_is_taken_over() {
    let sandbox = Sandbox::new();
    killed(&sandbox);
    let lock = sandbox.runs("slow").remove(0).join("lock");
    let text = std::fs::read_to_string(&lock).expect("a lock");
    let mut owner: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    // This process is alive, and began at another time than the one that held the lock.
    owner["pid"] = std::process::id().into();
    std::fs::write(&lock, owner.to_string()).expect("written");
    quiet(&sandbox, &["resume"])
        .expect_code(0)
        .expect_stderr(&["its number belongs to another process now"]);
}

/// Every table of a run by its path.
pub fn derived(run: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(run).expect("a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let tables = paths.filter(|path| path.extension().is_some_and(|ending| ending == "csv"));
    tables.map(|path| (path.clone(), std::fs::read(path).expect("a table"))).collect()
}

#[test]
fn the_tables_of_a_finished_run_are_made_from_its_journal_again() {
    let sandbox = Sandbox::new();
    killed(&sandbox);
    quiet(&sandbox, &["resume"]).expect_code(0);
    let run = sandbox.latest("slow");
    let before = derived(&run);
    let manifest = std::fs::read(run.join("manifest.json")).expect("a manifest");
    let journal = std::fs::read(run.join("journal.jsonl")).expect("a journal");
    assert!(before.len() >= 3, "trials, summary and table");
    for path in before.keys() {
        std::fs::remove_file(path).expect("removed");
    }
    quiet(&sandbox, &["resume", "slow"]).expect_code(0);
    assert_eq!(derived(&run), before);
    assert_eq!(std::fs::read(run.join("manifest.json")).expect("a manifest"), manifest);
    assert_eq!(std::fs::read(run.join("journal.jsonl")).expect("a journal"), journal);
    quiet(&sandbox, &["resume"]).expect_code(4).expect_stderr(&["has come to its end"]);
}

#[test]
fn a_new_run_says_that_another_one_is_unfinished_and_resume_of_the_file_finds_it() {
    let sandbox = Sandbox::new();
    killed(&sandbox);
    let old = sandbox.runs("slow").remove(0);
    let name = old.file_name().and_then(|name| name.to_str()).expect("text").to_owned();
    let again = sandbox.experiment("slow", WAITS).expect_code(0);
    assert!(
        again.stderr.contains(&format!("runner resume results/slow/{name} ends that one")),
        "{}",
        again.stderr
    );
    assert_eq!(sandbox.runs("slow").len(), 2);
    quiet(&sandbox, &["run", "--resume", "slow.toml"]).expect_code(0);
    assert_eq!(sandbox.runs("slow").len(), 2, "no third run");
    assert_eq!(read_table(&old.join("trials.csv")).len(), 13);
    quiet(&sandbox, &["run", "--resume", "slow.toml"])
        .expect_code(4)
        .expect_stderr(&["slow.toml has no unfinished run in results"]);
    let silent = sandbox.experiment("slow", WAITS).expect_code(0);
    assert!(!silent.stderr.contains("not finished"), "{}", silent.stderr);
}

#[test]
fn another_file_of_the_same_stem_is_not_resumed() {
    let sandbox = Sandbox::new();
    killed(&sandbox);
    sandbox.write("other/slow.toml", WAITS);
    quiet(&sandbox, &["run", "--resume", "other/slow.toml"])
        .expect_code(4)
        .expect_stderr(&["is one of another file"]);
}

#[test]
fn a_damaged_line_in_the_middle_is_named_and_nothing_is_done() {
    let sandbox = Sandbox::new();
    killed(&sandbox);
    let run = sandbox.runs("slow").remove(0);
    let journal = run.join("journal.jsonl");
    let bytes = std::fs::read(&journal).expect("a journal");
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
    lines[3] = b"{\"seq\":2,\n";
    let damaged = lines.concat();
    std::fs::write(&journal, &damaged).expect("written");
    quiet(&sandbox, &["resume"]).expect_code(2).expect_stderr(&["journal.jsonl, line 4"]);
    assert_eq!(std::fs::read(&journal).expect("a journal"), damaged);
    // A line that is an event in its place, of something that cannot have happened.
    let again = String::from_utf8_lossy(lines[4]).replace("\"order\":0", "\"order\":1");
    lines[4] = again.as_bytes();
    lines[3] = b"{\"seq\":2,\"at_ms\":0,\"elapsed_ns\":0,\"event\":\"run_started\"}\n";
    std::fs::write(&journal, lines.concat()).expect("written");
    quiet(&sandbox, &["resume"]).expect_code(2).expect_stderr(&["is not of the plan"]);
}

#[test]
fn failed_trials_are_run_again_when_that_is_asked() {
    let sandbox = Sandbox::new();
    let text = "seed = 1\n[workloads.odd]\ncommand = ['/bin/sh', '-c', 'test -e ok || test {repeat} != 2']\n\
                [protocol]\nrepeats = 3\nwarmup = 0\nretries = 1\n";
    sandbox.experiment("odd", text).expect_code(3);
    quiet(&sandbox, &["resume", "odd"]).expect_code(3);
    assert_eq!(sandbox.trials("odd").len(), 4, "nothing is left");
    quiet(&sandbox, &["resume", "odd", "--failed"]).expect_code(3);
    assert_eq!(sandbox.trials("odd").len(), 6, "two more attempts, one of them a retry");
    sandbox.write("ok", "");
    quiet(&sandbox, &["resume", "odd", "--failed"]).expect_code(0);
    let rows = sandbox.trials("odd");
    let ends: Vec<(&str, &str, &str)> =
        rows.iter().map(|row| (row.get("attempt"), row.get("status"), row.get("used"))).collect();
    assert_eq!(ends[5], ("5", "ok", "true"));
    assert!(ends[1..5].iter().all(|end| (end.1, end.2) == ("failed", "false")), "{ends:?}");
}

#[test]
fn a_run_in_process_is_carried_on() {
    let text = "seed = 5\n[workloads.sleep]\nparams = { time = '20ms' }\n[strategies]\n\
                alone = 'sequential'\ntwo = { kind = 'threads', workers = 2 }\n\
                [protocol]\nrepeats = 20\nwarmup = 1\nisolation = 'thread'\n";
    let sandbox = Sandbox::new();
    let mut live = sandbox.start("slow", text);
    live.wait_for_starts(9);
    live.signal(Signal::KILL);
    live.end();
    quiet(&sandbox, &["resume"]).expect_code(0);
    let whole = Sandbox::new();
    whole.experiment("slow", text).expect_code(0);
    let rows = sandbox.trials("slow");
    assert_eq!(comparable(&rows), comparable(&whole.trials("slow")));
    assert_eq!(rows.last().map(|row| row.get("session")), Some("2"));
}

#[test]
fn what_a_timeout_has_ruled_out_stays_so() {
    let sandbox = Sandbox::new();
    let text = "seed = 1\n[workloads.nap]\n\
                command = ['/bin/sh', '-c', 'test {n} = 1 || sleep 86420.5']\n\
                params = { n = [1, 10, 100] }\non_timeout = 'skip_larger'\ntimeout = '150ms'\n\
                [protocol]\nrepeats = 3\nwarmup = 0\norder = 'sequential'\n";
    let mut live = sandbox.start("nap", text);
    live.wait_for("a timeout", |events| {
        let status = |event: &serde_json::Value| {
            event["event"]["trial_finished"]["measured"]["status"] == "timeout"
        };
        events.iter().any(status)
    });
    live.signal(Signal::KILL);
    live.end();
    quiet(&sandbox, &["resume"]).expect_code(3);
    let rows = sandbox.trials("nap");
    let ends = |status| rows.iter().filter(|row| row.get("status") == status).count();
    assert_eq!((ends("ok"), ends("timeout"), ends("skipped")), (3, 3, 3));
    quiet(&sandbox, &["resume", "nap", "--failed"]).expect_code(3);
    let rows = sandbox.trials("nap");
    let ends = |status| rows.iter().filter(|row| row.get("status") == status).count();
    assert_eq!((ends("ok"), ends("timeout"), ends("skipped")), (3, 6, 6));
}

#[test]
fn cells_are_set_up_again_and_only_those_that_are_left() {
    let sandbox = Sandbox::new();
    let text = "seed = 1\n[workloads.w]\ncommand = ['/bin/sh', '-c', '''\
                case {trial_id} in t000004) : > ready; while ! test -e go; do sleep 0.01; done;; \
                esac''']\nparams = { n = [1, 2] }\n[workloads.w.hooks.cell]\n\
                setup = ['/bin/sh', '-c', 'echo begin {n} >> log']\n\
                teardown = ['/bin/sh', '-c', 'echo end {n} >> log']\n\
                [protocol]\nrepeats = 3\nwarmup = 0\norder = 'sequential'\n";
    let live = sandbox.start("w", text);
    let ready = sandbox.path().join("ready");
    wait_until(|| ready.exists().then_some(())).expect("the fourth trial begins");
    live.signal(Signal::KILL);
    live.end();
    sandbox.write("go", "");
    quiet(&sandbox, &["resume"]).expect_code(0);
    let log = std::fs::read_to_string(sandbox.path().join("log")).expect("a log");
    assert_eq!(log, "begin 1\nend 1\nbegin 2\nbegin 2\nend 2\n");
    let events = read_journal(&sandbox.latest("w").join("journal.jsonl"));
    assert_eq!(of_kind(&events, "session_started"), 2);
}

#[test]
fn a_run_that_must_be_over_by_now_starts_nothing_and_the_rest_can_be_run() {
    let sandbox = Sandbox::new();
    sandbox.write("go", "");
    sandbox.write("slow.toml", WAITS);
    quiet(&sandbox, &["run", "slow.toml", "--by", "2001-01-01T00:00"])
        .expect_code(2)
        .expect_stderr(&["has passed"]);
    // Twelve trials of 0.6 s do not end within four seconds.
    sandbox.write("tired", "");
    let text = WAITS.replace("echo {trial_id} >> ran", "test ! -e tired || sleep 0.6");
    sandbox.write("slow.toml", &text);
    let late = jiff::Timestamp::now().as_second() + 4;
    let late = jiff::Timestamp::from_second(late).expect("a time");
    let late = late.to_zoned_datetime(jiff::tz::TimeZone::system()).datetime().to_string();
    let run = quiet(&sandbox, &["run", "slow.toml", "--by", &late]).expect_code(5);
    assert!(run.stdout.lines().last().is_some_and(|line| line.contains("runner resume")));
    let done = sandbox.trials("slow").len();
    assert!(done < 12, "{done} trials have ended");
    std::fs::remove_file(sandbox.path().join("tired")).expect("removed");
    let text = std::fs::read_to_string(sandbox.latest("slow").join("manifest.json"));
    assert!(text.expect("a manifest").contains("the time was up"));
    quiet(&sandbox, &["resume"]).expect_code(0);
    assert_eq!(statuses(&sandbox.trials("slow")), []);
}
