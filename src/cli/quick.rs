//! `runner quick`: commands of the shell against each other.

use std::path::{Path, PathBuf};

use super::args::QuickArgs;
use super::term::Term;
use super::{complain, new, report, run};
use crate::session::{self, Error, Request};
use crate::spec::quick::{self, Line};
use crate::spec::typed::Written;

/// What the experiment is called when it is not saved; names the results.
const UNSAVED: &str = "quick.toml";

/// Makes an experiment of the commands and runs it; the exit code.
pub(super) fn quick(args: &QuickArgs, term: Term) -> u8 {
    carry_out(args, term).unwrap_or_else(|error| report(&error, term))
}

fn carry_out(args: &QuickArgs, term: Term) -> Result<u8, Error> {
    let path = args.save.as_deref().unwrap_or(Path::new(UNSAVED));
    let cwd = elsewhere(path)?;
    let line = Line {
        commands: &args.commands,
        names: &args.names,
        params: &args.params,
        shell: args.shell,
        repeats: args.repeats,
        warmup: args.warmup,
        seed: args.how.seed,
        timeout: args.timeout.as_deref(),
        result: args.result.as_deref(),
        expect: args.expect.as_deref(),
        cwd: cwd.as_deref(),
    };
    let written = quick::toml(&line).map_err(|problems| Error::Spec(Box::new(problems)))?;
    let of_the_line = |error| of_the_line(error, &written);
    let bytes = written.text().as_bytes().to_vec();
    let mut loaded = session::load_bytes(path, bytes, &Request::default()).map_err(of_the_line)?;
    loaded.cautions = written.of_the_line(&loaded.cautions);
    let planned = loaded.plan(args.how.seed, args.how.max_trials).map_err(of_the_line)?;
    if let Some(path) = &args.save {
        new::write(path, &format!("{}{}", new::SCHEMA_LINES, written.text()))?;
        let (file, typed) = (path.display(), new::typed(path));
        complain(&format!("✔ {file} is written; the same again: runner {typed}\n"));
    }
    run::carry_out((&loaded, &planned), &args.how, term)
}

/// The error told of the command line: nobody has seen the file that it speaks of.
fn of_the_line(error: Error, written: &Written) -> Error {
    let path = PathBuf::from("the command line");
    match error {
        Error::Spec(problems) => Error::Spec(Box::new(written.of_the_line(&problems))),
        Error::Matrix { source, .. } => Error::Matrix { path, source },
        Error::Plan { source, .. } => Error::Plan { path, source },
        other => other,
    }
}

/// The working directory, if the file is to lie in another folder: there its commands would run.
fn elsewhere(path: &Path) -> Result<Option<PathBuf>, Error> {
    let here = std::env::current_dir()?;
    let folder = std::path::absolute(path)?;
    let is_here = folder.parent() == Some(&here);
    Ok((!is_here).then_some(here))
}
