//! The launchers of each slot and the children that run in them now.
//!
//! Knows commands and slots, and neither trials nor hooks.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::Duration;

use crate::clock::{self, Instant};
use crate::process::{self, Command, Ending, Exit, Launcher, LauncherOptions, SELF_EXE};

/// What runs in a slot.
#[derive(Debug)]
struct Active {
    deadline: Instant,
    ending: bool,
    /// Which launchers are at work.
    set: usize,
    lanes: Vec<Lane>,
}

#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<Command>,
    exits: Vec<Exit>,
    busy: bool,
}

/// Children of a slot that have all ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) exits: Vec<Vec<Exit>>,
    /// What went wrong with a launcher, if anything: the children are lost.
    pub(super) lost: Option<String>,
}

#[derive(Debug, Default)]
struct Slot {
    /// Those that have a network, then those that have none.
    launchers: [Vec<Launcher>; 2],
    active: Option<Active>,
}

/// All slots.
#[derive(Debug)]
pub(super) struct Fleet {
    options: LauncherOptions,
    slots: Vec<Slot>,
}

impl Fleet {
    pub(super) fn new(options: LauncherOptions, slots: u32) -> Self {
        process::adopt_orphans();
        let slots = (0..slots.max(1)).map(|_| Slot::default()).collect();
        Self { options, slots }
    }

    /// Starts the first command of every lane. On an error nothing of them is left running.
    pub(super) fn start(
        &mut self,
        slot: u32,
        timeout: Duration,
        lanes: Vec<Vec<Command>>,
    ) -> io::Result<()> {
        let slot = &mut self.slots[slot as usize];
        let no_network = lanes.iter().flatten().any(|command| command.sandbox.no_network);
        let set = usize::from(no_network);
        let options = LauncherOptions { no_network, ..self.options.clone() };
        while slot.launchers[set].len() < lanes.len() {
            slot.launchers[set].push(Launcher::start_with(Path::new(SELF_EXE), &options)?);
        }
        let lanes_of = |lane: Vec<Command>| Lane { waiting: lane.into(), ..Lane::default() };
        let mut active = Active {
            deadline: clock::now().after(timeout),
            ending: false,
            set,
            lanes: lanes.into_iter().map(lanes_of).collect(),
        };
        for (lane, launcher) in active.lanes.iter_mut().zip(&mut slot.launchers[set]) {
            if let Some(command) = lane.waiting.pop_front() {
                if let Err(error) = launcher.launch(&command) {
                    // Dropping a launcher ends what it started.
                    slot.launchers[set].clear();
                    return Err(error);
                }
                lane.busy = true;
            }
        }
        slot.active = Some(active);
        Ok(())
    }

    /// Everything to poll: slot, lane and descriptor of each busy launcher.
    pub(super) fn busy(&self) -> impl Iterator<Item = (u32, usize, BorrowedFd<'_>)> {
        (0_u32..).zip(&self.slots).flat_map(|(at, slot)| {
            let lanes = slot.active.iter().flat_map(|active| &active.lanes);
            let set = slot.active.as_ref().map_or(0, |active| active.set);
            lanes
                .zip(&slot.launchers[set])
                .enumerate()
                .filter(|(_, (lane, _))| lane.busy)
                .map(move |(index, (_, launcher))| (at, index, launcher.as_fd()))
        })
    }

    /// Takes what the launcher of a lane has to say. `Some` when all children of the slot have
    /// ended.
    pub(super) fn collect(&mut self, at: u32, lane: usize) -> Option<Ended> {
        let slot = &mut self.slots[at as usize];
        let active = slot.active.as_mut()?;
        let launcher = &mut slot.launchers[active.set][lane];
        let state = &mut active.lanes[lane];
        let exit = match launcher.receive() {
            Ok(Some(exit)) => exit,
            Ok(None) => return None,
            Err(error) => return Some(self.lose(at, &error)),
        };
        state.busy = false;
        let succeeded = exit.ending == Ending::Exited(0);
        active.ending |= exit.terminated || exit.timed_out || !succeeded;
        state.exits.push(exit);
        if !active.ending
            && let Some(mut command) = state.waiting.pop_front()
        {
            command.timeout = Duration::from_nanos(active.deadline.since_ns(clock::now()));
            if let Err(error) = launcher.launch(&command) {
                return Some(self.lose(at, &error));
            }
            state.busy = true;
        }
        if active.lanes.iter().any(|lane| lane.busy) {
            return None;
        }
        let active = slot.active.take()?;
        Some(Ended { exits: active.lanes.into_iter().map(|lane| lane.exits).collect(), lost: None })
    }

    /// A launcher died: its child dies with it, the rest of its tree becomes ours and is killed,
    /// and so is what runs in the other lanes.
    fn lose(&mut self, at: u32, error: &io::Error) -> Ended {
        let slot = &mut self.slots[at as usize];
        slot.launchers.iter_mut().for_each(Vec::clear);
        let kept =
            self.slots.iter().flat_map(|slot| slot.launchers.iter().flatten()).map(Launcher::id);
        process::kill_orphans(&kept.collect::<Vec<_>>());
        self.slots[at as usize].active = None;
        Ended { exits: Vec::new(), lost: Some(format!("the launcher process was lost: {error}")) }
    }

    /// Asks for the end of what runs in a slot; a lost launcher shows at the next `collect`.
    pub(super) fn terminate(&mut self, slot: u32, kill: bool) {
        let slot = &mut self.slots[slot as usize];
        let Some(active) = slot.active.as_mut() else {
            return;
        };
        active.ending = true;
        for (lane, launcher) in active.lanes.iter_mut().zip(&mut slot.launchers[active.set]) {
            lane.waiting.clear();
            if lane.busy {
                let asked = if kill { launcher.kill() } else { launcher.terminate() };
                drop(asked);
            }
        }
    }
}
