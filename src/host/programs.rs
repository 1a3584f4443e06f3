//! Programs: where a name leads, and what exactly lies there.
//!
//! Finding follows `execvp(3)`: a name without a slash is searched for in `PATH`, one with a slash
//! is a path, here relative to the folder of the experiment. Nothing is started; versions come
//! through a closure.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::fact::Fact;
use super::root::plain;

/// Largest program file that is digested, in bytes.
pub const MAX_DIGEST_BYTES: u64 = 256 << 20;

/// Why there is no program of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// The name is empty.
    #[error("the name of the program is empty")]
    Empty,
    /// No folder of `PATH` has it.
    #[error("not found in PATH")]
    NotInPath,
    /// Found in `PATH`, but nowhere executable.
    #[error("{} is not executable", .0.display())]
    NotExecutable(PathBuf),
    /// The path does not lead to a file.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// The path leads to a directory or a device.
    #[error("{} is not a file", .0.display())]
    NotAFile(PathBuf),
}

/// The absolute path of a program. `base_dir` is where relative paths start.
pub fn resolve(name: &str, path_var: &OsStr, base_dir: &Path) -> Result<PathBuf, NotFound> {
    if name.is_empty() {
        return Err(NotFound::Empty);
    }
    if name.contains('/') {
        let path = absolute(&base_dir.join(name));
        return executable(&path).map(|()| path);
    }
    let mut refused = None;
    for folder in std::env::split_paths(path_var) {
        let path = absolute(&base_dir.join(folder).join(name));
        match executable(&path) {
            Ok(()) => return Ok(path),
            Err(NotFound::NotExecutable(path)) => refused = refused.or(Some(path)),
            Err(_) => {}
        }
    }
    Err(refused.map_or(NotFound::NotInPath, NotFound::NotExecutable))
}

/// An absolute path without touching the file system more than needed; links stay.
#[must_use]
pub fn absolute(path: &Path) -> PathBuf {
    if path.as_os_str().is_empty() {
        return std::path::absolute(".").unwrap_or_else(|_| PathBuf::from("."));
    }
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

fn executable(path: &Path) -> Result<(), NotFound> {
    let Ok(metadata) = fs::metadata(path) else {
        return Err(NotFound::Missing(path.to_path_buf()));
    };
    if !metadata.is_file() {
        return Err(NotFound::NotAFile(path.to_path_buf()));
    }
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK)
        .map_err(|_| NotFound::NotExecutable(path.to_path_buf()))
}

/// Programs that were looked for, so that each is looked for once a run.
#[derive(Debug, Default)]
pub struct Programs(HashMap<(String, OsString), Result<PathBuf, NotFound>>);

impl Programs {
    /// As [`resolve`], remembered by name and `PATH`. All calls must give the same `base_dir`.
    pub fn find(
        &mut self,
        name: &str,
        path_var: &OsStr,
        base_dir: &Path,
    ) -> Result<PathBuf, NotFound> {
        let key = (name.to_owned(), path_var.to_owned());
        let found = self.0.entry(key).or_insert_with(|| resolve(name, path_var, base_dir));
        found.clone()
    }
}

/// What is known about one program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProgramFacts {
    /// The name in the experiment file.
    pub name: String,
    /// Where the name leads.
    pub path: Fact<String>,
    /// The same with all links followed.
    pub real_path: Fact<String>,
    /// What it says about its version, one line.
    pub version: Fact<String>,
    /// Size of the file in bytes.
    pub bytes: Fact<u64>,
    /// SHA-256 of the file.
    pub sha256: Fact<String>,
    /// What stands before the real program and costs time at each start.
    pub shim: Fact<Shim>,
}

/// A small program that only starts the real one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Shim {
    /// Which tool it belongs to.
    pub tool: String,
    /// What that means and how to avoid it, for people.
    pub hint: String,
}

/// Runs a program with `--version` and returns what it says, or why not.
pub type VersionProbe<'a> = &'a mut dyn FnMut(&Path) -> Result<String, String>;

impl ProgramFacts {
    /// Everything about the program of that name. `found` is what [`resolve`] said; the version is
    /// asked for only with a `probe`.
    #[must_use]
    pub fn read(
        name: &str,
        found: &Result<PathBuf, NotFound>,
        probe: Option<VersionProbe<'_>>,
    ) -> Self {
        let path = match found {
            Ok(path) => path,
            Err(error) => return Self::missing(name, &error.to_string()),
        };
        let real = path.canonicalize().map_err(|error| plain(&error));
        let real_path = Fact::from(real.clone().map(|real| real.display().to_string()));
        let version = probe.map_or_else(
            || Fact::unknown("only asked of programs in `requires`"),
            |probe| Fact::from(probe(path)).map(|text| first_line(&text)),
        );
        Self {
            name: name.to_owned(),
            path: Fact::Known(path.display().to_string()),
            version,
            bytes: Fact::from(fs::metadata(path).map(|file| file.len()).map_err(|e| plain(&e))),
            sha256: Fact::from(digest(path)),
            shim: Fact::from_option(shim(path, &real_path), "it is not a known kind of shim"),
            real_path,
        }
    }

    fn missing(name: &str, reason: &str) -> Self {
        Self {
            name: name.to_owned(),
            path: Fact::unknown(reason),
            real_path: Fact::unknown(reason),
            version: Fact::unknown(reason),
            bytes: Fact::unknown(reason),
            sha256: Fact::unknown(reason),
            shim: Fact::unknown(reason),
        }
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or_default().chars().take(200).collect()
}

/// SHA-256 of a file in hex, or why not. Files above [`MAX_DIGEST_BYTES`] are not read.
pub fn digest(path: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|error| plain(&error))?;
    let bytes = file.metadata().map_err(|error| plain(&error))?.len();
    if bytes > MAX_DIGEST_BYTES {
        return Err(format!(
            "{bytes} bytes are more than the {MAX_DIGEST_BYTES} that are digested"
        ));
    }
    digest_reader(file.take(MAX_DIGEST_BYTES)).map_err(|error| plain(&error))
}

fn digest_reader(mut reader: impl Read) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Version managers that answer `TOOL which NAME` with the real path.
const VERSION_MANAGERS: [&str; 7] = ["pyenv", "rbenv", "nodenv", "asdf", "volta", "mise", "rustup"];

fn shim(path: &Path, real_path: &Fact<String>) -> Option<Shim> {
    let known = VERSION_MANAGERS.iter().find(|tool| is_shim_of(tool, path, real_path));
    let (tool, how) = match known {
        Some(tool) => (*tool, format!("; `{tool} which NAME` tells its path")),
        None if path.to_string_lossy().contains("/shims/") => ("a version manager", String::new()),
        None => return None,
    };
    Some(Shim {
        tool: tool.to_owned(),
        hint: format!(
            "each start goes through {tool} first and takes longer by that; name the real program in the experiment file{how}"
        ),
    })
}

/// By the folder, by the text of a small script, or by what the link leads to.
fn is_shim_of(tool: &str, path: &Path, real_path: &Fact<String>) -> bool {
    let text = path.to_string_lossy();
    let in_folder = text.contains("/shims/") && text.contains(tool);
    let script = script_start(path).unwrap_or_default();
    let by_script =
        [format!("{tool} exec"), format!("{tool}\" exec")].iter().any(|call| script.contains(call));
    let real = real_path.known().and_then(|real| Path::new(real).file_name());
    let by_link = real.is_some_and(|real| {
        let name = real.to_string_lossy();
        (name == tool || name == format!("{tool}-shim")) && path.file_name() != Some(real)
    });
    in_folder || by_script || by_link
}

/// The first 4 KiB of a script; nothing for other files.
fn script_start(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(4096).read_to_end(&mut bytes).ok()?;
    bytes.starts_with(b"#!").then(|| String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests;
