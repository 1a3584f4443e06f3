//! One table as a sheet: the CSV that was written, with typed cells.

use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, IgnoreError, Worksheet, XlsxError};

use crate::report::csv::encode;
use crate::report::csv::schema::{Field, Kind};

/// Characters that a cell holds.
const CELL: usize = 32_000;

/// Rows that the width of a column is taken from.
const WIDTH_ROWS: u32 = 200;

/// Widest column, in pixels.
const WIDEST: u32 = 320;

/// The library's number for A4.
const A4: u8 = 9;

/// Nanoseconds in a second.
const NS: f64 = 1e9;

/// How cells look.
pub(super) struct Styles {
    /// The first row.
    pub head: Format,
    /// Seconds, to the nanosecond.
    pub seconds: Format,
    /// Whole numbers with groups of three.
    pub whole: Format,
    /// Ratios.
    pub ratio: Format,
    /// A moment to the millisecond.
    pub moment: Format,
    /// What only explains.
    pub faint: Format,
}

impl Styles {
    pub(super) fn new() -> Self {
        let number = |format: &str| Format::new().set_num_format(format);
        Self {
            head: Format::new()
                .set_bold()
                .set_text_wrap()
                .set_align(FormatAlign::Top)
                .set_border_bottom(FormatBorder::Thin),
            seconds: number("0.000000000"),
            whole: number("#,##0"),
            ratio: number("0.000"),
            moment: number("yyyy-mm-dd hh:mm:ss.000"),
            faint: Format::new().set_italic(),
        }
    }
}

/// The row of a sheet, as the library counts.
pub(super) fn row(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The column of a sheet, as the library counts.
pub(super) fn col(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

/// A text that fits a cell.
pub(super) fn clipped(text: &str) -> String {
    if text.len() <= CELL {
        return text.to_owned();
    }
    let clipped: String = text.chars().take(CELL / 4).collect();
    format!("{clipped}…")
}

/// Says where the rows are that are too many.
pub(super) fn left_out(sheet: &mut Worksheet, rows: usize, file: &str) -> Result<(), XlsxError> {
    let text = format!("{rows} rows are too many for this workbook: they are in {file}");
    sheet.write_string(0, 0, text).map(drop)
}

/// The header of a column, with its unit.
pub(super) fn header(field: &Field) -> String {
    let name = &field.name;
    match field.unit.as_str() {
        "" | "1" => name.clone(),
        "ns" => format!("{} (s)", name.strip_suffix("_ns").unwrap_or(name)),
        "B" => format!("{} (B)", name.strip_suffix("_bytes").unwrap_or(name)),
        unit if unit.starts_with('`') => format!("{name} (in {})", unit.trim_matches('`')),
        unit => format!("{name} ({unit})"),
    }
}

/// Writes a table: its first row frozen, filters in it.
pub(super) fn write(
    sheet: &mut Worksheet,
    fields: &[Field],
    csv: &[u8],
    styles: &Styles,
) -> Result<(), XlsxError> {
    for (at, field) in fields.iter().enumerate() {
        sheet.write_string_with_format(0, col(at), header(field), &styles.head)?;
    }
    let unit = fields.iter().position(|field| field.name == "unit");
    let mut reader = csv::ReaderBuilder::new().from_reader(csv);
    let mut rows = 0;
    for (at, record) in reader.records().enumerate() {
        let record = record.map_err(|error| XlsxError::ParameterError(error.to_string()))?;
        let in_ns = unit.is_some_and(|unit| record.get(unit) == Some("ns"));
        rows = row(at + 1);
        for (at, (field, text)) in fields.iter().zip(&record).enumerate() {
            let is_time = field.unit == "ns" || (in_ns && field.unit == "`unit`");
            if in_ns && field.name == "unit" {
                sheet.write_string(rows, col(at), "s")?;
            } else {
                cell(sheet, (rows, col(at)), (field.kind, is_time), text, styles)?;
            }
        }
    }
    finish(sheet, rows, col(fields.len().saturating_sub(1)))
}

/// Freezes the first row, sets filters and widths; digits that are text are meant as text.
pub(super) fn finish(sheet: &mut Worksheet, rows: u32, last: u16) -> Result<(), XlsxError> {
    sheet.set_freeze_panes(1, 0)?;
    sheet.autofilter(0, 0, rows, last)?;
    sheet.ignore_error_range(0, 0, rows, last, IgnoreError::NumberStoredAsText)?;
    sheet.set_autofit_max_row(WIDTH_ROWS).set_autofit_max_width(WIDEST).autofit();
    Ok(())
}

/// Prints a sheet on one page in width, lying.
pub(super) fn print_whole_width(sheet: &mut Worksheet) {
    sheet.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0);
}

/// Writes one field of a table with its type.
fn cell(
    sheet: &mut Worksheet,
    (row, col): (u32, u16),
    (kind, is_time): (Kind, bool),
    text: &str,
    styles: &Styles,
) -> Result<(), XlsxError> {
    if text.is_empty() {
        return Ok(());
    }
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    match (kind, number) {
        (Kind::Integer | Kind::Number, Some(number)) if is_time => {
            sheet.write_number_with_format(row, col, number / NS, &styles.seconds)?;
        }
        (Kind::Integer | Kind::Number, Some(number)) if !is_long(text) => {
            sheet.write_number(row, col, number)?;
        }
        (Kind::Boolean, _) if matches!(text, "true" | "false") => {
            sheet.write_boolean(row, col, text == "true")?;
        }
        (Kind::Moment, _) => {
            let moment = rust_xlsxwriter::ExcelDateTime::parse_from_str(text)?;
            sheet.write_datetime_with_format(row, col, &moment, &styles.moment)?;
        }
        _ => {
            let text = encode::decode_text(text).unwrap_or_default();
            sheet.write_string(row, col, clipped(text))?;
        }
    }
    Ok(())
}

/// An integer of more digits than a spreadsheet's numbers have.
fn is_long(text: &str) -> bool {
    encode::integer_digits(text).is_some_and(|digits| digits.len() > encode::SAFE_DIGITS)
}
