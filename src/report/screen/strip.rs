//! The used trials of each cell of a block as a strip of dots, all on one scale.

use super::Screen;
use super::naming::Naming;
use super::page::{Page, Plots, Tone};
use super::words::{Scale, fit, pad, width};
use crate::analysis::compare::compared_column;
use crate::analysis::summary::TIME;
use crate::design::CellIx;
use crate::measure::{MetricColumn, Observation, Status};

/// Cells of a run up to which strips are drawn.
const MOST_CELLS: usize = 30;

/// Narrowest strip that is drawn, and widest.
const WIDTHS: std::ops::RangeInclusive<usize> = 40..=72;

/// Values that differ by more than this factor are drawn on a logarithmic scale.
const WIDE: f64 = 30.0;

/// Narrowest column of names.
const LEAST_LABEL: usize = 8;

/// The values of every cell, and how they are drawn.
pub struct Strips {
    cells: Vec<Values>,
    marks: Marks,
}

#[derive(Clone, Default)]
struct Values {
    known: Vec<f64>,
    /// Some ran out of time.
    beyond: bool,
}

/// What stands for one trial, a few, and more in one place; for the median; for a timeout.
struct Marks {
    dots: [char; 3],
    location: char,
    beyond: char,
    rule: char,
}

const UNICODE: Marks =
    Marks { dots: ['·', '•', '●'], location: '│', beyond: '›', rule: '─' };
const ASCII: Marks = Marks { dots: ['.', 'o', 'O'], location: '|', beyond: '>', rule: '-' };

impl Strips {
    /// The values of all cells, unless nothing is to be drawn.
    pub fn of(screen: &Screen<'_>, plots: Plots) -> Option<Self> {
        let marks = match plots {
            Plots::None => return None,
            Plots::Ascii => ASCII,
            Plots::Unicode => UNICODE,
        };
        let evidence = screen.findings.evidence;
        if evidence.matrix.len() > MOST_CELLS {
            return None;
        }
        let mut cells = vec![Values::default(); evidence.matrix.len()];
        for (row, standing) in evidence.observations.iter().zip(screen.findings.standings.rows()) {
            if standing.used() {
                let values = &mut cells[row.trial.cell.index()];
                match row.measured.status {
                    Status::Timeout => values.beyond = true,
                    _ => values.known.extend(value(screen, row)),
                }
            }
        }
        Some(Self { cells, marks })
    }

    /// What the marks mean.
    pub fn legend(&self, screen: &Screen<'_>) -> String {
        let Marks { dots: [one, few, many], location, .. } = self.marks;
        let what = screen.findings.summary.objective().name();
        format!("used trials: {one} one, {few} two or three, {many} more; {location} {what}")
    }

    /// Draws the cells of a block; says whether there was room and something to draw.
    pub fn write(
        &self,
        screen: &Screen<'_>,
        naming: &Naming<'_>,
        cells: &[CellIx],
        page: &mut Page,
    ) -> bool {
        let values = |cell: &CellIx| &self.cells[cell.index()];
        let known = || cells.iter().flat_map(|cell| values(cell).known.iter().copied());
        let least = known().fold(f64::INFINITY, f64::min);
        let most = known().fold(f64::NEG_INFINITY, f64::max);
        let names: Vec<String> = cells.iter().map(|&cell| naming.label(cell)).collect();
        let label = names.iter().map(|name| width(name)).max().unwrap_or(0);
        let label = label.min(page.width().saturating_sub(WIDTHS.start() + 2)).max(LEAST_LABEL);
        let room = page.width().saturating_sub(label + 3).min(*WIDTHS.end());
        let has_shape = cells.iter().any(|cell| values(cell).known.len() > 1) && least < most;
        if !has_shape || room < *WIDTHS.start() {
            return false;
        }
        let axis = Axis { least, most, columns: room, is_log: least > 0.0 && most / least > WIDE };
        page.line(&[]);
        for (cell, name) in cells.iter().zip(&names) {
            let name = pad(&fit(name, label), label + 2);
            let strip = self.strip(screen, *cell, &axis);
            page.line(&[(Tone::Plain, &name), (Tone::Plain, &strip)]);
        }
        let scale = self.scale(screen, cells[0], &axis);
        page.line(&[(Tone::Faint, &" ".repeat(label + 2)), (Tone::Faint, &scale)]);
        true
    }

    fn strip(&self, screen: &Screen<'_>, cell: CellIx, axis: &Axis) -> String {
        let values = &self.cells[cell.index()];
        let mut counts = vec![0_usize; axis.columns];
        for &value in &values.known {
            counts[axis.place(value)] += 1;
        }
        let mut strip: Vec<char> = counts
            .into_iter()
            .map(|count| match count {
                0 => ' ',
                1 => self.marks.dots[0],
                2..=3 => self.marks.dots[1],
                _ => self.marks.dots[2],
            })
            .collect();
        let column = compared(screen, cell);
        let metric = screen.findings.summary.cell(cell).metric(&column);
        if let Some(value) = metric.and_then(|metric| metric.location.value) {
            strip[axis.place(value)] = self.marks.location;
        }
        if values.beyond {
            strip.push(self.marks.beyond);
        }
        strip.into_iter().collect()
    }

    /// The line below: both ends of the scale with their unit.
    fn scale(&self, screen: &Screen<'_>, cell: CellIx, axis: &Axis) -> String {
        let column = compared(screen, cell);
        let Some(metric) = screen.findings.summary.cell(cell).metric(&column) else {
            return String::new();
        };
        let ends = [axis.least, axis.most];
        let common = Scale::of(&metric.unit, ends.into_iter());
        let own = |value: f64| Scale::of(&metric.unit, [value].into_iter());
        let end = |value: f64| if axis.is_log { own(value) } else { common.clone() }.value(value);
        let [left, right] = ends.map(end);
        let middle = if axis.is_log { " logarithmic " } else { "" };
        let free = axis.columns.saturating_sub(width(&left) + width(&right) + width(middle) + 2);
        let rule = |columns: usize| self.marks.rule.to_string().repeat(columns);
        format!("{left} {}{middle}{} {right}", rule(free / 2), rule(free - free / 2))
    }
}

/// A scale from the least value to the largest.
struct Axis {
    least: f64,
    most: f64,
    columns: usize,
    is_log: bool,
}

impl Axis {
    /// The column of a value, from 0.
    fn place(&self, value: f64) -> usize {
        let share = if self.is_log {
            libm::log(value / self.least) / libm::log(self.most / self.least)
        } else {
            (value - self.least) / (self.most - self.least)
        };
        let last = self.columns - 1;
        ((share.clamp(0.0, 1.0) * last as f64).round() as usize).min(last)
    }
}

fn compared(screen: &Screen<'_>, cell: CellIx) -> String {
    let evidence = screen.findings.evidence;
    compared_column(evidence.experiment, evidence.matrix.cell(cell).workload)
}

/// The value of the compared metric.
fn value(screen: &Screen<'_>, row: &Observation) -> Option<f64> {
    let column = compared(screen, row.trial.cell);
    if column == TIME {
        return row.measured.time_ns.map(|ns| ns as f64);
    }
    let evidence = screen.findings.evidence;
    let workload = &evidence.experiment.workloads[evidence.matrix.cell(row.trial.cell).workload];
    let at = workload.metrics.iter().position(|it| MetricColumn::of(it).column == column)?;
    row.measured.metrics.get(at).copied().flatten()
}
