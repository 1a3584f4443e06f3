//! How the rate grows with the workers: one figure for the series that share a heading, with the
//! ideal line and the curve that was selected.

use super::svg::fit;
use super::view::View;
use super::xy::{Plot, Point, Series};
use super::{Figure, Kind};
use crate::analysis::scaling::{self, Curve, Modelled};
use crate::design::Objective;
use crate::report::screen::words;
use crate::report::sentence::curve;

/// Places along a curve.
const CURVE: u32 = 40;

/// One figure for each heading.
#[must_use]
pub fn draw(view: &View<'_>) -> Vec<Figure> {
    let mut groups: Vec<(String, Vec<&scaling::Series>)> = Vec::new();
    for series in &view.findings.series {
        let heading = view.naming.heading(series.points[0].cell);
        match groups.iter_mut().find(|(known, _)| *known == heading) {
            Some((_, list)) => list.push(series),
            None => groups.push((heading, vec![series])),
        }
    }
    groups.iter().filter_map(|(heading, list)| one(view, heading, list)).collect()
}

fn one(view: &View<'_>, heading: &str, list: &[&scaling::Series]) -> Option<Figure> {
    let drawn: Vec<(Series, &scaling::Series)> =
        list.iter().filter_map(|series| Some((points(view, series)?, *series))).collect();
    let most = drawn.iter().filter_map(|(_, series)| series.most_workers()).max()?;
    let is_weak = drawn[0].1.is_weak;
    let (plain, of): (Vec<Series>, Vec<&scaling::Series>) = drawn.into_iter().unzip();
    let title = said(view, heading, &plain, most);
    let what = if is_weak { "scaled speed-up" } else { "speed-up" };
    let plot = Plot {
        caption: caption(view, &of),
        axes: ["workers".to_owned(), format!("{what} over one worker")],
        levels: Some(levels(&plain, most)),
        size: 1.0,
        ideal: vec![(1.0, 1.0), (f64::from(most), f64::from(most))],
        from_zero: true,
        are_steps: false,
        title: title.clone(),
    };
    let drawing = plot.draw(&plain)?;
    Some(Figure { kind: Kind::Scaling, title, caption: plot.caption, drawing })
}

/// A tick at every number of workers that was measured, as far as they do not meet.
fn levels(series: &[Series], most: u32) -> Vec<(f64, String)> {
    let mut workers: Vec<u32> =
        series.iter().flat_map(|one| one.points.iter().map(|point| point.x as u32)).collect();
    workers.sort_unstable();
    workers.dedup();
    let mut last = None;
    let far = |at: u32, last: Option<u32>| {
        last.is_none_or(|last| f64::from(at - last) * 18.0 >= f64::from(most))
    };
    workers.retain(|&at| {
        let keep = far(at, last);
        last = if keep { Some(at) } else { last };
        keep
    });
    workers.into_iter().map(|at| (f64::from(at), at.to_string())).collect()
}

/// The points of a series over its own worker; `None` without one.
fn points(view: &View<'_>, series: &scaling::Series) -> Option<Series> {
    let base = series.points.iter().find(|point| point.workers == 1 && point.rate.is_some())?;
    let rate = base.rate?;
    let first = view.naming.label(base.cell);
    let label = first.trim_end_matches(" ×1").to_owned();
    let points = series.points.iter().filter_map(|point| {
        let speedup = point.speedup?;
        let ends = point.interval.filter(|(_, hi)| hi.is_finite());
        let (lo, hi) = ends.unwrap_or((speedup, speedup));
        let about = format!(
            "{label} ×{}: {}× one worker, interval {}, efficiency {:.0} %",
            point.workers,
            words::ratio(speedup),
            words::between(lo, hi),
            100.0 * point.efficiency.unwrap_or(0.0)
        );
        Some(Point { x: f64::from(point.workers), y: speedup, ends, about })
    });
    let curve = series.models.iter().find(|model| model.is_selected);
    let most = series.most_workers().unwrap_or(1);
    Some(Series {
        category: view.category(base.cell),
        label: fit(&label, 40),
        points: points.collect(),
        curve: curve.map(|model| along(model, most, rate)).unwrap_or_default(),
    })
}

/// The fitted speed-up over the measured range.
fn along(model: &Modelled, most: u32, base: f64) -> Vec<(f64, f64)> {
    let places =
        (0..=CURVE).map(|at| 1.0 + f64::from(at) / f64::from(CURVE) * (f64::from(most) - 1.0));
    match &model.curve {
        Curve::Law(_, Some(fit)) => places.map(|n| (n, fit.rate(n) / base)).collect(),
        Curve::Gustafson(Some((serial, _))) => {
            places.map(|n| (n, n - serial * (n - 1.0))).collect()
        }
        _ => Vec::new(),
    }
}

fn said(view: &View<'_>, heading: &str, series: &[Series], most: u32) -> String {
    let last = |one: &Series| one.points.last().map(|point| (point.x, point.y));
    let parts: Vec<String> = series
        .iter()
        .filter_map(|one| {
            let (workers, speedup) = last(one)?;
            Some(format!("{} ×{workers} reaches {}×", one.label, words::ratio(speedup)))
        })
        .collect();
    let what = if heading.is_empty() { String::new() } else { format!("{heading}: ") };
    let of = if view.objective() == Objective::P50 { "" } else { " in medians" };
    format!("{what}{}{of}; ideal would be {most}×", parts.join(", "))
}

fn caption(view: &View<'_>, series: &[&scaling::Series]) -> String {
    let mut text = format!(
        "Mark: rate of the median over that of one worker. Vertical line: {} % interval. \
         Dashed: as many times as fast as there are workers.",
        view.level()
    );
    if view.objective() != Objective::P50 {
        let compared = view.objective().name();
        text.push_str(&format!(" Of medians here, although the experiment compares {compared}."));
    }
    for one in series {
        let model = one.models.iter().find(|model| model.is_selected);
        let conf = view.findings.summary.conf();
        if let Some(law) = model.and_then(|model| curve::law(one, model, conf)) {
            let label = view.naming.label(one.points[0].cell);
            text.push_str(&format!(" Dotted, {}: {law}.", label.trim_end_matches(" ×1")));
        }
    }
    text
}
