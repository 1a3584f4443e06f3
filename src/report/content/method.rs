//! How the numbers came about, in sentences; the same as a paragraph for a paper, and an entry for
//! its list of references.
//!
//! What is said follows Hoefler and Belli, "Scientific benchmarking of parallel computing systems"
//! (SC 2015): the base of every ratio (rule 1), intervals (rule 5), and of parallel times how they
//! were measured, synchronised and summarised (rule 10).

use super::Texts;
use super::record::date;
use crate::analysis::Findings;
use crate::analysis::scaling::Curve;
use crate::design::{Objective, Order, StrategyKind};
use crate::report::screen::words;
use crate::stats::Pairing;
use crate::stats::interval::min_n;
use crate::store::Manifest;

/// Rule 10, of trials whose workers the runner itself starts.
pub(super) const PARALLEL: &str = "Parallel times: one clock, outside the workers, runs from before the first worker is started until the last one has handed back its answer; workers are not held at a barrier, each begins as soon as it is there; over the workers the slowest counts (the makespan), never a mean.";

/// Every sentence, in the order of a report.
pub(super) fn sentences(findings: &Findings<'_>, manifest: &Manifest) -> Vec<String> {
    let mut list = vec![trials(findings, manifest)];
    list.extend(manifest.methods.iter().cloned());
    if has_workers(findings) {
        list.push(PARALLEL.to_owned());
    }
    list.push(location(findings));
    list.extend(ratios(findings));
    list.extend(bases(findings));
    list.extend(failures_allowed(findings));
    list.push(
        "Nothing was left out because of its value: outliers are flagged and used, and a trial that ran out of time counts as longer than every value that was seen."
            .to_owned(),
    );
    list.extend(curves(findings));
    list.extend(cores(findings, manifest));
    list
}

/// Whether the runner itself starts threads or processes as workers of a trial.
fn has_workers(findings: &Findings<'_>) -> bool {
    let strategies = &findings.evidence.experiment.strategies;
    findings.evidence.matrix.cells().iter().any(|cell| {
        matches!(strategies[cell.strategy].kind, StrategyKind::Threads | StrategyKind::Processes)
    })
}

/// `10`, or `5 to 30`.
fn span(values: impl Iterator<Item = u32> + Clone) -> String {
    let (lo, hi) = (values.clone().min().unwrap_or(0), values.max().unwrap_or(0));
    if lo == hi { lo.to_string() } else { format!("{lo} to {hi}") }
}

fn trials(findings: &Findings<'_>, manifest: &Manifest) -> String {
    let warmup = match &*span(manifest.protocols.iter().map(|one| one.warmup)) {
        "1" => "1 warm-up trial that does not count".to_owned(),
        count => format!("{count} warm-up trials that do not count"),
    };
    let order = match findings.evidence.experiment.protocol.order {
        Order::Blocks => "in randomised complete blocks, each of which runs every cell once in a new order drawn from the seed".to_owned(),
        order => format!("in the order `{}`", order.as_str()),
    };
    let isolated = manifest.protocols.iter().all(|one| one.isolation == "process");
    let unit = if isolated {
        "a fresh process"
    } else {
        "one call in the runner's process where isolation is `thread`, else a fresh process"
    };
    format!(
        "Each cell was planned for {} after {warmup}, {order} (seed {}); a trial is {unit}, and one value.{}",
        repeats(findings, manifest),
        manifest.plan.seed,
        stopping(findings)
    )
}

fn repeats(findings: &Findings<'_>, manifest: &Manifest) -> String {
    let adaptive = &findings.evidence.experiment.protocol.adaptive;
    let repeats = adaptive.as_ref().map_or_else(
        || span(manifest.protocols.iter().map(|one| one.repeats)),
        |adaptive| span([adaptive.min, adaptive.max].into_iter()),
    );
    let trials = if repeats == "1" { "trial" } else { "trials" };
    format!("{repeats} measured {trials}")
}

/// When repeats ended that were chosen as the run went, and what they came to.
fn stopping(findings: &Findings<'_>) -> String {
    let evidence = findings.evidence;
    let Some(adaptive) = &evidence.experiment.protocol.adaptive else { return String::new() };
    let budget = adaptive.budget.map_or_else(String::new, |time| {
        let time = words::duration(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        format!(", or no further block began since {time} were over")
    });
    let blocks = evidence.stops.iter().map(|stop| stop.after_block);
    let done = match evidence.stops {
        [] => String::new(),
        _ => format!(", which was after {} blocks", span(blocks)),
    };
    format!(
        " Cells that are compared with one another ended together when the interval of each of their medians had been within ± {} % of it after two blocks in a row, at the earliest after block {}, at the latest after block {}{budget}{done}; only the width of intervals decided, never a difference.",
        words::ratio(100.0 * adaptive.target),
        adaptive.min,
        adaptive.max
    )
}

fn location(findings: &Findings<'_>) -> String {
    let conf = findings.summary.conf();
    let objective = findings.summary.objective();
    if objective != Objective::P50 {
        return format!(
            "The location of a cell is the {} of its trials (type 7 of Hyndman and Fan), from {} values on; its interval is the exact one of order statistics (binomial) at {} %, which assumes no distribution.",
            objective.plural().trim_end_matches('s'),
            objective.least().0,
            words::ratio(100.0 * conf)
        );
    }
    format!(
        "The location of a cell is the median of its trials; its interval is the exact one of order statistics (binomial) at {} %, which needs {} values and assumes no distribution.",
        words::ratio(100.0 * conf),
        min_n(conf)
    )
}

fn ratios(findings: &Findings<'_>) -> Option<String> {
    let all = &findings.comparisons;
    let first = all.rows.first()?;
    let blocked = all.rows.iter().filter(|row| row.pairing == Pairing::Block).count();
    let objective = findings.summary.objective();
    let how = match blocked {
        0 if objective != Objective::P50 => {
            "resampling both cells independently, and the p-value is that of the same replicates"
        }
        some if objective != Objective::P50 && some == all.rows.len() => {
            "resampling whole blocks, and the p-value is that of the same replicates"
        }
        _ if objective != Objective::P50 => {
            "resampling whole blocks where ten are complete, else both cells independently, and the p-value is that of the same replicates"
        }
        0 => "resampling both cells independently, and the test is that of Mann and Whitney",
        some if some == all.rows.len() => {
            "resampling whole blocks, and the test is Wilcoxon's signed-rank test on log ratios within blocks"
        }
        _ => {
            "resampling whole blocks where ten are complete (signed-rank test on log ratios), else both cells independently (test of Mann and Whitney)"
        }
    };
    let adjust = match all.adjust {
        "none" => "p-values are not adjusted".to_owned(),
        "bh" => format!(
            "p-values are adjusted by Benjamini and Hochberg within a family of {}",
            first.family_size
        ),
        _ => format!("p-values are adjusted by Holm within a family of {}", first.family_size),
    };
    Some(format!(
        "A speed-up is the ratio of two {}, larger is better; its {} % interval is the percentile bootstrap with {} seeded replicates, {how}; {adjust}; intervals are of each comparison by itself. A difference is claimed only where the interval excludes 1 and the adjusted p-value is below {}; \"the same\" needs the whole interval within the margin of {} %.",
        objective.plural(),
        words::ratio(100.0 * findings.summary.conf()),
        first.resampling.replicates,
        words::ratio(1.0 - findings.summary.conf()),
        words::ratio(100.0 * all.margin)
    ))
}

/// Rule 1: what the base of the ratios is.
fn bases(findings: &Findings<'_>) -> Option<String> {
    let mut kinds: Vec<&str> = Vec::new();
    for row in &findings.comparisons.rows {
        let words = match row.baseline_kind.as_str() {
            "best_serial" => "the serial execution, by its author the best one",
            "same_code_1_worker" => "the same code on one worker",
            _ => "the cell that the file names",
        };
        if !kinds.contains(&words) {
            kinds.push(words);
        }
    }
    (!kinds.is_empty()).then(|| {
        format!(
            "The base of the ratios is {}; its absolute values stand in the tables.",
            kinds.join(", or ")
        )
    })
}

/// How many failures the comparisons put up with, if any.
fn failures_allowed(findings: &Findings<'_>) -> Option<String> {
    let rate = findings.evidence.experiment.compare.max_failure_rate.filter(|rate| *rate > 0.0)?;
    let comparisons = &findings.comparisons.rows;
    (!comparisons.is_empty()).then(|| {
        format!(
            "A cell is compared as long as at most {} % of its trials failed; those are counted and have no value.",
            words::ratio(100.0 * rate)
        )
    })
}

fn curves(findings: &Findings<'_>) -> Option<String> {
    let models = findings.series.iter().flat_map(|series| &series.models);
    let mut names: Vec<&str> = Vec::new();
    for model in models.filter(|model| model.is_selected) {
        let name = match model.curve {
            Curve::Law(..) => {
                "Amdahl's law or the universal scalability law, whichever has the lower corrected criterion of Akaike"
            }
            Curve::Gustafson(_) => "Gustafson's law",
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    (!names.is_empty()).then(|| {
        format!(
            "Curves over the workers are least-squares fits of {}; they describe and do not explain.",
            names.join("; ")
        )
    })
}

/// Rule 2: how much of the machine was used.
fn cores(findings: &Findings<'_>, manifest: &Manifest) -> Option<String> {
    let available = manifest.host.limits.available_cpus.known()?;
    let most = findings.evidence.matrix.cells().iter().map(|cell| cell.workers).max()?;
    let workers = if most == 1 { "One worker".to_owned() } else { format!("Up to {most} workers") };
    let cpus = if *available == 1 { "CPU" } else { "CPUs" };
    Some(format!("{workers} ran on a machine with {available} usable {cpus}."))
}

/// The sentences as a paragraph for a paper.
pub(super) fn paragraph(findings: &Findings<'_>, manifest: &Manifest, texts: &Texts) -> String {
    let host = &manifest.host;
    let known = |fact: &crate::host::Fact<String>| fact.known().cloned();
    let processor = known(&host.cpu.model).unwrap_or_else(|| "an unknown processor".to_owned());
    let system = known(&host.platform.os).unwrap_or_else(|| "an unknown system".to_owned());
    let kernel = known(&host.platform.kernel_release)
        .map_or_else(String::new, |release| format!(" (kernel {release})"));
    let cores = host.cpu.cores.known().map_or_else(String::new, |cores| format!(", {cores} cores"));
    let memory = host.memory.total_bytes.known().map_or_else(String::new, |bytes| {
        format!(", {} GB of memory", words::three_digits(*bytes as f64 / 1e9))
    });
    let mut sentences = vec![format!(
        "We measured with runner {} on {processor}{cores}{memory} under {system}{kernel} on {}.",
        manifest.runner.version,
        date(manifest)
    )];
    sentences.push(trials(findings, manifest));
    if has_workers(findings) {
        sentences.push(PARALLEL.to_owned());
    }
    sentences.push(location(findings));
    sentences.extend(ratios(findings));
    sentences.extend(bases(findings));
    sentences.push(format!(
        "The record of the run is {} (SHA-256 of its journal: {}).",
        manifest.run_id, texts.journal_sha256
    ));
    sentences.join(" ")
}

/// An entry of BibTeX for the run.
pub(super) fn bibtex(manifest: &Manifest, texts: &Texts) -> String {
    use super::super::latex::escape;
    let title = escape(&manifest.experiment.title);
    let date = date(manifest);
    let year = date.split('-').next().unwrap_or_default();
    format!(
        "@misc{{{id},\n  author       = {{FILL IN}},\n  title        = {{{title}}},\n  year         = {{{year}}},\n  howpublished = {{Record of a run of runner {version}}},\n  note         = {{Run {id}, {date}; SHA-256 of the journal {sha256}}}\n}}\n",
        id = manifest.run_id,
        version = manifest.runner.version,
        sha256 = texts.journal_sha256
    )
}
