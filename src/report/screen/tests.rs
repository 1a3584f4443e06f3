//! Screens of constructed runs, compared as text.

mod metrics;
mod workloads;

use super::words::{Scale, between, duration, fit, ratio, three_digits, width};
use super::{Drawing, Plots, Screen, Style, render_drawn};
use crate::analysis::Findings;
use crate::analysis::fixture::{self, Run};
use crate::design::StrategyKind;
use crate::measure::{MetricUnit, Status, WorkerSpan};

const WIDE: Style = Style { width: 100, colour: false };

fn screen(run: &Run, style: Style) -> String {
    drawn(run, style, Drawing::NONE)
}

fn drawn(run: &Run, style: Style, drawing: Drawing) -> String {
    let findings = Findings::of(run.evidence());
    let screen = Screen {
        findings: &findings,
        last_lines: &|trial, attempt| vec![format!("{}.{attempt}:", trial.id()), "no".to_owned()],
        elapsed_ns: 9_100_000_000,
    };
    render_drawn(&screen, style, drawing)
}

/// Two blocks of two rows; two threads are 1.76 times as fast in the first one.
fn run() -> Run {
    let mut run = Run::new(fixture::experiment());
    for (cell, base) in [(0, 3_360_000), (1, 1_910_000), (2, 1_200_000_000), (3, 620_000_000)] {
        for (at, observation) in run.measured(cell).enumerate() {
            observation.measured.time_ns = Some(base + 10_000 * at as u64 - 25_000);
        }
    }
    run
}

#[test]
fn a_clean_run_is_one_headline_and_one_table_a_block() {
    let want = "\
✔ 28 trials, 9 s: 24 used, 4 warm-up, 0 failed · all answers agree

n = 1_000_000             answer 499_999_666_667_166_666_000_000
             median     95 % interval    vs normal
normal       3.36 ms    3.33 – 3.38      baseline
multithread  1.91 ms    1.89 – 1.94      1.76× faster   1.74 – 1.78

n = 100_000_000           answer 499_999_666_667_166_666_000_000
             median     95 % interval    vs normal
normal       1.20 s     1.20 – 1.20      baseline
multithread  0.620 s    0.620 – 0.620    1.94× faster   1.94 – 1.94

· speed-ups are ratios of medians, with their intervals; the tests: comparisons.csv
· to find a difference of 2 % four times in five: about 10 repeats, 13 s (most for n = 100_000_000,
  multithread)
";
    assert_eq!(screen(&run(), WIDE), want);
}

#[test]
fn failures_are_listed_by_reason_and_make_comparisons_invalid() {
    let mut run = run();
    for observation in run.measured(1).take(2) {
        observation.measured.status = Status::Failed;
        observation.measured.exit_code = Some(3);
        observation.measured.answer = None;
    }
    let text = screen(&run, WIDE);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..2],
        [
            "✘ 28 trials, 9 s: 22 used, 4 warm-up, 2 failed · all answers agree",
            "  2 × failed: exit code 3 (first in n = 1_000_000, multithread)",
        ]
    );
    let said = "  the last lines of t000005 on standard error:\n    │ t000005.1:\n    │ no\n";
    assert!(text.contains(said), "{text}");
    assert!(text.contains("multithread  1.92 ms    —                invalid\n"), "{text}");
    assert!(
        text.contains("! fewer than 6 repeats: no 95 % interval exists below 6; 10 is usual\n")
    );
}

#[test]
fn answers_that_differ_are_named() {
    let mut run = run();
    run.measured(1).next().unwrap().measured.answer = Some("7".to_owned());
    let text = screen(&run, WIDE);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..2],
        [
            "✘ 28 trials, 9 s: 12 used, 2 warm-up, 14 failed · answers differ",
            "  n = 1_000_000: answers differ: 499999666667166666000000 ×13, 7 ×1",
        ]
    );
    assert!(text.contains("normal       failed    —                baseline\n"), "{text}");
}

#[test]
fn an_interrupted_run_says_how_far_it_came() {
    let mut run = run();
    run.observations.truncate(20);
    run.observations[19].measured.status = Status::Interrupted;
    let text = screen(&run, WIDE);
    let want = "✘ 19 of 28 trials, 9 s: 15 used, 4 warm-up, 0 failed, 1 interrupted · all answers \
                agree\n";
    assert!(text.starts_with(want), "{text}");
}

#[test]
fn a_caution_is_said_once_for_all_cells_that_it_holds_for() {
    let mut run = run();
    for cell in [0, 1, 2, 3] {
        for observation in run.measured(cell) {
            observation.measured.time_ns = Some(50);
        }
    }
    let text = screen(&run, WIDE).replace("\n  ", " ");
    assert_eq!(text.matches("trials take less than 100 ns").count(), 1, "{text}");
    assert!(text.contains("and 1 more cell: trials take"), "{text}");
}

#[test]
fn slow_starts_and_slower_strategies_are_said_in_words() {
    let mut run = run();
    for observation in run.measured(1) {
        observation.measured.time_ns = Some(7_056_000);
        let span = WorkerSpan { start_ns: 1_000_000, end_ns: 7_000_000 };
        observation.measured.workers = vec![span, span];
    }
    let text = screen(&run, WIDE);
    assert!(text.contains("2.1× slower   2.09 – 2.11\n"), "{text}");
    let want = "\
! n = 1_000_000, multithread: starting workers is > 5 % of the time; more repeats will not change
  that, a larger n will
";
    assert!(text.contains(want), "{text}");
}

/// What is said of the second cell of a run with these times in ms, baseline first.
fn said(repeats: u32, base: impl Fn(u64) -> u64, candidate: impl Fn(u64) -> u64) -> String {
    let mut experiment = fixture::experiment();
    experiment.protocol.repeats = repeats;
    experiment.workloads[0].protocol.repeats = repeats;
    let mut run = Run::new(experiment);
    for (cell, time) in [(0, &base as &dyn Fn(u64) -> u64), (1, &candidate)] {
        for observation in run.measured(cell) {
            let repeat = u64::from(observation.trial.repeat);
            observation.measured.time_ns = Some(time(repeat) * 1_000_000);
        }
    }
    let text = screen(&run, WIDE);
    let line = text.lines().find(|line| line.starts_with("multithread")).unwrap();
    line[line.find("    ").unwrap() + 4..].split_once("    ").unwrap().1.trim().to_owned()
}

#[test]
fn verdicts_are_said_in_words() {
    let more = said(12, |r| 1000 + r, |r| 1014 + r * 5 % 12 * 2);
    assert!(more.starts_with("1.02× slower, maybe < 2 %   1.01"), "{more}");
    let scatter = |repeat: u64| repeat * 7 % 12 * 30;
    assert_eq!(said(12, |r| 1000 + r, |r| 1001 + r), "same within 2 %   0.999 – 0.999");
    let other = |repeat: u64| repeat * 5 % 12 * 30;
    assert_eq!(
        said(12, |r| 1000 + scatter(r), |r| 1000 + other(r)),
        "can't tell   0.869 – 1.15 (about 650 repeats would)"
    );
    assert_eq!(said(3, |r| 1000 + r, |r| 2000 + r), "2× slower, too few to tell");
}

#[test]
fn no_line_is_wider_than_the_terminal_and_wide_letters_are_aligned() {
    let mut experiment = fixture::experiment();
    experiment.strategies[0] = fixture::strategy("順次実行", StrategyKind::Sequential, &[1]);
    experiment.strategies[1] = fixture::strategy("並列", StrategyKind::Threads, &[2, 4]);
    experiment.compare.baselines = vec![fixture::baseline("順次実行")];
    let run = Run::new(experiment);
    for columns in [1, 7, 20, 33, 45, 60, 80, 200] {
        let style = Style { width: columns, ..WIDE };
        for line in screen(&run, style).lines() {
            assert!(width(line) <= columns, "{columns}: {line}");
        }
    }
    let text = screen(&run, WIDE);
    assert!(text.contains("順次実行  1.00 ms    1.00 – 1.01      baseline\n"), "{text}");
    assert!(
        text.contains("並列 ×2   2.00 ms    2.00 – 2.01      2× slower      1.99 – 2.00\n"),
        "{text}"
    );
}

#[test]
fn colour_adds_escape_sequences_and_nothing_else() {
    let style = Style { colour: true, ..WIDE };
    let coloured = screen(&run(), style);
    assert!(coloured.starts_with("\u{1b}[32m✔\u{1b}[0m 28 trials"));
    let plain = anstream::adapter::strip_str(&coloured).to_string();
    assert_eq!(plain, screen(&run(), WIDE));
}

#[test]
fn many_blocks_are_cut_with_a_pointer_to_the_table() {
    let mut experiment = fixture::experiment();
    let levels: Vec<String> = (1..=45).map(|level| level.to_string()).collect();
    let levels: Vec<&str> = levels.iter().map(String::as_str).collect();
    experiment.params = vec![fixture::factor("n", &levels)];
    let text = screen(&Run::new(experiment), WIDE);
    assert!(text.contains("\nn = 40 "));
    assert!(!text.contains("\nn = 41 "));
    assert!(text.contains("\n… 5 more in table.csv\n"));
}

#[test]
fn without_a_baseline_there_is_no_comparison() {
    let mut run = run();
    std::sync::Arc::make_mut(&mut run.experiment).compare.baselines.clear();
    let text = screen(&run, WIDE);
    assert!(text.contains("multithread  1.91 ms    1.89 – 1.94\n"), "{text}");
    assert!(!text.contains("speed-up"));
}

#[test]
fn numbers_have_three_significant_digits() {
    for (value, want) in [
        (0.0, "0"),
        (1.0, "1.00"),
        (9.994, "9.99"),
        (9.996, "10.0"),
        (99.96, "100"),
        (12_345.6, "12346"),
        (0.1234, "0.123"),
        (0.012_34, "0.0123"),
    ] {
        assert_eq!(three_digits(value), want, "{value}");
    }
    assert_eq!((ratio(2.1), ratio(10.0), ratio(100.0)), ("2.1".into(), "10".into(), "100".into()));
    assert_eq!(
        (ratio(1.0), ratio(1.0034), ratio(99.99)),
        ("1".into(), "1.003".into(), "99.99".into())
    );
    assert_eq!(between(0.997_4, 1.000_21), "0.997 – 1.0002");
    assert_eq!(between(1.0, 1.0 + 1e-9), "1.00 – 1.00");
    assert_eq!(duration(340_000_000), "340 ms");
    assert_eq!(duration(125_000_000_000), "2 min 5 s");
    assert_eq!(duration(11_520_000_000_000), "3 h 12 min");
    assert_eq!((fit("abcdef", 4), fit("字字字", 4)), ("abc…".into(), "字…".into()));
}

#[test]
fn a_block_has_one_unit_in_which_no_value_vanishes() {
    let unit = |values: &[f64]| Scale::of(&MetricUnit::Nanoseconds, values.iter().copied()).unit;
    assert_eq!(unit(&[1.2e9, 6e8]), "s");
    assert_eq!(unit(&[1.2e9, 6e6]), "ms");
    assert_eq!(unit(&[50.0]), "ns");
    assert_eq!(unit(&[]), "ns");
}

#[test]
fn a_remark_before_a_run_fits_the_terminal() {
    let text = super::paragraph(20, "!", "load 2.93 on 2 CPUs; see `runner doctor`");
    assert_eq!(text, "! load 2.93 on 2\n  CPUs; see `runner\n  doctor`\n");
}

fn claim(text: &str, statement: crate::design::Statement) -> crate::design::Claim {
    crate::design::Claim { written: text.to_owned(), statement, cells: None, at: 0..0 }
}

#[test]
fn claims_come_first_with_their_evidence() {
    use crate::design::{Entry, Operator, Pattern, Statement, Subject, Term, Value};
    let term = |name: &str| {
        let patterns = vec![Pattern::Equal(Value::Text(name.to_owned()))];
        let subject = Subject::Strategy;
        let entries = vec![Entry { subject, patterns, written: String::new(), at: 0..0 }];
        Term { written: name.to_owned(), entries }
    };
    let order = |a: &str, b: &str| Statement::Order(vec![term(a), term(b)]);
    let speedup = Statement::Speedup {
        of: term("multithread"),
        over: None,
        operator: Operator::AtLeast,
        bound: 1.8,
    };
    let mut run = run();
    std::sync::Arc::make_mut(&mut run.experiment).claims = vec![
        claim("multithread < normal", order("multithread", "normal")),
        claim("speedup(multithread) >= 1.8", speedup),
        claim("nobody < normal", order("nobody", "normal")),
    ];
    let want = "\
✔ 28 trials, 9 s: 24 used, 4 warm-up, 0 failed · all answers agree

✔ claim supported: multithread < normal
    n = 1_000_000: multithread is 1.76× as fast as normal (95 % CI 1.74 – 1.78; 1.91 ms vs 3.36 ms
    medians, n = 6+6, Holm p = 0.004 of 2)
    n = 100_000_000: multithread is 1.94× as fast as normal (95 % CI 1.94 – 1.94; 0.620 s vs 1.20 s
    medians, n = 6+6, Holm p = 0.004 of 2)
✘ claim contradicted: speedup(multithread) >= 1.8
    n = 1_000_000: multithread is 1.76× as fast as normal (95 % CI 1.74 – 1.78; 1.91 ms vs 3.36 ms
    medians, n = 6+6)
    n = 100_000_000: multithread is 1.94× as fast as normal (95 % CI 1.94 – 1.94; 0.620 s vs 1.20 s
    medians, n = 6+6)
? claim undecided: nobody < normal
    n = 1_000_000: nobody < normal: a name has no single cell here
    n = 100_000_000: nobody < normal: a name has no single cell here

n = 1_000_000 ";
    let text = screen(&run, WIDE);
    assert!(text.starts_with(want), "{text}");
}

#[test]
fn strips_show_every_used_trial_of_a_block_on_one_scale() {
    let style = Style { width: 64, ..WIDE };
    let drawing = Drawing { plots: Plots::Unicode, lines: None };
    let text = drawn(&run(), style, drawing);
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| line.starts_with("multithread  1.91")).expect("a row");
    // 24 trials between 1.885 and 3.385 ms: the times of a cell lie close together.
    assert_eq!(
        lines[at + 1..at + 5],
        [
            "",
            "normal                                                      ·│•",
            "multithread  •│·",
            "             1.89 ms ────────────────────────────────── 3.38 ms",
        ],
        "{text}"
    );
    assert!(text.contains("· used trials: · one, • two or three, ● more; │ median\n"), "{text}");
    let ascii = drawn(&run(), style, Drawing { plots: Plots::Ascii, ..drawing });
    assert!(ascii.contains("used trials: . one, o two or three, O more; | median"), "{ascii}");
    let low = drawn(&run(), style, Drawing { lines: Some(20), ..drawing });
    assert!(!low.contains("used trials"), "{low}");
    let narrow = drawn(&run(), Style { width: 52, ..style }, drawing);
    assert!(!narrow.contains("used trials"), "{narrow}");
}

#[test]
fn a_strip_tells_timeouts_and_a_logarithmic_scale() {
    let mut run = run();
    for (at, row) in run.measured(1).enumerate() {
        row.measured.time_ns = Some(30_000 + 1_000 * at as u64);
    }
    if let Some(row) = run.measured(0).next() {
        row.measured.status = Status::Timeout;
    }
    let text = drawn(&run, WIDE, Drawing { plots: Plots::Unicode, lines: None });
    assert!(text.contains(" logarithmic "), "{text}");
    assert!(text.lines().any(|line| line.starts_with("normal ") && line.ends_with('›')), "{text}");
}

/// One kind of worker by itself, with these times by workers, the same in every trial but for
/// `step` ns a repeat.
fn series(workers: &[u32], time_ns: impl Fn(u64) -> u64, step: u64) -> Run {
    let mut experiment = fixture::experiment();
    experiment.params = vec![fixture::factor("n", &["1000"])];
    experiment.strategies = vec![fixture::strategy("many", StrategyKind::Threads, workers)];
    experiment.compare.baselines.clear();
    let mut run = Run::new(experiment);
    for observation in &mut run.observations {
        let workers = u64::from(run.matrix.cell(observation.trial.cell).workers);
        let later = u64::from(observation.trial.repeat) * step;
        observation.measured.time_ns = Some(time_ns(workers) + later);
    }
    run
}

#[test]
fn a_series_says_what_each_number_of_workers_gains_and_which_curve_fits() {
    // A tenth is serial.
    let run = series(&[1, 2, 3, 4, 6, 8], |n| 24_000_000 + 216_000_000 / n, 100_000);
    let want = "\
many ×8  51.4 ms    51.1 – 51.6

↗ n = 1_000, many, speed-up over one worker: 2 workers 1.82× (95 % CI 1.81 – 1.82), efficiency 91 %;
  3 workers 2.49× (2.49 – 2.50), efficiency 83 %; 4 workers 3.07× (3.06 – 3.08), efficiency 77 %; 6
  workers 3.98× (3.97 – 4.00), efficiency 66 %; 8 workers 4.68× (4.66 – 4.70), efficiency 59 %
  the curve through it: Amdahl's law, serial share 10.1 % (95 % CI 10.1 – 10.1 %), so that no number
  of workers gives more than 9.87×
";
    let text = screen(&run, WIDE);
    assert!(text.contains(want), "{text}");
    // Without one worker there is nothing to gain over.
    let text = screen(&series(&[2, 3, 4], |n| 100_000_000 / n, 0), WIDE);
    assert!(!text.contains('↗'), "{text}");
    // Two levels have no curve, and fewer than six values no interval.
    let mut few = series(&[1, 2], |n| 100_000_000 / n, 0);
    few.measured(0).take(1).for_each(|row| row.measured.status = Status::Failed);
    let text = screen(&few, WIDE);
    let said = "↗ n = 1_000, many, speed-up over one worker: 2 workers 2×, efficiency 100 %\n";
    assert!(text.contains(said) && !text.contains("the curve"), "{text}");
}

#[test]
fn a_point_that_its_workers_do_not_explain_is_a_caution() {
    let run = series(&[1, 2, 4], |n| 1_000_000_000 / n / n, 1_000);
    let text = screen(&run, WIDE).replace("\n  ", " ");
    let said = "! n = 1_000, many ×2; n = 1_000, many ×4: is faster than so many workers explain";
    assert!(text.contains(said), "{text}");
    let words = super::super::explain::explain(
        &Findings::of(run.evidence()),
        &[crate::design::CellIx(2)],
        WIDE,
    );
    assert!(words.contains("! superlinear: "), "{words}");
}

#[test]
fn many_series_end_with_the_file_that_has_all() {
    let mut experiment = fixture::experiment();
    let levels: Vec<String> = (1..=8).map(|level| level.to_string()).collect();
    let levels: Vec<&str> = levels.iter().map(String::as_str).collect();
    experiment.params = vec![fixture::factor("n", &levels)];
    experiment.strategies = vec![fixture::strategy("many", StrategyKind::Threads, &[1, 2])];
    experiment.compare.baselines.clear();
    let text = screen(&Run::new(experiment), WIDE);
    assert_eq!(text.matches("↗ n = ").count(), 6, "{text}");
    assert!(text.contains("\n  … 2 more in scaling_points.csv\n"), "{text}");
}

#[test]
fn too_few_values_for_a_percentile_are_a_caution() {
    let text_of = |repeats: u32| {
        let mut experiment = fixture::experiment();
        experiment.compare.objective = crate::design::Objective::P90;
        experiment.protocol.repeats = repeats;
        experiment.workloads[0].protocol.repeats = repeats;
        screen(&Run::new(experiment), WIDE)
    };
    let said = "! fewer than 36 repeats: no 95 % interval of a p90 exists below 36\n";
    assert!(text_of(35).contains(said), "{}", text_of(35));
    assert!(!text_of(36).contains("! fewer than"), "{}", text_of(36));
}

#[test]
fn iterations_that_do_not_settle_are_a_caution() {
    let mut run = run();
    for (cell, level_from) in [(0, 20_u64), (1, 55)] {
        for observation in run.measured(cell) {
            observation.measured.iterations_ns = (0..60)
                .map(|at| if at < level_from { 3_000 } else { 1_000 } + at * 7 % 11)
                .collect();
        }
    }
    let text = screen(&run, WIDE).replace("\n  ", " ");
    let said =
        "! n = 1_000_000, multithread: the iterations of its trials do not settle, or not all";
    assert!(text.contains(said), "{text}");
    assert_eq!(text.matches("do not settle").count(), 1, "a warm-up is no caution: {text}");
}
