//! `on_timeout = "skip_larger"`: which parameter of each workload is the size.

use std::ops::Range;

use super::binder::Binder;
use super::compare::Named;
use super::diagnostics::Diagnostic;
use super::params::Param;
use super::suggest::{did_you_mean, listed};
use super::workload::WorkloadDraft;
use crate::design::{Level, OnTimeout, ParamName, Value};

/// What a timeout means in each workload, the parameter named. `run_at` is the key of the whole
/// run, which holds where a workload has none of its own; a workload that has no such parameter
/// then goes on as if it were not there.
pub(super) fn resolve(
    binder: &Binder<'_>,
    named: &Named<'_>,
    run_at: Option<&Range<usize>>,
) -> Vec<OnTimeout> {
    let mut resolved = Vec::new();
    let mut inherited = 0;
    let mut meaningless = 0;
    for workload in named.workloads {
        let own = workload.on_timeout_at.as_ref();
        let OnTimeout::SkipLarger { parameter } = &workload.protocol.on_timeout else {
            resolved.push(OnTimeout::Continue);
            continue;
        };
        let Some(at) = own.or(run_at) else {
            resolved.push(OnTimeout::Continue);
            continue;
        };
        let axes = axes(named, workload);
        let found = match parameter {
            Some(name) => named_axis(binder, (name, at, own.is_some()), workload, &axes),
            None => only_axis(binder, at, workload, &axes),
        };
        inherited += usize::from(own.is_none());
        meaningless += usize::from(own.is_none() && found == Found::Nothing);
        if own.is_some() && found == Found::Nothing {
            refuse_none(binder, at, Some(&workload.key));
        }
        resolved.push(match found {
            Found::One(parameter) => OnTimeout::SkipLarger { parameter: Some(parameter) },
            Found::Nothing | Found::Refused => OnTimeout::Continue,
        });
    }
    if let Some(at) = run_at.filter(|_| inherited > 0 && meaningless == inherited) {
        refuse_none(binder, at, None);
    }
    resolved
}

#[derive(PartialEq)]
enum Found {
    One(ParamName),
    Nothing,
    Refused,
}

/// A parameter of a workload, and whether its levels are two numbers at least.
struct Axis<'s> {
    name: &'s ParamName,
    is_numeric: bool,
    is_axis: bool,
    is_derived: bool,
}

/// Every parameter that the workload may have; its own ones hide shared ones.
fn axes<'s>(named: &Named<'s>, workload: &'s WorkloadDraft) -> Vec<Axis<'s>> {
    let of_strategies = named.strategies.iter().flat_map(|strategy| &strategy.params);
    let mut axes: Vec<Axis<'s>> = Vec::new();
    for param in workload.params.iter().chain(named.params).chain(of_strategies) {
        if axes.iter().all(|axis| *axis.name != param.name) {
            axes.push(axis(param));
        }
    }
    axes
}

fn axis(param: &Param) -> Axis<'_> {
    let levels = param.levels().unwrap_or_default();
    let is_number = |level: &Level| matches!(level.value(), Value::Integer(_) | Value::Float(_));
    Axis {
        name: &param.name,
        is_numeric: levels.iter().all(is_number),
        is_axis: levels.len() > 1,
        is_derived: param.formula().is_some(),
    }
}

fn named_axis(
    binder: &Binder<'_>,
    (name, at, is_own): (&ParamName, &Range<usize>, bool),
    workload: &WorkloadDraft,
    axes: &[Axis<'_>],
) -> Found {
    let Some(axis) = axes.iter().find(|axis| axis.name == name) else {
        if !is_own {
            return Found::Nothing;
        }
        let known: Vec<&str> = axes.iter().map(|axis| axis.name.as_str()).collect();
        let title = format!("there is no parameter `{name}` in the workload `{}`", workload.key);
        binder.report(
            Diagnostic::error(at.clone(), title)
                .help(did_you_mean(name.as_str(), known.iter().copied()))
                .help(format!("parameters here: {}", listed(&known))),
        );
        return Found::Refused;
    };
    if axis.is_derived {
        let title = format!("`{name}` is calculated: it has no levels of its own that are larger");
        binder.refuse(at.clone(), title, "name a parameter that it is calculated from");
        return Found::Refused;
    }
    if !axis.is_numeric {
        let title = format!("the levels of `{name}` are not numbers: none is larger than another");
        binder.refuse(at.clone(), title, "name the parameter that is the size");
        return Found::Refused;
    }
    Found::One(name.clone())
}

fn only_axis(
    binder: &Binder<'_>,
    at: &Range<usize>,
    workload: &WorkloadDraft,
    axes: &[Axis<'_>],
) -> Found {
    let sizes: Vec<&ParamName> =
        axes.iter().filter(|axis| axis.is_axis && axis.is_numeric).map(|axis| axis.name).collect();
    match sizes[..] {
        [] => Found::Nothing,
        [size] => Found::One(size.clone()),
        [first, ..] => {
            let names: Vec<&str> = sizes.iter().map(|size| size.as_str()).collect();
            let title = format!(
                "larger in what? the workload `{}` has several numeric axes: {}",
                workload.key,
                listed(&names)
            );
            let help = format!("write on_timeout = {{ skip_larger = \"{first}\" }}");
            binder.refuse(at.clone(), title, help);
            Found::Refused
        }
    }
}

fn refuse_none(binder: &Binder<'_>, at: &Range<usize>, workload: Option<&str>) {
    let whose = workload.map_or_else(
        || "no workload has such a parameter".to_owned(),
        |key| format!("the workload `{key}` has no parameter with several numbers as levels"),
    );
    let title = format!("`skip_larger` has nothing to skip: {whose}");
    let help = "add a list of levels, such as n = [1_000, 1_000_000], or remove `on_timeout`";
    binder.refuse(at.clone(), title, help);
}
