//! The shipped experiments: every one is checked as a stranger would, and belongs to the schema.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Sandbox;

fn shipped() -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for folder in ["experiments", "experiments/designs", "experiments/templates"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let entries = fs::read_dir(folder).expect("a folder of experiments");
        paths.extend(entries.map(|entry| entry.expect("an entry").path()));
    }
    paths.retain(|path| path.extension().is_some_and(|suffix| suffix == "toml"));
    paths.sort();
    assert!(paths.len() >= 22, "{paths:?}");
    paths
}

/// The way from an experiment to the schema.
fn schema_of(path: &Path) -> PathBuf {
    let text = fs::read_to_string(path).expect("an experiment");
    let line = text.lines().next().and_then(|line| line.strip_prefix("#:schema "));
    let schema = line.unwrap_or_else(|| panic!("{} names no schema", path.display()));
    path.parent().expect("a folder").join(schema)
}

#[test]
fn every_shipped_experiment_passes_the_check_without_a_caution() {
    let sandbox = Sandbox::new();
    for path in shipped() {
        let file = path.to_str().expect("a path in UTF-8");
        let run = sandbox.run(&["check", file]).expect_code(0);
        assert!(run.stdout.contains("is valid"), "{file}: {}", run.stdout);
        assert_eq!(run.stderr, "", "{file}");
    }
}

#[test]
fn every_shipped_experiment_names_the_schema_and_asks_a_question() {
    for path in shipped() {
        let text = fs::read_to_string(&path).expect("an experiment");
        let place = path.display();
        assert!(schema_of(&path).ends_with("schemas/experiment.schema.json"), "{place}");
        assert!(schema_of(&path).exists(), "{place}");
        for key in ["title", "question"] {
            assert!(text.lines().any(|line| line.starts_with(key)), "{place} has no {key}");
        }
    }
}
