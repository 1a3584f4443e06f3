//! What every column of every table is: its name, type, unit and meaning, in one place.
//!
//! The writers take their headers from here, the documentation its tables, and `datapackage.json`
//! its fields. Knows no values.

pub mod comparisons;
pub mod judged;
pub mod scaling;
pub mod small;
pub mod summary;
pub mod trials;

use super::column::{ParamColumn, UserColumn};
use crate::measure::MetricUnit;

/// Every table that a run may have, in the order of the documentation.
pub const TABLES: [&Table; 10] = [
    &small::TABLE,
    &trials::TRIALS,
    &small::ITERATIONS,
    &small::WORKERS,
    &summary::SUMMARY,
    &comparisons::COMPARISONS,
    &judged::TOTALS,
    &judged::CLAIMS,
    &scaling::MODELS,
    &scaling::POINTS,
];

/// The type of the values in a column, by its name in a Table Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, in the encoding of [`encode::text`](super::encode::text).
    Text,
    /// A whole number of at most 15 digits.
    Integer,
    /// A number with a decimal point.
    Number,
    /// `true` or `false`.
    Boolean,
    /// RFC 3339 in UTC with milliseconds.
    Moment,
    /// `2026-11-22`.
    Day,
}

impl Kind {
    /// The name of the type in a Table Schema.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Moment => "datetime",
            Self::Day => "date",
        }
    }
}

/// A column that every run of this version has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its header.
    pub name: &'static str,
    /// The type of its values.
    pub kind: Kind,
    /// The unit of its values: `ns`, `B`, `1` for counts and ratios; a name in backquotes is the
    /// column that says it. Empty where nothing is counted.
    pub unit: &'static str,
    /// What the values mean, and what an empty field means where that is not plain.
    pub meaning: &'static str,
}

const fn text(name: &'static str, meaning: &'static str) -> Column {
    Column { name, kind: Kind::Text, unit: "", meaning }
}

const fn integer(name: &'static str, unit: &'static str, meaning: &'static str) -> Column {
    Column { name, kind: Kind::Integer, unit, meaning }
}

const fn number(name: &'static str, unit: &'static str, meaning: &'static str) -> Column {
    Column { name, kind: Kind::Number, unit, meaning }
}

const fn boolean(name: &'static str, meaning: &'static str) -> Column {
    Column { name, kind: Kind::Boolean, unit: "", meaning }
}

/// Columns that stand together in every run.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// The same ones in every run.
    Fixed(&'static [Column]),
    /// One `param_` column for each parameter.
    Parameters,
    /// One `metric_` column for each metric that programs report.
    Metrics,
}

/// One table.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// The file's name.
    pub file: &'static str,
    /// What one row is.
    pub about: &'static str,
    /// The columns that tell rows apart.
    pub key: &'static [&'static str],
    /// Whether the parameters belong to them.
    pub params_in_key: bool,
    /// Its columns, in order.
    pub parts: &'static [Part],
}

/// A column of the table of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its header.
    pub name: String,
    /// The type of its values.
    pub kind: Kind,
    /// The unit of its values; empty where nothing is counted.
    pub unit: String,
    /// What the values mean.
    pub meaning: String,
}

impl Field {
    fn fixed(column: &Column) -> Self {
        Self {
            name: column.name.to_owned(),
            kind: column.kind,
            unit: column.unit.to_owned(),
            meaning: column.meaning.to_owned(),
        }
    }

    fn of_param(param: &ParamColumn) -> Self {
        let grouped = match param.kind {
            Kind::Text => ", as text or by its label; digits of long integers are in groups",
            _ => "",
        };
        let name = param.name.as_str();
        Self {
            name: param.header(),
            kind: param.kind,
            unit: String::new(),
            meaning: format!(
                "Level of the parameter `{name}`{grouped}; empty where it is not used"
            ),
        }
    }

    fn of_metric(metric: &UserColumn) -> Self {
        let unit = &metric.column.unit;
        let kind = if unit.is_integer() { Kind::Integer } else { Kind::Number };
        let rounded = match unit {
            MetricUnit::Other(_) => "",
            MetricUnit::Nanoseconds => ", in whole nanoseconds",
            MetricUnit::Bytes => ", in whole bytes",
        };
        Self {
            name: metric.column.column.clone(),
            kind,
            unit: unit.as_str().to_owned(),
            meaning: format!("A metric that the program reports{rounded}"),
        }
    }
}

impl Table {
    /// All columns of a run with these parameters and metrics, in order.
    #[must_use]
    pub fn fields(&self, params: &[ParamColumn], metrics: &[UserColumn]) -> Vec<Field> {
        let mut fields = Vec::new();
        for part in self.parts {
            match part {
                Part::Fixed(columns) => fields.extend(columns.iter().map(Field::fixed)),
                Part::Parameters => fields.extend(params.iter().map(Field::of_param)),
                Part::Metrics => fields.extend(metrics.iter().map(Field::of_metric)),
            }
        }
        fields
    }

    /// The headers of such a table, in order.
    #[must_use]
    pub fn names(&self, params: &[ParamColumn], metrics: &[UserColumn]) -> Vec<String> {
        self.fields(params, metrics).into_iter().map(|field| field.name).collect()
    }

    /// The first line of such a table, without metrics.
    #[must_use]
    pub(super) fn header(&self, params: &[ParamColumn]) -> Vec<u8> {
        let mut line = self.names(params, &[]).join(",").into_bytes();
        line.push(b'\n');
        line
    }

    /// The rows of its documentation, in Markdown: `| column | type | what |`.
    #[must_use]
    pub fn documentation(&self) -> String {
        let mut rows = String::from("| column | type | what |\n| --- | --- | --- |\n");
        for part in self.parts {
            match part {
                Part::Fixed(columns) => {
                    for Column { name, kind, unit, meaning } in *columns {
                        let kind = kind.as_str();
                        let unit = match *unit {
                            "" | "1" => String::new(),
                            unit => format!(", {unit}"),
                        };
                        rows.push_str(&format!("| `{name}` | {kind}{unit} | {meaning} |\n"));
                    }
                }
                Part::Parameters => rows.push_str(
                    "| `param_<name>` | that of the levels | level of each parameter; empty where a cell does not use it |\n",
                ),
                Part::Metrics => rows.push_str(
                    "| `metric_<name>` | integer or number | each metric that the program reports; `_ns` or `_bytes` at the end where it was converted |\n",
                ),
            }
        }
        rows
    }
}
