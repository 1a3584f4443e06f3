//! Arguments exactly as typed.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::clock;
use crate::session::Request;

/// Runs the experiment that a TOML file describes and writes the results as CSV.
#[derive(Debug, Parser)]
#[command(
    name = "runner",
    version,
    about = "Runs the experiment that a TOML file describes and writes the results as CSV",
    after_help = EXIT_CODES,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Args {
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub color: When,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Exit codes, for `--help` and the manual page.
pub const EXIT_CODES: &str = "\
`runner FILE` is short for `runner run FILE`.

Exit codes:
  0  every trial completed
  1  a bug in the runner
  2  wrong arguments or a mistake in the experiment file; nothing was started
  3  some trials failed or timed out
  4  nothing was selected by --only, or nothing is left to be resumed
  5  interrupted or incomplete; `runner resume` runs the rest
  6  results could not be written";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Runs an experiment and writes its results.
    Run(RunArgs),
    /// Checks an experiment file and starts nothing.
    Check(CheckArgs),
    /// Prints every trial in the order in which it would run, and starts nothing.
    Plan(PlanArgs),
    /// Writes a commented experiment file to begin with.
    New(NewArgs),
    /// Runs commands against each other without a file: the same engine, answers and table.
    Quick(QuickArgs),
    /// Runs what is left of a run that was interrupted or whose runner died.
    Resume(ResumeArgs),
    /// Lists kernels and strategies with blocks that can be pasted into a file.
    List(ListArgs),
    /// Prints what was kept of a trial's output.
    Logs(LogsArgs),
    /// Runs one trial of an earlier run again, alone: same command, seed and environment.
    Exec(ExecArgs),
    /// Says what this machine does to measurements, and what to do about it; changes nothing.
    Doctor(DoctorArgs),
    /// Prints the JSON Schema of experiment files, for completion and help in editors.
    Schema,
    /// Prints a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Prints the manual page, in roff.
    Man,
}

/// What is laid over an experiment file.
#[derive(Debug, clap::Args)]
pub struct LayerArgs {
    /// Sets one value of the file: --set protocol.repeats=5. Can be repeated.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Only the cells that meet these conditions: --only 'workload=sort,n>=1000'. A comma is "and",
    /// several --only are "or"; `*` and `?` stand for any characters.
    #[arg(long, value_name = "CONDITIONS")]
    pub only: Vec<String>,
    /// Lays a profile of the file over it; without it one is chosen by the name of the host.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
}

impl LayerArgs {
    /// The same for the session.
    #[must_use]
    pub fn request(&self) -> Request {
        Request { profile: self.profile.clone(), set: self.set.clone(), only: self.only.clone() }
    }
}

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

/// What `run` takes.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// The experiment file.
    #[arg(required_unless_present = "plan")]
    pub file: Option<PathBuf>,
    /// Starts exactly the plan that `runner plan FILE --format json` has written; it brings its
    /// own file, seed and layers.
    #[arg(
        long,
        value_name = "FILE.json",
        conflicts_with_all = ["file", "seed", "set", "only", "profile"]
    )]
    pub plan: Option<PathBuf>,
    /// Runs what is left of the newest unfinished run of FILE, as `runner resume` does.
    #[arg(
        long,
        requires = "file",
        conflicts_with_all = ["plan", "seed", "set", "only", "profile", "spawn"]
    )]
    pub resume: bool,
    /// What is laid over it.
    #[command(flatten)]
    pub layers: LayerArgs,
    /// How it is run.
    #[command(flatten)]
    pub how: HowArgs,
}

/// What `resume` takes.
#[derive(Debug, clap::Args)]
pub struct ResumeArgs {
    /// The run: its directory, the name of an experiment (its latest run), or the beginning of its
    /// own name. Left out, the newest run that is not finished is meant.
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Runs trials that failed again, too.
    #[arg(long)]
    pub failed: bool,
    /// Goes on although something that could change a number is not as it was. The reason is
    /// recorded, and the rows are marked.
    #[arg(
        long,
        value_name = "REASON",
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    pub accept_change: Option<String>,
    /// How it is shown and kept.
    #[command(flatten)]
    pub keep: KeepArgs,
}

/// How a session is shown and kept.
#[derive(Debug, clap::Args)]
pub struct KeepArgs {
    /// Directory of all results.
    #[arg(long, short, default_value = "results", value_name = "DIR")]
    pub output: PathBuf,
    /// How progress is shown on standard error.
    #[arg(long, value_enum, default_value_t = ProgressMode::Auto, value_name = "MODE")]
    pub progress: ProgressMode,
    /// Keeps the output of every trial; without it that of failed ones is kept.
    #[arg(long)]
    pub keep_output: bool,
    /// How much a crash of the machine may cost; one of the runner alone costs nothing.
    #[arg(long, value_enum, default_value_t = Durability::Second, value_name = "WHEN")]
    pub durability: Durability,
    /// Stops after as many whole blocks as end by this time: 21:30, the next one on the clock of this
    /// machine, or 2026-11-28T07:00. What is left can be resumed.
    #[arg(long, value_name = "TIME", value_parser = clock::local_ms)]
    pub by: Option<i64>,
}

/// How an experiment is run, whatever it is.
#[derive(Debug, clap::Args)]
pub struct HowArgs {
    /// How it is shown and kept.
    #[command(flatten)]
    pub keep: KeepArgs,
    /// Overrides the file's seed.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// Refuses plans with more trials than this.
    #[arg(long, default_value_t = 10_000_000, value_name = "N", allow_negative_numbers = true)]
    pub max_trials: u64,
    /// How children are started.
    #[arg(long, value_enum, default_value_t = SpawnMethod::Clone, value_name = "METHOD")]
    pub spawn: SpawnMethod,
}

/// When the journal is forced to the disk. Always between trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// Before every trial.
    Trial,
    /// When the last time is more than a second ago.
    Second,
    /// At the end only.
    End,
}

/// Lines to begin with, for the help of `quick`.
const QUICK_EXAMPLES: &str = "\
Examples:
  runner quick 'gzip -kc a.log' 'zstd -c a.log'
  runner quick 'sort {file}' -L file=a.txt,b.txt -n 20 --save sort.toml
  runner quick --shell 'sort a.txt | uniq' 'sort -u a.txt'";

/// What `quick` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = QUICK_EXAMPLES)]
pub struct QuickArgs {
    /// Commands, each in quotes: words as in a shell, and a name in braces for a level of -L.
    /// The first is the baseline.
    #[arg(required = true, value_name = "COMMAND")]
    pub commands: Vec<String>,
    /// Measured trials of each cell.
    #[arg(short = 'n', long, value_name = "N", allow_negative_numbers = true)]
    pub repeats: Option<u32>,
    /// Trials of each cell before them, which are not used.
    #[arg(short = 'w', long, value_name = "N", allow_negative_numbers = true)]
    pub warmup: Option<u32>,
    /// A parameter and its levels: -L n=1,2 -L opt=-O0,-O2 -L k=1..10 or 1..10..3. Can be repeated.
    #[arg(short = 'L', long = "param", value_name = "NAME=LEVELS", allow_hyphen_values = true)]
    pub params: Vec<String>,
    /// A name for each command, in their order. Can be repeated.
    #[arg(short = 'N', long = "name", value_name = "NAME", allow_hyphen_values = true)]
    pub names: Vec<String>,
    /// Runs each command in /bin/sh.
    #[arg(short = 'S', long)]
    pub shell: bool,
    /// Longest time of one trial, such as 30s.
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<String>,
    /// A regular expression that finds the answer in the output; trials of one command must agree.
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    pub result: Option<String>,
    /// The answer that every trial must give.
    #[arg(long, value_name = "TEXT", requires = "result", allow_hyphen_values = true)]
    pub expect: Option<String>,
    /// Writes the experiment file that does the same, and runs that. Never overwrites a file.
    #[arg(long, value_name = "FILE.toml")]
    pub save: Option<PathBuf>,
    /// How it is run.
    #[command(flatten)]
    pub how: HowArgs,
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
    /// Runs one trial of each cell now, to estimate the time: the one option that starts processes.
    #[arg(long, conflicts_with = "from")]
    pub pilot: bool,
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

/// What `logs` takes.
#[derive(Debug, clap::Args)]
#[command(override_usage = "runner logs [OPTIONS] [RUN] <TRIAL>")]
pub struct LogsArgs {
    /// The run: its directory, the name of an experiment (its latest run), or the beginning of its
    /// own name. Left out, the newest run is meant.
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
    /// The run: its directory, the name of an experiment (its latest run), or the beginning of its
    /// own name. Left out, the newest run is meant.
    #[arg(value_name = "RUN")]
    pub run: String,
    /// The trial, such as t000012.
    #[arg(value_name = "TRIAL")]
    pub trial: Option<String>,
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
    /// Only these.
    #[arg(value_enum)]
    pub what: Option<Listed>,
    /// What is printed.
    #[arg(long, value_enum, default_value_t = ListFormat::Text, value_name = "FORMAT")]
    pub format: ListFormat,
}

/// How children are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SpawnMethod {
    /// Cheapest: a clone that shares memory until it executes the program.
    Clone,
    /// Portable: the system's `posix_spawn`.
    Std,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProgressMode {
    /// Bars on a terminal, plain lines elsewhere.
    Auto,
    /// Bars.
    Bar,
    /// A line every few seconds.
    Plain,
    /// A JSON object a line.
    Json,
    /// Nothing.
    None,
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
}

/// What `list` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Puts the verb `run` where it was left out: before the first argument that is neither an option
/// nor a verb, nor meant as one.
#[must_use]
pub fn with_verb(argv: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    use clap::CommandFactory;
    let mut argv: Vec<OsString> = argv.into_iter().collect();
    let command = Args::command();
    let mut at = 1;
    while let Some(argument) = argv.get(at) {
        let text = argument.to_string_lossy();
        if command.get_subcommands().any(|verb| verb.get_name() == text) || is_about_runner(&text) {
            return argv;
        }
        // `--color WHEN` is the one option that may stand before a verb and take a value.
        match text.as_ref() {
            "--color" => at += 2,
            option if option.starts_with("--color=") => at += 1,
            _ => break,
        }
    }
    if argv.len() > at && !looks_like_a_verb(&argv[at..]) {
        argv.insert(at, "run".into());
    }
    argv
}

/// A word before another argument: `chek a.toml`. The parser then says which verbs there are.
fn looks_like_a_verb(rest: &[OsString]) -> bool {
    let [first, second, ..] = rest else { return false };
    let (first, second) = (first.to_string_lossy(), second.to_string_lossy());
    !first.starts_with('-') && !first.contains(['.', '/']) && !second.starts_with('-')
}

fn is_about_runner(argument: &str) -> bool {
    matches!(argument, "-h" | "--help" | "-V" | "--version")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verb_of(argv: &[&str]) -> Vec<String> {
        with_verb(argv.iter().map(OsString::from))
            .into_iter()
            .map(|argument| argument.into_string().expect("text"))
            .collect()
    }

    #[test]
    fn a_bare_file_is_run() {
        assert_eq!(verb_of(&["runner", "a.toml"]), ["runner", "run", "a.toml"]);
        assert_eq!(
            verb_of(&["runner", "--color", "never", "a.toml"]),
            ["runner", "--color", "never", "run", "a.toml"]
        );
        assert_eq!(
            verb_of(&["runner", "--output", "x", "a.toml"]),
            ["runner", "run", "--output", "x", "a.toml"]
        );
    }

    #[test]
    fn a_word_before_a_file_is_a_misspelt_verb_and_before_an_option_a_file() {
        assert_eq!(verb_of(&["runner", "chek", "a.toml"]), ["runner", "chek", "a.toml"]);
        let inserted = ["runner", "run", "basic", "--seed", "1"];
        assert_eq!(verb_of(&["runner", "basic", "--seed", "1"]), inserted);
    }

    #[test]
    fn verbs_and_help_stay_as_they_are() {
        for argv in [&["runner", "plan", "a.toml"][..], &["runner", "--help"], &["runner"]] {
            assert_eq!(verb_of(argv), argv);
        }
    }

    #[test]
    fn the_definition_is_consistent() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }
}
