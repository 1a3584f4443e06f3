//! `--only 'workload=…,n=1000'`: which cells of a matrix are meant; and the same conditions beside
//! names, `multicore n=1e6`.
//!
//! Owns the syntax and the words when nothing is meant. A comma is "and", several filters are
//! "or". A filter changes no cell: keys and seeds of workloads stay what they are.

use std::cmp::Ordering;

use num_bigint::BigInt;

use super::suggest::{did_you_mean, listed};
use crate::design::glob::{is_pattern, matches};
use crate::design::{Cell, Experiment, Level, Matrix, duration};

/// Why a filter is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OnlyError {
    /// It cannot be read, or names what the experiment does not have.
    #[error("--only {filter}: {reason}")]
    Wrong {
        /// As typed.
        filter: String,
        /// What is wrong, and what helps.
        reason: String,
    },
    /// It selects no cell.
    #[error("nothing is selected by {filters}: {}", misses.join("; "))]
    Nothing {
        /// As typed.
        filters: String,
        /// What each filter misses.
        misses: Vec<String>,
    },
    /// Words that cannot be read, or name what the experiment does not have.
    #[error("`{query}`: {reason}")]
    Words {
        /// As typed.
        query: String,
        /// What is wrong, and what helps.
        reason: String,
    },
}

const OPERATORS: [(&str, &[Ordering], bool); 6] = [
    (">=", &[Ordering::Greater, Ordering::Equal], true),
    ("<=", &[Ordering::Less, Ordering::Equal], true),
    ("!=", &[Ordering::Less, Ordering::Greater], false),
    ("=", &[Ordering::Equal], false),
    (">", &[Ordering::Greater], true),
    ("<", &[Ordering::Less], true),
];

/// `n >= 1000`.
struct Term {
    written: String,
    factor: String,
    wanted: &'static [Ordering],
    /// `<` and its kin compare amounts; `=` and `!=` may have a pattern.
    is_amount: bool,
    value: String,
}

/// For each cell of the matrix, whether one of the filters selects it; never none of them.
pub fn select(
    filters: &[String],
    experiment: &Experiment,
    matrix: &Matrix,
) -> Result<Vec<bool>, OnlyError> {
    let wrong = |filter: &String, reason| OnlyError::Wrong { filter: filter.clone(), reason };
    let mut keep = vec![filters.is_empty(); matrix.len()];
    let mut misses = Vec::new();
    for filter in filters {
        let terms = parse(filter).map_err(|reason| wrong(filter, reason))?;
        check_factors(&terms, matrix).map_err(|reason| wrong(filter, reason))?;
        let fits = |cell: &Cell, terms: &[Term]| {
            terms.iter().all(|term| term.holds(experiment, matrix, cell))
        };
        let selected: Vec<bool> = matrix.cells().iter().map(|cell| fits(cell, &terms)).collect();
        if !selected.contains(&true) {
            misses.push(miss(&terms, experiment, matrix));
        }
        keep.iter_mut().zip(selected).for_each(|(keep, selected)| *keep |= selected);
    }
    if keep.contains(&true) {
        return Ok(keep);
    }
    let filters: Vec<String> = filters.iter().map(|filter| format!("--only {filter}")).collect();
    Err(OnlyError::Nothing { filters: filters.join(" "), misses })
}

/// For each cell of the matrix, whether the words mean it: names of strategies, workloads and
/// levels, numbers of workers (`×2`), and conditions, all of which must hold. No word means every
/// cell; words never mean none.
pub fn meant(
    query: &str,
    experiment: &Experiment,
    matrix: &Matrix,
) -> Result<Vec<bool>, OnlyError> {
    let wrong = |reason| OnlyError::Words { query: query.to_owned(), reason };
    let whole = query.trim();
    let is_one_name = experiment.strategies.iter().any(|way| way.name.as_str() == whole);
    let words = if is_one_name { vec![whole.to_owned()] } else { words(query) };
    let terms: Result<Vec<Term>, String> =
        words.iter().map(|word| named(word, experiment, matrix)).collect();
    let terms = terms.map_err(wrong)?;
    check_factors(&terms, matrix).map_err(wrong)?;
    let fits = |cell: &Cell| terms.iter().all(|term| term.holds(experiment, matrix, cell));
    let chosen: Vec<bool> = matrix.cells().iter().map(fits).collect();
    if chosen.contains(&true) {
        return Ok(chosen);
    }
    let misses = vec![miss(&terms, experiment, matrix)];
    Err(OnlyError::Nothing { filters: whole.to_owned(), misses })
}

/// Words between spaces and commas outside quotes; a sign of comparison ties its neighbours.
fn words(query: &str) -> Vec<String> {
    const SIGNS: [char; 4] = ['=', '<', '>', '!'];
    let mut words: Vec<String> = Vec::new();
    let (mut quote, mut is_open) = (None, false);
    for c in query.chars() {
        if quote.is_none() && (c.is_whitespace() || c == ',') {
            is_open = false;
            continue;
        }
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
        let tied = SIGNS.contains(&c) || words.last().is_some_and(|word| word.ends_with(SIGNS));
        match words.last_mut() {
            Some(word) if is_open || tied => word.push(c),
            _ => words.push(c.to_string()),
        }
        is_open = true;
    }
    words
}

/// A condition, or the name of something.
fn named(word: &str, experiment: &Experiment, matrix: &Matrix) -> Result<Term, String> {
    if !word.starts_with(['"', '\'']) && word.contains(['=', '<', '>', '!']) {
        return parse(word)?.pop().ok_or_else(|| "an empty condition".to_owned());
    }
    let name = word.trim_matches(['"', '\'']);
    let term = |factor: &str, value: &str| Term {
        written: word.to_owned(),
        factor: factor.to_owned(),
        wanted: &[Ordering::Equal],
        is_amount: false,
        value: value.to_owned(),
    };
    let factors = ["strategy", "workload"].into_iter();
    let factors = factors.chain(matrix.param_names().iter().map(|name| name.as_str()));
    let mut known: Vec<String> = Vec::new();
    for factor in factors {
        let wanted = term(factor, name);
        for cell in matrix.cells() {
            if wanted.holds(experiment, matrix, cell) {
                return Ok(wanted);
            }
            let level = level(factor, experiment, matrix, cell).into_iter().next();
            known.extend(level.filter(|level| !known.contains(level)));
        }
    }
    if let Some(workers) = name.strip_prefix(['×', 'x']).filter(|rest| rest.parse::<u32>().is_ok())
    {
        return Ok(term("workers", workers));
    }
    let near = did_you_mean(name, known.iter().map(String::as_str));
    let help = if near.is_empty() { "write a name, or a condition such as n=1000" } else { &near };
    Err(format!("nothing is called `{}`; {help}", name.escape_debug()))
}

/// The terms between the commas that do not stand in quotes.
fn parse(filter: &str) -> Result<Vec<Term>, String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for c in filter.chars() {
        let part = parts.last_mut().expect("there is always one");
        match (quote, c) {
            (None, ',') => parts.push(String::new()),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => part.push(c),
        }
    }
    parts.iter().map(|part| term(part)).collect()
}

fn term(text: &str) -> Result<Term, String> {
    let example = "write it like --only 'workload=sort,n>=1000'";
    let at = text
        .find(['=', '!', '<', '>'])
        .ok_or_else(|| format!("`{}` is not a condition; {example}", text.trim().escape_debug()))?;
    let (factor, rest) = text.split_at(at);
    let operator = OPERATORS.iter().find(|(sign, ..)| rest.starts_with(sign));
    let Some((sign, wanted, is_amount)) = operator.filter(|_| !factor.trim().is_empty()) else {
        return Err(format!("`{}` is not a condition; {example}", text.trim().escape_debug()));
    };
    Ok(Term {
        written: text.trim().to_owned(),
        factor: factor.trim().to_owned(),
        wanted,
        is_amount: *is_amount,
        value: rest[sign.len()..].trim().to_owned(),
    })
}

fn check_factors(terms: &[Term], matrix: &Matrix) -> Result<(), String> {
    let mut known = vec!["workload", "strategy", "workers"];
    known.extend(matrix.param_names().iter().map(|name| name.as_str()));
    match terms.iter().find(|term| !known.contains(&term.factor.as_str())) {
        None => Ok(()),
        Some(term) => {
            let near = did_you_mean(&term.factor, known.iter().copied());
            let all = format!("there are {}", listed(&known));
            let help = if near.is_empty() { all } else { near };
            Err(format!("no cell has a `{}`; {help}", term.factor.escape_debug()))
        }
    }
}

/// The level of a factor in a cell, as text: its value, and before that its label if it has one.
/// Empty where the cell does not have the factor.
fn level(factor: &str, experiment: &Experiment, matrix: &Matrix, cell: &Cell) -> Vec<String> {
    match factor {
        "workload" => vec![experiment.workloads[cell.workload].name.to_string()],
        "strategy" => vec![experiment.strategies[cell.strategy].name.to_string()],
        "workers" => vec![cell.workers.to_string()],
        name => {
            let level = matrix.level(cell, name);
            let label = level.and_then(Level::label).map(ToString::to_string);
            label.into_iter().chain(level.map(|level| level.value().to_string())).collect()
        }
    }
}

impl Term {
    fn holds(&self, experiment: &Experiment, matrix: &Matrix, cell: &Cell) -> bool {
        let level = level(&self.factor, experiment, matrix, cell);
        !level.is_empty() && self.fits(&level)
    }

    /// Whether a level is meant, by its label or by its value.
    fn fits(&self, level: &[String]) -> bool {
        let amounts = |text: &String| compare_amounts(text, &self.value);
        if self.is_amount {
            let meant = |ordering| self.wanted.contains(&ordering);
            return level.iter().any(|text| amounts(text).is_some_and(meant));
        }
        let same = level.iter().any(|text| {
            amounts(text) == Some(Ordering::Equal)
                || *text == self.value
                || is_pattern(&self.value) && matches(&self.value, text)
        });
        same == self.wanted.contains(&Ordering::Equal)
    }
}

/// Numbers and durations by size; integers exactly. `None` where one is neither.
fn compare_amounts(left: &str, right: &str) -> Option<Ordering> {
    let integer = |text: &str| text.replace('_', "").parse::<BigInt>().ok();
    let number = |text: &str| text.replace('_', "").parse::<f64>().ok();
    if let (Some(left), Some(right)) = (integer(left), integer(right)) {
        return Some(left.cmp(&right));
    }
    if let (Some(left), Some(right)) = (number(left), number(right)) {
        return left.partial_cmp(&right);
    }
    Some(duration::parse(left).ok()?.cmp(&duration::parse(right).ok()?))
}

/// The nearest miss: a condition that no cell meets and the levels that there are, or that the
/// conditions never meet in one cell.
fn miss(terms: &[Term], experiment: &Experiment, matrix: &Matrix) -> String {
    let meets = |term: &Term| matrix.cells().iter().any(|c| term.holds(experiment, matrix, c));
    let Some(term) = terms.iter().find(|term| !meets(term)) else {
        let all: Vec<&str> = terms.iter().map(|term| term.written.as_str()).collect();
        return format!("each of {} is met by some cell, and no cell meets all", listed(&all));
    };
    let mut levels: Vec<String> = Vec::new();
    for cell in matrix.cells() {
        if let Some(level) = level(&term.factor, experiment, matrix, cell).into_iter().next()
            && !levels.contains(&level)
        {
            levels.push(level);
            if levels.len() > 64 {
                break;
            }
        }
    }
    let near = did_you_mean(&term.value, levels.iter().map(String::as_str));
    let near = if near.is_empty() { near } else { format!("; {near}") };
    format!("no cell has {}; levels of `{}`: {}{near}", term.written, term.factor, listed(&levels))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(condition: &str, level: &str) -> bool {
        parse(condition).expect("a condition")[0].fits(&[level.to_owned()])
    }

    #[test]
    fn amounts_are_compared_by_size_and_names_by_pattern() {
        assert!(fits("n>=1_000", "1000") && fits("n >= 999", "1000") && !fits("n<1000", "1000"));
        assert!(fits("n=1_000", "1000") && !fits("n!=1000", "1000") && fits("n>9", "10"));
        let large = "100000000000000000000000001";
        assert!(fits("n>100000000000000000000000000", large));
        assert!(fits("share<0.5", "0.1") && fits("time>=5ms", "10ms"));
        assert!(fits("strategy=multi*", "multicore") && fits("strategy!=multi*", "normal"));
        assert!(!fits("strategy>a", "b"), "names have no size");
    }

    #[test]
    fn a_labelled_level_is_meant_by_its_label_and_by_its_value() {
        let level = ["small".to_owned(), "10".to_owned()];
        let fits = |condition: &str| parse(condition).expect("a condition")[0].fits(&level);
        assert!(fits("n=small") && fits("n=10") && fits("n<11") && fits("n=sm*"));
        assert!(!fits("n!=small") && !fits("n!=10") && fits("n!=large"));
    }

    #[test]
    fn words_are_divided_by_spaces_and_commas() {
        assert_eq!(words("multicore n=1e6"), ["multicore", "n=1e6"]);
        assert_eq!(words("n >= 1000, 'two words' x2"), ["n>=1000", "'two words'", "x2"]);
        assert_eq!(words("workload = 'a b'"), ["workload='a b'"]);
        assert!(words(" ").is_empty());
    }

    #[test]
    fn commas_in_quotes_do_not_divide() {
        let terms = parse("workload='a,b',n=1").expect("two");
        assert_eq!((terms[0].value.as_str(), terms[1].value.as_str()), ("a,b", "1"));
        assert!(parse("n").is_err() && parse("=3").is_err() && parse("n!3").is_err());
        assert!(parse("").is_err() && parse("n=1,").is_err());
    }
}
