//! Sandboxes: what a trial can no longer do, that the rest still works, and that half a sandbox is
//! none.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "clippy does not see that functions called by tests are tests"
)]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use runner::process::{Command, Ending, Launcher, LauncherOptions, Sandbox as Kept, SpawnPath};

use crate::children::shell;
use crate::support::Sandbox;

fn launcher(spawn_path: SpawnPath, no_network: bool) -> std::io::Result<Launcher> {
    let options = LauncherOptions { no_network, ..spawn_path.into() };
    Launcher::start_with(Path::new(env!("CARGO_BIN_EXE_runner")), &options)
}

/// Old kernels and some containers have no Landlock: there the refusal is what is tested.
fn lacks_landlock(ending: &Ending) -> bool {
    let lacks = matches!(ending, Ending::NotStarted { call, .. } if call.starts_with("landlock"));
    if lacks {
        eprintln!("this system has no Landlock; the refusal was seen, not the rules");
    }
    lacks
}

#[test]
fn nothing_can_be_changed_but_below_the_writable_places() {
    for path in [SpawnPath::Clone, SpawnPath::Std] {
        let mut launcher = launcher(path, false).unwrap();
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::create_dir(at("own")).unwrap();
        fs::write(at("precious"), "gold").unwrap();
        let script = "echo new > own/new; mkdir own/d; mv own/new own/d/moved; cat precious > /dev/null; \
             echo x > precious; true > precious; rm -f precious; echo x > other; mkdir dir; \
             ln -s a link; mv precious own/stolen; cat precious own/d/moved";
        let mut command = Command {
            sandbox: Kept { no_network: false, writable: Some(vec![at("own")]) },
            ..shell(&format!("({script}) 2> /dev/null; exit 0"))
        };
        command.cwd = place.path().to_owned();
        let exit = launcher.run(&command).unwrap();
        if lacks_landlock(&exit.ending) {
            return;
        }
        assert!(exit.read_only && !exit.no_network);
        assert_eq!(exit.stdout.text(), "goldnew\n");
        let mut names: Vec<PathBuf> =
            fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        assert_eq!(names, [at("own"), at("precious")]);
        // What escapes from the trial's tree does not escape from its rules.
        command.argv[2] =
            "(setsid sh -c '(sleep 0.1; echo x > precious) 2> own/why' &); sleep 0.3".into();
        launcher.run(&command).unwrap();
        assert_eq!(fs::read_to_string(at("precious")).unwrap(), "gold");
        assert!(fs::read_to_string(at("own/why")).unwrap().contains("ermission denied"));
        // The launcher and its next child are free.
        let free = Command { cwd: place.path().to_owned(), ..shell("echo x > other") };
        let exit = launcher.run(&free).unwrap();
        assert!(!exit.read_only);
        assert!(at("other").exists());
        // A place that is not there cannot be made writable, and that is no silent pass.
        command.sandbox.writable = Some(vec![at("missing")]);
        let call = "open a writable directory".to_owned();
        let exit = launcher.run(&command).unwrap();
        assert_eq!(exit.ending, Ending::NotStarted { errno: libc::ENOENT, call });
    }
}

#[test]
fn without_a_network_there_is_only_a_loopback_device() {
    for path in [SpawnPath::Clone, SpawnPath::Std] {
        let mut offline = match launcher(path, true) {
            Ok(launcher) => launcher,
            Err(error) => {
                // Some systems allow no namespaces: the refusal says so.
                assert!(error.to_string().contains("no sandbox without network"), "{error}");
                eprintln!("{error}");
                return;
            }
        };
        let mut command = shell("grep -c : /proc/net/dev; grep -o 'lo:' /proc/net/dev; id -u");
        command.sandbox.no_network = true;
        let exit = offline.run(&command).unwrap();
        let user = rustix::process::geteuid().as_raw();
        assert_eq!(exit.stdout.text(), format!("1\nlo:\n{user}\n"));
        assert!(exit.no_network);
        // A launcher that has a network refuses the command.
        let mut online = launcher(path, false).unwrap();
        let refusal = online.launch(&command).unwrap_err();
        assert_eq!(refusal.kind(), std::io::ErrorKind::InvalidInput);
        let free = online.run(&shell("readlink /proc/self/ns/net")).unwrap();
        let mine = fs::read_link("/proc/self/ns/net").unwrap();
        assert_eq!(free.stdout.text().trim(), mine.to_str().unwrap());
    }
}

fn rows(sandbox: &Sandbox) -> Vec<HashMap<String, String>> {
    let path = sandbox.path().join("results/kept/latest/trials.csv");
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

#[test]
fn rows_say_what_a_trial_was_kept_from_in_every_layer() {
    let sandbox = Sandbox::new();
    sandbox.write("data/keep", "x");
    sandbox.write(
        "kept.toml",
        "[protocol]\nrepeats = 2\nwarmup = 0\n[sandbox]\nfiles = 'read_only'\n\
         [workloads.own]\ncommand = ['sh', '-c', 'echo a > \"$TMPDIR/f\" && cat \"$TMPDIR/f\" && test \"$TMPDIR\" = \"{trial_dir}\"']\n\
         [workloads.outside]\ncommand = ['sh', '-c', 'echo a > data/new']\n\
         [workloads.allowed]\ncommand = ['sh', '-c', 'echo a > data/allowed']\nsandbox = { writable = ['data'] }\n\
         [workloads.free]\ncommand = ['sh', '-c', 'echo a > data/free']\nsandbox = { files = 'host' }\n\
         [workloads.offline]\ncommand = ['sh', '-c', 'test \"$(grep -c : /proc/net/dev)\" = 1']\nsandbox = { network = 'none', files = 'host' }\n\
         [workloads.noop]\nstrategies = ['normal']\n\
         [strategies]\nnormal = 'sequential'\n",
    );
    let run = sandbox.run(&["kept.toml"]);
    let rows = rows(&sandbox);
    if rows.iter().any(|row| row["status"] == "start_failed") {
        eprintln!("this system has no sandboxes:\n{}", run.stdout);
        return;
    }
    let of = |name: &str| rows.iter().find(|row| row["workload"] == name).unwrap();
    let expected = [
        ("own", "ok", "files"),
        ("outside", "failed", "files"),
        ("allowed", "ok", "files"),
        ("free", "ok", ""),
        ("offline", "ok", "network"),
        ("noop", "ok", "files"),
    ];
    for (name, status, kept) in expected {
        let row = of(name);
        assert_eq!((row["status"].as_str(), row["sandbox"].as_str()), (status, kept), "{row:?}");
    }
    assert!(of("outside")["note"].contains("ermission denied"), "{:?}", of("outside"));
    let names = |path: &str| sandbox.path().join(path).exists();
    assert!(!names("data/new") && names("data/allowed") && names("data/free"));
}
