//! What the file format needs of a file system, as an interface: this room does no input itself.

use std::fmt::Debug;
use std::path::{Component, Path, PathBuf};

/// Reads what an experiment file names. Paths are absolute.
pub trait Files: Debug {
    /// The content of a file of at most `limit` bytes, or why not, for people.
    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, String>;

    /// Every regular file that a glob pattern matches, in any order, or why not.
    fn glob(&self, pattern: &str) -> Result<Vec<PathBuf>, String>;

    /// SHA-256, in hex, of a file's content.
    fn digest(&self, path: &Path) -> Result<String, String>;

    /// The names in a folder; `None` when there is no such folder.
    fn names(&self, folder: &Path) -> Option<Vec<String>>;
}

/// A world without files.
#[derive(Clone, Copy, Debug)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &Path, _: u64) -> Result<Vec<u8>, String> {
        Err("there is no such file".to_owned())
    }

    fn glob(&self, _: &str) -> Result<Vec<PathBuf>, String> {
        Ok(Vec::new())
    }

    fn digest(&self, _: &Path) -> Result<String, String> {
        Err("there is no such file".to_owned())
    }

    fn names(&self, _: &Path) -> Option<Vec<String>> {
        None
    }
}

/// A path without `.` and `..` where that can be seen from the path alone.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(normal.components().next_back(), Some(Component::Normal(_))) =>
            {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}
