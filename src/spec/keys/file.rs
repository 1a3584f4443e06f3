//! The file itself, and the tables that stand in it once.

use super::protocol::{LIMITED, PROTOCOL, SANDBOXED};
use super::values::{LEVEL_OR_LIST, PARAMS, SELECTOR};
use super::workload::{HOOKS, MAX_WORKERS, STRATEGY, STRATEGY_KIND, WORKLOAD};
use super::{Key, Keys, NAME, Rule, Shape, key};

const TITLE: Key = key("title", Shape::Line, "For people. Without it: the file's name.");

const QUESTION: Key = key("question", Shape::Words, "The question that the experiment answers.");

const SEED: Key = key(
    "seed",
    Shape::Integer(0, u64::MAX),
    "Master seed of every random choice. Without it: drawn once, printed and recorded.",
)
.example("20261122");

const SHARED: Key =
    key("params", PARAMS, "Shared parameters: every workload that uses the name gets it.")
        .example("{ n = [1_000, 1_000_000] }");

const WORKLOADS: Key =
    key("workloads", Shape::Named(&Shape::Table(&WORKLOAD)), "What is computed.");

const STRATEGIES: Key = key(
    "strategies",
    Shape::Named(&Shape::Either(&[STRATEGY_KIND, Shape::Table(&STRATEGY)])),
    "How the tasks of one trial are carried out. Without it: one strategy, `sequential`.",
)
.example("{ normal = \"sequential\", two = { kind = \"threads\", workers = 2 } }");

const COMBINATION: Key = key(
    "matrix",
    Shape::Table(&MATRIX),
    "How the axes combine. Without it: every level with every other.",
);

const REPEATING: Key = key(
    "protocol",
    Shape::Table(&PROTOCOL),
    "How trials are repeated, ordered, isolated and limited.",
);

const OVERRIDES: Key = key(
    "override",
    Shape::List(&Shape::Table(&OVERRIDE), 1),
    "Keys of [protocol] for some cells, over those of workloads and strategies.",
);

const COMPARED: Key = key("compare", Shape::Table(&COMPARE), "What is compared with what.");

const GATED: Key =
    key("gate", Shape::Table(&GATE), "What fails a comparison: exit code 7, for scripts.");

const CLAIMS: Key = key(
    "claim",
    Shape::List(&Shape::Table(&CLAIM), 1),
    "What the results are expected to show; each claim is judged at the end.",
);

const BESIDES: Key = key("output", Shape::Table(&OUTPUT), "What a run writes besides its tables.");

const AROUND: Key = key(
    "hooks",
    Shape::Table(&HOOKS),
    "What is run before the first trial and after the last one.",
);

/// The file itself.
pub const FILE: Keys = Keys {
    id: "experiment",
    place: "the experiment file",
    about: "One experiment: what is computed, how its tasks are carried out, how it is measured and what is compared.",
    keys: &[
        TITLE,
        QUESTION,
        SEED,
        SHARED,
        WORKLOADS,
        STRATEGIES,
        COMBINATION,
        REPEATING,
        LIMITED,
        SANDBOXED,
        OVERRIDES,
        COMPARED,
        GATED,
        CLAIMS,
        AROUND,
        BESIDES,
        // Layers: read before everything else.
        key(
            "extends",
            Shape::Words,
            "A file under this one, relative to this file: tables are merged key by key, everything else here replaces what is there.",
        )
        .example("\"base.toml\""),
        key(
            "profiles",
            Shape::Named(&Shape::Table(&PROFILE)),
            "Layers over the file, one of them chosen by --profile NAME or by the name of the host.",
        ),
    ],
    has_protocol: false,
    rules: &[Rule::AnyOf(&["workloads", "extends"])],
};

/// Keys of the file that a profile cannot have.
pub const NOT_IN_PROFILE: &[&str] = &["extends", "profiles"];

/// `[profiles.NAME]`.
pub const PROFILE: Keys = Keys {
    id: "profile",
    place: "a profile",
    about: "A layer over the file; it has the shape of the file.",
    keys: &[
        key(
            "hosts",
            Shape::List(&Shape::Text, 0),
            "Names of hosts that choose this profile; `*` stands for any characters.",
        )
        .example("[\"lab-*\"]"),
        TITLE,
        QUESTION,
        SEED,
        SHARED,
        WORKLOADS,
        STRATEGIES,
        COMBINATION,
        REPEATING,
        LIMITED,
        SANDBOXED,
        OVERRIDES,
        COMPARED,
        GATED,
        CLAIMS,
        AROUND,
        BESIDES,
    ],
    has_protocol: false,
    rules: &[],
};

/// `[output]`.
pub const OUTPUT: Keys = Keys {
    id: "output",
    place: "[output]",
    about: "What a run writes besides its tables.",
    keys: &[key(
        "spreadsheet",
        Shape::Word(&["en", "de"]),
        "Copies of the tables in the folder excel-csv, for spreadsheets of this language: \"de\" has semicolons and decimal commas. Without it: none.",
    )
    .example("\"de\"")],
    has_protocol: false,
    rules: &[],
};

/// `[[override]]`: its own key, without those of the protocol.
pub const OVERRIDE: Keys = Keys {
    id: "override",
    place: "[[override]]",
    about: "Keys of [protocol] for some cells; of several that mean a cell the last one wins.",
    keys: &[key(
        "where",
        SELECTOR,
        "Which cells: workload, strategy, workers and parameters, each with a level, a list, a pattern or a comparison.",
    )
    .example("{ n = \">= 1000\" }")],
    has_protocol: true,
    rules: &[Rule::Required(&["where"]), Rule::AtLeast(2)],
};

/// `[[claim]]`.
pub const CLAIM: Keys = Keys {
    id: "claim",
    place: "[[claim]]",
    about: "A statement about the results: supported, contradicted or undecided.",
    keys: &[
        key(
            "statement",
            Shape::Words,
            "An order of the compared metric, `a < b < c`, or a bound of a speed-up, `speedup(a) >= 1.8`.",
        )
        .example("\"multicore < normal\""),
        key("where", SELECTOR, "In which cells it must hold. Without it: in all.")
            .example("{ n = \">= 1000\" }"),
    ],
    has_protocol: false,
    rules: &[Rule::Required(&["statement"])],
};

/// `[compare]`.
pub const COMPARE: Keys = Keys {
    id: "compare",
    place: "[compare]",
    about: "What is compared with what.",
    keys: &[
        key(
            "baseline",
            Shape::Either(&[
                Shape::Text,
                FACTORS,
                Shape::Named(&Shape::Either(&[Shape::Text, FACTORS])),
            ]),
            "The name of a strategy, or a table of factors; one table per workload is possible.",
        )
        .example("{ workers = 1 }"),
        key(
            "baseline_kind",
            Shape::Word(&["best_serial", "same_code_1_worker", "named"]),
            "What the baseline is. Without it: inferred.",
        ),
        key(
            "metric",
            Shape::Words,
            "The metric that is compared; \"wall\" is the runner's own time.",
        )
        .default("\"wall\""),
        key(
            "margin",
            Shape::Number(0.0, false, 1.0),
            "Differences below this share count as the same.",
        )
        .default("0.02"),
        key("conf", Shape::Number(0.0, true, 1.0), "Confidence level of intervals.")
            .default("0.95"),
        key(
            "max_failure_rate",
            Shape::Number(0.0, false, 1.0),
            "The largest share of a cell's trials that may fail without making its comparisons invalid.",
        )
        .default("0"),
        key("adjust", Shape::Word(&["holm", "bh", "none"]), "Adjustment for many comparisons.")
            .default("\"holm\""),
        key(
            "objective",
            Shape::Word(&["p50", "p90", "p95", "p99"]),
            "Which statistic of a cell's values is compared: the median or a percentile.",
        )
        .default("\"p50\""),
        key(
            "sum",
            Shape::Boolean,
            "Whether the ratio of summed medians over all workloads and parameters is published.",
        )
        .default("false"),
        key(
            "allow_geomean",
            Shape::Boolean,
            "Whether the geometric mean of the ratios over all workloads and parameters is published.",
        )
        .default("false"),
    ],
    has_protocol: false,
    rules: &[],
};

/// A rule of a gate.
const RULE: Shape = Shape::Matching("^\\s*(slower|worse)\\s*>\\s*[0-9.]+\\s*%\\s*$");

/// `[gate]`.
pub const GATE: Keys = Keys {
    id: "gate",
    place: "[gate]",
    about: "What fails a comparison in the compared metric. Exit code 7 when one fails, 8 when none fails and one decides nothing.",
    keys: &[
        key(
            "fail_if",
            Shape::Either(&[RULE, Shape::List(&RULE, 1)]),
            "By how much worse than its baseline a cell must be, with its whole interval, to fail.",
        )
        .example("\"slower > 5%\""),
        key(
            "inconclusive",
            Shape::Word(&["report", "fail", "pass"]),
            "What a comparison that decides nothing does: it is told apart, it fails, or it passes.",
        )
        .default("\"report\""),
    ],
    has_protocol: false,
    rules: &[Rule::Required(&["fail_if"])],
};

/// Levels of factors.
const FACTORS: Shape = Shape::Alias(
    "factors",
    "A workload, a strategy, a number of workers, and levels of parameters.",
    &Shape::Factors(
        &[
            key("workload", Shape::Text, "The name of a workload."),
            key("strategy", Shape::Text, "The name of a strategy."),
            key("workers", Shape::Integer(1, MAX_WORKERS), "A number of workers."),
        ],
        &LEVEL_OR_LIST,
        1,
        &[],
    ),
);

/// `[matrix]`.
pub const MATRIX: Keys = Keys {
    id: "matrix",
    place: "[matrix]",
    about: "How the axes combine.",
    keys: &[
        key(
            "zip",
            Shape::List(&Shape::List(&NAME, 2), 1),
            "Parameters that move together: the first level of each, the second of each, …",
        )
        .example("[[\"cc\", \"flags\"]]"),
        key("exclude", Shape::List(&SELECTOR, 1), "Combinations that are left out.")
            .example("[{ cc = \"gcc*\", n = \">= 1000\" }]"),
        key(
            "include",
            Shape::List(&FACTORS, 1),
            "Combinations that are added: a level of each parameter that has several.",
        )
        .example("[{ cc = \"gcc\", n = 7 }]"),
    ],
    has_protocol: false,
    rules: &[],
};
