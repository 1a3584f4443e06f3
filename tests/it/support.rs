//! A sandbox directory and the binary run in it.

#![expect(clippy::disallowed_methods, reason = "the binary under test is started here")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// The binary under test.
pub const RUNNER: &str = env!("CARGO_BIN_EXE_runner");

/// Another copy of the binary.
pub fn command_of(binary: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary);
    command.args(arguments).stdin(std::process::Stdio::null());
    command
}

/// A directory of its own for one test.
pub struct Sandbox {
    dir: TempDir,
}

/// What a run of the binary gave.
pub struct Run {
    /// Exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// How long a wait for something that must happen lasts before the test fails: it only ends a
/// test that hangs.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl Run {
    /// What a finished process gave.
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Fails when standard error does not contain all of these.
    #[track_caller]
    pub fn expect_stderr(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stderr.contains(part), "`{part}` is missing in\n{}", self.stderr);
        }
        self
    }

    /// Fails with everything that was printed when the exit code is another one.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n-- stdout\n{}\n-- stderr\n{}", self.stdout, self.stderr);
        self
    }
}

impl Sandbox {
    /// An empty one.
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary directory") }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file below the directory.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// The binary, in this directory, without the terminal settings of whoever runs the tests.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(RUNNER);
        command.args(arguments).current_dir(self.path());
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        command.stdin(std::process::Stdio::null());
        command
    }

    /// Runs the binary to its end.
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&self.command(arguments).output().expect("the binary starts"))
    }

    /// Runs a script of `/bin/sh` in this directory.
    pub fn shell(&self, script: &str) -> Run {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).current_dir(self.path()).stdin(Stdio::null());
        Run::of(&command.output().expect("a shell"))
    }

    /// Runs another program with a path as its last argument.
    pub fn program(name: &str, arguments: &[&str], path: &Path) -> std::io::Result<Output> {
        Command::new(name).args(arguments).arg(path).output()
    }

    /// Writes `text` as `name.toml` and runs it without progress.
    pub fn experiment(&self, name: &str, text: &str) -> Run {
        self.write(&format!("{name}.toml"), text);
        self.run(&["run", &format!("{name}.toml"), "--progress", "none"])
    }

    /// The latest run directory of an experiment.
    pub fn latest(&self, name: &str) -> PathBuf {
        let link = self.path().join("results").join(name).join("latest");
        std::fs::canonicalize(&link).unwrap_or_else(|error| panic!("{}: {error}", link.display()))
    }

    /// Every run directory of an experiment, oldest name first.
    pub fn runs(&self, name: &str) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.path().join("results").join(name)) else {
            return Vec::new();
        };
        let mut runs: Vec<PathBuf> = entries
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.is_dir() && !path.is_symlink())
            .collect();
        runs.sort();
        runs
    }

    /// Writes `text` as `name.toml` and starts it, without waiting for its end.
    pub fn start(&self, name: &str, text: &str) -> Live<'_> {
        let file = format!("{name}.toml");
        self.write(&file, text);
        self.start_with(name, &["run", &file, "--progress", "none"])
    }

    /// Starts the binary on an experiment of that name, without waiting for its end.
    pub fn start_with(&self, name: &str, arguments: &[&str]) -> Live<'_> {
        let out = |end: &str| {
            std::fs::File::create(self.path().join(format!("{name}.{end}"))).expect("a file")
        };
        let child = self
            .command(arguments)
            .stdout(out("stdout"))
            .stderr(out("stderr"))
            .spawn()
            .expect("the binary starts");
        Live { sandbox: self, name: name.to_owned(), child }
    }

    /// The trials of the latest run of an experiment.
    pub fn trials(&self, name: &str) -> Vec<Row> {
        self.table(name, "trials.csv")
    }

    /// A table of the latest run: one map from column to decoded field a row.
    pub fn table(&self, name: &str, file: &str) -> Vec<Row> {
        read_table(&self.latest(name).join(file))
    }
}

/// A runner that is at work.
pub struct Live<'a> {
    sandbox: &'a Sandbox,
    name: String,
    child: Child,
}

impl Drop for Live<'_> {
    /// A test that failed leaves nothing running.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Live<'_> {
    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Every whole line of the journal so far; empty before there is one.
    pub fn journal(&self) -> Vec<Value> {
        let Some(run) = self.sandbox.runs(&self.name).pop() else {
            return Vec::new();
        };
        read_journal(&run.join("journal.jsonl"))
    }

    /// Waits until so many attempts have started.
    #[track_caller]
    pub fn wait_for_starts(&mut self, count: usize) {
        self.wait_for("a started trial", |events| of_kind(events, "trial_started") >= count);
    }

    /// Waits until the journal is as wanted.
    #[track_caller]
    pub fn wait_for(&mut self, what: &str, holds: impl Fn(&[Value]) -> bool) {
        let found = wait_until(|| {
            let over = self.child.try_wait().expect("a child").is_some();
            if holds(&self.journal()) { Some(true) } else { over.then_some(false) }
        });
        assert!(found == Some(true), "{what} never showed: {:#?}", self.journal());
    }

    /// Sends a signal to the runner alone, and waits until it was delivered: two that are pending
    /// at the same time would be one.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, signal).expect("the runner is there");
        if signal == Signal::KILL {
            return;
        }
        let path = format!("/proc/{}/status", self.pid());
        let delivered = wait_until(|| {
            let status = std::fs::read_to_string(&path).unwrap_or_default();
            let pending = status.lines().find_map(|line| line.strip_prefix("ShdPnd:"));
            let mask = u64::from_str_radix(pending.unwrap_or("0").trim(), 16).expect("a mask");
            (mask & (1 << (signal.as_raw() - 1)) == 0).then_some(())
        });
        assert!(delivered.is_some(), "{signal:?} stays pending");
    }

    /// Waits for the end.
    pub fn end(mut self) -> Run {
        let status: ExitStatus = wait_until(|| self.child.try_wait().expect("a child"))
            .unwrap_or_else(|| panic!("the runner does not end: {:#?}", self.journal()));
        let read = |end: &str| {
            let path = self.sandbox.path().join(format!("{}.{end}", self.name));
            std::fs::read(path).expect("what was printed")
        };
        Run::of(&Output { status, stdout: read("stdout"), stderr: read("stderr") })
    }
}

/// Asks again and again until there is an answer; `None` when there never is one.
pub fn wait_until<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let step = Duration::from_millis(5);
    for _ in 0..LONGEST_WAIT.as_millis() / step.as_millis() {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        std::thread::sleep(step);
    }
    None
}

/// The whole lines of a journal, each of which must be JSON.
pub fn read_journal(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// What an event of a journal carries, if it is of this kind.
pub fn body<'a>(event: &'a Value, kind: &str) -> Option<&'a Value> {
    event["event"].get(kind)
}

/// How many events of a journal are of this kind.
pub fn of_kind(events: &[Value], kind: &str) -> usize {
    events.iter().filter(|event| body(event, kind).is_some()).count()
}

/// Process ids whose command line contains `mark`, this test's own process apart.
pub fn processes_with(mark: &str) -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let own = i32::try_from(std::process::id()).expect("a process id");
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| *pid != own)
        .filter(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(mark)
        })
        .collect()
}

/// Says on standard error why a test did not test anything; seen with `--nocapture`.
#[expect(clippy::print_stderr, reason = "whoever runs the tests must be able to see it")]
pub fn skipped(why: &str) {
    eprintln!("SKIPPED: {why}");
}

/// One row of a table.
#[derive(Clone)]
pub struct Row(std::collections::BTreeMap<String, String>);

impl Row {
    /// Every column and its field.
    pub fn fields(&self) -> &std::collections::BTreeMap<String, String> {
        &self.0
    }

    /// The field in a column, as it stands in the file.
    #[track_caller]
    pub fn get(&self, column: &str) -> &str {
        self.0.get(column).unwrap_or_else(|| panic!("no column {column}: {:?}", self.0.keys()))
    }

    /// The field as an integer.
    #[track_caller]
    pub fn integer(&self, column: &str) -> u64 {
        let field = self.get(column);
        field.parse().unwrap_or_else(|_| panic!("{column} is `{field}`, not an integer"))
    }
}

/// Reads a table strictly: every row has as many fields as the header.
pub fn read_table(path: &Path) -> Vec<Row> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(false)
        .from_path(path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let header = reader.headers().expect("a header").clone();
    reader
        .records()
        .map(|record| {
            let record = record.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let pairs = header.iter().zip(record.iter());
            Row(pairs.map(|(name, field)| (name.to_owned(), field.to_owned())).collect())
        })
        .collect()
}
