//! `benches/analysis.py` runs this: what summaries, comparisons and one bootstrap cost.
//!
//! `tables CELLS REPEATS` makes observations of so many cells in memory, in turn from five shapes,
//! and derives standings, summary and every comparison from them. `bootstrap N REPLICATES` reads
//! two lines of N numbers from standard input and prints the interval of the ratio of their
//! medians, and the median time of one such interval.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench reads a clock and prints"
)]

use std::io::Read;
use std::path::Path;
use std::time::Instant;

use runner::analysis::{Baselines, Comparisons, Evidence, Standings, Summary};
use runner::measure::{Measured, Observation, Status};
use runner::session::{self, Request};
use runner::stats::{Generator, Pairing, Resampling, ratio_of_medians};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let number = |at: usize, usual: usize| {
        arguments.get(at).map_or(usual, |text| text.parse().expect("a number"))
    };
    match arguments.first().map(String::as_str) {
        Some("bootstrap") => bootstrap(number(1, 30), number(2, 9_999)),
        Some("tables") | None => tables(number(1, 200), number(2, 5_000)),
        Some(other) => panic!("`{other}` is neither tables nor bootstrap"),
    }
}

fn tables(cells: usize, repeats: usize) {
    let text = format!(
        "seed = 1\n[params]\nn = {{ from = 1, to = {}, step = 1 }}\n[workloads.power-sum]\n\
         [strategies]\na = 'sequential'\nb = {{ kind = 'threads', workers = 2 }}\n\
         [protocol]\nwarmup = 0\nrepeats = {repeats}\n[compare]\nbaseline = {{ n = 1 }}\n",
        cells / 2
    );
    let request = Request::default();
    let loaded = session::load_bytes(Path::new("bench.toml"), text.into(), &request);
    let loaded = loaded.expect("an experiment");
    let planned = loaded.plan(None, u64::MAX).expect("a plan");
    let mut generator = Generator::new(7);
    let observations: Vec<Observation> = planned
        .plan
        .trials()
        .map(|trial| {
            let scatter = generator.below(1_000) + generator.below(1_000);
            let tail = if generator.below(50) == 0 { generator.below(20_000) } else { 0 };
            let time_ns = 1_000_000 + 1_000 * u64::from(trial.cell.0) + 20 * scatter + tail;
            let measured = Measured {
                time_ns: Some(time_ns),
                user_ns: Some(time_ns / 2 + generator.below(5_000)),
                sys_ns: Some(generator.below(50_000)),
                max_rss_bytes: Some(1 << 20 | generator.below(1 << 16) << 4),
                answer: Some("1".to_owned()),
                ..Measured::empty(Status::Ok)
            };
            Observation {
                trial,
                attempt: 1,
                slot: 0,
                session: 1,
                started_at_ms: 0,
                start_offset_ns: 0,
                measured,
            }
        })
        .collect();
    let before = memory("VmRSS:");
    let start = Instant::now();
    let evidence = Evidence {
        experiment: &loaded.experiment,
        matrix: &loaded.matrix,
        plan: &planned.plan,
        observations: &observations,
        stops: &[],
        empty_process_ns: None,
    };
    let standings = Standings::of(evidence);
    let judged = start.elapsed();
    let summary = Summary::of(evidence, &standings);
    let summarised = start.elapsed();
    let baselines = Baselines::of(evidence.experiment, evidence.matrix);
    let comparisons = Comparisons::of(evidence, &standings, &summary, &baselines);
    let all = start.elapsed();
    println!(
        "{{\"trials\":{},\"cells\":{},\"comparisons\":{},\"bytes_a_trial\":{},\"standings_s\":{:.3},\
         \"summary_s\":{:.3},\"comparisons_s\":{:.3},\"all_s\":{:.3},\"input_mb\":{:.0},\"peak_mb\":{:.0}}}",
        observations.len(),
        loaded.matrix.len(),
        comparisons.rows.len(),
        size_of::<Observation>(),
        judged.as_secs_f64(),
        (summarised - judged).as_secs_f64(),
        (all - summarised).as_secs_f64(),
        all.as_secs_f64(),
        before,
        memory("VmHWM:"),
    );
}

/// A line of `/proc/self/status`, in MB.
fn memory(key: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = text.lines().find_map(|line| line.strip_prefix(key)).expect("a line");
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().expect("kB");
    kib * 1024.0 / 1e6
}

fn bootstrap(n: usize, replicates: usize) {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).expect("text");
    let mut samples = text.lines().map(|line| -> Vec<f64> {
        line.split_whitespace().map(|word| word.parse().expect("a number")).collect()
    });
    let (x, y) = (samples.next().expect("a line"), samples.next().expect("a line"));
    assert_eq!((x.len(), y.len()), (n, n), "as many numbers as were announced");
    let mut times = Vec::new();
    let mut found = None;
    for seed in 0..201 {
        let how = Resampling { replicates, seed, conf: 0.95 };
        let start = Instant::now();
        found = ratio_of_medians(&x, &y, Pairing::Independent, &how).interval;
        times.push(start.elapsed().as_nanos());
    }
    times.sort_unstable();
    let (lo, hi) = found.expect("an interval");
    println!("{{\"ns\":{},\"lo\":{lo},\"hi\":{hi}}}", times[times.len() / 2]);
}
