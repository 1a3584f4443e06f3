//! A line of the shell as an experiment file: what `runner quick` runs and `--save` writes.
//!
//! Owns the way from commands to the text of a file. The text is then read like any other, so that
//! a saved file does the same by construction.

use std::path::Path;
use std::sync::Arc;

use super::diagnostics::{Diagnostic, Diagnostics};
use super::metric::regex_mistake;
use super::resolved::{bare_or_quoted, quoted};
use super::sources::Sources;
use super::typed::{Argument, Written};
use super::words::{self, Unsplit};
use crate::design::template::BUILT_IN;
use crate::design::{Name, ParamName, duration};

/// Longest name that is made from a command, in characters: names stand in tables.
const NAME_CHARS: usize = 32;

/// Longest title, in characters.
const TITLE_CHARS: usize = 100;

/// What was asked for.
#[derive(Clone, Debug, Default)]
pub struct Line<'a> {
    /// The commands, as typed. Not empty.
    pub commands: &'a [String],
    /// Names for them, in order; what is missing is made from the command.
    pub names: &'a [String],
    /// Parameters as `name=level,level`.
    pub params: &'a [String],
    /// Commands are texts for `/bin/sh -c`.
    pub shell: bool,
    /// Measured trials of each cell.
    pub repeats: Option<u32>,
    /// Trials before them.
    pub warmup: Option<u32>,
    /// Master seed.
    pub seed: Option<u64>,
    /// Longest time of one trial.
    pub timeout: Option<&'a str>,
    /// A regular expression that finds the answer.
    pub result: Option<&'a str>,
    /// The answer.
    pub expect: Option<&'a str>,
    /// Where the commands run, when that is not the folder of the file.
    pub cwd: Option<&'a Path>,
}

/// The text of the experiment file.
///
/// # Errors
/// Everything that is wrong, in terms of the command line.
pub fn toml(line: &Line<'_>) -> Result<Written, Diagnostics> {
    let mut problems = Problems { sources: Sources::new("the command line", ""), list: Vec::new() };
    let params = params(line, &mut problems);
    let workloads = workloads(line, &params, &mut problems);
    if line.names.len() > line.commands.len() {
        let extra = &line.names[line.commands.len()];
        let title = format!(
            "{} names for {} commands: this one names nothing",
            line.names.len(),
            line.commands.len()
        );
        problems.add(NAME, extra, Diagnostic::error(0..extra.len(), title));
    }
    if let Some(timeout) = line.timeout
        && let Err(reason) = duration::parse(timeout)
    {
        let problem = Diagnostic::error(0..timeout.len(), reason)
            .help("write a number and a unit: --timeout 30s");
        problems.add("--timeout ", timeout, problem);
    }
    if let Some(pattern) = line.result
        && let Err(error) = regex::Regex::new(pattern)
    {
        let (reason, at) = regex_mistake(&error.to_string(), pattern);
        let problem = Diagnostic::error(at, format!("this cannot be read: {reason}"))
            .help("the syntax is at https://docs.rs/regex/#syntax");
        problems.add("--result ", pattern, problem);
    }
    if !problems.list.is_empty() {
        return Err(Diagnostics::of(Arc::new(problems.sources), problems.list));
    }
    Ok(text(line, &params, &workloads))
}

/// What stands before an argument as it was typed.
const NAME: &str = "--name ";
const PARAM: &str = "-L ";

/// The mistakes in the arguments.
struct Problems {
    sources: Sources,
    list: Vec<Diagnostic>,
}

impl Problems {
    /// A problem of one argument, placed in its text.
    fn add(&mut self, option: &str, text: &str, mut problem: Diagnostic) {
        let index = self.sources.add_argument(&format!("{option}{text}"));
        let start = self.sources.range(index).start + option.len();
        problem.at = start + problem.at.start..start + problem.at.end;
        self.list.push(problem);
    }
}

/// A parameter, and its levels in TOML.
struct Param<'a> {
    typed: &'a str,
    name: String,
    levels: String,
}

fn params<'a>(line: &Line<'a>, problems: &mut Problems) -> Vec<Param<'a>> {
    let mut params: Vec<Param<'_>> = Vec::new();
    let example = "write -L n=1,2 or -L n=1..10";
    for argument in line.params {
        let mut refuse = |at: std::ops::Range<usize>, title: &str, help: &str| {
            let problem = Diagnostic::error(at, title).help(help);
            problems.add(PARAM, argument, problem);
        };
        let Some((name, levels)) = argument.split_once('=') else {
            refuse(0..argument.len(), "this parameter has no levels", example);
            continue;
        };
        let (name, start) = (name.trim(), name.len() + 1);
        if let Err(error) = ParamName::new(name) {
            refuse(0..start - 1, &error.to_string(), example);
        } else if params.iter().any(|other| other.name == name) {
            let help = "put all of its levels into one -L";
            refuse(0..start - 1, &format!("the parameter `{name}` is given twice"), help);
        } else if levels.trim().is_empty() {
            refuse(start..argument.len(), "this parameter has no levels", example);
        } else if let Some((at, reason)) = mistake(levels) {
            let title = format!("these levels cannot be read: {reason}");
            let help = "write -L n=1,2 or -L 'n={ from = 1, to = 10, step = 1 }'";
            refuse(start + at.start..start + at.end, &title, help);
        } else {
            let (name, levels) = (name.to_owned(), axis(levels.trim()));
            params.push(Param { typed: argument, name, levels });
        }
    }
    params
}

/// What is wrong with levels that are written in TOML, and where: they must be one value, so that
/// they say nothing about the rest of the file.
fn mistake(levels: &str) -> Option<(std::ops::Range<usize>, String)> {
    const KEY: &str = "levels =";
    if !levels.trim_start().starts_with(['[', '{']) {
        return None;
    }
    match format!("{KEY}{levels}").parse::<toml::Table>() {
        Ok(table) if table.len() == 1 => None,
        Ok(_) => Some((0..levels.len(), "there is more than one value".to_owned())),
        Err(error) => {
            let at = error.span().unwrap_or_default();
            let local = |byte: usize| byte.saturating_sub(KEY.len()).min(levels.len());
            Some((local(at.start)..local(at.end), error.message().to_owned()))
        }
    }
}

/// `1,2,x` as `[1, 2, "x"]` and `1..9` as a range; what is written in TOML already stays as it is.
fn axis(levels: &str) -> String {
    if levels.starts_with(['[', '{']) {
        return levels.to_owned();
    }
    let is_number = |text: &str| {
        text.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
            && level(text) == text
    };
    let ends: Vec<&str> = levels.split("..").collect();
    if let [from, to, step @ ..] = ends.as_slice()
        && step.len() <= 1
        && ends.iter().all(|end| is_number(end))
    {
        let step = step.first().unwrap_or(&"1");
        return format!("{{ from = {from}, to = {to}, step = {step} }}");
    }
    let levels: Vec<String> = levels.split(',').map(|level| self::level(level.trim())).collect();
    if let [level] = levels.as_slice() { level.clone() } else { format!("[{}]", levels.join(", ")) }
}

/// A number or a boolean as it is, if TOML writes it so; all else is text.
fn level(text: &str) -> String {
    let digits = text.trim_start_matches('-');
    let is_plain = !digits.starts_with('0') || digits == "0" || digits.starts_with("0.");
    let starts_with_digit = digits.starts_with(|c: char| c.is_ascii_digit());
    let is_integer = starts_with_digit && is_plain && text.parse::<i64>().is_ok();
    let is_float = starts_with_digit
        && is_plain
        && digits.contains('.')
        && !digits.ends_with('.')
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && text.parse::<f64>().is_ok();
    if is_integer || is_float || matches!(text, "true" | "false") {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// A command and what it is called.
struct Workload<'a> {
    typed: &'a str,
    /// Where its name comes from.
    named: Argument<'a>,
    name: String,
    command: String,
}

fn workloads<'a>(
    line: &Line<'a>,
    params: &[Param<'_>],
    problems: &mut Problems,
) -> Vec<Workload<'a>> {
    let mut workloads: Vec<Workload<'_>> = Vec::new();
    for (at, command) in line.commands.iter().enumerate() {
        let words = if line.shell { whole(command) } else { words::split(command) };
        let words = match words {
            Ok(words) => words,
            Err(unsplit) => {
                problems.add("", command, explain(command, unsplit));
                continue;
            }
        };
        let name = match line.names.get(at) {
            Some(name) => name.clone(),
            None => made_name(command, &workloads),
        };
        if let Err(error) = Name::new(&name) {
            let problem = Diagnostic::error(0..name.len(), error.to_string());
            problems.add(NAME, &name, problem);
        }
        if workloads.iter().any(|other| other.name == name) {
            let title = format!("two commands are called `{name}`");
            let problem = Diagnostic::error(0..name.len(), title).help("give them other names");
            problems.add(NAME, &name, problem);
        }
        let words: Vec<String> = words
            .iter()
            .enumerate()
            .map(|(index, word)| {
                let word = if index == 0 { located(line, word) } else { word.clone() };
                quoted(&template(&word, params))
            })
            .collect();
        let vector = if line.shell { words.concat() } else { format!("[{}]", words.join(", ")) };
        let named = line.names.get(at).map_or(("", command.as_str()), |name| (NAME, name.as_str()));
        let typed = command.as_str();
        workloads.push(Workload { typed, named, name, command: vector });
    }
    workloads
}

/// The text for a shell as the one word that it is.
fn whole(command: &str) -> Result<Vec<String>, Unsplit> {
    if command.trim().is_empty() { Err(Unsplit::Empty) } else { Ok(vec![command.to_owned()]) }
}

/// A program that is named by its place is found there from every folder.
fn located(line: &Line<'_>, program: &str) -> String {
    match line.cwd {
        Some(cwd) if !line.shell && program.contains('/') => {
            cwd.join(program.trim_start_matches("./")).display().to_string()
        }
        _ => program.to_owned(),
    }
}

fn explain(command: &str, unsplit: Unsplit) -> Diagnostic {
    let all = 0..command.len();
    match unsplit {
        Unsplit::Shell { at, title } => Diagnostic::error(at, title)
            .label("shell syntax")
            .help("to run the commands in /bin/sh add --shell; its start is then part of the time")
            .help("to hand it to the program as it is, put it in quotes inside the command"),
        Unsplit::OpenQuote => Diagnostic::error(all, "a quote in this command is never closed"),
        Unsplit::Empty => Diagnostic::error(all, "this command is empty")
            .help("write the program and its arguments"),
        Unsplit::Assignment { name, value } => {
            Diagnostic::error(all, "a command begins with the program, not with a variable")
                .help(format!("write env {name}={value} in front of the program"))
        }
    }
}

/// The text of a template that gives this word: braces stay, except around names that have a value.
fn template(word: &str, params: &[Param<'_>]) -> String {
    let is_known =
        |name: &str| BUILT_IN.contains(&name) || params.iter().any(|param| param.name == name);
    let mut out = String::new();
    let mut rest = word;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let inner = rest.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        if let Some((name, after)) = inner.filter(|(name, _)| is_known(name)) {
            out.push_str(&format!("{{{name}}}"));
            rest = after;
        } else {
            let brace = &rest[..1];
            out.push_str(brace);
            out.push_str(brace);
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// A short name that no other command has: the command with paths cut to their last part.
fn made_name(command: &str, others: &[Workload<'_>]) -> String {
    let last_part = |word: &str| {
        let word = word.trim_end_matches('/');
        word.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
    };
    let words: Vec<String> = command.split_whitespace().map(last_part).collect();
    let text: String = words.join(" ").chars().filter(|c| !c.is_control()).collect();
    let mut name = shortened(text.trim().trim_start_matches('.'), NAME_CHARS);
    if Name::new(&name).is_err() {
        "command".clone_into(&mut name);
    }
    let is_taken = |name: &str| others.iter().any(|other| other.name == name);
    let numbered = (2..).map(|number| format!("{name} ({number})"));
    let mut candidates = std::iter::once(name.clone()).chain(numbered);
    candidates.find(|name| !is_taken(name)).unwrap_or(name)
}

fn shortened(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text.to_owned();
    }
    let kept: String = text.chars().take(chars - 1).collect();
    format!("{}…", kept.trim_end())
}

fn text(line: &Line<'_>, params: &[Param<'_>], workloads: &[Workload<'_>]) -> Written {
    let names: Vec<&str> = workloads.iter().map(|workload| workload.name.as_str()).collect();
    let mut out = Written::default();
    out.push(&format!("title = {}", quoted(&shortened(&names.join(" · "), TITLE_CHARS))));
    if let Some(seed) = line.seed {
        let seed = seed.to_string();
        out.push_for(("--seed ", &seed), &format!("seed = {seed}"));
    }
    if !params.is_empty() {
        out.push("\n[params]");
        for param in params {
            let text = format!("{} = {}", param.name, param.levels);
            out.push_for((PARAM, param.typed), &text);
        }
    }
    for workload in workloads {
        out.push("");
        out.push_for(workload.named, &format!("[workloads.{}]", bare_or_quoted(&workload.name)));
        out.push_for(("", workload.typed), &format!("command = {}", workload.command));
        if line.shell {
            out.push("shell = true");
        }
        if let Some(cwd) = line.cwd {
            let cwd = cwd.display().to_string().replace('{', "{{").replace('}', "}}");
            out.push(&format!("cwd = {}", quoted(&cwd)));
        }
        if let Some(pattern) = line.result {
            let text = format!("result = {{ stdout_regex = {} }}", quoted(pattern));
            out.push_for(("--result ", pattern), &text);
        }
        if let Some(answer) = line.expect {
            out.push_for(("--expect ", answer), &format!("expect = {}", quoted(answer)));
        }
    }
    if line.repeats.is_some() || line.warmup.is_some() || line.timeout.is_some() {
        out.push("\n[protocol]");
    }
    for (option, key, count) in [("-n ", "repeats", line.repeats), ("-w ", "warmup", line.warmup)] {
        if let Some(count) = count.map(|count| count.to_string()) {
            out.push_for((option, &count), &format!("{key} = {count}"));
        }
    }
    if let Some(timeout) = line.timeout {
        out.push_for(("--timeout ", timeout), &format!("timeout = {}", quoted(timeout)));
    }
    if let [first, _, ..] = workloads {
        let name = quoted(&first.name);
        out.push(&format!("\n[compare]\nbaseline = {{ workload = {name} }}"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_line_becomes_a_file() {
        let (commands, params) =
            (texts(&["sort -n {f}", "./bin/sort '{f}' {x}"]), texts(&["f=a b,7"]));
        let line =
            Line { commands: &commands, params: &params, repeats: Some(20), ..Line::default() };
        let expected = r#"title = "sort -n {f} · sort '{f}' {x}"

[params]
f = ["a b", 7]

[workloads."sort -n {f}"]
command = ["sort", "-n", "{f}"]

[workloads."sort '{f}' {x}"]
command = ["./bin/sort", "{f}", "{{x}}"]

[protocol]
repeats = 20

[compare]
baseline = { workload = "sort -n {f}" }
"#;
        assert_eq!(toml(&line).expect("a file").text(), expected);
    }

    #[test]
    fn levels_are_numbers_only_where_they_stay_the_same_text() {
        let same = ["1", "-3", "0", "0.5", "1.50", "true"];
        for text in same {
            assert_eq!(level(text), text);
        }
        for text in [
            "007",
            "1e5",
            "+1",
            "1.",
            ".5",
            "inf",
            "nan",
            "0x10",
            "",
            "a b",
            "1_000",
            "9223372036854775808",
        ] {
            assert_eq!(level(text), quoted(text), "{text}");
        }
        assert_eq!(axis("{ from = 1, to = 4 }"), "{ from = 1, to = 4 }");
        assert_eq!(axis("1..4"), "{ from = 1, to = 4, step = 1 }");
        assert_eq!(axis("0.5..-2..-0.5"), "{ from = 0.5, to = -2, step = -0.5 }");
        for text in ["../x", "1..", "1..x", "a..b", "1..2..3..4", "true..false"] {
            assert_eq!(axis(text), quoted(text));
        }
        assert_eq!((axis("5"), axis("5,6")), ("5".to_owned(), "[5, 6]".to_owned()));
    }

    #[test]
    fn names_are_short_and_differ() {
        let name = "a.out -x".to_owned();
        let other = Workload { typed: "", named: ("", ""), name, command: String::new() };
        assert_eq!(made_name("./build/a.out -x", &[]), "a.out -x");
        assert_eq!(made_name("/opt/a.out -x", &[other]), "a.out -x (2)");
        assert_eq!(made_name("/", &[]), "command");
        assert_eq!(made_name(".hidden", &[]), "hidden");
        let long = made_name(&"word ".repeat(20), &[]);
        assert!(long.chars().count() <= NAME_CHARS && long.ends_with('…'), "{long}");
    }

    #[test]
    fn every_mistake_is_reported() {
        let commands = texts(&["ls | wc", "echo 'x", " ", "A=1 ls"]);
        let params = texts(&["n", "N=1", "m=", "k=1", "k=2"]);
        let names = texts(&["a", "a/b", "c", "d", "e"]);
        let line = Line { commands: &commands, params: &params, names: &names, ..Line::default() };
        let problems = toml(&line).expect_err("mistakes");
        assert_eq!(problems.list().len(), 9, "{}", problems.render(false));
    }
}
