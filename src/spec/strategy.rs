//! `[strategies]`.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::assertion;
use super::axis;
use super::binder::{Binder, Node};
use super::diagnostics::Diagnostic;
use super::keys::STRATEGY;
use super::params::{self, Param};
use super::protocol::{self, Scope};
use super::selector;
use super::text::{self, Use};
use crate::design::{
    Assertion, Name, Protocol, ProtocolPatch, Selector, Strategy, StrategyKind, Template,
};

/// Most workers of a strategy.
pub(super) const MAX_WORKERS: u32 = 10_000;

/// Which parameters are lists, and the protocol of the run.
pub(super) type Around<'s> = (&'s dyn Fn(&str) -> bool, &'s Protocol);

/// A strategy as it was read.
pub(super) struct StrategyDraft {
    /// The key in the file, valid or not.
    pub(super) key: String,
    pub(super) at: Range<usize>,
    pub(super) name: Option<Name>,
    pub(super) kind: Option<StrategyKind>,
    pub(super) workers: Option<Vec<u32>>,
    pub(super) params: Vec<Param>,
    pub(super) when: Option<Selector>,
    pub(super) env: Option<Vec<(String, Template)>>,
    pub(super) uses: Vec<Use>,
    pub(super) protocol: ProtocolPatch,
    pub(super) asserts: Vec<Assertion>,
}

impl StrategyDraft {
    pub(super) fn finish(&self) -> Option<Strategy> {
        Some(Strategy {
            name: self.name.clone()?,
            kind: self.kind?,
            workers: self.workers.clone()?,
            params: self.params.iter().map(Param::factor).collect::<Option<_>>()?,
            when: self.when.clone(),
            env: self.env.clone()?,
            protocol: self.protocol.clone(),
            asserts: self.asserts.clone(),
        })
    }
}

/// The strategy that there is when the file names none.
pub(super) fn implicit() -> StrategyDraft {
    StrategyDraft {
        key: "sequential".to_owned(),
        at: 0..0,
        name: Name::new("sequential").ok(),
        kind: Some(StrategyKind::Sequential),
        workers: Some(vec![1]),
        params: Vec::new(),
        when: None,
        env: Some(Vec::new()),
        uses: Vec::new(),
        protocol: ProtocolPatch::default(),
        asserts: Vec::new(),
    }
}

/// Reads the table of strategies, in order.
pub(super) fn bind<'a>(
    binder: &Binder<'a>,
    node: &Node<'a>,
    around: Around<'_>,
) -> Vec<StrategyDraft> {
    let example = "write [strategies] and below it lines like normal = \"sequential\"";
    let Some(table) = binder.table(node, "a table of strategies", example) else {
        return Vec::new();
    };
    if table.is_empty() {
        binder.refuse(
            node.span(),
            "[strategies] names no strategy",
            "add a line like normal = \"sequential\", or remove [strategies]",
        );
    }
    if !binder.are_few(node.span(), table.len(), "strategies") {
        return Vec::new();
    }
    table
        .iter()
        .map(|(key, value)| {
            let mut draft = StrategyDraft {
                key: key.get_ref().to_string(),
                at: key.span(),
                name: binder.name(key.get_ref(), key.span()),
                ..implicit()
            };
            one(binder, value, around, &mut draft);
            draft
        })
        .collect()
}

fn one<'a>(binder: &Binder<'a>, node: &Node<'a>, around: Around<'_>, draft: &mut StrategyDraft) {
    match node.get_ref() {
        DeValue::String(_) => {
            draft.kind = kind(binder, node);
            check_workers(binder, draft, node.span(), None);
        }
        DeValue::Table(table) => from_table(binder, table, around, draft),
        _ => {
            draft.kind = None;
            binder.mismatch(
                node,
                "a kind of strategy, or a table",
                "write name = \"sequential\" or name = { kind = \"threads\", workers = 2 }",
            );
        }
    }
}

fn from_table<'a>(
    binder: &Binder<'a>,
    table: &DeTable<'a>,
    (is_list, run): Around<'_>,
    draft: &mut StrategyDraft,
) {
    binder.check_keys(table, &STRATEGY);
    draft.kind = match table.get("kind") {
        Some(node) => kind(binder, node),
        None => {
            binder.refuse(
                draft.at.clone(),
                format!("the strategy `{}` has no `kind`", draft.key),
                format!("kind is one of {}", kinds()),
            );
            None
        }
    };
    let node = table.get("workers");
    if let Some(node) = node {
        draft.workers = workers(binder, node);
    }
    check_workers(binder, draft, draft.at.clone(), node);
    if let Some(node) = table.get("params") {
        draft.params = params::bind(binder, node, is_list);
    }
    if let Some(node) = table.get("when") {
        draft.when = selector::bind(binder, node, "write when = { n = \">= 1000\" }");
    }
    if let Some(node) = table.get("env") {
        draft.env = text::environment(binder, node, &mut draft.uses);
    }
    draft.protocol = protocol::patch(binder, table, run, Scope::Strategy);
    if let Some(node) = table.get("assert") {
        draft.asserts = assertion::bind(binder, node);
    }
}

fn kinds() -> String {
    StrategyKind::ALL.map(|kind| format!("\"{}\"", kind.as_str())).join(", ")
}

fn kind(binder: &Binder<'_>, node: &Node<'_>) -> Option<StrategyKind> {
    binder.word(node, &StrategyKind::ALL.map(|kind| (kind.as_str(), kind)))
}

fn workers<'a>(binder: &Binder<'a>, node: &Node<'a>) -> Option<Vec<u32>> {
    let levels = axis::levels(binder, node, false)?;
    let mut workers = Vec::with_capacity(levels.levels.len());
    for (index, level) in levels.levels.iter().enumerate() {
        let value = level.value();
        let count = value
            .as_u64()
            .and_then(|count| u32::try_from(count).ok())
            .filter(|count| (1..=MAX_WORKERS).contains(count));
        let Some(count) = count else {
            binder.refuse(
                levels.place(index),
                format!("`workers` must be a whole number from 1 to {MAX_WORKERS}, found {value}"),
                "write workers = 2, or workers = [1, 2, 4] for an axis",
            );
            return None;
        };
        workers.push(count);
    }
    Some(workers)
}

fn check_workers(
    binder: &Binder<'_>,
    draft: &StrategyDraft,
    at: Range<usize>,
    node: Option<&Node<'_>>,
) {
    match (draft.kind, node) {
        (Some(StrategyKind::Sequential), Some(node))
            if draft.workers.as_ref().is_some_and(|workers| *workers != [1]) =>
        {
            binder.refuse(
                node.span(),
                "`sequential` has one worker",
                "remove `workers`, or choose kind = \"threads\" or \"processes\"",
            );
        }
        (Some(kind @ (StrategyKind::Threads | StrategyKind::Processes)), None) => {
            let title = format!("`{}` without `workers` has one worker", draft.key);
            let help =
                format!("write {} = {{ kind = \"{}\", workers = 2 }}", draft.key, kind.as_str());
            binder.report(Diagnostic::caution(at, title).help(help));
        }
        _ => {}
    }
}
