//! `datapackage.json`: the files of a run as a Data Package (<https://datapackage.org>, version 2),
//! each table with type, unit and meaning of its columns.
//!
//! Owns the words of the descriptor. Files are listed and digested by the caller.

use serde_json::{Map, Value, json};

use super::csv::column::{self, ParamColumn, UserColumn};
use super::csv::schema::{Field, TABLES, Table};
use crate::design::{Experiment, Matrix};
use crate::store::Manifest;

/// Name of the file.
pub const PACKAGE: &str = "datapackage.json";

/// How text is kept from being read as a formula; see `docs/results.md`.
const TEXT_ENCODING: &str = "runner-apostrophe/1";

/// Files of kept output that are listed one by one; of more, only the number is given.
const LISTED_OUTPUTS: usize = 10_000;

/// Where the profiles of the version that is written lie.
const PROFILES: &str = "https://datapackage.org/profiles/2.0";

/// A file in the directory of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path within the directory, with `/` between folders.
    pub path: String,
    /// Size in bytes and SHA-256 in hexadecimal; `None` of a file that people go on writing.
    pub content: Option<(u64, String)>,
}

/// The descriptor, for files in the order in which they are to be listed.
#[must_use]
pub fn render(
    experiment: &Experiment,
    matrix: &Matrix,
    manifest: &Manifest,
    files: &[File],
) -> Vec<u8> {
    let params = column::params(matrix);
    let metrics = column::metrics(experiment);
    let is_output = |file: &&File| file.path.starts_with("output/");
    let outputs = files.iter().filter(is_output).count();
    let listed = |file: &&File| outputs <= LISTED_OUTPUTS || !is_output(file);
    let mut names = Names::default();
    let resources: Vec<Value> = files
        .iter()
        .filter(listed)
        .map(|file| resource(file, &mut names, (&params, &metrics)))
        .collect();
    let mut about =
        format!("The run {} of the experiment “{}”.", manifest.run_id, experiment.title);
    if let Some(question) = &experiment.question {
        about.push_str(&format!(" {question}"));
    }
    about.push_str(
        "\n\nTimes are whole nanoseconds, sizes whole bytes. An empty field means that there is no value. Text has an apostrophe in front where a spreadsheet would take it for a formula, and the empty text is one apostrophe: programs take one leading apostrophe off text columns.",
    );
    if outputs > LISTED_OUTPUTS {
        about.push_str(&format!("\n\nThe {outputs} files in output/ are not listed."));
    }
    let created = manifest.finished_at.known().unwrap_or(&manifest.started_at);
    let package = json!({
        "$schema": format!("{PROFILES}/datapackage.json"),
        "name": name(&format!("{}-{}", experiment.name, manifest.run_id)),
        "title": experiment.title,
        "description": about,
        "created": created,
        "textEncoding": TEXT_ENCODING,
        "resources": resources,
    });
    let mut bytes = serde_json::to_vec_pretty(&package).expect("its keys are text");
    bytes.push(b'\n');
    bytes
}

fn resource(
    file: &File,
    names: &mut Names,
    (params, metrics): (&[ParamColumn], &[UserColumn]),
) -> Value {
    let table = TABLES.into_iter().find(|table| table.file == file.path);
    let kind = Kind::of(&file.path);
    let mut resource = Map::new();
    let mut put = |key: &str, value: Value| resource.insert(key.to_owned(), value);
    put("$schema", json!(format!("{PROFILES}/dataresource.json")));
    put("name", json!(names.unique(&file.path)));
    put("path", json!(file.path));
    if table.is_some() {
        put("type", json!("table"));
    }
    if let Some(about) = table.map(|table| table.about).or_else(|| about(&file.path)) {
        put("description", json!(about));
    }
    put("format", json!(if table.is_some() { "csv" } else { kind.format }));
    put("mediatype", json!(kind.media));
    if kind.media.starts_with("text/") {
        put("encoding", json!("utf-8"));
    }
    if let Some((bytes, sha256)) = &file.content {
        put("bytes", json!(bytes));
        put("hash", json!(format!("sha256:{sha256}")));
    }
    if let Some(table) = table {
        put("dialect", dialect());
        put("schema", schema(table, params, metrics));
    }
    Value::Object(resource)
}

fn dialect() -> Value {
    json!({
        "$schema": format!("{PROFILES}/tabledialect.json"),
        "delimiter": ",",
        "lineTerminator": "\n",
        "quoteChar": "\"",
        "doubleQuote": true,
        "header": true,
        "skipInitialSpace": false,
    })
}

fn schema(table: &Table, params: &[ParamColumn], metrics: &[UserColumn]) -> Value {
    let mut key: Vec<String> = table.key.iter().map(ToString::to_string).collect();
    if table.params_in_key {
        key.extend(params.iter().map(ParamColumn::header));
    }
    let required = |field: &Field| table.key.contains(&field.name.as_str());
    let fields = table.fields(params, metrics);
    let fields: Vec<Value> = fields.iter().map(|field| column(field, required(field))).collect();
    json!({
        "$schema": format!("{PROFILES}/tableschema.json"),
        "fieldsMatch": "exact",
        "fields": fields,
        "primaryKey": key,
        "missingValues": [""],
    })
}

fn column(field: &Field, required: bool) -> Value {
    let mut column = Map::new();
    column.insert("name".to_owned(), json!(field.name));
    column.insert("type".to_owned(), json!(field.kind.as_str()));
    let mut meaning = field.meaning.clone();
    match field.unit.strip_prefix('`') {
        Some(_) => meaning.push_str(&format!(" (in the unit that the column {} says)", field.unit)),
        None if field.unit.is_empty() => {}
        None => {
            column.insert("unit".to_owned(), json!(field.unit));
        }
    }
    column.insert("description".to_owned(), json!(meaning));
    if required {
        column.insert("constraints".to_owned(), json!({ "required": true }));
    }
    Value::Object(column)
}

/// How a file is called among formats and media types.
struct Kind {
    /// Of a file that is not one of the tables. Readers try to parse what has the name of a format
    /// of tables, so that those have another one.
    format: &'static str,
    media: &'static str,
}

impl Kind {
    fn of(path: &str) -> Self {
        let (format, media) = match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
            "csv" => ("copy", "text/csv"),
            "json" => ("json", "application/json"),
            "jsonl" => ("journal", "application/jsonl"),
            "toml" => ("toml", "application/toml"),
            "md" => ("md", "text/markdown"),
            "html" => ("html", "text/html"),
            "svg" => ("svg", "image/svg+xml"),
            "png" => ("png", "image/png"),
            "tex" => ("tex", "application/x-tex"),
            "bib" => ("bib", "application/x-bibtex"),
            "xlsx" => {
                ("workbook", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
            }
            _ => ("binary", "application/octet-stream"),
        };
        Self { format, media }
    }
}

/// The media type of a file.
pub(super) fn media(path: &str) -> &'static str {
    Kind::of(path).media
}

/// What a file is that is not a table.
pub(super) fn about(path: &str) -> Option<&'static str> {
    Some(match path {
        "experiment.toml" => "The experiment file as it was given",
        "resolved.toml" => "The experiment after all layers, with its seed",
        "journal.jsonl" => {
            "Every event as it happened, one JSON object a line; all tables are made of it"
        }
        "manifest.json" => "Machine, versions, seeds, digests and arguments",
        "notes.md" => "Notes of the author, who may change them at any time",
        "report.html" => "The report as one page",
        "report.md" => "The report in Markdown",
        "table.xlsx" => "The tables as a workbook",
        _ if path.starts_with("experiment.base-") => "A file that the experiment file extends",
        _ if path.starts_with("output/") => "What a trial, a build or a hook printed",
        _ if path.starts_with("figures/") => "A figure of the report",
        _ => return None,
    })
}

/// The text as a name: small letters, digits, `-`, `_`, `.` and `/`.
fn name(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    text.chars().map(|c| if allowed(c) { c.to_ascii_lowercase() } else { '-' }).collect()
}

/// Names that were given.
#[derive(Default)]
struct Names(std::collections::BTreeSet<String>);

impl Names {
    /// The name for a path, with a number behind it where another path has the same.
    fn unique(&mut self, path: &str) -> String {
        let plain = name(path);
        let numbered = (2_u64..).map(|number| format!("{plain}-{number}"));
        let mut free = std::iter::once(plain.clone()).chain(numbered);
        let name = free.find(|name| !self.0.contains(name)).expect("numbers do not end");
        self.0.insert(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_hold_nothing_but_small_letters_and_digits() {
        let mut names = Names::default();
        assert_eq!(names.unique("output/t000001.1.out"), "output/t000001.1.out");
        assert_eq!(names.unique("A b.md"), "a-b.md");
        assert_eq!(names.unique("ä b.md"), "--b.md");
        assert_eq!(names.unique("a-b.md"), "a-b.md-2");
    }

    #[test]
    fn every_column_says_what_it_means_and_every_key_is_a_column() {
        for table in TABLES {
            let fields = table.fields(&[], &[]);
            for field in &fields {
                assert!(!field.meaning.is_empty(), "{} of {}", field.name, table.file);
                let time = field.name.ends_with("_ns");
                assert_eq!(field.unit == "ns", time, "{} of {}", field.name, table.file);
            }
            for key in table.key {
                assert!(fields.iter().any(|field| field.name == *key), "{key} of {}", table.file);
            }
            let names: std::collections::BTreeSet<_> =
                fields.iter().map(|field| &field.name).collect();
            assert_eq!(names.len(), fields.len(), "{}", table.file);
        }
    }
}
