//! `runner verify`: whether a run's files are what its journal says.

use super::args::VerifyArgs;
use super::term::Term;
use super::{complain, report, to_stdout};
use crate::session::{Error, pack, verify};

/// Exit code for a file that is not what the record says.
const EXIT_DIFFERS: u8 = 7;

/// Verifies the run that is meant; the exit code.
pub(super) fn verify(args: &VerifyArgs, term: Term) -> u8 {
    carry_out(args).unwrap_or_else(|error| report(&error, term))
}

fn carry_out(args: &VerifyArgs) -> Result<u8, Error> {
    let run = pack::find(&args.output, args.run.as_deref())?;
    let checks = verify::verify(&run.path)?;
    let wrong = checks.iter().filter(|check| !check.holds).count();
    let width = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
    to_stdout(|out| {
        writeln!(out, "{}", run.shown.display())?;
        for check in &checks {
            let mark = if check.holds { "✔" } else { "✘" };
            writeln!(out, "{mark} {:width$}  {}", check.name, check.found)?;
        }
        match wrong {
            0 => writeln!(out, "everything is as the record says"),
            1 => writeln!(out, "1 of {} is not as the record says", checks.len()),
            wrong => writeln!(out, "{wrong} of {} are not as the record says", checks.len()),
        }
    })
    .map_err(Error::Output)?;
    if wrong > 0 && verify::record_holds(&checks) {
        complain("note: the tables can be made anew from the journal: runner report\n");
    }
    Ok(if wrong == 0 { 0 } else { EXIT_DIFFERS })
}
