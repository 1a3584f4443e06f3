//! A run that did not come to its end is carried on: in its directory, by its archived plan.
//!
//! Exactly the trials that are left are run, in the planned order and with the planned seeds.
//! Nothing is changed before it is known that nothing has changed, or that the user accepts it.

use std::path::{Path, PathBuf};

use super::finish::{self, Finished};
use super::replay::{self, JOURNAL};
use super::run::{self, Before, Ground, Options};
use super::{Error, Loaded, Planned, archive, guard, preflight, record, revisions};
use crate::clock;
use crate::event::Outline;
use crate::exec::RunEnd;
use crate::exec::past;
use crate::host::Fact;
use crate::process::SpawnPath;
use crate::report::journal::ReadError;
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
    /// The experiment: the archived one, or the one that the run is extended with.
    pub loaded: Loaded,
    /// Its plan.
    pub planned: Planned,
    /// What the user should know, a line each.
    pub notes: Vec<String>,
    /// Trials that are not run again.
    pub done: usize,
    pub(super) manifest: Manifest,
    pub(super) dir: RunDir,
    pub(super) lock: RunLock,
    pub(super) record: Record,
    pub(super) accept: Option<String>,
    /// What of the things that make up the plan is not as it was.
    pub(super) changes: Vec<Change>,
    /// The command that does the same.
    pub(super) again: String,
    /// The experiment is not yet that of the run.
    pub(super) is_extension: bool,
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
    let archive::Archived { loaded, planned, changes } = archive::read(run_dir, &manifest)?;
    let mut record = read_journal(run_dir, &manifest.run_id, &planned).map_err(refuse)?;
    if wish.failed {
        record.before.history.past = record.before.history.past.with_failed_again();
    }
    let dir = RunDir::existing(run_dir, &manifest.run_id);
    let notes = lock.taken_over.iter().map(|text| format!("the lock was {text}")).collect();
    let done = record.before.history.past.done();
    let (accept, again) = (wish.accept, command(run_dir));
    let is_extension = false;
    Ok(Resumed {
        loaded,
        planned,
        notes,
        done,
        manifest,
        dir,
        lock,
        record,
        accept,
        changes,
        again,
        is_extension,
    })
}

/// What the journal says when it is read to be gone on with.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) before: Before,
    /// Bytes of whole lines; the rest of the last line is cut off.
    whole_bytes: u64,
    /// There is a journal, whole or not.
    has_journal: bool,
    /// Time in the record, in ns.
    elapsed_ns: u64,
}

/// Reads the journal and keeps what its events amount to. Its runner may have died before the
/// first line was whole.
pub(super) fn read_journal(
    run_dir: &Path,
    run_id: &str,
    planned: &Planned,
) -> Result<Record, String> {
    let has_journal = run_dir.join(JOURNAL).exists();
    let mut journal = match replay::open(run_dir) {
        Err(ReadError::Empty) => return Ok(Record { has_journal, ..Record::default() }),
        Err(ReadError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Record { has_journal, ..Record::default() });
        }
        journal => journal.map_err(|error| error.to_string())?,
    };
    if journal.header.run_id != run_id {
        return Err(format!("its journal is that of {}", journal.header.run_id));
    }
    let plans = planned.plans();
    let plans: Vec<past::Planned<'_>> =
        plans.iter().map(|plan| plan as past::Planned<'_>).collect();
    let mut reader = past::Reader::new(&plans);
    let mut elapsed_ns = 0;
    while let Some(event) = journal.event_as::<Outline>().map_err(|error| error.to_string())? {
        elapsed_ns = event.elapsed_ns;
        reader.take(&event).map_err(|error| format!("journal.jsonl, {error}"))?;
    }
    let mut history = reader.finish();
    history.spare(planned.plan.trials());
    let before = Before { has_header: true, next_seq: journal.next_seq(), history };
    Ok(Record { before, whole_bytes: journal.whole_bytes(), has_journal, elapsed_ns })
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
        let Self { loaded, planned, mut manifest, dir, record, accept, changes, again, .. } = self;
        let Record { before, whole_bytes, has_journal, elapsed_ns } = record;
        let (started_ms, style, exe) = (clock::unix_ms(), options.style, std::env::current_exe()?);
        run::enough_files(&loaded)?;
        let (loaded, planned, _lock) = (&loaded, &planned, self.lock);
        let (gate, drawing) = (options.gate.take(), options.drawing);
        let ground = Ground { loaded, planned, dir, started_ms, style, drawing, gate, exe, _lock };
        if self.done == planned.plan.len() {
            cut(ground.run_dir(), JOURNAL, whole_bytes)?;
            archive::refresh(&ground)?;
            let counts = before.history.past.counts(planned.plan.len());
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
        let is_extension = self.is_extension;
        let found = |now: &Manifest| {
            let mut all = guard::changes(&manifest, now, is_extension);
            all.extend(changes.iter().cloned());
            all
        };
        judge(&ground, &manifest, &found(&now), (accept.as_deref(), &again))?;
        let setting = ground.setting(&options);
        let absent = revisions::check_out(&setting, &manifest.revisions, &mut launcher);
        let blocked = preflight::build(&setting, &mut launcher, absent)?;
        now.programs = preflight::programs(&setting, &mut launcher);
        now.scripts = preflight::scripts(&setting);
        drop(launcher);
        let changes = found(&now);
        let accepted = judge(&ground, &manifest, &changes, (accept.as_deref(), &again))?;
        if is_extension {
            archive::extend(&ground, &mut manifest, &now)?;
        }
        let number = before.history.sessions.max(record::number(&manifest)) + 1;
        let session = record::session(number, started_ms, &options.arguments, (changes, accepted));
        manifest.begin_session(session);
        record::add_programs(&mut manifest, now);
        manifest.write(ground.run_dir())?;
        archive::refresh(&ground)?;
        sweep(ground.run_dir());
        if has_journal {
            cut(ground.run_dir(), JOURNAL, whole_bytes)?;
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
    (accept, again): (Option<&str>, &str),
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
    let (path, again) = (ground.run_dir().to_owned(), again.to_owned());
    Err(Error::Changed { path, changes: new, again })
}
