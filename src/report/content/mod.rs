//! What a report says, as plain values: page, Markdown and LaTeX are made of the same.
//!
//! Owns which facts are shown, in which order and in which words. Refuses to know a format, and to
//! read files: the texts of a run are handed in.

mod cautions;
mod method;
pub(in crate::report) mod record;
mod results;

#[cfg(test)]
pub(crate) mod tests;

use serde::Serialize;

pub(in crate::report) use results::{class, row as result_row};

use crate::analysis::Findings;
use crate::report::figure::{self, Named};
use crate::store::Manifest;

/// Texts that lie beside the record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// The author's notes, in Markdown.
    pub notes: String,
    /// The experiment file after all layers.
    pub resolved: String,
    /// SHA-256 of the journal, in hex.
    pub journal_sha256: String,
}

/// A name and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// What it is.
    pub name: String,
    /// What it is here.
    pub value: String,
}

/// A sentence with the class of what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sentence {
    /// `better`, `worse`, `same`, `open` or `invalid`.
    pub class: &'static str,
    /// The sentence.
    pub text: String,
}

/// A claim of the author and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// `supported`, `contradicted` or `undecided`.
    pub class: &'static str,
    /// What became of it.
    pub text: String,
    /// A sentence for each comparison behind it.
    pub evidence: Vec<String>,
}

/// One cell in a table of results.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What tells it apart within its table.
    pub label: String,
    /// Trials that count.
    pub n: u32,
    /// The compared statistic in the unit of the table, or why there is none.
    pub value: String,
    /// The same in stored units, for sorting.
    pub value_raw: Option<f64>,
    /// Its interval.
    pub interval: String,
    /// The smallest value.
    pub min: String,
    /// Half the width of the interval over the value.
    pub precision: String,
    /// What is said against the baseline.
    pub versus: String,
    /// The class of that.
    pub class: &'static str,
    /// The ratio to the baseline, for sorting.
    pub ratio_raw: Option<f64>,
    /// The interval of the ratio.
    pub ratio_interval: String,
    /// Trials that failed or are missing, in words.
    pub lost: String,
}

/// Cells that stand together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Table {
    /// What they share.
    pub heading: String,
    /// The answer, if all of them gave the same.
    pub answer: String,
    /// `time (ms)`.
    pub metric: String,
    /// `vs normal`; empty without a baseline.
    pub versus: String,
    /// The cells.
    pub rows: Vec<Row>,
}

/// Something that a reader must know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Caution {
    /// The word in the tables, or what kind of caution it is.
    pub word: String,
    /// What was seen.
    pub meaning: String,
    /// What helps.
    pub remedy: String,
    /// Where it was seen.
    pub places: String,
}

/// Workloads that are repeated and limited alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Protocol {
    /// Which cells.
    pub of: String,
    /// Their protocol.
    pub entries: Vec<Entry>,
}

/// Everything that a report says.
#[derive(Clone, Debug, Serialize)]
pub struct Content {
    /// Of the experiment.
    pub title: String,
    /// Its question; it may be empty.
    pub question: String,
    /// The stem of the file.
    pub name: String,
    /// The run.
    pub run_id: String,
    /// The day it began.
    pub date: String,
    /// What became of the trials, in one line.
    pub status: String,
    /// Whether nothing went wrong.
    pub is_good: bool,
    /// The author's notes, in Markdown; empty while the author has added nothing.
    #[serde(skip)]
    pub notes: String,
    /// What became of the author's claims.
    pub claims: Vec<Claim>,
    /// What the comparisons say.
    pub verdicts: Vec<Sentence>,
    /// One figure over everything, where the experiment asks for it.
    pub totals: Vec<String>,
    /// Level of the intervals in percent.
    pub level: String,
    /// What the tables show and ratios are of: `median`, or `p95`.
    pub statistic: &'static str,
    /// Several of them: `medians`, or `95th percentiles`.
    pub statistics: &'static str,
    /// The results.
    pub tables: Vec<Table>,
    /// What was flagged, failed, filtered or left out.
    pub cautions: Vec<Caution>,
    /// The axes of the matrix.
    pub matrix: Vec<Entry>,
    /// How trials were carried out.
    pub protocols: Vec<Protocol>,
    /// Seed, plan, digests.
    pub plan: Vec<Entry>,
    /// The experiment file after all layers.
    pub resolved: String,
    /// The machine.
    pub machine: Vec<Entry>,
    /// Programs and kernels.
    pub programs: Vec<Entry>,
    /// Commands, with what each is for.
    pub commands: Vec<Entry>,
    /// How the numbers came about, one sentence each.
    pub method: Vec<String>,
    /// The same as a paragraph for a paper.
    pub paragraph: String,
    /// An entry for a list of references.
    pub bibtex: String,
    /// The figures.
    #[serde(skip)]
    pub figures: Vec<Named>,
}

impl Content {
    /// What is to be said of a run.
    #[must_use]
    pub fn of(findings: &Findings<'_>, manifest: &Manifest, texts: &Texts) -> Self {
        let (status, is_good) = record::status(findings, manifest);
        let method = method::sentences(findings, manifest);
        Self {
            title: manifest.experiment.title.clone(),
            question: manifest.experiment.question.known().cloned().unwrap_or_default(),
            name: manifest.experiment.name.clone(),
            run_id: manifest.run_id.clone(),
            date: record::date(manifest).to_owned(),
            status,
            is_good,
            notes: record::notes(manifest, texts),
            claims: results::claims(findings),
            verdicts: results::verdicts(findings),
            totals: results::totals(findings),
            level: crate::report::screen::words::ratio(100.0 * findings.summary.conf()),
            statistic: findings.summary.objective().name(),
            statistics: findings.summary.objective().plural(),
            tables: results::tables(findings),
            cautions: cautions::all(findings, manifest),
            matrix: record::matrix(findings),
            protocols: record::protocols(manifest),
            plan: record::plan(manifest, texts),
            resolved: texts.resolved.clone(),
            machine: record::machine(manifest),
            programs: record::programs(manifest),
            commands: record::commands(manifest),
            paragraph: method::paragraph(findings, manifest, texts),
            bibtex: method::bibtex(manifest, texts),
            method,
            figures: figure::all(findings),
        }
    }
}

/// What stands before and behind the author's notes in page and Markdown.
pub const NOTES: [&str; 2] = ["<!-- notes -->", "<!-- /notes -->"];

/// A report without the author's notes, which may change when they like.
#[must_use]
pub fn without_notes(text: &str) -> String {
    // Notes may hold the marks themselves: everything between the outer ones is theirs.
    match (text.find(NOTES[0]), text.rfind(NOTES[1])) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &text[..from], &text[to..]),
        _ => text.to_owned(),
    }
}

pub(super) fn entry(name: &str, value: impl Into<String>) -> Entry {
    Entry { name: name.to_owned(), value: value.into() }
}
