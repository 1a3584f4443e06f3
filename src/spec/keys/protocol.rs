//! How trials are repeated, ordered, isolated and limited.

use super::{DURATION, Key, Keys, NAME, Rule, SIZE, Shape, VARIABLE_NAME, key};

/// Largest number of repeats, retries and the like; more is a slip.
pub const MANY: u64 = 10_000_000;

/// Most trials at the same time.
pub const MAX_JOBS: u64 = 10_000;

/// `[protocol]`.
pub const PROTOCOL: Keys = Keys {
    id: "protocol",
    place: "[protocol]",
    about: "How trials are repeated, ordered, isolated and limited.",
    keys: &[
        key("repeats", Shape::Integer(1, MANY), "Measured trials of each cell (blocks). Below 6 no 95 % interval exists.")
            .default("10"),
        key("adaptive", Shape::Either(&[Shape::Boolean, Shape::Table(&ADAPTIVE)]),
            "Instead of `repeats`: as many blocks as the medians need; cells that are compared stop together. true: with the defaults.")
            .example("{ target = 0.025, min = 10, max = 30 }"),
        key("warmup", Shape::Integer(0, MANY), "Trials of each cell before the first block; recorded, not used.")
            .default("1"),
        key(
            "order",
            Shape::Word(&["blocks", "shuffled", "sequential"]),
            "blocks: every cell once per block, shuffled; shuffled: all trials shuffled together; sequential: cell by cell.",
        )
        .default("\"blocks\""),
        key(
            "isolation",
            Shape::Word(&["process", "thread"]),
            "Where a kernel's trial runs: in a fresh process or in the runner's own; thread needs jobs = 1.",
        )
        .default("\"process\""),
        key("timeout", DURATION, "Longest time of one trial, with a unit.").default("\"10m\"").example("\"1m 30s\""),
        key("on_timeout", Shape::Either(&[Shape::Word(&["continue", "skip_larger"]), Shape::Table(&ON_TIMEOUT)]),
            "What a timeout means for other cells. skip_larger: cells that differ only in a larger level of the parameter are not started any more.")
            .default("\"continue\"").example("{ skip_larger = \"n\" }"),
        key("retries", Shape::Integer(0, MANY), "Further attempts at a failed trial; every attempt is a row.")
            .default("0"),
        key("jobs", Shape::Integer(1, MAX_JOBS), "Trials that may run at the same time; more than 1 disturbs timing.")
            .default("1"),
        key(
            "on_failure",
            Shape::Word(&["continue", "stop"]),
            "continue: a failed trial is a row, the rest runs; stop: start nothing more.",
        )
        .default("\"continue\""),
        key("iterations", Shape::Integer(1, MANY), "Runs of a kernel inside one trial; they count as one value.")
            .default("1"),
        key(
            "environment",
            Shape::Word(&["inherit", "clean"]),
            "What children inherit: everything, or only PATH and what `keep` names.",
        )
        .default("\"inherit\""),
        key("keep", Shape::List(&Shape::Matching(VARIABLE_NAME), 1), "Variables that a clean environment keeps.").example("[\"HOME\", \"LANG\"]"),
        key(
            "env_pad",
            Shape::Boolean,
            "Pads the environment by a random size in each trial, so that its size biases no cell.",
        )
        .default("true"),
        key(
            "cpus",
            Shape::Matching("^(all|auto|[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*)$"),
            "Where a trial may run: all: wherever the runner may; auto: as many whole cores as it has workers, on one memory node when they fit; or a list of CPUs.",
        )
        .default("\"all\"")
        .example("\"0-3\""),
        key("counters", Shape::Boolean, "Reads the counters of the processor and of the kernel, where there are any; costs some 150 µs a trial, outside its time.")
            .default("false"),
        key("nice", Shape::Signed(-20, 19), "Priority of a trial as in nice(2); below that of the runner needs a privilege. Without it: that of the runner.")
            .example("5"),
    ],
    has_protocol: false,
    rules: &[],
};

/// Keys of the protocol that concern the whole run and so cannot stand in a workload, a strategy
/// or an override.
pub const WHOLE_RUN: &[&str] = &["adaptive", "order", "jobs", "on_failure"];

/// `limits`: of the run a table of its own, elsewhere a key that is laid over it.
pub const LIMITED: Key = key(
    "limits",
    Shape::Table(&LIMITS),
    "What a trial may use with all that it starts; beyond it the trial is ended and is a row.",
)
.example("{ memory = \"512 MiB\" }");

/// `sandbox`: of the run a table of its own, elsewhere a key that is laid over it.
pub const SANDBOXED: Key = key(
    "sandbox",
    Shape::Table(&SANDBOX),
    "What a trial is kept from. A system that cannot is told of: the trial is not started.",
)
.example("{ network = \"none\" }");

/// `[sandbox]`.
pub const SANDBOX: Keys = Keys {
    id: "sandbox",
    place: "[sandbox]",
    about: "What a trial is kept from.",
    keys: &[
        key(
            "network",
            Shape::Word(&["host", "none"]),
            "none: it reaches nothing but a loopback device of its own; host: whatever the machine reaches.",
        ),
        key(
            "files",
            Shape::Word(&["host", "read_only"]),
            "read_only: it changes no file but below {trial_dir}, which is also its TMPDIR, and below `writable`; host: whatever the user may.",
        ),
        key(
            "writable",
            Shape::List(&Shape::Words, 1),
            "Further files and directories that it may change, relative to the experiment file.",
        )
        .example("[\"cache\", \"/dev/shm\"]"),
    ],
    has_protocol: false,
    rules: &[Rule::AtLeast(1)],
};

/// The keys that a workload, a strategy or an override lays over those of the run.
pub fn layered() -> impl Iterator<Item = &'static Key> + Clone {
    let keys = PROTOCOL.keys.iter().filter(|key| !WHOLE_RUN.contains(&key.name));
    keys.chain([&LIMITED, &SANDBOXED])
}

/// `[limits]`.
pub const LIMITS: Keys = Keys {
    id: "limits",
    place: "[limits]",
    about: "What a trial may use with all that it starts. Without a key: as much as it wants.",
    keys: &[
        key(
            "cpu",
            DURATION,
            "User and system CPU time of the trial's processes together, with a unit.",
        )
        .example("\"30s\""),
        key("memory", SIZE, "Memory of the trial's processes together at one time, with a unit.")
            .example("\"512 MiB\""),
        key(
            "processes",
            Shape::Integer(1, 4_194_304),
            "Processes and threads of the trial at one time.",
        ),
        key(
            "output",
            SIZE,
            "Standard output and standard error of each command together, with a unit.",
        )
        .example("\"10 MB\""),
        key("file_size", SIZE, "Length of any one file that is written, with a unit.")
            .example("\"1 GB\""),
    ],
    has_protocol: false,
    rules: &[Rule::AtLeast(1)],
};

/// `[protocol.adaptive]`.
pub const ADAPTIVE: Keys = Keys {
    id: "adaptive",
    place: "[protocol.adaptive]",
    about: "Blocks are repeated until the medians of cells that are compared are known well enough.",
    keys: &[
        key(
            "target",
            Shape::Number(0.0, true, 1.0),
            "Half the width of the median's interval, as a share of the median: good enough when reached after two blocks in a row.",
        )
        .default("0.025"),
        key("min", Shape::Integer(1, MANY), "Blocks before the first look at the target.")
            .default("10"),
        key("max", Shape::Integer(1, MANY), "Blocks after which it ends in any case.")
            .default("30"),
        key(
            "budget",
            DURATION,
            "Time of the run, with a unit, after which no further block begins; even before `min`.",
        )
        .example("\"10m\""),
    ],
    has_protocol: false,
    rules: &[],
};

/// `on_timeout = { … }`.
pub const ON_TIMEOUT: Keys = Keys {
    id: "on_timeout",
    place: "`on_timeout`",
    about: "Gives up larger levels of one parameter after a timeout.",
    keys: &[key("skip_larger", NAME, "The parameter that is the size.").example("\"n\"")],
    has_protocol: false,
    rules: &[Rule::Required(&["skip_larger"])],
};
