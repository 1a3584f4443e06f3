//! Every trial as a dot, the compared statistic of each cell and its interval: one figure a group, one row a
//! cell. Cells are categories: nothing is joined.

use super::axis::Axis;
use super::svg::{Svg, WIDTH, fit, hue, width};
use super::view::{Group, Value, View, about, capital, name, thinned, title};
use super::{Figure, Kind};
use crate::analysis::MetricSummary;
use crate::design::CellIx;
use crate::report::screen::words::Scale;

/// Dots over all figures of one kind.
const MOST_DOTS: usize = 2000;
/// Rows of one figure.
const MOST_ROWS: usize = 24;
/// Height of a row: its label and its strip.
const ROW: f64 = 46.0;
/// Half the height of a strip.
const HALF: f64 = 11.0;
/// Left and right end of the axis.
const ENDS: (f64, f64) = (14.0, WIDTH - 14.0);

/// The figure of a group in one metric; `None` if no cell has a value.
#[must_use]
pub fn draw(view: &View<'_>, group: &Group, column: &str, kind: Kind) -> Option<Figure> {
    let cells = &group.cells[..group.cells.len().min(MOST_ROWS)];
    let values: Vec<Vec<Value<'_>>> = cells.iter().map(|&cell| view.values(cell, column)).collect();
    let metrics = || cells.iter().filter_map(|&cell| view.summary(cell, column));
    let ends = metrics().flat_map(|metric| [metric.location.lo, metric.location.hi]).flatten();
    let all = values.iter().flatten().map(|value| value.value).chain(ends);
    let axis = Axis::around(all, ENDS.0, ENDS.1)?;
    let scale = view.scale(cells, column);
    let metric = name(column, metrics().next());
    let said = said(view, group, cells, column, &scale, &metric);
    let mut svg = Svg::default();
    let top = svg.heading(&said) + 4.0;
    let bottom = top + ROW * cells.len() as f64;
    for (value, label) in axis.ticks(scale.size) {
        let x = axis.place(value);
        svg.line("grid", (x, top + 18.0), (x, bottom + 2.0));
        svg.text("soft m", (x, bottom + 16.0), &label);
    }
    let per_cell = MOST_DOTS / view.findings.evidence.matrix.len().max(1);
    let rows = Rows { view, column, axis: &axis, scale: &scale, per_cell: per_cell.max(10) };
    let mut is_thinned = false;
    for (at, (&cell, values)) in cells.iter().zip(&values).enumerate() {
        is_thinned |= rows.draw(&mut svg, top + ROW * at as f64, cell, values);
    }
    svg.line("axis", (ENDS.0, bottom + 2.0), (ENDS.1, bottom + 2.0));
    svg.text("soft m", (WIDTH / 2.0, bottom + 33.0), &axis_title(&metric, &scale, &axis));
    let statistic = view.objective().name();
    let mut caption = format!(
        "Dots: single trials that count. Vertical stroke: {statistic}. Band: {} % interval of the \
         {statistic}.",
        view.level()
    );
    if is_thinned {
        caption.push_str(" Where there are very many trials only some are drawn, evenly over their order by size; ");
        caption.push_str(&format!("{statistic} and interval are of all."));
    }
    if group.cells.len() > cells.len() {
        caption.push_str(&format!(
            " {} more cells are in table.csv.",
            group.cells.len() - cells.len()
        ));
    }
    let drawing = svg.finish(bottom + 42.0, &said, &caption);
    Some(Figure { kind, title: said, caption, drawing })
}

fn axis_title(metric: &str, scale: &Scale, axis: &Axis) -> String {
    let log = if axis.is_log() { ", logarithmic" } else { "" };
    format!("{}{log}", title(metric, scale))
}

/// The heading: which cells, and between which values they lie.
fn said(
    view: &View<'_>,
    group: &Group,
    cells: &[CellIx],
    column: &str,
    scale: &Scale,
    metric: &str,
) -> String {
    let mut values: Vec<(f64, CellIx)> =
        cells.iter().filter_map(|&cell| Some((view.location(cell, column)?, cell))).collect();
    values.sort_by(|one, other| one.0.total_cmp(&other.0));
    let statistic = view.objective().name();
    let what = match group.heading.as_str() {
        "" => String::new(),
        heading => format!("{heading}: "),
    };
    let label = |cell| match view.naming.label(cell) {
        label if label.is_empty() => "the cell".to_owned(),
        label => label,
    };
    let text = match (values.first(), values.last()) {
        (Some(&(lo, first)), Some(&(hi, last))) if values.len() > 1 => format!(
            "{what}{statistic} {metric} from {} ({}) to {} ({})",
            scale.value(lo),
            label(first),
            scale.value(hi),
            label(last)
        ),
        (Some(&(only, cell)), _) => {
            format!("{what}{statistic} {metric} {} ({})", scale.value(only), label(cell))
        }
        _ => format!("{what}no {statistic} of the {metric} is known"),
    };
    if what.is_empty() { capital(&text) } else { text }
}

struct Rows<'a> {
    view: &'a View<'a>,
    column: &'a str,
    axis: &'a Axis,
    scale: &'a Scale,
    per_cell: usize,
}

impl Rows<'_> {
    /// One cell; says whether dots were left out.
    fn draw(&self, svg: &mut Svg, top: f64, cell: CellIx, values: &[Value<'_>]) -> bool {
        let label = self.view.naming.label(cell);
        let metric = self.view.summary(cell, self.column);
        let figures = self.figures(cell, metric);
        let columns = ((WIDTH - 30.0 - width(&figures)) / 6.5) as usize;
        svg.text("", (ENDS.0, top + 14.0), &fit(&label, columns));
        svg.text("soft e", (ENDS.1, top + 14.0), &figures);
        let middle = top + 20.0 + HALF;
        let hue = hue(self.view.category(cell));
        if let Some(lo) = metric.and_then(|metric| metric.location.lo) {
            let hi = metric.and_then(|metric| metric.location.hi).unwrap_or(f64::INFINITY);
            let class = format!("{hue} ci");
            let (lo, hi) = (self.axis.place(lo), self.axis.place(hi));
            svg.rect(&class, (lo, middle - HALF), (f64::max(hi - lo, 1.0), 2.0 * HALF), "");
        }
        let mut order: Vec<&Value<'_>> = values.iter().collect();
        order.sort_by(|one, other| one.value.total_cmp(&other.value));
        let shown = thinned(&order, self.per_cell);
        self.dots(svg, middle, cell, &shown);
        if let Some(value) = self.view.location(cell, self.column) {
            let x = self.axis.place(value);
            svg.line(&format!("{hue} med"), (x, middle - HALF), (x, middle + HALF));
        }
        shown.len() < values.len()
    }

    /// Dots side by side where they would hide one another.
    fn dots(&self, svg: &mut Svg, middle: f64, cell: CellIx, values: &[&Value<'_>]) {
        const SIZE: f64 = 5.0;
        let category = self.view.category(cell);
        let label = self.view.naming.label(cell);
        let mut last = (f64::NEG_INFINITY, 0_u32);
        for value in values {
            let x = self.axis.place(value.value);
            last = if x - last.0 < SIZE { (last.0, last.1 + 1) } else { (x, 0) };
            // 0, up, down, further up, …: three rows, then over one another.
            let row = [0.0, -1.0, 1.0, -0.5, 0.5][last.1 as usize % 5];
            let (class, text) = match value.value.is_finite() {
                true => ("d", self.scale.value(value.value)),
                false => ("hollow d", "timed out".to_owned()),
            };
            let text = about(value.row, &text, &label);
            svg.mark(category, class, (x, middle + row * 7.0), SIZE / 2.0, &text);
        }
    }

    /// What is compared and its interval in figures, or why there are none.
    fn figures(&self, cell: CellIx, metric: Option<&MetricSummary>) -> String {
        let counts = self.view.findings.summary.cell(cell).counts;
        let Some(metric) = metric.filter(|metric| metric.n > 0) else {
            return if counts.failed > 0 { "failed" } else { "no value" }.to_owned();
        };
        let Some(value) = metric.location.value else {
            return if metric.n_censored > 0 { "timed out" } else { "too few values" }.to_owned();
        };
        let mut text = self.scale.value(value);
        match (metric.location.lo, metric.location.hi) {
            (Some(lo), Some(hi)) => {
                text.push_str(&format!(" ({} – {})", self.scale.number(lo), self.scale.number(hi)));
            }
            (Some(lo), None) => text.push_str(&format!(" ({} – ∞)", self.scale.number(lo))),
            _ => {}
        }
        text
    }
}
