//! Copies of the tables that a spreadsheet opens by a double click: a byte order mark, the
//! separators of its language, and lines that end as it expects.
//!
//! Text that it would take for a number or a date has an apostrophe in front, as text that it would
//! take for a formula has in every table.

use super::csv::schema::Kind;

/// What the language of a spreadsheet decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Between fields.
    pub separator: u8,
    /// Before the digits of a fraction.
    pub decimal: u8,
}

/// Names of months that, with a number, are a date in some language.
const MONTHS: [&str; 17] = [
    "jan", "feb", "mar", "mär", "apr", "may", "mai", "jun", "jul", "aug", "sep", "oct", "okt",
    "nov", "dec", "dez", "fév",
];

/// A copy of a table whose columns have these types.
///
/// # Errors
/// The table is damaged.
pub fn render(table: &[u8], kinds: &[Kind], style: Style) -> Result<Vec<u8>, csv::Error> {
    let mut out = "\u{feff}".as_bytes().to_vec();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(table);
    for (line, record) in reader.records().enumerate() {
        for (at, text) in record?.iter().enumerate() {
            if at > 0 {
                out.push(style.separator);
            }
            match kinds.get(at) {
                Some(Kind::Integer | Kind::Number) if line > 0 => {
                    out.extend(text.bytes().map(|b| if b == b'.' { style.decimal } else { b }));
                }
                Some(Kind::Text) if line > 0 && is_guessed_at(text) => {
                    quoted(&format!("'{text}"), style, &mut out);
                }
                _ => quoted(text, style, &mut out),
            }
        }
        out.extend_from_slice(b"\r\n");
    }
    Ok(out)
}

/// Whether a spreadsheet may take a text for a number, a date, a time or a truth value.
fn is_guessed_at(text: &str) -> bool {
    let small = text.to_lowercase();
    let begins_with_digit = |text: &str| text.starts_with(|c: char| c.is_numeric());
    let is_word = matches!(small.as_str(), "true" | "false" | "wahr" | "falsch" | "vrai" | "faux");
    let is_month = MONTHS.iter().any(|month| small.starts_with(month))
        && small.contains(|c: char| c.is_numeric());
    let is_number = begins_with_digit(&small) && !small.starts_with("0x");
    let is_fraction = small.strip_prefix(['.', ',', '(', '$', '€']).is_some_and(begins_with_digit);
    is_word || is_month || is_number || is_fraction
}

fn quoted(text: &str, style: Style, out: &mut Vec<u8>) {
    let special = |b: u8| b == style.separator || matches!(b, b'"' | b'\r' | b'\n' | b'\t' | b';');
    let needs_quotes = text.starts_with(' ') || text.ends_with(' ') || text.bytes().any(special);
    if !needs_quotes {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(table: &str, kinds: &[Kind], separator: u8, decimal: u8) -> String {
        let bytes = render(table.as_bytes(), kinds, Style { separator, decimal }).expect("a table");
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn numbers_have_the_point_of_the_language_and_text_is_text() {
        let kinds = [Kind::Number, Kind::Text, Kind::Text];
        let table = "a,b,c\n1.5,1.5,x;y\n-2e-7,mar 3,'=1+1\n,true,\"say \"\"hi\"\"\"\n";
        assert_eq!(
            copy(table, &kinds, b';', b','),
            "\u{feff}a;b;c\r\n1,5;'1.5;\"x;y\"\r\n-2e-7;'mar 3;'=1+1\r\n;'true;\"say \"\"hi\"\"\"\r\n"
        );
        assert_eq!(copy("a\n1.5\n", &[Kind::Number], b',', b'.'), "\u{feff}a\r\n1.5\r\n");
    }

    #[test]
    fn digests_and_names_are_not_touched() {
        let kinds = [Kind::Text, Kind::Text];
        let table = "a,b\n0x12ab,margin\n-O3,march\n";
        assert_eq!(
            copy(table, &kinds, b';', b','),
            "\u{feff}a;b\r\n0x12ab;margin\r\n-O3;march\r\n"
        );
    }
}
