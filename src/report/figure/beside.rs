//! Cells of several runs in one figure: one row a cell, one mark a run. Cells are categories, and
//! so are runs: nothing is joined.

use super::axis::Axis;
use super::svg::{Svg, WIDTH, fit, hue};
use super::view::places;
use super::{Figure, Kind};

/// Rows that are shown.
const MOST_ROWS: usize = 40;
/// Room above the marks of a row, for its label.
const ABOVE: f64 = 17.0;
/// Height of one mark with its interval.
const MARK: f64 = 11.0;
/// Room below the marks of a row.
const BELOW: f64 = 7.0;
const ENDS: (f64, f64) = (14.0, WIDTH - 14.0);

/// What one run says of a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Which run: its colour and its mark.
    pub run: usize,
    /// Where it stands.
    pub value: f64,
    /// Its interval, if there is one.
    pub ends: Option<(f64, f64)>,
    /// What is said where the pointer rests.
    pub about: String,
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What it shares with its neighbours; it may be empty.
    pub heading: String,
    /// What makes it differ from them.
    pub label: String,
    /// In the order of the runs.
    pub marks: Vec<Mark>,
}

/// What the figure shows.
#[derive(Clone, Debug)]
pub struct Plot {
    /// What is seen.
    pub title: String,
    /// What the marks are.
    pub caption: String,
    /// Title of the axis, with its unit.
    pub axis: String,
    /// Stored units in one of the axis.
    pub size: f64,
    /// Of ratios: what is no difference that anybody would notice, as a share of 1.
    pub margin: Option<f64>,
    /// What the runs are called.
    pub runs: Vec<String>,
    /// The cells.
    pub rows: Vec<Row>,
}

impl Plot {
    /// The figure; `None` without any value.
    #[must_use]
    pub fn draw(mut self) -> Option<Figure> {
        self.rows.retain(|row| !row.marks.is_empty());
        let left_out = self.rows.len().saturating_sub(MOST_ROWS);
        self.rows.truncate(MOST_ROWS);
        if left_out > 0 {
            self.caption.push_str(&format!(" {left_out} more cells are in the tables."));
        }
        let marks = || self.rows.iter().flat_map(|row| &row.marks);
        let ends = marks().filter_map(|mark| mark.ends).flat_map(|(lo, hi)| [lo, hi]);
        let values = marks().map(|mark| mark.value).chain(ends);
        let axis = match self.margin {
            Some(_) => Axis::of_ratios(values.chain([1.0]), ENDS.0, ENDS.1)?,
            None => Axis::around(values, ENDS.0, ENDS.1)?,
        };
        let mut svg = Svg::default();
        let mut top = svg.heading(&self.title) + 4.0;
        let runs: Vec<(usize, String)> = self.runs.iter().cloned().enumerate().collect();
        top += svg.legend(top, &runs) + 4.0;
        let height = ABOVE + MARK * self.runs.len() as f64 + BELOW;
        let headings = self.rows.iter().map(|row| row.heading.clone());
        let (places, bottom) = places(headings, height, top);
        self.frame(&mut svg, &axis, (top, bottom));
        for (row, (y, heading)) in self.rows.iter().zip(places) {
            if let Some(heading) = heading {
                svg.text("soft", (ENDS.0, y - 6.0), &fit(&heading, 56));
            }
            svg.text("", (ENDS.0, y + 11.0), &fit(&row.label, 56));
            for mark in &row.marks {
                self.mark(&mut svg, &axis, y, mark);
            }
        }
        svg.line("axis", (ENDS.0, bottom), (ENDS.1, bottom));
        // The axis of ratios is always logarithmic, and its title says so.
        let log = if axis.is_log() && self.margin.is_none() { ", logarithmic" } else { "" };
        let title = fit(&format!("{}{log}", self.axis), 64);
        svg.text("soft m", (WIDTH / 2.0, bottom + 33.0), &title);
        let drawing = svg.finish(bottom + 42.0, &self.title, &self.caption);
        Some(Figure { kind: Kind::Beside, title: self.title, caption: self.caption, drawing })
    }

    fn frame(&self, svg: &mut Svg, axis: &Axis, (top, bottom): (f64, f64)) {
        if let Some(margin) = self.margin {
            let (left, right) = (axis.place(1.0 / (1.0 + margin)), axis.place(1.0 + margin));
            svg.rect("band", (left, top), (right - left, bottom - top), "");
        }
        for (value, label) in axis.ticks(self.size) {
            let x = axis.place(value);
            svg.line("grid", (x, top), (x, bottom));
            svg.text("soft m", (x, bottom + 16.0), &label);
        }
        if self.margin.is_some() {
            svg.line("ideal", (axis.place(1.0), top), (axis.place(1.0), bottom));
        }
    }

    fn mark(&self, svg: &mut Svg, axis: &Axis, top: f64, mark: &Mark) {
        let y = top + ABOVE + MARK * (mark.run as f64 + 0.5);
        if let Some((lo, hi)) = mark.ends {
            let class = format!("{} whisker", hue(mark.run));
            svg.line(&class, (axis.place(lo), y), (axis.place(hi), y));
            for end in [lo, hi].into_iter().filter(|end| end.is_finite()) {
                svg.line(&class, (axis.place(end), y - 3.0), (axis.place(end), y + 3.0));
            }
        }
        svg.mark(mark.run, "big p", (axis.place(mark.value), y), 3.8, &mark.about);
    }
}
