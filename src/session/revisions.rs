//! Revisions of the user's repository: which commits they are, and a folder for each while the
//! session lasts.
//!
//! The folders are worktrees of git below the run's directory. The user's own working copy is
//! never touched.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Error;
use super::preflight::Prober;
use crate::design::template::{REV_DIR, REVISION};
use crate::design::{Action, CellIx, Experiment};
use crate::exec::Blocked;
use crate::measure::Status;
use crate::process::Launcher;
use crate::store::manifest::RevisionFacts;
use crate::trial::{Setting, placeholder_of_cell};

/// Longest time for git to write a working copy.
const CHECKOUT_TIMEOUT: Duration = Duration::from_secs(600);

/// What may help where only the newest commits were fetched.
const SHALLOW: &str = "; the clone is shallow: `git fetch --unshallow` brings the rest (in GitHub Actions `fetch-depth: 0` of actions/checkout)";

/// The revisions that the workloads name, each once.
fn names(experiment: &Experiment) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for workload in &experiment.workloads {
        let Action::Command(command) = &workload.action else { continue };
        for name in &command.revisions {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    names
}

/// Which commit each revision is. `known` are those that an earlier run has recorded.
///
/// # Errors
/// There is no git, no repository, or no such revision.
pub(super) fn resolve(
    experiment: &Experiment,
    known: &[RevisionFacts],
    (launcher, env): (&mut Launcher, &[(OsString, OsString)]),
) -> Result<Vec<RevisionFacts>, Error> {
    let names = names(experiment);
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let folder = &experiment.base_dir;
    let refuse = |reason: String| Error::Revision { folder: folder.clone(), reason };
    let mut prober = Prober { launcher, env };
    let git = prober.find("git", folder).map_err(|reason| refuse(format!("git: {reason}")))?;
    let ask = ["rev-parse", "--is-shallow-repository"];
    let asked = prober.ask(&git, &ask, folder).map_err(|reason| {
        refuse(format!("`revisions` are those of a git repository, and this is none: {reason}"))
    })?;
    let is_shallow = String::from_utf8_lossy(&asked.stdout.head).trim() == "true";
    let help = if is_shallow { SHALLOW } else { "" };
    let mut found = Vec::new();
    for name in names {
        if let Some(known) = known.iter().find(|known| known.name == name) {
            found.push(known.clone());
            continue;
        }
        let wanted = format!("{name}^{{commit}}");
        let arguments = ["rev-parse", "--verify", "--end-of-options", &wanted];
        let exit = prober.ask(&git, &arguments, folder).map_err(|reason| {
            // That git needs one tells nobody more.
            let reason = match reason.contains("Needed a single revision") {
                true => String::new(),
                false => format!(": {reason}"),
            };
            refuse(format!("the revision `{name}` is not there{reason}{help}"))
        })?;
        let commit = String::from_utf8_lossy(&exit.stdout.head).trim().to_owned();
        found.push(RevisionFacts { name: name.to_owned(), commit });
    }
    Ok(found)
}

/// Checks every revision out, and says which cells cannot be run because theirs could not be.
pub(super) fn check_out(
    setting: &Setting<'_>,
    revisions: &[RevisionFacts],
    launcher: &mut Launcher,
) -> Vec<Option<Blocked>> {
    let mut blocked = vec![None; setting.matrix.len()];
    for (revision, folder, cells) in folders(setting, revisions) {
        let base = &setting.experiment.base_dir;
        let mut prober = Prober { launcher, env: setting.base_env };
        let done = prober.find("git", base).and_then(|git| {
            // What a session that was killed has left.
            remove_one(&mut prober, &git, base, &folder);
            let place = folder.display().to_string();
            let add = ["worktree", "add", "--detach", "--force", &place, &revision.commit];
            prober.ask_for(&git, &add, base, CHECKOUT_TIMEOUT).map(drop)
        });
        if let Err(reason) = done {
            let note = format!("the revision `{}` cannot be checked out: {reason}", revision.name);
            for cell in cells {
                blocked[cell.index()] =
                    Some(Blocked { status: Status::StartFailed, note: note.clone() });
            }
        }
    }
    blocked
}

/// Removes the folders. What cannot be removed is told.
pub(super) fn remove(
    setting: &Setting<'_>,
    revisions: &[RevisionFacts],
    launcher: &mut Launcher,
) -> Vec<String> {
    let mut complaints = Vec::new();
    for (_, folder, _) in folders(setting, revisions) {
        let base = &setting.experiment.base_dir;
        let mut prober = Prober { launcher, env: setting.base_env };
        if let Ok(git) = prober.find("git", base) {
            remove_one(&mut prober, &git, base, &folder);
        }
        if folder.exists() {
            complaints.push(format!("{} could not be removed", folder.display()));
        }
    }
    // Empty by now, unless something was told.
    drop(std::fs::remove_dir(setting.run_dir.join("revisions")));
    complaints
}

fn remove_one(prober: &mut Prober<'_>, git: &Path, base: &Path, folder: &Path) {
    let place = folder.display().to_string();
    // It fails where there is none, which is what is wanted.
    drop(prober.ask_for(git, &["worktree", "remove", "--force", &place], base, CHECKOUT_TIMEOUT));
    drop(std::fs::remove_dir_all(folder));
    drop(prober.ask(git, &["worktree", "prune"], base));
}

/// Each revision with its folder and the cells that it is for.
fn folders<'r>(
    setting: &Setting<'_>,
    revisions: &'r [RevisionFacts],
) -> Vec<(&'r RevisionFacts, PathBuf, Vec<CellIx>)> {
    let mut all = Vec::new();
    for revision in revisions {
        let is_meant = |cell: &CellIx| {
            let cell = setting.matrix.cell(*cell);
            let action = &setting.experiment.workloads[cell.workload].action;
            let has_revisions =
                matches!(action, Action::Command(command) if !command.revisions.is_empty());
            let level = setting.matrix.level(cell, REVISION);
            has_revisions && level.is_some_and(|level| level.value().to_string() == revision.name)
        };
        let cells: Vec<CellIx> =
            (0..setting.matrix.len()).map(CellIx::new).filter(is_meant).collect();
        let folder = cells.first().and_then(|cell| placeholder_of_cell(setting, *cell, REV_DIR));
        if let Some(folder) = folder {
            all.push((revision, PathBuf::from(folder), cells));
        }
    }
    all
}
