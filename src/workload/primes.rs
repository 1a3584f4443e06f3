//! `primes`: how many primes lie below n.
//!
//! Owns a segmented sieve of Eratosthenes over odd numbers: a segment is 32 KiB, which stays in
//! the first-level cache, and the only other memory are the odd primes up to √n. Refuses tables
//! and counting formulas. Nothing needs a `black_box`: the count depends on every mark.

use num_bigint::BigInt;

use std::ops::Range;

use super::{Answer, Cancel, Kernel, Share, Task, natural};
use crate::design::{Binding, KernelSignature, ParameterSignature, ValueKind};

/// Odd numbers in a segment, a byte each.
const SEGMENT: usize = 1 << 15;

/// Largest accepted n. The primes up to its square root take about 40 MB.
const MAX_N: u64 = 1_000_000_000_000_000;

/// The kernel.
pub struct Primes;

static SIGNATURE: KernelSignature = KernelSignature {
    name: "primes",
    version: 1,
    about: "counts the primes below n with a segmented sieve",
    parameters: &[ParameterSignature {
        name: "n",
        kind: ValueKind::Integer { min: 0 },
        required: true,
        default: "",
        about: "numbers below this are looked at; at most 10^15",
    }],
    size: Some("n"),
    example: "[workloads.primes]\nparams = { n = 10_000_000 }\n",
};

impl Kernel for Primes {
    fn signature(&self) -> &'static KernelSignature {
        &SIGNATURE
    }

    fn prepare(&self, params: &[Binding]) -> Result<Box<dyn Task>, String> {
        let n = natural(params, "n")?;
        if n > MAX_N {
            return Err(format!("`n` is at most {MAX_N} for `primes`, not {n}"));
        }
        Ok(Box::new(Sieve { n }))
    }
}

/// The kernel with its parameter fixed.
struct Sieve {
    n: u64,
}

impl Task for Sieve {
    fn run(&self, share: Share, cancel: &Cancel) -> Option<Answer> {
        let count = count(share.of(self.n), cancel)?;
        Some(Answer::Sum(BigInt::from(count)))
    }

    fn work_units(&self, share: Share) -> u64 {
        let range = share.of(self.n);
        range.end - range.start
    }
}

/// An odd prime and its next odd multiple that has not been marked.
struct Marker {
    prime: usize,
    multiple: u64,
}

/// Primes in `range`. `None`: cancelled.
fn count(range: Range<u64>, cancel: &Cancel) -> Option<u64> {
    let mut total = u64::from(range.contains(&2));
    let mut start = range.start.max(3) | 1;
    if start >= range.end {
        return Some(total);
    }
    let mut markers = markers((range.end - 1).isqrt(), start);
    let mut composite = vec![false; SEGMENT];
    while start < range.end {
        if cancel.is_set() {
            return None;
        }
        let left = (range.end - start).div_ceil(2);
        let odds = usize::try_from(left).map_or(SEGMENT, |left| left.min(SEGMENT));
        total += sieve(&mut composite[..odds], start, &mut markers);
        start += 2 * odds as u64;
    }
    Some(total)
}

/// Marks the composites among the odd numbers from `start` on and counts the others.
fn sieve(composite: &mut [bool], start: u64, markers: &mut [Marker]) -> u64 {
    composite.fill(false);
    for marker in markers {
        let mut index = usize::try_from((marker.multiple - start) / 2)
            .expect("n is at most 10^15, so that half of a difference fits usize");
        // One step in the index is two numbers: `prime` steps lead to the next odd multiple.
        while let Some(mark) = composite.get_mut(index) {
            *mark = true;
            index += marker.prime;
        }
        marker.multiple = start + 2 * index as u64;
    }
    composite.iter().filter(|&&composite| !composite).count() as u64
}

/// The odd primes up to `limit`, each at its first odd multiple that is neither below `start` nor
/// below its square: smaller multiples have a smaller factor.
fn markers(limit: u64, start: u64) -> Vec<Marker> {
    let limit = usize::try_from(limit).expect("the root of 10^15 fits usize");
    // Index k stands for 2k + 1.
    let mut composite = vec![false; limit.div_ceil(2).max(1) + 1];
    let mut markers = Vec::new();
    for prime in (3..=limit).step_by(2) {
        if composite[prime / 2] {
            continue;
        }
        for index in (prime * prime / 2..composite.len()).step_by(prime) {
            composite[index] = true;
        }
        let factor = start.div_ceil(prime as u64).max(prime as u64) | 1;
        markers.push(Marker { prime, multiple: factor * prime as u64 });
    }
    markers
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn by_trial_division(range: Range<u64>) -> u64 {
        let is_prime = |i: u64| i >= 2 && (2..=i.isqrt()).all(|d| !i.is_multiple_of(d));
        range.filter(|&i| is_prime(i)).count() as u64
    }

    #[test]
    fn counts_are_the_published_ones() {
        // OEIS A006880.
        let published = [0, 4, 25, 168, 1_229, 9_592, 78_498, 664_579];
        for (exponent, expected) in (0..).zip(published) {
            let n = 10_u64.pow(exponent);
            assert_eq!(count(0..n, &Cancel::new()), Some(expected), "10^{exponent}");
        }
    }

    #[test]
    fn a_window_far_out_is_counted_without_what_lies_before() {
        // Largest primes below 10^15 and beyond: trial division over the window agrees.
        let window = MAX_N - 60..MAX_N;
        let expected = by_trial_division(window.clone());
        assert_eq!(count(window, &Cancel::new()), Some(expected));
    }

    #[test]
    fn cancelling_stops_the_sieve() {
        let cancel = Cancel::new();
        cancel.set();
        assert_eq!(count(0..1_000_000, &cancel), None);
    }

    #[test]
    fn absurd_sizes_are_refused_with_the_limit() {
        let n = Binding {
            name: crate::design::ParamName::new("n").unwrap(),
            value: crate::design::Value::Integer((MAX_N + 1).into()),
        };
        let refusal = Primes.prepare(&[n]).err().unwrap();
        assert!(refusal.contains("1000000000000000"), "{refusal}");
    }

    proptest! {
        #[test]
        fn any_window_equals_trial_division(start in 0_u64..200_000, length in 0_u64..2_000) {
            let window = start..start + length;
            prop_assert_eq!(count(window.clone(), &Cancel::new()), Some(by_trial_division(window)));
        }

        #[test]
        fn shares_add_up_to_the_whole(n in 0_u64..300_000, parts in 1_u32..9) {
            let sieve = Sieve { n };
            let total = (0..parts)
                .filter_map(|index| sieve.run(Share { index, parts }, &Cancel::new()))
                .fold(Answer::None, Answer::combine);
            prop_assert_eq!(Some(total), sieve.run(Share::WHOLE, &Cancel::new()));
        }
    }
}
