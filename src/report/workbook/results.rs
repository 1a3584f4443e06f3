//! The sheet `results`: one row per cell, its median again as a formula over the sheet `trials`,
//! and a chart.

use rust_xlsxwriter::{Formula, Worksheet, XlsxError};

use super::chart;
use super::sheet::{self, Styles, col, row};
use crate::analysis::Findings;
use crate::design::{CellIx, Objective, Value};
use crate::report::csv::column::{ParamColumn, UserColumn};
use crate::report::csv::schema::trials::TRIALS;
use crate::report::csv::table::cell_speedup;
use crate::report::screen::naming;

/// Pairs of a cell and a trial up to which medians are calculated again: every formula looks at
/// every trial.
const MOST_PAIRS: usize = 20_000_000;

/// Stands for the time of a trial that ran out of it: longer than all that was seen.
const LONGER: &str = "1E+300";

/// Half of [`LONGER`], so that a mean with it is beyond.
const BEYOND: &str = "1E+299";

/// Nanoseconds in a second.
const NS: f64 = 1e9;

/// The ranges of the sheet `trials` that the formulas look at.
struct Ranges {
    cell: String,
    used: String,
    status: String,
    time: String,
}

impl Ranges {
    fn new(params: &[ParamColumn], metrics: &[UserColumn], rows: usize) -> Self {
        let names = TRIALS.names(params, metrics);
        let range = |name: &str| {
            let at = names.iter().position(|other| other == name).unwrap_or_default();
            let letters = letters(at);
            format!("trials!${letters}$2:${letters}${}", rows + 1)
        };
        Self {
            cell: range("cell_id"),
            used: range("used"),
            status: range("status"),
            time: range("time_ns"),
        }
    }

    /// The median of the used trials of the cell that column A of this row names.
    fn median(&self, row: u32, has_timeouts: bool) -> String {
        let Self { cell, used, status, time } = self;
        let mine = format!("({cell}=$A{})*{used}", row + 1);
        if !has_timeouts {
            return format!("=MEDIAN(IF({mine},{time}))");
        }
        let median = format!("MEDIAN(IF({mine},IF({status}=\"timeout\",{LONGER},{time})))");
        format!("=IF({median}>{BEYOND},\"\",{median})")
    }
}

/// The letters of a column: A, B, … Z, AA, ….
fn letters(mut at: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'A' + u8::try_from(at % 26).expect("below 26")));
        match at / 26 {
            0 => break,
            more => at = more - 1,
        }
    }
    letters.iter().rev().collect()
}

/// Writes cells of one row from the left.
struct Row<'a> {
    sheet: &'a mut Worksheet,
    styles: &'a Styles,
    row: u32,
    col: u16,
}

impl Row<'_> {
    fn skip(&mut self) -> u16 {
        self.col += 1;
        self.col - 1
    }

    fn text(&mut self, text: Option<&str>) -> Result<(), XlsxError> {
        let col = self.skip();
        if let Some(text) = text {
            self.sheet.write_string(self.row, col, sheet::clipped(text))?;
        }
        Ok(())
    }

    fn count(&mut self, count: u64) -> Result<(), XlsxError> {
        let col = self.skip();
        self.sheet.write_number(self.row, col, count as f64).map(drop)
    }

    fn seconds(&mut self, ns: Option<f64>) -> Result<(), XlsxError> {
        let col = self.skip();
        if let Some(ns) = ns.filter(|ns| ns.is_finite()) {
            let format = &self.styles.seconds;
            self.sheet.write_number_with_format(self.row, col, ns / NS, format)?;
        }
        Ok(())
    }

    fn ratio(&mut self, ratio: Option<f64>) -> Result<(), XlsxError> {
        let col = self.skip();
        if let Some(ratio) = ratio.filter(|ratio| ratio.is_finite()) {
            let format = &self.styles.ratio;
            self.sheet.write_number_with_format(self.row, col, ratio, format)?;
        }
        Ok(())
    }

    fn bytes(&mut self, bytes: Option<u64>) -> Result<(), XlsxError> {
        let col = self.skip();
        if let Some(bytes) = bytes {
            let format = &self.styles.whole;
            self.sheet.write_number_with_format(self.row, col, bytes as f64, format)?;
        }
        Ok(())
    }

    /// A level with its own type; what a number of a spreadsheet does not hold is text.
    fn level(
        &mut self,
        findings: &Findings<'_>,
        ix: CellIx,
        param: &ParamColumn,
    ) -> Result<(), XlsxError> {
        let col = self.skip();
        let matrix = findings.evidence.matrix;
        let Some(level) = matrix.level(matrix.cell(ix), param.name.as_str()) else {
            return Ok(());
        };
        if let Some(label) = level.label() {
            return self
                .sheet
                .write_string(self.row, col, sheet::clipped(label.as_str()))
                .map(drop);
        }
        let text = level.value().to_string();
        let number = text.parse::<f64>().ok().filter(|_| !param.is_text);
        match (level.value(), number) {
            (Value::Integer(_) | Value::Float(_), Some(number)) => {
                self.sheet.write_number(self.row, col, number)?;
            }
            (&Value::Boolean(boolean), _) => {
                self.sheet.write_boolean(self.row, col, boolean)?;
            }
            _ => {
                self.sheet.write_string(self.row, col, sheet::clipped(&text))?;
            }
        }
        Ok(())
    }

    fn median(&mut self, formula: String, median: Option<f64>) -> Result<(), XlsxError> {
        let col = self.skip();
        let result = median.map_or_else(String::new, |ns| (ns / NS).to_string());
        let formula = Formula::new(formula).set_result(result);
        let format = &self.styles.seconds;
        let (row, sheet) = (self.row, &mut *self.sheet);
        sheet.write_array_formula_with_format(row, col, row, col, formula, format).map(drop)
    }
}

/// Writes the sheet. `trials`: the metrics and the number of rows of that sheet; `None`: there is
/// none.
pub(super) fn write(
    sheet: &mut Worksheet,
    findings: &Findings<'_>,
    params: &[ParamColumn],
    trials: Option<(&[UserColumn], usize)>,
    styles: &Styles,
) -> Result<(), XlsxError> {
    let evidence = findings.evidence;
    let cells = evidence.matrix.len();
    let ranges = trials
        .filter(|(_, rows)| *rows > 0 && cells.saturating_mul(*rows) <= MOST_PAIRS)
        .map(|(metrics, rows)| Ranges::new(params, metrics, rows));
    let params_in = params.iter().map(ParamColumn::header);
    let heads: Vec<String> = ["cell_id", "cell", "workload", "strategy", "workers", "tasks"]
        .into_iter()
        .map(str::to_owned)
        .chain(params_in)
        .chain(headers(findings.summary.objective()))
        .collect();
    for (at, head) in heads.iter().enumerate() {
        sheet.write_string_with_format(0, col(at), head, &styles.head)?;
    }
    for at in 0..cells {
        let line = Row { sheet, styles, row: row(at + 1), col: 0 };
        cell(line, findings, CellIx::new(at), (params, ranges.as_ref()))?;
    }
    sheet::finish(sheet, row(cells), col(heads.len() - 1))?;
    sheet::print_whole_width(sheet);
    let place = |name: &str| col(heads.iter().position(|head| head == name).unwrap_or_default());
    let columns = chart::Columns {
        names: place("cell"),
        medians: place("median (s)"),
        above: place("above (s)"),
        below: place("below (s)"),
        last: col(heads.len()),
    };
    let times = (0..cells).map(|at| findings.summary.cell(CellIx::new(at)).time().median);
    chart::insert(sheet, &columns, &times.collect::<Vec<_>>(), cells)
}

/// Headers behind the parameters. What is compared stands beside the medians if it is another
/// statistic, and is named where ratios are of it.
fn headers(objective: Objective) -> Vec<String> {
    let times = ["median (s)", "median_lo (s)", "median_hi (s)", "median of the sheet trials (s)"];
    let rest = ["verdict", "answer", "peak memory (B)", "flags", "below (s)", "above (s)"];
    let compared = objective.as_str();
    let is_median = objective == Objective::P50;
    let own = ["", "_lo", "_hi"].map(|end| format!("{compared}{end} (s)"));
    let speedups = ["", "_lo", "_hi"].map(|end| match is_median {
        true => format!("speedup{end}"),
        false => format!("speedup{end} of {compared}"),
    });
    let text = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let own = if is_median { Vec::new() } else { own.to_vec() };
    [
        text(&["used", "failed"]),
        text(&times),
        text(&["min (s)"]),
        own,
        text(&["baseline"]),
        speedups.to_vec(),
        text(&rest),
    ]
    .concat()
}

fn cell(
    mut line: Row<'_>,
    findings: &Findings<'_>,
    ix: CellIx,
    (params, ranges): (&[ParamColumn], Option<&Ranges>),
) -> Result<(), XlsxError> {
    let Findings { evidence, summary, baselines, comparisons, .. } = findings;
    let cell = evidence.matrix.cell(ix);
    line.text(Some(&ix.id()))?;
    line.text(Some(&naming::place(*evidence, ix)))?;
    line.text(Some(evidence.experiment.workloads[cell.workload].name.as_str()))?;
    line.text(Some(evidence.experiment.strategies[cell.strategy].name.as_str()))?;
    line.count(u64::from(cell.workers))?;
    line.count(u64::from(cell.tasks))?;
    for param in params {
        line.level(findings, ix, param)?;
    }
    let of_cell = summary.cell(ix);
    let time = of_cell.time();
    line.count(u64::from(of_cell.counts.used))?;
    line.count(u64::from(of_cell.counts.failed))?;
    line.seconds(time.median)?;
    line.seconds(time.interval.lo)?;
    line.seconds(time.interval.hi)?;
    match ranges.filter(|_| of_cell.counts.used > 0) {
        Some(ranges) => {
            let formula = ranges.median(line.row, of_cell.counts.timeout > 0);
            line.median(formula, time.median)?;
        }
        None => drop(line.skip()),
    }
    line.seconds(time.min)?;
    if summary.objective() != Objective::P50 {
        line.seconds(time.location.value)?;
        line.seconds(time.location.lo)?;
        line.seconds(time.location.hi)?;
    }
    line.text(baselines.cell(ix).and_then(|_| baselines.label(cell.workload)))?;
    let ratio = cell_speedup(*evidence, summary, baselines, ix);
    let comparison = comparisons.of_cell(ix);
    let interval = comparison.filter(|_| ratio.is_some()).and_then(|row| row.speedup.interval);
    line.ratio(ratio)?;
    line.ratio(interval.map(|(lo, _)| lo))?;
    line.ratio(interval.map(|(_, hi)| hi))?;
    line.text(comparison.map(|row| row.verdict.as_str()))?;
    line.text(of_cell.answer.as_deref())?;
    line.bytes(of_cell.peak_bytes)?;
    line.text(Some(time.flags.join(" ")).filter(|flags| !flags.is_empty()).as_deref())?;
    let beside = |one: Option<f64>, two: Option<f64>| one.zip(two).map(|(one, two)| one - two);
    line.seconds(beside(time.median, time.interval.lo))?;
    line.seconds(beside(time.interval.hi, time.median))
}

#[cfg(test)]
mod tests {
    use super::letters;

    #[test]
    fn columns_have_the_letters_of_a_spreadsheet() {
        let names: Vec<String> =
            [0, 25, 26, 27, 51, 52, 701, 702].into_iter().map(letters).collect();
        assert_eq!(names, ["A", "Z", "AA", "AB", "AZ", "BA", "ZZ", "AAA"]);
    }
}
