//! Screens of runs in which a metric of the program is compared.

use super::{WIDE, screen};
use crate::analysis::Findings;
use crate::analysis::fixture::{self, Run};
use crate::design::{Better, CellIx, Objective, ParamName};
use crate::report::explain::explain;

/// The second cell's sizes fall into two groups; the times of the third rise.
fn run() -> Run {
    let mut experiment = fixture::experiment();
    experiment.protocol.repeats = 12;
    let workload = &mut experiment.workloads[0];
    workload.protocol.repeats = 12;
    workload.metrics = vec![fixture::metric("size", "kB", Some(Better::Lower))];
    experiment.compare.metric = ParamName::new("size").ok();
    let mut run = Run::new(experiment);
    for cell in 0..4 {
        for (at, row) in run.measured(cell).enumerate() {
            let apart = if cell == 1 && at % 2 == 0 { 50_000.0 } else { 0.0 };
            row.measured.metrics = vec![Some(100_000.0 + apart + (at * 7 % 12) as f64)];
            let scatter = (at as u64) * 7 % 12 * 1_000;
            let later = if cell == 2 { at as u64 * 10_000 } else { scatter };
            row.measured.time_ns = Some(5_000_000 + later);
        }
    }
    run
}

#[test]
fn cautions_speak_of_what_is_compared() {
    let text = screen(&run(), WIDE);
    assert!(text.contains("median size  "), "{text}");
    let said =
        "! n = 1_000_000, multithread: the values fall into two groups, and the median shows";
    assert!(text.contains(said), "{text}");
    assert!(!text.contains("rise or fall"), "the times are not compared: {text}");
}

#[test]
fn the_start_of_a_process_is_no_part_of_what_a_program_measures() {
    let said = |metric: Option<ParamName>| {
        let mut run = run();
        let experiment = std::sync::Arc::make_mut(&mut run.experiment);
        experiment.workloads[0].action = fixture::command();
        experiment.compare.metric = metric;
        screen(&run, WIDE).contains("the start of a process")
    };
    assert!(said(None) && !said(ParamName::new("size").ok()));
}

#[test]
fn an_explained_flag_names_the_metric_that_has_it() {
    let run = run();
    let findings = Findings::of(run.evidence());
    let text = explain(&findings, &[CellIx(1), CellIx(2)], WIDE);
    assert!(text.contains("· size: median "), "{text}");
    for said in ["! bimodal (size): the values", "! drift (time): the values"] {
        assert_eq!(text.matches(said).count(), 1, "{said}: {text}");
    }
}

#[test]
fn no_repeats_are_advised_that_would_find_a_difference_of_nothing() {
    let advised = |margin: f64| {
        let mut run = run();
        std::sync::Arc::make_mut(&mut run.experiment).compare.margin = Some(margin);
        screen(&run, WIDE).contains("to find a difference of")
    };
    assert!(advised(0.02) && !advised(0.0));
}

#[test]
fn a_series_says_that_it_is_of_median_times_where_something_else_is_compared() {
    let said = |objective: Objective, metric: Option<ParamName>| {
        let mut experiment = fixture::experiment();
        experiment.strategies[1].workers = vec![1, 2];
        experiment.workloads[0].metrics = vec![fixture::metric("size", "kB", None)];
        experiment.compare.objective = objective;
        experiment.compare.metric = metric;
        screen(&Run::new(experiment), WIDE).contains(" over one worker, of median times: 2 workers")
    };
    assert!(said(Objective::P90, None) && said(Objective::P50, ParamName::new("size").ok()));
    assert!(!said(Objective::P50, None));
}
