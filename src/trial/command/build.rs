//! What is run once before the trials: a build per distinct resolved argument vector.

use std::path::PathBuf;
use std::time::Duration;

use super::context::{CellContext, render, set};
use super::prepare::{CannotStart, find};
use super::{CAPTURE_BYTES, GRACE};
use crate::design::{CellIx, Template};
use crate::host::Programs;
use crate::process;
use crate::trial::Setting;
use crate::workload::Share;

/// Longest time of one build.
const BUILD_TIMEOUT: Duration = Duration::from_secs(3_600);

/// One build and the cells that need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildStep {
    /// The resolved argument vector.
    pub argv: Vec<String>,
    /// Working directory: the command's own, unless that differs from trial to trial; then the
    /// file's folder.
    pub cwd: PathBuf,
    /// Cells whose trials fail if the build fails; in order, not empty.
    pub cells: Vec<CellIx>,
}

/// The builds of all cells, in the order of the first cell that needs each. A build may name
/// parameters, `{workload}`, `{strategy}`, `{workers}` and `{tasks}`, nothing that differs from
/// trial to trial.
pub fn build_vectors(setting: &Setting<'_>) -> Result<Vec<BuildStep>, CannotStart> {
    let mut steps: Vec<BuildStep> = Vec::new();
    let mut known = std::collections::HashMap::new();
    for index in 0..setting.matrix.len() {
        let cell = CellIx::new(index);
        let Some(context) = CellContext::new(setting, cell) else {
            continue;
        };
        let Some(build) = &context.command.build else {
            continue;
        };
        let argv: Vec<String> =
            build.iter().map(|word| render_of_cell(&context, word)).collect::<Result<_, _>>()?;
        let cwd = build_cwd(&context)?;
        let at = *known.entry((argv.clone(), cwd.clone())).or_insert(steps.len());
        if at == steps.len() {
            let cells = Vec::new();
            steps.push(BuildStep { argv, cwd, cells });
        }
        steps[at].cells.push(cell);
    }
    Ok(steps)
}

/// The command of a build. Its environment is that of the trials without variables that differ
/// from cell to cell.
pub fn build_command(
    setting: &Setting<'_>,
    step: &BuildStep,
    programs: &mut Programs,
) -> Result<process::Command, CannotStart> {
    let first = step.cells.first().expect("a build step has a cell that needs it");
    let context = CellContext::new(setting, *first).expect("a cell of a command workload");
    let mut env = context.base_env();
    for (name, template) in &context.command.env {
        if template.names().next().is_none() {
            set(&mut env, name, render_of_cell(&context, template)?);
        }
    }
    let base_dir = &setting.experiment.base_dir;
    Ok(process::Command {
        program: find(&step.argv, &env, base_dir, programs)?,
        argv: step.argv.iter().map(Into::into).collect(),
        env,
        cwd: step.cwd.clone(),
        stdin: None,
        timeout: BUILD_TIMEOUT,
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

fn render_of_cell(context: &CellContext<'_>, template: &Template) -> Result<String, CannotStart> {
    render(template, &|name| context.value(name, Share::WHOLE))
}

fn build_cwd(context: &CellContext<'_>) -> Result<PathBuf, CannotStart> {
    const OF_A_TRIAL: [&str; 4] = ["seed", "repeat", "trial_id", "trial_dir"];
    let fixed = |cwd: &&Template| !cwd.names().any(|name| OF_A_TRIAL.contains(&name));
    match context.command.cwd.as_ref().filter(fixed) {
        Some(cwd) => Ok(context.path(&render_of_cell(context, cwd)?)),
        None => Ok(context.path("")),
    }
}
