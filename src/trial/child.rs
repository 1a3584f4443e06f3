//! The hidden entries of child processes.
//!
//! They come before any argument is parsed and do nothing that their trial does not need: each
//! trial pays for the start of a process. Worker processes are started through `/proc/self/exe`,
//! so that they are copies of this very binary, even when it has been replaced meanwhile.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use super::kernel::{Cancelled, KernelTrial, TRIAL_ENTRY, WORKER_ENTRY, failed};
use crate::measure::{Measured, Status};
use crate::process::{LAUNCH_ENTRY, launcher_main, worker, write_frame};
use crate::strategy::{Assignment, Spawn, panic, processes};
use crate::workload::Cancel;

/// Exit code for arguments that are not a trial.
const USAGE: u8 = 2;

/// Dispatches a hidden entry, if this process is one.
#[must_use]
pub fn child_entry() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let entry = arguments.next()?;
    if entry == LAUNCH_ENTRY {
        return Some(launcher_main(arguments));
    }
    let rest = || arguments.map(|it| it.to_string_lossy().into_owned()).collect();
    match entry.to_str()? {
        TRIAL_ENTRY => Some(trial(rest())),
        WORKER_ENTRY => Some(work(rest())),
        _ => None,
    }
}

/// `__trial SPEC`: carries out the trial and writes one message to standard output.
fn trial(arguments: Vec<String>) -> ExitCode {
    let [spec] = arguments.as_slice() else {
        return refuse(TRIAL_ENTRY, &"takes one argument");
    };
    let trial = match KernelTrial::decode(spec) {
        Ok(trial) => trial,
        Err(error) => return refuse(TRIAL_ENTRY, &error),
    };
    panic::hush_caught();
    let measured = carry_out(&trial, spec);
    let message = serde_json::to_vec(&measured).expect("a measurement is always JSON");
    match write_frame(&mut io::stdout().lock(), &message) {
        Ok(()) if measured.status == Status::Ok => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn carry_out(trial: &KernelTrial, spec: &str) -> Measured {
    let argv = [WORKER_ENTRY.to_owned(), spec.to_owned()];
    match trial.ready() {
        Ok(ready) => ready
            .carry_out(spawn(&argv), &Cancel::new(), true)
            .unwrap_or_else(|Cancelled| failed("cancelled, though nothing can cancel it")),
        Err(reason) => failed(&reason),
    }
}

/// Workers stay in the group of the trial: what ends the trial ends them.
fn spawn(argv: &[String]) -> Spawn<'_> {
    Spawn { exe: Path::new("/proc/self/exe"), argv, own_group: false }
}

/// `__worker SPEC NUMBER`: carries out the tasks of one worker.
fn work(arguments: Vec<String>) -> ExitCode {
    worker::die_with_parent();
    let [spec, number] = arguments.as_slice() else {
        return refuse(WORKER_ENTRY, &"takes two arguments");
    };
    let Ok(number) = number.parse::<u32>() else {
        return refuse(WORKER_ENTRY, &"takes a number as its second argument");
    };
    let trial = match KernelTrial::decode(spec) {
        Ok(trial) => trial,
        Err(error) => return refuse(WORKER_ENTRY, &error),
    };
    let task = match trial.prepare() {
        Ok(task) => task,
        Err(error) => return refuse(WORKER_ENTRY, &error),
    };
    panic::hush_caught();
    let assignment = Assignment {
        task: task.as_ref(),
        shares: &trial.shares(),
        workers: trial.workers,
        cancel: &Cancel::new(),
        spawn: spawn(&[]),
        reads_cpu: true,
    };
    match processes::serve(&assignment, number, &mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) | Err(_) => ExitCode::from(processes::FAILED_CODE),
    }
}

/// One line on standard error. Nobody reads it but the runner, which puts it into the note.
fn refuse(entry: &str, reason: &dyn std::fmt::Display) -> ExitCode {
    // Without a standard error there is still the exit code.
    let _ = writeln!(io::stderr(), "runner {entry}: {reason}");
    ExitCode::from(USAGE)
}
