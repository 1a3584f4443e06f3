//! The tables through the public API: how fast rows are made is measured elsewhere, here they are
//! read back.

use std::sync::Arc;

use std::path::PathBuf;
use std::sync::LazyLock;

use proptest::prelude::*;
use runner::analysis::{Baselines, Comparisons, Evidence, Findings, Standings, Summary};
use runner::design::experiment::Baseline;
use runner::design::{
    Action, Agree, Compare, Experiment, Factor, Hooks, KernelSignature, Matrix, Name, ParamName,
    ParameterSignature, Protocol, Scaling, Strategy as Way, StrategyKind, Value, ValueKind,
    Workload,
};
use runner::measure::{Measured, Observation, Status};
use runner::plan::Plan;
use runner::report::csv::table::Heading;
use runner::report::csv::{TrialTable, comparisons, encode, summary, table};

static KERNEL: KernelSignature = KernelSignature {
    name: "echo",
    version: 1,
    about: "gives back its text",
    parameters: &[ParameterSignature {
        name: "text",
        kind: ValueKind::Duration,
        required: true,
        default: "",
        about: "what is given back",
    }],
    size: None,
    example: "",
};

static PROTOCOL: LazyLock<Protocol> =
    LazyLock::new(|| Protocol { repeats: 2, ..Protocol::default() });

fn experiment(level: String, strategy: &str) -> Experiment {
    let workload = Workload {
        name: Name::new("echo").expect("a name"),
        action: Action::Kernel(&KERNEL),
        params: Vec::new(),
        tasks: 1,
        scaling: Scaling::Fixed,
        when: None,
        strategies: None,
        expect: Vec::new(),
        agree: Agree::All,
        metrics: Vec::new(),
        protocol: PROTOCOL.clone(),
        hooks: Hooks::default(),
        asserts: Vec::new(),
    };
    let way = Way {
        name: Name::new(strategy).expect("a name"),
        kind: StrategyKind::Sequential,
        workers: vec![1],
        when: None,
        params: Vec::new(),
        env: Vec::new(),
        protocol: runner::design::ProtocolPatch::default(),
        asserts: Vec::new(),
    };
    let text = Factor::new(ParamName::new("text").expect("a name"), vec![Value::Text(level)]);
    Experiment {
        name: "echo".to_owned(),
        base_dir: PathBuf::new(),
        title: "Echo".to_owned(),
        question: None,
        seed: None,
        params: vec![text.expect("one level")],
        workloads: vec![workload],
        strategies: vec![way],
        protocol: PROTOCOL.clone(),
        overrides: Vec::new(),
        run_hook: None,
        claims: Vec::new(),
        spreadsheet: None,
        combination: runner::design::Combination::default(),
        compare: Compare::default(),
    }
}

fn observe(plan: &Plan, answer: &str, note: &str) -> Vec<Observation> {
    plan.trials()
        .map(|trial| {
            let mut measured = Measured::empty(Status::Ok);
            measured.time_ns = Some(1_000);
            measured.answer = Some(answer.to_owned());
            measured.note = Some(note.to_owned());
            Observation {
                trial,
                attempt: 1,
                slot: 0,
                session: 1,
                started_at_ms: 0,
                start_offset_ns: 0,
                measured,
            }
        })
        .collect()
}

/// The rows of a table as maps from column to text; every row has as many fields as the header.
fn read(bytes: &[u8]) -> Vec<Vec<(String, String)>> {
    let mut reader = csv::Reader::from_reader(bytes);
    let header = reader.headers().expect("a header").clone();
    let names = || header.iter().map(str::to_owned);
    let rows = reader.records().map(|row| row.expect("a row as long as the header"));
    rows.map(|row| names().zip(row.iter().map(str::to_owned)).collect()).collect()
}

fn text_of(row: &[(String, String)], column: &str) -> String {
    let (_, field) = row.iter().find(|(name, _)| name == column).expect("the column");
    encode::decode_text(field).unwrap_or_default().to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_in_an_experiment_comes_back_from_every_table(
        level in any::<String>(),
        note in any::<String>(),
        answer in "[^0-9].*",
        strategy in "[-+=@'a-z,;\"字]{1,9}",
    ) {
        let experiment = experiment(level.clone(), &strategy);
        let matrix = Matrix::new(&experiment).unwrap();
        let plan = Plan::new(&experiment, &matrix, 1, 100).unwrap();
        let observations = observe(&plan, &answer, &note);
        let evidence = Evidence {
            experiment: &experiment,
            matrix: &matrix,
            plan: &plan,
            observations: &observations,
            stops: &[],
            empty_process_ns: None,
        };
        let standings = Standings::of(evidence);
        let mut trials = TrialTable::new(&Arc::new(experiment.clone()), &Arc::new(matrix.clone()), &Arc::new(plan.clone()), "r1");
        let mut bytes = Vec::new();
        trials.header(&mut bytes);
        for (observation, standing) in observations.iter().zip(standings.rows()) {
            trials.row(observation, Some(standing), &mut bytes);
        }
        let rows = read(&bytes);
        prop_assert_eq!(rows.len(), 3);
        for row in &rows {
            prop_assert_eq!(text_of(row, "param_text"), level.clone());
            prop_assert_eq!(text_of(row, "note"), note.clone());
            prop_assert_eq!(text_of(row, "answer"), answer.clone());
            prop_assert_eq!(text_of(row, "strategy"), strategy.clone());
        }
        let found = Summary::of(evidence, &standings);
        let heading = Heading { run_id: "r1", date: "2026-11-23", revision: Some("=1") };
        let baselines = Baselines::of(&experiment, &matrix);
        let compared = Comparisons::of(evidence, &standings, &found, &baselines);
        let wide = read(&table::render(evidence, &found, (&baselines, &compared), heading));
        prop_assert_eq!(text_of(&wide[0], "answer"), answer);
        prop_assert_eq!(text_of(&wide[0], "revision"), "=1");
        let derived = read(&summary::render(evidence, &found, "r1"));
        prop_assert_eq!(text_of(&derived[0], "param_text"), level);
    }
}

#[test]
fn equal_evidence_gives_equal_bytes() {
    let experiment = experiment("x".to_owned(), "-O3");
    let matrix = Matrix::new(&experiment).unwrap();
    let plan = Plan::new(&experiment, &matrix, 1, 100).unwrap();
    let observations = observe(&plan, "1", "");
    let bytes = || {
        let evidence = Evidence {
            experiment: &experiment,
            matrix: &matrix,
            plan: &plan,
            observations: &observations,
            stops: &[],
            empty_process_ns: None,
        };
        let standings = Standings::of(evidence);
        summary::render(evidence, &Summary::of(evidence, &standings), "r1")
    };
    assert_eq!(bytes(), bytes());
    assert!(!bytes().starts_with(b"\xEF\xBB\xBF"), "no byte order mark");
    assert!(!bytes().contains(&b'\r'), "line feeds only");
}

#[test]
fn a_comparison_names_both_sides_and_is_the_same_each_time() {
    let mut experiment = experiment("x".to_owned(), "=base");
    let mut candidate = experiment.strategies[0].clone();
    candidate.name = Name::new("-O3").expect("a name");
    experiment.strategies.push(candidate);
    experiment.protocol.repeats = 12;
    experiment.workloads[0].protocol.repeats = 12;
    experiment.compare.baselines = vec![Baseline {
        of: None,
        workload: None,
        strategy: Some(Name::new("=base").expect("a name")),
        workers: None,
        params: Vec::new(),
    }];
    let matrix = Matrix::new(&experiment).unwrap();
    let plan = Plan::new(&experiment, &matrix, 1, 100).unwrap();
    let mut observations = observe(&plan, "1", "");
    for observation in &mut observations {
        let cell = u64::from(observation.trial.cell.0);
        observation.measured.time_ns =
            Some(2_000 - 900 * cell + u64::from(observation.trial.order));
    }
    let evidence = Evidence {
        experiment: &experiment,
        matrix: &matrix,
        plan: &plan,
        observations: &observations,
        stops: &[],
        empty_process_ns: None,
    };
    let bytes = || comparisons::render(&Findings::of(evidence), "r1");
    assert_eq!(bytes(), bytes());
    let rows = read(&bytes());
    assert_eq!(rows.len(), 1);
    for (column, want) in [
        ("comparison_id", "p001"),
        ("baseline_cell", "c001"),
        ("candidate_cell", "c002"),
        ("baseline", "=base"),
        ("strategy", "-O3"),
        ("param_text", "x"),
        ("family", "echo/time_ns"),
        ("pairing", "block"),
        ("n_blocks", "12"),
        ("boot_replicates", "9999"),
        ("test", "signed_rank_exact"),
        ("p", "0.00048828125"),
        ("p_adj", "0.00048828125"),
        ("family_size", "1"),
        ("a12", "1"),
        ("verdict", "faster"),
    ] {
        assert_eq!(text_of(&rows[0], column), want, "{column}");
    }
    let shift: i64 = text_of(&rows[0], "shift").parse().expect("whole nanoseconds");
    assert!((-925..-875).contains(&shift), "{shift}");
}
