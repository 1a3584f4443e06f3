//! How other files reach this room, which reads none itself.

use std::fmt::Debug;
use std::path::{Component, Path, PathBuf};

/// A way to read the files that an experiment names.
pub trait Files: Debug {
    /// The bytes of a file, or in a few words why there are none.
    fn read(&self, path: &Path) -> Result<Vec<u8>, String>;
}

/// There are no other files.
#[derive(Clone, Copy, Debug)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _path: &Path) -> Result<Vec<u8>, String> {
        Err("no file can be read here".to_owned())
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
