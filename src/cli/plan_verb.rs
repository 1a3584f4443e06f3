//! `runner plan`: which of its views is printed, and what is known of the time.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use super::args::{PlanArgs, PlanFormat};
use super::{plan, to_stdout};
use crate::design::HookStep;
use crate::host::Programs;
use crate::plan::Trial;
use crate::process::{Command, SpawnPath};
use crate::report::journal::Durability;
use crate::report::screen::{Drawing, Style, words};
use crate::session::estimate::{self, Estimate};
use crate::session::power::{self, Power};
use crate::session::run::Options;
use crate::session::{Error, Loaded, Planned};
use crate::stats;
use crate::store::directory::latest_run;
use crate::trial::hook::{self, Around};
use crate::trial::{self, Setting};

/// Comparisons whose repeats are listed.
const SHOWN_NEEDS: usize = 12;

/// Prints what the arguments ask for.
pub(super) fn print(
    loaded: &Loaded,
    planned: &Planned,
    args: &PlanArgs,
) -> Result<io::Result<()>, Error> {
    if let Some(id) = &args.trial {
        let trial = find(planned, id)?;
        return Ok(to_stdout(|out| one(loaded, planned, &trial, out)));
    }
    let is_asked = args.pilot.is_some() || args.from.is_some() || args.effect.is_some();
    let time = if args.format == PlanFormat::Table || is_asked {
        outlook(loaded, planned, args)?
    } else {
        String::new()
    };
    if args.format != PlanFormat::Table && !time.is_empty() {
        super::complain(&format!("time {time}\n"));
    }
    Ok(to_stdout(|out| plan::plan(loaded, planned, (args.format, &time), out)))
}

/// What is known of the time, and of the repeats that comparisons need, for people.
fn outlook(loaded: &Loaded, planned: &Planned, args: &PlanArgs) -> Result<String, Error> {
    if let Some(trials) = args.pilot {
        let trials = trials.unwrap_or_else(|| estimate::pilot_trials(loaded));
        let asked = (trials, args.effect);
        let (estimate, power) = estimate::from_pilot(loaded, planned, asked, pilot_options())?;
        let of = if trials == 1 { "one trial".to_owned() } else { format!("{trials} trials") };
        let time = match &estimate {
            Estimate::About { total_ns, least_ns, .. } => {
                format!("about {} (from a pilot of {of} a cell)", range(*least_ns, *total_ns))
            }
            Estimate::Unknown { cells } => format!("unknown: the pilot failed in {cells} cells"),
        };
        return Ok(time + &repeats(loaded, &estimate, (power, true)));
    }
    let latest = || latest_run(&args.output, &loaded.experiment.name);
    let earlier = args.from.clone().or_else(latest);
    let power = earlier.and_then(|run| power::from_run(&run, args.effect).ok().flatten());
    let (time, estimate) = time(loaded, planned, args)?;
    Ok(time + &repeats(loaded, &estimate, (power, false)))
}

/// The repeats that each comparison needs, a line each, and what the most of them cost.
fn repeats(
    loaded: &Loaded,
    estimate: &Estimate,
    (power, is_pilot): (Option<Power>, bool),
) -> String {
    let Some(power) = power else { return String::new() };
    let percent = words::ratio(100.0 * power.effect);
    let whose = if is_pilot { "the pilot".to_owned() } else { format!("run {}", power.run_id) };
    let mut text =
        format!("\nrepeats that find a difference of {percent} % four times in five, by {whose}");
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    for (place, repeats) in power.needs.iter().take(SHOWN_NEEDS) {
        let repeats = repeats.map_or_else(
            || format!("more than {}", stats::power::MOST),
            |repeats| format!("about {repeats}"),
        );
        text.push_str(&format!("\n  {place}: {repeats}"));
    }
    if power.needs.len() > SHOWN_NEEDS {
        let more = power.needs.len() - SHOWN_NEEDS;
        text.push_str(&format!("\n  … {more} more comparison{}", plural(more)));
    }
    let blocks = u64::from(loaded.experiment.protocol.repeats + loaded.experiment.protocol.warmup);
    if let (Some(most), Estimate::About { total_ns, .. }) = (power.most(), estimate) {
        let all = most as u64 + u64::from(loaded.experiment.protocol.warmup);
        let time = words::duration((total_ns / blocks.max(1)).saturating_mul(all));
        text.push_str(&format!("\n  {most} repeats of every cell take about {time}"));
    }
    text
}

/// What is known of the time.
fn time(loaded: &Loaded, planned: &Planned, args: &PlanArgs) -> Result<(String, Estimate), Error> {
    let unknown = "unknown: no earlier run of these cells; --pilot measures some trials now";
    let estimate = match &args.from {
        Some(run) => estimate::from_run(loaded, planned, run)?,
        // An earlier run that cannot be read is no reason not to plan.
        None => match latest_run(&args.output, &loaded.experiment.name)
            .map(|run| estimate::from_run(loaded, planned, &run))
        {
            Some(Ok(estimate)) => estimate,
            Some(Err(_)) | None => {
                return Ok((unknown.to_owned(), Estimate::Unknown { cells: loaded.matrix.len() }));
            }
        },
    };
    let text = match &estimate {
        Estimate::About { total_ns, least_ns, run_id } => {
            format!("about {} (from run {run_id})", range(*least_ns, *total_ns))
        }
        Estimate::Unknown { cells } if *cells < loaded.matrix.len() => format!(
            "unknown: no earlier run of {cells} of {} cells; --pilot measures some trials now",
            loaded.matrix.len()
        ),
        Estimate::Unknown { .. } => unknown.to_owned(),
    };
    Ok((text, estimate))
}

/// One duration, or the least and the most.
fn range(least_ns: u64, most_ns: u64) -> String {
    let [least, most] = [least_ns, most_ns].map(words::duration);
    if least == most { most } else { format!("{least} to {most}") }
}

fn pilot_options() -> Options {
    Options {
        gate: None,
        revisions: Vec::new(),
        output: std::env::temp_dir().join(format!("runner-pilot-{}", std::process::id())),
        keep_output: false,
        display: None,
        arguments: Vec::new(),
        base_env: std::env::vars_os().collect(),
        spawn_path: SpawnPath::Clone,
        style: Style { width: 80, colour: false },
        drawing: Drawing::NONE,
        durability: Durability::End,
        by_ms: None,
    }
}

fn find(planned: &Planned, id: &str) -> Result<Trial, Error> {
    let count = planned.plan.len();
    let number = id.strip_prefix('t').unwrap_or(id).parse::<usize>().ok();
    number.filter(|number| (1..=count).contains(number)).map_or_else(
        || {
            let last = planned.plan.trial(count - 1).id();
            Err(Error::Estimate(format!(
                "there is no trial `{id}`; they go from t000001 to {last}"
            )))
        },
        |number| Ok(planned.plan.trial(number - 1)),
    )
}

/// What is started for one trial.
fn one(loaded: &Loaded, planned: &Planned, trial: &Trial, out: &mut dyn Write) -> io::Result<()> {
    let base_env: Vec<_> = std::env::vars_os().collect();
    let exe = std::env::current_exe()?;
    let setting = Setting {
        experiment: &loaded.experiment,
        matrix: &loaded.matrix,
        plan: &planned.plan,
        base_env: &base_env,
        exe: &exe,
        run_dir: Path::new("{run_dir}"),
    };
    let cell = loaded.matrix.cell(trial.cell);
    let workload = &loaded.experiment.workloads[cell.workload].name;
    let strategy = &loaded.experiment.strategies[cell.strategy].name;
    let block =
        trial.block().map_or_else(|| "warm-up".to_owned(), |block| format!("block {block}"));
    let (id, cell_id, workers) = (trial.id(), trial.cell.id(), cell.workers);
    writeln!(out, "{id}: {block}, cell {cell_id}, {workload} × {strategy}, workers {workers}")?;
    for (name, value) in loaded.matrix.levels(cell) {
        writeln!(out, "param     {name}={value}")?;
    }
    hooks(&setting, trial, HookStep::Setup, out)?;
    match trial::prepare(&setting, trial, 1, &mut Programs::default()) {
        Ok(prepared) => {
            for (lane, commands) in prepared.lanes.0.iter().enumerate() {
                for (at, command) in commands.iter().enumerate() {
                    if prepared.lanes.0.len() > 1 || commands.len() > 1 {
                        writeln!(out, "lane {}, command {}", lane + 1, at + 1)?;
                    }
                    show(command, &base_env, out)?;
                }
            }
        }
        Err(error) => {
            writeln!(out, "! {error}")?;
            for argv in
                trial::argument_vectors(&setting, trial).unwrap_or_default().iter().flatten()
            {
                writeln!(out, "argv      {}", json(argv.iter().map(String::as_str)))?;
            }
        }
    }
    hooks(&setting, trial, HookStep::Teardown, out)
}

fn hooks(
    setting: &Setting<'_>,
    trial: &Trial,
    step: HookStep,
    out: &mut dyn Write,
) -> io::Result<()> {
    let around = Around::Trial(*trial, 1);
    for index in 0.. {
        match hook::command(setting, around, step, index) {
            None => break,
            Some(Ok(command)) => {
                writeln!(out, "{:<9} {}", step.as_str(), words_of(&command))?;
            }
            Some(Err(error)) => writeln!(out, "{:<9} ! {error}", step.as_str())?,
        }
    }
    Ok(())
}

fn show(
    command: &Command,
    base_env: &[(OsString, OsString)],
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "program   {}", command.program.display())?;
    writeln!(out, "argv      {}", words_of(command))?;
    writeln!(out, "cwd       {}", command.cwd.display())?;
    match &command.stdin {
        Some(path) => writeln!(out, "stdin     {}", path.display())?,
        None => writeln!(out, "stdin     empty")?,
    }
    for (name, value) in &command.env {
        if name == "RUNNER_PAD" {
            writeln!(out, "set       RUNNER_PAD={} bytes of padding", value.len())?;
        } else if !base_env.iter().any(|(other, old)| other == name && old == value) {
            writeln!(out, "set       {}={}", name.display(), value.display())?;
        }
    }
    for (name, _) in base_env {
        if !command.env.iter().any(|(other, _)| other == name) {
            writeln!(out, "unset     {}", name.display())?;
        }
    }
    Ok(())
}

fn words_of(command: &Command) -> String {
    let words: Vec<_> = command.argv.iter().map(|word| word.to_string_lossy()).collect();
    json(words.iter().map(AsRef::as_ref))
}

/// A list of words that can be pasted into an experiment file.
fn json<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.map(|word| serde_json::Value::from(word).to_string()).collect();
    format!("[{}]", words.join(", "))
}
