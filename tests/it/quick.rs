//! `runner quick` and `runner new`: from nothing to a result, and to a file that does the same.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use runner::design::{Action, Experiment, Program, template::BUILT_IN};
use runner::spec::{Layers, NoFiles, Source, quick, read};
use runner::strategy::catalogue;

use crate::support::{Run, Sandbox};

/// Runs without progress.
fn quiet(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let all = [arguments, &["--progress", "none"]].concat();
    sandbox.run(&all)
}

/// Columns of the rows of a run.
fn rows(sandbox: &Sandbox, experiment: &str, columns: &[&str]) -> Vec<String> {
    let path = sandbox.latest(experiment).join("trials.csv");
    let mut reader = csv::Reader::from_path(path).expect("a table");
    let header = reader.headers().expect("a header").clone();
    let at = |name: &&str| header.iter().position(|column| column == *name).expect("a column");
    let places: Vec<usize> = columns.iter().map(at).collect();
    let rows = reader.records().map(|row| row.expect("a row"));
    rows.map(|row| places.iter().map(|&at| row[at].to_owned()).collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn two_commands_are_compared_in_one_table() {
    let sandbox = Sandbox::new();
    let line = ["quick", "echo {n}", "printf '%s' {n}", "-n", "6", "-w", "0", "-L", "n=1,x y"];
    let run = quiet(&sandbox, &line).expect_code(0);
    let text = &run.stdout;
    assert!(text.contains("\nn = x y\n"), "{text}");
    assert!(text.contains("\necho {n}"), "{text}");
    assert!(text.contains("vs echo {n}"), "{text}");
    let rows = rows(&sandbox, "quick", &["workload", "param_n"]);
    assert_eq!(rows.len(), 24);
    assert_eq!(rows.iter().filter(|row| **row == "printf '%s' {n} x y").count(), 6, "{rows:?}");
}

#[test]
fn a_saved_line_is_the_same_experiment() {
    let sandbox = Sandbox::new();
    let line = ["quick", "echo {n} {x}", "echo 3", "-L", "n=1,2", "-n", "2", "--seed", "7"];
    quiet(&sandbox, &line).expect_code(0);
    let save = [&line[..], &["--save", "saved.toml"]].concat();
    quiet(&sandbox, &save).expect_code(0);
    let keys = ["cell_key", "trial_seed", "order_in_run"];
    let first = rows(&sandbox, "quick", &keys);
    assert_eq!(first, rows(&sandbox, "saved", &keys));
    quiet(&sandbox, &["saved.toml", "--seed", "7"]).expect_code(0);
    assert_eq!(first, rows(&sandbox, "saved", &keys));
    let text = fs::read_to_string(sandbox.path().join("saved.toml")).expect("the file");
    assert!(text.starts_with("#:schema ") && text.contains("\nseed = 7\n"), "{text}");
    let plan = |arguments: &[&str]| -> serde_json::Value {
        let all = [&["plan", "saved.toml", "--format", "json"], arguments].concat();
        serde_json::from_str(&sandbox.run(&all).expect_code(0).stdout).expect("JSON")
    };
    assert_eq!(plan(&[])["fingerprint"], plan(&["--seed", "7"])["fingerprint"]);
    assert!(plan(&[])["fingerprint"].is_string());
    let largest = u64::MAX.to_string();
    let line = ["quick", "true", "-n", "1", "--seed", &largest, "--save", "largest.toml"];
    quiet(&sandbox, &line).expect_code(0);
    sandbox.run(&["check", "largest.toml"]).expect_code(0);
    // It is never overwritten, and then nothing is run.
    let again = quiet(&sandbox, &save).expect_code(2);
    assert!(again.stderr.contains("never overwritten"), "{}", again.stderr);
    assert_eq!(text, fs::read_to_string(sandbox.path().join("saved.toml")).expect("the file"));
}

#[test]
fn a_file_saved_elsewhere_runs_its_commands_here() {
    let sandbox = Sandbox::new();
    sandbox.write("there/.keep", "");
    sandbox.write("data.txt", "42\n");
    sandbox.write("bin/show", "#!/bin/sh\nexec cat data.txt\n");
    sandbox.shell("chmod +x bin/show").expect_code(0);
    let line = ["quick", "./bin/show", "--result", r"(\d+)", "--expect", "42", "-n", "1"];
    let save = [&line[..], &["--save", "there/x.toml"]].concat();
    quiet(&sandbox, &save).expect_code(0);
    quiet(&sandbox, &["there/x.toml"]).expect_code(0);
}

#[test]
fn mistakes_are_told_in_terms_of_the_line() {
    let sandbox = Sandbox::new();
    let line = ["quick", "ls | wc", "A=1 ls", "-L", "N=1", "--timeout", "5", "--result", "(a"];
    let run = quiet(&sandbox, &line).expect_code(2);
    for part in ["ls | wc", "--shell", "env A=1", "-L N=1", "--timeout 5", "--result (a"] {
        assert!(run.stderr.contains(part), "`{part}` is missing in\n{}", run.stderr);
    }
    assert!(run.stderr.contains("5 errors in the command line"), "{}", run.stderr);
    // What only the reader of files finds out is told of the argument too.
    for (arguments, parts) in [
        (&["-n", "0"][..], &["1 | -n 0", "at least 1"][..]),
        (&["-L", "n=1,1"], &["1 | -L n=1,1", "here twice"]),
        (&["-L", "seed=1"], &["1 | -L seed=1", "cannot be a parameter"]),
        (&["-L", "n=[1,"], &["1 | -L n=[1,", "cannot be read"]),
        (&["-L", "n=[1]\nm=2"], &["more than one value"]),
        (&["-L", "n=9..1"], &["1 | -L n=9..1"]),
        (&["--timeout", "0s"], &["1 | --timeout 0s"]),
        (&["-L", "n=1..100000", "--max-trials", "9"], &["the command line: "]),
    ] {
        let run = quiet(&sandbox, &[&["quick", "echo {n}"], arguments].concat()).expect_code(2);
        assert!(!run.stderr.contains("quick.toml"), "{}", run.stderr);
        run.expect_stderr(parts);
    }
    assert!(!sandbox.path().join("results").exists());
    let few = quiet(&sandbox, &["quick", "true", "-n", "1"]).expect_code(0);
    few.expect_stderr(&["1 | -n 1", "no 95 % interval"]);
    let shell = ["quick", "printf '%s' \"${X:-7}\" | cat", "-S", "--result", r"(\d)", "-n", "1"];
    quiet(&sandbox, &shell).expect_code(0);
    assert!(rows(&sandbox, "quick", &["answer"]).iter().all(|answer| answer == "7"));
}

#[test]
fn a_new_file_runs_and_is_never_overwritten() {
    let sandbox = Sandbox::new();
    for template in ["basic", "command", "compilers", "scaling", "io"] {
        let file = format!("{template}.toml");
        let run = sandbox.run(&["new", &file, "--template", template]).expect_code(0);
        assert!(run.stdout.contains(&format!("runner {file}")), "{}", run.stdout);
        let written = fs::read_to_string(sandbox.path().join(&file)).expect("the file");
        let printed = sandbox.run(&["new", "-", "-t", template]).expect_code(0).stdout;
        assert_eq!(written, printed);
        assert!(written.starts_with("#:schema experiment.schema.json\n"), "{written}");
        let check = sandbox.run(&["check", &file]).expect_code(0);
        assert_eq!(check.stderr, "", "{file}");
        sandbox.run(&["new", &file]).expect_code(2).expect_stderr(&["never overwritten"]);
        assert_eq!(written, fs::read_to_string(sandbox.path().join(&file)).expect("the file"));
    }
    for (file, small) in [
        ("basic.toml", &["params.n=100"][..]),
        ("command.toml", &[]),
        ("compilers.toml", &["params.n=1000"]),
        ("scaling.toml", &["workloads.strong.params.n=100", "workloads.weak.params.n=100"]),
        ("io.toml", &["params.block=[\"1M\"]"]),
    ] {
        let needs = match file {
            "command.toml" => "seq 1 && awk 'BEGIN {}'",
            "compilers.toml" => "cc --version",
            "io.toml" => "dd if=/dev/null of=/dev/null",
            _ => "true",
        };
        if sandbox.shell(needs).code != 0 {
            continue;
        }
        let mut line = vec![file, "--set", "protocol.repeats=1", "--set", "protocol.warmup=0"];
        line.extend(small.iter().flat_map(|set| ["--set", *set]));
        quiet(&sandbox, &line).expect_code(0);
    }
    sandbox.run(&["new"]).expect_code(0);
    assert!(sandbox.path().join("experiment.toml").exists());
    sandbox.run(&["new", "no/such/x.toml"]).expect_code(2).expect_stderr(&["does not exist"]);
}

fn experiment_of(text: &str) -> Experiment {
    let source = Source {
        path: "quick.toml",
        bytes: text.as_bytes(),
        stem: "quick",
        base_dir: Path::new("/somewhere"),
        files: &NoFiles,
        layers: Layers::default(),
    };
    let checked = read(&source, &catalogue());
    checked.unwrap_or_else(|problems| panic!("{}\n{text}", problems.render(false))).experiment
}

proptest! {
    /// Whatever is typed in quotes reaches the program as it was.
    #[test]
    fn every_word_reaches_the_program(words in prop::collection::vec("[^\0]{0,12}", 0..5)) {
        let is_substituted = |word: &String| {
            BUILT_IN.iter().any(|name| word.contains(&format!("{{{name}}}")))
        };
        prop_assume!(!words.iter().any(is_substituted));
        let words: Vec<&str> = std::iter::once("prog").chain(words.iter().map(String::as_str)).collect();
        let commands = [shell_words::join(&words)];
        let line = quick::Line { commands: &commands, ..quick::Line::default() };
        // A line break in a shell command is refused, in quotes it is not.
        let text = quick::toml(&line).map_err(|problems| TestCaseError::fail(problems.render(false)))?;
        let experiment = experiment_of(text.text());
        let Action::Command(command) = &experiment.workloads[0].action else { unreachable!() };
        let Program::Vector(vector) = &command.program else { unreachable!() };
        let rendered: Vec<String> =
            vector.iter().map(|word| word.render(&|name| panic!("{name} is substituted"))).collect();
        prop_assert_eq!(rendered, words);
    }
}
