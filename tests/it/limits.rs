//! Limits: real programs that use more than they may, on both ways to start them, watched by
//! control group and by sub-reaper; and what rows say of them.

#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that functions called by tests are tests"
)]

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use runner::process::{
    Accounting, Command, Ending, Exit, Launcher, LauncherOptions, Limit, Limits, SpawnPath,
};

use crate::children::{is_alive, number_in, shell};
use crate::support::Sandbox;

/// Both ways to start, with a control group and without.
fn everywhere(mut check: impl FnMut(&mut Launcher)) {
    for spawn_path in [SpawnPath::Clone, SpawnPath::Std] {
        for accounting in [Accounting::CgroupMemory, Accounting::Reaper] {
            let options = LauncherOptions { accounting, ..spawn_path.into() };
            let exe = Path::new(env!("CARGO_BIN_EXE_runner"));
            check(&mut Launcher::start_with(exe, &options).unwrap());
        }
    }
}

fn limited(script: &str, limits: Limits) -> Command {
    Command { limits, ..shell(script) }
}

fn over(launcher: &mut Launcher, script: &str, limits: Limits) -> Exit {
    let exit = launcher.run(&limited(script, limits)).unwrap();
    assert!(!exit.timed_out && !exit.terminated, "{exit:?}");
    assert_eq!(exit.survivors, 0);
    exit
}

#[test]
fn cpu_time_is_that_of_the_tree_however_it_has_left() {
    let limits = Limits { cpu: Some(Duration::from_millis(300)), ..Limits::default() };
    everywhere(|launcher| {
        let spin = "while :; do :; done";
        let both = over(launcher, &format!("({spin}) & {spin}"), limits);
        assert_eq!(both.limit, Some(Limit::Cpu));
        let used = Duration::from_nanos(both.usage.user_ns + both.usage.sys_ns);
        assert!(used >= Duration::from_millis(280), "{used:?}");
        // A daemon: its parent is gone, its session another one.
        let daemon = format!("(setsid sh -c '(setsid sh -c \"{spin}\") &' &); exec sleep 1000");
        let escaped = over(launcher, &daemon, limits);
        assert_eq!(escaped.limit, Some(Limit::Cpu));
    });
}

#[test]
fn memory_is_taken_away_at_once() {
    let limits = Limits { memory_bytes: Some(64 << 20), ..Limits::default() };
    everywhere(|launcher| {
        // tail keeps a line that has not ended.
        let exit = over(
            launcher,
            "trap '' TERM; head -c 2000000000 /dev/zero | tail -n 1 | cat > /dev/null; exec sleep 1000",
            limits,
        );
        assert_eq!(exit.limit, Some(Limit::Memory));
        assert_eq!(exit.ending, Ending::Signalled(9));
    });
}

#[test]
fn processes_are_counted_over_the_tree() {
    let limits = Limits { processes: Some(6), ..Limits::default() };
    everywhere(|launcher| {
        let many = "for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done; exec sleep 1000";
        let exit = over(launcher, many, limits);
        assert_eq!(exit.limit, Some(Limit::Processes));
        let few = launcher.run(&limited("sleep 0.05 & sleep 0.05 & wait", limits)).unwrap();
        assert_eq!((few.limit, few.ending), (None, Ending::Exited(0)));
    });
}

#[test]
fn output_is_both_streams_and_a_flood_is_stopped() {
    let limits = Limits { output_bytes: Some(1_000_000), ..Limits::default() };
    everywhere(|launcher| {
        let flood = over(launcher, "yes & yes >&2", limits);
        assert_eq!(flood.limit, Some(Limit::Output));
        let bytes = |exit: &Exit| exit.stdout.total_bytes() + exit.stderr.total_bytes();
        assert!(bytes(&flood) > 1_000_000);
        // Too short for anybody to look: the end shows it.
        let burst =
            over(launcher, "head -c 600000 /dev/zero; head -c 400001 /dev/zero >&2", limits);
        assert_eq!((burst.limit, bytes(&burst)), (Some(Limit::Output), 1_000_001));
        let just = over(launcher, "head -c 1000000 /dev/zero", limits);
        assert_eq!(just.limit, None);
    });
}

#[test]
fn a_file_cannot_grow_beyond_its_limit() {
    let limits = Limits { file_bytes: Some(1_000_000), ..Limits::default() };
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("grows");
    everywhere(|launcher| {
        let script = format!("exec head -c 5000000 /dev/zero > {}", file.display());
        let exit = over(launcher, &script, limits);
        assert_eq!(exit.ending, Ending::Signalled(25));
        assert_eq!(exit.limit, Some(Limit::FileSize));
        assert_eq!(fs::metadata(&file).unwrap().len(), 1_000_000);
        // The next child has no limit, and neither has the launcher.
        let free = launcher.run(&shell(&script)).unwrap();
        assert_eq!((free.limit, free.ending), (None, Ending::Exited(0)));
        assert_eq!(fs::metadata(&file).unwrap().len(), 5_000_000);
    });
}

#[test]
fn at_a_limit_term_reaches_who_has_left_and_kill_follows_the_grace() {
    let limits = Limits { cpu: Some(Duration::from_millis(200)), ..Limits::default() };
    everywhere(|launcher| {
        let place = tempfile::tempdir().unwrap();
        // The escapee says good-bye on TERM; the leader, which ignores it, must be killed.
        let mut command = limited(
            "setsid sh -c 'trap \"echo bye > bye; exit\" TERM; echo > ready; while :; do :; done' & \
             while [ ! -e ready ]; do sleep 0.01; done; trap '' TERM; while :; do :; done",
            limits,
        );
        command.cwd = place.path().to_owned();
        command.grace = Duration::from_secs(2);
        let exit = launcher.run(&command).unwrap();
        assert_eq!((exit.limit, exit.killed), (Some(Limit::Cpu), true));
        assert_eq!(exit.ending, Ending::Signalled(9));
        assert_eq!(fs::read_to_string(place.path().join("bye")).unwrap(), "bye\n");
    });
}

#[test]
fn a_child_that_stops_itself_is_ended_and_no_process_is_left() {
    let place = tempfile::tempdir().unwrap();
    everywhere(|launcher| {
        let script = format!(
            "(setsid sh -c 'echo $$ > {0}/left; kill -STOP $$') & sleep 0.1; kill -STOP $$",
            place.path().display()
        );
        let mut command = shell(&script);
        command.timeout = Duration::from_millis(300);
        command.grace = Duration::from_millis(300);
        let exit = launcher.run(&command).unwrap();
        assert!(exit.timed_out, "{exit:?}");
        assert_eq!(exit.survivors, 0);
        let left = number_in(&place.path().join("left")).unwrap();
        assert!(!is_alive(left));
    });
}

/// The rows of the newest run by workload.
fn rows(sandbox: &Sandbox) -> HashMap<String, Vec<HashMap<String, String>>> {
    let path = sandbox.path().join("results/limits/latest/trials.csv");
    let mut reader = csv::Reader::from_path(path).unwrap();
    let mut rows: HashMap<_, Vec<_>> = HashMap::new();
    for row in reader.deserialize() {
        let row: HashMap<String, String> = row.unwrap();
        rows.entry(row["workload"].clone()).or_default().push(row);
    }
    rows
}

#[test]
fn rows_say_which_limit_was_passed_and_layers_are_laid_over_one_another() {
    let sandbox = Sandbox::new();
    let spin = "while :; do :; done";
    sandbox.write(
        "limits.toml",
        format!(
            "[limits]\ncpu = '200ms'\nprocesses = 20\n[protocol]\nrepeats = 2\nwarmup = 0\n\
             [workloads.spin]\ncommand = ['sh', '-c', '{spin}']\n\
             [workloads.eat]\ncommand = ['sh', '-c', 'head -c 900000000 /dev/zero | tail -n 1 | cat > /dev/null']\n\
             limits = {{ cpu = '1h', memory = '32 MiB' }}\n\
             [workloads.talk]\ncommand = ['yes']\nlimits.output = '100 kB'\n\
             [workloads.file]\ncommand = ['sh', '-c', 'exec head -c 9000 /dev/zero > {{trial_dir}}/f']\n\
             limits.file_size = '4 KiB'\n\
             [workloads.fork]\ncommand = ['sh', '-c', 'for i in 1 2 3 4 5 6; do sleep 100 & done; exec sleep 100']\n\
             [workloads.kernel]\nkind = 'power-sum'\nparams = {{ n = 1_000_000_000_000 }}\n\
             [workloads.fine]\ncommand = ['true']\n\
             [[override]]\nwhere = {{ workload = 'fork' }}\nlimits = {{ processes = 3 }}\n"
        ),
    );
    let run = sandbox.run(&["limits.toml"]).expect_code(3);
    let rows = rows(&sandbox);
    let said = |name: &str| {
        let of = &rows[name];
        assert_eq!(of.len(), 2);
        assert_eq!(of[0]["status"], of[1]["status"]);
        (of[0]["status"].clone(), of[0]["note"].clone())
    };
    let pair = |status: &str, note: &str| (status.to_owned(), note.to_owned());
    assert_eq!(said("spin"), pair("cpu_limit", "more than 200ms of CPU time: ended"));
    assert_eq!(said("eat"), pair("oom", "more than 32 MiB of memory: killed"));
    assert_eq!(said("talk"), pair("output_limit", "more than 100 kB of output: ended"));
    assert_eq!(said("file"), pair("output_limit", "a file of more than 4 KiB"));
    assert_eq!(said("fork"), pair("failed", "more than 3 processes and threads: ended"));
    assert_eq!(said("kernel"), pair("cpu_limit", "more than 200ms of CPU time: ended"));
    assert_eq!(said("fine"), pair("ok", ""));
    assert!(run.stdout.contains("more than 32 MiB of memory"), "{}", run.stdout);
    let manifest = fs::read_to_string(sandbox.path().join("results/limits/latest/manifest.json"));
    let manifest: serde_json::Value = serde_json::from_str(&manifest.unwrap()).unwrap();
    let protocols = manifest["protocols"].as_array().unwrap();
    let of = |name: &str| {
        let found = protocols.iter().find(|one| one["workload"] == name);
        found.map(|one| one["limits"].clone()).unwrap()
    };
    assert_eq!(of("eat")["cpu_ms"], 3_600_000);
    assert_eq!(of("eat")["memory_bytes"], 32 << 20);
    assert_eq!(of("eat")["processes"], 20);
    assert_eq!(of("fork")["processes"], 3);
    assert_eq!(of("fine")["memory_bytes"], serde_json::Value::Null);
}

#[test]
fn limits_of_a_kernel_in_the_runners_own_process_are_refused_in_every_layer() {
    for (text, at) in [
        ("[limits]\ncpu = '1s'\n[protocol]\nisolation = 'thread'\n[workloads.noop]\n", ":5:"),
        ("[workloads.noop]\nisolation = 'thread'\nlimits.cpu = '1s'\n", ":3:"),
        (
            "[workloads.noop]\nisolation = 'thread'\n[[override]]\nwhere = { workload = 'noop' }\nlimits.cpu = '1s'\n",
            ":5:",
        ),
        (
            "[workloads.noop]\nlimits.cpu = '1s'\n[strategies]\nx = { kind = 'sequential', isolation = 'thread' }\n",
            ":4:",
        ),
        ("[workloads.noop]\nisolation = 'thread'\ncpus = 'auto'\n", ":3:"),
        ("[workloads.noop]\nisolation = 'thread'\nnice = 3\n", ":3:"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write("inline.toml", text);
        let run = sandbox.run(&["check", "inline.toml"]).expect_code(2);
        run.expect_stderr(&["with isolation = \"thread\"", at]);
    }
}

/// Each trial leaves in another way; afterwards nothing of any of them is there.
#[test]
fn no_trial_leaves_a_process_behind() {
    let sandbox = Sandbox::new();
    let mark = sandbox.path().display().to_string();
    sandbox.write(
        "limits.toml",
        format!(
            "[limits]\nprocesses = 10\n[protocol]\nrepeats = 8\nwarmup = 0\ntimeout = '100ms'\n\
             [workloads.daemon]\ncommand = ['sh', '-c', '(setsid sh -c \"(setsid sleep 1000) &\" &); true', '{mark}']\n\
             [workloads.group]\ncommand = ['sh', '-c', 'sleep 1000 & sleep 1000 & true']\n\
             [workloads.bomb]\ncommand = ['sh', '-c', 'while :; do setsid sleep 1000 & done']\n\
             [workloads.stops]\ncommand = ['sh', '-c', 'setsid sleep 1000 & kill -STOP $$']\n\
             [workloads.orphan]\ncommand = ['sh', '-c', '(sleep 1000 & exec sh -c \"kill -9 $PPID\")']\n"
        ),
    );
    sandbox.run(&["limits.toml"]).expect_code(3);
    let rows = rows(&sandbox);
    assert_eq!(rows.len(), 5);
    for row in rows.values().flatten() {
        assert_ne!(row["status"], "ok", "{row:?}");
        assert!(!row["note"].contains("could not be killed"), "{row:?}");
    }
    // What the trials started has the run's directory or their mark in its environment.
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        let text = String::from_utf8_lossy(&environment);
        let is_ours = text.contains("RUNNER_TRIAL_ID=") && text.contains(&format!("PWD={mark}"));
        assert!(!is_ours, "{} is left", entry.path().display());
    }
}
