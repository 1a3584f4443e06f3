//! `runner resume`: the rest of a run, shown like a run.

use std::path::Path;

use super::args::{KeepArgs, ProgressMode, ResumeArgs, RunArgs};
use super::term::Term;
use super::{complain, report, run};
use crate::process::SpawnPath;
use crate::session::resume::{self, Resumed, Wish};
use crate::session::{self, Error};

/// Runs what is left of the run that is meant; the exit code.
pub(super) fn resume(args: &ResumeArgs, term: Term) -> u8 {
    let wish = Wish { failed: args.failed, accept: args.accept_change.clone() };
    resume::find(&args.keep.output, args.run.as_deref())
        .and_then(|found| carry_on(&found, wish, &args.keep, term))
        .unwrap_or_else(|error| report(&error, term))
}

/// Runs what is left of the newest unfinished run of a file; the exit code.
pub(super) fn resume_file(file: &Path, args: &KeepArgs, term: Term) -> u8 {
    resume::find_of(&args.output, file)
        .and_then(|found| carry_on(&found, Wish::default(), args, term))
        .unwrap_or_else(|error| report(&error, term))
}

/// Adds what a file plans to a run; the exit code.
pub(super) fn extend(run: &str, file: &Path, args: &RunArgs, term: Term) -> u8 {
    let keep = &args.how.keep;
    let extended = || {
        let found = resume::find(&keep.output, Some(run))?;
        let loaded = session::load(file, &args.layers.request())?;
        complain(&loaded.cautions.render(term.stderr_colour));
        let accept = args.accept_change.clone();
        let extended = session::extend::open(&found, loaded, accept, args.how.max_trials)?;
        show(&found, extended, keep, term)
    };
    extended().unwrap_or_else(|error| report(&error, term))
}

fn carry_on(found: &Path, wish: Wish, args: &KeepArgs, term: Term) -> Result<u8, Error> {
    show(found, resume::open(found, wish)?, args, term)
}

fn show(found: &Path, resumed: Resumed, args: &KeepArgs, term: Term) -> Result<u8, Error> {
    for note in &resumed.notes {
        complain(&format!("note: {note}\n"));
    }
    if run::resolve(args.progress, term) != ProgressMode::None {
        complain(&run::head(&resumed.loaded, &resumed.planned, term));
        let is_adaptive = resumed.loaded.experiment.protocol.adaptive.is_some();
        let done = (resumed.done, is_adaptive);
        complain(&format!("{}\n\n", state(found, done, resumed.left())));
    }
    // How children are started is on record.
    let finished = resumed.carry_on(run::options(args, SpawnPath::Clone, term))?;
    run::show(&finished, term)
}

/// How far the run is.
fn state(run: &Path, (done, is_adaptive): (usize, bool), left: usize) -> String {
    let run = run.display();
    let trials = if done == 1 { "trial is" } else { "trials are" };
    // Those that turned out not to be needed are among them.
    let how = if is_adaptive { "done or not needed" } else { "done" };
    match left {
        0 => format!("nothing is left of {run}: its tables are made from its journal again"),
        1 => format!("going on with {run}: {done} {trials} {how}, 1 is left"),
        left => format!("going on with {run}: {done} {trials} {how}, {left} are left"),
    }
}
