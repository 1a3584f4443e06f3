//! `power-sum`: the exact sum of i^p over every i below n and every given power p (0^0 is 1).
//!
//! Owns the choice of the integer width and the loops. Refuses closed forms: the point of the
//! kernel is the walk, so every task touches every i of its share.
//!
//! The range is cut into chunks of at most 2^16 terms. Each chunk is summed in the narrowest
//! arithmetic that its largest term proves safe, and the chunk sums are added up in `num-bigint`.
//! The choice depends on the chunk alone, so that the same i costs the same in every share.

use std::hint::black_box;
use std::ops::Range;

use num_bigint::{BigInt, BigUint};

use super::{Answer, Cancel, Kernel, Share, Task, level, natural};
use crate::design::{Binding, KernelSignature, ParameterSignature, Value, ValueKind};

/// Most terms between two looks at the cancel flag, and the count that the bounds rely on.
const CHUNK: u64 = 1 << 16;

const DEFAULT_POWERS: [u32; 3] = [1, 2, 3];

/// The kernel.
pub struct PowerSum;

static SIGNATURE: KernelSignature = KernelSignature {
    name: "power-sum",
    version: 1,
    about: "sums i^p over every i below n and every power p, exactly",
    parameters: &[
        ParameterSignature {
            name: "n",
            kind: ValueKind::Integer { min: 0 },
            required: true,
            default: "",
            about: "how many i are walked: 0, 1, …, n - 1; below 2^64",
        },
        ParameterSignature {
            name: "powers",
            kind: ValueKind::IntegerList { min: 0 },
            required: false,
            default: "[1, 2, 3]",
            about: "the powers of each i that are added, each below 2^32; 0^0 is 1",
        },
    ],
    size: Some("n"),
    example: "[workloads.power-sum]\ntasks  = 2\nparams = { n = 1_000_000, powers = [1, 2, 3] }\n",
};

impl Kernel for PowerSum {
    fn signature(&self) -> &'static KernelSignature {
        &SIGNATURE
    }

    fn prepare(&self, params: &[Binding]) -> Result<Box<dyn Task>, String> {
        let n = natural(params, "n")?;
        let powers = match level(params, "powers") {
            None => DEFAULT_POWERS.to_vec(),
            Some(value) => powers(value)?,
        };
        Ok(Box::new(Walk::new(n, powers)))
    }
}

fn powers(value: &Value) -> Result<Vec<u32>, String> {
    let refused =
        || format!("`powers` is a list of integers from 0 to {}, not `{value}`", u32::MAX);
    let Value::List(list) = value else {
        return Err(refused());
    };
    list.iter()
        .map(|power| power.as_u64().and_then(|power| u32::try_from(power).ok()))
        .collect::<Option<Vec<u32>>>()
        .ok_or_else(refused)
}

/// The kernel with its parameters fixed.
struct Walk {
    n: u64,
    powers: Vec<u32>,
    /// The powers are 1, 2 and 3, for which there is a loop of its own.
    cubic: bool,
}

impl Walk {
    fn new(n: u64, powers: Vec<u32>) -> Self {
        let mut sorted = powers.clone();
        sorted.sort_unstable();
        Self { n, powers, cubic: sorted == DEFAULT_POWERS }
    }

    /// The sum over one chunk: at most [`CHUNK`] values of i, at least one. `None`: cancelled.
    fn chunk(&self, range: Range<u64>, cancel: &Cancel) -> Option<BigUint> {
        let last = range.end - 1;
        if self.cubic && last <= u64::from(u32::MAX) {
            return Some(BigUint::from(cubic(range)));
        }
        let sum = match Width::of(&self.powers, last) {
            Width::Term64 => terms_in_64(range, &self.powers),
            Width::Sum128 => terms_in_128(range, &self.powers),
            Width::Big => return terms_in_big(range, &self.powers, cancel),
        };
        Some(BigUint::from(sum))
    }
}

impl Task for Walk {
    fn run(&self, share: Share, cancel: &Cancel) -> Option<Answer> {
        let mut range = share.of(self.n);
        let mut total = BigUint::ZERO;
        while !range.is_empty() {
            if cancel.is_set() {
                return None;
            }
            let end = range.start + CHUNK.min(range.end - range.start);
            total += self.chunk(range.start..end, cancel)?;
            range.start = end;
        }
        Some(Answer::Sum(BigInt::from(total)))
    }

    fn work_units(&self, share: Share) -> u64 {
        let range = share.of(self.n);
        range.end - range.start
    }
}

/// The arithmetic that a chunk needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    /// Every term, all powers added, is below 2^64; 2^16 of them are below 2^80.
    Term64,
    /// 2^16 times the largest term is below 2^128.
    Sum128,
    /// Neither is certain.
    Big,
}

impl Width {
    /// The narrowest safe arithmetic for a chunk whose largest i is `last`.
    ///
    /// i^p never falls as i grows, so the term of `last`, all powers added, bounds every term of
    /// the chunk and every partial sum of powers inside a term; times the number of terms it
    /// bounds every partial sum of the chunk.
    fn of(powers: &[u32], last: u64) -> Self {
        let largest = powers
            .iter()
            .try_fold(0_u128, |sum, &power| sum.checked_add(u128::from(last).checked_pow(power)?));
        match largest {
            Some(term) if term <= u128::from(u64::MAX) => Self::Term64,
            Some(term) if term.checked_mul(u128::from(CHUNK)).is_some() => Self::Sum128,
            _ => Self::Big,
        }
    }
}

// Why `black_box(i)` stands in each loop: the sum of a polynomial over a range is a polynomial,
// and LLVM knows it. Without the box it replaces the whole loop by a few multiplications, and the
// time no longer depends on n. The box hides the value of the index, not the running sum: each
// term must then be computed from a value that the compiler has not seen, while the additions stay
// in registers. Boxing the sum instead would put a store and a load on the chain of additions,
// which is what the loop waits for; boxing the bounds of the range would not help at all.
//
// Why `wrapping_*`: release builds check every operation for overflow, which costs about half a
// nanosecond a term. `Width::of` has proved that nothing wraps, and the tests compare each loop
// with `num-bigint` at both sides of each bound.

/// i + i² + i³ as i · (i² + i + 1), where i is below 2^32 (so that the chunk is below 2^113):
/// i² + i + 1 ≤ 2^64 - 2^32 + 1 fits 64 bits, and the outer product is one widening multiplication.
/// Adding three powers one by one makes the chain of additions longer: 1.0 instead of 0.62 ns.
fn cubic(range: Range<u64>) -> u128 {
    let mut sum = 0_u128;
    for i in range {
        let i = black_box(i);
        let inner = i.wrapping_mul(i).wrapping_add(i).wrapping_add(1);
        sum = sum.wrapping_add(u128::from(inner).wrapping_mul(u128::from(i)));
    }
    sum
}

/// Any powers whose term is below 2^64 (`Width::Term64`).
fn terms_in_64(range: Range<u64>, powers: &[u32]) -> u128 {
    let mut sum = 0_u128;
    for i in range {
        let i = black_box(i);
        let term =
            powers.iter().fold(0_u64, |term, &power| term.wrapping_add(i.wrapping_pow(power)));
        sum = sum.wrapping_add(u128::from(term));
    }
    sum
}

/// Any powers whose chunk is below 2^128 (`Width::Sum128`).
fn terms_in_128(range: Range<u64>, powers: &[u32]) -> u128 {
    let mut sum = 0_u128;
    for i in range {
        let i = u128::from(black_box(i));
        let term =
            powers.iter().fold(0_u128, |term, &power| term.wrapping_add(i.wrapping_pow(power)));
        sum = sum.wrapping_add(term);
    }
    sum
}

/// Any powers. A term may take long, so that the flag is looked at for each. There is nothing to
/// fold here: `num-bigint` is opaque to the optimiser.
fn terms_in_big(range: Range<u64>, powers: &[u32], cancel: &Cancel) -> Option<BigUint> {
    let mut sum = BigUint::ZERO;
    for i in range {
        if cancel.is_set() {
            return None;
        }
        let i = BigUint::from(i);
        for &power in powers {
            sum += i.pow(power);
        }
    }
    Some(sum)
}

#[cfg(test)]
mod tests;
