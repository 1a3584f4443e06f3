//! What the values of one metric of one cell amount to.

use super::standing::TICK_NS;
use super::summary::SHORT_RUN;
use crate::design::{Better, Objective};
use crate::measure::{MetricColumn, MetricUnit};
use crate::stats::bootstrap::replicates;
use crate::stats::interval::QuantileInterval;
use crate::stats::{
    Interval, IntervalStatus, Outlier, Resampling, Sorted, bca_mean, cv, is_bimodal, lag1,
    mad_outliers, mann_kendall, mean, median_interval, quantile_interval, sd, tukey,
};

/// Fewest values whose order is judged.
const ORDER_N: usize = 10;

/// A trend with a smaller p-value is one.
const TREND_P: f64 = 0.01;

/// The steps of the clock show in the values.
pub const COARSE_TIMER: &str = "coarse_timer";

/// A whole number of ns or bytes has more digits than spreadsheets keep.
pub const BIG_INTEGER: &str = "big_integer";

/// The least of them: 11.6 days, or a petabyte.
const BIG: f64 = 1e15;

/// Fewest values whose ties are counted.
const TIES_N: usize = 6;

/// A larger share of times that equal another one comes from the steps of a clock.
const TIED_SHARE: f64 = 0.3;

/// So few values that the percentile that is compared has no interval.
pub const FEW_FOR_PERCENTILE: &str = "few_for_percentile";

/// Flags that the values of one metric have by themselves; all others are those of the cell.
pub const OF_VALUES: [&str; 8] = [
    "drift",
    "autocorr",
    "outliers",
    "bimodal",
    COARSE_TIMER,
    SHORT_RUN,
    BIG_INTEGER,
    FEW_FOR_PERCENTILE,
];

/// Fewest values whose mean has an interval: with fewer it covers much less than it says.
const MEAN_N: usize = 20;

/// Where the values of a cell lie: the statistic that the experiment compares, and its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Location {
    /// `None` if it is censored, or there are too few values for it.
    pub value: Option<f64>,
    /// Lower end of its exact interval.
    pub lo: Option<f64>,
    /// Upper end; `None` if it is censored, too.
    pub hi: Option<f64>,
    /// Whether there is an interval, or why not.
    pub status: IntervalStatus,
    /// The coverage of the interval.
    pub achieved: Option<f64>,
}

impl Location {
    /// Half the width of the interval over the value.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        let (value, lo, hi) = (self.value?, self.lo?, self.hi?);
        (value != 0.0).then(|| (hi - lo) / 2.0 / value.abs())
    }

    fn of(sample: &Sorted, objective: Objective, conf: f64) -> Self {
        let p = objective.p();
        let value = sample.quantile(p).filter(|value| value.is_finite());
        let value = value.filter(|_| sample.len() >= objective.least().0);
        if objective == Objective::P50 {
            let Interval { status, lo, hi, achieved, .. } = median_interval(sample, conf);
            return Self { value, lo, hi, status, achieved };
        }
        let QuantileInterval { status, lo, hi, achieved, .. } = quantile_interval(sample, p, conf);
        Self { value, lo, hi, status, achieved }
    }
}

/// One metric of one cell. `None` where a statistic is not defined.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricSummary {
    /// Its column in `trials.csv`.
    pub column: String,
    /// Unit of every value.
    pub unit: MetricUnit,
    /// Which direction is better, if either.
    pub better: Option<Better>,
    /// Declared as one that cannot vary within a cell, and all values are equal: repeats of it are
    /// a check and not a sample.
    pub deterministic: bool,
    /// Number of values, censored ones included.
    pub n: usize,
    /// Of those, censored.
    pub n_censored: usize,
    /// Values beyond 1.5 and up to 3 interquartile ranges; `None` for fewer than four values.
    pub n_outlier_mild: Option<usize>,
    /// Values beyond 3 interquartile ranges.
    pub n_outlier_severe: Option<usize>,
    /// `None` if it is censored.
    pub median: Option<f64>,
    /// The interval of the median.
    pub interval: Interval,
    /// The statistic that the experiment compares: the median unless it names another.
    pub location: Location,
    /// Half the interval's width over the median.
    pub rel_half_width: Option<f64>,
    /// Arithmetic mean; of costs only, so `None` where more is better.
    pub mean: Option<f64>,
    /// An approximate interval of the mean, from 20 values on.
    pub mean_interval: Option<(f64, f64)>,
    /// Standard deviation.
    pub sd: Option<f64>,
    /// Coefficient of variation.
    pub cv: Option<f64>,
    /// Raw median absolute deviation.
    pub mad: Option<f64>,
    /// Smallest value.
    pub min: Option<f64>,
    /// Lower quartile.
    pub q1: Option<f64>,
    /// Upper quartile.
    pub q3: Option<f64>,
    /// Largest value; `None` if it is censored.
    pub max: Option<f64>,
    /// 90th percentile, from 10 values on.
    pub p90: Option<f64>,
    /// 95th percentile, from 20 values on.
    pub p95: Option<f64>,
    /// 99th percentile, from 100 values on.
    pub p99: Option<f64>,
    /// The median without mild and severe outliers: how much they matter. Nothing else leaves them
    /// out.
    pub median_no_outliers: Option<f64>,
    /// The p-value of Mann and Kendall's test for a trend over the run.
    pub trend_p: Option<f64>,
    /// The correlation of neighbours in the order of the run.
    pub lag1: Option<f64>,
    /// Units of work per second at the median; for the primary time.
    pub rate: Option<f64>,
    /// Words for what a reader must know, in the order of the schema.
    pub flags: Vec<&'static str>,
}

impl MetricSummary {
    /// Summarises values in the order in which they were measured; `seed` is for the interval of
    /// their mean.
    pub(super) fn new(
        column: &MetricColumn,
        values: &[f64],
        objective: Objective,
        (conf, seed): (f64, u64),
    ) -> Self {
        let MetricColumn { column, unit, better, .. } = column.clone();
        let sample = Sorted::new(values);
        let finite = |value: Option<f64>| value.filter(|x| x.is_finite());
        let from = |n: usize, p: f64| {
            let enough = sample.len() >= n;
            finite(sample.quantile(p)).filter(|_| enough)
        };
        let resolution = if unit == MetricUnit::Nanoseconds { TICK_NS } else { 0.0 };
        let (median, interval) = (finite(sample.median()), median_interval(&sample, conf));
        let mut summary = Self {
            column,
            unit,
            better: None,
            deterministic: false,
            n: sample.len(),
            n_censored: sample.censored(),
            n_outlier_mild: None,
            n_outlier_severe: None,
            median,
            interval,
            location: Location::of(&sample, objective, conf),
            rel_half_width: interval.rel_half_width(median),
            mean: mean(values),
            mean_interval: mean_interval(values, conf, seed),
            sd: sd(values),
            cv: cv(values),
            mad: finite(sample.mad()),
            min: finite(sample.min()),
            q1: from(1, 0.25),
            q3: from(1, 0.75),
            max: finite(sample.max()),
            p90: from(10, 0.9),
            p95: from(20, 0.95),
            p99: from(100, 0.99),
            median_no_outliers: median_no_outliers(&sample),
            trend_p: mann_kendall(values).map(|trend| trend.p),
            lag1: lag1(values),
            rate: None,
            flags: Vec::new(),
        };
        summary.set_better(better);
        if summary.n > 0 && objective != Objective::P50 && summary.n < objective.least().1 {
            summary.flags.push(FEW_FOR_PERCENTILE);
        }
        summary.flag_order();
        summary.flag_ties(&sample);
        let is_big = |value: &f64| value.is_finite() && *value >= BIG;
        if summary.unit.is_integer() && sample.values().iter().any(is_big) {
            summary.flags.push(BIG_INTEGER);
        }
        summary.flag_shape(&sample, resolution);
        summary
    }

    /// A mean of rates would weigh fast trials more than slow ones.
    fn set_better(&mut self, better: Option<Better>) {
        self.better = better;
        if better == Some(Better::Higher) {
            (self.mean, self.mean_interval, self.cv) = (None, None, None);
        }
    }

    /// Values that depend on when they were measured make the interval too narrow.
    fn flag_order(&mut self) {
        if self.n < ORDER_N {
            return;
        }
        if self.trend_p.is_some_and(|p| p < TREND_P) {
            self.flags.push("drift");
        }
        if self.lag1.is_some_and(|lag| lag.abs() > 2.0 / (self.n as f64).sqrt()) {
            self.flags.push("autocorr");
        }
    }

    /// Times that repeat one another: those of a program whose clock is coarse, or CPU times that are
    /// counted in ticks.
    fn flag_ties(&mut self, sample: &Sorted) {
        let known = sample.values().iter().filter(|value| value.is_finite());
        let known: Vec<f64> = known.copied().collect();
        let distinct = known.chunk_by(|a, b| a == b).count();
        let is_time = self.unit == MetricUnit::Nanoseconds && known.len() >= TIES_N;
        if is_time && (known.len() - distinct) as f64 > TIED_SHARE * known.len() as f64 {
            self.flags.push(COARSE_TIMER);
        }
    }

    /// Censored values have a flag of their own and are no outliers.
    fn flag_shape(&mut self, sample: &Sorted, resolution: f64) {
        let known = || sample.values().iter().filter(|value| value.is_finite());
        if is_bimodal(sample, resolution) {
            self.flags.push("bimodal");
        }
        let mut far = mad_outliers(sample, resolution)
            .is_some_and(|rule| known().any(|&value| rule.of(value)));
        if let Some(fences) = tukey(sample) {
            let count = |kind| known().filter(|&&value| fences.of(value) == kind).count();
            let (mild, severe) = (count(Outlier::Mild), count(Outlier::Severe));
            self.n_outlier_mild = Some(mild);
            self.n_outlier_severe = Some(severe);
            far |= mild + severe > 0;
        }
        if far {
            self.flags.push("outliers");
        }
    }
}

fn mean_interval(values: &[f64], conf: f64, seed: u64) -> Option<(f64, f64)> {
    let n = values.len();
    let how = Resampling { replicates: replicates(n, n), seed, conf };
    let found = if n < MEAN_N { None } else { bca_mean(values, &how) };
    found.map(|interval| (interval.lo, interval.hi))
}

fn median_no_outliers(sample: &Sorted) -> Option<f64> {
    let fences = tukey(sample)?;
    // Censored values are no outliers: without them the slowest trials would be gone.
    let is_near = |x: &f64| x.is_infinite() || fences.of(*x) == Outlier::None;
    let near: Vec<f64> = sample.values().iter().copied().filter(is_near).collect();
    Sorted::new(&near).median().filter(|median| median.is_finite())
}

/// How many times as good a cell is as its baseline: the ratio of medians, oriented so that more
/// than 1 is better. `None` if either location is missing or censored, if it would be divided by
/// zero, if a value is negative, or if the metric has no better direction.
#[must_use]
pub fn speedup(baseline: &MetricSummary, candidate: &MetricSummary) -> Option<f64> {
    let (base, own) = (baseline.location.value?, candidate.location.value?);
    let (over, under) = match candidate.better? {
        Better::Lower => (base, own),
        Better::Higher => (own, base),
    };
    let is_negative = |cell: &MetricSummary| cell.min.is_some_and(|least| least < 0.0);
    let defined = under != 0.0 && !is_negative(baseline) && !is_negative(candidate);
    defined.then(|| over / under)
}
