//! Where time enters: the wall clock for people, the monotonic clock for arithmetic.

use std::time::Duration;

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

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

/// A moment on the clock of this machine's time zone as ms since 1970: `21:30`, which is the next
/// time that it is so late, or a day with it, `2026-11-28T07:00`.
///
/// # Errors
/// It is neither, or has passed; the reason is for people.
pub fn local_ms(text: &str) -> Result<i64, String> {
    let now = Timestamp::from_millisecond(unix_ms()).map_err(|error| error.to_string())?;
    next(text, &now.to_zoned_datetime(TimeZone::system()))
}

fn next(text: &str, now: &ZonedDateTime) -> Result<i64, String> {
    let text = text.trim();
    let unclear = || "give a time such as 21:30 or 2026-11-28T07:00".to_owned();
    let at =
        |time: DateTime| time.to_zoned_datetime(now.time_zone().clone()).map_err(|_| unclear());
    if !text.contains(':') {
        return Err(unclear());
    }
    // Asked first, since a whole date can be read as its time of day.
    let found = if text.contains('-') {
        at(text.parse().map_err(|_| unclear())?)?
    } else {
        let time: Time = text.parse().map_err(|_| unclear())?;
        let today = at(now.date().to_datetime(time))?;
        if today > *now {
            today
        } else {
            at(now.date().tomorrow().map_err(|_| unclear())?.to_datetime(time))?
        }
    };
    if found <= *now {
        return Err(format!("{} has passed", found.datetime()));
    }
    Ok(found.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_the_next_one_and_a_date_must_lie_ahead() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let local = |text: &str| -> ZonedDateTime {
            let time: DateTime = text.parse().expect("a time");
            time.to_zoned_datetime(zone.clone()).expect("no gap")
        };
        let now = local("2026-11-27T21:00");
        let ms = |text: &str| local(text).timestamp().as_millisecond();
        assert_eq!(next("21:30", &now), Ok(ms("2026-11-27T21:30")));
        assert_eq!(next("21:00", &now), Ok(ms("2026-11-28T21:00")));
        assert_eq!(next(" 07:05:30 ", &now), Ok(ms("2026-11-28T07:05:30")));
        assert_eq!(next("2026-12-01T07:00", &now), Ok(ms("2026-12-01T07:00")));
        assert!(next("2026-11-27T20:59", &now).is_err_and(|reason| reason.contains("has passed")));
        for wrong in ["", "later", "25:00", "21", "2026-11-31T07:00"] {
            assert!(next(wrong, &now).is_err_and(|reason| reason.contains("21:30")), "{wrong}");
        }
    }
}
