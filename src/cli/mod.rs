//! The command line: arguments, verbs, what is printed where, exit codes.
//!
//! The only room that prints and that decides the process's exit. Standard output carries the
//! product of a command, standard error progress and complaints. A closed standard output is not
//! an error.

mod again;
pub mod args;
mod compare;
mod doctor;
mod explain;
mod gate;
pub mod list;
mod new;
pub mod plan;
mod plan_verb;
mod quick;
mod records;
mod report_verb;
mod rerun;
mod resume;
pub mod run;
pub mod term;
mod verify;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Args, LayerArgs, ListFormat, Listed, SchemaOf, Verb};
use term::Term;

use crate::design::Experiment;
use crate::session::{self, Error, Loaded};
use crate::store::manifest;
use crate::{spec, strategy};

/// Exit code for a bug.
const EXIT_BUG: u8 = 1;

/// Runs the program that the arguments ask for.
#[must_use]
pub fn main() -> ExitCode {
    match std::panic::catch_unwind(|| {
        let args = Args::parse_from(args::with_verb(std::env::args_os()));
        dispatch(&args)
    }) {
        Ok(code) => ExitCode::from(code),
        // The panic hook has printed the message; only the code differs from the default.
        Err(_) => ExitCode::from(EXIT_BUG),
    }
}

fn dispatch(args: &Args) -> u8 {
    let term = Term::look(args.color);
    let printed = match &args.verb {
        Verb::Run(run) => return run::run(run, term),
        Verb::Check(check) => {
            return with_loaded((&check.file, &check.layers), term, |loaded| {
                if check.resolved {
                    let text = loaded.resolved(None);
                    return Ok(to_stdout(|out| out.write_all(text.as_bytes())));
                }
                check_summary(loaded)
            });
        }
        Verb::Plan(options) => {
            return with_loaded((&options.file, &options.layers), term, |loaded| {
                let planned = loaded.plan(options.seed, options.max_trials)?;
                plan_verb::print(loaded, &planned, options)
            });
        }
        Verb::Resume(options) => return resume::resume(options, term),
        Verb::New(options) => return new::new(options, term),
        Verb::Quick(options) => return quick::quick(options, term),
        Verb::List(options) if options.what == Some(Listed::Runs) => {
            return records::list(options, term);
        }
        Verb::List(options) if options.format == ListFormat::Csv => {
            complain("error: only `list runs` has --format csv\n");
            return 2;
        }
        Verb::List(options) => to_stdout(|out| list::list(options, out)),
        Verb::History(options) => return records::history(options, term),
        Verb::Export(options) => return records::export(options, term),
        Verb::Pack(options) => return records::pack(options, term),
        Verb::Logs(options) => return again::logs(options, term),
        Verb::Exec(options) => return again::exec(options, term),
        Verb::Doctor(options) => return doctor::doctor(options, term),
        Verb::Compare(options) => return compare::compare(options, term),
        Verb::Gate(options) => return gate::gate(options, term),
        Verb::Rerun(options) => return rerun::rerun(options, term),
        Verb::Report(options) => return report_verb::report(options, term),
        Verb::Cite(options) => return report_verb::cite(options, term),
        Verb::Explain(options) => return explain::explain(options, term),
        Verb::Verify(options) => return verify::verify(options, term),
        Verb::Schema { of } => to_stdout(|out| match of {
            SchemaOf::Experiment => {
                out.write_all(spec::schema::text(&strategy::catalogue()).as_bytes())
            }
            SchemaOf::Manifest => out.write_all(manifest::SCHEMA.as_bytes()),
        }),
        Verb::Completions { shell } => to_stdout(|out| {
            clap_complete::generate(*shell, &mut Args::command(), "runner", out);
            Ok(())
        }),
        Verb::Man => to_stdout(manual),
    };
    printed.map_or_else(|error| report(&Error::Output(error), term), |()| 0)
}

/// Loads a file, prints its cautions, and goes on.
fn with_loaded(
    (file, layers): (&std::path::Path, &LayerArgs),
    term: Term,
    go_on: impl FnOnce(&Loaded) -> Result<io::Result<()>, Error>,
) -> u8 {
    let done = session::load(file, &layers.request()).and_then(|loaded| {
        complain(&loaded.cautions.render(term.stderr_colour));
        go_on(&loaded)?.map_err(Error::Output)
    });
    done.map_or_else(|error| report(&error, term), |()| 0)
}

/// The manual: a page for the program, then one for each verb.
fn manual(out: &mut dyn Write) -> io::Result<()> {
    let command = Args::command();
    let mut out = out;
    clap_mangen::Man::new(command.clone()).render(&mut out)?;
    for verb in command.get_subcommands() {
        let name = format!("runner-{}", verb.get_name());
        clap_mangen::Man::new(verb.clone().display_name(name)).render(&mut out)?;
    }
    Ok(())
}

fn check_summary(loaded: &Loaded) -> Result<io::Result<()>, Error> {
    let planned = loaded.plan(None, u64::MAX)?;
    let Experiment { title, workloads, strategies, .. } = &*loaded.experiment;
    Ok(to_stdout(|out| {
        writeln!(out, "{title}")?;
        writeln!(
            out,
            "✔ {} is valid: workloads {}, strategies {}, {}",
            loaded.path.display(),
            workloads.len(),
            strategies.len(),
            plan::size(loaded, &planned),
        )
    }))
}

/// Prints an error on standard error; the exit code that belongs to it.
pub(crate) fn report(error: &Error, term: Term) -> u8 {
    match error {
        Error::Spec(diagnostics) => complain(&diagnostics.render(term.stderr_colour)),
        other => {
            let mut text = format!("error: {other}\n");
            let mut source = std::error::Error::source(other);
            while let Some(cause) = source {
                let cause_text = cause.to_string();
                if !text.contains(&cause_text) {
                    text.push_str(&format!("caused by: {cause_text}\n"));
                }
                source = cause.source();
            }
            complain(&text);
        }
    }
    error.exit_code()
}

/// Writes to standard error. Where even that fails nothing more can be said.
pub(crate) fn complain(text: &str) {
    drop(io::stderr().lock().write_all(text.as_bytes()));
}

/// Writes to standard output through a buffer. A closed pipe is not an error.
pub(crate) fn to_stdout(print: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = print(&mut out).and_then(|()| out.flush());
    match printed {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
