//! TOML text → a valid [`Experiment`], with errors that teach.
//!
//! Owns the file format: its keys, its limits, its messages. Every problem of a file is reported
//! at once, with its place and what to write instead. Reads no file itself, starts nothing, and
//! knows kernels and strategies only through the [`Catalogue`].

mod adaptive;
mod answer;
mod assertion;
mod axis;
mod binder;
mod check;
mod claim;
mod command;
mod compare;
mod diagnostics;
mod experiment;
mod extends;
pub mod files;
mod formula;
mod gate;
mod hook;
pub mod keys;
mod labels;
mod layers;
mod limits;
mod matrix;
mod merge;
mod metric;
pub mod only;
mod output;
mod overrides;
mod params;
mod percentile;
mod profile;
mod protocol;
pub mod quick;
mod range;
mod resolved;
mod sandbox;
pub mod schema;
mod selector;
mod set;
mod size;
mod sources;
mod statement;
mod strategy;
mod suggest;
mod sweep;
mod text;
pub mod typed;
mod words;
mod workload;

use std::path::Path;
use std::sync::Arc;

use toml::de::DeTable;

use crate::design::{Catalogue, Experiment, Matrix, MatrixError};
use binder::Binder;
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use extends::BaseFile;
pub use files::{Files, NoFiles};
pub use profile::Chosen;
use resolved::Provenance;
pub use resolved::Resolved;
pub use sources::Sources;

/// An experiment file as the caller read it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The file as the user named it; stands in messages.
    pub path: &'a str,
    /// Its content.
    pub bytes: &'a [u8],
    /// The file's name without folder and extension; names the experiment.
    pub stem: &'a str,
    /// The file's folder; relative paths in the file start here.
    pub base_dir: &'a Path,
    /// Where the files that it names or extends are read.
    pub files: &'a dyn Files,
    /// What the command line lays over it.
    pub layers: Layers<'a>,
}

/// What is laid over the file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layers<'a> {
    /// The profile that was asked for.
    pub profile: Option<&'a str>,
    /// The name of this host, which chooses a profile where none was asked for.
    pub host: &'a str,
    /// Assignments `path=value`, in order.
    pub set: &'a [String],
}

/// A file without errors.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What it describes.
    pub experiment: Experiment,
    /// What its author should know; rendered as warnings.
    pub cautions: Diagnostics,
    /// The files that it extends, the nearest first.
    pub bases: Vec<BaseFile>,
    /// The profile in force.
    pub profile: Option<Chosen>,
    /// All layers as one document.
    pub resolved: Resolved,
}

/// Checks a whole file against what the catalogue offers.
///
/// Pure but for the files that it names, which `Source::files` reads. The error holds every mistake that was found.
pub fn read(source: &Source<'_>, catalogue: &Catalogue) -> Result<Checked, Diagnostics> {
    let text = match decode(source.bytes) {
        Ok(text) => text,
        Err(problem) => {
            let text = String::from_utf8_lossy(source.bytes);
            return Err(Diagnostics::new(source.path, &text, vec![problem]));
        }
    };
    let (sources, gathered, problems) = extends::gather(source, text);
    let sources = Arc::new(sources);
    let all = |list: Vec<Diagnostic>| Diagnostics::of(Arc::clone(&sources), list);
    if !problems.is_empty() {
        return Err(all(problems));
    }
    let stack = layers::stack(&sources, &gathered, &source.layers).map_err(all)?;
    let binder = Binder::with_files(sources.text(), source.base_dir, source.files);
    let experiment = experiment::bind(&binder, &stack.document, catalogue, source);
    let lines = binder.lines.take();
    let (mut errors, mut cautions): (Vec<_>, Vec<_>) =
        binder.into_problems().into_iter().partition(|problem| problem.severity == Severity::Error);
    for (name, document) in &stack.others {
        errors.extend(under_profile(&sources, (name, document), catalogue, source));
    }
    let provenance = Provenance {
        sources: &sources,
        of_profile: &stack.of_profile,
        profile: stack.profile.as_ref().map(|chosen| chosen.name.as_str()),
        lines: &lines,
    };
    match experiment {
        Some(mut experiment) if errors.is_empty() => {
            labels::resolve(&mut experiment);
            cautions.extend(percentile::caution(&stack.document, &experiment));
            Ok(Checked {
                resolved: resolved::resolve(&stack.document, &provenance, &experiment.title),
                experiment,
                cautions: all(cautions),
                bases: gathered.bases,
                profile: stack.profile,
            })
        }
        // Cautions are left out: an error makes many of them untrue.
        _ => Err(all(errors)),
    }
}

/// What is wrong under a profile that is not chosen: a mistake in it must not wait for its host.
fn under_profile(
    sources: &Sources,
    (name, document): (&str, &DeTable<'_>),
    catalogue: &Catalogue,
    source: &Source<'_>,
) -> Vec<Diagnostic> {
    let binder = Binder::with_files(sources.text(), source.base_dir, source.files);
    drop(experiment::bind(&binder, document, catalogue, source));
    let errors = binder.into_problems().into_iter();
    errors
        .filter(|problem| problem.severity == Severity::Error && sources.is_file(problem.at.start))
        .map(|problem| problem.help(format!("this is so under the profile `{name}`")))
        .collect()
}

/// Expands a checked file. What only shows then is reported with its place, too.
pub fn expand(checked: &Checked) -> Result<Matrix, ExpandError> {
    let about_nothing = |matrix: Matrix| {
        let misfits = claim::misfits(&checked.experiment, &matrix);
        if misfits.is_empty() { Ok(matrix) } else { Err(MatrixError::Misfits(misfits)) }
    };
    Matrix::new(&checked.experiment).and_then(about_nothing).map_err(|error| match error {
        MatrixError::Misfits(misfits) => {
            let list = misfits.into_iter().map(|misfit| {
                let error = Diagnostic::error(misfit.at, misfit.title);
                misfit.help.iter().fold(error, Diagnostic::help)
            });
            ExpandError::Misfits(Box::new(checked.cautions.instead(list.collect())))
        }
        other => ExpandError::Matrix(other),
    })
}

/// Why a valid file has no matrix.
#[derive(Clone, Debug)]
pub enum ExpandError {
    /// Mistakes with a place in the file.
    Misfits(Box<Diagnostics>),
    /// Reasons that concern the whole.
    Matrix(MatrixError),
}

/// The bytes as text, or why they are none.
fn decode(bytes: &[u8]) -> Result<&str, Diagnostic> {
    let advice = "save it as UTF-8; every editor can";
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Diagnostic::error(0..1, "this file is UTF-16, not UTF-8").help(advice));
    }
    let text = str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        // In the rendered text each wrong byte is one replacement character of three bytes.
        let title = format!("this file is not UTF-8: the byte {:#04x} at offset {at}", bytes[at]);
        Diagnostic::error(at..at + 3, title).help(advice)
    })?;
    if let Some(at) = text.find('\0') {
        let title = format!("this file holds a NUL byte at offset {at}: it is not text");
        return Err(Diagnostic::error(at..at + 1, title).help("was the right file named?"));
    }
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        let example = "begin with [workloads.NAME]; `runner list` shows blocks to paste";
        return Err(Diagnostic::error(0..0, "this file is empty").help(example));
    }
    Ok(text)
}

fn syntax(text: &str, message: &str, span: Option<std::ops::Range<usize>>) -> Diagnostic {
    let at = span.unwrap_or(text.len()..text.len());
    let help = if message.starts_with("duplicate key") {
        "each name stands once in its table; give the second another name, or merge the two"
    } else if message.contains("string") {
        "text stands in quotes: name = \"value\""
    } else if message.starts_with("key with no value") {
        "a line is `key = value`, a [header] or a # comment"
    } else {
        ""
    };
    Diagnostic::error(at, format!("not TOML: {message}")).help(help)
}
