//! What a template of a cell or of a trial can name.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::prepare::CannotStart;
use crate::design::template::{REV_DIR, REVISION};
use crate::design::{
    Action, Cell, CellIx, Command, Environment, Level, Protocol, Scaling, Strategy, StrategyKind,
    Template, Value, Workload,
};
use crate::host::programs::absolute;
use crate::plan::Trial;
use crate::plan::trials::hex;
use crate::trial::Setting;
use crate::workload::Share;

/// Where programs are searched for when `PATH` is not set: what `execvp(3)` does.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// One cell of a command workload.
#[derive(Clone, Copy)]
pub(super) struct CellContext<'a> {
    pub(super) setting: Setting<'a>,
    pub(super) cell: &'a Cell,
    pub(super) workload: &'a Workload,
    pub(super) strategy: &'a Strategy,
    pub(super) command: &'a Command,
}

impl<'a> CellContext<'a> {
    /// `None` when the cell's workload is a kernel.
    pub(super) fn new(setting: &Setting<'a>, cell: CellIx) -> Option<Self> {
        let cell = setting.matrix.cell(cell);
        let workload = &setting.experiment.workloads[cell.workload];
        let Action::Command(command) = &workload.action else {
            return None;
        };
        Some(Self {
            setting: *setting,
            cell,
            workload,
            strategy: &setting.experiment.strategies[cell.strategy],
            command,
        })
    }

    /// Runs of the command in one trial.
    pub(super) fn tasks(&self) -> u32 {
        match self.strategy.kind {
            StrategyKind::External => 1,
            _ => self.cell.tasks.max(1),
        }
    }

    /// Runs of the command at the same time.
    pub(super) fn lanes(&self) -> u32 {
        match self.strategy.kind {
            StrategyKind::Processes => self.cell.workers.clamp(1, self.tasks()),
            _ => 1,
        }
    }

    /// The value of a placeholder that does not depend on the trial. `share` is the part of the
    /// size that a task gets.
    pub(super) fn value(&self, name: &str, share: Share) -> Result<Option<String>, CannotStart> {
        let built_in = match name {
            REV_DIR => self.revision().map(|name| rev_dir(&self.setting, &name)),
            "workload" => Some(self.workload.name.to_string()),
            "strategy" => Some(self.strategy.name.to_string()),
            "workers" => Some(self.cell.workers.to_string()),
            "tasks" => Some(self.cell.tasks.to_string()),
            _ => None,
        };
        if built_in.is_some() {
            return Ok(built_in);
        }
        let Some(level) = self.setting.matrix.level(self.cell, name).map(Level::value) else {
            return Ok(None);
        };
        let divided = self.command.divide.as_ref().is_some_and(|divide| divide.as_str() == name);
        if divided && self.workload.scaling == Scaling::Strong && share.parts > 1 {
            return part(name, level, share).map(Some);
        }
        Ok(Some(level.to_string()))
    }

    /// The revision of the cell.
    fn revision(&self) -> Option<String> {
        self.setting.matrix.level(self.cell, REVISION).map(|level| level.value().to_string())
    }

    /// The protocol of the cell.
    pub(super) fn protocol(&self) -> &'a Protocol {
        self.setting.matrix.protocol(self.cell)
    }

    /// The environment before the workload's own variables.
    pub(super) fn base_env(&self) -> Vec<(OsString, OsString)> {
        base_env(&self.setting, &self.protocol().environment)
    }

    /// A path of the file, absolute.
    pub(super) fn path(&self, text: &str) -> PathBuf {
        absolute(&self.setting.experiment.base_dir.join(text))
    }
}

/// The environment of the runner as far as children get it.
pub(in crate::trial) fn base_env(
    setting: &Setting<'_>,
    environment: &Environment,
) -> Vec<(OsString, OsString)> {
    let base = setting.base_env;
    match environment {
        Environment::Inherit => base.to_vec(),
        Environment::Clean { keep } => {
            let kept =
                |name: &OsStr| name == "PATH" || keep.iter().any(|other| name == other.as_str());
            base.iter().filter(|(name, _)| kept(name)).cloned().collect()
        }
    }
}

/// The value of a placeholder that does not depend on the trial, in a cell of a command; nothing if
/// there is none.
#[must_use]
pub fn placeholder_of_cell(setting: &Setting<'_>, cell: CellIx, name: &str) -> Option<String> {
    CellContext::new(setting, cell)?.value(name, Share::WHOLE).ok().flatten()
}

/// `{rev_dir}`: where a revision is checked out. Its name tells people which one it is, and no two
/// are the same.
pub(in crate::trial) fn rev_dir(setting: &Setting<'_>, revision: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let plain: String =
        revision.chars().map(|c| if is_plain(c) { c } else { '-' }).take(40).collect();
    let digest = hex(&Sha256::digest(revision.as_bytes()));
    let folder = format!("{plain}-{}", &digest[..8]);
    absolute(setting.run_dir).join("revisions").join(folder).display().to_string()
}

/// `{trial_dir}` of an attempt.
pub(in crate::trial) fn trial_dir(setting: &Setting<'_>, trial: &Trial, attempt: u32) -> PathBuf {
    absolute(setting.run_dir).join("scratch").join(format!("{}.{attempt}", trial.id()))
}

fn part(name: &str, level: &Value, share: Share) -> Result<String, CannotStart> {
    let Some(size) = level.as_u64() else {
        let parts = share.parts;
        return Err(CannotStart::new(format!(
            "{name} = {level} cannot be split over {parts} tasks"
        )));
    };
    let range = share.of(size);
    Ok((range.end - range.start).to_string())
}

/// Sets a variable, in the place of one of the same name.
pub(in crate::trial) fn set(
    env: &mut Vec<(OsString, OsString)>,
    name: &str,
    value: impl Into<OsString>,
) {
    match env.iter_mut().find(|(other, _)| other == name) {
        Some((_, old)) => *old = value.into(),
        None => env.push((name.into(), value.into())),
    }
}

/// Where programs are searched for under an environment.
pub(super) fn path_var(env: &[(OsString, OsString)]) -> &OsStr {
    let found = env.iter().find(|(name, _)| name == "PATH");
    found.map_or_else(|| OsStr::new(DEFAULT_PATH), |(_, value)| value.as_os_str())
}

/// Substitutes a template with values that may be missing.
pub(in crate::trial) fn render(
    template: &Template,
    value: &dyn Fn(&str) -> Result<Option<String>, CannotStart>,
) -> Result<String, CannotStart> {
    let mut values = Vec::new();
    for name in template.names() {
        let Some(text) = value(name)? else {
            return Err(CannotStart::new(format!("nothing gives {{{name}}} a value here")));
        };
        if text.contains('\0') {
            return Err(CannotStart::new(format!(
                "the value of {{{name}}} contains a NUL character"
            )));
        }
        values.push((name, text));
    }
    let look_up = |name: &str| {
        let found = values.iter().find(|(other, _)| *other == name);
        found.map(|(_, text)| text.clone()).expect("every name of the template was looked up")
    };
    Ok(template.render(&look_up))
}

/// One trial of a command workload.
pub(super) struct TrialContext<'a> {
    pub(super) of_cell: CellContext<'a>,
    pub(super) trial: Trial,
    pub(super) seed: u64,
    pub(super) dir: PathBuf,
}

impl<'a> TrialContext<'a> {
    /// `None` when the trial's workload is a kernel.
    pub(super) fn new(setting: &Setting<'a>, trial: &Trial, attempt: u32) -> Option<Self> {
        let of_cell = CellContext::new(setting, trial.cell)?;
        let seed = setting.plan.workload_seed(trial, of_cell.workload.name.as_str());
        let dir = trial_dir(setting, trial, attempt);
        Some(Self { of_cell, trial: *trial, seed, dir })
    }

    /// The part of the size that a task gets.
    pub(super) fn share(&self, task: u32) -> Share {
        Share { index: task, parts: self.of_cell.tasks() }
    }

    /// A template of this trial for one of its tasks.
    pub(super) fn render(&self, template: &Template, task: u32) -> Result<String, CannotStart> {
        render(template, &|name| match name {
            "seed" => Ok(Some(self.seed.to_string())),
            "repeat" => Ok(Some(self.trial.repeat.to_string())),
            "trial_id" => Ok(Some(self.trial.id())),
            "trial_dir" => Ok(Some(self.dir.display().to_string())),
            other => self.of_cell.value(other, self.share(task)),
        })
    }
}
