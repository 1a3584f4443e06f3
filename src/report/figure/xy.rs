//! Points over an ordered axis, joined within a series, with intervals and curves.

use super::axis::{Axis, Tick};
use super::svg::{Drawing, Svg, WIDTH, fit, hue};

const HEIGHT: f64 = 230.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = WIDTH - 16.0;

/// One point.
#[derive(Clone, Debug)]
pub struct Point {
    /// On the ordered axis.
    pub x: f64,
    /// The value.
    pub y: f64,
    /// Its interval, if there is one.
    pub ends: Option<(f64, f64)>,
    /// What is said where the pointer rests.
    pub about: String,
}

/// Points of one category.
#[derive(Clone, Debug)]
pub struct Series {
    /// Which colour and mark.
    pub category: usize,
    /// What it is called.
    pub label: String,
    /// By their place on the ordered axis.
    pub points: Vec<Point>,
    /// A curve that was fitted.
    pub curve: Vec<(f64, f64)>,
}

/// What lies behind the series.
#[derive(Clone, Debug, Default)]
pub struct Plot {
    /// What is seen.
    pub title: String,
    /// What the marks are.
    pub caption: String,
    /// Titles of the axes, with units.
    pub axes: [String; 2],
    /// Ticks of the horizontal axis, if not at round numbers.
    pub levels: Option<Vec<Tick>>,
    /// Stored units in one of the vertical axis.
    pub size: f64,
    /// A dashed line from corner to corner: what would be ideal.
    pub ideal: Vec<(f64, f64)>,
    /// Whether the vertical axis begins at 0.
    pub from_zero: bool,
    /// Whether steps are drawn instead of points.
    pub are_steps: bool,
}

impl Plot {
    /// The drawing; `None` without any value.
    #[must_use]
    pub fn draw(&self, series: &[Series]) -> Option<Drawing> {
        let points = || series.iter().flat_map(|one| &one.points);
        let mut svg = Svg::default();
        let mut top = svg.heading(&self.title) + 4.0;
        let entries: Vec<(usize, String)> =
            series.iter().map(|one| (one.category, one.label.clone())).collect();
        if entries.len() > 1 || entries.iter().any(|(_, label)| !label.is_empty()) {
            top += svg.legend(top, &entries);
        }
        top += 12.0;
        let bottom = top + HEIGHT;
        let x = Axis::around(points().map(|point| point.x), LEFT + 6.0, RIGHT)?;
        let tall = points().flat_map(|p| [Some(p.y), p.ends.map(|e| e.0), p.ends.map(|e| e.1)]);
        let curves = series.iter().flat_map(|one| one.curve.iter().map(|at| at.1));
        let tall = tall.flatten().chain(self.ideal.iter().map(|at| at.1)).chain(curves);
        let y = Axis::around(tall.clone(), bottom, top + 6.0)?;
        let most = tall.fold(0.0, f64::max);
        let y = if self.from_zero { Axis::exact(0.0, most * 1.04, bottom, top + 6.0) } else { y };
        self.frame(&mut svg, (&x, &y), (top, bottom));
        let place = |at: &(f64, f64)| (x.place(at.0), y.place(at.1));
        let ideal: Vec<(f64, f64)> = self.ideal.iter().map(place).collect();
        svg.polyline("ideal", &ideal);
        for one in series {
            let hue = hue(one.category);
            let curve: Vec<(f64, f64)> = one.curve.iter().map(place).collect();
            svg.polyline(&format!("{hue} curve"), &curve);
            let line: Vec<(f64, f64)> = one.points.iter().map(|p| place(&(p.x, p.y))).collect();
            if self.are_steps {
                svg.polyline(&format!("{hue} joined"), &steps(&line));
                continue;
            }
            svg.polyline(&format!("{hue} joined"), &line);
            for (point, at) in one.points.iter().zip(line) {
                if let Some((lo, hi)) = point.ends {
                    let class = format!("{hue} whisker");
                    svg.line(&class, (at.0, y.place(lo)), (at.0, y.place(hi)));
                }
                svg.mark(one.category, "big p", at, 4.0, &point.about);
            }
        }
        Some(svg.finish(bottom + 44.0, &self.title, &self.caption))
    }

    fn frame(&self, svg: &mut Svg, (x, y): (&Axis, &Axis), (top, bottom): (f64, f64)) {
        for (value, label) in y.ticks(self.size) {
            let at = y.place(value);
            svg.line("grid", (LEFT, at), (RIGHT, at));
            svg.text("soft e", (LEFT - 6.0, at + 4.0), &label);
        }
        for (value, label) in self.levels.clone().unwrap_or_else(|| x.ticks(1.0)) {
            let at = x.place(value);
            svg.line("axis", (at, bottom), (at, bottom + 4.0));
            svg.text("soft m", (at, bottom + 17.0), &label);
        }
        svg.line("axis", (LEFT, bottom), (RIGHT, bottom));
        let title = |axis: &Axis, title: &str| match axis.is_log() {
            true => format!("{title}, logarithmic"),
            false => title.to_owned(),
        };
        svg.text("soft", (10.0, top - 6.0), &fit(&title(y, &self.axes[1]), 56));
        let middle = f64::midpoint(LEFT, RIGHT);
        svg.text("soft m", (middle, bottom + 35.0), &fit(&title(x, &self.axes[0]), 50));
    }
}

/// From one step to the next: across, then up.
fn steps(line: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut points = Vec::with_capacity(2 * line.len());
    for at in line {
        if let Some(&(_, before)) = points.last() {
            points.push((at.0, before));
        }
        points.push(*at);
    }
    points
}
