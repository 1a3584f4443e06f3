//! What is recorded of a run and of the process that carries it out.

use sha2::{Digest, Sha256};

use super::Request;
use super::archive;
use super::preflight::Prober;
use super::run::{Ground, Options};
use crate::design::{Matrix, Workload};
use crate::event::Session;
use crate::host::{Fact, Root, Snapshot};
use crate::plan::trials::hex;
use crate::process::{Launcher, missing_counters};
use crate::spec::Chosen;
use crate::store::lock::Owner;
use crate::store::manifest::{
    Change, ExperimentFacts, Invocation, LauncherFacts, PlanFacts, ProfileFacts, ProtocolFacts,
    RunnerFacts, SessionFacts, UNFINISHED, kernels, methods, time_text,
};
use crate::store::{Manifest, redact};

/// How often `true` is started before the first trial: some ten milliseconds.
const EMPTY_PROCESSES: usize = 21;

/// The counters that some cell asks for and this system does not have.
fn missing(matrix: &Matrix) -> Vec<String> {
    if !matrix.protocols().iter().any(|(entry, _)| entry.protocol.counters) {
        return Vec::new();
    }
    let all = missing_counters().into_iter();
    all.map(|(counter, why)| format!("{}: {why}", counter.as_str())).collect()
}

/// The number of the session that a manifest names last.
pub(super) fn number(manifest: &Manifest) -> u32 {
    manifest.sessions.last().map_or(1, |session| session.number)
}

/// That session as the journal announces it.
pub(super) fn announced(manifest: &Manifest) -> Session {
    let this = Owner::this();
    Session {
        number: number(manifest),
        pid: this.pid,
        boot_id: this.boot_id,
        runner: env!("CARGO_PKG_VERSION").to_owned(),
        changed: manifest.sessions.last().is_some_and(|session| !session.changes.is_empty()),
    }
}

/// Adds the programs and scripts that the manifest does not know yet, as they are now.
pub(super) fn add_programs(manifest: &mut Manifest, now: Manifest) {
    for program in now.programs {
        if manifest.programs.iter().all(|known| known.name != program.name) {
            manifest.programs.push(program);
        }
    }
    for script in now.scripts {
        if manifest.scripts.iter().all(|known| known.path != script.path) {
            manifest.scripts.push(script);
        }
    }
}

fn profile_facts(chosen: &Chosen) -> ProfileFacts {
    ProfileFacts { name: chosen.name.clone(), by_host: chosen.by_host }
}

/// This process as a session of a run. `accepted`: why the user goes on in spite of `changes`.
pub(super) fn session(
    number: u32,
    started_ms: i64,
    arguments: &[String],
    (changes, accepted): (Vec<Change>, Fact<String>),
) -> SessionFacts {
    let this = Owner::this();
    SessionFacts {
        number,
        started_at: time_text(started_ms),
        finished_at: Fact::unknown("it has not ended, or was killed"),
        exit_reason: Fact::unknown("it has not ended, or was killed"),
        pid: this.pid,
        started_ticks: this.started_ticks,
        boot_id: this.boot_id,
        hostname: this.host,
        runner_version: env!("CARGO_PKG_VERSION").to_owned(),
        arguments: arguments.to_vec(),
        changes,
        accepted,
    }
}

/// The record of a run as it would begin now. Its programs are looked at after the builds.
pub(super) fn manifest(
    ground: &Ground<'_>,
    options: &Options,
    launcher: &mut Launcher,
) -> Manifest {
    let loaded = ground.loaded;
    let experiment = &loaded.experiment;
    let empty_process_ns = if experiment.workloads.iter().any(Workload::is_command) {
        Prober { launcher, env: &options.base_env }.empty_process(EMPTY_PROCESSES)
    } else {
        Fact::unknown("no command is measured")
    };
    let launcher_facts = LauncherFacts {
        spawn_path: Fact::Known(launcher.spawn_path().as_str().to_owned()),
        rss_floor_bytes: Fact::Known(launcher.rss_floor_bytes()),
        empty_process_ns,
        missing_counters: missing(&loaded.matrix),
    };
    let mut prober = Prober { launcher, env: &options.base_env };
    let absolute = std::path::absolute(&loaded.path).unwrap_or_else(|_| loaded.path.clone());
    Manifest {
        schema_version: crate::store::manifest::SCHEMA_VERSION,
        run_id: ground.run_id().to_owned(),
        started_at: time_text(ground.started_ms),
        finished_at: Fact::unknown(UNFINISHED),
        exit_reason: Fact::unknown(UNFINISHED),
        counts: Fact::unknown(UNFINISHED),
        experiment: ExperimentFacts {
            name: experiment.name.clone(),
            title: experiment.title.clone(),
            question: Fact::from_option(experiment.question.clone(), "the file has none"),
            path: loaded.path.display().to_string(),
            absolute_path: absolute.display().to_string(),
            sha256: format!("sha256:{}", hex(&Sha256::digest(&loaded.bytes))),
            extends: loaded.bases.iter().enumerate().map(archive::base_facts).collect(),
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
            arguments: options.arguments.clone(),
            set: loaded.request.set.clone(),
            only: loaded.request.only.clone(),
            only_reason: reason(&loaded.request),
            keep_output: options.keep_output,
            working_directory: Fact::from(
                std::env::current_dir()
                    .map(|dir| dir.display().to_string())
                    .map_err(|error| error.to_string()),
            ),
            environment: redact::environment(&options.base_env),
        },
        runner: RunnerFacts::of_this_build(Fact::from(
            std::env::current_exe()
                .map(|exe| exe.display().to_string())
                .map_err(|error| error.to_string()),
        )),
        launcher: launcher_facts,
        programs: Vec::new(),
        scripts: Vec::new(),
        revisions: Vec::new(),
        kernels: kernels(experiment),
        host: Snapshot::read(&Root::system(), ground.run_dir()),
        sessions: Vec::new(),
        earlier: Vec::new(),
    }
}

fn reason(request: &Request) -> Fact<String> {
    let unsaid =
        if request.only.is_empty() { "all cells are meant" } else { "--reason was not given" };
    Fact::from_option(request.reason.clone(), unsaid)
}
