//! Kernels through the binary: every strategy, in fresh processes and in the runner's own.

use std::collections::BTreeSet;

use crate::support::{Row, Sandbox};

/// Runs an experiment under both isolations; the rows of each.
fn both(name: &str, text: &str) -> [Vec<Row>; 2] {
    ["process", "thread"].map(|isolation| {
        let sandbox = Sandbox::new();
        let text = format!(
            "seed = 3\n{text}\n[protocol]\nrepeats = 2\nwarmup = 0\nisolation = '{isolation}'\n"
        );
        sandbox.experiment(name, &text).expect_code(0);
        sandbox.trials(name)
    })
}

const STRATEGIES: &str = "[strategies]\nalone = 'sequential'\n\
                          threads = { kind = 'threads', workers = [1, 2, 3] }\n\
                          processes = { kind = 'processes', workers = [1, 2, 3] }\n";

#[track_caller]
fn all_answer(rows: &[Row], answer: &str) {
    for row in rows {
        assert_eq!((row.get("status"), row.get("note")), ("ok", ""));
        assert_eq!(row.get("answer"), answer, "{}", row.get("strategy"));
        assert_eq!(row.get("time_scope"), "region");
    }
}

#[test]
fn every_strategy_gives_the_same_sum_in_every_isolation() {
    let text = format!("[workloads.power-sum]\ntasks = 3\nparams = {{ n = 1000 }}\n{STRATEGIES}");
    for rows in both("sum", &text) {
        assert_eq!(rows.len(), 14);
        // Three tasks of 499500 + 332833500 + 249500250000.
        let sum = 3 * (499_500_u64 + 332_833_500 + 249_500_250_000);
        all_answer(&rows, &sum.to_string());
        for row in &rows {
            assert!(row.integer("worker_max_ns") >= row.integer("worker_min_ns"));
            assert!(row.integer("time_ns") >= row.integer("worker_max_ns"), "workers are inside");
        }
    }
}

#[test]
fn a_sum_beyond_every_machine_integer_is_exact() {
    // The sum of i^12 for i < 10^5 has 65 digits; the value is from the closed form.
    let text = "[workloads.power-sum]\nparams = { n = 100_000, powers = [40] }\n\
                [strategies]\nalone = 'sequential'\ntwo = { kind = 'threads', workers = 2 }\n";
    let mut sum = num_bigint::BigInt::from(0);
    for i in 0..100_000_u32 {
        sum += num_bigint::BigInt::from(i).pow(40);
    }
    for rows in both("big", text) {
        for row in &rows {
            assert_eq!(row.get("answer").replace('_', ""), sum.to_string());
        }
    }
}

#[test]
fn primes_are_counted_alike_by_every_strategy() {
    let text = format!("[workloads.primes]\nparams = {{ n = 10_000 }}\n{STRATEGIES}");
    for rows in both("primes", &text) {
        all_answer(&rows, "1229");
    }
}

#[test]
fn sleep_and_noop_run_under_every_strategy() {
    let text =
        format!("[workloads.sleep]\nparams = {{ time = '2ms' }}\n[workloads.noop]\n{STRATEGIES}");
    for rows in both("idle", &text) {
        assert_eq!(rows.len(), 28);
        for row in &rows {
            assert_eq!(row.get("status"), "ok", "{}", row.get("note"));
            if row.get("workload") == "sleep" {
                assert!(row.integer("time_ns") >= 2_000_000, "a sleep is never shorter");
            }
        }
    }
}

#[test]
fn every_iteration_is_a_row_and_their_median_the_time_of_the_trial() {
    let text = |iterations: u32| {
        format!(
            "seed = 1\n[workloads.power-sum]\nparams = {{ n = 1000 }}\n\
             [strategies]\none = 'sequential'\n\
             [protocol]\niterations = {iterations}\nrepeats = 2\nwarmup = 1\n"
        )
    };
    let sandbox = Sandbox::new();
    sandbox.experiment("several", &text(3)).expect_code(0);
    let rows = sandbox.table("several", "iterations.csv");
    let trials = sandbox.trials("several");
    assert_eq!((trials.len(), rows.len()), (3, 9), "warm-up included");
    for (trial, own) in trials.iter().zip(rows.chunks(3)) {
        for (number, row) in own.iter().enumerate() {
            assert_eq!(row.integer("iteration"), number as u64);
            for key in ["run_id", "trial_id", "attempt"] {
                assert_eq!(row.get(key), trial.get(key));
            }
        }
        let mut values: Vec<u64> = own.iter().map(|row| row.integer("value_ns")).collect();
        values.sort_unstable();
        assert_eq!(trial.integer("time_ns"), values[1]);
        assert_eq!(trial.integer("iter_value_ns"), values[1]);
    }
    sandbox.experiment("single", &text(1)).expect_code(0);
    assert!(!sandbox.latest("single").join("iterations.csv").exists());
}

#[test]
fn every_worker_of_a_used_trial_of_several_is_a_row() {
    let text = |workers: &str| {
        format!(
            "seed = 1\n[workloads.power-sum]\ntasks = 3\nparams = {{ n = 1000 }}\n\
             [strategies]\none = 'sequential'\n\
             some = {{ kind = 'threads', workers = [{workers}] }}\n\
             [protocol]\nrepeats = 2\nwarmup = 1\n"
        )
    };
    let sandbox = Sandbox::new();
    sandbox.experiment("several", &text("1, 3")).expect_code(0);
    let rows = sandbox.table("several", "workers.csv");
    let trials = sandbox.trials("several");
    let measured = trials.iter().filter(|row| row.get("phase") == "measure");
    let several: Vec<&Row> = measured.filter(|row| row.get("workers") == "3").collect();
    assert_eq!((several.len(), rows.len()), (2, 6), "no warm-up, no worker on its own");
    for (trial, own) in several.iter().zip(rows.chunks(3)) {
        for (number, row) in own.iter().enumerate() {
            assert_eq!(row.integer("worker"), number as u64);
            assert!(row.integer("end_ns") <= trial.integer("time_ns"), "inside the region");
            for key in ["run_id", "trial_id", "attempt"] {
                assert_eq!(row.get(key), trial.get(key));
            }
        }
        let spans = || own.iter().map(|row| row.integer("end_ns") - row.integer("start_ns"));
        assert_eq!(spans().max(), Some(trial.integer("worker_max_ns")));
        assert_eq!(spans().min(), Some(trial.integer("worker_min_ns")));
    }
    sandbox.experiment("alone", &text("1")).expect_code(0);
    assert!(!sandbox.latest("alone").join("workers.csv").exists());
}

#[test]
fn iterations_are_one_value() {
    let text = "[workloads.noop]\niterations = 5\n";
    for rows in both("iterations", text) {
        assert_eq!(rows.len(), 2);
        assert!(rows.iter().all(|row| row.get("iterations") == "5"));
        assert!(rows.iter().all(|row| !row.get("iter_value_ns").is_empty()));
    }
}

#[test]
fn weak_scaling_gives_every_worker_its_tasks_and_strong_scaling_splits_the_size() {
    let text = "[workloads.weak]\nkind = 'power-sum'\nscaling = 'weak'\ntasks = 2\n\
                params = { n = 100 }\n[workloads.strong]\nkind = 'power-sum'\n\
                scaling = 'strong'\nparams = { n = 100 }\n\
                [strategies]\nthreads = { kind = 'threads', workers = [1, 2, 4] }\n";
    let one = 4950 + 328_350 + 24_502_500;
    for rows in both("scaling", text) {
        assert_eq!(rows.len(), 12);
        for row in &rows {
            let workers = row.integer("workers");
            let (tasks, answer) = match row.get("workload") {
                "weak" => (2 * workers, 2 * workers * one),
                _ => (workers, one),
            };
            assert_eq!(row.integer("tasks"), tasks);
            assert_eq!(row.integer("answer"), answer);
        }
    }
}

#[test]
fn a_wrong_expectation_of_a_kernel_is_invalid_output() {
    for isolation in ["process", "thread"] {
        let sandbox = Sandbox::new();
        let text = format!(
            "seed = 1\n[workloads.primes]\nparams = {{ n = [10, 100] }}\n\
             expect = [{{ n = 10, is = '4' }}, {{ n = 100, is = '26' }}]\n\
             [protocol]\nrepeats = 1\nwarmup = 0\nisolation = '{isolation}'\n"
        );
        sandbox.experiment("wrong", &text).expect_code(3);
        let statuses: BTreeSet<(String, String)> = sandbox
            .trials("wrong")
            .iter()
            .map(|row| (row.get("param_n").to_owned(), row.get("status").to_owned()))
            .collect();
        let wanted = [("10", "ok"), ("100", "invalid_output")];
        assert_eq!(statuses, wanted.map(|(n, s)| (n.to_owned(), s.to_owned())).into());
    }
}

#[test]
fn a_clean_environment_still_runs_a_kernel() {
    let text = "[workloads.noop]\nenvironment = 'clean'\n[strategies]\n\
                two = { kind = 'processes', workers = 2 }\n";
    for rows in both("clean", text) {
        assert!(rows.iter().all(|row| row.get("status") == "ok"));
    }
}
