//! The sheet `machine`: where the numbers come from.

use rust_xlsxwriter::{Worksheet, XlsxError};
use serde_json::Value;

use super::sheet::{self, Styles};
use crate::host::Fact;
use crate::store::Manifest;

/// Writes the sheet: a name and a value a row.
pub(super) fn write(
    sheet: &mut Worksheet,
    manifest: &Manifest,
    styles: &Styles,
) -> Result<(), XlsxError> {
    let mut rows: Vec<(String, Value)> = Vec::new();
    let mut put = |name: &str, value: Value| rows.push((name.to_owned(), value));
    let experiment = &manifest.experiment;
    put("run", text(&manifest.run_id));
    put("title", text(&experiment.title));
    put("question", fact(&experiment.question));
    put("begun (UTC)", text(&manifest.started_at));
    put("ended (UTC)", fact(&manifest.finished_at));
    put("how it ended", fact(&manifest.exit_reason));
    if let Some(counts) = manifest.counts.known() {
        put("trials that completed", counts.ok.into());
        put("trials that failed", counts.failed.into());
        put("trials that are missing", (counts.missing + counts.interrupted).into());
    }
    put("experiment file", text(&experiment.path));
    put("SHA-256 of the file", text(&experiment.sha256));
    put("revision of its folder", fact(&experiment.revision.commit));
    put("seed", text(&manifest.plan.seed));
    put("plan", text(&manifest.plan.fingerprint));
    put("command line", text(&manifest.invocation.arguments.join(" ")));
    put("version of the runner", text(&manifest.runner.version));
    for sentence in &manifest.methods {
        put("method", text(sentence));
    }
    let host = serde_json::to_value(&manifest.host).unwrap_or_default();
    flatten("", &host, &mut rows);
    sheet.write_string_with_format(0, 0, "what", &styles.head)?;
    sheet.write_string_with_format(0, 1, "value", &styles.head)?;
    for (at, (name, value)) in rows.iter().enumerate() {
        let row = sheet::row(at + 1);
        sheet.write_string(row, 0, sheet::clipped(name))?;
        cell(sheet, row, value, styles)?;
    }
    sheet::finish(sheet, sheet::row(rows.len()), 1)?;
    sheet::print_whole_width(sheet);
    Ok(())
}

fn cell(sheet: &mut Worksheet, row: u32, value: &Value, styles: &Styles) -> Result<(), XlsxError> {
    // Beyond this a spreadsheet rounds.
    let exact = value.as_f64().filter(|number| number.abs() < 1e15);
    match (value, exact) {
        (Value::Null, _) => {}
        (Value::Bool(truth), _) => drop(sheet.write_boolean(row, 1, *truth)?),
        (Value::Number(_), Some(number)) => drop(sheet.write_number(row, 1, number)?),
        (Value::String(text), _) if text.starts_with(UNKNOWN) => {
            sheet.write_string_with_format(row, 1, sheet::clipped(text), &styles.faint)?;
        }
        (Value::String(text), _) => drop(sheet.write_string(row, 1, sheet::clipped(text))?),
        (other, _) => drop(sheet.write_string(row, 1, sheet::clipped(&other.to_string()))?),
    }
    Ok(())
}

/// How a reason begins that stands for a value.
const UNKNOWN: &str = "not known: ";

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn fact(fact: &Fact<String>) -> Value {
    match fact.known() {
        Some(value) => text(value),
        None => text(&format!("{UNKNOWN}{}", fact.reason().unwrap_or_default())),
    }
}

/// One row for each value in an object, by its path; a fact is its value or the reason.
fn flatten(path: &str, value: &Value, rows: &mut Vec<(String, Value)>) {
    let Value::Object(object) = value else {
        rows.push((path.replace('_', " "), value.clone()));
        return;
    };
    match (object.get("value"), object.get("reason")) {
        (Some(Value::Null), Some(reason)) => {
            let reason = reason.as_str().unwrap_or_default();
            rows.push((path.replace('_', " "), text(&format!("{UNKNOWN}{reason}"))));
        }
        (Some(value), _) if object.len() <= 2 => flatten(path, value, rows),
        _ => {
            // Sorted, whatever order the map keeps.
            let mut keys: Vec<&String> = object.keys().collect();
            keys.sort();
            for key in keys {
                flatten(format!("{path} {key}").trim_start(), &object[key], rows);
            }
        }
    }
}
