//! The content of a cell as a key that survives every change elsewhere in the file.

use std::fmt;

use sha2::{Digest, Sha256};

use super::experiment::{Action, Command, Program, Strategy, Workload};
use super::hook::Hook;
use super::matrix::Axis;
use super::parameter::Level;
use super::template::Template;

/// The first 64 bits of SHA-256 over the content of a cell: names, resolved parameters, command,
/// kernel version; never positions. Displayed as `k` and 16 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey(u64);

impl CellKey {
    /// The key of these fields. Order and number of fields matter; each is length-prefixed, so
    /// that no two lists of fields run into one another.
    #[must_use]
    pub fn of<'a>(fields: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"runner-cell/1\0");
        for field in fields {
            add(&mut hash, field);
        }
        Self::of_digest(&hash.finalize())
    }

    fn of_digest(digest: &[u8]) -> Self {
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Self(u64::from_be_bytes(first))
    }

    /// The key as eight bytes, for digests over keys.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for CellKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "k{:016x}", self.0)
    }
}

/// The part of a cell's content that all cells of a workload × strategy share.
pub(super) fn content(workload: &Workload, strategy: &Strategy) -> Vec<String> {
    let mut fields = vec![
        format!("workload={}", workload.name),
        format!("strategy={}", strategy.name),
        format!("kind={}", strategy.kind.as_str()),
        format!("scaling={:?}", workload.scaling),
    ];
    match &workload.action {
        Action::Kernel(signature) => {
            fields.push(format!("kernel={} {}", signature.name, signature.version));
        }
        Action::Command(command) => command_content(command, strategy, &mut fields),
    }
    hook_content("cell", workload.hooks.cell.as_ref(), &mut fields);
    hook_content("trial", workload.hooks.trial.as_ref(), &mut fields);
    fields
}

/// What is run around a trial may change what it measures. Each vector is one field with its
/// number of words in front, so that `a b` and `a`, `b` differ.
fn hook_content(scope: &str, hook: Option<&Hook>, fields: &mut Vec<String>) {
    let steps = hook.into_iter().flat_map(|hook| {
        let setup = hook.setup.iter().map(|vector| ("setup", vector));
        setup.chain(hook.teardown.iter().map(|vector| ("teardown", vector)))
    });
    for (step, vector) in steps {
        fields.push(format!("{scope} {step} of {} words", vector.len()));
        fields.extend(vector.iter().map(|word| format!("word={}", word.source())));
    }
}

fn command_content(command: &Command, strategy: &Strategy, fields: &mut Vec<String>) {
    let kind = match command.program {
        Program::Vector(_) => "arg",
        Program::Shell(_) => "shell",
    };
    let mut push = |label: &str, templates: &[Template]| {
        for template in templates {
            fields.push(format!("{label}={}", template.source()));
        }
    };
    push(kind, command.program.templates());
    push("cwd", command.cwd.as_slice());
    push("stdin", command.stdin.as_slice());
    push("build", command.build.as_deref().unwrap_or_default());
    let mut env: Vec<String> = command
        .env
        .iter()
        .chain(&strategy.env)
        .map(|(name, template)| format!("env {name}={}", template.source()))
        .collect();
    env.sort();
    fields.extend(env);
    if let Some(result) = &command.result {
        fields.push(format!("result={result}"));
    }
    if let Some(divide) = &command.divide {
        fields.push(format!("divide={divide}"));
    }
}

/// Makes the keys of the cells of one workload × strategy. What they share is hashed once.
#[derive(Clone, Debug)]
pub(super) struct KeyMaker {
    shared: Sha256,
    /// Parameters in the order in which they enter the key, which is not that of the file.
    order: Vec<usize>,
    /// For each parameter and level, its field.
    fields: Vec<Vec<String>>,
}

impl KeyMaker {
    pub(super) fn new(content: &[String], names: &[&str]) -> Self {
        let mut shared = Sha256::new();
        shared.update(b"runner-cell/1\0");
        for text in content {
            add(&mut shared, text);
        }
        let mut order: Vec<usize> = (0..names.len()).collect();
        order.sort_by_key(|&at| format!("param {}:", names[at]));
        Self { shared, order, fields: vec![Vec::new(); names.len()] }
    }

    /// The key of a cell: `levels` has the level of each parameter; one that the axis does not
    /// have means that the parameter does not apply.
    pub(super) fn key(&mut self, counts: (u32, u32), axes: &[Axis], levels: &[u32]) -> CellKey {
        let mut hash = self.shared.clone();
        let (workers, tasks) = counts;
        add(&mut hash, &format!("workers={workers}"));
        add(&mut hash, &format!("tasks={tasks}"));
        for &at in &self.order {
            let (axis, fields) = (&axes[at], &mut self.fields[at]);
            while fields.len() < axis.levels().len() {
                fields.push(param(axis.name.as_str(), &axis.levels()[fields.len()]));
            }
            if let Some(field) = fields.get(levels[at] as usize) {
                add(&mut hash, field);
            }
        }
        CellKey::of_digest(&hash.finalize())
    }
}

/// Length-prefixed, so that no two lists of fields run into one another.
fn add(hash: &mut Sha256, field: &str) {
    hash.update((field.len() as u64).to_le_bytes());
    hash.update(field);
}

/// One parameter at one level: its value and the content of the file that it names, never its
/// label.
fn param(name: &str, level: &Level) -> String {
    let value = level.value();
    let field = format!("param {name}:{}={value}", value.type_name());
    match level.digest() {
        // No value holds a NUL, so this runs into no other value.
        Some(digest) => format!("{field}\0sha256:{digest}"),
        None => field,
    }
}
