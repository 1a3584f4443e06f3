//! The processes that have carried out a run, one after another.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::host::Fact;

/// One process that carried out a run, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SessionFacts {
    /// From 1; the column `session` of the rows.
    pub number: u32,
    /// Start on the wall clock, RFC 3339 in UTC.
    pub started_at: String,
    /// End on the wall clock.
    pub finished_at: Fact<String>,
    /// Why it ended.
    pub exit_reason: Fact<String>,
    /// Its process number.
    pub pid: u32,
    /// Start of the process in clock ticks since the boot of the machine.
    pub started_ticks: u64,
    /// The boot: `/proc/sys/kernel/random/boot_id`.
    pub boot_id: String,
    /// The machine's name.
    pub hostname: String,
    /// Version of the runner.
    pub runner_version: String,
    /// All arguments, the program's name included.
    pub arguments: Vec<String>,
    /// What could change a number and is not as in the record of the first session.
    pub changes: Vec<Change>,
    /// Why the user went on in spite of them.
    pub accepted: Fact<String>,
}

/// Something that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Change {
    /// What.
    pub what: String,
    /// As recorded.
    pub then: String,
    /// As found.
    pub now: String,
}

/// A file that commands are made of besides their programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ScriptFacts {
    /// From the root.
    pub path: String,
    /// SHA-256 of the file.
    pub sha256: Fact<String>,
}

/// A revision of the user's repository that was checked out for trials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RevisionFacts {
    /// As the experiment names it.
    pub name: String,
    /// The full name of the commit.
    pub commit: String,
}

/// A built-in kernel that a run uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KernelFacts {
    /// Its name.
    pub name: String,
    /// Counts up when its answer or its cost changes.
    pub version: u32,
}

impl Change {
    /// A file whose content is not as it was, by its SHA-256, or by a word where there is none.
    #[must_use]
    pub fn digest(what: &str, then: &str, now: &str) -> Self {
        let short = |digest: &str| {
            let digest = digest.trim_start_matches("sha256:");
            let is_digest = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
            if is_digest { format!("SHA-256 {}…", &digest[..12]) } else { digest.to_owned() }
        };
        Self { what: what.to_owned(), then: short(then), now: short(now) }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} then, {} now", self.what, self.then, self.now)
    }
}
