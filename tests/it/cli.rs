//! Verbs, arguments and exit codes of the binary.

use crate::support::{Sandbox, body, of_kind, read_table};

const TRUE: &str = r#"
title = "Nothing, twice"
seed = 7
[workloads.nothing]
command = ["/bin/true"]
[protocol]
repeats = 6
"#;

#[test]
fn a_run_writes_every_file_and_exits_with_0() {
    let sandbox = Sandbox::new();
    let run = sandbox.experiment("nothing", TRUE).expect_code(0);
    assert!(run.stdout.contains("7 trials"), "{}", run.stdout);
    let latest = sandbox.latest("nothing");
    for file in [
        "experiment.toml",
        "journal.jsonl",
        "trials.csv",
        "summary.csv",
        "table.csv",
        "manifest.json",
        "notes.md",
    ] {
        assert!(latest.join(file).is_file(), "{file} is missing");
    }
    let trials = sandbox.table("nothing", "trials.csv");
    assert_eq!(trials.len(), 7);
    assert!(trials.iter().all(|row| row.get("status") == "ok" && row.integer("time_ns") > 0));
    assert_eq!(trials.iter().filter(|row| row.get("used") == "true").count(), 6);
}

#[test]
fn both_ways_to_start_children_give_the_same_rows() {
    for method in ["clone", "std"] {
        let sandbox = Sandbox::new();
        sandbox.write("nothing.toml", TRUE);
        let arguments = ["nothing.toml", "--spawn", method, "--progress", "none"];
        sandbox.run(&arguments).expect_code(0);
        let trials = sandbox.table("nothing", "trials.csv");
        assert!(trials.iter().all(|row| row.get("status") == "ok"), "{method}");
        let manifest = std::fs::read_to_string(sandbox.latest("nothing").join("manifest.json"));
        let manifest = manifest.expect("a manifest");
        assert!(manifest.contains(&format!("\"value\": \"{method}\"")), "{manifest}");
    }
}

#[test]
fn failed_trials_are_rows_and_exit_with_3() {
    let sandbox = Sandbox::new();
    let text = TRUE.replace("/bin/true", "/bin/false");
    sandbox.experiment("failing", &text).expect_code(3);
    let trials = sandbox.table("failing", "trials.csv");
    assert_eq!(trials.len(), 7);
    assert!(trials.iter().all(|row| row.get("status") == "failed" && row.get("exit_code") == "1"));
    assert!(trials.iter().all(|row| row.get("used") == "false"));
}

#[test]
fn mistakes_in_the_file_exit_with_2_and_write_nothing() {
    let sandbox = Sandbox::new();
    let run =
        sandbox.experiment("wrong", "[workloads.nothing]\ncomand = [\"true\"]\n").expect_code(2);
    assert!(run.stderr.contains("did you mean `command`"), "{}", run.stderr);
    assert!(!sandbox.path().join("results").exists());
}

#[test]
fn without_arguments_the_help_is_shown_and_the_code_is_2() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&[]).expect_code(2);
    assert!(run.stderr.contains("Usage: runner"), "{}", run.stderr);
    let help = sandbox.run(&["--help"]).expect_code(0);
    for verb in ["run", "check", "plan", "list", "completions", "man", "Exit codes"] {
        assert!(help.stdout.contains(verb), "{verb} is missing:\n{}", help.stdout);
    }
    let version = sandbox.run(&["--version"]).expect_code(0);
    assert_eq!(version.stdout, format!("runner {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_misspelt_verb_or_option_gets_a_suggestion() {
    let sandbox = Sandbox::new();
    sandbox.run(&["chek", "x.toml"]).expect_code(2).expect_stderr(&["chek", "check"]);
    sandbox.run(&["chek"]).expect_code(2).expect_stderr(&["did you mean `check`"]);
    sandbox.run(&["plan", "x.toml", "--fromat", "csv"]).expect_code(2).expect_stderr(&["--format"]);
    sandbox.run(&["plan", "x.toml", "--format", "cvs"]).expect_code(2).expect_stderr(&["csv"]);
    sandbox.run(&["run", "x.toml", "--seed", "-1"]).expect_code(2).expect_stderr(&["--seed"]);
}

#[test]
fn completions_and_the_manual_page_name_every_verb() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = sandbox.run(&["completions", shell]).expect_code(0).stdout;
        for word in ["runner", "plan", "max-trials"] {
            assert!(script.contains(word), "{shell}: {word} is missing");
        }
    }
    let page = sandbox.run(&["man"]).expect_code(0).stdout;
    assert!(page.contains(".TH") && page.contains("Exit codes"), "{page}");
}

#[test]
fn every_block_that_is_listed_is_valid_where_it_is_pasted() {
    let sandbox = Sandbox::new();
    let lists = sandbox.run(&["list", "--format", "json"]).expect_code(0).stdout;
    let lists: serde_json::Value = serde_json::from_str(&lists).expect("JSON");
    let blocks = |of: &str| -> Vec<(String, String)> {
        let entries = lists[of].as_array().expect("a list");
        assert!(entries.len() >= 4, "{of}: {entries:?}");
        let text = |entry: &serde_json::Value, key: &str| entry[key].as_str().expect("text").into();
        entries.iter().map(|entry| (text(entry, "name"), text(entry, "example"))).collect()
    };
    for (name, block) in blocks("kernels") {
        sandbox.write("block.toml", &block);
        let run = sandbox.run(&["check", "block.toml"]);
        assert_eq!(run.code, 0, "{name}:\n{block}\n{}", run.stderr);
    }
    for (name, block) in blocks("strategies") {
        let around = "[workloads.noop]\n[workloads.outside]\ncommand = ['/bin/true']\n";
        let header = if block.contains("[strategies") { "" } else { "[strategies]\n" };
        sandbox.write("block.toml", format!("{around}{header}{block}"));
        let run = sandbox.run(&["check", "block.toml"]);
        assert_eq!(run.code, 0, "{name}:\n{block}\n{}", run.stderr);
    }
    let text = sandbox.run(&["list"]).expect_code(0).stdout;
    for (_, block) in blocks("kernels").into_iter().chain(blocks("strategies")) {
        assert!(text.contains(block.trim_end()), "the same block is in the text:\n{block}");
    }
}

#[test]
fn the_live_table_has_what_the_final_one_has_and_the_journal_reads_back() {
    let sandbox = Sandbox::new();
    let text = "seed = 1\n[workloads.last]\n\
                command = ['/bin/sh', '-c', 'echo n {n}; case {trial_id} in t000006) \
                while ! test -e go; do sleep 0.01; done;; t000003) exit 1;; esac']\n\
                result = { stdout_regex = 'n (\\d+)' }\nparams = { n = [1, 123456789012345678] }\n\
                [protocol]\nrepeats = 2\nretries = 1\n";
    let mut live = sandbox.start("last", text);
    live.wait_for("the last start", |events| {
        events.iter().any(|event| body(event, "trial_started").is_some_and(|b| b["order"] == 5))
    });
    let run_dir = sandbox.runs("last").pop().expect("a run");
    let watched = read_table(&run_dir.join("trials.csv"));
    sandbox.write("go", "");
    live.end().expect_code(3);
    let last = sandbox.trials("last");
    assert_eq!((watched.len(), last.len()), (6, 7));
    for (watched, last) in watched.iter().zip(&last) {
        for (column, field) in watched.fields().iter().filter(|(_, field)| !field.is_empty()) {
            if !["used", "unused_reason"].contains(&column.as_str()) {
                assert_eq!(last.get(column), field, "{column}");
            }
        }
    }
    let file = std::fs::File::open(run_dir.join("journal.jsonl")).expect("a journal");
    let contents = runner::report::journal::read(std::io::BufReader::new(file)).expect("valid");
    assert_eq!(contents.torn_bytes, 0);
    assert_eq!(contents.header.trials, 6);
    let numbers: Vec<u64> = contents.events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (0..contents.events.len() as u64).collect::<Vec<_>>());
    assert!(contents.events.is_sorted_by_key(|event| event.elapsed_ns));
}

/// A field of `/proc/PID/status` in bytes.
fn memory_of(pid: u32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("the field");
    let kib: u64 = line.trim_matches([':', '\t', ' ']).trim_end_matches(" kB").parse().expect("kB");
    kib << 10
}

#[test]
fn a_large_runner_does_not_show_in_the_memory_of_its_children() {
    let sandbox = Sandbox::new();
    let text = "seed = 1\n[params]\na = { from = 1, to = 600, step = 1 }\n\
                b = { from = 1, to = 600, step = 1 }\n\
                [workloads.small]\ncommand = ['/bin/true', '{a}', '{b}']\n\
                [protocol]\nrepeats = 1\nwarmup = 0\n";
    let mut live = sandbox.start("small", text);
    live.wait_for("twenty trials", |events| of_kind(events, "trial_finished") >= 20);
    let runner = memory_of(live.pid(), "VmRSS");
    assert!(runner > 50 << 20, "the runner is large: {runner} bytes");
    // It is killed, not interrupted: tables of so many cells would take their time.
    let events = live.journal();
    drop(live);
    for finished in events.iter().filter_map(|event| body(event, "trial_finished")) {
        let measured = &finished["measured"];
        assert_eq!(measured["status"], "ok", "{finished}");
        match measured["max_rss_bytes"].as_u64() {
            None => assert_eq!(measured["memory_floor"], true, "{finished}"),
            // That of a small launcher, with the pages of a debug build; not that of the runner.
            Some(peak) => assert!(peak < 16 << 20, "{finished}"),
        }
    }
}

#[test]
fn the_doctor_names_what_it_knows_and_what_it_does_not() {
    let sandbox = Sandbox::new();
    let text = sandbox.run(&["doctor"]).expect_code(0).stdout;
    assert!(text.contains("An empty trial (`true`) takes"), "{text}");
    assert!(text.ends_with("Nothing was changed.\n"), "{text}");
    let json = sandbox.run(&["doctor", "--json"]).expect_code(0).stdout;
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let findings = report["findings"].as_array().expect("a list");
    assert!(findings.len() >= 15, "{json}");
    for finding in findings {
        let found = finding["found"].as_str().expect("text");
        let is_unknown = finding["weight"] == "unknown";
        assert_eq!(found.starts_with("not known: "), is_unknown, "{finding}");
        let matters = finding["weight"] == "warning" || finding["weight"] == "note";
        assert_eq!(finding["advice"] != "", matters, "{finding}");
    }
    assert!(std::fs::read_dir(sandbox.path()).expect("a folder").next().is_none());
}
