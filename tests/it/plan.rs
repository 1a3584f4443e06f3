//! `runner plan`, and starting exactly what it printed.

use crate::support::Sandbox;

const TEXT: &str = r#"
[params]
n = [1, 2]
[workloads.w]
command = ["sh", "-c", "echo {n} {seed}"]
env = { SIZE = "{n}" }
[workloads.w.hooks.trial]
setup = ["mkdir", "{trial_id}"]
teardown = ["rmdir", "{trial_id}"]
[protocol]
repeats = 6
"#;

/// Writes the experiment and its plan; the text of the plan.
fn planned(sandbox: &Sandbox) -> String {
    sandbox.write("e.toml", TEXT);
    let plan = sandbox.run(&["plan", "e.toml", "--format", "json"]).expect_code(0).stdout;
    sandbox.write("plan.json", &plan);
    plan
}

#[test]
fn a_written_plan_is_started_with_its_seed_and_its_trials() {
    let sandbox = Sandbox::new();
    let text = planned(&sandbox);
    let plan: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(plan["seed_drawn"], true, "the seed is in the plan alone");
    sandbox.run(&["run", "--plan", "plan.json", "--progress", "none"]).expect_code(0);
    let rows = sandbox.table("e", "trials.csv");
    let trials = plan["trials"].as_array().expect("trials");
    assert_eq!(rows.len(), trials.len());
    for (row, trial) in rows.iter().zip(trials) {
        assert_eq!(row.get("trial_id"), trial["trial_id"]);
        assert_eq!(row.get("cell_key"), trial["cell_key"]);
    }
    let journal = std::fs::read_to_string(sandbox.latest("e").join("journal.jsonl")).unwrap();
    let head = journal.lines().next().expect("a header");
    let header: serde_json::Value = serde_json::from_str(head).expect("JSON");
    assert_eq!(header["plan_sha256"], plan["fingerprint"]);
    assert_eq!(header["seed"], plan["seed"]);
}

#[test]
fn a_plan_that_does_not_fit_is_refused_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    let plan = planned(&sandbox);
    let refused = |name: &str, text: &str, reason: &str| {
        sandbox.write(name, text);
        let run = sandbox.run(&["run", "--plan", name]).expect_code(2);
        assert!(run.stderr.contains(reason), "{reason}: {}", run.stderr);
    };
    let value: serde_json::Value = serde_json::from_str(&plan).expect("JSON");
    let changed = |key: &str, to: serde_json::Value| {
        let mut value = value.clone();
        value[key] = to;
        value.to_string()
    };
    refused("a.json", &changed("fingerprint", "00".into()), "fingerprint 00… then");
    refused("b.json", &changed("seed", 1.into()), "fingerprint");
    refused(
        "c.json",
        &changed("n_trials", 3.into()),
        "3 trials were planned, and now there are 14",
    );
    refused("d.json", &changed("schema_version", 9.into()), "version 9");
    refused("e.json", "{}", "not what `runner plan FILE --format json` writes");
    refused("f.json", &plan[..plan.len() / 2], "not what `runner plan");
    sandbox.write("e.toml", TEXT.replace("[1, 2]", "[1, 3]"));
    refused("plan.json", &plan, "has changed since it was planned");
    assert!(!sandbox.path().join("results").exists());
    let both = sandbox.run(&["run", "e.toml", "--plan", "plan.json"]).expect_code(2);
    assert!(both.stderr.contains("cannot be used with"), "{}", both.stderr);
}

#[test]
fn a_written_plan_keeps_its_layers_and_notices_when_one_changes() {
    let sandbox = Sandbox::new();
    let base = "[params]\nn = [1, 2]\n[protocol]\nrepeats = 6\n";
    let text = "extends = \"base.toml\"\n[workloads.w]\ncommand = [\"true\", \"{n}\"]\n\
                [profiles.quick]\nprotocol.repeats = 3\n";
    sandbox.write("base.toml", base);
    sandbox.write("e.toml", text);
    let layers = ["--profile", "quick", "--set", "params.n=[7, 8, 9]", "--only", "n>=8"];
    let arguments: Vec<&str> =
        ["plan", "e.toml", "--format", "json"].iter().chain(&layers).copied().collect();
    let plan = sandbox.run(&arguments).expect_code(0).stdout;
    sandbox.write("plan.json", &plan);
    sandbox.run(&["run", "--plan", "plan.json", "--progress", "none"]).expect_code(0);
    let rows = sandbox.table("e", "trials.csv");
    assert_eq!(rows.len(), 8, "two of three cells, a warm-up and three repeats of each");
    assert!(rows.iter().all(|row| row.integer("param_n") >= 8));
    let refused = |reason: &str| {
        let run = sandbox.run(&["run", "--plan", "plan.json"]).expect_code(2);
        assert!(run.stderr.contains(reason), "{reason}: {}", run.stderr);
        run.stderr
    };
    // A timeout is in no fingerprint; the digest of the extended file tells.
    sandbox.write("base.toml", format!("{base}timeout = \"1m\"\n"));
    let words = refused("base.toml has changed since it was planned: SHA-256 ");
    let again = "--profile quick --set 'params.n=[7, 8, 9]' --only 'n>=8'";
    assert!(words.contains(again), "{words}");
    sandbox.write("base.toml", base);
    let mut value: serde_json::Value = serde_json::from_str(&plan).expect("JSON");
    value["only"] = serde_json::json!(["n>=9"]);
    sandbox.write("plan.json", value.to_string());
    refused("8 trials were planned, and now there are 4");
    value["profile"] = serde_json::Value::Null;
    sandbox.write("plan.json", value.to_string());
    sandbox.write("e.toml", text.replace("quick]\n", "quick]\nhosts = [\"*\"]\n"));
    refused("e.toml has changed");
    for (option, argument) in [("--set", "seed=1"), ("--only", "n=8"), ("--profile", "quick")] {
        let run = sandbox.run(&["run", "--plan", "plan.json", option, argument]).expect_code(2);
        assert!(run.stderr.contains("cannot be used with"), "{}", run.stderr);
    }
}

#[test]
fn a_plan_without_a_profile_does_not_get_that_of_the_host() {
    let sandbox = Sandbox::new();
    let text = "[workloads.w]\ncommand = [\"true\"]\n\
                [profiles.here]\nhosts = [\"*\"]\nprotocol.timeout = \"1m\"\n";
    sandbox.write("e.toml", text);
    let plan = sandbox.run(&["plan", "e.toml", "--format", "json"]).expect_code(0).stdout;
    let mut value: serde_json::Value = serde_json::from_str(&plan).expect("JSON");
    assert_eq!(value["profile"], "here");
    value["profile"] = serde_json::Value::Null;
    sandbox.write("plan.json", value.to_string());
    let run = sandbox.run(&["run", "--plan", "plan.json"]).expect_code(2);
    let words = "it was planned with no profile, and on this host the profile `here` is in force";
    assert!(run.stderr.contains(words), "{}", run.stderr);
}

#[test]
fn one_trial_is_shown_as_it_would_be_started() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", TEXT);
    let arguments = ["plan", "e.toml", "--seed", "1", "--trial", "t000002"];
    let shown = sandbox.run(&arguments).expect_code(0).stdout;
    assert!(
        shown.starts_with("t000002: warm-up, cell c002, w × sequential, workers 1\n"),
        "{shown}"
    );
    assert!(shown.contains("param     n=2\n"), "{shown}");
    assert!(shown.contains("setup     [\"mkdir\", \"t000002\"]\n"), "{shown}");
    assert!(shown.contains("argv      [\"sh\", \"-c\", \"echo 2 "), "{shown}");
    assert!(shown.contains("set       SIZE=2\n"), "{shown}");
    assert!(shown.contains("set       RUNNER_TRIAL_ID=t000002\n"), "{shown}");
    assert!(shown.contains("stdin     empty\n"), "{shown}");
    let wrong = sandbox.run(&["plan", "e.toml", "--trial", "t000099"]).expect_code(2);
    assert!(wrong.stderr.contains("they go from t000001 to t000014"), "{}", wrong.stderr);
    assert!(!sandbox.path().join("t000002").exists(), "nothing was started");
}

#[test]
fn the_time_is_estimated_from_an_earlier_run_of_the_same_cells() {
    let sandbox = Sandbox::new();
    let text = "[workloads.w]\ncommand = [\"sleep\", \"{s}\"]\nparams = { s = [0.2] }\n";
    let text = format!("{text}[protocol]\nrepeats = 6\n");
    sandbox.write("e.toml", &text);
    let plan = || sandbox.run(&["plan", "e.toml"]).expect_code(0).stdout;
    let unknown = "time unknown: no earlier run of these cells; --pilot measures some trials now\n";
    assert!(plan().contains(unknown), "{}", plan());
    sandbox.run(&["run", "e.toml", "--progress", "none"]).expect_code(0);
    let run_id = sandbox.table("e", "trials.csv")[0].get("run_id").to_owned();
    // Ten times as many trials of the same cell: 61 × at least 0.2 s.
    sandbox.write("e.toml", text.replace("repeats = 6", "repeats = 60"));
    let known = plan();
    assert!(known.contains(&format!("(from run {run_id})")), "{known}");
    let about = known.split("time about ").nth(1).expect("an estimate");
    let seconds: u64 = about.split(' ').next().and_then(|word| word.parse().ok()).expect("seconds");
    assert!(seconds >= 12 || about.contains("min"), "{about}");
    let from = sandbox.latest("e").display().to_string();
    let same = sandbox.run(&["plan", "e.toml", "--from", &from]).expect_code(0).stdout;
    assert!(same.contains(&run_id), "{same}");
    sandbox.write("e.toml", text.replace("[0.2]", "[0.2, 0.3]"));
    assert!(plan().contains("unknown: no earlier run of 1 of 2 cells"), "{}", plan());
    sandbox.run(&["plan", "e.toml", "--from", "nowhere"]).expect_code(2);
}

#[test]
fn a_pilot_or_a_run_says_how_many_repeats_a_difference_takes() {
    let sandbox = Sandbox::new();
    let text = "seed = 1\n[params]\nn = [1, 2]\n[workloads.noop]\n[strategies]\na = 'sequential'\n\
        b = { kind = 'threads', workers = 2 }\n[compare]\nbaseline = 'a'\n\
        [protocol]\nisolation = 'thread'\nrepeats = 12\n";
    sandbox.write("e.toml", text);
    let wide = sandbox.run(&["plan", "e.toml", "--pilot", "--effect", "5000%"]).expect_code(0);
    let line = "repeats that find a difference of 5000 % four times in five, by the pilot\n";
    assert!(wide.stdout.contains(line), "{}", wide.stdout);
    assert!(wide.stdout.contains("(from a pilot of 6 trials a cell)"), "{}", wide.stdout);
    assert!(wide.stdout.contains(", b: "), "{}", wide.stdout);
    sandbox.run(&["run", "e.toml", "--progress", "none"]).expect_code(0);
    let fine = sandbox.run(&["plan", "e.toml", "--effect", "0.0001"]).expect_code(0).stdout;
    assert!(fine.contains("b: more than 1000\n"), "{fine}");
    assert!(!fine.contains("repeats of every cell take"), "{fine}");
    let margin = sandbox.run(&["plan", "e.toml"]).expect_code(0).stdout;
    assert!(margin.contains("a difference of 2 % four"), "{margin}");
    sandbox.run(&["plan", "e.toml", "--effect", "none"]).expect_code(2);
    let rows = sandbox.table("e", "comparisons.csv");
    assert!(rows.iter().all(|row| row.fields().contains_key("repeats_for_margin")));
}

#[test]
fn a_pilot_runs_one_trial_a_cell_and_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "e.toml",
        "[workloads.w]\ncommand = [\"sh\", \"-c\", \"echo {n} >> log; sleep 0.1\"]\nparams = { n = [1, 2] }\n",
    );
    let shown = sandbox.run(&["plan", "e.toml", "--pilot"]).expect_code(0).stdout;
    assert!(shown.contains("time about "), "{shown}");
    assert!(shown.contains("(from a pilot of one trial a cell)"), "{shown}");
    let log = std::fs::read_to_string(sandbox.path().join("log")).expect("the pilot ran");
    assert_eq!(log.lines().count(), 2);
    assert!(!sandbox.path().join("results").exists());
}
