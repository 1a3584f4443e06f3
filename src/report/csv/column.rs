//! Columns that depend on the experiment: parameters and user metrics.

use crate::design::{Action, Cell, Experiment, Isolation, Level, Matrix, ParamName, Value};
use crate::measure::MetricColumn;

use super::encode;
use super::schema::Kind;

/// One `param_` column.
#[derive(Clone, Debug)]
pub struct ParamColumn {
    /// The parameter's name.
    pub name: ParamName,
    /// Some level does not survive as a number, so that all are text.
    pub is_text: bool,
    /// The type that all levels have.
    pub kind: Kind,
}

/// The `param_` columns of an experiment, in declaration order.
#[must_use]
pub fn params(matrix: &Matrix) -> Vec<ParamColumn> {
    let column = |name: &ParamName| {
        let levels =
            || matrix.all_levels().filter(|(other, _)| *other == name).map(|(_, level)| level);
        let is_text = levels().any(needs_text);
        let kind = if is_text { Kind::Text } else { common_kind(levels()) };
        ParamColumn { name: name.clone(), is_text, kind }
    };
    matrix.param_names().iter().map(column).collect()
}

fn common_kind<'a>(levels: impl Iterator<Item = &'a Level>) -> Kind {
    let mut common = None;
    for level in levels {
        let kind = match level.value() {
            Value::Integer(_) => Kind::Integer,
            Value::Float(_) => Kind::Number,
            Value::Boolean(_) => Kind::Boolean,
            Value::Text(_) | Value::List(_) => Kind::Text,
        };
        common = Some(match (common, kind) {
            (None, kind) => kind,
            (Some(common), kind) if common == kind => kind,
            (Some(Kind::Integer | Kind::Number), Kind::Integer | Kind::Number) => Kind::Number,
            _ => Kind::Text,
        });
    }
    common.unwrap_or(Kind::Text)
}

fn needs_text(level: &Level) -> bool {
    match level.value() {
        _ if level.label().is_some() => true,
        Value::Integer(integer) => encode::is_big(integer),
        Value::Float(_) | Value::Boolean(_) => false,
        Value::Text(_) | Value::List(_) => true,
    }
}

impl ParamColumn {
    /// The header.
    #[must_use]
    pub fn header(&self) -> String {
        format!("param_{}", self.name)
    }

    /// A level, or its label; nothing for a cell that does not use the parameter.
    pub fn write(&self, level: Option<&Level>, out: &mut Vec<u8>) {
        if let Some(label) = level.and_then(Level::label) {
            encode::text(label.as_str(), out);
            return;
        }
        match level.map(Level::value) {
            None => {}
            Some(Value::Integer(integer)) if self.is_text => {
                encode::answer(&integer.to_string(), out);
            }
            Some(Value::Integer(integer)) => out.extend_from_slice(integer.to_string().as_bytes()),
            Some(&Value::Float(float)) => encode::number(float, out),
            Some(&Value::Boolean(boolean)) => encode::boolean(boolean, out),
            Some(value @ (Value::Text(_) | Value::List(_))) => {
                encode::text(&value.to_string(), out);
            }
        }
    }
}

/// Appends every `param_` field of a cell, each followed by a comma.
pub fn write_params(columns: &[ParamColumn], matrix: &Matrix, cell: &Cell, out: &mut Vec<u8>) {
    for column in columns {
        column.write(matrix.level(cell, column.name.as_str()), out);
        out.push(b',');
    }
}

/// One `metric_` column and where each workload keeps its value.
#[derive(Clone, Debug)]
pub struct UserColumn {
    /// Header and unit.
    pub column: MetricColumn,
    /// For each workload, the index into its list of metrics.
    pub of_workload: Vec<Option<usize>>,
}

/// The `metric_` columns of an experiment, in the order in which workloads declare them. Metrics
/// of several workloads that are stored under one name share a column.
#[must_use]
pub fn metrics(experiment: &Experiment) -> Vec<UserColumn> {
    let mut columns: Vec<UserColumn> = Vec::new();
    for (workload, declared) in experiment.workloads.iter().enumerate() {
        for (index, metric) in declared.metrics.iter().enumerate() {
            let column = MetricColumn::of(metric);
            let known = columns.iter().position(|other| other.column.column == column.column);
            let at = known.unwrap_or_else(|| {
                columns.push(UserColumn {
                    column,
                    of_workload: vec![None; experiment.workloads.len()],
                });
                columns.len() - 1
            });
            columns[at].of_workload[workload] = Some(index);
        }
    }
    columns
}

/// The columns of another table, filled from these; one that is not here stays empty.
pub(super) fn as_in(own: &[UserColumn], other: &[UserColumn], workloads: usize) -> Vec<UserColumn> {
    let filled = |other: &UserColumn| {
        let same = own.iter().find(|own| own.column.column == other.column.column);
        let of_workload = match same {
            Some(own) => own.of_workload.clone(),
            None => vec![None; workloads],
        };
        UserColumn { column: other.column.clone(), of_workload }
    };
    other.iter().map(filled).collect()
}

/// Appends a metric's value in its stored unit.
pub fn write_metric(column: &MetricColumn, value: f64, out: &mut Vec<u8>) {
    if column.unit.is_integer() {
        encode::whole(value, out);
    } else {
        encode::number(value, out);
    }
}

/// How CPU time of a workload's trials is measured: `wait4` for children, `thread` from inside.
#[must_use]
pub fn cpu_method(action: &Action, isolation: Isolation) -> &'static str {
    match (action, isolation) {
        (Action::Kernel(_), Isolation::Thread) => "thread",
        _ => "wait4",
    }
}

/// What the primary time spans: the timed region of a kernel, or a command from spawn to reap.
#[must_use]
pub fn time_scope(action: &Action) -> &'static str {
    match action {
        Action::Kernel(_) => "region",
        Action::Command(_) => "process",
    }
}
