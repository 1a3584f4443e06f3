//! `assert`: a treatment that does not take place is seen, and compared with nothing.

use crate::support::Sandbox;

const EXPERIMENT: &str = r#"
[workloads.wait]
command = ["sleep", "0.03"]
[strategies]
alone = { kind = "external" }
both  = { kind = "external", workers = 2, assert = ["cpu_per_time > 1.5", "workers == 2"] }
[protocol]
repeats = 2
warmup = 0
[compare]
baseline = "alone"
"#;

#[test]
fn a_treatment_that_does_not_take_place_marks_rows_and_comparisons() {
    let sandbox = Sandbox::new();
    let run = sandbox.experiment("treatment", EXPERIMENT).expect_code(0);
    let text = &run.stdout;
    assert!(
        text.contains("not as meant: assert cpu_per_time > 1.5, and cpu_per_time is 0.0"),
        "{text}"
    );
    assert!(
        text.lines().any(|line| line.starts_with("both") && line.ends_with("not as meant")),
        "{text}"
    );
    assert!(text.contains("with 2 workers, so they mostly waited"), "{text}");
    let read = |name: &str| {
        let mut reader =
            csv::Reader::from_path(sandbox.latest("treatment").join(name)).expect("a table");
        let header = reader.headers().expect("a header").clone();
        let rows: Vec<csv::StringRecord> =
            reader.records().map(|row| row.expect("a row")).collect();
        move |column: &str, strategy: &str| -> Vec<String> {
            let at = |name: &str| header.iter().position(|other| other == name).expect("a column");
            let of = rows.iter().filter(|row| &row[at("strategy")] == strategy);
            of.map(|row| row[at(column)].to_owned()).collect()
        }
    };
    let trials = read("trials.csv");
    assert!(
        trials("note", "both").iter().all(|note| note.starts_with("assert cpu_per_time > 1.5: "))
    );
    assert_eq!(trials("used", "both"), ["true", "true"], "the rows stay");
    assert_eq!(trials("note", "alone"), ["", ""]);
    let summary = read("summary.csv");
    assert!(summary("flags", "both").iter().all(|flags| flags.contains("assert_failed")));
    assert!(summary("flags", "alone").iter().all(|flags| !flags.contains("assert_failed")));
    let table = read("table.csv");
    assert_eq!(table("speedup_percent", "both"), [""]);
}
