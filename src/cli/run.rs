//! `runner run`: one run, shown.

use std::io;
use std::path::Path;

use indicatif::ProgressDrawTarget;

use super::args::{Durability, HowArgs, KeepArgs, ProgressMode, RunArgs, SpawnMethod};
use super::term::Term;
use super::{complain, plan, report, resume, to_stdout};
use crate::process::SpawnPath;
use crate::report::journal;
use crate::report::progress::Display;
use crate::report::screen::{self, Drawing};
use crate::session::finish::Finished;
use crate::session::run::Options;
use crate::session::{self, Error, Loaded, Planned};

/// Runs an experiment; the exit code.
pub(super) fn run(args: &RunArgs, term: Term) -> u8 {
    if let (true, Some(file)) = (args.resume, &args.file) {
        return resume::resume_file(file, &args.how.keep, term);
    }
    if let (Some(run), Some(file)) = (&args.extend, &args.file) {
        return resume::extend(run, file, args, term);
    }
    let done =
        prepare(args).and_then(|(loaded, planned)| carry_out((&loaded, &planned), &args.how, term));
    done.unwrap_or_else(|error| report(&error, term))
}

/// Runs a plan and shows it; the exit code.
pub(super) fn carry_out(
    (loaded, planned): (&Loaded, &Planned),
    args: &HowArgs,
    term: Term,
) -> Result<u8, Error> {
    complain(&loaded.cautions.render(term.stderr_colour));
    if let Some(run) = session::resume::left_behind(&args.keep.output, loaded) {
        let command = session::resume::command(&run);
        let run = run.display();
        complain(&format!(
            "note: {run} is not finished; this is a new run, {command} ends that one\n"
        ));
    }
    let mode = resolve(args.keep.progress, term);
    if mode != ProgressMode::None {
        complain(&head(loaded, planned, term));
    }
    let spawn_path = match args.spawn {
        SpawnMethod::Clone => SpawnPath::Clone,
        SpawnMethod::Std => SpawnPath::Std,
    };
    let mut options = options(&args.keep, spawn_path, term);
    options.gate = args.gate.clone();
    let finished = session::run::run(loaded, planned, options)?;
    show(&finished, term)
}

/// What the command line decides about a session.
pub(super) fn options(args: &KeepArgs, spawn_path: SpawnPath, term: Term) -> Options {
    let mode = resolve(args.progress, term);
    Options {
        output: args.output.clone(),
        keep_output: args.keep_output,
        spawn_path,
        display: display(mode, term),
        arguments: std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect(),
        base_env: std::env::vars_os().collect(),
        style: term.style(),
        drawing: Drawing { plots: term.plots, lines: term.lines },
        durability: match args.durability {
            Durability::Trial => journal::Durability::Trial,
            Durability::Second => journal::Durability::Second,
            Durability::End => journal::Durability::End,
        },
        by_ms: args.by,
        gate: None,
        revisions: Vec::new(),
    }
}

/// Prints the result screen and what could not be done; the exit code.
pub(super) fn show(finished: &Finished, term: Term) -> Result<u8, Error> {
    let shown = to_stdout(|out| out.write_all(finished.screen.as_bytes())).map_err(Error::Output);
    for complaint in &finished.complaints {
        complain(&format!("error: {complaint}\n"));
    }
    match shown {
        Err(error) if finished.exit_code == 0 => Err(error),
        Err(error) => {
            report(&error, term);
            Ok(finished.exit_code)
        }
        Ok(()) => Ok(finished.exit_code),
    }
}

/// The experiment and its plan: planned now, or as it was written.
fn prepare(args: &RunArgs) -> Result<(Loaded, Planned), Error> {
    if let Some(plan) = &args.plan {
        return session::plan_file::open(plan, args.how.max_trials);
    }
    let file = args.file.as_deref().expect("clap demands a file or a plan");
    let loaded =
        session::load(file, &args.layers.request()).map_err(|error| suggest_verb(error, file))?;
    let planned = loaded.plan(args.how.seed, args.how.max_trials)?;
    Ok((loaded, planned))
}

/// A verb that does not exist was taken for a file: say so.
fn suggest_verb(error: Error, file: &Path) -> Error {
    let verbs = [
        "run",
        "check",
        "plan",
        "resume",
        "new",
        "quick",
        "list",
        "history",
        "export",
        "pack",
        "logs",
        "exec",
        "compare",
        "rerun",
        "gate",
        "verify",
        "doctor",
        "schema",
        "completions",
        "man",
    ];
    match error {
        Error::File { path, reason } => {
            let text = file.to_string_lossy();
            let near = verbs.into_iter().find(|verb| strsim::damerau_levenshtein(verb, &text) <= 2);
            let reason = match near {
                Some(verb) => format!("{reason}, nor a verb of that name; did you mean `{verb}`?"),
                None => reason,
            };
            Error::File { path, reason }
        }
        other => other,
    }
}

pub(super) fn resolve(mode: ProgressMode, term: Term) -> ProgressMode {
    match mode {
        ProgressMode::Auto if term.stderr_is_terminal => ProgressMode::Bar,
        ProgressMode::Auto => ProgressMode::Plain,
        other => other,
    }
}

fn display(mode: ProgressMode, term: Term) -> Option<Display> {
    match mode {
        ProgressMode::Auto | ProgressMode::None => None,
        ProgressMode::Bar => {
            let target = ProgressDrawTarget::stderr();
            Some(Display::Bar { target, width: term.width })
        }
        ProgressMode::Plain => Some(Display::Plain(Box::new(io::stderr()))),
        ProgressMode::Json => Some(Display::Json(Box::new(io::stderr()))),
    }
}

/// Title, file and size, before the first trial.
pub(super) fn head(loaded: &Loaded, planned: &Planned, term: Term) -> String {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let plural = if cpus == 1 { "" } else { "s" };
    let drawn = if planned.seed_drawn { " (drawn)" } else { "" };
    let mut text = format!(
        "{}  {}\n{} · {cpus} CPU{plural} · seed {}{drawn}{}\n",
        loaded.experiment.title,
        loaded.path.display(),
        plan::size(loaded, planned),
        planned.plan.seed(),
        plan::layers(loaded),
    );
    for pair in loaded.matrix.skipped() {
        text.push_str(&format!(
            "skipped: {} × {}: {}\n",
            pair.workload, pair.strategy, pair.reason
        ));
    }
    text.push_str(&plan::left_out(loaded));
    text.push_str(&plan::overrides(loaded));
    if let Some(noise) = session::doctor::noise_line() {
        let line = format!("{noise}: `runner doctor` says what that does");
        text.push_str(&screen::paragraph(term.width, "!", &line));
    }
    text.push('\n');
    text
}
