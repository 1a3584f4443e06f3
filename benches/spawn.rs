//! What a supervised child costs over a bare `posix_spawn` and `wait4` in C.
//!
//! Rounds are interleaved and their order turns, so that noise and drift hit all alike; the
//! ratios are medians of the rounds' ratios. Run it by `benches/spawn_overhead.sh`, which builds
//! the C program. Arguments: FLOOR-PROGRAM RUNNER [ROUNDS [TRIALS]].

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints what it measures and reads the clock itself"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use runner::process::{Command, Ending, Launcher, LauncherOptions, SpawnPath};
use rustix::thread::{CpuSet, sched_getcpu, sched_setaffinity};

type Failure = Box<dyn std::error::Error>;

const PROGRAM: &str = "/bin/true";
const WARM_UP_ROUNDS: usize = 2;

fn main() -> Result<(), Failure> {
    let given: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [floor, runner, numbers @ ..] = given.as_slice() else {
        println!("usage: spawn FLOOR-PROGRAM RUNNER [ROUNDS [TRIALS]]");
        return Ok(());
    };
    let rounds: usize = numbers.first().map_or(Ok(60), |text| text.parse())?;
    let trials: usize = numbers.get(1).map_or(Ok(25), |text| text.parse())?;

    let mut bench = Bench::new(Path::new(runner), floor, trials)?;
    let mut ns = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..WARM_UP_ROUNDS + rounds {
        for place in 0..3 {
            let design = (round + place) % 3;
            let measured = bench.measure(design)?;
            if round >= WARM_UP_ROUNDS {
                ns[design].push(measured);
            }
        }
    }
    let [floor, clone, std] = &ns;
    println!("{rounds} rounds of {trials} × {PROGRAM}, medians");
    println!("C floor         {:8.1} µs", median(floor.clone()) / 1e3);
    for (name, of) in [("launcher clone", clone), ("launcher std  ", std)] {
        let ratios: Vec<f64> = of.iter().zip(floor).map(|(a, b)| a / b).collect();
        let (own, ratio) = (median(of.clone()) / 1e3, median(ratios));
        println!("{name}  {own:8.1} µs   {ratio:.3} × floor");
    }
    Ok(())
}

struct Bench {
    /// Anywhere, for the C program.
    free: Launcher,
    clone: Launcher,
    std: Launcher,
    floor: Command,
    child: Command,
    trials: usize,
}

impl Bench {
    fn new(runner: &Path, floor: &str, trials: usize) -> Result<Self, Failure> {
        let cpu = sched_getcpu();
        let pinned = |spawn_path| LauncherOptions {
            pin_to_cpu: Some(cpu),
            ..LauncherOptions::from(spawn_path)
        };
        let bench = Self {
            free: Launcher::start(runner, SpawnPath::Clone)?,
            clone: Launcher::start_with(runner, &pinned(SpawnPath::Clone))?,
            std: Launcher::start_with(runner, &pinned(SpawnPath::Std))?,
            floor: command(&[floor, &trials.to_string(), PROGRAM]),
            child: command(&[PROGRAM]),
            trials,
        };
        let mut own = CpuSet::new();
        own.set(cpu);
        sched_setaffinity(None, &own)?;
        Ok(bench)
    }

    /// Nanoseconds a trial.
    fn measure(&mut self, design: usize) -> Result<f64, Failure> {
        let launcher = match design {
            0 => {
                let exit = self.free.run(&self.floor)?;
                return Ok(exit.stdout.text().trim().parse()?);
            }
            1 => &mut self.clone,
            _ => &mut self.std,
        };
        let start = Instant::now();
        for _ in 0..self.trials {
            let exit = launcher.run(&self.child)?;
            if exit.ending != Ending::Exited(0) {
                return Err(format!("{:?}", exit.ending).into());
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a mean of a few ms")]
        Ok(start.elapsed().as_nanos() as f64 / self.trials as f64)
    }
}

fn command(argv: &[&str]) -> Command {
    Command {
        program: PathBuf::from(argv[0]),
        argv: argv.iter().map(Into::into).collect(),
        env: vec![("PATH".into(), "/usr/bin:/bin".into())],
        cwd: PathBuf::from("/"),
        stdin: None,
        timeout: Duration::from_secs(600),
        grace: Duration::from_secs(1),
        capture_bytes: 4096,
        limits: runner::process::Limits::default(),
        cpus: Vec::new(),
        nice: None,
        sandbox: runner::process::Sandbox::default(),
        counters: false,
        tee: None,
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}
