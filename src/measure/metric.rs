//! User metrics: the column they are stored in and the unit they are stored with.

use crate::design::{Better, UserMetric};

/// The column of a user metric in results files.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricColumn {
    /// `metric_<name>`, with `_ns` or `_bytes` appended where the unit was converted.
    pub column: String,
    /// Unit of the stored values.
    pub unit: MetricUnit,
    /// Factor from the program's unit to the stored one.
    pub factor: f64,
    /// Which direction is better, if either.
    pub better: Option<Better>,
}

/// The unit of stored values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricUnit {
    /// Nanoseconds, rounded to integers.
    Nanoseconds,
    /// Bytes, rounded to integers.
    Bytes,
    /// As the program writes it.
    Other(String),
}

impl MetricUnit {
    /// The word in the `unit` columns.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Bytes => "B",
            Self::Other(unit) => unit,
        }
    }

    /// Whether values are stored as integers.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        matches!(self, Self::Nanoseconds | Self::Bytes)
    }
}

impl MetricColumn {
    /// The column for a metric of the file: times become ns, sizes become bytes.
    #[must_use]
    pub fn of(metric: &UserMetric) -> Self {
        let (unit, factor) = match metric.unit.as_str() {
            "s" => (MetricUnit::Nanoseconds, 1e9),
            "ms" => (MetricUnit::Nanoseconds, 1e6),
            "us" | "µs" | "μs" => (MetricUnit::Nanoseconds, 1e3),
            "ns" => (MetricUnit::Nanoseconds, 1.0),
            "min" => (MetricUnit::Nanoseconds, 60e9),
            "B" => (MetricUnit::Bytes, 1.0),
            "kB" => (MetricUnit::Bytes, 1e3),
            "MB" => (MetricUnit::Bytes, 1e6),
            "GB" => (MetricUnit::Bytes, 1e9),
            "KiB" => (MetricUnit::Bytes, 1024.0),
            "MiB" => (MetricUnit::Bytes, 1024.0 * 1024.0),
            "GiB" => (MetricUnit::Bytes, 1024.0 * 1024.0 * 1024.0),
            other => (MetricUnit::Other(other.to_owned()), 1.0),
        };
        let suffix = match unit {
            MetricUnit::Nanoseconds => "_ns",
            MetricUnit::Bytes => "_bytes",
            MetricUnit::Other(_) => "",
        };
        Self {
            column: format!("metric_{}{suffix}", metric.name),
            unit,
            factor,
            better: metric.direction(),
        }
    }

    /// A number as the program wrote it, in the stored unit.
    #[must_use]
    pub fn store(&self, value: f64) -> f64 {
        let stored = value * self.factor;
        if self.unit.is_integer() { stored.round() } else { stored }
    }
}
