//! Everything that follows from a run's observations, in the order in which one thing follows from
//! another. A run that has just ended and one that is read again go through the same function.

use super::scaling::{self, Series};
use super::totals::{self, Total};
use super::treatment::{self, Broken};
use super::{Baselines, Claims, Comparisons, Evidence, Standings, Summary};

/// What a run came to.
#[derive(Debug)]
pub struct Findings<'a> {
    /// The run.
    pub evidence: Evidence<'a>,
    /// Which rows count.
    pub standings: Standings,
    /// What the cells amount to.
    pub summary: Summary,
    /// Conditions on treatments that do not hold.
    pub broken: Vec<Broken>,
    /// What the cells are compared with.
    pub baselines: Baselines,
    /// What these comparisons came to.
    pub comparisons: Comparisons,
    /// One figure over everything, where the experiment asks for it.
    pub totals: Vec<Total>,
    /// What became of the author's claims.
    pub claims: Claims<'a>,
    /// Series over the number of workers, with the curves that were fitted to them.
    pub series: Vec<Series>,
}

impl<'a> Findings<'a> {
    /// Judges every row, then every cell, then every comparison.
    #[must_use]
    pub fn of(evidence: Evidence<'a>) -> Self {
        let mut standings = Standings::of(evidence);
        let mut summary = Summary::of(evidence, &standings);
        let broken = treatment::broken(evidence, &summary);
        summary.flag_broken(&broken);
        standings.note_broken(evidence.observations, &broken);
        let baselines = Baselines::of(evidence.experiment, evidence.matrix);
        let comparisons = Comparisons::of(evidence, &standings, &summary, &baselines);
        let claims = Claims::of(evidence, (&standings, &summary), &baselines, &comparisons);
        let totals = totals::totals(evidence, (&standings, &summary), &comparisons);
        let series = scaling::series(evidence, (&standings, &summary), &comparisons);
        Self {
            evidence,
            standings,
            summary,
            broken,
            baselines,
            comparisons,
            totals,
            claims,
            series,
        }
    }
}
