//! `runner plan`: every trial in order, starting nothing.

use std::io::{self, Write};

use serde_json::json;

use super::args::PlanFormat;
use crate::design::{Adaptive, Override, SkippedCell};
use crate::plan::Trial;
use crate::report::csv::TrialTable;
use crate::report::screen::words;
use crate::session::{Loaded, Planned, plan_file};
use crate::store::manifest::AdaptiveFacts;
use crate::trial::{self, Setting};

/// Prints the plan. `time` is what is known of its duration, for people.
pub fn plan(
    loaded: &Loaded,
    planned: &Planned,
    (format, time): (PlanFormat, &str),
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        PlanFormat::Table => table(loaded, planned, time, out),
        PlanFormat::Csv => csv(loaded, planned, out),
        PlanFormat::Json => json(loaded, planned, out),
    }
}

/// `6 cells × (1 warm-up + 10) = 66 trials`, or the plain numbers where cells differ.
#[must_use]
pub fn size(loaded: &Loaded, planned: &Planned) -> String {
    let cells = loaded.matrix.len();
    let trials = planned.plan.len();
    let protocols = loaded.matrix.protocols();
    let mut protocols = protocols.iter().map(|(entry, _)| &entry.protocol);
    let first = protocols.next().expect("a matrix has a cell");
    let plural = if cells == 1 { "" } else { "s" };
    if protocols.all(|other| (other.repeats, other.warmup) == (first.repeats, first.warmup)) {
        let (warmup, repeats) = (first.warmup, first.repeats);
        if let Some(adaptive) = &loaded.experiment.protocol.adaptive {
            let least = trials - cells * (adaptive.max - adaptive.min) as usize;
            return format!(
                "{cells} cell{plural} × ({warmup} warm-up + {} to {repeats} repeats) = {least} to {trials} trials",
                adaptive.min
            );
        }
        format!("{cells} cell{plural} × ({warmup} warm-up + {repeats}) = {trials} trials")
    } else {
        let warmup = planned.plan.warmup_len();
        format!("{cells} cell{plural}, {trials} trials, {warmup} of them warm-up")
    }
}

fn seed(planned: &Planned) -> String {
    let drawn = if planned.seed_drawn {
        " (drawn now; write `seed = …` into the file to keep it)"
    } else {
        ""
    };
    format!("seed {}{drawn}", planned.plan.seed())
}

/// What is laid over the file, as parts of the head line; empty when nothing is.
#[must_use]
pub fn layers(loaded: &Loaded) -> String {
    let mut text = String::new();
    if let Some(profile) = &loaded.profile {
        let why = if profile.by_host { " (by the name of this host)" } else { "" };
        text.push_str(&format!(" · profile {}{why}", profile.name));
    }
    for assignment in &loaded.request.set {
        // An argument may hold anything; the head is one line.
        text.push_str(&format!(" · set {}", assignment.escape_debug()));
    }
    if let Some(filtered) = loaded.filtered() {
        text.push_str(&format!(" · {filtered}"));
    }
    text
}

fn table(loaded: &Loaded, planned: &Planned, time: &str, out: &mut dyn Write) -> io::Result<()> {
    let experiment = &loaded.experiment;
    writeln!(out, "{}", experiment.title)?;
    writeln!(out, "{} · {}{}", size(loaded, planned), seed(planned), layers(loaded))?;
    writeln!(out, "plan {}", planned.plan.fingerprint())?;
    writeln!(out, "time {time}")?;
    if let Some(adaptive) = &experiment.protocol.adaptive {
        writeln!(out, "{}", until(adaptive))?;
    }
    for pair in loaded.matrix.skipped() {
        writeln!(out, "skipped: {} × {}: {}", pair.workload, pair.strategy, pair.reason)?;
    }
    out.write_all(left_out(loaded).as_bytes())?;
    out.write_all(overrides(loaded).as_bytes())?;
    writeln!(out)?;
    let columns = Columns::new(loaded);
    writeln!(
        out,
        "{}",
        columns.line(&["trial", "block", "cell", "workload", "strategy"], "workers  parameters")
    )?;
    for trial in planned.plan.trials() {
        let cell = loaded.matrix.cell(trial.cell);
        let block = trial.block().map_or_else(|| "warm-up".to_owned(), |block| block.to_string());
        let params: Vec<String> =
            loaded.matrix.levels(cell).map(|(name, level)| format!("{name}={level}")).collect();
        let rest = format!("{:<7}  {}", cell.workers, params.join(" "));
        let strategy = &experiment.strategies[cell.strategy].name;
        let workload = &experiment.workloads[cell.workload].name;
        let fields = [&trial.id(), &block, &trial.cell.id(), workload.as_str(), strategy.as_str()];
        writeln!(out, "{}", columns.line(&fields, &rest).trim_end())?;
    }
    Ok(())
}

/// When repeats that are chosen as the run goes come to an end.
fn until(adaptive: &Adaptive) -> String {
    let target = words::ratio(100.0 * adaptive.target);
    let over = adaptive.budget.map_or_else(String::new, |time| {
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        format!(", or {} are over", words::duration(ns))
    });
    format!("repeats end when every median is known to ±{target} % in two blocks running{over}")
}

/// What each `[[override]]` means here: its cells, and the keys that it lays over them.
#[must_use]
pub fn overrides(loaded: &Loaded) -> String {
    let mut text = String::new();
    for (at, (one, cells)) in override_cells(loaded).enumerate() {
        let plural = if cells == 1 { "" } else { "s" };
        let keys: Vec<&str> = one.protocol.keys().collect();
        text.push_str(&format!(
            "override {} ({}): {} in {cells} cell{plural}\n",
            at + 1,
            one.cells.written(),
            keys.join(", ")
        ));
    }
    text
}

/// Each override with the number of cells that it means.
fn override_cells(loaded: &Loaded) -> impl Iterator<Item = (&Override, usize)> {
    let protocols = loaded.matrix.protocols();
    loaded.experiment.overrides.iter().enumerate().map(move |(at, one)| {
        let has = protocols.iter().filter(|(entry, _)| entry.overrides.contains(&at));
        (one, has.map(|(_, cells)| cells.len()).sum())
    })
}

fn overrides_json(loaded: &Loaded) -> Vec<serde_json::Value> {
    let all = override_cells(loaded).map(|(one, cells)| {
        let keys: Vec<&str> = one.protocol.keys().collect();
        json!({ "where": one.cells.written(), "keys": keys, "cells": cells })
    });
    all.collect()
}

/// Combinations that are shown for each reason.
const SHOWN_SKIPPED: usize = 3;

/// What rules and conditions leave out: how many for each reason, and the first of them.
#[must_use]
pub fn left_out(loaded: &Loaded) -> String {
    let mut text = String::new();
    for (reason, count) in loaded.matrix.skipped_counts() {
        let plural = if count == 1 { "" } else { "s" };
        text.push_str(&format!("skipped: {count} combination{plural}: {reason}\n"));
        let same = loaded.matrix.skipped_cells().filter(|(_, other)| *other == reason);
        for (cell, _) in same.take(SHOWN_SKIPPED) {
            text.push_str(&format!("  {}\n", skipped_words(loaded, cell)));
        }
        if count > SHOWN_SKIPPED {
            text.push_str("  …\n");
        }
    }
    text
}

fn skipped_words(loaded: &Loaded, cell: &SkippedCell) -> String {
    let levels = loaded.matrix.skipped_levels(cell).map(|(name, level)| format!(" {name}={level}"));
    let levels: String = levels.collect();
    let workload = &loaded.experiment.workloads[cell.workload].name;
    let strategy = &loaded.experiment.strategies[cell.strategy].name;
    format!("{workload}{levels} {strategy} ×{}", cell.workers)
}

fn skipped_json(loaded: &Loaded) -> Vec<serde_json::Value> {
    let cells = loaded.matrix.skipped_cells().map(|(cell, reason)| {
        let params: serde_json::Map<String, serde_json::Value> = loaded
            .matrix
            .skipped_levels(cell)
            .map(|(name, level)| (name.to_string(), level.value().to_string().into()))
            .collect();
        json!({
            "workload": loaded.experiment.workloads[cell.workload].name.as_str(),
            "strategy": loaded.experiment.strategies[cell.strategy].name.as_str(),
            "workers": cell.workers, "params": params, "reason": reason,
        })
    });
    cells.collect()
}

/// Column widths, in terminal columns.
struct Columns([usize; 5]);

impl Columns {
    fn new(loaded: &Loaded) -> Self {
        use unicode_width::UnicodeWidthStr;
        let widest = |names: &mut dyn Iterator<Item = &str>, least: usize| {
            names.map(UnicodeWidthStr::width).max().unwrap_or(0).max(least)
        };
        let experiment = &loaded.experiment;
        let workloads = widest(&mut experiment.workloads.iter().map(|w| w.name.as_str()), 8);
        let strategies = widest(&mut experiment.strategies.iter().map(|s| s.name.as_str()), 8);
        Self([7, 7, 4, workloads, strategies])
    }

    fn line(&self, fields: &[&str; 5], rest: &str) -> String {
        use unicode_width::UnicodeWidthStr;
        let mut line = String::new();
        for (field, &width) in fields.iter().zip(&self.0) {
            line.push_str(field);
            let pad = width.saturating_sub(field.width()) + 2;
            line.extend(std::iter::repeat_n(' ', pad));
        }
        line.push_str(rest);
        line
    }
}

fn csv(loaded: &Loaded, planned: &Planned, out: &mut dyn Write) -> io::Result<()> {
    // There is no run yet: its column is there and empty.
    let mut table = TrialTable::new(&loaded.experiment, &loaded.matrix, &planned.plan, "");
    writeln!(out, "{}", table.plan_columns().join(","))?;
    let mut buffer = Vec::new();
    for trial in planned.plan.trials() {
        table.plan_row(&trial, &mut buffer);
        if buffer.len() > 1 << 16 {
            out.write_all(&buffer)?;
            buffer.clear();
        }
    }
    out.write_all(&buffer)
}

fn json(loaded: &Loaded, planned: &Planned, out: &mut dyn Write) -> io::Result<()> {
    let base_env: Vec<_> = std::env::vars_os().collect();
    let exe = std::env::current_exe()?;
    let run_dir = std::path::Path::new("{run_dir}");
    let setting = Setting {
        experiment: &loaded.experiment,
        matrix: &loaded.matrix,
        plan: &planned.plan,
        base_env: &base_env,
        exe: &exe,
        run_dir,
    };
    let skipped: Vec<_> = loaded
        .matrix
        .skipped()
        .iter()
        .map(|pair| json!({ "workload": pair.workload, "strategy": pair.strategy, "reason": pair.reason }))
        .collect();
    let head = json!({
        "schema_version": plan_file::VERSION, "title": loaded.experiment.title,
        "experiment": std::path::absolute(&loaded.path)?, "experiment_sha256": loaded.sha256(),
        "seed": planned.plan.seed(),
        "seed_drawn": planned.seed_drawn, "fingerprint": planned.plan.fingerprint(),
        "adaptive": loaded.experiment.protocol.adaptive.as_ref().map(AdaptiveFacts::from),
        "cells": loaded.matrix.len(), "n_trials": planned.plan.len(),
        "n_warmup": planned.plan.warmup_len(), "skipped": skipped,
        "skipped_combinations": skipped_json(loaded), "overrides": overrides_json(loaded),
        "extends": extends(loaded), "set": loaded.request.set,
        "profile": loaded.profile.as_ref().map(|profile| &profile.name),
        "only": loaded.request.only, "reason": loaded.request.reason,
        "n_cells_unfiltered": loaded.all_cells,
    });
    // The trials are streamed: a plan of a million must not be held in memory twice.
    let head = head.to_string();
    write!(out, "{},\"trials\":[", head.trim_end_matches('}'))?;
    for trial in planned.plan.trials() {
        let comma = if trial.order == 0 { "\n" } else { ",\n" };
        write!(out, "{comma}{}", trial_json(&setting, &trial))?;
    }
    writeln!(out, "\n]}}")
}

/// The files under the experiment file, the nearest first.
fn extends(loaded: &Loaded) -> Vec<serde_json::Value> {
    let digests = loaded.bases_sha256();
    let bases = loaded.bases.iter().zip(digests);
    bases.map(|(base, sha256)| json!({ "path": base.full_path, "sha256": sha256 })).collect()
}

fn trial_json(setting: &Setting<'_>, trial: &Trial) -> serde_json::Value {
    let cell = setting.matrix.cell(trial.cell);
    let workload = &setting.experiment.workloads[cell.workload];
    let params: serde_json::Map<String, serde_json::Value> = setting
        .matrix
        .levels(cell)
        .map(|(name, level)| (name.to_string(), level.value().to_string().into()))
        .collect();
    let commands: serde_json::Value = match trial::argument_vectors(setting, trial) {
        Ok(lanes) => lanes.into(),
        Err(reason) => json!({ "error": reason }),
    };
    json!({
        "trial_id": trial.id(), "cell_id": trial.cell.id(), "cell_key": cell.key.to_string(),
        "workload": workload.name.as_str(),
        "strategy": setting.experiment.strategies[cell.strategy].name.as_str(),
        "workers": cell.workers, "tasks": cell.tasks, "params": params,
        "phase": trial.phase.as_str(), "block": trial.block(), "repeat": trial.repeat,
        "order_in_block": trial.position, "order_in_run": trial.order,
        "trial_seed": format!("0x{:016x}", setting.plan.workload_seed(trial, workload.name.as_str())),
        "commands": commands,
    })
}
