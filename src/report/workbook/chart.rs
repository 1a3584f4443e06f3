//! The chart of the medians with their intervals.

use rust_xlsxwriter::{
    Chart, ChartAxisCrossing, ChartErrorBars, ChartErrorBarsType, ChartRange, ChartType, Worksheet,
    XlsxError,
};

use super::sheet::row;

/// Cells that the chart shows: more bars cannot be read.
const SHOWN: usize = 40;

/// Medians that differ by more than this factor are drawn on a logarithmic axis.
const WIDE: f64 = 50.0;

/// Where the chart finds its values.
pub(super) struct Columns {
    pub names: u16,
    pub medians: u16,
    pub above: u16,
    pub below: u16,
    /// The first column that is free.
    pub last: u16,
}

/// Puts the chart below the rows, or beside them where they are many. None without a median.
pub(super) fn insert(
    sheet: &mut Worksheet,
    columns: &Columns,
    medians: &[Option<f64>],
    cells: usize,
) -> Result<(), XlsxError> {
    let shown = cells.min(SHOWN);
    let known = medians[..shown].iter().flatten().copied().filter(|&median| median > 0.0);
    let largest = known.clone().fold(0.0, f64::max);
    let smallest = known.fold(f64::INFINITY, f64::min);
    if largest == 0.0 {
        return Ok(());
    }
    let range = |col: u16| ChartRange::new_from_range("results", 1, col, row(shown), col);
    let mut bars = ChartErrorBars::new();
    bars.set_type(ChartErrorBarsType::Custom(range(columns.above), range(columns.below)));
    let mut chart = Chart::new(ChartType::Bar);
    let series = chart.add_series();
    series.set_name("median (s)").set_categories(&range(columns.names));
    series.set_values(&range(columns.medians)).set_gap(60).set_x_error_bars(&bars);
    let first = if shown < cells { format!(" of the first {shown} cells") } else { String::new() };
    chart.title().set_name(&format!("Median time{first} with its interval"));
    chart.legend().set_hidden();
    // The first cell stands at the top, as in the rows, and the axis of the values below the last.
    chart.y_axis().set_reverse().set_crossing(ChartAxisCrossing::Max);
    chart.x_axis().set_name("s");
    if largest / smallest > WIDE {
        chart.x_axis().set_log_base(10).set_name("s, logarithmic");
    }
    chart.set_alt_text("Bars: the median time of each cell. Whiskers: its interval.");
    let height = 120 + 26 * row(shown);
    chart.set_width(760).set_height(height);
    let (at, beside) = if shown < cells { (1, columns.last) } else { (row(cells) + 2, 1) };
    sheet.insert_chart(at, beside, &chart).map(drop)
}
