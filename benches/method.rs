//! `cargo bench --bench method`: how often the method is wrong, by simulation.
//!
//! Identical arms must seldom be called different, intervals must hold the true value as often as
//! they say. What is simulated is what a run does: values in the order of the plan, whole blocks in
//! random order, the choice of pairing, test and verdict that `analysis` makes. `REPETITIONS` sets
//! how often (1 000); seeds are fixed, so that equal settings print equal figures.

#![expect(clippy::print_stdout, reason = "a bench prints")]

use std::sync::atomic::{AtomicUsize, Ordering};

use runner::stats::{
    Adjust, Evidence, FamilyLooks, Generator, JointRanks, Pairing, Resampling, Sorted, Stopping,
    StoppingRule, Verdict, adjust, bca_mean, mann_whitney, median_interval, normal, power,
    ratio_of_medians, signed_rank, verdict,
};

const SIZES: [usize; 4] = [6, 10, 20, 30];

/// Fewest blocks that are compared within blocks, as in `analysis`.
const MIN_BLOCKS: usize = 10;

const MARGIN: f64 = 0.02;
const ALPHA: f64 = 0.05;

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Normal,
    Lognormal,
    Bimodal,
    Pareto,
    Drift,
    Autocorrelated,
}

const SHAPES: [(Shape, &str); 6] = [
    (Shape::Normal, "normal, sd 5 %"),
    (Shape::Lognormal, "lognormal, σ = 0.2"),
    (Shape::Bimodal, "two modes 30 % apart, 7 : 3"),
    (Shape::Pareto, "Pareto tail, α = 1.5"),
    (Shape::Drift, "normal, drift of 10 % over the run"),
    (Shape::Autocorrelated, "autocorrelated, ρ = 0.5"),
];

/// A run as it goes on: the machine's state belongs to all arms.
struct Machine {
    shape: Shape,
    generator: Generator,
    state: f64,
}

impl Machine {
    fn new(shape: Shape, seed: u64) -> Self {
        let mut new = Self { shape, generator: Generator::new(seed), state: 0.0 };
        new.state = new.z();
        new
    }

    fn uniform(&mut self) -> f64 {
        ((self.generator.draw() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn z(&mut self) -> f64 {
        let p = self.uniform();
        normal::quantile(p)
    }

    /// The next trial's value; `share` of the run has passed.
    fn value(&mut self, share: f64) -> f64 {
        let z = self.z();
        let is_low = self.shape == Shape::Bimodal && self.uniform() < 0.7;
        match self.shape {
            Shape::Normal => 100.0 + 5.0 * z,
            Shape::Lognormal => 100.0 * libm::exp(0.2 * z),
            Shape::Bimodal if is_low => 100.0 + 2.0 * z,
            Shape::Bimodal => 130.0 + 2.0 * z,
            Shape::Pareto => 100.0 + 2.0 * libm::pow(self.uniform(), -1.0 / 1.5),
            Shape::Drift => 100.0 * (1.0 + 0.1 * share) + 5.0 * z,
            Shape::Autocorrelated => {
                self.state = 0.5 * self.state + 0.75_f64.sqrt() * z;
                100.0 + 5.0 * self.state
            }
        }
    }

    /// `n` blocks of so many arms, each block in random order.
    fn blocks(&mut self, arms: usize, n: usize) -> Vec<Vec<f64>> {
        let mut values = vec![Vec::with_capacity(n); arms];
        for block in 0..n {
            let mut order: Vec<usize> = (0..arms).collect();
            self.generator.shuffle(&mut order);
            for (at, arm) in order.into_iter().enumerate() {
                let share = (block * arms + at) as f64 / (n * arms) as f64;
                let value = self.value(share);
                values[arm].push(value);
            }
        }
        values
    }

    /// All trials of the arms in random order.
    fn shuffled(&mut self, arms: usize, n: usize) -> Vec<Vec<f64>> {
        let mut order: Vec<usize> = (0..arms * n).map(|at| at % arms).collect();
        self.generator.shuffle(&mut order);
        let mut values = vec![Vec::with_capacity(n); arms];
        for (at, arm) in order.into_iter().enumerate() {
            let value = self.value(at as f64 / (arms * n) as f64);
            values[arm].push(value);
        }
        values
    }

    /// Whole arms one after the other: what the runner does not do.
    fn sequential(&mut self, arms: usize, n: usize) -> Vec<Vec<f64>> {
        let mut value =
            |arm: usize, at: usize| self.value((arm * n + at) as f64 / (arms * n) as f64);
        (0..arms).map(|arm| (0..n).map(|at| value(arm, at)).collect()).collect()
    }
}

fn pairing(is_blocked: bool, n: usize) -> Pairing {
    if is_blocked && n >= MIN_BLOCKS { Pairing::Block } else { Pairing::Independent }
}

fn how(seed: u64) -> Resampling {
    Resampling { replicates: 9_999, seed, conf: 0.95 }
}

/// Interval and raw p of two arms.
fn compared(x: &[f64], y: &[f64], pairing: Pairing, seed: u64) -> (Option<(f64, f64)>, f64) {
    let interval = ratio_of_medians(x, y, pairing, &how(seed)).interval;
    let p = match pairing {
        Pairing::Block => signed_rank(x, y).map(|found| found.p),
        Pairing::Independent => mann_whitney(&JointRanks::new(x, y)).map(|(p, _)| p),
    };
    (interval, p.expect("there are values"))
}

fn is_difference(interval: Option<(f64, f64)>, p: Option<f64>) -> bool {
    let evidence = Evidence { interval, p_adjusted: p, min_p: None };
    matches!(
        verdict(&evidence, MARGIN, ALPHA),
        Verdict::Faster
            | Verdict::Slower
            | Verdict::FasterMaybeNegligible
            | Verdict::SlowerMaybeNegligible
    )
}

/// The share of repetitions of which this holds, on all CPUs; the same on any number of them.
fn share(repetitions: usize, holds: impl Fn(u64) -> bool + Sync) -> f64 {
    let (next, held) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= repetitions {
                return;
            }
            held.fetch_add(usize::from(holds(at as u64)), Ordering::Relaxed);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    held.into_inner() as f64 / repetitions as f64
}

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

fn row(name: &str, shares: impl Iterator<Item = f64>) {
    let cells: Vec<String> = shares.map(percent).collect();
    println!("| {name} | {} |", cells.join(" | "));
}

fn head(title: &str, first: &str, columns: &[&str]) {
    println!("\n{title}\n\n| {first} | {} |", columns.join(" | "));
    println!("| --- |{}", " --- |".repeat(columns.len()));
}

fn main() {
    let setting = std::env::var("REPETITIONS").ok().and_then(|text| text.parse().ok());
    let repetitions: usize = setting.unwrap_or(1_000);
    let error = 196.0 * (0.05 * 0.95 / repetitions as f64).sqrt();
    println!(
        "{repetitions} repetitions; a share of 5 % is then known to ±{error:.1} points (95 %)"
    );
    identical(repetitions);
    families(repetitions);
    medians(repetitions);
    ratios(repetitions);
    stopping(repetitions);
    means(repetitions);
    repeats(repetitions / 4);
}

const N: [&str; 4] = ["n = 6", "10", "20", "30"];

fn identical(repetitions: usize) {
    head("Identical arms called different, %, in blocks", "shape", &N);
    for (shape, name) in SHAPES {
        row(
            name,
            SIZES.into_iter().map(|n| {
                share(repetitions, |seed| {
                    let arms = Machine::new(shape, seed).blocks(2, n);
                    let (interval, p) = compared(&arms[0], &arms[1], pairing(true, n), seed);
                    is_difference(interval, Some(p))
                })
            }),
        );
    }
    head("The same, all trials shuffled together", "shape", &N);
    for (shape, name) in SHAPES {
        row(
            name,
            SIZES.into_iter().map(|n| {
                share(repetitions, |seed| {
                    let arms = Machine::new(shape, seed).shuffled(2, n);
                    let (interval, p) = compared(&arms[0], &arms[1], Pairing::Independent, seed);
                    is_difference(interval, Some(p))
                })
            }),
        );
    }
    head("The same, one arm after the other (order = \"sequential\")", "shape", &N);
    for (shape, name) in SHAPES {
        row(
            name,
            SIZES.into_iter().map(|n| {
                share(repetitions, |seed| {
                    let arms = Machine::new(shape, seed).sequential(2, n);
                    let (interval, p) = compared(&arms[0], &arms[1], Pairing::Independent, seed);
                    is_difference(interval, Some(p))
                })
            }),
        );
    }
}

/// A baseline and five candidates, Holm: any verdict of difference.
fn families(repetitions: usize) {
    head("Any of five identical candidates called different, %, in blocks, Holm", "shape", &N);
    for (shape, name) in SHAPES {
        row(
            name,
            SIZES.into_iter().map(|n| {
                share(repetitions / 2, |seed| {
                    let arms = Machine::new(shape, seed).blocks(6, n);
                    let found: Vec<_> = (1..6_u64)
                        .map(|at| {
                            let own = &arms[usize::try_from(at).expect("small")];
                            compared(&arms[0], own, pairing(true, n), seed * 8 + at)
                        })
                        .collect();
                    let p: Vec<Option<f64>> = found.iter().map(|(_, p)| Some(*p)).collect();
                    let adjusted = adjust(&p, Adjust::Holm);
                    found.iter().zip(adjusted).any(|((interval, _), p)| is_difference(*interval, p))
                })
            }),
        );
    }
}

/// The median of a shape without drift, from two million values.
fn truth(shape: Shape) -> f64 {
    let mut machine = Machine::new(shape, 1 << 40);
    let values: Vec<f64> = (0..2_000_000).map(|_| machine.value(0.0)).collect();
    Sorted::new(&values).median().expect("values")
}

fn medians(repetitions: usize) {
    head("Coverage of the 95 % interval of a median, %", "shape", &N);
    for (shape, name) in SHAPES.into_iter().filter(|(shape, _)| *shape != Shape::Drift) {
        let truth = truth(shape);
        row(
            name,
            SIZES.into_iter().map(|n| {
                share(repetitions, |seed| {
                    let values = Machine::new(shape, seed).blocks(1, n).remove(0);
                    let found = median_interval(&Sorted::new(&values), 0.95);
                    found.lo.is_some_and(|lo| lo <= truth) && found.hi.is_some_and(|hi| truth <= hi)
                })
            }),
        );
    }
}

fn covers(interval: Option<(f64, f64)>, truth: f64) -> bool {
    interval.is_some_and(|(lo, hi)| lo <= truth && truth <= hi)
}

fn ratios(repetitions: usize) {
    head("Coverage of the 95 % interval of a ratio of medians, %, in blocks", "arms", &N);
    for (shape, name) in SHAPES {
        row(
            &format!("same shape: {name}"),
            SIZES.into_iter().map(|n| {
                share(repetitions, |seed| {
                    let arms = Machine::new(shape, seed).blocks(2, n);
                    covers(compared(&arms[0], &arms[1], pairing(true, n), seed).0, 1.0)
                })
            }),
        );
    }
    let pairs = [
        (Shape::Normal, Shape::Lognormal, "normal and lognormal"),
        (Shape::Normal, Shape::Pareto, "normal and Pareto tail"),
        (Shape::Lognormal, Shape::Bimodal, "lognormal and two modes"),
    ];
    for (one, other, name) in pairs {
        let truth = truth(one) / truth(other);
        row(
            &format!("different shapes: {name}"),
            SIZES.into_iter().map(|n| {
                share(repetitions, |seed| {
                    let x = Machine::new(one, seed).blocks(1, n).remove(0);
                    let y = Machine::new(other, seed + (1 << 32)).blocks(1, n).remove(0);
                    covers(compared(&x, &y, pairing(true, n), seed).0, truth)
                })
            }),
        );
    }
    row(
        "drift of 10 %, resampled independently",
        SIZES.into_iter().map(|n| {
            share(repetitions, |seed| {
                let arms = Machine::new(Shape::Drift, seed).blocks(2, n);
                covers(compared(&arms[0], &arms[1], Pairing::Independent, seed).0, 1.0)
            })
        }),
    );
}

/// Two arms that stop together; the coverage of the final intervals and the blocks it took.
fn stopping(repetitions: usize) {
    let columns = ["median", "ratio", "mean blocks"];
    head("After stopping by the rule (10 to 30 blocks), coverage in %", "scatter", &columns);
    let rule = StoppingRule::default();
    let settings: [(&str, f64, bool); 6] = [
        ("normal, sd 1 %", 0.01, false),
        ("normal, sd 3 %", 0.03, false),
        ("normal, sd 5 %", 0.05, false),
        ("lognormal, σ = 0.03", 0.03, true),
        ("lognormal, σ = 0.06", 0.06, true),
        ("lognormal, σ = 0.1", 0.1, true),
    ];
    for (name, scatter, is_log) in settings {
        let blocks = AtomicUsize::new(0);
        let stopped = |seed: u64| {
            let mut machine = Machine::new(Shape::Normal, seed);
            let mut looks = FamilyLooks::new(rule, 2);
            let mut values = vec![Vec::new(), Vec::new()];
            for block in 1.. {
                for arm in &mut values {
                    let z = scatter * machine.z();
                    arm.push(100.0 * if is_log { libm::exp(z) } else { 1.0 + z });
                }
                if looks.after_block(block, &values) != Stopping::NeedsMore {
                    blocks.fetch_add(block, Ordering::Relaxed);
                    break;
                }
            }
            values
        };
        let median = share(repetitions, |seed| {
            let found = median_interval(&Sorted::new(&stopped(seed)[0]), 0.95);
            covers(found.lo.zip(found.hi), 100.0)
        });
        let mean = blocks.swap(0, Ordering::Relaxed) as f64 / repetitions as f64;
        let ratio = share(repetitions, |seed| {
            let arms = stopped(seed);
            covers(compared(&arms[0], &arms[1], Pairing::Block, seed).0, 1.0)
        });
        println!("| {name} | {} | {} | {mean:.1} |", percent(median), percent(ratio));
    }
}

fn means(repetitions: usize) {
    head("Coverage of the 95 % BCa interval of a mean, %", "shape", &["n = 20", "30"]);
    let settings = [
        (Shape::Normal, "normal, sd 5 %", 100.0),
        (Shape::Lognormal, "lognormal, σ = 0.2", 100.0 * libm::exp(0.02)),
        (Shape::Bimodal, "two modes", 109.0),
    ];
    for (shape, name, truth) in settings {
        row(
            name,
            [20, 30].into_iter().map(|n| {
                share(repetitions, |seed| {
                    let values = Machine::new(shape, seed).blocks(1, n).remove(0);
                    covers(bca_mean(&values, &how(seed)).map(|found| (found.lo, found.hi)), truth)
                })
            }),
        );
    }
}

/// The repeats that a pilot says a difference of 5 % needs, and how often so many show it.
fn repeats(repetitions: usize) {
    let columns = ["middle of the advice", "its middle half", "shown with the middle, %"];
    head("Repeats for a difference of 5 %, from a pilot of 10 blocks", "shape", &columns);
    for (shape, name) in SHAPES {
        let mut advised: Vec<usize> = (0..repetitions as u64)
            .filter_map(|seed| {
                let arms = Machine::new(shape, seed).blocks(2, 10);
                let (interval, _) = compared(&arms[0], &arms[1], Pairing::Block, seed);
                power::Pilot { n: 10, interval: interval?, conf: 0.95 }.to_find(0.05)
            })
            .collect();
        advised.sort_unstable();
        let (Some(&middle), Some(&low), Some(&high)) = (
            advised.get(advised.len() / 2),
            advised.get(advised.len() / 4),
            advised.get(advised.len() * 3 / 4),
        ) else {
            println!("| {name} | more than {} | | |", power::MOST);
            continue;
        };
        let shown = share(repetitions, |seed| {
            let mut arms = Machine::new(shape, seed + (1 << 33)).blocks(2, middle);
            arms[1].iter_mut().for_each(|value| *value /= 1.05);
            let (interval, p) = compared(&arms[0], &arms[1], pairing(true, middle), seed);
            is_difference(interval, Some(p))
        });
        println!("| {name} | {middle} | {low} to {high} | {} |", percent(shown));
    }
}
