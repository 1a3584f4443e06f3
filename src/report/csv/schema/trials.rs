//! `trials.csv`: one row per attempt at a trial.

use super::{Column, Kind, Part, Table, boolean, integer, number, text};

/// One row per attempt.
pub const TRIALS: Table = Table {
    file: "trials.csv",
    about: "One row per attempt at a trial: warm-ups, failures, timeouts and interruptions included",
    key: &["run_id", "trial_id", "attempt"],
    params_in_key: false,
    parts: &[
        Part::Fixed(IDENTITY),
        Part::Parameters,
        Part::Fixed(OUTCOME),
        Part::Metrics,
        Part::Fixed(DIAGNOSTICS),
    ],
};

/// What a printed plan knows of each trial.
pub const PLAN: Table = Table {
    file: "plan.csv",
    about: "One row per planned trial",
    key: &["trial_id"],
    params_in_key: false,
    parts: &[Part::Fixed(IDENTITY), Part::Parameters, Part::Fixed(PLANNED)],
};

const IDENTITY: &[Column] = &[
    text("run_id", "the run"),
    text("trial_id", "`t000001` in the order of the plan"),
    integer("attempt", "1", "1, more for retries"),
    text("cell_id", "the cell: `c001` in this run"),
    text("cell_key", "digest of what the cell is, equal between runs of the same cell"),
    text("workload", "what was done"),
    text("strategy", "how it was carried out"),
    integer("workers", "1", "threads or processes that shared the work"),
    integer("tasks", "1", "parts that the work was split into"),
];

const PHASE: Column = text("phase", "`warmup` or `measure`");
const REPEAT: Column = integer("repeat", "1", "counts from 1 within the phase");
const BLOCK: Column = integer("block", "1", "block, from 1; empty in the warm-up");
const ORDER_IN_BLOCK: Column =
    integer("order_in_block", "1", "place in the block, from 0; empty in the warm-up");
const ORDER_IN_RUN: Column = integer("order_in_run", "1", "place in the run, from 0");
const TRIAL_SEED: Column = text(
    "trial_seed",
    "the seed that `{seed}` gave, 64 bits in hexadecimal; equal for all cells of a workload in a block",
);

const PLANNED: &[Column] = &[PHASE, REPEAT, BLOCK, ORDER_IN_BLOCK, ORDER_IN_RUN, TRIAL_SEED];

const OUTCOME: &[Column] = &[
    PHASE,
    REPEAT,
    boolean("used", "whether the row enters the statistics"),
    text(
        "status",
        "`ok`, `failed`, `timeout`, `start_failed`, `invalid_output` (a wrong or missing answer), `output_limit`, `interrupted`, …",
    ),
    integer(
        "time_ns",
        "ns",
        "the time; `time_scope` says of what. Of several `iterations` of a kernel it is their one value, `iter_value_ns`",
    ),
    text("answer", "the answer; an integer of more than 15 digits in groups of three"),
];

const DIAGNOSTICS: &[Column] = &[
    BLOCK,
    ORDER_IN_BLOCK,
    ORDER_IN_RUN,
    TRIAL_SEED,
    integer("env_pad_bytes", "B", "size of the random padding of the environment"),
    text(
        "cpuset",
        "where the trial could run, read back from the kernel after its start: `cpus=0-3`; empty unless `cpus` asked for some",
    ),
    text("sandbox", "what the trial was kept from: `network`, `files`; empty without a sandbox"),
    integer(
        "session",
        "1",
        "the process that ran it, from 1; more than one when the run was carried on with `runner resume`. The manifest says more of each",
    ),
    boolean(
        "changed",
        "`true` in a session that went on although something that could change a number was not as in the first one",
    ),
    Column {
        name: "started_at",
        kind: Kind::Moment,
        unit: "",
        meaning: "start on the wall clock, in UTC",
    },
    integer(
        "start_offset_ns",
        "ns",
        "start on the monotonic clock, since the start of the session",
    ),
    text(
        "time_scope",
        "`region`: a kernel's workers are created, do the tasks, hand back their answers, are joined. `process`: a command from its start to its end",
    ),
    integer("process_ns", "ns", "the whole process of a kernel's trial, start-up included"),
    integer("user_ns", "ns", "CPU time in user mode, start-up included"),
    integer("sys_ns", "ns", "CPU time in the kernel, start-up included"),
    text(
        "cpu_method",
        "how CPU time was measured: `cgroup` (`cpu.stat` of the trial's control group), `wait4_tree` (`wait4` of the child and of every descendant that was left), `wait4` (the child alone) or `thread`; with thread isolation empty when the trial before it in the cell took less than 5 µs, since reading it would cost as much",
    ),
    integer("inner_ns", "ns", "empty in this version"),
    integer("iterations", "1", "iterations inside the trial"),
    integer(
        "iter_value_ns",
        "ns",
        "their one value: the median of the steady ones, of the last quarter when they never become steady, of all when there are fewer than 40",
    ),
    text(
        "steady_class",
        "of trials of several iterations: `flat`, `warmup` (slower at first), `slowdown` (faster at first), `no_steady_state` (the last level starts in the final quarter), `not_assessed` (fewer than 40 iterations). Found by the changes of mean and variance; a heuristic",
    ),
    integer("steady_from_iter", "1", "the first iteration of the last level, from 0"),
    integer("worker_max_ns", "ns", "time of the slowest worker"),
    integer("worker_min_ns", "ns", "time of the fastest worker"),
    integer("work_units", "1", "work done, in the kernel's own unit"),
    integer("max_rss_bytes", "B", "peak memory; `memory_method` says of what"),
    text(
        "memory_method",
        "`cgroup` (`memory.peak`, page cache included; read on no machine yet, the controller was not there), `pss_sampled` (largest sampled sum of proportional sizes of a tree of several processes, at most ten samples a second: a lower bound), `wait4` (largest single process); `floor` and no value where it is not above that of the launcher",
    ),
    integer(
        "read_bytes",
        "B",
        "read from storage, past the page cache, in sectors of 512 bytes (`getrusage(2)`)",
    ),
    integer(
        "written_bytes",
        "B",
        "written to storage, past the page cache, in sectors of 512 bytes (`getrusage(2)`)",
    ),
    integer("minor_faults", "1", "page faults that needed no disk"),
    integer("major_faults", "1", "page faults that read from disk"),
    integer("vol_ctx_switches", "1", "times the CPU was given up"),
    integer("invol_ctx_switches", "1", "times the CPU was taken away"),
    integer(
        "cycles",
        "1",
        "with `counters = true`: cycles of the trial's user code with all that it started, where the processor counts them and the system allows it; empty otherwise, the manifest says why",
    ),
    integer("instructions", "1", "instructions, in the same way"),
    integer("branch_misses", "1", "branches that were predicted wrongly, in the same way"),
    integer("cache_misses", "1", "misses of the last cache, in the same way"),
    integer(
        "migrations",
        "1",
        "with `counters = true`: moves of its tasks to another CPU, counted by the kernel",
    ),
    number(
        "load1_before",
        "1",
        "load of the last minute before a trial in a process of its own, where the machine shows it",
    ),
    integer(
        "cpu_khz_before",
        "kHz",
        "mean frequency of the CPUs before it, where the machine shows it",
    ),
    integer(
        "temp_mc_before",
        "m°C",
        "hottest sensor before it, in thousandths of a degree, where the machine shows one",
    ),
    integer(
        "steal_ns",
        "ns",
        "time that a hypervisor gave to others while the trial ran, over all CPUs; of trials of 100 ms and more",
    ),
    integer(
        "throttled",
        "1",
        "slow-downs against heat on the whole machine while the trial ran; of trials of 100 ms and more, where the machine counts them",
    ),
    integer("swapped_in_bytes", "B", "bytes read back from swap, in the same way"),
    integer("cpu_pressure_ns", "ns", "time in which some task waited for a CPU, in the same way"),
    integer("exit_code", "1", "how the process ended by itself; empty after a signal"),
    text("signal", "the signal that ended it, such as `SIGKILL`"),
    integer("timeout_ns", "ns", "the limit in force"),
    text(
        "output_check",
        "the answer against `expect` and the other answers: `pass`, `fail`, `none`",
    ),
    text("output_digest", "SHA-256 of what the program printed"),
    text(
        "unused_reason",
        "why `used` is `false`: `warmup`, `failed`, …; `cell_gone`: the run was extended with a file that does not have the cell",
    ),
    text(
        "outlier",
        "Tukey's fences within the cell: `none`, `mild`, `severe`. A flag only, the row is still used",
    ),
    boolean(
        "outlier_mad",
        "whether the modified z is above 3.5. A flag only, the row is still used",
    ),
    text(
        "flags",
        "what disturbed the trial, which is used all the same: `shared_machine` (another trial of the run at the same time), `stopped` (the runner was stopped, Ctrl-Z, and went on meanwhile), `throttled`, `swapped`, `noisy_host` (the hypervisor took more than a twentieth of the time)",
    ),
    text("note", "what went wrong, in words"),
];
