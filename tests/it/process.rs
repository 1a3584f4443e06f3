//! Real children that misbehave, on both ways to start them.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "clippy does not see that functions called by tests are tests"
)]

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::time::Duration;

use runner::process::{
    Accounting, Command, CpuMethod, Ending, Exit, Launcher, LauncherOptions, SpawnPath,
};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

use crate::children::{
    command, is_alive, launcher, number_in, run, shell, wait_for, wait_until_dead,
};

/// Long enough for a shell to set its traps on a busy machine.
const SOON: Duration = Duration::from_secs(1);
const MIB: u64 = 1 << 20;

/// Every test once for each way to start a child.
macro_rules! on_both_paths {
    ($($name:ident)*) => {
        mod clone { $(#[test] fn $name() { super::$name(super::SpawnPath::Clone); })* }
        mod std_command { $(#[test] fn $name() { super::$name(super::SpawnPath::Std); })* }
    };
}

on_both_paths! {
    an_exit_code_is_reported
    a_death_by_signal_is_reported
    what_cannot_be_started_names_the_call_and_the_error
    a_timeout_ends_the_whole_group
    a_child_that_ignores_term_is_killed_after_the_grace
    a_child_that_exits_cleanly_on_term_has_still_timed_out
    a_requested_end_is_not_a_timeout
    a_requested_kill_does_not_wait_for_the_grace
    a_background_process_that_outlives_the_child_is_leaked_and_killed
    a_process_that_left_the_session_is_leaked_and_killed
    a_background_process_that_ended_first_is_not_leaked
    the_cpu_time_of_a_leaked_process_is_added
    a_hundred_megabytes_of_output_do_not_grow_the_launcher
    bytes_that_are_not_utf8_come_back_unchanged
    a_megabyte_of_arguments_and_environment_arrives
    directory_input_and_environment_are_as_asked
    tee_files_hold_the_whole_streams
    a_full_disk_under_a_tee_file_is_reported
    the_end_of_the_connection_ends_the_tree
    two_hundred_children_leave_no_descriptor_and_no_zombie
    a_large_caller_does_not_show_in_the_childs_memory
    children_inherit_no_descriptor_signal_or_cpu_of_the_launcher
    every_way_of_counting_knows_a_process_that_left
    a_command_that_makes_no_sense_is_refused_and_the_launcher_lives_on
}

fn an_exit_code_is_reported(path: SpawnPath) {
    let mut launcher = launcher(path);
    for code in [0, 1, 42, 255] {
        let exit = launcher.run(&shell(&format!("exit {code}"))).unwrap();
        assert_eq!(exit.ending, Ending::Exited(code));
        assert!(exit.ended_ns > exit.spawned_ns);
        assert!(!exit.timed_out && !exit.terminated && !exit.killed);
        assert_eq!(exit.leaked, 0);
    }
}

fn a_death_by_signal_is_reported(path: SpawnPath) {
    let mut launcher = launcher(path);
    for signal in [Signal::KILL, Signal::TERM, Signal::PIPE, Signal::HUP] {
        let script = format!("kill -{} $$; sleep 1000", signal.as_raw());
        let exit = launcher.run(&shell(&script)).unwrap();
        assert_eq!(exit.ending, Ending::Signalled(signal.as_raw()));
        assert!(!exit.timed_out && !exit.terminated && !exit.killed);
    }
}

fn what_cannot_be_started_names_the_call_and_the_error(path: SpawnPath) {
    let mut launcher = launcher(path);
    let place = tempfile::tempdir().unwrap();
    // A shell writes the files: were they written here, a concurrent test might still hold them
    // open for writing when they are executed.
    let mut files = shell(
        "printf hello > text; chmod +x text; printf '#!/no/such\\n' > script; chmod +x script; \
         printf x > plain; chmod -x plain",
    );
    files.cwd = place.path().to_owned();
    assert_eq!(launcher.run(&files).unwrap().ending, Ending::Exited(0));
    let file = |name: &str| place.path().join(name).to_str().unwrap().to_owned();

    let missing_cwd = Command { cwd: place.path().join("no"), ..shell(":") };
    let file_as_cwd = Command { cwd: place.path().join("text"), ..shell(":") };
    let missing_stdin = Command { stdin: Some("/no/such".into()), ..shell(":") };
    let no_tee = Some(("/no/such".into(), "/dev/null".into()));
    let missing_tee = Command { tee: no_tee, ..shell(":") };
    for (command, errno, call) in [
        (command(&["/no/such/program"]), Errno::NOENT, "execve"),
        (command(&[&file("plain")]), Errno::ACCESS, "execve"),
        (command(&[&file("text")]), Errno::NOEXEC, "execve"),
        (command(&[&file("script")]), Errno::NOENT, "execve"),
        (missing_cwd, Errno::NOENT, "chdir"),
        (file_as_cwd, Errno::NOTDIR, "chdir"),
        (missing_stdin, Errno::NOENT, "open stdin"),
        (missing_tee, Errno::NOENT, "open tee"),
    ] {
        let exit = launcher.run(&command).unwrap();
        let (errno, call) = (errno.raw_os_error(), call.to_owned());
        assert_eq!(exit.ending, Ending::NotStarted { errno, call }, "{command:?}");
    }
    assert_eq!(launcher.run(&shell(":")).unwrap().ending, Ending::Exited(0));
}

fn a_timeout_ends_the_whole_group(path: SpawnPath) {
    let place = tempfile::tempdir().unwrap();
    let mut command = shell("sleep 1000 & echo $! > background; sleep 1000");
    command.cwd = place.path().to_owned();
    command.timeout = SOON;
    let exit = run(path, &command);
    assert_eq!(exit.ending, Ending::Signalled(Signal::TERM.as_raw()));
    assert!(exit.timed_out && !exit.terminated && !exit.killed);
    wait_until_dead(number_in(&place.path().join("background")).unwrap());
}

fn a_child_that_ignores_term_is_killed_after_the_grace(path: SpawnPath) {
    let mut command = shell("trap '' TERM; sleep 1000 & sleep 1000; sleep 1000");
    command.timeout = SOON;
    command.grace = Duration::from_millis(50);
    let exit = run(path, &command);
    assert_eq!(exit.ending, Ending::Signalled(Signal::KILL.as_raw()));
    assert!(exit.timed_out && exit.killed && !exit.terminated);
    // They died with their leader, by the same signal.
    assert_eq!(exit.leaked, 0);
}

fn a_child_that_exits_cleanly_on_term_has_still_timed_out(path: SpawnPath) {
    let mut command = shell("trap 'exit 0' TERM; while :; do sleep 0.01; done");
    command.timeout = SOON;
    let exit = run(path, &command);
    assert_eq!(exit.ending, Ending::Exited(0));
    assert!(exit.timed_out && !exit.terminated && !exit.killed);
}

/// Launches a script that makes the file `ready` and waits for that.
fn launched_and_ready(path: SpawnPath, script: &str, place: &Path) -> Launcher {
    let mut launcher = launcher(path);
    let mut command = shell(script);
    command.cwd = place.to_owned();
    launcher.launch(&command).unwrap();
    let ready = place.join("ready");
    wait_for("the script", || number_in(&ready));
    launcher
}

fn received(launcher: &mut Launcher) -> Exit {
    wait_for("the report", || launcher.receive().unwrap())
}

fn a_requested_end_is_not_a_timeout(path: SpawnPath) {
    let place = tempfile::tempdir().unwrap();
    let script = "trap 'exit 7' TERM; echo $$ > ready; while :; do sleep 0.01; done";
    let mut launcher = launched_and_ready(path, script, place.path());
    assert!(launcher.receive().unwrap().is_none());
    launcher.terminate().unwrap();
    let exit = received(&mut launcher);
    assert_eq!(exit.ending, Ending::Exited(7));
    assert!(exit.terminated && !exit.timed_out && !exit.killed);
    // An order without a child is none.
    launcher.terminate().unwrap();
    launcher.kill().unwrap();
    assert_eq!(launcher.run(&shell("exit 3")).unwrap().ending, Ending::Exited(3));
}

fn a_requested_kill_does_not_wait_for_the_grace(path: SpawnPath) {
    let place = tempfile::tempdir().unwrap();
    let script = "trap '' TERM; echo $$ > ready; sleep 1000; sleep 1000";
    let mut launcher = launched_and_ready(path, script, place.path());
    launcher.terminate().unwrap();
    launcher.kill().unwrap();
    let exit = received(&mut launcher);
    assert_eq!(exit.ending, Ending::Signalled(Signal::KILL.as_raw()));
    assert!(exit.terminated && exit.killed && !exit.timed_out);
}

fn a_background_process_that_outlives_the_child_is_leaked_and_killed(path: SpawnPath) {
    // It holds the pipes open, which must not delay the report.
    let exit = run(path, &shell("sleep 1000 & echo $!"));
    assert_eq!(exit.ending, Ending::Exited(0));
    assert_eq!(exit.leaked, 1);
    assert!(!exit.killed);
    wait_until_dead(exit.stdout.text().trim().parse().unwrap());
}

fn a_process_that_left_the_session_is_leaked_and_killed(path: SpawnPath) {
    if !Path::new("/usr/bin/setsid").exists() {
        eprintln!("skipped: no setsid program here");
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let mut command = shell(
        "setsid sh -c 'trap \"\" TERM; sleep 1000 & echo $! > inner; echo $$ > outer; wait' &
         while [ ! -s outer ]; do sleep 0.01; done",
    );
    command.cwd = place.path().to_owned();
    let mut launcher = launcher(path);
    let exit = launcher.run(&command).unwrap();
    assert_eq!(exit.ending, Ending::Exited(0));
    assert_eq!(exit.leaked, 2);
    for name in ["inner", "outer"] {
        wait_until_dead(number_in(&place.path().join(name)).unwrap());
    }
    assert_eq!(launcher.run(&shell("echo clean")).unwrap().stdout.text(), "clean\n");
}

fn a_background_process_that_ended_first_is_not_leaked(path: SpawnPath) {
    // The program that takes the shell's place does not know of the child and does not reap it.
    let script = "sleep 1000 & kill -9 $!; exec sleep 0.3";
    let exit = run(path, &shell(script));
    assert_eq!(exit.ending, Ending::Exited(0));
    assert_eq!(exit.leaked, 0);
}

fn the_cpu_time_of_a_leaked_process_is_added(path: SpawnPath) {
    let spin = "i=0; while [ $i -lt 800000 ]; do i=$((i+1)); done";
    let script =
        format!("({spin}; : > spun; sleep 1000) & while [ ! -e spun ]; do sleep 0.01; done");
    let place = tempfile::tempdir().unwrap();
    let mut command = shell(&script);
    command.cwd = place.path().to_owned();
    let exit = run(path, &command);
    // The background shell, and its sleep if that has started.
    assert!((1..=2).contains(&exit.leaked));
    assert!(exit.usage.user_ns > 20_000_000, "{:?}", exit.usage);
}

fn a_hundred_megabytes_of_output_do_not_grow_the_launcher(path: SpawnPath) {
    let mut launcher = launcher(path);
    let script = "printf first; head -c 100000000 /dev/zero; printf last; \
                  head -c 10000 /dev/zero >&2";
    let exit = launcher.run(&shell(script)).unwrap();
    assert_eq!(exit.ending, Ending::Exited(0));
    assert_eq!(exit.stdout.total_bytes(), 100_000_009);
    assert!(exit.stdout.head.starts_with(b"first\0") && exit.stdout.head.len() == 4096);
    assert!(exit.stdout.tail.ends_with(b"\0last") && exit.stdout.tail.len() == 4096);
    assert_eq!(exit.stderr.total_bytes(), 10_000);
    let after = launcher.run(&shell(":")).unwrap().rss_floor_bytes;
    assert!(after < launcher.rss_floor_bytes() + 8 * MIB, "{after}");
}

fn bytes_that_are_not_utf8_come_back_unchanged(path: SpawnPath) {
    let exit = run(path, &shell("printf '\\377\\000\\376'; printf '\\200' >&2"));
    assert_eq!(exit.stdout.head, [0xff, 0, 0xfe]);
    assert_eq!(exit.stderr.head, [0x80]);
    assert_eq!(exit.stdout.omitted, 0);

    let strange = OsString::from_vec(vec![0xff, b'=', 0xfe]);
    let mut command = shell("printf %s \"$0$strange\"");
    command.argv.push(strange.clone());
    command.env.push(("strange".into(), strange.clone()));
    let expected = [strange.clone().into_vec(), strange.into_vec()].concat();
    assert_eq!(run(path, &command).stdout.head, expected);
}

fn a_megabyte_of_arguments_and_environment_arrives(path: SpawnPath) {
    let long = "x".repeat(100_000);
    let mut command = shell("shift; echo $#; echo \"$*$many\" | wc -c");
    command.argv.push("sh".into());
    command.argv.extend((0..8).map(|_| OsString::from(&long)));
    command.env.push(("many".into(), long.clone().into()));
    command.env.push(("more".into(), long.into()));
    let mut launcher = launcher(path);
    for _ in 0..3 {
        let exit = launcher.run(&command).unwrap();
        assert_eq!(exit.ending, Ending::Exited(0));
        // Seven arguments after the shift, six spaces, one variable, one end of line.
        assert_eq!(exit.stdout.text(), "7\n800007\n");
    }
    let after = launcher.run(&shell(":")).unwrap().rss_floor_bytes;
    assert!(after < launcher.rss_floor_bytes() + 8 * MIB, "{after}");
}

fn directory_input_and_environment_are_as_asked(path: SpawnPath) {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("input"), "from the file").unwrap();
    let mut command = shell("pwd; cat; echo; env; ps -o pgid= -p $$ 2>/dev/null; :");
    command.cwd = place.path().canonicalize().unwrap();
    command.stdin = Some(place.path().join("input"));
    command.env.push(("ANSWER".into(), "forty=two".into()));
    let text = run(path, &command).stdout.text();
    let mut lines = text.lines();
    assert_eq!(lines.next(), command.cwd.to_str());
    assert_eq!(lines.next(), Some("from the file"));
    assert!(text.contains("\nANSWER=forty=two\n"));
    assert!(!text.contains("CARGO"), "the caller's environment got through: {text}");

    let without = run(path, &shell("wc -c")).stdout.text();
    assert_eq!(without.trim(), "0");
}

fn tee_files_hold_the_whole_streams(path: SpawnPath) {
    let place = tempfile::tempdir().unwrap();
    let (out, err) = (place.path().join("out"), place.path().join("err"));
    fs::write(&out, "what was there before").unwrap();
    let mut command = shell("head -c 1000000 /dev/zero | tr '\\0' a; printf problem >&2");
    command.tee = Some((out.clone(), err.clone()));
    let exit = run(path, &command);
    assert_eq!(fs::read(out).unwrap(), vec![b'a'; 1_000_000]);
    assert_eq!(fs::read(err).unwrap(), b"problem");
    assert_eq!(exit.stdout.omitted, 1_000_000 - 2 * 4096);
    assert_eq!(exit.tee_errno, None);
}

fn a_full_disk_under_a_tee_file_is_reported(path: SpawnPath) {
    let mut command = shell("echo lost; echo kept >&2");
    command.tee = Some(("/dev/full".into(), "/dev/null".into()));
    let exit = run(path, &command);
    assert_eq!(exit.ending, Ending::Exited(0));
    assert_eq!(exit.tee_errno, Some(Errno::NOSPC.raw_os_error()));
    assert_eq!(exit.stdout.text(), "lost\n");
}

fn the_end_of_the_connection_ends_the_tree(path: SpawnPath) {
    let place = tempfile::tempdir().unwrap();
    let script = "trap '' TERM; sleep 1000 & echo $! > background; echo $$ > ready; wait";
    let launcher = launched_and_ready(path, script, place.path());
    let id = i32::try_from(launcher.id()).unwrap();
    drop(launcher);
    assert!(!is_alive(id));
    assert!(!is_alive(number_in(&place.path().join("ready")).unwrap()));
    assert!(!is_alive(number_in(&place.path().join("background")).unwrap()));
}

#[test]
fn a_killed_launcher_is_noticed_and_takes_its_child_along() {
    let place = tempfile::tempdir().unwrap();
    let script = "echo $$ > ready; exec sleep 1000";
    let mut launcher = launched_and_ready(SpawnPath::Clone, script, place.path());
    kill_process(pid_of(&launcher), Signal::KILL).unwrap();
    let error = wait_for("the error", || launcher.receive().err());
    assert!(
        matches!(
            error.kind(),
            std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::ConnectionReset
        ),
        "{error:?}"
    );
    wait_until_dead(number_in(&place.path().join("ready")).unwrap());
    assert!(launcher.terminate().is_err());
}

fn pid_of(launcher: &Launcher) -> Pid {
    Pid::from_raw(i32::try_from(launcher.id()).unwrap()).unwrap()
}

fn two_hundred_children_leave_no_descriptor_and_no_zombie(path: SpawnPath) {
    let mut launcher = launcher(path);
    let id = launcher.id();
    let descriptors = || fs::read_dir(format!("/proc/{id}/fd")).unwrap().count();
    launcher.run(&shell(":")).unwrap();
    let before = descriptors();
    for turn in 0..200 {
        let script = if turn % 10 == 0 { "sleep 1000 &" } else { "echo out" };
        let exit = launcher.run(&shell(script)).unwrap();
        assert_eq!(exit.ending, Ending::Exited(0));
    }
    launcher.run(&command(&["/no/such"])).unwrap();
    launcher.run(&shell(":")).unwrap();
    assert_eq!(descriptors(), before);
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    assert_eq!(children, "");
}

fn a_large_caller_does_not_show_in_the_childs_memory(path: SpawnPath) {
    let mut started_before = launcher(path);
    let large = vec![1_u8; 300 << 20];
    let mut started_after = launcher(path);
    for launcher in [&mut started_before, &mut started_after] {
        let exit = launcher.run(&command(&["/bin/true"])).unwrap();
        assert!(exit.usage.max_rss_bytes > 0);
        assert!(exit.usage.max_rss_bytes < 20 * MIB, "{:?}", exit.usage);
        assert!(exit.rss_floor_bytes < 20 * MIB, "{}", exit.rss_floor_bytes);
    }
    assert_eq!(std::hint::black_box(&large).last(), Some(&1));
}

fn children_inherit_no_descriptor_signal_or_cpu_of_the_launcher(path: SpawnPath) {
    let all = rustix::thread::sched_getaffinity(None).unwrap();
    let cpus: Vec<usize> = (0..1024).filter(|&cpu| all.is_set(cpu)).collect();
    let options = LauncherOptions { pin_to_cpu: cpus.last().copied(), ..path.into() };
    let exe = Path::new(env!("CARGO_BIN_EXE_runner"));
    let mut launcher = Launcher::start_with(exe, &options).unwrap();
    let of_child = launcher.run(&command(&["/bin/cat", "/proc/self/status"])).unwrap();
    let field = |status: &str, name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().to_owned()
    };
    let child = of_child.stdout.text();
    // The posix_spawn of glibc always ignores the two signals that it keeps for itself.
    let kept = match path {
        SpawnPath::Clone => 0,
        SpawnPath::Std => 0b11 << 31,
    };
    for mask in ["SigBlk:", "SigIgn:", "SigCgt:"] {
        let signals = u64::from_str_radix(&field(&child, mask), 16).unwrap();
        assert_eq!(signals & !kept, 0, "{mask} {signals:x}");
    }
    let own = fs::read_to_string("/proc/thread-self/status").unwrap();
    assert_eq!(field(&child, "Cpus_allowed_list:"), field(&own, "Cpus_allowed_list:"));
    let pinned = fs::read_to_string(format!("/proc/{}/status", launcher.id())).unwrap();
    let last = cpus.last().unwrap().to_string();
    assert_eq!(field(&pinned, "Cpus_allowed_list:"), last);

    // The fourth is the directory that ls itself reads.
    let descriptors = launcher.run(&command(&["/bin/ls", "/proc/self/fd"])).unwrap();
    assert_eq!(descriptors.stdout.text(), "0\n1\n2\n3\n");
}

/// Needs a child that leaves its session and works on: the shell does not reap it.
fn every_way_of_counting_knows_a_process_that_left(path: SpawnPath) {
    let script = "spin() { i=0; while [ $i -lt 800000 ]; do i=$((i+1)); done; times > $1; }; \
                  (spin a) & (spin b) & wait; sleep 0.1";
    let place = tempfile::tempdir().unwrap();
    for accounting in Accounting::ALL {
        let options = LauncherOptions { accounting, ..path.into() };
        let exe = Path::new(env!("CARGO_BIN_EXE_runner"));
        let mut launcher = Launcher::start_with(exe, &options).unwrap();
        // A group that counted once must count right again.
        let passes = if accounting == Accounting::Cgroup { 2 } else { 1 };
        for _ in 0..passes {
            let mut command = shell(&format!(
                "(setsid sh -c 'i=0; while [ $i -lt 800000 ]; do i=$((i+1)); done; \
                 times > c; exec sleep 1000' &) ; {script}; while [ ! -s c ]; do sleep 0.05; done"
            ));
            command.cwd = place.path().to_owned();
            let exit = launcher.run(&command).unwrap();
            assert_eq!(exit.leaked, 1, "{accounting:?} {exit:?}");
            let said: f64 = ["a", "b", "c"]
                .iter()
                .map(|file| {
                    let text = fs::read_to_string(place.path().join(file)).unwrap();
                    let own = text.lines().next().unwrap();
                    own.split(' ').map(seconds).sum::<f64>()
                })
                .sum();
            fs::remove_file(place.path().join("c")).unwrap();
            #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
            let counted = (exit.usage.user_ns + exit.usage.sys_ns) as f64 / 1e9;
            let ratio = counted / said;
            match exit.cpu_method {
                CpuMethod::Wait4 => assert!(ratio < 0.8, "{ratio}"),
                _ => assert!((0.95..1.05).contains(&ratio), "{accounting:?}: {counted} of {said}"),
            }
        }
    }
}

/// `0m1.25s`, as `times` of the shell writes it.
fn seconds(text: &str) -> f64 {
    let (minutes, rest) = text.split_once('m').unwrap();
    let seconds: f64 = rest.trim_end_matches('s').parse().unwrap();
    minutes.parse::<f64>().unwrap() * 60.0 + seconds
}

fn a_command_that_makes_no_sense_is_refused_and_the_launcher_lives_on(path: SpawnPath) {
    let mut launcher = launcher(path);
    for refused in [
        command(&["true"]),
        command(&["/bin/true", "a\0b"]),
        Command { argv: vec![], ..shell(":") },
    ] {
        let error = launcher.launch(&refused).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }
    launcher.launch(&shell("sleep 1000")).unwrap();
    let error = launcher.launch(&shell(":")).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ResourceBusy);
    launcher.kill().unwrap();
    assert!(received(&mut launcher).killed);
}
