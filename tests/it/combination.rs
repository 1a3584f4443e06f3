//! Zips, rules, conditions and derived parameters: which cells there are and what they get.

use proptest::prelude::*;

use crate::reading::matrix_of;
use crate::support::Sandbox;

/// Every cell in words: strategy, workers, levels.
fn cells(text: &str) -> Vec<String> {
    let (experiment, matrix) = matrix_of(text);
    let words = |cell| {
        let levels = matrix.levels(cell).map(|(name, level)| format!(" {name}={level}"));
        let levels: String = levels.collect();
        format!("{} ×{}{levels}", experiment.strategies[cell.strategy].name, cell.workers)
    };
    matrix.cells().iter().map(words).collect()
}

const COMMAND: &str = "[workloads.x]\ncommand = [\"x\", \"{a}\", \"{b}\"]\n";

fn combined(rules: &str) -> Vec<String> {
    let text =
        format!("[params]\na = [1, 2, 3]\nb = [\"p\", \"q\", \"r\"]\n{COMMAND}[matrix]\n{rules}\n");
    cells(&text).iter().map(|cell| cell.replace("sequential ×1 ", "")).collect()
}

#[test]
fn zipped_parameters_move_together() {
    assert_eq!(combined("zip = [[\"a\", \"b\"]]"), ["a=1 b=p", "a=2 b=q", "a=3 b=r"]);
}

#[test]
fn a_zip_reaches_into_the_parameters_of_a_strategy() {
    let text = format!(
        "[params]\na = [1, 2]\n{COMMAND}[strategies]\n\
         s = {{ kind = \"external\", params = {{ b = [\"p\", \"q\"] }} }}\n\
         [matrix]\nzip = [[\"a\", \"b\"]]\n"
    );
    assert_eq!(cells(&text), ["s ×1 a=1 b=p", "s ×1 a=2 b=q"]);
}

#[test]
fn rules_leave_out_what_they_select() {
    assert_eq!(combined("exclude = [{ a = \"> 1\" }]"), ["a=1 b=p", "a=1 b=q", "a=1 b=r"]);
    assert_eq!(combined("exclude = [{ a = [1, 3] }, { b = \"!= q\" }]"), ["a=2 b=q"]);
    assert_eq!(combined("exclude = [{ a = \"<= 2\" }, { b = \"p*\" }]"), ["a=3 b=q", "a=3 b=r"]);
}

#[test]
fn included_combinations_come_last_and_may_have_new_levels() {
    let rules = "zip = [[\"a\", \"b\"]]\nexclude = [{ a = 2 }]\n\
                 include = [{ a = 2, b = \"q\" }, { a = 9, b = \"new\" }]";
    assert_eq!(combined(rules), ["a=1 b=p", "a=3 b=r", "a=2 b=q", "a=9 b=new"]);
}

#[test]
fn conditions_of_workloads_strategies_and_parameters_hold() {
    let text = "[params]\nn = [10, 1000]\n\
                chunk = { values = [1, 2], when = { strategy = \"chunked\" }, otherwise = 0 }\n\
                [workloads.x]\ncommand = [\"x\", \"{n}\", \"{chunk}\"]\n\
                when = { n = \"> 1\" }\n\
                [strategies]\nplain = \"external\"\n\
                chunked = { kind = \"external\", when = { n = \">= 1_000\" } }\n";
    let expected = [
        "plain ×1 n=10 chunk=0",
        "plain ×1 n=1000 chunk=0",
        "chunked ×1 n=1000 chunk=1",
        "chunked ×1 n=1000 chunk=2",
    ];
    assert_eq!(cells(text), expected);
    let (_, matrix) = matrix_of(text);
    let reason = "`when` of the strategy `chunked`: n = \">= 1_000\"";
    assert_eq!(matrix.skipped_counts(), [(reason, 2)]);
}

#[test]
fn a_parameter_that_does_not_apply_is_absent() {
    let text = "[params]\nn = 10\npowers = { values = [[1], [2]], when = { workers = 2 } }\n\
                [workloads.power-sum]\n[strategies]\nt = { kind = \"threads\", workers = [1, 2] }\n";
    assert_eq!(cells(text), ["t ×1 n=10", "t ×2 n=10 powers=1", "t ×2 n=10 powers=2"]);
}

#[test]
fn derived_parameters_follow_the_others_in_every_cell() {
    let text = "[params]\nn = \"= base * workers\"\nhalf = \"= n / 2\"\nbase = [5, 7]\n\
                [workloads.x]\ncommand = [\"x\", \"{half}\"]\n\
                [strategies]\ns = { kind = \"external\", workers = [1, 2] }\n";
    let expected = [
        "s ×1 n=5 half=2 base=5",
        "s ×2 n=10 half=5 base=5",
        "s ×1 n=7 half=3 base=7",
        "s ×2 n=14 half=7 base=7",
    ];
    assert_eq!(cells(text), expected);
}

#[test]
fn a_doubled_sign_is_a_text_that_begins_with_it() {
    let with = |a: &str| format!("[params]\na = {a}\nb = 1\n{COMMAND}");
    assert_eq!(cells(&with("\"==1+1\"")), ["sequential ×1 a==1+1 b=1"]);
    assert_eq!(cells(&with("\"=1+1\"")), ["sequential ×1 a=2 b=1"]);
    assert_eq!(cells(&with("[\"=1+1\"]")), ["sequential ×1 a==1+1 b=1"]);
}

#[test]
fn an_excluded_cell_may_have_no_value() {
    let text = "[params]\na = [0, 1]\nb = \"= 10 / a\"\n[workloads.x]\n\
                command = [\"x\", \"{a}\", \"{b}\"]\n[matrix]\nexclude = [{ a = 0 }]\n";
    assert_eq!(cells(text), ["sequential ×1 a=1 b=10"]);
}

#[test]
fn the_plan_says_what_is_left_out_and_commands_get_derived_values() {
    let sandbox = Sandbox::new();
    let text = "title = \"Chunks\"\nseed = 7\n[params]\nn = [10, 100]\nchunk = \"= n / workers\"\n\
                [workloads.echo]\ncommand = [\"/bin/echo\", \"{chunk}\"]\n\
                result = { stdout_regex = '.+' }\n\
                [strategies]\ns = { kind = \"external\", workers = [1, 3] }\n\
                [matrix]\nexclude = [{ n = 100, workers = 1 }]\n\
                [protocol]\nrepeats = 6\n";
    sandbox.write("chunks.toml", text);
    let plan = sandbox.run(&["plan", "chunks.toml"]).expect_code(0).stdout;
    assert!(plan.contains("skipped: 1 combination: excluded by rule 1 of [matrix]"), "{plan}");
    assert!(plan.contains("  echo n=100 chunk=100 s ×1"), "{plan}");
    let json = sandbox.run(&["plan", "chunks.toml", "--format", "json"]).expect_code(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["skipped_combinations"][0]["params"]["n"], "100");
    sandbox.experiment("chunks", text).expect_code(0);
    let table = sandbox.table("chunks", "table.csv");
    let rows: Vec<(&str, &str)> =
        table.iter().map(|row| (row.get("param_chunk"), row.get("answer"))).collect();
    assert_eq!(rows, [("10", "10"), ("3", "3"), ("33", "33")]);
}

/// An experiment of which parts can be left out and put in another order.
#[derive(Clone, Debug)]
struct Parts {
    levels: Vec<u8>,
    workloads: Vec<u8>,
    strategies: Vec<u8>,
}

impl Parts {
    /// The file; `reversed` turns the order of every list and table around.
    fn text(&self, reversed: bool) -> String {
        let ordered = |items: &[String], separator: &str| {
            let mut items = items.to_vec();
            if reversed {
                items.reverse();
            }
            items.join(separator)
        };
        let levels: Vec<String> = self.levels.iter().map(u8::to_string).collect();
        let params = ordered(
            &[
                format!("n = [{}]", ordered(&levels, ", ")),
                "m = \"= n * workers + 1\"".to_owned(),
                "cc = [\"gcc\", \"clang\"]".to_owned(),
                "flags = [\"-O2\", \"-O3\"]".to_owned(),
            ],
            "\n",
        );
        let workload = |at: &u8| {
            format!(
                "[workloads.w{at}]\ncommand = [\"x{at}\", \"{{n}}\", \"{{m}}\", \"{{cc}}\", \"{{flags}}\"]"
            )
        };
        let strategy =
            |at: &u8| format!("s{at} = {{ kind = \"external\", workers = [1, {}] }}", at + 2);
        let workloads: Vec<String> = self.workloads.iter().map(workload).collect();
        let strategies: Vec<String> = self.strategies.iter().map(strategy).collect();
        let parts = [
            format!("[params]\n{params}"),
            ordered(&workloads, "\n"),
            format!("[strategies]\n{}", ordered(&strategies, "\n")),
            "[matrix]\nzip = [[\"cc\", \"flags\"]]".to_owned(),
        ];
        ordered(&parts, "\n") + "\n"
    }

    /// The key of every cell by what the cell is.
    fn keys(&self, reversed: bool) -> Vec<(String, String)> {
        let (experiment, matrix) = matrix_of(&self.text(reversed));
        let mut keys: Vec<(String, String)> = matrix
            .cells()
            .iter()
            .map(|cell| {
                let mut levels: Vec<String> =
                    matrix.levels(cell).map(|(name, level)| format!("{name}={level}")).collect();
                levels.sort();
                let workload = &experiment.workloads[cell.workload].name;
                let strategy = &experiment.strategies[cell.strategy].name;
                let words = format!("{workload} {strategy} {} {}", cell.workers, levels.join(" "));
                (words, cell.key.to_string())
            })
            .collect();
        keys.sort();
        keys
    }
}

fn some(of: u8) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::btree_set(0..of, 1..4).prop_map(|set| set.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cell_keeps_its_key_when_the_rest_of_the_file_changes(
        levels in some(8), workloads in some(5), strategies in some(5),
        added in (0_u8..8, 0_u8..5, 0_u8..5),
    ) {
        let small = Parts { levels, workloads, strategies };
        let keys = small.keys(false);
        prop_assert_eq!(&small.keys(true), &keys, "the order of the file changed a key");
        let mut large = small.clone();
        for (list, item) in [
            (&mut large.levels, added.0),
            (&mut large.workloads, added.1),
            (&mut large.strategies, added.2),
        ] {
            if !list.contains(&item) {
                list.insert(0, item);
            }
        }
        let more = large.keys(false);
        for key in &keys {
            prop_assert!(more.contains(key), "{:?} changed when something was added", key);
        }
        // What differs in content differs in its key, over all cells of both.
        let mut distinct: Vec<&String> = more.iter().map(|(_, key)| key).collect();
        distinct.sort();
        distinct.dedup();
        prop_assert_eq!(distinct.len(), more.len());
    }

    #[test]
    fn any_change_of_content_changes_every_key(which in 0_usize..6) {
        let text = "[params]\nn = [1, 2]\nm = \"= n + 1\"\n[workloads.w]\n\
                    command = [\"x\", \"{n}\", \"{m}\"]\nenv = { A = \"1\" }\n\
                    [strategies]\ns = { kind = \"external\", workers = [1, 2] }\n";
        let (from, to) = [
            ("n = [1, 2]", "n = [3, 4]"),
            ("n + 1", "n + 2"),
            ("\"x\"", "\"y\""),
            ("A = \"1\"", "A = \"2\""),
            ("workloads.w", "workloads.v"),
            ("\ns = ", "\nt = "),
        ][which];
        let keys = |text: &str| -> Vec<String> {
            matrix_of(text).1.cells().iter().map(|cell| cell.key.to_string()).collect()
        };
        let (before, after) = (keys(text), keys(&text.replace(from, to)));
        prop_assert!(before.iter().all(|key| !after.contains(key)), "{from} → {to}");
    }
}

#[test]
fn a_large_matrix_with_rules_is_walked_once() {
    let axis = "{ from = 1, to = 20, step = 1 }";
    let text = format!(
        "[params]\na = {axis}\nb = {axis}\nc = {axis}\n\
         [workloads.x]\ncommand = [\"x\", \"{{a}}\", \"{{b}}\", \"{{c}}\"]\n\
         [matrix]\nexclude = [{{ a = \"> 10\", b = \"> 10\" }}, {{ c = 7 }}]\n"
    );
    let (_, matrix) = matrix_of(&text);
    assert_eq!(matrix.len(), 300 * 19);
    assert_eq!(matrix.skipped_cells().count(), 8000 - 300 * 19);
}
