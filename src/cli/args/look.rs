//! What the verbs take that look at experiments, runs and the machine, or write a file to begin with.

use std::path::PathBuf;

use clap::ValueEnum;

use super::run::{KeepArgs, LayerArgs};
use crate::design::gate::Rule;

/// What `check` takes.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Prints the file after all layers as TOML, and for every value where it came from.
    #[arg(long)]
    pub resolved: bool,
    /// The experiment file.
    pub file: PathBuf,
    /// What is laid over it.
    #[command(flatten)]
    pub layers: LayerArgs,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// An experiment file.
    Experiment,
    /// `manifest.json` of a run.
    Manifest,
}

/// What `new` takes.
#[derive(Debug, clap::Args)]
pub struct NewArgs {
    /// The file to write; one that is there is never overwritten. `-` prints it.
    #[arg(default_value = "experiment.toml")]
    pub file: PathBuf,
    /// What it begins as.
    #[arg(long, short, value_enum, default_value_t = Template::Basic, value_name = "NAME")]
    pub template: Template,
}

/// What a new file begins as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// A built-in kernel one after the other, on threads and on processes.
    Basic,
    /// Two programs that do the same.
    Command,
    /// A program that is built with several flags.
    Compilers,
    /// The same work on more and more workers.
    Scaling,
    /// Writing files: block sizes, and whether the disk is waited for.
    Io,
}

/// What `plan` takes.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    /// The experiment file.
    pub file: PathBuf,
    /// What is laid over it.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// What is printed.
    #[arg(long, value_enum, default_value_t = PlanFormat::Table, value_name = "FORMAT")]
    pub format: PlanFormat,
    /// Shows only this trial, such as t000012: what is started, where, and with which environment.
    #[arg(long, value_name = "ID", conflicts_with_all = ["format", "from", "pilot"])]
    pub trial: Option<String>,
    /// Directory of the earlier run from which the time is estimated; default: the experiment's
    /// latest one.
    #[arg(long, value_name = "RUN")]
    pub from: Option<PathBuf>,
    /// Runs so many trials of each cell now, to estimate time and repeats: the one option that
    /// starts processes. Without a number: 6 where there is a baseline, else 1.
    #[arg(long, conflicts_with = "from", num_args = 0..=1, require_equals = true,
        value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub pilot: Option<Option<u32>>,
    /// The difference that repeats are to find, such as 5 %; default: the margin of the file.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub effect: Option<f64>,
    /// Directory of all results, where an earlier run is looked for.
    #[arg(long, short, default_value = "results", value_name = "DIR")]
    pub output: PathBuf,
    /// Overrides the file's seed.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// Refuses plans with more trials than this.
    #[arg(long, default_value_t = 10_000_000, value_name = "N", allow_negative_numbers = true)]
    pub max_trials: u64,
}

/// A share that is written in percent: `5%` or `5`.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches('%').trim().parse::<f64>().ok();
    let share = number.map(|number| number / 100.0).filter(|share| *share > 0.0 && *share < 100.0);
    share.ok_or_else(|| "write the difference in percent, such as 5%".to_owned())
}

/// What `logs` takes.
#[derive(Debug, clap::Args)]
#[command(override_usage = "runner logs [OPTIONS] [RUN] <TRIAL>")]
pub struct LogsArgs {
    /// The run: its directory or archive, the name of an experiment (its latest run), or the
    /// beginning of its own name. Left out, the newest run is meant.
    #[arg(value_name = "RUN")]
    pub run: String,
    /// The trial, such as t000012; or build-1, c001-setup, run-teardown.
    #[arg(value_name = "TRIAL")]
    pub trial: Option<String>,
    /// Directory of all results.
    #[arg(long, short, default_value = "results", value_name = "DIR")]
    pub output: PathBuf,
}

/// What `exec` takes.
#[derive(Debug, clap::Args)]
#[command(override_usage = "runner exec [OPTIONS] [RUN] <TRIAL>")]
pub struct ExecArgs {
    /// The run: its directory or archive, the name of an experiment (its latest run), or the
    /// beginning of its own name. Left out, the newest run is meant.
    #[arg(value_name = "RUN")]
    pub run: String,
    /// The trial, such as t000012.
    #[arg(value_name = "TRIAL")]
    pub trial: Option<String>,
    /// Directory of all results.
    #[arg(long, short, default_value = "results", value_name = "DIR")]
    pub output: PathBuf,
}

/// What `verify` takes.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// The run: its directory or archive, the name of an experiment (its latest run), or the
    /// beginning of its own name. Left out, the newest run is meant.
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Directory of all results.
    #[arg(long, short, default_value = "results", value_name = "DIR")]
    pub output: PathBuf,
}

/// What `gate` takes.
#[derive(Debug, clap::Args)]
pub struct GateArgs {
    /// The run: its directory or archive, the name of an experiment (its latest run), or the
    /// beginning of its own name. Left out, the newest run is meant.
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// The rule; without it that of the experiment.
    #[arg(long, value_name = "RULE", value_parser = crate::cli::gate::rule)]
    pub gate: Option<Rule>,
    /// What is printed.
    #[arg(long, value_enum, default_value_t = GateFormat::Text, value_name = "FORMAT")]
    pub format: GateFormat,
    /// Directory of all results.
    #[arg(long, short, default_value = "results", value_name = "DIR")]
    pub output: PathBuf,
}

/// What `gate` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GateFormat {
    /// For a terminal.
    Text,
    /// Annotations for GitHub Actions.
    Github,
    /// JUnit XML, which other services read.
    Junit,
}

/// What `rerun` takes.
#[derive(Debug, clap::Args)]
pub struct RerunArgs {
    /// The run: its directory or archive, the name of an experiment (its latest run), or the
    /// beginning of its own name. Left out, the newest run is meant.
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Runs nothing: looks for the conclusions of RUN in this run.
    #[arg(long, value_name = "RUN")]
    pub with: Option<String>,
    /// The folder in which relative paths of the experiment start; without it the recorded one.
    #[arg(long, value_name = "DIR", conflicts_with = "with")]
    pub base: Option<PathBuf>,
    /// What is printed.
    #[arg(long, value_enum, default_value_t = RerunFormat::Text, value_name = "FORMAT")]
    pub format: RerunFormat,
    /// How it is shown and kept.
    #[command(flatten)]
    pub keep: KeepArgs,
}

/// What `rerun` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RerunFormat {
    /// For a terminal.
    Text,
    /// For programs.
    Json,
}

/// What `compare` takes.
#[derive(Debug, clap::Args)]
pub struct CompareArgs {
    /// Two runs or more: directories, names of experiments (their latest runs), or beginnings of
    /// the names of runs. The first is what the others are compared with.
    #[arg(value_name = "RUN", required = true, num_args = 2..)]
    pub runs: Vec<String>,
    /// What is printed.
    #[arg(long, value_enum, default_value_t = CompareFormat::Text, value_name = "FORMAT")]
    pub format: CompareFormat,
    /// Fails (exit code 7) if a cell became worse by more than this: 'slower > 5%'. Exit code 8 if
    /// none does and one is not decided.
    #[arg(long, value_name = "RULE", value_parser = crate::cli::gate::rule)]
    pub gate: Option<Rule>,
    /// Compares although the runs are of different machines; the rows are marked.
    #[arg(long)]
    pub across_machines: bool,
    /// Directory of all results.
    #[arg(long, short, default_value = "results", value_name = "DIR")]
    pub output: PathBuf,
}

/// What `compare` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompareFormat {
    /// For a terminal.
    Text,
    /// The columns of comparisons.csv.
    Csv,
    /// Everything, for programs.
    Json,
    /// A table for a page.
    Md,
    /// Annotations for GitHub Actions.
    Github,
    /// JUnit XML, which other services read.
    Junit,
}

/// What `explain` takes.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// Which cells: names of strategies, workloads or levels, ×2 for workers, and conditions as
    /// for --only, such as 'multicore n>=1e6'. Left out, every cell is meant.
    #[arg(value_name = "CELLS")]
    pub cells: Vec<String>,
    /// The run: its directory or archive, the name of an experiment (its latest run), or the
    /// beginning of its own name. Left out, the newest run is meant.
    #[arg(long, short, value_name = "RUN")]
    pub run: Option<String>,
    /// Directory of all results.
    #[arg(long, short, default_value = "results", value_name = "DIR")]
    pub output: PathBuf,
}

/// What `doctor` takes.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Prints everything that was found as JSON.
    #[arg(long)]
    pub json: bool,
}

/// What `list` takes.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// Only these. `runs` are listed when they are asked for.
    #[arg(value_enum)]
    pub what: Option<Listed>,
    /// What is printed.
    #[arg(long, value_enum, default_value_t = ListFormat::Text, value_name = "FORMAT")]
    pub format: ListFormat,
    /// Directory of all results, where runs are looked for.
    #[arg(long, short, default_value = "results", value_name = "DIR")]
    pub output: PathBuf,
}

/// What `plan` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// Aligned columns.
    Table,
    /// The identity columns of `trials.csv`.
    Csv,
    /// Everything, with the exact argument vectors.
    Json,
}

/// What `list` lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Listed {
    /// Built-in kernels.
    Kernels,
    /// Kinds of strategy.
    Strategies,
    /// Runs, the newest last.
    Runs,
}

/// What `list` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For programs and spreadsheets; of runs only.
    Csv,
}

/// What `report` takes.
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// The run: its directory or archive, the name of an experiment (its latest run), or the
    /// beginning of its own name. Left out, the newest run is meant. Several are shown side by
    /// side.
    #[arg(value_name = "RUN", num_args = 0..)]
    pub runs: Vec<String>,
    /// Prints the report in this format instead of making the files of the run anew.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<ReportFormat>,
    /// Makes the page from a template of your own (MiniJinja), beside that of the run:
    /// report.own.html.
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// Writes the report there; its ending says the format unless --format does.
    #[arg(long, value_name = "FILE")]
    pub output_file: Option<PathBuf>,
    /// Writes the figures in this format, too, beside those of the run; needs the feature `png`.
    #[arg(long, value_enum, value_name = "FORMAT",
        conflicts_with_all = ["format", "template", "output_file", "open"])]
    pub figures: Option<FigureFormat>,
    /// Shows it with the program of the desktop (xdg-open).
    #[arg(long)]
    pub open: bool,
    /// Directory of all results.
    #[arg(long, short, default_value = "results", value_name = "DIR")]
    pub output: PathBuf,
}

/// What figures are written in besides SVG.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FigureFormat {
    /// 1200 pixels across.
    Png,
}

/// What a report is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// One page that brings everything.
    Html,
    /// Markdown, for a code host.
    Md,
    /// Tables in LaTeX, for the package booktabs.
    Tex,
    /// The result table alone: `table.csv`.
    Csv,
    /// The result table alone, an object a cell.
    Json,
}

/// What `cite` takes.
#[derive(Debug, clap::Args)]
pub struct CiteArgs {
    /// The run: its directory or archive, the name of an experiment (its latest run), or the
    /// beginning of its own name. Left out, the newest run is meant.
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Directory of all results.
    #[arg(long, short, default_value = "results", value_name = "DIR")]
    pub output: PathBuf,
}
