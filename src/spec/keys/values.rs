//! Values of parameters: scalars, axes, conditions; and selectors over them.

use super::{FREE_NAME, Key, Keys, Rule, Shape, key};

/// A level, an axis or an expression.
pub const AXIS: Shape = Shape::Alias(
    "axis",
    "A scalar is fixed; a text that begins with = is an expression over other parameters (== for the text itself); a list, a range, the lines of a file or the files that match a pattern are an axis.",
    &Shape::Either(&[LEVELS, Shape::Table(&CONDITIONAL)]),
);

/// The same without a condition.
const LEVELS: Shape = Shape::Alias(
    "levels",
    "A level, an axis or an expression.",
    &Shape::Either(&[
        Shape::Scalar,
        Shape::List(&ENTRY, 1),
        Shape::Table(&STEP_RANGE),
        Shape::Table(&FACTOR_RANGE),
        Shape::Table(&LINES),
        Shape::Table(&GLOB),
        Shape::Table(&LEVEL),
    ]),
);

/// A level where a parameter may be a list.
pub const LEVEL_OR_LIST: Shape = Shape::Either(&[Shape::Scalar, Shape::List(&Shape::Scalar, 0)]);

/// An entry of a list of levels.
const ENTRY: Shape = Shape::Either(&[
    Shape::Scalar,
    // One level of a parameter that is a list.
    Shape::List(&Shape::Scalar, 0),
    Shape::Table(&LEVEL),
]);

/// A table of parameters.
pub const PARAMS: Shape =
    Shape::Alias("params", "Parameters and their levels.", &Shape::Params(&AXIS, 0));

const fn bound(name: &'static str, about: &'static str, example: &'static str) -> Key {
    key(name, Shape::AnyNumber, about).example(example)
}

/// An axis with a constant step.
pub const STEP_RANGE: Keys = Keys {
    id: "step_range",
    place: "a range",
    about: "Levels with a constant step, both ends included.",
    keys: &[
        bound("from", "First level.", "10"),
        bound("to", "Last level; it must be met exactly.", "50"),
        bound("step", "What is added from level to level.", "10"),
    ],
    has_protocol: false,
    rules: &[Rule::Required(&["from", "to", "step"])],
};

/// An axis with a constant factor.
pub const FACTOR_RANGE: Keys = Keys {
    id: "factor_range",
    place: "a range",
    about: "Levels with a constant factor, both ends included.",
    keys: &[
        bound("from", "First level.", "1"),
        bound("to", "Last level; it must be met exactly.", "64"),
        bound("factor", "By what each level is multiplied.", "2"),
    ],
    has_protocol: false,
    rules: &[Rule::Required(&["from", "to", "factor"])],
};

/// An axis of the lines of a file.
pub const LINES: Keys = Keys {
    id: "lines",
    place: "a list of lines",
    about: "Levels from a file, one a line; empty lines do not count.",
    keys: &[
        key("lines", Shape::Words, "A text file, relative to this file.").example("\"words.txt\"")
    ],
    has_protocol: false,
    rules: &[Rule::Required(&["lines"])],
};

/// An axis of the files that match a pattern.
pub const GLOB: Keys = Keys {
    id: "glob",
    place: "a list of files",
    about: "Levels are the paths of the files that match, sorted; their content is part of a cell's identity.",
    keys: &[
        key("glob", Shape::Words, "A pattern, relative to this file.").example("\"inputs/*.csv\"")
    ],
    has_protocol: false,
    rules: &[Rule::Required(&["glob"])],
};

/// A level with a label.
pub const LEVEL: Keys = Keys {
    id: "level",
    place: "a level",
    about: "A level under a short name: the label in tables and figures, the value in commands.",
    keys: &[
        key(
            "value",
            Shape::Either(&[Shape::Scalar, Shape::List(&Shape::Anything, 1)]),
            "What commands and kernels get.",
        )
        .example("\"--level=9 --long\""),
        key("label", Shape::Matching(FREE_NAME), "What tables and figures show.")
            .example("\"small\""),
    ],
    has_protocol: false,
    rules: &[Rule::Required(&["value", "label"])],
};

/// A parameter that applies only in some cells.
pub const CONDITIONAL: Keys = Keys {
    id: "conditional",
    place: "a parameter with a condition",
    about: "A parameter that applies only in some cells.",
    keys: &[
        key("values", LEVELS, "A level, an axis or an expression.").example("[1, 2]"),
        key("when", SELECTOR, "Where it applies.").example("{ strategy = \"chunked\" }"),
        key("otherwise", Shape::Scalar, "Its level everywhere else; none when absent."),
    ],
    has_protocol: false,
    rules: &[Rule::Required(&["values", "when"])],
};

const PATTERN: Shape = Shape::Alias(
    "pattern",
    "A level, a pattern such as \"gcc*\", or a comparison such as \">= 1000\".",
    &Shape::Scalar,
);

/// Cells by their factors.
pub const SELECTOR: Shape = Shape::Alias(
    "selector",
    "Cells by workload, strategy, workers and parameters; all entries must hold.",
    &Shape::Params(&Shape::Either(&[PATTERN, Shape::List(&PATTERN, 1)]), 1),
);
