//! Which run is meant: by its directory, an experiment's name, the beginning of its name, or
//! nothing at all.

use std::fs;
use std::path::{Path, PathBuf};

use super::directory::latest_run;
use super::lock::is_at_work;
use super::manifest::{MANIFEST, Manifest};

/// The directory of a run below `output`, or what is wrong.
///
/// `wanted` is a path to a run, the name of an experiment (its latest run), or the beginning of
/// the name of one run; `None` means the newest run of all.
///
/// # Errors
/// There is no such run, or there are several.
pub fn find_run(output: &Path, wanted: Option<&str>) -> Result<PathBuf, String> {
    let Some(wanted) = wanted else {
        let newest = runs(output).into_iter().max_by(|one, two| name(one).cmp(name(two)));
        return newest.ok_or_else(|| format!("there is no run in {}", output.display()));
    };
    let path = Path::new(wanted);
    if path.join(MANIFEST).is_file() {
        return Ok(path.to_owned());
    }
    if !wanted.contains('/')
        && let Some(run) = latest_run(output, wanted)
    {
        return Ok(run);
    }
    let mut found: Vec<PathBuf> =
        runs(output).into_iter().filter(|run| name(run).starts_with(wanted)).collect();
    match (found.pop(), found.len()) {
        (Some(run), 0) => Ok(run),
        (None, _) => Err(format!(
            "there is no run `{wanted}` in {}: give the directory of a run, the name of an experiment, or the beginning of the name of a run",
            output.display()
        )),
        (Some(_), more) => {
            Err(format!("{} runs in {} begin with `{wanted}`", more + 1, output.display()))
        }
    }
}

/// Every run of an experiment, or of all, that is not finished and that nobody carries out at the
/// moment, the newest first. Runs whose manifest cannot be read are passed over.
#[must_use]
pub fn unfinished(output: &Path, experiment: Option<&str>) -> Vec<(PathBuf, Manifest)> {
    let newest_first = all_runs(output, experiment).into_iter().rev();
    newest_first.filter(|(run, manifest)| manifest.is_unfinished() && !is_at_work(run)).collect()
}

/// Every run of an experiment, or of all, the oldest first. Runs whose manifest cannot be read are
/// passed over.
#[must_use]
pub fn all_runs(output: &Path, experiment: Option<&str>) -> Vec<(PathBuf, Manifest)> {
    let all = match experiment {
        Some(name) => runs_of(&output.join(name)),
        None => runs(output),
    };
    let read = |run: PathBuf| Manifest::read(&run).ok().map(|read| (run, read));
    let mut all: Vec<(PathBuf, Manifest)> = all.into_iter().filter_map(read).collect();
    // Names tell runs of the same second apart, not which one was first.
    all.sort_by(|(one, read), (two, other)| {
        (&read.started_at, name(one)).cmp(&(&other.started_at, name(two)))
    });
    all
}

fn name(run: &Path) -> &str {
    run.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// Every run below the directory of results.
fn runs(output: &Path) -> Vec<PathBuf> {
    folders(output).into_iter().flat_map(|experiment| runs_of(&experiment)).collect()
}

/// Every run below the folder of an experiment.
fn runs_of(experiment: &Path) -> Vec<PathBuf> {
    let is_run = |run: &PathBuf| run.join(MANIFEST).is_file();
    folders(experiment).into_iter().filter(is_run).collect()
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let real = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    real.map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_by_every_name() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let output = dir.path();
        for (experiment, run) in [("a", "r20260101T000000Z-0001"), ("b", "r20270101T000000Z-0002")]
        {
            let run_dir = output.join(experiment).join(run);
            fs::create_dir_all(&run_dir).expect("a folder");
            fs::write(run_dir.join(MANIFEST), "{}").expect("written");
            fs::write(output.join(experiment).join("latest"), run).expect("written");
        }
        let find = |wanted| find_run(output, wanted).map(|run| name(&run).to_owned());
        assert_eq!(find(None).as_deref(), Ok("r20270101T000000Z-0002"));
        assert_eq!(find(Some("a")).as_deref(), Ok("r20260101T000000Z-0001"));
        assert_eq!(find(Some("r2026")).as_deref(), Ok("r20260101T000000Z-0001"));
        let path = output.join("a/r20260101T000000Z-0001");
        assert_eq!(find(path.to_str()).as_deref(), Ok("r20260101T000000Z-0001"));
        assert!(find(Some("r20")).is_err_and(|reason| reason.starts_with("2 runs in ")));
        assert!(find(Some("c")).is_err_and(|reason| reason.contains("there is no run `c`")));
    }
}
