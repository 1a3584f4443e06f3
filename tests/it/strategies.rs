//! Strategies with real threads and processes: equal answers, and workers that misbehave.

use std::path::Path;

use num_bigint::BigInt;
use runner::design::{Binding, ParamName, StrategyKind, Value};
use runner::measure::{Measured, Status};
use runner::process::worker::{Stopped, Worker, WorkerCommand, collect};
use runner::process::{Ending, read_frame};
use runner::strategy::{Assignment, RegionError, Spawn, panic, run};
use runner::trial::kernel::{KernelTrial, TRIAL_ENTRY, WORKER_ENTRY};
use runner::workload::{Answer, Cancel, Share, Task};

const EXE: &str = env!("CARGO_BIN_EXE_runner");

const FOR_KERNELS: [StrategyKind; 3] =
    [StrategyKind::Sequential, StrategyKind::Threads, StrategyKind::Processes];

/// A task with its own body, as no kernel has: shares tell the tasks apart.
struct Body<F>(F);

impl<F: Fn(Share) -> Option<Answer> + Send + Sync> Task for Body<F> {
    fn run(&self, share: Share, _cancel: &Cancel) -> Option<Answer> {
        self.0(share)
    }

    fn work_units(&self, _share: Share) -> u64 {
        1
    }
}

fn shares(tasks: u32) -> Vec<Share> {
    let share = |index| Share { index, parts: tasks };
    (0..tasks).map(share).collect()
}

fn region(kind: StrategyKind, task: &dyn Task) -> Result<runner::strategy::Region, RegionError> {
    let spawn = Spawn { exe: Path::new(EXE), argv: &[], own_group: true };
    run(
        kind,
        &Assignment {
            task,
            shares: &shares(5),
            workers: 2,
            cancel: &Cancel::new(),
            spawn,
            reads_cpu: true,
        },
    )
}

fn trial(kernel: &str, bindings: &[(&str, Value)], strategy: StrategyKind) -> KernelTrial {
    let bindings = bindings.iter().map(|(name, value)| Binding {
        name: ParamName::new(name).expect("a parameter name"),
        value: value.clone(),
    });
    KernelTrial {
        kernel: kernel.to_owned(),
        bindings: bindings.collect(),
        strategy,
        workers: if strategy == StrategyKind::Sequential { 1 } else { 2 },
        tasks: 3,
        split: false,
        iterations: 1,
        seed: 0,
    }
}

/// A kernel with small parameters, and the answer of three tasks.
struct Small {
    kernel: &'static str,
    bindings: Vec<(&'static str, Value)>,
    answer: Option<&'static str>,
}

fn every_kernel() -> [Small; 4] {
    let small = |kernel, bindings, answer| Small { kernel, bindings, answer };
    let n = |n: u32| vec![("n", Value::Integer(n.into()))];
    let time = vec![("time", Value::Text("1ms".to_owned()))];
    [
        small("power-sum", n(10), Some("7065")),
        small("primes", n(100), Some("75")),
        small("sleep", time, None),
        small("noop", Vec::new(), None),
    ]
}

/// Starts the binary with hidden arguments and returns what it wrote.
fn child(arguments: &[String]) -> Result<Vec<u8>, Stopped> {
    let command = WorkerCommand { program: Path::new(EXE), own_group: false };
    let worker = Worker::spawn(command, arguments).expect("the binary starts");
    collect(vec![worker], 1 << 20, &|| false).map(|outputs| outputs.concat())
}

fn in_child(trial: &KernelTrial) -> Measured {
    let output = child(&trial.argv()).expect("the trial ends well");
    let frame = read_frame(&mut output.as_slice(), 1 << 20).expect("a message");
    serde_json::from_slice(&frame).expect("a measurement")
}

#[test]
fn every_kernel_gives_the_same_answer_under_every_strategy_and_isolation() {
    for small in every_kernel() {
        let (kernel, bindings, answer) = (small.kernel, small.bindings, small.answer);
        for strategy in FOR_KERNELS {
            let trial = trial(kernel, &bindings, strategy);
            let here = trial.run(Path::new(EXE), &Cancel::new()).unwrap();
            for measured in [here, in_child(&trial)] {
                assert_eq!(measured.status, Status::Ok, "{kernel} {strategy:?}: {measured:?}");
                assert_eq!(measured.answer.as_deref(), answer, "{kernel} {strategy:?}");
                assert_eq!(measured.workers.len(), trial.workers as usize);
                for span in &measured.workers {
                    assert!(span.start_ns <= span.end_ns);
                    assert!(Some(span.end_ns) <= measured.time_ns);
                }
            }
        }
    }
}

#[test]
fn sleeping_tasks_take_turns_on_one_worker() {
    let bindings = [("time", Value::Text("2ms".to_owned()))];
    for strategy in FOR_KERNELS {
        let measured = in_child(&trial("sleep", &bindings, strategy));
        // Three tasks: the first worker has all of them or two.
        let turns = if strategy == StrategyKind::Sequential { 3 } else { 2 };
        let span = measured.workers[0];
        assert!(span.end_ns - span.start_ns >= turns * 2_000_000, "{strategy:?}");
    }
}

#[test]
fn a_panic_becomes_an_error_with_its_message_and_not_a_hang() {
    let task = Body(|share: Share| match share.index {
        3 => panic!("share {} is bad", share.index),
        index => Some(Answer::Sum(BigInt::from(index))),
    });
    for kind in [StrategyKind::Sequential, StrategyKind::Threads] {
        let quiet = panic::caught(|| region(kind, &task)).unwrap();
        let expected = RegionError::Panic("share 3 is bad".to_owned());
        assert_eq!(quiet.unwrap_err(), expected);
    }
}

#[test]
fn a_cancelled_task_cancels_the_region() {
    let task = Body(|share: Share| (share.index != 2).then_some(Answer::None));
    for kind in [StrategyKind::Sequential, StrategyKind::Threads] {
        assert_eq!(region(kind, &task).unwrap_err(), RegionError::Cancelled);
    }
}

#[test]
fn tasks_go_round_the_workers_in_their_order() {
    let seen = std::sync::Mutex::new(Vec::new());
    let task = Body(|share: Share| {
        let name = std::thread::current().name().unwrap_or("none").to_owned();
        seen.lock().unwrap().push((share.index, name));
        Some(Answer::Sum(1.into()))
    });
    let region = region(StrategyKind::Threads, &task).unwrap();
    assert_eq!(region.answer, Answer::Sum(5.into()));
    let mut seen = seen.into_inner().unwrap();
    seen.sort();
    let names: Vec<&str> = seen.iter().map(|(_, name)| name.as_str()).collect();
    let expected = ["worker-0", "worker-1", "worker-0", "worker-1", "worker-0"];
    assert_eq!(names, expected);
}

/// A region whose worker processes are shells that run `script` with `$0` as their number.
fn misbehave(script: &str, cancel: &Cancel) -> RegionError {
    let argv = ["-c".to_owned(), script.to_owned()];
    let assignment = Assignment {
        reads_cpu: true,
        task: &Body(|_| None),
        shares: &shares(2),
        workers: 2,
        cancel,
        spawn: Spawn { exe: Path::new("/bin/sh"), argv: &argv, own_group: true },
    };
    run(StrategyKind::Processes, &assignment).expect_err("the workers misbehave")
}

#[test]
fn a_worker_that_misbehaves_is_an_error_with_the_reason() {
    let cases = [
        ("exit 0", "worker 0: sent nothing"),
        ("[ $0 = 0 ] || exit 7; exec sleep 100", "worker 1: ended with exit code 7"),
        ("[ $0 = 1 ] || kill -SEGV $$; exec sleep 100", "worker 0: ended by signal 11"),
        ("echo hello, world", "worker 0: sent something that is not a message"),
        ("printf 'rnr1\\377\\377\\377\\177'", "longer than the limit"),
        ("printf 'rnr1\\011\\0\\0\\0{'", "worker 0: its message was cut off"),
        ("[ $0 = 1 ] || exec sleep 100; exec cat /dev/zero", "worker 1: sent more than the limit"),
    ];
    for (script, expected) in cases {
        let error = misbehave(script, &Cancel::new()).to_string();
        assert!(error.contains(expected), "{script}: {error}");
    }
}

#[test]
fn a_worker_that_closes_its_pipe_and_goes_on_is_ended_by_cancelling() {
    let cancel = Cancel::new();
    std::thread::scope(|scope| {
        let region = scope.spawn(|| misbehave("exec >&-; exec sleep 100", &cancel));
        cancel.set();
        assert_eq!(region.join().unwrap(), RegionError::Cancelled);
    });
}

#[test]
fn no_worker_is_left_when_another_one_fails() {
    let dir = tempfile::tempdir().unwrap();
    let pid_file = dir.path().join("pid");
    let script = format!(
        "if [ $0 = 0 ]; then echo $$ >'{0}.part'; mv '{0}.part' '{0}'; exec sleep 100; fi; \
         while [ ! -e '{0}' ]; do sleep 0.01; done; exit 3",
        pid_file.display()
    );
    let error = misbehave(&script, &Cancel::new()).to_string();
    assert_eq!(error, "worker 1: ended with exit code 3");
    let pid = std::fs::read_to_string(&pid_file).unwrap();
    let alive = Path::new("/proc").join(pid.trim()).exists();
    assert!(!alive, "worker 0 was killed and reaped");
}

#[test]
fn a_program_that_cannot_be_started_is_a_reason_too() {
    let assignment = Assignment {
        reads_cpu: true,
        task: &Body(|_| None),
        shares: &shares(1),
        workers: 1,
        cancel: &Cancel::new(),
        spawn: Spawn { exe: Path::new("/nonexistent/runner"), argv: &[], own_group: false },
    };
    let error = run(StrategyKind::Processes, &assignment).expect_err("the workers misbehave");
    assert!(error.to_string().contains("could not be started"), "{error}");
}

#[test]
fn a_damaged_specification_is_refused_with_exit_code_2() {
    let whole = trial("noop", &[], StrategyKind::Sequential).argv();
    let damaged = whole[1].replace("noop", "\u{1}");
    for arguments in [
        vec![TRIAL_ENTRY.to_owned()],
        vec![TRIAL_ENTRY.to_owned(), String::new()],
        vec![TRIAL_ENTRY.to_owned(), damaged],
        vec![WORKER_ENTRY.to_owned(), whole[1].clone()],
        vec![WORKER_ENTRY.to_owned(), whole[1].clone(), "x".to_owned()],
    ] {
        match child(&arguments) {
            Err(Stopped::Ended { ending, output, .. }) => {
                assert_eq!(ending, Ending::Exited(2), "{arguments:?}");
                assert!(output.is_empty());
            }
            other => panic!("{arguments:?}: {other:?}"),
        }
    }
}
