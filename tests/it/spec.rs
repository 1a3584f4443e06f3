//! Experiment files: what is read, what is refused and in which words.

use std::fs;
use std::path::PathBuf;

use num_bigint::BigInt;
use proptest::prelude::*;
use runner::design::{
    Action, Agree, Environment, Isolation, Level, Matrix, Program, Scaling, StrategyKind, Value,
};
use runner::spec::Severity;

use crate::reading::{good, project, read_bytes, read_whole};

/// The titles of all errors.
#[track_caller]
fn titles(text: &str) -> Vec<String> {
    let problems = read_bytes(text.as_bytes()).expect_err("the file has errors");
    problems
        .list()
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .map(|problem| problem.title.clone())
        .collect()
}

fn shipped() -> Vec<String> {
    ["experiments/basic.toml", "experiments/cpython.toml"]
        .map(|path| fs::read_to_string(project(path)).expect("a shipped experiment"))
        .to_vec()
}

#[test]
fn the_shipped_experiments_are_valid_and_have_the_cells_that_they_promise() {
    for (text, cells) in shipped().iter().zip([6, 3]) {
        let checked = good(text);
        assert!(checked.cautions.is_empty(), "{}", checked.cautions.render(false));
        let matrix = Matrix::new(&checked.experiment).expect("a matrix");
        assert_eq!(matrix.len(), cells);
    }
}

#[test]
fn every_golden_error_is_rendered_as_it_was_reviewed() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut cases: Vec<PathBuf> = fs::read_dir(project("tests/golden/errors"))
        .expect("the golden directory")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 25, "only {} cases", cases.len());
    let mut changed = Vec::new();
    for case in cases {
        let bytes = fs::read(case.join("experiment.toml")).expect("experiment.toml");
        let rendered = match read_whole(&bytes) {
            Ok(checked) => {
                assert!(!checked.cautions.is_empty(), "{} says nothing", case.display());
                checked.cautions.render(false)
            }
            Err(problems) => problems.render(false),
        };
        let expected = case.join("stderr.txt");
        if bless {
            fs::write(&expected, &rendered).expect("stderr.txt");
        }
        let expected = fs::read_to_string(expected).unwrap_or_default();
        if rendered != expected {
            changed.push(format!("{}:\n{rendered}", case.display()));
        }
    }
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}

#[test]
fn the_first_example_is_read_as_it_is_written() {
    let experiment = good(&shipped()[0]).experiment;
    assert_eq!(experiment.name, "experiment");
    assert_eq!(experiment.title, "Sequential, threads or processes?");
    assert_eq!(experiment.seed, Some(20_261_122));
    assert_eq!(experiment.params[0].levels().len(), 2);
    assert_eq!(experiment.workloads[0].tasks, 2);
    assert_eq!(experiment.protocol.repeats, 10);
    let kinds: Vec<StrategyKind> = experiment.strategies.iter().map(|s| s.kind).collect();
    let expected = [StrategyKind::Sequential, StrategyKind::Threads, StrategyKind::Processes];
    assert_eq!(kinds, expected);
    assert_eq!(experiment.strategies[1].workers, [2]);
    let baseline = &experiment.compare.baselines[0];
    assert_eq!(baseline.strategy.as_ref().map(|name| name.as_str()), Some("normal"));
}

#[test]
fn the_second_example_is_read_as_it_is_written() {
    let experiment = good(&shipped()[1]).experiment;
    let workload = &experiment.workloads[0];
    let Action::Command(command) = &workload.action else {
        panic!("a command");
    };
    let Program::Vector(vector) = &command.program else {
        panic!("a vector");
    };
    assert_eq!(vector[3].source(), "{mode}");
    assert_eq!(command.requires, ["python3"]);
    assert_eq!(workload.expect[0].answer, "499999666667166666000000");
    assert_eq!(workload.metrics[0].name.as_str(), "inner");
    let metric = experiment.compare.metric.as_ref().map(|name| name.as_str());
    assert_eq!(metric, Some("inner"));
}

#[test]
fn a_file_without_strategies_has_one_that_is_sequential() {
    let experiment = good("[workloads.noop]\n").experiment;
    assert_eq!(experiment.strategies.len(), 1);
    assert_eq!(experiment.strategies[0].name.as_str(), "sequential");
    assert_eq!(experiment.strategies[0].kind, StrategyKind::Sequential);
    assert_eq!(experiment.title, "experiment");
    assert_eq!(Matrix::new(&experiment).expect("a matrix").len(), 1);
}

#[test]
fn a_list_is_one_level_where_the_kernel_says_so() {
    let text = "[workloads.power-sum]\nparams = { n = 10, powers = [1, 2, 3] }\n";
    let experiment = good(text).experiment;
    let powers = &experiment.workloads[0].params[1];
    assert_eq!(powers.levels().len(), 1);
    assert_eq!(powers.levels()[0].to_string(), "1,2,3");

    let text = "[params]\npowers = [[1], [1, 2]]\n[workloads.power-sum]\nparams = { n = 10 }\n";
    assert_eq!(good(text).experiment.params[0].levels().len(), 2);

    let text = "[workloads.x]\ncommand = [\"x\", \"{p}\"]\nparams = { p = [[1], [2]] }\n";
    assert!(titles(text)[0].contains("cannot be a list"));
}

#[test]
fn integers_keep_every_digit_in_every_base() {
    let text = "[params]\nn = [0xff, 0o17, 0b101, 123_456_789_012_345_678_901_234_567_890]\n\
                [workloads.primes]\n";
    let experiment = good(text).experiment;
    let levels: Vec<&Value> = experiment.params[0].levels().iter().map(Level::value).collect();
    let big: BigInt = "123456789012345678901234567890".parse().expect("digits");
    let expected = [255.into(), 15.into(), 5.into(), big].map(Value::Integer);
    assert_eq!(levels, expected.iter().collect::<Vec<_>>());
}

#[test]
fn levels_come_from_the_lines_of_a_file_and_from_files_that_match() {
    let text = "[params]\nword = { lines = \"words.txt\" }\nfile = { glob = \"inputs/*.csv\" }\n\
                [workloads.x]\ncommand = [\"x\", \"{word}\", \"{file}\"]\n";
    let experiment = good(text).experiment;
    let shown = |at: usize| -> Vec<String> {
        experiment.params[at].levels().iter().map(Level::to_string).collect()
    };
    assert_eq!(shown(0), ["one", "two words", "=1+1"]);
    assert_eq!(shown(1), ["inputs/a.csv", "inputs/b.csv"]);
    assert_eq!(experiment.params[1].levels()[0].digest(), Some("digest of 1"));
    assert_eq!(experiment.params[0].levels()[0].digest(), None);
}

#[test]
fn a_label_is_shown_and_its_value_is_what_counts() {
    let with = |label: &str| {
        let text = format!(
            "[params]\nq = [\"x\", {{ value = \"a long text\", label = \"{label}\" }}]\n\
             [workloads.x]\ncommand = [\"x\", \"{{q}}\"]\n\
             result = {{ stdout_regex = '.' }}\nexpect = [{{ q = \"{label}\", is = \"1\" }}]\n\
             [compare]\nbaseline = {{ q = \"{label}\" }}\n"
        );
        good(&text).experiment
    };
    let (short, brief) = (with("short"), with("brief"));
    let level = &short.params[0].levels()[1];
    assert_eq!(level.to_string(), "short");
    let value = Value::Text("a long text".into());
    assert_eq!(*level.value(), value);
    assert_eq!(short.workloads[0].expect[0].bindings[0].value, value);
    assert_eq!(short.compare.baselines[0].params[0].value, value);
    let keys = |experiment| {
        let matrix = Matrix::new(experiment).expect("a matrix");
        matrix.cells().iter().map(|cell| cell.key).collect::<Vec<_>>()
    };
    assert_eq!(keys(&short), keys(&brief));
}

#[test]
fn a_seed_has_64_bits() {
    let with = |seed: &str| format!("seed = {seed}\n[workloads.noop]\n");
    let seed = |text| good(&with(text)).experiment.seed;
    assert_eq!(seed("18446744073709551615"), Some(u64::MAX));
    assert_eq!(seed("0"), Some(0));
    for wrong in ["18446744073709551616", "-1", "1.5", "\"1\""] {
        assert_eq!(titles(&with(wrong)).len(), 1, "{wrong}");
    }
}

#[test]
fn a_command_may_be_one_text() {
    let text =
        "[workloads.x]\ncommand = \"awk '{{print $1}}' data.txt --n={n}\"\nparams = { n = 1 }\n";
    let experiment = good(text).experiment;
    let Action::Command(command) = &experiment.workloads[0].action else {
        panic!("a command");
    };
    let words: Vec<String> = command
        .program
        .templates()
        .iter()
        .map(|word| word.render(&|name| format!("<{name}>")))
        .collect();
    assert_eq!(words, ["awk", "{print $1}", "data.txt", "--n=<n>"]);
}

#[test]
fn a_workload_named_like_a_kernel_may_be_a_command() {
    let text = "[workloads.sleep]\ncommand = [\"sleep\", \"0\"]\n";
    let experiment = good(text).experiment;
    assert!(matches!(experiment.workloads[0].action, Action::Command(_)));
}

#[test]
fn a_workload_overrides_the_protocol() {
    let text = "[workloads.noop]\nrepeats = 20\ntimeout = \"5s\"\nisolation = \"thread\"\n\
                agree = \"block\"\nscaling = \"weak\"\n\
                [workloads.other]\nkind = \"noop\"\nkeep = [\"HOME\"]\n\
                [protocol]\nrepeats = 7\nenvironment = \"clean\"\n";
    let experiment = good(text).experiment;
    let first = &experiment.workloads[0];
    assert_eq!(first.protocol.repeats, 20);
    assert_eq!(first.protocol.isolation, Isolation::Thread);
    assert_eq!(first.agree, Agree::Block);
    assert_eq!(first.scaling, Scaling::Weak);
    let second = &experiment.workloads[1].protocol;
    assert_eq!(second.repeats, 7);
    let keep = vec!["HOME".to_owned()];
    assert_eq!(second.environment, Environment::Clean { keep });
}

#[test]
fn every_workload_may_have_its_own_baseline() {
    let text = "[params]\ncc = [\"gcc\", \"clang\"]\n\
                [workloads.a]\ncommand = [\"{cc}\"]\n[workloads.b]\ncommand = [\"{cc}\"]\n\
                [compare.baseline]\ncc = \"gcc\"\n\
                [compare.baseline.b]\nworkload = \"a\"\ncc = \"clang\"\nworkers = 1\n";
    let baselines = good(text).experiment.compare.baselines;
    assert_eq!(baselines.len(), 2);
    assert_eq!(baselines[0].of, None);
    assert_eq!(baselines[0].params[0].value, Value::Text("gcc".into()));
    assert_eq!(baselines[1].of.as_ref().map(|name| name.as_str()), Some("b"));
    assert_eq!(baselines[1].workload.as_ref().map(|name| name.as_str()), Some("a"));
    assert_eq!(baselines[1].workers, Some(1));
}

#[test]
fn an_expectation_is_met_at_levels_of_its_own_workload() {
    let text = "[params]\nn = [10, 100]\n[workloads.primes]\n\
                expect = [{ n = 10, is = \"4\" }, { n = 100, is = \"25\" }]\n";
    let experiment = good(text).experiment;
    assert_eq!(experiment.workloads[0].expect[1].answer, "25");

    let own = "[params]\nn = [10, 100]\n[workloads.primes]\nparams = { n = 7 }\n\
               expect = [{ n = 10, is = \"4\" }]\n";
    assert_eq!(titles(own), ["`n` has no level 10"]);
}

#[test]
fn the_answer_of_a_kernel_is_an_integer_however_it_is_grouped() {
    let with =
        |answer: &str| format!("[workloads.primes]\nparams = {{ n = 7 }}\nexpect = \"{answer}\"\n");
    for written in ["1234567", "1_234_567", "+1234567"] {
        let experiment = good(&with(written)).experiment;
        assert_eq!(experiment.workloads[0].expect[0].answer, "1234567");
    }
    assert_eq!(titles(&with("four")), ["the answer of a kernel is an integer, not `four`"]);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_no_mistakes() {
    good("\u{feff}title = \"x\"\r\n\r\n[workloads.noop]\r\n");
    let problems = read_bytes(b"[workloads.noop]\r\ntask = 2\r\n").expect_err("a misspelt key");
    assert!(problems.render(false).contains("2 | task = 2\n"));
}

#[test]
fn problems_come_in_the_order_of_the_file() {
    let text = "[compare]\nmargin = 7\n[workloads.noop]\ntask = 1\n[strategies]\nx = \"y\"\n";
    let problems = read_bytes(text.as_bytes()).expect_err("three mistakes");
    let places: Vec<usize> = problems.list().iter().map(|problem| problem.at.start).collect();
    assert_eq!(places.len(), 3);
    assert!(places.is_sorted());
}

#[test]
fn colour_changes_nothing_but_colour() {
    let problems = read_bytes(b"titel = 1\n[workloads.noop]\n").expect_err("a misspelt key");
    let coloured = problems.render(true);
    assert!(coloured.contains("\u{1b}["));
    let stripped = anstream::adapter::strip_str(&coloured).to_string();
    assert_eq!(stripped, problems.render(false));
}

#[test]
fn a_range_of_ten_million_levels_is_counted_over_all_axes() {
    let axis = "{ from = 1, to = 6_000_000, step = 1 }";
    let text =
        format!("[params]\na = {axis}\nb = {axis}\n[workloads.x]\ncommand = [\"{{a}}{{b}}\"]\n");
    assert_eq!(titles(&text), ["12_000_000 levels are more than the limit of 10_000_000"]);
}

#[test]
fn a_crowd_of_cautions_hides_no_error() {
    let unused: String = (0..800).map(|index| format!("p{index} = 1\n")).collect();
    let text = format!(
        "[params]\n{unused}[workloads.x]\ncommand = ['x']\n[workloads.x.params]\n{unused}\
         [compare]\nmargin = 7\n"
    );
    assert_eq!(titles(&text), ["`margin` must be between 0 and 1, found 7"]);
}

#[test]
fn garbage_of_a_megabyte_is_refused_and_little_of_it_shown() {
    let noise = "x[{=\"'\u{1}é#,.\n".repeat(70_000);
    let brackets = "[".repeat(1 << 20);
    let nested = format!("a = {}", "[".repeat(1 << 20));
    let tables = "[a]\n".repeat(20_000);
    let one_line = format!("title = \"{}\"\ntitel = 1", "é".repeat(1 << 19));
    for text in [noise, brackets, nested, tables, one_line] {
        let problems = read_bytes(text.as_bytes()).expect_err("garbage");
        assert!(problems.render(false).len() < 1 << 20);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_edit_of_a_good_file_makes_the_reader_panic(
        which in 0_usize..80,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 1..6),
    ) {
        let mut files: Vec<Vec<u8>> = shipped().into_iter().map(String::into_bytes).collect();
        let mut cases: Vec<PathBuf> = fs::read_dir(project("tests/golden/errors"))
            .expect("the golden directory")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        cases.sort();
        files.extend(cases.iter().map(|case| fs::read(case.join("experiment.toml")).expect("a case")));
        let mut bytes = files.swap_remove(which % files.len());
        for (place, byte, action) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = place.index(bytes.len());
            match action {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        match read_whole(&bytes) {
            Ok(checked) => prop_assert!(checked.cautions.list().iter().all(|c| !c.title.is_empty())),
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                prop_assert!(!problems.render(true).is_empty());
            }
        }
    }
}

/// Lists whose entries are looked at pair by pair are limited, so that no file takes long to read.
#[test]
fn crowds_are_refused_with_their_number() {
    let lines = |line: &dyn Fn(usize) -> String| -> String { (0..1_001).map(line).collect() };
    let noop = "[workloads.noop]\n";
    for (what, text) in [
        ("parameters", format!("{noop}[params]\n{}", lines(&|i| format!("p{i} = 1\n")))),
        ("workloads", lines(&|i| format!("[workloads.w{i}]\nkind = 'noop'\n"))),
        (
            "strategies",
            format!("{noop}[strategies]\n{}", lines(&|i| format!("s{i} = 'sequential'\n"))),
        ),
        ("rules", format!("{noop}[matrix]\nexclude = [{}]", lines(&|_| "{ n = 1 },".to_owned()))),
        (
            "overrides",
            format!("{noop}{}", lines(&|_| "[[override]]\nwhere = { n = 1 }\n".to_owned())),
        ),
    ] {
        let found = titles(&text);
        let expected = format!("1001 {what} in one list: at most 1000 are read");
        assert!(found.contains(&expected), "{what}: {found:?}");
    }
}
