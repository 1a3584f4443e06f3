//! Contents of constructed runs.

use super::*;
use crate::analysis::fixture::{self, Run};
use crate::design::StrategyKind;
use crate::measure::Status;

/// A manifest as a run of this machine wrote it, for facts that a constructed run has not.
fn manifest() -> Manifest {
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
    assert_eq!((row.median.as_str(), row.interval.as_str()), ("2.00", "2.00 – 2.01"));
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
