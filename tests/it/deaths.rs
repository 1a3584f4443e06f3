//! Runners that are killed at any moment and journals that are cut at any byte: nothing is lost,
//! nothing is done twice without being a new attempt, and the tables are those of the journal.
//!
//! Bounded by counts, never by time; `tests/system/soak.py` does the same for as long as one likes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runner::session::resume::{self, Wish};
use rustix::process::Signal;

use crate::resume::{comparable, derived};
use crate::support::{Row, Sandbox, body, read_journal, read_table};

/// Kills of one run.
const KILLS: u32 = 12;

/// Numbers that look random and are the same in every test: Lehmer's generator modulo 2^31 - 1
/// (Park and Miller, Communications of the ACM 31, 1988, with the multiplier of 1993).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0 * 48_271 % 2_147_483_647;
        self.0 % limit
    }
}

/// Commands and kernels in two slots.
const MIXED: &str = "seed = 3\n[workloads.say]\ncommand = ['/bin/sh', '-c', '''sleep 0.01; \
    echo {trial_id} >> ran; echo answer {n}''']\nparams = { n = [1, 2, 3] }\n\
    result = { stdout_regex = 'answer (\\d)' }\n\
    [workloads.sleep]\nparams = { time = '10ms' }\n\
    [protocol]\nrepeats = 8\nwarmup = 1\njobs = 2\n";

/// The newest run of the sandbox that has a manifest.
fn run_of(sandbox: &Sandbox, name: &str) -> Option<PathBuf> {
    sandbox.runs(name).into_iter().rfind(|run| run.join("manifest.json").is_file())
}

/// Every attempt that was started is a row, every trial is done once, and attempts count from 1.
fn check_record(run: &Path, rows: &[Row]) {
    let events = read_journal(&run.join("journal.jsonl"));
    let started = events.iter().filter_map(|event| body(event, "trial_started"));
    let mut last: BTreeMap<u64, u64> = BTreeMap::new();
    for start in started {
        let (order, attempt) = (&start["order"], start["attempt"].as_u64().unwrap_or(1));
        let before = last.insert(order.as_u64().expect("an index"), attempt).unwrap_or(0);
        assert_eq!(attempt, before + 1, "attempts of {order}");
    }
    let mut done: BTreeMap<&str, u32> = BTreeMap::new();
    for row in rows {
        match row.get("status") {
            "ok" => *done.entry(row.get("trial_id")).or_default() += 1,
            other => assert_eq!(other, "interrupted", "{}", row.get("note")),
        }
    }
    assert_eq!(done.len(), last.len(), "no trial is lost");
    assert!(done.values().all(|&count| count == 1), "no trial is done twice: {done:?}");
    assert_eq!(rows.len() as u64, last.values().sum::<u64>(), "every attempt is a row");
}

#[test]
fn a_runner_that_is_killed_again_and_again_comes_to_the_same_end() {
    let sandbox = Sandbox::new();
    sandbox.write("mixed.toml", MIXED);
    let mut dice = Dice(20_261_127);
    for _ in 0..KILLS {
        let live = match run_of(&sandbox, "mixed") {
            None => sandbox.start_with("mixed", &["run", "mixed.toml"]),
            Some(run) => sandbox.start_with("mixed", &["resume", run.to_str().expect("text")]),
        };
        std::thread::sleep(Duration::from_millis(dice.below(250)));
        live.signal(Signal::KILL);
        live.end();
    }
    let run = run_of(&sandbox, "mixed").expect("a run began");
    sandbox.run(&["resume", run.to_str().expect("text")]).expect_code(0);
    let rows = read_table(&run.join("trials.csv"));
    check_record(&run, &rows);
    let whole = Sandbox::new();
    whole.experiment("mixed", MIXED).expect_code(0);
    assert_eq!(comparable(&rows), comparable(&whole.trials("mixed")));
    let tables = derived(&run);
    sandbox.run(&["resume", run.to_str().expect("text")]).expect_code(0);
    assert_eq!(derived(&run), tables, "made from the journal again");
}

/// A finished small run: its directory, and its rows.
fn small(sandbox: &Sandbox) -> (PathBuf, Vec<Row>) {
    let text = "seed = 2\n[workloads.say]\ncommand = ['/bin/sh', '-c', 'echo {trial_id} >> ran']\n\
                [protocol]\nrepeats = 3\nwarmup = 1\n";
    sandbox.experiment("small", text).expect_code(0);
    (sandbox.latest("small"), sandbox.trials("small"))
}

/// The run in another directory, its journal cut behind so many bytes.
fn cut_copy(run: &Path, to: &Path, journal: &[u8]) {
    fs::create_dir_all(to).expect("a directory");
    for name in ["manifest.json", "experiment.toml", "resolved.toml"] {
        fs::copy(run.join(name), to.join(name)).expect("copied");
    }
    fs::write(to.join("journal.jsonl"), journal).expect("written");
}

#[test]
fn a_journal_that_is_cut_at_any_byte_is_understood() {
    let sandbox = Sandbox::new();
    let (run, rows) = small(&sandbox);
    let bytes = fs::read(run.join("journal.jsonl")).expect("a journal");
    let to = sandbox.path().join("copy");
    for cut in 0..=bytes.len() {
        cut_copy(&run, &to, &bytes[..cut]);
        let resumed = resume::open(&to, Wish::default())
            .unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
        let whole = String::from_utf8_lossy(&bytes[..cut]);
        let whole = whole.rfind('\n').map_or("", |end| &whole[..end]);
        let ended = whole.matches("\"trial_finished\"").count();
        assert_eq!((resumed.done, resumed.left()), (ended, rows.len() - ended), "cut at {cut}");
        let kept = fs::read(to.join("journal.jsonl")).expect("a journal");
        assert_eq!(kept, &bytes[..cut], "opening changes nothing");
    }
}

#[test]
fn a_journal_that_is_cut_is_carried_on() {
    let sandbox = Sandbox::new();
    let (run, rows) = small(&sandbox);
    let bytes = fs::read(run.join("journal.jsonl")).expect("a journal");
    let mut cuts = vec![0, 1];
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        // Without its line feed, whole, with a byte of the next line, and in the middle of it.
        cuts.extend([at, at + 1, at + 2, at + 60]);
    }
    cuts.retain(|&cut| cut <= bytes.len());
    for cut in cuts {
        let to = sandbox.path().join("cut").join(run.file_name().expect("a name"));
        cut_copy(&run, &to, &bytes[..cut]);
        let path = to.to_str().expect("text");
        sandbox.run(&["resume", path]).expect_code(0);
        let after = read_table(&to.join("trials.csv"));
        assert_eq!(comparable(&after), comparable(&rows), "cut at {cut}");
        check_record(&to, &after);
        let tables = derived(&to);
        sandbox.run(&["resume", path]).expect_code(0);
        assert_eq!(derived(&to), tables, "cut at {cut}");
        fs::remove_dir_all(&to).expect("removed");
    }
}
