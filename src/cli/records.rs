//! `runner list runs`, `runner history`, `runner export` and `runner pack`: runs that are there.

use std::io::{self, Write};

use serde_json::json;

use super::args::{ExportArgs, HistoryArgs, ListArgs, ListFormat, PackArgs};
use super::term::Term;
use super::{complain, report, to_stdout};
use crate::report::copies::Style;
use crate::report::csv::encode;
use crate::report::screen::columns;
use crate::session::runs::{self, Run};
use crate::session::{Error, export, pack};

/// Prints every run, the newest last; the exit code.
pub(super) fn list(args: &ListArgs, term: Term) -> u8 {
    let runs = runs::list(&args.output, None);
    if runs.is_empty() && args.format == ListFormat::Text {
        complain(&format!("note: there is no run in {}\n", args.output.display()));
    }
    let printed = to_stdout(|out| match args.format {
        ListFormat::Text => text(&runs, out),
        ListFormat::Json => json_list(&runs, out),
        ListFormat::Csv => csv_list(&runs, out),
    });
    printed.map_or_else(|error| report(&Error::Output(error), term), |()| 0)
}

fn text(runs: &[Run], out: &mut dyn Write) -> io::Result<()> {
    if runs.is_empty() {
        return Ok(());
    }
    let head = ["begun (UTC)", "experiment", "run", "state", "trials", "size", "machine"];
    let mut rows = vec![head.map(str::to_owned)];
    for run in runs {
        let begun = run.started_at.get(..16).unwrap_or(&run.started_at).replace('T', " ");
        let ended = run.ended.map_or_else(|| "?".to_owned(), |ended| ended.to_string());
        rows.push([
            begun,
            run.experiment.clone(),
            run.run_id.clone(),
            run.state.to_owned(),
            format!("{ended}/{}", run.trials),
            size(run.bytes),
            run.machine.clone(),
        ]);
    }
    out.write_all(columns(&rows).as_bytes())
}

/// A size in bytes for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

fn json_list(runs: &[Run], out: &mut dyn Write) -> io::Result<()> {
    let runs: Vec<_> = runs
        .iter()
        .map(|run| {
            json!({
                "run_id": run.run_id, "started_at": run.started_at, "experiment": run.experiment,
                "state": run.state, "machine": run.machine, "ended": run.ended,
                "trials": run.trials, "bytes": run.bytes, "path": run.path.display().to_string(),
            })
        })
        .collect();
    writeln!(out, "{:#}", json!({ "schema_version": 1, "runs": runs }))
}

fn csv_list(runs: &[Run], out: &mut dyn Write) -> io::Result<()> {
    let head = "run_id,started_at,experiment,state,machine,ended,trials,bytes,path\n";
    let mut text = head.as_bytes().to_vec();
    for run in runs {
        let path = run.path.display().to_string();
        let ended = run.ended.map(|ended| ended.to_string()).unwrap_or_default();
        let (trials, bytes) = (run.trials.to_string(), run.bytes.to_string());
        let fields = [
            &run.run_id[..],
            &run.started_at,
            &run.experiment,
            run.state,
            &run.machine,
            &ended,
            &trials,
            &bytes,
            &path,
        ];
        for (at, field) in fields.iter().enumerate() {
            if at > 0 {
                text.push(b',');
            }
            encode::field(&encode::protected(field), &mut text);
        }
        text.push(b'\n');
    }
    out.write_all(&text)
}

/// Prints the history of an experiment; the exit code.
pub(super) fn history(args: &HistoryArgs, term: Term) -> u8 {
    let done = runs::history(&args.output, &args.experiment)
        .and_then(|csv| to_stdout(|out| out.write_all(&csv)).map_err(Error::Output));
    done.map_or_else(|error| report(&error, term), |()| 0)
}

/// Writes copies of a run's tables; the exit code.
pub(super) fn export(args: &ExportArgs, term: Term) -> u8 {
    let style = Style { separator: args.separator, decimal: args.decimal };
    let done = pack::find(&args.output, args.run.as_deref())
        .and_then(|place| export::copies(&place, args.to.as_deref(), style))
        .and_then(|written| {
            to_stdout(|out| written.iter().try_for_each(|path| writeln!(out, "{}", path.display())))
                .map_err(Error::Output)
        });
    done.map_or_else(|error| report(&error, term), |()| 0)
}

/// Packs a run; the exit code.
pub(super) fn pack(args: &PackArgs, term: Term) -> u8 {
    let done = pack::find(&args.output, args.run.as_deref())
        .and_then(|place| pack::write(&place.path, args.to.as_deref(), args.with_inputs))
        .and_then(|packed| {
            let pack::Packed { archive, files, bytes, sha256 } = packed;
            let archive = archive.display();
            let text = format!("{archive}  {files} files, {}, SHA-256 {sha256}", size(bytes));
            to_stdout(|out| writeln!(out, "{text}")).map_err(Error::Output)
        });
    done.map_or_else(|error| report(&error, term), |()| 0)
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_short() {
        assert_eq!([999, 1_000, 1_234_567].map(size), ["999 B", "1.0 kB", "1.2 MB"]);
    }
}
