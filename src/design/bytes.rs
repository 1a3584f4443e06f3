//! Amounts of memory and output as people write them: text with units.

/// Units and what they stand for, the largest first: decimal (SI) and binary (IEC 80000-13).
const UNITS: [(&str, u64); 10] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
    ("KB", 1_000),
    ("B", 1),
];

/// Reads `"512 MiB"`, `"1.5GB"`, `"4096 B"`. A bare number has no unit and is refused, as is what
/// is not a whole number of bytes, nothing, or a petabyte and more.
pub fn parse(text: &str) -> Result<u64, String> {
    let advice = "write a number and a unit, such as \"512 MiB\" or \"2 GB\"";
    let trimmed = text.trim();
    let split = trimmed.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(trimmed.len());
    let (number, unit) = (trimmed[..split].trim_end(), &trimmed[split..]);
    let factor = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).map(|(_, n)| *n);
    let factor = factor.ok_or_else(|| format!("`{text}` has no unit of size; {advice}"))?;
    let bytes = scaled(number, factor)
        .ok_or_else(|| format!("`{text}` is not a whole number of bytes; {advice}"))?;
    match bytes {
        0 => Err("a size must be more than nothing".to_owned()),
        1_000_000_000_000_000.. => Err("a size is less than 1000 TB".to_owned()),
        bytes => Ok(bytes),
    }
}

/// A decimal number times a factor, exactly; underscores may stand between digits.
fn scaled(number: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = whole.replace('_', "");
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if digits.is_empty() || !is_number(&digits) || !is_number(fraction) || fraction.len() > 9 {
        return None;
    }
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let parts: u128 = format!("{digits}{fraction}").parse().ok()?;
    let product = parts.checked_mul(u128::from(factor))?;
    (product % scale == 0).then(|| u64::try_from(product / scale).ok()).flatten()
}

/// The shortest exact text, in the largest unit of which it is a whole number.
#[must_use]
pub fn render(bytes: u64) -> String {
    let exact = |(name, factor): &(&str, u64)| {
        (bytes.is_multiple_of(*factor) && bytes > 0).then(|| format!("{} {name}", bytes / factor))
    };
    let texts = UNITS.iter().filter_map(exact);
    texts.min_by_key(String::len).unwrap_or_else(|| format!("{bytes} B"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse("512 MiB"), Ok(512 << 20));
        assert_eq!(parse("1.5GB"), Ok(1_500_000_000));
        assert_eq!(parse(" 10_000 b "), Ok(10_000));
        assert_eq!(parse("0.5 KiB"), Ok(512));
        for text in
            ["512", "MiB", "-1 MB", "1.5 B", "0 MB", "9999 TB", "1e3 MB", "1 µB", "1.2.3 MB"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_rendered_size_is_read_back(bytes in 1_u64..1_000_000_000_000_000) {
            prop_assert_eq!(parse(&render(bytes)), Ok(bytes));
        }
    }
}
