//! What the verbs take that look at runs, or make something of them.

use std::path::PathBuf;

/// What `history` takes.
#[derive(Debug, clap::Args)]
pub struct HistoryArgs {
    /// The name of the experiment: the stem of its file.
    #[arg(value_name = "EXPERIMENT")]
    pub experiment: String,
    /// Directory of all results.
    #[arg(long, short, default_value = "results", value_name = "DIR")]
    pub output: PathBuf,
}

/// What `export` takes.
#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    /// The run: its directory or archive, the name of an experiment (its latest run), or the
    /// beginning of its own name. Left out, the newest run is meant.
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Copies of the tables that a spreadsheet opens by a double click: with a byte order mark, and
    /// with the separators of its language.
    #[arg(long, required = true)]
    pub excel_csv: bool,
    /// Between fields.
    #[arg(long, default_value = ";", value_name = "C", value_parser = separator)]
    pub separator: u8,
    /// Before the digits of a fraction.
    #[arg(long, default_value = ",", value_name = "C", value_parser = separator)]
    pub decimal: u8,
    /// The folder for them; default: `excel-csv` in the directory of the run.
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Directory of all results.
    #[arg(long, short, default_value = "results", value_name = "DIR")]
    pub output: PathBuf,
}

/// What `pack` takes.
#[derive(Debug, clap::Args)]
pub struct PackArgs {
    /// The run: its directory, the name of an experiment (its latest run), or the beginning of its
    /// own name. Left out, the newest run is meant.
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Packs the files that are levels of a parameter, and scripts, too.
    #[arg(long)]
    pub with_inputs: bool,
    /// The archive; default: RUN.zip here. A file that is there is never overwritten.
    #[arg(long, value_name = "FILE.zip")]
    pub to: Option<PathBuf>,
    /// Directory of all results.
    #[arg(long, short, default_value = "results", value_name = "DIR")]
    pub output: PathBuf,
}

fn separator(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [b',' | b';' | b'.'] => Ok(text.as_bytes()[0]),
        _ if matches!(text, "\t" | "tab" | "\\t") => Ok(b'\t'),
        _ => Err("use `,`, `;`, `.` or `tab`".to_owned()),
    }
}
