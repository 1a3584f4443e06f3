//! The share of trials that took at most so long, where there are enough to see a shape.

use super::view::{Group, View, name, thinned, title};
use super::xy::{Plot, Point, Series};
use super::{Figure, Kind};
use crate::design::CellIx;
use crate::report::screen::words::ratio;

/// Fewest values of a cell that have a shape.
const LEAST: usize = 20;
/// Steps of one cell that are drawn.
const MOST_STEPS: usize = 200;
/// Cells of one figure.
const MOST_CELLS: usize = 8;

/// The figure of a group; `None` where no cell has enough values.
#[must_use]
pub fn draw(view: &View<'_>, group: &Group) -> Option<Figure> {
    let (cells, column) = (&group.cells, &group.column);
    let mut series = Vec::new();
    let mut is_thinned = false;
    for &cell in cells.iter().take(MOST_CELLS) {
        let values = sorted(view, cell, column);
        if values.len() < LEAST {
            continue;
        }
        let count = values.len() as f64;
        let ranked: Vec<(f64, f64)> =
            values.iter().enumerate().map(|(at, &x)| (x, (at as f64 + 1.0) / count)).collect();
        let shown = thinned(&ranked, MOST_STEPS);
        is_thinned |= shown.len() < ranked.len();
        let finite = shown.into_iter().filter(|(x, _)| x.is_finite());
        let point = |(x, y)| Point { x, y: 100.0 * y, ends: None, about: String::new() };
        series.push(Series {
            category: view.category(cell),
            label: view.naming.label(cell),
            points: finite.map(point).collect(),
            curve: Vec::new(),
        });
    }
    let metric = name(column, cells.first().and_then(|&cell| view.summary(cell, column)));
    let scale = view.scale(cells, column);
    for point in series.iter_mut().flat_map(|one| &mut one.points) {
        point.x /= scale.size;
    }
    let said = match group.heading.as_str() {
        "" => format!("Share of trials up to each {metric}"),
        heading => format!("{heading}: share of trials up to each {metric}"),
    };
    let objective = view.objective();
    let mut caption = format!(
        "Each step is a trial; where a line is steep, many trials are alike. At {} % stands the {}.",
        ratio(100.0 * objective.p()),
        objective.name()
    );
    if is_thinned {
        caption.push_str(" Where there are very many trials only some steps are drawn, evenly over their order by size.");
    }
    if cells.len() > MOST_CELLS {
        caption.push_str(&format!(" The first {MOST_CELLS} of {} cells are drawn.", cells.len()));
    }
    let plot = Plot {
        title: said.clone(),
        axes: [title(&metric, &scale), "trials (%)".to_owned()],
        size: 1.0,
        from_zero: true,
        are_steps: true,
        caption,
        ..Plot::default()
    };
    let drawing = plot.draw(&series)?;
    Some(Figure { kind: Kind::Shares, title: said, caption: plot.caption, drawing })
}

fn sorted(view: &View<'_>, cell: CellIx, column: &str) -> Vec<f64> {
    let mut values: Vec<f64> = view.values(cell, column).iter().map(|one| one.value).collect();
    values.sort_by(f64::total_cmp);
    values
}
