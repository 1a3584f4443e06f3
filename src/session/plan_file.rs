//! A plan that was written as JSON and is to be started as it is.
//!
//! The file says which experiment, which layers, which seed and which fingerprint; the trials follow from them
//! and are planned again, so that a plan of a million trials is never held as text. Whatever
//! differs is refused.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Error, Loaded, Planned, Request, load};

/// Version of the format. Counts up whenever a field changes its meaning.
pub const VERSION: u32 = 1;

/// What has to be known to plan the same trials again. Everything else in the file, above all the
/// trials, is passed over without being kept.
#[derive(Debug, Deserialize)]
struct Wire {
    schema_version: u32,
    experiment: PathBuf,
    experiment_sha256: String,
    seed: u64,
    fingerprint: String,
    n_trials: u64,
    extends: Vec<WireBase>,
    profile: Option<String>,
    set: Vec<String>,
    only: Vec<String>,
    #[serde(default)]
    reason: Option<String>,
}

/// A file that the experiment extended when it was planned.
#[derive(Debug, Deserialize)]
struct WireBase {
    path: PathBuf,
    sha256: String,
}

impl Wire {
    fn request(&self) -> Request {
        let (set, only) = (self.set.clone(), self.only.clone());
        Request { profile: self.profile.clone(), set, only, reason: self.reason.clone() }
    }

    /// What of the files differs from what was planned, if anything does.
    fn change(&self, loaded: &Loaded) -> Option<String> {
        let file = self.experiment.as_path();
        if let Some(change) = changed(file, &self.experiment_sha256, &loaded.sha256()) {
            return Some(change);
        }
        let now = loaded.bases_sha256();
        for ((then, base), now) in self.extends.iter().zip(loaded.bases.iter()).zip(&now) {
            if then.path != base.full_path {
                let (then, now) = (then.path.display(), base.full_path.display());
                return Some(format!("{then} was extended when it was planned, and now {now} is"));
            }
            if let Some(change) = changed(&then.path, &then.sha256, now) {
                return Some(change);
            }
        }
        if self.extends.len() != now.len() {
            let (then, now) = (self.extends.len(), now.len());
            return Some(format!("{then} files were extended when it was planned, and now {now}"));
        }
        // A plan without a profile must not get that of the host on which it is started.
        let profile = loaded.profile.as_ref().map(|profile| profile.name.as_str());
        (profile != self.profile.as_deref()).then(|| {
            let words = |name: Option<&str>| {
                name.map_or_else(|| "no profile".to_owned(), |name| format!("the profile `{name}`"))
            };
            let (then, now) = (words(self.profile.as_deref()), words(profile));
            format!("it was planned with {then}, and on this host {now} is in force")
        })
    }

    /// How to see the plan as it would be now.
    fn again(&self) -> String {
        let mut text = "look at the new plan: runner plan ".to_owned();
        text.push_str(&word(&self.experiment.to_string_lossy()));
        text.push_str(&format!(" --seed {}", self.seed));
        let profile = self.profile.iter().map(|name| ("--profile", name));
        let set = self.set.iter().map(|assignment| ("--set", assignment));
        let only = self.only.iter().map(|filter| ("--only", filter));
        let reason = self.reason.iter().map(|reason| ("--reason", reason));
        for (option, value) in profile.chain(set).chain(only).chain(reason) {
            text.push_str(&format!(" {option} {}", word(value)));
        }
        text
    }
}

fn changed(file: &Path, then: &str, now: &str) -> Option<String> {
    (then != now).then(|| {
        let (file, then, now) = (file.display(), short(then), short(now));
        format!("{file} has changed since it was planned: SHA-256 {then}… then, {now}… now")
    })
}

/// A word as a shell takes it, on one line.
pub(super) fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:+,%@".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''").replace('\n', " "))
}

/// Reads the experiment of a plan again and plans it again.
///
/// # Errors
/// The file is no plan, the experiment has changed, or its trials are not those of the plan.
pub fn open(path: &Path, max_trials: u64) -> Result<(Loaded, Planned), Error> {
    let fail = |reason: String| Error::PlanFile { path: path.to_owned(), reason };
    let file = File::open(path).map_err(|error| fail(error.to_string()))?;
    let wire: Wire = serde_json::from_reader(BufReader::new(file)).map_err(|error| {
        fail(format!("this is not what `runner plan FILE --format json` writes: {error}"))
    })?;
    if wire.schema_version != VERSION {
        let found = wire.schema_version;
        return Err(fail(format!("it has version {found}; this runner reads version {VERSION}")));
    }
    let again = wire.again();
    let loaded = load(&wire.experiment, &wire.request())?;
    if let Some(change) = wire.change(&loaded) {
        return Err(fail(format!("{change}; {again}")));
    }
    let planned = loaded.plan(Some(wire.seed), max_trials)?;
    let trials = planned.plan.len() as u64;
    if trials != wire.n_trials {
        let then = wire.n_trials;
        return Err(fail(format!(
            "{then} trials were planned, and now there are {trials}; {again}"
        )));
    }
    if planned.plan.fingerprint() != wire.fingerprint {
        let (then, now) = (short(&wire.fingerprint), short(planned.plan.fingerprint()));
        return Err(fail(format!(
            "its trials are not those of the experiment: fingerprint {then}… then, {now}… now; {again}"
        )));
    }
    Ok((loaded, planned))
}

/// Enough of a digest to see that two differ.
fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}
