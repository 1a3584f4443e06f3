//! A run as one archive, for others: its files as they are, what describes them, and on request the
//! files that it read.

use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::recorded::{self, Recorded};
use super::{Error, files, package};
use crate::plan::trials::hex;
use crate::report::crate_metadata::{self, METADATA, Part};
use crate::report::screen::words::duration;
use crate::store::pack::{self, Content};
use crate::store::{Manifest, find_run};

/// Name of the file that people read first.
const README: &str = "README.md";

/// Folder of the files that a run has read.
const INPUTS: &str = "inputs";

/// The directory of a run, which may be that of an opened archive.
#[derive(Debug)]
pub struct Place {
    /// The directory.
    pub path: PathBuf,
    /// What was given, for people.
    pub shown: PathBuf,
    /// Removes the directory of an opened archive.
    _folder: Option<TempDir>,
}

impl Place {
    /// The error in terms of what was given: the folder of an opened archive means nothing.
    #[must_use]
    pub fn named(&self, error: Error) -> Error {
        match error {
            Error::Run { path, reason } if path == self.path => {
                Error::Run { path: self.shown.clone(), reason }
            }
            Error::Only { path, source } if path == self.path => {
                Error::Only { path: self.shown.clone(), source }
            }
            other => other,
        }
    }
}

/// Finds a run by all its names; an archive that [`write()`] has made is opened.
///
/// # Errors
/// There is no such run, or the archive is none of a run.
pub fn find(output: &Path, wanted: Option<&str>) -> Result<Place, Error> {
    if let Some(archive) = wanted.map(Path::new).filter(|path| is_archive(path)) {
        let folder = pack::unpack(archive)?;
        let (path, shown) = (folder.path().to_owned(), archive.to_owned());
        return Ok(Place { path, shown, _folder: Some(folder) });
    }
    let path = find_run(output, wanted).map_err(Error::Estimate)?;
    Ok(Place { shown: path.clone(), path, _folder: None })
}

fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "zip") && path.is_file()
}

/// What was packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The archive.
    pub archive: PathBuf,
    /// Files in it.
    pub files: usize,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

/// Packs a run into `archive`, or into a file with its name in the working directory.
///
/// # Errors
/// The run cannot be read, an input is not as it was, or the archive is there already.
pub fn write(run_dir: &Path, archive: Option<&Path>, with_inputs: bool) -> Result<Packed, Error> {
    let recorded = recorded::open(run_dir)?;
    let manifest = &recorded.manifest;
    let refuse = |reason: String| Error::Run { path: run_dir.to_owned(), reason };
    let mut entries: Vec<(String, Content)> = Vec::new();
    let paths = package::paths(run_dir).map_err(|error| refuse(error.to_string()))?;
    let own = paths.into_iter().chain([package::NAME.to_owned()]);
    for name in own.filter(|name| ![README, METADATA].contains(&name.as_str())) {
        entries.push((name.clone(), Content::File(run_dir.join(name))));
    }
    if with_inputs {
        inputs(&recorded, &mut entries).map_err(refuse)?;
    }
    entries.push((README.to_owned(), Content::Bytes(readme(&recorded).into_bytes())));
    entries.sort_by(|(one, _), (two, _)| one.cmp(two));
    entries.dedup_by(|(one, _), (two, _)| one == two);
    let parts: Result<Vec<Part>, String> = entries.iter().map(part).collect();
    let parts = parts.map_err(refuse)?;
    let metadata = crate_metadata::render(&recorded.loaded.experiment, manifest, &parts);
    entries.insert(0, (METADATA.to_owned(), Content::Bytes(metadata)));
    let own_name = PathBuf::from(format!("{}.zip", manifest.run_id));
    let archive = archive.map_or(own_name, Path::to_owned);
    pack::pack(&archive, &entries)?;
    let (bytes, sha256) = files::size_and_digest(&archive)?;
    Ok(Packed { archive, files: entries.len(), bytes, sha256 })
}

fn part((name, content): &(String, Content)) -> Result<Part, String> {
    let (bytes, sha256) = match content {
        Content::Bytes(bytes) => (bytes.len() as u64, hex(&Sha256::digest(bytes))),
        Content::File(path) => files::size_and_digest(path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?,
    };
    Ok(Part { path: name.clone(), bytes, sha256 })
}

/// The files that are levels, and the scripts, as the run has found them.
fn inputs(recorded: &Recorded, entries: &mut Vec<(String, Content)>) -> Result<(), String> {
    let manifest = &recorded.manifest;
    let base = Path::new(&manifest.experiment.absolute_path).parent().unwrap_or(Path::new("/"));
    let levels = manifest.plan.inputs.iter().map(|input| (&input.path, Some(&input.sha256)));
    let scripts = manifest.scripts.iter().map(|script| (&script.path, script.sha256.known()));
    for (path, then) in levels.chain(scripts) {
        let full = base.join(path);
        let (_, now) = files::size_and_digest(&full)
            .map_err(|error| format!("the input {} cannot be read: {error}", full.display()))?;
        let then = then.map(|then| then.trim_start_matches("sha256:"));
        if then.is_some_and(|then| then != now) {
            return Err(format!("the input {} is not what the run has read", full.display()));
        }
        entries.push((packed_name(&full, base), Content::File(full)));
    }
    Ok(())
}

/// Where an input lies in the archive: as beside the experiment file, or below `inputs/root`.
fn packed_name(full: &Path, base: &Path) -> String {
    let (folder, rest) = match full.strip_prefix(base) {
        Ok(rest) => (INPUTS.to_owned(), rest),
        Err(_) => (format!("{INPUTS}/root"), full),
    };
    let parts = rest.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        Component::ParentDir => Some("up".to_owned()),
        _ => None,
    });
    parts.fold(folder, |path, part| format!("{path}/{part}"))
}

/// What people read first: what this is, how it came about, and what can be done with it.
fn readme(recorded: &Recorded) -> String {
    let manifest = &recorded.manifest;
    let experiment = &recorded.loaded.experiment;
    let run = &manifest.run_id;
    let mut text = format!("# {}\n\n", experiment.title);
    if let Some(question) = &experiment.question {
        text.push_str(&format!("{question}\n\n"));
    }
    let machine = manifest.host.cpu.model.known().map_or("an unknown processor", String::as_str);
    let host = manifest.host.platform.hostname.known().map_or("an unnamed machine", String::as_str);
    text.push_str(&format!(
        "This is the run `{run}` of the experiment `{}`: {} trials of {} cells, begun {} on {host} ({machine}) with runner {}.\n\n",
        experiment.name,
        manifest.plan.trials,
        manifest.plan.cells,
        manifest.started_at,
        manifest.runner.version,
    ));
    text.push_str(
        "| file | what |\n| --- | --- |\n| `table.csv`, `table.xlsx` | the results, one row per cell |\n| `trials.csv` | every trial |\n| `experiment.toml`, `resolved.toml` | what was run, as it was given and with all that was filled in |\n| `manifest.json` | machine, versions, seeds, digests |\n| `journal.jsonl` | the record that every table is made of |\n| `datapackage.json` | what every column means; size and digest of every file |\n| `report.html`, `report.md`, `figures/` | the results as a report |\n| `ro-crate-metadata.json` | the provenance, for programs (RO-Crate) |\n\n",
    );
    text.push_str(&format!(
        "It was run as\n\n```sh\n{}\n```\n\nin `{}`.{} To look after it, with this archive as `{run}.zip`:\n\n```sh\nrunner verify {run}.zip   # makes every file again from the record, and compares; seconds\nrunner report {run}.zip   # writes {run}.html; seconds\nrunner rerun {run}.zip    # runs the experiment again and says what reproduces; as long as the run\n```\n",
        shell_words::join(&manifest.invocation.arguments),
        manifest.invocation.working_directory.known().map_or("a folder that is not known", String::as_str),
        expected(manifest),
    ));
    text
}

/// How long it took.
fn expected(manifest: &Manifest) -> String {
    let ms = |text: &str| text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond);
    let took = manifest.sessions.iter().filter_map(|session| {
        let end = ms(session.finished_at.known()?)?;
        u64::try_from(end - ms(&session.started_at)?).ok()
    });
    match took.sum::<u64>() {
        0 => String::new(),
        took => format!(" It took {}; expect about the same.", duration(took * 1_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_keep_their_place_beside_the_experiment_and_never_leave_the_archive() {
        let base = Path::new("/home/a");
        assert_eq!(packed_name(Path::new("/home/a/data/x.log"), base), "inputs/data/x.log");
        assert_eq!(packed_name(Path::new("/home/a/../x"), base), "inputs/up/x");
        assert_eq!(packed_name(Path::new("/usr/share/x"), base), "inputs/root/usr/share/x");
    }
}
