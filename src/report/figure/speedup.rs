//! Each cell against its baseline: the ratio of medians, or of what else is compared, and its
//! interval. Cells are categories:
//! nothing is joined.

use super::axis::Axis;
use super::svg::{Svg, WIDTH, fit, hue, width};
use super::view::{View, places};
use super::{Figure, Kind};
use crate::analysis::Comparison;
use crate::design::{CellIx, Objective};
use crate::measure::MetricUnit;
use crate::report::screen::{versus, words};
use crate::report::sentence::{self, Outcome};

/// Rows that are shown.
const MOST_ROWS: usize = 40;
const ROW: f64 = 34.0;
const ENDS: (f64, f64) = (14.0, WIDTH - 14.0);

/// The figure; `None` if nothing is compared.
#[must_use]
pub fn draw(view: &View<'_>) -> Option<Figure> {
    let all = &view.findings.comparisons;
    let cells = || view.groups.iter().flat_map(|group| &group.cells);
    let rows: Vec<(CellIx, &Comparison)> = cells()
        .filter_map(|&cell| Some((cell, all.of_cell(cell)?)))
        .filter(|(_, row)| row.speedup.estimate.is_some_and(|ratio| ratio > 0.0))
        .filter(|(_, row)| Outcome::of(row, all.margin) != Outcome::Invalid)
        .collect();
    let shown = &rows[..rows.len().min(MOST_ROWS)];
    let ends = shown.iter().flat_map(|(_, row)| {
        let (lo, hi) = row.speedup.interval.unwrap_or((1.0, 1.0));
        [Some(lo), Some(hi), row.speedup.estimate, Some(1.0)]
    });
    if shown.is_empty() {
        return None;
    }
    let axis = Axis::of_ratios(ends.flatten(), ENDS.0, ENDS.1)?;
    let said = said(view, &rows);
    let mut svg = Svg::default();
    let top = svg.heading(&said) + 6.0;
    let headings = shown.iter().map(|(cell, _)| view.naming.heading(*cell));
    let (places, bottom) = places(headings, ROW, top);
    let margin = 1.0 + all.margin;
    let (left, right) = (axis.place(1.0 / margin), axis.place(margin));
    svg.rect("band", (left, top), (right - left, bottom - top), "");
    for (value, label) in axis.ticks(1.0) {
        let x = axis.place(value);
        svg.line("grid", (x, top), (x, bottom));
        svg.text("soft m", (x, bottom + 16.0), &label);
    }
    svg.line("ideal", (axis.place(1.0), top), (axis.place(1.0), bottom));
    for ((cell, row), (y, heading)) in shown.iter().zip(places) {
        if let Some(heading) = heading {
            svg.text("soft", (ENDS.0, y - 6.0), &fit(&heading, 56));
        }
        draw_row(view, &mut svg, &axis, y, (*cell, row));
    }
    svg.line("axis", (ENDS.0, bottom), (ENDS.1, bottom));
    let better = "times as good as the baseline, logarithmic; right of 1 is better";
    svg.text("soft m", (WIDTH / 2.0, bottom + 33.0), better);
    let statistics = view.objective().plural();
    let mut caption = format!(
        "Mark: ratio of {statistics}. Line: its {} % interval, of each comparison by itself. \
         Dashed: no difference; the band is the margin of {} %. The {statistics} stand in the \
         tables.",
        view.level(),
        words::ratio(100.0 * all.margin)
    );
    if rows.len() > shown.len() {
        caption.push_str(&format!(" {} more are in comparisons.csv.", rows.len() - shown.len()));
    }
    let drawing = svg.finish(bottom + 42.0, &said, &caption);
    Some(Figure { kind: Kind::Speedup, title: said, caption, drawing })
}

fn draw_row(
    view: &View<'_>,
    svg: &mut Svg,
    axis: &Axis,
    y: f64,
    (cell, row): (CellIx, &Comparison),
) {
    let Some(ratio) = row.speedup.estimate else { return };
    let interval = row.speedup.interval;
    let mut figures = format!("{}×", words::ratio(ratio));
    if let Some((lo, hi)) = interval {
        figures.push_str(&format!(" ({})", words::between(lo, hi)));
    }
    let columns = ((WIDTH - 34.0 - width(&figures)) / 6.5) as usize;
    svg.text("", (ENDS.0, y + 12.0), &fit(&view.naming.label(cell), columns));
    svg.text("soft e", (ENDS.1, y + 12.0), &figures);
    let category = view.category(cell);
    let middle = y + 23.0;
    if let Some((lo, hi)) = interval {
        let class = format!("{} whisker", hue(category));
        svg.line(&class, (axis.place(lo), middle), (axis.place(hi), middle));
        for end in [lo, hi].into_iter().filter(|end| end.is_finite() && *end > 0.0) {
            svg.line(&class, (axis.place(end), middle - 4.0), (axis.place(end), middle + 4.0));
        }
    }
    let findings = view.findings;
    let text = sentence::of(findings.evidence, &findings.comparisons, row);
    svg.mark(category, "big p", (axis.place(ratio), middle), 4.5, &text);
}

/// The heading: how many differ, and by how much at most.
fn said(view: &View<'_>, rows: &[(CellIx, &Comparison)]) -> String {
    let margin = view.findings.comparisons.margin;
    let count = |of: &[Outcome]| {
        rows.iter().filter(|(_, row)| of.contains(&Outcome::of(row, margin))).count()
    };
    let better = count(&[Outcome::Better, Outcome::MaybeBetter]);
    let worse = count(&[Outcome::Worse, Outcome::MaybeWorse]);
    let same = count(&[Outcome::Same]);
    let open = rows.len() - better - worse - same;
    let are_times = rows.iter().all(|(_, row)| row.metric.unit == MetricUnit::Nanoseconds);
    let [more, less] = if are_times { ["faster", "slower"] } else { ["better", "worse"] };
    let mut parts = Vec::new();
    for (count, word) in [(better, more), (worse, less), (same, "the same"), (open, "undecided")] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    let most = rows.iter().filter_map(|(cell, row)| Some((row.speedup.estimate?, *cell)));
    let most =
        most.max_by(|one, other| one.0.total_cmp(&other.0)).filter(|(ratio, _)| *ratio > 1.0);
    let peak = most.map_or_else(String::new, |(ratio, cell)| {
        format!("; at best {}× ({})", words::ratio(ratio), view.naming.label(cell))
    });
    let cells: Vec<CellIx> = rows.iter().map(|(cell, _)| *cell).collect();
    let versus = versus::head(view.findings, &cells);
    let of = match view.objective() {
        Objective::P50 => String::new(),
        objective => format!(" in {}", objective.name()),
    };
    format!(
        "Against {}{of}: {}{peak}",
        versus.trim_start_matches("vs ").replace("its baseline", "their baselines"),
        parts.join(", ")
    )
}
