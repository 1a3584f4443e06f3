//! `runner logs` and `runner exec`: one trial of an earlier run, looked at or run again.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::args::{ExecArgs, LogsArgs};
use super::term::Term;
use super::{complain, report, to_stdout};
use crate::measure::Status;
use crate::session::Error;
use crate::session::again::{self, Outcome};
use crate::session::pack::{self, Place};
use crate::store::output::OUTPUT;

/// Exit code for a trial that did not succeed.
const EXIT_FAILED: u8 = 3;

/// Which run and which trial: one word is a trial of the newest run.
fn place(run: &str, trial: Option<&str>, output: &Path) -> Result<(Place, String), Error> {
    let (run, trial) = match trial {
        Some(trial) => (Some(run), trial),
        None => (None, run),
    };
    Ok((pack::find(output, run)?, trial.to_owned()))
}

/// Prints what was kept of a trial; the exit code.
pub(super) fn logs(args: &LogsArgs, term: Term) -> u8 {
    let printed = place(&args.run, args.trial.as_deref(), &args.output).and_then(|(run, trial)| {
        let files = kept(&run.path, &trial).map_err(|error| run.named(error))?;
        to_stdout(|out| print(&files, out)).map_err(Error::Output)
    });
    printed.map_or_else(|error| report(&error, term), |()| 0)
}

/// The files of a trial, in the order of attempts.
fn kept(run: &Path, trial: &str) -> Result<Vec<PathBuf>, Error> {
    let folder = run.join(OUTPUT);
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    // `t000001.1.err`, and the hooks around it: `t000001-setup.1.out`.
    let is_meant =
        |name: &&String| name.strip_prefix(trial).is_some_and(|rest| rest.starts_with(['.', '-']));
    let found: Vec<PathBuf> = names.iter().filter(is_meant).map(|name| folder.join(name)).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let mut whose: Vec<&str> = names.iter().filter_map(|name| name.split('.').next()).collect();
    whose.dedup();
    let reason = if whose.is_empty() {
        "no output was kept: that of trials that succeed is kept with --keep-output".to_owned()
    } else {
        let shown = whose.iter().take(8).copied().collect::<Vec<_>>().join(", ");
        let more = if whose.len() > 8 { ", …" } else { "" };
        format!(
            "no output of `{trial}` was kept (that of trials that succeed is kept with --keep-output); there is some of {shown}{more}"
        )
    };
    Err(Error::Run { path: run.to_owned(), reason })
}

fn print(files: &[PathBuf], out: &mut dyn Write) -> io::Result<()> {
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let (what, stream) = name.rsplit_once('.').unwrap_or((&name, ""));
        let stream = if stream == "err" { "standard error" } else { "standard output" };
        writeln!(out, "== {what} · {stream}")?;
        let bytes = fs::read(path)?;
        out.write_all(&bytes)?;
        if !bytes.ends_with(b"\n") {
            writeln!(out)?;
        }
    }
    Ok(())
}

/// Runs a trial again; the exit code.
pub(super) fn exec(args: &ExecArgs, term: Term) -> u8 {
    carry_out(args).unwrap_or_else(|error| report(&error, term))
}

fn carry_out(args: &ExecArgs) -> Result<u8, Error> {
    let (run, id) = place(&args.run, args.trial.as_deref(), &args.output)?;
    let caller: Vec<_> = std::env::vars_os().collect();
    let again = again::open(&run.path, &id, &caller).map_err(|error| run.named(error))?;
    if !again.from_caller.is_empty() {
        let names = again.from_caller.join(", ");
        complain(&format!("note: not recorded, taken from this shell: {names}\n"));
    }
    let workload = again.loaded.matrix.cell(again.trial.cell).workload;
    if !again.loaded.experiment.workloads[workload].hooks.is_empty() {
        complain("note: the hooks around this trial are not run\n");
    }
    let outcome = again.run()?;
    head(&again, &outcome);
    show(&outcome).map_err(Error::Output)?;
    let measured = &outcome.measured;
    let time =
        measured.time_ns.map_or_else(String::new, |ns| format!(" · {:.6} s", ns as f64 / 1e9));
    let answer =
        measured.answer.as_ref().map_or_else(String::new, |answer| format!(" · answer {answer}"));
    let note = measured.note.as_ref().map_or_else(String::new, |note| format!(" · {note}"));
    complain(&format!("{}{time}{answer}{note}\n", measured.status.as_str()));
    Ok(if measured.status == Status::Ok { 0 } else { EXIT_FAILED })
}

fn head(again: &again::Again, outcome: &Outcome) {
    let workload =
        &again.loaded.experiment.workloads[again.loaded.matrix.cell(again.trial.cell).workload];
    let seed = again.planned.plan.workload_seed(&again.trial, workload.name.as_str());
    complain(&format!("{} · {} · seed {seed}\n", again.trial.id(), workload.name));
    for vector in outcome.vectors.iter().flatten() {
        complain(&format!("$ {}\n", shell_words::join(vector)));
    }
}

/// What the commands wrote; a kernel's output is a message for the runner.
fn show(outcome: &Outcome) -> io::Result<()> {
    for exit in outcome.exits.iter().flatten() {
        if !outcome.is_kernel {
            to_stdout(|out| {
                out.write_all(&exit.stdout.head)?;
                if exit.stdout.omitted > 0 {
                    writeln!(out, "\n[{} bytes left out]", exit.stdout.omitted)?;
                }
                out.write_all(&exit.stdout.tail)
            })?;
        }
        complain(&exit.stderr.text());
    }
    Ok(())
}
