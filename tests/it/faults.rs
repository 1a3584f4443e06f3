//! Commands that misbehave: every fault is a row with its reason, and the rest runs.

use std::collections::BTreeSet;

use crate::support::{Row, Sandbox};

/// An experiment with one command, one trial a cell.
fn command(command: &str, rest: &str) -> String {
    format!(
        "seed = 1\n[workloads.odd]\ncommand = {command}\n{rest}\n\
         [protocol]\nrepeats = 1\nwarmup = 0\n"
    )
}

/// A script for `/bin/sh`; braces are doubled for the placeholders.
fn script(script: &str, rest: &str) -> String {
    command(&format!("['/bin/sh', '-c', '''{script}''']"), rest)
}

/// Runs one trial and gives its row.
fn only_row(sandbox: &Sandbox, text: &str, code: i32) -> Row {
    sandbox.experiment("odd", text).expect_code(code);
    let mut trials = sandbox.trials("odd");
    assert_eq!(trials.len(), 1, "one attempt is one row");
    trials.remove(0)
}

#[track_caller]
fn check(row: &Row, status: &str, note: &str) {
    assert_eq!(row.get("status"), status, "{}", row.get("note"));
    assert!(row.get("note").contains(note), "`{note}` is missing in `{}`", row.get("note"));
    assert_eq!(row.get("used"), if status == "ok" { "true" } else { "false" });
}

#[test]
fn an_exit_code_and_the_last_words_are_in_the_row_and_the_output_is_kept() {
    let sandbox = Sandbox::new();
    let row = only_row(&sandbox, &script("echo out; echo why >&2; exit 3", ""), 3);
    check(&row, "failed", "exit code 3: why");
    assert_eq!(row.get("exit_code"), "3");
    let output = sandbox.latest("odd").join("output");
    assert_eq!(std::fs::read(output.join("t000001.1.out")).expect("kept"), b"out\n");
    assert_eq!(std::fs::read(output.join("t000001.1.err")).expect("kept"), b"why\n");
}

#[test]
fn a_death_by_signal_is_named() {
    let sandbox = Sandbox::new();
    let row = only_row(&sandbox, &script("kill -SEGV $$", ""), 3);
    check(&row, "failed", "SIGSEGV");
    assert_eq!(row.get("signal"), "SIGSEGV");
    assert_eq!(row.get("exit_code"), "");
}

#[test]
fn a_command_that_ignores_term_is_killed_when_its_time_is_up() {
    let sandbox = Sandbox::new();
    let text = script("trap \"\" TERM; while :; do sleep 0.05; done", "timeout = '300ms'");
    sandbox.experiment("odd", &text).expect_code(3);
    let row = sandbox.trials("odd").remove(0);
    assert_eq!(row.get("status"), "timeout");
    assert!(row.get("note").contains("killed"), "{}", row.get("note"));
    assert!(row.integer("time_ns") >= 300_000_000, "a censored time is at least the limit");
    assert_eq!(row.get("used"), "true", "a timeout is a censored value and counts");
    assert_eq!(row.integer("timeout_ns"), 300_000_000);
}

#[test]
fn a_command_that_leaves_a_daemon_behind_has_failed_and_the_daemon_is_gone() {
    let sandbox = Sandbox::new();
    let row = only_row(&sandbox, &script("setsid sleep 86411.25 >/dev/null 2>&1 &", ""), 3);
    check(&row, "failed", "left a process behind");
    assert_eq!(crate::support::processes_with("86411.25"), Vec::<i32>::new());
}

#[test]
fn a_flood_of_output_neither_stops_nor_fills_the_runner() {
    let sandbox = Sandbox::new();
    let text = script(
        "echo answer: 1; head -c 50000000 /dev/zero | tr \"\\0\" x; echo; echo answer: 2",
        "result = { stdout_regex = 'answer: (\\d)' }",
    );
    let row = only_row(&sandbox, &text, 0);
    check(&row, "ok", "");
    assert_eq!(row.get("answer"), "2", "the last match counts");
    assert_eq!(row.get("output_digest"), "", "there is no digest of what was not kept");
}

#[test]
fn a_hundred_megabytes_on_each_stream_at_once_are_kept_at_both_ends_and_counted() {
    let sandbox = Sandbox::new();
    let flood = "head -c 100000000 /dev/zero | tr \"\\0\" \"\\377\"";
    let text = script(
        &format!(
            "(printf first; {flood}; printf last) & \
             (printf first; {flood}; printf last) >&2 & wait; exit 3"
        ),
        "",
    );
    let row = only_row(&sandbox, &text, 3);
    check(&row, "failed", "exit code 3");
    let total = 100_000_000 + "first".len() + "last".len();
    let mark = format!("\n[{} bytes left out]\n", total - (2 << 20));
    for end in ["out", "err"] {
        let kept = sandbox.latest("odd").join(format!("output/t000001.1.{end}"));
        let kept = std::fs::read(kept).expect("kept");
        assert_eq!(kept.len(), (2 << 20) + mark.len());
        assert!(kept.starts_with(b"first\xff") && kept.ends_with(b"\xfflast"));
        assert_eq!(&kept[1 << 20..][..mark.len()], mark.as_bytes());
    }
}

#[test]
fn a_command_that_closes_its_output_early_is_waited_for() {
    let sandbox = Sandbox::new();
    let row = only_row(&sandbox, &script("exec >&- 2>&-; sleep 0.2; exit 5", ""), 3);
    check(&row, "failed", "exit code 5");
    assert!(row.integer("time_ns") >= 200_000_000, "a sleep is never shorter");
}

#[test]
fn a_grandchild_that_holds_the_pipe_does_not_hold_the_trial() {
    let sandbox = Sandbox::new();
    let text = script("echo kept; setsid sleep 86412.25 & exit 0", "timeout = '5m'");
    let row = only_row(&sandbox, &text, 3);
    check(&row, "failed", "left a process behind");
    let kept = sandbox.latest("odd").join("output/t000001.1.out");
    assert_eq!(std::fs::read(kept).expect("kept"), b"kept\n");
    assert_eq!(crate::support::processes_with("86412.25"), Vec::<i32>::new());
}

#[test]
fn output_that_is_not_utf8_is_read_and_kept_as_it_is() {
    let sandbox = Sandbox::new();
    let text = script(
        "printf \"\\377\\376 result: 7 \\200\\n\"; exit 4",
        "result = { stdout_regex = 'result: (\\d)' }",
    );
    let row = only_row(&sandbox, &text, 3);
    check(&row, "failed", "exit code 4");
    let kept = sandbox.latest("odd").join("output/t000001.1.out");
    assert_eq!(std::fs::read(kept).expect("kept"), b"\xff\xfe result: 7 \x80\n");
    let row = only_row(&sandbox, &text.replace("; exit 4", ""), 0);
    assert_eq!(row.get("answer"), "7");
}

#[test]
fn a_missing_program_is_a_row_and_the_rest_runs() {
    let sandbox = Sandbox::new();
    let text = "seed = 1\n[workloads.gone]\ncommand = ['no-such-program-86']\n\
                [workloads.here]\ncommand = ['/bin/true']\n\
                [protocol]\nrepeats = 2\nwarmup = 0\n";
    sandbox.experiment("odd", text).expect_code(3);
    let trials = sandbox.trials("odd");
    assert_eq!(trials.len(), 4);
    for row in &trials {
        match row.get("workload") {
            "gone" => check(row, "start_failed", "no-such-program-86"),
            _ => check(row, "ok", ""),
        }
    }
}

#[test]
fn a_missing_interpreter_is_told_from_a_missing_program() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    let path = sandbox.write("odd.sh", "#!/no/such/interpreter\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let row = only_row(&sandbox, &command("['./odd.sh']", ""), 3);
    check(&row, "start_failed", "interpreter");
}

#[test]
fn a_missing_directory_and_a_missing_input_file_are_named() {
    let sandbox = Sandbox::new();
    let row = only_row(&sandbox, &command("['/bin/true']", "cwd = 'no-such-folder'"), 3);
    check(&row, "start_failed", "no such file");
    assert!(row.get("note").contains("chdir"), "{}", row.get("note"));
    let row = only_row(&sandbox, &command("['/bin/true']", "stdin = 'no-such-input'"), 3);
    check(&row, "start_failed", "no such file");
}

#[test]
fn a_required_program_that_is_missing_fails_only_its_workload() {
    let sandbox = Sandbox::new();
    let row = only_row(&sandbox, &command("['/bin/true']", "requires = ['no-such-86']"), 3);
    check(&row, "start_failed", "no-such-86 is required");
}

#[test]
fn a_build_runs_once_for_each_distinct_vector_and_its_failure_is_in_the_rows() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "build.sh",
        "echo built $1 >> builds.log\nif [ $1 = 2 ]; then echo cannot compile >&2; exit 1; fi\n",
    );
    let text = "seed = 1\n[params]\nn = [1, 2]\n[workloads.made]\n\
                command = ['/bin/sh', '-c', 'echo {n} {k}']\nparams = { k = [5, 6] }\n\
                build = ['/bin/sh', 'build.sh', '{n}']\n\
                [protocol]\nrepeats = 2\nwarmup = 0\nretries = 3\n";
    sandbox.experiment("odd", text).expect_code(3);
    let log = std::fs::read_to_string(sandbox.path().join("builds.log")).expect("a log");
    assert_eq!(log, "built 1\nbuilt 2\n", "once for each distinct vector");
    let trials = sandbox.trials("odd");
    assert_eq!(trials.len(), 8, "a failed build is not retried");
    for row in &trials {
        match row.get("param_n") {
            "2" => check(row, "failed", "cannot compile"),
            _ => check(row, "ok", ""),
        }
    }
}

#[test]
fn answers_that_disagree_between_strategies_are_never_timed_as_a_success() {
    let sandbox = Sandbox::new();
    let text = "seed = 1\n[workloads.odd]\ncommand = ['/bin/echo', 'result: {mode}']\n\
                result = { stdout_regex = 'result: (\\S+)' }\n[strategies]\n\
                one = { kind = 'external', params = { mode = 'a' } }\n\
                two = { kind = 'external', params = { mode = 'b' } }\n\
                [protocol]\nrepeats = 2\nwarmup = 0\n[compare]\nbaseline = 'one'\n";
    let run = sandbox.experiment("odd", text).expect_code(3);
    let trials = sandbox.trials("odd");
    assert_eq!(trials.len(), 4);
    assert!(trials.iter().any(|row| row.get("status") == "invalid_output"));
    assert!(
        run.stdout.contains("disagree") || run.stdout.contains("invalid"),
        "the screen says so:\n{}",
        run.stdout
    );
    assert!(!run.stdout.contains("all answers agree"), "{}", run.stdout);
}

#[test]
fn an_unexpected_answer_is_invalid_output_with_both_answers() {
    let sandbox = Sandbox::new();
    let rest = "result = { stdout_regex = '\\d+' }\nexpect = '42'";
    let row = only_row(&sandbox, &command("['/bin/echo', '41']", rest), 3);
    check(&row, "invalid_output", "the answer is 41, expected was 42");
    assert_eq!(row.get("answer"), "41");
    assert_eq!(row.get("output_check"), "fail");
    let row = only_row(&sandbox, &command("['/bin/echo', '0042']", rest), 0);
    check(&row, "ok", "");
    assert_eq!(row.get("output_check"), "pass");
}

#[test]
fn output_without_an_answer_or_a_metric_says_what_was_looked_for() {
    let sandbox = Sandbox::new();
    let rest = "result = { stdout_regex = 'answer: (\\d+)' }\n\
                [[workloads.odd.metrics]]\nname = 'inner'\nunit = 's'\n\
                stdout_regex = 'took ([0-9.]+)'";
    let row = only_row(&sandbox, &command("['/bin/echo', 'took 0.5']", rest), 3);
    check(&row, "invalid_output", "answer: (");
    assert_eq!(row.integer("metric_inner_ns"), 500_000_000, "what is there is recorded");
    let row = only_row(&sandbox, &command("['/bin/echo', 'answer: 3']", rest), 0);
    check(&row, "ok", "inner");
    assert_eq!(row.get("metric_inner_ns"), "");
}

#[test]
fn a_retried_attempt_is_superseded_and_the_counts_are_those_of_trials() {
    let sandbox = Sandbox::new();
    let text = script(
        "test -e done-{trial_id} || {{ : > done-{trial_id}; exit 9; }}",
        "retries = 2\nrepeats = 3",
    );
    let run = sandbox.experiment("odd", &text).expect_code(0);
    assert!(run.stdout.contains("3 trials"), "{}", run.stdout);
    let trials = sandbox.trials("odd");
    assert_eq!(trials.len(), 6);
    for pair in trials.chunks(2) {
        let [first, second] = pair else { panic!("pairs") };
        assert_eq!(first.get("trial_id"), second.get("trial_id"));
        assert_eq!((first.get("attempt"), second.get("attempt")), ("1", "2"));
        assert_eq!((first.get("status"), first.get("used")), ("failed", "false"));
        assert_eq!(first.get("unused_reason"), "superseded");
        assert_eq!((second.get("status"), second.get("used")), ("ok", "true"));
    }
    let summary = sandbox.table("odd", "summary.csv");
    let wall = summary.iter().find(|row| row.get("metric") == "time_ns").expect("the primary time");
    assert_eq!(wall.integer("n_used"), 3);
}

#[test]
fn a_run_that_stops_on_the_first_failure_is_incomplete() {
    let sandbox = Sandbox::new();
    let text = "seed = 1\n[workloads.odd]\ncommand = ['/bin/sh', '-c', 'exit {code}']\n\
                params = { code = [0, 1, 2] }\n[protocol]\nrepeats = 3\nwarmup = 0\n\
                order = 'sequential'\non_failure = 'stop'\n";
    sandbox.experiment("odd", text).expect_code(5);
    let trials = sandbox.trials("odd");
    assert_eq!(trials.len(), 4, "three good ones, one failure, and nothing after it");
    assert_eq!(trials[3].get("status"), "failed");
}

#[test]
fn jobs_run_at_the_same_time_in_slots_of_their_own() {
    let sandbox = Sandbox::new();
    // Each trial waits for the two others of its block: it can only end when three run at once.
    let text = "seed = 1\n[workloads.odd]\n\
                command = ['/bin/sh', '-c', ': > b{repeat}-{k}; \
                while ! { test -e b{repeat}-1 && test -e b{repeat}-2 && test -e b{repeat}-3; }; \
                do sleep 0.01; done']\nparams = { k = [1, 2, 3] }\ntimeout = '60s'\n\
                [protocol]\nrepeats = 3\nwarmup = 0\njobs = 3\n"
        .replace("! {", "! {{")
        .replace("; };", "; }};");
    sandbox.experiment("odd", &text).expect_code(0);
    let trials = sandbox.trials("odd");
    assert_eq!(trials.len(), 9);
    assert!(trials.iter().all(|row| row.get("status") == "ok"));
}

#[test]
fn the_tasks_of_a_command_run_one_after_the_other_or_side_by_side() {
    let sandbox = Sandbox::new();
    let text = "seed = 1\n[workloads.odd]\ntasks = 4\nagree = false\n\
                command = ['/bin/sh', '-c', 'echo $PPID >> {strategy}; echo same']\n\
                result = { stdout_regex = 'same' }\n[strategies]\nalone = 'sequential'\n\
                together = { kind = 'processes', workers = [2, 3] }\n\
                [protocol]\nrepeats = 1\nwarmup = 0\n";
    sandbox.experiment("odd", text).expect_code(0);
    let parents = |file: &str| -> (usize, usize) {
        let text = std::fs::read_to_string(sandbox.path().join(file)).expect("a log");
        (text.lines().count(), text.lines().collect::<BTreeSet<_>>().len())
    };
    assert_eq!(parents("alone"), (4, 1), "four runs from one launcher");
    assert_eq!(parents("together"), (8, 3), "four runs each from two and three launchers");
    let rows = sandbox.trials("odd");
    assert!(rows.iter().all(|row| row.get("tasks") == "4" && row.get("answer") == "same"));
}

#[test]
fn a_task_that_fails_names_itself_and_tasks_that_disagree_are_invalid() {
    let sandbox = Sandbox::new();
    let text =
        script("n=$(cat c 2>/dev/null || echo 0); echo $((n+1)) > c; test $n != 1", "tasks = 3");
    let row = only_row(&sandbox, &text, 3);
    check(&row, "failed", "task 2 of 3");
    let text = script(
        "n=$(cat d 2>/dev/null || echo 0); echo $((n+1)) | tee d",
        "tasks = 2\nresult = { stdout_regex = '\\d+' }",
    );
    let row = only_row(&sandbox, &text, 3);
    check(&row, "invalid_output", "task");
}

#[test]
fn the_directory_of_a_trial_is_fresh_in_every_attempt() {
    let sandbox = Sandbox::new();
    // The first attempt at each trial fails and leaves a file; the second must not see it.
    let text = script(
        "test -z \"$(ls -A {trial_dir})\" || exit 9; : > {trial_dir}/used; \
         test -e again-{trial_id} || {{ : > again-{trial_id}; exit 1; }}",
        "repeats = 2\nretries = 1",
    );
    sandbox.experiment("odd", &text).expect_code(0);
    let trials = sandbox.trials("odd");
    let statuses: Vec<&str> = trials.iter().map(|row| row.get("status")).collect();
    assert_eq!(statuses, ["failed", "ok", "failed", "ok"]);
}

#[test]
fn cells_of_a_block_share_the_seed_and_the_padding_is_as_recorded() {
    let sandbox = Sandbox::new();
    let text = "seed = 99\n[workloads.odd]\nagree = 'block'\nparams = { k = [1, 2, 3] }\n\
                command = ['/bin/sh', '-c', 'echo seed: $RUNNER_SEED {seed}; echo pad: ${{#RUNNER_PAD}} {k}']\n\
                result = { stdout_regex = 'seed: (\\d+)' }\n\
                [[workloads.odd.metrics]]\nname = 'pad'\nunit = '1'\nstdout_regex = 'pad: (\\d+)'\n\
                [protocol]\nrepeats = 4\nwarmup = 0\n";
    sandbox.experiment("odd", text).expect_code(0);
    let trials = sandbox.trials("odd");
    assert_eq!(trials.len(), 12);
    let mut pads = BTreeSet::new();
    let mut seeds = BTreeSet::new();
    for row in &trials {
        assert_eq!(row.get("metric_pad"), row.get("env_pad_bytes"));
        pads.insert(row.get("env_pad_bytes"));
        let digits = row.get("answer").replace('_', "");
        let seed: u64 = digits.parse().expect("a number");
        assert_eq!(row.get("trial_seed"), format!("0x{seed:016x}"));
        seeds.insert((row.get("block").to_owned(), seed));
    }
    assert_eq!(seeds.len(), 4, "one seed a block: {seeds:?}");
    assert!(pads.len() > 1, "the padding differs: {pads:?}");
}

#[test]
fn a_clean_environment_has_path_what_is_kept_and_what_is_set() {
    let sandbox = Sandbox::new();
    let text = command(
        "['/usr/bin/env']",
        "environment = 'clean'\nkeep = ['KEPT']\nenv = { SET = '{k} {strategy}' }\nparams = { k = 7 }",
    );
    sandbox.write("odd.toml", text);
    let mut runner = sandbox.command(&["run", "odd.toml", "--keep-output", "--progress", "none"]);
    runner.env("KEPT", "yes").env("DROPPED", "no");
    let output = runner.output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let kept = sandbox.latest("odd").join("output/t000001.1.out");
    let printed = std::fs::read_to_string(kept).expect("kept");
    let names: BTreeSet<&str> = printed.lines().filter_map(|line| line.split('=').next()).collect();
    let wanted = ["KEPT", "PATH", "RUNNER_PAD", "RUNNER_SEED", "RUNNER_TRIAL_ID", "SET"];
    assert_eq!(names, BTreeSet::from(wanted));
    assert!(printed.contains("SET=7 sequential"), "{printed}");
}

#[test]
fn input_and_working_directory_are_relative_to_the_file() {
    let sandbox = Sandbox::new();
    sandbox.write("deep/input-3.txt", "from the file\n");
    sandbox.write("deep/here/mark", "");
    let text = script(
        "test -e mark && cat",
        "stdin = 'input-{n}.txt'\ncwd = 'here'\nparams = { n = 3 }\n\
         result = { stdout_regex = '.+' }",
    );
    sandbox.write("deep/odd.toml", text);
    sandbox.run(&["deep/odd.toml", "--progress", "none"]).expect_code(0);
    assert_eq!(sandbox.trials("odd")[0].get("answer"), "from the file");
}

#[test]
fn a_command_without_input_reads_an_end_of_file() {
    let sandbox = Sandbox::new();
    let row = only_row(&sandbox, &command("['/bin/cat']", "timeout = '60s'"), 0);
    check(&row, "ok", "");
}

#[test]
fn a_binary_that_is_replaced_during_a_run_changes_no_trial() {
    let sandbox = Sandbox::new();
    let copy = sandbox.path().join("runner-copy");
    std::fs::copy(crate::support::RUNNER, &copy).expect("a copy");
    // The command replaces the binary as soon as it first runs; kernels follow.
    sandbox.write(
        "replaced.toml",
        r#"
[params]
n = 1000
[workloads.replace]
command = "rm -f runner-copy; cp /bin/false runner-copy"
shell = true
[workloads.power-sum]
[protocol]
repeats = 6
"#,
    );
    let output = crate::support::command_of(&copy, &["replaced.toml", "--progress", "none"])
        .current_dir(sandbox.path())
        .output()
        .expect("the copy starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let trials = sandbox.table("replaced", "trials.csv");
    assert_eq!(trials.len(), 14);
    assert!(trials.iter().all(|row| row.get("status") == "ok"));
}
