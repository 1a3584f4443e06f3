//! From a planned trial to the commands that are started for it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::context::{TrialContext, path_var, set};
use super::{CAPTURE_BYTES, GRACE};
use crate::design::{Hook, Program, Template};
use crate::host::Programs;
use crate::measure::{Measured, Status};
use crate::plan::Trial;
use crate::process;
use crate::trial::{Lanes, Setting};

/// What a trial needs to be started.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What is started. Each command carries the timeout of the whole trial; who runs several one
    /// after another shortens it by the time that has passed.
    pub lanes: Lanes,
    /// A directory that must be made, empty, before anything is started: `{trial_dir}` is used.
    pub needs_dir: Option<PathBuf>,
    /// Length of `RUNNER_PAD` in bytes.
    pub env_pad_bytes: u32,
}

/// Why a trial cannot be started, for people: `cannot start python3: not found in PATH`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{note}")]
pub struct CannotStart {
    /// One line.
    pub note: String,
}

impl CannotStart {
    pub(in crate::trial) fn new(note: String) -> Self {
        Self { note }
    }

    /// The trial as a row.
    #[must_use]
    pub fn measured(&self) -> Measured {
        Measured::empty(Status::StartFailed).with_note(&self.note)
    }
}

/// The commands of one attempt at a trial of a command workload.
///
/// Task `t` runs in lane `t mod workers` under `processes`, one after another under `sequential`;
/// under `external` there is exactly one command. Nothing is made or started, but programs are
/// searched for. `{seed}` is a decimal number, as is `RUNNER_SEED`.
///
/// # Panics
/// When the trial's workload is a kernel.
pub fn prepare(
    setting: &Setting<'_>,
    trial: &Trial,
    attempt: u32,
    programs: &mut Programs,
) -> Result<Prepared, CannotStart> {
    let context = TrialContext::new(setting, trial, attempt).expect("a command workload");
    let env_pad_bytes = env_pad_bytes(setting, trial);
    let tasks = context.of_cell.tasks();
    let mut lanes = vec![Vec::new(); context.of_cell.lanes() as usize];
    for task in 0..tasks {
        let lane = task as usize % lanes.len();
        let command = command(&context, task, env_pad_bytes, programs)?;
        lanes[lane].push(command);
    }
    Ok(Prepared {
        lanes: Lanes(lanes),
        needs_dir: uses_trial_dir(&context).then(|| context.dir.clone()),
        env_pad_bytes,
    })
}

/// The argument vectors of a trial, lane by lane, as [`prepare`] would start them, without
/// searching for programs.
///
/// # Panics
/// When the trial's workload is a kernel.
pub fn argument_vectors(
    setting: &Setting<'_>,
    trial: &Trial,
) -> Result<Vec<Vec<Vec<String>>>, CannotStart> {
    let context = TrialContext::new(setting, trial, 1).expect("a command workload");
    let mut lanes = vec![Vec::new(); context.of_cell.lanes() as usize];
    for task in 0..context.of_cell.tasks() {
        let lane = task as usize % lanes.len();
        lanes[lane].push(argument_vector(&context, task)?);
    }
    Ok(lanes)
}

/// Bytes of padding that a trial's environment gets.
pub(super) fn env_pad_bytes(setting: &Setting<'_>, trial: &Trial) -> u32 {
    let cell = setting.matrix.cell(trial.cell);
    if setting.matrix.protocol(cell).env_pad { setting.plan.env_pad_bytes(trial) } else { 0 }
}

fn argument_vector(context: &TrialContext<'_>, task: u32) -> Result<Vec<String>, CannotStart> {
    match &context.of_cell.command.program {
        Program::Vector(words) => words.iter().map(|word| context.render(word, task)).collect(),
        Program::Shell(text) => Ok(shell(context.render(text, task)?)),
    }
}

pub(super) fn shell(text: String) -> Vec<String> {
    vec!["/bin/sh".to_owned(), "-c".to_owned(), text]
}

fn command(
    context: &TrialContext<'_>,
    task: u32,
    env_pad_bytes: u32,
    programs: &mut Programs,
) -> Result<process::Command, CannotStart> {
    let of_cell = &context.of_cell;
    let argv = argument_vector(context, task)?;
    let env = environment(context, task, env_pad_bytes)?;
    let path = |template: &Template| Ok(of_cell.path(&context.render(template, task)?));
    check_required(context, &env, programs)?;
    let program = find(&argv, &env, &of_cell.setting.experiment.base_dir, programs)?;
    let cwd = of_cell.command.cwd.as_ref().map(path).transpose()?;
    let stdin = of_cell.command.stdin.as_ref().map(path).transpose()?;
    Ok(process::Command {
        program,
        argv: argv.into_iter().map(OsString::from).collect(),
        env,
        cwd: cwd.unwrap_or_else(|| of_cell.path("")),
        stdin,
        timeout: of_cell.protocol().timeout,
        grace: GRACE,
        limits: of_cell.protocol().limits,
        capture_bytes: CAPTURE_BYTES,
        cpus: Vec::new(),
        nice: of_cell.protocol().nice,
        sandbox: sandbox(context),
        counters: of_cell.protocol().counters,
        tee: None,
    })
}

fn sandbox(context: &TrialContext<'_>) -> process::Sandbox {
    let base_dir = &context.of_cell.setting.experiment.base_dir;
    context.of_cell.protocol().sandbox.of_child(base_dir, Some(&context.dir))
}

fn check_required(
    context: &TrialContext<'_>,
    env: &[(OsString, OsString)],
    programs: &mut Programs,
) -> Result<(), CannotStart> {
    let base_dir = &context.of_cell.setting.experiment.base_dir;
    for name in &context.of_cell.command.requires {
        programs.find(name, path_var(env), base_dir).map_err(|error| {
            CannotStart::new(format!("cannot start, {name} is required: {error}"))
        })?;
    }
    Ok(())
}

pub(in crate::trial) fn find(
    argv: &[String],
    env: &[(OsString, OsString)],
    base_dir: &Path,
    programs: &mut Programs,
) -> Result<PathBuf, CannotStart> {
    let name = argv.first().map_or("", String::as_str);
    programs
        .find(name, path_var(env), base_dir)
        .map_err(|error| CannotStart::new(format!("cannot start {name}: {error}")))
}

fn environment(
    context: &TrialContext<'_>,
    task: u32,
    env_pad_bytes: u32,
) -> Result<Vec<(OsString, OsString)>, CannotStart> {
    let of_cell = &context.of_cell;
    let mut env = of_cell.base_env();
    for (name, template) in of_cell.command.env.iter().chain(&of_cell.strategy.env) {
        set(&mut env, name, context.render(template, task)?);
    }
    set(&mut env, "RUNNER_SEED", context.seed.to_string());
    set(&mut env, "RUNNER_TRIAL_ID", context.trial.id());
    if of_cell.protocol().sandbox.read_only {
        // The usual place cannot be written.
        set(&mut env, "TMPDIR", context.dir.display().to_string());
    }
    if of_cell.protocol().env_pad {
        set(&mut env, "RUNNER_PAD", "x".repeat(env_pad_bytes as usize));
    }
    Ok(env)
}

fn uses_trial_dir(context: &TrialContext<'_>) -> bool {
    if context.of_cell.protocol().sandbox.read_only {
        return true;
    }
    let command = context.of_cell.command;
    let env = command.env.iter().chain(&context.of_cell.strategy.env);
    let hook = context.of_cell.workload.hooks.trial.iter().flat_map(Hook::templates);
    let mut templates = command
        .program
        .templates()
        .iter()
        .chain(&command.cwd)
        .chain(&command.stdin)
        .chain(env.map(|(_, template)| template))
        .chain(hook);
    let reports = &context.of_cell.workload.metrics;
    if reports.iter().any(|metric| metric.source.file().is_some()) {
        return true;
    }
    templates.any(|template: &Template| template.names().any(|name| name == "trial_dir"))
}
