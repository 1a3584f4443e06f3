//! TOML text → a valid [`Experiment`], with errors that teach.
//!
//! Owns the file format: its keys, its limits, its messages. Every problem of a file is reported
//! at once, with its place and what to write instead. Reads no file itself, starts nothing, and
//! knows kernels and strategies only through the [`Catalogue`].

mod answer;
mod axis;
mod binder;
mod check;
mod command;
mod compare;
mod diagnostics;
mod experiment;
mod files;
mod hook;
pub mod keys;
mod labels;
mod params;
mod protocol;
mod range;
mod size;
mod strategy;
mod suggest;
mod sweep;
mod text;
mod workload;

use std::path::Path;

use toml::de::DeTable;

use crate::design::{Catalogue, Experiment};
use binder::Binder;
use diagnostics::COLLECTED;
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use files::{Files, NoFiles};

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
    /// Where the files that it names are read.
    pub files: &'a dyn Files,
}

/// A file without errors.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What it describes.
    pub experiment: Experiment,
    /// What its author should know; rendered as warnings.
    pub cautions: Diagnostics,
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
    let (file, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // A tree that was mended would make the binder complain about the mending.
        let problems = errors
            .iter()
            .take(COLLECTED)
            .map(|error| syntax(text, error.message(), error.span()))
            .collect();
        return Err(Diagnostics::new(source.path, text, problems));
    }
    let binder = Binder::with_files(text, source.base_dir, source.files);
    let experiment = experiment::bind(&binder, file.get_ref(), catalogue, source);
    let (errors, cautions): (Vec<_>, Vec<_>) =
        binder.into_problems().into_iter().partition(|problem| problem.severity == Severity::Error);
    match experiment {
        Some(mut experiment) if errors.is_empty() => {
            labels::resolve(&mut experiment);
            Ok(Checked { experiment, cautions: Diagnostics::new(source.path, text, cautions) })
        }
        // Cautions are left out: an error makes many of them untrue.
        _ => Err(Diagnostics::new(source.path, text, errors)),
    }
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
