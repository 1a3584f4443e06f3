//! Answers: reading them out of text and comparing them with known ones.

use num_bigint::BigInt;
use regex::Regex;

use crate::design::{Binding, Workload};

/// Whether an answer is the known one of these parameters; `None` when none is known. The first
/// expectation whose bindings all hold is the one. For kernels and commands alike.
#[must_use]
pub fn expectation(workload: &Workload, bindings: &[Binding], answer: &str) -> Option<bool> {
    expected(workload, bindings).map(|expected| same_answer(expected, answer))
}

/// The known answer of these parameters, if there is one.
#[must_use]
pub fn expected<'a>(workload: &'a Workload, bindings: &[Binding]) -> Option<&'a str> {
    let holds = |wanted: &Binding| bindings.contains(wanted);
    let found = workload.expect.iter().find(|known| known.bindings.iter().all(holds))?;
    Some(&found.answer)
}

/// Whether two answers are equal: integers as numbers (leading zeros, `+` and `_` do not count),
/// everything else as text without white space at its ends.
#[must_use]
pub fn same_answer(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    if one == other {
        return true;
    }
    match (integer(one), integer(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

fn integer(text: &str) -> Option<BigInt> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let starts = digits.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    if !starts || !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') {
        return None;
    }
    let plain: String = digits.chars().filter(|&c| c != '_').collect();
    let number: BigInt = plain.parse().ok()?;
    Some(if text.starts_with('-') { -number } else { number })
}

/// The first group, or the whole, of every match; trimmed.
#[must_use]
pub fn every_match(pattern: &Regex, text: &str) -> Vec<String> {
    let group = usize::from(pattern.captures_len() > 1);
    let found = pattern.captures_iter(text).filter_map(|captures| captures.get(group));
    found.map(|found| found.as_str().trim().to_owned()).collect()
}

/// The first group, or the whole, of the last match; trimmed, without carriage returns.
#[must_use]
pub fn last_match(pattern: &Regex, text: &str) -> Option<String> {
    let captures = pattern.captures_iter(text).last()?;
    let group = usize::from(pattern.captures_len() > 1);
    let found = captures.get(group)?;
    Some(found.as_str().replace('\r', "").trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_compared_as_numbers_and_other_answers_as_text() {
        assert!(same_answer("499999666667166666000000", "499_999_666_667_166_666_000_000"));
        assert!(same_answer("+007", "7"));
        assert!(same_answer("-0", "0"));
        assert!(same_answer(" yes\n", "yes"));
        assert!(!same_answer("7", "-7"));
        assert!(!same_answer("7.0", "7"));
        assert!(!same_answer("_7", "7"));
        assert!(!same_answer("", "0"));
    }

    #[test]
    fn the_last_match_counts_and_its_first_group_if_there_is_one() {
        let group = Regex::new(r"result: (\S+)").expect("valid");
        let text = "result: 1\r\nresult: 2\r\n";
        assert_eq!(last_match(&group, text).as_deref(), Some("2"));
        let whole = Regex::new(r"(?m)^.*$").expect("valid");
        assert_eq!(last_match(&whole, "a\n b\r").as_deref(), Some("b"));
        assert_eq!(last_match(&group, "nothing"), None);
    }
}
