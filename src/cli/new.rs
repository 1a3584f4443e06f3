//! `runner new`: an experiment file to begin with.

use std::io;
use std::path::Path;

use super::args::{NewArgs, Template};
use super::term::Term;
use super::{report, to_stdout};
use crate::session::Error;
use crate::store::write_new;

/// The first lines of a file that is written: what gives editors completion and help.
pub(super) const SCHEMA_LINES: &str = "\
#:schema experiment.schema.json
# For completion and help in your editor: runner schema > experiment.schema.json

";

impl Template {
    /// The file, as it lies in the sources.
    fn text(self) -> &'static str {
        match self {
            Self::Basic => include_str!("../../experiments/templates/basic.toml"),
            Self::Command => include_str!("../../experiments/templates/command.toml"),
            Self::Compilers => include_str!("../../experiments/templates/compilers.toml"),
            Self::Scaling => include_str!("../../experiments/templates/scaling.toml"),
            Self::Io => include_str!("../../experiments/templates/io.toml"),
        }
    }
}

/// Writes the file; the exit code.
pub(super) fn new(args: &NewArgs, term: Term) -> u8 {
    let text = args.template.text();
    // The path of the schema is that of the sources.
    let body = text.split_once('\n').map_or(text, |(_, body)| body);
    let text = format!("{SCHEMA_LINES}{body}");
    if args.file == Path::new("-") {
        let printed = to_stdout(|out| out.write_all(text.as_bytes()));
        return printed.map_or_else(|error| report(&Error::Output(error), term), |()| 0);
    }
    let written = write(&args.file, &text).and_then(|()| {
        let (file, typed) = (args.file.display(), typed(&args.file));
        to_stdout(|out| {
            writeln!(out, "✔ {file} is written; edit it, then")?;
            writeln!(out, "  runner check {typed}")?;
            writeln!(out, "  runner {typed}")
        })
        .map_err(Error::Output)
    });
    written.map_or_else(|error| report(&error, term), |()| 0)
}

/// A path as it is typed in a shell.
pub(super) fn typed(path: &Path) -> String {
    shell_words::quote(&path.to_string_lossy()).into_owned()
}

/// Writes a file that must not be there yet.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Error> {
    write_new(path, text.as_bytes()).map_err(|error| Error::NewFile {
        path: path.to_owned(),
        reason: match error.kind() {
            io::ErrorKind::AlreadyExists => {
                "it is there already, and is never overwritten; choose another name".to_owned()
            }
            io::ErrorKind::NotFound => {
                match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                    Some(folder) => format!(
                        "its folder does not exist; make it first: mkdir -p {}",
                        typed(folder)
                    ),
                    None => "a file needs a name".to_owned(),
                }
            }
            _ => error.to_string(),
        },
    })
}
