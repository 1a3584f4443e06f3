//! Independent pieces of work on several threads. What comes out is in order, and does not depend
//! on how many threads there are: no piece knows of another.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// More threads than this gain nothing that a person would notice.
const MOST: usize = 8;

/// Fewer pieces, of fewer values together, are done before another thread has begun.
const FEW: (usize, usize) = (16, 20_000);

/// `piece(0)`, `piece(1)`, … . `values` is about how many values they look at together.
pub(super) fn map<T: Send>(
    pieces: usize,
    values: usize,
    piece: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let threads = if pieces < FEW.0 && values < FEW.1 {
        1
    } else {
        thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST).min(pieces)
    };
    on_threads(threads, pieces, &piece)
}

fn on_threads<T: Send>(
    threads: usize,
    pieces: usize,
    piece: &(impl Fn(usize) -> T + Sync),
) -> Vec<T> {
    if threads < 2 {
        return (0..pieces).map(piece).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= pieces {
                return done;
            }
            done.push((at, piece(at)));
        }
    };
    let mut all: Vec<(usize, T)> = thread::scope(|scope| {
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for worker in workers {
            match worker.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, value)| value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_threads_gives_the_same_in_order() {
        for threads in [0, 1, 2, 7, 100] {
            let found = on_threads(threads, 50, &|at| at * at);
            assert_eq!(found, (0..50).map(|at| at * at).collect::<Vec<_>>(), "{threads}");
        }
        assert!(on_threads(3, 0, &|at| at).is_empty());
    }

    #[test]
    #[should_panic(expected = "piece 3")]
    fn a_panic_in_a_piece_is_not_lost() {
        on_threads(2, 5, &|at| assert!(at != 3, "piece 3"));
    }
}
