//! A run on the disk, read again: its archived experiment, its plan, its provenance and everything
//! that follows from its journal. Starts nothing and changes nothing.

use std::path::{Path, PathBuf};

use super::derived::{self, Sources};
use super::replay::Replay;
use super::report;
use super::{Error, Loaded, Planned, archive};
use crate::analysis::{Evidence, Findings};
use crate::report::screen::{self, Screen, Style};
use crate::store::{self, Manifest, StoreErrorKind};

/// A run that was read again.
#[derive(Debug)]
pub struct Recorded {
    /// Its directory.
    pub run_dir: PathBuf,
    /// The archived experiment after all layers.
    pub loaded: Loaded,
    /// Its plan, the recorded one.
    pub planned: Planned,
    /// Its provenance.
    pub manifest: Manifest,
    replay: Replay,
}

/// Reads a run.
///
/// # Errors
/// A part of it is missing or damaged, or its plan cannot be made again.
pub fn open(run_dir: &Path) -> Result<Recorded, Error> {
    let refuse = |reason: String| Error::Run { path: run_dir.to_owned(), reason };
    let manifest = Manifest::read(run_dir).map_err(|error| match error.kind {
        StoreErrorKind::Other => refuse(format!("manifest.json: {}", error.source)),
        _ => Error::Store(error),
    })?;
    let archive::Archived { loaded, planned, .. } = archive::read(run_dir, &manifest)?;
    let replay = Replay::read(run_dir, &planned).map_err(|error| refuse(error.to_string()))?;
    if replay.header.run_id != manifest.run_id {
        return Err(refuse(format!("its journal is that of {}", replay.header.run_id)));
    }
    Ok(Recorded { run_dir: run_dir.to_owned(), loaded, planned, manifest, replay })
}

impl Recorded {
    /// Every attempt, and what it is an attempt at.
    #[must_use]
    pub fn evidence(&self) -> Evidence<'_> {
        Evidence {
            experiment: &self.loaded.experiment,
            matrix: &self.loaded.matrix,
            plan: &self.planned.plan,
            observations: &self.replay.observations,
            stops: &self.replay.stops,
            empty_process_ns: self.manifest.launcher.empty_process_ns.known().copied(),
        }
    }

    /// What the run came to.
    #[must_use]
    pub fn findings(&self) -> Findings<'_> {
        Findings::of(self.evidence())
    }

    /// The result screen, as at the end of the run.
    #[must_use]
    pub fn screen(&self, findings: &Findings<'_>, style: Style) -> String {
        let view = Screen {
            findings,
            last_lines: &|trial, attempt| {
                store::last_error_lines(&self.run_dir, &trial.id(), attempt, screen::LAST_LINES)
            },
            elapsed_ns: self.replay.elapsed_ns,
        };
        screen::render(&view, style)
    }

    /// `table.csv`, made anew.
    #[must_use]
    pub fn table(&self) -> Vec<u8> {
        derived::table_of(&self.findings(), &self.manifest)
    }

    /// Makes every derived file of the run, one after the other, as (name, content).
    pub(super) fn each_derived(
        &self,
        findings: &Findings<'_>,
        take: impl FnMut(&str, &derived::Bytes<'_>),
    ) {
        let sources = Sources {
            loaded: &self.loaded,
            planned: &self.planned,
            findings,
            manifest: &self.manifest,
            changed: &self.replay.changed,
            gone: &self.replay.gone,
            texts: &report::texts(&self.run_dir),
        };
        derived::each(&sources, take);
    }

    /// What the first line of the journal says of experiment and plan, as SHA-256 in hex.
    pub(super) fn digests_of_journal(&self) -> (&str, &str) {
        let header = &self.replay.header;
        (&header.experiment_sha256, &header.plan_sha256)
    }
}
