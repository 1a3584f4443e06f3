//! Where trials run: pinned children on both ways to start them, and what rows say of CPUs and of
//! company.

#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that functions called by tests are tests"
)]

use std::collections::{HashMap, HashSet};

use runner::process::{Command, Ending, SpawnPath};
use rustix::thread::{CpuSet, sched_getaffinity};

use crate::children::{launcher, shell};
use crate::support::Sandbox;

fn allowed() -> Vec<usize> {
    let set = sched_getaffinity(None).unwrap();
    (0..CpuSet::MAX_CPU).filter(|&cpu| set.is_set(cpu)).collect()
}

/// How nice the tests themselves are, from proc_pid_stat(5).
fn nice() -> String {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    fields.split_whitespace().nth(16).unwrap().to_owned()
}

#[test]
fn a_child_runs_where_it_should_and_that_is_read_back() {
    for path in [SpawnPath::Clone, SpawnPath::Std] {
        let mut launcher = launcher(path);
        let script = "grep Cpus_allowed_list /proc/self/status; nice";
        let last = *allowed().last().unwrap();
        let pinned = Command { cpus: vec![last], nice: Some(7), ..shell(script) };
        let exit = launcher.run(&pinned).unwrap();
        assert_eq!(exit.cpus, [last]);
        let said = exit.stdout.text();
        assert_eq!(said, format!("Cpus_allowed_list:\t{last}\n7\n"));
        // The next one is free again.
        let free = launcher.run(&shell(script)).unwrap();
        assert!(free.cpus.is_empty());
        let mine = runner::host::render_list(&allowed());
        assert_eq!(free.stdout.text(), format!("Cpus_allowed_list:\t{mine}\n{}\n", nice()));
        let nowhere = Command { cpus: vec![1023], ..shell(":") };
        let exit = launcher.run(&nowhere).unwrap();
        let call = "sched_setaffinity".to_owned();
        assert_eq!(exit.ending, Ending::NotStarted { errno: libc::EINVAL, call });
    }
}

fn rows(sandbox: &Sandbox) -> Vec<HashMap<String, String>> {
    let path = sandbox.path().join("results/pins/latest/trials.csv");
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

fn cpus_of(row: &HashMap<String, String>) -> HashSet<u64> {
    let list = row["cpuset"].strip_prefix("cpus=").unwrap_or_default();
    runner::host::parse_list(list).unwrap().into_iter().collect()
}

#[test]
fn auto_takes_as_many_cores_as_a_trial_has_workers() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "pins.toml",
        "[protocol]\nrepeats = 2\nwarmup = 0\ncpus = 'auto'\n\
         [workloads.power-sum]\nparams = { n = 1000 }\n\
         [workloads.free]\ncommand = ['true']\ncpus = 'all'\nstrategies = ['one']\n\
         [strategies]\none = 'sequential'\ntwo = { kind = 'threads', workers = 2 }\n",
    );
    sandbox.run(&["pins.toml"]).expect_code(0);
    let again = sandbox.run(&["exec", "pins", "t000006"]);
    assert!(again.code == 0, "{}", again.stderr);
    let cores = runner::host::Topology::read(&runner::host::Root::system(), &allowed()).cores();
    let rows = rows(&sandbox);
    assert_eq!(rows.len(), 6);
    for row in rows {
        let count = cpus_of(&row).len();
        match (row["workload"].as_str(), row["strategy"].as_str()) {
            ("free", _) => assert_eq!(row["cpuset"], ""),
            (_, "two") if cores >= 2 => assert_eq!(count, 2, "{row:?}"),
            (_, "one") => assert_eq!(count, 1, "{row:?}"),
            _ => assert!(count >= 1, "{row:?}"),
        }
        assert_eq!(row["flags"], "");
    }
}

#[test]
fn trials_side_by_side_have_cores_of_their_own_and_say_that_they_were_not_alone() {
    let cores = runner::host::Topology::read(&runner::host::Root::system(), &allowed()).cores();
    if cores < 2 {
        // One core runs one trial at a time, whatever `jobs` says: nothing can be shared.
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.write(
        "pins.toml",
        "[protocol]\nrepeats = 4\nwarmup = 0\ncpus = 'auto'\njobs = 2\norder = 'sequential'\n\
         [workloads.sleep]\nparams = { time = '100ms' }\n\
         [workloads.wide]\nkind = 'power-sum'\nparams = { n = 1000 }\nstrategies = ['all']\n\
         [strategies]\none = 'sequential'\nall = { kind = 'threads', workers = 1000, when = { workload = 'wide' } }\n",
    );
    sandbox.run(&["pins.toml"]).expect_code(0);
    let rows = rows(&sandbox);
    let mut narrow: Vec<_> = rows.iter().filter(|row| row["workload"] == "sleep").collect();
    narrow.sort_by_key(|row| row["start_offset_ns"].parse::<u64>().unwrap());
    assert_eq!(narrow.len(), 4);
    for pair in narrow.chunks(2) {
        assert!(cpus_of(pair[0]).is_disjoint(&cpus_of(pair[1])), "{pair:?}");
        // A busy machine may add flags of its own.
        for row in pair {
            assert!(row["flags"].split(' ').any(|flag| flag == "shared_machine"), "{row:?}");
        }
    }
    let summary = std::fs::read_to_string(sandbox.path().join("results/pins/latest/summary.csv"));
    assert!(summary.unwrap().contains("shared_machine"));
    // Beyond the budget: alone.
    for row in rows.iter().filter(|row| row["workload"] == "wide") {
        assert_eq!(row["flags"], "", "{row:?}");
    }
}
