//! Where files about the machine are read: `/`, or a folder that looks like it in tests.

use std::fs;
use std::path::{Path, PathBuf};

use super::fact::Fact;

/// The root of the file system that is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root(PathBuf);

impl Root {
    /// The machine itself.
    #[must_use]
    pub fn system() -> Self {
        Self::at("/")
    }

    /// A folder with `proc`, `sys` and `etc` in it.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// An absolute path, below this root.
    #[must_use]
    pub fn path(&self, absolute: &str) -> PathBuf {
        self.0.join(absolute.trim_start_matches('/'))
    }

    /// Whether something is there.
    #[must_use]
    pub fn exists(&self, absolute: &str) -> bool {
        self.path(absolute).exists()
    }

    /// The text of a file without white space at its ends; a reason when it cannot be read or is
    /// empty. Bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self, absolute: &str) -> Fact<String> {
        match fs::read(self.path(absolute)) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
                if text.is_empty() {
                    return Fact::unknown(format!("{absolute} is empty"));
                }
                Fact::Known(text.to_owned())
            }
            Err(error) => Fact::unknown(format!("{absolute}: {}", plain(&error))),
        }
    }

    /// The text of a file as a number.
    #[must_use]
    pub fn number(&self, absolute: &str) -> Fact<u64> {
        self.text(absolute)
            .and_then(|text| text.parse().map_or_else(|_| unreadable(absolute, &text), Fact::Known))
    }

    /// The names in a directory, sorted; none when it cannot be read.
    #[must_use]
    pub fn names(&self, absolute: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(absolute)) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }
}

/// A fact that is not known because a file says something unexpected.
pub(super) fn unreadable<T>(place: impl AsRef<Path>, text: &str) -> Fact<T> {
    let start: String = text.chars().take(40).collect();
    Fact::unknown(format!("{}: unexpected `{start}`", place.as_ref().display()))
}

/// An input error as people say it, without the number.
pub(super) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_a_reason_and_not_an_error() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let fact = Root::at(dir.path()).text("/proc/nothing");
        assert_eq!(fact, Fact::unknown("/proc/nothing: no such file or directory"));
    }

    #[test]
    fn an_unexpected_text_is_quoted_in_the_reason() {
        let dir = tempfile::tempdir().expect("a temp dir");
        fs::write(dir.path().join("n"), "many\n").expect("written");
        let fact = Root::at(dir.path()).number("/n");
        assert_eq!(fact, Fact::unknown("/n: unexpected `many`"));
    }
}
