//! Recorded runs side by side: the same cells on several machines, or at several times.

use std::path::PathBuf;

use super::across::{self, Pairing};
use super::recorded::Recorded;
use super::{Error, runs};
use crate::analysis::Findings;
use crate::report::beside::{self, Beside, MOST_RUNS, Source};

/// What runs side by side are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A page.
    Html,
    /// Markdown, without figures.
    Markdown,
    /// One line a run and cell, as in a history.
    Csv,
    /// Everything, for programs.
    Json,
}

/// Reads these runs and says what they say, side by side.
///
/// # Errors
/// One cannot be read or has not ended, one is named twice, there are too many, or two have no cell
/// in common.
pub fn render(dirs: &[PathBuf], format: Format) -> Result<String, Error> {
    let all = across::open(dirs)?;
    refuse(&all)?;
    if format == Format::Csv {
        let runs = all.iter().map(|run| (run.run_dir.clone(), run.manifest.clone())).collect();
        return runs::together(runs).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    }
    let findings: Vec<Findings<'_>> = all.iter().map(Recorded::findings).collect();
    let pairings: Result<Vec<Pairing>, Error> =
        all.iter().map(|run| across::pair(&all[0], run, true)).collect();
    let pairings = pairings?;
    let sources: Vec<Source<'_>> = all
        .iter()
        .zip(&findings)
        .zip(&pairings)
        .map(|((run, findings), pairing)| Source {
            manifest: &run.manifest,
            findings,
            differences: &pairing.differences,
            is_other_machine: pairing.across_machines,
        })
        .collect();
    for (at, run) in all.iter().enumerate().skip(1) {
        if beside::shared_cells(&[sources[0], sources[at]]) == 0 {
            let reason = format!("no cell of it is a cell of {}", all[0].manifest.run_id);
            return Err(Error::Run { path: run.run_dir.clone(), reason });
        }
    }
    let content = Beside::of(&sources);
    Ok(match format {
        Format::Json => content.json(),
        Format::Markdown => beside::markdown(&content),
        Format::Html | Format::Csv => beside::html(&content).map_err(|error| Error::Run {
            path: all[0].run_dir.clone(),
            reason: error.to_string(),
        })?,
    })
}

/// More runs than a page can show.
fn refuse(all: &[Recorded]) -> Result<(), Error> {
    let wrong = |at: usize, reason: String| Error::Run { path: all[at].run_dir.clone(), reason };
    if all.len() > MOST_RUNS {
        let reason = format!("at most {MOST_RUNS} runs are shown side by side");
        return Err(wrong(MOST_RUNS, reason));
    }
    Ok(())
}
