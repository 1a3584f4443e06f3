//! The journal: what is written is read back, and a cut loses nothing but the line it hits.

use std::fs::File;
use std::io::{BufReader, Write};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use runner::design::CellIx;
use runner::event::{CancelReason, Counts, Event, EventKind, Session, Settle, Sink};
use runner::measure::{Measured, Observation, Status, WorkerSpan};
use runner::plan::{Phase, Trial};
use runner::report::journal::{self, Durability, Durable, Header, Journal, ReadError};

fn header() -> Header {
    Header {
        journal: journal::VERSION,
        run_id: "r20261122T101530Z-7f3a".to_owned(),
        runner: "0.1.0".to_owned(),
        experiment_sha256: "00".repeat(32),
        plan_sha256: "ff".repeat(32),
        seed: u64::MAX,
        trials: 3,
        only: vec!["n>=10".to_owned()],
        set: Vec::new(),
        profile: None,
    }
}

fn trial(order: u32) -> Trial {
    Trial { order, cell: CellIx(order % 2), phase: Phase::Measure, repeat: order + 1, position: 0 }
}

fn observation(order: u32, answer: Option<String>, note: &str) -> Box<Observation> {
    let mut measured = Measured::empty(Status::Ok).with_note(note);
    measured.answer = answer;
    measured.time_ns = Some(u64::from(order) * 1_000_003);
    measured.metrics = vec![Some(0.1), None, Some(1e300)];
    measured.workers = vec![WorkerSpan { start_ns: 1, end_ns: u64::MAX }];
    Box::new(Observation {
        trial: trial(order),
        attempt: 1,
        slot: 0,
        session: 1,
        started_at_ms: 1_700_000_000_000,
        start_offset_ns: 5,
        measured,
    })
}

fn kinds() -> Vec<EventKind> {
    let session = Session {
        number: 2,
        pid: 7,
        boot_id: "b".to_owned(),
        runner: "0.1.0".to_owned(),
        changed: true,
    };
    let mut kinds = vec![EventKind::SessionStarted(session), EventKind::RunStarted];
    for order in 0..3 {
        kinds.push(EventKind::TrialStarted { order, attempt: 1, slot: 0 });
        let answer = Some("499999666667166666000000 \" \\ \n 二".to_owned());
        kinds.push(EventKind::TrialFinished(observation(order, answer, "a, \"note\"")));
    }
    kinds.push(EventKind::AttemptFailed(observation(9, None, "")));
    kinds.push(EventKind::CancelRequested { reason: CancelReason::Signal });
    kinds
        .push(EventKind::RunFinished { counts: Counts { planned: 3, ok: 3, ..Counts::default() } });
    kinds
}

fn events(kinds: Vec<EventKind>) -> Vec<Event> {
    (0_u64..)
        .zip(kinds)
        .map(|(seq, kind)| Event { seq, at_ms: 1, elapsed_ns: seq * 10, kind })
        .collect()
}

fn write(events: &[Event]) -> Vec<u8> {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("journal.jsonl");
    let file = File::create(&path).expect("a file");
    let mut journal = Journal::begin(file, &header(), Durability::Second).expect("a header");
    for event in events {
        journal.event(event).expect("buffered");
    }
    journal.settle(Settle::Final, 1).expect("written");
    std::fs::read(&path).expect("bytes")
}

#[test]
fn what_is_written_is_read_back() {
    let events = events(kinds());
    let contents = journal::read(BufReader::new(&write(&events)[..])).expect("a journal");
    assert_eq!(contents.header, header());
    assert_eq!(contents.events, events);
    assert_eq!(contents.torn_bytes, 0);
}

#[test]
fn a_cut_at_any_byte_recovers_every_whole_event() {
    let events = events(kinds());
    let bytes = write(&events);
    let first_line = bytes.iter().position(|&b| b == b'\n').expect("a first line") + 1;
    for cut in 0..=bytes.len() {
        let read = journal::read(BufReader::new(&bytes[..cut]));
        if cut < first_line {
            assert!(matches!(read, Err(ReadError::Empty)), "cut at {cut}");
            continue;
        }
        let contents = read.unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
        let whole = bytes[first_line..cut].iter().filter(|&&b| b == b'\n').count();
        assert_eq!(contents.events, events[..whole], "cut at {cut}");
        let last = bytes[..cut].iter().rposition(|&b| b == b'\n').expect("a line feed") + 1;
        assert_eq!(contents.torn_bytes, (cut - last) as u64, "cut at {cut}");
    }
}

#[test]
fn a_damaged_line_in_the_middle_is_reported_with_its_number() {
    let mut bytes = write(&events(kinds()));
    let second = bytes.iter().position(|&b| b == b'\n').expect("a first line") + 1;
    bytes[second] = b'x';
    let read = journal::read(BufReader::new(&bytes[..]));
    assert!(matches!(read, Err(ReadError::Damaged { line: 2, .. })), "{read:?}");
}

#[test]
fn a_missing_line_in_the_middle_is_reported() {
    let bytes = write(&events(kinds()));
    let lines: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
    let without_third: Vec<u8> = [&lines[..2], &lines[3..]].concat().concat();
    let read = journal::read(BufReader::new(&without_third[..]));
    assert!(matches!(read, Err(ReadError::Damaged { line: 3, .. })), "{read:?}");
}

#[test]
fn a_journal_of_another_version_is_refused() {
    let text = String::from_utf8(write(&[])).expect("text");
    let of_version = |version: u32| {
        let own = format!("\"journal\":{}", journal::VERSION);
        let text = text.replacen(&own, &format!("\"journal\":{version}"), 1);
        journal::read(BufReader::new(text.as_bytes()))
    };
    let read = of_version(9);
    assert!(matches!(read, Err(ReadError::Damaged { line: 1, .. })), "{read:?}");
    // The first version has no sessions; everything else is as it is now.
    assert_eq!(of_version(1).expect("known").events, []);
}

#[test]
fn a_full_disk_is_an_error_of_the_sink() {
    let full = File::options().write(true).open("/dev/full").expect("/dev/full");
    let error =
        Journal::begin(full, &header(), Durability::Second).err().expect("no space is left");
    assert_eq!(error.source.kind(), std::io::ErrorKind::StorageFull);
}

/// A disk on which so many bytes have room, until there is more.
#[derive(Clone)]
struct Small(Arc<Mutex<(Vec<u8>, usize)>>);

impl Write for Small {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let (held, room) = &mut *self.0.lock().expect("one thread");
        let count = bytes.len().min(room.saturating_sub(held.len()));
        if count == 0 {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        held.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Durable for Small {
    fn sync(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_disk_that_was_full_for_a_moment_does_not_tear_a_line() {
    let events = events(kinds());
    let whole = write(&events);
    let first_line = whole.iter().position(|&b| b == b'\n').expect("a first line") + 1;
    for room in first_line..whole.len() {
        let disk = Small(Arc::new(Mutex::new((Vec::new(), room))));
        let begun = Journal::begin(disk.clone(), &header(), Durability::Trial);
        let mut journal = begun.expect("the header has room");
        for event in &events {
            journal.event(event).expect("buffered");
        }
        let error = journal.settle(Settle::Now, 1).expect_err("full");
        assert_eq!(error.source.kind(), std::io::ErrorKind::StorageFull);
        disk.0.lock().expect("one thread").1 = usize::MAX;
        journal.settle(Settle::Final, 2).expect("room");
        assert_eq!(disk.0.lock().expect("one thread").0, whole, "room for {room}");
    }
}

/// What a journal does to its file: `w` for a write, `s` for a sync.
#[derive(Clone, Default)]
struct Traced(Arc<Mutex<String>>);

impl Traced {
    fn note(&self, letter: char) {
        self.0.lock().expect("one thread").push(letter);
    }
}

impl Write for Traced {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.note('w');
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Durable for Traced {
    fn sync(&mut self) -> std::io::Result<()> {
        self.note('s');
        Ok(())
    }
}

/// Header, two trials of microseconds, one that begins 0.5 s later, one 1.5 s later, the end.
fn trace(durability: Durability) -> String {
    let file = Traced::default();
    let mut journal = Journal::begin(file.clone(), &header(), durability).expect("a header");
    let settles = [
        (Settle::Soon, 10),
        (Settle::Soon, 20),
        (Settle::Now, 500_000_000),
        (Settle::Now, 1_500_000_000),
        (Settle::Final, 1_500_000_001),
    ];
    for (event, (settle, elapsed_ns)) in events(kinds()).iter().zip(settles) {
        journal.event(event).expect("buffered");
        journal.settle(settle, elapsed_ns).expect("written");
    }
    file.0.lock().expect("one thread").clone()
}

#[test]
fn the_journal_is_synced_as_often_as_was_asked() {
    // What is short waits in memory, except when every trial is to be on the disk.
    assert_eq!(trace(Durability::Trial), "wswswswswsws");
    assert_eq!(trace(Durability::Second), "wwwsws");
    assert_eq!(trace(Durability::End), "wwwws");
}

proptest! {
    #[test]
    fn any_answer_and_note_survive(answer in any::<String>(), order in 0_u32..1000) {
        let kind = EventKind::TrialFinished(observation(order, Some(answer.clone()), &answer));
        let events = events(vec![kind]);
        let contents = journal::read(BufReader::new(&write(&events)[..])).expect("a journal");
        prop_assert_eq!(contents.events, events);
    }
}
