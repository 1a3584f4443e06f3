//! Metrics that real programs report: from JSON, from files, of several tasks; what a missing one
//! or a changing one does.

use std::collections::HashMap;

use crate::support::Sandbox;

const SH: &str = "command = ['sh', '-c', '''";

/// The rows of the newest run, each from column to text.
fn rows(sandbox: &Sandbox, experiment: &str) -> Vec<HashMap<String, String>> {
    let path = sandbox.path().join("results").join(experiment).join("latest/trials.csv");
    let mut reader = csv::Reader::from_path(path).expect("a table");
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

fn column(rows: &[HashMap<String, String>], name: &str) -> Vec<String> {
    rows.iter().map(|row| row[name].clone()).collect()
}

const ONE_EACH: &str = "[protocol]\nrepeats = 2\nwarmup = 0\n";

#[test]
fn json_on_standard_output_gives_metrics_and_the_answer() {
    let sandbox = Sandbox::new();
    let text = format!(
        "{ONE_EACH}[workloads.x]\n{SH}echo warming up; echo \"{{{{\\\"t\\\": [1.5, 2.5], \\\"sum\\\": 123456789012345678901234567890}}}}\"''']\n\
         result = {{ stdout_json = '/sum' }}\nexpect = '123456789012345678901234567890'\n\
         [[workloads.x.metrics]]\nname = 'inner'\nunit = 'ms'\nstdout_json = '/t/1'\n"
    );
    sandbox.write("json.toml", text);
    sandbox.run(&["json.toml"]).expect_code(0);
    let rows = rows(&sandbox, "json");
    assert_eq!(column(&rows, "metric_inner_ns"), ["2500000"; 2]);
    assert_eq!(column(&rows, "answer"), ["123_456_789_012_345_678_901_234_567_890"; 2]);
    assert_eq!(column(&rows, "output_check"), ["pass"; 2]);
}

#[test]
fn a_file_is_read_from_the_directory_of_its_trial_and_never_from_an_earlier_one() {
    let sandbox = Sandbox::new();
    // Only the first trial writes the file; a fixed place would give its value to the second.
    let text = format!(
        "{ONE_EACH}[workloads.x]\ncwd = '{{trial_dir}}'\n\
         {SH}test {{repeat}} = 1 && echo \"bytes: 2\" > out.txt; true''']\n\
         [[workloads.x.metrics]]\nname = 'size'\nunit = 'KiB'\nfile = 'out.txt'\nregex = 'bytes: (.*)'\n"
    );
    sandbox.write("file.toml", text);
    sandbox.run(&["file.toml"]).expect_code(0);
    let rows = rows(&sandbox, "file");
    let mut sizes = column(&rows, "metric_size_bytes");
    sizes.sort();
    assert_eq!(sizes, ["", "2048"]);
    let note = rows.iter().map(|row| &row["note"]).find(|note| !note.is_empty());
    let why = "metric size: the program wrote no `out.txt` into {trial_dir}";
    assert_eq!(note.map(String::as_str), Some(why));
}

#[test]
fn iterations_that_a_program_reports_are_rows_and_their_steady_part_is_the_value() {
    let sandbox = Sandbox::new();
    // Ten slow iterations, then fifty at one level; the second workload reports none.
    let script = "i=0; while [ $i -lt 60 ]; do i=$((i+1)); if [ $i -le 10 ]; then echo took 9; \
         else echo took 5.0$((i%3)); fi; done";
    let text = format!(
        "{ONE_EACH}[workloads.warms]\n{SH}{script}''']\n\
         iteration_times = {{ stdout_regex = 'took (.*)', unit = 'ms' }}\n\
         [workloads.silent]\n{SH}echo '{{\"times\": 3}}' ''']\n\
         iteration_times = {{ stdout_json = '/times', unit = 's' }}\n"
    );
    sandbox.write("lists.toml", text.replace("{\"times\": 3}", "{{\"times\": 3}}"));
    sandbox.run(&["lists.toml"]).expect_code(3);
    let rows = rows(&sandbox, "lists");
    let of = |name: &str| rows.iter().find(|row| row["workload"] == name).expect("a row");
    let warms = of("warms");
    assert_eq!((warms["status"].as_str(), warms["iterations"].as_str()), ("ok", "60"));
    assert_eq!(warms["steady_class"], "warmup");
    assert_eq!(
        (warms["steady_from_iter"].as_str(), warms["iter_value_ns"].as_str()),
        ("10", "5010000")
    );
    let silent = of("silent");
    assert_eq!(silent["status"], "invalid_output");
    let why = "iteration times: standard output has no list of numbers at `/times`";
    assert_eq!((silent["note"].as_str(), silent["iterations"].as_str()), (why, "1"));
    let summary = sandbox.table("lists", "summary.csv");
    let row = summary.iter().find(|row| row.get("metric") == "iter_value_ns").expect("a row");
    assert_eq!((row.get("workload"), row.get("n_used")), ("warms", "2"));
    assert_eq!((row.get("median"), row.get("unit")), ("5010000", "ns"));
    let path = sandbox.path().join("results/lists/latest/iterations.csv");
    let text = std::fs::read_to_string(path).expect("a table");
    assert_eq!(text.lines().count(), 1 + 2 * 60);
    assert!(text.lines().nth(1).is_some_and(|line| line.ends_with(",0,9000000")), "{text}");
}

#[test]
fn a_trial_without_a_required_metric_is_invalid() {
    let sandbox = Sandbox::new();
    let text = format!(
        "{ONE_EACH}[workloads.x]\n{SH}test {{repeat}} = 1 && echo 7; true''']\n\
         [[workloads.x.metrics]]\nname = 'steps'\nunit = '1'\nstdout_regex = '(\\d+)'\nrequired = true\n"
    );
    sandbox.write("required.toml", text);
    sandbox.run(&["required.toml"]).expect_code(3);
    let rows = rows(&sandbox, "required");
    let mut found: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {} {}", row["status"], row["used"], row["metric_steps"]))
        .collect();
    found.sort();
    assert_eq!(found, ["invalid_output false ", "ok true 7"]);
}

#[test]
fn the_values_of_several_tasks_become_one_as_the_file_says() {
    let sandbox = Sandbox::new();
    let metric = |name: &str| {
        format!(
            "[[workloads.x.metrics]]\nname = '{name}'\nunit = '1'\nstdout_json = ''\ncombine = '{name}'\n"
        )
    };
    // Each task takes a number of its own: the directory can be made only once.
    let text = format!(
        "{ONE_EACH}[workloads.x]\ntasks = 3\n\
         {SH}for i in 1 2 3; do mkdir {{trial_dir}}/$i 2> /dev/null && break; done; echo $i''']\n\
         {}{}{}{}[strategies]\nside = {{ kind = 'processes', workers = 2 }}\n",
        metric("sum"),
        metric("mean"),
        metric("min"),
        metric("max")
    );
    sandbox.write("tasks.toml", text);
    sandbox.run(&["tasks.toml"]).expect_code(0);
    let rows = rows(&sandbox, "tasks");
    for (name, value) in [("sum", "6"), ("mean", "2"), ("min", "1"), ("max", "3")] {
        assert_eq!(column(&rows, &format!("metric_{name}")), [value; 2], "{name}");
    }
}

#[test]
fn a_deterministic_metric_that_stays_is_one_value_without_an_interval() {
    let sandbox = Sandbox::new();
    let metric = |name: &str, key: &str, declared: bool| {
        format!(
            "[[workloads.x.metrics]]\nname = '{name}'\nunit = '1'\nstdout_json = '/{key}'\n\
             deterministic = {declared}\n"
        )
    };
    let text = format!(
        "seed = 1\n[protocol]\nrepeats = 6\nwarmup = 0\n[strategies]\nalone = 'external'\n\
         [workloads.x]\n{SH}echo '{{{{\"steps\": 7, \"turn\": {{repeat}}}}}}' ''']\n{}{}{}",
        metric("steps", "steps", true),
        metric("same", "steps", false),
        metric("turn", "turn", false)
    );
    sandbox.write("stays.toml", text);
    sandbox.run(&["stays.toml"]).expect_code(0);
    let rows = sandbox.table("stays", "summary.csv");
    let of = |metric: &str| {
        let row = rows.iter().find(|row| row.get("metric") == metric).expect(metric);
        ["deterministic", "median", "ci_lo", "ci_hi", "ci_status"].map(|column| row.get(column))
    };
    assert_eq!(of("metric_steps"), ["true", "7", "", "", "deterministic"]);
    assert_eq!(of("metric_same"), ["false", "7", "7", "7", "ok"], "only what is declared");
    assert_eq!(of("metric_turn"), ["false", "3.5", "1", "6", "ok"]);
    assert_eq!(of("time_ns")[0], "false");
}

#[test]
fn a_deterministic_metric_that_changes_makes_its_cell_invalid() {
    let sandbox = Sandbox::new();
    let text = format!(
        "{ONE_EACH}[workloads.x]\n{SH}echo {{repeat}}''']\n\
         [[workloads.x.metrics]]\nname = 'steps'\nunit = '1'\nstdout_json = ''\ndeterministic = true\n"
    );
    sandbox.write("changes.toml", text);
    let run = sandbox.run(&["changes.toml"]).expect_code(3);
    assert!(run.stdout.contains("deterministic metrics differ"), "{}", run.stdout);
    let rows = rows(&sandbox, "changes");
    assert_eq!(column(&rows, "status"), ["invalid_output"; 2]);
    assert!(rows[0]["note"].contains("steps is declared deterministic"), "{}", rows[0]["note"]);
}
