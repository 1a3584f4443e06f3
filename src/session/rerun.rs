//! The archived experiment of a run, to be run once more into a new one.

use std::path::{Path, PathBuf};

use super::recorded::Recorded;
use super::{Error, Loaded, Planned, Request, guard, load_bytes};

/// What the archived experiment is now, with its seed. Programs and inputs are those that are there
/// today; relative paths start where they did, or at `base` where that is given.
///
/// # Errors
/// It can no longer be read or planned, for instance since an input is gone.
pub fn load(recorded: &Recorded, base: Option<&Path>) -> Result<(Loaded, Planned), Error> {
    let refuse = |reason: String| Error::Run { path: recorded.run_dir.clone(), reason };
    let read = |name: &str| {
        let path = recorded.run_dir.join(name);
        std::fs::read(&path).map_err(|error| refuse(format!("{}: {error}", path.display())))
    };
    let manifest = &recorded.manifest;
    let path = place(&manifest.experiment.absolute_path, base).map_err(refuse)?;
    let invocation = &manifest.invocation;
    let request = Request {
        only: invocation.only.clone(),
        reason: invocation.only_reason.known().cloned(),
        ..Request::default()
    };
    let mut loaded = load_bytes(&path, read("resolved.toml")?, &request)?;
    // The new run archives the file as its author wrote it.
    loaded.bytes = read("experiment.toml")?.into();
    let planned = loaded.plan(None, u64::MAX)?;
    Ok((loaded, planned))
}

/// Where the experiment file would lie.
fn place(recorded: &str, base: Option<&Path>) -> Result<PathBuf, String> {
    let recorded = Path::new(recorded);
    let name = recorded.file_name().unwrap_or_default();
    match (base, recorded.parent()) {
        (Some(base), _) if base.is_dir() => Ok(base.join(name)),
        (Some(base), _) => Err(format!("{} is not a folder", base.display())),
        (None, Some(folder)) if folder.is_dir() => Ok(recorded.to_owned()),
        (None, folder) => Err(format!(
            "the folder of its experiment, {}, is not here: name the one in which relative paths start with --base DIR",
            folder.unwrap_or(recorded).display()
        )),
    }
}

/// What differs between two runs besides the numbers, a line each.
#[must_use]
pub fn differences(first: &Recorded, second: &Recorded) -> Vec<String> {
    guard::between(&first.manifest, &second.manifest).iter().map(ToString::to_string).collect()
}
