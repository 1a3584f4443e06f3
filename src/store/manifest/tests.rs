use serde_json::Value;

use super::*;
use crate::design::{Agree, Compare, Environment, Name, Protocol, Scaling, Strategy};
use crate::host::programs::NotFound;
use crate::host::{Root, revision};
use crate::workload::{Kernel, noop::Noop};

fn experiment() -> Experiment {
    let name = |text| Name::new(text).expect("a name");
    let strategy = |kind: StrategyKind| Strategy {
        name: name(kind.as_str()),
        kind,
        workers: vec![1],
        params: Vec::new(),
        when: None,
        env: Vec::new(),
        protocol: crate::design::ProtocolPatch::default(),
        asserts: Vec::new(),
    };
    Experiment {
        name: "basic".into(),
        base_dir: PathBuf::from("/experiments"),
        title: "Basic".into(),
        question: None,
        seed: None,
        params: Vec::new(),
        workloads: vec![Workload {
            name: name("noop"),
            action: Action::Kernel(Noop.signature()),
            params: Vec::new(),
            tasks: 1,
            scaling: Scaling::Fixed,
            when: None,
            strategies: None,
            expect: Vec::new(),
            agree: Agree::All,
            metrics: Vec::new(),
            protocol: Protocol {
                environment: Environment::Clean { keep: vec!["HOME".into()] },
                ..Protocol::default()
            },
            hooks: crate::design::Hooks::default(),
            asserts: Vec::new(),
        }],
        strategies: vec![strategy(StrategyKind::Sequential), strategy(StrategyKind::External)],
        protocol: Protocol::default(),
        overrides: Vec::new(),
        run_hook: None,
        claims: Vec::new(),
        spreadsheet: None,
        combination: crate::design::Combination::default(),
        compare: Compare::default(),
    }
}

/// A manifest of a machine about which nothing is known.
fn manifest() -> Manifest {
    let experiment = experiment();
    let matrix = Matrix::new(&experiment).expect("a matrix");
    let plan = Plan::new(&experiment, &matrix, u64::MAX, 1_000).expect("a plan");
    let nowhere = tempfile::tempdir().expect("a temp dir");
    Manifest {
        schema_version: SCHEMA_VERSION,
        run_id: "r20261122T101530Z-1f2e".into(),
        started_at: time_text(1_795_342_530_999),
        finished_at: Fact::unknown("the run has not ended"),
        exit_reason: Fact::unknown("the run has not ended"),
        counts: Fact::unknown("the run has not ended"),
        experiment: ExperimentFacts {
            name: experiment.name.clone(),
            title: experiment.title.clone(),
            question: Fact::unknown("the file asks none"),
            path: "basic.toml".into(),
            absolute_path: "/experiments/basic.toml".into(),
            sha256: "00".repeat(32),
            extends: vec![BaseFacts {
                path: "base.toml".into(),
                absolute_path: "/experiments/base.toml".into(),
                sha256: "00".repeat(32),
                archived_as: "experiment.base-1.toml".into(),
            }],
            profile: Fact::unknown("none is in force"),
            revision: revision::Revision::unknown("git is not installed"),
        },
        plan: PlanFacts::of(&plan, &matrix, true),
        protocols: ProtocolFacts::of(&experiment, &matrix),
        methods: methods(&experiment),
        invocation: Invocation {
            arguments: vec!["runner".into(), "basic.toml".into()],
            set: Vec::new(),
            only: Vec::new(),
            only_reason: Fact::unknown("all cells are meant"),
            keep_output: false,
            working_directory: Fact::unknown("it was removed"),
            environment: BTreeMap::new(),
        },
        runner: RunnerFacts::of_this_build(Fact::unknown("not asked")),
        launcher: LauncherFacts {
            spawn_path: Fact::unknown("no child was started"),
            rss_floor_bytes: Fact::unknown("no child was started"),
            empty_process_ns: Fact::unknown("no child was started"),
            missing_counters: Vec::new(),
        },
        programs: vec![ProgramFacts::read("python3", &Err(NotFound::NotInPath), None)],
        revisions: vec![RevisionFacts { name: "HEAD".to_owned(), commit: "1f2e".to_owned() }],
        scripts: vec![ScriptFacts {
            path: "/a.py".into(),
            sha256: Fact::unknown("it is too large"),
        }],
        kernels: kernels(&experiment),
        host: Snapshot::read(&Root::at(nowhere.path()), nowhere.path()),
        sessions: vec![SessionFacts {
            number: 1,
            started_at: time_text(1_795_342_530_999),
            finished_at: Fact::unknown(UNFINISHED),
            exit_reason: Fact::unknown(UNFINISHED),
            pid: 7,
            started_ticks: 11,
            boot_id: "0".into(),
            hostname: "box".into(),
            runner_version: "0.1.0".into(),
            arguments: vec!["runner".into(), "basic.toml".into()],
            changes: vec![Change { what: "CPU".into(), then: "a".into(), now: "b".into() }],
            accepted: Fact::Known("the same model".into()),
        }],
        earlier: Vec::new(),
    }
}

/// The paths of all keys, and those of values that are null without a reason beside them.
fn walk(value: &Value, path: &str, keys: &mut Vec<String>, bare: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            let reason = object.get("reason").and_then(Value::as_str);
            let has_reason = reason.is_some_and(|reason| !reason.is_empty());
            for (key, inner) in object {
                if inner.is_null() && !has_reason {
                    bare.push(format!("{path}.{key}"));
                }
                if !matches!(key.as_str(), "value" | "reason") {
                    keys.push(format!("{path}.{key}"));
                }
                walk(inner, &format!("{path}.{key}"), keys, bare);
            }
        }
        Value::Array(items) => {
            for item in items {
                walk(item, path, keys, bare);
            }
        }
        _ => {}
    }
}

fn keys(manifest: &Manifest) -> (Vec<String>, Vec<String>) {
    let value = serde_json::from_str(&manifest.to_json()).expect("valid JSON");
    let (mut keys, mut bare) = (Vec::new(), Vec::new());
    walk(&value, "", &mut keys, &mut bare);
    (keys, bare)
}

#[test]
fn no_key_is_absent_when_nothing_is_known() {
    let (keys, bare) = keys(&manifest());
    assert_eq!(bare, Vec::<String>::new(), "null without a reason");
    let documented = include_str!("../../../docs/manifest.md");
    let missing: Vec<&String> = keys
        .iter()
        .filter(|key| {
            let last = key.rsplit('.').next().expect("a key");
            !documented.contains(&format!("`{last}`"))
        })
        .collect();
    assert_eq!(missing, Vec::<&String>::new(), "keys that docs/manifest.md does not explain");
    for place in [
        ".run_id",
        ".finished_at",
        ".counts",
        ".exit_reason",
        ".experiment.sha256",
        ".experiment.revision.dirty",
        ".plan.seed_drawn",
        ".plan.skipped_pairs.strategy",
        ".protocols.isolation",
        ".methods",
        ".invocation.environment",
        ".runner.rustc",
        ".launcher.rss_floor_bytes",
        ".programs.version",
        ".host.cpu.microcode",
        ".host.cpu.governor",
        ".host.memory.aslr",
        ".host.limits.cpu_quota",
        ".host.platform.hypervisor",
        ".host.results_filesystem",
    ] {
        assert!(keys.iter().any(|key| key == place), "{place} is absent");
    }
}

#[test]
fn a_known_machine_has_the_same_keys_as_an_unknown_one() {
    let mut known = manifest();
    let here = tempfile::tempdir().expect("a temp dir");
    known.host = Snapshot::read(&Root::system(), here.path());
    // Caches are a list whose entries have keys of their own.
    known.host.cpu.caches = Fact::unknown("left out");
    assert_eq!(keys(&known), keys(&manifest()));
}

#[test]
fn a_manifest_survives_a_round_trip_through_its_file() {
    let dir = tempfile::tempdir().expect("a temp dir");
    let mut manifest = manifest();
    let counts = TrialCounts {
        ok: 11,
        failed: 0,
        interrupted: 0,
        retried: 0,
        skipped: 0,
        spared: 0,
        missing: 0,
    };
    manifest.finish(1_795_342_531_000, counts, "completed");
    manifest.write(dir.path()).expect("written");
    let back = Manifest::read(dir.path()).expect("readable");
    assert_eq!(back, manifest);
    assert_eq!(back.finished_at, Fact::Known("2026-11-22T10:15:31.000Z".to_owned()));
}

#[test]
fn seeds_are_exact_and_skipped_pairs_have_their_reason() {
    let manifest = manifest();
    assert_eq!(manifest.plan.seed, "18446744073709551615");
    assert_eq!((manifest.plan.cells, manifest.plan.trials), (1, 11));
    assert_eq!(manifest.plan.skipped_pairs[0].strategy, "external");
    assert!(manifest.to_json().contains("a kernel is run by the runner itself"));
}

#[test]
fn the_protocol_is_recorded_with_its_defaults() {
    let protocol = &manifest().protocols[0];
    assert_eq!((protocol.repeats, protocol.timeout_ms), (10, 600_000));
    assert_eq!((protocol.order.as_str(), protocol.isolation.as_str()), ("blocks", "process"));
    assert_eq!(
        (protocol.environment.as_str(), &protocol.keep[..]),
        ("clean", &["HOME".to_owned()][..])
    );
}

#[test]
fn a_file_of_the_same_stem_elsewhere_is_another_experiment() {
    let manifest = manifest();
    assert!(manifest.is_of(Path::new("/experiments/basic.toml")));
    assert!(!manifest.is_of(Path::new("/other/basic.toml")));
}

#[test]
fn times_are_utc_with_milliseconds() {
    assert_eq!(time_text(1_795_342_530_999), "2026-11-22T10:15:30.999Z");
}

/// The schema that the types have; `BLESS=1 cargo test` writes it anew.
#[test]
fn the_schema_is_that_of_the_types() {
    let settings = schemars::generate::SchemaSettings::draft07().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Manifest>();
    schema.insert("title".to_owned(), "manifest.json of a run".into());
    let text = format!("{}\n", serde_json::to_string_pretty(&schema).expect("JSON"));
    if std::env::var_os("BLESS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/manifest.schema.json");
        fs::write(&path, &text).expect("the schema");
        return;
    }
    assert!(text == SCHEMA, "schemas/manifest.schema.json is another: BLESS=1 cargo test");
}
