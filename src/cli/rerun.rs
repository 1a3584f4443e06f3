//! `runner rerun`: the archived experiment once more, and what of its conclusions reproduces.

use super::args::{RerunArgs, RerunFormat};
use super::run::{head, options, resolve, show};
use super::term::Term;
use super::{complain, report, to_stdout};
use crate::analysis::reproduction::{Agreement, Reproduction};
use crate::cli::args::ProgressMode;
use crate::process::SpawnPath;
use crate::report::reproduction::{self, View};
use crate::report::screen::Style;
use crate::session::recorded::{self, Recorded};
use crate::session::{self, Error, pack, rerun};

/// Exit codes: a conclusion is contradicted, or one is not decided.
const EXIT_CONTRADICTED: u8 = 7;
const EXIT_UNDECIDED: u8 = 8;

/// Runs the experiment of a run again, unless another run is given; the exit code.
pub(super) fn rerun(args: &RerunArgs, term: Term) -> u8 {
    carry_out(args, term).unwrap_or_else(|error| report(&error, term))
}

fn carry_out(args: &RerunArgs, term: Term) -> Result<u8, Error> {
    let find = |run: Option<&str>| pack::find(&args.keep.output, run);
    // An opened archive stays until the new run has ended.
    let place = find(args.run.as_deref())?;
    let first = recorded::open(&place.path)?;
    let (second, code) = match &args.with {
        Some(run) => (recorded::open(&find(Some(run))?.path)?, 0),
        None => run_again(&first, args, term)?,
    };
    let findings = [first.findings(), second.findings()];
    let reproduction = Reproduction::of(&findings[0], &findings[1]);
    let view = View {
        runs: [&first.manifest.run_id, &second.manifest.run_id],
        findings: [&findings[0], &findings[1]],
        differences: &rerun::differences(&first, &second),
        reproduction: &reproduction,
    };
    let text = match args.format {
        RerunFormat::Text => {
            let style = Style { width: term.width, colour: term.stdout_colour };
            reproduction::text(&view, style)
        }
        RerunFormat::Json => reproduction::json(&view),
    };
    to_stdout(|out| out.write_all(text.as_bytes())).map_err(Error::Output)?;
    Ok(match code {
        0 if reproduction.count(Agreement::Contradicted) > 0 => EXIT_CONTRADICTED,
        0 if reproduction.count(Agreement::Undecided) > 0 => EXIT_UNDECIDED,
        code => code,
    })
}

/// The new run, and the exit code that it would have alone.
fn run_again(first: &Recorded, args: &RerunArgs, term: Term) -> Result<(Recorded, u8), Error> {
    let (loaded, planned) = rerun::load(first, args.base.as_deref())?;
    complain(&loaded.cautions.render(term.stderr_colour));
    if resolve(args.keep.progress, term) != ProgressMode::None {
        complain(&head(&loaded, &planned, term));
    }
    let mut options = options(&args.keep, SpawnPath::Clone, term);
    options.revisions.clone_from(&first.manifest.revisions);
    let finished = session::run::run(&loaded, &planned, options)?;
    let code = match args.format {
        RerunFormat::Text => show(&finished, term)?,
        // Standard output is one document.
        RerunFormat::Json => {
            finished.complaints.iter().for_each(|line| complain(&format!("error: {line}\n")));
            finished.exit_code
        }
    };
    if args.format == RerunFormat::Text {
        to_stdout(|out| writeln!(out)).map_err(Error::Output)?;
    }
    Ok((recorded::open(&finished.run_dir)?, code))
}
