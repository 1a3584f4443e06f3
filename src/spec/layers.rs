//! The layers of an experiment as one document: extended files < the file < a profile < `--set`.
//!
//! Owns the order of the layers and every message about one of them. What their keys mean is the
//! binder's, which sees the result.

use std::collections::HashSet;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::binder::Node;
use super::diagnostics::{COLLECTED, Diagnostic};
use super::extends::Gathered;
use super::merge::{assign, moved, overlay};
use super::profile::{self, Chosen, Profiles};
use super::set;
use super::sources::Sources;
use super::{Layers, syntax};

/// Every layer of an experiment.
pub(super) struct Stack<'a> {
    /// All layers in one.
    pub(super) document: DeTable<'a>,
    /// The profile in it.
    pub(super) profile: Option<Chosen>,
    /// Where values of that profile begin.
    pub(super) of_profile: HashSet<usize>,
    /// The document under each of the other profiles, to be checked too.
    pub(super) others: Vec<(String, DeTable<'a>)>,
}

/// Lays all layers over one another.
pub(super) fn stack<'a>(
    sources: &'a Arc<Sources>,
    gathered: &Gathered,
    layers: &Layers<'_>,
) -> Result<Stack<'a>, Vec<Diagnostic>> {
    let mut document = files(sources, gathered)?;
    let argument = gathered.profile.map(|index| sources.range(index));
    let (chosen, profiles) = profile::take(&mut document, argument, layers)?;
    let of_profile = chosen.as_ref().map_or_else(HashSet::new, |(_, table)| beginnings(table));
    let mut others = others(&document, profiles, chosen.as_ref().map(|(chosen, _)| chosen));
    let (profile, mut document) = match chosen {
        Some((chosen, table)) => (Some(chosen), overlay(document, table)),
        None => (None, document),
    };
    let mut problems = Vec::new();
    for &index in &gathered.sets {
        let assignment = set::parse(sources.text(), sources.range(index));
        let done = assignment.and_then(|assignment| {
            set::check(&assignment)?;
            for (_, other) in &mut others {
                // What fits this profile need not fit the others.
                drop(assign(other, &assignment.keys, assignment.value.clone()));
            }
            assign(&mut document, &assignment.keys, assignment.value)
        });
        problems.extend(done.err());
    }
    if problems.is_empty() {
        Ok(Stack { document, profile, of_profile, others })
    } else {
        Err(problems)
    }
}

/// The file over those that it extends.
fn files<'a>(sources: &'a Sources, gathered: &Gathered) -> Result<DeTable<'a>, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut document = DeTable::new();
    for &index in gathered.files.iter().rev() {
        let range = sources.range(index);
        let text = &sources.text()[range.clone()];
        let (file, errors) = DeTable::parse_recoverable(text);
        // A tree that was mended would make the binder complain about the mending.
        problems.extend(errors.iter().take(COLLECTED).map(|error| {
            let mut problem = syntax(text, error.message(), error.span());
            problem.at = problem.at.start + range.start..problem.at.end + range.start;
            problem
        }));
        let mut file = moved(file.into_inner(), range.start);
        file.remove("extends");
        document = overlay(document, file);
    }
    if problems.is_empty() { Ok(document) } else { Err(problems) }
}

fn others<'a>(
    document: &DeTable<'a>,
    profiles: Profiles<'a>,
    chosen: Option<&Chosen>,
) -> Vec<(String, DeTable<'a>)> {
    profiles
        .into_iter()
        .filter(|(name, _)| chosen.is_none_or(|chosen| chosen.name != *name))
        .map(|(name, table)| (name, overlay(document.clone(), table)))
        .collect()
}

/// Where each value of a table begins.
fn beginnings(table: &DeTable<'_>) -> HashSet<usize> {
    let mut found = HashSet::new();
    let mut open: Vec<&Node<'_>> = table.values().collect();
    while let Some(node) = open.pop() {
        match node.get_ref() {
            DeValue::Table(inner) => open.extend(inner.values()),
            DeValue::Array(list) => open.extend(list.iter()),
            _ => {}
        }
        found.insert(node.span().start);
    }
    found
}
