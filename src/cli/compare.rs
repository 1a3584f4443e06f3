//! `runner compare`: recorded runs against each other.

use std::path::PathBuf;

use super::args::{CompareArgs, CompareFormat};
use super::term::Term;
use super::{report, to_stdout};
use crate::analysis::Findings;
use crate::analysis::across::Across;
use crate::analysis::gate::{Answer, Gated};
use crate::design::gate::Gate;
use crate::report::across::{self, Side, View};
use crate::report::gate::{self, Judged};
use crate::report::screen::Style;
use crate::session::Error;
use crate::session::across::{Pairing, open, pair};
use crate::session::pack::{self, Place};
use crate::session::recorded::Recorded;

/// Compares runs; the exit code is that of the gate, if there is one.
pub(super) fn compare(args: &CompareArgs, term: Term) -> u8 {
    carry_out(args, term).unwrap_or_else(|error| report(&error, term))
}

/// One of the later runs against the first.
struct Found {
    pairing: Pairing,
    across: Across,
    gated: Option<Gated>,
}

fn carry_out(args: &CompareArgs, term: Term) -> Result<u8, Error> {
    let places: Result<Vec<Place>, Error> =
        args.runs.iter().map(|run| pack::find(&args.output, Some(run))).collect();
    let places = places?;
    let dirs: Vec<PathBuf> = places.iter().map(|place| place.path.clone()).collect();
    let runs = open(&dirs)?;
    let findings: Vec<Findings<'_>> = runs.iter().map(Recorded::findings).collect();
    let mut found = Vec::new();
    for second in 1..runs.len() {
        let pairing = pair(&runs[0], &runs[second], args.across_machines)?;
        let across =
            pairing.compare([(&runs[0], &findings[0]), (&runs[second], &findings[second])]);
        let of_file = runs[second].loaded.experiment.compare.gate.as_ref();
        let gated = Gate::chosen(args.gate.as_ref(), of_file)
            .map(|gate| crate::analysis::gate::judge(&gate, &across.comparisons.rows));
        found.push(Found { pairing, across, gated });
    }
    let views: Vec<View<'_>> = found
        .iter()
        .enumerate()
        .map(|(at, found)| View {
            sides: [side(&runs[0], &findings[0]), side(&runs[at + 1], &findings[at + 1])],
            differences: &found.pairing.differences,
            across: &found.across,
            gated: found.gated.as_ref(),
        })
        .collect();
    let whole =
        found.iter().filter_map(|found| found.gated.as_ref()).map(|gated| gated.whole).max();
    let style = Style { width: term.width, colour: term.stdout_colour };
    let text = match args.format {
        CompareFormat::Text => {
            let screens: Vec<String> = views.iter().map(|view| across::text(view, style)).collect();
            let last = whole.map_or_else(String::new, |answer| gate::last(&judged(&views), answer));
            format!("{}{last}", screens.join("\n"))
        }
        CompareFormat::Csv => String::from_utf8_lossy(&across::csv(&views)).into_owned(),
        CompareFormat::Json => across::json(&views),
        CompareFormat::Md => across::markdown(&views),
        CompareFormat::Github => gate::github(&judged(&views), whole),
        CompareFormat::Junit => gate::junit(&runs[0].manifest.experiment.name, &judged(&views)),
    };
    to_stdout(|out| out.write_all(text.as_bytes())).map_err(Error::Output)?;
    Ok(whole.map_or(0, Answer::exit_code))
}

fn side<'a>(run: &'a Recorded, findings: &'a Findings<'a>) -> Side<'a> {
    Side {
        run_id: &run.manifest.run_id,
        started_at: &run.manifest.started_at,
        revision: run.manifest.experiment.revision.commit.known().map(String::as_str),
        findings,
        missing: run
            .manifest
            .counts
            .known()
            .map_or(0, |counts| counts.interrupted + counts.missing),
    }
}

/// What a gate says of each pair; without a gate, every pair is only told.
fn judged(views: &[View<'_>]) -> Vec<Judged> {
    let mut all = Vec::new();
    let several = views.len() > 1;
    for view in views {
        let answers = view.gated.map(|gated| &gated.rows);
        for (at, line) in view.lines().into_iter().enumerate() {
            let answer = match answers {
                Some(rows) => rows[at],
                None => Some(Answer::Pass),
            };
            if let Some(answer) = answer {
                let mut name = format!("{} {}", line.heading, line.label).trim().to_owned();
                if several {
                    name.push_str(&format!(" ({})", view.sides[1].run_id));
                }
                let counted = view.gated.map_or(answer, |gated| answer.counted(gated.undecided));
                all.push(Judged { name, sentence: line.sentence, answer, counted });
            }
        }
    }
    all
}
