//! Where time enters: the wall clock for people, the monotonic clock for arithmetic.

use std::time::Duration;

/// A point on `CLOCK_MONOTONIC`, in nanoseconds. The same clock in every process of the machine,
/// so that offsets can be compared between the runner and its children.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub u64);

impl Instant {
    /// Nanoseconds since `earlier`; 0 if it is later.
    #[must_use]
    pub fn since_ns(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This point and a duration later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// Now, on the monotonic clock.
#[must_use]
pub fn now() -> Instant {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let seconds = u64::try_from(time.tv_sec).expect("the monotonic clock is not negative");
    let nanos = u64::try_from(time.tv_nsec).expect("the monotonic clock is not negative");
    Instant(seconds * 1_000_000_000 + nanos)
}

/// Milliseconds since 1970 on the wall clock (UTC). For people and records, never for intervals.
#[must_use]
pub fn unix_ms() -> i64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
}
