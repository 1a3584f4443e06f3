//! What became of the author's claims: said before everything else, with the evidence of each.

use super::Screen;
use super::naming;
use super::page::{Page, Tone};
use crate::analysis::Judgement;
use crate::analysis::claims::{Ground, InGroup, Link};
use crate::report::sentence;

/// Links that are shown with one claim; those that speak against it come first.
const SHOWN: usize = 6;

/// Writes every claim.
pub fn write(screen: &Screen<'_>, page: &mut Page) {
    let found = screen.findings;
    if !found.claims.findings.is_empty() {
        page.line(&[]);
    }
    for finding in &found.claims.findings {
        let (tone, mark) = look(finding.judgement);
        let text = format!("claim {}: {}", finding.judgement.as_str(), finding.claim.written);
        page.paragraph(tone, mark, &text);
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
        for (group, link) in links.iter().take(SHOWN) {
            let place = place(screen, group);
            page.paragraph(Tone::Plain, "   ", &format!("{place}{}", said(screen, link)));
        }
        match (links.len(), links.len().saturating_sub(SHOWN)) {
            (0, _) => page.paragraph(Tone::Plain, "   ", "no cell of this run is meant"),
            (_, 0) => {}
            (_, more) => {
                page.paragraph(Tone::Faint, "   ", &format!("… {more} more in claims.csv"))
            }
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
fn place(screen: &Screen<'_>, of_group: &InGroup) -> String {
    let evidence = screen.findings.evidence;
    let heading = naming::heading(evidence, of_group.group.first());
    let mut cells = of_group.group.cells.iter().flatten();
    match cells.all(|&cell| naming::heading(evidence, cell) == heading) {
        true => format!("{heading}: "),
        false => String::new(),
    }
}

/// The sentence of the comparison, or why there is none.
fn said(screen: &Screen<'_>, link: &Link) -> String {
    let findings = screen.findings;
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
