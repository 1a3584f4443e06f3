//! The layers of the protocol: the run, a workload, a strategy, overrides. Which cells get what,
//! and that it does not change which cells there are.

use std::time::Duration;

use proptest::prelude::*;
use runner::design::{Environment, Experiment, Isolation, Matrix, Protocol};
use runner::plan::Plan;

use crate::reading::matrix_of;
use crate::support::Sandbox;

const LAYERED: &str = "
[params]
n = [10, 1000, 100_000]
[workloads.power-sum]
retries = 1
repeats = 9
[strategies]
normal = 'sequential'
two = { kind = 'threads', workers = 2, repeats = 7, timeout = '3s' }
[protocol]
repeats = 8
warmup = 2
[[override]]
where = { n = '>= 1000' }
repeats = 6
on_timeout = 'skip_larger'
[[override]]
where = { n = 100_000, strategy = 'two' }
timeout = '30m'
environment = 'clean'
keep = ['HOME']
isolation = 'thread'
";

/// The protocol of the cell of one strategy and one level of `n`.
fn protocol<'m>(
    (experiment, matrix): &'m (Experiment, Matrix),
    strategy: &str,
    n: &str,
) -> &'m Protocol {
    let is_meant = |cell: &&runner::design::Cell| {
        experiment.strategies[cell.strategy].name.as_str() == strategy
            && matrix.level(cell, "n").is_some_and(|level| level.to_string() == n)
    };
    matrix.protocol(matrix.cells().iter().find(is_meant).expect("such a cell"))
}

#[test]
fn each_layer_lies_over_the_one_before_key_by_key() {
    let both = matrix_of(LAYERED);
    let plain = protocol(&both, "normal", "10");
    // The workload lies over the run …
    assert_eq!((plain.repeats, plain.retries, plain.warmup), (9, 1, 2));
    assert_eq!((plain.timeout, plain.on_timeout.skip_larger()), (Duration::from_secs(600), None));
    // … the strategy over the workload …
    let two = protocol(&both, "two", "10");
    assert_eq!((two.repeats, two.retries, two.timeout), (7, 1, Duration::from_secs(3)));
    // … the first override over the strategy …
    let large = protocol(&both, "two", "1000");
    assert_eq!((large.repeats, large.timeout), (6, Duration::from_secs(3)));
    assert_eq!(large.on_timeout.skip_larger().map(|name| name.as_str()), Some("n"));
    // … and the second over the first.
    let largest = protocol(&both, "two", "100000");
    assert_eq!((largest.repeats, largest.timeout), (6, Duration::from_secs(1800)));
    assert_eq!(largest.environment, Environment::Clean { keep: vec!["HOME".to_owned()] });
    assert_eq!(
        (largest.isolation, protocol(&both, "normal", "100000").isolation),
        (Isolation::Thread, Isolation::Process)
    );
}

#[test]
fn the_last_override_that_means_a_cell_wins() {
    let text = "[params]\nn = [1, 2]\n[workloads.power-sum]\n\
                [[override]]\nwhere = { n = [1, 2] }\nrepeats = 6\n\
                [[override]]\nwhere = { n = 2 }\nrepeats = 20\n";
    let both = matrix_of(text);
    assert_eq!(protocol(&both, "sequential", "1").repeats, 6);
    assert_eq!(protocol(&both, "sequential", "2").repeats, 20);
}

#[test]
fn included_cells_and_derived_levels_are_meant_too() {
    let text = "[params]\nn = [10, 20]\ndouble = '= n * 2'\n\
                [workloads.x]\ncommand = ['x', '{n}', '{double}']\n\
                [matrix]\ninclude = [{ n = 7 }]\n\
                [[override]]\nwhere = { double = 14 }\nrepeats = 6\n\
                [[override]]\nwhere = { double = 40 }\nrepeats = 30\n";
    let both = matrix_of(text);
    let repeats = |n| protocol(&both, "sequential", n).repeats;
    assert_eq!((repeats("10"), repeats("20"), repeats("7")), (10, 30, 6));
}

#[test]
fn a_plan_has_as_many_trials_as_each_cell_asks_for() {
    let (experiment, matrix) = matrix_of(LAYERED);
    let plan = Plan::new(&experiment, &matrix, 7, 1_000).expect("a plan");
    let mut counts = vec![0_u32; matrix.len()];
    for trial in plan.trials().filter(|trial| trial.block().is_some()) {
        counts[trial.cell.index()] += 1;
    }
    let asked: Vec<u32> = matrix.cells().iter().map(|cell| matrix.protocol(cell).repeats).collect();
    assert_eq!(counts, asked);
    assert_eq!(asked, [9, 7, 6, 6, 6, 6]);
}

#[test]
fn a_run_follows_the_protocol_of_each_cell_and_says_so() {
    let sandbox = Sandbox::new();
    let text = "[params]\ntime = ['0.1', '30']\n\
                [workloads.wait]\ncommand = ['sleep', '{time}']\n\
                [strategies]\nplain = { kind = 'external', env = { LC_ALL = 'C' } }\n\
                [protocol]\nrepeats = 2\nwarmup = 0\n\
                [[override]]\nwhere = { time = '30' }\nrepeats = 1\ntimeout = '200ms'\n";
    sandbox.write("wait.toml", text);
    let plan = sandbox.run(&["plan", "wait.toml"]).expect_code(0).stdout;
    assert!(plan.contains("override 1 (time = '30'): repeats, timeout in 1 cell\n"), "{plan}");
    sandbox.run(&["wait.toml"]).expect_code(3);
    let run = sandbox.path().join("results/wait/latest");
    let mut rows = csv::Reader::from_path(run.join("trials.csv")).expect("a table");
    let header = rows.headers().expect("a header").clone();
    let at = |name: &str| header.iter().position(|column| column == name).expect("a column");
    let found: Vec<[String; 3]> = rows
        .records()
        .map(|row| {
            let row = row.expect("a row");
            ["param_time", "status", "timeout_ns"].map(|name| row[at(name)].to_owned())
        })
        .collect();
    let count = |wanted: [&str; 3]| found.iter().filter(|row| **row == wanted).count();
    assert_eq!(found.len(), 3);
    assert_eq!(count(["0.1", "ok", "600000000000"]), 2, "{found:?}");
    assert_eq!(count(["30", "timeout", "200000000"]), 1, "{found:?}");
    let manifest = std::fs::read_to_string(run.join("manifest.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    let protocols = manifest["protocols"].as_array().expect("a list");
    let facts: Vec<(u64, u64, usize)> = protocols
        .iter()
        .map(|entry| {
            let number = |key: &str| entry[key].as_u64().expect("a number");
            let overrides = entry["overrides"].as_array().expect("a list").len();
            (number("repeats"), number("timeout_ms"), overrides)
        })
        .collect();
    assert_eq!(facts, [(2, 600_000, 0), (1, 200, 1)]);
}

#[test]
fn a_resolved_file_gives_the_same_protocols() {
    let sandbox = Sandbox::new();
    sandbox.write("layered.toml", LAYERED);
    let resolved = sandbox.run(&["check", "--resolved", "layered.toml"]).expect_code(0).stdout;
    assert!(resolved.contains("timeout = \"30m\"  # layered.toml:19"), "{resolved}");
    let (first, again) = (matrix_of(LAYERED).1, matrix_of(&resolved).1);
    let all = |matrix: &Matrix| {
        let cells = matrix.cells().iter();
        cells.map(|cell| (cell.key, matrix.protocol(cell).clone())).collect::<Vec<_>>()
    };
    assert_eq!(all(&first), all(&again));
}

proptest! {
    #[test]
    fn an_override_leaves_every_cell_key_as_it_was(
        repeats in 1_u32..50, bound in 1_u32..1_000, reverse in any::<bool>()
    ) {
        let base = "[params]\nn = [1, 1000]\n[workloads.power-sum]\n";
        let one = format!("[[override]]\nwhere = {{ n = '>= {bound}' }}\nrepeats = {repeats}\n");
        let two = "[[override]]\nwhere = { n = 1 }\ntimeout = '1s'\n";
        let (first, second) = if reverse { (two, one.as_str()) } else { (one.as_str(), two) };
        let keys = |text: &str| {
            let (_, matrix) = matrix_of(text);
            matrix.cells().iter().map(|cell| cell.key).collect::<Vec<_>>()
        };
        prop_assert_eq!(keys(base), keys(&format!("{base}{first}{second}")));
    }
}
