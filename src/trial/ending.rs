//! What the end of a kernel trial's child means.

use super::kernel::failed;
use super::limit;
use crate::host::render_list;
use crate::measure::{Conditions, Measured, Resources, Status, signal_name};
use crate::process::{
    COUNTERS, Counts, Ending, Exit, FrameError, Limits, MemoryMethod, read_frame,
};

/// Bytes of each output stream that must be captured of a kernel trial's child, so that no valid
/// message is cut.
pub const CAPTURE_BYTES: usize = 8 << 20;

/// Turns the end of a child and what it wrote into a measurement.
///
/// The order of the questions: whether it started, whether the runner ended it, whether it ended
/// well, whether its message is whole, whether it left something behind.
#[must_use]
pub fn read(exit: &Exit, limits: &Limits) -> Measured {
    let measured = if let Ending::NotStarted { errno, call } = &exit.ending {
        let reason = std::io::Error::from_raw_os_error(*errno);
        return Measured::empty(Status::StartFailed).with_note(&format!("{call}: {reason}"));
    } else if let Some(limit) = exit.limit {
        let measured = Measured::empty(limit::status(limit));
        measured.with_note(&limit::note(limit, limits, exit))
    } else if exit.timed_out {
        Measured { time_ns: Some(elapsed_ns(exit)), ..Measured::empty(Status::Timeout) }
    } else if exit.terminated {
        Measured::empty(Status::Interrupted)
    } else {
        match exit.ending {
            Ending::Signalled(signal) => failed(&format!("killed by {}", signal_name(signal))),
            Ending::Exited(code) => reported(exit, code),
            Ending::NotStarted { .. } => unreachable!("returned above"),
        }
    };
    with_usage(measured, exit)
}

/// What the child says of itself, if it can be believed.
fn reported(exit: &Exit, code: i32) -> Measured {
    let measured = match message(exit) {
        Ok(measured) if code == 0 || measured.status != Status::Ok => measured,
        _ if code != 0 => return failed(&format!("exit code {code}{}", last_words(exit))),
        Ok(_) => unreachable!("an exit code of 0 is taken by the first arm"),
        Err(reason) => return failed(&format!("the trial's process {reason}")),
    };
    if exit.survivors > 0 {
        return failed(&survivors(exit));
    }
    if exit.leaked > 0 {
        return failed(&format!("{} processes outlived the trial", exit.leaked));
    }
    measured
}

/// For people: what could not be killed.
pub(super) fn survivors(exit: &Exit) -> String {
    format!("{} of its processes could not be killed", exit.survivors)
}

fn message(exit: &Exit) -> Result<Measured, String> {
    let stdout = &exit.stdout;
    if stdout.omitted > 0 {
        let bytes = stdout.total_bytes();
        let limit = CAPTURE_BYTES;
        return Err(FrameError::TooLarge { bytes, limit }.to_string());
    }
    let bytes = [stdout.head.as_slice(), stdout.tail.as_slice()].concat();
    let mut rest = bytes.as_slice();
    let frame = read_frame(&mut rest, CAPTURE_BYTES).map_err(|error| error.to_string())?;
    if !rest.is_empty() {
        return Err("sent more than its message".to_owned());
    }
    serde_json::from_slice(&frame)
        .map_err(|_| "sent a message that cannot be understood".to_owned())
}

/// Where the time of the process and its resources are known, they stand in the row, however the
/// trial ended.
fn with_usage(measured: Measured, exit: &Exit) -> Measured {
    let usage = &exit.usage;
    let above_floor = is_above_floor(exit);
    let (exit_code, signal) = match exit.ending {
        Ending::Exited(code) => (Some(code), None),
        Ending::Signalled(signal) => (None, Some(signal)),
        Ending::NotStarted { .. } => (None, None),
    };
    Measured {
        process_ns: Some(elapsed_ns(exit)),
        user_ns: Some(usage.user_ns),
        sys_ns: Some(usage.sys_ns),
        max_rss_bytes: above_floor.then_some(usage.max_rss_bytes),
        memory_floor: !above_floor,
        cpu_method: Some(exit.cpu_method),
        memory_method: Some(exit.memory_method),
        exit_code,
        signal,
        resources: Resources {
            read_bytes: Some(usage.read_bytes),
            written_bytes: Some(usage.written_bytes),
            minor_faults: Some(usage.minor_faults),
            major_faults: Some(usage.major_faults),
            vol_ctx_switches: Some(usage.vol_ctx_switches),
            invol_ctx_switches: Some(usage.invol_ctx_switches),
            counts: counts(std::iter::once(exit)),
        }
        .into(),
        conditions: Conditions {
            cpuset: cpuset(exit),
            sandbox: sandbox(exit),
            ..Conditions::clone(&measured.conditions)
        }
        .into(),
        ..measured
    }
}

/// The CPUs that were read back, if any were asked for.
pub(super) fn cpuset(exit: &Exit) -> Option<String> {
    (!exit.cpus.is_empty()).then(|| render_list(&exit.cpus))
}

/// The sums of what was counted; a counter counts only where it counted in all of them.
pub(super) fn counts<'a>(exits: impl Iterator<Item = &'a Exit>) -> Vec<Option<u64>> {
    let add = |sum: Counts, one: &Exit| {
        let mut pairs = sum.iter().zip(one.counts);
        std::array::from_fn(|_| {
            let (sum, one) = pairs.next()?;
            Some((*sum)?.saturating_add(one?))
        })
    };
    let sums = exits.fold([Some(0); COUNTERS], add);
    if sums.iter().all(Option::is_none) { Vec::new() } else { sums.to_vec() }
}

/// What the launcher kept the child from.
pub(super) fn sandbox(exit: &Exit) -> Vec<String> {
    let kept = [(exit.no_network, "network"), (exit.read_only, "files")];
    kept.into_iter().filter(|(kept, _)| *kept).map(|(_, what)| what.to_owned()).collect()
}

/// The launcher's own peak shows only in what `wait4` says.
#[must_use]
pub fn is_above_floor(exit: &Exit) -> bool {
    exit.memory_method != MemoryMethod::Wait4 || exit.usage.max_rss_bytes > exit.rss_floor_bytes
}

fn elapsed_ns(exit: &Exit) -> u64 {
    exit.ended_ns.saturating_sub(exit.spawned_ns)
}

/// The last line of standard error, after a colon.
fn last_words(exit: &Exit) -> String {
    let text = exit.stderr.text();
    match text.lines().rev().find(|line| !line.trim().is_empty()) {
        Some(line) => format!(": {}", line.trim()),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::{Captured, CpuMethod, Usage, write_frame};

    fn exit(ending: Ending, stdout: &[u8]) -> Exit {
        Exit {
            ending,
            spawned_ns: 1_000,
            ended_ns: 5_000,
            usage: Usage {
                user_ns: 7,
                sys_ns: 8,
                max_rss_bytes: 4_096,
                read_bytes: 512,
                written_bytes: 1_024,
                minor_faults: 1,
                major_faults: 2,
                vol_ctx_switches: 3,
                invol_ctx_switches: 4,
            },
            cpu_method: CpuMethod::Cgroup,
            memory_method: MemoryMethod::Wait4,
            rss_floor_bytes: 2_048,
            timed_out: false,
            terminated: false,
            killed: false,
            leaked: 0,
            cpus: Vec::new(),
            counts: crate::process::Counts::default(),
            no_network: false,
            read_only: false,
            limit: None,
            survivors: 0,
            tee_errno: None,
            stdout: Captured { head: stdout.to_vec(), ..Captured::default() },
            stderr: Captured::default(),
        }
    }

    fn ok_message() -> Vec<u8> {
        let measured = Measured {
            time_ns: Some(77),
            answer: Some("12".to_owned()),
            user_ns: Some(1),
            ..Measured::empty(Status::Ok)
        };
        frame(&serde_json::to_vec(&measured).unwrap())
    }

    fn frame(payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, payload).unwrap();
        bytes
    }

    fn verdict(exit: &Exit) -> (Status, String) {
        let measured = read(exit, &Limits::default());
        (measured.status, measured.note.unwrap_or_default())
    }

    #[test]
    fn a_good_end_has_the_childs_times_and_the_kernels_usage() {
        let measured = read(&exit(Ending::Exited(0), &ok_message()), &Limits::default());
        assert_eq!(measured.status, Status::Ok);
        assert_eq!((measured.time_ns, measured.process_ns), (Some(77), Some(4_000)));
        assert_eq!((measured.user_ns, measured.sys_ns), (Some(7), Some(8)));
        assert_eq!((measured.max_rss_bytes, measured.memory_floor), (Some(4_096), false));
        assert_eq!(measured.answer.as_deref(), Some("12"));
        assert_eq!(measured.exit_code, Some(0));
    }

    #[test]
    fn a_peak_at_the_floor_is_no_peak() {
        let mut at_floor = exit(Ending::Exited(0), &ok_message());
        at_floor.rss_floor_bytes = 4_096;
        let measured = read(&at_floor, &Limits::default());
        assert_eq!((measured.max_rss_bytes, measured.memory_floor), (None, true));
    }

    #[test]
    fn output_that_is_no_message_is_a_failure_with_the_reason() {
        let of = |stdout: &[u8]| verdict(&exit(Ending::Exited(0), stdout));
        let failed = |reason: &str| (Status::Failed, format!("the trial's process {reason}"));
        assert_eq!(of(b""), failed("sent nothing"));
        assert_eq!(of(b"rnr1\x09\0\0\0{"), failed("its message was cut off"));
        assert_eq!(of(b"hello there"), failed("sent something that is not a message"));
        assert_eq!(of(&frame(b"[]")), failed("sent a message that cannot be understood"));
        let twice = [ok_message(), ok_message()].concat();
        assert_eq!(of(&twice), failed("sent more than its message"));
        let mut flood = exit(Ending::Exited(0), b"rnr1");
        flood.stdout.omitted = 1 << 30;
        assert!(verdict(&flood).1.contains("longer than the limit"));
    }

    #[test]
    fn a_message_in_head_and_tail_is_whole() {
        let message = ok_message();
        let mut split = exit(Ending::Exited(0), &message[..10]);
        split.stdout.tail = message[10..].to_vec();
        assert_eq!(read(&split, &Limits::default()).status, Status::Ok);
    }

    #[test]
    fn every_other_end_is_told_by_status_and_note() {
        let mut signalled = exit(Ending::Signalled(11), &ok_message());
        let crash = (Status::Failed, "killed by SIGSEGV".to_owned());
        assert_eq!(verdict(&signalled), crash);
        assert_eq!(read(&signalled, &Limits::default()).signal, Some(11));
        signalled.terminated = true;
        assert_eq!(read(&signalled, &Limits::default()).status, Status::Interrupted);
        signalled.timed_out = true;
        let late = read(&signalled, &Limits::default());
        assert_eq!((late.status, late.time_ns), (Status::Timeout, Some(4_000)));
        let mut coded = exit(Ending::Exited(2), &ok_message());
        coded.stderr.head = b"first\nrunner: bad spec\n".to_vec();
        let code = (Status::Failed, "exit code 2: runner: bad spec".to_owned());
        assert_eq!(verdict(&coded), code);
        let mut left = exit(Ending::Exited(0), &ok_message());
        left.leaked = 2;
        assert_eq!(verdict(&left), (Status::Failed, "2 processes outlived the trial".to_owned()));
    }

    #[test]
    fn a_limit_comes_before_what_it_led_to() {
        let limits = Limits { memory_bytes: Some(1 << 20), ..Limits::default() };
        let mut over = exit(Ending::Signalled(9), &ok_message());
        (over.limit, over.killed) = (Some(crate::process::Limit::Memory), true);
        let measured = read(&over, &limits);
        assert_eq!(measured.status, Status::Oom);
        assert_eq!(measured.note.as_deref(), Some("more than 1 MiB of memory: killed"));
        assert_eq!(measured.signal, Some(9));
        let mut stuck = exit(Ending::Exited(0), &ok_message());
        stuck.survivors = 1;
        let left = (Status::Failed, "1 of its processes could not be killed".to_owned());
        assert_eq!(verdict(&stuck), left);
    }

    #[test]
    fn a_child_that_never_started_has_no_times() {
        let ending = Ending::NotStarted { errno: libc::ENOENT, call: "execve".to_owned() };
        let measured = read(&exit(ending, b""), &Limits::default());
        assert_eq!(measured.status, Status::StartFailed);
        assert_eq!(measured.process_ns, None);
        assert!(measured.note.unwrap().starts_with("execve: No such file"));
    }

    #[test]
    fn a_failure_that_the_child_reports_keeps_its_note() {
        let measured = failed("panic: oh");
        let message = frame(&serde_json::to_vec(&measured).unwrap());
        let code = exit(Ending::Exited(1), &message);
        assert_eq!(verdict(&code), (Status::Failed, "panic: oh".to_owned()));
    }
}
