//! The data package of a run: written last, since it holds the digest of every other file.

use std::fs;
use std::io;
use std::path::{Component, Path};

use serde_json::Value;

use super::files;
use crate::design::{Experiment, Matrix};
pub(super) use crate::report::package::PACKAGE as NAME;
use crate::report::package::{self, File};
use crate::store::lock::LOCK;
use crate::store::{Manifest, StoreError, notes, write_atomic};

/// Writes `datapackage.json` about everything that lies in the directory of a run.
///
/// # Errors
/// A file cannot be read, or the package cannot be written.
pub(super) fn write(
    run_dir: &Path,
    (experiment, matrix): (&Experiment, &Matrix),
    manifest: &Manifest,
) -> Result<(), StoreError> {
    let files = list(run_dir).map_err(|error| StoreError::new("read", run_dir, error))?;
    let bytes = package::render(experiment, matrix, manifest, &files);
    write_atomic(run_dir, NAME, &bytes).map(drop)
}

/// Every file of the run, sorted by its path. Links are passed over, and files in hidden folders.
fn list(run_dir: &Path) -> io::Result<Vec<File>> {
    let mut files = Vec::new();
    for path in paths(run_dir)? {
        let is_open = path == notes::NOTES;
        let content =
            if is_open { None } else { Some(files::size_and_digest(&run_dir.join(&path))?) };
        files.push(File { path, content });
    }
    Ok(files)
}

/// The paths of a run's files within its directory, sorted, without the package itself.
pub(super) fn paths(run_dir: &Path) -> io::Result<Vec<String>> {
    let mut paths = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(run_dir.join(&folder))? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with('.') || [NAME, LOCK].contains(&name.as_str()) {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(format!("{folder}{name}/"));
            } else if kind.is_file() {
                paths.push(format!("{folder}{name}"));
            }
        }
    }
    paths.sort();
    Ok(paths)
}

/// The size of all files of a run in bytes; files that go away meanwhile do not count.
pub(super) fn size(run_dir: &Path) -> u64 {
    let paths = paths(run_dir).unwrap_or_default().into_iter();
    let size = |path: String| fs::metadata(run_dir.join(path)).map_or(0, |file| file.len());
    paths.map(size).sum()
}

/// Compares every file with the digest that the package of the run has of it, and the package with
/// the one that follows from them: how many files agree, or what is wrong with the first that does
/// not.
///
/// # Errors
/// In words: there is no package, it is not what would be written, or a file is not as it says.
pub(super) fn check(
    run_dir: &Path,
    (experiment, matrix): (&Experiment, &Matrix),
    manifest: &Manifest,
) -> Result<usize, String> {
    let text = fs::read(run_dir.join(NAME)).map_err(|error| format!("cannot be read: {error}"))?;
    let package: Value =
        serde_json::from_slice(&text).map_err(|error| format!("cannot be read: {error}"))?;
    let mut files = Vec::new();
    for resource in package["resources"].as_array().into_iter().flatten() {
        let Some(path) = resource["path"].as_str() else { continue };
        let mut file = File { path: path.to_owned(), content: None };
        let Some(hash) = resource["hash"].as_str() else {
            files.push(file);
            continue;
        };
        let is_inside =
            Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        if !is_inside {
            return Err(format!("{path} does not lie in the directory of the run"));
        }
        let found = files::size_and_digest(&run_dir.join(path));
        let (bytes, digest) = found.map_err(|error| format!("{path} cannot be read: {error}"))?;
        if resource["bytes"] != bytes || hash.strip_prefix("sha256:") != Some(&digest) {
            return Err(format!("{path} is not as it was: sha256:{digest} now, {hash} then"));
        }
        file.content = Some((bytes, digest));
        files.push(file);
    }
    let same = files.iter().filter(|file| file.content.is_some()).count();
    // Of very many outputs only the number is told.
    let is_output = |path: &String| path.starts_with("output/");
    if !files.iter().any(|file| is_output(&file.path)) {
        let all = paths(run_dir).map_err(|error| format!("cannot be read: {error}"))?;
        files.extend(all.into_iter().filter(is_output).map(|path| File { path, content: None }));
    }
    match text == package::render(experiment, matrix, manifest, &files) {
        true => Ok(same),
        false => Err("not what follows from the files and the experiment".to_owned()),
    }
}

/// What is wrong with one file by the digest that the package has of it; nothing where it is as it
/// was, or the package does not tell.
pub(super) fn differs(run_dir: &Path, name: &str) -> Option<String> {
    let text = fs::read(run_dir.join(NAME)).ok()?;
    let package: Value = serde_json::from_slice(&text).ok()?;
    let mut resources = package["resources"].as_array()?.iter();
    let hash = resources.find(|resource| resource["path"] == name)?["hash"].as_str()?;
    match files::size_and_digest(&run_dir.join(name)) {
        Ok((_, digest)) if hash.strip_prefix("sha256:") == Some(&digest) => None,
        Ok((_, digest)) => Some(format!("is not as it was: sha256:{digest} now, {hash} then")),
        Err(error) => Some(format!("cannot be read: {error}")),
    }
}
