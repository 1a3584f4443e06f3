//! What is to be started.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::limits::Limits;
use super::sandbox::Sandbox;

/// One child to start: everything the launcher needs, nothing that it has to look up.
#[derive(Clone, Debug)]
pub struct Command {
    /// Absolute path of the program; `argv[0]` is what the program sees as its name.
    pub program: PathBuf,
    /// The whole argument vector, `argv[0]` included.
    pub argv: Vec<OsString>,
    /// The whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// Working directory.
    pub cwd: PathBuf,
    /// File that becomes standard input; `/dev/null` when `None`.
    pub stdin: Option<PathBuf>,
    /// The child's group gets TERM when this much time has passed since the spawn.
    pub timeout: Duration,
    /// The group gets KILL this much later.
    pub grace: Duration,
    /// What it and all that it starts may use; beyond it TERM, `grace`, KILL.
    pub limits: Limits,
    /// CPUs on which it may run; those of its launcher's children when empty.
    pub cpus: Vec<usize>,
    /// Its priority as in nice(2), absolute; that of the runner when `None`.
    pub nice: Option<i32>,
    /// Whether the counters of processor and kernel are read: that costs some 150 µs a child.
    pub counters: bool,
    /// What it is kept from.
    pub sandbox: Sandbox,
    /// Bytes kept of the beginning, and again of the end, of each output stream. The rest is
    /// drained and counted.
    pub capture_bytes: usize,
    /// Files that receive each stream whole, besides what is captured; created or truncated.
    pub tee: Option<(PathBuf, PathBuf)>,
}
