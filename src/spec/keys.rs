//! The tables of an experiment file: every key with its shape, its default and what it means.
//!
//! The one list from which the binder takes the keys that it knows, `check --resolved` its
//! defaults, and the JSON Schema everything. Owns what a value looks like; whether it fits the
//! rest of the file is the binder's to say.

mod file;
mod protocol;
mod values;
mod workload;

pub use file::{CLAIM, COMPARE, FILE, GATE, MATRIX, NOT_IN_PROFILE, OUTPUT, OVERRIDE, PROFILE};
pub use protocol::{
    ADAPTIVE, LIMITED, LIMITS, ON_TIMEOUT, PROTOCOL, SANDBOX, SANDBOXED, WHOLE_RUN, layered,
};
pub use values::{CONDITIONAL, FACTOR_RANGE, GLOB, LEVEL, LINES, SELECTOR, STEP_RANGE};
pub use workload::{
    COMMAND_ONLY, HOOK, HOOKS, ITERATION_TIMES, METRIC, RESULT, STRATEGY, WORKLOAD, WORKLOAD_HOOKS,
};

/// One key of a table.
#[derive(Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What it means, with its unit: one or two sentences, shown by editors.
    pub about: &'static str,
    /// What its value looks like.
    pub shape: Shape,
    /// The value in force without it, in TOML, if that is one value.
    pub default: Option<&'static str>,
    /// A value that is accepted, in TOML.
    pub example: Option<&'static str>,
}

/// A key without default and example.
const fn key(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, about, shape, default: None, example: None }
}

impl Key {
    const fn default(self, toml: &'static str) -> Self {
        Self { default: Some(toml), ..self }
    }

    const fn example(self, toml: &'static str) -> Self {
        Self { example: Some(toml), ..self }
    }
}

/// A table with its keys.
#[derive(Debug)]
pub struct Keys {
    /// Its name in the schema.
    pub id: &'static str,
    /// What it is called in messages.
    pub place: &'static str,
    /// What it is, in one sentence.
    pub about: &'static str,
    /// Its keys, in the order of the documentation.
    pub keys: &'static [Key],
    /// Keys of the protocol may stand in it, too, but for those of the whole run; and `limits` and `sandbox`.
    pub has_protocol: bool,
    /// What must hold between its keys.
    pub rules: &'static [Rule],
}

impl Keys {
    /// The names of its own keys.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.keys.iter().map(|key| key.name)
    }

    /// The names of all keys that may stand in it, those of the layers included.
    pub fn all_names(&self) -> impl Iterator<Item = &'static str> + Clone {
        let whole_run = PROTOCOL.keys.iter().filter(|key| WHOLE_RUN.contains(&key.name));
        // Those of the whole run have a message of their own.
        let more = self.has_protocol.then(|| layered().chain(whole_run).map(|key| key.name));
        self.names().chain(more.into_iter().flatten())
    }

    /// Whether it has this key itself.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// The defaults of its keys, in TOML.
    pub fn defaults(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.keys.iter().filter_map(|key| Some((key.name, key.default?)))
    }
}

/// What must hold between the keys of a table.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// All of these are there.
    Required(&'static [&'static str]),
    /// Exactly one of these is there.
    OneOf(&'static [&'static str]),
    /// One of these at least is there.
    AnyOf(&'static [&'static str]),
    /// So many keys at least.
    AtLeast(u64),
    /// The first only stands beside the second.
    With(&'static str, &'static str),
    /// The two exclude one another.
    NotBoth(&'static str, &'static str),
}

/// What a value looks like.
#[derive(Debug)]
pub enum Shape {
    /// Text.
    Text,
    /// Text that is not blank.
    Words,
    /// Text that a regular expression matches, in the dialect of JSON Schema.
    Matching(&'static str),
    /// The name of a built-in kernel, or `command`.
    Kernel,
    /// Text on one line that is not blank.
    Line,
    /// True or false.
    Boolean,
    /// One of these texts.
    Word(&'static [&'static str]),
    /// A whole number of at least and at most.
    Integer(u64, u64),
    /// A whole number of at least and at most, which may be negative.
    Signed(i64, i64),
    /// A number of at least the first, or above it where the flag says so, and below the second.
    Number(f64, bool, f64),
    /// Any integer or float.
    AnyNumber,
    /// A number, a boolean or text.
    Scalar,
    /// Any of these.
    Either(&'static [Shape]),
    /// A list with so many entries at least.
    List(&'static Shape, u64),
    /// A list in which nothing stands twice.
    Set(&'static Shape),
    /// A table with fixed keys.
    Table(&'static Keys),
    /// A table from names that people choose to this.
    Named(&'static Shape),
    /// A table from names of parameters to this, with so many entries at least.
    Params(&'static Shape, u64),
    /// A table with these keys and, besides, names of parameters to this; so many entries at
    /// least, and those that are required.
    Factors(&'static [Key], &'static Shape, u64, &'static [&'static str]),
    /// A table from names of environment variables to text.
    Variables,
    /// A shape with a name and a description of its own.
    Alias(&'static str, &'static str, &'static Shape),
    /// Anything.
    Anything,
}

/// Text with a number and a unit.
const DURATION: Shape = Shape::Matching("[0-9].*[A-Za-zµμ]|[A-Za-z].*[0-9]");

/// Text with a number and a unit of size.
const SIZE: Shape = Shape::Matching("^\\s*[0-9][0-9_]*(\\.[0-9]+)?\\s*([kKmMgGtT][iI]?)?[bB]\\s*$");

/// The name of a parameter or metric.
const NAME: Shape = Shape::Matching(PARAM_NAME);

/// What names of parameters and metrics look like.
pub const PARAM_NAME: &str = "^[a-z][a-z0-9_]{0,63}$";

/// What names of workloads, strategies and profiles look like: no slash, no control character, no
/// dot at the start and no space at the edges.
pub const FREE_NAME: &str = "^[^./\\\\\\s\\u0000-\\u001f\\u007f-\\u009f]([^/\\\\\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]{0,62}[^/\\\\\\s\\u0000-\\u001f\\u007f-\\u009f])?$";

/// What names of environment variables look like.
pub const VARIABLE_NAME: &str = "^[^=\\u0000-\\u001f\\u007f-\\u009f]+$";

/// A list of texts.
const TEXTS: Shape = Shape::List(&Shape::Text, 1);

/// Conditions over recorded facts.
const ASSERT: Shape = Shape::Either(&[Shape::Words, Shape::List(&Shape::Words, 1)]);

/// Keys that have a meaning in a later version and are an error until then.
pub const RESERVED: &[(&str, &str)] = &[("slurm", "clusters")];
