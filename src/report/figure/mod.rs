//! Figures of a run as SVG, chosen by what its design asks.
//!
//! Owns what is drawn and what each figure says. Refuses to judge: every estimate is passed in.
//! Lines join points on ordered axes only. The same record gives the same bytes on every machine.

mod axis;
pub(in crate::report) mod beside;
mod course;
mod ecdf;
mod levels;
#[cfg(feature = "png")]
pub mod png;
mod scaling;
mod speedup;
pub mod svg;
mod trials;
pub(crate) mod view;
mod xy;

#[cfg(test)]
mod tests;

use crate::analysis::Findings;
use svg::Drawing;
use view::View;

/// Groups that get figures of their own; the tables have all of them.
const MOST_GROUPS: usize = 24;
/// Groups whose further figures are drawn.
const MOST_FURTHER: usize = 12;

/// What a figure shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All trials of a group.
    Trials,
    /// Ratios to the baseline.
    Speedup,
    /// Rates over workers.
    Scaling,
    /// Medians over one numeric parameter.
    Levels,
    /// Medians over two numeric parameters.
    Map,
    /// Trials in the order in which they ran.
    Course,
    /// Distributions.
    Shares,
    /// Peak memory of a group.
    Memory,
    /// Cells of several runs.
    Beside,
}

impl Kind {
    /// The word in names of files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trials => "trials",
            Self::Speedup => "speedup",
            Self::Scaling => "scaling",
            Self::Levels => "levels",
            Self::Map => "map",
            Self::Course => "course",
            Self::Shares => "shares",
            Self::Memory => "memory",
            Self::Beside => "beside",
        }
    }
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// What it shows.
    pub kind: Kind,
    /// What is seen, as its heading says.
    pub title: String,
    /// What the marks are.
    pub caption: String,
    /// The figure itself.
    pub drawing: Drawing,
}

/// A figure with the name of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// `trials-1`, without the ending.
    pub name: String,
    /// The figure.
    pub figure: Figure,
}

/// Every figure of a run, in the order of a report.
#[must_use]
pub fn all(findings: &Findings<'_>) -> Vec<Named> {
    let view = View::new(findings);
    let groups = || view.groups.iter().take(MOST_GROUPS);
    let further = || view.groups.iter().take(MOST_FURTHER);
    let mut figures: Vec<Figure> = Vec::new();
    figures.extend(speedup::draw(&view));
    figures.extend(scaling::draw(&view));
    figures.extend(levels::draw(&view));
    figures.extend(groups().filter_map(|one| trials::draw(&view, one, &one.column, Kind::Trials)));
    figures.extend(further().filter_map(|group| ecdf::draw(&view, group)));
    figures.extend(course::draw(&view));
    let memory = |group| trials::draw(&view, group, "max_rss_bytes", Kind::Memory);
    figures.extend(further().filter_map(memory));
    named(figures)
}

/// Counts the figures of each kind.
pub(super) fn named(figures: Vec<Figure>) -> Vec<Named> {
    let mut counts: Vec<(Kind, usize)> = Vec::new();
    let mut number = |kind: Kind| match counts.iter_mut().find(|(known, _)| *known == kind) {
        Some((_, count)) => {
            *count += 1;
            *count
        }
        None => {
            counts.push((kind, 1));
            1
        }
    };
    figures
        .into_iter()
        .map(|figure| {
            let name = format!("{}-{}", figure.kind.as_str(), number(figure.kind));
            Named { name, figure }
        })
        .collect()
}
