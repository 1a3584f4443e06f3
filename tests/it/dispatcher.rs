//! Properties of the dispatcher over arbitrary interleavings of endings and signals.

use std::sync::Arc;

use proptest::prelude::*;
use runner::design::CellIx;
use runner::event::{Counts, Event, EventKind};
use runner::exec::Past;
use runner::exec::dispatcher::{Agenda, CancelLevel, Dispatcher, Effect, Hopeless, Input, Need};
use runner::exec::past::History;
use runner::measure::{Measured, Observation, Status};
use runner::plan::{Phase, Trial};

/// Cells among which trials take turns.
const CELLS: u32 = 3;

/// CPUs that trials may have together.
const BUDGET: u64 = 2;

struct Row {
    trials: usize,
    retries: u32,
    /// The trials take turns among this many cells, of which later ones are larger.
    cells: u32,
}

impl Agenda for Row {
    fn trials(&self) -> usize {
        self.trials
    }

    fn trial(&self, order: usize) -> Trial {
        let order = u32::try_from(order).expect("small");
        let cell = CellIx(order % self.cells);
        Trial { order, cell, phase: Phase::Measure, repeat: order + 1, position: 0 }
    }

    fn retries(&self, _trial: &Trial) -> u32 {
        self.retries
    }

    /// Later cells need more: up to everything there is, and beyond.
    fn need(&self, trial: &Trial) -> Need {
        Need { cpus: u64::from(trial.cell.0) + 1, memory_bytes: 0 }
    }

    fn budget(&self) -> Need {
        Need { cpus: BUDGET, memory_bytes: 0 }
    }

    fn after_timeout(&self, trial: &Trial) -> Option<Hopeless> {
        let cells = (trial.cell.0 + 1..self.cells).map(CellIx).collect();
        Some(Hopeless { cells, note: "larger".to_owned() })
    }
}

/// What the world does next.
#[derive(Clone, Copy, Debug)]
enum Move {
    /// The running attempt with this index (modulo) ends like this.
    End(usize, Status),
    /// What comes before the first trial is over.
    Go,
    Interrupt,
    HangUp,
    SinkFailed,
    TimeUp,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let status = prop_oneof![
        6 => Just(Status::Ok),
        2 => Just(Status::Failed),
        1 => Just(Status::Timeout),
        1 => Just(Status::Interrupted),
    ];
    let one = prop_oneof![
        30 => (any::<usize>(), status).prop_map(|(at, status)| Move::End(at, status)),
        3 => Just(Move::Go),
        1 => Just(Move::Interrupt),
        1 => Just(Move::HangUp),
        1 => Just(Move::SinkFailed),
        1 => Just(Move::TimeUp),
    ];
    proptest::collection::vec(one, 0..120)
}

fn observation(trial: Trial, attempt: u32, slot: u32, status: Status) -> Box<Observation> {
    let measured = Measured::empty(status);
    Box::new(Observation {
        trial,
        attempt,
        slot,
        session: 1,
        started_at_ms: 0,
        start_offset_ns: 0,
        measured,
    })
}

/// Plays the moves, then ends whatever still runs, and checks every effect on the way.
struct World {
    dispatcher: Dispatcher<Row>,
    slots: u32,
    running: Vec<(Trial, u32, u32)>,
    effects: Vec<Effect>,
    level: CancelLevel,
    folded: Counts,
    terminal: Vec<u32>,
    is_open: bool,
    is_closing: bool,
    is_time_up: bool,
    /// What earlier sessions have done.
    past: Arc<Past>,
    /// The smallest cell that has timed out.
    smallest_timeout: u32,
}

impl World {
    fn new(trials: usize, retries: u32, slots: u32, stop: bool) -> Self {
        Self::after(Past::default(), trials, retries, slots, stop)
    }

    fn after(past: Past, trials: usize, retries: u32, slots: u32, stop: bool) -> Self {
        let past = Arc::new(past);
        let row = Row { trials, retries, cells: CELLS };
        let dispatcher = Dispatcher::new(row, slots, stop, &past);
        let timed_out = |order: &usize| {
            let trial = past.trial(*order);
            trial.is_done && trial.ended == Some(Status::Timeout)
        };
        let cell = |order: usize| u32::try_from(order).expect("small") % CELLS;
        let smallest_timeout = (0..trials).filter(timed_out).map(cell).min().unwrap_or(u32::MAX);
        Self {
            dispatcher,
            slots,
            running: Vec::new(),
            effects: Vec::new(),
            level: CancelLevel::Running,
            folded: past.counts(trials),
            terminal: vec![0; trials],
            is_open: false,
            is_closing: false,
            is_time_up: false,
            past,
            smallest_timeout,
        }
    }

    fn step(&mut self, input: Input) {
        let mut effects = Vec::new();
        let in_between = !self.is_open || self.is_closing;
        let was_draining = self.dispatcher.level() >= CancelLevel::Draining;
        self.dispatcher.step(input, &mut effects);
        let mut previous: Option<&Effect> = None;
        for effect in &effects {
            self.check(effect, previous, was_draining);
            if let Effect::Terminate { slot } | Effect::Kill { slot } = effect {
                let busy = self.running.iter().any(|(_, _, busy)| busy == slot);
                assert!(busy || (in_between && *slot == 0), "the slot is busy");
            }
            previous = Some(effect);
        }
        assert!(self.dispatcher.level() >= self.level, "the cancel level never falls");
        self.level = self.dispatcher.level();
        assert!(self.running.len() <= self.slots as usize, "never more running than slots");
        self.effects.extend(effects);
    }

    fn check(&mut self, effect: &Effect, previous: Option<&Effect>, was_draining: bool) {
        match effect {
            Effect::Start { trial, attempt, slot } => {
                assert!(!was_draining, "nothing starts once draining");
                let past = self.past.trial(trial.order as usize);
                let is_first = *attempt == past.attempts + 1;
                assert!(!past.is_done && *attempt > past.attempts, "no attempt is made twice");
                assert!(!(is_first && self.is_time_up), "only retries start when the time is up");
                if is_first {
                    past.take_from(&mut self.folded);
                }
                let is_hopeless = is_first && trial.cell.0 > self.smallest_timeout;
                assert!(!is_hopeless, "nothing larger starts after a timeout");
                let started =
                    EventKind::TrialStarted { order: trial.order, attempt: *attempt, slot: *slot };
                assert_eq!(previous, Some(&Effect::Emit(started)), "recorded just before");
                assert!(self.running.iter().all(|(_, _, busy)| busy != slot), "the slot is free");
                self.running.push((*trial, *attempt, *slot));
                let needed: u64 = self.running.iter().map(|(t, ..)| u64::from(t.cell.0) + 1).sum();
                assert!(needed <= BUDGET || self.running.len() == 1, "in the budget, or alone");
            }
            Effect::Close => {
                assert!(self.running.is_empty() && !self.is_closing, "closed once, after all");
                self.is_closing = true;
            }
            Effect::Emit(EventKind::TrialFinished(observation)) => {
                self.terminal[observation.trial.order as usize] += 1;
                let cell = observation.trial.cell.0;
                match observation.measured.status {
                    Status::Ok => self.folded.ok += 1,
                    Status::Interrupted => self.folded.interrupted += 1,
                    Status::Skipped => {
                        assert!(cell > self.smallest_timeout, "only what is larger is skipped");
                        let past = self.past.trial(observation.trial.order as usize);
                        past.take_from(&mut self.folded);
                        self.folded.skipped += 1;
                    }
                    Status::Timeout => {
                        self.smallest_timeout = self.smallest_timeout.min(cell);
                        self.folded.failed += 1;
                    }
                    _ => self.folded.failed += 1,
                }
            }
            Effect::Emit(EventKind::AttemptFailed(_)) => self.folded.retried += 1,
            Effect::Emit(EventKind::RunFinished { counts }) => {
                assert_eq!(*counts, self.folded, "counts are the fold of the events");
                assert!(self.running.is_empty(), "the end comes after the last trial");
            }
            Effect::Emit(_)
            | Effect::Open
            | Effect::Exit
            | Effect::Terminate { .. }
            | Effect::Kill { .. } => {}
        }
    }

    fn end(&mut self, at: usize, status: Status) {
        if self.running.is_empty() {
            return;
        }
        let (trial, attempt, slot) = self.running.remove(at % self.running.len());
        self.step(Input::Ended(observation(trial, attempt, slot, status)));
    }

    /// Begins, and ends what comes before the first trial.
    fn begin(&mut self) {
        self.step(Input::Begin);
        assert_eq!(self.effects.last(), Some(&Effect::Open));
        self.open();
    }

    fn open(&mut self) {
        self.step(Input::Opened);
        self.is_open = true;
    }

    fn play(mut self, moves: &[Move]) -> Self {
        self.step(Input::Begin);
        for &one in moves {
            match one {
                Move::Go if !self.is_open => self.open(),
                Move::Go => {}
                Move::End(at, status) => self.end(at, status),
                Move::Interrupt => self.step(Input::Interrupt),
                Move::HangUp => self.step(Input::HangUp),
                Move::SinkFailed => self.step(Input::SinkFailed),
                Move::TimeUp => {
                    self.step(Input::TimeUp);
                    self.is_time_up = true;
                }
            }
        }
        if !self.is_open {
            self.open();
        }
        while !self.running.is_empty() {
            self.end(0, Status::Ok);
        }
        assert!(self.is_closing, "what comes after the last trial is asked for");
        self.step(Input::Closed);
        self
    }
}

proptest! {
    #[test]
    fn every_interleaving_keeps_the_promises(
        trials in 0_usize..30,
        retries in 0_u32..3,
        slots in 1_u32..5,
        stop in any::<bool>(),
        moves in moves(),
    ) {
        let world = World::new(trials, retries, slots, stop).play(&moves);
        let exits = world.effects.iter().filter(|effect| **effect == Effect::Exit).count();
        prop_assert_eq!(exits, 1, "the run ends once");
        prop_assert_eq!(world.effects.last(), Some(&Effect::Exit));
        let finished = matches!(
            world.effects.iter().rev().nth(1),
            Some(Effect::Emit(EventKind::RunFinished { .. }))
        );
        prop_assert!(finished, "RunFinished is the last event");
        prop_assert!(world.terminal.iter().all(|&count| count <= 1), "one terminal event a trial");
        if world.level == CancelLevel::Running && !world.is_time_up {
            prop_assert!(world.terminal.iter().all(|&count| count == 1), "no trial is lost");
        }
    }

    #[test]
    fn a_run_that_dies_anywhere_is_carried_on_without_loss_and_without_repetition(
        trials in 0_usize..20,
        retries in 0_u32..3,
        slots in 1_u32..4,
        deaths in proptest::collection::vec((moves(), any::<prop::sample::Index>()), 1..4),
        failed_again in any::<bool>(),
    ) {
        let planned = |order: usize| {
            (order < trials).then(|| Row { trials, retries, cells: CELLS }.trial(order))
        };
        let mut record: Vec<Event> = Vec::new();
        let mut past = Past::default();
        for (moves, death) in &deaths {
            let world = World::after(past, trials, retries, slots, false).play(moves);
            let kinds: Vec<EventKind> = world.effects.into_iter().filter_map(emitted).collect();
            append(&mut record, &kinds[..death.index(kinds.len() + 1)]);
            let history = History::of(&record, &[&planned]).expect("it can have happened");
            let lost = history.lost.iter().cloned().map(Box::new).map(EventKind::TrialFinished);
            append(&mut record, &lost.collect::<Vec<_>>());
            past = history.past;
        }
        let again = History::of(&record, &[&planned]).expect("the same");
        prop_assert!(again.lost.is_empty(), "what was lost is on record now");
        prop_assert_eq!(&again.past, &past);
        if failed_again {
            past = past.with_failed_again();
        }
        let world = World::after(past, trials, retries, slots, false).play(&[]);
        let kinds: Vec<EventKind> = world.effects.into_iter().filter_map(emitted).collect();
        append(&mut record, &kinds);
        let end = History::of(&record, &[&planned]).expect("it can have happened");
        prop_assert_eq!(end.past.done(), trials, "no trial is lost");
        let counts = end.past.counts(trials);
        prop_assert_eq!(counts.missing() + counts.interrupted, 0);
        if failed_again {
            prop_assert_eq!(counts.failed, 0, "the last session ends every trial well");
        }
    }

    #[test]
    fn the_same_inputs_give_the_same_effects(
        trials in 0_usize..20, slots in 1_u32..4, moves in moves(),
    ) {
        let one = World::new(trials, 1, slots, false).play(&moves);
        let two = World::new(trials, 1, slots, false).play(&moves);
        prop_assert_eq!(one.effects, two.effects);
    }
}

fn emitted(effect: Effect) -> Option<EventKind> {
    match effect {
        Effect::Emit(kind) => Some(kind),
        _ => None,
    }
}

fn append(record: &mut Vec<Event>, kinds: &[EventKind]) {
    for kind in kinds {
        let seq = record.len() as u64;
        record.push(Event { seq, at_ms: 0, elapsed_ns: 0, kind: kind.clone() });
    }
}

/// A trial started, and how it ended in which attempt, if it did.
fn told(order: usize, attempt: u32, end: Option<Status>) -> Vec<EventKind> {
    let trial = Row { trials: 3, retries: 0, cells: CELLS }.trial(order);
    let mut kinds = vec![EventKind::TrialStarted { order: trial.order, attempt, slot: 0 }];
    kinds
        .extend(end.map(|status| EventKind::TrialFinished(observation(trial, attempt, 0, status))));
    kinds
}

#[test]
fn what_cannot_have_happened_is_named() {
    let planned = |order: usize| {
        (order < 3).then(|| Row { trials: 3, retries: 0, cells: CELLS }.trial(order))
    };
    let reason = |kinds: &[Vec<EventKind>]| {
        let mut record = Vec::new();
        append(&mut record, &kinds.concat());
        History::of(&record, &[&planned]).expect_err("impossible").to_string()
    };
    let once = told(0, 1, Some(Status::Ok));
    assert_eq!(
        reason(&[once.clone(), once[1..].to_vec()]),
        "event 2: attempt 1 of t000001 ends, and is not under way"
    );
    assert_eq!(reason(&[once.clone(), once]), "event 2: attempt 1 of t000001 follows attempt 1");
    assert_eq!(reason(&[told(2, 2, None)]), "event 0: attempt 2 of t000003 follows attempt 0");
    assert_eq!(
        reason(&[vec![EventKind::TrialStarted { order: 3, attempt: 1, slot: 0 }]]),
        "event 0: the plan has no trial with index 3"
    );
}

#[test]
fn a_lost_attempt_does_not_cost_a_retry() {
    let mut record = Vec::new();
    append(&mut record, &told(0, 1, None));
    let planned = |order: usize| {
        (order < 3).then(|| Row { trials: 3, retries: 1, cells: CELLS }.trial(order))
    };
    let history = History::of(&record, &[&planned]).expect("it can have happened");
    assert_eq!(history.lost.len(), 1);
    let mut world = World::after(history.past, 3, 1, 1, false);
    world.begin();
    assert_eq!(world.dispatcher.counts().interrupted, 0, "it runs again");
    world.end(0, Status::Failed);
    assert_eq!((world.running[0].0.order, world.running[0].1), (0, 3), "its one retry");
    world.end(0, Status::Failed);
    assert_eq!((world.running[0].0.order, world.running[0].1), (1, 1));
}

#[test]
fn a_failed_trial_is_retried_at_once_in_its_slot() {
    let mut world = World::new(2, 1, 1, false);
    world.begin();
    world.end(0, Status::Failed);
    let last = world.effects.last().cloned();
    let Some(Effect::Start { trial, attempt, slot }) = last else {
        panic!("a start, not {last:?}")
    };
    assert_eq!((trial.order, attempt, slot), (0, 2, 0));
    world.end(0, Status::Failed);
    let last = world.effects.last().cloned();
    assert!(matches!(last, Some(Effect::Start { trial: Trial { order: 1, .. }, attempt: 1, .. })));
}

#[test]
fn three_interrupts_drain_terminate_and_kill() {
    let mut world = World::new(3, 0, 1, false);
    world.begin();
    world.step(Input::Interrupt);
    assert_eq!(world.level, CancelLevel::Draining);
    world.step(Input::Interrupt);
    assert_eq!(world.effects.last(), Some(&Effect::Terminate { slot: 0 }));
    world.step(Input::Interrupt);
    assert_eq!(world.effects.last(), Some(&Effect::Kill { slot: 0 }));
    world.step(Input::HangUp);
    assert_eq!(world.level, CancelLevel::Killing);
}

#[test]
fn an_attempt_that_was_refused_is_not_retried() {
    let mut world = World::new(2, 3, 1, false);
    world.begin();
    let (trial, attempt, slot) = world.running.remove(0);
    world.step(Input::Refused(observation(trial, attempt, slot, Status::StartFailed)));
    let last = world.effects.last().cloned();
    assert!(matches!(last, Some(Effect::Start { trial: Trial { order: 1, .. }, attempt: 1, .. })));
}

#[test]
fn an_interrupt_before_the_first_trial_starts_none_and_still_closes() {
    let mut world = World::new(3, 0, 2, false);
    world.step(Input::Begin);
    world.step(Input::Interrupt);
    world.step(Input::Interrupt);
    assert_eq!(world.effects.last(), Some(&Effect::Terminate { slot: 0 }));
    world.open();
    assert_eq!(world.effects.last(), Some(&Effect::Close));
    world.step(Input::Closed);
    assert_eq!(world.effects.last(), Some(&Effect::Exit));
    assert!(world.terminal.iter().all(|&count| count == 0));
}

#[test]
fn after_a_timeout_larger_cells_are_skipped_and_smaller_ones_run() {
    let mut world = World::new(6, 0, 1, false);
    world.begin();
    world.end(0, Status::Ok);
    world.end(0, Status::Timeout);
    let running = world.running[0].0;
    assert_eq!((running.order, running.cell), (3, CellIx(0)), "the third trial was skipped");
    world.end(0, Status::Ok);
    assert_eq!(world.running[0].0.cell, CellIx(1), "the cell that timed out goes on");
    world.end(0, Status::Ok);
    assert_eq!(world.effects.last(), Some(&Effect::Close));
    assert_eq!(world.terminal, [1; 6]);
    let counts = world.dispatcher.counts();
    assert_eq!((counts.ok, counts.failed, counts.skipped, counts.missing()), (3, 1, 2, 0));
}
