//! The shipped experiments: every one is checked as a stranger would, and belongs to the schema.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Sandbox;

fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
    let entries = fs::read_dir(folder).expect("the folder of experiments");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|suffix| suffix == "toml")).collect();
    paths.sort();
    assert!(paths.len() >= 9, "{paths:?}");
    paths
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
        assert!(text.starts_with("#:schema ../schemas/experiment.schema.json\n"), "{place}");
        for key in ["title", "question"] {
            assert!(text.lines().any(|line| line.starts_with(key)), "{place} has no {key}");
        }
    }
}
