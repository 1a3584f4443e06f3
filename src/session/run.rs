//! One run from the loaded file to the finished directory.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::finish::{self, Finished};
use super::preflight::{self, Prober};
use super::{Error, Loaded, Planned};
use crate::analysis::Evidence;
use crate::clock;
use crate::event::SinkError;
use crate::exec::{self, Run};
use crate::host::{Fact, Root, Snapshot};
use crate::measure::Observation;
use crate::plan::trials::hex;
use crate::process::{Launcher, SELF_EXE, SpawnPath};
use crate::report::Fanout;
use crate::report::csv::TrialTable;
use crate::report::journal::{self, Durability, Header, Journal};
use crate::report::live::LiveTable;
use crate::report::progress::{Display, Progress};
use crate::report::screen::Style;
use crate::spec::{BaseFile, Chosen};
use crate::store::directory::LATEST;
use crate::store::manifest::{
    BaseFacts, ExperimentFacts, Invocation, LauncherFacts, PlanFacts, ProfileFacts, ProtocolFacts,
    RunnerFacts, methods, time_text,
};
use crate::store::redact;
use crate::store::{Manifest, RunDir, append, notes, write_atomic};
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
    /// How often the journal is synced to the disk.
    pub durability: Durability,
}

/// What the stages of one run share.
pub(super) struct Ground<'a> {
    pub(super) loaded: &'a Loaded,
    pub(super) planned: &'a Planned,
    pub(super) dir: RunDir,
    pub(super) started_ms: i64,
    pub(super) style: Style,
}

impl Ground<'_> {
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

    /// The link to the newest run, which this one is when it is over.
    pub(super) fn latest(&self) -> String {
        let parent = self.dir.path.parent().unwrap_or(Path::new("."));
        parent.join(LATEST).display().to_string()
    }

    pub(super) fn evidence<'a>(&'a self, observations: &'a [Observation]) -> Evidence<'a> {
        Evidence {
            experiment: &self.loaded.experiment,
            matrix: &self.loaded.matrix,
            plan: &self.planned.plan,
            observations,
        }
    }
}

/// Carries out a planned experiment and writes its results.
pub fn run(loaded: &Loaded, planned: &Planned, options: Options) -> Result<Finished, Error> {
    let exe = std::env::current_exe()?;
    let started_ms = clock::unix_ms();
    let dir = RunDir::create(&options.output, &loaded.experiment.name, started_ms)?;
    let ground = Ground { loaded, planned, dir, started_ms, style: options.style };
    archive(&ground)?;
    let experiment = &loaded.experiment;
    notes::begin(
        ground.run_dir(),
        &notes::template(&experiment.title, experiment.question.as_deref()),
    )?;
    let mut launcher = Launcher::start(Path::new(SELF_EXE), options.spawn_path)?;
    let setting = Setting {
        experiment,
        matrix: &loaded.matrix,
        plan: &planned.plan,
        base_env: &options.base_env,
        exe: &exe,
        run_dir: ground.run_dir(),
    };
    let mut manifest = manifest(&ground, &setting, &options.arguments, &mut launcher);
    manifest.write(ground.run_dir())?;
    let blocked = preflight::build(&setting, &mut launcher)?;
    drop(launcher);
    let sink = sinks(&ground, options.display, options.durability)
        .map_err(|error| no_record(&ground, error))?;
    let run = Arc::new(Run {
        experiment: Arc::clone(experiment),
        matrix: Arc::clone(&loaded.matrix),
        plan: Arc::clone(&planned.plan),
        base_env: options.base_env,
        exe,
        run_dir: ground.run_dir().to_owned(),
        blocked,
        keep_output: options.keep_output,
    });
    let end = exec::execute(&run, Box::new(sink), options.spawn_path.into())?;
    Ok(finish::finish(&ground, &mut manifest, end))
}

/// Copies every file of the experiment into the directory of the run.
fn archive(ground: &Ground<'_>) -> Result<(), Error> {
    let loaded = ground.loaded;
    write_atomic(ground.run_dir(), "experiment.toml", &loaded.bytes)?;
    let resolved = loaded.resolved(Some(ground.planned));
    write_atomic(ground.run_dir(), "resolved.toml", resolved.as_bytes())?;
    for (index, base) in loaded.bases.iter().enumerate() {
        write_atomic(ground.run_dir(), &archived_name(index), &base.bytes)?;
    }
    Ok(())
}

/// What the copy of an extended file is called, the nearest one 1.
fn archived_name(index: usize) -> String {
    format!("experiment.base-{}.toml", index + 1)
}

fn base_facts((index, base): (usize, &BaseFile)) -> BaseFacts {
    BaseFacts {
        path: base.path.display().to_string(),
        absolute_path: base.full_path.display().to_string(),
        sha256: format!("sha256:{}", hex(&Sha256::digest(&base.bytes))),
        archived_as: archived_name(index),
    }
}

fn profile_facts(chosen: &Chosen) -> ProfileFacts {
    ProfileFacts { name: chosen.name.clone(), by_host: chosen.by_host }
}

fn no_record(ground: &Ground<'_>, error: SinkError) -> Error {
    let path = ground.run_dir().join(error.name);
    Error::Store(crate::store::StoreError::new("write", &path, error.source))
}

fn sinks(
    ground: &Ground<'_>,
    display: Option<Display>,
    durability: Durability,
) -> Result<Fanout, SinkError> {
    let loaded = ground.loaded;
    let plan = &ground.planned.plan;
    let open = |name: &str| {
        append(ground.run_dir(), name)
            .map_err(|error| SinkError { name: name.to_owned(), source: error.source })
    };
    let header = Header {
        journal: journal::VERSION,
        run_id: ground.run_id().to_owned(),
        runner: env!("CARGO_PKG_VERSION").to_owned(),
        experiment_sha256: hex(&Sha256::digest(&loaded.bytes)),
        plan_sha256: plan.fingerprint().to_owned(),
        seed: plan.seed(),
        trials: plan.len() as u64,
        only: loaded.request.only.clone(),
        set: loaded.request.set.clone(),
        profile: loaded.profile.as_ref().map(|profile| profile.name.clone()),
    };
    let journal = Journal::begin(open("journal.jsonl")?, &header, durability)?;
    let table = TrialTable::new(&loaded.experiment, &loaded.matrix, plan, ground.run_id());
    let live = LiveTable::begin(open("trials.csv")?, table)?;
    let mut fanout = Fanout::default().vital(journal).vital(live);
    if let Some(display) = display {
        let progress = Progress::new(&loaded.experiment, &loaded.matrix, plan, display);
        fanout = fanout.best_effort(progress);
    }
    Ok(fanout)
}

fn manifest(
    ground: &Ground<'_>,
    setting: &Setting<'_>,
    arguments: &[String],
    launcher: &mut Launcher,
) -> Manifest {
    let loaded = ground.loaded;
    let experiment = &loaded.experiment;
    let launcher_facts = LauncherFacts {
        spawn_path: Fact::Known(launcher.spawn_path().as_str().to_owned()),
        rss_floor_bytes: Fact::Known(launcher.rss_floor_bytes()),
    };
    let mut prober = Prober { launcher, env: setting.base_env };
    let absolute = std::path::absolute(&loaded.path).unwrap_or_else(|_| loaded.path.clone());
    let unfinished = "the run has not ended";
    Manifest {
        schema_version: crate::store::manifest::SCHEMA_VERSION,
        run_id: ground.run_id().to_owned(),
        started_at: time_text(ground.started_ms),
        finished_at: Fact::unknown(unfinished),
        exit_reason: Fact::unknown(unfinished),
        counts: Fact::unknown(unfinished),
        experiment: ExperimentFacts {
            name: experiment.name.clone(),
            title: experiment.title.clone(),
            question: Fact::from_option(experiment.question.clone(), "the file has none"),
            path: loaded.path.display().to_string(),
            absolute_path: absolute.display().to_string(),
            sha256: format!("sha256:{}", hex(&Sha256::digest(&loaded.bytes))),
            extends: loaded.bases.iter().enumerate().map(base_facts).collect(),
            profile: Fact::from_option(
                loaded.profile.as_ref().map(profile_facts),
                "no profile is in force",
            ),
            revision: prober.revision(&experiment.base_dir),
        },
        plan: PlanFacts::of(&ground.planned.plan, &loaded.matrix, ground.planned.seed_drawn),
        protocols: ProtocolFacts::of(experiment, &loaded.matrix),
        methods: methods(experiment),
        invocation: Invocation {
            arguments: arguments.to_vec(),
            set: loaded.request.set.clone(),
            only: loaded.request.only.clone(),
            working_directory: Fact::from(
                std::env::current_dir()
                    .map(|dir| dir.display().to_string())
                    .map_err(|error| error.to_string()),
            ),
            environment: redact::environment(setting.base_env),
        },
        runner: RunnerFacts::of_this_build(Fact::from(
            std::env::current_exe()
                .map(|exe| exe.display().to_string())
                .map_err(|error| error.to_string()),
        )),
        launcher: launcher_facts,
        programs: prober.programs(setting),
        host: Snapshot::read(&Root::system(), ground.run_dir()),
    }
}
