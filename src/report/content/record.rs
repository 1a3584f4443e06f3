//! What was run, how, where, and how to run it again.

use super::{Entry, Protocol, Texts, entry};
use crate::analysis::{Findings, UnusedReason};
use crate::host::Fact;
use crate::report::csv::encode::grouped;
use crate::report::screen::words;
use crate::store::manifest::ProtocolFacts;
use crate::store::{Manifest, notes as template};

/// Levels of one axis that are listed.
const MOST_LEVELS: usize = 40;

/// The day on which the run began.
pub(in crate::report) fn date(manifest: &Manifest) -> &str {
    manifest.started_at.split('T').next().unwrap_or_default()
}

/// What became of the trials; whether nothing went wrong.
pub(in crate::report) fn status(findings: &Findings<'_>, manifest: &Manifest) -> (String, bool) {
    let planned = findings.evidence.plan.len();
    let rows = findings.standings.rows().iter().filter(|standing| standing.last_attempt);
    let (mut used, mut warmup) = (0, 0);
    for standing in rows {
        used += usize::from(standing.used());
        warmup += usize::from(standing.unused == Some(UnusedReason::Warmup));
    }
    let were = if warmup == 1 { "was" } else { "were" };
    let mut text = format!("{planned} trials planned: {used} count, {warmup} {were} warm-up");
    let Some(counts) = manifest.counts.known() else {
        text.push_str("; the run has not ended");
        return (text, false);
    };
    let lost = [
        (counts.failed, "failed"),
        (counts.interrupted, "interrupted"),
        (counts.missing, "never started"),
        (counts.skipped, "skipped"),
        (counts.spared, "not needed"),
        (counts.retried, words::repeated(counts.retried)),
    ];
    for (count, word) in lost.iter().filter(|(count, _)| *count > 0) {
        text.push_str(&format!(", {count} {word}"));
    }
    let agree = findings.standings.disagreements().is_empty();
    if !agree {
        text.push_str("; answers differ");
    } else if findings.standings.compared() > 0 {
        text.push_str("; all answers agree");
    }
    let clean = counts.failed + counts.interrupted + counts.missing == 0;
    (text, clean && agree)
}

/// The author's notes, unless they are as they began.
pub(super) fn notes(manifest: &Manifest, texts: &Texts) -> String {
    let question = manifest.experiment.question.known().map(String::as_str);
    let begun = template::template(&manifest.experiment.title, question);
    if texts.notes.trim() == begun.trim() {
        return String::new();
    }
    // Title and question stand above already.
    let heading = begun.lines().next().unwrap_or_default();
    let notes = texts.notes.trim_start();
    let notes = notes.strip_prefix(heading).unwrap_or(notes).trim_start();
    let asked = question.map(|question| question.split_whitespace().collect::<Vec<_>>().join(" "));
    asked.and_then(|asked| notes.strip_prefix(&asked)).unwrap_or(notes).trim().to_owned()
}

/// Every axis with its levels.
pub(super) fn matrix(findings: &Findings<'_>) -> Vec<Entry> {
    let experiment = findings.evidence.experiment;
    let matrix = findings.evidence.matrix;
    let mut list = Vec::new();
    let workloads: Vec<&str> = experiment.workloads.iter().map(|one| one.name.as_str()).collect();
    list.push(entry("workload", workloads.join(", ")));
    let strategies = experiment.strategies.iter().map(|one| {
        let workers: Vec<String> = one.workers.iter().map(ToString::to_string).collect();
        match one.workers[..] {
            [1] => format!("{} ({})", one.name, one.kind.as_str()),
            _ => format!("{} ({}, workers {})", one.name, one.kind.as_str(), workers.join(", ")),
        }
    });
    list.push(entry("strategy", strategies.collect::<Vec<_>>().join(", ")));
    for name in matrix.param_names() {
        let mut levels: Vec<String> = Vec::new();
        for level in matrix.all_levels().filter(|(other, _)| *other == name).map(|(_, level)| level)
        {
            let text = grouped(&level.to_string());
            if !levels.contains(&text) && levels.len() <= MOST_LEVELS {
                levels.push(text);
            }
        }
        if levels.len() > MOST_LEVELS {
            levels[MOST_LEVELS] = "…".to_owned();
        }
        list.push(entry(name.as_str(), levels.join(", ")));
    }
    list.push(entry("cells", matrix.len().to_string()));
    list
}

/// The protocol of each set of cells that share one.
pub(super) fn protocols(manifest: &Manifest) -> Vec<Protocol> {
    manifest.protocols.iter().map(protocol).collect()
}

fn protocol(facts: &ProtocolFacts) -> Protocol {
    let limits: Vec<String> =
        facts.limits.iter().map(|(name, limit)| format!("{name} {limit}")).collect();
    let repeats = facts.adaptive.as_ref().map_or_else(
        || facts.repeats.to_string(),
        |adaptive| {
            let target = words::ratio(100.0 * adaptive.target);
            format!("{} to {}, until ± {target} % is reached", adaptive.min, adaptive.max)
        },
    );
    let mut entries = vec![
        entry("repeats", repeats),
        entry("warm-up", facts.warmup.to_string()),
        entry("order", facts.order.clone()),
        entry("isolation", facts.isolation.clone()),
        entry("timeout", words::duration(facts.timeout_ms.saturating_mul(1_000_000))),
        entry("on failure", facts.on_failure.clone()),
        entry("retries", facts.retries.to_string()),
        entry("jobs", facts.jobs.to_string()),
        entry("iterations", facts.iterations.to_string()),
        entry("environment", facts.environment.clone()),
        entry("random padding", if facts.env_pad { "yes" } else { "no" }),
        entry("cpus", facts.cpus.clone()),
        entry("nice", facts.nice.clone()),
    ];
    if !limits.is_empty() {
        entries.push(entry("limits", limits.join(", ")));
    }
    if !facts.sandbox.is_empty() {
        entries.push(entry("kept from", facts.sandbox.join(", ")));
    }
    let of = format!("{} · {}", facts.workload, facts.strategies.join(", "));
    Protocol { of, entries }
}

/// Seed and digests.
pub(super) fn plan(manifest: &Manifest, texts: &Texts) -> Vec<Entry> {
    let seed = match manifest.plan.seed_drawn {
        true => format!("{} (drawn)", manifest.plan.seed),
        false => manifest.plan.seed.clone(),
    };
    let revision = &manifest.experiment.revision;
    let dirty = match revision.dirty.known() {
        Some(true) => ", with changes that are not committed",
        _ => "",
    };
    vec![
        entry("run", manifest.run_id.clone()),
        entry("seed", seed),
        entry(
            "trials",
            format!("{}, of them {} warm-up", manifest.plan.trials, manifest.plan.warmup_trials),
        ),
        entry("plan, SHA-256", manifest.plan.fingerprint.clone()),
        entry("experiment file", manifest.experiment.path.clone()),
        entry("its SHA-256", manifest.experiment.sha256.trim_start_matches("sha256:")),
        entry("journal, SHA-256", texts.journal_sha256.clone()),
        entry(
            "revision of the experiment",
            format!("{}{dirty}", shown(&revision.commit, Clone::clone)),
        ),
        entry("started", manifest.started_at.clone()),
        entry("finished", shown(&manifest.finished_at, Clone::clone)),
        entry("ended because", shown(&manifest.exit_reason, Clone::clone)),
    ]
}

/// A fact, or why it is not known.
fn shown<T>(fact: &Fact<T>, show: impl Fn(&T) -> String) -> String {
    match fact {
        Fact::Known(value) => show(value),
        Fact::Unknown(reason) => format!("not known: {reason}"),
    }
}

fn bytes(bytes: &u64) -> String {
    const STEPS: [(f64, &str); 4] = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")];
    let value = *bytes as f64;
    let (size, unit) = STEPS.iter().find(|(size, _)| value >= *size).unwrap_or(&STEPS[3]);
    format!("{} {unit}", words::three_digits(value / size))
}

/// The machine at the start.
pub(in crate::report) fn machine(manifest: &Manifest) -> Vec<Entry> {
    let host = &manifest.host;
    let yes = |value: &bool| if *value { "yes" } else { "no" }.to_owned();
    let number = |value: &u64| value.to_string();
    let frequency = |hz: &u64| format!("{} GHz", words::three_digits(*hz as f64 / 1e9));
    let caches = |caches: &Vec<crate::host::cpu::Cache>| {
        let one = |cache: &crate::host::cpu::Cache| {
            format!("L{} {} {}", cache.level, cache.kind, bytes(&cache.bytes))
        };
        caches.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let load = |load: &[f64; 3]| load.map(|one| format!("{one:.2}")).join(", ");
    vec![
        entry("processor", shown(&host.cpu.model, Clone::clone)),
        entry("sockets", shown(&host.cpu.sockets, number)),
        entry("cores", shown(&host.cpu.cores, number)),
        entry("threads", shown(&host.cpu.threads, number)),
        entry("CPUs that could be used", shown(&host.limits.available_cpus, number)),
        entry("several threads a core", shown(&host.cpu.smt, yes)),
        entry("caches", shown(&host.cpu.caches, caches)),
        entry("microcode", shown(&host.cpu.microcode, Clone::clone)),
        entry("governor", shown(&host.cpu.governor, Clone::clone)),
        entry("boost", shown(&host.cpu.boost, yes)),
        entry("highest frequency", shown(&host.cpu.max_hz, frequency)),
        entry("NUMA nodes", shown(&host.cpu.numa_nodes, number)),
        entry("memory", shown(&host.memory.total_bytes, bytes)),
        entry("swap", shown(&host.memory.swap_bytes, bytes)),
        entry("address-space randomisation", shown(&host.memory.aslr, number)),
        entry("operating system", shown(&host.platform.os, Clone::clone)),
        entry("kernel", shown(&host.platform.kernel_release, Clone::clone)),
        entry("architecture", shown(&host.platform.architecture, Clone::clone)),
        entry("virtual machine", shown(&host.platform.hypervisor, yes)),
        entry("container", shown(&host.platform.container, Clone::clone)),
        entry("limit of CPU time", shown(&host.limits.cpu_quota, |quota| format!("{quota} CPUs"))),
        entry("limit of memory", shown(&host.limits.memory_bytes, bytes)),
        entry("load before the run", shown(&host.platform.load_average, load)),
        entry("clock", shown(&host.platform.clocksource, Clone::clone)),
        entry("file system of the results", shown(&host.results_filesystem, Clone::clone)),
    ]
}

/// The runner, programs, scripts and kernels.
pub(in crate::report) fn programs(manifest: &Manifest) -> Vec<Entry> {
    let runner = &manifest.runner;
    let mut list = vec![entry(
        "runner",
        format!(
            "{}, revision {}, {}",
            runner.version,
            shown(&runner.revision, Clone::clone),
            shown(&runner.rustc, Clone::clone)
        ),
    )];
    for program in &manifest.programs {
        let version = program.version.known().map_or_else(String::new, |text| format!(", {text}"));
        let text = format!("{}{version}", shown(&program.real_path, Clone::clone));
        list.push(entry(&program.name, text));
    }
    for script in &manifest.scripts {
        let sha256 = shown(&script.sha256, Clone::clone);
        list.push(entry(&script.path, format!("SHA-256 {}", sha256.trim_start_matches("sha256:"))));
    }
    for kernel in &manifest.kernels {
        list.push(entry(&kernel.name, format!("built-in kernel, version {}", kernel.version)));
    }
    list
}

/// Commands that run it again, and what each is for.
pub(super) fn commands(manifest: &Manifest) -> Vec<Entry> {
    let invocation = &manifest.invocation;
    let mut list = Vec::new();
    if let Some(folder) = invocation.working_directory.known() {
        list.push(entry("where it was started", format!("cd {}", shell_words::quote(folder))));
    }
    list.push(entry("as it was started", shell_words::join(&invocation.arguments)));
    let mut again = vec!["runner".to_owned(), manifest.experiment.path.clone()];
    again.extend(["--seed".to_owned(), manifest.plan.seed.clone()]);
    again.extend(invocation.set.iter().flat_map(|one| ["--set".to_owned(), one.clone()]));
    again.extend(invocation.only.iter().flat_map(|one| ["--only".to_owned(), one.clone()]));
    again.extend(
        invocation
            .only_reason
            .known()
            .into_iter()
            .flat_map(|why| ["--reason".to_owned(), why.clone()]),
    );
    if let Some(profile) = manifest.experiment.profile.known() {
        again.extend(["--profile".to_owned(), profile.name.clone()]);
    }
    list.push(entry("the same plan, run anew", shell_words::join(&again)));
    let of_run = |verb: &str| format!("runner {verb} {}", manifest.run_id);
    list.push(entry("whether these files follow from the record", of_run("verify")));
    list.push(entry("this report, made anew", of_run("report")));
    list
}
