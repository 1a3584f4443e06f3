//! The experiment as a run keeps it: written when it begins or is extended, read again when it is
//! gone on with.
//!
//! What is read again is planned again; a plan that is not the recorded one is refused. Where files
//! that are levels, or kernels, are no longer what they were, the plan is made with what the record
//! says of them, and what differs is told.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::files::Disk;
use super::run::Ground;
use super::{Error, Loaded, Planned, Request, Version, load_bytes, load_in};
use crate::design::{Catalogue, KernelSignature};
use crate::plan::trials::hex;
use crate::plan::{Plan, extension::Earlier};
use crate::spec::{BaseFile, Files};
use crate::store::manifest::{
    BaseFacts, Change, EarlierFacts, ExperimentFacts, InputFacts, KernelFacts, PlanFacts,
};
use crate::store::redact::REDACTED;
use crate::store::{self, Manifest, write_atomic};
use crate::strategy;

/// The archived file of the experiment in force, and that of all its layers.
const CURRENT: [&str; 2] = ["experiment.toml", "resolved.toml"];

/// A run's experiment, read again.
pub(super) struct Archived {
    /// The experiment after all layers.
    pub(super) loaded: Loaded,
    /// Its plan, the recorded one.
    pub(super) planned: Planned,
    /// What of the things that make up the plan is not as it was.
    pub(super) changes: Vec<Change>,
}

/// Copies every file of the experiment into the directory of the run.
pub(super) fn write(ground: &Ground<'_>) -> Result<(), Error> {
    put(ground, CURRENT.map(str::to_owned))?;
    for (index, base) in ground.loaded.bases.iter().enumerate() {
        write_atomic(ground.run_dir(), &archived_name(1, index), &base.bytes)?;
    }
    Ok(())
}

fn put(ground: &Ground<'_>, [experiment, resolved]: [String; 2]) -> Result<(), Error> {
    let loaded = ground.loaded;
    write_atomic(ground.run_dir(), &experiment, &loaded.bytes)?;
    let text = loaded.resolved(Some(ground.planned));
    write_atomic(ground.run_dir(), &resolved, text.as_bytes())?;
    Ok(())
}

/// What the files of a run that was extended are called, its first experiment 1.
fn numbered(number: usize) -> [String; 2] {
    [format!("experiment.{number}.toml"), format!("resolved.{number}.toml")]
}

/// Adds the experiment of `ground` to those that the run has followed. The files in force have
/// numbers and are never written again, so that writing the manifest afterwards is what makes the
/// extension.
pub(super) fn extend(
    ground: &Ground<'_>,
    manifest: &mut Manifest,
    now: &Manifest,
) -> Result<(), Error> {
    let dir = ground.run_dir();
    let number = manifest.earlier.len() + 1;
    if number == 1 {
        for (from, to) in CURRENT.iter().zip(numbered(1)) {
            store::copy(dir, from, &to)?;
        }
    }
    put(ground, numbered(number + 1))?;
    let mut experiment = now.experiment.clone();
    for (index, base) in ground.loaded.bases.iter().enumerate() {
        let name = archived_name(number + 1, index);
        write_atomic(dir, &name, &base.bytes)?;
        experiment.extends[index].archived_as = name;
    }
    let [archived_as, resolved_as] = numbered(number);
    let last_session = manifest.sessions.last().map_or(0, |session| session.number);
    manifest.earlier.push(EarlierFacts {
        archived_as,
        resolved_as,
        last_session,
        experiment: std::mem::replace(&mut manifest.experiment, experiment),
        plan: std::mem::replace(&mut manifest.plan, now.plan.clone()),
        protocols: std::mem::replace(&mut manifest.protocols, now.protocols.clone()),
        kernels: std::mem::replace(&mut manifest.kernels, now.kernels.clone()),
        set: std::mem::replace(&mut manifest.invocation.set, now.invocation.set.clone()),
        only: std::mem::replace(&mut manifest.invocation.only, now.invocation.only.clone()),
    });
    manifest.invocation.only_reason.clone_from(&now.invocation.only_reason);
    manifest.methods.clone_from(&now.methods);
    Ok(())
}

/// Makes `experiment.toml` and `resolved.toml` of a run that was extended those in force.
pub(super) fn refresh(ground: &Ground<'_>) -> Result<(), Error> {
    if ground.planned.earlier.is_empty() {
        return Ok(());
    }
    let dir = ground.run_dir();
    for (to, from) in CURRENT.iter().zip(numbered(ground.planned.earlier.len() + 1)) {
        store::copy(dir, &from, to)?;
    }
    Ok(())
}

/// What the copy of an extended file is called, the nearest one 1.
fn archived_name(number: usize, index: usize) -> String {
    match number {
        1 => format!("experiment.base-{}.toml", index + 1),
        _ => format!("experiment.{number}.base-{}.toml", index + 1),
    }
}

pub(super) fn base_facts((index, base): (usize, &BaseFile)) -> BaseFacts {
    BaseFacts {
        path: base.path.display().to_string(),
        absolute_path: base.full_path.display().to_string(),
        sha256: format!("sha256:{}", hex(&Sha256::digest(&base.bytes))),
        archived_as: archived_name(1, index),
    }
}

/// One experiment of a run as the manifest states it.
struct Part<'a> {
    resolved_as: &'a str,
    experiment: &'a ExperimentFacts,
    plan: &'a PlanFacts,
    kernels: &'a [KernelFacts],
    only: &'a [String],
}

/// The archived experiment and its plan, the recorded one. Neither a profile nor a base is looked
/// for: all layers are in it.
///
/// # Errors
/// It cannot be read, or its plan cannot be made again.
pub(super) fn read(run_dir: &Path, manifest: &Manifest) -> Result<Archived, Error> {
    let mut earlier: Vec<Version> = Vec::new();
    let mut changes = Vec::new();
    for facts in &manifest.earlier {
        let part = Part {
            resolved_as: &facts.resolved_as,
            experiment: &facts.experiment,
            plan: &facts.plan,
            kernels: &facts.kernels,
            only: &facts.only,
        };
        let (loaded, plan) = part.read(run_dir, &earlier, &mut changes)?;
        let (experiment, matrix) = (loaded.experiment, loaded.matrix);
        earlier.push(Version { experiment, matrix, plan: Arc::new(plan) });
    }
    let [_, numbered] = numbered(earlier.len() + 1);
    let part = Part {
        resolved_as: if earlier.is_empty() { CURRENT[1] } else { &numbered },
        experiment: &manifest.experiment,
        plan: &manifest.plan,
        kernels: &manifest.kernels,
        only: &manifest.invocation.only,
    };
    // What the experiments before do not share with that of today is not measured any more.
    changes.clear();
    let (loaded, plan) = part.read(run_dir, &earlier, &mut changes)?;
    let planned = Planned { plan: Arc::new(plan), seed_drawn: false, earlier: earlier.into() };
    Ok(Archived { loaded, planned, changes })
}

/// The plan of an experiment that follows these.
pub(super) fn plan(loaded: &Loaded, earlier: &[Version], max_trials: u64) -> Result<Plan, Error> {
    let before: Vec<Earlier<'_>> =
        earlier.iter().map(|version| (&*version.matrix, &*version.plan)).collect();
    Plan::extended(&before, &loaded.experiment, &loaded.matrix, max_trials)
        .map_err(|source| Error::Plan { path: loaded.path.clone(), source })
}

impl Part<'_> {
    /// Reads and plans it; what had to be taken from the record is added to `changes`.
    fn read(
        &self,
        run_dir: &Path,
        earlier: &[Version],
        changes: &mut Vec<Change>,
    ) -> Result<(Loaded, Plan), Error> {
        let refuse = |reason: String| Error::Run { path: run_dir.to_owned(), reason };
        let resolved = run_dir.join(self.resolved_as);
        let bytes = std::fs::read(&resolved)
            .map_err(|error| refuse(format!("{} cannot be read: {error}", resolved.display())))?;
        let request = Request { only: self.only.to_vec(), ..Request::default() };
        let path = Path::new(&self.experiment.absolute_path);
        let planned = |loaded: Loaded| -> Result<(Loaded, Plan), Error> {
            let plan = match earlier {
                [] => Arc::unwrap_or_clone(loaded.plan(None, u64::MAX)?.plan),
                earlier => plan(&loaded, earlier, u64::MAX)?,
            };
            Ok((loaded, plan))
        };
        let is_recorded = |plan: &Plan| plan.fingerprint() == self.plan.fingerprint;
        let today = load_bytes(path, bytes.clone(), &request).and_then(planned);
        let today = match today {
            Ok((loaded, plan)) if is_recorded(&plan) => return Ok((loaded, plan)),
            other => other,
        };
        let world = Recorded::new(path, &self.plan.inputs);
        let catalogue = recorded_kernels(self.kernels);
        let then = load_in(path, bytes, &request, (&world, &catalogue)).and_then(planned);
        match (then, today) {
            (Ok((loaded, plan)), _) if is_recorded(&plan) => {
                changes.extend(self.changes());
                Ok((loaded, plan))
            }
            (_, Err(error)) => Err(error),
            (_, Ok((_, plan))) => Err(refuse(self.otherwise(&plan))),
        }
    }

    /// What of the things that make up a plan is not as it was: kernels, and files that are levels.
    fn changes(&self) -> Vec<Change> {
        let known: Vec<KernelFacts> = strategy::catalogue()
            .kernels
            .iter()
            .map(|kernel| KernelFacts { name: kernel.name.to_owned(), version: kernel.version })
            .collect();
        let mut changes = super::guard::of_kernels(self.kernels, &known);
        let base_dir = base_dir(Path::new(&self.experiment.absolute_path));
        for input in &self.plan.inputs {
            let now = Disk.digest(&base_dir.join(&input.path));
            if now.as_deref() != Ok(input.sha256.as_str()) {
                let now = now.unwrap_or_else(|_| "not there".to_owned());
                changes.push(Change::digest(&input.path, &input.sha256, &now));
            }
        }
        changes
    }

    /// Why a plan that was made again is not the recorded one.
    fn otherwise(&self, plan: &Plan) -> String {
        let mut reason = "its plan cannot be made again: ".to_owned();
        let (then, now) = (self.plan.trials, plan.len() as u64);
        if then != now {
            reason.push_str(&format!("{then} trials then, {now} now; "));
        }
        let changes: Vec<String> = self.changes().iter().map(Change::to_string).collect();
        match changes.is_empty() {
            true => reason.push_str("this version plans otherwise, or the levels are others"),
            false => reason.push_str(&changes.join("; ")),
        }
        reason.push_str("; what was measured stays; start a new run");
        reason
    }
}

fn base_dir(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("/"))
}

/// The kernels of this runner with the versions that the record has of them.
fn recorded_kernels(then: &[KernelFacts]) -> Catalogue {
    let mut catalogue = strategy::catalogue();
    for kernel in &mut catalogue.kernels {
        let found = then.iter().find(|facts| facts.name == kernel.name);
        if let Some(facts) = found.filter(|facts| facts.version != kernel.version) {
            // Once in a process, for a run that another version of the runner has begun.
            let other = KernelSignature { version: facts.version, ..**kernel };
            *kernel = Box::leak(Box::new(other));
        }
    }
    catalogue
}

/// The disk, where files that were levels are what they were.
#[derive(Debug)]
struct Recorded {
    digests: BTreeMap<PathBuf, String>,
}

impl Recorded {
    fn new(file: &Path, inputs: &[InputFacts]) -> Self {
        let base_dir = base_dir(file);
        let facts = inputs.iter();
        let digests = facts.map(|input| (base_dir.join(&input.path), input.sha256.clone()));
        Self { digests: digests.collect() }
    }
}

impl Files for Recorded {
    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, String> {
        Disk.read(path, limit)
    }

    fn glob(&self, pattern: &str) -> Result<Vec<PathBuf>, String> {
        let compiled = glob::Pattern::new(pattern).map_err(|error| error.to_string())?;
        let known = self.digests.keys().filter(|path| compiled.matches_path(path));
        Ok(known.cloned().collect())
    }

    fn digest(&self, path: &Path) -> Result<String, String> {
        self.digests.get(path).map_or_else(|| Disk.digest(path), |digest| Ok(digest.clone()))
    }

    fn names(&self, folder: &Path) -> Option<Vec<String>> {
        Disk.names(folder)
    }
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
