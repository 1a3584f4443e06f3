//! After the last trial: the derived files, projected from the journal, and the result screen.

use std::fs::File;
use std::io::BufReader;

use super::resume;
use super::run::Ground;
use crate::analysis::scaling::{self, Series};
use crate::analysis::{Baselines, Comparisons, Evidence, Standings, Summary, treatment};
use crate::clock;
use crate::event::{CancelReason, Event, EventKind, HookReport, HookScope};
use crate::exec::RunEnd;
use crate::measure::Observation;
use crate::report::csv::{self, TrialTable};
use crate::report::journal;
use crate::report::screen::{self, Screen};
use crate::store::manifest::TrialCounts;
use crate::store::{self, Manifest, StoreError, write_atomic};

/// Lines of a failed trial's standard error that the screen shows.
const LAST_LINES: usize = 6;

/// What a run came to.
#[derive(Debug)]
pub struct Finished {
    /// The result screen.
    pub screen: String,
    /// What could not be done, for people.
    pub complaints: Vec<String>,
    /// Exit code of the process.
    pub exit_code: u8,
}

/// Writes everything that is derived, as far as possible: a file that cannot be written does not
/// keep the others from being written.
pub(super) fn finish(ground: &Ground<'_>, manifest: &mut Manifest, end: RunEnd) -> Finished {
    let mut complaints = Vec::new();
    let mut unwritten = false;
    if let Some(error) = &end.sink_error {
        unwritten = true;
        complaints.push(format!("{error}; what was recorded before is in {}", ground.place()));
    }
    let (observations, changed) = match read_back(ground) {
        Ok(record) => {
            complaints.extend(record.complaints);
            (record.observations, record.changed)
        }
        Err(error) => {
            complaints.push(format!("{error}; no tables were derived"));
            return Finished { screen: String::new(), complaints, exit_code: 6 };
        }
    };
    let evidence = ground.evidence(&observations);
    let mut standings = Standings::of(evidence);
    let mut summary = Summary::of(evidence, &standings);
    let broken = treatment::broken(evidence, &summary);
    summary.flag_broken(&broken);
    standings.note_broken(evidence.observations, &broken);
    let baselines = Baselines::of(evidence.experiment, evidence.matrix);
    let comparisons = Comparisons::of(evidence, &standings, &summary, &baselines);
    let series = scaling::series(evidence, &summary);
    let invalid = standings.disagreements().len();
    let exit_code = exit_code(unwritten, &end, invalid);
    finish_manifest(manifest, &end, exit_code);
    let rows = trials(ground, evidence, &standings, &changed);
    let found = (&summary, &baselines, &comparisons, &series[..]);
    for written in write_tables(ground, evidence, rows, found, manifest) {
        if let Err(error) = written {
            unwritten = true;
            complaints.push(error.to_string());
        }
    }
    let view = Screen {
        evidence,
        standings: &standings,
        summary: &summary,
        baselines: &baselines,
        comparisons: &comparisons,
        broken: &broken,
        last_lines: &|trial, attempt| {
            store::last_error_lines(ground.run_dir(), &trial.id(), attempt, LAST_LINES)
        },
        elapsed_ns: end.elapsed_ns,
    };
    let mut screen = screen::render(&view, ground.style);
    if let Some(filtered) = ground.loaded.filtered() {
        screen.push_str(&format!("{filtered}\n"));
    }
    screen.push_str(&places(ground, &end));
    let exit_code = if unwritten { 6 } else { exit_code };
    Finished { screen, complaints, exit_code }
}

/// Where everything is, and what runs the rest.
fn places(ground: &Ground<'_>, end: &RunEnd) -> String {
    let mut text = format!("sheet     {}/table.csv   (trials.csv: every trial)\n", ground.latest());
    if end.counts.missing() + end.counts.interrupted > 0 {
        text.push_str(&format!("go on     {}\n", resume::command(ground.run_dir())));
    }
    text
}

/// 6 before 5 before 3 before 0.
fn exit_code(unwritten: bool, end: &RunEnd, disagreements: usize) -> u8 {
    if unwritten {
        6
    } else if end.cancelled.is_some() || end.counts.missing() > 0 || end.counts.interrupted > 0 {
        5
    } else if end.counts.failed > 0 || disagreements > 0 {
        3
    } else {
        0
    }
}

fn finish_manifest(manifest: &mut Manifest, end: &RunEnd, exit_code: u8) {
    let counts = TrialCounts {
        ok: end.counts.ok,
        failed: end.counts.failed,
        interrupted: end.counts.interrupted,
        retried: end.counts.retried,
        skipped: end.counts.skipped,
        missing: end.counts.missing(),
    };
    let reason = match exit_code {
        0 => "every trial completed",
        3 => "some trials failed",
        5 if end.cancelled == Some(CancelReason::TimeUp) => "the time was up",
        5 => "interrupted or incomplete",
        _ => "results could not be written",
    };
    manifest.finish(clock::unix_ms(), counts, reason);
}

/// What the journal says.
struct Record {
    /// Every attempt, in the planned order.
    observations: Vec<Observation>,
    /// Hooks of the run and of cells that failed: no row speaks of them.
    complaints: Vec<String>,
    /// Sessions that went on although something had changed.
    changed: Vec<u32>,
}

/// Reads the journal on disk.
fn read_back(ground: &Ground<'_>) -> Result<Record, journal::ReadError> {
    let file = File::open(ground.run_dir().join("journal.jsonl"))?;
    let contents = journal::read(BufReader::new(file))?;
    let changed = contents.events.iter().filter_map(changed_session).collect();
    let complaints = contents.events.iter().filter_map(hook_complaint).collect();
    let mut observations: Vec<Observation> =
        contents.events.into_iter().filter_map(observation).collect();
    observations.sort_by_key(|observation| (observation.trial.order, observation.attempt));
    Ok(Record { observations, complaints, changed })
}

fn changed_session(event: &Event) -> Option<u32> {
    match &event.kind {
        EventKind::SessionStarted(session) => session.changed.then_some(session.number),
        _ => None,
    }
}

fn hook_complaint(event: &Event) -> Option<String> {
    let EventKind::HookEnded(HookReport { around, step, failure: Some(failure), .. }) = &event.kind
    else {
        return None;
    };
    let whose = match around {
        HookScope::Run => "the run".to_owned(),
        HookScope::Cell(cell) => format!("cell {}", cell.id()),
        HookScope::Trial { .. } => return None,
    };
    Some(format!("{} of {whose}: {failure}", step.as_str()))
}

fn observation(event: Event) -> Option<Observation> {
    match event.kind {
        EventKind::TrialFinished(observation) | EventKind::AttemptFailed(observation) => {
            Some(*observation)
        }
        _ => None,
    }
}

fn write_tables(
    ground: &Ground<'_>,
    evidence: Evidence<'_>,
    rows: Vec<u8>,
    (summary, baselines, comparisons, series): (&Summary, &Baselines, &Comparisons, &[Series]),
    manifest: &Manifest,
) -> [Result<(), StoreError>; 9] {
    let dir = ground.run_dir();
    let run_id = ground.run_id();
    let put = |name: &str, bytes: Vec<u8>| write_atomic(dir, name, &bytes).map(drop);
    // Of a table that has no subject in this experiment there is no file.
    let put_some = |name: &str, bytes: Option<Vec<u8>>| bytes.map_or(Ok(()), |it| put(name, it));
    let heading = csv::table::Heading {
        run_id,
        date: manifest.started_at.split('T').next().unwrap_or_default(),
        revision: manifest.experiment.revision.commit.known().map(String::as_str),
    };
    [
        put("trials.csv", rows),
        put_some("iterations.csv", csv::iterations::render(evidence.observations, run_id)),
        put("summary.csv", csv::summary::render(evidence, summary, run_id)),
        put("comparisons.csv", csv::comparisons::render(evidence, comparisons, baselines, run_id)),
        put_some("scaling.csv", csv::scaling::models(evidence, summary, series, run_id)),
        put_some("scaling_points.csv", csv::scaling::points(evidence, summary, series, run_id)),
        put("table.csv", csv::table::render(evidence, summary, (baselines, comparisons), heading)),
        manifest.write(dir).map(drop),
        ground.dir.make_latest(),
    ]
}

fn trials(
    ground: &Ground<'_>,
    evidence: Evidence<'_>,
    standings: &Standings,
    changed: &[u32],
) -> Vec<u8> {
    let loaded = ground.loaded;
    let plan = &ground.planned.plan;
    let mut table =
        TrialTable::new(&loaded.experiment, &loaded.matrix, plan, ground.run_id()).marking(changed);
    let mut bytes = Vec::new();
    table.header(&mut bytes);
    for (observation, standing) in evidence.observations.iter().zip(standings.rows()) {
        table.row(observation, Some(standing), &mut bytes);
    }
    bytes
}
