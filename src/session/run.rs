//! One run from the loaded file to the finished directory, or the rest of one.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::finish::{self, Finished};
use super::{Error, Loaded, Planned, archive, preflight, record, replay, revisions, sinks};
use crate::analysis::{Evidence, FamilyStop, Watch};
use crate::clock;
use crate::design::gate::Rule;
use crate::event::SinkError;
use crate::exec::past::History;
use crate::exec::{self, Blocked, Run};
use crate::host::Fact;
use crate::measure::Observation;
use crate::process::{Launcher, SELF_EXE, SpawnPath, open_files_limit};
use crate::report::journal::{Durability, ReadError};
use crate::report::progress::Display;
use crate::report::screen::{Drawing, Style};
use crate::store::manifest::RevisionFacts;
use crate::store::{LockError, Manifest, RunDir, RunLock, notes};
use crate::trial::Setting;

/// What the command line decides about a run.
pub struct Options {
    /// Directory of all results.
    pub output: PathBuf,
    /// Keep the output of every trial.
    pub keep_output: bool,
    /// How children are started.
    pub spawn_path: SpawnPath,
    /// Where progress is shown, if anywhere.
    pub display: Option<Display>,
    /// The arguments of the command line, for the manifest.
    pub arguments: Vec<String>,
    /// The environment of the runner.
    pub base_env: Vec<(OsString, OsString)>,
    /// How the result screen is laid out.
    pub style: Style,
    /// What is drawn on it.
    pub drawing: Drawing,
    /// How often the journal is synced to the disk.
    pub durability: Durability,
    /// When the session must be over, in ms since 1970, if that was asked for.
    pub by_ms: Option<i64>,
    /// A gate that wins over that of the file.
    pub gate: Option<Rule>,
    /// Commits that revisions are, whatever git says today.
    pub revisions: Vec<RevisionFacts>,
}

/// What the stages of one run share.
pub(super) struct Ground<'a> {
    pub(super) loaded: &'a Loaded,
    pub(super) planned: &'a Planned,
    pub(super) dir: RunDir,
    pub(super) started_ms: i64,
    pub(super) style: Style,
    /// A gate that wins over that of the file.
    pub(super) gate: Option<Rule>,
    pub(super) drawing: Drawing,
    /// This binary.
    pub(super) exe: PathBuf,
    /// Keeps other runners out of the directory.
    pub(super) _lock: RunLock,
}

impl Ground<'_> {
    /// The view that the trial room takes.
    pub(super) fn setting<'a>(&'a self, options: &'a Options) -> Setting<'a> {
        Setting {
            experiment: &self.loaded.experiment,
            matrix: &self.loaded.matrix,
            plan: &self.planned.plan,
            base_env: &options.base_env,
            exe: &self.exe,
            run_dir: self.run_dir(),
        }
    }

    pub(super) fn run_dir(&self) -> &Path {
        &self.dir.path
    }

    pub(super) fn run_id(&self) -> &str {
        &self.dir.run_id
    }

    /// The run's directory, for people.
    pub(super) fn place(&self) -> String {
        self.dir.path.display().to_string()
    }

    /// The link to the newest run, if it leads to this one; otherwise its directory.
    pub(super) fn latest(&self) -> String {
        self.dir.short_path().display().to_string()
    }

    pub(super) fn evidence<'a>(
        &'a self,
        observations: &'a [Observation],
        stops: &'a [FamilyStop],
        manifest: &Manifest,
    ) -> Evidence<'a> {
        Evidence {
            experiment: &self.loaded.experiment,
            matrix: &self.loaded.matrix,
            plan: &self.planned.plan,
            observations,
            stops,
            empty_process_ns: manifest.launcher.empty_process_ns.known().copied(),
        }
    }
}

/// What earlier sessions have left; nothing, for a new run.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// The journal has its first line.
    pub(super) has_header: bool,
    /// Number of the next event.
    pub(super) next_seq: u64,
    /// What the attempts on record amount to.
    pub(super) history: History,
}

impl Before {
    /// Cells whose repeats are chosen as the run goes, after what is on record of them.
    fn watch(&self, ground: &Ground<'_>) -> Result<Option<Watch>, ReadError> {
        let Loaded { experiment, matrix, .. } = ground.loaded;
        let Some(mut watch) = Watch::of(experiment, matrix) else { return Ok(None) };
        self.history.recall(&mut watch);
        if self.has_header {
            let show = |row: &Observation| self.history.show(row, &mut watch);
            replay::each_row(ground.run_dir(), ground.planned, show)?;
        }
        Ok(Some(watch))
    }
}

/// The right to write into the directory of a run.
pub(super) fn lock(run_dir: &Path) -> Result<RunLock, Error> {
    RunLock::take(run_dir).map_err(|error| match error {
        LockError::Held(reason) => Error::Run { path: run_dir.to_owned(), reason },
        LockError::Store(error) => Error::Store(error),
    })
}

/// Files that the runner has open whatever it does: its own, and those of one launcher.
const OPEN_FILES: u64 = 24;

/// Looks whether the limit on open files lets all slots work at the same time, so that no trial
/// fails because of it.
pub(super) fn enough_files(loaded: &Loaded) -> Result<(), Error> {
    let workloads = &loaded.experiment.workloads;
    let cells = loaded.matrix.cells().iter();
    let commands = cells.filter(|cell| workloads[cell.workload].is_command());
    let lanes = commands.map(|cell| u64::from(cell.workers)).max().unwrap_or(1);
    let needed = OPEN_FILES + 2 * u64::from(loaded.experiment.protocol.jobs) * lanes;
    match open_files_limit() {
        Some(limit) if limit < needed => Err(Error::OpenFiles { limit, needed }),
        _ => Ok(()),
    }
}

/// A small process that starts others, for what comes before the first trial.
pub(super) fn launcher(options: &Options) -> Result<Launcher, Error> {
    Ok(Launcher::start(Path::new(SELF_EXE), options.spawn_path)?)
}

/// Carries out a planned experiment and writes its results.
pub fn run(loaded: &Loaded, planned: &Planned, options: Options) -> Result<Finished, Error> {
    let exe = std::env::current_exe()?;
    let started_ms = clock::unix_ms();
    enough_files(loaded)?;
    let mut launcher = launcher(&options)?;
    let known = &options.revisions;
    let revisions =
        revisions::resolve(&loaded.experiment, known, (&mut launcher, &options.base_env))?;
    let dir = RunDir::create(&options.output, &loaded.experiment.name, started_ms)?;
    let _lock = lock(&dir.path)?;
    let (style, drawing, gate) = (options.style, options.drawing, options.gate.clone());
    let ground = Ground { loaded, planned, dir, started_ms, style, drawing, gate, exe, _lock };
    archive::write(&ground)?;
    let experiment = &loaded.experiment;
    notes::begin(
        ground.run_dir(),
        &notes::template(&experiment.title, experiment.question.as_deref()),
    )?;
    let mut manifest = record::manifest(&ground, &options, &mut launcher);
    manifest.revisions = revisions;
    let unchanged = (Vec::new(), Fact::unknown("nothing has changed"));
    manifest.begin_session(record::session(1, started_ms, &options.arguments, unchanged));
    manifest.write(ground.run_dir())?;
    let setting = ground.setting(&options);
    let absent = revisions::check_out(&setting, &manifest.revisions, &mut launcher);
    let blocked = preflight::build(&setting, &mut launcher, absent)?;
    manifest.programs = preflight::programs(&setting, &mut launcher);
    manifest.scripts = preflight::scripts(&setting);
    drop(launcher);
    manifest.write(ground.run_dir())?;
    go(&ground, manifest, blocked, Before::default(), options)
}

/// Runs the trials that are left and finishes the run. The manifest names this session last.
pub(super) fn go(
    ground: &Ground<'_>,
    mut manifest: Manifest,
    blocked: Vec<Option<Blocked>>,
    before: Before,
    options: Options,
) -> Result<Finished, Error> {
    let refuse = |error: ReadError| Error::Run {
        path: ground.run_dir().to_owned(),
        reason: error.to_string(),
    };
    let watch = before.watch(ground).map_err(refuse)?;
    let shown = options.display.map(|display| (display, watch.clone()));
    let (sink, first_seq) = sinks::open(ground, &manifest, &before, shown, options.durability)
        .map_err(|error| no_record(ground, error))?;
    let run = Arc::new(Run {
        experiment: Arc::clone(&ground.loaded.experiment),
        matrix: Arc::clone(&ground.loaded.matrix),
        plan: Arc::clone(&ground.planned.plan),
        base_env: options.base_env,
        exe: ground.exe.clone(),
        run_dir: ground.run_dir().to_owned(),
        blocked,
        keep_output: options.keep_output,
        session: record::number(&manifest),
        first_seq,
        past: Arc::new(before.history.past),
        by_ms: options.by_ms,
        watch,
        spent_ns: before.history.spent_ns,
    });
    let end = exec::execute(&run, Box::new(sink), options.spawn_path.into());
    let left = clear(ground, &manifest, &run.base_env, options.spawn_path);
    let mut finished = finish::finish(ground, &mut manifest, end?);
    finished.complaints.extend(left);
    Ok(finished)
}

/// Removes the folders of revisions, whatever became of the run.
fn clear(
    ground: &Ground<'_>,
    manifest: &Manifest,
    base_env: &[(OsString, OsString)],
    spawn_path: SpawnPath,
) -> Vec<String> {
    if manifest.revisions.is_empty() {
        return Vec::new();
    }
    let setting = Setting {
        experiment: &ground.loaded.experiment,
        matrix: &ground.loaded.matrix,
        plan: &ground.planned.plan,
        base_env,
        exe: &ground.exe,
        run_dir: ground.run_dir(),
    };
    match Launcher::start(Path::new(SELF_EXE), spawn_path) {
        Ok(mut launcher) => revisions::remove(&setting, &manifest.revisions, &mut launcher),
        Err(error) => vec![format!("the folders of revisions could not be removed: {error}")],
    }
}

fn no_record(ground: &Ground<'_>, error: SinkError) -> Error {
    let path = ground.run_dir().join(error.name);
    Error::Store(crate::store::StoreError::new("write", &path, error.source))
}
