use super::*;
use crate::design::{ParamName, Value};

fn power_sum(n: u64) -> KernelTrial {
    KernelTrial {
        kernel: "power-sum".to_owned(),
        bindings: vec![Binding {
            name: ParamName::new("n").unwrap(),
            value: Value::Integer(n.into()),
        }],
        strategy: StrategyKind::Threads,
        workers: 2,
        tasks: 3,
        split: false,
        iterations: 1,
        seed: 1,
    }
}

fn run(trial: &KernelTrial) -> Measured {
    trial.run(Path::new("/proc/self/exe"), &Cancel::new()).unwrap()
}

#[test]
fn tasks_of_full_size_add_up_and_shares_make_one() {
    // 0 + 1 + … + 9, the squares and the cubes: 45 + 285 + 2025.
    let whole = run(&power_sum(10));
    assert_eq!(whole.answer.as_deref(), Some("7065"));
    assert_eq!(whole.work_units, Some(30));
    assert_eq!(whole.workers.len(), 2);
    let split = KernelTrial { split: true, ..power_sum(10) };
    let split = run(&split);
    assert_eq!(split.answer.as_deref(), Some("2355"));
    assert_eq!(split.work_units, Some(10));
}

#[test]
fn several_iterations_give_their_median_and_every_time() {
    let trial = KernelTrial { iterations: 4, ..power_sum(1_000) };
    let measured = run(&trial);
    assert_eq!(measured.iterations_ns.len(), 4);
    assert_eq!(measured.time_ns, median(&measured.iterations_ns));
    assert!(run(&power_sum(1_000)).iterations_ns.is_empty());
}

#[test]
fn what_the_kernel_refuses_is_a_failed_trial() {
    let mut trial = power_sum(10);
    trial.bindings.clear();
    let measured = run(&trial);
    assert_eq!(measured.status, Status::Failed);
    assert!(measured.note.unwrap().contains("`n` is missing"));
    trial.kernel = "power-some".to_owned();
    assert!(run(&trial).note.unwrap().contains("`power-some`"));
}

#[test]
fn a_cancelled_trial_has_no_outcome() {
    let cancel = Cancel::new();
    cancel.set();
    let ended = power_sum(10).run(Path::new("/proc/self/exe"), &cancel);
    assert_eq!(ended, Err(Cancelled));
}
