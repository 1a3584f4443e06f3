//! `comparisons.csv`: one row per cell that has a baseline, and metric.

use super::{Column, Part, Table, integer, number, text};

/// One row per cell with a baseline, and metric.
pub const COMPARISONS: Table = Table {
    file: "comparisons.csv",
    about: "Each cell against its baseline: one row per cell and compared metric",
    key: &["run_id", "comparison_id"],
    params_in_key: false,
    parts: &[Part::Fixed(IDENTITY), Part::Parameters, Part::Fixed(FINDINGS)],
};

const IDENTITY: &[Column] = &[
    text("run_id", "the run"),
    text(
        "comparison_id",
        "`p001` in the order of cells and metrics; `c003/c001`, candidate and baseline, for pairs that only claims compare",
    ),
    text("baseline_cell", "`cell_id` of the baseline"),
    text("candidate_cell", "`cell_id` of what is compared with it"),
    text("baseline", "what the baseline is called"),
    text("workload", "what the candidate did"),
    text("strategy", "how the candidate was carried out"),
    integer("workers", "1", "threads or processes of the candidate"),
];

/// Columns after the parameters: what a comparison came to.
pub const FINDINGS: &[Column] = &[
    text(
        "family",
        "the p-values that are adjusted together: all rows of the experiment in this metric; those of claims apart",
    ),
    text("metric", "column of `trials.csv`"),
    text("unit", "unit of medians and shift"),
    text(
        "objective",
        "what is compared: `p50`, the median, or `p90`, `p95`, `p99`. Then the medians below are that percentile, from 10, 20 and 100 values on, and the speed-up is the ratio of percentiles, with an interval from 36, 72 and 368 values on",
    ),
    text(
        "baseline_kind",
        "`best_serial` (another strategy, sequential, of the same workload), `same_code_1_worker`, or `named`",
    ),
    integer("n_baseline", "1", "values of the baseline, timeouts included"),
    integer("n_candidate", "1", "values of the candidate, timeouts included"),
    number(
        "baseline_median",
        "`unit`",
        "median of the baseline's values: a ratio says little without it. Empty if censored",
    ),
    number("candidate_median", "`unit`", "median of the candidate's values. Empty if censored"),
    text(
        "pairing",
        "`block`: values are compared within blocks, from 10 blocks on in which both cells have a value. `independent`: the cells are two samples",
    ),
    integer(
        "n_blocks",
        "1",
        "blocks in which both cells have a value; 0 for other orders of trials",
    ),
    number(
        "speedup",
        "1",
        "how many times as good as the baseline: ratio of the medians, above 1 is better, whether more or less of the metric is",
    ),
    number(
        "speedup_lo",
        "1",
        "lower end of its percentile bootstrap interval, of each comparison by itself",
    ),
    number("speedup_hi", "1", "upper end of that interval; empty when there is none"),
    text(
        "speedup_status",
        "`ok`, or why an end is missing: `n_too_small` (fewer than 6 values), `degenerate` (nothing varies), `unbounded`, `zero_denominator`, `negative` (a value is below 0, of which there are no ratios), `censored_median`, `undefined_replicates`, `empty`",
    ),
    integer(
        "boot_replicates",
        "1",
        "replicates of the bootstrap: 9999; 999 above 1000 values in a cell",
    ),
    text("boot_seed", "seed of the bootstrap, from which anybody gets the same interval"),
    number(
        "shift",
        "`unit`",
        "candidate less baseline: the median of all differences (Hodges and Lehmann)",
    ),
    number(
        "shift_lo",
        "`unit`",
        "lower end of its interval, exact where both distributions have the same shape",
    ),
    number("shift_hi", "`unit`", "upper end of its interval"),
    text(
        "test",
        "`signed_rank_exact` on logarithms of ratios within blocks, else `mwu_exact` (given the ties); `_asymptotic` above 100 pairs, or values in both cells together. `bootstrap` for percentiles, of which ranks say nothing: twice the share of replicates on the smaller side of 1, each count plus one",
    ),
    number(
        "p",
        "1",
        "two-sided p-value of this test; never 0: what no float can hold is written as 2.2e-308",
    ),
    number("p_adj", "1", "p among the p-values of its family"),
    text("adjust", "how it was adjusted: `holm`, `bh`, `none`"),
    integer("family_size", "1", "p-values in the family; invalid comparisons do not count"),
    number("min_attainable_p", "1", "the smallest p that so many values can give"),
    number("mwu_p", "1", "p of the test of Mann and Whitney, whichever test leads"),
    number(
        "a12",
        "1",
        "chance that a random trial of the candidate is better than one of the baseline, ties counting half",
    ),
    number("cliffs_delta", "1", "2·`a12` − 1"),
    number("margin", "1", "differences below the margin are negligible"),
    integer(
        "repeats_for_margin",
        "1",
        "repeats with which a difference of the margin is found four times in five, if scatter stays as it is ([how good that is](method.md#repeats)); empty above 1000 or without an interval",
    ),
    number("ci_level", "1", "level of the intervals"),
    text(
        "verdict",
        "`faster`, `slower`: the interval excludes 1 by more than the margin and `p_adj` is below 1 − `ci_level`; `faster_maybe_negligible`, `slower_maybe_negligible`: by less than the margin, perhaps; `equivalent`: the interval lies within the margin; `inconclusive`: the data do not decide, which does not mean equal; `insufficient`: no interval, or no p below the level could be reached; `invalid`: trials of a cell failed or were skipped, or it was not what it was meant to be",
    ),
    text(
        "flags",
        "those of either cell in `summary.csv`. With `drift` or `autocorr`, trust comparisons within blocks only. `outlier_sensitive`: without outliers the verdict would be another one; `not_interleaved`: the cells were not measured in turn; `unequal_work`: with weak scaling, the cell with more workers does more",
    ),
];
