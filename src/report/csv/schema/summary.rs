//! `summary.csv`: one row per cell and metric.

use super::{Column, Part, Table, boolean, integer, number, text};

/// One row per cell and metric.
pub const SUMMARY: Table = Table {
    file: "summary.csv",
    about: "Statistics: one row per cell and metric",
    key: &["run_id", "cell_id", "metric"],
    params_in_key: false,
    parts: &[Part::Fixed(IDENTITY), Part::Parameters, Part::Fixed(STATISTICS)],
};

const IDENTITY: &[Column] = &[
    text("run_id", "the run"),
    text("cell_id", "the cell, as in `trials.csv`"),
    text("workload", "what was done"),
    text("strategy", "how it was carried out"),
    integer("workers", "1", "threads or processes that shared the work"),
];

const STATISTICS: &[Column] = &[
    text("metric", "column of `trials.csv`"),
    text("unit", "unit of the values in this row"),
    text("better", "`lower`, `higher` or empty"),
    boolean(
        "deterministic",
        "`true`: the metric is declared `deterministic`, and all values of the cell are equal",
    ),
    integer(
        "n_scheduled",
        "1",
        "planned repeats; with `[protocol.adaptive]` those that were needed",
    ),
    integer("n_used", "1", "values used, timeouts included: they are longer than anything seen"),
    integer("n_timeout", "1", "timeouts among them"),
    integer("n_failed", "1", "failures"),
    integer("n_warmup", "1", "warm-ups"),
    integer("n_outlier_mild", "1", "mild outliers, flagged and still used"),
    integer("n_outlier_severe", "1", "severe outliers, flagged and still used"),
    number("median", "`unit`", "the median; empty if timeouts hide it"),
    number("ci_lo", "`unit`", "lower end of its exact interval from order statistics"),
    number("ci_hi", "`unit`", "upper end of its exact interval from order statistics"),
    number("ci_level", "1", "level asked for"),
    number("ci_achieved", "1", "coverage of the interval"),
    text(
        "ci_status",
        "`ok`, or why there is no interval: `n_too_small`, `unbounded` (its upper end is hidden by timeouts), `censored` (and so is the median), `deterministic` (there is nothing to estimate), `empty`",
    ),
    number("rel_half_width", "1", "half the interval over the size of the median"),
    number("mean", "`unit`", "mean; empty with timeouts"),
    number(
        "mean_ci_lo",
        "`unit`",
        "lower end of the approximate interval of the mean (BCa bootstrap), from 20 values on",
    ),
    number("mean_ci_hi", "`unit`", "upper end of the approximate interval of the mean"),
    number("sd", "`unit`", "standard deviation"),
    number("cv", "1", "standard deviation over the mean"),
    number("mad", "`unit`", "median absolute deviation"),
    number("min", "`unit`", "smallest value"),
    number("q1", "`unit`", "lower quartile"),
    number("q3", "`unit`", "upper quartile"),
    number("max", "`unit`", "largest value"),
    number("p90", "`unit`", "90th percentile, from 10 values on"),
    number("p95", "`unit`", "95th percentile, from 20 values on"),
    number("p99", "`unit`", "99th percentile, from 100 values on"),
    number(
        "median_no_outliers",
        "`unit`",
        "median without flagged outliers, to see how much they matter; nothing else leaves them out",
    ),
    number("trend_p", "1", "p of Mann and Kendall's test for a trend over the run"),
    number("lag1", "1", "correlation of neighbours in the order of the run"),
    text(
        "steady_class",
        "of the primary time, when trials have several iterations: the class of all trials; `good_inconsistent` if some are flat and others warm up, `bad_inconsistent` for any other mix",
    ),
    number(
        "icc",
        "1",
        "share of the variance of iterations that lies between trials; near 1, more iterations will not help",
    ),
    number("rate", "`rate_unit`", "work over the median time"),
    text("rate_unit", "unit of the rate"),
    text(
        "stop_reason",
        "why no more repeats were run: `fixed_n` (all that were planned), `target_met`, `max_trials` or `time_budget` (with `[protocol.adaptive]`), `interrupted`, `failure_limit`, `skipped`",
    ),
    text(
        "flags",
        "cautions: `drift` (a trend over the run, p below 0.01), `autocorr` (neighbours are correlated), from 10 values on; `outliers`, `bimodal`, `failures`, `assert_failed` (a condition on the treatment does not hold), those of its used trials (`shared_machine`, `throttled`, …), …",
    ),
];
