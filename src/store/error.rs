//! Why something could not be written, and what would help.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The output folder cannot be used. Always exit code 6.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {}: {kind}{}", path.display(), help(*kind))]
pub struct StoreError {
    /// What was tried, as a verb: `create`, `write`, …
    pub operation: &'static str,
    /// What it was tried on.
    pub path: PathBuf,
    /// What stood in the way.
    pub kind: StoreErrorKind,
    /// The operating system's own word.
    #[source]
    pub source: io::Error,
}

/// What stood in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// No space, or no quota, is left.
    Full,
    /// The file system is mounted read-only.
    ReadOnly,
    /// The permissions of a folder or file do not allow it.
    Denied,
    /// Something on the way is a file where a folder is needed.
    NotADirectory,
    /// Something on the way does not exist.
    Missing,
    /// It is there already.
    Exists,
    /// Something else.
    Other,
}

impl fmt::Display for StoreErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "no space is left on the disk",
            Self::ReadOnly => "the file system is read-only",
            Self::Denied => "permission denied",
            Self::NotADirectory => "a part of this path is a file, not a folder",
            Self::Missing => "a part of this path does not exist",
            Self::Exists => "it exists already",
            Self::Other => "input/output failed",
        })
    }
}

fn help(kind: StoreErrorKind) -> &'static str {
    match kind {
        StoreErrorKind::Full => "; make room there or name another folder with `--output DIR`",
        StoreErrorKind::ReadOnly | StoreErrorKind::Denied | StoreErrorKind::NotADirectory => {
            "; name a folder that you can write to with `--output DIR`"
        }
        StoreErrorKind::Missing | StoreErrorKind::Exists | StoreErrorKind::Other => "",
    }
}

impl StoreErrorKind {
    fn of(error: &io::Error) -> Self {
        // By kind and not by number: the number is lost where a library adds the path to the error.
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            io::ErrorKind::PermissionDenied => Self::Denied,
            io::ErrorKind::NotADirectory => Self::NotADirectory,
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::AlreadyExists => Self::Exists,
            _ => Self::Other,
        }
    }
}

impl StoreError {
    /// The error of one operation on one path.
    #[must_use]
    pub fn new(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self { operation, path: path.to_path_buf(), kind: StoreErrorKind::of(&source), source }
    }

    /// For `map_err`.
    pub(super) fn at(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::new(operation, path, source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_place_and_what_would_help() {
        let error = |errno| {
            let source = io::Error::from_raw_os_error(errno);
            StoreError::new("write", Path::new("/r/a.csv"), source).to_string()
        };
        assert_eq!(
            error(libc::ENOSPC),
            "cannot write /r/a.csv: no space is left on the disk; make room there or name another folder with `--output DIR`"
        );
        assert!(error(libc::EROFS).contains("read-only; name a folder"));
        assert!(error(libc::EACCES).contains("permission denied; name a folder"));
        assert!(error(libc::ENOTDIR).contains("is a file, not a folder; name a folder"));
        assert_eq!(error(libc::EIO), "cannot write /r/a.csv: input/output failed");
    }
}
