//! The keys of every table of an experiment file: the one list that the binder, the JSON Schema
//! and the documentation share.

/// The keys that a table may hold.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// What the table is called in messages.
    pub place: &'static str,
    /// Keys that are read, in the order of the documentation.
    pub known: &'static [&'static str],
}

/// The file itself.
pub const FILE: Keys = Keys {
    place: "the experiment file",
    known: &[
        "title",
        "question",
        "seed",
        "params",
        "workloads",
        "strategies",
        "matrix",
        "protocol",
        "override",
        "compare",
        "hooks",
        // Layers: read before everything else.
        "extends",
        "profiles",
    ],
};

/// What `[profiles.NAME]` has besides the keys of the file.
pub const PROFILE_ONLY: &[&str] = &["hosts"];

/// Keys of the file that a profile cannot have.
pub const NOT_IN_PROFILE: &[&str] = &["extends", "profiles"];

/// `[workloads.NAME]`: its own keys, without those of the protocol.
pub const WORKLOAD: Keys = Keys {
    place: "a workload",
    known: &[
        "kind",
        "params",
        "tasks",
        "scaling",
        "strategies",
        "when",
        "expect",
        "agree",
        "command",
        "shell",
        "cwd",
        "env",
        "stdin",
        "build",
        "requires",
        "divide",
        "result",
        "metrics",
        "hooks",
    ],
};

/// Keys of a workload that only a command has.
pub const COMMAND_ONLY: &[&str] = &[
    "command", "shell", "cwd", "env", "stdin", "build", "requires", "divide", "result", "metrics",
];

/// A strategy written as a table.
pub const STRATEGY: Keys =
    Keys { place: "a strategy", known: &["kind", "workers", "params", "when", "env"] };

/// `[protocol]`.
pub const PROTOCOL: Keys = Keys {
    place: "[protocol]",
    known: &[
        "repeats",
        "warmup",
        "order",
        "isolation",
        "timeout",
        "on_timeout",
        "retries",
        "jobs",
        "on_failure",
        "iterations",
        "environment",
        "keep",
        "env_pad",
    ],
};

/// `[[override]]`: its own key, without those of the protocol.
pub const OVERRIDE: Keys = Keys { place: "[[override]]", known: &["where"] };

/// Keys of the protocol that concern the whole run and so cannot stand in a workload, a strategy
/// or an override.
pub const WHOLE_RUN: &[&str] = &["order", "jobs", "on_failure"];

/// `on_timeout = { … }`.
pub const ON_TIMEOUT: Keys = Keys { place: "`on_timeout`", known: &["skip_larger"] };

/// `[hooks]` of the file.
pub const HOOKS: Keys = Keys { place: "[hooks]", known: &["run"] };

/// `[workloads.NAME.hooks]`.
pub const WORKLOAD_HOOKS: Keys = Keys { place: "a workload's hooks", known: &["cell", "trial"] };

/// One hook: what is run before and after.
pub const HOOK: Keys = Keys { place: "a hook", known: &["setup", "teardown", "timeout"] };

/// `[compare]`.
pub const COMPARE: Keys = Keys {
    place: "[compare]",
    known: &["baseline", "baseline_kind", "metric", "margin", "conf", "adjust"],
};

/// `[[workloads.NAME.metrics]]`.
pub const METRIC: Keys = Keys {
    place: "a metric",
    known: &[
        "name",
        "unit",
        "stdout_regex",
        "stdout_json",
        "file",
        "regex",
        "json",
        "better",
        "required",
        "combine",
        "deterministic",
    ],
};

/// `result = { … }`.
pub const RESULT: Keys = Keys { place: "`result`", known: &["stdout_regex", "stdout_json"] };

/// An axis with a constant step.
pub const STEP_RANGE: Keys = Keys { place: "a range", known: &["from", "to", "step"] };

/// An axis with a constant factor.
pub const FACTOR_RANGE: Keys = Keys { place: "a range", known: &["from", "to", "factor"] };

/// An axis of the lines of a file.
pub const LINES: Keys = Keys { place: "a list of lines", known: &["lines"] };

/// An axis of the files that match a pattern.
pub const GLOB: Keys = Keys { place: "a list of files", known: &["glob"] };

/// A level with a label.
pub const LEVEL: Keys = Keys { place: "a level", known: &["value", "label"] };

/// `[matrix]`.
pub const MATRIX: Keys = Keys { place: "[matrix]", known: &["zip", "exclude", "include"] };

/// A parameter that applies only in some cells.
pub const CONDITIONAL: Keys =
    Keys { place: "a parameter with a condition", known: &["values", "when", "otherwise"] };

/// Keys that have a meaning in a later version and are an error until then.
pub const RESERVED: &[(&str, &str)] = &[
    ("limits", "limits of memory and CPU time"),
    ("sandbox", "sandboxes"),
    ("slurm", "clusters"),
    ("gate", "gates on regressions"),
    ("assert", "assertions about outcomes"),
    ("revisions", "comparing revisions of a program"),
];
