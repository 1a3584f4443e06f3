//! Children of a launcher, for the tests of the process room.

#![expect(clippy::unwrap_used, reason = "clippy does not see that these are tests")]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runner::process::{Command, Exit, Launcher, SpawnPath};

/// Longer than any test.
pub const NEVER: Duration = Duration::from_secs(3600);

pub fn launcher(path: SpawnPath) -> Launcher {
    Launcher::start(Path::new(env!("CARGO_BIN_EXE_runner")), path).unwrap()
}

pub fn command(argv: &[&str]) -> Command {
    Command {
        program: PathBuf::from(argv[0]),
        argv: argv.iter().map(OsString::from).collect(),
        env: vec![("PATH".into(), "/usr/bin:/bin".into())],
        cwd: PathBuf::from("/"),
        stdin: None,
        timeout: NEVER,
        grace: NEVER,
        capture_bytes: 4096,
        limits: runner::process::Limits::default(),
        cpus: Vec::new(),
        nice: None,
        sandbox: runner::process::Sandbox::default(),
        counters: false,
        tee: None,
    }
}

pub fn shell(script: &str) -> Command {
    command(&["/bin/sh", "-c", script])
}

pub fn run(path: SpawnPath, command: &Command) -> Exit {
    launcher(path).run(command).unwrap()
}

pub fn number_in(file: &Path) -> Option<i32> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// Polls, because nothing tells of what other processes do. Gives up after a minute.
pub fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    for _ in 0..12_000 {
        if let Some(value) = ready() {
            return value;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("waited in vain for {what}");
}

/// A zombie whose new parent is slow to reap it is not alive.
pub fn is_alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    state.is_some_and(|state| !"ZX".contains(state))
}

pub fn wait_until_dead(pid: i32) {
    wait_for("the end of a process", || (!is_alive(pid)).then_some(()));
}
