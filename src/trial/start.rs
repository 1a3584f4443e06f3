//! From a planned trial to what is started, and from what ended to what was measured, whatever
//! the workload is.

use std::ffi::OsString;

use super::command::{self, CannotStart, Prepared};
use super::{Lanes, Setting, kernel};
use crate::design::{Action, Environment};
use crate::host::Programs;
use crate::measure::{Iterated, Measured};
use crate::plan::Trial;
use crate::process;

/// The commands of one attempt at a trial.
pub fn prepare(
    setting: &Setting<'_>,
    trial: &Trial,
    attempt: u32,
    programs: &mut Programs,
) -> Result<Prepared, CannotStart> {
    match kernel_trial(setting, trial) {
        None => command::prepare(setting, trial, attempt, programs),
        Some(kernel_trial) => Ok(kernel_child(setting, trial, &kernel_trial)),
    }
}

/// What the exits of an attempt, lane by lane, amount to.
#[must_use]
pub fn measure(
    setting: &Setting<'_>,
    trial: &Trial,
    attempt: u32,
    exits: &[Vec<process::Exit>],
) -> Measured {
    let workload = &setting.experiment.workloads[setting.matrix.cell(trial.cell).workload];
    if let Action::Command(_) = workload.action {
        return command::measure(setting, trial, attempt, exits);
    }
    let exit = exits.iter().flatten().next().expect("a kernel trial has one child");
    let mut measured = kernel::read(exit, &setting.protocol(trial.cell).limits);
    measured.conditions.env_pad_bytes = pad_bytes(setting, trial);
    checked(setting, trial, measured)
}

/// Makes several iterations of a kernel trial one value, and compares its answer with the known one,
/// if there is one.
///
/// The child only reports: what it did besides the region would count as its CPU time.
#[must_use]
pub fn checked(setting: &Setting<'_>, trial: &Trial, mut measured: Measured) -> Measured {
    use crate::measure::Status;
    let cell = setting.matrix.cell(trial.cell);
    let workload = &setting.experiment.workloads[cell.workload];
    if let Some(iterated) = Iterated::of(&measured.iterations_ns) {
        measured.time_ns = Some(iterated.value_ns);
    }
    if workload.expect.is_empty() || measured.status != Status::Ok {
        return measured;
    }
    let Some(answer) = measured.answer.clone() else {
        return measured;
    };
    let bindings = setting.matrix.bindings(cell);
    measured.expected = command::expectation(workload, &bindings, &answer);
    if measured.expected == Some(false) {
        measured.status = Status::InvalidOutput;
        let wanted = command::answer::expected(workload, &bindings).unwrap_or_default();
        measured = measured.with_note(&format!("the answer is {answer}, expected was {wanted}"));
    }
    measured
}

/// The exact argument vectors of a trial: lanes, commands of a lane, words.
pub fn argument_vectors(
    setting: &Setting<'_>,
    trial: &Trial,
) -> Result<Vec<Vec<Vec<String>>>, String> {
    match kernel_trial(setting, trial) {
        None => command::argument_vectors(setting, trial).map_err(|error| error.to_string()),
        Some(kernel_trial) => Ok(vec![vec![argv(setting, &kernel_trial)]]),
    }
}

fn kernel_trial(setting: &Setting<'_>, trial: &Trial) -> Option<kernel::KernelTrial> {
    let cell = setting.matrix.cell(trial.cell);
    let workload = setting.experiment.workloads[cell.workload].name.as_str();
    let seed = setting.plan.workload_seed(trial, workload);
    kernel::of(setting.experiment, setting.matrix, trial, seed)
}

fn argv(setting: &Setting<'_>, kernel_trial: &kernel::KernelTrial) -> Vec<String> {
    let mut argv = vec![setting.exe.to_string_lossy().into_owned()];
    argv.extend(kernel_trial.argv());
    argv
}

fn pad_bytes(setting: &Setting<'_>, trial: &Trial) -> u32 {
    if setting.protocol(trial.cell).env_pad { setting.plan.env_pad_bytes(trial) } else { 0 }
}

fn kernel_child(
    setting: &Setting<'_>,
    trial: &Trial,
    kernel_trial: &kernel::KernelTrial,
) -> Prepared {
    let protocol = setting.protocol(trial.cell);
    let kept = |name: &OsString| match &protocol.environment {
        Environment::Inherit => true,
        Environment::Clean { keep } => {
            name == "PATH" || keep.iter().any(|other| name == other.as_str())
        }
    };
    let mut env: Vec<(OsString, OsString)> =
        setting.base_env.iter().filter(|(name, _)| kept(name)).cloned().collect();
    let env_pad_bytes = pad_bytes(setting, trial);
    if protocol.env_pad {
        env.retain(|(name, _)| name != "RUNNER_PAD");
        env.push(("RUNNER_PAD".into(), "x".repeat(env_pad_bytes as usize).into()));
    }
    let child = process::Command {
        // The launcher is a copy of this binary, and stays one when the file is replaced during
        // the run: so do its trials.
        program: process::SELF_EXE.into(),
        argv: argv(setting, kernel_trial).into_iter().map(OsString::from).collect(),
        env,
        cwd: setting.experiment.base_dir.clone(),
        stdin: None,
        timeout: protocol.timeout,
        grace: command::GRACE,
        limits: protocol.limits,
        capture_bytes: kernel::CAPTURE_BYTES,
        cpus: Vec::new(),
        nice: protocol.nice,
        sandbox: protocol.sandbox.of_child(&setting.experiment.base_dir, None),
        counters: protocol.counters,
        tee: None,
    };
    Prepared { lanes: Lanes(vec![vec![child]]), needs_dir: None, env_pad_bytes }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::analysis::fixture::{self, Run};
    use crate::measure::Status;

    /// What becomes of a kernel trial whose child reported these iterations and their median.
    fn time_of(iterations_ns: Vec<u64>, median_ns: u64) -> Option<u64> {
        let run = Run::new(fixture::experiment());
        let setting = Setting {
            experiment: &run.experiment,
            matrix: &run.matrix,
            plan: &run.plan,
            base_env: &[],
            exe: Path::new("runner"),
            run_dir: Path::new("."),
        };
        let time_ns = Some(median_ns);
        let reported = Measured { time_ns, iterations_ns, ..Measured::empty(Status::Ok) };
        checked(&setting, &run.plan.trial(0), reported).time_ns
    }

    #[test]
    fn the_time_of_several_iterations_is_that_of_the_steady_ones() {
        let warm_up = |n: u64| -> Vec<u64> {
            (0..n).map(|at| if at < 2 * n / 3 { 3_000 } else { 1_000 } + at * 7 % 11).collect()
        };
        let time = time_of(warm_up(60), 3_003).expect("a time");
        assert!((1_000..=1_010).contains(&time), "{time}");
        // Of fewer than 40 nobody knows what is steady.
        assert_eq!(time_of(warm_up(39), 3_002), Some(3_002));
        assert_eq!(time_of(Vec::new(), 77), Some(77), "a single one is its own value");
    }
}
