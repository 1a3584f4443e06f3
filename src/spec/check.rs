//! What must hold between the tables of a file: parameters that are needed, given and used,
//! placeholders that are known, expectations that can be met.

use std::collections::{HashMap, HashSet};

use super::answer::BindingDraft;
use super::assertion;
use super::binder::Binder;
use super::compare::{Named, check_level};
use super::diagnostics::Diagnostic;
use super::formula;
use super::params::{Param, check_kind};
use super::strategy::StrategyDraft;
use super::suggest::{did_you_mean, listed, nearest};
use super::text::Use;
use super::workload::{ActionDraft, WorkloadDraft};
use crate::design::template::{BUILT_IN, REV_DIR, REVISION};
use crate::design::{KernelSignature, Level, ParamName, Selector, StrategyKind};

/// Checks everything; reports what does not fit.
pub(super) fn check<'s>(
    binder: &Binder<'_>,
    named: &Named<'_>,
    rules: impl Iterator<Item = &'s Selector>,
) {
    for workload in named.workloads {
        let scope = Scope::new(workload, named);
        match &workload.action {
            ActionDraft::Kernel(kernel) => scope.kernel(binder, kernel),
            ActionDraft::Command(command) => {
                for used in &command.uses {
                    scope.placeholder(binder, used);
                }
                if let Some(divide) = command.command.as_ref().and_then(|c| c.divide.as_ref()) {
                    let at = command.divide_at.clone().unwrap_or_default();
                    scope.divide(binder, divide.as_str(), at);
                }
            }
            ActionDraft::Unknown => {}
        }
        if !matches!(workload.action, ActionDraft::Unknown) {
            for used in &workload.hooks.uses {
                scope.placeholder(binder, used);
            }
        }
        scope.strategy_uses(binder);
        scope.formulas(binder);
        for draft in workload.expect.iter().flat_map(|expect| &expect.bindings) {
            scope.expectation(binder, draft);
        }
    }
    selectors(binder, named, rules);
    assertion::check(binder, named);
    unused(binder, named);
}

/// Every rule and condition names what there is.
fn selectors<'s>(
    binder: &Binder<'_>,
    named: &Named<'_>,
    rules: impl Iterator<Item = &'s Selector>,
) {
    let of_workloads = named.workloads.iter().filter_map(|workload| workload.when.as_ref());
    let of_strategies = named.strategies.iter().filter_map(|strategy| strategy.when.as_ref());
    for selector in of_workloads.chain(of_strategies) {
        formula::check_selector(binder, selector, named, None);
    }
    for selector in rules {
        formula::check_selector(binder, selector, named, None);
    }
    for param in named.all_params() {
        if let Some(condition) = param.condition() {
            formula::check_selector(binder, &condition.when, named, Some(param));
        }
    }
}

/// One workload with everything that applies to it.
struct Scope<'s> {
    workload: &'s WorkloadDraft,
    shared: &'s [Param],
    strategies: Vec<&'s StrategyDraft>,
    /// Names of parameters that the workload has under every strategy.
    given: HashSet<&'s str>,
    /// Names of parameters that it makes something of.
    used: HashSet<&'s str>,
}

impl<'s> Scope<'s> {
    fn new(workload: &'s WorkloadDraft, named: &Named<'s>) -> Self {
        let applies = |index: usize, strategy: &StrategyDraft| {
            let chosen = workload.strategies.as_ref().is_none_or(|only| only.contains(&index));
            chosen && is_possible(&workload.action, strategy.kind)
        };
        let strategies = named
            .strategies
            .iter()
            .enumerate()
            .filter(|(index, strategy)| applies(*index, strategy))
            .map(|(_, strategy)| strategy)
            .collect();
        let given = workload.params.iter().chain(named.params).map(|p| p.name.as_str()).collect();
        let mut scope =
            Self { workload, shared: named.params, strategies, given, used: HashSet::new() };
        scope.used = scope.all_used();
        scope
    }

    /// Every name that the workload itself uses, and those that the expressions behind them name.
    fn all_used(&self) -> HashSet<&'s str> {
        let mut derived: HashMap<&str, Vec<&'s Param>> = HashMap::new();
        let of_strategies = self.strategies.iter().flat_map(|strategy| &strategy.params);
        for param in self.workload.params.iter().chain(self.shared).chain(of_strategies) {
            if param.formula().is_some() {
                derived.entry(param.name.as_str()).or_default().push(param);
            }
        }
        let mut pending: Vec<&'s str> = self.used_itself();
        let mut used = HashSet::new();
        while let Some(name) = pending.pop() {
            if used.insert(name) {
                let formulas = derived.get(name).into_iter().flatten().filter_map(|p| p.formula());
                pending.extend(formulas.flat_map(|f| f.expression.names()).map(|(name, _)| name));
            }
        }
        used
    }

    fn used_itself(&self) -> Vec<&'s str> {
        let mut names: Vec<&str> =
            self.workload.hooks.uses.iter().map(|used| used.name.as_str()).collect();
        match &self.workload.action {
            ActionDraft::Kernel(kernel) => names.extend(kernel.parameters.iter().map(|p| p.name)),
            ActionDraft::Command(command) => {
                let divide = command.command.as_ref().and_then(|command| command.divide.as_ref());
                names.extend(divide.map(ParamName::as_str));
                let of_strategies = self.strategies.iter().flat_map(|strategy| &strategy.uses);
                let uses = command.uses.iter().chain(of_strategies);
                names.extend(uses.map(|used| used.name.as_str()));
            }
            ActionDraft::Unknown => {}
        }
        if names.contains(&REV_DIR) {
            names.push(REVISION);
        }
        names
    }

    /// A list that could not be read is reported where it stands.
    fn has_revisions(&self) -> bool {
        match &self.workload.action {
            ActionDraft::Command(command) => {
                command.command.as_ref().is_none_or(|command| !command.revisions.is_empty())
            }
            ActionDraft::Kernel(_) => false,
            ActionDraft::Unknown => true,
        }
    }

    /// Parameters that the workload has under every strategy.
    fn always(&self) -> impl Iterator<Item = &'s Param> {
        self.workload.params.iter().chain(self.shared)
    }

    fn gives(&self, name: &str) -> bool {
        self.given.contains(name)
    }

    /// Strategies that apply and do not set the parameter.
    fn lacking(&self, name: &str) -> Vec<&'s StrategyDraft> {
        let sets = |strategy: &StrategyDraft| {
            strategy.params.iter().any(|param| param.name.as_str() == name)
        };
        self.strategies.iter().copied().filter(|strategy| !sets(strategy)).collect()
    }

    fn known(&self) -> Vec<&'s str> {
        let of_strategies = self.strategies.iter().flat_map(|strategy| &strategy.params);
        let mut seen = HashSet::new();
        let names = self.always().chain(of_strategies).map(|param| param.name.as_str());
        names.filter(|name| seen.insert(*name)).collect()
    }

    fn kernel(&self, binder: &Binder<'_>, kernel: &'static KernelSignature) {
        for signature in kernel.parameters {
            let of_strategies = self.strategies.iter().flat_map(|strategy| &strategy.params);
            for param in self.always().chain(of_strategies) {
                if param.name.as_str() == signature.name {
                    check_kind(binder, param, signature, kernel.name);
                }
            }
            if signature.required {
                self.required(binder, kernel, signature.name);
            }
        }
        let names: Vec<&str> = kernel.parameters.iter().map(|p| p.name).collect();
        for param in &self.workload.params {
            let name = param.name.as_str();
            if names.contains(&name) || self.uses(name) {
                continue;
            }
            binder.report(
                Diagnostic::error(
                    param.at.clone(),
                    format!("the kernel `{}` has no parameter `{name}`", kernel.name),
                )
                .help(did_you_mean(name, names.iter().copied()))
                .help(format!("its parameters: {}", listed(&names))),
            );
        }
    }

    fn required(&self, binder: &Binder<'_>, kernel: &KernelSignature, name: &str) {
        // Where a table of parameters was misspelt, that is the mistake.
        if self.gives(name) || self.workload.has_unread_params {
            return;
        }
        let lacking = self.lacking(name);
        let Some(first) = lacking.first() else {
            return;
        };
        let title = if lacking.len() == self.strategies.len() {
            format!("the kernel `{}` needs the parameter `{name}`", kernel.name)
        } else {
            format!(
                "the kernel `{}` needs the parameter `{name}`, and the strategy `{}` does not set it",
                kernel.name, first.key
            )
        };
        let help =
            format!("add params = {{ {name} = 1_000_000 }} here, or `{name}` under [params]");
        binder.refuse(self.workload.at.clone(), title, help);
    }

    fn placeholder(&self, binder: &Binder<'_>, used: &Use) {
        let name = used.name.as_str();
        if name == REV_DIR && !self.has_revisions() {
            binder.refuse(
                used.at.clone(),
                format!("{{{REV_DIR}}} is the folder of a revision, and this workload has none"),
                "add revisions = [\"origin/main\", \"HEAD\"] to it",
            );
        }
        if BUILT_IN.contains(&name) || self.gives(name) || self.workload.has_unread_params {
            return;
        }
        let lacking = self.lacking(name);
        let all_lack = lacking.len() == self.strategies.len();
        if all_lack {
            self.unknown_placeholder(binder, used);
        } else if let Some(first) = lacking.first() {
            binder.refuse(used.at.clone(),
                    format!("{{{name}}} is not known under the strategy `{}`", first.key), format!(
                    "other strategies set `{name}`; add it to the params of `{}`, or as a default under [params]",
                    first.key
                ));
        }
    }

    fn unknown_placeholder(&self, binder: &Binder<'_>, used: &Use) {
        if binder.is_crowded() {
            let title = format!("{{{}}} is not known here", used.name);
            binder.refuse(used.at.clone(), title, "");
            return;
        }
        let params = self.known();
        let all = params.iter().copied().chain(BUILT_IN);
        let advice = nearest(&used.name, all)
            .map_or_else(String::new, |known| format!("did you mean {{{known}}}?"));
        let params = if params.is_empty() {
            "there are no parameters yet: add params = { … } here, or [params]".to_owned()
        } else {
            format!("parameters here: {}", listed(&params))
        };
        binder.report(
            Diagnostic::error(
                used.at.clone(),
                format!("{{{}}} is neither a parameter nor set by the runner", used.name),
            )
            .label("unknown placeholder")
            .help(&advice)
            .help(params)
            .help(format!("set by the runner: {}", listed(&BUILT_IN)))
            .help(if advice.is_empty() {
                "for braces that stay write {{ and }}"
            } else {
                ""
            }),
        );
    }

    fn divide(&self, binder: &Binder<'_>, name: &str, at: std::ops::Range<usize>) {
        if !self.gives(name) && !self.lacking(name).is_empty() {
            let known = self.known();
            binder.report(
                Diagnostic::error(at, format!("there is no parameter `{name}` to divide"))
                    .help(did_you_mean(name, known.iter().copied()))
                    .help(format!("parameters here: {}", listed(&known))),
            );
            return;
        }
        let of_strategies = self.strategies.iter().flat_map(|strategy| &strategy.params);
        let levels = self
            .always()
            .chain(of_strategies)
            .filter(|param| param.name.as_str() == name)
            .filter_map(Param::levels);
        if let Some(level) = levels.flatten().find(|level| level.value().as_u64().is_none()) {
            let title = format!("`{name}` cannot be divided: {level} is not a size");
            binder.refuse(at, title, "a size is a whole number from 0 up");
        }
    }

    /// Placeholders in the environment that strategies set.
    fn strategy_uses(&self, binder: &Binder<'_>) {
        if matches!(self.workload.action, ActionDraft::Unknown) {
            return;
        }
        for strategy in &self.strategies {
            for used in &strategy.uses {
                let name = used.name.as_str();
                let own = |param: &Param| param.name.as_str() == name;
                let known =
                    BUILT_IN.contains(&name) || self.gives(name) || strategy.params.iter().any(own);
                if known {
                    continue;
                }
                let all = self.known();
                let advice = nearest(name, all.iter().copied().chain(BUILT_IN))
                    .map_or_else(String::new, |known| format!("did you mean {{{known}}}?"));
                let title =
                    format!("{{{name}}} is not known to the workload `{}`", self.workload.key);
                binder.report(
                    Diagnostic::error(used.at.clone(), title)
                        .help(advice)
                        .help(format!("set by the runner: {}", listed(&BUILT_IN))),
                );
            }
        }
    }

    fn expectation(&self, binder: &Binder<'_>, draft: &BindingDraft) {
        let name = draft.binding.name.as_str();
        let known = self.known();
        if !known.contains(&name) {
            binder.report(
                Diagnostic::error(
                    draft.name_at.clone(),
                    format!("there is no parameter `{name}` in this workload"),
                )
                .help(did_you_mean(name, known.iter().copied()))
                .help(format!("parameters here: {}", listed(&known))),
            );
            return;
        }
        let of_strategies = self.strategies.iter().flat_map(|strategy| &strategy.params);
        let own: Vec<&Param> =
            self.workload.params.iter().filter(|param| param.name.as_str() == name).collect();
        let has_own = !own.is_empty();
        let shared = self.shared.iter().filter(|_| !has_own);
        let params = shared.chain(of_strategies).filter(|param| param.name.as_str() == name);
        let all: Option<Vec<&[Level]>> = own.into_iter().chain(params).map(Param::levels).collect();
        let levels: Vec<&Level> = all.into_iter().flatten().flatten().collect();
        check_level(binder, draft, &levels);
    }

    fn has(&self, strategy: &StrategyDraft) -> bool {
        self.strategies.iter().any(|other| std::ptr::eq(*other, strategy))
    }

    /// Everything that applies under one strategy; what wins comes alone.
    fn applying(&self, strategy: &'s StrategyDraft) -> Vec<&'s Param> {
        let mut names = HashSet::new();
        let all = strategy.params.iter().chain(self.workload.params.iter().chain(self.shared));
        all.filter(|param| names.insert(param.name.as_str())).collect()
    }

    /// The expressions that are used under each strategy.
    fn formulas(&self, binder: &Binder<'_>) {
        if self.workload.has_unread_params {
            return;
        }
        let mut seen_plain = false;
        for strategy in &self.strategies {
            // Strategies without parameters of their own are all alike here.
            if strategy.params.is_empty() && std::mem::replace(&mut seen_plain, true) {
                continue;
            }
            let params = self.applying(strategy);
            formula::check(binder, &params, &|name| self.uses(name));
        }
    }

    /// Whether the workload makes anything of the parameter, itself or in an expression.
    fn uses(&self, name: &str) -> bool {
        // What a workload without an action would use is not known; say nothing.
        matches!(self.workload.action, ActionDraft::Unknown) || self.used.contains(name)
    }
}

fn is_possible(action: &ActionDraft, kind: Option<StrategyKind>) -> bool {
    match (action, kind) {
        (ActionDraft::Kernel(_), Some(StrategyKind::External))
        | (ActionDraft::Command(_), Some(StrategyKind::Threads)) => false,
        (ActionDraft::Kernel(_) | ActionDraft::Command(_) | ActionDraft::Unknown, _) => true,
    }
}

/// Cautions about parameters that change nothing.
fn unused(binder: &Binder<'_>, named: &Named<'_>) {
    let scopes: Vec<Scope<'_>> =
        named.workloads.iter().map(|workload| Scope::new(workload, named)).collect();
    for param in named.params {
        if !scopes.iter().any(|scope| scope.uses(param.name.as_str())) {
            caution(binder, param, "no workload uses");
        }
    }
    for scope in &scopes {
        let is_command = matches!(scope.workload.action, ActionDraft::Command(_));
        for param in &scope.workload.params {
            if is_command && !scope.uses(param.name.as_str()) {
                caution(binder, param, "no placeholder uses");
            }
        }
    }
    for strategy in named.strategies {
        for param in &strategy.params {
            let uses = |scope: &Scope<'_>| scope.has(strategy) && scope.uses(param.name.as_str());
            if !scopes.iter().any(uses) {
                caution(binder, param, "no workload uses");
            }
        }
    }
}

fn caution(binder: &Binder<'_>, param: &Param, what: &str) {
    let name = &param.name;
    binder.report(
        Diagnostic::caution(param.at.clone(), format!("{what} the parameter `{name}`"))
            .help(format!("write {{{name}}} where the program is to get it, or remove it")),
    );
}
