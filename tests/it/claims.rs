//! Claims from the file to the table, through the binary.

use std::fs;

use crate::support::Sandbox;

/// The program reports its own times, so that nothing here depends on the machine.
const TEXT: &str = r#"
seed = 4
[workloads.tell]
command = ["echo", "{n} took {t}.{repeat}"]
params = { n = [1, 2] }
[[workloads.tell.metrics]]
name = "inner"
unit = "ms"
better = "lower"
stdout_regex = 'took ([0-9.]+)'
[strategies]
alone = { kind = "external", params = { t = 40 } }
two = { kind = "external", workers = 2, params = { t = 20 } }
four = { kind = "external", workers = 4, params = { t = 19 } }
[protocol]
repeats = 7
warmup = 0
[compare]
baseline = "alone"
metric = "inner"
[[claim]]
statement = "two < alone"
[[claim]]
statement = "speedup(two) >= 3"
where = { n = 1 }
[[claim]]
statement = "alone < four < two"
"#;

/// A claim that is refuted is a finding like any other: the run has done what was asked of it.
#[test]
fn claims_are_judged_shown_and_written_and_change_no_exit_code() {
    let sandbox = Sandbox::new();
    let run = sandbox.experiment("claims", TEXT).expect_code(0);
    for line in [
        "✔ claim supported: two < alone",
        "✘ claim contradicted: speedup(two) >= 3",
        "✘ claim contradicted: alone < four < two",
    ] {
        assert!(run.stdout.contains(line), "{}", run.stdout);
    }
    let place = |text: &str| run.stdout.find(text).expect("a part of the screen");
    assert!(place("claim supported") < place("vs alone"), "{}", run.stdout);
    let read = |file: &str| {
        let path = sandbox.latest("claims").join(file);
        let mut reader = csv::Reader::from_path(path).expect("a table");
        let header = reader.headers().expect("a header").clone();
        let rows: Vec<csv::StringRecord> =
            reader.records().map(|row| row.expect("a row")).collect();
        move |row: usize, column: &str| {
            let at = header.iter().position(|name| name == column).expect("a column");
            rows.get(row).map(|row| row[at].to_owned())
        }
    };
    let claims = read("claims.csv");
    let first = |column: &str| claims(0, column).expect("a row");
    assert_eq!((first("claim"), first("judgement")), ("1".to_owned(), "supported".to_owned()));
    assert_eq!((first("comparison_id"), first("bound")), ("p001".to_owned(), "1".to_owned()));
    assert_eq!((first("workload"), first("strategy")), ("tell".to_owned(), String::new()));
    assert!(first("ratio_lo").parse::<f64>().expect("a number") > 1.0);
    let links: Vec<(String, String)> =
        (0..).map_while(|row| Some((claims(row, "claim")?, claims(row, "ground")?))).collect();
    // Two groups, one group, two groups with two links each.
    let numbers: Vec<&str> = links.iter().map(|(claim, _)| claim.as_str()).collect();
    assert_eq!(numbers, ["1", "1", "2", "3", "3", "3", "3"]);
    assert_eq!(links[2].1, "interval");
    // What no baseline compares stands at the end of the comparisons, in a family of its own.
    let comparisons = read("comparisons.csv");
    let ids: Vec<String> = (0..).map_while(|row| comparisons(row, "comparison_id")).collect();
    assert_eq!(ids, ["p001", "p002", "p003", "p004", "c003/c002", "c006/c005"]);
    let last = |column: &str| comparisons(5, column).expect("a row");
    assert_eq!(
        (last("family"), last("family_size")),
        ("claims/claims/metric_inner_ns".into(), "2".into())
    );
    assert_eq!((last("baseline"), last("strategy")), ("two".to_owned(), "four".to_owned()));
    sandbox.run(&["verify", "claims"]).expect_code(0);
}

#[test]
fn explanations_speak_of_the_cells_that_are_meant() {
    let sandbox = Sandbox::new();
    sandbox.experiment("claims", TEXT).expect_code(0);
    let explained = |words: &[&str]| {
        let run = sandbox.run(&[&["explain"], words].concat()).expect_code(0);
        let headings = run.stdout.lines().filter_map(|line| line.split_once("   c0"));
        headings.map(|(place, id)| format!("{place} {id}")).collect::<Vec<_>>()
    };
    assert_eq!(explained(&["two n=2"]), ["n = 2, two 05"]);
    assert_eq!(explained(&["two", "--run", "claims"]), ["n = 1, two 02", "n = 2, two 05"]);
    assert_eq!(explained(&["x4,n<2"]), ["n = 1, four 03"]);
    assert_eq!(explained(&[]).len(), 6);
    let text = sandbox.run(&["explain", "two", "n=1"]).expect_code(0).stdout;
    assert!(text.contains("two is 1.98× as fast as alone in inner ("), "{text}");
    assert!(text.contains("(c003/c002)"), "the link of a claim: {text}");
    let wrong = sandbox.run(&["explain", "tow"]).expect_code(2);
    assert!(wrong.stderr.contains("nothing is called `tow`"), "{}", wrong.stderr);
    let none = sandbox.run(&["explain", "two n=3"]).expect_code(4);
    assert!(none.stderr.contains("no cell has n=3; levels of `n`: `1` and `2`"), "{}", none.stderr);
}

#[test]
fn a_claim_about_cells_that_are_not_run_is_undecided() {
    let sandbox = Sandbox::new();
    sandbox.write("some.toml", TEXT);
    let arguments = ["run", "some.toml", "--only", "n=2", "--progress", "none"];
    let run = sandbox.run(&arguments).expect_code(0);
    let said = "? claim undecided: speedup(two) >= 3\n    no cell of this run is meant\n";
    assert!(run.stdout.contains(said), "{}", run.stdout);
    let table = fs::read_to_string(sandbox.latest("some").join("claims.csv")).expect("a table");
    assert!(table.contains(",2,speedup(two) >= 3,undecided,,"), "{table}");
}
