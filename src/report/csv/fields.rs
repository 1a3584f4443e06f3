//! Appending typed fields to a row.

use super::encode;

/// Appends fields, each followed by a comma.
#[derive(Debug)]
pub(in crate::report) struct Fields<'a>(pub &'a mut Vec<u8>);

impl Fields<'_> {
    /// Text as a person wrote it.
    pub fn text(&mut self, text: &str) {
        encode::text(text, self.0);
        self.0.push(b',');
    }

    /// A word of ours, which needs no quotes.
    pub fn word(&mut self, word: Option<&str>) {
        self.0.extend_from_slice(word.unwrap_or_default().as_bytes());
        self.0.push(b',');
    }

    /// A count.
    pub fn integer(&mut self, value: Option<usize>) {
        if let Some(value) = value {
            encode::integer(value, self.0);
        }
        self.0.push(b',');
    }

    /// A number without a unit.
    pub fn number(&mut self, value: Option<f64>) {
        self.value(value, false);
    }

    /// A statistic in the metric's unit: whole for ns and bytes.
    pub fn value(&mut self, value: Option<f64>, whole: bool) {
        match value {
            Some(value) if whole => encode::whole(value, self.0),
            Some(value) => encode::number(value, self.0),
            None => {}
        }
        self.0.push(b',');
    }

    /// A seed in hexadecimal.
    pub fn seed(&mut self, value: Option<u64>) {
        if let Some(value) = value {
            encode::seed(value, self.0);
        }
        self.0.push(b',');
    }

    /// The last word of a row.
    pub fn end(&mut self, word: &str) {
        self.0.extend_from_slice(word.as_bytes());
        self.0.push(b'\n');
    }
}
