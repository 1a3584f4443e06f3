//! `journal.jsonl`: the truth about a run. A versioned first line, then one event a line.
//!
//! Writing is one `write` per settled batch, so that `Finished(i)` and `Started(i+1)` share it.
//! Reading accepts a torn last line, which a killed runner leaves, and nothing else.

use std::io::{BufRead, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::line;
use crate::event::{Event, Numbered, Settle, Sink, SinkError};

/// Version of the line format. Counts up whenever a field is added or changes its meaning.
pub const VERSION: u32 = 3;
/// The oldest version that is read: it has no sessions, and everything is of the first one. The
/// second has no extensions, unless a later runner has added one.
const OLDEST: u32 = 1;

/// Trials that may wait in memory, in a row of trials of microseconds.
const MAX_WAITING: u32 = 64;
/// Time that they may wait, in ns.
const MAX_WAIT_NS: u64 = 1_000_000;
/// Time between two syncs to the disk, in ns.
const SYNC_EVERY_NS: u64 = 1_000_000_000;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the line format.
    pub journal: u32,
    /// The run.
    pub run_id: String,
    /// Version of the runner that wrote it.
    pub runner: String,
    /// SHA-256 of the experiment file, 64 hex digits.
    pub experiment_sha256: String,
    /// Fingerprint of the plan, 64 hex digits.
    pub plan_sha256: String,
    /// The master seed.
    pub seed: u64,
    /// Planned trials.
    pub trials: u64,
    /// Filters on cells, as typed; all cells when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// Values that were set over the file, as typed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
    /// The profile in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

/// How much of a run a crash of the machine may cost. A runner that dies alone costs nothing that
/// was written: the operating system has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing that has ended: synced before every start, and nothing waits in memory.
    Trial,
    /// A second, or one trial if that takes longer.
    Second,
    /// Everything: synced once, at the end.
    End,
}

/// A file that can be synced.
pub trait Durable: Write + Send {
    /// Forces what was written to the disk.
    fn sync(&mut self) -> std::io::Result<()>;
}

impl Durable for std::fs::File {
    fn sync(&mut self) -> std::io::Result<()> {
        match self.sync_data() {
            // A device such as a pipe or `/dev/full` cannot be synced; writing to it still counts.
            Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => Ok(()),
            other => other,
        }
    }
}

/// A file that receives lines in batches: the mechanism that journal and live table share.
pub struct Batch<W> {
    name: &'static str,
    file: W,
    buffer: Vec<u8>,
    waiting: u32,
    last_write_ns: u64,
    last_sync_ns: u64,
    /// When it is synced; never, if it can be made again.
    durability: Option<Durability>,
}

impl<W: Durable> Batch<W> {
    /// A file that is synced to the disk. Nothing is written yet. `name` is for messages.
    pub fn durable(name: &'static str, file: W, durability: Durability) -> Self {
        Self { durability: Some(durability), ..Self::derived(name, file) }
    }

    /// A file that can be made again and is left to the operating system: syncing it would only
    /// keep the trials waiting.
    pub fn derived(name: &'static str, file: W) -> Self {
        let buffer = Vec::new();
        let (last_write_ns, last_sync_ns) = (0, 0);
        Self { name, file, buffer, waiting: 0, last_write_ns, last_sync_ns, durability: None }
    }

    /// Where the next lines are appended.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        self.waiting += 1;
        &mut self.buffer
    }

    /// Writes, and syncs when it is time to, or nothing follows.
    pub fn settle(&mut self, settle: Settle, elapsed_ns: u64) -> Result<(), SinkError> {
        // A trial is two events.
        let may_wait = settle == Settle::Soon
            && self.durability != Some(Durability::Trial)
            && self.waiting < MAX_WAITING * 2
            && elapsed_ns.saturating_sub(self.last_write_ns) < MAX_WAIT_NS;
        if may_wait {
            return Ok(());
        }
        let written = self.write(settle, elapsed_ns);
        written.map_err(|source| SinkError { name: self.name.to_owned(), source })
    }

    fn write(&mut self, settle: Settle, elapsed_ns: u64) -> std::io::Result<()> {
        self.write_buffer()?;
        self.waiting = 0;
        self.last_write_ns = elapsed_ns;
        let is_due = match self.durability {
            None => return Ok(()),
            Some(Durability::Trial) => true,
            Some(Durability::Second) => {
                elapsed_ns.saturating_sub(self.last_sync_ns) > SYNC_EVERY_NS
            }
            Some(Durability::End) => false,
        };
        if is_due || settle == Settle::Final {
            self.file.sync()?;
            self.last_sync_ns = elapsed_ns;
        }
        Ok(())
    }
}

impl<W: Durable> Batch<W> {
    /// Writes what waits. What was written before an error leaves the buffer, so that a later call
    /// goes on in the middle of the line and not at its beginning.
    fn write_buffer(&mut self) -> std::io::Result<()> {
        let mut written = 0;
        let result = loop {
            if written == self.buffer.len() {
                break Ok(());
            }
            match self.file.write(&self.buffer[written..]) {
                Ok(0) => break Err(std::io::ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.buffer.drain(..written);
        result
    }
}

/// The journal as a sink.
pub struct Journal<W> {
    batch: Batch<W>,
}

impl<W: Durable> Journal<W> {
    /// Writes the first line.
    pub fn begin(file: W, header: &Header, durability: Durability) -> Result<Self, SinkError> {
        let mut batch = Batch::durable("journal.jsonl", file, durability);
        let buffer = batch.buffer();
        line::json(header, buffer);
        buffer.push(b'\n');
        batch.settle(Settle::Now, 0)?;
        Ok(Self { batch })
    }

    /// Goes on after whole lines that are there already.
    pub fn go_on(file: W, durability: Durability) -> Self {
        Self { batch: Batch::durable("journal.jsonl", file, durability) }
    }
}

impl<W: Durable> Sink for Journal<W> {
    fn event(&mut self, event: &Event) -> Result<(), SinkError> {
        line::push(event, self.batch.buffer());
        Ok(())
    }

    fn settle(&mut self, settle: Settle, elapsed_ns: u64) -> Result<(), SinkError> {
        self.batch.settle(settle, elapsed_ns)
    }
}

/// Why a journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system says no.
    #[error("cannot read journal.jsonl: {0}")]
    Io(#[from] std::io::Error),
    /// A whole line that is not an event: the file was damaged or edited.
    #[error("journal.jsonl, line {line}: {reason}")]
    Damaged {
        /// From 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no whole first line.
    #[error("journal.jsonl has no first line: the run was ended before it began")]
    Empty,
}

/// What a journal holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Contents {
    /// The first line.
    pub header: Header,
    /// Every whole event, in order.
    pub events: Vec<Event>,
    /// Bytes of the whole lines.
    pub whole_bytes: u64,
    /// Bytes of a last line without its line feed, which a killed runner leaves.
    pub torn_bytes: u64,
}

/// A journal that is read line by line: nothing of it is kept.
#[derive(Debug)]
pub struct Reader<R> {
    file: R,
    line: Vec<u8>,
    /// The first line.
    pub header: Header,
    next_seq: u64,
    whole_bytes: u64,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// It is not there whole, is damaged, or is of a version that is not known.
    pub fn open(mut file: R) -> Result<Self, ReadError> {
        let mut line = Vec::new();
        if !read_line(&mut file, &mut line)? {
            return Err(ReadError::Empty);
        }
        let header: Header = parse(&line, 1)?;
        if !(OLDEST..=VERSION).contains(&header.journal) {
            let reason = format!(
                "version {} is not known; this runner reads {OLDEST} to {VERSION}",
                header.journal
            );
            return Err(ReadError::Damaged { line: 1, reason });
        }
        let whole_bytes = line.len() as u64 + 1;
        Ok(Self { file, line, header, next_seq: 0, whole_bytes })
    }

    /// The next event; nothing behind the last whole line.
    ///
    /// # Errors
    /// A whole line is not the next event.
    pub fn event(&mut self) -> Result<Option<Event>, ReadError> {
        self.event_as()
    }

    /// The same, as much of it as `T` takes.
    ///
    /// # Errors
    /// A whole line is not the next event.
    pub fn event_as<T: DeserializeOwned + Numbered>(&mut self) -> Result<Option<T>, ReadError> {
        if !read_line(&mut self.file, &mut self.line)? {
            return Ok(None);
        }
        let event: T = parse(&self.line, self.next_seq + 2)?;
        let (seq, next) = (event.seq(), self.next_seq);
        if seq != next {
            let reason = format!("event {seq} stands where {next} belongs");
            return Err(self.damaged(1, reason));
        }
        self.next_seq += 1;
        self.whole_bytes += self.line.len() as u64 + 1;
        Ok(Some(event))
    }

    /// The line of the last event cannot be what it says.
    #[must_use]
    pub fn refuse(&self, reason: String) -> ReadError {
        self.damaged(0, reason)
    }

    fn damaged(&self, ahead: u64, reason: String) -> ReadError {
        ReadError::Damaged { line: self.next_seq + 1 + ahead, reason }
    }

    /// Bytes of the whole lines so far.
    #[must_use]
    pub fn whole_bytes(&self) -> u64 {
        self.whole_bytes
    }

    /// Number of the next event.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }
}

/// Reads a journal whole. A last line without line feed is cut off and counted.
///
/// # Errors
/// A whole line is damaged.
pub fn read(file: impl BufRead) -> Result<Contents, ReadError> {
    let mut reader = Reader::open(file)?;
    let mut events: Vec<Event> = Vec::new();
    while let Some(event) = reader.event()? {
        events.push(event);
    }
    let (whole_bytes, torn_bytes) = (reader.whole_bytes, reader.line.len() as u64);
    Ok(Contents { header: reader.header, events, whole_bytes, torn_bytes })
}

/// Whether a whole line was there; it is left in `line` without its line feed.
fn read_line(file: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    file.read_until(b'\n', line)?;
    let whole = line.last() == Some(&b'\n');
    if whole {
        line.pop();
    }
    Ok(whole)
}

fn parse<'a, T: Deserialize<'a>>(line: &'a [u8], number: u64) -> Result<T, ReadError> {
    serde_json::from_slice(line)
        .map_err(|error| ReadError::Damaged { line: number, reason: error.to_string() })
}
