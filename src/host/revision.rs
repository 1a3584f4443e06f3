//! The git revision of a folder: what to ask git, and what its answers mean.

use serde::{Deserialize, Serialize};

use super::fact::Fact;

/// Arguments that ask for the revision.
pub const REVISION_ARGS: [&str; 3] = ["rev-parse", "--verify", "HEAD"];

/// Arguments that ask what differs from it. To be run with `GIT_OPTIONAL_LOCKS=0`, so that looking
/// at a repository does not write to it.
pub const STATUS_ARGS: [&str; 4] = ["status", "--porcelain=v2", "-z", "--untracked-files=no"];

/// Runs git with these arguments in the folder in question and returns its standard output, or why
/// it failed.
pub type Git<'a> = &'a mut dyn FnMut(&[&str]) -> Result<Vec<u8>, String>;

/// What of a repository was in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Revision {
    /// Full name of the commit.
    pub commit: Fact<String>,
    /// Whether tracked files differ from the commit.
    pub dirty: Fact<bool>,
    /// The tracked files that differ, at most 100.
    pub changed: Fact<Vec<String>>,
}

impl Revision {
    /// No revision, for this reason.
    #[must_use]
    pub fn unknown(reason: &str) -> Self {
        Self {
            commit: Fact::unknown(reason),
            dirty: Fact::unknown(reason),
            changed: Fact::unknown(reason),
        }
    }

    /// Asks git.
    pub fn read(git: Git<'_>) -> Self {
        let commit = match git(&REVISION_ARGS) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).trim().to_owned(),
            Err(reason) => return Self::unknown(&reason),
        };
        let changed = Fact::from(git(&STATUS_ARGS)).map(|bytes| changed_paths(&bytes));
        Self {
            commit: Fact::Known(commit),
            dirty: changed.clone().map(|paths| !paths.is_empty()),
            changed: changed.map(|mut paths| {
                paths.truncate(100);
                paths
            }),
        }
    }
}

/// The paths in the output of `git status --porcelain=v2 -z`: changed, renamed and unmerged
/// entries; headers, untracked and ignored files are left out.
#[must_use]
pub fn changed_paths(output: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(output);
    let mut entries = text.split('\0');
    let mut paths = Vec::new();
    while let Some(entry) = entries.next() {
        // The number of fields before the path is fixed for each kind of entry (git-status(1)).
        let fields_before_path = match entry.as_bytes().first() {
            Some(b'1') => 8,
            Some(b'2') => 9,
            Some(b'u') => 10,
            _ => continue,
        };
        if let Some(path) = entry.splitn(fields_before_path + 1, ' ').nth(fields_before_path) {
            paths.push(path.to_owned());
        }
        if entry.starts_with('2') {
            // A renamed file is followed by its old path as an entry of its own.
            entries.next();
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &[u8] = b"# branch.oid 1f2e\0\
        1 .M N... 100644 100644 100644 aaaa bbbb src/my file.rs\0\
        2 R. N... 100644 100644 100644 aaaa bbbb R100 new.rs\0old.rs\0\
        u UU N... 100644 100644 100644 100644 a b c both.rs\0\
        ? 1 untracked.txt\0";

    #[test]
    fn changed_renamed_and_unmerged_files_are_dirt() {
        assert_eq!(changed_paths(STATUS), ["src/my file.rs", "new.rs", "both.rs"]);
        assert!(changed_paths(b"").is_empty());
    }

    #[test]
    fn a_folder_outside_a_repository_has_a_reason() {
        let revision = Revision::read(&mut |_| Err("not a git repository".to_owned()));
        assert_eq!(revision, Revision::unknown("not a git repository"));
    }

    #[test]
    fn a_clean_repository_has_a_commit_and_no_dirt() {
        let revision = Revision::read(&mut |args| {
            Ok(if args == REVISION_ARGS { b"1f2e3d\n".to_vec() } else { Vec::new() })
        });
        assert_eq!(revision.commit, Fact::Known("1f2e3d".to_owned()));
        assert_eq!(revision.dirty, Fact::Known(false));
    }
}
