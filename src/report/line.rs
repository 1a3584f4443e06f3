//! An event as one line of JSON, written by hand for the two kinds that come with every trial.
//!
//! The line is byte for byte what serde writes, which a test holds; it only costs less, because
//! names are not looked at again each time. Whatever is rare goes through serde.

use serde::Serialize;

use crate::event::{Event, EventKind};
use crate::measure::{Measured, Observation};

/// Appends the event and a line feed.
pub fn push(event: &Event, out: &mut Vec<u8>) {
    match &event.kind {
        EventKind::TrialStarted { order, attempt, slot } => {
            head(event, out);
            out.extend_from_slice(b"{\"trial_started\":{\"order\":");
            integer(*order, out);
            place(*attempt, *slot, out);
            out.extend_from_slice(b"}}}\n");
        }
        EventKind::TrialFinished(observation) => {
            head(event, out);
            out.extend_from_slice(b"{\"trial_finished\":");
            self::observation(observation, out);
            out.extend_from_slice(b"}}\n");
        }
        EventKind::SessionStarted(_)
        | EventKind::Extended { .. }
        | EventKind::RunStarted
        | EventKind::AttemptFailed(_)
        | EventKind::FamilyStopped(_)
        | EventKind::HookEnded(_)
        | EventKind::CancelRequested { .. }
        | EventKind::RunFinished { .. } => {
            json(event, out);
            out.push(b'\n');
        }
    }
}

/// Appends any value as serde writes it.
pub fn json(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("plain values become JSON in memory");
}

fn head(event: &Event, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"seq\":");
    integer(event.seq, out);
    out.extend_from_slice(b",\"at_ms\":");
    integer(event.at_ms, out);
    out.extend_from_slice(b",\"elapsed_ns\":");
    integer(event.elapsed_ns, out);
    out.extend_from_slice(b",\"event\":");
}

fn place(attempt: u32, slot: u32, out: &mut Vec<u8>) {
    number(b"attempt", Some(attempt).filter(|&attempt| attempt != 1), out);
    number(b"slot", Some(slot).filter(|&slot| slot != 0), out);
}

fn observation(observation: &Observation, out: &mut Vec<u8>) {
    let trial = &observation.trial;
    out.extend_from_slice(b"{\"trial\":{\"order\":");
    integer(trial.order, out);
    out.extend_from_slice(b",\"cell\":");
    integer(trial.cell.0, out);
    out.extend_from_slice(b",\"phase\":\"");
    out.extend_from_slice(trial.phase.as_str().as_bytes());
    out.extend_from_slice(b"\",\"repeat\":");
    integer(trial.repeat, out);
    out.extend_from_slice(b",\"position\":");
    integer(trial.position, out);
    out.push(b'}');
    place(observation.attempt, observation.slot, out);
    number(b"session", Some(observation.session).filter(|&session| session != 1), out);
    out.extend_from_slice(b",\"started_at_ms\":");
    integer(observation.started_at_ms, out);
    out.extend_from_slice(b",\"start_offset_ns\":");
    integer(observation.start_offset_ns, out);
    out.extend_from_slice(b",\"measured\":");
    measured(&observation.measured, out);
    out.push(b'}');
}

/// The fields in the order of the struct; what is not there is left out.
fn measured(measured: &Measured, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"status\":\"");
    out.extend_from_slice(measured.status.as_str().as_bytes());
    out.push(b'"');
    number(b"time_ns", measured.time_ns, out);
    other(b"answer", measured.answer.as_ref(), out);
    list(b"metrics", &measured.metrics, out);
    number(b"process_ns", measured.process_ns, out);
    number(b"user_ns", measured.user_ns, out);
    number(b"sys_ns", measured.sys_ns, out);
    list(b"iterations_ns", &measured.iterations_ns, out);
    list(b"workers", &measured.workers, out);
    number(b"work_units", measured.work_units, out);
    number(b"max_rss_bytes", measured.max_rss_bytes, out);
    other(b"memory_floor", measured.memory_floor.then_some(&true), out);
    other(b"cpu_method", measured.cpu_method.as_ref(), out);
    other(b"memory_method", measured.memory_method.as_ref(), out);
    other(b"shared", measured.shared.then_some(&true), out);
    other(b"stopped", measured.stopped.then_some(&true), out);
    number(b"exit_code", measured.exit_code, out);
    number(b"signal", measured.signal, out);
    other(b"output_digest", measured.output_digest.as_ref(), out);
    other(b"expected", measured.expected.as_ref(), out);
    other(b"note", measured.note.as_ref(), out);
    number(b"read_bytes", measured.resources.read_bytes, out);
    number(b"written_bytes", measured.resources.written_bytes, out);
    number(b"minor_faults", measured.resources.minor_faults, out);
    number(b"major_faults", measured.resources.major_faults, out);
    number(b"vol_ctx_switches", measured.resources.vol_ctx_switches, out);
    number(b"invol_ctx_switches", measured.resources.invol_ctx_switches, out);
    list(b"counts", &measured.resources.counts, out);
    other(b"cpuset", measured.conditions.cpuset.as_ref(), out);
    list(b"sandbox", &measured.conditions.sandbox, out);
    number(b"load1_centi", measured.conditions.load1_centi, out);
    number(b"cpu_khz", measured.conditions.cpu_khz, out);
    number(b"temp_mc", measured.conditions.temp_mc, out);
    number(b"steal_ns", measured.conditions.steal_ns, out);
    number(b"throttled", measured.conditions.throttled, out);
    number(b"swapped_in_bytes", measured.conditions.swapped_in_bytes, out);
    number(b"cpu_pressure_ns", measured.conditions.cpu_pressure_ns, out);
    number(
        b"env_pad_bytes",
        Some(measured.conditions.env_pad_bytes).filter(|&bytes| bytes > 0),
        out,
    );
    out.push(b'}');
}

fn name(name: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name);
    out.extend_from_slice(b"\":");
}

fn number(field: &[u8], value: Option<impl itoa::Integer>, out: &mut Vec<u8>) {
    if let Some(value) = value {
        name(field, out);
        integer(value, out);
    }
}

fn other(field: &[u8], value: Option<&impl Serialize>, out: &mut Vec<u8>) {
    if let Some(value) = value {
        name(field, out);
        json(value, out);
    }
}

fn list(field: &[u8], values: &[impl Serialize], out: &mut Vec<u8>) {
    if !values.is_empty() {
        name(field, out);
        json(values, out);
    }
}

fn integer(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::design::CellIx;
    use crate::measure::{Status, WorkerSpan};
    use crate::plan::{Phase, Trial};
    use crate::process::{CpuMethod, MemoryMethod};

    fn assert_as_serde(kind: EventKind, seq: u64) {
        let event = Event { seq, at_ms: -1, elapsed_ns: seq.wrapping_mul(7), kind };
        let mut by_hand = Vec::new();
        push(&event, &mut by_hand);
        let mut by_serde = serde_json::to_vec(&event).unwrap();
        by_serde.push(b'\n');
        assert_eq!(String::from_utf8(by_hand).unwrap(), String::from_utf8(by_serde).unwrap());
    }

    /// Every field set, when `full`.
    fn observed(full: bool, number: u64, text: &str) -> Box<Observation> {
        let phase = if full { Phase::Measure } else { Phase::Warmup };
        let some = full.then_some(number);
        let mut measured = Measured::empty(Status::InvalidOutput);
        measured.time_ns = some;
        measured.answer = full.then(|| text.to_owned());
        measured.metrics = if full { vec![Some(0.1), None, Some(1e300)] } else { Vec::new() };
        measured.process_ns = some;
        measured.user_ns = some;
        measured.sys_ns = some;
        measured.iterations_ns = if full { vec![number, 0] } else { Vec::new() };
        measured.workers =
            if full { vec![WorkerSpan { start_ns: number, end_ns: 1 }; 2] } else { Vec::new() };
        measured.work_units = some;
        measured.max_rss_bytes = some;
        measured.memory_floor = full;
        measured.cpu_method = full.then_some(CpuMethod::Cgroup);
        measured.memory_method = full.then_some(MemoryMethod::PssSampled);
        measured.resources.major_faults = some;
        measured.resources.vol_ctx_switches = some;
        measured.resources.invol_ctx_switches = some;
        measured.conditions.load1_centi = full.then_some(7);
        measured.conditions.cpu_khz = some;
        measured.conditions.temp_mc = full.then_some(-5);
        measured.conditions.steal_ns = some;
        measured.conditions.throttled = some;
        measured.conditions.swapped_in_bytes = some;
        measured.conditions.cpu_pressure_ns = some;
        measured.conditions.cpuset = some.map(|n| n.to_string());
        measured.shared = some.is_some();
        measured.resources.counts = if full { vec![Some(number), None] } else { Vec::new() };
        measured.stopped = some.is_some();
        measured.conditions.sandbox = some.iter().map(|n| n.to_string()).collect();
        measured.resources.read_bytes = some;
        measured.resources.written_bytes = some;
        measured.resources.minor_faults = some;
        measured.exit_code = full.then_some(-3);
        measured.signal = full.then_some(9);
        measured.output_digest = full.then(|| text.to_owned());
        measured.expected = full.then_some(false);
        measured.conditions.env_pad_bytes = u32::from(full) * 4095;
        measured.note = full.then(|| text.to_owned());
        let order = u32::try_from(number % 1000).unwrap();
        Box::new(Observation {
            trial: Trial { order, cell: CellIx(order), phase, repeat: 1, position: order },
            attempt: 1 + u32::from(full),
            slot: u32::from(full) * 3,
            session: 1 + u32::from(full),
            started_at_ms: 1_700_000_000_000,
            start_offset_ns: number,
            measured,
        })
    }

    proptest! {
        #[test]
        fn lines_by_hand_are_those_of_serde(
            full in any::<bool>(), number in any::<u64>(), text in any::<String>(),
        ) {
            assert_as_serde(EventKind::TrialFinished(observed(full, number, &text)), number);
            assert_as_serde(EventKind::AttemptFailed(observed(full, number, &text)), number);
            assert_as_serde(EventKind::TrialStarted { order: 7, attempt: 1, slot: 0 }, number);
            assert_as_serde(EventKind::TrialStarted { order: 7, attempt: 2, slot: 1 }, number);
            assert_as_serde(EventKind::RunStarted, number);
        }
    }
}
