//! `table.xlsx`: the tables of a run as a workbook: results with a chart, comparisons, trials and
//! the machine.
//!
//! Cells have the types of their columns, times are in seconds. The same run gives the same bytes.
//! Refuses to judge, to hold more rows than a spreadsheet bears, and to write a formula that is not
//! its own: text is a string, whatever it begins with.

mod chart;
mod machine;
mod results;
mod sheet;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use super::csv::column::{self, ParamColumn, UserColumn};
use super::csv::schema::comparisons::COMPARISONS;
use super::csv::schema::trials::TRIALS;
use crate::analysis::Findings;
use crate::store::Manifest;
use sheet::Styles;

/// Name of the file.
pub const WORKBOOK: &str = "table.xlsx";

/// Rows up to which a table becomes a sheet; a larger one stays in its file alone.
pub const MOST_ROWS: usize = 50_000;

/// Columns up to which a table becomes a sheet; a spreadsheet has 16 384.
const MOST_COLUMNS: usize = 10_000;

/// What the workbook is made of.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// What the run came to.
    pub findings: &'a Findings<'a>,
    /// Its provenance.
    pub manifest: &'a Manifest,
    /// Rows of `trials.csv`.
    pub attempts: usize,
    /// `trials.csv`; not looked at if it has more than `MOST_ROWS`.
    pub trials: &'a [u8],
    /// `comparisons.csv`.
    pub comparisons: &'a [u8],
}

/// The file. Where it cannot be made as it should be, it says why and leads to the CSV.
#[must_use]
pub fn render(source: Source<'_>) -> Vec<u8> {
    whole(source).unwrap_or_else(|error| apology(source.manifest, &error).unwrap_or_default())
}

fn whole(source: Source<'_>) -> Result<Vec<u8>, XlsxError> {
    let Source { findings, manifest, .. } = source;
    let evidence = findings.evidence;
    let params = column::params(evidence.matrix);
    let metrics = column::metrics(evidence.experiment);
    let mut workbook = begun(manifest)?;
    let styles = Styles::new();
    // There may be more rows than observations: those of cells that are gone.
    let rows = source.attempts;
    let trials_fit = rows <= MOST_ROWS && width(&params, &metrics) <= MOST_COLUMNS;
    let results = workbook.add_worksheet().set_name("results")?;
    let cells = evidence.matrix.len();
    if cells <= MOST_ROWS && params.len() <= MOST_COLUMNS {
        results::write(
            results,
            findings,
            &params,
            trials_fit.then_some((&metrics[..], rows)),
            &styles,
        )?;
    } else {
        sheet::left_out(results, cells, "table.csv")?;
    }
    let comparisons = workbook.add_worksheet().set_name("comparisons")?;
    if findings.comparisons.rows.len() <= MOST_ROWS && params.len() <= MOST_COLUMNS {
        let fields = COMPARISONS.fields(&params, &[]);
        sheet::write(comparisons, &fields, source.comparisons, &styles)?;
    } else {
        sheet::left_out(comparisons, findings.comparisons.rows.len(), "comparisons.csv")?;
    }
    let trials = workbook.add_worksheet().set_name("trials")?;
    if trials_fit {
        sheet::write(trials, &TRIALS.fields(&params, &metrics), source.trials, &styles)?;
    } else {
        sheet::left_out(trials, rows, "trials.csv")?;
    }
    machine::write(workbook.add_worksheet().set_name("machine")?, manifest, &styles)?;
    workbook.save_to_buffer()
}

fn width(params: &[ParamColumn], metrics: &[UserColumn]) -> usize {
    params.len() + metrics.len()
}

/// An empty workbook with the run's title and date: the date of today would change its bytes.
fn begun(manifest: &Manifest) -> Result<Workbook, XlsxError> {
    let mut workbook = Workbook::new();
    let begin = ExcelDateTime::parse_from_str(&manifest.started_at)?;
    let properties = DocProperties::new()
        .set_title(sheet::clipped(&manifest.experiment.title))
        .set_subject(&manifest.run_id)
        .set_creation_datetime(&begin);
    workbook.set_properties(&properties);
    Ok(workbook)
}

fn apology(manifest: &Manifest, error: &XlsxError) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let text = format!("This workbook could not be made ({error}): see table.csv and trials.csv");
    workbook.add_worksheet().set_name("results")?.write_string(0, 0, sheet::clipped(&text))?;
    let begin = ExcelDateTime::parse_from_str(&manifest.started_at)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&begin));
    workbook.save_to_buffer()
}
