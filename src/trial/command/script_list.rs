//! Which files commands are made of besides their programs, for the manifest: scripts that arguments
//! name, and what is fed to standard input.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::context::{CellContext, render};
use crate::design::{CellIx, Program, Template};
use crate::trial::Setting;
use crate::workload::Share;

/// Endings of names of files that an interpreter runs.
const SCRIPTS: [&str; 20] = [
    "R", "awk", "class", "jar", "jl", "js", "lua", "m", "mjs", "php", "pl", "py", "pyz", "r", "rb",
    "scm", "sh", "sql", "ts", "wasm",
];

/// The scripts that arguments name and the files that standard input comes from, absolute, each
/// once. Only files that are there now count; other arguments may be files that a trial writes. A
/// name that differs from trial to trial is left out.
#[must_use]
pub fn script_list(setting: &Setting<'_>) -> Vec<PathBuf> {
    let mut named: BTreeSet<PathBuf> = BTreeSet::new();
    for index in 0..setting.matrix.len() {
        if let Some(context) = CellContext::new(setting, CellIx::new(index)) {
            named.extend(of_cell(&context));
        }
    }
    named.into_iter().filter(|path| path.is_file()).collect()
}

fn of_cell(context: &CellContext<'_>) -> Vec<PathBuf> {
    let command = context.command;
    let fixed = |word: &Template| render(word, &|name| context.value(name, Share::WHOLE)).ok();
    let at = |word: &Option<Template>| {
        word.as_ref().map(|word| fixed(word).map(|text| context.path(&text)))
    };
    // A directory that differs from trial to trial holds no script that was there before it.
    let Some(folder) = at(&command.cwd).unwrap_or_else(|| Some(context.path("."))) else {
        return Vec::new();
    };
    let arguments: &[Template] = match &command.program {
        Program::Vector(words) => words.get(1..).unwrap_or_default(),
        Program::Shell(_) => &[],
    };
    let words = arguments.iter().filter_map(fixed).filter(|word| is_script(Path::new(word)));
    words.map(|word| folder.join(word)).chain(at(&command.stdin).flatten()).collect()
}

fn is_script(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| SCRIPTS.contains(&ending))
}
