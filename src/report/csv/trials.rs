//! `trials.csv`: one row per attempt, straight into a byte buffer.
//!
//! The live file is written between trials, so a row costs no allocation: what all rows of a cell
//! share is rendered once.

use std::sync::Arc;

use super::column::{self, ParamColumn, UserColumn};
use super::encode;
use super::schema::trials::{PLAN, TRIALS};
use crate::analysis::flags;
use crate::analysis::standing::{OutputCheck, Standing, UnusedReason};
use crate::analysis::summary::worker_extremes;
use crate::design::{CellIx, Experiment, Matrix};
use crate::measure::iterations::median;
use crate::measure::{Measured, Observation, signal_name};
use crate::plan::{Phase, Plan, Trial};
use crate::process::COUNTERS;

/// Matrices up to this size have the shared text of every cell kept ready; larger ones render it
/// for each row, which costs time instead of memory.
const READY_CELLS: usize = 100_000;

/// What all trials of a workload share.
#[derive(Clone, Debug)]
struct OfWorkload {
    time_scope: &'static str,
    /// The seed of the block that was written last: rows of a block follow one another.
    seed: Option<(Phase, u32, u64)>,
}

/// Writes the rows of one run.
#[derive(Clone, Debug)]
pub struct TrialTable {
    experiment: Arc<Experiment>,
    matrix: Arc<Matrix>,
    plan: Arc<Plan>,
    run_id: Vec<u8>,
    params: Vec<ParamColumn>,
    metrics: Vec<UserColumn>,
    workloads: Vec<OfWorkload>,
    /// Sessions that went on although something had changed.
    changed: Vec<u32>,
    /// The cells' shared text, one after another, and where each ends.
    ready: Option<(Vec<u8>, Vec<usize>)>,
}

impl TrialTable {
    /// A writer for the rows of one run.
    #[must_use]
    pub fn new(
        experiment: &Arc<Experiment>,
        matrix: &Arc<Matrix>,
        plan: &Arc<Plan>,
        run_id: &str,
    ) -> Self {
        let mut escaped = Vec::new();
        if !run_id.is_empty() {
            encode::text(run_id, &mut escaped);
        }
        let mut table = Self {
            experiment: Arc::clone(experiment),
            matrix: Arc::clone(matrix),
            plan: Arc::clone(plan),
            run_id: escaped,
            params: column::params(matrix),
            metrics: column::metrics(experiment),
            workloads: experiment
                .workloads
                .iter()
                .map(|workload| OfWorkload {
                    time_scope: column::time_scope(&workload.action),
                    seed: None,
                })
                .collect(),
            changed: Vec::new(),
            ready: None,
        };
        if matrix.len() <= READY_CELLS {
            table.ready = Some(table.render_cells());
        }
        table
    }

    /// The rows of these sessions are marked: something that could change a number had changed.
    #[must_use]
    pub fn marking(mut self, changed: &[u32]) -> Self {
        self.changed = changed.to_vec();
        self
    }

    /// The same in the columns of another experiment's table; what that does not have is left out.
    #[must_use]
    pub fn in_columns_of(mut self, other: &Self) -> Self {
        self.params.clone_from(&other.params);
        self.metrics = column::as_in(&self.metrics, &other.metrics, self.workloads.len());
        self.ready = self.ready.is_some().then(|| self.render_cells());
        self
    }

    /// Names of all columns, in order.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        TRIALS.names(&self.params, &self.metrics)
    }

    /// Appends the header line.
    pub fn header(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.columns().join(",").as_bytes());
        out.push(b'\n');
    }

    /// Names of the columns that a plan knows before anything ran.
    #[must_use]
    pub fn plan_columns(&self) -> Vec<String> {
        PLAN.names(&self.params, &[])
    }

    /// Appends a line of what is known of a trial before anything ran.
    pub fn plan_row(&mut self, trial: &Trial, out: &mut Vec<u8>) {
        self.identity(trial, 1, out);
        out.extend_from_slice(trial.phase.as_str().as_bytes());
        out.push(b',');
        encode::integer(trial.repeat, out);
        out.push(b',');
        optional(trial.block(), out);
        optional(trial.block().map(|_| trial.position), out);
        encode::integer(trial.order, out);
        out.push(b',');
        encode::seed(self.seed(trial), out);
        out.push(b'\n');
    }

    /// Appends one row. Without a standing, as in the live file, what is known only at the end is
    /// left empty.
    pub fn row(
        &mut self,
        observation: &Observation,
        standing: Option<&Standing>,
        out: &mut Vec<u8>,
    ) {
        self.identity(&observation.trial, observation.attempt, out);
        self.outcome(observation, standing, out);
        self.user_metrics(observation, out);
        self.schedule(observation, out);
        self.usage(observation, standing, out);
        self.ending(observation, standing, out);
        let flags = flags::of(&observation.measured);
        if !flags.is_empty() {
            encode::text(&flags.join(" "), out);
        }
        out.push(b',');
        let note = standing.and_then(|standing| standing.note.as_deref());
        if let Some(note) = note.or(observation.measured.note.as_deref()) {
            encode::text(note, out);
        }
        out.push(b'\n');
    }

    /// Appends the columns up to the last parameter, each followed by a comma: those that a plan
    /// knows before anything ran.
    pub fn identity(&self, trial: &Trial, attempt: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.run_id);
        out.extend_from_slice(b",t");
        zero_padded(u64::from(trial.order) + 1, 6, out);
        out.push(b',');
        encode::integer(attempt, out);
        out.push(b',');
        match &self.ready {
            Some((text, ends)) => {
                let at = trial.cell.index();
                let start = at.checked_sub(1).map_or(0, |before| ends[before]);
                out.extend_from_slice(&text[start..ends[at]]);
            }
            None => self.render_cell(trial.cell, out),
        }
    }

    fn render_cells(&self) -> (Vec<u8>, Vec<usize>) {
        let mut text = Vec::new();
        let ends = (0..self.matrix.len())
            .map(|at| {
                self.render_cell(CellIx::new(at), &mut text);
                text.len()
            })
            .collect();
        (text, ends)
    }

    fn render_cell(&self, ix: CellIx, out: &mut Vec<u8>) {
        let cell = self.matrix.cell(ix);
        out.extend_from_slice(ix.id().as_bytes());
        out.push(b',');
        out.extend_from_slice(cell.key.to_string().as_bytes());
        out.push(b',');
        encode::text(self.experiment.workloads[cell.workload].name.as_str(), out);
        out.push(b',');
        encode::text(self.experiment.strategies[cell.strategy].name.as_str(), out);
        out.push(b',');
        encode::integer(cell.workers, out);
        out.push(b',');
        encode::integer(cell.tasks, out);
        out.push(b',');
        column::write_params(&self.params, &self.matrix, cell, out);
    }

    fn outcome(&self, observation: &Observation, standing: Option<&Standing>, out: &mut Vec<u8>) {
        let (trial, measured) = (&observation.trial, &observation.measured);
        let status = standing.map_or(measured.status, |standing| standing.status);
        out.extend_from_slice(trial.phase.as_str().as_bytes());
        out.push(b',');
        encode::integer(trial.repeat, out);
        out.push(b',');
        encode::boolean(unused(observation, standing).is_none(), out);
        out.push(b',');
        out.extend_from_slice(status.as_str().as_bytes());
        out.push(b',');
        optional(measured.time_ns, out);
        if let Some(answer) = &measured.answer {
            encode::answer(answer, out);
        }
        out.push(b',');
    }

    fn user_metrics(&self, observation: &Observation, out: &mut Vec<u8>) {
        let workload = self.matrix.cell(observation.trial.cell).workload;
        for metric in &self.metrics {
            let index = metric.of_workload[workload];
            let value = index.and_then(|index| observation.measured.metrics.get(index));
            if let Some(&Some(value)) = value {
                column::write_metric(&metric.column, value, out);
            }
            out.push(b',');
        }
    }

    /// Block to start offset.
    fn schedule(&mut self, observation: &Observation, out: &mut Vec<u8>) {
        let trial = &observation.trial;
        optional(trial.block(), out);
        optional(trial.block().map(|_| trial.position), out);
        encode::integer(trial.order, out);
        out.push(b',');
        encode::seed(self.seed(trial), out);
        out.push(b',');
        encode::integer(observation.measured.conditions.env_pad_bytes, out);
        out.push(b',');
        if let Some(cpus) = &observation.measured.conditions.cpuset {
            // The prefix keeps spreadsheets from reading a date.
            encode::text(&format!("cpus={cpus}"), out);
        }
        out.push(b',');
        if !observation.measured.conditions.sandbox.is_empty() {
            encode::text(&observation.measured.conditions.sandbox.join(" "), out);
        }
        out.push(b',');
        encode::integer(observation.session, out);
        out.push(b',');
        encode::boolean(self.changed.contains(&observation.session), out);
        out.push(b',');
        encode::timestamp(observation.started_at_ms, out);
        out.push(b',');
        encode::integer(observation.start_offset_ns, out);
        out.push(b',');
    }

    fn seed(&mut self, trial: &Trial) -> u64 {
        let at = self.matrix.cell(trial.cell).workload;
        let workload = &mut self.workloads[at];
        match workload.seed {
            Some((phase, repeat, seed)) if phase == trial.phase && repeat == trial.repeat => seed,
            _ => {
                let name = self.experiment.workloads[at].name.as_str();
                let seed = self.plan.workload_seed(trial, name);
                workload.seed = Some((trial.phase, trial.repeat, seed));
                seed
            }
        }
    }

    /// Time scope to hypervisor steal.
    fn usage(&self, observation: &Observation, standing: Option<&Standing>, out: &mut Vec<u8>) {
        let cell = self.matrix.cell(observation.trial.cell);
        let of_file = &self.experiment.workloads[cell.workload];
        let workload = &self.workloads[cell.workload];
        let measured = &observation.measured;
        word(measured.time_ns.map(|_| workload.time_scope), out);
        optional(measured.process_ns, out);
        optional(measured.user_ns, out);
        optional(measured.sys_ns, out);
        let cpu_method = || match measured.cpu_method {
            Some(method) => method.as_str(),
            None => column::cpu_method(&of_file.action, self.matrix.protocol(cell).isolation),
        };
        word(measured.user_ns.map(|_| cpu_method()), out);
        // The empty column is `inner_ns`.
        out.push(b',');
        let ran = measured.time_ns.map(|_| measured.iterations_ns.len().max(1));
        optional(ran, out);
        let steady = standing.and_then(|standing| standing.steady);
        // What is steady is known at the end.
        let value = steady.map(|found| found.value_ns);
        optional(value.or_else(|| median(&measured.iterations_ns)), out);
        word(steady.map(|found| found.class.as_str()), out);
        optional(steady.and_then(|found| found.steady_from), out);
        let extremes = worker_extremes(measured);
        optional(extremes.map(|(_, slowest)| slowest), out);
        optional(extremes.map(|(fastest, _)| fastest), out);
        optional(measured.work_units, out);
        optional(measured.max_rss_bytes, out);
        word(memory_method(measured), out);
        optional(measured.resources.read_bytes, out);
        optional(measured.resources.written_bytes, out);
        optional(measured.resources.minor_faults, out);
        optional(measured.resources.major_faults, out);
        optional(measured.resources.vol_ctx_switches, out);
        optional(measured.resources.invol_ctx_switches, out);
        for at in 0..COUNTERS {
            optional(measured.resources.counts.get(at).copied().flatten(), out);
        }
        if let Some(load) = measured.conditions.load1_centi {
            encode::number(f64::from(load) / 100.0, out);
        }
        out.push(b',');
        optional(measured.conditions.cpu_khz, out);
        optional(measured.conditions.temp_mc, out);
        optional(measured.conditions.steal_ns, out);
        optional(measured.conditions.throttled, out);
        optional(measured.conditions.swapped_in_bytes, out);
        optional(measured.conditions.cpu_pressure_ns, out);
    }

    /// Exit code to outlier flags.
    fn ending(&self, observation: &Observation, standing: Option<&Standing>, out: &mut Vec<u8>) {
        let measured = &observation.measured;
        let protocol = self.matrix.protocol(self.matrix.cell(observation.trial.cell));
        optional(measured.exit_code, out);
        if let Some(signal) = measured.signal {
            out.extend_from_slice(signal_name(signal).as_bytes());
        }
        out.push(b',');
        encode::integer(u64::try_from(protocol.timeout.as_nanos()).unwrap_or(u64::MAX), out);
        out.push(b',');
        word(output_check(measured, standing).map(OutputCheck::as_str), out);
        if let Some(digest) = &measured.output_digest {
            out.extend_from_slice(b"sha256:");
            out.extend_from_slice(digest.as_bytes());
        }
        out.push(b',');
        word(unused(observation, standing).map(UnusedReason::as_str), out);
        let outlier = standing.and_then(|standing| standing.outlier);
        word(outlier.map(|outlier| outlier.as_str()), out);
        if let Some(flag) = standing.and_then(|standing| standing.outlier_mad) {
            encode::boolean(flag, out);
        }
        out.push(b',');
    }
}

fn unused(observation: &Observation, standing: Option<&Standing>) -> Option<UnusedReason> {
    match standing {
        Some(standing) => standing.unused,
        None => UnusedReason::of(observation.trial.phase, observation.measured.status),
    }
}

fn output_check(measured: &Measured, standing: Option<&Standing>) -> Option<OutputCheck> {
    match (standing, measured.expected) {
        (Some(standing), _) => Some(standing.output_check),
        (None, Some(true)) => Some(OutputCheck::Pass),
        (None, Some(false)) => Some(OutputCheck::Fail),
        (None, None) => None,
    }
}

fn memory_method(measured: &Measured) -> Option<&'static str> {
    if measured.memory_floor {
        return Some("floor");
    }
    measured.max_rss_bytes.map(|_| measured.memory_method.unwrap_or_default().as_str())
}

fn optional(value: Option<impl itoa::Integer>, out: &mut Vec<u8>) {
    if let Some(value) = value {
        encode::integer(value, out);
    }
    out.push(b',');
}

fn word(value: Option<&str>, out: &mut Vec<u8>) {
    if let Some(value) = value {
        out.extend_from_slice(value.as_bytes());
    }
    out.push(b',');
}

fn zero_padded(value: u64, width: usize, out: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value).as_bytes();
    let missing = width.saturating_sub(digits.len());
    out.extend(std::iter::repeat_n(b'0', missing));
    out.extend_from_slice(digits);
}
