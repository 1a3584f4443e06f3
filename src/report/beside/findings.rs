//! Where the runs come to the same verdicts, each by itself, and where they do not.

use super::{SameCell, Seen};
use crate::report::content::{Sentence, class};
use crate::report::screen::versus::Versus;
use crate::report::sentence::Outcome;

/// Cells that are named.
const NAMED: usize = 24;

/// What one run says of a cell against its baseline.
pub(super) struct Verdict {
    /// Which run.
    pub run: usize,
    /// The class of what it says.
    pub outcome: Outcome,
    /// `1.8× faster`.
    words: String,
}

/// The verdicts on one cell, of the runs that compare it.
pub(super) fn verdicts(seen: &Seen<'_>, cell: &SameCell) -> Vec<Verdict> {
    let of_run = |(run, ix): (usize, _)| {
        let findings = seen.sources[run].findings;
        let row = findings.comparisons.of_cell(ix)?;
        let versus = Versus::of(findings, ix);
        let outcome = Outcome::of(row, findings.comparisons.margin);
        versus.has_speedup.then_some(Verdict { run, outcome, words: versus.word })
    };
    cell.known().filter_map(of_run).collect()
}

/// Whether the verdicts of several runs are all of one class.
pub(super) fn agree(verdicts: &[Verdict]) -> bool {
    verdicts.windows(2).all(|pair| class(pair[0].outcome) == class(pair[1].outcome))
}

/// Claims first, then how many comparisons agree, then those that do not.
pub(super) fn sentences(seen: &Seen<'_>) -> Vec<Sentence> {
    let mut list = claims(seen);
    let all: Vec<(&SameCell, Vec<Verdict>)> = seen
        .cells
        .iter()
        .map(|cell| (cell, verdicts(seen, cell)))
        .filter(|(_, verdicts)| verdicts.len() > 1)
        .collect();
    if all.is_empty() {
        return list;
    }
    let differ: Vec<_> = all.iter().filter(|(_, verdicts)| !agree(verdicts)).collect();
    let (count, word) = (all.len(), seen.word());
    let (same, class) = (count - differ.len(), if differ.is_empty() { "same" } else { "open" });
    let text = format!("{same} of {count} comparisons have the same verdict on all {word}.");
    list.push(Sentence { class, text });
    for (cell, verdicts) in differ.iter().take(NAMED) {
        let place = match cell.heading.as_str() {
            "" => cell.label().to_owned(),
            heading => format!("{heading}, {}", cell.label()),
        };
        let said = verdicts.iter().map(|one| (one.run, one.words.as_str()));
        let text = format!("{place}: {}.", by_run(seen, said));
        list.push(Sentence { class: "open", text });
    }
    if differ.len() > NAMED {
        let text = format!("{} more differ; see the tables.", differ.len() - NAMED);
        list.push(Sentence { class: "open", text });
    }
    list
}

/// `1.8× faster on one; can't tell on two`.
fn by_run<'a>(seen: &Seen<'_>, words: impl Iterator<Item = (usize, &'a str)>) -> String {
    let parts = words.map(|(run, word)| format!("{word} on {}", seen.labels[run]));
    parts.collect::<Vec<_>>().join("; ")
}

/// What became of each claim in every run that makes it.
fn claims(seen: &Seen<'_>) -> Vec<Sentence> {
    let mut list: Vec<(&str, Vec<(usize, &'static str)>)> = Vec::new();
    for (run, source) in seen.sources.iter().enumerate() {
        for finding in &source.findings.claims.findings {
            let (written, word) = (finding.claim.written.as_str(), finding.judgement.as_str());
            match list.iter_mut().find(|(known, _)| *known == written) {
                Some((_, words)) => words.push((run, word)),
                None => list.push((written, vec![(run, word)])),
            }
        }
    }
    let sentence = |(written, words): (&str, Vec<(usize, &'static str)>)| {
        let is_one = words.windows(2).all(|pair| pair[0].1 == pair[1].1);
        let class = if is_one { words[0].1 } else { "open" };
        let text = format!("Claim {written}: {}.", by_run(seen, words.into_iter()));
        Sentence { class, text }
    };
    list.into_iter().map(sentence).collect()
}
