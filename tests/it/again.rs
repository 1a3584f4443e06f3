//! `runner logs` and `runner exec`: one trial of an earlier run, looked at and run again.

use std::fs;

use crate::support::Sandbox;

const EXPERIMENT: &str = r#"
seed = 5
[params]
n = [1, 2]
[workloads.say]
command = ["sh", "-c", "echo {trial_id} {seed} ${{#RUNNER_PAD}} $MY_TOKEN $PLAIN; echo oops >&2; test {n} = 1"]
env = { PLAIN = "given" }
stdin = "in.txt"
agree = false
[workloads.power-sum]
params = { n = 1000 }
[protocol]
repeats = 1
warmup = 0
"#;

fn ran() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("in.txt", "input\n");
    sandbox.experiment("two", EXPERIMENT).expect_code(3);
    sandbox
}

/// The trial of one workload whose `n` is this one.
fn trial(sandbox: &Sandbox, workload: &str, n: &str) -> String {
    let mut reader =
        csv::Reader::from_path(sandbox.latest("two").join("trials.csv")).expect("rows");
    let header = reader.headers().expect("a header").clone();
    let at = |name: &str| header.iter().position(|column| column == name).expect("a column");
    let (id, of, level) = (at("trial_id"), at("workload"), at("param_n"));
    let mut rows = reader.records().map(|row| row.expect("a row"));
    rows.find(|row| &row[of] == workload && &row[level] == n).expect("a trial")[id].to_owned()
}

#[test]
fn a_trial_runs_again_with_its_command_seed_and_environment() {
    let sandbox = ran();
    let id = trial(&sandbox, "say", "2");
    let kept = fs::read_to_string(sandbox.latest("two").join(format!("output/{id}.1.out")));
    let first = kept.expect("the output of a failed trial");
    let again = sandbox.run(&["exec", "two", &id]).expect_code(3);
    assert_eq!(again.stdout, first, "the same words, seed and padding");
    for part in ["oops", "failed", "$ sh -c ", &id] {
        assert!(again.stderr.contains(part), "`{part}` is missing in\n{}", again.stderr);
    }
    // The newest run, and a trial that succeeds.
    let good = trial(&sandbox, "say", "1");
    let again = sandbox.run(&["exec", &good]).expect_code(0);
    assert!(again.stdout.starts_with(&good), "{}", again.stdout);
    let kernel = trial(&sandbox, "power-sum", "1000");
    let again = sandbox.run(&["exec", "two", &kernel]).expect_code(0);
    assert!(again.stderr.contains("answer 249833583000"), "{}", again.stderr);
    // Nothing was recorded.
    let runs = fs::read_dir(sandbox.path().join("results/two")).expect("runs");
    assert_eq!(runs.filter(|run| run.as_ref().is_ok_and(|run| run.path().is_dir())).count(), 2);
}

#[test]
fn what_cannot_be_run_again_is_refused() {
    let sandbox = ran();
    sandbox.run(&["exec", "none", "t000001"]).expect_code(2).expect_stderr(&["no run `none`"]);
    sandbox.run(&["exec", "two", "t9"]).expect_code(2).expect_stderr(&["no trial `t9`"]);
    let resolved = sandbox.latest("two").join("resolved.toml");
    let text = fs::read_to_string(&resolved).expect("the archive").replace("[1, 2]", "[1, 3]");
    fs::write(&resolved, text).expect("changed");
    let run = sandbox.run(&["exec", "two", "t000001"]).expect_code(2);
    assert!(run.stderr.contains("its plan cannot be made again"), "{}", run.stderr);
}

#[test]
fn what_was_kept_of_a_trial_is_printed() {
    let sandbox = ran();
    let (failed, good) = (trial(&sandbox, "say", "2"), trial(&sandbox, "say", "1"));
    let logs = sandbox.run(&["logs", "two", &failed]).expect_code(0).stdout;
    assert!(logs.contains(&format!("== {failed}.1 · standard error\noops\n")), "{logs}");
    assert!(logs.contains(&format!("== {failed}.1 · standard output\n{failed} ")), "{logs}");
    assert_eq!(logs, sandbox.run(&["logs", &failed]).expect_code(0).stdout, "the newest run");
    let none = sandbox.run(&["logs", "two", &good]).expect_code(2);
    assert!(none.stderr.contains("--keep-output"), "{}", none.stderr);
    assert!(none.stderr.contains(&failed), "{}", none.stderr);
}

/// Everything that is said of a run is said of its archive, which is named as it was given.
#[test]
fn a_packed_run_is_looked_at_explained_and_run_again_as_it_is() {
    let sandbox = ran();
    sandbox.run(&["pack", "two", "--to", "sent.zip"]).expect_code(0);
    let id = trial(&sandbox, "say", "2");
    let of = |verb: &str, run: &str| sandbox.run(&[verb, run, &id]);
    assert_eq!(of("logs", "sent.zip").expect_code(0).stdout, of("logs", "two").stdout);
    assert_eq!(of("exec", "sent.zip").expect_code(3).stdout, of("exec", "two").stdout);
    let explained = sandbox.run(&["explain", "--run", "sent.zip", "say"]).expect_code(0).stdout;
    assert!(explained.starts_with("sent.zip\n"), "{explained}");
    let good = trial(&sandbox, "say", "1");
    let none = sandbox.run(&["logs", "sent.zip", &good]).expect_code(2);
    assert!(none.stderr.contains("sent.zip: no output of"), "{}", none.stderr);
    let none = sandbox.run(&["exec", "sent.zip", "t999999"]).expect_code(2);
    assert!(none.stderr.contains("sent.zip: it has no trial"), "{}", none.stderr);
    // Far from its experiment: what is recorded can be read, processes have nowhere to start.
    let other = Sandbox::new();
    fs::copy(sandbox.path().join("sent.zip"), other.path().join("sent.zip")).expect("sent");
    drop(sandbox);
    assert!(other.run(&["logs", "sent.zip", &id]).expect_code(0).stdout.contains("oops"));
    let refused = other.run(&["exec", "sent.zip", &id]).expect_code(2);
    assert!(
        refused.stderr.contains("is not here, and its processes start there"),
        "{}",
        refused.stderr
    );
}
