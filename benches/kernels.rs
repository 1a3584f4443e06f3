//! `benches/kernels.sh` runs this: power-sum against CPython, C and itself on two threads.
//!
//! Each round measures every side once, in turn, so that a disturbance hits all of them; the
//! ratios are those of a round. Answers are compared: a fast wrong sum is no result. A side that
//! is not there (no `POWER_SUM_C`, no `PYTHON`) is left out and said so.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench starts programs and prints"
)]

use std::path::Path;
use std::process::Command;

use runner::design::{Binding, ParamName, StrategyKind, Value};
use runner::trial::kernel::KernelTrial;
use runner::workload::Cancel;

const SMALL: u64 = 1_000_000;
const LARGE: u64 = 100_000_000;

/// The exercise's loop, as it is written in Python.
const LOOP: &str = "
import sys, time
n = int(sys.argv[1])
def power_sum():
    total = 0
    for i in range(n):
        total += i + i**2 + i**3
    return total
start = time.perf_counter_ns()
total = power_sum()
print(time.perf_counter_ns() - start, total)
";

/// Time in ns and answer of one side in one round.
type Reading = (f64, String);

fn main() {
    let rounds = setting("ROUNDS").and_then(|text| text.parse().ok()).unwrap_or(10);
    println!("power-sum, median of {rounds} per-round ratios (smallest to largest)");
    compare("CPython / runner, n = 10^6", rounds, || Some((python(SMALL)?, kernel(SMALL, 1))));
    compare("C / runner, n = 10^8", rounds, || Some((c(LARGE)?, kernel(LARGE, 1))));
    compare("1 thread / 2 threads, n = 10^8", rounds, || {
        Some((kernel(LARGE, 1), kernel(LARGE, 2)))
    });
}

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn compare(title: &str, rounds: u32, round: impl Fn() -> Option<(Reading, Reading)>) {
    let mut readings = Vec::new();
    for _ in 0..rounds {
        let Some((one, other)) = round() else {
            println!("{title}: left out, a program is missing");
            return;
        };
        assert_eq!(one.1, other.1, "{title}: the answers differ");
        readings.push((one.0, other.0));
    }
    let mut ratios: Vec<f64> = readings.iter().map(|(one, other)| one / other).collect();
    ratios.sort_by(f64::total_cmp);
    let fastest = |side: fn(&(f64, f64)) -> f64| {
        readings.iter().map(side).fold(f64::INFINITY, f64::min) / 1e6
    };
    println!(
        "{title}: {:.2} ({:.2} to {:.2}); fastest {:.2} ms and {:.2} ms",
        ratios[ratios.len() / 2],
        ratios[0],
        ratios[ratios.len() - 1],
        fastest(|it| it.0),
        fastest(|it| it.1),
    );
}

/// Our kernel over 0..n, split over the workers; the region's time.
fn kernel(n: u64, workers: u32) -> Reading {
    let trial = KernelTrial {
        kernel: "power-sum".to_owned(),
        bindings: vec![Binding {
            name: ParamName::new("n").expect("a parameter name"),
            value: Value::Integer(n.into()),
        }],
        strategy: StrategyKind::Threads,
        workers,
        tasks: workers,
        split: true,
        iterations: 1,
        seed: 0,
    };
    let measured = trial.run(Path::new("/proc/self/exe"), &Cancel::new()).expect("nothing cancels");
    let time = measured.time_ns.expect("the trial succeeds");
    (time as f64, measured.answer.expect("a sum"))
}

fn python(n: u64) -> Option<Reading> {
    let python = setting("PYTHON")?;
    reading(Command::new(python).args(["-c", LOOP, &n.to_string()]))
}

fn c(n: u64) -> Option<Reading> {
    reading(Command::new(setting("POWER_SUM_C")?).args([&n.to_string(), "1"]))
}

fn reading(command: &mut Command) -> Option<Reading> {
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (time, answer) = text.trim().split_once(' ')?;
    Some((time.parse().ok()?, answer.to_owned()))
}
