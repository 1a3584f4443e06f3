//! The steady state of a series of iterations: where warm-up ends, if it ends.
//!
//! Changes of mean or variance are found by optimal partitioning with pruning (PELT, Killick et
//! al. 2012) under a Gaussian cost, as Barrett et al. (2017) do; segments are then merged backwards
//! from the last one. The thresholds are heuristics.

use super::moments::mean;
use super::sorted::Sorted;

/// Fewest iterations that are judged.
const MIN_N: usize = 40;

/// Fewest iterations of a segment.
const MIN_SEGMENT: usize = 5;

/// A standard deviation below this share of the mean is this: constant segments cost a finite
/// amount, in whatever unit the series is.
const LEAST_DEVIATION: f64 = 1e-8;

/// Most places at which changes are looked for; longer series have a grid of them.
const PLACES: usize = 5000;

/// A start that loses by more than this can never win again.
const LOST: f64 = 1e-6;

/// Half the width of the window in which outliers are looked for.
const HALF_WINDOW: usize = 10;

/// Segments whose means differ by less than this share of the fastest are one level.
const TOLERANCE: f64 = 0.01;

/// What a series of iterations does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SteadyClass {
    /// One level throughout.
    Flat,
    /// Slower at first.
    Warmup,
    /// Faster at first.
    Slowdown,
    /// The last level starts in the final quarter.
    NoSteadyState,
    /// Fewer than 40 iterations.
    NotAssessed,
    /// Of a cell: some trials flat, others with a warm-up.
    GoodInconsistent,
    /// Of a cell: trials differ in another way.
    BadInconsistent,
}

impl SteadyClass {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Warmup => "warmup",
            Self::Slowdown => "slowdown",
            Self::NoSteadyState => "no_steady_state",
            Self::NotAssessed => "not_assessed",
            Self::GoodInconsistent => "good_inconsistent",
            Self::BadInconsistent => "bad_inconsistent",
        }
    }
}

/// The judgement of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Steady {
    /// What it does.
    pub class: SteadyClass,
    /// Where segments after the first begin, from 0.
    pub changepoints: Vec<usize>,
    /// Mean of each segment without outliers, in the series' unit.
    pub segment_means: Vec<f64>,
    /// Iterations that were left out of the segmentation, and of nothing else.
    pub outliers: Vec<usize>,
    /// The first steady iteration, from 0.
    pub steady_from: Option<usize>,
}

impl Steady {
    /// The one value the series contributes: the median from the first steady iteration on; of the
    /// final quarter if there is no steady state; of everything if it is not assessed. `None` for
    /// an empty series.
    #[must_use]
    pub fn value(&self, series: &[f64]) -> Option<f64> {
        Sorted::new(&series[self.counts_from(series.len())..]).median()
    }

    /// The first of the `n` iterations that this value is made of, from 0.
    #[must_use]
    pub fn counts_from(&self, n: usize) -> usize {
        match self.class {
            SteadyClass::NoSteadyState => n - tail(n),
            _ => self.steady_from.unwrap_or(0),
        }
    }
}

/// Iterations in the final quarter.
fn tail(n: usize) -> usize {
    n.div_ceil(4)
}

/// Judges the iterations of one trial, in the order in which they ran.
#[must_use]
pub fn steady_state(series: &[f64]) -> Steady {
    let n = series.len();
    if n < MIN_N {
        return Steady {
            class: SteadyClass::NotAssessed,
            changepoints: Vec::new(),
            segment_means: Vec::new(),
            outliers: Vec::new(),
            steady_from: None,
        };
    }
    let outliers = window_outliers(series);
    let kept: Vec<usize> = (0..n).filter(|at| outliers.binary_search(at).is_err()).collect();
    let values: Vec<f64> = kept.iter().map(|&at| series[at]).collect();
    let changes = changepoints(&values);
    let segment_means: Vec<f64> = bounds(&changes, values.len())
        .windows(2)
        .map(|ends| mean(&values[ends[0]..ends[1]]).expect("a segment has finite values"))
        .collect();
    let changepoints: Vec<usize> = changes.iter().map(|&at| kept[at]).collect();
    let (class, steady_from) = classify(&segment_means, &bounds(&changepoints, n));
    Steady { class, changepoints, segment_means, outliers, steady_from }
}

fn bounds(changes: &[usize], n: usize) -> Vec<usize> {
    [&[0], changes, &[n]].concat()
}

/// The class and the first steady iteration of segments with these means between these bounds.
fn classify(means: &[f64], bounds: &[usize]) -> (SteadyClass, Option<usize>) {
    let (n, last) = (bounds[bounds.len() - 1], means[means.len() - 1]);
    let fastest = means.iter().copied().fold(f64::INFINITY, f64::min);
    let tolerance = TOLERANCE * fastest;
    let same = means.iter().rev().take_while(|mean| (**mean - last).abs() <= tolerance).count();
    let earlier = means.len() - same;
    let start = bounds[earlier];
    if earlier == 0 {
        (SteadyClass::Flat, Some(start))
    } else if start > n - tail(n) {
        (SteadyClass::NoSteadyState, None)
    } else if means[..earlier].iter().any(|mean| *mean < last - tolerance) {
        (SteadyClass::Slowdown, Some(start))
    } else {
        (SteadyClass::Warmup, Some(start))
    }
}

/// Iterations outside median ± 3·(p90 − p10) of the window around them. The first half window is
/// never flagged: it may be a warm-up.
fn window_outliers(series: &[f64]) -> Vec<usize> {
    let outside = |&at: &usize| {
        let window = &series[at - HALF_WINDOW..series.len().min(at + HALF_WINDOW)];
        let window = Sorted::new(window);
        let at_share = |p| window.quantile(p).expect("the window has values");
        let (middle, band) = (at_share(0.5), 3.0 * (at_share(0.9) - at_share(0.1)));
        series[at] > middle + band || series[at] < middle - band
    };
    (HALF_WINDOW..series.len()).filter(outside).collect()
}

/// Where the segments after the first begin: the partition with the least cost Σ m·ln(variance)
/// plus 15·ln n for each change. Up to 5000 values the partition is the best one; in a longer series
/// changes are looked for at 5000 places, evenly apart.
#[must_use]
pub fn changepoints(values: &[f64]) -> Vec<usize> {
    partition(values, true)
}

/// Where a last segment may begin.
struct Start {
    at: usize,
    /// The end from which on it cannot win any more.
    gone: usize,
    /// The cost of the partition with that last segment up to the present end.
    cost: f64,
}

/// The best partition, with or without leaving out starts that cannot win any more.
pub(super) fn partition(values: &[f64], prune: bool) -> Vec<usize> {
    let n = values.len();
    let penalty = 15.0 * libm::log(n as f64);
    let cost = Cost::new(values);
    // `best[end]` is the least cost of the values before `end`; `from[end]` is where the last
    // segment of that partition begins.
    let mut best = vec![f64::INFINITY; n + 1];
    let mut from = vec![0; n + 1];
    best[0] = -penalty;
    let step = n.div_ceil(PLACES).max(1);
    let mut coming = (0..n).step_by(step).peekable();
    let mut starts: Vec<Start> = Vec::new();
    for end in (step..n).step_by(step).chain([n]).filter(|&end| end >= MIN_SEGMENT) {
        while let Some(start) = coming.next_if(|start| start + MIN_SEGMENT <= end) {
            if best[start].is_finite() {
                starts.push(Start { at: start, gone: usize::MAX, cost: 0.0 });
            }
        }
        starts.retain(|start| !prune || start.gone > end);
        for start in &mut starts {
            start.cost = best[start.at] + cost.of(start.at, end);
            let total = start.cost + penalty;
            if total < best[end] {
                (best[end], from[end]) = (total, start.at);
            }
        }
        // What loses to a partition that ends here loses to it for ever, as soon as a segment can
        // begin here: cutting a segment in two never adds to the cost.
        for start in starts.iter_mut().filter(|start| start.cost > best[end] + LOST) {
            start.gone = start.gone.min(end + MIN_SEGMENT);
        }
    }
    let mut changes = Vec::new();
    let mut end = from[n];
    while end > 0 {
        changes.push(end);
        end = from[end];
    }
    changes.reverse();
    changes
}

/// Sums from the start of a series, from which the cost of any segment follows.
struct Cost {
    /// Sum and sum of squares of the deviations from the series' mean, before each value.
    before: Vec<(f64, f64)>,
    least: f64,
}

impl Cost {
    fn new(values: &[f64]) -> Self {
        let centre = mean(values).unwrap_or(0.0);
        let mut total = (0.0, 0.0);
        let mut before = vec![total];
        for value in values {
            let deviation = value - centre;
            total = (total.0 + deviation, total.1 + deviation * deviation);
            before.push(total);
        }
        let deviation = LEAST_DEVIATION * centre;
        Self { before, least: (deviation * deviation).max(f64::MIN_POSITIVE) }
    }

    fn of(&self, start: usize, end: usize) -> f64 {
        let n = (end - start) as f64;
        let (from, to) = (self.before[start], self.before[end]);
        let (sum, squares) = (to.0 - from.0, to.1 - from.1);
        let variance = (squares - sum * sum / n) / n;
        n * libm::log(variance.max(self.least))
    }
}

/// The class of a cell from those of its trials; `None` if there are none.
#[must_use]
pub fn cell_class(trials: &[SteadyClass]) -> Option<SteadyClass> {
    let first = *trials.first()?;
    if trials.iter().all(|class| *class == first) {
        return Some(first);
    }
    let good = |class: &SteadyClass| matches!(class, SteadyClass::Flat | SteadyClass::Warmup);
    Some(if trials.iter().all(good) {
        SteadyClass::GoodInconsistent
    } else {
        SteadyClass::BadInconsistent
    })
}
