//! `totals.csv` and `claims.csv`: what is made of several comparisons.

use super::{Column, Part, Table, integer, number, text};

/// One row per way of carrying the work out and kind of total.
pub const TOTALS: Table = Table {
    file: "totals.csv",
    about: "One figure over all workloads and parameters: one row per way of carrying the work out and kind of total",
    key: &["run_id", "total", "metric", "strategy", "workers", "levels"],
    params_in_key: false,
    parts: &[Part::Fixed(&[
        text("run_id", "the run"),
        text("total", "`ratio_of_summed_medians`, of costs only, or `geometric_mean_of_ratios`"),
        text("metric", "column of `trials.csv`"),
        text("unit", "unit of the sums"),
        text("strategy", "how the candidates were carried out"),
        integer("workers", "1", "threads or processes of the candidates"),
        text(
            "levels",
            "levels of the candidates that are not those of the baseline, `workload=` first where it is another one",
        ),
        text("baseline", "what the baseline is called"),
        integer("n_comparisons", "1", "how many ratios are in it"),
        text("comparisons", "their `comparison_id`, with spaces between"),
        number("baseline_sum", "`unit`", "the summed medians of the baselines"),
        number("candidate_sum", "`unit`", "the summed medians of the candidates"),
        number("ratio", "1", "how many times as good: the sums over one another, or the mean"),
        number(
            "ratio_lo",
            "1",
            "lower end of its percentile bootstrap interval: in each replicate every cell is resampled, by block if all comparisons are",
        ),
        number("ratio_hi", "1", "upper end of that interval; empty when there is none"),
        text("ratio_status", "as `speedup_status`; `incomplete`: a comparison is invalid"),
        number("ci_level", "1", "level of the interval"),
        text("pairing", "as in `comparisons.csv`"),
        integer("boot_replicates", "1", "as in `comparisons.csv`"),
        text("boot_seed", "as in `comparisons.csv`"),
    ])],
};

/// One row per claim, group of cells in which it must hold, and link.
pub const CLAIMS: Table = Table {
    file: "claims.csv",
    about: "What became of each claim: one row per group of cells in which it must hold, and link",
    key: &["run_id", "claim", "workload", "strategy", "workers", "link"],
    params_in_key: true,
    parts: &[Part::Fixed(IDENTITY), Part::Parameters, Part::Fixed(EVIDENCE)],
};

const IDENTITY: &[Column] = &[
    text("run_id", "the run"),
    integer("claim", "1", "number of the claim in the file, from 1"),
    text("statement", "what it says"),
    text(
        "judgement",
        "of the claim: `supported` in every group, `contradicted` in one at least, otherwise `undecided`",
    ),
    text("workload", "workload of the group; empty where the claim compares several"),
    text("strategy", "strategy of the group; empty where the claim compares several"),
    integer(
        "workers",
        "1",
        "number of workers that tells the group from those that are equal otherwise",
    ),
];

const EVIDENCE: &[Column] = &[
    text("group_judgement", "of all links in this group"),
    text("link", "`a < b` of `a < b < c`, or the whole statement"),
    text("link_judgement", "of this row"),
    text(
        "ground",
        "what the judgement rests on: the verdict of the comparison of an order; `interval` of a speed-up against its bound; `no_cell`: a name has no single cell here; `not_compared`: no baseline or no common metric",
    ),
    text("comparison_id", "the row of `comparisons.csv`"),
    text("metric", "what it compares"),
    number("bound", "1", "what `ratio` is compared with: 1 for an order"),
    number(
        "ratio",
        "1",
        "of `a < b`: how many times the median of `a` that of `b` is; of a speed-up the speed-up",
    ),
    number("ratio_lo", "1", "lower end of its interval, of this comparison by itself"),
    number("ratio_hi", "1", "upper end of that interval; empty when there is none"),
    number("ci_level", "1", "level of the interval"),
    number("p_adj", "1", "as in `comparisons.csv`"),
    text("adjust", "as in `comparisons.csv`"),
    integer("family_size", "1", "as in `comparisons.csv`"),
];
