//! The report of a run that was read again, in each of its formats.

use std::fs;
use std::path::{Path, PathBuf};

use super::files::Disk;
use super::recorded::Recorded;
use super::replay::JOURNAL;
use super::{Error, Loaded, package};
use crate::report::content::{Content, Texts};
use crate::report::csv::column;
use crate::report::csv::schema::small::TABLE;
use crate::report::{html, latex, markdown, rows};
use crate::spec::Files;
use crate::store::notes::NOTES;
use crate::store::{LockError, RunLock, StoreError, write_atomic_with};

/// Name of the page in the directory of a run.
pub const PAGE: &str = "report.html";

/// What a report is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A page, with the user's own template if there is one.
    Html,
    /// Markdown.
    Markdown,
    /// Tables in LaTeX.
    Latex,
}

/// What lies beside the journal. A text that is not there is empty: a report is made all the same.
pub(super) fn texts(run_dir: &Path) -> Texts {
    let text = |name: &str| {
        let bytes = fs::read(run_dir.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Texts {
        notes: text(NOTES),
        resolved: text("resolved.toml"),
        journal_sha256: Disk.digest(&run_dir.join(JOURNAL)).unwrap_or_default(),
    }
}

/// What a report of a run says.
#[must_use]
pub fn content(recorded: &Recorded) -> Content {
    Content::of(&recorded.findings(), &recorded.manifest, &texts(&recorded.run_dir))
}

/// The report as text.
///
/// # Errors
/// The template cannot be read or carried out.
pub fn render(
    recorded: &Recorded,
    format: Format,
    template: Option<&Path>,
) -> Result<String, Error> {
    let content = content(recorded);
    match (format, template) {
        (Format::Markdown, _) => Ok(markdown::render(&content)),
        (Format::Latex, _) => Ok(latex::render(&content)),
        (Format::Html, path) => {
            let wrong = |reason: String| Error::Template {
                path: path.unwrap_or(Path::new(PAGE)).to_owned(),
                reason,
            };
            let own = path
                .map(fs::read_to_string)
                .transpose()
                .map_err(|error| wrong(error.to_string()))?;
            html::render(&content, own.as_deref()).map_err(|error| wrong(error.to_string()))
        }
    }
}

/// The result table as CSV.
#[must_use]
pub fn table(recorded: &Recorded) -> String {
    String::from_utf8_lossy(&recorded.table()).into_owned()
}

/// The result table as JSON: an object a cell, `null` where there is no value.
///
/// # Errors
/// The table cannot be read again.
pub fn json(recorded: &Recorded) -> Result<String, Error> {
    let fields = TABLE.fields(
        &column::params(&recorded.loaded.matrix),
        &column::metrics(&recorded.loaded.experiment),
    );
    rows::json(&recorded.table(), &fields)
        .map_err(|error| Error::Run { path: recorded.run_dir.clone(), reason: error.to_string() })
}

/// Makes everything that follows from the journal anew in the directory of the run; of a run that
/// is not finished the report alone, since its tables are still being written. The page.
///
/// # Errors
/// Another process writes the run, or a file cannot be written.
pub fn renew(recorded: &Recorded) -> Result<PathBuf, Error> {
    let dir = &recorded.run_dir;
    let refuse = |reason: String| Error::Run { path: dir.clone(), reason };
    let _lock = RunLock::take(dir).map_err(|error| match error {
        LockError::Held(reason) => refuse(reason),
        LockError::Store(error) => Error::Store(error),
    })?;
    let is_finished = recorded.manifest.counts.known().is_some();
    let mut written: Result<(), StoreError> = Ok(());
    recorded.each_derived(&recorded.findings(), |name, content| {
        let is_of_report = !name.ends_with(".csv");
        if written.is_ok() && (is_finished || is_of_report) {
            written = write_atomic_with(dir, name, content).map(drop);
        }
    });
    written?;
    if is_finished {
        let Loaded { experiment, matrix, .. } = &recorded.loaded;
        package::write(dir, (experiment, matrix), &recorded.manifest)?;
    }
    Ok(dir.join(PAGE))
}
