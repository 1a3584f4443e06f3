//! Repeats that are chosen as the run goes: where families stop, and that a record says so.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use runner::analysis::{FamilyStop, StopCause, Watch};
use runner::event::{Event, EventKind};
use runner::exec::Past;
use runner::exec::dispatcher::{Agenda, Dispatcher, Effect, Hopeless, Input, Need};
use runner::exec::past::History;
use runner::measure::{Measured, Observation, Status};
use runner::plan::Trial;
use runner::session::{self, Loaded, Planned, Request};
use rustix::process::Signal;

use crate::support::{Run, Sandbox, wait_until};

const SMALL: &str = "seed = 5\n[params]\nn = [1, 2]\n[workloads.power-sum]\n\
    [strategies]\na = 'sequential'\nb = { kind = 'threads', workers = 2 }\n\
    [protocol]\nwarmup = 1\n[protocol.adaptive]\ntarget = 0.1\nmin = 6\nmax = 9\n\
    [compare]\nbaseline = 'a'\n";

struct Planned4(Planned);

impl Agenda for Planned4 {
    fn trials(&self) -> usize {
        self.0.plan.len()
    }

    fn trial(&self, order: usize) -> Trial {
        self.0.plan.trial(order)
    }

    fn retries(&self, _trial: &Trial) -> u32 {
        0
    }

    fn need(&self, _trial: &Trial) -> Need {
        Need::default()
    }

    fn budget(&self) -> Need {
        Need::default()
    }

    fn after_timeout(&self, _trial: &Trial) -> Option<Hopeless> {
        None
    }
}

fn small() -> (Loaded, Planned) {
    let request = Request::default();
    let loaded = session::load_bytes(Path::new("small.toml"), SMALL.into(), &request);
    let loaded = loaded.expect("an experiment");
    let planned = loaded.plan(None, 1_000).expect("a plan");
    (loaded, planned)
}

/// Whether each trial of a plan fails, and how long it takes.
type Fate = Vec<(bool, u64)>;

fn ended((trial, attempt, slot): (Trial, u32, u32), fate: &Fate) -> Observation {
    let (fails, time) = fate[trial.order as usize % fate.len()];
    let status = if fails { Status::Failed } else { Status::Ok };
    let measured = Measured { time_ns: Some(1_000 + time), ..Measured::empty(status) };
    Observation { trial, attempt, slot, session: 1, started_at_ms: 0, start_offset_ns: 0, measured }
}

/// One session: at most so many endings, each that of the running trial with this index (modulo).
fn session(
    record: &mut Vec<Event>,
    (loaded, planned): &(Loaded, Planned),
    fate: &Fate,
    (slots, picks): (u32, &[usize]),
) -> bool {
    let trial = |order: usize| (order < planned.plan.len()).then(|| planned.plan.trial(order));
    let mut history = History::of(record, &[&trial]).expect("it can have happened");
    history.spare(planned.plan.trials());
    let rows: Vec<Observation> = record.iter().filter_map(row).cloned().collect();
    let mut watch = Watch::of(&loaded.experiment, &loaded.matrix).expect("adaptive");
    history.recall(&mut watch);
    rows.iter().for_each(|row| history.show(row, &mut watch));
    let agenda = Planned4(planned.clone());
    let past: Arc<Past> = Arc::new(history.past.clone());
    let mut dispatcher = Dispatcher::new(agenda, slots, false, &past).watching(Some(watch));
    let lost = history.lost.into_iter().map(|row| EventKind::TrialFinished(Box::new(row)));
    let mut push = |kind: EventKind| {
        let seq = record.len() as u64;
        record.push(Event { seq, at_ms: 0, elapsed_ns: 0, kind });
    };
    lost.for_each(&mut push);
    let mut running: Vec<(Trial, u32, u32)> = Vec::new();
    let mut inputs = vec![Input::Begin, Input::Opened];
    inputs.reverse();
    let mut picks = picks.iter();
    loop {
        let input = match inputs.pop() {
            Some(input) => input,
            None if running.is_empty() => Input::Closed,
            None => {
                let Some(pick) = picks.next() else { return false };
                let place = running.remove(pick % running.len());
                Input::Ended(Box::new(ended(place, fate)))
            }
        };
        let mut effects = Vec::new();
        dispatcher.step(input, &mut effects);
        for effect in effects {
            match effect {
                Effect::Emit(kind) => push(kind),
                Effect::Start { trial, attempt, slot } => running.push((trial, attempt, slot)),
                Effect::Exit => {
                    let counts = dispatcher.counts();
                    assert_eq!(counts.missing() + counts.interrupted, 0, "nothing is left");
                    return true;
                }
                _ => {}
            }
        }
    }
}

fn row(event: &Event) -> Option<&Observation> {
    match &event.kind {
        EventKind::TrialFinished(observation) => Some(observation),
        _ => None,
    }
}

fn stops(record: &[Event]) -> BTreeMap<u32, (u32, &'static str)> {
    let mut all = BTreeMap::new();
    for event in record {
        if let EventKind::FamilyStopped(FamilyStop { cells, after_block, cause }) = &event.kind {
            for cell in cells {
                let known = all.insert(cell.0, (*after_block, cause.as_str()));
                assert_eq!(known, None, "decided once");
            }
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_run_that_dies_anywhere_stops_where_one_that_lives_does(
        fate in proptest::collection::vec((proptest::bool::weighted(0.05), 0_u64..400), 40),
        slots in 1_u32..4,
        deaths in proptest::collection::vec(
            (proptest::collection::vec(any::<usize>(), 0..20), any::<prop::sample::Index>()), 0..4),
    ) {
        let small = small();
        let to_the_end = vec![0_usize; 200];
        let mut whole = Vec::new();
        prop_assert!(session(&mut whole, &small, &fate, (1, &to_the_end)));
        let mut record: Vec<Event> = Vec::new();
        for (picks, death) in &deaths {
            let before = record.len();
            session(&mut record, &small, &fate, (slots, picks));
            record.truncate(before + death.index(record.len() - before + 1));
        }
        prop_assert!(session(&mut record, &small, &fate, (slots, &to_the_end)));
        prop_assert_eq!(stops(&record), stops(&whole));
        let last = |cell: u32| stops(&whole)[&cell].0;
        let mut done: BTreeMap<u32, u32> = BTreeMap::new();
        for row in record.iter().filter_map(row) {
            let trial = row.trial;
            prop_assert!(trial.block().is_none_or(|block| block <= last(trial.cell.0)));
            let is_done = row.measured.status != Status::Interrupted;
            *done.entry(trial.order).or_default() += u32::from(is_done);
        }
        prop_assert!(done.values().all(|&count| count == 1), "each trial once");
        let blocks: u32 = (0..4).map(last).sum();
        prop_assert_eq!(u32::try_from(done.len()).expect("few"), 4 + blocks, "and none is left out");
    }
}

#[test]
fn both_ends_occur() {
    let small = small();
    let mut causes = Vec::new();
    for spread in [1, 400] {
        let fate = (0..40).map(|at| (false, at * 37 % spread)).collect();
        let mut record = Vec::new();
        session(&mut record, &small, &fate, (1, &[0; 200]));
        causes.extend(stops(&record).into_values());
    }
    let target = (7, StopCause::TargetMet.as_str());
    let most = (9, StopCause::MaxTrials.as_str());
    assert_eq!(causes, [[target; 4], [most; 4]].concat());
}

/// Cells of n = 2 scatter by half, all others repeat themselves. Block 13 of n = 2 says that it
/// is there and waits for the file `go`.
const TOOL: &str = r#"
seed = 11
[params]
n = [1, 2]
[workloads.tool]
command = ["/bin/sh", "-c", '''case {n}-{repeat} in 2-13) : > ready; while ! test -e go; do sleep 0.01; done;; esac
echo score $((1000 + {repeat} + ({n} == 2) * ({repeat} % 2) * 500))''']
[[workloads.tool.metrics]]
name = "score"
unit = "1"
stdout_regex = 'score (\d+)'
better = "lower"
[strategies]
one = { kind = "external", params = { mode = "one" } }
two = { kind = "external", params = { mode = "two" } }
[compare]
baseline = "one"
metric = "score"
[protocol]
warmup = 0
[protocol.adaptive]
max = 16
"#;

fn stop_points(sandbox: &Sandbox) -> Vec<[String; 5]> {
    let rows = sandbox.table("tool", "summary.csv");
    let rows = rows.iter().filter(|row| row.get("metric") == "metric_score");
    let columns = ["param_n", "strategy", "n_scheduled", "n_used", "stop_reason"];
    rows.map(|row| columns.map(|column| row.get(column).to_owned())).collect()
}

fn undisturbed() -> (Sandbox, Run) {
    let sandbox = Sandbox::new();
    sandbox.write("go", "");
    let run = sandbox.experiment("tool", TOOL).expect_code(0);
    (sandbox, run)
}

#[test]
fn families_stop_together_and_all_files_say_where() {
    let (sandbox, run) = undisturbed();
    let want = [
        ["1", "one", "11", "11", "target_met"],
        ["1", "two", "11", "11", "target_met"],
        ["2", "one", "16", "16", "max_trials"],
        ["2", "two", "16", "16", "max_trials"],
    ];
    assert_eq!(stop_points(&sandbox), want);
    for text in
        ["54 trials", "10 not needed", "n = 2, one: reached ±", "target 2.5", "after 16 repeats"]
    {
        assert!(run.stdout.contains(text), "`{text}` is missing in\n{}", run.stdout);
    }
    assert!(!run.stdout.contains("go on"), "{}", run.stdout);
    let manifest = std::fs::read_to_string(sandbox.latest("tool").join("manifest.json"));
    let manifest: serde_json::Value =
        serde_json::from_str(&manifest.expect("a manifest")).expect("JSON");
    assert_eq!(manifest["counts"]["value"]["spared"], 10);
    assert_eq!(manifest["counts"]["value"]["missing"], 0);
    assert_eq!(manifest["protocols"][0]["adaptive"]["max"], 16);
    let left = sandbox.run(&["resume", "--progress", "none"]).expect_code(4);
    assert!(left.stderr.contains("come to its end"), "{}", left.stderr);
    let run = sandbox.latest("tool");
    let again = sandbox.run(&["resume", run.to_str().expect("UTF-8"), "--progress", "none"]);
    let again = again.expect_code(0);
    assert!(!again.stderr.contains("are left"), "{}", again.stderr);
    assert_eq!(stop_points(&sandbox), want);
}

#[test]
fn a_killed_run_that_is_resumed_stops_at_the_same_points() {
    let sandbox = Sandbox::new();
    let live = sandbox.start("tool", TOOL);
    let ready = sandbox.path().join("ready");
    wait_until(|| ready.exists().then_some(())).expect("a trial of block 13");
    live.signal(Signal::KILL);
    live.end();
    sandbox.write("go", "");
    sandbox.run(&["resume", "--progress", "none"]).expect_code(0);
    assert_eq!(stop_points(&sandbox), stop_points(&undisturbed().0));
    let used = sandbox.trials("tool");
    let used = used.iter().filter(|row| row.get("used") == "true");
    assert_eq!(used.count(), 54);
}

#[test]
fn a_budget_ends_between_blocks_and_progress_tells_the_precision() {
    let sandbox = Sandbox::new();
    let text = "[workloads.sleep]\nparams = { time = '20ms' }\n[protocol.adaptive]\nmin = 40\nmax = 90\ntarget = 0.000_1\nbudget = '1s'\n";
    sandbox.write("sleepy.toml", text);
    let run = sandbox.run(&["run", "sleepy.toml", "--progress", "json"]).expect_code(0);
    let rows = sandbox.table("sleepy", "summary.csv");
    let time = rows.iter().find(|row| row.get("metric") == "time_ns").expect("a row");
    assert_eq!(time.get("stop_reason"), "time_budget");
    let used: u32 = time.get("n_used").parse().expect("a number");
    assert!((1..90).contains(&used) && time.get("n_scheduled") == used.to_string(), "{used}");
    assert!(run.stdout.contains("(budget spent)"), "{}", run.stdout);
    assert!(run.stderr.contains("\"target\":0.0001"), "{}", run.stderr);
}

/// The finished run of `TOOL` in a sandbox, extended with this file.
fn extended(sandbox: &Sandbox, text: &str) -> Run {
    sandbox.write("tool.toml", text);
    let run_dir = sandbox.runs("tool").swap_remove(0);
    let run_dir = run_dir.to_str().expect("UTF-8");
    let run = sandbox.run(&["run", "--extend", run_dir, "tool.toml", "--progress", "none"]);
    // How many of them the rule needs is not known yet.
    assert!(
        run.stderr.contains("at most ") && run.stderr.contains("trials are added"),
        "{}",
        run.stderr
    );
    run
}

/// Level, repeat and session of every measured trial, in the order of the table.
fn measured(sandbox: &Sandbox) -> Vec<[String; 4]> {
    let columns = ["param_n", "strategy", "repeat", "session"];
    let rows = sandbox.trials("tool");
    let rows = rows.iter().filter(|row| row.get("phase") == "measure");
    rows.map(|row| columns.map(|column| row.get(column).to_owned())).collect()
}

#[test]
fn a_level_that_is_added_stops_by_the_same_rule_and_old_families_stay_where_they_stopped() {
    let (sandbox, _) = undisturbed();
    let before = measured(&sandbox);
    let more = TOOL.replace("n = [1, 2]", "n = [1, 2, 3]");
    let run = extended(&sandbox, &more).expect_code(0);
    let want = [
        ["1", "one", "11", "11", "target_met"],
        ["1", "two", "11", "11", "target_met"],
        ["2", "one", "16", "16", "max_trials"],
        ["2", "two", "16", "16", "max_trials"],
        ["3", "one", "11", "11", "target_met"],
        ["3", "two", "11", "11", "target_met"],
    ];
    assert_eq!(stop_points(&sandbox), want, "{}", run.stderr);
    let (old, new): (Vec<_>, Vec<_>) =
        measured(&sandbox).into_iter().partition(|[.., session]| session == "1");
    assert_eq!(old, before, "nothing is measured again");
    assert!(new.iter().all(|[level, ..]| level == "3") && new.len() == 22, "{new:?}");
    let fresh = Sandbox::new();
    fresh.write("go", "");
    fresh.experiment("tool", &more).expect_code(0);
    assert_eq!(stop_points(&sandbox), stop_points(&fresh), "as if planned at once");
    sandbox.run(&["verify", "tool"]).expect_code(0);
}

#[test]
fn more_repeats_go_to_families_that_missed_their_target_and_to_no_other() {
    let (sandbox, _) = undisturbed();
    let run = extended(&sandbox, &TOOL.replace("max = 16", "max = 19")).expect_code(0);
    let want = [
        ["1", "one", "11", "11", "target_met"],
        ["1", "two", "11", "11", "target_met"],
        ["2", "one", "19", "19", "max_trials"],
        ["2", "two", "19", "19", "max_trials"],
    ];
    assert_eq!(stop_points(&sandbox), want, "{}", run.stderr);
    let mut new: Vec<[String; 4]> =
        measured(&sandbox).into_iter().filter(|[.., session]| session == "2").collect();
    new.sort();
    let repeats = ["17", "18", "19"];
    let both = ["one", "two"].map(|way| repeats.map(|repeat| ["2", way, repeat, "2"]));
    assert_eq!(new, both.concat());
    sandbox.run(&["verify", "tool"]).expect_code(0);
}

#[test]
fn a_wider_target_needs_nothing_more_and_keeps_what_was_measured() {
    let (sandbox, _) = undisturbed();
    let before = measured(&sandbox);
    let wide = TOOL.replace("max = 16", "max = 19\ntarget = 0.9");
    extended(&sandbox, &wide).expect_code(0);
    let want = [
        ["1", "one", "11", "11", "target_met"],
        ["1", "two", "11", "11", "target_met"],
        // It would have stopped at 11, and the others are there and count.
        ["2", "one", "16", "16", "target_met"],
        ["2", "two", "16", "16", "target_met"],
    ];
    assert_eq!(stop_points(&sandbox), want);
    assert_eq!(measured(&sandbox), before);
    sandbox.run(&["verify", "tool"]).expect_code(0);
}

#[test]
fn an_extension_that_is_killed_and_resumed_stops_at_the_same_points() {
    let sandbox = Sandbox::new();
    let first = TOOL.replace("n = [1, 2]", "n = [1]");
    sandbox.experiment("tool", &first).expect_code(0);
    sandbox.write("tool.toml", TOOL);
    let run_dir = sandbox.runs("tool").swap_remove(0);
    let run_dir = run_dir.to_str().expect("UTF-8").to_owned();
    let live = sandbox
        .start_with("tool", &["run", "--extend", &run_dir, "tool.toml", "--progress", "none"]);
    let ready = sandbox.path().join("ready");
    wait_until(|| ready.exists().then_some(())).expect("a trial of block 13");
    live.signal(Signal::KILL);
    live.end();
    sandbox.write("go", "");
    sandbox.run(&["resume", &run_dir, "--progress", "none"]).expect_code(0);
    assert_eq!(stop_points(&sandbox), stop_points(&undisturbed().0));
    sandbox.run(&["verify", "tool"]).expect_code(0);
}
