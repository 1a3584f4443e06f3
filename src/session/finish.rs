//! After the last trial: the derived files, projected from the journal, and the result screen.

use std::path::PathBuf;

use super::derived::{self, Sources};
use super::replay::Replay;
use super::run::Ground;
use super::{package, resume};
use crate::analysis::Findings;
use crate::analysis::gate::judge;
use crate::clock;
use crate::design::gate::Gate;
use crate::event::CancelReason;
use crate::exec::RunEnd;
use crate::report;
use crate::report::screen::{self, Screen};
use crate::store::manifest::TrialCounts;
use crate::store::{self, Manifest, StoreError, write_atomic_with};

/// What a run came to.
#[derive(Debug)]
pub struct Finished {
    /// The result screen.
    pub screen: String,
    /// What could not be done, for people.
    pub complaints: Vec<String>,
    /// Exit code of the process.
    pub exit_code: u8,
    /// The run's directory.
    pub run_dir: PathBuf,
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
    if !ground.run_dir().is_dir() {
        complaints.push(format!(
            "{} was removed while the run went on: what was recorded is gone with it",
            ground.place()
        ));
        let run_dir = ground.run_dir().to_owned();
        return Finished { screen: String::new(), complaints, exit_code: 6, run_dir };
    }
    let replay = match Replay::read(ground.run_dir(), ground.planned) {
        Ok(replay) => replay,
        Err(error) => {
            complaints.push(format!("{error}; no tables were derived"));
            let run_dir = ground.run_dir().to_owned();
            return Finished { screen: String::new(), complaints, exit_code: 6, run_dir };
        }
    };
    complaints.extend(replay.complaints);
    let findings = Findings::of(ground.evidence(&replay.observations, &replay.stops, manifest));
    let invalid = findings.standings.disagreements().len();
    let of_file = ground.loaded.experiment.compare.gate.as_ref();
    let gate = Gate::chosen(ground.gate.as_ref(), of_file);
    let gated = gate.as_ref().map(|gate| judge(gate, &findings.comparisons.rows));
    let exit_code = match exit_code(unwritten, &end, invalid) {
        0 => gated.as_ref().map_or(0, |gated| gated.whole.exit_code()),
        code => code,
    };
    finish_manifest(manifest, &end, exit_code);
    let dir = ground.run_dir();
    let mut missing: Vec<StoreError> = Vec::new();
    let mut keep = |written: Result<(), StoreError>| missing.extend(written.err());
    let (changed, gone) = (&replay.changed[..], &replay.gone[..]);
    let (loaded, planned) = (ground.loaded, ground.planned);
    let texts = &super::report::texts(dir);
    let sources = Sources { loaded, planned, findings: &findings, manifest, changed, gone, texts };
    derived::each(&sources, |name, content| {
        keep(write_atomic_with(dir, name, content).map(drop));
    });
    keep(manifest.write(dir).map(drop));
    keep(package::write(dir, (&loaded.experiment, &loaded.matrix), manifest));
    keep(ground.dir.make_latest());
    if let Some(complaint) = of_missing(ground, &missing) {
        unwritten = true;
        complaints.push(complaint);
    }
    let view = Screen {
        findings: &findings,
        last_lines: &|trial, attempt| {
            store::last_error_lines(dir, &trial.id(), attempt, screen::LAST_LINES)
        },
        elapsed_ns: end.elapsed_ns,
    };
    let mut screen = screen::render_drawn(&view, ground.style, ground.drawing);
    if let Some(filtered) = ground.loaded.filtered() {
        screen.push_str(&format!("{filtered}\n"));
    }
    if let (Some(gate), Some(gated)) = (&gate, &gated) {
        let judged = report::gate::judged(&findings, gated);
        screen.push_str(&report::gate::text(gate, &judged, gated.whole, ground.style));
    }
    screen.push_str(&places(ground, &end));
    let exit_code = if unwritten { 6 } else { exit_code };
    Finished { screen, complaints, exit_code, run_dir: dir.to_owned() }
}

/// What to say of files that could not be written: one cause keeps all of them.
fn of_missing(ground: &Ground<'_>, missing: &[StoreError]) -> Option<String> {
    let StoreError { operation, path, kind, .. } = missing.first()?;
    let others = match missing.len() - 1 {
        0 => String::new(),
        1 => ", and neither can another file".to_owned(),
        more => format!(", and neither can {more} other files"),
    };
    Some(format!(
        "cannot {operation} {}: {kind}{others}; what was measured is on record: mend that, then `{}` makes them",
        path.display(),
        resume::command(ground.run_dir()),
    ))
}

/// Where everything is, and what runs the rest.
fn places(ground: &Ground<'_>, end: &RunEnd) -> String {
    let mut text = format!("sheet     {}/table.csv   (trials.csv: every trial)\n", ground.latest());
    text.push_str(&format!("report    {}/report.html\n", ground.latest()));
    if end.counts.missing() + end.counts.interrupted > 0 {
        text.push_str(&format!("go on     {}\n", resume::command(ground.run_dir())));
    }
    text
}

/// 6 before 5 before 3 before that of a gate.
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
        spared: end.counts.spared,
        missing: end.counts.missing(),
    };
    let reason = match exit_code {
        0 => "every trial completed",
        3 => "some trials failed",
        7 => "a gate failed",
        8 => "a gate is inconclusive",
        5 if end.cancelled == Some(CancelReason::TimeUp) => "the time was up",
        5 => "interrupted or incomplete",
        _ => "results could not be written",
    };
    manifest.finish(clock::unix_ms(), counts, reason);
}
