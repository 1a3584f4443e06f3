//! "Did you mean": the known word that is nearest to an unknown one.

/// The nearest of `known` to `word`, if one is near enough to be a slip of the fingers.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word_folded = fold(word);
    let mut best: Option<(f64, &str)> = None;
    for candidate in known {
        let folded = fold(candidate);
        let score = if folded == word_folded {
            1.0
        } else {
            strsim::jaro_winkler(&word_folded, &folded)
                .min(0.99)
                .max(prefix_score(&word_folded, &folded))
        };
        if score >= 0.8 && best.is_none_or(|(so_far, _)| score > so_far) {
            best = Some((score, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// `did you mean …?`, or nothing.
#[must_use]
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |known| format!("did you mean `{known}`?"))
}

/// `` `a`, `b` and `c` ``; at most a dozen are named.
#[must_use]
pub fn listed<T: AsRef<str>>(words: &[T]) -> String {
    const NAMED: usize = 12;
    let quoted: Vec<String> =
        words.iter().take(NAMED).map(|word| format!("`{}`", word.as_ref())).collect();
    match quoted.split_last() {
        None => "none".to_owned(),
        Some((last, [])) => last.clone(),
        Some(_) if words.len() > NAMED => {
            format!("{}, … ({} in all)", quoted.join(", "), words.len())
        }
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

fn fold(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

/// `worker` for `workers`, `thread` for `threads`: a word that is the beginning of another.
fn prefix_score(word: &str, candidate: &str) -> f64 {
    let shared = word.len() >= 3 && (candidate.starts_with(word) || word.starts_with(candidate));
    if shared && candidate.len() >= 3 { 0.9 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let known = ["repeats", "retries", "warmup", "timeout"];
        assert_eq!(nearest("repeat", known), Some("repeats"));
        assert_eq!(nearest("warm_up", known), Some("warmup"));
        assert_eq!(nearest("Timeout", known), Some("timeout"));
        assert_eq!(nearest("banana", known), None);
        assert_eq!(nearest("powersum", ["power-sum", "primes"]), Some("power-sum"));
    }

    #[test]
    fn lists_read_like_a_sentence() {
        assert_eq!(listed::<&str>(&[]), "none");
        assert_eq!(listed(&["a"]), "`a`");
        assert_eq!(listed(&["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
