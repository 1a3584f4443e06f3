//! The run in the order in which it happened: each trial's time over the median of its cell, so
//! that a drift of the machine shows across all cells.

use super::axis::Axis;
use super::svg::{Svg, WIDTH};
use super::view::{View, about, thinned};
use super::{Figure, Kind};
use crate::analysis::flags;
use crate::design::Order;
use crate::measure::{Observation, Status};
use crate::plan::Phase;
use crate::report::screen::words;

/// Trials that are drawn.
const MOST_DOTS: usize = 2000;
/// Fewest trials whose order says something.
const LEAST: usize = 6;
/// Categories that a legend can hold.
const MOST_LABELS: usize = 8;
const HEIGHT: f64 = 200.0;
const ENDS: (f64, f64) = (44.0, WIDTH - 14.0);

/// A trial with its place in the order and its time over the median of its cell.
#[derive(Clone, Copy)]
struct Dot<'a> {
    at: f64,
    row: &'a Observation,
    ratio: Option<f64>,
}

/// The figure; `None` for a handful of trials.
#[must_use]
pub fn draw(view: &View<'_>) -> Option<Figure> {
    let findings = view.findings;
    let mut rows: Vec<&Observation> = findings
        .evidence
        .observations
        .iter()
        .zip(findings.standings.rows())
        .filter(|(_, standing)| standing.last_attempt)
        .map(|(row, _)| row)
        .filter(|row| !matches!(row.measured.status, Status::Skipped))
        .collect();
    rows.sort_by_key(|row| (row.session, row.start_offset_ns, row.trial.order));
    if rows.len() < LEAST {
        return None;
    }
    let ratio = |row: &Observation| {
        let median = findings.summary.cell(row.trial.cell).time().median?;
        let time = row.measured.time_ns.filter(|_| row.measured.status == Status::Ok)?;
        (median > 0.0).then(|| time as f64 / median)
    };
    let all: Vec<Dot<'_>> = rows
        .iter()
        .enumerate()
        .map(|(at, &row)| Dot { at: at as f64 + 1.0, row, ratio: ratio(row) })
        .collect();
    let dots = thinned(&all, MOST_DOTS);
    let y = |from, to| Axis::around(dots.iter().filter_map(|dot| dot.ratio).chain([1.0]), from, to);
    let said = said(view);
    let mut svg = Svg::default();
    let mut top = svg.heading(&said) + 4.0;
    top += legend(view, &mut svg, top) + 12.0;
    let bottom = top + HEIGHT;
    let y = y(bottom - 14.0, top + 4.0)?;
    let x = Axis::exact(0.0, all.len() as f64 + 1.0, ENDS.0, ENDS.1);
    bands(view, &mut svg, &x, &all, (top, bottom));
    for (value, label) in y.ticks(1.0) {
        svg.line("grid", (ENDS.0, y.place(value)), (ENDS.1, y.place(value)));
        svg.text("soft e", (ENDS.0 - 6.0, y.place(value) + 4.0), &label);
    }
    for (value, label) in x.ticks(1.0).into_iter().filter(|(value, _)| *value >= 1.0) {
        svg.text("soft m", (x.place(value), bottom + 16.0), &label);
    }
    svg.line("ideal", (ENDS.0, y.place(1.0)), (ENDS.1, y.place(1.0)));
    svg.line("axis", (ENDS.0, bottom), (ENDS.1, bottom));
    svg.text("soft", (10.0, top - 6.0), "time over the median of its cell");
    svg.text(
        "soft m",
        (f64::midpoint(ENDS.0, ENDS.1), bottom + 34.0),
        "trials in the order in which they ran",
    );
    for dot in &dots {
        one(view, &mut svg, (&x, &y), bottom, dot);
    }
    let caption = caption(view, dots.len() < all.len());
    let drawing = svg.finish(bottom + 44.0, &said, &caption);
    Some(Figure { kind: Kind::Course, title: said, caption, drawing })
}

fn one(view: &View<'_>, svg: &mut Svg, (x, y): (&Axis, &Axis), bottom: f64, dot: &Dot<'_>) {
    let row = dot.row;
    let label = crate::report::screen::naming::place(view.findings.evidence, row.trial.cell);
    let category = view.category(row.trial.cell);
    let at = x.place(dot.at);
    let Some(ratio) = dot.ratio else {
        let word = row.measured.status.as_str().replace('_', " ");
        svg.mark(category, "hollow p", (at, bottom - 5.0), 3.0, &about(row, &word, &label));
        return;
    };
    let class = match row.trial.phase {
        Phase::Warmup => "hollow p",
        Phase::Measure if flags::of(&row.measured).is_empty() => "d",
        Phase::Measure => "d flagged",
    };
    let text = about(row, &format!("{} of the median", words::three_digits(ratio)), &label);
    svg.mark(category, class, (at, y.place(ratio)), 2.8, &text);
}

fn legend(view: &View<'_>, svg: &mut Svg, top: f64) -> f64 {
    let mut labels: Vec<(usize, String)> = Vec::new();
    for cell in view.groups.iter().flat_map(|group| &group.cells) {
        let category = view.category(*cell);
        if !labels.iter().any(|(known, _)| *known == category) {
            labels.push((category, view.naming.label(*cell)));
        }
    }
    labels.sort_by_key(|(category, _)| *category);
    if labels.len() > MOST_LABELS || (labels.len() == 1 && labels[0].1.is_empty()) {
        return 0.0;
    }
    svg.legend(top, &labels)
}

/// Every second block is shaded, where trials run in blocks.
fn bands(view: &View<'_>, svg: &mut Svg, x: &Axis, dots: &[Dot<'_>], (top, bottom): (f64, f64)) {
    const MOST_BANDS: u32 = 120;
    let in_blocks = view.findings.evidence.experiment.protocol.order == Order::Blocks;
    let most = dots.iter().filter_map(|dot| dot.row.trial.block()).max().unwrap_or(0);
    if !in_blocks || most > MOST_BANDS {
        return;
    }
    let mut rest = dots;
    while let Some(first) = rest.first() {
        let block = first.row.trial.block();
        let count = rest.iter().take_while(|dot| dot.row.trial.block() == block).count();
        if block.is_some_and(|block| block % 2 == 1) {
            let (from, to) = (x.place(first.at - 0.5), x.place(first.at + count as f64 - 0.5));
            svg.rect("band", (from, top), (to - from, bottom - top), "");
        }
        rest = &rest[count..];
    }
}

fn said(view: &View<'_>) -> String {
    let cells = view.findings.summary.cells();
    let judged = cells.iter().filter(|cell| cell.time().trend_p.is_some()).count();
    let has = |flag: &str| cells.iter().filter(|cell| cell.time().flags.contains(&flag)).count();
    let (drift, autocorr) = (has("drift"), has("autocorr"));
    match (drift, autocorr) {
        (0, 0) if judged == 0 => "The course of the run".to_owned(),
        (0, 0) => "The course of the run: no drift was found".to_owned(),
        (0, some) => format!(
            "The course of the run: neighbours resemble one another in {some} of {} cells",
            cells.len()
        ),
        (some, _) => {
            format!("The course of the run: times rise or fall in {some} of {} cells", cells.len())
        }
    }
}

fn caption(view: &View<'_>, is_thinned: bool) -> String {
    let mut text = "Each trial's time over the median of its cell; 1 is the median. Hollow: \
                    warm-up, not used. Ringed: something disturbed the trial. Hollow at the foot: \
                    no time, since it failed or ran out of time."
        .to_owned();
    if view.findings.evidence.experiment.protocol.order == Order::Blocks {
        text.push_str(" Bands: blocks, each of which runs every cell once.");
    }
    if is_thinned {
        text.push_str(
            " Where there are very many trials only some are drawn, evenly over the run.",
        );
    }
    text
}
