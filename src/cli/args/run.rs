//! What the verbs that run trials take.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::clock;
use crate::design::gate::Rule;
use crate::session::Request;

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
    /// Why only those, for the record and the report: --reason 'the large sizes take hours'.
    #[arg(long, value_name = "TEXT", requires = "only")]
    pub reason: Option<String>,
    /// Lays a profile of the file over it; without it one is chosen by the name of the host.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
}

impl LayerArgs {
    /// The same for the session.
    #[must_use]
    pub fn request(&self) -> Request {
        Request {
            profile: self.profile.clone(),
            set: self.set.clone(),
            only: self.only.clone(),
            reason: self.reason.clone(),
        }
    }
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
    /// Adds the cells and repeats that FILE plans and this run does not have, in its directory. RUN
    /// is meant as by `runner resume`.
    #[arg(
        long,
        value_name = "RUN",
        requires = "file",
        conflicts_with_all = ["plan", "seed", "spawn", "resume"]
    )]
    pub extend: Option<String>,
    /// Extends the run although something that could change a number is not as it was. The reason is
    /// recorded, and the rows are marked.
    #[arg(
        long,
        value_name = "REASON",
        requires = "extend",
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    pub accept_change: Option<String>,
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
    /// Fails (exit code 7) if a cell is worse than its baseline by more than this: 'slower > 5%'.
    /// Exit code 8 if none is and one is not decided. Wins over that of the file.
    #[arg(long, value_name = "RULE", value_parser = crate::cli::gate::rule)]
    pub gate: Option<Rule>,
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

/// How children are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SpawnMethod {
    /// Cheapest: a clone that shares memory until it executes the program.
    Clone,
    /// Portable: the system's `posix_spawn`.
    Std,
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
