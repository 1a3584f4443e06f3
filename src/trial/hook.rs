//! Hooks: the commands that are run before and after a run, a cell or a trial.
//!
//! Owns their placeholders, environments and working directories, which are those of the trials
//! around which they run, and what their ends mean. Refuses to start anything and to decide when.

use std::ffi::OsString;
use std::path::PathBuf;

use super::Setting;
use super::command::context::{base_env, render, rev_dir, set, trial_dir};
use super::command::prepare::find;
use super::command::{CAPTURE_BYTES, CannotStart, GRACE};
use crate::design::template::{REV_DIR, REVISION};
use crate::design::{Action, Cell, CellIx, Hook, HookStep, Template, Workload};
use crate::host::Programs;
use crate::host::programs::absolute;
use crate::measure::signal_name;
use crate::plan::Trial;
use crate::process::{Command, Ending, Exit};

/// Lines of a failed hook's output that its note quotes.
const TAIL_LINES: usize = 3;

/// What a hook surrounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// The whole run.
    Run,
    /// All trials of a cell.
    Cell(CellIx),
    /// One attempt at a trial.
    Trial(Trial, u32),
}

/// The hook that the experiment has around something.
#[must_use]
pub fn of<'a>(setting: &Setting<'a>, around: Around) -> Option<&'a Hook> {
    let workload = |cell: CellIx| {
        let index = setting.matrix.cell(cell).workload;
        &setting.experiment.workloads[index]
    };
    match around {
        Around::Run => setting.experiment.run_hook.as_ref(),
        Around::Cell(cell) => workload(cell).hooks.cell.as_ref(),
        Around::Trial(trial, _) => workload(trial.cell).hooks.trial.as_ref(),
    }
}

/// Command number `index`, from 0, of a hook; `None` when it has no more. One at a time, since a
/// command may make the program that the next one starts.
#[must_use]
pub fn command(
    setting: &Setting<'_>,
    around: Around,
    when: HookStep,
    index: usize,
) -> Option<Result<Command, CannotStart>> {
    let hook = of(setting, around)?;
    let vectors = match when {
        HookStep::Setup => &hook.setup,
        HookStep::Teardown => &hook.teardown,
    };
    let vector = vectors.get(index)?;
    Some(Place::new(setting, around).command(vector, hook, &mut Programs::default()))
}

/// The directory that must be there before the hooks of a trial run: `{trial_dir}`, when they name
/// it.
#[must_use]
pub fn needs_dir(setting: &Setting<'_>, trial: &Trial, attempt: u32) -> Option<PathBuf> {
    let hook = of(setting, Around::Trial(*trial, attempt))?;
    let uses = |template: &Template| template.names().any(|name| name == "trial_dir");
    let workload = &setting.experiment.workloads[setting.matrix.cell(trial.cell).workload];
    let cwd_uses = match &workload.action {
        Action::Command(command) => command.cwd.iter().any(uses),
        Action::Kernel(_) => false,
    };
    (cwd_uses || hook.templates().any(uses)).then(|| trial_dir(setting, trial, attempt))
}

/// Where a hook runs and what it can name.
struct Place<'a> {
    setting: Setting<'a>,
    cell: Option<(&'a Cell, &'a Workload)>,
    trial: Option<(Trial, u32)>,
}

impl<'a> Place<'a> {
    fn new(setting: &Setting<'a>, around: Around) -> Self {
        let (cell, trial) = match around {
            Around::Run => (None, None),
            Around::Cell(cell) => (Some(cell), None),
            Around::Trial(trial, attempt) => (Some(trial.cell), Some((trial, attempt))),
        };
        let cell = cell.map(|cell| {
            let cell = setting.matrix.cell(cell);
            (cell, &setting.experiment.workloads[cell.workload])
        });
        Self { setting: *setting, cell, trial }
    }

    fn value(&self, name: &str) -> Option<String> {
        let of_trial = self.trial.and_then(|(trial, attempt)| match name {
            "seed" => Some(self.seed(&trial).to_string()),
            "repeat" => Some(trial.repeat.to_string()),
            "trial_id" => Some(trial.id()),
            "trial_dir" => Some(trial_dir(&self.setting, &trial, attempt).display().to_string()),
            _ => None,
        });
        if of_trial.is_some() {
            return of_trial;
        }
        let (cell, workload) = self.cell?;
        match name {
            "workload" => Some(workload.name.to_string()),
            "strategy" => Some(self.setting.experiment.strategies[cell.strategy].name.to_string()),
            "workers" => Some(cell.workers.to_string()),
            "tasks" => Some(cell.tasks.to_string()),
            REV_DIR => {
                let level = self.setting.matrix.level(cell, REVISION)?;
                Some(rev_dir(&self.setting, &level.value().to_string()))
            }
            _ => {
                let level = self.setting.matrix.level(cell, name)?;
                Some(level.value().to_string())
            }
        }
    }

    fn seed(&self, trial: &Trial) -> u64 {
        let workload = self.cell.map_or("", |(_, workload)| workload.name.as_str());
        self.setting.plan.workload_seed(trial, workload)
    }

    fn render(&self, template: &Template) -> Result<String, CannotStart> {
        render(template, &|name| Ok(self.value(name)))
    }

    /// Whether everything that a template names has a value here.
    fn knows(&self, template: &Template) -> bool {
        template.names().all(|name| self.value(name).is_some())
    }

    /// Variables that differ from trial to trial are left out of the hooks of a cell.
    fn environment(&self) -> Result<Vec<(OsString, OsString)>, CannotStart> {
        let experiment = self.setting.experiment;
        let of_cell = self.cell.map(|(cell, _)| self.setting.matrix.protocol(cell));
        let protocol = of_cell.unwrap_or(&experiment.protocol);
        let mut env = base_env(&self.setting, &protocol.environment);
        if let Some((cell, workload)) = self.cell {
            let of_command = match &workload.action {
                Action::Command(command) => &command.env[..],
                Action::Kernel(_) => &[],
            };
            for (name, template) in
                of_command.iter().chain(&experiment.strategies[cell.strategy].env)
            {
                if self.knows(template) {
                    set(&mut env, name, self.render(template)?);
                }
            }
        }
        if let Some((trial, _)) = &self.trial {
            set(&mut env, "RUNNER_SEED", self.seed(trial).to_string());
            set(&mut env, "RUNNER_TRIAL_ID", trial.id());
        }
        Ok(env)
    }

    /// That of the command, unless it differs from trial to trial and this is not a trial's.
    fn cwd(&self) -> Result<PathBuf, CannotStart> {
        let base_dir = &self.setting.experiment.base_dir;
        let command = self.cell.and_then(|(_, workload)| match &workload.action {
            Action::Command(command) => command.cwd.as_ref(),
            Action::Kernel(_) => None,
        });
        match command.filter(|cwd| self.knows(cwd)) {
            Some(cwd) => Ok(absolute(&base_dir.join(self.render(cwd)?))),
            None => Ok(absolute(base_dir)),
        }
    }

    fn command(
        &self,
        vector: &[Template],
        hook: &Hook,
        programs: &mut Programs,
    ) -> Result<Command, CannotStart> {
        let argv: Vec<String> =
            vector.iter().map(|word| self.render(word)).collect::<Result<_, _>>()?;
        let env = self.environment()?;
        let base_dir = &self.setting.experiment.base_dir;
        Ok(Command {
            program: find(&argv, &env, base_dir, programs)?,
            argv: argv.into_iter().map(OsString::from).collect(),
            env,
            cwd: self.cwd()?,
            stdin: None,
            timeout: hook.timeout,
            grace: GRACE,
            capture_bytes: CAPTURE_BYTES,
            limits: crate::process::Limits::default(),
            cpus: Vec::new(),
            nice: None,
            sandbox: crate::process::Sandbox::default(),
            counters: false,
            tee: None,
        })
    }
}

/// Why a command of a hook did not succeed, with the tail of its output; `None` when it did.
#[must_use]
pub fn failure(argv: &[OsString], exit: &Exit) -> Option<String> {
    let how = match &exit.ending {
        Ending::NotStarted { errno, call } => {
            let reason = std::io::Error::from_raw_os_error(*errno);
            return Some(format!("{}: {call}: {reason}", shown(argv)));
        }
        _ if exit.timed_out => "not done when its time was up".to_owned(),
        _ if exit.terminated => "ended with the run".to_owned(),
        Ending::Exited(0) if exit.leaked == 0 => return None,
        Ending::Exited(0) => "left a process behind, which was killed".to_owned(),
        Ending::Exited(code) => format!("exit code {code}"),
        Ending::Signalled(signal) => format!("ended by {}", signal_name(*signal)),
    };
    let said = if exit.stderr.total_bytes() > 0 { exit.stderr.text() } else { exit.stdout.text() };
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let tail = lines[lines.len().saturating_sub(TAIL_LINES)..].join(" | ");
    let colon = if tail.is_empty() { "" } else { ": " };
    Some(format!("{}: {how}{colon}{tail}", shown(argv)))
}

/// A command for people, cut so that what it said still fits into a note.
fn shown(argv: &[OsString]) -> String {
    const SHOWN: usize = 60;
    let text: Vec<_> = argv.iter().map(|word| word.to_string_lossy()).collect();
    let text = text.join(" ");
    if text.chars().count() <= SHOWN {
        return text;
    }
    text.chars().take(SHOWN).chain(['…']).collect()
}
