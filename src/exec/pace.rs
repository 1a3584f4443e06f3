//! When to stop so that a session is over by a given time. Pure: it is told the time.
//!
//! Owns one rule: a block is begun only if it would end in time at the pace of the slowest stretch
//! so far. A trial that is under way is never ended for it.

use crate::plan::{Phase, Trial};

/// The block of a trial; the warm-up's rounds count as blocks.
type Block = (Phase, u32);

/// The pace of a session that must be over by some time.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Wall clock, ms since 1970.
    by_ms: i64,
    /// Blocks follow one another; otherwise only the time itself counts.
    has_blocks: bool,
    block: Option<Block>,
    since_ms: i64,
    /// Trials that have ended since then.
    trials: u64,
    /// The slowest stretch: ms, trials.
    slowest: Option<(u64, u64)>,
}

impl Pace {
    /// The pace of a session that must be over by this time (ms since 1970).
    #[must_use]
    pub fn new(by_ms: i64, has_blocks: bool) -> Self {
        Self { by_ms, has_blocks, block: None, since_ms: 0, trials: 0, slowest: None }
    }

    /// A trial has ended.
    pub fn count(&mut self) {
        self.trials += 1;
    }

    /// Whether no further trial may begin. `ahead` are the trials that are left, in their order;
    /// the first of them would begin now.
    pub fn is_over(&mut self, now_ms: i64, mut ahead: impl Iterator<Item = Trial>) -> bool {
        let Some(next) = ahead.next() else { return false };
        if now_ms >= self.by_ms {
            return true;
        }
        let block = (next.phase, next.repeat);
        if !self.has_blocks || self.block == Some(block) {
            return false;
        }
        let took_ms = u64::try_from(now_ms.saturating_sub(self.since_ms)).unwrap_or(0);
        if self.block.is_some() && self.trials > 0 {
            let stretch = (took_ms, self.trials);
            let is_slower = |other: (u64, u64)| {
                u128::from(stretch.0) * u128::from(other.1)
                    > u128::from(other.0) * u128::from(stretch.1)
            };
            if self.slowest.is_none_or(is_slower) {
                self.slowest = Some(stretch);
            }
        }
        (self.block, self.since_ms, self.trials) = (Some(block), now_ms, 0);
        let same = |trial: &Trial| (trial.phase, trial.repeat) == block;
        let planned = 1 + ahead.take_while(same).count() as u64;
        let expected_ms = self.slowest.map_or(0, |(ms, trials)| ms * planned / trials);
        now_ms.saturating_add_unsigned(expected_ms) > self.by_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::CellIx;

    /// `blocks` blocks of two trials from this one on.
    fn blocks(first: u32, last: u32) -> Vec<Trial> {
        let trial = |repeat, position| Trial {
            order: repeat * 2 + position,
            cell: CellIx(position),
            phase: Phase::Measure,
            repeat,
            position,
        };
        (first..=last).flat_map(|repeat| [trial(repeat, 0), trial(repeat, 1)]).collect()
    }

    /// Blocks that end, when each trial takes so long and the time is up after `by_ms`.
    fn complete(takes_ms: &[i64], by_ms: i64) -> usize {
        let trials = blocks(1, u32::try_from(takes_ms.len() / 2).expect("few"));
        let mut pace = Pace::new(by_ms, true);
        let mut now_ms = 0;
        for (at, takes_ms) in takes_ms.iter().enumerate() {
            if pace.is_over(now_ms, trials[at..].iter().copied()) {
                assert_eq!(at % 2, 0, "a block is not left when its trials keep the pace");
                return at / 2;
            }
            now_ms += takes_ms;
            pace.count();
        }
        takes_ms.len() / 2
    }

    #[test]
    fn a_block_begins_only_if_it_fits_at_the_slowest_pace_so_far() {
        assert_eq!(complete(&[10; 20], 1_000), 10);
        assert_eq!(complete(&[10; 20], 60), 3, "three blocks of 20 ms fit exactly");
        assert_eq!(complete(&[10; 20], 59), 2);
        assert_eq!(complete(&[10, 10, 20, 20, 10, 10, 10, 10], 90), 2, "40 ms do not fit any more");
        assert_eq!(complete(&[10; 20], 0), 0);
    }

    #[test]
    fn a_clock_that_is_set_back_ends_nothing_early() {
        let trials = blocks(1, 3);
        let mut pace = Pace::new(1_000, true);
        let mut now_ms = 900;
        for at in 0..trials.len() {
            assert!(!pace.is_over(now_ms, trials[at..].iter().copied()), "trial {at}");
            pace.count();
            now_ms -= 250;
        }
    }

    #[test]
    fn the_size_of_a_block_counts() {
        let trials = blocks(1, 2);
        let mut pace = Pace::new(100, true);
        assert!(!pace.is_over(0, trials[1..].iter().copied()), "half a block is left");
        pace.count();
        assert!(pace.is_over(40, trials[2..].iter().copied()), "two trials of 40 ms do not fit");
    }

    #[test]
    fn without_blocks_only_the_time_counts_and_at_the_end_nothing_does() {
        let trials = blocks(1, 2);
        let mut pace = Pace::new(100, false);
        assert!(!pace.is_over(0, trials.iter().copied()));
        pace.count();
        assert!(!pace.is_over(99, trials[1..].iter().copied()));
        assert!(pace.is_over(100, trials[1..].iter().copied()));
        assert!(!pace.is_over(100, std::iter::empty()));
    }
}
