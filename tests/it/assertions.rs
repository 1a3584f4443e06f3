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

/// What an interpreter says of its own lock is a metric, and so a fact, in the unit of the file.
#[test]
fn what_the_program_says_of_itself_is_a_fact() {
    let sandbox = Sandbox::new();
    let text = "[protocol]\nrepeats = 2\nwarmup = 0\n\
         [workloads.interpreter]\ncommand = ['sh', '-c', 'echo lock: {lock}; echo start: 1.5']\n\
         assert = 'start == 1.5'\n\
         [[workloads.interpreter.metrics]]\nname = 'locked'\nunit = '1'\nstdout_regex = 'lock: (.*)'\n\
         [[workloads.interpreter.metrics]]\nname = 'start'\nunit = 'ms'\nstdout_regex = 'start: (.*)'\n\
         [strategies]\nwith = { kind = 'external', params = { lock = 1 } }\n\
         without = { kind = 'external', params = { lock = 1 }, assert = 'locked == 0' }\n";
    let run = sandbox.experiment("lock", text).expect_code(0);
    let found = "without: not as meant: assert locked == 0, and locked is 1";
    assert!(run.stdout.contains(found), "{}", run.stdout);
    assert_eq!(run.stdout.matches("not as meant").count(), 1, "{}", run.stdout);
}

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
