//! Workloads, strategies, what programs report, hooks.

use super::protocol::MANY;
use super::values::{self, PARAMS, SELECTOR};
use super::{ASSERT, DURATION, Keys, NAME, Rule, Shape, TEXTS, key};

/// Most tasks of a trial.
pub const MAX_TASKS: u64 = 1_000_000;

/// Most workers of a strategy.
pub const MAX_WORKERS: u64 = 10_000;

/// Keys of a workload that only a command has.
pub const COMMAND_ONLY: &[&str] = &[
    "command",
    "shell",
    "cwd",
    "env",
    "stdin",
    "build",
    "requires",
    "revisions",
    "divide",
    "result",
    "metrics",
    "iteration_times",
];

/// A program with its arguments.
const COMMAND: Shape = Shape::Either(&[Shape::Words, TEXTS]);

/// Environment variables.
const VARIABLES: Shape = Shape::Alias(
    "variables",
    "Environment variables and their values, with {placeholders}.",
    &Shape::Variables,
);

/// `[workloads.NAME]`: its own keys, without those of the protocol.
pub const WORKLOAD: Keys = Keys {
    id: "workload",
    place: "a workload",
    about: "What is computed: a built-in kernel or an outside program.",
    keys: &[
        key(
            "kind",
            Shape::Kernel,
            "A built-in kernel, or \"command\". Without it: the workload's name if it is a kernel, \"command\" if `command` is given.",
        )
        .example("\"power-sum\""),
        key("params", PARAMS, "Parameters of this workload; they win over [params].").example("{ n = [10, 1_000] }"),
        key("tasks", Shape::Integer(1, MAX_TASKS), "Independent tasks in one trial; the strategy distributes them over its workers.")
            .default("1"),
        key(
            "scaling",
            Shape::Word(&["fixed", "strong", "weak"]),
            "fixed: `tasks` tasks; weak: `tasks` tasks per worker; strong: the size is split over the tasks.",
        )
        .default("\"fixed\""),
        key("strategies", Shape::Set(&Shape::Text), "Only these strategies apply. Without it: all that are possible.")
            .example("[\"normal\"]"),
        key("when", SELECTOR, "Only in cells where this holds; the others are skipped, and `runner plan` says so.")
            .example("{ n = \">= 1000\" }"),
        key("expect", EXPECT, "The known answer, in quotes; or a list of levels and answers.")
            .example("[{ n = 10, is = \"55\" }]"),
        key(
            "agree",
            Shape::Either(&[Shape::Boolean, Shape::Word(&["block"])]),
            "true: all strategies, repeats and workers give the same answer; \"block\": within a block; false: not checked.",
        )
        .default("true"),
        key(
            "command",
            COMMAND,
            "The program and its arguments, with {placeholders}: a list, or one text that is split into words without expansion.",
        )
        .example("[\"sort\", \"-n\", \"{file}\"]"),
        key("shell", Shape::Boolean, "Hands the command, one text, to /bin/sh -c.").default("false"),
        key("cwd", Shape::Text, "Working directory, relative to this file. Without it: the file's folder."),
        key("env", VARIABLES, "Environment variables of each trial.").example("{ OMP_NUM_THREADS = \"{workers}\" }"),
        key("stdin", Shape::Text, "A file that becomes standard input, relative to this file. Without it: empty input."),
        key("build", COMMAND, "Run once per distinct resolved vector before the trials, untimed.")
            .example("[\"make\", \"CC={cc}\"]"),
        key("requires",
            Shape::List(&Shape::Words, 1), "Programs that must be found; missing: failed rows that say so.")
            .example("[\"python3\"]"),
        key("revisions",
            Shape::Set(&Shape::Words), "Revisions of the repository of this file, as git reads them: an axis `revision`. Each is checked out into a folder of its own, {rev_dir}, and its trials alternate with those of the others.")
            .example("[\"origin/main\", \"HEAD\"]"),
        key("divide", NAME, "With strong scaling of a command: the parameter that is split over the tasks.")
            .example("\"n\""),
        key("result", Shape::Table(&RESULT), "Where the answer stands in the output.")
            .example("{ stdout_regex = 'result: (\\d+)' }"),
        key(
            "iteration_times",
            Shape::Table(&ITERATION_TIMES),
            "The times of the iterations that a command reports: rows of iterations.csv. A trial without them gives no valid output.",
        )
        .example("{ stdout_json = \"/times\", unit = \"ms\" }"),
        key("metrics", Shape::List(&Shape::Table(&METRIC), 1), "Numbers that the program reports itself."),
        key("assert", ASSERT, "What must show in the recorded facts of its cells, so that the treatment is known to have taken place: conditions over cpu_per_time, time, cpu, memory, workers, tasks and parameters.").example("\"cpu_per_time > 1.5\""),
        key("hooks", Shape::Table(&WORKLOAD_HOOKS), "What is run around the cells and the trials of this workload. Untimed."),
    ],
    has_protocol: true,
    rules: &[],
};

const EXPECT: Shape = Shape::Either(&[Shape::Text, Shape::List(&EXPECTATION, 1)]);

const EXPECTATION: Shape = Shape::Alias(
    "expectation",
    "Levels of parameters, and the answer there.",
    &Shape::Factors(
        &[key("is", Shape::Text, "The answer, in quotes.").example("\"55\"")],
        &values::LEVEL_OR_LIST,
        1,
        &["is"],
    ),
);

/// `result = { … }`.
pub const RESULT: Keys = Keys {
    id: "result",
    place: "`result`",
    about: "Where the answer stands.",
    keys: &[
        key(
            "stdout_regex",
            Shape::Words,
            "The first group, or the whole match, of the last match in standard output is the answer.",
        )
        .example("'result: (\\d+)'"),
        key(
            "stdout_json",
            POINTER,
            "A place in the JSON document on standard output, or on its last line (RFC 6901).",
        )
        .example("\"/answer\""),
    ],
    has_protocol: false,
    rules: &[Rule::OneOf(&["stdout_regex", "stdout_json"])],
};

const POINTER: Shape = Shape::Matching("^(/([^~]|~[01])*)?$");

/// `iteration_times = { … }`.
pub const ITERATION_TIMES: Keys = Keys {
    id: "iteration_times",
    place: "`iteration_times`",
    about: "Where a command that repeats its work itself reports how long each iteration took.",
    keys: &[
        key(
            "stdout_regex",
            Shape::Words,
            "The first group, or the whole match, of every match in standard output is a time.",
        )
        .example("'took ([0-9.]+) s'"),
        key(
            "stdout_json",
            POINTER,
            "The place of a list of numbers in the JSON document on standard output, or on its last line (RFC 6901).",
        )
        .example("\"/times\""),
        key("unit", Shape::Word(&["s", "ms", "us", "µs", "ns", "min"]), "Unit of the numbers."),
    ],
    has_protocol: false,
    rules: &[Rule::OneOf(&["stdout_regex", "stdout_json"]), Rule::Required(&["unit"])],
};

/// `[[workloads.NAME.metrics]]`.
pub const METRIC: Keys = Keys {
    id: "metric",
    place: "a metric",
    about: "A number that the program reports.",
    keys: &[
        key("name", NAME, "Small letters, digits and _; becomes a column.").example("\"inner\""),
        key("unit", Shape::Words, "Unit of the program's number: s, ms, us, ns, B, KiB, MiB, 1, …").example("\"ms\""),
        key(
            "stdout_regex",
            Shape::Words,
            "The first group, or the whole match, of the last match in standard output is the number.",
        )
        .example("'cost time: ([0-9.]+)'"),
        key(
            "stdout_json",
            POINTER,
            "A place in the JSON document on standard output, or on its last line (RFC 6901).",
        )
        .example("\"/memory/peak\""),
        key(
            "file",
            Shape::Words,
            "A file below the trial's own directory, {trial_dir}, in which the number stands; all of it without `regex` or `json`.",
        )
        .example("\"stats.json\""),
        key("regex", Shape::Words, "For a `file`: the first group, or the whole match, of the last match is the number."),
        key("json", POINTER, "For a `file`: a place in its JSON document.").example("\"/memory/peak\""),
        key(
            "better",
            Shape::Word(&["lower", "higher"]),
            "Which direction is better. Without it: lower for units of time and memory, neither for others.",
        ),
        key("required", Shape::Boolean, "A trial without it gives no valid output and is not used.").default("false"),
        key(
            "combine",
            Shape::Word(&["sum", "mean", "min", "max"]),
            "How the values of several tasks become one; needed when there are several.",
        ),
        key(
            "deterministic",
            Shape::Boolean,
            "All trials of a cell report the same value; where they do not, none of them is valid.",
        )
        .default("false"),
    ],
    has_protocol: false,
    rules: &[
        Rule::Required(&["name", "unit"]),
        Rule::OneOf(&["stdout_regex", "stdout_json", "file"]),
        Rule::With("regex", "file"),
        Rule::With("json", "file"),
        Rule::NotBoth("regex", "json"),
        Rule::NotBoth("file", "combine"),
    ],
};

/// The kinds of strategy.
pub const STRATEGY_KIND: Shape = Shape::Alias(
    "strategy_kind",
    "sequential, threads and processes are carried out by the runner; external: the program does it itself.",
    &Shape::Word(&["sequential", "threads", "processes", "external"]),
);

const COUNT: Shape = Shape::Integer(1, MAX_WORKERS);

/// A strategy written as a table: its own keys, without those of the protocol.
pub const STRATEGY: Keys = Keys {
    id: "strategy",
    place: "a strategy",
    about: "How the tasks of one trial are carried out.",
    keys: &[
        key("kind", STRATEGY_KIND, "How the tasks are carried out.").example("\"threads\""),
        key(
            "workers",
            Shape::Either(&[
                COUNT,
                Shape::List(&COUNT, 1),
                Shape::Table(&super::STEP_RANGE),
                Shape::Table(&super::FACTOR_RANGE),
            ]),
            "Worker counts: a number or an axis.",
        )
        .default("1")
        .example("[1, 2, 4]"),
        key("params", PARAMS, "Parameters that this strategy sets; they win over all others."),
        key(
            "when",
            SELECTOR,
            "Only in cells where this holds; the others are skipped, and `runner plan` says so.",
        )
        .example("{ n = \">= 1000\" }"),
        key("env", VARIABLES, "Environment variables of each trial of this strategy."),
        key("assert", ASSERT, "What must show in the recorded facts of its cells, so that the treatment is known to have taken place: conditions over cpu_per_time, time, cpu, memory, workers, tasks and parameters.").example("\"cpu_per_time > 1.5\""),
    ],
    has_protocol: true,
    rules: &[],
};

/// `[hooks]` of the file.
pub const HOOKS: Keys = Keys {
    id: "hooks",
    place: "[hooks]",
    about: "What is run before the first trial and after the last one.",
    keys: &[key("run", Shape::Table(&HOOK), "Around the whole run; no placeholders.")],
    has_protocol: false,
    rules: &[],
};

/// `[workloads.NAME.hooks]`.
pub const WORKLOAD_HOOKS: Keys = Keys {
    id: "workload_hooks",
    place: "a workload's hooks",
    about: "What is run around the cells and the trials of a workload. Untimed.",
    keys: &[
        key(
            "cell",
            Shape::Table(&HOOK),
            "Before the first trial of each cell and after its last one.",
        ),
        key("trial", Shape::Table(&HOOK), "Before and after each attempt at each trial."),
    ],
    has_protocol: false,
    rules: &[],
};

const VECTORS: Shape = Shape::Either(&[TEXTS, Shape::List(&TEXTS, 1)]);

/// One hook: what is run before and after.
pub const HOOK: Keys = Keys {
    id: "hook",
    place: "a hook",
    about: "Commands before and after.",
    keys: &[
        key(
            "setup",
            VECTORS,
            "An argument vector, or a list of them, run before; stops at the first failure.",
        )
        .example("[\"make\", \"data\"]"),
        key(
            "teardown",
            VECTORS,
            "An argument vector, or a list of them, run after, whatever happened.",
        )
        .example("[\"rm\", \"-f\", \"data\"]"),
        key("timeout", DURATION, "Longest time of each command.").default("\"1m\""),
    ],
    has_protocol: false,
    rules: &[Rule::AnyOf(&["setup", "teardown"])],
};

// A number of repeats is limited like one of tasks.
const _: () = assert!(MANY >= MAX_TASKS);
