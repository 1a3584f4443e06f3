//! Claims over constructed runs.

use super::*;
use crate::analysis::fixture::{self, Run};
use crate::design::{Entry, Experiment, Pattern, StrategyKind, Subject, Term, Value};
use crate::measure::Status;

fn term(name: &str) -> Term {
    let patterns = vec![Pattern::Equal(Value::Text(name.to_owned()))];
    let entry = Entry { subject: Subject::Strategy, patterns, written: String::new(), at: 0..0 };
    Term { written: name.to_owned(), entries: vec![entry] }
}

fn order(names: &[&str]) -> Claim {
    let statement = Statement::Order(names.iter().map(|name| term(name)).collect());
    Claim { written: names.join(" < "), statement, cells: None, at: 0..0 }
}

fn speedup(of: &str, over: Option<&str>, operator: Operator, bound: f64) -> Claim {
    let statement = Statement::Speedup { of: term(of), over: over.map(term), operator, bound };
    Claim { written: format!("speedup({of})"), statement, cells: None, at: 0..0 }
}

/// `normal`, `multithread` and `multicore`, one size; twelve repeats.
fn experiment(claims: Vec<Claim>) -> Experiment {
    let mut experiment = fixture::experiment();
    experiment.params = vec![fixture::factor("n", &["7"])];
    experiment.protocol.repeats = 12;
    experiment.workloads[0].protocol.repeats = 12;
    experiment.strategies.push(fixture::strategy("multicore", StrategyKind::Processes, &[2]));
    experiment.claims = claims;
    experiment
}

/// Times in µs of the cells, with one µs more in each repeat.
fn run(experiment: Experiment, times: &[u64]) -> Run {
    let mut run = Run::new(experiment);
    for (cell, time) in (0..).zip(times) {
        for observation in run.measured(cell) {
            let repeat = u64::from(observation.trial.repeat);
            observation.measured.time_ns = Some((time + repeat) * 1_000);
        }
    }
    run
}

fn judged<T>(run: &Run, read: impl Fn(&Claims<'_>, &Comparisons) -> T) -> T {
    let standings = Standings::of(run.evidence());
    let summary = Summary::of(run.evidence(), &standings);
    let baselines = Baselines::of(&run.experiment, &run.matrix);
    let comparisons = Comparisons::of(run.evidence(), &standings, &summary, &baselines);
    let claims = Claims::of(run.evidence(), (&standings, &summary), &baselines, &comparisons);
    read(&claims, &comparisons)
}

fn judgements(run: &Run) -> Vec<Judgement> {
    judged(run, |claims, _| claims.findings.iter().map(|finding| finding.judgement).collect())
}

use Judgement::{Contradicted, Supported, Undecided};

#[test]
fn a_chain_uses_baselines_and_compares_the_other_links_itself() {
    let claims = vec![order(&["multicore", "multithread", "normal"])];
    let run = run(experiment(claims), &[9_000, 5_000, 3_000]);
    judged(&run, |claims, comparisons| {
        let [group] = &claims.findings[0].groups[..] else { panic!("one group") };
        assert_eq!((claims.findings[0].judgement, group.links.len()), (Supported, 2));
        let [first, second] = &group.links[..] else { panic!("two links") };
        assert_eq!(first.written, "multicore < multithread");
        let own = first.comparison.as_ref().unwrap();
        assert_eq!((own.id.as_str(), own.family_size), ("c003/c002", 1));
        assert!(claims.is_further(own) && claims.further == [own.clone()]);
        assert_eq!(own.candidate.cell, CellIx(2));
        assert!(first.ratio.unwrap() > 1.66 && first.interval.unwrap().0 > 1.6, "{first:?}");
        assert_eq!(second.comparison.as_ref(), comparisons.of_cell(CellIx(1)));
        assert_eq!(second.ground, Ground::Verdict(Verdict::Faster));
    });
}

#[test]
fn an_order_that_is_reversed_is_contradicted_and_one_that_is_open_is_not() {
    let claims = vec![
        order(&["normal", "multicore"]),
        order(&["multicore", "normal"]),
        order(&["normal", "multithread"]),
        order(&["multithread", "normal", "multicore"]),
    ];
    let mut run = run(experiment(claims), &[9_000, 9_000, 3_000]);
    // The same values in another order: nothing to tell.
    for observation in run.measured(1) {
        let repeat = u64::from(observation.trial.repeat);
        observation.measured.time_ns = Some((9_000 + repeat * 5 % 13) * 1_000);
    }
    assert_eq!(judgements(&run), [Contradicted, Supported, Undecided, Contradicted]);
    judged(&run, |claims, _| {
        let link = &claims.findings[0].groups[0].links[0];
        assert!(link.ratio.unwrap() < 0.34 && link.interval.unwrap().1 < 0.34, "{link:?}");
        assert!(claims.further.is_empty());
        let open = &claims.findings[2].groups[0].links[0];
        assert_eq!(open.ground, Ground::Verdict(Verdict::Equivalent));
    });
}

#[test]
fn more_is_larger_where_more_is_better() {
    let mut experiment = experiment(vec![order(&["normal", "multicore"])]);
    experiment.workloads[0].metrics = vec![fixture::metric("score", "1", Some(Better::Higher))];
    experiment.compare.metric = Some(crate::design::ParamName::new("score").unwrap());
    let mut run = Run::new(experiment);
    for cell in 0..3 {
        for observation in run.measured(cell) {
            let score = f64::from(10 * (cell + 1)) + 0.01 * f64::from(observation.trial.repeat);
            observation.measured.metrics = vec![Some(score)];
        }
    }
    assert_eq!(judgements(&run), [Supported]);
    judged(&run, |claims, _| {
        let link = &claims.findings[0].groups[0].links[0];
        assert!(link.ratio.unwrap() > 2.9, "{link:?}");
    });
}

#[test]
fn a_speedup_is_held_against_its_bound_by_the_whole_interval() {
    let claims = vec![
        speedup("multicore", None, Operator::AtLeast, 2.9),
        speedup("multicore", None, Operator::AtLeast, 3.1),
        speedup("multicore", None, Operator::AtMost, 3.1),
        speedup("multicore", Some("multithread"), Operator::Greater, 1.6),
        speedup("normal", Some("multicore"), Operator::Less, 0.5),
        speedup("multicore", None, Operator::AtLeast, 2.9957),
    ];
    let run = run(experiment(claims), &[9_000, 5_000, 3_000]);
    let want = [Supported, Contradicted, Supported, Supported, Supported, Undecided];
    assert_eq!(judgements(&run), want);
    judged(&run, |claims, _| {
        let link = &claims.findings[4].groups[0].links[0];
        assert_eq!((link.bound, link.ground), (0.5, Ground::Interval));
        assert!(link.ratio.unwrap() < 0.34, "the other way round: {link:?}");
    });
}

#[test]
fn failures_few_values_and_missing_cells_decide_nothing() {
    let claims = vec![
        order(&["multicore", "normal"]),
        speedup("multicore", None, Operator::AtLeast, 1.0),
        order(&["multithread", "normal"]),
    ];
    let mut experiment = experiment(claims);
    experiment.workloads.push(fixture::workload("other"));
    experiment.workloads[1].strategies = Some(vec![0]);
    let mut run = Run::new(experiment);
    run.measured(2).next().unwrap().measured.status = Status::Failed;
    assert_eq!(judgements(&run), [Undecided, Undecided, Contradicted]);
    judged(&run, |claims, _| {
        let grounds = |claim: usize| -> Vec<Ground> {
            let groups = claims.findings[claim].groups.iter();
            groups.flat_map(|group| &group.links).map(|link| link.ground).collect()
        };
        let invalid = Ground::Verdict(Verdict::Invalid);
        assert_eq!(grounds(0), [invalid, Ground::NoCell]);
        assert_eq!(grounds(1), [invalid]);
        // One that is contradicted is enough, whatever the other group lacks.
        assert_eq!(grounds(2)[0], Ground::Verdict(Verdict::Slower));
        assert_eq!(grounds(2)[1], Ground::NoCell);
    });
}

#[test]
fn a_speedup_says_nothing_of_the_baseline_itself() {
    let claims = vec![speedup("normal", None, Operator::AtLeast, 1.0)];
    let run = run(experiment(claims), &[9_000, 5_000, 3_000]);
    judged(&run, |claims, _| assert!(claims.findings[0].groups.is_empty()));
    assert_eq!(judgements(&run), [Undecided]);
}
