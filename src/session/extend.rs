//! A run gets new cells and new repeats: in its directory, as a new session, by a plan that keeps
//! every trial of the old one in its place.
//!
//! Owns what an extension may be; what it shares with going on with a run is `resume`'s.

use std::path::Path;
use std::sync::Arc;

use super::resume::{self, Resumed, Wish, read_journal};
use super::{Error, Loaded, Planned, Version, archive, plan_file};

/// Opens a run to be extended with an experiment, and changes nothing in it yet.
///
/// # Errors
/// It cannot be gone on with, or the experiment adds nothing to it, or takes something away.
pub fn open(
    run_dir: &Path,
    loaded: Loaded,
    accept: Option<String>,
    max_trials: u64,
) -> Result<Resumed, Error> {
    let refuse = |reason: String| Error::Run { path: run_dir.to_owned(), reason };
    let mut run = resume::open(run_dir, Wish { failed: false, accept })?;
    let seed = run.planned.plan.seed();
    if let Some(other) = loaded.experiment.seed.filter(|&other| other != seed) {
        return Err(refuse(format!(
            "it has seed {seed}, and {} has seed {other}: the trials would not be paired",
            loaded.path.display()
        )));
    }
    let old = Version {
        experiment: Arc::clone(&run.loaded.experiment),
        matrix: Arc::clone(&run.loaded.matrix),
        plan: Arc::clone(&run.planned.plan),
    };
    let survives = |cell: &crate::design::Cell| {
        loaded.matrix.cells().iter().any(|other| other.key == cell.key)
    };
    let gone = old.matrix.cells().iter().filter(|cell| !survives(cell)).count();
    if gone == old.matrix.len() {
        return Err(refuse(format!(
            "{} has none of its cells: that is another experiment, start a new run",
            loaded.path.display()
        )));
    }
    let earlier: Arc<[Version]> = run.planned.earlier.iter().cloned().chain([old]).collect();
    let plan = archive::plan(&loaded, &earlier, max_trials)?;
    if plan.added() == 0 {
        let (file, run) = (loaded.path.display(), run_dir.display());
        return Err(Error::NothingLeft(format!(
            "{file} adds no cell and no repeat to {run}; {} runs what is left of it",
            resume::command(run_dir)
        )));
    }
    let is_adaptive =
        loaded.matrix.cells().iter().any(|cell| loaded.matrix.protocol(cell).adaptive.is_some());
    let most = if is_adaptive { "at most " } else { "" };
    let added = format!("{most}{} trials are added", plan.added());
    run.notes.push(match gone {
        0 => added,
        gone => format!(
            "{added}; {gone} cells of the run are not in {} any more, and their rows stay, unused",
            loaded.path.display()
        ),
    });
    run.planned = Planned { plan: Arc::new(plan), seed_drawn: run.planned.seed_drawn, earlier };
    run.record = read_journal(run_dir, &run.manifest.run_id, &run.planned).map_err(refuse)?;
    run.done = run.record.before.history.past.done();
    run.again = format!(
        "runner run --extend {} {}",
        plan_file::word(&run_dir.to_string_lossy()),
        plan_file::word(&loaded.path.to_string_lossy())
    );
    (run.loaded, run.is_extension) = (loaded, true);
    // Files and kernels that are not what they were make other cells.
    run.changes.clear();
    Ok(run)
}
