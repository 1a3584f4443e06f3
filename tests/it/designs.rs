//! The designs that a researcher must be able to say, in `experiments/designs`: each has the plan
//! that was reviewed, and those that need nothing but the runner and a shell also run, made small.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Sandbox;

fn designs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/designs");
    let entries = fs::read_dir(folder).expect("the designs");
    let mut designs: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    designs.retain(|path| path.extension().is_some_and(|suffix| suffix == "toml"));
    designs.sort();
    assert_eq!(designs.len(), 8, "{designs:?}");
    designs
}

#[test]
fn every_design_has_the_plan_that_was_reviewed() {
    let bless = std::env::var_os("BLESS").is_some();
    let sandbox = Sandbox::new();
    for design in designs() {
        let stem = design.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/designs");
        let golden = folder.join(format!("{stem}.txt"));
        let run = sandbox.run(&["plan", design.to_str().expect("text")]).expect_code(0);
        assert_eq!(run.stderr, "", "{stem} has cautions");
        if bless {
            fs::create_dir_all(folder).expect("a folder");
            fs::write(&golden, &run.stdout).expect("a golden file");
        }
        let reviewed = fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(run.stdout, reviewed, "{stem}: BLESS=1 cargo test rewrites it");
    }
    assert!(!sandbox.path().join("results").exists(), "a plan writes nothing");
}

/// Runs a design with one repeat and these changes; the statuses of its rows.
fn statuses(name: &str, changes: &[&str]) -> Vec<String> {
    let design = designs().into_iter().find(|path| path.ends_with(format!("{name}.toml")));
    let design = design.expect("the design");
    let sandbox = Sandbox::new();
    let mut arguments = vec![design.to_str().expect("text"), "--progress", "none"];
    arguments.extend(["--set", "protocol.repeats=1", "--set", "protocol.warmup=0"]);
    arguments.extend(changes);
    sandbox.run(&arguments);
    let table = sandbox.latest(name).join("trials.csv");
    let mut reader = csv::Reader::from_path(table).expect("a table");
    let header = reader.headers().expect("a header").clone();
    let at = header.iter().position(|column| column == "status").expect("a status");
    reader.records().map(|row| row.expect("a row")[at].to_owned()).collect()
}

#[test]
fn the_origin_runs() {
    let changes = ["--set", "workloads.power-sum.params.n=10"];
    let expect = ["--set", "workloads.power-sum.expect='4710'"];
    assert_eq!(statuses("1-origin", &[changes, expect].concat()), ["ok"; 3]);
}

#[test]
fn strong_and_weak_scaling_run() {
    let strong = ["--set", "workloads.strong.params.n=24"];
    let weak = ["--set", "workloads.weak.params.share=4"];
    assert_eq!(statuses("2-scaling", &[strong, weak].concat()), ["ok"; 24]);
}

#[test]
fn a_slow_strategy_gives_up_on_larger_sizes() {
    // Each size sleeps as many seconds, so that none but the first is done in time.
    let sleep = ["--set", "strategies.shell.params={ program = 'sleep', script = '--' }"];
    let sizes = ["--set", "params.n=[0, 30, 40]", "--set", "protocol.timeout=200ms"];
    let only = ["--only", "strategy=shell", "--set", "protocol.order='sequential'"];
    // `sleep` prints nothing: nothing is an answer, too.
    let any = ["--set", "workloads.count.result={ stdout_regex = '|x' }"];
    let found = statuses("3-sizes", &[&sleep[..], &sizes, &any, &only].concat());
    assert_eq!(found, ["ok", "timeout", "skipped"]);
}

#[test]
fn waiting_and_computing_run() {
    let small = ["--set", "workloads.computing.params.n=10"];
    let short = ["--set", "workloads.waiting.params.time='1us'"];
    assert_eq!(statuses("5-waiting-or-computing", &[small, short].concat()), ["ok"; 10]);
}
