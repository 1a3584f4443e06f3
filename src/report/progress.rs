//! Progress while a run goes on: bars on a terminal, plain lines elsewhere, JSON for programs.
//!
//! Drawn between trials only, at most ten times a second, so that nothing is redrawn while a trial
//! is measured. The time left is computed from the medians of the cells, since cells may differ
//! by orders of magnitude.

use std::io::Write;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::csv::encode;
use super::screen::words;
use crate::analysis::Watch;
use crate::design::{CellIx, Experiment, Matrix};
use crate::event::{Event, EventKind, Settle, Sink, SinkError};
use crate::measure::Status;
use crate::plan::{Phase, Plan, Trial};

/// Least time between two drawings, in ns.
const REDRAW_NS: u64 = 100_000_000;
/// Least time between two plain lines, in ns.
const PLAIN_NS: u64 = 5_000_000_000;
/// A trial that is expected to take longer than this is announced before it starts, in ns.
const LONG_NS: u64 = 50_000_000;
/// Durations remembered for each cell.
const RECENT: usize = 15;

/// Where progress is shown.
pub enum Display {
    /// Bars on a terminal of this width in columns.
    Bar {
        /// Where to.
        target: ProgressDrawTarget,
        /// Columns.
        width: usize,
    },
    /// A line of text every few seconds.
    Plain(Box<dyn Write + Send>),
    /// A JSON object a line.
    Json(Box<dyn Write + Send>),
}

enum Backend {
    Bar { bar: ProgressBar, width: usize },
    Plain(Box<dyn Write + Send>),
    Json(Box<dyn Write + Send>),
}

/// The sink.
pub struct Progress {
    backend: Backend,
    plan: Arc<Plan>,
    label: Label,
    estimate: Estimate,
    planned: u64,
    blocks: u32,
    /// Cells whose repeats are chosen as the run goes.
    watch: Option<Watch>,
    done: u64,
    failed: u64,
    now: Option<Trial>,
    started_ns: u64,
    drawn_ns: Option<u64>,
}

/// Names cells for people.
struct Label {
    experiment: Arc<Experiment>,
    matrix: Arc<Matrix>,
}

impl Label {
    fn of(&self, trial: &Trial) -> String {
        let cell = self.matrix.cell(trial.cell);
        let mut parts = Vec::new();
        if self.experiment.workloads.len() > 1 {
            parts.push(self.experiment.workloads[cell.workload].name.to_string());
        }
        parts.extend(
            self.matrix
                .levels(cell)
                .map(|(name, level)| format!("{name}={}", encode::grouped(&level.to_string()))),
        );
        let strategy = &self.experiment.strategies[cell.strategy];
        let workers = if cell.workers > 1 { format!(" ×{}", cell.workers) } else { String::new() };
        parts.push(format!("{}{workers}", strategy.name));
        parts.join("  ")
    }
}

impl Progress {
    /// Progress of this plan.
    #[must_use]
    pub fn new(
        experiment: &Arc<Experiment>,
        matrix: &Arc<Matrix>,
        plan: &Arc<Plan>,
        display: Display,
    ) -> Self {
        let planned = plan.len() as u64;
        let backend = match display {
            Display::Bar { target, width } => {
                let bar = ProgressBar::with_draw_target(Some(planned), target);
                let style = ProgressStyle::with_template("{bar:30} {msg}")
                    .expect("the template is valid")
                    .progress_chars("━╸─");
                bar.set_style(style);
                Backend::Bar { bar, width }
            }
            Display::Plain(out) => Backend::Plain(out),
            Display::Json(out) => Backend::Json(out),
        };
        Self {
            backend,
            plan: Arc::clone(plan),
            label: Label { experiment: Arc::clone(experiment), matrix: Arc::clone(matrix) },
            estimate: Estimate::new(matrix.len(), plan),
            planned,
            blocks: matrix
                .protocols()
                .iter()
                .map(|(entry, _)| entry.protocol.repeats)
                .max()
                .unwrap_or(0),
            watch: None,
            done: 0,
            failed: 0,
            now: None,
            started_ns: 0,
            drawn_ns: None,
        }
    }

    /// The same with cells whose repeats are chosen as the run goes, as far as they are known.
    #[must_use]
    pub fn watching(mut self, watch: Option<Watch>) -> Self {
        self.watch = watch;
        self.spare();
        self
    }

    /// Trials that are not needed any more are not waited for.
    fn spare(&mut self) {
        let Some(watch) = &self.watch else { return };
        self.planned = self.plan.len() as u64 - watch.spared();
        watch.stopped().for_each(|cell| self.estimate.stop(cell));
    }

    /// The same after these trials, which earlier sessions have done.
    #[must_use]
    pub fn after(mut self, done: impl Iterator<Item = (Trial, Option<Status>)>) -> Self {
        for (trial, status) in done {
            self.done += 1;
            self.failed += u64::from(status.is_some_and(Status::is_failure));
            self.estimate.finished(&trial, None);
        }
        self
    }

    fn draw(&mut self, elapsed_ns: u64) -> std::io::Result<()> {
        self.drawn_ns = Some(elapsed_ns);
        let place = place(self.now, self.blocks) + &self.precision();
        let left_ns = self.estimate.left_ns();
        let now = self.now.map(|trial| self.label.of(&trial)).unwrap_or_default();
        match &mut self.backend {
            Backend::Bar { bar, width } => {
                let counts = counts(self.done, self.planned, &place, self.failed, left_ns);
                // The bar and a space stand before the counts.
                let counts = cut(&counts, width.saturating_sub(32));
                let now = cut(&format!("now  {now}"), *width);
                bar.set_message(format!("{counts}\n{now}"));
                bar.set_position(self.done);
                bar.tick();
                Ok(())
            }
            Backend::Plain(out) => {
                let counts = counts(self.done, self.planned, &place, self.failed, left_ns);
                writeln!(out, "{counts} · now {now}")
            }
            Backend::Json(out) => {
                let line = serde_json::json!({
                    "done": self.done, "planned": self.planned, "failed": self.failed,
                    "elapsed_ns": elapsed_ns, "left_ns": left_ns, "now": now,
                    "rel_half_width": self.watch.as_ref().and_then(Watch::reached),
                    "target": self.watch.as_ref().map(Watch::target),
                });
                writeln!(out, "{line}")
            }
        }
    }

    /// ` · ±3.1 %, target 2.5 %`: the widest interval of what is still measured.
    fn precision(&self) -> String {
        let Some(watch) = &self.watch else { return String::new() };
        let percent = |share: f64| words::ratio(100.0 * share);
        let target = percent(watch.target());
        match watch.reached() {
            Some(reached) => format!(" · ±{} %, target {target} %", percent(reached)),
            None => format!(" · target ±{target} %"),
        }
    }

    fn is_due(&self, elapsed_ns: u64) -> bool {
        let Some(drawn_ns) = self.drawn_ns else {
            return true;
        };
        let since_ns = elapsed_ns.saturating_sub(drawn_ns);
        match self.backend {
            Backend::Plain(_) => since_ns >= PLAIN_NS,
            Backend::Bar { .. } | Backend::Json(_) => {
                let is_long = self
                    .now
                    .and_then(|trial| self.estimate.expected_ns(&trial))
                    .is_none_or(|ns| ns > LONG_NS);
                since_ns >= REDRAW_NS || is_long
            }
        }
    }
}

fn place(now: Option<Trial>, blocks: u32) -> String {
    match now {
        Some(trial) if trial.phase == Phase::Measure => {
            format!("block {}/{blocks}", trial.repeat)
        }
        Some(_) => "warm-up".to_owned(),
        None => String::new(),
    }
}

fn counts(done: u64, planned: u64, place: &str, failed: u64, left_ns: Option<u64>) -> String {
    let left = match left_ns {
        Some(ns) => format!("{} left", duration(ns)),
        None => "time left not known yet".to_owned(),
    };
    format!("{done}/{planned} · {place} · {failed} failed · {left}")
}

/// A duration for people, to the second.
fn duration(ns: u64) -> String {
    let seconds = ns.div_ceil(1_000_000_000);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// At most `width` columns of a line.
fn cut(line: &str, width: usize) -> String {
    use unicode_width::UnicodeWidthChar;
    let mut used = 0;
    line.chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= width
        })
        .collect()
}

impl Sink for Progress {
    fn event(&mut self, event: &Event) -> Result<(), SinkError> {
        match &event.kind {
            EventKind::TrialStarted { order, .. } => {
                self.now = self.plan.of_order(*order as usize);
                self.started_ns = event.elapsed_ns;
            }
            EventKind::TrialFinished(observation) => {
                self.done += 1;
                self.failed += u64::from(observation.measured.status.is_failure());
                let took_ns = event.elapsed_ns.saturating_sub(observation.start_offset_ns);
                let is_typical = observation.measured.status == Status::Ok;
                self.estimate.finished(&observation.trial, is_typical.then_some(took_ns));
                let interrupted = observation.measured.status == Status::Interrupted;
                if let Some(watch) = self.watch.as_mut().filter(|_| !interrupted) {
                    watch.take(observation);
                }
            }
            EventKind::FamilyStopped(stop) => {
                if let Some(watch) = &mut self.watch {
                    watch.recall(stop);
                }
                self.spare();
            }
            EventKind::SessionStarted(_)
            | EventKind::Extended { .. }
            | EventKind::RunStarted
            | EventKind::AttemptFailed(_)
            | EventKind::HookEnded(_)
            | EventKind::CancelRequested { .. }
            | EventKind::RunFinished { .. } => {}
        }
        Ok(())
    }

    fn settle(&mut self, settle: Settle, elapsed_ns: u64) -> Result<(), SinkError> {
        if settle == Settle::Final {
            if let Backend::Bar { bar, .. } = &self.backend {
                bar.finish_and_clear();
                return Ok(());
            }
        } else if !self.is_due(elapsed_ns) {
            return Ok(());
        }
        self.draw(elapsed_ns)
            .map_err(|source| SinkError { name: "the progress display".to_owned(), source })
    }
}

/// What the time left is computed from.
struct Estimate {
    cells: Vec<CellPace>,
    dirty: Vec<u32>,
    known_ns: u128,
    /// Cells with trials left and no duration yet.
    unknown: usize,
}

#[derive(Clone, Default)]
struct CellPace {
    left: u32,
    seen: u32,
    recent_ns: Vec<u64>,
    median_ns: Option<u64>,
    is_dirty: bool,
}

impl CellPace {
    fn known_ns(&self) -> u128 {
        self.median_ns.map_or(0, |ns| u128::from(ns) * u128::from(self.left))
    }

    fn is_unknown(&self) -> bool {
        self.left > 0 && self.median_ns.is_none()
    }
}

impl Estimate {
    fn new(cells: usize, plan: &Plan) -> Self {
        let mut paces = vec![CellPace::default(); cells];
        for trial in plan.trials() {
            paces[trial.cell.index()].left += 1;
        }
        Self { unknown: cells, cells: paces, dirty: Vec::new(), known_ns: 0 }
    }

    fn expected_ns(&self, trial: &Trial) -> Option<u64> {
        self.cells[trial.cell.index()].recent_ns.last().copied()
    }

    fn finished(&mut self, trial: &Trial, took_ns: Option<u64>) {
        let pace = self.change(trial.cell);
        pace.left = pace.left.saturating_sub(1);
        if let Some(took_ns) = took_ns {
            if pace.recent_ns.len() < RECENT {
                pace.recent_ns.push(took_ns);
            } else {
                pace.recent_ns[pace.seen as usize % RECENT] = took_ns;
            }
            pace.seen = pace.seen.wrapping_add(1);
        }
    }

    /// No further trial of the cell is run.
    fn stop(&mut self, cell: CellIx) {
        self.change(cell).left = 0;
    }

    fn change(&mut self, cell: CellIx) -> &mut CellPace {
        let pace = &mut self.cells[cell.index()];
        if !pace.is_dirty {
            // Its share is taken out now and put back when the medians are next needed.
            self.known_ns -= pace.known_ns();
            self.unknown -= usize::from(pace.is_unknown());
            pace.is_dirty = true;
            self.dirty.push(cell.0);
        }
        pace
    }

    /// Expected time of all trials that are left; `None` while a cell has no duration yet.
    fn left_ns(&mut self) -> Option<u64> {
        for index in self.dirty.drain(..) {
            let pace = &mut self.cells[index as usize];
            let mut sorted = pace.recent_ns.clone();
            sorted.sort_unstable();
            pace.median_ns = sorted.get(sorted.len() / 2).copied();
            pace.is_dirty = false;
            self.known_ns += pace.known_ns();
            self.unknown += usize::from(pace.is_unknown());
        }
        (self.unknown == 0).then(|| u64::try_from(self.known_ns).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(left: &[u32]) -> Estimate {
        let cells: Vec<CellPace> =
            left.iter().map(|&left| CellPace { left, ..CellPace::default() }).collect();
        Estimate { unknown: cells.len(), cells, dirty: Vec::new(), known_ns: 0 }
    }

    fn trial(cell: u32) -> Trial {
        Trial { order: 0, cell: CellIx(cell), phase: Phase::Measure, repeat: 1, position: 0 }
    }

    #[test]
    fn time_left_is_the_sum_over_cells_of_median_times_trials_left() {
        let mut estimate = estimate(&[3, 2]);
        assert_eq!(estimate.left_ns(), None);
        estimate.finished(&trial(0), Some(10));
        assert_eq!(estimate.left_ns(), None, "the second cell is not known yet");
        estimate.finished(&trial(1), Some(1_000));
        assert_eq!(estimate.left_ns(), Some(2 * 10 + 1_000));
        estimate.finished(&trial(0), Some(30));
        estimate.finished(&trial(1), None);
        assert_eq!(estimate.left_ns(), Some(30));
        estimate.finished(&trial(0), Some(20));
        assert_eq!(estimate.left_ns(), Some(0));
    }

    #[test]
    fn durations_are_for_people() {
        assert_eq!(duration(1), "1 s");
        assert_eq!(duration(125_000_000_000), "2 min 5 s");
        assert_eq!(duration(7_260_000_000_000), "2 h 1 min");
    }

    #[test]
    fn lines_are_cut_at_the_width_of_the_terminal() {
        assert_eq!(cut("二つの列", 5), "二つ");
        assert_eq!(cut("abc", 5), "abc");
    }
}
