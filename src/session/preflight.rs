//! Before the first trial: builds, versions of programs, the revision of the experiment.
//!
//! Nothing here is timed. What fails here makes trials failed rows; it does not end the run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::design::CellIx;
use crate::exec::Blocked;
use crate::host::programs::{ProgramFacts, absolute, digest, resolve};
use crate::host::revision::Revision;
use crate::host::{Fact, Programs};
use crate::measure::Status;
use crate::process::{Command, Ending, Exit, Launcher};
use crate::store::manifest::ScriptFacts;
use crate::store::{StoreError, save_output};
use crate::trial::Setting;
use crate::trial::command::{build_command, build_vectors, program_list, script_list};

/// Longest time for `git` or a program's `--version`.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes kept of what they say.
const PROBE_BYTES: usize = 1 << 16;
/// Lines of a failed build's output that its rows quote.
const TAIL_LINES: usize = 3;

/// Runs small programs whose output is wanted, never a trial.
pub(super) struct Prober<'a> {
    pub(super) launcher: &'a mut Launcher,
    pub(super) env: &'a [(OsString, OsString)],
}

impl Prober<'_> {
    /// Standard output, then standard error, of a program that succeeded; otherwise why not.
    pub(super) fn ask(
        &mut self,
        program: &Path,
        arguments: &[&str],
        cwd: &Path,
    ) -> Result<Exit, String> {
        self.ask_for(program, arguments, cwd, PROBE_TIMEOUT)
    }

    /// The same for what may take longer.
    pub(super) fn ask_for(
        &mut self,
        program: &Path,
        arguments: &[&str],
        cwd: &Path,
        timeout: Duration,
    ) -> Result<Exit, String> {
        let mut argv = vec![program.as_os_str().to_owned()];
        argv.extend(arguments.iter().map(OsString::from));
        let mut env = self.env.to_vec();
        env.retain(|(name, _)| name != "GIT_OPTIONAL_LOCKS");
        env.push(("GIT_OPTIONAL_LOCKS".into(), "0".into()));
        let command = Command {
            program: program.to_owned(),
            argv,
            env,
            cwd: cwd.to_owned(),
            stdin: None,
            timeout,
            grace: Duration::from_secs(1),
            capture_bytes: PROBE_BYTES,
            limits: crate::process::Limits::default(),
            cpus: Vec::new(),
            nice: None,
            sandbox: crate::process::Sandbox::default(),
            counters: false,
            tee: None,
        };
        let exit = self.launcher.run(&command).map_err(|error| error.to_string())?;
        match &exit.ending {
            Ending::Exited(0) => Ok(exit),
            Ending::Exited(code) => {
                let stderr = exit.stderr.text();
                Err(format!("exit code {code}: {}", stderr.lines().next().unwrap_or_default()))
            }
            Ending::Signalled(signal) => Err(format!("ended by signal {signal}")),
            Ending::NotStarted { errno, call } => {
                Err(format!("{call}: {}", std::io::Error::from_raw_os_error(*errno)))
            }
        }
    }

    pub(super) fn find(&self, name: &str, base_dir: &Path) -> Result<std::path::PathBuf, String> {
        let path = self.env.iter().find(|(variable, _)| variable == "PATH");
        let path = path.map_or_else(OsString::new, |(_, value)| value.clone());
        resolve(name, &path, base_dir).map_err(|error| error.to_string())
    }

    /// The median time of so many starts of `true` from spawn to reap, in ns.
    pub(super) fn empty_process(&mut self, times: usize) -> Fact<u64> {
        let mut spans = || -> Result<Vec<u64>, String> {
            let root = Path::new("/");
            let program = self.find("true", root)?;
            let once = |_| {
                let exit = self.ask(&program, &[], root)?;
                Ok(exit.ended_ns.saturating_sub(exit.spawned_ns))
            };
            (0..times).map(once).collect()
        };
        Fact::from(spans()).map(|mut spans| {
            spans.sort_unstable();
            spans[spans.len() / 2]
        })
    }

    /// The revision of the repository that holds a folder.
    pub(super) fn revision(&mut self, folder: &Path) -> Revision {
        let folder = absolute(folder);
        let git = match self.find("git", &folder) {
            Ok(git) => git,
            Err(reason) => return Revision::unknown(&format!("git: {reason}")),
        };
        Revision::read(&mut |arguments| {
            self.ask(&git, arguments, &folder).map(|exit| exit.stdout.head)
        })
    }
}

/// What is known of every program that the experiment names, to be asked when all builds are done.
pub(super) fn programs(setting: &Setting<'_>, launcher: &mut Launcher) -> Vec<ProgramFacts> {
    let mut prober = Prober { launcher, env: setting.base_env };
    let base_dir = &setting.experiment.base_dir;
    program_list(setting, &mut Programs::default(), &mut |program| {
        let exit = prober.ask(program, &["--version"], base_dir)?;
        let said = if exit.stdout.head.is_empty() { exit.stderr } else { exit.stdout };
        Ok(said.text())
    })
}

/// What is known of every script that the experiment names.
pub(super) fn scripts(setting: &Setting<'_>) -> Vec<ScriptFacts> {
    let facts = |path: PathBuf| ScriptFacts {
        sha256: Fact::from(digest(&path)),
        path: path.display().to_string(),
    };
    script_list(setting).into_iter().map(facts).collect()
}

/// Runs every build once, and says which cells cannot be run because theirs failed, besides those
/// that are `blocked` already and need none.
pub(super) fn build(
    setting: &Setting<'_>,
    launcher: &mut Launcher,
    mut blocked: Vec<Option<Blocked>>,
) -> Result<Vec<Option<Blocked>>, StoreError> {
    let steps = match build_vectors(setting) {
        Ok(steps) => steps,
        Err(error) => {
            block(&mut blocked, &every_cell(setting), Status::StartFailed, &error.to_string());
            return Ok(blocked);
        }
    };
    let mut programs = Programs::default();
    for (number, step) in steps.iter().enumerate() {
        if step.cells.iter().all(|cell| blocked[cell.index()].is_some()) {
            continue;
        }
        let command = match build_command(setting, step, &mut programs) {
            Ok(command) => command,
            Err(error) => {
                block(&mut blocked, &step.cells, Status::StartFailed, &format!("build: {error}"));
                continue;
            }
        };
        let note = match launcher.run(&command) {
            Ok(exit) => {
                let name = format!("build-{}", number + 1);
                let failure = failure(&exit);
                save_output(setting.run_dir, &name, 1, &[vec![exit]])?;
                failure
            }
            Err(error) => Some(format!("the launcher was lost: {error}")),
        };
        if let Some(note) = note {
            // Long notes are cut at their end, where the least is lost.
            let note = format!("build: {note}; it was {}", step.argv.join(" "));
            block(&mut blocked, &step.cells, Status::Failed, &note);
        }
    }
    Ok(blocked)
}

fn every_cell(setting: &Setting<'_>) -> Vec<CellIx> {
    (0..setting.matrix.len()).map(CellIx::new).collect()
}

fn block(blocked: &mut [Option<Blocked>], cells: &[CellIx], status: Status, note: &str) {
    for cell in cells {
        blocked[cell.index()] = Some(Blocked { status, note: note.to_owned() });
    }
}

/// Why a build did not succeed, with the tail of its output.
fn failure(exit: &Exit) -> Option<String> {
    let how = match &exit.ending {
        Ending::Exited(0) if !exit.timed_out => return None,
        Ending::Exited(code) => format!("exit code {code}"),
        Ending::Signalled(signal) => format!("ended by signal {signal}"),
        Ending::NotStarted { errno, call } => {
            return Some(format!("{call}: {}", std::io::Error::from_raw_os_error(*errno)));
        }
    };
    let said = if exit.stderr.total_bytes() > 0 { exit.stderr.text() } else { exit.stdout.text() };
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let tail = lines[lines.len().saturating_sub(TAIL_LINES)..].join(" | ");
    Some(if tail.is_empty() { how } else { format!("{how}: {tail}") })
}
