//! What became of the author's claims: said before everything else, with the evidence of each.

use super::Screen;
use super::naming::Naming;
use super::page::{Page, Tone};
use crate::analysis::claims::{Ground, InGroup, Link};
use crate::analysis::{Findings, Judgement};
use crate::report::sentence;

/// Links that are shown with one claim; those that speak against it come first.
const SHOWN: usize = 6;

/// A claim in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What the data say of it.
    pub judgement: Judgement,
    /// `claim supported: multicore < normal`.
    pub text: String,
    /// A sentence for each comparison behind it; what speaks against it comes first.
    pub evidence: Vec<String>,
    /// Comparisons that are not among them.
    pub more: usize,
}

/// Every claim in the order of the file, with so many sentences at most behind each.
#[must_use]
pub fn told(findings: &Findings<'_>, most: usize) -> Vec<Told> {
    let naming = Naming::new(findings.evidence);
    let one = |finding: &crate::analysis::claims::Finding<'_>| {
        let mut links: Vec<(&InGroup, &Link)> = finding
            .groups
            .iter()
            .flat_map(|group| group.links.iter().map(move |link| (group, link)))
            .collect();
        let rank = |judgement| match judgement {
            Judgement::Contradicted => 0,
            Judgement::Undecided => 1,
            Judgement::Supported => 2,
        };
        links.sort_by_key(|(_, link)| rank(link.judgement));
        let mut evidence: Vec<String> = links
            .iter()
            .take(most)
            .map(|(group, link)| format!("{}{}", place(&naming, group), said(findings, link)))
            .collect();
        if links.is_empty() {
            evidence.push("no cell of this run is meant".to_owned());
        }
        Told {
            judgement: finding.judgement,
            text: format!("claim {}: {}", finding.judgement.as_str(), finding.claim.written),
            evidence,
            more: links.len().saturating_sub(most),
        }
    };
    findings.claims.findings.iter().map(one).collect()
}

/// Writes every claim.
pub fn write(screen: &Screen<'_>, page: &mut Page) {
    let all = told(screen.findings, SHOWN);
    if !all.is_empty() {
        page.line(&[]);
    }
    for claim in &all {
        let (tone, mark) = look(claim.judgement);
        page.paragraph(tone, mark, &claim.text);
        for sentence in &claim.evidence {
            page.paragraph(Tone::Plain, "   ", sentence);
        }
        if claim.more > 0 {
            page.paragraph(Tone::Faint, "   ", &format!("… {} more in claims.csv", claim.more));
        }
    }
}

fn look(judgement: Judgement) -> (Tone, &'static str) {
    match judgement {
        Judgement::Supported => (Tone::Good, "✔"),
        Judgement::Contradicted => (Tone::Bad, "✘"),
        Judgement::Undecided => (Tone::Caution, "?"),
    }
}

/// In which of the groups. Where names are given in full, they say it themselves.
fn place(naming: &Naming<'_>, of_group: &InGroup) -> String {
    let heading = naming.heading(of_group.group.first());
    let mut cells = of_group.group.cells.iter().flatten();
    match !heading.is_empty() && cells.all(|&cell| naming.heading(cell) == heading) {
        true => format!("{heading}: "),
        false => String::new(),
    }
}

/// The sentence of the comparison, or why there is none.
fn said(findings: &Findings<'_>, link: &Link) -> String {
    match (&link.comparison, link.ground) {
        (Some(row), Ground::Interval) => {
            let is_inverse = link.ratio != row.speedup.estimate;
            sentence::ratio(findings.evidence, &findings.comparisons, row, is_inverse)
                .unwrap_or_default()
        }
        (Some(row), _) => sentence::of(findings.evidence, &findings.comparisons, row),
        (None, Ground::NoCell) => format!("{}: a name has no single cell here", link.written),
        (None, _) => format!("{}: there is nothing to compare it with here", link.written),
    }
}
