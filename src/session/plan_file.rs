//! A plan that was written as JSON and is to be started as it is.
//!
//! The file says which experiment, which seed and which fingerprint; the trials follow from them
//! and are planned again, so that a plan of a million trials is never held as text. Whatever
//! differs is refused.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Error, Loaded, Planned, load};

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
    let loaded = load(&wire.experiment)?;
    let again = format!(
        "look at the new plan: runner plan {} --seed {}",
        wire.experiment.display(),
        wire.seed
    );
    let sha256 = loaded.sha256();
    if sha256 != wire.experiment_sha256 {
        let (then, now) = (short(&wire.experiment_sha256), short(&sha256));
        let file = wire.experiment.display();
        return Err(fail(format!(
            "{file} has changed since it was planned: SHA-256 {then}… then, {now}… now; {again}"
        )));
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
