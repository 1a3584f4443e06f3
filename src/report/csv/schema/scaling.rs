//! `scaling.csv` and `scaling_points.csv`: curves over the number of workers.

use super::{Column, Part, Table, boolean, integer, number, text};

/// One row per series and model.
pub const MODELS: Table = Table {
    file: "scaling.csv",
    about: "Curves over the number of workers: one row per series and model",
    key: &["run_id", "series_id", "model"],
    params_in_key: false,
    parts: &[Part::Fixed(SERIES), Part::Parameters, Part::Fixed(MODEL)],
};

const SERIES: &[Column] = &[
    text("run_id", "the run"),
    text("series_id", "`s001` in the order of the cells"),
    text("workload", "what was done"),
    text("strategy", "how it was carried out"),
    text("workers", "every number of workers, with spaces between"),
];

const MODEL: &[Column] = &[
    text("scaling", "`strong`: the same work; `weak`: work in proportion to the workers"),
    text(
        "model",
        "with N workers the rate is γN / (1 + α(N − 1) + βN(N − 1)): `usl`, the universal scalability law; β = 0: `amdahl`. `gustafson`: speedup N − α(N − 1)",
    ),
    integer("n_levels", "1", "distinct numbers of workers that have a rate"),
    integer("df", "1", "points less fitted parameters: with fewer than 3, intervals are very wide"),
    number("alpha", "1", "contention; for `amdahl` and `gustafson` the serial share"),
    number(
        "alpha_lo",
        "1",
        "lower end of its interval from the residuals; none at the bounds 0 and 1",
    ),
    number("alpha_hi", "1", "upper end of its interval"),
    number("beta", "1", "cost of coherency: each pair of workers disturbs one another"),
    number("beta_lo", "1", "lower end of its interval"),
    number("beta_hi", "1", "upper end of its interval"),
    number("gamma", "`rate_unit`", "rate of one worker; for `gustafson` as measured"),
    number("gamma_lo", "`rate_unit`", "lower end of its interval"),
    number("gamma_hi", "`rate_unit`", "upper end of its interval"),
    text("rate_unit", "`units/s`, `tasks/s` or `trials/s`"),
    number("ci_level", "1", "level of the intervals"),
    number("r2", "1", "share of the variance explained"),
    number("sigma", "`rate_unit`", "standard deviation of the residuals"),
    number("max_abs_rel_resid", "1", "the largest residual as a share of its rate"),
    number("aicc", "1", "Akaike's criterion, corrected for few points"),
    boolean(
        "selected",
        "the model to believe: the lower `aicc`, the simpler one when they are within 2",
    ),
    number(
        "n_peak",
        "1",
        "number of workers with the highest rate, only where the interval of β excludes 0",
    ),
    boolean("n_peak_extrapolated", "whether it lies beyond all that were measured"),
    number("rate_limit", "`rate_unit`", "γ/α, which no number of workers exceeds"),
    text(
        "fit_status",
        "`ok`; `too_few_levels`: one worker and three further numbers are needed for `amdahl`, five for `usl`, two for `gustafson`, and nothing is published; `at_bound`: α or β is at the end of what is possible; `no_convergence`; `superlinear`: the whole interval of a speedup lies above its workers, so look at the time of one worker first",
    ),
];

/// One row per series and number of workers.
pub const POINTS: Table = Table {
    file: "scaling_points.csv",
    about: "The points of these curves: one row per series and number of workers",
    key: &["run_id", "series_id", "cell_id"],
    params_in_key: false,
    parts: &[Part::Fixed(POINT), Part::Parameters, Part::Fixed(FINDINGS)],
};

const POINT: &[Column] = &[
    text("run_id", "the run"),
    text("series_id", "the series, as in `scaling.csv`"),
    text("cell_id", "the cell, as in `trials.csv`"),
    text("workload", "what was done"),
    text("strategy", "how it was carried out"),
    integer("workers", "1", "threads or processes that shared the work"),
];

const FINDINGS: &[Column] = &[
    text("scaling", "as in `scaling.csv`"),
    integer("n_used", "1", "trials used"),
    integer("time_ns", "ns", "their median time"),
    number("rate", "`rate_unit`", "work over the median time"),
    text("rate_unit", "`units/s`, `tasks/s` or `trials/s`"),
    number(
        "speedup",
        "1",
        "rate over that of one worker in the same series, with weak scaling the scaled speedup; empty when there is none of one worker",
    ),
    number(
        "speedup_lo",
        "1",
        "lower end of its interval (`ci_level` in `scaling.csv`): the percentile bootstrap of the ratio of both medians; none for one worker itself and for fewer than 6 values",
    ),
    number("speedup_hi", "1", "upper end of its interval; empty when there is none"),
    number("efficiency", "1", "speedup over workers: 1 is perfect"),
    number(
        "karp_flatt",
        "1",
        "serial share (1/S − 1/N) / (1 − 1/N) that explains the speedup S of N workers; where it rises with N, overhead grows. Of strong scaling only",
    ),
    text(
        "flags",
        "those of the time in `summary.csv`; `superlinear`: the whole interval of the speedup lies above the workers",
    ),
];
