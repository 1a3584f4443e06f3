//! Where the events of a session go: journal, live table, progress. What earlier sessions have left
//! stays; attempts that were cut off become rows, and this session announces itself.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::replay::{self, JOURNAL, Taken, Terms};
use super::run::{Before, Ground};
use super::{Planned, record};
use crate::analysis::Watch;
use crate::clock;
use crate::event::{Event, EventKind, Settle, Sink, SinkError};
use crate::exec::past::PastTrial;
use crate::report::Fanout;
use crate::report::csv::TrialTable;
use crate::report::journal::{self, Durability, Header, Journal};
use crate::report::live::LiveTable;
use crate::report::progress::{Display, Progress};
use crate::store::{Manifest, StoreError, append, cut, write_atomic_with};

/// The live table.
const LIVE: &str = "trials.csv";

/// Bytes of the live table that are written at once.
const CHUNK: usize = 1 << 16;

/// Bytes of a journal above which the live table is not made anew: some 200 000 trials.
const LARGE: u64 = 64 << 20;

/// Opens them; the number of the next event comes with them.
pub(super) fn open(
    ground: &Ground<'_>,
    manifest: &Manifest,
    before: &Before,
    shown: Option<(Display, Option<Watch>)>,
    durability: Durability,
) -> Result<(Fanout, u64), SinkError> {
    let (loaded, plan) = (ground.loaded, &ground.planned.plan);
    let file = |name: &str| append(ground.run_dir(), name).map_err(told(name));
    let session = record::announced(manifest);
    let mut changed = before.history.changed.clone();
    changed.extend(session.changed.then_some(session.number));
    let mut journal = if before.has_header {
        Journal::go_on(file("journal.jsonl")?, durability)
    } else {
        Journal::begin(file("journal.jsonl")?, &header(ground, manifest), durability)?
    };
    let lost =
        before.history.lost.iter().map(|row| EventKind::TrialFinished(Box::new(row.clone())));
    let mut seq = before.next_seq;
    let extended = extensions(ground.planned, before.history.extensions);
    for kind in lost.chain(extended).chain([EventKind::SessionStarted(session)]) {
        journal.event(&Event { seq, at_ms: clock::unix_ms(), elapsed_ns: 0, kind })?;
        seq += 1;
    }
    journal.settle(Settle::Now, 0)?;
    let mut table = TrialTable::new(&loaded.experiment, &loaded.matrix, plan, ground.run_id())
        .marking(&changed);
    if !goes_on(ground, before, &table) {
        let rows = |file: &mut dyn Write| rows_so_far(ground, &mut table, file);
        write_atomic_with(ground.run_dir(), LIVE, rows).map_err(told(LIVE))?;
    }
    let live = LiveTable::go_on(file(LIVE)?, table);
    let mut fanout = Fanout::default().vital(journal).vital(live);
    if let Some((display, watch)) = shown {
        let past = &before.history.past;
        let is_done = |past: PastTrial| past.is_done && !past.is_spared;
        let done = plan.trials().map(|trial| (trial, past.trial(trial.order as usize)));
        let done = done.filter(|(_, past)| is_done(*past)).map(|(trial, past)| (trial, past.ended));
        let progress = Progress::new(&loaded.experiment, &loaded.matrix, plan, display);
        fanout = fanout.best_effort(progress.after(done).watching(watch));
    }
    Ok((fanout, seq))
}

/// The extensions that the journal does not know yet.
fn extensions(planned: &Planned, known: usize) -> Vec<EventKind> {
    let later = planned.earlier.iter().map(|version| &version.plan).chain([&planned.plan]);
    let numbered = later.zip(0_u32..).skip(known + 1);
    numbered
        .map(|(plan, number)| EventKind::Extended {
            number,
            plan_sha256: plan.fingerprint().to_owned(),
            added: plan.added() as u64,
        })
        .collect()
}

/// Whether the live table goes on behind the rows that are there. That of a large run is not made
/// anew, which would take longer than what is left may: a row that the last session had not
/// written any more is missing in it until the run has ended.
fn goes_on(ground: &Ground<'_>, before: &Before, table: &TrialTable) -> bool {
    let dir = ground.run_dir();
    let is_large = std::fs::metadata(dir.join(JOURNAL)).is_ok_and(|file| file.len() > LARGE);
    let is_same_plan = before.history.extensions == ground.planned.earlier.len();
    is_large && is_same_plan && whole_rows(dir, table).is_ok_and(|is_there| is_there)
}

/// Cuts off the last row if it is not whole. False when the table is another one.
fn whole_rows(dir: &Path, table: &TrialTable) -> std::io::Result<bool> {
    let mut header = Vec::new();
    table.header(&mut header);
    let mut file = File::open(dir.join(LIVE))?;
    let len = file.metadata()?.len();
    let mut start = vec![0; header.len()];
    file.read_exact(&mut start)?;
    let tail = len.min(CHUNK as u64);
    let mut end = vec![0; CHUNK.min(usize::try_from(tail).unwrap_or(CHUNK))];
    file.seek(SeekFrom::End(-(end.len() as i64)))?;
    file.read_exact(&mut end)?;
    let Some(last) = end.iter().rposition(|&byte| byte == b'\n') else { return Ok(false) };
    let whole = len - (end.len() - last - 1) as u64;
    cut(dir, LIVE, whole).map_err(|error| error.source)?;
    Ok(start == header)
}

/// The live table as earlier sessions would have left it: every attempt on record at a trial of
/// today's plan.
fn rows_so_far(
    ground: &Ground<'_>,
    table: &mut TrialTable,
    file: &mut dyn Write,
) -> std::io::Result<()> {
    let mut bytes = Vec::with_capacity(2 * CHUNK);
    table.header(&mut bytes);
    let mut journal = replay::open(ground.run_dir()).map_err(std::io::Error::other)?;
    let mut terms = Terms::new(ground.planned);
    while let Some(event) = journal.event().map_err(std::io::Error::other)? {
        if let Taken::Row(row) = terms.row(event).map_err(std::io::Error::other)? {
            table.row(&row, None, &mut bytes);
        }
        if bytes.len() >= CHUNK {
            file.write_all(&bytes)?;
            bytes.clear();
        }
    }
    file.write_all(&bytes)
}

fn told(name: &str) -> impl FnOnce(StoreError) -> SinkError {
    let name = name.to_owned();
    |error| SinkError { name, source: error.source }
}

fn header(ground: &Ground<'_>, manifest: &Manifest) -> Header {
    let plan = &ground.planned.plan;
    let experiment = &manifest.experiment;
    Header {
        journal: journal::VERSION,
        run_id: ground.run_id().to_owned(),
        runner: env!("CARGO_PKG_VERSION").to_owned(),
        experiment_sha256: experiment.sha256.trim_start_matches("sha256:").to_owned(),
        plan_sha256: plan.fingerprint().to_owned(),
        seed: plan.seed(),
        trials: plan.len() as u64,
        only: manifest.invocation.only.clone(),
        set: manifest.invocation.set.clone(),
        profile: experiment.profile.known().map(|profile| profile.name.clone()),
    }
}
