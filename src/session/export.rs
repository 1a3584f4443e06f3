//! Copies of a run's tables for spreadsheets of a language.

use std::fs;
use std::path::{Path, PathBuf};

use super::pack::Place;
use super::{Error, Loaded, recorded};
use crate::report::copies::{self, Style};
use crate::report::csv::column;
use crate::report::csv::schema::{Kind, TABLES, Table};
use crate::store::write_atomic;

/// Folder of the copies in the directory of a run.
pub(super) const FOLDER: &str = "excel-csv";

/// Copies every table of a run into a folder; the paths of the copies. Tables that were copied
/// before are replaced.
///
/// # Errors
/// The run or a table cannot be read, or a copy cannot be written.
pub fn copies(place: &Place, folder: Option<&Path>, style: Style) -> Result<Vec<PathBuf>, Error> {
    let refuse = |reason: String| Error::Run { path: place.shown.clone(), reason };
    if style.separator == style.decimal {
        return Err(refuse("separator and decimal point are the same character".to_owned()));
    }
    if folder.is_none() && place.shown != place.path {
        return Err(refuse("it is an archive: say with --to where the copies go".to_owned()));
    }
    let recorded = recorded::open(&place.path)?;
    let folder = folder.map_or_else(|| place.path.join(FOLDER), Path::to_owned);
    fs::create_dir_all(&folder)?;
    let mut written = Vec::new();
    for table in TABLES {
        // Of a table that has no subject in this experiment there is no file.
        let Ok(bytes) = fs::read(place.path.join(table.file)) else { continue };
        let kinds = kinds(table, &recorded.loaded);
        let copy = copies::render(&bytes, &kinds, style)
            .map_err(|error| refuse(format!("{} is damaged: {error}", table.file)))?;
        written.push(write_atomic(&folder, table.file, &copy)?);
    }
    Ok(written)
}

/// The types of the columns of a table.
pub(super) fn kinds(table: &Table, loaded: &Loaded) -> Vec<Kind> {
    let params = column::params(&loaded.matrix);
    let metrics = column::metrics(&loaded.experiment);
    table.fields(&params, &metrics).into_iter().map(|field| field.kind).collect()
}
