//! `table.csv`, for people, and what happened inside trials: `iterations.csv`, `workers.csv`.

use super::{Column, Kind, Part, Table, integer, text};

/// For people: one wide row per cell.
pub const TABLE: Table = Table {
    file: "table.csv",
    about: "For people: one row per cell",
    key: &["run_id", "workload", "strategy", "workers", "tasks"],
    params_in_key: true,
    parts: &[Part::Fixed(IDENTITY), Part::Parameters, Part::Fixed(FINDINGS)],
};

const IDENTITY: &[Column] = &[
    text("run_id", "the run"),
    Column { name: "date", kind: Kind::Day, unit: "", meaning: "day of its start, in UTC" },
    text("revision", "git commit of the experiment's folder; empty outside of a repository"),
    text("workload", "what was done"),
    text("strategy", "how it was carried out"),
    integer("workers", "1", "threads or processes that shared the work"),
    integer("tasks", "1", "parts that the work was split into"),
];

const FINDINGS: &[Column] = &[
    integer("n_used", "1", "trials in the statistics"),
    integer("n_failed", "1", "trials that failed"),
    text(
        "statistic",
        "what `time_ns` and the speed-up are of: `median`, or `p90`, `p95`, `p99` where the experiment compares percentiles",
    ),
    integer(
        "time_ns",
        "ns",
        "that statistic of the time; empty if it is not known, as after failures alone",
    ),
    integer("time_lo_ns", "ns", "lower end of its 95 % interval"),
    integer("time_hi_ns", "ns", "upper end of its 95 % interval"),
    integer("min_ns", "ns", "fastest trial"),
    text("baseline", "what the cell is compared with; empty for the baseline itself"),
    integer(
        "speedup_percent",
        "%",
        "how many times as fast as the baseline, in percent: 192 is 1.92 ×. Ratio of the `statistic` of the compared metric",
    ),
    integer("speedup_lo_percent", "%", "lower end of its 95 % interval"),
    integer("speedup_hi_percent", "%", "upper end of its 95 % interval; empty when there is none"),
    text("verdict", "what may be said of the comparison, as in `comparisons.csv`"),
    text("answer", "the answer, if all trials of the cell agree"),
    integer("peak_bytes", "B", "largest peak memory of a trial"),
];

/// One row per run of a kernel inside a trial.
pub const ITERATIONS: Table = Table {
    file: "iterations.csv",
    about: "One row per iteration inside a trial, warm-up trials included",
    key: &["run_id", "trial_id", "attempt", "iteration"],
    params_in_key: false,
    parts: &[Part::Fixed(&[
        text("run_id", "the run"),
        text("trial_id", "the trial, as in `trials.csv`"),
        integer("attempt", "1", "the attempt at it, as in `trials.csv`"),
        integer("iteration", "1", "place inside the trial, from 0"),
        integer(
            "value_ns",
            "ns",
            "time of this iteration. Of a command: what it reported, rounded to ns; of a kernel its region: workers are created, do the tasks, hand back their answers, are joined",
        ),
    ])],
};

/// One row per worker of a trial of several.
pub const WORKERS: Table = Table {
    file: "workers.csv",
    about: "When each worker of a used trial worked: one row per worker, of trials of several",
    key: &["run_id", "trial_id", "attempt", "worker"],
    params_in_key: false,
    parts: &[Part::Fixed(&[
        text("run_id", "the run"),
        text("trial_id", "the trial, as in `trials.csv`"),
        integer("attempt", "1", "the attempt at it, as in `trials.csv`"),
        integer(
            "worker",
            "1",
            "the worker, from 0: of `w` workers it does the tasks `worker`, `worker + w`, …",
        ),
        integer("start_ns", "ns", "begin of its first task, since the start of the region"),
        integer(
            "end_ns",
            "ns",
            "end of its last task, since the start of the region; what is left until `time_ns` is handing back and joining",
        ),
    ])],
};
