use std::ffi::OsString;
use std::path::{Path, PathBuf};

use regex::Regex;

use super::fixture::{Fixture, command, exit, strategy, template, templates};
use super::*;
use crate::design::{
    Binding, CellIx, Combine, Environment, Expectation, Experiment, Extract, Factor, MetricSource,
    ParamName, Program, Scaling, StrategyKind, UserMetric, Value,
};
use crate::host::Programs;
use crate::measure::{Measured, Status};
use crate::process::{Ending, Exit};

fn prepared(fixture: &Fixture) -> Prepared {
    let trial = fixture.plan.trial(0);
    let prepared = prepare(&fixture.setting(), &trial, 1, &mut Programs::default());
    prepared.expect("can be started")
}

fn arguments(fixture: &Fixture) -> Vec<Vec<Vec<String>>> {
    argument_vectors(&fixture.setting(), &fixture.plan.trial(0)).expect("can be rendered")
}

fn variable(prepared: &Prepared, name: &str) -> Option<OsString> {
    let env = &prepared.lanes.0[0][0].env;
    env.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
}

fn measured(fixture: &Fixture, exits: Vec<Vec<Exit>>) -> Measured {
    measure(&fixture.setting(), &fixture.plan.trial(0), 1, &exits)
}

fn tasks(experiment: &mut Experiment, kind: StrategyKind, tasks: u32, workers: u32) {
    experiment.workloads[0].tasks = tasks;
    experiment.strategies = vec![strategy(kind, workers)];
}

fn result(experiment: &mut Experiment, pattern: &str) {
    command(experiment).result = Some(Extract::Regex(Regex::new(pattern).expect("valid")));
}

fn note(measured: &Measured) -> &str {
    measured.note.as_deref().unwrap_or_default()
}

#[test]
fn placeholders_name_parameters_and_the_trial() {
    let fixture = Fixture::new(|experiment| {
        let words =
            ["sh", "{n} {workload} {strategy} {workers} {tasks} {repeat} {trial_id}", "{seed}"];
        command(experiment).program = Program::Vector(templates(&words));
    });
    let argv = &arguments(&fixture)[0][0];
    assert_eq!(argv[1], "10 echo sequential 1 1 1 t000001");
    let seed = fixture.plan.workload_seed(&fixture.plan.trial(0), "echo");
    assert_eq!(argv[2], seed.to_string());
    let prepared = prepared(&fixture);
    assert_eq!(variable(&prepared, "RUNNER_SEED"), Some(seed.to_string().into()));
    assert_eq!(variable(&prepared, "RUNNER_TRIAL_ID"), Some("t000001".into()));
}

#[test]
fn the_program_is_absolute_and_its_name_stays_as_written() {
    let prepared = prepared(&Fixture::new(|_| {}));
    let command = &prepared.lanes.0[0][0];
    assert!(command.program.is_absolute());
    assert_eq!(command.argv[0], "sh");
    assert_eq!(command.cwd, Path::new("/experiments"));
    assert_eq!(command.stdin, None);
}

#[test]
fn paths_are_relative_to_the_file() {
    let fixture = Fixture::new(|experiment| {
        command(experiment).cwd = Some(template("work/{n}"));
        command(experiment).stdin = Some(template("input-{n}.txt"));
    });
    let prepared = prepared(&fixture);
    let command = &prepared.lanes.0[0][0];
    assert_eq!(command.cwd, Path::new("/experiments/work/10"));
    assert_eq!(command.stdin, Some(PathBuf::from("/experiments/input-10.txt")));
}

#[test]
fn a_file_in_the_working_directory_has_an_absolute_folder() {
    let fixture = Fixture::new(|experiment| experiment.base_dir = PathBuf::new());
    assert!(prepared(&fixture).lanes.0[0][0].cwd.is_absolute());
}

#[test]
fn a_shell_is_an_explicit_choice() {
    let fixture = Fixture::new(|experiment| {
        command(experiment).program = Program::Shell(template("echo {n} | cat"));
    });
    assert_eq!(arguments(&fixture), [[["/bin/sh", "-c", "echo 10 | cat"]]]);
}

#[test]
fn variables_of_the_strategy_win_over_those_of_the_workload_and_the_runner() {
    let fixture = Fixture::new(|experiment| {
        let env = [("LANG", "de"), ("SIZE", "{n}"), ("MODE", "w")];
        command(experiment).env = env.map(|(name, text)| (name.into(), template(text))).to_vec();
        experiment.strategies[0].env = vec![("MODE".into(), template("s"))];
    });
    let prepared = prepared(&fixture);
    assert_eq!(variable(&prepared, "HOME"), Some("/home/ada".into()));
    assert_eq!(variable(&prepared, "LANG"), Some("de".into()));
    assert_eq!(variable(&prepared, "SIZE"), Some("10".into()));
    assert_eq!(variable(&prepared, "MODE"), Some("s".into()));
    let langs = prepared.lanes.0[0][0].env.iter().filter(|(name, _)| name == "LANG");
    assert_eq!(langs.count(), 1);
}

#[test]
fn a_clean_environment_keeps_path_and_what_is_named() {
    let fixture = Fixture::new(|experiment| {
        let keep = vec!["LANG".to_owned()];
        experiment.workloads[0].protocol.environment = Environment::Clean { keep };
        experiment.workloads[0].protocol.env_pad = false;
    });
    let prepared = prepared(&fixture);
    let env = &prepared.lanes.0[0][0].env;
    let names: Vec<&str> = env.iter().filter_map(|(name, _)| name.to_str()).collect();
    assert_eq!(names, ["PATH", "LANG", "RUNNER_SEED", "RUNNER_TRIAL_ID"]);
    assert_eq!(prepared.env_pad_bytes, 0);
}

#[test]
fn the_padding_has_the_planned_length() {
    let fixture = Fixture::new(|_| {});
    let prepared = prepared(&fixture);
    let planned = fixture.plan.env_pad_bytes(&fixture.plan.trial(0));
    let pad = variable(&prepared, "RUNNER_PAD").expect("there");
    assert_eq!((prepared.env_pad_bytes, pad.len()), (planned, planned as usize));
}

#[test]
fn tasks_go_to_lanes_in_turn_under_processes() {
    let fixture = Fixture::new(|experiment| tasks(experiment, StrategyKind::Processes, 5, 2));
    let lanes: Vec<usize> = arguments(&fixture).iter().map(Vec::len).collect();
    assert_eq!(lanes, [3, 2]);
    assert_eq!(prepared(&fixture).lanes.0.len(), 2);
}

#[test]
fn tasks_follow_one_another_under_sequential_and_are_one_under_external() {
    let lanes = |kind| {
        let fixture = Fixture::new(|experiment| tasks(experiment, kind, 3, 1));
        arguments(&fixture).iter().map(Vec::len).collect::<Vec<_>>()
    };
    assert_eq!(lanes(StrategyKind::Sequential), [3]);
    assert_eq!(lanes(StrategyKind::External), [1]);
}

#[test]
fn more_workers_than_tasks_leave_no_empty_lane() {
    let fixture = Fixture::new(|experiment| tasks(experiment, StrategyKind::Processes, 2, 8));
    assert_eq!(prepared(&fixture).lanes.0.len(), 2);
}

#[test]
fn strong_scaling_splits_the_size_over_the_tasks() {
    let split = |kind| {
        let fixture = Fixture::new(|experiment| {
            tasks(experiment, kind, 1, 3);
            experiment.workloads[0].scaling = Scaling::Strong;
            command(experiment).divide = Some(ParamName::new("n").expect("a name"));
        });
        let lanes = arguments(&fixture);
        lanes.into_iter().flatten().map(|mut argv| argv.remove(2)).collect::<Vec<_>>()
    };
    assert_eq!(split(StrategyKind::Processes), ["echo 3", "echo 3", "echo 4"]);
    assert_eq!(split(StrategyKind::External), ["echo 10"]);
}

#[test]
fn a_size_that_cannot_be_split_is_said() {
    let fixture = Fixture::new(|experiment| {
        tasks(experiment, StrategyKind::Processes, 1, 3);
        experiment.workloads[0].scaling = Scaling::Strong;
        command(experiment).divide = Some(ParamName::new("n").expect("a name"));
        let name = ParamName::new("n").expect("a name");
        let levels = vec![Value::Integer((-5).into())];
        experiment.params = vec![Factor::new(name, levels).expect("levels")];
    });
    let error = argument_vectors(&fixture.setting(), &fixture.plan.trial(0));
    let error = error.expect_err("negative");
    assert_eq!(error.note, "n = -5 cannot be split over 3 tasks");
}

#[test]
fn a_trial_directory_is_fresh_for_each_attempt_and_only_named_when_used() {
    let fixture = Fixture::new(|_| {});
    assert_eq!(prepared(&fixture).needs_dir, None);
    let fixture = Fixture::new(|experiment| {
        command(experiment).cwd = Some(template("{trial_dir}"));
    });
    let trial = fixture.plan.trial(1);
    let prepared = prepare(&fixture.setting(), &trial, 2, &mut Programs::default());
    let prepared = prepared.expect("can be started");
    let dir = PathBuf::from("/results/basic/r1/scratch/t000002.2");
    assert_eq!(prepared.needs_dir, Some(dir.clone()));
    assert_eq!(prepared.lanes.0[0][0].cwd, dir);
}

#[test]
fn a_program_that_is_not_there_is_a_row_that_says_so() {
    let fixture = Fixture::new(|experiment| {
        command(experiment).program = Program::Vector(templates(&["no-such-program-7"]));
    });
    let trial = fixture.plan.trial(0);
    let error = prepare(&fixture.setting(), &trial, 1, &mut Programs::default());
    let row = error.expect_err("not there").measured();
    assert_eq!(row.status, Status::StartFailed);
    assert_eq!(note(&row), "cannot start no-such-program-7: not found in PATH");
}

#[test]
fn a_required_program_that_is_missing_stops_the_trial() {
    let fixture = Fixture::new(|experiment| {
        command(experiment).requires = vec!["no-such-program-7".to_owned()];
    });
    let trial = fixture.plan.trial(0);
    let error = prepare(&fixture.setting(), &trial, 1, &mut Programs::default());
    let note = error.expect_err("not there").note;
    assert_eq!(note, "cannot start, no-such-program-7 is required: not found in PATH");
}

#[test]
fn a_placeholder_without_a_value_under_this_strategy_is_said() {
    let fixture = Fixture::new(|experiment| {
        command(experiment).program = Program::Vector(templates(&["sh", "{mode}"]));
    });
    let error = argument_vectors(&fixture.setting(), &fixture.plan.trial(0));
    assert_eq!(error.expect_err("no value").note, "nothing gives {mode} a value here");
}

#[test]
fn a_build_is_run_once_for_each_distinct_vector() {
    let fixture = Fixture::new(|experiment| {
        let name = ParamName::new("opt").expect("a name");
        let levels = ["-O0", "-O2"].map(|text| Value::Text(text.into())).to_vec();
        experiment.params.push(Factor::new(name, levels).expect("levels"));
        experiment.strategies =
            vec![strategy(StrategyKind::Sequential, 1), strategy(StrategyKind::External, 1)];
        command(experiment).build = Some(templates(&["sh", "-c", "true {opt}"]));
    });
    let steps = build_vectors(&fixture.setting()).expect("can be rendered");
    let vectors: Vec<&str> = steps.iter().map(|step| step.argv[2].as_str()).collect();
    assert_eq!(vectors, ["true -O0", "true -O2"]);
    assert_eq!(steps[0].cells, [CellIx(0), CellIx(1)]);
    assert_eq!(steps[1].cells, [CellIx(2), CellIx(3)]);
    let command = build_command(&fixture.setting(), &steps[0], &mut Programs::default());
    let command = command.expect("can be started");
    assert_eq!(command.cwd, Path::new("/experiments"));
    assert!(command.env.iter().all(|(name, _)| name != "RUNNER_SEED"));
}

#[test]
fn programs_are_listed_once_and_only_required_ones_are_asked_for_their_version() {
    let fixture = Fixture::new(|experiment| {
        experiment.strategies.push(strategy(StrategyKind::External, 1));
        command(experiment).build = Some(templates(&["sh", "-c", "true"]));
        command(experiment).requires = vec!["env".into(), "no-such-program-7".into()];
    });
    let mut asked = Vec::new();
    let mut probe = |path: &Path| {
        asked.push(path.to_path_buf());
        Err("it does not say".to_owned())
    };
    let list = program_list(&fixture.setting(), &mut Programs::default(), &mut probe);
    let names: Vec<&str> = list.iter().map(|facts| facts.name.as_str()).collect();
    assert_eq!(names, ["env", "no-such-program-7", "sh"]);
    assert_eq!((asked.len(), list[0].version.reason()), (1, Some("it does not say")));
    assert_eq!(list[1].path.reason(), Some("not found in PATH"));
    assert!(list[2].sha256.known().is_some());
}

#[test]
fn a_successful_trial_has_its_time_its_usage_and_its_digest() {
    let fixture = Fixture::new(|_| {});
    let row = measured(&fixture, vec![vec![exit("abc")]]);
    assert_eq!((row.status, row.time_ns), (Status::Ok, Some(2_000)));
    assert_eq!((row.user_ns, row.sys_ns), (Some(500), Some(50)));
    assert_eq!((row.max_rss_bytes, row.memory_floor), (Some(4_096), false));
    assert_eq!((row.exit_code, row.signal), (Some(0), None));
    let sha256_of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(row.output_digest.as_deref(), Some(sha256_of_abc));
    assert_eq!((row.note, row.answer), (None, None));
}

#[test]
fn several_tasks_are_one_span_and_sums() {
    let fixture = Fixture::new(|experiment| tasks(experiment, StrategyKind::Processes, 2, 2));
    let mut late = exit("");
    late.spawned_ns = 1_500;
    late.ended_ns = 9_000;
    late.usage.max_rss_bytes = 1_024;
    let row = measured(&fixture, vec![vec![exit("")], vec![late]]);
    assert_eq!((row.status, row.time_ns), (Status::Ok, Some(8_000)));
    assert_eq!((row.user_ns, row.resources.major_faults), (Some(1_000), Some(2)));
    assert_eq!(row.max_rss_bytes, Some(4_096));
}

#[test]
fn a_peak_that_is_not_above_the_launchers_says_nothing() {
    let mut small = exit("");
    small.rss_floor_bytes = small.usage.max_rss_bytes;
    let row = measured(&Fixture::new(|_| {}), vec![vec![small]]);
    assert_eq!((row.max_rss_bytes, row.memory_floor), (None, true));
}

#[test]
fn an_exit_code_comes_with_the_last_words() {
    let mut failed = exit("");
    failed.ending = Ending::Exited(3);
    failed.stderr.head = b"Traceback\nValueError: \xff no\r\n\n".to_vec();
    let row = measured(&Fixture::new(|_| {}), vec![vec![failed]]);
    assert_eq!((row.status, row.exit_code), (Status::Failed, Some(3)));
    assert_eq!(note(&row), "exit code 3: ValueError: \u{fffd} no");
}

#[test]
fn what_the_runner_did_comes_before_what_the_command_did() {
    let fixture = Fixture::new(|experiment| tasks(experiment, StrategyKind::Processes, 2, 2));
    let mut failed = exit("");
    failed.ending = Ending::Signalled(libc::SIGSEGV);
    let row = measured(&fixture, vec![vec![exit("")], vec![failed.clone()]]);
    assert_eq!((row.status, row.signal), (Status::Failed, Some(libc::SIGSEGV)));
    assert_eq!(note(&row), "task 2 of 2: killed by SIGSEGV");
    let mut late = exit("");
    late.ending = Ending::Signalled(libc::SIGKILL);
    (late.timed_out, late.killed) = (true, true);
    let row = measured(&fixture, vec![vec![failed.clone()], vec![late]]);
    assert_eq!(row.status, Status::Timeout);
    assert_eq!(note(&row), "task 2 of 2: not done after 600s: killed");
    let mut ended = exit("");
    ended.terminated = true;
    let row = measured(&fixture, vec![vec![failed], vec![ended]]);
    assert_eq!(row.status, Status::Interrupted);
}

#[test]
fn a_program_that_could_not_be_started_has_no_time() {
    let mut never = exit("");
    never.ending = Ending::NotStarted { errno: libc::ENOENT, call: "execve".into() };
    let row = measured(&Fixture::new(|_| {}), vec![vec![never.clone()]]);
    assert_eq!((row.status, row.time_ns, row.user_ns), (Status::StartFailed, None, None));
    assert!(note(&row).starts_with("cannot start sh: the interpreter"), "{}", note(&row));
    never.ending = Ending::NotStarted { errno: libc::ENOENT, call: "chdir".into() };
    let row = measured(&Fixture::new(|_| {}), vec![vec![never]]);
    assert_eq!(note(&row), "cannot start sh: chdir: no such file or directory");
}

#[test]
fn processes_left_behind_are_a_failure() {
    let mut leaky = exit("");
    leaky.leaked = 2;
    let row = measured(&Fixture::new(|_| {}), vec![vec![leaky]]);
    assert_eq!(row.status, Status::Failed);
    assert_eq!(note(&row), "left 2 processes behind, which were killed");
}

#[test]
fn tasks_that_never_ran_interrupt_the_trial() {
    let fixture = Fixture::new(|experiment| tasks(experiment, StrategyKind::Sequential, 3, 1));
    let row = measured(&fixture, vec![vec![exit("")]]);
    assert_eq!(row.status, Status::Interrupted);
    assert_eq!(note(&row), "only 1 of 3 tasks were started");
    assert_eq!(measured(&fixture, vec![Vec::new()]).time_ns, None);
}

#[test]
fn the_answer_is_the_last_match_and_must_be_there() {
    let fixture = Fixture::new(|experiment| result(experiment, r"(?m)^result: (.+)$"));
    let row = measured(&fixture, vec![vec![exit("result: 1\r\nresult: 42 \r\n\u{7}")]]);
    assert_eq!((row.status, row.answer.as_deref()), (Status::Ok, Some("42")));
    let row = measured(&fixture, vec![vec![exit("done")]]);
    assert_eq!((row.status, row.time_ns), (Status::InvalidOutput, Some(2_000)));
    assert_eq!(note(&row), "no answer: standard output does not match `(?m)^result: (.+)$`");
    let row = measured(&fixture, vec![vec![exit("")]]);
    assert_eq!(note(&row), "no answer: nothing was written to standard output");
}

#[test]
fn an_answer_at_the_end_of_a_long_output_is_found() {
    let fixture = Fixture::new(|experiment| result(experiment, r"result: (\d+)"));
    let mut long = exit("start");
    long.stdout.omitted = 10;
    long.stdout.tail = b"result: 42".to_vec();
    let row = measured(&fixture, vec![vec![long.clone()]]);
    assert_eq!((row.answer.as_deref(), row.output_digest), (Some("42"), None));
    long.stdout.tail = b"\xff\xfe".to_vec();
    let row = measured(&fixture, vec![vec![long]]);
    assert!(note(&row).ends_with("(10 bytes were left out)"), "{}", note(&row));
}

#[test]
fn all_tasks_must_give_the_same_answer() {
    let fixture = Fixture::new(|experiment| {
        tasks(experiment, StrategyKind::Processes, 2, 2);
        result(experiment, r"\d+");
    });
    let row = measured(&fixture, vec![vec![exit("7")], vec![exit("007")]]);
    assert_eq!((row.status, row.answer.as_deref()), (Status::Ok, Some("7")));
    let row = measured(&fixture, vec![vec![exit("7")], vec![exit("8")]]);
    assert_eq!((row.status, row.answer.as_deref()), (Status::InvalidOutput, None));
    assert_eq!(note(&row), "task 2 answered 8, task 1 answered 7");
}

#[test]
fn the_first_expectation_that_holds_is_the_known_answer() {
    let n = |value: i64| Binding {
        name: ParamName::new("n").expect("a name"),
        value: Value::Integer(value.into()),
    };
    let fixture = Fixture::new(|experiment| {
        result(experiment, r"\S+");
        let known = |bindings, answer: &str| Expectation { bindings, answer: answer.into() };
        experiment.workloads[0].expect =
            vec![known(vec![n(11)], "5"), known(vec![n(10)], "1_000"), known(vec![], "0")];
    });
    let row = measured(&fixture, vec![vec![exit("1000")]]);
    assert_eq!((row.status, row.expected), (Status::Ok, Some(true)));
    let row = measured(&fixture, vec![vec![exit("999")]]);
    assert_eq!((row.status, row.expected), (Status::InvalidOutput, Some(false)));
    assert_eq!(note(&row), "the answer is 999, expected was 1_000");
    let workload = &fixture.experiment.workloads[0];
    assert_eq!(expectation(workload, &[n(12)], "0"), Some(true));
    assert_eq!(expectation(workload, &[n(11)], "0"), Some(false));
}

#[test]
fn metrics_are_stored_in_base_units_and_missing_ones_are_empty() {
    let fixture = Fixture::new(|experiment| {
        tasks(experiment, StrategyKind::Processes, 2, 2);
        let metric = |name: &str, unit: &str, pattern: &str| UserMetric {
            name: ParamName::new(name).expect("a name"),
            unit: unit.to_owned(),
            better: None,
            source: MetricSource::Stdout,
            extract: Extract::Regex(Regex::new(pattern).expect("valid")),
            required: false,
            combine: Some(Combine::Mean),
            deterministic: false,
        };
        experiment.workloads[0].metrics = vec![
            metric("inner", "ms", r"took (\S+)"),
            metric("rate", "1/s", r"rate (\S+)"),
            metric("none", "s", r"none (\S+)"),
        ];
    });
    let exits = vec![vec![exit("took 1.5 rate 3")], vec![exit("took 2.5 rate fast")]];
    let row = measured(&fixture, exits);
    assert_eq!(row.metrics, [Some(2_000_000.0), None, None]);
    let why = r"metric rate: `fast` is not a number; metric none: standard output does not match `none (\S+)`";
    assert_eq!((row.status, note(&row)), (Status::Ok, why));
}
