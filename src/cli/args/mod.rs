//! Arguments exactly as typed.

mod look;
mod records;
mod run;

use std::ffi::OsString;

use clap::{Parser, Subcommand, ValueEnum};

pub use look::*;
pub use records::*;
pub use run::*;

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
  6  results could not be written
  7  a gate failed, `verify` found something that is not as the record says, or a conclusion does
     not reproduce
  8  a gate, or whether a conclusion reproduces, is not decided";

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
    /// Lists kernels and strategies with blocks that can be pasted into a file, or runs.
    List(ListArgs),
    /// Prints what came out of every run of an experiment as CSV: one line per run and cell.
    History(HistoryArgs),
    /// Writes copies of a run's tables for a spreadsheet of some language.
    Export(ExportArgs),
    /// Packs a run into one archive for others, with its provenance; `verify` reads it as it is.
    Pack(PackArgs),
    /// Prints what was kept of a trial's output.
    Logs(LogsArgs),
    /// Runs one trial of an earlier run again, alone: same command, seed and environment.
    Exec(ExecArgs),
    /// Says what this machine does to measurements, and what to do about it; changes nothing.
    Doctor(DoctorArgs),
    /// Runs the archived experiment of a run again and says which of its conclusions reproduce.
    Rerun(RerunArgs),
    /// Compares runs cell by cell, after telling what else differs between them.
    Compare(CompareArgs),
    /// Judges a run by a gate: exit code 0, 7 when it fails, 8 when it is inconclusive.
    Gate(GateArgs),
    /// Makes every derived file of a run again from its journal and compares byte by byte.
    Verify(VerifyArgs),
    /// Makes the report of a run and its tables anew from the journal, or prints the report.
    Report(ReportArgs),
    /// Prints how to cite a run: a paragraph on the method, an entry for BibTeX, its digest.
    Cite(CiteArgs),
    /// Says in plain words what a run shows of some cells, why, and what would help.
    Explain(ExplainArgs),
    /// Prints a JSON Schema: of experiment files, for completion and help in editors, or of the
    /// manifest of a run.
    Schema {
        /// Of which file.
        #[arg(value_enum, default_value_t = SchemaOf::Experiment)]
        of: SchemaOf,
    },
    /// Prints a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Prints the manual page, in roff.
    Man,
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
