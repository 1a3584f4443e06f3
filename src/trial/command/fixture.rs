//! An experiment with one command workload, for tests.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::design::{
    Action, Agree, Command, Compare, Experiment, Factor, Hooks, Matrix, Name, ParamName, Protocol,
    Scaling, Strategy, StrategyKind, Template, Value, Workload,
};
use crate::plan::Plan;
use crate::process::{Ending, Exit, Usage};
use crate::trial::Setting;

pub(super) struct Fixture {
    pub experiment: Experiment,
    pub matrix: Matrix,
    pub plan: Plan,
    pub base_env: Vec<(OsString, OsString)>,
    pub run_dir: PathBuf,
}

pub(super) fn template(text: &str) -> Template {
    Template::parse(text).expect("a valid template")
}

pub(super) fn templates(words: &[&str]) -> Vec<Template> {
    words.iter().map(|word| template(word)).collect()
}

fn factor(name: &str, levels: &[i64]) -> Factor {
    let levels = levels.iter().map(|&level| Value::Integer(level.into())).collect();
    Factor::new(ParamName::new(name).expect("a name"), levels).expect("levels")
}

/// `sh -c "echo {n}"` with `n = 10`, `sequential`, two repeats, no warm-up.
pub(super) fn experiment() -> Experiment {
    let protocol = Protocol { repeats: 2, warmup: 0, ..Protocol::default() };
    let command = Command::of(templates(&["sh", "-c", "echo {n}"]));
    Experiment {
        name: "basic".into(),
        base_dir: PathBuf::from("/experiments"),
        title: "Basic".into(),
        question: None,
        seed: None,
        params: vec![factor("n", &[10])],
        workloads: vec![Workload {
            name: Name::new("echo").expect("a name"),
            action: Action::Command(Box::new(command)),
            params: Vec::new(),
            tasks: 1,
            scaling: Scaling::Fixed,
            when: None,
            strategies: None,
            expect: Vec::new(),
            agree: Agree::All,
            metrics: Vec::new(),
            protocol: protocol.clone(),
            hooks: Hooks::default(),
            asserts: Vec::new(),
        }],
        strategies: vec![strategy(StrategyKind::Sequential, 1)],
        protocol,
        overrides: Vec::new(),
        run_hook: None,
        claims: Vec::new(),
        spreadsheet: None,
        combination: crate::design::Combination::default(),
        compare: Compare::default(),
    }
}

pub(super) fn strategy(kind: StrategyKind, workers: u32) -> Strategy {
    Strategy {
        name: Name::new(kind.as_str()).expect("a name"),
        kind,
        workers: vec![workers],
        params: Vec::new(),
        when: None,
        env: Vec::new(),
        protocol: crate::design::ProtocolPatch::default(),
        asserts: Vec::new(),
    }
}

pub(super) fn command(experiment: &mut Experiment) -> &mut Command {
    match &mut experiment.workloads[0].action {
        Action::Command(command) => command,
        Action::Kernel(_) => unreachable!("the fixture has a command"),
    }
}

impl Fixture {
    pub(super) fn new(change: impl FnOnce(&mut Experiment)) -> Self {
        let mut experiment = experiment();
        change(&mut experiment);
        let matrix = Matrix::new(&experiment).expect("a matrix");
        let plan = Plan::new(&experiment, &matrix, 7, 1_000).expect("a plan");
        let base_env = [("PATH", "/bin:/usr/bin"), ("HOME", "/home/ada"), ("LANG", "C")];
        Self {
            experiment,
            matrix,
            plan,
            base_env: base_env.map(|(name, value)| (name.into(), value.into())).to_vec(),
            run_dir: PathBuf::from("/results/basic/r1"),
        }
    }

    pub(super) fn setting(&self) -> Setting<'_> {
        Setting {
            experiment: &self.experiment,
            matrix: &self.matrix,
            plan: &self.plan,
            base_env: &self.base_env,
            exe: Path::new("/usr/bin/runner"),
            run_dir: &self.run_dir,
        }
    }
}

/// A child that wrote `stdout` and ended with code 0 between 1000 and 3000 ns.
pub(super) fn exit(stdout: &str) -> Exit {
    let mut exit = Exit {
        ending: Ending::Exited(0),
        spawned_ns: 1_000,
        ended_ns: 3_000,
        usage: Usage {
            user_ns: 500,
            sys_ns: 50,
            max_rss_bytes: 4_096,
            major_faults: 1,
            ..Usage::default()
        },
        cpu_method: crate::process::CpuMethod::Cgroup,
        memory_method: crate::process::MemoryMethod::Wait4,
        rss_floor_bytes: 1_024,
        timed_out: false,
        terminated: false,
        killed: false,
        leaked: 0,
        cpus: Vec::new(),
        counts: crate::process::Counts::default(),
        no_network: false,
        read_only: false,
        limit: None,
        survivors: 0,
        tee_errno: None,
        stdout: crate::process::Captured::default(),
        stderr: crate::process::Captured::default(),
    };
    exit.stdout.head = stdout.as_bytes().to_vec();
    exit
}
