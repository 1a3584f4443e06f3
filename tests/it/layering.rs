//! What is laid over one another: extended files, the file, profiles, `--set`.

use std::fs;
use std::path::{Path, PathBuf};

use runner::spec::files::Files;
use runner::spec::{Layers, Source, read};

use crate::support::Sandbox;

const BASE: &str = r#"
title = "Base"
seed = 7
[params]
n = [10, 100]
[workloads.power-sum]
tasks = 2
[strategies]
normal = "sequential"
multi = { kind = "threads", workers = 2 }
[protocol]
repeats = 6
timeout = "1m"
"#;

/// Hooks of every scope, and timeouts that say something about other cells.
const HOOKED: &str = r#"
[workloads.power-sum]
params = { n = [10, 100], half = "= n / 2" }
on_timeout = { skip_larger = "n" }
hooks.cell = { setup = [["true", "{half}"], ["true"]], timeout = "5s" }
hooks.trial.teardown = ["true", "{trial_id}"]
[workloads.noop]
[protocol]
on_timeout = "continue"
[hooks.run]
setup = ["true"]
"#;

fn plan(sandbox: &Sandbox, arguments: &[&str]) -> serde_json::Value {
    let all: Vec<&str> = ["plan", "--format", "json"].iter().chain(arguments).copied().collect();
    let run = sandbox.run(&all).expect_code(0);
    serde_json::from_str(&run.stdout).expect("a plan in JSON")
}

/// The files of one golden case.
#[derive(Debug)]
struct Folder(PathBuf);

impl Files for Folder {
    fn glob(&self, _: &str) -> Result<Vec<PathBuf>, String> {
        Ok(Vec::new())
    }

    fn digest(&self, path: &Path) -> Result<String, String> {
        Err(format!("{} has no digest here", path.display()))
    }

    fn names(&self, _: &Path) -> Option<Vec<String>> {
        None
    }

    fn read(&self, path: &Path, _: u64) -> Result<Vec<u8>, String> {
        let name = path.strip_prefix("/case").map_err(|_| "outside of the case".to_owned())?;
        fs::read(self.0.join(name)).map_err(|_| "there is no such file".to_owned())
    }
}

/// Reads a case as `arguments.txt` says: one `set`, `profile` or `host` a line.
fn render(case: &Path) -> String {
    let arguments = fs::read_to_string(case.join("arguments.txt")).unwrap_or_default();
    let of = |word: &str| -> Vec<String> {
        let lines = arguments.lines().filter_map(|line| line.split_once(' '));
        lines.filter(|(first, _)| *first == word).map(|(_, rest)| rest.to_owned()).collect()
    };
    let (set, profile, host) = (of("set"), of("profile"), of("host"));
    let source = Source {
        path: "experiment.toml",
        bytes: &fs::read(case.join("experiment.toml")).expect("experiment.toml"),
        stem: "experiment",
        base_dir: Path::new("/case"),
        files: &Folder(case.to_owned()),
        layers: Layers {
            profile: profile.first().map(String::as_str),
            host: host.first().map_or("", String::as_str),
            set: &set,
        },
    };
    match read(&source, &runner::strategy::catalogue()) {
        Ok(checked) => panic!("{} is valid: {:?}", case.display(), checked.profile),
        Err(problems) => problems.render(false),
    }
}

#[test]
fn every_golden_error_of_a_layer_is_rendered_as_it_was_reviewed() {
    let bless = std::env::var_os("BLESS").is_some();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/layers");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(folder).expect("cases").map(|entry| entry.expect("a case").path()).collect();
    cases.sort();
    assert!(cases.len() >= 10, "only {} cases", cases.len());
    let mut changed = Vec::new();
    for case in cases {
        let rendered = render(&case);
        let expected = case.join("stderr.txt");
        if bless {
            fs::write(&expected, &rendered).expect("stderr.txt");
        }
        if fs::read_to_string(expected).unwrap_or_default() != rendered {
            changed.push(format!("{}:\n{rendered}", case.display()));
        }
    }
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}

#[test]
fn set_changes_one_value_and_is_recorded() {
    let sandbox = Sandbox::new();
    sandbox.write("a.toml", BASE);
    let arguments = ["a.toml", "--set", "protocol.repeats=7", "--set", "params.n=[5]"];
    let plan = plan(&sandbox, &arguments);
    assert_eq!((&plan["cells"], &plan["n_trials"]), (&2.into(), &16.into()));
    let mut run = vec!["run", "--progress", "plain"];
    run.extend(arguments);
    let run = sandbox.run(&run).expect_code(0);
    assert!(run.stderr.contains("· set protocol.repeats=7 · set params.n=[5]"), "{}", run.stderr);
    let manifest = fs::read_to_string(sandbox.latest("a").join("manifest.json")).expect("a file");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    let expected = serde_json::json!(["protocol.repeats=7", "params.n=[5]"]);
    assert_eq!(manifest["invocation"]["set"], expected);
}

#[test]
fn a_word_that_is_not_toml_is_set_as_text() {
    let sandbox = Sandbox::new();
    sandbox.write("a.toml", BASE);
    let run = sandbox.run(&["check", "a.toml", "--set", "title=Two words"]).expect_code(0);
    assert!(run.stdout.starts_with("Two words\n"), "{}", run.stdout);
}

#[test]
fn set_reaches_into_the_short_form_of_a_strategy() {
    let sandbox = Sandbox::new();
    sandbox.write("a.toml", BASE.replace("{ kind = \"threads\", workers = 2 }", "\"threads\""));
    let plan = plan(&sandbox, &["a.toml", "--set", "strategies.multi.workers=[2, 3, 4]"]);
    assert_eq!(plan["cells"], 8);
}

#[test]
fn a_mistake_in_set_is_shown_in_the_argument_and_exits_with_2() {
    let sandbox = Sandbox::new();
    sandbox.write("a.toml", BASE);
    let run = sandbox.run(&["run", "a.toml", "--set", "protocol.repeat=5"]).expect_code(2);
    assert!(run.stderr.contains("unknown key `repeat` in [protocol]"), "{}", run.stderr);
    assert!(run.stderr.contains("--set protocol.repeat=5"), "{}", run.stderr);
    assert!(run.stderr.contains("did you mean `repeats`"), "{}", run.stderr);
    assert!(!sandbox.path().join("results").exists());
}

#[test]
fn a_file_that_extends_another_has_its_cells_and_archives_it() {
    let sandbox = Sandbox::new();
    sandbox.write("shared/base.toml", BASE);
    sandbox.write("shared/top.toml", "extends = \"base.toml\"\n[params]\nn = [10]\n");
    let text = "extends = \"shared/top.toml\"\ntitle = \"Above\"\n[protocol]\nrepeats = 7\n";
    sandbox.write("a.toml", text);
    let plan = plan(&sandbox, &["a.toml"]);
    assert_eq!(plan["title"], "Above");
    assert_eq!((&plan["cells"], &plan["n_trials"]), (&2.into(), &16.into()));
    sandbox.run(&["run", "a.toml", "--progress", "none"]).expect_code(0);
    let run = sandbox.latest("a");
    let archived = |name: &str| fs::read_to_string(run.join(name)).expect(name);
    assert_eq!(archived("experiment.toml"), text);
    assert!(archived("experiment.base-1.toml").starts_with("extends"));
    assert_eq!(archived("experiment.base-2.toml"), BASE);
    let manifest: serde_json::Value =
        serde_json::from_str(&archived("manifest.json")).expect("JSON");
    let extends = &manifest["experiment"]["extends"];
    assert_eq!(extends[0]["path"], "shared/top.toml");
    assert_eq!(extends[1]["archived_as"], "experiment.base-2.toml");
    assert!(extends[1]["sha256"].as_str().expect("text").len() > 64);
}

const PROFILES: &str = r#"
[profiles.quick]
params.n = 10
protocol.repeats = 6
[profiles.everywhere]
hosts = ["nowhere", "*"]
protocol.repeats = 8
"#;

#[test]
fn a_profile_is_chosen_by_name_or_by_host_and_shown() {
    let sandbox = Sandbox::new();
    sandbox.write("a.toml", format!("{BASE}{PROFILES}"));
    let by_host = sandbox.run(&["plan", "a.toml"]).expect_code(0);
    assert!(by_host.stdout.contains("4 cells × (1 warm-up + 8) = 36 trials"), "{}", by_host.stdout);
    assert!(by_host.stdout.contains("· profile everywhere (by the name of this host)"));
    let arguments = ["run", "a.toml", "--profile", "quick", "--progress", "plain"];
    let run = sandbox.run(&arguments).expect_code(0);
    assert!(run.stderr.contains("2 cells × (1 warm-up + 6) = 14 trials"), "{}", run.stderr);
    assert!(run.stderr.contains("· profile quick\n"), "{}", run.stderr);
    let manifest = fs::read_to_string(sandbox.latest("a").join("manifest.json")).expect("a file");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    let expected = serde_json::json!({ "value": { "name": "quick", "by_host": false } });
    assert_eq!(manifest["experiment"]["profile"], expected);
}

#[test]
fn set_wins_over_the_profile_and_the_profile_over_the_file() {
    let sandbox = Sandbox::new();
    sandbox.write("a.toml", format!("{BASE}{PROFILES}"));
    let set = ["a.toml", "--profile", "quick", "--set", "protocol.repeats=9"];
    assert_eq!(plan(&sandbox, &set)["n_trials"], 20);
    assert_eq!(plan(&sandbox, &set[..3])["n_trials"], 14);
}

#[test]
fn only_selects_cells_and_leaves_their_keys_and_seeds() {
    let sandbox = Sandbox::new();
    sandbox.write("a.toml", BASE);
    let whole = plan(&sandbox, &["a.toml"]);
    let some = plan(&sandbox, &["a.toml", "--only", "n>=100,strategy=mul*"]);
    assert_eq!((&some["cells"], &some["n_cells_unfiltered"]), (&1.into(), &4.into()));
    let trials = |plan: &serde_json::Value| plan["trials"].as_array().expect("trials").clone();
    for trial in trials(&some) {
        let same = |other: &serde_json::Value| {
            ["cell_key", "phase", "repeat", "trial_seed", "strategy"]
                .iter()
                .all(|key| other[key] == trial[key])
        };
        assert_eq!(trials(&whole).iter().filter(|other| same(other)).count(), 1, "{trial}");
    }
    let union = plan(&sandbox, &["a.toml", "--only", "n=10", "--only", "workers=2"]);
    assert_eq!(union["cells"], 3);
}

#[test]
fn the_filter_is_shown_before_and_after_and_recorded() {
    let sandbox = Sandbox::new();
    sandbox.write("a.toml", BASE);
    let arguments = ["run", "a.toml", "--only", "n=10", "--progress", "plain"];
    let run = sandbox.run(&arguments).expect_code(0);
    assert!(run.stderr.contains("· filtered by --only n=10: 2 of 4 cells\n"), "{}", run.stderr);
    assert!(run.stdout.contains("filtered by --only n=10: 2 of 4 cells\n"), "{}", run.stdout);
    let manifest = fs::read_to_string(sandbox.latest("a").join("manifest.json")).expect("a file");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    assert_eq!(manifest["invocation"]["only"], serde_json::json!(["n=10"]));
    let said = "--reason was not given";
    assert_eq!(manifest["invocation"]["only_reason"]["reason"], said);
    let report = fs::read_to_string(sandbox.latest("a").join("report.md")).expect("a file");
    assert!(report.contains("say why: --reason 'TEXT'"), "{report}");
    assert!(sandbox.table("a", "trials.csv").iter().all(|row| row.get("param_n") == "10"));
}

#[test]
fn the_reason_of_a_filter_is_shown_and_recorded_and_comes_with_a_plan() {
    let sandbox = Sandbox::new();
    sandbox.write("a.toml", BASE);
    let part = ["a.toml", "--only", "n=10", "--reason", "the rest takes\nhours"];
    let plan = sandbox.run(&[&["plan"], &part[..], &["--format", "json"]].concat());
    sandbox.write("plan.json", &plan.expect_code(0).stdout);
    for arguments in [[&["run"], &part[..]].concat(), vec!["run", "--plan", "plan.json"]] {
        let run = sandbox.run(&arguments).expect_code(0);
        let shown = "filtered by --only n=10: 2 of 4 cells (the rest takes\\nhours)\n";
        assert!(run.stdout.contains(shown), "{}", run.stdout);
        let read = |file: &str| {
            fs::read_to_string(sandbox.latest("a").join(file)).expect("a file of the run")
        };
        let manifest: serde_json::Value =
            serde_json::from_str(&read("manifest.json")).expect("JSON");
        assert_eq!(manifest["invocation"]["only_reason"]["value"], "the rest takes\nhours");
        let report = read("report.md");
        assert!(report.contains("the reason: the rest takes"), "{report}");
        assert!(!report.contains("say why"), "{report}");
    }
    let alone = sandbox.run(&["run", "a.toml", "--reason", "none"]).expect_code(2);
    assert!(alone.stderr.contains("--only"), "{}", alone.stderr);
}

#[test]
fn nothing_selected_exits_with_4_and_names_the_levels() {
    let sandbox = Sandbox::new();
    sandbox.write("a.toml", BASE);
    let only = |filter: &str, code: i32| {
        sandbox.run(&["run", "a.toml", "--only", filter]).expect_code(code).stderr
    };
    let text = only("n=1000", 4);
    assert!(text.contains("no cell has n=1000; levels of `n`: `10` and `100`"), "{text}");
    let text = only("strategy=mult", 4);
    assert!(text.contains("did you mean `multi`?"), "{text}");
    let text = only("workers=1,strategy=multi", 4);
    assert!(text.contains("and no cell meets all"), "{text}");
    let text = only("strategies=multi", 2);
    assert!(text.contains("did you mean `strategy`?"), "{text}");
    assert!(only("n", 2).contains("`n` is not a condition"));
    assert!(!sandbox.path().join("results").exists());
}

#[test]
fn the_resolved_file_says_where_every_value_comes_from() {
    let sandbox = Sandbox::new();
    sandbox.write("base.toml", BASE);
    sandbox.write("a.toml", format!("extends = \"base.toml\"\n[params]\nn = [10]\n{PROFILES}"));
    let arguments =
        ["check", "--resolved", "a.toml", "--profile", "quick", "--set", "protocol.timeout=2m"];
    let text = sandbox.run(&arguments).expect_code(0).stdout;
    for line in [
        "title = \"Base\"  # base.toml:2",
        "seed = 7  # base.toml:3",
        "n = 10  # profile quick, a.toml:6",
        "[workloads.power-sum]",
        "kind = \"power-sum\"  # default",
        "[strategies.normal]",
        "kind = \"sequential\"  # base.toml:9",
        "repeats = 6  # profile quick, a.toml:7",
        "timeout = \"2m\"  # --set",
        "warmup = 1  # default",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("profiles") && !text.contains("extends"), "{text}");
    assert!(text.contains("\non_timeout = \"continue\"  # default\n"), "{text}");
    sandbox.write("hooked.toml", HOOKED);
    let text = sandbox.run(&["check", "--resolved", "hooked.toml"]).expect_code(0).stdout;
    for line in [
        "[hooks.run]",
        "setup = [\"true\"]  # hooked.toml:11",
        "timeout = \"1m\"  # default",
        "[workloads.power-sum.hooks.trial]",
        "teardown = [\"true\", \"{trial_id}\"]  # hooked.toml:6",
        "skip_larger = \"n\"  # hooked.toml:4",
        "on_timeout = \"continue\"  # hooked.toml:9",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
    }
}

/// Levels that stand in another file.
const LINES: &str = "[params]\nword = { lines = \"words.txt\" }\n\
                     [workloads.x]\ncommand = [\"echo\", \"{word}\"]\n";

#[test]
fn the_resolved_file_writes_levels_out_that_stand_in_another_file() {
    let sandbox = Sandbox::new();
    sandbox.write("words.txt", "one\ntwo words\n");
    sandbox.write("lines.toml", LINES);
    let text = sandbox.run(&["check", "--resolved", "lines.toml"]).expect_code(0).stdout;
    let line = "word = [\"one\", \"two words\"]  # lines.toml:2, lines of words.txt";
    assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
}

#[test]
fn the_resolved_file_gives_the_same_plan_when_it_is_read_again() {
    let sandbox = Sandbox::new();
    sandbox.write("layered.toml", format!("{BASE}{PROFILES}"));
    sandbox.write("hooked.toml", HOOKED);
    sandbox.write("words.txt", "one\n\ntwo words\n=1+1\n==x\n{n}\na \"b\"\\c\n");
    sandbox.write("lines.toml", LINES);
    let own = ["layered.toml", "hooked.toml", "lines.toml"];
    let mut files: Vec<PathBuf> = own.iter().map(|name| sandbox.path().join(name)).collect();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
    let entries = fs::read_dir(shipped).expect("experiments");
    files.extend(
        entries
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml")),
    );
    assert!(files.len() > 4, "{files:?}");
    for file in files {
        let file = file.to_str().expect("text");
        let text = sandbox.run(&["check", "--resolved", file]).expect_code(0).stdout;
        sandbox.write("again.toml", &text);
        // One shipped file plans a million trials; six repeats of each cell tell as much.
        let few = ["--seed", "3", "--set", "protocol.repeats=6"];
        let [before, after] =
            [file, "again.toml"].map(|file| plan(&sandbox, &[&[file][..], &few].concat()));
        for key in ["fingerprint", "title", "cells", "trials", "skipped"] {
            assert_eq!(before[key], after[key], "{key} of {file}\n{text}");
        }
        let values = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            lines.map(|line| line.split("  # ").next().unwrap_or_default().to_owned()).collect()
        };
        let again = sandbox.run(&["check", "--resolved", "again.toml"]).expect_code(0).stdout;
        assert_eq!(values(&again), values(&text), "resolving once is enough");
    }
}

#[test]
fn a_run_keeps_the_resolved_file_with_its_seed() {
    let sandbox = Sandbox::new();
    sandbox.write("a.toml", BASE.replace("seed = 7\n", ""));
    let run = ["run", "a.toml", "--progress", "none", "--only", "n=10"];
    sandbox.run(&run).expect_code(0);
    let read = |name: &str| fs::read_to_string(sandbox.latest("a").join(name)).expect("a file");
    let manifest: serde_json::Value = serde_json::from_str(&read("manifest.json")).expect("JSON");
    let seed = manifest["plan"]["seed"].as_str().expect("text").to_owned();
    assert!(read("resolved.toml").contains(&format!("\nseed = {seed}  # drawn\n")));
    assert!(read("resolved.toml").contains("# filtered by --only n=10: 2 of 4 cells\n"));
    sandbox.run(&[&run[..], &["--seed", "5"]].concat()).expect_code(0);
    assert!(read("resolved.toml").contains("\nseed = 5  # --seed\n"));
}
