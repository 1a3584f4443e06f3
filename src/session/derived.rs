//! Every file that is made of the journal: one list, from which a run is finished, made anew and
//! verified. Adding a derived file is one line in `MAKERS`.
//!
//! A maker is a function of what is recorded, so that the same record gives the same bytes on
//! every machine. It refuses clocks, and what a later run could change.

use std::io::{self, Write};

use super::replay::Gone;
use super::{Loaded, Planned, export};
use crate::analysis::{Findings, Standing};
use crate::design::Spreadsheet;
use crate::report::content::{Content, Texts};
use crate::report::copies::{self, Style};
use crate::report::csv::schema::TABLES;
use crate::report::csv::schema::trials::TRIALS;
use crate::report::csv::{self, TrialTable};
use crate::report::workbook::{self, WORKBOOK};
use crate::report::{html, markdown};
use crate::store::Manifest;

/// Bytes of `trials.csv` that are written at once.
const WRITE_SIZE: usize = 1 << 16;

/// The folder of the figures in the directory of a run.
pub(super) const FIGURES: &str = "figures";

/// What derived files are made of.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    /// The experiment and its cells.
    pub(super) loaded: &'a Loaded,
    /// Its trials.
    pub(super) planned: &'a Planned,
    /// What the run came to.
    pub(super) findings: &'a Findings<'a>,
    /// Its provenance.
    pub(super) manifest: &'a Manifest,
    /// Sessions that went on although something had changed.
    pub(super) changed: &'a [u32],
    /// Rows whose cells the experiment of today does not have, in the planned order.
    pub(super) gone: &'a [Gone],
    /// What lies beside the journal in the directory of the run.
    pub(super) texts: &'a Texts,
}

impl Sources<'_> {
    fn run_id(&self) -> &str {
        &self.manifest.run_id
    }
}

/// Files as (name within the run's directory, bytes). Of a table that has no subject in this
/// experiment there is no file.
type Made = Vec<(String, Vec<u8>)>;

/// What makes one file, or a folder of them.
type Maker = fn(&Sources<'_>) -> Made;

/// Writes what a file holds. May be called again, and writes the same.
pub(super) type Bytes<'a> = dyn Fn(&mut dyn Write) -> io::Result<()> + 'a;

/// Every file behind `trials.csv`, in the order in which they are written.
const MAKERS: &[Maker] = &[
    iterations,
    workers,
    summary,
    comparisons,
    claims,
    totals,
    scaling,
    scaling_points,
    table,
    workbook,
    report,
];

/// Makes every file, one after the other, so that two are never held at the same time. The table of
/// all trials is the one that grows with the run: it is never held as a whole.
pub(super) fn each(sources: &Sources<'_>, mut take: impl FnMut(&str, &Bytes<'_>)) {
    take(TRIALS.file, &|out| write_trials(sources, out));
    if sources.loaded.experiment.spreadsheet.is_some() {
        take_copy(sources, TRIALS.file, &trials(sources), &mut take);
    }
    for make in MAKERS {
        for (name, bytes) in make(sources) {
            take(&name, &|out| out.write_all(&bytes));
            take_copy(sources, &name, &bytes, &mut take);
        }
    }
}

fn take_copy(
    sources: &Sources<'_>,
    name: &str,
    bytes: &[u8],
    take: &mut impl FnMut(&str, &Bytes<'_>),
) {
    if let Some(copy) = copy(sources, name, bytes) {
        take(&format!("{}/{name}", export::FOLDER), &|out| out.write_all(&copy));
    }
}

/// The copy of a table for spreadsheets, where the experiment asks for it.
fn copy(sources: &Sources<'_>, name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let style = match sources.loaded.experiment.spreadsheet? {
        Spreadsheet::English => Style { separator: b',', decimal: b'.' },
        Spreadsheet::German => Style { separator: b';', decimal: b',' },
    };
    let table = TABLES.into_iter().find(|table| table.file == name)?;
    let kinds = export::kinds(table, sources.loaded);
    // A table of our own is never damaged.
    copies::render(bytes, &kinds, style).ok()
}

fn one(name: &str, bytes: impl Into<Option<Vec<u8>>>) -> Made {
    bytes.into().map(|bytes| (name.to_owned(), bytes)).into_iter().collect()
}

fn trials(sources: &Sources<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_trials(sources, &mut bytes).expect("memory takes what is written");
    bytes
}

fn write_trials(sources: &Sources<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Findings { evidence, standings, .. } = sources.findings;
    let Loaded { experiment, matrix, .. } = sources.loaded;
    let plan = &sources.planned.plan;
    let mut table =
        TrialTable::new(experiment, matrix, plan, sources.run_id()).marking(sources.changed);
    let mut bytes = Vec::new();
    table.header(&mut bytes);
    let mut gone = gone(sources, &table);
    for (observation, standing) in evidence.observations.iter().zip(standings.rows()) {
        gone.before(observation.trial.order, &mut bytes);
        table.row(observation, Some(standing), &mut bytes);
        if bytes.len() >= WRITE_SIZE {
            out.write_all(&bytes)?;
            bytes.clear();
        }
    }
    gone.before(u32::MAX, &mut bytes);
    out.write_all(&bytes)
}

/// The rows of cells that are gone, in the columns of `table`.
fn gone<'a>(sources: &Sources<'a>, table: &TrialTable) -> GoneRows<'a> {
    let versions = sources.planned.earlier.iter();
    let tables = versions
        .map(|then| {
            let own = TrialTable::new(
                &then.experiment,
                &then.matrix,
                &then.plan,
                &sources.manifest.run_id,
            );
            own.marking(sources.changed).in_columns_of(table)
        })
        .collect();
    GoneRows { rows: sources.gone, tables }
}

struct GoneRows<'a> {
    /// Those that are not written yet.
    rows: &'a [Gone],
    /// Of each experiment before that of today.
    tables: Vec<TrialTable>,
}

impl GoneRows<'_> {
    /// Appends those that are planned before a trial.
    fn before(&mut self, order: u32, out: &mut Vec<u8>) {
        while let [first, rest @ ..] = self.rows
            && first.row.trial.order < order
        {
            let is_last = rest.first().is_none_or(|next| next.row.trial != first.row.trial);
            let standing = Standing::gone(&first.row, is_last);
            self.tables[first.version].row(&first.row, Some(&standing), out);
            self.rows = rest;
        }
    }
}

fn iterations(sources: &Sources<'_>) -> Made {
    let observations = sources.findings.evidence.observations;
    one("iterations.csv", csv::inside::iterations(observations, sources.run_id()))
}

fn workers(sources: &Sources<'_>) -> Made {
    one("workers.csv", csv::inside::workers(sources.findings, sources.run_id()))
}

fn summary(sources: &Sources<'_>) -> Made {
    let Findings { evidence, summary, .. } = sources.findings;
    one("summary.csv", csv::summary::render(*evidence, summary, sources.run_id()))
}

fn comparisons(sources: &Sources<'_>) -> Made {
    one("comparisons.csv", csv::comparisons::render(sources.findings, sources.run_id()))
}

fn claims(sources: &Sources<'_>) -> Made {
    one("claims.csv", csv::claims::render(sources.findings, sources.run_id()))
}

fn totals(sources: &Sources<'_>) -> Made {
    one("totals.csv", csv::totals::render(sources.findings, sources.run_id()))
}

fn scaling(sources: &Sources<'_>) -> Made {
    let Findings { evidence, summary, series, .. } = sources.findings;
    one("scaling.csv", csv::scaling::models(*evidence, summary, series, sources.run_id()))
}

fn scaling_points(sources: &Sources<'_>) -> Made {
    let Findings { evidence, summary, series, .. } = sources.findings;
    one("scaling_points.csv", csv::scaling::points(*evidence, summary, series, sources.run_id()))
}

fn table(sources: &Sources<'_>) -> Made {
    one("table.csv", table_of(sources.findings, sources.manifest))
}

/// `table.csv` of a run.
pub(super) fn table_of(findings: &Findings<'_>, manifest: &Manifest) -> Vec<u8> {
    let Findings { evidence, summary, baselines, comparisons, .. } = findings;
    let heading = csv::table::Heading {
        run_id: &manifest.run_id,
        date: manifest.started_at.split('T').next().unwrap_or_default(),
        revision: manifest.experiment.revision.commit.known().map(String::as_str),
    };
    csv::table::render(*evidence, summary, (baselines, comparisons), heading)
}

fn workbook(sources: &Sources<'_>) -> Made {
    let attempts = sources.findings.evidence.observations.len() + sources.gone.len();
    let trials = if attempts <= workbook::MOST_ROWS { trials(sources) } else { Vec::new() };
    let comparisons = csv::comparisons::render(sources.findings, sources.run_id());
    let source = workbook::Source {
        findings: sources.findings,
        manifest: sources.manifest,
        attempts,
        trials: &trials,
        comparisons: &comparisons,
    };
    one(WORKBOOK, workbook::render(source))
}

/// The page, the same in Markdown, and each figure as a file of its own.
fn report(sources: &Sources<'_>) -> Made {
    let content = Content::of(sources.findings, sources.manifest, sources.texts);
    let page = html::render(&content, None).expect("the template of the page fits its content");
    let mut made = vec![
        ("report.html".to_owned(), page.into_bytes()),
        ("report.md".to_owned(), markdown::render(&content).into_bytes()),
    ];
    made.extend(content.figures.iter().map(|one| {
        (format!("{FIGURES}/{}.svg", one.name), one.figure.drawing.file().into_bytes())
    }));
    made
}
