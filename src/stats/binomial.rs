//! The binomial distribution: with p = ½ exact where integers hold it, and stable beyond and for
//! any other p.

/// Largest n whose 2^n fits the integers used for exact sums.
const EXACT: u64 = 127;

/// Terms below this share of the largest one cannot change a tail that is compared with any
/// sensible level.
const NEGLIGIBLE: f64 = 1e-40;

/// P(Bin(n, ½) ≤ k − 1) for k = 0, 1, … as long as twice the value is at most `limit`: the tail
/// below each admissible lower rank. The last element belongs to the largest rank.
///
/// Up to n = 127 the values are correctly rounded; beyond, they carry the rounding errors of one
/// walk down from the mode (relative error below 1e-11 for n = 10⁶).
#[must_use]
pub fn lower_tail(n: u64, limit: f64) -> Tail {
    if n <= EXACT { exact(n, limit) } else { walk(n, limit) }
}

/// The largest admissible rank and the tail below it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    /// The largest l with 2·P(Bin(n, ½) ≤ l − 1) ≤ limit; 0 if there is none.
    pub rank: u64,
    /// P(Bin(n, ½) ≤ l − 1); 0 for rank 0.
    pub below: f64,
}

impl Tail {
    const NONE: Self = Self { rank: 0, below: 0.0 };
}

fn exact(n: u64, limit: f64) -> Tail {
    let scale = 2.0_f64.powi(i32::try_from(n).expect("n is at most 127"));
    let (mut tail, mut sum, mut term) = (Tail::NONE, 0_u128, 1_u128);
    for k in 0..=n / 2 {
        sum += term;
        let below = sum as f64 / scale;
        if 2.0 * below > limit {
            break;
        }
        tail = Tail { rank: k + 1, below };
        term = next_coefficient(term, n, k);
    }
    tail
}

/// C(n, k + 1) from C(n, k), without an intermediate that overflows.
fn next_coefficient(coefficient: u128, n: u64, k: u64) -> u128 {
    let (factor, divisor) = (u128::from(n - k), u128::from(k + 1));
    let (quotient, remainder) = (coefficient / divisor, coefficient % divisor);
    quotient * factor + remainder * factor / divisor
}

/// Sums the terms relative to the largest one, which spans far more than a double's exponents
/// could hold if the terms themselves were computed.
fn walk(n: u64, limit: f64) -> Tail {
    let mode = n / 2;
    let mut terms = vec![1.0_f64];
    let mut k = mode;
    while k > 0 {
        let term = terms[terms.len() - 1] * (k as f64 / (n - k + 1) as f64);
        if term < NEGLIGIBLE {
            break;
        }
        terms.push(term);
        k -= 1;
    }
    // `terms[i]` belongs to mode − i. The distribution is symmetric, so twice the lower half, less
    // the mode that an even n has only once, is everything.
    let half: f64 = terms.iter().rev().sum();
    let total = if n.is_multiple_of(2) { 2.0 * half - 1.0 } else { 2.0 * half };
    let mut tail = Tail::NONE;
    let mut sum = 0.0;
    for (offset, term) in terms.iter().enumerate().rev() {
        sum += term;
        let below = sum / total;
        if 2.0 * below > limit {
            break;
        }
        let rank = mode - offset as u64 + 1;
        tail = Tail { rank, below };
    }
    tail
}

/// The binomial distribution with n trials of probability p.
#[derive(Clone, Debug)]
pub struct Binomial {
    /// The first k with a share that counts.
    first: u64,
    /// P(X ≤ first), P(X ≤ first + 1), …
    cumulative: Vec<f64>,
}

impl Binomial {
    /// The distribution for `p` in (0, 1).
    #[must_use]
    pub fn new(n: u64, p: f64) -> Self {
        let odds = p / (1.0 - p);
        let mode = (((n + 1) as f64 * p) as u64).min(n);
        let walk = |ratio: &dyn Fn(u64) -> f64, steps: u64| {
            let mut terms = Vec::new();
            let mut term = 1.0_f64;
            for step in 0..steps {
                term *= ratio(step);
                if term < NEGLIGIBLE {
                    break;
                }
                terms.push(term);
            }
            terms
        };
        let down = walk(&|step| (mode - step) as f64 / ((n - mode + step + 1) as f64 * odds), mode);
        let up = walk(&|step| (n - mode - step) as f64 * odds / (mode + step + 1) as f64, n - mode);
        let first = mode - down.len() as u64;
        let terms = down.iter().rev().chain(&[1.0]).chain(&up);
        let mut sum = 0.0;
        let mut cumulative: Vec<f64> = terms
            .map(|term| {
                sum += term;
                sum
            })
            .collect();
        cumulative.iter_mut().for_each(|share| *share /= sum);
        Self { first, cumulative }
    }

    /// P(X < k).
    #[must_use]
    pub fn below(&self, k: u64) -> f64 {
        let Some(at) = k.checked_sub(self.first + 1) else {
            return 0.0;
        };
        let last = self.cumulative.len() - 1;
        self.cumulative[usize::try_from(at).map_or(last, |at| at.min(last))]
    }
}

/// Both ways of summing, for the test that compares them.
#[cfg(test)]
pub(super) fn both(n: u64, limit: f64) -> (Tail, Tail) {
    (walk(n, limit), exact(n, limit))
}
