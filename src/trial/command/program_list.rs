//! Which programs an experiment names, for the manifest.

use std::path::Path;

use super::context::{CellContext, path_var, render};
use crate::design::{CellIx, Program, Template};
use crate::host::Programs;
use crate::host::programs::ProgramFacts;
use crate::trial::Setting;
use crate::workload::Share;

/// The facts of every program that an experiment names, each once: those of `requires` first, then
/// those of builds and commands, as the cells name them. They are searched for in the `PATH` of
/// the runner. `probe` runs a program with `--version` and returns what it says; it is
/// asked about programs in `requires` only. A name that differs from trial to trial is left out.
pub fn program_list(
    setting: &Setting<'_>,
    programs: &mut Programs,
    probe: &mut dyn FnMut(&Path) -> Result<String, String>,
) -> Vec<ProgramFacts> {
    let mut list: Vec<ProgramFacts> = Vec::new();
    let required = names(setting, required_names);
    let started = names(setting, started_names);
    let base_dir = &setting.experiment.base_dir;
    for name in required.iter().chain(&started) {
        if list.iter().any(|facts| facts.name == *name) {
            continue;
        }
        let found = programs.find(name, path_var(setting.base_env), base_dir);
        list.push(if required.contains(name) {
            ProgramFacts::read(name, &found, Some(&mut *probe))
        } else {
            ProgramFacts::read(name, &found, None)
        });
    }
    list
}

fn names(setting: &Setting<'_>, of_cell: fn(&CellContext<'_>) -> Vec<String>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for index in 0..setting.matrix.len() {
        let Some(context) = CellContext::new(setting, CellIx::new(index)) else {
            continue;
        };
        for name in of_cell(&context) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

fn required_names(context: &CellContext<'_>) -> Vec<String> {
    context.command.requires.clone()
}

fn started_names(context: &CellContext<'_>) -> Vec<String> {
    let build = context.command.build.as_ref().and_then(|build| build.first());
    let fixed = |word: &Template| render(word, &|name| context.value(name, Share::WHOLE)).ok();
    let command = match &context.command.program {
        Program::Vector(words) => words.first().and_then(fixed),
        Program::Shell(_) => Some("/bin/sh".to_owned()),
    };
    build.and_then(fixed).into_iter().chain(command).collect()
}
