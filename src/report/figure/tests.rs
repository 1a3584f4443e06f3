//! Figures of constructed runs.

use super::*;
use crate::analysis::fixture::{self, Run};
use crate::design::StrategyKind;

fn figures(run: &Run) -> Vec<Named> {
    all(&Findings::of(run.evidence()))
}

fn file<'a>(figures: &'a [Named], name: &str) -> &'a Drawing {
    let found = figures.iter().find(|one| one.name == name);
    &found.unwrap_or_else(|| panic!("no figure {name}")).figure.drawing
}

fn names(figures: &[Named]) -> Vec<&str> {
    figures.iter().map(|one| one.name.as_str()).collect()
}

#[test]
fn two_ways_at_two_sizes_have_dots_ratios_and_their_course() {
    let run = Run::new(fixture::experiment());
    let found = figures(&run);
    assert_eq!(names(&found), ["speedup-1", "trials-1", "trials-2", "course-1"]);
    let dots = file(&found, "trials-1").file();
    assert_eq!(dots.matches("class=\"h0 d\"").count(), 6, "one dot a trial that counts");
    assert!(dots.contains("t000"), "{dots}");
    assert!(dots.contains(">time (ms)<"), "{dots}");
    assert_eq!(found, figures(&run), "the same bytes");
}

#[test]
fn no_line_joins_categories() {
    for one in figures(&Run::new(fixture::experiment())) {
        assert!(!one.figure.drawing.file().contains("<polyline"), "{}", one.name);
    }
}

#[test]
fn workers_have_an_ideal_line_and_joined_points() {
    let mut experiment = fixture::experiment();
    experiment.params = vec![fixture::factor("n", &["1000"])];
    experiment.strategies = vec![fixture::strategy("threads", StrategyKind::Threads, &[1, 2, 4])];
    let found = figures(&Run::new(experiment));
    let svg = file(&found, "scaling-1").file();
    assert!(svg.contains("<polyline class=\"ideal\""), "{svg}");
    assert!(svg.contains("<polyline class=\"h0 joined\""), "{svg}");
    assert!(svg.contains(">workers<"), "{svg}");
}

#[test]
fn one_numeric_parameter_has_curves_and_two_have_a_map() {
    let mut experiment = fixture::experiment();
    experiment.params = vec![fixture::factor("n", &["10", "100", "1000"])];
    let found = figures(&Run::new(experiment.clone()));
    assert!(file(&found, "levels-1").file().contains(" joined\""));
    experiment.params.push(fixture::factor("mode", &["1", "2"]));
    let found = figures(&Run::new(experiment));
    let svg = file(&found, "map-1").file();
    assert!(!names(&found).contains(&"levels-1") && !svg.contains("<polyline"), "{svg}");
    assert_eq!(svg.matches("<rect class=\"q").count(), 6, "{svg}");
}

#[test]
fn names_are_escaped_wherever_they_stand() {
    let hostile = "<script>alert(1)</script> & \"x\" ']]>";
    let mut experiment = fixture::experiment();
    experiment.workloads[0].params = vec![fixture::factor("mode", &[hostile, "b"])];
    let found = figures(&Run::new(experiment));
    for one in &found {
        let text = one.figure.drawing.file();
        assert!(!text.contains("<script") && !text.contains("]]>"), "{text}");
    }
    assert!(file(&found, "trials-1").file().contains("&lt;script&gt;"));
}

#[test]
fn very_many_trials_are_thinned_and_the_caption_says_so() {
    let mut experiment = fixture::experiment();
    experiment.protocol.repeats = 3000;
    experiment.workloads[0].protocol.repeats = 3000;
    let found = figures(&Run::new(experiment));
    for name in ["trials-1", "course-1", "shares-1"] {
        let one = found.iter().find(|one| one.name == name).expect("the figure");
        assert!(one.figure.caption.contains("only some"), "{}", one.figure.caption);
        assert!(one.figure.drawing.file().len() < 300_000, "{name}");
    }
}
