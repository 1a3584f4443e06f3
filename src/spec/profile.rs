//! `[profiles.NAME]`: a layer that is chosen by `--profile` or by the name of the host.
//!
//! Owns the choice. A profile has the shape of the file; what is in it is read with the rest.

use toml::de::{DeTable, DeValue};

use super::Layers;
use super::binder::Node;
use super::diagnostics::Diagnostic;
use super::keys::NOT_IN_PROFILE;
use super::suggest::{did_you_mean, listed};
use crate::design::glob::matches;

/// The profile that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Its name.
    pub name: String,
    /// It was chosen since the name of the host matches, not by `--profile`.
    pub by_host: bool,
}

/// Profiles by name, in order, each without its `hosts`.
pub(super) type Profiles<'a> = Vec<(String, DeTable<'a>)>;

/// The profile in force, if there is one, and all profiles.
pub(super) type Taken<'a> = (Option<(Chosen, DeTable<'a>)>, Profiles<'a>);

struct Profile<'a> {
    name: String,
    at: std::ops::Range<usize>,
    hosts: Vec<String>,
    table: DeTable<'a>,
}

/// Takes `[profiles]` out of the document and chooses one. `argument` is the place of `--profile`.
pub(super) fn take<'a>(
    document: &mut DeTable<'a>,
    argument: Option<std::ops::Range<usize>>,
    layers: &Layers<'_>,
) -> Result<Taken<'a>, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let all = match document.remove("profiles") {
        Some(node) => read(node, &mut problems),
        None => Vec::new(),
    };
    let index = match layers.profile {
        Some(name) => by_name(&all, name, argument.unwrap_or_default()),
        None => by_host(&all, layers.host),
    };
    let index = index.unwrap_or_else(|problem| {
        problems.push(problem);
        None
    });
    if !problems.is_empty() {
        return Err(problems);
    }
    let chosen = index.map(|index| {
        let name = all[index].name.clone();
        (Chosen { name, by_host: layers.profile.is_none() }, all[index].table.clone())
    });
    Ok((chosen, all.into_iter().map(|profile| (profile.name, profile.table)).collect()))
}

fn read<'a>(node: Node<'a>, problems: &mut Vec<Diagnostic>) -> Vec<Profile<'a>> {
    let example = "write [profiles.NAME.protocol] and below it lines like repeats = 3";
    let span = node.span();
    let DeValue::Table(table) = node.into_inner() else {
        problems.push(Diagnostic::error(span, "`profiles` is a table of profiles").help(example));
        return Vec::new();
    };
    let mut all = Vec::new();
    for (key, value) in table {
        let (name, at) = (key.get_ref().to_string(), key.span());
        let DeValue::Table(mut table) = value.into_inner() else {
            let title = format!("the profile `{name}` is not a table");
            problems.push(Diagnostic::error(at, title).help(example));
            continue;
        };
        for inner in NOT_IN_PROFILE {
            if let Some((key, _)) = table.remove_entry(*inner) {
                let title = format!("`{inner}` cannot stand in a profile");
                problems.push(
                    Diagnostic::error(key.span(), title).help("it belongs to the top of the file"),
                );
            }
        }
        let hosts = match table.remove("hosts") {
            Some(node) => hosts(&node, problems),
            None => Vec::new(),
        };
        all.push(Profile { name, at, hosts, table });
    }
    all
}

fn hosts(node: &Node<'_>, problems: &mut Vec<Diagnostic>) -> Vec<String> {
    let list = node.get_ref().as_array();
    let names: Option<Vec<String>> = list.and_then(|list| {
        list.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
    });
    names.unwrap_or_else(|| {
        let title = "`hosts` is a list of names of hosts, as text";
        problems.push(
            Diagnostic::error(node.span(), title)
                .help("`*` stands for any characters: hosts = [\"lab-*\"]"),
        );
        Vec::new()
    })
}

fn by_name(
    all: &[Profile<'_>],
    name: &str,
    at: std::ops::Range<usize>,
) -> Result<Option<usize>, Diagnostic> {
    if let Some(index) = all.iter().position(|profile| profile.name == name) {
        return Ok(Some(index));
    }
    let names: Vec<&str> = all.iter().map(|profile| profile.name.as_str()).collect();
    let known = if names.is_empty() {
        "the file has no profiles; one is a table [profiles.NAME]".to_owned()
    } else {
        format!("profiles of this file: {}", listed(&names))
    };
    Err(Diagnostic::error(at, format!("there is no profile `{name}`"))
        .help(did_you_mean(name, names.iter().copied()))
        .help(known))
}

fn by_host(all: &[Profile<'_>], host: &str) -> Result<Option<usize>, Diagnostic> {
    let fits = |profile: &Profile<'_>| profile.hosts.iter().any(|pattern| matches(pattern, host));
    let mut fitting = all.iter().enumerate().filter(|(_, profile)| fits(profile));
    let first = fitting.next();
    match (first, fitting.next()) {
        (Some((_, first)), Some((_, second))) => {
            let title = format!(
                "the profiles `{}` and `{}` are both for this host, `{host}`",
                first.name, second.name
            );
            Err(Diagnostic::error(second.at.clone(), title)
                .help(format!("choose one with --profile {}", first.name))
                .help("or make the patterns in `hosts` exclude each other"))
        }
        (first, _) => Ok(first.map(|(index, _)| index)),
    }
}
