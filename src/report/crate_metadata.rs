//! `ro-crate-metadata.json`: a packed run as a Research Object Crate (<https://w3id.org/ro/crate/1.2>)
//! with the provenance of a Process Run Crate (<https://w3id.org/ro/wfrun/process/0.5>): which files
//! the run was made of, which it made, when, and with which program.

use serde_json::{Value, json};

use super::csv::schema::TABLES;
use crate::design::Experiment;
use crate::store::Manifest;

/// Name of the file.
pub const METADATA: &str = "ro-crate-metadata.json";

/// The version of the crate.
const CRATE: &str = "https://w3id.org/ro/crate/1.2";

/// The version of its provenance.
const PROCESS_RUN: &str = "https://w3id.org/ro/wfrun/process/0.5";

/// What the words in the file mean.
const CONTEXTS: [&str; 2] =
    ["https://w3id.org/ro/crate/1.2/context", "https://w3id.org/ro/terms/workflow-run/context"];

/// A file in the crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its path in the crate.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

/// The file, for all other files of the crate.
#[must_use]
pub fn render(experiment: &Experiment, manifest: &Manifest, parts: &[Part]) -> Vec<u8> {
    let ended = manifest.finished_at.known().unwrap_or(&manifest.started_at);
    let is_source = |part: &&Part| is_source(&part.path);
    let refer = |part: &Part| json!({ "@id": id(&part.path) });
    let objects: Vec<Value> = parts.iter().filter(is_source).map(refer).collect();
    let results: Vec<Value> = parts.iter().filter(|part| !is_source(part)).map(refer).collect();
    let has_part: Vec<Value> = parts.iter().map(refer).collect();
    let question = experiment.question.clone().unwrap_or_else(|| experiment.title.clone());
    let mut graph = vec![
        json!({
            "@id": METADATA, "@type": "CreativeWork",
            "conformsTo": { "@id": CRATE }, "about": { "@id": "./" },
        }),
        json!({
            "@id": "./", "@type": "Dataset",
            "conformsTo": [{ "@id": PROCESS_RUN }],
            "name": experiment.title, "description": question,
            "identifier": manifest.run_id, "datePublished": ended,
            "license": "No licence has been stated: ask the author",
            "hasPart": has_part, "mentions": [{ "@id": "#run" }],
        }),
        json!({
            "@id": PROCESS_RUN, "@type": "CreativeWork",
            "name": "Process Run Crate", "version": "0.5",
        }),
        json!({
            "@id": "#run", "@type": "CreateAction",
            "name": format!("Run {} of {}", manifest.run_id, experiment.name),
            "description": manifest.invocation.arguments.join(" "),
            "startTime": manifest.started_at, "endTime": ended,
            "instrument": { "@id": "#runner" },
            "object": objects, "result": results,
            "actionStatus": { "@id": status(manifest) },
        }),
        json!({
            "@id": "#runner", "@type": "SoftwareApplication",
            "name": "runner", "softwareVersion": manifest.runner.version,
            "description": "A declarative experiment runner",
        }),
    ];
    graph.extend(parts.iter().map(entity));
    let text = json!({ "@context": CONTEXTS, "@graph": graph });
    let mut bytes = serde_json::to_vec_pretty(&text).expect("its keys are text");
    bytes.push(b'\n');
    bytes
}

/// Whether a file was there before the run.
fn is_source(path: &str) -> bool {
    path.starts_with("inputs/")
        || path == "experiment.toml"
        || path == "resolved.toml"
        || path.starts_with("experiment.base-")
}

fn status(manifest: &Manifest) -> &'static str {
    let is_whole = manifest
        .counts
        .known()
        .is_some_and(|counts| counts.failed + counts.missing + counts.interrupted == 0);
    if is_whole {
        "http://schema.org/CompletedActionStatus"
    } else {
        "http://schema.org/FailedActionStatus"
    }
}

fn entity(part: &Part) -> Value {
    let table = TABLES.into_iter().find(|table| table.file == part.path);
    let about = table.map_or_else(|| super::package::about(&part.path), |table| Some(table.about));
    let mut entity = json!({
        "@id": id(&part.path), "@type": "File", "name": part.path,
        "encodingFormat": super::package::media(&part.path),
        "contentSize": part.bytes.to_string(), "sha256": part.sha256,
    });
    if let Some(about) = about {
        entity["description"] = json!(about);
    }
    entity
}

/// A path as a relative reference: what a URI does not hold is written in percent.
fn id(path: &str) -> String {
    let mut id = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            id.push(char::from(byte));
        } else {
            id.push_str(&format!("%{byte:02X}"));
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::id;

    #[test]
    fn a_path_becomes_a_reference() {
        assert_eq!(id("output/t000001.1.out"), "output/t000001.1.out");
        assert_eq!(id("inputs/a b#ü.txt"), "inputs/a%20b%23%C3%BC.txt");
    }
}
