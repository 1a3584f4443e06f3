//! The architecture test: imports between rooms point down, and budgets of size hold.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Layers from the bottom up; a room may import rooms of lower layers only.
const LAYERS: [&[&str]; 9] = [
    &["process", "stats", "clock"],
    &["design", "host"],
    &["spec", "plan"],
    &["workload", "measure"],
    &["strategy", "analysis"],
    &["trial", "event", "store"],
    &["exec", "report"],
    &["session"],
    &["cli"],
];

/// Rooms of one layer that may import one another, each with its reason.
const ALLOWED_SIDEWAYS: [(&str, &str); 0] = [];

/// Lines of a file, outside tests.
const MAX_LINES: usize = 500;

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("src is readable") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The part of a file that is not its test module.
fn product(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().expect("split yields at least one part")
}

/// The room of a file: its top-level module.
fn room(path: &Path) -> String {
    let relative = path.strip_prefix("src").expect("below src");
    let first = relative.components().next().expect("a file").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Names after `crate::` in code, comments left out.
fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for part in line.split("crate::").skip(1) {
            let names = part.strip_prefix('{').map_or_else(
                || vec![part],
                |inner| inner.split('}').next().unwrap_or(inner).split(',').collect(),
            );
            for name in names {
                let name: String =
                    name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                found.push(name);
            }
        }
    }
    found
}

fn is_test_file(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with("tests.rs"))
        || path.components().any(|part| part.as_os_str() == "tests")
}

fn files() -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    sources(Path::new("src"), &mut paths);
    paths.retain(|path| !is_test_file(path));
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("source is text");
            (path, text)
        })
        .collect()
}

#[test]
fn imports_between_rooms_point_down() {
    let layer: BTreeMap<&str, usize> = LAYERS
        .iter()
        .enumerate()
        .flat_map(|(level, rooms)| rooms.iter().map(move |room| (*room, level)))
        .collect();
    let mut wrong = Vec::new();
    let mut edges = 0;
    for (path, text) in files() {
        let from = room(&path);
        let Some(&from_layer) = layer.get(from.as_str()) else {
            assert!(matches!(from.as_str(), "lib" | "main"), "{} is in no layer", path.display());
            continue;
        };
        for to in imports(product(&text)) {
            let Some(&to_layer) = layer.get(to.as_str()) else {
                continue;
            };
            edges += 1;
            let sideways = ALLOWED_SIDEWAYS.contains(&(from.as_str(), to.as_str()));
            if to != from && to_layer >= from_layer && !sideways {
                wrong.push(format!("{}: `{from}` imports `{to}`", path.display()));
            }
        }
    }
    assert!(edges > 50, "the test sees the imports: {edges}");
    assert!(wrong.is_empty(), "imports that do not point down:\n{}", wrong.join("\n"));
}

#[test]
fn files_stay_within_their_budget() {
    let long: Vec<String> = files()
        .iter()
        .map(|(path, text)| (path, product(text).lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "files above {MAX_LINES} lines:\n{}", long.join("\n"));
}

#[test]
fn pure_rooms_do_no_input_or_output_and_read_no_clock() {
    let pure = ["spec", "design", "plan", "measure", "stats", "analysis"];
    let words =
        ["std::fs", "std::net", "std::process", "crate::clock", "std::env", "std::io::stdin"];
    let mut wrong = Vec::new();
    for (path, text) in files() {
        let is_dispatcher = path.ends_with("exec/dispatcher.rs");
        if !is_dispatcher && !pure.contains(&room(&path).as_str()) {
            continue;
        }
        for word in words {
            if product(&text).contains(word) {
                wrong.push(format!("{}: {word}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_says_what_it_owns() {
    for (path, text) in files() {
        assert!(text.starts_with("//!"), "{} has no head", path.display());
    }
}
