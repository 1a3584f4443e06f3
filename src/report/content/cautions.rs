//! What was flagged, failed, filtered or left out, and why. Nothing is left unsaid.

use super::Caution;
use crate::analysis::Findings;
use crate::design::CellIx;
use crate::report::flags;
use crate::report::screen::{naming, reason};
use crate::store::Manifest;

/// Places that are named with one caution.
const NAMED: usize = 4;
/// Kinds of failure that are listed.
const MOST_KINDS: usize = 20;

/// Everything that a reader must know, the gravest first.
pub(super) fn all(findings: &Findings<'_>, manifest: &Manifest) -> Vec<Caution> {
    let mut list = failures(findings);
    list.extend(disagreements(findings));
    list.extend(broken(findings));
    list.extend(flagged(findings));
    list.extend(left_out(manifest));
    list.extend(uncommitted(manifest));
    list.extend(changes(manifest));
    list
}

fn caution(word: &str, meaning: String, remedy: &str, places: String) -> Caution {
    Caution { word: word.to_owned(), meaning, remedy: remedy.to_owned(), places }
}

/// The cells, the first by name and the rest by number.
fn places(findings: &Findings<'_>, cells: &[CellIx]) -> String {
    let names: Vec<String> =
        cells.iter().take(NAMED).map(|&cell| naming::place(findings.evidence, cell)).collect();
    let more = match cells.len().saturating_sub(NAMED) {
        0 => String::new(),
        count => format!("; and {count} more"),
    };
    format!("{}{more}", names.join("; "))
}

fn failures(findings: &Findings<'_>) -> Vec<Caution> {
    let mut kinds: Vec<(String, usize, Vec<CellIx>)> = Vec::new();
    let mut unlisted = 0;
    for (row, standing) in findings.evidence.observations.iter().zip(findings.standings.rows()) {
        let differs = standing.note.is_some();
        if !standing.last_attempt || !standing.status.is_failure() || differs {
            continue;
        }
        let why = reason(row, standing.status);
        let cell = row.trial.cell;
        if let Some((_, count, cells)) = kinds.iter_mut().find(|(known, ..)| *known == why) {
            *count += 1;
            if !cells.contains(&cell) {
                cells.push(cell);
            }
        } else if kinds.len() < MOST_KINDS {
            kinds.push((why, 1, vec![cell]));
        } else {
            unlisted += 1;
        }
    }
    let mut list: Vec<Caution> = kinds
        .into_iter()
        .map(|(why, count, cells)| {
            let trials = if count == 1 { "trial" } else { "trials" };
            let remedy = "see what it printed: runner logs";
            caution("failure", format!("{count} {trials}: {why}"), remedy, places(findings, &cells))
        })
        .collect();
    if unlisted > 0 {
        let text = format!("{unlisted} more trials for other reasons, in trials.csv");
        list.push(caution("failure", text, "", String::new()));
    }
    list
}

fn disagreements(findings: &Findings<'_>) -> Vec<Caution> {
    let all = findings.standings.disagreements();
    let one = |found: &crate::analysis::Disagreement| {
        let remedy = "mend the program, or say which answers must agree";
        caution("answers", found.describe(), remedy, naming::heading(findings.evidence, found.cell))
    };
    all.iter().take(MOST_KINDS).map(one).collect()
}

fn broken(findings: &Findings<'_>) -> Vec<Caution> {
    let one = |broken: &crate::analysis::treatment::Broken| {
        let meaning = format!("not as meant: assert {}, and {}", broken.condition, broken.found);
        let remedy = "either the treatment did not take place, or the condition is wrong";
        caution("assert", meaning, remedy, places(findings, &[broken.cell]))
    };
    findings.broken.iter().take(MOST_KINDS).map(one).collect()
}

/// Each flag once, with the cells that have it.
fn flagged(findings: &Findings<'_>) -> Vec<Caution> {
    let cells = findings.summary.cells();
    flags::FLAGS
        .iter()
        .filter_map(|flag| {
            let has = |at: &usize| {
                let cell = CellIx::new(*at);
                let beyond = findings.flags_beyond(cell).iter().copied();
                findings.flags(cell).chain(beyond).any(|word| word == flag.word)
            };
            let found: Vec<CellIx> = (0..cells.len()).filter(has).map(CellIx::new).collect();
            (!found.is_empty()).then(|| {
                caution(flag.word, flag.meaning.to_owned(), flag.remedy, places(findings, &found))
            })
        })
        .collect()
}

/// What was not run, and by whose word.
fn left_out(manifest: &Manifest) -> Vec<Caution> {
    let mut list = Vec::new();
    let only = &manifest.invocation.only;
    if !only.is_empty() {
        let filters: Vec<String> = only.iter().map(|one| format!("--only {one}")).collect();
        let mut text = format!("only a part of the cells was run: {}", filters.join(" "));
        let remedy = match manifest.invocation.only_reason.known() {
            Some(reason) => {
                text.push_str(&format!("; the reason: {reason}"));
                ""
            }
            None => "say why: --reason 'TEXT'",
        };
        list.push(caution("filter", text, remedy, String::new()));
    }
    for count in &manifest.plan.skipped_combinations {
        let text = format!("{} combinations are left out: {}", count.combinations, count.reason);
        list.push(caution("left out", text, "", String::new()));
    }
    for pair in &manifest.plan.skipped_pairs {
        let text = pair.reason.clone();
        list.push(caution("left out", text, "", format!("{} × {}", pair.workload, pair.strategy)));
    }
    list
}

/// Changes that whoever compares revisions might take for measured.
fn uncommitted(manifest: &Manifest) -> Option<Caution> {
    let changed = manifest.experiment.revision.changed.known()?;
    if manifest.revisions.is_empty() || changed.is_empty() {
        return None;
    }
    let text =
        "the working copy had changes that are in no revision, so that they were not measured";
    let mut places = changed.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if let more @ 1.. = changed.len().saturating_sub(NAMED) {
        places.push_str(&format!(" and {more} more"));
    }
    Some(caution("revisions", text.to_owned(), "commit them, and run again", places))
}

/// What had changed when the run was gone on with.
fn changes(manifest: &Manifest) -> Vec<Caution> {
    let mut list = Vec::new();
    for session in &manifest.sessions {
        for change in &session.changes {
            let why = session.accepted.known().map_or("", String::as_str);
            list.push(caution(
                "changed",
                format!(
                    "{}: {} before, {} in session {}",
                    change.what, change.then, change.now, session.number
                ),
                "",
                why.to_owned(),
            ));
        }
    }
    list
}
