//! A sandbox directory and the binary run in it.

#![expect(clippy::disallowed_methods, reason = "the binary under test is started here")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The binary under test.
pub const RUNNER: &str = env!("CARGO_BIN_EXE_runner");

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

impl Run {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
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

    /// A table of the latest run: one map from column to decoded field a row.
    pub fn table(&self, name: &str, file: &str) -> Vec<Row> {
        read_table(&self.latest(name).join(file))
    }
}

/// One row of a table.
pub struct Row(std::collections::BTreeMap<String, String>);

impl Row {
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
