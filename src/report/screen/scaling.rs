//! Series over the workers: what each number of workers gains over one, and the curve through them.

use super::page::{Page, Tone};
use super::{Screen, naming};
use crate::design::Objective;
use crate::report::sentence::curve;

/// Series that are shown.
const SHOWN: usize = 6;

/// Writes a paragraph for each series that has one worker to compare with; the cells stand above it.
pub fn write(screen: &Screen<'_>, page: &mut Page) {
    let conf = screen.findings.summary.conf();
    let all = screen.findings.series.iter();
    let told = all.filter_map(|series| Some((series, curve::points(series, conf)?)));
    let mut left = 0;
    for (at, (series, points)) in told.enumerate() {
        if at >= SHOWN {
            left += 1;
            continue;
        }
        // Series are of median times, whatever the table above them compares.
        let cell = series.points[0].cell;
        let is_plain = screen.findings.summary.objective() == Objective::P50
            && screen.findings.compared(cell).column
                == screen.findings.summary.cell(cell).time().column;
        let of = if is_plain { "" } else { ", of median times" };
        let place = naming::place(screen.findings.evidence, series.points[0].cell);
        let place = place.trim_end_matches(" ×1");
        let what = if series.is_weak { "scaled speed-up" } else { "speed-up" };
        page.paragraph(Tone::Plain, "↗", &format!("{place}, {what} over one worker{of}: {points}"));
        let model = series.models.iter().find(|model| model.is_selected);
        if let Some(law) = model.and_then(|model| curve::law(series, model, conf)) {
            page.paragraph(Tone::Plain, " ", &format!("the curve through it: {law}"));
        }
    }
    if left > 0 {
        page.paragraph(Tone::Plain, " ", &format!("… {left} more in scaling_points.csv"));
    }
}
