//! What happens around a run: limits of the runner itself, folders that go away, processes that are
//! killed by somebody else, trials that fail at random.

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{RUNNER, Sandbox, wait_until};

#[test]
fn too_few_open_files_are_told_before_anything_starts() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "a.toml",
        "[workloads.w]\ncommand = ['/bin/true']\n[protocol]\nrepeats = 4\njobs = 3\n",
    );
    let run =
        sandbox.shell(&format!("ulimit -n 29; {RUNNER} a.toml --progress none")).expect_code(2);
    let parts = ["may open 29 files", "30 are needed", "ulimit -n 30", "lower `jobs`"];
    let run = run.expect_stderr(&parts);
    assert!(!run.stderr.contains("os error"), "{}", run.stderr);
    assert!(!sandbox.path().join("results").exists(), "nothing was begun");
    let enough = format!("ulimit -n 30; {RUNNER} a.toml --progress none");
    sandbox.shell(&enough).expect_code(0);
}

#[test]
fn a_run_whose_folder_is_removed_says_so_and_ends() {
    let sandbox = Sandbox::new();
    let text = "[workloads.w]\ncommand = ['/bin/sh', '-c', 'while ! test -e go; do sleep 0.01; done']\n\
                [protocol]\nrepeats = 3\n";
    let mut live = sandbox.start("w", text);
    live.wait_for_starts(1);
    std::fs::remove_dir_all(sandbox.path().join("results/w")).expect("it is there");
    sandbox.write("go", "");
    let run = live.end().expect_code(6);
    let run = run.expect_stderr(&["was removed while the run went on"]);
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
}

/// The processes that a process has started, in the order of their start.
fn children_of(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

fn kill(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process number");
    // It may have ended meanwhile.
    let _ = kill_process(pid, Signal::KILL);
}

#[test]
fn killed_children_and_launchers_cost_their_trial_and_nothing_else() {
    let sandbox = Sandbox::new();
    let text = "[workloads.w]\ncommand = ['/bin/sh', '-c', 'sleep 0.03; echo {trial_id} >> ran']\n\
                [protocol]\nrepeats = 30\nwarmup = 0\n";
    let mut live = sandbox.start("w", text);
    live.wait_for_starts(2);
    for round in 0..8 {
        let launcher = wait_until(|| children_of(live.pid()).into_iter().next()).expect("one");
        // A launcher and a child in turn.
        match (round % 2, children_of(launcher).first()) {
            (1, Some(&child)) => kill(child),
            _ => kill(launcher),
        }
        std::thread::sleep(Duration::from_millis(40 + round * 7));
    }
    let run = live.end();
    assert!([0, 3].contains(&run.code), "{}: {}", run.code, run.stderr);
    let rows = sandbox.trials("w");
    let trials: BTreeSet<&str> = rows.iter().map(|row| row.get("trial_id")).collect();
    assert_eq!(trials.len(), 30, "no trial is lost");
    let hit: Vec<&str> =
        rows.iter().filter(|row| row.get("status") != "ok").map(|row| row.get("status")).collect();
    assert!(!hit.is_empty() && hit.iter().all(|status| status.contains("failed")), "{hit:?}");
    assert_eq!(run.code, 3);
    let again = sandbox.run(&["resume", "w", "--failed", "--progress", "none"]).expect_code(0);
    assert!(!again.stdout.contains("go on"), "{}", again.stdout);
    let rows = sandbox.trials("w");
    let keys: BTreeSet<_> =
        rows.iter().map(|row| (row.get("trial_id"), row.get("attempt"))).collect();
    assert_eq!(keys.len(), rows.len(), "no attempt is doubled");
    let used = rows.iter().filter(|row| row.get("used") == "true").count();
    assert_eq!(used, 30, "each trial counts once");
}

#[test]
fn trials_that_fail_at_random_are_rows_and_only_they_are_run_again() {
    let sandbox = Sandbox::new();
    // One in twenty, by its seed; until the cause is mended.
    let text = "seed = 5\n[params]\nn = [1, 2, 3, 4]\n[workloads.w]\n\
                command = ['/bin/sh', '-c', 'test -e mended || test $((({repeat} * 7 + {n}) % 20)) -ne 0']\n\
                [protocol]\nrepeats = 100\nwarmup = 0\n";
    sandbox.experiment("w", text).expect_code(3);
    let rows = sandbox.trials("w");
    let failed = |rows: &[crate::support::Row]| {
        rows.iter().filter(|row| row.get("status") == "failed").count()
    };
    assert_eq!((rows.len(), failed(&rows)), (400, 20));
    sandbox.write("mended", "");
    sandbox.run(&["resume", "w", "--failed", "--progress", "none"]).expect_code(0);
    let rows = sandbox.trials("w");
    assert_eq!((rows.len(), failed(&rows)), (420, 20));
    let used = rows.iter().filter(|row| row.get("used") == "true");
    assert_eq!(used.count(), 400);
    assert_eq!(rows.iter().filter(|row| row.get("session") == "2").count(), 20);
}
