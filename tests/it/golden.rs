//! Every directory of `tests/golden/plans`: an experiment and its printed plan. `BLESS=1 cargo
//! test` rewrites them; the difference is the review.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::Sandbox;

fn cases() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/plans");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(dir).expect("cases").map(|entry| entry.expect("an entry").path()).collect();
    cases.sort();
    cases
}

#[test]
fn every_plan_is_printed_as_it_was_reviewed() {
    let bless = std::env::var_os("BLESS").is_some();
    let cases = cases();
    assert!(cases.len() >= 6, "{cases:?}");
    for case in cases {
        let sandbox = Sandbox::new();
        let text = fs::read_to_string(case.join("experiment.toml")).expect("an experiment");
        sandbox.write("experiment.toml", text);
        for (format, file) in [("table", "plan.txt"), ("csv", "plan.csv")] {
            let arguments = ["plan", "experiment.toml", "--format", format];
            let printed = sandbox.run(&arguments).expect_code(0).stdout;
            let golden = case.join(file);
            if bless {
                fs::write(&golden, &printed).expect("a golden file");
            }
            let reviewed = fs::read_to_string(&golden).unwrap_or_default();
            assert_eq!(printed, reviewed, "{}: BLESS=1 rewrites it", golden.display());
        }
        assert!(!sandbox.path().join("results").exists(), "a plan writes nothing");
    }
}

#[test]
fn a_plan_as_json_has_the_exact_vectors_and_starts_nothing() {
    let sandbox = Sandbox::new();
    let text = "seed = 5\n[params]\nn = [1, 2]\n[workloads.touch]\n\
                command = ['/usr/bin/touch', 'made by {trial_id}', '{n}{{}}', '{strategy} {workers}', '{seed}']\n\
                build = ['/usr/bin/touch', 'built']\ntasks = 2\n\
                [strategies]\nalone = 'sequential'\ntwo = { kind = 'processes', workers = 2 }\n\
                [protocol]\nrepeats = 2\nwarmup = 1\n";
    sandbox.write("json.toml", text);
    let run = sandbox.run(&["plan", "json.toml", "--format", "json"]).expect_code(0);
    let plan: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!((plan["seed"].as_u64(), plan["n_trials"].as_u64()), (Some(5), Some(12)));
    let trials = plan["trials"].as_array().expect("a list");
    assert_eq!(trials.len(), 12);
    for trial in trials {
        let text = |key: &str| trial[key].as_str().expect("text").to_owned();
        let seed = u64::from_str_radix(&text("trial_seed")[2..], 16).expect("hex");
        let n = trial["params"]["n"].as_str().expect("a level");
        let vector = serde_json::json!([
            "/usr/bin/touch",
            format!("made by {}", text("trial_id")),
            format!("{n}{{}}"),
            format!("{} {}", text("strategy"), trial["workers"]),
            seed.to_string(),
        ]);
        let lanes = match text("strategy").as_str() {
            "alone" => serde_json::json!([[vector, vector]]),
            _ => serde_json::json!([[vector], [vector]]),
        };
        assert_eq!(trial["commands"], lanes);
    }
    let left: Vec<_> = fs::read_dir(sandbox.path()).expect("entries").collect();
    assert_eq!(left.len(), 1, "nothing was started: {left:?}");
}

#[test]
fn the_plan_of_a_run_is_what_runs() {
    let sandbox = Sandbox::new();
    let text = "seed = 11\n[workloads.noop]\n[strategies]\na = 'sequential'\nb = 'sequential'\n\
                c = { kind = 'threads', workers = [1, 2] }\n[protocol]\nrepeats = 4\n\
                isolation = 'thread'\n";
    sandbox.experiment("same", text).expect_code(0);
    let plan = sandbox.run(&["plan", "same.toml", "--format", "csv"]).expect_code(0).stdout;
    let plan = sandbox.write("plan.csv", plan);
    let planned = crate::support::read_table(&plan);
    let ran = sandbox.trials("same");
    assert_eq!(planned.len(), ran.len());
    for (planned, ran) in planned.iter().zip(&ran) {
        for (column, field) in planned.fields().iter().filter(|(column, _)| *column != "run_id") {
            assert_eq!(ran.get(column), field, "{column}");
        }
    }
}
