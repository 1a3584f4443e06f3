//! Experiment files: what is read, what is refused and in which words.

use std::fs;
use std::path::{Path, PathBuf};

use num_bigint::BigInt;
use proptest::prelude::*;
use runner::design::{
    Action, Agree, Catalogue, Environment, Isolation, KernelSignature, Matrix, ParameterSignature,
    Program, Scaling, StrategyKind, Value, ValueKind,
};
use runner::spec::{Checked, Diagnostics, Severity, Source, keys, read};

const N: ParameterSignature = ParameterSignature {
    name: "n",
    kind: ValueKind::Integer { min: 0 },
    required: true,
    default: "",
    about: "how many terms; an integer of at least 0",
};

static POWER_SUM: KernelSignature = KernelSignature {
    name: "power-sum",
    version: 1,
    about: "sum of powers",
    parameters: &[
        N,
        ParameterSignature {
            name: "powers",
            kind: ValueKind::IntegerList { min: 0 },
            required: false,
            default: "[1, 2, 3]",
            about: "which powers are summed; a list of integers of at least 0",
        },
    ],
    size: Some("n"),
    example: "",
};

static PRIMES: KernelSignature = KernelSignature {
    name: "primes",
    version: 1,
    about: "count of primes below n",
    parameters: &[N],
    size: Some("n"),
    example: "",
};

static SLEEP: KernelSignature = KernelSignature {
    name: "sleep",
    version: 1,
    about: "waits",
    parameters: &[ParameterSignature {
        name: "time",
        kind: ValueKind::Duration,
        required: true,
        default: "",
        about: "how long each task sleeps; a duration such as \"10ms\"",
    }],
    size: None,
    example: "",
};

static NOOP: KernelSignature = KernelSignature {
    name: "noop",
    version: 1,
    about: "nothing",
    parameters: &[],
    size: None,
    example: "",
};

fn catalogue() -> Catalogue {
    Catalogue {
        kernels: vec![&POWER_SUM, &PRIMES, &SLEEP, &NOOP],
        strategies: Vec::new(),
    }
}

fn read_bytes(bytes: &[u8]) -> Result<Checked, Diagnostics> {
    let source = Source {
        path: "experiment.toml",
        bytes,
        stem: "experiment",
        base_dir: Path::new("/somewhere"),
    };
    read(&source, &catalogue())
}

#[track_caller]
fn good(text: &str) -> Checked {
    read_bytes(text.as_bytes()).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// The titles of all errors.
#[track_caller]
fn titles(text: &str) -> Vec<String> {
    let problems = read_bytes(text.as_bytes()).expect_err("the file has errors");
    problems
        .list()
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .map(|problem| problem.title.clone())
        .collect()
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn shipped() -> Vec<String> {
    ["experiments/basic.toml", "experiments/cpython.toml"]
        .map(|path| fs::read_to_string(project(path)).expect("a shipped experiment"))
        .to_vec()
}

#[test]
fn the_shipped_experiments_are_valid_and_have_the_cells_that_they_promise() {
    for (text, cells) in shipped().iter().zip([6, 3]) {
        let checked = good(text);
        assert!(
            checked.cautions.is_empty(),
            "{}",
            checked.cautions.render(false)
        );
        let matrix = Matrix::new(&checked.experiment).expect("a matrix");
        assert_eq!(matrix.len(), cells);
    }
}

#[test]
fn every_golden_error_is_rendered_as_it_was_reviewed() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut cases: Vec<PathBuf> = fs::read_dir(project("tests/golden/errors"))
        .expect("the golden directory")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 25, "only {} cases", cases.len());
    let mut changed = Vec::new();
    for case in cases {
        let bytes = fs::read(case.join("experiment.toml")).expect("experiment.toml");
        let rendered = match read_bytes(&bytes) {
            Ok(checked) => {
                assert!(
                    !checked.cautions.is_empty(),
                    "{} says nothing",
                    case.display()
                );
                checked.cautions.render(false)
            }
            Err(problems) => problems.render(false),
        };
        let expected = case.join("stderr.txt");
        if bless {
            fs::write(&expected, &rendered).expect("stderr.txt");
        }
        let expected = fs::read_to_string(expected).unwrap_or_default();
        if rendered != expected {
            changed.push(format!("{}:\n{rendered}", case.display()));
        }
    }
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}
