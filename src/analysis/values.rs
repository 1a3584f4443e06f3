//! The value of each metric that one observation gives.

use crate::design::{Action, Better, Workload};
use crate::measure::{Iterated, Measured, MetricColumn, MetricUnit, Observation, Status};

/// The column of the primary time.
pub const TIME: &str = "time_ns";

/// The column of the one value of iterations that a command reports. A kernel's is its primary
/// time.
const ITERATION: &str = "iter_value_ns";

/// A metric of a workload's trials and how it is read from them.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Its column in `trials.csv`.
    pub column: MetricColumn,
    /// Declared as one that cannot vary within a cell.
    pub deterministic: bool,
    read: Read,
}

#[derive(Clone, Debug)]
enum Read {
    BuiltIn(fn(&Measured) -> Option<u64>),
    /// An index into the workload's own list.
    User(usize),
}

/// Every metric of a workload: the primary time first, then what every trial may have, then what
/// the program reports itself.
pub(super) fn sources(workload: &Workload) -> Vec<Source> {
    let built_in = |name: &str, unit, read| {
        let better = Some(Better::Lower);
        let column = MetricColumn { column: name.to_owned(), unit, factor: 1.0, better };
        Source { column, deterministic: false, read: Read::BuiltIn(read) }
    };
    let mut sources = vec![
        built_in(TIME, MetricUnit::Nanoseconds, |measured| measured.time_ns),
        built_in("user_ns", MetricUnit::Nanoseconds, |measured| measured.user_ns),
        built_in("sys_ns", MetricUnit::Nanoseconds, |measured| measured.sys_ns),
        built_in("max_rss_bytes", MetricUnit::Bytes, |measured| measured.max_rss_bytes),
    ];
    if let Action::Command(command) = &workload.action
        && command.iteration_times.is_some()
    {
        sources.push(built_in(ITERATION, MetricUnit::Nanoseconds, |measured| {
            Iterated::of(&measured.iterations_ns).map(|found| found.value_ns)
        }));
    }
    let own = workload.metrics.iter().enumerate();
    sources.extend(own.map(|(at, metric)| Source {
        column: MetricColumn::of(metric),
        deterministic: metric.deterministic,
        read: Read::User(at),
    }));
    sources
}

/// What reads the value of a workload's metric, by its column, from a used row; `None` if the
/// workload has no such metric. The value of a censored row is `+∞`.
#[must_use]
pub fn reader(workload: &Workload, column: &str) -> Option<impl Fn(&Observation) -> Option<f64>> {
    let source = sources(workload).into_iter().find(|source| source.column.column == column)?;
    Some(move |row: &Observation| source.value(row))
}

impl Source {
    /// The value of a used row; `None` if it has none. A censored one is `+∞`.
    ///
    /// Of a timeout, every cost is known only to be larger than what was seen. A program that ran
    /// out of time reports nothing: its own time is then censored too, and of other metrics
    /// nothing is known.
    pub fn value(&self, observation: &Observation) -> Option<f64> {
        let measured = &observation.measured;
        match (&self.read, measured.status) {
            (Read::BuiltIn(_), Status::Timeout) => Some(f64::INFINITY),
            (Read::BuiltIn(read), _) => read(measured).map(|value| value as f64),
            (Read::User(_), Status::Timeout) => self.is_censored_time().then_some(f64::INFINITY),
            (Read::User(at), _) => measured.metrics.get(*at).copied().flatten(),
        }
    }

    /// The values of used rows, in their order.
    pub fn values(&self, used: &[&Observation]) -> Vec<f64> {
        let values: Vec<f64> = used.iter().filter_map(|row| self.value(row)).collect();
        let all_censored = values.iter().all(|value| value.is_infinite());
        let is_other = matches!(self.read, Read::BuiltIn(_)) && self.column.column != TIME;
        // What was measured in no trial is not known to be large.
        if is_other && all_censored { Vec::new() } else { values }
    }

    fn is_censored_time(&self) -> bool {
        self.column.unit == MetricUnit::Nanoseconds && self.column.better != Some(Better::Higher)
    }
}
