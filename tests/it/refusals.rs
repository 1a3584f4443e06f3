//! Bad input through the binary: what is refused before anything starts, in which words, and what
//! becomes of the record when the disk fails.

use std::path::Path;
use std::process::Stdio;

use crate::support::{Run, Sandbox, read_journal, read_table, skipped};

/// A valid experiment of two trials.
const GOOD: &str = "seed = 1\n[workloads.good]\ncommand = ['/bin/true']\n\
                    [protocol]\nrepeats = 2\nwarmup = 0\n";

/// Runs a file that must be refused: exit code 2, the words on standard error, nothing written.
#[track_caller]
fn refused(text: impl AsRef<[u8]>, words: &[&str]) {
    let sandbox = Sandbox::new();
    sandbox.write("bad.toml", text);
    for verb in ["run", "check", "plan"] {
        let run = sandbox.run(&[verb, "bad.toml"]).expect_code(2).expect_stderr(words);
        assert!(run.stderr.contains("bad.toml"), "the file is named:\n{}", run.stderr);
        assert_eq!(run.stdout, "");
    }
    assert_eq!(std::fs::read_dir(sandbox.path()).expect("it is there").count(), 1);
}

#[test]
fn files_that_cannot_be_read_are_named_with_the_reason() {
    let sandbox = Sandbox::new();
    sandbox.run(&["none.toml"]).expect_code(2).expect_stderr(&["none.toml", "no such file"]);
    sandbox.write("some.toml", GOOD);
    sandbox.run(&["some"]).expect_code(2).expect_stderr(&["did you mean some.toml"]);
    sandbox.write("folder/some.toml", GOOD);
    sandbox.run(&["folder"]).expect_code(2).expect_stderr(&["folder", "is a directory"]);
    sandbox.run(&["some.toml/x"]).expect_code(2).expect_stderr(&["some.toml/x"]);
    assert!(!sandbox.path().join("results").exists());
}

#[test]
fn a_file_without_end_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.run(&["/dev/zero"]).expect_code(2).expect_stderr(&["/dev/zero", "larger than"]);
}

#[test]
fn files_that_are_not_experiments_are_refused() {
    refused("", &["empty"]);
    refused("# a comment\n", &["workload"]);
    refused("this is not TOML\n", &[":1:", "^"]);
    refused(b"title = \"\xff\xfe\"\n", &["UTF-8"]);
    refused("\u{feff}[workloads.good]\ncommand = 3\n", &["command"]);
}

#[test]
fn wrong_types_and_unknown_words_are_refused_with_what_is_accepted() {
    refused(GOOD.replace("repeats = 2", "repeats = 'two'"), &[":5:", "repeats", "whole number"]);
    refused(GOOD.replace("repeats", "repeat"), &["did you mean `repeats`"]);
    refused("[workloads.x]\nkind = 'power-sun'\n", &["did you mean `power-sum`"]);
    refused(format!("{GOOD}[strategies]\na = 'thread'\n"), &["did you mean `threads`"]);
}

#[test]
fn names_that_are_there_twice_or_cannot_be_names_are_refused() {
    refused(format!("{GOOD}[workloads.good]\ncommand = 'x'\n"), &["good", "duplicate"]);
    for name in ["a/b", "a\\\\b", ".hidden", " edge", "line\\nfeed", ""] {
        refused(GOOD.replace("workloads.good", &format!("workloads.\"{name}\"")), &["name"]);
    }
    let long = "x".repeat(65);
    refused(GOOD.replace("good", &long), &["64"]);
}

#[test]
fn empty_lists_and_sizes_without_sense_are_refused() {
    refused(GOOD.replace("['/bin/true']", "[]"), &["empty"]);
    refused(format!("[params]\nn = []\n{GOOD}").replace("seed = 1\n", ""), &["n", "empty"]);
    refused(GOOD.replace("repeats = 2", "repeats = 0"), &["repeats", "at least 1"]);
    refused(GOOD.replace("repeats = 2", "repeats = -1"), &["repeats", "at least 1"]);
    refused(GOOD.replace("warmup = 0", "timeout = '0s'"), &["timeout"]);
    refused("[workloads.power-sum]\nparams = { n = -1 }\n", &["n", "at least 0"]);
    refused("[workloads.noop]\ntasks = 0\n", &["tasks"]);
    refused("[workloads.noop]\ntasks = 99999999999999999999999\n", &["tasks"]);
    refused(
        "[workloads.noop]\n[strategies]\na = { kind = 'threads', workers = 0 }\n",
        &["workers"],
    );
}

#[test]
fn a_matrix_of_a_million_millions_is_refused_with_its_size() {
    let axes: String =
        ["a", "b"].map(|n| format!("{n} = {{ from = 1, to = 1_000_000, step = 1 }}\n")).concat();
    let text =
        format!("[params]\n{axes}[workloads.big]\ncommand = ['/bin/echo', '{{a}}', '{{b}}']\n");
    refused(text, &["1000000000000"]);
}

#[test]
fn more_trials_than_allowed_are_refused_with_both_numbers() {
    let sandbox = Sandbox::new();
    sandbox.write("good.toml", GOOD.replace("repeats = 2", "repeats = 1000"));
    for verb in ["run", "plan"] {
        let arguments = [verb, "good.toml", "--max-trials", "999"];
        sandbox.run(&arguments).expect_code(2).expect_stderr(&["1000", "999", "good.toml"]);
    }
    let both = "[strategies]\na = 'sequential'\nb = 'sequential'\n";
    sandbox.write("good.toml", GOOD.replace("repeats = 2", "repeats = 10_000_000") + both);
    let run = sandbox.run(&["run", "good.toml"]).expect_code(2);
    run.expect_stderr(&["20000000", "10000000"]);
    assert!(!sandbox.path().join("results").exists());
}

#[test]
fn placeholders_and_baselines_that_do_not_exist_are_refused() {
    refused(GOOD.replace("'/bin/true'", "'/bin/echo', '{m}'"), &["{m}", "unknown placeholder"]);
    refused(format!("{GOOD}[compare]\nbaseline = 'norml'\n"), &["norml"]);
    refused(format!("{GOOD}[compare]\nbaseline = {{ k = 3 }}\n"), &["k"]);
}

#[test]
fn a_big_integer_in_expect_must_be_written_in_quotes() {
    for number in ["499999666667166666000000", "4999"] {
        let rest = format!("expect = {number}\n[protocol]");
        refused(GOOD.replace("[protocol]", &rest), &["quotes"]);
    }
}

#[test]
fn text_that_starts_like_a_formula_survives_every_table() {
    let sandbox = Sandbox::new();
    let text = "seed = 1\n[params]\nopt = ['-O3', '@x', '+1', \"'quoted\", 'a,b \"c\"', '']\n\
                [workloads.\"=w()\"]\ncommand = ['/bin/echo', 'answer:=2+{opt}']\nagree = false\n\
                result = { stdout_regex = 'answer:(.*)' }\n\
                [strategies]\n\"=1+1\" = 'sequential'\n\
                [protocol]\nrepeats = 1\nwarmup = 0\n[compare]\nbaseline = { opt = '-O3' }\n";
    sandbox.experiment("formula", text).expect_code(0);
    for table in ["trials.csv", "summary.csv", "table.csv"] {
        for row in sandbox.table("formula", table) {
            for field in row.fields().values() {
                let is_number = field.parse::<f64>().is_ok();
                let acts = field.starts_with(['=', '+', '-', '@']) && !is_number;
                assert!(!acts, "{table}: `{field}` would be a formula");
            }
            assert_eq!(row.get("strategy"), "'=1+1", "{table}");
            assert_eq!(row.get("workload"), "'=w()", "{table}");
        }
    }
    let levels: Vec<String> =
        sandbox.trials("formula").iter().map(|row| row.get("param_opt").to_owned()).collect();
    for level in ["'-O3", "'@x", "'+1", "''quoted", "a,b \"c\"", "'"] {
        assert!(levels.contains(&level.to_owned()), "{level} is missing in {levels:?}");
    }
    let plan = sandbox.run(&["plan", "formula.toml", "--format", "csv"]).expect_code(0);
    assert!(plan.stdout.contains(",'=w(),'=1+1,"), "{}", plan.stdout);
}

/// Runs with its results in `output`: exit code 6, and the words.
fn unwritable(sandbox: &Sandbox, output: &str, words: &[&str]) -> Run {
    sandbox.write("good.toml", GOOD);
    let run = sandbox.run(&["run", "good.toml", "--output", output, "--progress", "none"]);
    run.expect_code(6).expect_stderr(words)
}

#[test]
fn results_that_cannot_be_written_anywhere_are_an_error_before_anything_starts() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "");
    sandbox.write("marker.toml", GOOD.replace("'/bin/true'", "'/usr/bin/touch', 'started'"));
    unwritable(&sandbox, "file/results", &["file/results", "Not a directory"]);
    unwritable(&sandbox, "file", &["file", "directory"]);
    unwritable(&sandbox, "/proc/results", &["/proc/results"]);
    sandbox.run(&["run", "marker.toml", "--output", "file/x"]).expect_code(6);
    assert!(!sandbox.path().join("started").exists(), "nothing was started");
}

/// Mounts an in-memory disk, or says why not.
fn mounted(at: &Path, options: &str) -> bool {
    std::fs::create_dir_all(at).expect("a mount point");
    let mount = Sandbox::program("mount", &["-t", "tmpfs", "-o", options, "none"], at);
    let done = mount.as_ref().is_ok_and(|output| output.status.success());
    if !done {
        skipped(&format!("a real disk cannot be mounted here: {mount:?}"));
    }
    done
}

fn unmount(at: &Path) {
    drop(Sandbox::program("umount", &["-l"], at));
}

#[test]
fn a_disk_that_is_read_only_is_an_error_before_anything_starts() {
    let sandbox = Sandbox::new();
    let disk = sandbox.path().join("disk");
    if !mounted(&disk, "ro,size=64k") {
        return;
    }
    sandbox.write("good.toml", GOOD);
    let run = sandbox.run(&["run", "good.toml", "--output", "disk"]);
    unmount(&disk);
    run.expect_code(6).expect_stderr(&["disk", "Read-only"]);
}

/// Many trials, so that the record outgrows any small disk.
fn endless() -> String {
    GOOD.replace("repeats = 2", "repeats = 3000")
}

/// What a run left on a disk that filled up: the journal is whole up to its end, the live table
/// has at least the trials that the journal has, but for the last.
fn is_readable(run_dir: &Path) -> usize {
    let events = read_journal(&run_dir.join("journal.jsonl"));
    crate::support::of_kind(&events, "trial_finished")
}

#[test]
fn a_disk_that_fills_up_ends_the_run_and_keeps_what_was_recorded() {
    let sandbox = Sandbox::new();
    let disk = sandbox.path().join("disk");
    if !mounted(&disk, "size=160k") {
        return;
    }
    sandbox.write("good.toml", endless());
    let run = sandbox.run(&["run", "good.toml", "--output", "disk", "--progress", "none"]);
    let run_dir = std::fs::read_dir(disk.join("good")).expect("it was made");
    let run_dir = run_dir.map(|entry| entry.expect("an entry").path()).find(|path| path.is_dir());
    let finished = is_readable(&run_dir.expect("a run directory"));
    unmount(&disk);
    assert!(finished > 10, "{finished} trials are still readable");
    run.expect_code(6).expect_stderr(&["No space left", "what was recorded"]);
}

#[test]
fn a_limit_on_the_size_of_files_ends_the_run_and_keeps_what_was_recorded() {
    let sandbox = Sandbox::new();
    sandbox.write("good.toml", endless());
    // The manifest alone needs several blocks of 512 bytes; the journal meets the limit.
    let runner = crate::support::RUNNER;
    let script = format!("trap '' XFSZ; ulimit -f 200; exec {runner} good.toml --progress none");
    let run = sandbox.shell(&script);
    let run_dir = sandbox.runs("good").pop().expect("a run");
    let finished = is_readable(&run_dir);
    assert!(finished > 10, "{finished} trials are still readable");
    let run = run.expect_code(6).expect_stderr(&["File too large", "what was recorded"]);
    assert!(run.stderr.contains("good"), "the place is named: {}", run.stderr);
    // The derived files are small or written anew: they hold what the journal has.
    let table = read_table(&run_dir.join("table.csv"));
    assert_eq!(table.len(), 1);
    assert!(table[0].integer("n_used") <= finished as u64);
}

#[test]
fn a_closed_standard_output_is_not_an_error() {
    let sandbox = Sandbox::new();
    sandbox.write("good.toml", GOOD.replace("repeats = 2", "repeats = 50000"));
    for verb in ["plan good.toml", "plan good.toml --format json", "list", "man", "--help"] {
        let runner = crate::support::RUNNER;
        let script = format!(
            "{{ {runner} {verb}; echo $? > code; }} 2> errors | head -c 1 > /dev/null; \
             cat errors >&2; exit $(cat code)"
        );
        let run = sandbox.shell(&script).expect_code(0);
        assert!(!run.stderr.contains("panic"), "{}", run.stderr);
    }
}

#[test]
fn a_run_whose_output_nobody_reads_is_carried_out_all_the_same() {
    let sandbox = Sandbox::new();
    sandbox.write("good.toml", GOOD);
    let runner = crate::support::RUNNER;
    let script = format!(
        "{{ sleep 0.1; {runner} good.toml; echo $? > code; }} 2>&1 | true; \
                          while ! test -s code; do sleep 0.01; done; exit $(cat code)"
    );
    sandbox.shell(&script).expect_code(0);
    assert_eq!(sandbox.trials("good").len(), 2);
}

#[test]
fn a_full_disk_under_standard_output_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.write("good.toml", GOOD);
    let run = ["run", "good.toml"];
    for verb in [&["plan", "good.toml"][..], &["list"], &["check", "good.toml"], &run] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
        let mut command = sandbox.command(verb);
        let child = command.stdout(full).stderr(Stdio::piped()).spawn().expect("it starts");
        let run = Run::of(&child.wait_with_output().expect("it ends"));
        let words = ["standard output", "No space left"];
        run.expect_code(6).expect_stderr(&words);
    }
}
