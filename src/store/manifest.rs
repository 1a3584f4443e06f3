//! `manifest.json`: everything about a run that is not in its tables.
//!
//! Every key is always there. What is not known is `{"value": null, "reason": "…"}`.

mod earlier;
mod protocol;
mod session;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::write::write_atomic;
use crate::design::{Action, Experiment, Matrix, SkippedPair, StrategyKind, Workload};
use crate::host::programs::ProgramFacts;
use crate::host::revision::Revision;
use crate::host::{Fact, Snapshot};
use crate::plan::Plan;
pub use earlier::EarlierFacts;
pub use protocol::{AdaptiveFacts, ProtocolFacts};
pub use session::{Change, KernelFacts, RevisionFacts, ScriptFacts, SessionFacts};

/// Name of the file.
pub const MANIFEST: &str = "manifest.json";

/// JSON Schema (draft 7) of the file. It is made of the types in this module, by their test.
pub const SCHEMA: &str = include_str!("../../schemas/manifest.schema.json");

/// Why there is no end on record.
pub const UNFINISHED: &str = "the run has not ended";

/// Counts up when a key changes its meaning or goes away.
pub const SCHEMA_VERSION: u32 = 1;

/// The record of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Manifest {
    /// [`SCHEMA_VERSION`] of the runner that wrote it.
    pub schema_version: u32,
    /// The id of the run.
    pub run_id: String,
    /// Start on the wall clock, RFC 3339 in UTC.
    pub started_at: String,
    /// End on the wall clock.
    pub finished_at: Fact<String>,
    /// Why the run ended: `completed`, or why it was cancelled.
    pub exit_reason: Fact<String>,
    /// What became of the trials.
    pub counts: Fact<TrialCounts>,
    /// What was run.
    pub experiment: ExperimentFacts,
    /// What was planned.
    pub plan: PlanFacts,
    /// How each workload was repeated, isolated and limited, all defaults filled in.
    pub protocols: Vec<ProtocolFacts>,
    /// What the numbers are, in sentences for reports.
    pub methods: Vec<String>,
    /// How the runner was called.
    pub invocation: Invocation,
    /// Which runner.
    pub runner: RunnerFacts,
    /// How children were started.
    pub launcher: LauncherFacts,
    /// Programs that commands and `requires` name, as they are after the builds.
    pub programs: Vec<ProgramFacts>,
    /// Scripts that arguments name, and files that standard input comes from, after the builds.
    #[serde(default)]
    pub scripts: Vec<ScriptFacts>,
    /// Revisions that workloads name, and the commits that they were.
    #[serde(default)]
    pub revisions: Vec<RevisionFacts>,
    /// Built-in kernels that workloads use.
    #[serde(default)]
    pub kernels: Vec<KernelFacts>,
    /// The machine at the start.
    pub host: Snapshot,
    /// The processes that have carried it out, one after another.
    #[serde(default)]
    pub sessions: Vec<SessionFacts>,
    /// What it was before it was extended, the first first.
    #[serde(default)]
    pub earlier: Vec<EarlierFacts>,
}

/// What became of the trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TrialCounts {
    /// Trials that ended with status `ok`.
    pub ok: u64,
    /// Trials whose last attempt failed in any way.
    pub failed: u64,
    /// Trials that were ended with the run.
    pub interrupted: u64,
    /// Attempts that failed and were followed by another one.
    pub retried: u64,
    /// Trials that were not started on purpose.
    pub skipped: u64,
    /// Trials that were not needed: the repeats were chosen as the run went.
    #[serde(default)]
    pub spared: u64,
    /// Trials that were never started.
    pub missing: u64,
}

/// The experiment file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ExperimentFacts {
    /// The stem of the file's name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Its question.
    pub question: Fact<String>,
    /// The path as it was given.
    pub path: String,
    /// The same from the root; tells files of the same stem apart.
    pub absolute_path: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// The files that it extends, the nearest first.
    pub extends: Vec<BaseFacts>,
    /// The profile in force.
    pub profile: Fact<ProfileFacts>,
    /// The revision of the repository that the file lies in.
    pub revision: Revision,
}

/// A file that the experiment file extends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BaseFacts {
    /// The path, relative as the experiment file's own.
    pub path: String,
    /// The same from the root.
    pub absolute_path: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Its copy beside the manifest.
    pub archived_as: String,
}

/// The profile that was laid over the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProfileFacts {
    /// Its name.
    pub name: String,
    /// Whether the name of the host chose it, not `--profile`.
    pub by_host: bool,
}

/// What was planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlanFacts {
    /// The master seed as decimal text, since many readers of JSON round large numbers.
    pub seed: String,
    /// Whether the seed was drawn, not given.
    pub seed_drawn: bool,
    /// SHA-256 of the plan.
    pub fingerprint: String,
    /// Cells.
    pub cells: u64,
    /// Trials, warm-up included.
    pub trials: u64,
    /// Trials of the warm-up.
    pub warmup_trials: u64,
    /// Pairs of workload and strategy that were left out.
    pub skipped_pairs: Vec<SkippedFacts>,
    /// Combinations that rules and conditions left out.
    pub skipped_combinations: Vec<SkippedCount>,
    /// What the labels in the tables stand for.
    pub labels: Vec<LabelFacts>,
    /// Files that are levels of a parameter.
    pub inputs: Vec<InputFacts>,
}

/// How many combinations were left out for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SkippedCount {
    /// Why.
    pub reason: String,
    /// How many.
    pub combinations: u64,
}

/// What a label in the tables stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LabelFacts {
    /// The parameter's name.
    pub parameter: String,
    /// What tables and figures show.
    pub label: String,
    /// What commands and kernels got, as text.
    pub value: String,
}

/// A file that is a level of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InputFacts {
    /// The parameter's name.
    pub parameter: String,
    /// The level: the path, relative to the folder of the experiment file.
    pub path: String,
    /// SHA-256 of the content when the run was planned.
    pub sha256: String,
}

impl InputFacts {
    /// Whether both are the same level of the same parameter.
    #[must_use]
    pub fn is_the_file_of(&self, other: &Self) -> bool {
        (&self.parameter, &self.path) == (&other.parameter, &other.path)
    }
}

/// Labels and input files of the levels that some cell may have, each once.
fn notes(matrix: &Matrix) -> (Vec<LabelFacts>, Vec<InputFacts>) {
    let (mut labels, mut inputs) = (Vec::new(), Vec::new());
    for (name, level) in matrix.all_levels() {
        let (parameter, value) = (name.to_string(), level.value().to_string());
        if let Some(sha256) = level.digest() {
            let (path, sha256) = (value.clone(), sha256.to_owned());
            let input = InputFacts { parameter: parameter.clone(), path, sha256 };
            if !inputs.contains(&input) {
                inputs.push(input);
            }
        }
        if let Some(label) = level.label() {
            let label = LabelFacts { parameter, label: label.to_string(), value };
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
    }
    (labels, inputs)
}

/// A pair of workload and strategy that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SkippedFacts {
    /// The workload's name.
    pub workload: String,
    /// The strategy's name.
    pub strategy: String,
    /// Why.
    pub reason: String,
}

impl From<&SkippedPair> for SkippedFacts {
    fn from(pair: &SkippedPair) -> Self {
        Self {
            workload: pair.workload.clone(),
            strategy: pair.strategy.clone(),
            reason: pair.reason.to_owned(),
        }
    }
}

impl PlanFacts {
    /// The facts of a plan.
    #[must_use]
    pub fn of(plan: &Plan, matrix: &Matrix, seed_drawn: bool) -> Self {
        let (labels, inputs) = notes(matrix);
        Self {
            seed: plan.seed().to_string(),
            seed_drawn,
            fingerprint: plan.fingerprint().to_owned(),
            cells: matrix.len() as u64,
            trials: plan.len() as u64,
            warmup_trials: plan.warmup_len() as u64,
            skipped_pairs: matrix.skipped().iter().map(SkippedFacts::from).collect(),
            skipped_combinations: matrix
                .skipped_counts()
                .into_iter()
                .map(|(reason, count)| SkippedCount {
                    reason: reason.to_owned(),
                    combinations: count as u64,
                })
                .collect(),
            labels,
            inputs,
        }
    }
}

/// How the runner was called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Invocation {
    /// All arguments, the program's name included.
    pub arguments: Vec<String>,
    /// Assignments `path=value` that were laid over the file.
    pub set: Vec<String>,
    /// Filters on cells, of which one must hold.
    pub only: Vec<String>,
    /// Why only those.
    #[serde(default = "before_reasons")]
    pub only_reason: Fact<String>,
    /// Whether the output of every trial is kept.
    #[serde(default)]
    pub keep_output: bool,
    /// Working directory.
    pub working_directory: Fact<String>,
    /// The environment, secrets replaced (see [`redact`](super::redact)).
    pub environment: BTreeMap<String, String>,
}

fn before_reasons() -> Fact<String> {
    Fact::unknown("this version of the runner did not ask")
}

/// Which runner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunnerFacts {
    /// Its version.
    pub version: String,
    /// The commit that it was built from.
    pub revision: Fact<String>,
    /// Whether the sources differed from that commit.
    pub dirty: Fact<bool>,
    /// The compiler.
    pub rustc: Fact<String>,
    /// The platform that it was built for.
    pub target: Fact<String>,
    /// `release` or `debug`.
    pub profile: Fact<String>,
    /// The file.
    pub executable: Fact<String>,
}

impl RunnerFacts {
    /// This program; `executable` is where it lies.
    #[must_use]
    pub fn of_this_build(executable: Fact<String>) -> Self {
        let fact =
            |value: Option<&str>, reason: &str| Fact::from_option(value.map(str::to_owned), reason);
        let no_checkout = "it was not built in a git checkout";
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            revision: fact(option_env!("RUNNER_BUILD_REVISION"), no_checkout),
            dirty: fact(option_env!("RUNNER_BUILD_DIRTY"), no_checkout).map(|text| text == "true"),
            rustc: fact(option_env!("RUNNER_BUILD_RUSTC"), "the compiler did not tell"),
            target: fact(option_env!("RUNNER_BUILD_TARGET"), "the build did not tell"),
            profile: fact(option_env!("RUNNER_BUILD_PROFILE"), "the build did not tell"),
            executable,
        }
    }
}

/// How children were started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LauncherFacts {
    /// `clone` or `std`.
    pub spawn_path: Fact<String>,
    /// Peak resident set of the launcher, in bytes: a peak of a child that is not above it says
    /// nothing.
    pub rss_floor_bytes: Fact<u64>,
    /// Median time of `true` from spawn to reap before the first trial, in ns: so much of a command's
    /// time is its start. Never taken off.
    #[serde(default = "before_starts")]
    pub empty_process_ns: Fact<u64>,
    /// Counters that were asked for and are not there, each with the reason.
    #[serde(default)]
    pub missing_counters: Vec<String>,
}

/// What a manifest says that is older than this fact.
fn before_starts() -> Fact<u64> {
    Fact::unknown("an earlier version did not measure it")
}

/// The kernels of an experiment, each once.
#[must_use]
pub fn kernels(experiment: &Experiment) -> Vec<KernelFacts> {
    let mut kernels: Vec<KernelFacts> = Vec::new();
    for workload in &experiment.workloads {
        let Action::Kernel(signature) = &workload.action else { continue };
        if !kernels.iter().any(|known| known.name == signature.name) {
            let (name, version) = (signature.name.to_owned(), signature.version);
            kernels.push(KernelFacts { name, version });
        }
    }
    kernels
}

/// What the primary time and the other resources of an experiment are, in sentences.
#[must_use]
pub fn methods(experiment: &Experiment) -> Vec<String> {
    let is_kernel = |workload: &Workload| matches!(workload.action, Action::Kernel(_));
    let kinds = |kind: StrategyKind| experiment.strategies.iter().any(|other| other.kind == kind);
    let mut sentences: Vec<&str> = Vec::new();
    if experiment.workloads.iter().any(is_kernel) {
        sentences.push(
            "time_ns of a kernel is its region on the monotonic clock: workers are created, do their tasks, hand back their answers and are joined.",
        );
        if kinds(StrategyKind::Threads) || kinds(StrategyKind::Processes) {
            sentences.push(
                "Starting the workers is part of the region, and so is waiting for the slowest of them.",
            );
        }
    }
    if experiment.workloads.iter().any(|workload| !is_kernel(workload)) {
        sentences.push(
            "time_ns of a command runs on the monotonic clock from immediately before the spawn to the moment its end is seen; with several tasks from the first spawn to the last end.",
        );
    }
    sentences.push(
        "CPU times of processes cover start-up and, unless cpu_method is wait4, everything that a trial has started; cpu_method and memory_method of each row say how they were measured.",
    );
    sentences.into_iter().map(str::to_owned).collect()
}

/// A moment on the wall clock (ms since 1970) as RFC 3339 in UTC, with milliseconds.
#[must_use]
pub fn time_text(unix_ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(unix_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

impl Manifest {
    /// Adds a session that begins: how the run ends is open again.
    pub fn begin_session(&mut self, session: SessionFacts) {
        self.finished_at = Fact::unknown(UNFINISHED);
        self.exit_reason = Fact::unknown(UNFINISHED);
        self.counts = Fact::unknown(UNFINISHED);
        self.sessions.push(session);
    }

    /// Adds how the run ended, and its last session with it.
    pub fn finish(&mut self, unix_ms: i64, counts: TrialCounts, reason: &str) {
        // The tables of a run that has ended may be made again.
        if self.finished_at.known().is_none() {
            self.finished_at = Fact::Known(time_text(unix_ms));
        }
        self.counts = Fact::Known(counts);
        self.exit_reason = Fact::Known(reason.to_owned());
        if let Some(last) = self.sessions.last_mut()
            && last.finished_at.known().is_none()
        {
            last.finished_at = self.finished_at.clone();
            last.exit_reason = self.exit_reason.clone();
        }
    }

    /// Whether trials are left to do: some are missing or were interrupted, or nobody has counted
    /// them because the runner died.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.counts.known().is_none_or(|counts| counts.missing + counts.interrupted > 0)
    }

    /// The file's text.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a manifest has text keys only");
        text.push('\n');
        text
    }

    /// Writes the file into the directory of the run, whole.
    pub fn write(&self, dir: &Path) -> Result<PathBuf, StoreError> {
        write_atomic(dir, MANIFEST, self.to_json().as_bytes())
    }

    /// Reads the file from the directory of a run.
    pub fn read(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(MANIFEST);
        let text = fs::read_to_string(&path).map_err(StoreError::at("read", &path))?;
        serde_json::from_str(&text).map_err(|error| StoreError::new("read", &path, error.into()))
    }

    /// Whether this run and another file are of the same experiment: two files of the same stem
    /// share a folder and must not share a run.
    #[must_use]
    pub fn is_of(&self, absolute_path: &Path) -> bool {
        Path::new(&self.experiment.absolute_path) == absolute_path
    }
}

#[cfg(test)]
mod tests;
