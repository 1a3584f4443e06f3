//! `summary.csv`: one row per cell and metric.

use super::column;
use super::encode;
use super::fields::Fields;
use super::schema::summary::SUMMARY;
use crate::analysis::summary::TIME;
use crate::analysis::{CellSummary, Evidence, MetricSummary, Summary};
use crate::design::{Better, Cell, CellIx};
use crate::stats::SteadyClass;

/// The whole file.
#[must_use]
pub fn render(evidence: Evidence<'_>, summary: &Summary, run_id: &str) -> Vec<u8> {
    let params = column::params(evidence.matrix);
    let mut out = SUMMARY.header(&params);
    let mut identity = Vec::new();
    for (at, cell) in evidence.matrix.cells().iter().enumerate() {
        let ix = CellIx::new(at);
        identity.clear();
        write_identity(evidence, (ix, cell), run_id, &mut identity);
        column::write_params(&params, evidence.matrix, cell, &mut identity);
        let of_cell = summary.cell(ix);
        for metric in &of_cell.metrics {
            out.extend_from_slice(&identity);
            Fields(&mut out).row(of_cell, metric, summary.conf());
        }
    }
    out
}

fn write_identity(
    evidence: Evidence<'_>,
    (ix, cell): (CellIx, &Cell),
    run_id: &str,
    out: &mut Vec<u8>,
) {
    encode::text(run_id, out);
    out.push(b',');
    out.extend_from_slice(ix.id().as_bytes());
    out.push(b',');
    let experiment = evidence.experiment;
    encode::text(experiment.workloads[cell.workload].name.as_str(), out);
    out.push(b',');
    encode::text(experiment.strategies[cell.strategy].name.as_str(), out);
    out.push(b',');
    encode::integer(cell.workers, out);
    out.push(b',');
}

/// The fields of one row.
impl Fields<'_> {
    fn row(&mut self, cell: &CellSummary, metric: &MetricSummary, conf: f64) {
        self.text(&metric.column);
        self.text(metric.unit.as_str());
        self.word(metric.better.map(better));
        self.word(Some(if metric.deterministic { "true" } else { "false" }));
        self.counts(cell, metric);
        self.location(metric, conf);
        self.spread(metric);
        self.value(metric.median_no_outliers, metric.unit.is_integer());
        self.number(metric.trend_p);
        self.number(metric.lag1);
        // Iterations are runs of the primary time.
        let of_time = metric.column == TIME;
        self.word(cell.steady.filter(|_| of_time).map(SteadyClass::as_str));
        self.number(cell.icc.filter(|_| of_time));
        self.number(metric.rate);
        self.word(metric.rate.map(|_| "units/s"));
        self.word(Some(cell.stop.as_str()));
        self.end(&metric.flags.join(" "));
    }

    fn counts(&mut self, cell: &CellSummary, metric: &MetricSummary) {
        self.integer(Some(cell.counts.scheduled as usize));
        self.integer(Some(metric.n));
        self.integer(Some(metric.n_censored));
        self.integer(Some(cell.counts.failed as usize));
        self.integer(Some(cell.counts.warmup as usize));
        self.integer(metric.n_outlier_mild);
        self.integer(metric.n_outlier_severe);
    }

    fn location(&mut self, metric: &MetricSummary, conf: f64) {
        let whole = metric.unit.is_integer();
        self.value(metric.median, whole);
        // A value that cannot vary has no interval and needs none.
        let interval = Some(&metric.interval).filter(|_| !metric.deterministic);
        self.value(interval.and_then(|interval| interval.lo), whole);
        self.value(interval.and_then(|interval| interval.hi), whole);
        self.number(Some(conf));
        self.number(interval.and_then(|interval| interval.achieved));
        self.word(Some(interval.map_or("deterministic", |interval| interval.status.as_str())));
        self.number(metric.rel_half_width.filter(|_| !metric.deterministic));
    }

    fn spread(&mut self, metric: &MetricSummary) {
        let whole = metric.unit.is_integer();
        self.value(metric.mean, whole);
        self.value(metric.mean_interval.map(|(lo, _)| lo), whole);
        self.value(metric.mean_interval.map(|(_, hi)| hi), whole);
        self.value(metric.sd, whole);
        self.number(metric.cv);
        for value in [
            metric.mad, metric.min, metric.q1, metric.q3, metric.max, metric.p90, metric.p95,
            metric.p99,
        ] {
            self.value(value, whole);
        }
    }
}

fn better(better: Better) -> &'static str {
    match better {
        Better::Lower => "lower",
        Better::Higher => "higher",
    }
}
