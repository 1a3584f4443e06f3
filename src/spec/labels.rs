//! Labels in place of values: where `expect` or a baseline names a level by its label, the value
//! is meant.

use crate::design::{Binding, Experiment, Factor, Name, Value};

/// Replaces every label by the value that it stands for.
pub(super) fn resolve(experiment: &mut Experiment) {
    let Experiment { params, workloads, strategies, compare, .. } = experiment;
    let of_strategies: Vec<&Factor> = strategies.iter().flat_map(|s| &s.params).collect();
    for workload in workloads.iter_mut() {
        let own = workload.params.iter().chain(&*params).chain(of_strategies.iter().copied());
        let factors: Vec<&Factor> = own.collect();
        for binding in workload.expect.iter_mut().flat_map(|expect| &mut expect.bindings) {
            replace(binding, &factors);
        }
    }
    let of_workloads = workloads.iter().flat_map(|workload| &workload.params);
    let factors: Vec<&Factor> = params.iter().chain(of_workloads).chain(of_strategies).collect();
    for binding in compare.baselines.iter_mut().flat_map(|baseline| &mut baseline.params) {
        replace(binding, &factors);
    }
}

fn replace(binding: &mut Binding, factors: &[&Factor]) {
    let Value::Text(text) = &binding.value else {
        return;
    };
    let levels = || {
        let named = factors.iter().filter(|factor| factor.name == binding.name);
        named.flat_map(|factor| factor.levels())
    };
    if levels().any(|level| *level.value() == binding.value) {
        return;
    }
    let meant = levels().find(|level| level.label().map(Name::as_str) == Some(text.as_str()));
    if let Some(level) = meant {
        let value = level.value().clone();
        binding.value = value;
    }
}
