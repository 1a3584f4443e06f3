//! How the work done per time follows the number of workers: cells that differ in nothing else
//! are a series, with the speedup of each point over one worker and the curves through all.
//!
//! The rate of a cell is its work over its median time. Owns which cells form a series and what
//! is published of a fit; refuses to draw, and to explain: curves describe.

use std::collections::HashMap;
use std::fmt::Write;

use super::{Comparisons, Evidence, Standings, Summary};
use crate::design::{Cell, CellIx, Matrix, Scaling};
use crate::stats::scaling::{is_superlinear, select};
use crate::stats::{Fit, FitStatus, Model, fit_scaling, gustafson_serial, karp_flatt};

#[cfg(test)]
mod tests;

/// Fewest distinct numbers of workers, one among them, that a serial share of weak scaling is
/// published for: the point of one worker lies on every such line.
const GUSTAFSON_LEVELS: usize = 3;

/// The flag of a point that is faster than its workers explain.
pub const SUPERLINEAR: &str = "superlinear";

/// One number of workers in a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The cell.
    pub cell: CellIx,
    /// Its workers.
    pub workers: u32,
    /// Work per second; `None` if the median time is censored or missing.
    pub rate: Option<f64>,
    /// The rate over that of one worker; with weak scaling this is the scaled speedup. `None`
    /// without a rate of one worker.
    pub speedup: Option<f64>,
    /// Its interval: that of the ratio of the median times, by the weight of the work. Its upper end
    /// may be `+∞`. `None` of one worker itself, and for too few values.
    pub interval: Option<(f64, f64)>,
    /// Speedup over workers.
    pub efficiency: Option<f64>,
    /// The serial share of Karp and Flatt; of the same work on more workers only.
    pub karp_flatt: Option<f64>,
    /// Whether the whole interval of the speedup lies above the workers.
    pub is_superlinear: bool,
}

/// A curve through the points of a series.
#[derive(Clone, Debug, PartialEq)]
pub enum Curve {
    /// A law of strong scaling, and its fit if one may be published.
    Law(Model, Option<Fit>),
    /// Gustafson's law of weak scaling: its serial share and the rate of one worker.
    Gustafson(Option<(f64, f64)>),
}

/// A curve and what may be said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Modelled {
    /// The curve.
    pub curve: Curve,
    /// Whether it may be published, or what a reader must know.
    pub status: FitStatus,
    /// Whether it is the one to believe.
    pub is_selected: bool,
}

impl Modelled {
    /// The fit of a law.
    #[must_use]
    pub fn fit(&self) -> Option<&Fit> {
        match &self.curve {
            Curve::Law(_, fit) => fit.as_ref(),
            Curve::Gustafson(_) => None,
        }
    }

    /// The word in files.
    #[must_use]
    pub fn model(&self) -> &'static str {
        match &self.curve {
            Curve::Law(model, _) => model.as_str(),
            Curve::Gustafson(_) => "gustafson",
        }
    }
}

/// Cells of one workload, strategy and levels that differ in their workers.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// `s001`, in the order of the first cells.
    pub id: String,
    /// Whether the work grows with the workers.
    pub is_weak: bool,
    /// What rates count per second.
    pub rate_unit: &'static str,
    /// By workers, two at least.
    pub points: Vec<Point>,
    /// Distinct numbers of workers with a rate.
    pub n_levels: usize,
    /// The curves, the simplest first.
    pub models: Vec<Modelled>,
}

impl Series {
    /// The largest number of workers with a rate.
    #[must_use]
    pub fn most_workers(&self) -> Option<u32> {
        self.points.iter().filter(|point| point.rate.is_some()).map(|point| point.workers).max()
    }
}

/// Every series of a run with at least two numbers of workers.
#[must_use]
pub fn series(
    evidence: Evidence<'_>,
    (standings, summary): (&Standings, &Summary),
    comparisons: &Comparisons,
) -> Vec<Series> {
    let workers = |cell: CellIx| evidence.matrix.cell(cell).workers;
    let several = |cells: &Vec<CellIx>| cells.iter().any(|&ix| workers(ix) != workers(cells[0]));
    let groups: Vec<Vec<CellIx>> = groups(evidence.matrix).into_iter().filter(several).collect();
    let pairs: Vec<[CellIx; 2]> = groups
        .iter()
        .flat_map(|cells| {
            let base = cells.iter().copied().find(|&cell| workers(cell) == 1);
            let others = cells.iter().copied().filter(move |cell| Some(*cell) != base);
            others.filter_map(move |own| Some([base?, own]))
        })
        .collect();
    let found = comparisons.time_ratios(evidence, (standings, summary), &pairs);
    let ratios: Ratios =
        pairs.iter().zip(found).filter_map(|([_, own], found)| Some((*own, found?))).collect();
    let one = |(at, cells): (usize, &Vec<CellIx>)| {
        one((evidence, summary), format!("s{:03}", at + 1), cells, &ratios)
    };
    groups.iter().enumerate().map(one).collect()
}

/// By cell: the interval of the time of one worker over its own.
type Ratios = HashMap<CellIx, (f64, f64)>;

/// Cells that differ in nothing but workers, sorted by them.
fn groups(matrix: &Matrix) -> Vec<Vec<CellIx>> {
    let mut index: HashMap<(usize, usize, String), usize> = HashMap::new();
    let mut groups: Vec<Vec<CellIx>> = Vec::new();
    for (at, cell) in matrix.cells().iter().enumerate() {
        let next = groups.len();
        let key = (cell.workload, cell.strategy, levels(matrix, cell));
        let group = *index.entry(key).or_insert(next);
        if group == next {
            groups.push(Vec::new());
        }
        groups[group].push(CellIx::new(at));
    }
    for group in &mut groups {
        group.sort_by_key(|&ix| matrix.cell(ix).workers);
    }
    groups
}

/// The levels that tell series apart. What is calculated follows from these and the workers.
fn levels(matrix: &Matrix, cell: &Cell) -> String {
    let mut key = String::new();
    for axis in matrix.axes(cell).iter().filter(|axis| !axis.is_derived) {
        let level = matrix.level(cell, axis.name.as_str());
        write!(key, "{level:?} ").expect("writing to a String cannot fail");
    }
    key
}

fn one(
    (evidence, summary): (Evidence<'_>, &Summary),
    id: String,
    cells: &[CellIx],
    ratios: &Ratios,
) -> Series {
    let workload = evidence.matrix.cell(cells[0]).workload;
    let is_weak = evidence.experiment.workloads[workload].scaling == Scaling::Weak;
    let counts_units = cells.iter().any(|&cell| summary.cell(cell).time().rate.is_some());
    let rate_unit = match (counts_units, is_weak) {
        (true, _) => "units/s",
        (false, true) => "tasks/s",
        (false, false) => "trials/s",
    };
    let mut points: Vec<Point> = cells
        .iter()
        .map(|&ix| {
            let cell = evidence.matrix.cell(ix);
            let time = summary.cell(ix).time();
            // Without a count of the work: the same in each trial, or one share for each task.
            let work = if is_weak { f64::from(cell.tasks) } else { 1.0 };
            let of_time = time.median.filter(|&median| median > 0.0).map(|ns| work / ns * 1e9);
            let rate = if counts_units { time.rate } else { of_time };
            Point {
                cell: ix,
                workers: cell.workers,
                rate,
                speedup: None,
                interval: None,
                efficiency: None,
                karp_flatt: None,
                is_superlinear: false,
            }
        })
        .collect();
    let one = points.iter().find(|point| point.workers == 1).map(|point| (point.cell, point.rate));
    let base = one.and_then(|(_, rate)| rate);
    for point in &mut points {
        if let (Some((one, Some(base))), Some(rate)) = (one, point.rate) {
            let of_times = ratios.get(&point.cell).copied();
            let medians = [one, point.cell].map(|cell| summary.cell(cell).time().median);
            point.compare([base, rate], medians, of_times, is_weak);
        }
    }
    let rated: Vec<(f64, f64)> =
        points.iter().filter_map(|p| Some((f64::from(p.workers), p.rate?))).collect();
    let (workers, rates): (Vec<f64>, Vec<f64>) = rated.into_iter().unzip();
    let mut distinct = workers.clone();
    distinct.dedup();
    let n_levels = distinct.len();
    let exceeds = points.iter().any(|point| point.is_superlinear);
    let models = match (is_weak, base) {
        (false, _) => laws(&workers, &rates, exceeds),
        (true, base) => vec![gustafson((&workers, &rates), base, n_levels, exceeds)],
    };
    Series { id, is_weak, rate_unit, points, n_levels, models }
}

impl Point {
    /// Its rate against that of one worker, which stands first in each pair.
    fn compare(
        &mut self,
        [base, rate]: [f64; 2],
        medians: [Option<f64>; 2],
        of_times: Option<(f64, f64)>,
        is_weak: bool,
    ) {
        let workers = f64::from(self.workers);
        let speedup = rate / base;
        self.speedup = Some(speedup);
        self.efficiency = Some(speedup / workers);
        self.karp_flatt = karp_flatt(speedup, workers).filter(|_| !is_weak);
        if let ([Some(one), Some(own)], Some((lo, hi))) = (medians, of_times) {
            // How much more work it did. Of equal work the interval is that of the times, not
            // their rounding.
            let weight = speedup * own / one;
            let weight = if (weight - 1.0).abs() < 1e-9 { 1.0 } else { weight };
            self.interval = Some((lo * weight, hi * weight));
            self.is_superlinear = is_superlinear(workers, lo * weight);
        }
    }
}

/// Amdahl's law and the universal scalability law.
fn laws(workers: &[f64], rates: &[f64], exceeds: bool) -> Vec<Modelled> {
    let fitted = [Model::Amdahl, Model::Usl].map(|model| {
        let fit = fit_scaling(model, workers, rates);
        let status =
            fit.as_ref().map_or(FitStatus::TooFewLevels, |fit| fit.status(workers, exceeds));
        // What has too few levels is not shown at all.
        (model, fit.filter(|_| status != FitStatus::TooFewLevels), status)
    });
    let sound = |at: usize| {
        let (_, fit, status) = &fitted[at];
        fit.as_ref().filter(|_| *status != FitStatus::NoConvergence)
    };
    let selected = match (sound(0), sound(1)) {
        (Some(amdahl), Some(usl)) => Some(select(amdahl, usl)),
        (Some(fit), None) | (None, Some(fit)) => Some(fit.model),
        (None, None) => None,
    };
    let modelled = fitted.map(|(model, fit, status)| Modelled {
        curve: Curve::Law(model, fit),
        status,
        is_selected: selected == Some(model),
    });
    modelled.into()
}

fn gustafson(
    (workers, rates): (&[f64], &[f64]),
    base: Option<f64>,
    n_levels: usize,
    exceeds: bool,
) -> Modelled {
    let share = base.filter(|_| n_levels >= GUSTAFSON_LEVELS).and_then(|base| {
        let speedups: Vec<f64> = rates.iter().map(|rate| rate / base).collect();
        Some((gustafson_serial(workers, &speedups)?, base))
    });
    let status = match share {
        None => FitStatus::TooFewLevels,
        Some(_) if exceeds => FitStatus::Superlinear,
        Some(_) => FitStatus::Ok,
    };
    Modelled { curve: Curve::Gustafson(share), status, is_selected: share.is_some() }
}
