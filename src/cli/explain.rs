//! `runner explain`: cells of a run in plain words.

use super::args::ExplainArgs;
use super::term::Term;
use super::{report, to_stdout};
use crate::design::CellIx;
use crate::report::explain;
use crate::session::{Error, pack, recorded};
use crate::spec::only;

/// Explains the cells that are meant; the exit code.
pub(super) fn explain(args: &ExplainArgs, term: Term) -> u8 {
    carry_out(args, term).map_or_else(|error| report(&error, term), |()| 0)
}

fn carry_out(args: &ExplainArgs, term: Term) -> Result<(), Error> {
    let run = pack::find(&args.output, args.run.as_deref())?;
    let recorded = recorded::open(&run.path).map_err(|error| run.named(error))?;
    let (experiment, matrix) = (&recorded.loaded.experiment, &recorded.loaded.matrix);
    let query = args.cells.join(" ");
    let chosen = only::meant(&query, experiment, matrix)
        .map_err(|source| Error::Only { path: run.shown.clone(), source })?;
    let cells: Vec<CellIx> =
        (0..matrix.len()).map(CellIx::new).filter(|cell| chosen[cell.index()]).collect();
    let findings = recorded.findings();
    let text = explain::explain(&findings, &cells, term.style());
    to_stdout(|out| {
        writeln!(out, "{}", run.shown.display())?;
        out.write_all(text.as_bytes())
    })
    .map_err(Error::Output)
}
