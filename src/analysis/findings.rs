//! Everything that follows from a run's observations, in the order in which one thing follows from
//! another. A run that has just ended and one that is read again go through the same function.

use super::compare::{NOT_INTERLEAVED, UNEQUAL_WORK, compared_column};
use super::effect::OUTLIER_SENSITIVE;
use super::metric::{MetricSummary, OF_VALUES};
use super::scaling::{self, SUPERLINEAR, Series};
use super::totals::{self, Total};
use super::treatment::{self, Broken};
use super::{Baselines, Claims, Comparisons, Evidence, Standings, Summary};
use crate::design::CellIx;

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
    /// By cell.
    beyond: Vec<Vec<&'static str>>,
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
        let beyond = beyond(evidence.matrix.len(), &comparisons, &series);
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
            beyond,
        }
    }

    /// The metric in which a cell is compared.
    #[must_use]
    pub fn compared(&self, cell: CellIx) -> &MetricSummary {
        let workload = self.evidence.matrix.cell(cell).workload;
        let column = compared_column(self.evidence.experiment, workload);
        let summary = self.summary.cell(cell);
        summary.metric(&column).unwrap_or_else(|| summary.time())
    }

    /// Flags of a cell: those of the values that are compared, and what holds of its trials
    /// whatever is compared.
    pub fn flags(&self, cell: CellIx) -> impl Iterator<Item = &'static str> {
        let compared = self.compared(cell).flags.iter();
        let of_trials = self.summary.cell(cell).time().flags.iter();
        let more = of_trials.filter(|flag| !OF_VALUES.contains(flag));
        compared.chain(more).copied()
    }

    /// Flags that a cell has by its comparison with its baseline or by its place in a series, not
    /// by itself.
    #[must_use]
    pub fn flags_beyond(&self, cell: CellIx) -> &[&'static str] {
        &self.beyond[cell.index()]
    }
}

fn beyond(cells: usize, comparisons: &Comparisons, series: &[Series]) -> Vec<Vec<&'static str>> {
    let compared = |at: usize| {
        let row = comparisons.of_cell(CellIx::new(at));
        let has = |flag: &&str| row.is_some_and(|row| row.flags.contains(flag));
        [OUTLIER_SENSITIVE, NOT_INTERLEAVED, UNEQUAL_WORK].into_iter().filter(has).collect()
    };
    let mut of_cells: Vec<Vec<&'static str>> = (0..cells).map(compared).collect();
    let points = series.iter().flat_map(|series| &series.points);
    for point in points.filter(|point| point.is_superlinear) {
        of_cells[point.cell.index()].push(SUPERLINEAR);
    }
    of_cells
}
