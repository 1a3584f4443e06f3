//! One field as bytes: every rule of the encoding in one place.
//!
//! Text is protected against being read as a formula (CWE-1236), numbers against being read with
//! another locale's separators. All functions append to a buffer and allocate nothing else.

use num_bigint::BigInt;

/// Integers of more digits than this do not survive a spreadsheet's double-precision numbers.
pub const SAFE_DIGITS: usize = 15;

/// Text: an apostrophe before a first character that a spreadsheet would act on, an apostrophe
/// alone for the empty text, and quotes where the text holds separators.
pub fn text(text: &str, out: &mut Vec<u8>) {
    let Some(&first) = text.as_bytes().first() else {
        out.push(b'\'');
        return;
    };
    let quote = needs_quotes(text);
    if quote {
        out.push(b'"');
    }
    if is_dangerous(first, text) {
        out.push(b'\'');
    }
    if quote && text.contains('"') {
        for &byte in text.as_bytes() {
            if byte == b'"' {
                out.push(b'"');
            }
            out.push(byte);
        }
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    if quote {
        out.push(b'"');
    }
}

/// A field as it stands in a table, apostrophe included, for another one: only quotes are added.
pub fn field(field: &str, out: &mut Vec<u8>) {
    if !needs_quotes(field) {
        out.extend_from_slice(field.as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(field.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}

/// A text that is there as [`field`] takes it: protected as in [`text`], without quotes. No text is
/// an empty field.
#[must_use]
pub fn protected(text: &str) -> String {
    match text.as_bytes().first() {
        Some(&first) if is_dangerous(first, text) => format!("'{text}"),
        _ => text.to_owned(),
    }
}

fn is_dangerous(first: u8, text: &str) -> bool {
    matches!(first, b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\n' | 0 | b'\'')
        || (first == 0xEF && text.starts_with(['＝', '＋', '－', '＠']))
}

fn needs_quotes(text: &str) -> bool {
    text.starts_with(' ')
        || text.ends_with(' ')
        || text
            .bytes()
            .any(|byte| matches!(byte, b',' | b';' | b'|' | b'\t' | b'\r' | b'\n' | b'"'))
}

/// The text of a field after the quotes were taken off: strips one apostrophe.
#[must_use]
pub fn decode_text(field: &str) -> Option<&str> {
    if field.is_empty() {
        return None;
    }
    Some(field.strip_prefix('\'').unwrap_or(field))
}

/// An integer in plain decimal digits.
pub fn integer(value: impl itoa::Integer, out: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    out.extend_from_slice(buffer.format(value).as_bytes());
}

/// A number counted in whole units (ns, bytes), rounded to an integer; empty if it is not finite.
pub fn whole(value: f64, out: &mut Vec<u8>) {
    if !value.is_finite() {
        return;
    }
    integer(value.round() as i128, out);
}

/// A floating-point number: the shortest digits that read back as the same value, plain for
/// magnitudes in [1e-5, 1e15), never exactly three fractional digits, empty if not finite.
pub fn number(value: f64, out: &mut Vec<u8>) {
    use std::io::Write;
    if !value.is_finite() {
        return;
    }
    if value == 0.0 {
        out.push(b'0');
        return;
    }
    let magnitude = value.abs();
    let start = out.len();
    let plain = (1e-5..1e15).contains(&magnitude);
    // Both formats of the standard library print the shortest digits that round-trip.
    let written = if plain { write!(out, "{value}") } else { write!(out, "{value:e}") };
    written.expect("writing to a Vec cannot fail");
    pad_three_digits(start, out);
}

/// Makes `.ddd` into `.ddd0`: a reader with a decimal comma takes three digits for thousands.
fn pad_three_digits(start: usize, out: &mut Vec<u8>) {
    let field = &out[start..];
    let end = field.iter().position(|&byte| byte == b'e').unwrap_or(field.len());
    let Some(point) = field[..end].iter().position(|&byte| byte == b'.') else {
        return;
    };
    if end - point == 4 {
        out.insert(start + end, b'0');
    }
}

/// `true` or `false`.
pub fn boolean(value: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

/// A seed as `0x` and 16 hex digits, so that no reader takes it for a number.
pub fn seed(value: u64, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"0x");
    out.extend(
        (0..16)
            .rev()
            .map(|place| DIGITS[usize::try_from((value >> (place * 4)) & 15).expect("four bits")]),
    );
}

/// A point in time, given in ms since 1970, as RFC 3339 in UTC with milliseconds.
pub fn timestamp(unix_ms: i64, out: &mut Vec<u8>) {
    const DAY_MS: i64 = 86_400_000;
    let (year, month, day) = civil(unix_ms.div_euclid(DAY_MS));
    let ms = unix_ms.rem_euclid(DAY_MS);
    padded(year, 4, out);
    for (separator, part, width) in [
        (b'-', month, 2),
        (b'-', day, 2),
        (b'T', ms / 3_600_000, 2),
        (b':', ms / 60_000 % 60, 2),
        (b':', ms / 1_000 % 60, 2),
        (b'.', ms % 1_000, 3),
    ] {
        out.push(separator);
        padded(part, width, out);
    }
    out.push(b'Z');
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
///
/// Years are counted from March, so that the leap day is the last one; 146 097 days are 400 years.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

fn padded(value: i64, width: usize, out: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value).as_bytes();
    out.extend(std::iter::repeat_n(b'0', width.saturating_sub(digits.len())));
    out.extend_from_slice(digits);
}

/// The digits of an integer written as text, without its sign; `None` for any other text.
#[must_use]
pub fn integer_digits(text: &str) -> Option<&str> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

/// An answer: text, with the digits grouped when it is an integer that a spreadsheet would round.
pub fn answer(value: &str, out: &mut Vec<u8>) {
    match integer_digits(value) {
        Some(digits) if digits.len() > SAFE_DIGITS => text(&grouped(value), out),
        _ => text(value, out),
    }
}

/// An integer with `_` between groups of three digits, its sign kept; other text as it is.
#[must_use]
pub fn grouped(value: &str) -> String {
    let Some(digits) = integer_digits(value) else {
        return value.to_owned();
    };
    let mut out = String::with_capacity(value.len() * 4 / 3 + 1);
    out.push_str(&value[..value.len() - digits.len()]);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

/// Whether an integer has more digits than a spreadsheet keeps.
#[must_use]
pub fn is_big(value: &BigInt) -> bool {
    // 2^49 < 10^15 < 2^50: only a value of exactly 50 bits needs its digits counted.
    value.bits() > 50 || (value.bits() == 50 && value.magnitude().to_string().len() > SAFE_DIGITS)
}
