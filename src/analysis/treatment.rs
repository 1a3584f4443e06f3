//! Whether treatments took place: the conditions of `assert` against the recorded facts, and what
//! the facts say of cells with several workers.

use super::{CellSummary, Evidence, Summary};
use crate::design::{Assertion, CellIx, Value, expression::evaluate};
use crate::measure::MetricColumn;

/// Trials shorter than this say little: most of them is their start. In ns.
const SHORT_NS: f64 = 10_000_000.0;

/// Below so many busy CPUs, one was busy.
const ONE_BUSY: f64 = 1.2;

/// A condition that does not hold in a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    /// The cell.
    pub cell: CellIx,
    /// The condition, as it is written.
    pub condition: String,
    /// What the facts were, or why it could not be judged.
    pub found: String,
}

/// Every condition that does not hold. A cell without used trials has no facts and breaks none.
#[must_use]
pub fn broken(evidence: Evidence<'_>, summary: &Summary) -> Vec<Broken> {
    let mut all = Vec::new();
    for cell in (0..evidence.matrix.len()).map(CellIx::new) {
        let of_cell = evidence.matrix.cell(cell);
        let workload = &evidence.experiment.workloads[of_cell.workload];
        let strategy = &evidence.experiment.strategies[of_cell.strategy];
        if summary.cell(cell).counts.used == 0 {
            continue;
        }
        for assertion in workload.asserts.iter().chain(&strategy.asserts) {
            if let Some(found) = judge(evidence, summary.cell(cell), cell, assertion) {
                all.push(Broken { cell, condition: assertion.text.clone(), found });
            }
        }
    }
    all
}

/// `None` when the condition holds; otherwise the facts that it names.
fn judge(
    evidence: Evidence<'_>,
    summary: &CellSummary,
    cell: CellIx,
    assertion: &Assertion,
) -> Option<String> {
    let look_up = |name: &str| fact(evidence, summary, cell, name);
    match evaluate(&assertion.expression, &look_up) {
        Ok(Value::Boolean(true)) => None,
        Ok(Value::Boolean(false)) => {
            let mut words: Vec<String> = Vec::new();
            for (name, _) in assertion.expression.names() {
                let value = look_up(name).unwrap_or(Value::Text("not known".to_owned()));
                let value = match value {
                    Value::Float(float) => three_digits(float),
                    other => other.to_string(),
                };
                let word = format!("{name} is {value}");
                if !words.contains(&word) {
                    words.push(word);
                }
            }
            Some(words.join(", "))
        }
        Ok(other) => Some(format!("it gives {other}, neither true nor false")),
        Err(mistake) => Some(format!("it cannot be judged: {}", mistake.title)),
    }
}

/// A number with three significant digits.
fn three_digits(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let digits = (2.0 - value.abs().log10().floor()).clamp(0.0, 9.0);
    format!("{value:.0$}", digits as usize)
}

fn fact(
    evidence: Evidence<'_>,
    summary: &CellSummary,
    cell: CellIx,
    name: &str,
) -> Result<Value, String> {
    let of_cell = evidence.matrix.cell(cell);
    let median = |column: &str| summary.metric(column).and_then(|metric| metric.median);
    let number = |value: Option<f64>| {
        value.map(Value::Float).ok_or_else(|| format!("`{name}` was not measured here"))
    };
    match name {
        "cpu_per_time" => number(summary.cpu_per_time),
        "time" => number(median("time_ns").map(|ns| ns / 1e9)),
        "cpu" => {
            number(median("user_ns").zip(median("sys_ns")).map(|(user, sys)| (user + sys) / 1e9))
        }
        "memory" => number(median("max_rss_bytes")),
        "workers" => Ok(Value::Integer(of_cell.workers.into())),
        "tasks" => Ok(Value::Integer(of_cell.tasks.into())),
        name => {
            let of_program = &evidence.experiment.workloads[of_cell.workload].metrics;
            if let Some(metric) = of_program.iter().find(|metric| metric.name.as_str() == name) {
                // In the unit of the file, which a condition is written in.
                let column = MetricColumn::of(metric);
                let unit = column.store(1.0);
                return number(median(&column.column).map(|stored| stored / unit));
            }
            let level = evidence.matrix.level(of_cell, name);
            level
                .map(|level| level.value().clone())
                .ok_or_else(|| format!("`{name}` does not apply in this cell"))
        }
    }
}

/// What the facts say of a cell with several workers, if they say that only one was at work.
#[must_use]
pub fn idle_workers(evidence: Evidence<'_>, summary: &Summary, cell: CellIx) -> Option<String> {
    let workers = evidence.matrix.cell(cell).workers;
    let of_cell = summary.cell(cell);
    let long = of_cell.time().median.is_some_and(|median| median >= SHORT_NS);
    let busy = of_cell.cpu_per_time.filter(|_| long && workers > 1)?;
    let what = if busy < 0.8 { "they mostly waited" } else { "one core was busy" };
    (busy < ONE_BUSY).then(|| format!("CPU/time {busy:.2} with {workers} workers, so {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Standings, fixture};
    use crate::design::expression;

    fn run(busy: f64, asserts: &[&str]) -> (fixture::Run, Vec<Broken>, Option<String>) {
        let mut experiment = fixture::experiment();
        let assertion = |text: &&str| Assertion {
            text: (*text).to_owned(),
            expression: expression::parse(text, 0).expect("a condition"),
            at: 0..0,
        };
        experiment.strategies[1].asserts = asserts.iter().map(assertion).collect();
        let mut run = fixture::Run::new(experiment);
        for observation in &mut run.observations {
            let time = 20_000_000;
            observation.measured.time_ns = Some(time);
            observation.measured.user_ns = Some((busy * time as f64) as u64);
            observation.measured.sys_ns = Some(0);
        }
        let standings = Standings::of(run.evidence());
        let summary = Summary::of(run.evidence(), &standings);
        let found = broken(run.evidence(), &summary);
        let idle = idle_workers(run.evidence(), &summary, CellIx(1));
        (run, found, idle)
    }

    #[test]
    fn two_workers_that_keep_one_core_busy_break_the_condition() {
        let (_, found, idle) = run(0.99, &["cpu_per_time > 1.5", "workers == 2"]);
        let cells: Vec<u32> = found.iter().map(|broken| broken.cell.0).collect();
        assert_eq!(cells, [1, 3], "the strategy's own cells");
        assert_eq!(found[0].condition, "cpu_per_time > 1.5");
        assert_eq!(found[0].found, "cpu_per_time is 0.990");
        assert_eq!(idle.as_deref(), Some("CPU/time 0.99 with 2 workers, so one core was busy"));
        let (_, found, idle) = run(1.9, &["cpu_per_time > 1.5", "time < 1"]);
        assert_eq!((found, idle), (Vec::new(), None));
    }

    #[test]
    fn a_condition_that_is_none_is_broken() {
        let (_, found, _) = run(1.0, &["cpu_per_time", "memory > 0"]);
        assert_eq!(found[0].found, "it gives 1.0, neither true nor false");
        assert_eq!(found[1].found, "it cannot be judged: `memory` was not measured here");
    }
}
