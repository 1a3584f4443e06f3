//! `[[claim]]`: what the results are expected to show. Every name in a statement must exist.

use std::ops::Range;

use num_bigint::BigInt;

use super::binder::{Binder, Node};
use super::compare::Named;
use super::diagnostics::Diagnostic;
use super::keys::CLAIM;
use super::selector;
use super::statement::{self, EXAMPLE, Parsed, Word};
use super::suggest::{did_you_mean, listed};
use crate::design::{
    Claim, Compare, Entry, Experiment, Level, Matrix, Misfit, ParamName, Pattern, Statement,
    Subject, Term, Value,
};

/// Reads the list.
pub(super) fn bind<'a>(
    binder: &Binder<'a>,
    node: &Node<'a>,
    named: &Named<'_>,
    compare: &Compare,
) -> Vec<Claim> {
    let example = "write [[claim]] and below it statement = \"multicore < normal\"";
    if node.get_ref().is_table() {
        binder.mismatch(node, "a list of tables", &format!("{example}; two brackets, not one"));
        return Vec::new();
    }
    let items = binder.list(node, "a list of tables", example);
    let items = items.filter(|items| binder.are_few(node.span(), items.len(), "claims"));
    let claim = |item: &Node<'a>| one(&Reader { binder, named, compare }, item, example);
    items.into_iter().flatten().filter_map(claim).collect()
}

/// Claims that are about no cell of the matrix.
pub(super) fn misfits(experiment: &Experiment, matrix: &Matrix) -> Vec<Misfit> {
    let is_idle = |claim: &&Claim| claim.groups(experiment, matrix).is_empty();
    let idle = experiment.claims.iter().filter(is_idle);
    idle.map(|claim| Misfit {
        at: claim.at.clone(),
        title: "this claim is about no cell".to_owned(),
        help: vec!["`runner plan` lists the cells; `where` may leave out too many".to_owned()],
    })
    .collect()
}

struct Reader<'r, 'a> {
    binder: &'r Binder<'a>,
    named: &'r Named<'r>,
    compare: &'r Compare,
}

fn one<'a>(reader: &Reader<'_, 'a>, node: &Node<'a>, example: &str) -> Option<Claim> {
    let binder = reader.binder;
    let table = binder.table(node, "a table", example)?;
    binder.check_keys(table, &CLAIM);
    let cells = table
        .get("where")
        .map(|node| selector::bind(binder, node, "write where = { n = \">= 1000\" }"));
    let Some(node) = table.get("statement") else {
        binder.refuse(node.span(), "this claim has no `statement`", EXAMPLE);
        return None;
    };
    let written = binder.string(node, "a statement in quotes", EXAMPLE)?;
    let statement = reader.statement(node, written)?;
    let cells = match cells {
        Some(cells) => Some(cells?),
        None => None,
    };
    Some(Claim { written: written.trim().to_owned(), statement, cells, at: node.span() })
}

impl<'a> Reader<'_, 'a> {
    fn statement(&self, node: &Node<'a>, text: &str) -> Option<Statement> {
        let parsed = match statement::parse(text) {
            Ok(parsed) => parsed,
            Err(mistake) => {
                let at = self.binder.inside(node, &mistake.at);
                let title = format!("this claim cannot be read: {}", mistake.title);
                self.binder.refuse(at, title, mistake.help);
                return None;
            }
        };
        match parsed {
            Parsed::Order(words) => {
                let terms = self.terms(node, &words)?;
                Some(Statement::Order(terms))
            }
            Parsed::Speedup { words, operator, bound } => {
                let mut terms = self.terms(node, &words)?.into_iter();
                let (of, over) = (terms.next()?, terms.next());
                if over.is_none() && self.compare.baselines.is_empty() {
                    let help = format!(
                        "name it: speedup({}, OTHER), or add [compare] baseline = \"NAME\"",
                        of.written
                    );
                    self.binder.refuse(node.span(), "this speed-up has no baseline", help);
                    return None;
                }
                Some(Statement::Speedup { of, over, operator, bound })
            }
        }
    }

    /// Looks every name up; all of them must be of the same factors.
    fn terms(&self, node: &Node<'a>, words: &[Word]) -> Option<Vec<Term>> {
        let terms: Vec<Option<Term>> = words.iter().map(|word| self.term(node, word)).collect();
        let terms = terms.into_iter().collect::<Option<Vec<Term>>>()?;
        for (at, (term, word)) in terms.iter().zip(words).enumerate().skip(1) {
            let place = self.binder.inside(node, &word.at);
            let means = |term: &Term| -> Vec<(Subject, Vec<Pattern>)> {
                let entries = term.entries.iter();
                entries.map(|entry| (entry.subject.clone(), entry.patterns.clone())).collect()
            };
            if terms[..at].iter().any(|other| means(other) == means(term)) {
                let title = format!("`{}` is compared with itself", term.written);
                self.binder.refuse(place, title, "each name stands once in a claim");
                return None;
            }
            let factors = [&terms[0], term].map(|term| &term.entries[0].subject);
            if factors[0] != factors[1] {
                let title = format!(
                    "`{}` is a {}, and `{}` a {}: a claim compares what is of one kind",
                    terms[0].written,
                    kind(factors[0]),
                    term.written,
                    kind(factors[1])
                );
                self.binder.refuse(place, title, "write one claim for each");
                return None;
            }
        }
        Some(terms)
    }

    fn term(&self, node: &Node<'a>, word: &Word) -> Option<Term> {
        let name_at = self.binder.inside(node, &word.at);
        let entry = match &word.factor {
            Some((factor, at)) => {
                let factor_at = self.binder.inside(node, at);
                self.level_of(factor, &word.name, (factor_at, name_at))?
            }
            None => self.name(&word.name, name_at)?,
        };
        let mut entries = vec![entry];
        if let Some((count, at)) = &word.workers {
            let at = self.binder.inside(node, at);
            entries.push(self.workers(*count, at)?);
        }
        Some(Term { written: word.written(), entries })
    }

    /// A strategy, a workload or a level that is a text, whichever has that name.
    fn name(&self, name: &str, at: Range<usize>) -> Option<Entry> {
        let strategies: Vec<&str> =
            self.named.strategies.iter().map(|it| it.key.as_str()).collect();
        let workloads: Vec<&str> = self.named.workloads.iter().map(|it| it.key.as_str()).collect();
        let mut levels: Vec<(&ParamName, String)> = Vec::new();
        for param in self.named.all_params() {
            let texts = param.levels().into_iter().flatten().filter_map(text_of);
            levels.extend(texts.map(|text| (&param.name, text)));
        }
        let mut subjects = Vec::new();
        if strategies.contains(&name) {
            subjects.push(Subject::Strategy);
        }
        if workloads.contains(&name) {
            subjects.push(Subject::Workload);
        }
        for (param, text) in &levels {
            let subject = Subject::Param((*param).clone());
            if text == name && !subjects.contains(&subject) {
                subjects.push(subject);
            }
        }
        match &subjects[..] {
            [only] => Some(entry(only.clone(), Value::Text(name.to_owned()), at)),
            [] => {
                let known = strategies.iter().chain(&workloads).copied();
                let known = known.chain(levels.iter().map(|(_, text)| text.as_str()));
                self.binder.report(
                    Diagnostic::error(at, format!("`{name}` is no strategy, workload or level"))
                        .help(did_you_mean(name, known))
                        .help(format!("strategies of this file: {}", listed(&strategies)))
                        .help("other levels are written with their factor: n=1000"),
                );
                None
            }
            several => {
                let ways: Vec<String> =
                    several.iter().map(|subject| format!("{subject}={name}")).collect();
                let title = format!("`{name}` has several meanings");
                self.binder.refuse(at, title, format!("write {}", listed(&ways)));
                None
            }
        }
    }

    /// `cc=gcc`.
    fn level_of(
        &self,
        factor: &str,
        level: &str,
        (factor_at, at): (Range<usize>, Range<usize>),
    ) -> Option<Entry> {
        let text = || Value::Text(level.to_owned());
        match factor {
            "strategy" => {
                let known = self.named.strategies.iter().map(|it| it.key.as_str()).collect();
                return self.one_of(level, known, at, Subject::Strategy);
            }
            "workload" => {
                let known = self.named.workloads.iter().map(|it| it.key.as_str()).collect();
                return self.one_of(level, known, at, Subject::Workload);
            }
            "workers" => {
                let Ok(count) = level.parse() else {
                    self.binder.refuse(at, "expected a number of workers", "");
                    return None;
                };
                return self.workers(count, at);
            }
            _ => {}
        }
        let Some(levels) = self.named.levels(factor) else {
            let known: Vec<&str> = ["strategy", "workload", "workers"]
                .into_iter()
                .chain(self.named.param_names())
                .collect();
            self.binder.report(
                Diagnostic::error(factor_at, format!("there is no factor `{factor}`"))
                    .help(did_you_mean(factor, known.iter().copied()))
                    .help(format!("factors of this file: {}", listed(&known))),
            );
            return None;
        };
        let digits = level.replace('_', "");
        let is_meant = |known: &&&Level| {
            let value = known.value().to_string();
            known.to_string() == level || value == level || value == digits
        };
        let found = levels.iter().find(is_meant).map(|level| level.value().clone());
        if found.is_none() && !levels.is_empty() {
            let texts: Vec<String> = levels.iter().map(|level| level.to_string()).collect();
            let help = format!("levels: {}", listed(&texts));
            self.binder.refuse(at, format!("`{factor}` has no level {level}"), help);
            return None;
        }
        // The levels of a parameter that is calculated are not known yet.
        let number = || digits.parse::<BigInt>().ok().map(Value::Integer);
        let value = found.or_else(number).unwrap_or_else(text);
        Some(entry(Subject::Param(ParamName::new(factor).ok()?), value, at))
    }

    fn one_of(
        &self,
        name: &str,
        known: Vec<&str>,
        at: Range<usize>,
        subject: Subject,
    ) -> Option<Entry> {
        if known.contains(&name) {
            return Some(entry(subject, Value::Text(name.to_owned()), at));
        }
        let what = kind(&subject);
        self.binder.report(
            Diagnostic::error(at, format!("there is no {what} `{name}`"))
                .help(did_you_mean(name, known.iter().copied()))
                .help(format!("this file has {}", listed(&known))),
        );
        None
    }

    fn workers(&self, count: u32, at: Range<usize>) -> Option<Entry> {
        let strategies = self.named.strategies;
        let known = strategies.iter().flat_map(|it| it.workers.iter().flatten());
        let mut known: Vec<u32> = known.copied().collect();
        known.sort_unstable();
        known.dedup();
        if !known.contains(&count) && strategies.iter().all(|it| it.workers.is_some()) {
            let texts: Vec<String> = known.iter().map(u32::to_string).collect();
            let help = format!("worker counts of this file: {}", listed(&texts));
            self.binder.refuse(at, format!("no strategy has {count} workers"), help);
            return None;
        }
        Some(entry(Subject::Workers, Value::Integer(count.into()), at))
    }
}

fn entry(subject: Subject, value: Value, at: Range<usize>) -> Entry {
    Entry { subject, written: value.to_string(), patterns: vec![Pattern::Equal(value)], at }
}

/// The label of a level, or the level itself if it is a text.
fn text_of(level: &Level) -> Option<String> {
    let text = matches!(level.value(), Value::Text(_)) || level.label().is_some();
    text.then(|| level.to_string())
}

fn kind(subject: &Subject) -> String {
    match subject {
        Subject::Workload => "workload".to_owned(),
        Subject::Strategy => "strategy".to_owned(),
        Subject::Workers => "number of workers".to_owned(),
        Subject::Param(name) => format!("level of `{name}`"),
    }
}
