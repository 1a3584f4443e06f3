//! The experiment as a run keeps it: written when it begins, read again when it is gone on with.
//!
//! What is read again is planned again; a plan that is not the recorded one is refused.

use std::ffi::OsString;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::run::Ground;
use super::{Error, Loaded, Planned, Request, load_bytes};
use crate::plan::trials::hex;
use crate::spec::BaseFile;
use crate::store::manifest::{BaseFacts, Change, PlanFacts, kernels};
use crate::store::redact::REDACTED;
use crate::store::{Manifest, write_atomic};

/// Copies every file of the experiment into the directory of the run.
pub(super) fn write(ground: &Ground<'_>) -> Result<(), Error> {
    let loaded = ground.loaded;
    write_atomic(ground.run_dir(), "experiment.toml", &loaded.bytes)?;
    let resolved = loaded.resolved(Some(ground.planned));
    write_atomic(ground.run_dir(), "resolved.toml", resolved.as_bytes())?;
    for (index, base) in loaded.bases.iter().enumerate() {
        write_atomic(ground.run_dir(), &archived_name(index), &base.bytes)?;
    }
    Ok(())
}

/// What the copy of an extended file is called, the nearest one 1.
fn archived_name(index: usize) -> String {
    format!("experiment.base-{}.toml", index + 1)
}

pub(super) fn base_facts((index, base): (usize, &BaseFile)) -> BaseFacts {
    BaseFacts {
        path: base.path.display().to_string(),
        absolute_path: base.full_path.display().to_string(),
        sha256: format!("sha256:{}", hex(&Sha256::digest(&base.bytes))),
        archived_as: archived_name(index),
    }
}

/// The archived experiment and its plan, the recorded one. Neither a profile nor a base is looked
/// for: all layers are in it.
///
/// # Errors
/// It cannot be read, or its plan cannot be made again.
pub(super) fn read(run_dir: &Path, manifest: &Manifest) -> Result<(Loaded, Planned), Error> {
    let refuse = |reason: String| Error::Run { path: run_dir.to_owned(), reason };
    let resolved = run_dir.join("resolved.toml");
    let bytes = std::fs::read(&resolved)
        .map_err(|error| refuse(format!("{} cannot be read: {error}", resolved.display())))?;
    let request = Request { only: manifest.invocation.only.clone(), ..Request::default() };
    let loaded = load_bytes(Path::new(&manifest.experiment.absolute_path), bytes, &request)?;
    let planned = loaded.plan(None, u64::MAX)?;
    if planned.plan.fingerprint() == manifest.plan.fingerprint {
        return Ok((loaded, planned));
    }
    let changes = of_the_plan(&loaded, &planned, manifest);
    let mut reason = "its plan cannot be made again: ".to_owned();
    if changes.is_empty() {
        reason.push_str("this version plans otherwise");
    }
    reason.push_str(&changes.iter().map(Change::to_string).collect::<Vec<_>>().join("; "));
    Err(refuse(reason))
}

/// What of the things that make up a plan is not as it was: kernels, and files that are levels.
fn of_the_plan(loaded: &Loaded, planned: &Planned, manifest: &Manifest) -> Vec<Change> {
    let mut changes = super::guard::of_kernels(&manifest.kernels, &kernels(&loaded.experiment));
    let now = PlanFacts::of(&planned.plan, &loaded.matrix, false).inputs;
    for input in &manifest.plan.inputs {
        let same = |other: &&_| input.is_the_file_of(other);
        let found = now.iter().find(same).map(|found| found.sha256.as_str());
        if found != Some(input.sha256.as_str()) {
            changes.push(Change::digest(&input.path, &input.sha256, found.unwrap_or("not there")));
        }
    }
    changes
}

/// The recorded environment; variables whose value was a secret come from the caller, and their
/// names are the second part.
pub(super) fn environment(
    manifest: &Manifest,
    caller: &[(OsString, OsString)],
) -> (Vec<(OsString, OsString)>, Vec<String>) {
    let (mut env, mut from_caller) = (Vec::new(), Vec::new());
    for (name, value) in &manifest.invocation.environment {
        if !value.contains(REDACTED) {
            env.push((OsString::from(name), OsString::from(value)));
            continue;
        }
        let own = caller.iter().find(|(other, _)| other == name.as_str());
        env.extend(own.cloned());
        from_caller.push(name.clone());
    }
    (env, from_caller)
}
