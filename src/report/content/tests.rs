//! Contents of constructed runs.

use super::*;
use crate::analysis::fixture::{self, Run};
use crate::design::{Better, StrategyKind};
use crate::measure::Status;

/// A manifest as a run of this machine wrote it, for facts that a constructed run has not.
pub(crate) fn manifest() -> Manifest {
    let text = include_str!("../../../results/example/manifest.json");
    serde_json::from_str(text).expect("the example's manifest")
}

pub(crate) fn of(run: &Run) -> Content {
    let mut manifest = manifest();
    manifest.experiment.title = run.experiment.title.clone();
    let texts =
        Texts { notes: String::new(), resolved: "n = 1\n".into(), journal_sha256: "ab".into() };
    Content::of(&Findings::of(run.evidence()), &manifest, &texts)
}

pub(crate) fn content() -> Content {
    of(&Run::new(fixture::experiment()))
}

#[test]
fn ratios_stand_beside_absolute_values() {
    let content = content();
    let row = &content.tables[0].rows[1];
    assert_eq!((row.value.as_str(), row.interval.as_str()), ("2.00", "2.00 – 2.01"));
    assert_eq!(content.tables[0].metric, "time (ms)");
    assert!(row.versus.contains("slower"), "{row:?}");
    assert_eq!(content.verdicts.len(), 2);
    assert!(content.verdicts[0].text.starts_with("n = 1_000_000: multithread takes"));
}

#[test]
fn the_sentence_of_parallel_times_is_there_exactly_where_workers_are_started() {
    let has = |content: &Content| content.method.iter().any(|one| one == method::PARALLEL);
    assert!(has(&content()));
    let mut experiment = fixture::experiment();
    experiment.strategies = vec![fixture::strategy("normal", StrategyKind::Sequential, &[1])];
    experiment.compare.baselines.clear();
    let serial = of(&Run::new(experiment));
    assert!(!has(&serial));
    assert!(serial.verdicts.is_empty());
}

#[test]
fn failures_and_flags_say_where() {
    let mut run = Run::new(fixture::experiment());
    for observation in run.measured(1).take(2) {
        observation.measured = crate::measure::Measured::empty(Status::Failed);
        observation.measured.exit_code = Some(4);
    }
    let content = of(&run);
    let failure = &content.cautions[0];
    assert_eq!(failure.meaning, "2 trials: failed: exit code 4");
    assert_eq!(failure.places, "n = 1_000_000, multithread");
    assert!(content.cautions.iter().any(|one| one.word == "failures"));
    assert_eq!(content.tables[0].rows[1].lost, "2 failed");
}

#[test]
fn cautions_are_those_of_the_metric_that_is_compared() {
    let words = |drifts: &str| -> Vec<String> {
        let mut experiment = fixture::experiment();
        experiment.protocol.repeats = 12;
        experiment.workloads[0].protocol.repeats = 12;
        experiment.workloads[0].metrics = vec![fixture::metric("cost", "s", Some(Better::Lower))];
        experiment.compare.metric = crate::design::ParamName::new("cost").ok();
        let mut run = Run::new(experiment);
        for cell in 0..4 {
            for row in run.measured(cell) {
                let repeat = row.trial.repeat;
                let (steady, rising) =
                    (1_000_000 + u64::from(repeat * 7 % 12), 1_000_000 + u64::from(repeat));
                let (time, cost) =
                    if drifts == "cost" { (steady, rising) } else { (rising, steady) };
                (row.measured.time_ns, row.measured.metrics) =
                    (Some(time), vec![Some(cost as f64)]);
            }
        }
        run.measured(1).next().unwrap().measured.shared = true;
        of(&run).cautions.into_iter().map(|caution| caution.word).collect()
    };
    assert_eq!(words("cost"), ["drift", "autocorr", "shared_machine"]);
    assert_eq!(words("time"), ["shared_machine"]);
}

#[test]
fn claims_rest_on_sentences_and_totals_follow_the_comparisons() {
    use crate::design::{Claim, Operator, Statement, Term};
    let term = |name: &str| {
        let patterns = vec![crate::design::Pattern::Equal(crate::design::Value::Text(name.into()))];
        let subject = crate::design::Subject::Strategy;
        let entry = crate::design::Entry { subject, patterns, written: String::new(), at: 0..0 };
        Term { written: name.to_owned(), entries: vec![entry] }
    };
    let claim = |written: &str, statement| Claim {
        written: written.to_owned(),
        statement,
        cells: None,
        at: 0..0,
    };
    let bound = Statement::Speedup {
        of: term("multithread"),
        over: None,
        operator: Operator::AtLeast,
        bound: 1.8,
    };
    let order = Statement::Order(vec![term("normal"), term("multithread")]);
    let mut experiment = fixture::experiment();
    experiment.claims = vec![claim("normal < multithread", order), claim("speedup >= 1.8", bound)];
    experiment.compare.sum = true;
    let content = of(&Run::new(experiment));
    let claims: Vec<(&str, &str, usize)> = content
        .claims
        .iter()
        .map(|one| (one.class, one.text.as_str(), one.evidence.len()))
        .collect();
    assert_eq!(
        claims,
        [
            ("supported", "Claim supported: normal < multithread", 2),
            ("contradicted", "Claim contradicted: speedup >= 1.8", 2)
        ]
    );
    assert!(content.claims[0].evidence[0].starts_with("n = 1_000_000: multithread takes 2× as"));
    assert_eq!(content.totals.len(), 1);
    assert!(content.totals[0].contains("ratio of summed medians of 2 comparisons: 0."));
    let page = crate::report::html::render(&content, None).expect("a page");
    let text = crate::report::markdown::render(&content);
    for (report, results) in [(&page, "<section id=\"results\">"), (&text, "## Results")] {
        let place = |part: &str| report.find(part).unwrap_or_else(|| panic!("{part}: {report}"));
        let claim = place("Claim contradicted: speedup");
        let verdict = report[claim..].find("multithread takes 2× as long as normal");
        let verdict = claim + verdict.expect("a verdict");
        let total = place("ratio of summed medians");
        assert!(claim < verdict && verdict < total && total < place(results), "{report}");
    }
    assert!(page.contains("<b>Claim supported: normal &lt; multithread</b>"), "{page}");
    assert!(text.contains("- **Claim supported: normal &lt; multithread**\n  - n = "), "{text}");
}

/// A run that compares the 95th percentile: one in eight trials of the candidate is slow.
fn of_percentiles(repeats: u32) -> Content {
    let mut experiment = fixture::experiment();
    experiment.protocol.repeats = repeats;
    experiment.workloads[0].protocol.repeats = repeats;
    experiment.compare.objective = crate::design::Objective::P95;
    let mut run = Run::new(experiment);
    for observation in run.measured(1) {
        let slow = if observation.trial.repeat % 8 == 0 { 5 } else { 1 };
        observation.measured.time_ns = observation.measured.time_ns.map(|time| time * slow);
    }
    of(&run)
}

#[test]
fn a_compared_percentile_is_named_and_shown_in_the_place_of_the_median() {
    let content = of_percentiles(80);
    let row = &content.tables[0].rows[1];
    // The slow trials are the ten largest of 80, 10.04, 10.08, … 10.40 ms; the sixth is the p95.
    assert_eq!((row.value.as_str(), row.interval.as_str()), ("10.2", "10.1 – 10.4"));
    assert!(row.ratio_raw.expect("a ratio") < 0.11, "{row:?}");
    assert!(content.verdicts[0].text.contains("at p95"), "{:?}", content.verdicts[0]);
    let page = crate::report::html::render(&content, None).expect("a page");
    for part in ["p95 time (ms)</th>", "Ratios are of 95th percentiles", "Interval: of the p95"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let text = crate::report::markdown::render(&content);
    assert!(text.contains("| n | p95 time (ms) |"), "{text}");
    let tex = crate::report::latex::render(&content);
    assert!(tex.contains("95th percentiles of time (ms) with their"), "{tex}");
    assert!(tex.contains("; ratios of 95th percentiles with theirs"), "{tex}");
    assert!(content.method.iter().any(|one| one.contains("the ratio of two 95th percentiles")));
    let figure = |kind: &str| {
        let mut all = content.figures.iter().map(|one| &one.figure);
        all.find(|one| one.kind.as_str() == kind).unwrap_or_else(|| panic!("{kind}"))
    };
    assert!(figure("trials").title.contains("p95 time from 1.08 ms"), "{}", figure("trials").title);
    assert!(figure("trials").caption.contains("Vertical stroke: p95."));
    assert!(figure("speedup").title.starts_with("Against normal in p95: 2 slower"));
    assert!(figure("speedup").caption.starts_with("Mark: ratio of 95th percentiles."));
    assert!(figure("shares").caption.contains("At 95 % stands the p95."));
}

#[test]
fn scaling_curves_say_that_they_are_of_medians() {
    let mut experiment = fixture::experiment();
    experiment.strategies[1] = fixture::strategy("multithread", StrategyKind::Threads, &[1, 2]);
    let caption = |experiment: crate::design::Experiment| {
        let content = of(&Run::new(experiment));
        let figure = content.figures.into_iter().find(|one| one.name == "scaling-1");
        figure.expect("a curve over the workers").figure.caption
    };
    let said = "Of medians here, although the experiment compares p95";
    assert!(!caption(experiment.clone()).contains(said));
    experiment.compare.objective = crate::design::Objective::P95;
    assert!(caption(experiment).contains(said));
}

#[test]
fn a_percentile_of_too_few_values_is_not_replaced_by_the_median() {
    let content = of_percentiles(6);
    assert_eq!(content.tables[0].rows[1].value, "too few values");
    let mut trials = content.figures.iter().filter(|one| one.name.starts_with("trials"));
    let figure = &trials.next().expect("dots").figure;
    assert!(figure.title.ends_with("no p95 of the time is known"), "{}", figure.title);
    assert!(figure.drawing.inline().contains(">too few values<"));
}

#[test]
fn notes_that_nobody_has_written_are_not_shown() {
    let mut manifest = manifest();
    manifest.experiment.title = "T".into();
    manifest.experiment.question = crate::host::Fact::Known("Q?".into());
    let notes = |text: &str| {
        let texts = Texts { notes: text.to_owned(), ..Texts::default() };
        record::notes(&manifest, &texts)
    };
    let begun = crate::store::notes::template("T", Some("Q?"));
    assert_eq!(notes(&begun), "");
    assert_eq!(
        notes(&begun.replace("- Name:", "- Name: Ada")),
        "- Name: Ada\n- Course:\n\n## Hypothesis\n\n\n## Conclusion"
    );
    assert_eq!(notes("Mine."), "Mine.");
}

#[test]
fn the_method_counts_one_trial_as_one_and_tells_how_repeats_were_chosen() {
    let fixed = content();
    assert!(fixed.method[0].contains("after 1 warm-up trial that does not count"));
    assert!(!fixed.method[0].contains("ended together"), "{}", fixed.method[0]);
    let mut experiment = fixture::experiment();
    let adaptive = crate::design::Adaptive { target: 0.05, min: 4, max: 6, budget: None };
    experiment.protocol.adaptive = Some(adaptive);
    experiment.strategies.truncate(1);
    let mut run = Run::new(experiment);
    run.stops = vec![crate::analysis::FamilyStop {
        cells: vec![crate::design::CellIx(0)],
        after_block: 5,
        cause: crate::analysis::StopCause::TargetMet,
    }];
    let chosen = of(&run);
    for part in
        ["4 to 6 measured trials", "within ± 5 %", "which was after 5 blocks; only the width"]
    {
        assert!(chosen.method[0].contains(part), "{part}: {}", chosen.method[0]);
    }
    let last = chosen.method.last().expect("a sentence");
    assert!(last.starts_with("One worker ran on"), "{last}");
}
