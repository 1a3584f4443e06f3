//! What a program reports itself: its answer and the metrics, where each stands and how several
//! values become one.

use std::fmt;

use super::name::ParamName;
use super::template::Template;

/// A response variable that a program reports.
#[derive(Clone, Debug)]
pub struct UserMetric {
    /// Name as in the file.
    pub name: ParamName,
    /// Unit as in the file, for example `s`, `ms`, `MiB`, `1`.
    pub unit: String,
    /// Which direction is better, as the file says.
    pub better: Option<Better>,
    /// Where it is read from.
    pub source: MetricSource,
    /// Which part of that it is.
    pub extract: Extract,
    /// A trial without it has given no valid output.
    pub required: bool,
    /// How the values of several tasks become the one of the trial. There whenever the workload
    /// may have several tasks and each of them reports a value.
    pub combine: Option<Combine>,
    /// All trials of a cell report the same value; where they do not, none of them is valid.
    pub deterministic: bool,
}

/// Units of time and of memory: amounts of them are costs.
const COST_UNITS: [&str; 14] =
    ["s", "ms", "us", "µs", "μs", "ns", "min", "B", "kB", "MB", "GB", "KiB", "MiB", "GiB"];

impl UserMetric {
    /// Which direction is better: what the file says; without it less time and less memory are
    /// better, and nothing is known of other units.
    #[must_use]
    pub fn direction(&self) -> Option<Better> {
        let is_cost = COST_UNITS.contains(&self.unit.as_str());
        self.better.or(is_cost.then_some(Better::Lower))
    }
}

/// Where a user metric is read from.
#[derive(Clone, Debug)]
pub enum MetricSource {
    /// Standard output, of each task.
    Stdout,
    /// A file below the directory of the trial, which is new and empty for each attempt, so that
    /// nothing of an earlier trial can be read.
    File(Template),
}

impl MetricSource {
    /// The name of the file, if it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Template> {
        match self {
            Self::Stdout => None,
            Self::File(path) => Some(path),
        }
    }
}

/// Where a command reports how long each of its iterations took.
#[derive(Clone, Debug)]
pub struct IterationTimes {
    /// Every match of a regular expression, or the list at a place of a JSON document.
    pub extract: Extract,
    /// Length of the unit of the numbers in ns.
    pub unit_ns: f64,
}

/// Which part of a text is meant.
#[derive(Clone, Debug)]
pub enum Extract {
    /// The first group (or the whole match) of the last match.
    Regex(regex::Regex),
    /// The value at a place of a JSON document.
    Json(Pointer),
    /// All of it.
    Whole,
}

impl fmt::Display for Extract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Regex(regex) => f.write_str(regex.as_str()),
            Self::Json(pointer) => write!(f, "json {pointer}"),
            Self::Whole => f.write_str("whole"),
        }
    }
}

/// A place in a JSON document (RFC 6901): empty for the whole of it, or names and indices, each
/// behind a `/`, with `~1` for `/` and `~0` for `~`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer(String);

impl Pointer {
    /// # Errors
    /// The byte where it goes wrong, and why.
    pub fn new(text: &str) -> Result<Self, (usize, &'static str)> {
        if !text.is_empty() && !text.starts_with('/') {
            return Err((0, "it does not begin with `/`"));
        }
        let bytes = text.as_bytes();
        for (at, _) in text.match_indices('~') {
            if !matches!(bytes.get(at + 1), Some(b'0' | b'1')) {
                return Err((at, "`~` stands for nothing: write ~0 for `~` and ~1 for `/`"));
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the values of several tasks become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combine {
    /// They add up.
    Sum,
    /// Their arithmetic mean.
    Mean,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

impl Combine {
    /// All ways, with their words in files.
    pub const ALL: [(&'static str, Self); 4] =
        [("sum", Self::Sum), ("mean", Self::Mean), ("min", Self::Min), ("max", Self::Max)];

    /// One value of several; `None` of none.
    #[must_use]
    pub fn apply(self, values: &[f64]) -> Option<f64> {
        let sum = || values.iter().sum::<f64>();
        match self {
            _ if values.is_empty() => None,
            Self::Sum => Some(sum()),
            Self::Mean => Some(sum() / values.len() as f64),
            Self::Min => values.iter().copied().reduce(f64::min),
            Self::Max => values.iter().copied().reduce(f64::max),
        }
    }
}

/// Which direction of a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Costs.
    Lower,
    /// Rates.
    Higher,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_those_of_the_standard() {
        for good in ["", "/", "/a/0", "/a~1b/~0", "/m\u{e4}/ "] {
            assert_eq!(Pointer::new(good).map(|pointer| pointer.0), Ok(good.to_owned()));
        }
        assert_eq!(Pointer::new("a/b").map_err(|(at, _)| at), Err(0));
        assert_eq!(Pointer::new("/a~2").map_err(|(at, _)| at), Err(2));
        assert_eq!(Pointer::new("/a~").map_err(|(at, _)| at), Err(2));
    }

    #[test]
    fn several_values_become_one() {
        let all = Combine::ALL.map(|(_, combine)| combine.apply(&[3.0, 1.0, 2.0]));
        assert_eq!(all, [Some(6.0), Some(2.0), Some(1.0), Some(3.0)]);
        assert_eq!(Combine::ALL.map(|(_, combine)| combine.apply(&[])), [None; 4]);
    }
}
