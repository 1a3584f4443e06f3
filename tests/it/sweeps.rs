//! Levels from files and levels with labels, through the binary.

use crate::support::Sandbox;

const LABELS: &str = r#"
title = "Labels"
seed = 7
[params]
text = ["plain", { value = "a rather long text", label = "long" }]
file = { glob = "inputs/*.txt" }
[workloads.echo]
command = ["/bin/echo", "{text}", "{file}"]
result = { stdout_regex = '.+' }
[protocol]
repeats = 6
[compare]
baseline = { text = "long" }
"#;

#[test]
fn tables_show_labels_and_commands_get_values() {
    let sandbox = Sandbox::new();
    sandbox.write("inputs/b.txt", "2");
    sandbox.write("inputs/a.txt", "1");
    sandbox.experiment("labels", LABELS).expect_code(0);
    let table = sandbox.table("labels", "table.csv");
    let rows: Vec<(&str, &str, &str)> = table
        .iter()
        .map(|row| (row.get("param_text"), row.get("param_file"), row.get("answer")))
        .collect();
    let expected = [
        ("plain", "inputs/a.txt", "plain inputs/a.txt"),
        ("plain", "inputs/b.txt", "plain inputs/b.txt"),
        ("long", "inputs/a.txt", "a rather long text inputs/a.txt"),
        ("long", "inputs/b.txt", "a rather long text inputs/b.txt"),
    ];
    assert_eq!(rows, expected);
    assert_eq!(table[0].get("baseline"), "text = long");

    let manifest = std::fs::read(sandbox.latest("labels").join("manifest.json")).expect("a file");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    let plan = &manifest["plan"];
    assert_eq!(plan["labels"][0]["value"], "a rather long text");
    assert_eq!(plan["labels"].as_array().map(Vec::len), Some(1));
    // SHA-256 of "1", as sha256sum prints it.
    let sha256 = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";
    assert_eq!(plan["inputs"][0]["sha256"], sha256);
}

#[test]
fn another_content_of_an_input_is_another_cell() {
    let sandbox = Sandbox::new();
    let keys = |content: &str| {
        sandbox.write("inputs/a.txt", content);
        sandbox.write("labels.toml", LABELS);
        let run = sandbox.run(&["plan", "labels.toml", "--format", "csv"]).expect_code(0);
        let mut lines =
            run.stdout.lines().skip(1).map(|line| line.split(',').nth(4).map(str::to_owned));
        lines.next().flatten().expect("a key")
    };
    let (one, two) = (keys("1"), keys("2"));
    assert_ne!(one, two);
    assert_eq!(one, keys("1"));
}

#[test]
fn a_pattern_without_a_match_says_what_there_is() {
    let sandbox = Sandbox::new();
    sandbox.write("inputs/a.dat", "1");
    let run = sandbox.experiment("labels", LABELS).expect_code(2);
    assert!(run.stderr.contains("no file matches inputs/*.txt"), "{}", run.stderr);
    assert!(run.stderr.contains("the folder `inputs` holds `a.dat`"), "{}", run.stderr);
}
