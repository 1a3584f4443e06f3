//! Where the events of a session go: journal, live table, progress. What earlier sessions have left
//! stays; attempts that were cut off become rows, and this session announces itself.

use super::record;
use super::run::{Before, Ground};
use crate::clock;
use crate::event::{Event, EventKind, Settle, Sink, SinkError};
use crate::report::Fanout;
use crate::report::csv::TrialTable;
use crate::report::journal::{self, Durability, Header, Journal};
use crate::report::live::LiveTable;
use crate::report::progress::{Display, Progress};
use crate::store::{Manifest, StoreError, append, write_atomic};

/// Opens them; the number of the next event comes with them.
pub(super) fn open(
    ground: &Ground<'_>,
    manifest: &Manifest,
    before: &Before,
    display: Option<Display>,
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
    for kind in lost.chain([EventKind::SessionStarted(session)]) {
        journal.event(&Event { seq, at_ms: clock::unix_ms(), elapsed_ns: 0, kind })?;
        seq += 1;
    }
    journal.settle(Settle::Now, 0)?;
    let mut table = TrialTable::new(&loaded.experiment, &loaded.matrix, plan, ground.run_id())
        .marking(&changed);
    let mut bytes = Vec::new();
    table.header(&mut bytes);
    for row in before.rows.iter().chain(&before.history.lost) {
        table.row(row, None, &mut bytes);
    }
    write_atomic(ground.run_dir(), "trials.csv", &bytes).map_err(told("trials.csv"))?;
    let live = LiveTable::go_on(file("trials.csv")?, table);
    let mut fanout = Fanout::default().vital(journal).vital(live);
    if let Some(display) = display {
        let past = &before.history.past;
        let done = past.recorded().filter(|&order| past.trial(order).is_done);
        let done = done.map(|order| (plan.trial(order), past.trial(order).ended));
        let progress = Progress::new(&loaded.experiment, &loaded.matrix, plan, display);
        fanout = fanout.best_effort(progress.after(done));
    }
    Ok((fanout, seq))
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
