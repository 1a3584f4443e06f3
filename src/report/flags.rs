//! What the flags in the tables mean, and what helps: one entry a flag, for everybody who explains
//! them. `docs/results.md` prints the same list.

use crate::analysis::compare::{NOT_INTERLEAVED, UNEQUAL_WORK};
use crate::analysis::effect::OUTLIER_SENSITIVE;
use crate::analysis::flags::{NOISY, SHARED, STOPPED, SWAPPED, THROTTLED};
use crate::analysis::metric::{BIG_INTEGER, COARSE_TIMER, FEW_FOR_PERCENTILE};
use crate::analysis::scaling::SUPERLINEAR;
use crate::analysis::summary::{ASSERT_FAILED, SHORT_RUN};

/// A flag in plain words.
#[derive(Debug)]
pub struct Flag {
    /// The word in the tables.
    pub word: &'static str,
    /// What was seen, and what it does to the numbers.
    pub meaning: &'static str,
    /// What the author of the experiment can do.
    pub remedy: &'static str,
}

const fn flag(word: &'static str, meaning: &'static str, remedy: &'static str) -> Flag {
    Flag { word, meaning, remedy }
}

/// Every flag of a trial, a cell, a comparison or a point.
pub const FLAGS: &[Flag] = &[
    flag(
        "drift",
        "the values rise or fall in the course of the run, so that the interval of a cell is too narrow",
        "trust comparisons within blocks (10 repeats or more); let the machine settle with more `warmup`, and end other programs",
    ),
    flag(
        "autocorr",
        "values that were measured one after the other resemble one another, so that the interval of a cell is too narrow",
        "trust comparisons within blocks (10 repeats or more); end other programs, and run again at a quieter time",
    ),
    flag(
        "outliers",
        "some values lie far from the others; they are used like all others, and the median hardly feels them",
        "compare `median` with `median_no_outliers`; in `trials.csv` see what else those trials have in common",
    ),
    flag(
        "bimodal",
        "the values fall into two groups, and the median shows only one of them",
        "in `trials.csv` see what tells the groups apart; keep trials on CPUs of their own with `cpus = \"auto\"`",
    ),
    flag(
        FEW_FOR_PERCENTILE,
        "there are too few values for an interval of the percentile that is compared (p90 needs 36, p95 72, p99 368), so that nothing can be said of a difference",
        "raise `repeats`, or compare medians: leave `objective` out",
    ),
    flag(
        COARSE_TIMER,
        "a trial takes less than 100 steps of the clock, or more than 30 % of the times equal another one: the steps of the clock show",
        "give a trial more work: a larger size, or `iterations`; let a program print its time with more digits",
    ),
    flag(
        BIG_INTEGER,
        "a number of ns or bytes has more than 15 digits, which spreadsheets round",
        "read the tables with a program; they have every digit",
    ),
    flag(
        SHORT_RUN,
        "more than 5 % of a command's time is the start of a process, as `true` took it before the first trial (`empty_process_ns` in the manifest); it is part of the time and never taken off",
        "give a trial more work, or compare the program's own clock with a metric; more repeats do not change it",
    ),
    flag(
        "failures",
        "trials failed and have no value; those that are left may be the easy ones, so that comparisons are invalid unless `max_failure_rate` allows for so many",
        "see `note` in `trials.csv` and `runner logs`; mend the cause and run again",
    ),
    flag(
        "timeouts",
        "trials ran out of time; they count as longer than every value that was seen",
        "raise `timeout`, or make the task smaller",
    ),
    flag(
        "skipped",
        "trials were not started, since a smaller size ran out of time, so that comparisons are invalid",
        "raise `timeout`, or leave the size out",
    ),
    flag(
        "no_steady_state",
        "the iterations of a trial still change in the last quarter; its value is the median of that quarter",
        "raise `iterations`, and do not speak of a steady state",
    ),
    flag(
        "bad_inconsistent",
        "the trials of the cell do not settle in the same way over their iterations, so that there is no steady state to speak of",
        "raise `iterations`, and speak of single trials (`iterations.csv`), not of a steady state",
    ),
    flag(
        OUTLIER_SENSITIVE,
        "the verdict would be another one if the values beyond Tukey's fences were left out; they are real, and it stands with them, but it hangs on a few trials",
        "measure more `repeats`, so that single trials weigh less; in `trials.csv` see what those with an `outlier` have in common",
    ),
    flag(
        NOT_INTERLEAVED,
        "the two cells were measured at different times, as when one was added to the run later: what changed on the machine between looks like a difference, and they are compared as independent samples",
        "run both anew in one run before you rest a claim on it",
    ),
    flag(
        UNEQUAL_WORK,
        "with weak scaling more workers do more work, so that the ratio of the times is not one of speeds",
        "for speeds see `speedup` and `efficiency` in `scaling_points.csv`, which count the work",
    ),
    flag(
        SHARED,
        "another trial of the run ran at the same time and may have taken caches, memory bandwidth or clock rate away",
        "measure with `jobs = 1`",
    ),
    flag(
        STOPPED,
        "the runner was stopped (Ctrl-Z) and went on while the trial ran",
        "run again, and let it run",
    ),
    flag(
        THROTTLED,
        "the processor slowed down against heat while a trial ran",
        "let the machine cool down, fix its clock rate, and see `runner doctor`",
    ),
    flag(
        SWAPPED,
        "the machine read memory back from swap while a trial ran",
        "make the task smaller, end other programs, or use a machine with more memory",
    ),
    flag(
        NOISY,
        "a hypervisor gave more than a twentieth of the time of a trial to others",
        "run again at a quieter time, or on a machine of your own",
    ),
    flag(
        ASSERT_FAILED,
        "a condition of the file on what the cell should do does not hold, so that its comparisons are invalid",
        "see `note` in `trials.csv`: either the treatment did not take place, or the condition is wrong",
    ),
    flag(
        SUPERLINEAR,
        "the speed-up is larger than the number of workers, and so is its whole interval",
        "look at the time of one worker first: a slow first worker, a cache that only several fill, or other work",
    ),
];

/// The entry of a flag.
#[must_use]
pub fn explained(word: &str) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.word == word)
}
