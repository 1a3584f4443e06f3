//! Counters of the kernel and of the processor over whole trees.

#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that functions called by tests are tests"
)]

use runner::process::{Command, Counter, Exit, SpawnPath, missing_counters};

use crate::children::{launcher, shell};

fn counted(script: &str) -> Command {
    Command { counters: true, ..shell(script) }
}

fn count(exit: &Exit, counter: Counter) -> Option<u64> {
    let at = Counter::ALL.iter().position(|one| *one == counter).unwrap();
    exit.counts[at]
}

/// Moves between CPUs can be forced, so that the way of the counts from grandchildren to the row
/// shows without counters in the processor.
#[test]
fn what_a_tree_does_is_counted_and_what_the_launcher_does_is_not() {
    let missing = missing_counters();
    if missing.iter().any(|(counter, _)| *counter == Counter::Migrations) {
        eprintln!("this system counts nothing: {missing:?}");
        return;
    }
    let cpus = std::thread::available_parallelism().unwrap().get();
    for path in [SpawnPath::Clone, SpawnPath::Std] {
        let mut launcher = launcher(path);
        let quiet = launcher.run(&counted(":")).unwrap();
        let few = count(&quiet, Counter::Migrations).unwrap();
        assert!(few < 20, "{few}");
        if cpus < 2 {
            continue;
        }
        // A grandchild is sent to and fro; taskset is part of util-linux.
        let script = "i=0; while [ $i -lt 40 ]; do i=$((i+1)); taskset -cp 0 $$ > /dev/null; \
                      taskset -cp 1 $$ > /dev/null; done";
        let command = counted(&format!("sh -c '{script}' & wait"));
        let moved = launcher.run(&command).unwrap();
        if moved.stderr.total_bytes() > 0 {
            eprintln!("no moves: {}", moved.stderr.text());
            return;
        }
        let many = count(&moved, Counter::Migrations).unwrap();
        assert!(many >= 40, "{many}");
        // The next child starts from nothing.
        let again = launcher.run(&counted(":")).unwrap();
        assert!(count(&again, Counter::Migrations).unwrap() < 20);
    }
}

#[test]
fn a_counter_that_the_system_lacks_counts_nothing() {
    let missing = missing_counters();
    let exit = launcher(SpawnPath::Clone).run(&counted(":")).unwrap();
    let unasked = launcher(SpawnPath::Clone).run(&shell(":")).unwrap();
    for counter in Counter::ALL {
        assert_eq!(count(&unasked, counter), None);
        let is_missing = missing.iter().any(|(other, _)| *other == counter);
        // One that is there may still have had to share its place.
        assert!(!is_missing || count(&exit, counter).is_none(), "{counter:?}");
    }
}
