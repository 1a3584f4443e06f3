//! One trial of an earlier run, alone and once more: the same command, seed and environment.
//!
//! The archived experiment is read and planned again; a plan that is not the recorded one is
//! refused. Nothing is recorded, and hooks are not run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Error, Loaded, Planned, archive};
use crate::design::Action;
use crate::exec::cpus_alone;
use crate::host::Programs;
use crate::measure::Measured;
use crate::plan::Trial;
use crate::process::{Exit, Launcher, LauncherOptions, SELF_EXE, SpawnPath};
use crate::store::Manifest;
use crate::trial::{self, Setting};

/// Bytes that are kept of the beginning, and of the end, of each stream.
const KEPT_BYTES: usize = 64 << 20;

/// A trial that can be repeated.
#[derive(Debug)]
pub struct Again {
    /// The archived experiment.
    pub loaded: Loaded,
    /// Its plan, the recorded one.
    pub planned: Planned,
    /// The trial.
    pub trial: Trial,
    env: Vec<(OsString, OsString)>,
    /// Variables whose recorded value was a secret and is taken from the caller.
    pub from_caller: Vec<String>,
    scratch: PathBuf,
}

/// What a repetition gave.
#[derive(Debug)]
pub struct Outcome {
    /// The argument vectors, lane by lane.
    pub vectors: Vec<Vec<Vec<String>>>,
    /// The exits, lane by lane.
    pub exits: Vec<Vec<Exit>>,
    /// What they amount to.
    pub measured: Measured,
    /// The commands are a kernel's: their output is a message for the runner.
    pub is_kernel: bool,
}

/// Prepares a trial of the run in `run_dir`; `caller` is the environment of the caller.
///
/// # Errors
/// The run cannot be read, its experiment cannot be planned as it was, or it has no such trial.
pub fn open(run_dir: &Path, id: &str, caller: &[(OsString, OsString)]) -> Result<Again, Error> {
    let manifest = Manifest::read(run_dir)?;
    let refuse = |reason: String| Error::Run { path: run_dir.to_owned(), reason };
    let archive::Archived { loaded, planned, changes } = archive::read(run_dir, &manifest)?;
    if !changes.is_empty() {
        let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
        return Err(refuse(format!("its plan cannot be made again: {}", changes.join("; "))));
    }
    let trial = planned.plan.trials().find(|trial| trial.id() == id).ok_or_else(|| {
        let last = planned.plan.orders();
        refuse(format!("it has no trial `{id}`; its trials are t000001 to t{last:06}"))
    })?;
    let (env, from_caller) = archive::environment(&manifest, caller);
    let scratch = std::env::temp_dir().join(format!("runner-exec-{}", std::process::id()));
    let again = Again { loaded, planned, trial, env, from_caller, scratch };
    // Processes start where the experiment file was; a packed run may be far from there.
    let base = &again.loaded.experiment.base_dir;
    if !base.is_dir() {
        return Err(refuse(format!(
            "the folder of its experiment, {}, is not here, and its processes start there; `runner rerun --base DIR` runs all trials in another one",
            base.display()
        )));
    }
    Ok(again)
}

impl Again {
    /// Runs the trial.
    ///
    /// # Errors
    /// The launcher cannot be started, or a directory cannot be made.
    pub fn run(&self) -> Result<Outcome, Error> {
        let exe = std::env::current_exe()?;
        let setting = Setting {
            experiment: &self.loaded.experiment,
            matrix: &self.loaded.matrix,
            plan: &self.planned.plan,
            base_env: &self.env,
            exe: &exe,
            run_dir: &self.scratch,
        };
        let vectors = trial::argument_vectors(&setting, &self.trial)
            .map_err(|reason| self.refuse(reason.to_string()))?;
        let mut prepared = trial::prepare(&setting, &self.trial, 1, &mut Programs::default())
            .map_err(|error| self.refuse(error.to_string()))?;
        let cpus = cpus_alone(&self.loaded.matrix, self.loaded.matrix.cell(self.trial.cell));
        for command in prepared.lanes.0.iter_mut().flatten() {
            command.cpus.clone_from(&cpus);
        }
        if let Some(dir) = &prepared.needs_dir {
            std::fs::create_dir_all(dir)?;
        }
        let exits = run_lanes(prepared.lanes.0);
        let measured =
            exits.as_ref().map(|exits| trial::measure(&setting, &self.trial, 1, exits)).ok();
        // What cannot be removed lies among temporary files.
        drop(std::fs::remove_dir_all(&self.scratch));
        Ok(Outcome {
            vectors,
            is_kernel: self.is_kernel(),
            exits: exits?,
            measured: measured.expect("there are exits"),
        })
    }

    fn is_kernel(&self) -> bool {
        let workload = self.loaded.matrix.cell(self.trial.cell).workload;
        matches!(self.loaded.experiment.workloads[workload].action, Action::Kernel(_))
    }

    fn refuse(&self, reason: String) -> Error {
        Error::Run { path: self.loaded.path.clone(), reason }
    }
}

/// Runs the lanes side by side, each command of a lane after the one before it.
fn run_lanes(lanes: Vec<Vec<crate::process::Command>>) -> std::io::Result<Vec<Vec<Exit>>> {
    let run_lane = |lane: Vec<crate::process::Command>| -> std::io::Result<Vec<Exit>> {
        let no_network = lane.iter().any(|command| command.sandbox.no_network);
        let options = LauncherOptions { no_network, ..SpawnPath::Clone.into() };
        let mut launcher = Launcher::start_with(Path::new(SELF_EXE), &options)?;
        lane.into_iter()
            .map(|mut command| {
                command.capture_bytes = KEPT_BYTES;
                launcher.run(&command)
            })
            .collect()
    };
    std::thread::scope(|scope| {
        let running: Vec<_> =
            lanes.into_iter().map(|lane| scope.spawn(move || run_lane(lane))).collect();
        running
            .into_iter()
            .map(|lane| {
                lane.join().unwrap_or_else(|_| Err(std::io::Error::other("a lane panicked")))
            })
            .collect()
    })
}
