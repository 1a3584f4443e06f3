//! A run that did not come to its end is carried on: in its directory, by its archived plan.
//!
//! Exactly the trials that are left are run, in the planned order and with the planned seeds.
//! Nothing is changed before it is known that nothing has changed, or that the user accepts it.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::finish::{self, Finished};
use super::replay::JOURNAL;
use super::run::{self, Before, Ground, Options};
use super::{Error, Loaded, Planned, archive, guard, preflight, record};
use crate::clock;
use crate::event::{Event, EventKind};
use crate::exec::RunEnd;
use crate::exec::past::History;
use crate::host::Fact;
use crate::measure::Observation;
use crate::process::SpawnPath;
use crate::report::journal::{self, Contents, ReadError};
use crate::store::manifest::Change;
use crate::store::{Manifest, RunDir, RunLock, cut, find_run, sweep, unfinished};

/// What the user wants of a run that is carried on.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Run failed trials again.
    pub failed: bool,
    /// Why to go on although something has changed.
    pub accept: Option<String>,
}

/// A run that can be carried on; nobody else can until it is dropped.
#[derive(Debug)]
pub struct Resumed {
    /// The archived experiment.
    pub loaded: Loaded,
    /// Its plan, the recorded one.
    pub planned: Planned,
    /// What the user should know, a line each.
    pub notes: Vec<String>,
    /// Trials that are not run again.
    pub done: usize,
    manifest: Manifest,
    dir: RunDir,
    lock: RunLock,
    before: Before,
    /// Bytes of whole lines in the journal; the rest of its last line is cut off.
    whole_bytes: u64,
    /// There is a journal, whole or not.
    has_journal: bool,
    /// Time in the record, in ns.
    elapsed_ns: u64,
    accept: Option<String>,
}

/// The directory of the run that is meant: `wanted`, or the newest unfinished one.
///
/// # Errors
/// There is none.
pub fn find(output: &Path, wanted: Option<&str>) -> Result<PathBuf, Error> {
    if wanted.is_some() {
        return find_run(output, wanted).map_err(Error::Estimate);
    }
    let newest = unfinished(output, None).into_iter().next().map(|(run, _)| run);
    newest.ok_or_else(|| {
        Error::NothingLeft(format!(
            "every run in {} has come to its end, or is at work",
            output.display()
        ))
    })
}

/// The directory of the newest unfinished run of an experiment file.
///
/// # Errors
/// There is none.
pub fn find_of(output: &Path, file: &Path) -> Result<PathBuf, Error> {
    if !file.is_file() {
        let reason = super::not_found(file);
        return Err(Error::File { path: file.to_owned(), reason });
    }
    let mut runs = unfinished(output, Some(&stem(file)));
    let absolute = std::path::absolute(file)?;
    let own = runs.iter().position(|(_, manifest)| manifest.is_of(&absolute));
    if let Some(own) = own {
        return Ok(runs.swap_remove(own).0);
    }
    let mut reason = format!("{} has no unfinished run in {}", file.display(), output.display());
    if let Some((run, manifest)) = runs.first() {
        let (run, other) = (run.display(), &manifest.experiment.absolute_path);
        reason.push_str(&format!("; {run} is one of another file, {other}"));
    }
    Err(Error::NothingLeft(reason))
}

/// The newest unfinished run of the same text, which a new run leaves where it is.
#[must_use]
pub fn left_behind(output: &Path, loaded: &Loaded) -> Option<PathBuf> {
    let sha256 = format!("sha256:{}", loaded.sha256());
    let absolute = std::path::absolute(&loaded.path).ok()?;
    let same =
        |manifest: &Manifest| manifest.is_of(&absolute) && manifest.experiment.sha256 == sha256;
    let runs = unfinished(output, Some(&loaded.experiment.name));
    runs.into_iter().find(|(_, manifest)| same(manifest)).map(|(run, _)| run)
}

fn stem(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// What carries a run on, as a shell takes it.
#[must_use]
pub fn command(run_dir: &Path) -> String {
    format!("runner resume {}", super::plan_file::word(&run_dir.to_string_lossy()))
}

/// Opens a run to be carried on, and changes nothing in it yet.
///
/// # Errors
/// Another process writes it, or its record cannot be read or is damaged.
pub fn open(run_dir: &Path, wish: Wish) -> Result<Resumed, Error> {
    let refuse = |reason: String| Error::Run { path: run_dir.to_owned(), reason };
    let lock = run::lock(run_dir)?;
    let manifest = Manifest::read(run_dir)?;
    let (loaded, planned) = archive::read(run_dir, &manifest)?;
    let plan = &planned.plan;
    let contents = read_journal(run_dir).map_err(|error| refuse(error.to_string()))?;
    let (events, whole_bytes) = match contents {
        Some(contents) if contents.header.run_id != manifest.run_id => {
            return Err(refuse(format!("its journal is that of {}", contents.header.run_id)));
        }
        Some(contents) => (Some(contents.events), contents.whole_bytes),
        None => (None, 0),
    };
    let has_header = events.is_some();
    let has_journal = run_dir.join(JOURNAL).exists();
    let events = events.unwrap_or_default();
    let planned_trial = |order: usize| (order < plan.len()).then(|| plan.trial(order));
    let mut history = History::of(&events, &planned_trial)
        .map_err(|error| refuse(format!("journal.jsonl, {error}")))?;
    if wish.failed {
        history.past = history.past.with_failed_again();
    }
    let last_seq = events.last().map(|event| event.seq);
    let before = Before {
        has_header,
        next_seq: last_seq.map_or(0, |seq| seq + 1),
        rows: events.iter().filter_map(row).cloned().collect(),
        history,
    };
    let elapsed_ns = events.last().map_or(0, |event| event.elapsed_ns);
    let dir = RunDir::existing(run_dir, &manifest.run_id);
    let notes = lock.taken_over.iter().map(|text| format!("the lock was {text}")).collect();
    let done = before.history.past.done();
    let accept = wish.accept;
    Ok(Resumed {
        loaded,
        planned,
        notes,
        done,
        manifest,
        dir,
        lock,
        before,
        whole_bytes,
        has_journal,
        elapsed_ns,
        accept,
    })
}

fn row(event: &Event) -> Option<&Observation> {
    match &event.kind {
        EventKind::TrialFinished(observation) | EventKind::AttemptFailed(observation) => {
            Some(observation)
        }
        _ => None,
    }
}

/// The journal; nothing when its runner died before the first line was whole.
fn read_journal(run_dir: &Path) -> Result<Option<Contents>, ReadError> {
    let file = match File::open(run_dir.join(JOURNAL)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    match journal::read(BufReader::new(file)) {
        Ok(contents) => Ok(Some(contents)),
        Err(ReadError::Empty) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Resumed {
    /// Trials that are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.planned.plan.len() - self.done
    }

    /// Runs what is left. When nothing is, the tables are made from the journal again.
    ///
    /// # Errors
    /// Something has changed and the user has not accepted it; or as for a new run.
    pub fn carry_on(self, mut options: Options) -> Result<Finished, Error> {
        let Self { loaded, planned, mut manifest, dir, before, accept, .. } = self;
        let (started_ms, style, exe) = (clock::unix_ms(), options.style, std::env::current_exe()?);
        let (loaded, planned, _lock) = (&loaded, &planned, self.lock);
        let ground = Ground { loaded, planned, dir, started_ms, style, exe, _lock };
        if self.done == planned.plan.len() {
            cut(ground.run_dir(), JOURNAL, self.whole_bytes)?;
            let counts = before.history.past.counts(planned.plan.len());
            let elapsed_ns = self.elapsed_ns;
            let end = RunEnd { counts, cancelled: None, sink_error: None, elapsed_ns };
            return Ok(finish::finish(&ground, &mut manifest, end));
        }
        options.spawn_path = match manifest.launcher.spawn_path.known().map(String::as_str) {
            Some("std") => SpawnPath::Std,
            _ => SpawnPath::Clone,
        };
        options.keep_output |= manifest.invocation.keep_output;
        options.base_env = archive::environment(&manifest, &options.base_env).0;
        let mut launcher = run::launcher(&options)?;
        let mut now = record::manifest(&ground, &options, &mut launcher);
        // Asked twice: a build may take long, and may make another program. Before it, programs
        // and scripts are not looked at.
        now.programs.clone_from(&manifest.programs);
        now.scripts.clone_from(&manifest.scripts);
        judge(&ground, &manifest, &guard::changes(&manifest, &now), accept.as_deref())?;
        let setting = ground.setting(&options);
        let blocked = preflight::build(&setting, &mut launcher)?;
        now.programs = preflight::programs(&setting, &mut launcher);
        now.scripts = preflight::scripts(&setting);
        drop(launcher);
        let changes = guard::changes(&manifest, &now);
        let accepted = judge(&ground, &manifest, &changes, accept.as_deref())?;
        let number = before.history.sessions.max(record::number(&manifest)) + 1;
        let session = record::session(number, started_ms, &options.arguments, (changes, accepted));
        manifest.begin_session(session);
        if manifest.programs.is_empty() {
            manifest.programs = now.programs;
            manifest.scripts = now.scripts;
        }
        manifest.write(ground.run_dir())?;
        sweep(ground.run_dir());
        if self.has_journal {
            cut(ground.run_dir(), JOURNAL, self.whole_bytes)?;
        }
        run::go(&ground, manifest, blocked, before, options)
    }
}

/// Why the run may go on in spite of what has changed; an error if nobody has said why. What an
/// earlier session was told to accept is not asked again.
fn judge(
    ground: &Ground<'_>,
    manifest: &Manifest,
    changes: &[Change],
    accept: Option<&str>,
) -> Result<Fact<String>, Error> {
    if changes.is_empty() {
        return Ok(Fact::unknown("nothing has changed"));
    }
    if let Some(reason) = accept {
        return Ok(Fact::Known(reason.to_owned()));
    }
    let known =
        |change: &&Change| manifest.sessions.iter().any(|session| session.changes.contains(change));
    let new: Vec<String> =
        changes.iter().filter(|change| !known(change)).map(Change::to_string).collect();
    if new.is_empty() {
        let reasons = manifest.sessions.iter().rev().filter_map(|session| session.accepted.known());
        return Ok(Fact::from_option(
            reasons.into_iter().next().cloned(),
            "an earlier session has accepted it",
        ));
    }
    let (path, again) = (ground.run_dir().to_owned(), command(ground.run_dir()));
    Err(Error::Changed { path, changes: new, again })
}
