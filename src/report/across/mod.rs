//! Runs against each other, as text, CSV, JSON and Markdown.
//!
//! Owns how such a comparison is laid out. What differs between the runs stands first in every
//! form, since it may be what the numbers show.

mod csv;
mod text;

use serde::Serialize;

use crate::analysis::across::{ACROSS_MACHINES, Across};
use crate::analysis::gate::{Answer, Gated};
use crate::analysis::{Comparison, Findings};
use crate::design::{CellIx, Objective};
use crate::report::screen::naming::Naming;
use crate::report::screen::versus::Versus;
use crate::report::screen::words::Scale;
use crate::report::sentence;

pub use self::csv::render as csv;
pub use text::render as text;

/// One of the runs.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// Its name.
    pub run_id: &'a str,
    /// Start on the wall clock, RFC 3339 in UTC.
    pub started_at: &'a str,
    /// The revision of the user's repository, if there is one.
    pub revision: Option<&'a str>,
    /// What it came to.
    pub findings: &'a Findings<'a>,
    /// Trials that have not run to an end, so that they are missing.
    pub missing: u64,
}

/// One run against another.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The run that is compared with, and the one that is compared.
    pub sides: [Side<'a>; 2],
    /// What differs between them, a line each.
    pub differences: &'a [String],
    /// What their cells come to against each other.
    pub across: &'a Across,
    /// What a gate says of it.
    pub gated: Option<&'a Gated>,
}

/// One pair of cells in words.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// What the cells of a block share.
    #[serde(skip)]
    pub heading: String,
    /// What makes this one differ.
    #[serde(skip)]
    pub label: String,
    /// The key of the cell's content.
    pub cell_key: String,
    /// The cell's workload.
    pub workload: String,
    /// The cell's strategy.
    pub strategy: String,
    /// The metric's column.
    pub metric: String,
    /// The median of the first run, with its unit.
    pub before: String,
    /// The median of the second run.
    pub after: String,
    /// How many times as good the second run is, and its interval.
    pub speedup: Option<f64>,
    /// Lower end.
    pub speedup_lo: Option<f64>,
    /// Upper end; nothing when it is unbounded.
    pub speedup_hi: Option<f64>,
    /// Adjusted p-value.
    pub p_adj: Option<f64>,
    /// The word in files.
    pub verdict: &'static str,
    /// The words on the screen.
    pub words: String,
    /// What a gate says: `pass`, `inconclusive`, `fail`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<&'static str>,
    /// All of it in one sentence.
    pub sentence: String,
    /// What a reader must know.
    pub flags: Vec<&'static str>,
    #[serde(skip)]
    ends: String,
}

impl View<'_> {
    /// Every pair of cells, in the order of the second run.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        let naming = Naming::new(self.sides[1].findings.evidence);
        let rows = self.across.comparisons.rows.iter().enumerate();
        rows.map(|(at, row)| self.line(&naming, (at, row))).collect()
    }

    fn line(&self, naming: &Naming<'_>, (at, row): (usize, &Comparison)) -> Line {
        let evidence = self.sides[1].findings.evidence;
        let cell = row.candidate.cell;
        let of_cell = evidence.matrix.cell(cell);
        let medians = [row.baseline.median, row.candidate.median];
        let scale = Scale::of(&row.metric.unit, medians.into_iter().flatten());
        let [before, after] =
            medians.map(|median| median.map_or_else(|| "—".to_owned(), |it| scale.value(it)));
        let all = &self.across.comparisons;
        let versus = Versus::judged(row, all.margin);
        let name = sentence::metric_name(&row.metric);
        let label = match row.is_primary {
            true => naming.label(cell),
            false => format!("{} · {name}", naming.label(cell)),
        };
        let now = match naming.heading(cell) {
            heading if heading.is_empty() => label.clone(),
            heading => format!("{label} ({heading})"),
        };
        Line {
            heading: naming.heading(cell),
            sentence: sentence::with_names(["before", &now], all, row),
            label,
            cell_key: of_cell.key.to_string(),
            workload: evidence.experiment.workloads[of_cell.workload].name.to_string(),
            strategy: evidence.experiment.strategies[of_cell.strategy].name.to_string(),
            metric: row.metric.column.clone(),
            before,
            after,
            speedup: row.speedup.estimate.filter(|it| it.is_finite()),
            speedup_lo: row.speedup.interval.map(|(lo, _)| lo),
            speedup_hi: row.speedup.interval.map(|(_, hi)| hi).filter(|hi| hi.is_finite()),
            p_adj: row.p_adjusted,
            verdict: row.verdict.as_str(),
            words: versus.word,
            ends: versus.ends,
            gate: self.gated.and_then(|gated| gated.rows[at]).map(Answer::as_str),
            flags: row.flags.clone(),
        }
    }

    /// The columns of values: which statistic it is, unless it is the median, and of which metric
    /// of the program.
    fn heads(&self) -> [String; 2] {
        let all = &self.across.comparisons;
        let statistic = Some(all.objective.name()).filter(|_| all.objective != Objective::P50);
        let primary = all.rows.iter().find(|row| row.is_primary);
        let metric = primary.filter(|row| row.metric.column.starts_with("metric_"));
        let metric = metric.map(|row| sentence::metric_name(&row.metric));
        let of: Vec<&str> = statistic.into_iter().chain(metric).collect();
        let of = if of.is_empty() { String::new() } else { format!(" ({})", of.join(" ")) };
        ["before", "after"].map(|word| format!("{word}{of}"))
    }

    /// What every reader must know.
    fn cautions(&self) -> Vec<String> {
        let [first, second] = &self.sides;
        let mut texts = Vec::new();
        let flagged = |row: &Comparison| row.flags.contains(&ACROSS_MACHINES);
        if self.across.comparisons.rows.iter().any(flagged) {
            texts.push(
                "the runs are of different machines: a difference may be one of the machines and \
                 not of what was run"
                    .to_owned(),
            );
        }
        for (word, side) in [("before", first), ("after", second)] {
            if side.missing > 0 {
                let are = if side.missing == 1 { "trial is" } else { "trials are" };
                texts.push(format!("{word} is not complete: {} {are} missing", side.missing));
            }
        }
        if first.started_at > second.started_at {
            texts.push(
                "the run named first is the later one: before and after are the order of the \
                 arguments"
                    .to_owned(),
            );
        }
        texts.push(text::CAUTION.to_owned());
        texts
    }

    /// Cells that only one of the runs has, as people call them.
    fn unpaired(&self) -> [Vec<String>; 2] {
        let names = |side: usize, cells: &[CellIx]| {
            let naming = Naming::new(self.sides[side].findings.evidence);
            let full = |cell: &CellIx| format!("{} {}", naming.heading(*cell), naming.label(*cell));
            cells.iter().map(|cell| full(cell).trim().to_owned()).collect()
        };
        [names(0, &self.across.only_first), names(1, &self.across.only_second)]
    }
}

/// All views as one JSON document.
#[must_use]
pub fn json(views: &[View<'_>]) -> String {
    let side = |side: &Side<'_>| {
        serde_json::json!({
            "run_id": side.run_id,
            "started_at": side.started_at,
            "revision": side.revision,
        })
    };
    let one = |view: &View<'_>| {
        let [only_first, only_second] = view.unpaired();
        serde_json::json!({
            "first": side(&view.sides[0]),
            "second": side(&view.sides[1]),
            "differences": view.differences,
            "comparisons": view.lines(),
            "only_first": only_first,
            "only_second": only_second,
            "margin": view.across.comparisons.margin,
            "adjust": view.across.comparisons.adjust,
            "gate": view.gated.map(|gated| gated.whole.as_str()),
        })
    };
    let all: Vec<serde_json::Value> = views.iter().map(one).collect();
    let mut text =
        serde_json::to_string_pretty(&serde_json::json!({ "schema_version": 1, "pairs": all }))
            .expect("plain values become JSON in memory");
    text.push('\n');
    text
}

/// All views as Markdown.
#[must_use]
pub fn markdown(views: &[View<'_>]) -> String {
    let mut out = String::new();
    for view in views {
        let [first, second] = view.sides.map(|side| side.run_id);
        out.push_str(&format!("## {} against {}\n\n", escaped(second), escaped(first)));
        match view.differences {
            [] => out.push_str("Nothing that is recorded differs between the runs.\n\n"),
            all => {
                out.push_str("What differs between the runs:\n\n");
                all.iter().for_each(|line| out.push_str(&format!("- {}\n", escaped(line))));
                out.push('\n');
            }
        }
        let gate = if view.gated.is_some() { " gate |" } else { "" };
        let rule = if view.gated.is_some() { " --- |" } else { "" };
        let ([before, after], level) = (view.heads(), percent(view));
        out.push_str(&format!("| cell | {before} | {after} | | {level} % interval |{gate}\n| --- | ---: | ---: | --- | --- |{rule}\n"));
        for line in view.lines() {
            let name = format!("{} {}", line.heading, line.label);
            let gate = line.gate.map_or_else(String::new, |gate| format!(" {gate} |"));
            let fields = [name.trim(), &line.before, &line.after, &line.words, &line.ends];
            let fields = fields.map(escaped).join(" | ");
            out.push_str(&format!("| {fields} |{gate}\n"));
        }
        for text in view.cautions() {
            out.push_str(&format!("\n{text}\n"));
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn percent(view: &View<'_>) -> String {
    crate::report::screen::words::ratio(100.0 * view.sides[1].findings.summary.conf())
}

/// Text as a cell of a Markdown table.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#') {
            out.push('\\');
        }
        out.push(if c.is_control() { ' ' } else { c });
    }
    out
}
