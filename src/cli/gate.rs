//! `runner gate`: whether a recorded run passes a gate; and rules on the command line.

use super::args::{GateArgs, GateFormat};
use super::term::Term;
use super::{complain, report, to_stdout};
use crate::analysis::gate::judge;
use crate::design::gate::{Gate, Rule, SYNTAX};
use crate::report::gate;
use crate::report::screen::Style;
use crate::session::{Error, pack, recorded};

/// A rule as an argument.
///
/// # Errors
/// What is wrong with it.
pub(super) fn rule(text: &str) -> Result<Rule, String> {
    Rule::parse(text)
}

/// Judges the run that is meant; the exit code.
pub(super) fn gate(args: &GateArgs, term: Term) -> u8 {
    carry_out(args, term).unwrap_or_else(|error| report(&error, term))
}

fn carry_out(args: &GateArgs, term: Term) -> Result<u8, Error> {
    let place = pack::find(&args.output, args.run.as_deref())?;
    let run = recorded::open(&place.path)?;
    let of_file = run.loaded.experiment.compare.gate.as_ref();
    let Some(rules) = Gate::chosen(args.gate.as_ref(), of_file) else {
        let reason =
            format!("its experiment has no [gate]; give a rule, such as --gate '{SYNTAX}'");
        return Err(Error::Run { path: place.shown, reason });
    };
    // A part of a run can pass, too.
    let missing = run.manifest.counts.known().map(|counts| counts.interrupted + counts.missing);
    match missing {
        Some(0) => {}
        Some(1) => complain("note: the run is not complete: 1 trial is missing\n"),
        Some(many) => {
            complain(&format!("note: the run is not complete: {many} trials are missing\n"));
        }
        None => complain("note: the run has not ended\n"),
    }
    let findings = run.findings();
    let gated = judge(&rules, &findings.comparisons.rows);
    let judged = gate::judged(&findings, &gated);
    let style = Style { width: term.width, colour: term.stdout_colour };
    let text = match args.format {
        GateFormat::Text => gate::text(&rules, &judged, gated.whole, style),
        GateFormat::Github => gate::github(&judged, Some(gated.whole)),
        GateFormat::Junit => gate::junit(&run.manifest.experiment.name, &judged),
    };
    to_stdout(|out| out.write_all(text.as_bytes())).map_err(Error::Output)?;
    Ok(gated.whole.exit_code())
}
