//! Figures over numeric parameters: curves over one of them, a map over two of them.

use super::axis::{Axis, level};
use super::svg::{Svg, WIDTH, fit};
use super::view::{View, name, title};
use super::xy::{Plot, Point, Series};
use super::{Figure, Kind};
use crate::analysis::compare::compared_column;
use crate::design::{CellIx, Level, Value};
use crate::report::screen::words::Scale;

/// Levels from which on a parameter is worth a curve.
const LEAST_LEVELS: usize = 3;
/// Fields from which on two parameters are worth a map.
const LEAST_FIELDS: usize = 6;
/// Levels of one side of a map that can be read.
const MOST_SIDE: usize = 24;
/// Figures of this kind.
const MOST: usize = 12;

/// A numeric axis of the design: a parameter, or the workers.
#[derive(Clone, Debug, PartialEq)]
enum Over {
    Param(String),
    Workers,
}

impl Over {
    fn name(&self) -> &str {
        match self {
            Self::Param(name) => name,
            Self::Workers => "workers",
        }
    }

    fn level(&self, view: &View<'_>, cell: CellIx) -> Option<f64> {
        let matrix = view.findings.evidence.matrix;
        let at = matrix.cell(cell);
        match self {
            Self::Param(name) => number(matrix.level(at, name)?),
            Self::Workers => Some(f64::from(at.workers)),
        }
    }

    /// The levels in a list of cells, in order.
    fn levels(&self, view: &View<'_>, cells: &[CellIx]) -> Vec<f64> {
        let mut levels: Vec<f64> =
            cells.iter().filter_map(|&cell| self.level(view, cell)).collect();
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        levels
    }
}

/// A level that lies on an ordered axis; one with a label is a name.
fn number(level: &Level) -> Option<f64> {
    match level.value() {
        _ if level.label().is_some() => None,
        Value::Integer(integer) => integer.to_string().parse().ok(),
        Value::Float(float) => Some(*float),
        _ => None,
    }
}

/// Cells that differ in the given axes alone, with what they share.
struct Slice {
    heading: String,
    cells: Vec<CellIx>,
}

/// Curves over the one numeric parameter, or maps over the two; nothing if there is neither.
#[must_use]
pub fn draw(view: &View<'_>) -> Vec<Figure> {
    let all: Vec<CellIx> = (0..view.findings.evidence.matrix.len()).map(CellIx::new).collect();
    let params = view.findings.evidence.matrix.param_names().iter();
    let mut axes: Vec<Over> = params.map(|name| Over::Param(name.to_string())).collect();
    let strategies = &view.findings.evidence.experiment.strategies;
    if strategies.iter().any(|strategy| strategy.workers.len() > 1) {
        axes.push(Over::Workers);
    }
    axes.retain(|axis| {
        let known = all.iter().filter(|&&cell| axis.level(view, cell).is_some()).count();
        known == all.len() && axis.levels(view, &all).len() > 1
    });
    match &axes[..] {
        [over @ Over::Param(_)] => curves(view, over, &all),
        [over @ Over::Param(_), Over::Workers] if has_curve(view, over, &all) => {
            curves(view, over, &all)
        }
        [across, up] => maps(view, (across, up), &all),
        _ => Vec::new(),
    }
}

/// Groups of cells with the same words apart from these axes.
fn slices(view: &View<'_>, cells: &[CellIx], but: &[&Over], with_way: bool) -> Vec<Slice> {
    let evidence = view.findings.evidence;
    let mut slices: Vec<Slice> = Vec::new();
    for &cell in cells {
        let at = evidence.matrix.cell(cell);
        let mut words = vec![evidence.experiment.workloads[at.workload].name.to_string()];
        if with_way {
            words.push(evidence.experiment.strategies[at.strategy].name.to_string());
        }
        let others = evidence.matrix.levels(at).filter(|(name, level)| {
            let is_axis = but.iter().any(|axis| axis.name() == name.as_str());
            let axis = evidence.matrix.axes(at).iter().find(|axis| axis.name == **name);
            let is_way = axis.is_some_and(|axis| axis.is_manner);
            !is_axis && level.to_string().len() < 60 && (with_way || !is_way)
        });
        words.extend(others.map(|(name, level)| format!("{name} = {level}")));
        let heading = words.join(", ");
        match slices.iter_mut().find(|slice| slice.heading == heading) {
            Some(slice) => slice.cells.push(cell),
            None => slices.push(Slice { heading, cells: vec![cell] }),
        }
    }
    slices
}

fn has_curve(view: &View<'_>, over: &Over, all: &[CellIx]) -> bool {
    over.levels(view, all).len() >= LEAST_LEVELS
}

fn curves(view: &View<'_>, over: &Over, all: &[CellIx]) -> Vec<Figure> {
    if !has_curve(view, over, all) {
        return Vec::new();
    }
    let slices = slices(view, all, &[over], false);
    slices.iter().take(MOST).filter_map(|slice| curve(view, over, slice)).collect()
}

fn curve(view: &View<'_>, over: &Over, slice: &Slice) -> Option<Figure> {
    let evidence = view.findings.evidence;
    let column =
        compared_column(evidence.experiment, evidence.matrix.cell(slice.cells[0]).workload);
    let scale = view.scale(&slice.cells, &column);
    let metric = name(&column, view.summary(slice.cells[0], &column));
    let mut series: Vec<Series> = Vec::new();
    for &cell in &slice.cells {
        let way = way(view, cell, over);
        let summary = view.summary(cell, &column);
        let (Some(x), Some(y)) = (over.level(view, cell), view.location(cell, &column)) else {
            continue;
        };
        let ends = summary.and_then(|one| one.location.lo.zip(one.location.hi));
        let about = format!("{way}, {} = {}: {}", over.name(), level(x), scale.value(y));
        let point = Point { x, y, ends, about };
        match series.iter_mut().find(|one| one.label == way) {
            Some(one) => one.points.push(point),
            None => {
                let category = series.len();
                series.push(Series {
                    category,
                    label: way,
                    points: vec![point],
                    curve: Vec::new(),
                });
            }
        }
    }
    for one in &mut series {
        one.points.sort_by(|one, other| one.x.total_cmp(&other.x));
    }
    // A level at which nothing is known has no place on the axis.
    let mut levels: Vec<f64> =
        series.iter().flat_map(|one| one.points.iter().map(|point| point.x)).collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let statistic = view.objective().name();
    let said = format!("{}: {statistic} {metric} over {}", slice.heading, over.name());
    let few = levels.len() <= 6 && is_even(&levels);
    let plot = Plot {
        title: said.clone(),
        caption: format!("Mark: {statistic}. Vertical line: its {} % interval.", view.level()),
        axes: [over.name().to_owned(), title(&metric, &scale)],
        levels: few.then(|| levels.iter().map(|&at| (at, level(at))).collect()),
        size: scale.size,
        ..Plot::default()
    };
    let drawing = plot.draw(&series)?;
    Some(Figure { kind: Kind::Levels, title: said, caption: plot.caption, drawing })
}

/// Whether the levels lie far enough apart for a label each: a twelfth of the axis.
fn is_even(levels: &[f64]) -> bool {
    let Some(axis) = Axis::around(levels.iter().copied(), 0.0, 12.0) else { return false };
    levels.windows(2).all(|pair| axis.place(pair[1]) - axis.place(pair[0]) >= 1.0)
}

/// How a cell is carried out, without the parameter that the axis shows.
fn way(view: &View<'_>, cell: CellIx, over: &Over) -> String {
    let evidence = view.findings.evidence;
    let at = evidence.matrix.cell(cell);
    let strategy = &evidence.experiment.strategies[at.strategy];
    let mut text = strategy.name.to_string();
    if strategy.workers.len() > 1 {
        text.push_str(&format!(" ×{}", at.workers));
    }
    let axes = evidence.matrix.axes(at).iter().filter(|axis| axis.is_manner);
    for axis in axes.filter(|axis| axis.name.as_str() != over.name() && axis.levels().len() > 1) {
        if let Some(level) = evidence.matrix.level(at, axis.name.as_str()) {
            text.push_str(&format!(", {} = {level}", axis.name));
        }
    }
    text
}

fn maps(view: &View<'_>, (across, up): (&Over, &Over), all: &[CellIx]) -> Vec<Figure> {
    let slices = slices(view, all, &[across, up], true);
    slices.iter().take(MOST).filter_map(|slice| map(view, (across, up), slice)).collect()
}

/// The step of the colours for a value between the smallest and the largest.
fn shade(value: f64, lo: f64, hi: f64) -> usize {
    let share = if hi > lo && lo > 0.0 { libm::log(value / lo) / libm::log(hi / lo) } else { 0.0 };
    ((share * 7.0) as usize).min(6)
}

fn map(view: &View<'_>, (across, up): (&Over, &Over), slice: &Slice) -> Option<Figure> {
    let evidence = view.findings.evidence;
    let column =
        compared_column(evidence.experiment, evidence.matrix.cell(slice.cells[0]).workload);
    let (xs, ys) = (across.levels(view, &slice.cells), up.levels(view, &slice.cells));
    if xs.len() < 2
        || ys.len() < 2
        || xs.len() * ys.len() < LEAST_FIELDS
        || xs.len().max(ys.len()) > MOST_SIDE
    {
        return None;
    }
    let scale = view.scale(&slice.cells, &column);
    let value = |cell: CellIx| view.location(cell, &column);
    let values: Vec<f64> = slice.cells.iter().filter_map(|&cell| value(cell)).collect();
    let lo = values.iter().copied().reduce(f64::min)?;
    let hi = values.iter().copied().reduce(f64::max)?;
    let statistic = view.objective().name();
    let metric = name(&column, view.summary(slice.cells[0], &column));
    let said = format!(
        "{}: {statistic} {metric} from {} to {} over {} and {}",
        slice.heading,
        scale.value(lo),
        scale.value(hi),
        across.name(),
        up.name()
    );
    let mut svg = Svg::default();
    let top = svg.heading(&said) + 22.0;
    svg.text("soft", (10.0, top - 6.0), &fit(up.name(), 40));
    let (left, right) = (58.0, WIDTH - 14.0);
    let (wide, tall) = ((right - left) / xs.len() as f64, 30.0);
    let bottom = top + tall * ys.len() as f64;
    for (at, value) in ys.iter().rev().enumerate() {
        svg.text("soft e", (left - 6.0, top + tall * (at as f64 + 0.5) + 4.0), &level(*value));
    }
    for (at, value) in xs.iter().enumerate() {
        let x = left + wide * (at as f64 + 0.5);
        if wide >= 30.0 || at % 2 == 0 {
            svg.text("soft m", (x, bottom + 16.0), &level(*value));
        }
    }
    svg.text("soft m", (f64::midpoint(left, right), bottom + 34.0), &fit(across.name(), 40));
    for &cell in &slice.cells {
        let place = |axis: &Over, levels: &[f64]| {
            let own = axis.level(view, cell)?;
            levels.iter().position(|level| level.total_cmp(&own).is_eq())
        };
        let (Some(x), Some(y)) = (place(across, &xs), place(up, &ys)) else { continue };
        let corner = (left + wide * x as f64, top + tall * (ys.len() - 1 - y) as f64);
        field(&mut svg, corner, (wide, tall), (value(cell), lo, hi), &scale);
    }
    let caption = format!(
        "Field: {statistic} {}. Darker is more, in equal ratios. Empty: not known.",
        title(&metric, &scale)
    );
    let drawing = svg.finish(bottom + 44.0, &said, &caption);
    Some(Figure { kind: Kind::Map, title: said, caption, drawing })
}

fn field(
    svg: &mut Svg,
    at: (f64, f64),
    (wide, tall): (f64, f64),
    (value, lo, hi): (Option<f64>, f64, f64),
    scale: &Scale,
) {
    let size = (wide - 2.0, tall - 2.0);
    let Some(value) = value else {
        svg.rect("none", at, size, "not known");
        return;
    };
    let shade = shade(value, lo, hi);
    svg.rect(&format!("q{shade}"), at, size, &scale.value(value));
    if wide >= 36.0 {
        let class = if shade > 3 { "m over" } else { "m on" };
        let middle = (at.0 + size.0 / 2.0, at.1 + size.1 / 2.0 + 4.0);
        svg.text(class, middle, &scale.number(value));
    }
}
