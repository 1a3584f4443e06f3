//! What has changed since a run began is told, and gone on with only for a reason.

use std::collections::BTreeSet;

use runner::design::{KernelSignature, Matrix};
use runner::plan::Plan;
use rustix::process::Signal;

use crate::reading::source;
use crate::resume::{killed, quiet};
use crate::support::{Row, Sandbox, wait_until};

/// A script that is the program of all trials; it waits in the third one.
const SCRIPT: &str = "#!/bin/sh\ncase $1 in t000003) : > ready; while ! test -e go; do sleep 0.01; \
                      done;; esac\necho answer 1\n";
const SCRIPTED: &str = "seed = 1\n[workloads.slow]\ncommand = ['./program.sh', '{trial_id}']\n\
                        [protocol]\nrepeats = 6\nwarmup = 0\n";

/// A run of the script that was killed in its third trial.
fn scripted(sandbox: &Sandbox) {
    use std::os::unix::fs::PermissionsExt;
    let path = sandbox.write("program.sh", SCRIPT);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let live = sandbox.start("slow", SCRIPTED);
    let ready = sandbox.path().join("ready");
    wait_until(|| ready.exists().then_some(())).expect("the third trial begins");
    live.signal(Signal::KILL);
    live.end();
    sandbox.write("go", "");
}

#[test]
fn another_program_is_refused_and_with_a_reason_its_rows_are_marked() {
    let sandbox = Sandbox::new();
    scripted(&sandbox);
    let run = sandbox.runs("slow").remove(0);
    let before = std::fs::read(run.join("journal.jsonl")).expect("a journal");
    sandbox.write("program.sh", SCRIPT.replace("answer 1", "answer 1; sleep 0.01"));
    let refused = quiet(&sandbox, &["resume"]).expect_code(2);
    let refused =
        refused.expect_stderr(&["program ./program.sh: SHA-256", "--accept-change REASON"]);
    assert_eq!(refused.stdout, "");
    assert_eq!(std::fs::read(run.join("journal.jsonl")).expect("a journal"), before);

    quiet(&sandbox, &["resume", "--accept-change", "only a comment"]).expect_code(0);
    let rows = sandbox.trials("slow");
    let marks: Vec<(&str, &str)> =
        rows.iter().map(|row| (row.get("session"), row.get("changed"))).collect();
    assert_eq!(marks, [vec![("1", "false"); 3], vec![("2", "true"); 4]].concat());
    let text = std::fs::read_to_string(run.join("manifest.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let session = &manifest["sessions"][1];
    assert_eq!(session["accepted"]["value"], "only a comment");
    assert_eq!(session["changes"][0]["what"], "program ./program.sh");
    assert!(manifest["sessions"][0]["finished_at"]["value"].is_null(), "it was killed");
}

#[test]
fn a_script_and_an_input_that_have_changed_are_told() {
    let sandbox = Sandbox::new();
    sandbox.write("program.sh", SCRIPT);
    sandbox.write("input.txt", "1");
    let text = SCRIPTED
        .replace("['./program.sh'", "['/bin/sh', 'program.sh'")
        .replace("[protocol]", "stdin = 'input.txt'\n[protocol]");
    let live = sandbox.start("slow", &text);
    let ready = sandbox.path().join("ready");
    wait_until(|| ready.exists().then_some(())).expect("the third trial begins");
    live.signal(Signal::KILL);
    live.end();
    sandbox.write("go", "");
    sandbox.write("program.sh", format!("{SCRIPT}\n"));
    sandbox.write("input.txt", "2");
    let refused = quiet(&sandbox, &["resume"]).expect_code(2);
    refused.expect_stderr(&["program.sh: SHA-256", "input.txt: SHA-256"]);
    std::fs::remove_file(sandbox.path().join("input.txt")).expect("removed");
    quiet(&sandbox, &["resume"]).expect_code(2).expect_stderr(&["not there now"]);
    sandbox.write("program.sh", SCRIPT);
    sandbox.write("input.txt", "1");
    quiet(&sandbox, &["resume"]).expect_code(0);
}

#[test]
fn what_was_accepted_once_is_not_asked_again() {
    let sandbox = Sandbox::new();
    scripted(&sandbox);
    let name = sandbox.path().join("slow.toml");
    std::fs::write(&name, SCRIPTED.replace("repeats = 6", "repeats = 7")).expect("written");
    quiet(&sandbox, &["resume"]).expect_code(2).expect_stderr(&["slow.toml: SHA-256"]);
    for name in ["go", "ready"] {
        std::fs::remove_file(sandbox.path().join(name)).expect("removed");
    }
    let live = sandbox.start_with("slow", &["resume", "--accept-change", "a plan for later"]);
    let ready = sandbox.path().join("ready");
    wait_until(|| ready.exists().then_some(())).expect("the third trial begins");
    live.signal(Signal::KILL);
    live.end();
    sandbox.write("go", "");
    quiet(&sandbox, &["resume"]).expect_code(0);
    let rows = sandbox.trials("slow");
    assert_eq!(rows.len(), 8, "the archived plan is followed: six trials, one of them lost twice");
    assert_eq!(rows[7].get("session"), "3");
    assert_eq!(rows[7].get("changed"), "true");
}

#[test]
fn a_kernel_of_another_version_has_another_plan_and_is_refused_in_any_case() {
    let sandbox = Sandbox::new();
    killed(&sandbox);
    let path = sandbox.runs("slow").remove(0).join("manifest.json");
    let text = std::fs::read_to_string(&path).expect("a manifest");
    let mut manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    manifest["plan"]["fingerprint"] = "0".into();
    manifest["kernels"] = serde_json::json!([{ "name": "primes", "version": 9 }]);
    std::fs::write(&path, manifest.to_string()).expect("written");
    quiet(&sandbox, &["resume", "--accept-change", "why not"])
        .expect_code(2)
        .expect_stderr(&["its plan cannot be made again", "kernel primes: version 9 then"]);
}

#[test]
fn levels_that_are_files_follow_the_record_when_that_is_accepted() {
    let sandbox = Sandbox::new();
    sandbox.write("a.in", "1");
    sandbox.write("b.in", "2");
    sandbox.write("words.txt", "x\ny\n");
    let text = "seed = 3\n[params]\nfile = { glob = '*.in' }\nword = { lines = 'words.txt' }\n\
                [workloads.slow]\ncommand = ['/bin/sh', '-c', '''case {trial_id} in t000003) : > ready; \
                while ! test -e go; do sleep 0.01; done;; esac; echo {file} {word}''']\n\
                [protocol]\nrepeats = 3\nwarmup = 0\n";
    let live = sandbox.start("slow", text);
    let ready = sandbox.path().join("ready");
    wait_until(|| ready.exists().then_some(())).expect("the third trial begins");
    live.signal(Signal::KILL);
    live.end();
    sandbox.write("go", "");
    // Another content, a new file, and other words: the recorded levels are what is left to run.
    sandbox.write("b.in", "changed");
    sandbox.write("c.in", "new");
    std::fs::remove_file(sandbox.path().join("words.txt")).expect("removed");
    quiet(&sandbox, &["resume"])
        .expect_code(2)
        .expect_stderr(&["b.in: SHA-256", "--accept-change REASON"]);
    quiet(&sandbox, &["resume", "--accept-change", "only a new line"]).expect_code(0);
    let rows = sandbox.trials("slow");
    let cells: BTreeSet<(&str, &str)> =
        rows.iter().map(|row| (row.get("param_file"), row.get("param_word"))).collect();
    let want = [("a.in", "x"), ("a.in", "y"), ("b.in", "x"), ("b.in", "y")];
    assert_eq!(cells, want.into());
    let used: Vec<&Row> = rows.iter().filter(|row| row.get("used") == "true").collect();
    assert_eq!(used.len(), 12);
    assert!(used.iter().all(|row| (row.get("session") == "2") == (row.get("changed") == "true")));
    sandbox.run(&["verify", "slow"]).expect_code(0);
}

#[test]
fn a_kernel_of_another_version_is_gone_on_with_when_that_is_accepted() {
    let sandbox = Sandbox::new();
    let text = "seed = 3\n[params]\nn = [10, 20]\n[workloads.primes]\n\
                [protocol]\nrepeats = 3\nwarmup = 0\nisolation = 'thread'\n";
    sandbox.experiment("slow", text).expect_code(0);
    let run = sandbox.runs("slow").remove(0);
    let mut manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(run.join("manifest.json")).expect("a manifest"))
            .expect("JSON");
    // As a runner whose kernel had version 9 would have begun it.
    let then = plan_with_version(text, 9);
    let now = manifest["plan"]["fingerprint"].as_str().expect("text").to_owned();
    assert_ne!(then, now);
    manifest["plan"]["fingerprint"] = then.clone().into();
    manifest["kernels"] = serde_json::json!([{ "name": "primes", "version": 9 }]);
    std::fs::write(run.join("manifest.json"), manifest.to_string()).expect("written");
    let journal = std::fs::read_to_string(run.join("journal.jsonl")).expect("a journal");
    let begun: String = journal.split_inclusive('\n').take(7).collect();
    std::fs::write(run.join("journal.jsonl"), begun.replace(&now, &then)).expect("written");
    quiet(&sandbox, &["resume", "slow"])
        .expect_code(2)
        .expect_stderr(&["kernel primes: version 9 then", "--accept-change REASON"]);
    quiet(&sandbox, &["resume", "slow", "--accept-change", "only faster"]).expect_code(0);
    let rows = sandbox.trials("slow");
    let used: Vec<&Row> = rows.iter().filter(|row| row.get("used") == "true").collect();
    assert_eq!(used.len(), 6);
    let sessions: BTreeSet<(&str, &str)> =
        used.iter().map(|row| (row.get("session"), row.get("changed"))).collect();
    assert_eq!(sessions, [("1", "false"), ("2", "true")].into());
}

/// The fingerprint of the plan of an experiment of `primes` whose kernel has this version.
fn plan_with_version(text: &str, version: u32) -> String {
    let mut catalogue = runner::strategy::catalogue();
    for kernel in catalogue.kernels.iter_mut().filter(|kernel| kernel.name == "primes") {
        *kernel = Box::leak(Box::new(KernelSignature { version, ..**kernel }));
    }
    let checked = runner::spec::read(&source(text.as_bytes()), &catalogue).expect("an experiment");
    let matrix = Matrix::new(&checked.experiment).expect("a matrix");
    let plan = Plan::new(&checked.experiment, &matrix, 3, 1_000).expect("a plan");
    plan.fingerprint().to_owned()
}
