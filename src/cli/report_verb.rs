//! `runner report` and `runner cite`: what a run says, for people and papers.

use std::path::{Path, PathBuf};

use super::args::{CiteArgs, ReportArgs, ReportFormat};
use super::term::Term;
use super::{complain, to_stdout};
use crate::process;
use crate::session::pack::Place;
use crate::session::recorded::{self, Recorded};
use crate::session::report::{self, Format};
use crate::session::{Error, beside, pack, pictures};
use crate::store::write_atomic;

/// Makes or prints a report; the exit code.
pub(super) fn report(args: &ReportArgs, term: Term) -> u8 {
    carry_out(args).map_or_else(|error| super::report(&error, term), |()| 0)
}

fn carry_out(args: &ReportArgs) -> Result<(), Error> {
    if args.runs.len() > 1 {
        return side_by_side(args);
    }
    let run = pack::find(&args.output, args.runs.first().map(String::as_str))?;
    let recorded = recorded::open(&run.path)?;
    if args.figures.is_some() {
        return figures(&recorded, &run);
    }
    if let Some(table @ (ReportFormat::Csv | ReportFormat::Json)) = args.format {
        return results(&recorded, table, args.output_file.as_deref());
    }
    let is_archive = run.shown != run.path;
    let own = || match is_archive {
        // An opened archive goes away: beside it.
        true => run.shown.with_extension(ending(format(args))),
        false => own_page(&recorded.run_dir, format(args)),
    };
    let place = match (&args.output_file, args.format) {
        (None, None) if args.template.is_none() && !is_archive => report::renew(&recorded)?,
        (None, Some(_)) if !args.open => {
            let text = report::render(&recorded, format(args), args.template.as_deref())?;
            return to_stdout(|out| out.write_all(text.as_bytes())).map_err(Error::Output);
        }
        (file, _) => {
            let place = file.clone().unwrap_or_else(own);
            let text = report::render(&recorded, format(args), args.template.as_deref())?;
            write(&place, &text)?;
            place
        }
    };
    show(args, &place)
}

/// The figures as PNG: beside those of the run, or beside its archive.
fn figures(recorded: &Recorded, run: &Place) -> Result<(), Error> {
    let folder = match run.shown == run.path {
        true => run.path.join("figures"),
        false => run.shown.with_extension("figures"),
    };
    let made = pictures::write(recorded, &folder).map_err(|error| run.named(error))?;
    complain(&format!("{} figures, text in {}\n", made.count, made.font));
    to_stdout(|out| writeln!(out, "{}", folder.display())).map_err(Error::Output)
}

/// Opens what was written if that is asked for, and says where it is.
fn show(args: &ReportArgs, place: &Path) -> Result<(), Error> {
    if args.open
        && let Err(error) = process::show(place)
    {
        complain(&format!("note: xdg-open cannot be started ({error})\n"));
    }
    to_stdout(|out| writeln!(out, "{}", place.display())).map_err(Error::Output)
}

/// Several runs in one page, or as a table or text on standard output.
fn side_by_side(args: &ReportArgs) -> Result<(), Error> {
    let wrong = |reason: &str| Err(Error::Estimate(format!("several runs side by side {reason}")));
    if args.figures.is_some() {
        return wrong("have their figures in the page: --figures is for one run");
    }
    if args.template.is_some() {
        return wrong("have a page of their own: --template is for one run");
    }
    let ending = args.output_file.as_deref().and_then(Path::extension).and_then(|it| it.to_str());
    let format = match (args.format, ending) {
        (Some(ReportFormat::Tex), _) | (None, Some("tex")) => {
            return wrong("are not written as LaTeX: use --format html, md, csv or json");
        }
        (Some(ReportFormat::Md), _) | (None, Some("md")) => beside::Format::Markdown,
        (Some(ReportFormat::Csv), _) | (None, Some("csv")) => beside::Format::Csv,
        (Some(ReportFormat::Json), _) | (None, Some("json")) => beside::Format::Json,
        _ => beside::Format::Html,
    };
    let places: Result<Vec<Place>, Error> =
        args.runs.iter().map(|run| pack::find(&args.output, Some(run))).collect();
    let places = places?;
    let dirs: Vec<PathBuf> = places.iter().map(|place| place.path.clone()).collect();
    let text = beside::render(&dirs, format)?;
    if args.format.is_some() && args.output_file.is_none() && !args.open {
        return to_stdout(|out| out.write_all(text.as_bytes())).map_err(Error::Output);
    }
    let own = || match format {
        beside::Format::Html => PathBuf::from("runs.html"),
        beside::Format::Markdown => PathBuf::from("runs.md"),
        beside::Format::Csv => PathBuf::from("runs.csv"),
        beside::Format::Json => PathBuf::from("runs.json"),
    };
    let place = args.output_file.clone().unwrap_or_else(own);
    write(&place, &text)?;
    show(args, &place)
}

/// What is asked for, or what the name of the file says.
fn format(args: &ReportArgs) -> Format {
    let ending = args.output_file.as_deref().and_then(Path::extension);
    match (args.format, ending.and_then(|ending| ending.to_str())) {
        (Some(ReportFormat::Md), _) | (None, Some("md")) => Format::Markdown,
        (Some(ReportFormat::Tex), _) | (None, Some("tex")) => Format::Latex,
        _ => Format::Html,
    }
}

/// Where a report goes that is not the run's own: beside that.
fn own_page(run_dir: &Path, format: Format) -> PathBuf {
    run_dir.join(format!("report.own.{}", ending(format)))
}

fn ending(format: Format) -> &'static str {
    match format {
        Format::Html => "html",
        Format::Markdown => "md",
        Format::Latex => "tex",
    }
}

/// The result table for programs, printed or in a file.
fn results(recorded: &Recorded, format: ReportFormat, file: Option<&Path>) -> Result<(), Error> {
    let text = match format {
        ReportFormat::Json => report::json(recorded)?,
        _ => report::table(recorded),
    };
    match file {
        Some(file) => write(file, &text),
        None => to_stdout(|out| out.write_all(text.as_bytes())).map_err(Error::Output),
    }
}

fn write(place: &Path, text: &str) -> Result<(), Error> {
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    write_atomic(folder.unwrap_or(Path::new(".")), &name, text.as_bytes())?;
    Ok(())
}

/// Prints how to cite a run; the exit code.
pub(super) fn cite(args: &CiteArgs, term: Term) -> u8 {
    let printed = pack::find(&args.output, args.run.as_deref())
        .and_then(|run| recorded::open(&run.path).map(|recorded| report::content(&recorded)))
        .and_then(|content| {
            to_stdout(|out| write!(out, "{}\n\n{}", content.paragraph, content.bibtex))
                .map_err(Error::Output)
        });
    printed.map_or_else(|error| super::report(&error, term), |()| 0)
}
