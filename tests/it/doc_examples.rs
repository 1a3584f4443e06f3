//! Every example of the documentation is run.
//!
//! A comment before each block says how: `<!-- example: [in TABLE] [over NAME] run [ARGUMENTS] -->`, or
//! `check` for what needs more than a sandbox has.
//! `over` lays the block over `tests/fixtures/examples/over/NAME.toml`, `in` puts it into a table
//! first; then the experiment is checked as it stands, and run once with the arguments. Programs
//! that an example names and that need not be on this machine are small scripts in `bin`.
//! `<!-- lines: ARGUMENTS -->`: each line of the block is printed by the runner.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Run, Sandbox};

const DOCUMENTS: [&str; 6] = [
    "README.md",
    "docs/experiment-file.md",
    "docs/commands.md",
    "docs/results.md",
    "docs/manifest.md",
    "ARCHITECTURE.md",
];

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// One block, with the line above it.
struct Block {
    place: String,
    language: String,
    note: String,
    text: String,
}

fn blocks(document: &str) -> Vec<Block> {
    let text = fs::read_to_string(project(document)).expect("a document");
    let lines: Vec<&str> = text.lines().collect();
    let mut blocks = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if let Some(language) = lines[at].strip_prefix("```") {
            let end = (at + 1..lines.len()).find(|&end| lines[end] == "```").expect("an end");
            blocks.push(Block {
                place: format!("{document}:{}", at + 1),
                language: language.to_owned(),
                note: at.checked_sub(1).map_or("", |above| lines[above]).to_owned(),
                text: lines[at + 1..end].join("\n") + "\n",
            });
            at = end;
        }
        at += 1;
    }
    blocks
}

/// A sandbox with everything that examples name.
fn sandbox() -> Sandbox {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).expect("a folder");
        for entry in fs::read_dir(from).expect("a folder") {
            let path = entry.expect("an entry").path();
            let target = to.join(path.file_name().expect("a name"));
            if path.is_dir() {
                copy(&path, &target);
            } else {
                fs::copy(&path, target).expect("a copy");
            }
        }
    }
    let sandbox = Sandbox::new();
    copy(&project("tests/fixtures/examples"), sandbox.path());
    sandbox
}

/// Runs with the programs of the fixtures first in the path.
fn runner(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", sandbox.path().join("bin").display());
    let mut command = sandbox.command(arguments);
    Run::of(&command.env("PATH", path).output().expect("the binary starts"))
}

/// What stands behind a word of the note, and the rest of the note.
fn option<'n>(note: &'n str, word: &str) -> (Option<&'n str>, &'n str) {
    match note.strip_prefix(word).and_then(|rest| rest.strip_prefix(' ')) {
        Some(rest) => {
            let (value, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            (Some(value), rest)
        }
        None => (None, note),
    }
}

fn run_example(block: &Block, note: &str) {
    let (table, note) = option(note, "in");
    let (over, note) = option(note, "over");
    let arguments = note.strip_prefix("run");
    assert!(arguments.is_some() || note == "check", "{}: {note}", block.place);
    let sandbox = sandbox();
    let mut text = block.text.clone();
    if let Some(table) = table {
        text = format!("[{table}]\n{text}");
    }
    if let Some(over) = over {
        text = format!("extends = \"over/{over}.toml\"\n{text}");
    }
    sandbox.write("example.toml", &text);
    let check = runner(&sandbox, &["check", "example.toml"]);
    assert_eq!((check.code, check.stderr.as_str()), (0, ""), "{}\n{text}", block.place);
    let Some(arguments) = arguments else { return };
    let mut all = vec!["example.toml", "--progress", "none"];
    all.extend(["--set", "protocol.repeats=1", "--set", "protocol.warmup=0"]);
    all.extend(arguments.split_whitespace());
    // A key of an override wins over what is set here.
    let run = runner(&sandbox, &all);
    let (out, err) = (&run.stdout, &run.stderr);
    assert_eq!(run.code, 0, "{}\n{text}\n{out}\n{err}", block.place);
}

#[test]
fn every_example_of_the_documentation_runs() {
    let mut count = 0;
    for block in DOCUMENTS.into_iter().flat_map(blocks) {
        if block.language != "toml" {
            continue;
        }
        let note = block.note.strip_prefix("<!-- example: ").and_then(|n| n.strip_suffix(" -->"));
        let note = note.unwrap_or_else(|| panic!("{}: how is this run?", block.place));
        run_example(&block, note);
        count += 1;
    }
    assert!(count >= 16, "{count} examples");
}

#[test]
fn every_message_of_the_documentation_is_printed() {
    let sandbox = sandbox();
    let mut count = 0;
    for block in blocks("docs/experiment-file.md") {
        if block.language != "text" {
            continue;
        }
        let note = block.note.strip_prefix("<!-- lines: ").and_then(|n| n.strip_suffix(" -->"));
        let note = note.unwrap_or_else(|| panic!("{}: who prints this?", block.place));
        let run = runner(&sandbox, &note.split_whitespace().collect::<Vec<_>>());
        let printed = format!("{}{}", run.stdout, run.stderr);
        for line in block.text.lines() {
            let is_printed = printed.lines().any(|other| other.trim_end() == line.trim_end());
            assert!(is_printed, "{}: `{line}` is not in\n{printed}", block.place);
        }
        count += 1;
    }
    assert!(count >= 2, "{count} messages");
}
