//! From the exits of a trial's commands to what was measured.

use std::borrow::Cow;
use std::io;

use sha2::{Digest, Sha256};

use super::answer::{expected, same_answer};
use super::context::TrialContext;
use super::metrics::{self, find};
use super::prepare::{argument_vectors, env_pad_bytes};
use crate::design::Extract;
use crate::measure::{Measured, Status, signal_name};
use crate::plan::{Trial, trials::hex};
use crate::process::{Captured, Ending, Exit};
use crate::trial::Setting;
use crate::trial::ending::{counts, cpuset, is_above_floor, sandbox, survivors};
use crate::trial::limit;

/// What an attempt at a trial of a command workload came to. `exits` holds the exits of each lane
/// of [`prepare`](super::prepare()), in order; those of commands that were never started are
/// missing at the ends of lanes.
///
/// `time_ns` runs from the first spawn to the last end, CPU times and counters are sums, the peak
/// memory is that of the largest process. The values of a metric in several tasks are combined as
/// it asks, the answer must be the same in all, and the digest is that of all outputs in the order
/// of tasks.
///
/// # Panics
/// When the trial's workload is a kernel.
#[must_use]
pub fn measure(
    setting: &Setting<'_>,
    trial: &Trial,
    attempt: u32,
    exits: &[Vec<Exit>],
) -> Measured {
    let context = TrialContext::new(setting, trial, attempt).expect("a command workload");
    let of_cell = &context.of_cell;
    let ended = in_task_order(exits);
    let (status, note) = ending(setting, trial, &ended, of_cell.tasks());
    let mut measured = Measured::empty(status);
    measured.conditions.env_pad_bytes = env_pad_bytes(setting, trial);
    measured.metrics = vec![None; of_cell.workload.metrics.len()];
    if let Some(note) = note {
        measured = measured.with_note(&note);
    }
    add_usage(&mut measured, &ended);
    if status != Status::StartFailed {
        measured.time_ns = span_ns(&ended);
        measured.output_digest = output_digest(&ended);
    }
    if status == Status::Ok {
        measured = read_output(&context, &ended, measured);
    }
    measured
}

/// One ended command and the number of its task, from 0.
type Ended<'a> = (u32, &'a Exit);

fn in_task_order(exits: &[Vec<Exit>]) -> Vec<Ended<'_>> {
    let deepest = exits.iter().map(Vec::len).max().unwrap_or(0);
    let places = (0..deepest).flat_map(|row| exits.iter().map(move |lane| lane.get(row)));
    (0..).zip(places).filter_map(|(task, exit)| Some((task, exit?))).collect()
}

/// A way to end, and the status that it means.
type Case = (fn(&Exit) -> bool, Status);

/// What the runner did to a command comes before what the command did, since the one follows from
/// the other.
const CASES: [Case; 7] = [
    (|exit| exit.timed_out, Status::Timeout),
    (|exit| exit.terminated, Status::Interrupted),
    (|exit| matches!(exit.ending, Ending::NotStarted { .. }), Status::StartFailed),
    (|exit| matches!(exit.ending, Ending::Signalled(_)), Status::Failed),
    (|exit| matches!(exit.ending, Ending::Exited(code) if code != 0), Status::Failed),
    (|exit| exit.survivors > 0, Status::Failed),
    (|exit| exit.leaked > 0, Status::Failed),
];

/// The status, and what a person should know about it.
fn ending(
    setting: &Setting<'_>,
    trial: &Trial,
    ended: &[Ended<'_>],
    tasks: u32,
) -> (Status, Option<String>) {
    let over = ended.iter().find_map(|(task, exit)| Some((*task, *exit, exit.limit?)));
    if let Some((task, exit, passed)) = over {
        let limits = setting.protocol(trial.cell).limits;
        let note = limit::note(passed, &limits, exit);
        return (limit::status(passed), Some(of_task(note, task, tasks)));
    }
    for (holds, status) in CASES {
        let Some(&(task, exit)) = ended.iter().find(|(_, exit)| holds(exit)) else {
            continue;
        };
        let note = note(setting, trial, task, exit);
        return (status, Some(of_task(note, task, tasks)));
    }
    let count = ended.len();
    if count < tasks as usize {
        let note = format!("only {count} of {tasks} tasks were started");
        return (Status::Interrupted, Some(note));
    }
    (Status::Ok, None)
}

fn of_task(note: String, task: u32, tasks: u32) -> String {
    if tasks > 1 { format!("task {} of {tasks}: {note}", task + 1) } else { note }
}

fn note(setting: &Setting<'_>, trial: &Trial, task: u32, exit: &Exit) -> String {
    if exit.timed_out {
        let cell = setting.matrix.cell(trial.cell);
        let timeout = setting.matrix.protocol(cell).timeout;
        let how = if exit.killed { "killed" } else { "ended with TERM" };
        return format!("not done after {timeout:?}: {how}");
    }
    if exit.terminated {
        return "ended with the run".to_owned();
    }
    match &exit.ending {
        Ending::NotStarted { errno, call } => {
            let name = program_name(setting, trial, task);
            not_started(&name, *errno, call)
        }
        Ending::Signalled(signal) => {
            with_last_words(format!("killed by {}", signal_name(*signal)), exit)
        }
        Ending::Exited(0) if exit.survivors > 0 => survivors(exit),
        Ending::Exited(0) => match exit.leaked {
            1 => "left a process behind, which was killed".to_owned(),
            leaked => format!("left {leaked} processes behind, which were killed"),
        },
        Ending::Exited(code) => with_last_words(format!("exit code {code}"), exit),
    }
}

fn program_name(setting: &Setting<'_>, trial: &Trial, task: u32) -> String {
    let lanes = argument_vectors(setting, trial).unwrap_or_default();
    let count = lanes.len().max(1);
    let argv = lanes.get(task as usize % count).and_then(|lane| lane.get(task as usize / count));
    argv.and_then(|argv| argv.first()).cloned().unwrap_or_else(|| "the program".to_owned())
}

fn not_started(name: &str, errno: i32, call: &str) -> String {
    let reason = match (call, errno) {
        // The program was found before, so it is its interpreter that is missing.
        ("execve", libc::ENOENT) => {
            "the interpreter named in its first line (or its loader) does not exist".to_owned()
        }
        ("execve", libc::ENOEXEC) => {
            "it is neither a program for this machine nor a script with a `#!` line".to_owned()
        }
        ("execve", libc::E2BIG) => "its arguments and environment are too long".to_owned(),
        _ => {
            let text = io::Error::from_raw_os_error(errno).to_string();
            let text = text.split(" (os error").next().unwrap_or_default().to_lowercase();
            format!("{call}: {text}")
        }
    };
    format!("cannot start {name}: {reason}")
}

fn with_last_words(what: String, exit: &Exit) -> String {
    let stderr = text_of(&exit.stderr);
    match stderr.lines().map(str::trim).rfind(|line| !line.is_empty()) {
        Some(line) => format!("{what}: {line}"),
        None => what,
    }
}

fn span_ns(ended: &[Ended<'_>]) -> Option<u64> {
    let first = ended.iter().map(|(_, exit)| exit.spawned_ns).min()?;
    let last = ended.iter().map(|(_, exit)| exit.ended_ns).max()?;
    Some(last.saturating_sub(first))
}

fn add_usage(measured: &mut Measured, ended: &[Ended<'_>]) {
    let started: Vec<&Exit> = ended
        .iter()
        .map(|(_, exit)| *exit)
        .filter(|exit| !matches!(exit.ending, Ending::NotStarted { .. }))
        .collect();
    if let Some(largest) = started.iter().max_by_key(|exit| exit.usage.max_rss_bytes) {
        let peak = largest.usage.max_rss_bytes;
        measured.memory_floor = !is_above_floor(largest);
        measured.memory_method = Some(largest.memory_method);
        // Several runs in one trial: the weakest of their methods.
        measured.cpu_method = started.iter().map(|exit| exit.cpu_method).min();
        measured.max_rss_bytes = (!measured.memory_floor).then_some(peak);
        let sum = |read: fn(&Exit) -> u64| Some(started.iter().map(|exit| read(exit)).sum());
        measured.user_ns = sum(|exit| exit.usage.user_ns);
        measured.sys_ns = sum(|exit| exit.usage.sys_ns);
        measured.conditions.cpuset = cpuset(largest);
        measured.conditions.sandbox = sandbox(largest);
        measured.resources.counts = counts(started.iter().copied());
        measured.resources.read_bytes = sum(|exit| exit.usage.read_bytes);
        measured.resources.written_bytes = sum(|exit| exit.usage.written_bytes);
        measured.resources.minor_faults = sum(|exit| exit.usage.minor_faults);
        measured.resources.major_faults = sum(|exit| exit.usage.major_faults);
        measured.resources.vol_ctx_switches = sum(|exit| exit.usage.vol_ctx_switches);
        measured.resources.invol_ctx_switches = sum(|exit| exit.usage.invol_ctx_switches);
    }
    let failed = |exit: &&&Exit| exit.ending != Ending::Exited(0);
    match started.iter().find(failed).or(started.first()).map(|exit| &exit.ending) {
        Some(Ending::Exited(code)) => measured.exit_code = Some(*code),
        Some(Ending::Signalled(signal)) => measured.signal = Some(*signal),
        Some(Ending::NotStarted { .. }) | None => {}
    }
}

fn output_digest(ended: &[Ended<'_>]) -> Option<String> {
    if ended.is_empty() || ended.iter().any(|(_, exit)| exit.stdout.omitted > 0) {
        return None;
    }
    let mut hash = Sha256::new();
    for (_, exit) in ended {
        hash.update(&exit.stdout.head);
        hash.update(&exit.stdout.tail);
    }
    Some(hex(&hash.finalize()))
}

/// The kept output as text, line ends as line feeds; copied only where needed.
fn text_of(captured: &Captured) -> Cow<'_, str> {
    let text = if captured.tail.is_empty() && captured.omitted == 0 {
        String::from_utf8_lossy(&captured.head)
    } else {
        Cow::Owned(captured.text())
    };
    if text.contains("\r\n") {
        return Cow::Owned(text.replace("\r\n", "\n"));
    }
    text
}

fn read_output(
    context: &TrialContext<'_>,
    ended: &[Ended<'_>],
    mut measured: Measured,
) -> Measured {
    let of_cell = &context.of_cell;
    let texts: Vec<Cow<'_, str>> = ended.iter().map(|(_, exit)| text_of(&exit.stdout)).collect();
    let metrics::Metrics { values, mut notes, lacks_required } = metrics::read(context, &texts);
    measured.metrics = values;
    if lacks_required {
        measured.status = Status::InvalidOutput;
    }
    if let (Some(times), Some(text)) = (&of_cell.command.iteration_times, texts.first()) {
        match metrics::iteration_times(times, text) {
            Ok(all) => measured.iterations_ns = all,
            Err(note) => {
                measured.status = Status::InvalidOutput;
                notes.push(note);
            }
        }
    }
    match read_answer(of_cell.command.result.as_ref(), ended, &texts) {
        Ok(answer) => measured.answer = answer,
        Err(Disagreement { answer, note }) => {
            measured.answer = answer;
            measured.status = Status::InvalidOutput;
            notes.insert(0, note);
        }
    }
    let bindings = of_cell.setting.matrix.bindings(of_cell.cell);
    if let (Some(answer), Some(expected)) =
        (&measured.answer, expected(of_cell.workload, &bindings))
    {
        let equal = same_answer(expected, answer);
        measured.expected = Some(equal);
        if !equal {
            measured.status = Status::InvalidOutput;
            notes.insert(0, format!("the answer is {answer}, expected was {expected}"));
        }
    }
    if notes.is_empty() {
        return measured;
    }
    measured.with_note(&notes.join("; "))
}

/// Tasks that gave no answer, or not the same one.
struct Disagreement {
    answer: Option<String>,
    note: String,
}

fn read_answer(
    place: Option<&Extract>,
    ended: &[Ended<'_>],
    texts: &[Cow<'_, str>],
) -> Result<Option<String>, Disagreement> {
    let Some(place) = place else {
        return Ok(None);
    };
    let mut first: Option<String> = None;
    for (&(task, exit), text) in ended.iter().zip(texts) {
        let Some(answer) = find(place, text) else {
            let note = no_answer(place, &exit.stdout);
            return Err(Disagreement { answer: first, note });
        };
        match &first {
            None => first = Some(answer),
            Some(other) if same_answer(other, &answer) => {}
            Some(other) => {
                let number = task + 1;
                let note = format!("task {number} answered {answer}, task 1 answered {other}");
                return Err(Disagreement { answer: None, note });
            }
        }
    }
    Ok(first)
}

fn no_answer(place: &Extract, stdout: &Captured) -> String {
    let lacks = metrics::without(place);
    match (stdout.total_bytes(), stdout.omitted) {
        (0, _) => "no answer: nothing was written to standard output".to_owned(),
        (_, 0) => format!("no answer: standard output {lacks}"),
        (_, omitted) => format!(
            "no answer: what was kept of standard output {lacks} ({omitted} bytes were left out)"
        ),
    }
}
