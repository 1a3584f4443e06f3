//! `scaling.csv`: one row per series and model, and `scaling_points.csv`: one row per series and
//! number of workers. Neither is there without a series.

use super::column::{self, ParamColumn};
use super::fields::Fields;
use super::schema::scaling::{MODELS, POINTS};
use crate::analysis::scaling::{Curve, Modelled, Point, SUPERLINEAR, Series};
use crate::analysis::{Evidence, Summary};
use crate::design::{Cell, Level};
use crate::stats::{Estimate, Fit};

#[cfg(test)]
mod tests;

/// `scaling.csv`; `None` without a series.
#[must_use]
pub fn models(
    evidence: Evidence<'_>,
    summary: &Summary,
    series: &[Series],
    run_id: &str,
) -> Option<Vec<u8>> {
    if series.is_empty() {
        return None;
    }
    let params = column::params(evidence.matrix);
    let mut out = MODELS.header(&params);
    for of_series in series {
        let cell = evidence.matrix.cell(of_series.points[0].cell);
        let mut workers: Vec<String> =
            of_series.points.iter().map(|point| point.workers.to_string()).collect();
        workers.dedup();
        let workers = workers.join(" ");
        for model in &of_series.models {
            let mut fields = Fields(&mut out);
            fields.text(run_id);
            fields.word(Some(&of_series.id));
            names(evidence, cell, &mut fields);
            fields.word(Some(&workers));
            for param in &params {
                param.write(common_level(evidence, of_series, param), &mut out);
                out.push(b',');
            }
            findings_of_model(of_series, model, summary.conf(), &mut Fields(&mut out));
        }
    }
    Some(out)
}

/// `scaling_points.csv`; `None` without a series.
#[must_use]
pub fn points(
    evidence: Evidence<'_>,
    summary: &Summary,
    series: &[Series],
    run_id: &str,
) -> Option<Vec<u8>> {
    if series.is_empty() {
        return None;
    }
    let params = column::params(evidence.matrix);
    let mut out = POINTS.header(&params);
    for of_series in series {
        for point in &of_series.points {
            let cell = evidence.matrix.cell(point.cell);
            let mut fields = Fields(&mut out);
            fields.text(run_id);
            fields.word(Some(&of_series.id));
            fields.word(Some(&point.cell.id()));
            names(evidence, cell, &mut fields);
            fields.integer(Some(cell.workers as usize));
            column::write_params(&params, evidence.matrix, cell, &mut out);
            findings_of_point(of_series, point, summary, &mut Fields(&mut out));
        }
    }
    Some(out)
}

fn names(evidence: Evidence<'_>, cell: &Cell, fields: &mut Fields<'_>) {
    fields.text(evidence.experiment.workloads[cell.workload].name.as_str());
    fields.text(evidence.experiment.strategies[cell.strategy].name.as_str());
}

/// The level that all cells of a series have; `None` if it follows their workers.
fn common_level<'a>(
    evidence: Evidence<'a>,
    series: &Series,
    param: &ParamColumn,
) -> Option<&'a Level> {
    let matrix = evidence.matrix;
    let level = |point: &Point| matrix.level(matrix.cell(point.cell), param.name.as_str());
    let first = level(&series.points[0]);
    first.filter(|_| series.points.iter().all(|point| level(point) == first))
}

fn scaling(series: &Series) -> &'static str {
    if series.is_weak { "weak" } else { "strong" }
}

fn findings_of_model(series: &Series, model: &Modelled, conf: f64, fields: &mut Fields<'_>) {
    let fit = model.fit();
    let (share, one) = match model.curve {
        Curve::Gustafson(found) => found.unzip(),
        Curve::Law(..) => (None, None),
    };
    fields.word(Some(scaling(series)));
    fields.word(Some(model.model()));
    fields.integer(Some(series.n_levels));
    fields.integer(fit.map(|fit| fit.df).or(share.map(|_| series.n_levels - 1)));
    let df = fit.map_or(0, |fit| fit.df);
    let mut estimate = |estimate: Option<Estimate>, other: Option<f64>| {
        let interval = estimate.and_then(|estimate| estimate.interval(conf, df));
        fields.number(estimate.map(|estimate| estimate.value).or(other));
        fields.number(interval.map(|(lo, _)| lo));
        fields.number(interval.map(|(_, hi)| hi));
    };
    estimate(fit.map(|fit| fit.alpha), share);
    estimate(fit.and_then(|fit| fit.beta), None);
    estimate(fit.map(|fit| fit.gamma), one);
    fields.word(Some(series.rate_unit));
    fields.number(Some(conf));
    fields.number(fit.and_then(|fit| fit.r2));
    fields.number(fit.and_then(|fit| fit.sigma));
    fields.number(fit.map(|fit| fit.max_abs_rel_resid));
    fields.number(fit.and_then(|fit| fit.aicc));
    fields.word(Some(truth(model.is_selected)));
    // A peak that might as well not be there is none.
    let peak = fit.filter(|fit| fit.has_certain_peak(conf)).and_then(Fit::peak);
    let measured = series.most_workers().map(f64::from);
    let beyond = peak.zip(measured).map(|((workers, _), most)| truth(workers > most));
    fields.number(peak.map(|(workers, _)| workers));
    fields.word(beyond);
    fields.number(fit.and_then(Fit::rate_limit));
    fields.end(model.status.as_str());
}

fn truth(is_true: bool) -> &'static str {
    if is_true { "true" } else { "false" }
}

fn findings_of_point(series: &Series, point: &Point, summary: &Summary, fields: &mut Fields<'_>) {
    let cell = summary.cell(point.cell);
    fields.word(Some(scaling(series)));
    fields.integer(Some(cell.counts.used as usize));
    fields.value(cell.time().median, true);
    fields.number(point.rate);
    fields.word(Some(series.rate_unit));
    fields.number(point.speedup);
    fields.number(point.interval.map(|(lo, _)| lo));
    fields.number(point.interval.map(|(_, hi)| hi).filter(|hi| hi.is_finite()));
    fields.number(point.efficiency);
    fields.number(point.karp_flatt);
    let own = point.is_superlinear.then_some(SUPERLINEAR);
    let flags: Vec<&str> = cell.time().flags.iter().copied().chain(own).collect();
    fields.end(&flags.join(" "));
}
