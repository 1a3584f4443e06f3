//! Constructed experiments and observations for tests of analysis and report.

use std::path::PathBuf;

use std::sync::Arc;

use crate::design::experiment::Baseline;
use crate::design::{
    Action, Agree, Better, Compare, Experiment, Extract, Factor, Hooks, KernelSignature, Matrix,
    MetricSource, Name, ParamName, ParameterSignature, Protocol, Scaling, Strategy, StrategyKind,
    UserMetric, Value, ValueKind, Workload,
};
use crate::measure::{Measured, Observation, Status};
use crate::plan::{Phase, Plan};

pub(crate) static KERNEL: KernelSignature = KernelSignature {
    name: "sum",
    version: 1,
    about: "adds",
    parameters: &[
        ParameterSignature {
            name: "n",
            kind: ValueKind::Integer { min: 0 },
            required: true,
            default: "",
            about: "size",
        },
        ParameterSignature {
            name: "mode",
            kind: ValueKind::Integer { min: 0 },
            required: false,
            default: "0",
            about: "variant",
        },
    ],
    size: Some("n"),
    example: "",
};

pub(crate) fn factor(name: &str, levels: &[&str]) -> Factor {
    let level = |text: &&str| match text.parse() {
        Ok(integer) => Value::Integer(integer),
        Err(_) => Value::Text((*text).to_owned()),
    };
    let levels = levels.iter().map(level).collect();
    Factor::new(ParamName::new(name).unwrap(), levels).unwrap()
}

pub(crate) fn strategy(name: &str, kind: StrategyKind, workers: &[u32]) -> Strategy {
    Strategy {
        name: Name::new(name).unwrap(),
        kind,
        workers: workers.to_vec(),
        params: Vec::new(),
        when: None,
        env: Vec::new(),
        protocol: crate::design::ProtocolPatch::default(),
        asserts: Vec::new(),
    }
}

pub(crate) fn workload(name: &str) -> Workload {
    Workload {
        name: Name::new(name).unwrap(),
        action: Action::Kernel(&KERNEL),
        params: Vec::new(),
        tasks: 2,
        scaling: Scaling::Fixed,
        when: None,
        strategies: None,
        expect: Vec::new(),
        agree: Agree::All,
        metrics: Vec::new(),
        protocol: Protocol::default(),
        hooks: Hooks::default(),
        asserts: Vec::new(),
    }
}

/// A program that takes no parameter but the size.
pub(crate) fn command() -> Action {
    let size = crate::design::Template::parse("{n}").unwrap();
    Action::Command(Box::new(crate::design::experiment::Command::of(vec![size])))
}

pub(crate) fn metric(name: &str, unit: &str, better: Option<Better>) -> UserMetric {
    UserMetric {
        name: ParamName::new(name).unwrap(),
        unit: unit.to_owned(),
        better,
        source: MetricSource::Stdout,
        extract: Extract::Whole,
        required: false,
        combine: None,
        deterministic: false,
    }
}

pub(crate) fn baseline(strategy: &str) -> Baseline {
    Baseline {
        of: None,
        workload: None,
        strategy: Some(Name::new(strategy).unwrap()),
        workers: None,
        params: Vec::new(),
    }
}

/// One workload `sum`, `n` in two levels, `normal` and `threads ×2`; six repeats, one warm-up.
pub(crate) fn experiment() -> Experiment {
    let protocol = Protocol { repeats: 6, ..Protocol::default() };
    Experiment {
        name: "basic".to_owned(),
        base_dir: PathBuf::from("."),
        title: "Basic".to_owned(),
        question: None,
        seed: None,
        params: vec![factor("n", &["1000000", "100000000"])],
        workloads: vec![Workload { protocol: protocol.clone(), ..workload("sum") }],
        strategies: vec![
            strategy("normal", StrategyKind::Sequential, &[1]),
            strategy("multithread", StrategyKind::Threads, &[2]),
        ],
        protocol,
        overrides: Vec::new(),
        run_hook: None,
        claims: Vec::new(),
        spreadsheet: None,
        combination: crate::design::Combination::default(),
        compare: Compare { baselines: vec![baseline("normal")], ..Compare::default() },
    }
}

pub(crate) struct Run {
    pub(crate) experiment: Arc<Experiment>,
    pub(crate) matrix: Arc<Matrix>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) observations: Vec<Observation>,
    pub(crate) stops: Vec<super::FamilyStop>,
}

impl Run {
    /// Every trial of the experiment with status `ok`; times are 1 ms for the first cell, 2 ms for
    /// the second, …, plus one µs for each repeat.
    pub(crate) fn new(experiment: Experiment) -> Self {
        let matrix = Matrix::new(&experiment).unwrap();
        let plan = Plan::new(&experiment, &matrix, 42, 1_000_000).unwrap();
        let observations = plan
            .trials()
            .map(|trial| {
                let mut measured = Measured::empty(Status::Ok);
                let cell = u64::from(trial.cell.0) + 1;
                measured.time_ns = Some(cell * 1_000_000 + u64::from(trial.repeat) * 1_000);
                measured.answer = Some("499999666667166666000000".to_owned());
                measured.work_units = Some(1_000);
                Observation {
                    trial,
                    attempt: 1,
                    slot: 0,
                    session: 1,
                    started_at_ms: 1_795_444_000_123,
                    start_offset_ns: u64::from(trial.order) * 10_000_000,
                    measured,
                }
            })
            .collect();
        Self {
            experiment: Arc::new(experiment),
            matrix: Arc::new(matrix),
            plan: Arc::new(plan),
            observations,
            stops: Vec::new(),
        }
    }

    pub(crate) fn evidence(&self) -> super::Evidence<'_> {
        super::Evidence {
            experiment: &self.experiment,
            matrix: &self.matrix,
            plan: &self.plan,
            observations: &self.observations,
            stops: &self.stops,
            empty_process_ns: Some(1_000_000),
        }
    }

    /// The observations of one cell in the measure phase.
    pub(crate) fn measured(&mut self, cell: u32) -> impl Iterator<Item = &mut Observation> {
        self.observations
            .iter_mut()
            .filter(move |o| o.trial.cell.0 == cell && o.trial.phase == Phase::Measure)
    }
}
