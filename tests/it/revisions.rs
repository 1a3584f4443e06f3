//! Revisions of a program against each other, in turn, in one run.

use std::fs;

use serde_json::Value;

use crate::support::{Sandbox, skipped};

const EXPERIMENT: &str = r#"
title = "revisions"
seed = 3
[workloads.tool]
command = ["cat", "{rev_dir}/built.txt"]
build = ["cp", "{rev_dir}/score.txt", "{rev_dir}/built.txt"]
revisions = ["before", "HEAD"]
[[workloads.tool.metrics]]
name = "score"
unit = "1"
stdout_regex = 'score (\d+)'
better = "lower"
[protocol]
repeats = 6
warmup = 0
[compare]
baseline = { revision = "before" }
metric = "score"
[gate]
fail_if = "slower > 5%"
"#;

/// Runs git in the sandbox, free of what the user's own settings say.
fn git(sandbox: &Sandbox, arguments: &str) -> String {
    let settings = "-c user.name=A -c user.email=a@example.org -c commit.gpgsign=false";
    let done = sandbox.shell(&format!(
        "GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null git {settings} {arguments}"
    ));
    assert_eq!(done.code, 0, "{arguments}: {}", done.stderr);
    done.stdout.trim().to_owned()
}

/// A repository with two commits, whose experiment lies in a folder of it; nothing without git.
fn repository() -> Option<Sandbox> {
    let sandbox = Sandbox::new();
    if sandbox.shell("git --version").code != 0 {
        skipped("there is no git");
        return None;
    }
    sandbox.write("score.txt", "score 100\n");
    sandbox.write("revisions.toml", EXPERIMENT);
    git(&sandbox, "init -q");
    git(&sandbox, "add .");
    git(&sandbox, "commit -q -m one");
    git(&sandbox, "branch before");
    sandbox.write("score.txt", "score 150\n");
    git(&sandbox, "commit -q -a -m two");
    // What is not committed is in no revision.
    sandbox.write("score.txt", "score 7\n");
    Some(sandbox)
}

#[test]
fn revisions_are_checked_out_built_and_run_in_turn_and_leave_nothing() {
    let Some(sandbox) = repository() else { return };
    let done = sandbox.run(&["revisions.toml", "--progress", "none"]);
    assert_eq!(done.code, 7, "{}{}", done.stdout, done.stderr);
    assert!(done.stdout.contains("1.5× worse"), "{}", done.stdout);
    let rows = sandbox.trials("revisions");
    let scores: Vec<(&str, &str)> =
        rows.iter().map(|row| (row.get("param_revision"), row.get("metric_score"))).collect();
    assert_eq!(scores.iter().filter(|(revision, _)| *revision == "before").count(), 6);
    for (revision, score) in scores {
        assert_eq!(score, if revision == "before" { "100" } else { "150" });
    }
    // Each block has both.
    for block in rows.chunks(2) {
        assert_ne!(block[0].get("param_revision"), block[1].get("param_revision"));
    }
    let run = sandbox.latest("revisions");
    let report = fs::read_to_string(run.join("report.md")).expect("a report");
    assert!(report.contains("changes that are in no revision, so that they were not measured"));
    assert!(report.contains("score.txt"), "{report}");
    let manifest: Value =
        serde_json::from_slice(&fs::read(run.join("manifest.json")).expect("there")).expect("JSON");
    let head = git(&sandbox, "rev-parse HEAD");
    assert_eq!(manifest["revisions"][1]["name"], "HEAD");
    assert_eq!(manifest["revisions"][1]["commit"], head.as_str());
    assert!(!run.join("revisions").exists(), "the folders are removed");
    let worktrees = git(&sandbox, "worktree list");
    assert_eq!(worktrees.lines().count(), 1, "{worktrees}");
    assert_eq!(fs::read_to_string(sandbox.path().join("score.txt")).expect("there"), "score 7\n");
}

#[test]
fn a_rerun_has_the_commits_of_the_run_and_not_those_of_today() {
    let Some(sandbox) = repository() else { return };
    assert_eq!(sandbox.run(&["revisions.toml", "--progress", "none"]).code, 7);
    sandbox.write("score.txt", "score 1000\n");
    git(&sandbox, "commit -q -a -m three");
    let first = sandbox.runs("revisions").remove(0);
    let done = sandbox.run(&["rerun", first.to_str().expect("text"), "--progress", "none"]);
    assert!(done.stdout.ends_with("1 of 1 conclusion reproduces here\n"), "{}", done.stdout);
}

#[test]
fn a_build_that_fails_says_so_before_its_long_command() {
    let Some(sandbox) = repository() else { return };
    let folder = "a-long-name/".repeat(20);
    let build = r#"build = ["cp", "{rev_dir}/score.txt", "{rev_dir}/built.txt"]"#;
    assert!(EXPERIMENT.contains(build));
    let broken = format!("build = ['sh', '-c', 'echo no good; exit 3', '{folder}']");
    sandbox.write("broken.toml", EXPERIMENT.replace(build, &broken));
    let done = sandbox.run(&["broken.toml", "--progress", "none"]).expect_code(3);
    assert!(done.stdout.contains("failed: build: exit code 3: no good; it was"), "{}", done.stdout);
}

#[test]
fn a_missing_repository_and_a_shallow_clone_are_told_as_what_they_are() {
    let Some(sandbox) = repository() else { return };
    let nowhere = crate::support::Sandbox::new();
    nowhere.write("revisions.toml", EXPERIMENT);
    let done = nowhere.run(&["revisions.toml"]).expect_code(2);
    assert!(done.stderr.contains("are those of a git repository"), "{}", done.stderr);
    let from = format!("clone -q --depth 1 file://{} shallow", sandbox.path().display());
    git(&sandbox, &from);
    sandbox.write("shallow/revisions.toml", EXPERIMENT);
    let done = sandbox.run(&["shallow/revisions.toml"]).expect_code(2);
    assert!(done.stderr.contains("is not there; the clone is shallow"), "{}", done.stderr);
}

#[test]
fn what_is_no_revision_is_told_before_anything_starts() {
    let Some(sandbox) = repository() else { return };
    for name in ["nowhere", "HEAD~7"] {
        let text = EXPERIMENT.replace("\"before\"", &format!("\"{name}\""));
        sandbox.write("other.toml", text);
        let done = sandbox.run(&["other.toml"]);
        assert_eq!(done.code, 2, "{}", done.stderr);
        assert!(
            done.stderr.contains(&format!("the revision `{name}` is not there")),
            "{}",
            done.stderr
        );
        assert!(!sandbox.path().join("results").exists());
    }
}
