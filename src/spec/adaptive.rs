//! `[protocol.adaptive]`: repeats until the medians are known well enough.

use std::ops::Range;

use super::binder::{Binder, Node};
use super::diagnostics::Diagnostic;
use super::keys::ADAPTIVE;
use crate::design::{Adaptive, Order};

/// Most blocks that can be asked for; more is a slip.
const MANY: u32 = 10_000_000;

/// Fewest blocks before the first look with which the final interval was seen to keep its level.
const USUAL_MIN: u32 = 10;

/// `true`, `false` or the table; `None` where repeats are fixed.
pub(super) fn bind<'a>(binder: &Binder<'a>, node: &Node<'a>) -> Option<Adaptive> {
    if let Some(is_adaptive) = node.get_ref().as_bool() {
        return is_adaptive.then(Adaptive::default);
    }
    let example = "write adaptive = true, or [protocol.adaptive] and below it target = 0.025";
    let table = binder.table(node, "true, false or a table", example)?;
    binder.check_keys(table, &ADAPTIVE);
    let usual = Adaptive::default();
    let blocks = |key: &str, usual: u32| {
        let node = table.get(key)?;
        Some(binder.count(node, key, (1, MANY)).unwrap_or(usual))
    };
    let (least, most) = (blocks("min", usual.min), blocks("max", usual.max));
    let (min, max) = (least.unwrap_or(usual.min), most.unwrap_or(usual.max));
    if let Some(node) = table.get("max").or_else(|| table.get("min")).filter(|_| min > max) {
        let of = |given: Option<u32>| if given.is_some() { "" } else { ", the default" };
        let title = format!("`min` = {min}{} is more than `max` = {max}{}", of(least), of(most));
        binder.refuse(
            node.span(),
            title,
            "the first look comes after `min` blocks, the last after `max`",
        );
    }
    if let (Some(node), Some(..USUAL_MIN)) = (table.get("min"), least) {
        let title = format!(
            "looking after {min} blocks already makes the final interval cover less than it says"
        );
        let help = format!("{USUAL_MIN} keeps its level (docs/method.md)");
        binder.report(Diagnostic::caution(node.span(), title).help(&help));
    }
    Some(Adaptive {
        target: table.get("target").and_then(|node| target(binder, node)).unwrap_or(usual.target),
        min,
        max,
        budget: table.get("budget").and_then(|node| binder.duration(node, "budget")),
    })
}

fn target(binder: &Binder<'_>, node: &Node<'_>) -> Option<f64> {
    let target = binder.number(node)?;
    let is_share = 0.0 < target && target < 1.0;
    if !is_share {
        let title = format!("`target` must be above 0 and below 1, found {}", binder.written(node));
        binder.refuse(node.span(), title, "for 2.5 % write target = 0.025");
    }
    is_share.then_some(target)
}

/// Both a number of repeats and a rule that chooses it.
pub(super) fn refuse_repeats(binder: &Binder<'_>, at: Range<usize>) {
    let help = "remove one of the two; cells that are compared stop together, so `max` in \
                [protocol.adaptive] holds for all of them";
    binder.refuse(at, "`repeats` contradicts `adaptive` in [protocol]", help);
}

/// Looks are taken where every cell has run equally often: after whole blocks.
pub(super) fn check_order(binder: &Binder<'_>, node: &Node<'_>, order: Order) {
    let why = match order {
        Order::Blocks => return,
        Order::Shuffled => "it has no blocks, at whose end all cells have run equally often",
        Order::Sequential => "one cell ends before the next begins, so that none can stop together",
    };
    let title = format!("`adaptive` needs order = \"blocks\": with \"{}\" {why}", order.as_str());
    binder.refuse(node.span(), title, "remove `order`, or use `repeats`");
}
