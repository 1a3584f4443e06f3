//! What disturbed a trial, in words of the tables. A flagged trial is used like any other.

use crate::measure::Measured;

/// Another trial of the run ran at the same time.
pub const SHARED: &str = "shared_machine";
/// The runner was stopped and went on while it ran.
pub const STOPPED: &str = "stopped";
/// The processor slowed a core down against heat.
pub const THROTTLED: &str = "throttled";
/// The machine read pages back from swap.
pub const SWAPPED: &str = "swapped";
/// The hypervisor or other programs took a notable share of the time.
pub const NOISY: &str = "noisy_host";

/// More than one part in this many of the time of a trial is notable.
const NOTABLE: u64 = 20;

/// The flags of one trial.
#[must_use]
pub fn of(measured: &Measured) -> Vec<&'static str> {
    let some = |count: Option<u64>| count.is_some_and(|count| count > 0);
    let elapsed = measured.process_ns.or(measured.time_ns).unwrap_or(0);
    let notable =
        measured.conditions.steal_ns.is_some_and(|ns| ns.saturating_mul(NOTABLE) > elapsed);
    let all = [
        (measured.shared, SHARED),
        (measured.stopped, STOPPED),
        (some(measured.conditions.throttled), THROTTLED),
        (some(measured.conditions.swapped_in_bytes), SWAPPED),
        (elapsed > 0 && notable, NOISY),
    ];
    all.into_iter().filter_map(|(holds, flag)| holds.then_some(flag)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Status;

    #[test]
    fn a_trial_has_the_flags_of_what_disturbed_it() {
        let mut measured = Measured::empty(Status::Ok);
        measured.time_ns = Some(1_000);
        (measured.conditions.throttled, measured.conditions.swapped_in_bytes) = (Some(0), Some(0));
        measured.conditions.steal_ns = Some(50);
        assert!(of(&measured).is_empty());
        (measured.conditions.throttled, measured.conditions.swapped_in_bytes) =
            (Some(1), Some(4_096));
        measured.conditions.steal_ns = Some(51);
        (measured.shared, measured.stopped) = (true, true);
        assert_eq!(of(&measured), [SHARED, STOPPED, THROTTLED, SWAPPED, NOISY]);
        // A kernel's child may run much longer than its region.
        measured.process_ns = Some(10_000);
        assert_eq!(of(&measured), [SHARED, STOPPED, THROTTLED, SWAPPED]);
    }
}
