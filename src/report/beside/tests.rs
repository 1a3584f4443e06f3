//! Constructed runs side by side.

use super::*;
use crate::analysis::fixture::{self, Run as Fixture};
use crate::design::Experiment;
use crate::host::Fact as HostFact;
use crate::report::content::tests::manifest;

/// A run of the experiment on a machine; the times of `multithread` are so many times as long.
fn run(experiment: Experiment, machine: &str, slow: u64) -> (Fixture, Manifest) {
    let mut run = Fixture::new(experiment);
    for observation in run.measured(1) {
        observation.measured.time_ns = observation.measured.time_ns.map(|time| time * slow / 4);
    }
    let mut manifest = manifest();
    manifest.host.platform.hostname = HostFact::Known(machine.to_owned());
    manifest.host.cpu.model = HostFact::Known(format!("processor of {machine}"));
    manifest.run_id = format!("r20261127T000000Z-{slow:04}");
    (run, manifest)
}

fn beside(runs: &[(Fixture, Manifest)]) -> Beside {
    let findings: Vec<Findings<'_>> =
        runs.iter().map(|(run, _)| Findings::of(run.evidence())).collect();
    let line = ["processor: a then, b now".to_owned()];
    let sources: Vec<Source<'_>> = runs
        .iter()
        .zip(&findings)
        .enumerate()
        .map(|(at, ((_, manifest), findings))| Source {
            manifest,
            findings,
            differences: if at == 0 { &[] } else { &line },
            is_other_machine: at > 0,
        })
        .collect();
    assert!(shared_cells(&sources) > 0);
    Beside::of(&sources)
}

/// On `two`, `multithread` takes half as long at the first size.
fn two_machines() -> Beside {
    beside(&[run(fixture::experiment(), "one", 4), run(fixture::experiment(), "two", 1)])
}

#[test]
fn a_cell_is_one_row_with_a_group_of_columns_for_each_run_in_one_unit() {
    let found = two_machines();
    assert_eq!(found.runs.iter().map(|run| run.label.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(found.tables.len(), 2);
    let line = &found.tables[0].lines[1];
    let value = |run: usize| line.runs[run].as_ref().expect("a cell").value.clone();
    assert_eq!(
        (line.label.as_str(), value(0), value(1)),
        ("multithread", "2.00".into(), "0.501".into())
    );
    assert_eq!(
        (found.tables[0].metric.as_str(), found.tables[0].versus.as_str()),
        ("time (ms)", "vs normal")
    );
    let different: Vec<&str> = found.different.iter().map(|fact| fact.name.as_str()).collect();
    assert_eq!(different, ["processor"]);
    assert!(found.same.iter().any(|fact| fact.name == "memory"));
}

#[test]
fn runs_are_compared_with_themselves_and_nothing_is_said_across_them() {
    let found = two_machines();
    let texts: Vec<&str> = found.findings.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "1 of 2 comparisons have the same verdict on all machines.",
            "n = 1_000_000, multithread: 2× slower on one; 2× faster on two.",
        ]
    );
    assert!(found.caution.contains("nothing is tested across the machines"));
    let page = html(&found).expect("a page");
    let text = markdown(&found);
    for (report, results) in [(&page, "<section id=\"results\""), (&text, "## Results")] {
        for words in ["faster than one", "slower than one", "as fast as two", "as fast as one"] {
            assert!(!report.contains(words), "{words}: {report}");
        }
        let place = |part: &str| report.find(part).unwrap_or_else(|| panic!("{part}: {report}"));
        let (differs, finds) = (place("processor of two"), place("same verdict on all"));
        assert!(differs < finds && finds < place(results), "{report}");
    }
}

#[test]
fn one_figure_has_all_cells_with_a_mark_and_an_interval_for_each_run() {
    let found = two_machines();
    let names: Vec<&str> = found.figures.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["beside-1", "beside-2"]);
    let svg = found.figures[0].figure.drawing.inline();
    // Four cells and the legend; the second run has squares.
    assert_eq!(svg.matches("<circle class=\"h0 big").count(), 5, "{svg}");
    assert_eq!(svg.matches("<rect class=\"h1 big").count(), 5, "{svg}");
    assert_eq!(svg.matches("class=\"h1 whisker\"").count(), 12, "{svg}");
    assert!(svg.contains(">one</text>") && svg.contains(">two</text>"), "{svg}");
    assert!(!svg.contains("<polyline"), "nothing is joined");
    assert_eq!(found.figures[0].figure.title, "Median time of 4 cells on 2 machines");
    let ratios = &found.figures[1].figure.title;
    assert_eq!(ratios, "Against normal in the same run: the same verdict in 1 of 2 cells");
    assert_eq!(found.figures, two_machines().figures, "the same bytes");
}

#[test]
fn cells_that_a_run_has_not_got_are_empty_and_runs_of_one_machine_are_told_apart() {
    let mut fewer = fixture::experiment();
    fewer.params = vec![fixture::factor("n", &["1000000", "5"])];
    let found = beside(&[run(fixture::experiment(), "one", 4), run(fewer, "one", 2)]);
    let labels: Vec<&str> = found.runs.iter().map(|run| run.label.as_str()).collect();
    assert_eq!(labels, ["one, run 0004", "one, run 0002"]);
    let has = |table: usize| {
        let runs = &found.tables[table].lines[0].runs;
        (found.tables[table].heading.as_str(), runs[0].is_some(), runs[1].is_some())
    };
    assert_eq!(has(0), ("n = 1_000_000", true, true));
    assert_eq!(has(1), ("n = 100_000_000", true, false));
    assert_eq!(has(2), ("n = 5", false, true));
    assert!(found.figures[0].figure.title.ends_with("of 6 cells on 2 runs"));
}

#[test]
fn names_of_machines_are_never_markup() {
    let hostile = "<script>alert(1)</script>|*";
    let found =
        beside(&[run(fixture::experiment(), "one", 4), run(fixture::experiment(), hostile, 2)]);
    let page = html(&found).expect("a page");
    assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert"), "{page}");
    assert!(!markdown(&found).contains("<script>"));
}

#[test]
fn that_nothing_differs_is_said_and_only_then() {
    let words = "Nothing that is recorded and can change a number differs.";
    let mut found = two_machines();
    let both = |found: &Beside| [html(found).expect("a page"), markdown(found)];
    assert!(both(&found).iter().all(|text| !text.contains(words)));
    found.differences.clear();
    assert!(both(&found).iter().all(|text| text.contains(words)));
}
