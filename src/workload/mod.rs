//! What is computed: built-in kernels.
//!
//! Owns the trait that a kernel implements, the registry and the kernels. A kernel is a pure
//! function of (parameters, task) to an exact answer. It refuses to know strategies, threads,
//! clocks and files (`sleep` alone needs a clock). Adding one = one file here and one line in
//! [`KERNELS`].

pub mod noop;
pub mod power_sum;
pub mod primes;
pub mod sleep;

use num_bigint::BigInt;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::design::{Binding, KernelSignature, Value};

/// The registry: every built-in kernel.
pub const KERNELS: [&dyn Kernel; 4] =
    [&power_sum::PowerSum, &primes::Primes, &sleep::Sleep, &noop::Noop];

/// The kernel of that name.
#[must_use]
pub fn kernel(name: &str) -> Option<&'static dyn Kernel> {
    KERNELS.iter().copied().find(|kernel| kernel.signature().name == name)
}

/// A built-in computation.
pub trait Kernel: Sync {
    /// Name, parameters and documentation.
    fn signature(&self) -> &'static KernelSignature;

    /// Fixes the parameters. The message of an error names the parameter and what is accepted.
    fn prepare(&self, params: &[Binding]) -> Result<Box<dyn Task>, String>;
}

/// A kernel with its parameters fixed, ready to run any of its tasks on any thread.
pub trait Task: Send + Sync {
    /// Carries out one task.
    ///
    /// Returns `None` only if `cancel` was set: the answer is then unknown.
    fn run(&self, share: Share, cancel: &Cancel) -> Option<Answer>;

    /// How much work a share is, in the kernel's own units (terms, candidates, …).
    fn work_units(&self, share: Share) -> u64;
}

/// The level of a parameter, if it is given.
fn level<'a>(params: &'a [Binding], name: &str) -> Option<&'a Value> {
    params.iter().find(|binding| binding.name.as_str() == name).map(|binding| &binding.value)
}

/// The level of a size: an integer from 0 to 2^64 - 1.
fn natural(params: &[Binding], name: &str) -> Result<u64, String> {
    let accepted = format!("an integer from 0 to {}", u64::MAX);
    let value = level(params, name).ok_or_else(|| format!("`{name}` is missing: {accepted}"))?;
    value.as_u64().ok_or_else(|| format!("`{name}` is {accepted}, not `{value}`"))
}

/// The part of the size that one task walks: part `index` of `parts`; `(0, 1)` is all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// 0-based.
    pub index: u32,
    /// At least 1.
    pub parts: u32,
}

impl Share {
    /// The whole size.
    pub const WHOLE: Self = Self { index: 0, parts: 1 };

    /// The half-open range of `0..size` that this share walks. The shares of one size do not
    /// overlap, leave nothing out and differ by at most one element.
    #[must_use]
    pub fn of(self, size: u64) -> std::ops::Range<u64> {
        let cut = |index: u32| {
            let cut = u128::from(size) * u128::from(index) / u128::from(self.parts);
            u64::try_from(cut).expect("a cut of a u64 size fits u64")
        };
        cut(self.index)..cut(self.index + 1)
    }
}

/// What one task found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing to compare.
    None,
    /// An exact integer; the answers of a trial's tasks add up.
    Sum(BigInt),
}

impl Answer {
    /// The answers of two tasks as one.
    #[must_use]
    pub fn combine(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, other) => other,
            (answer, Self::None) => answer,
            (Self::Sum(a), Self::Sum(b)) => Self::Sum(a + b),
        }
    }
}

/// A flag that kernels look at between chunks of work.
#[derive(Debug, Default)]
pub struct Cancel(AtomicBool);

impl Cancel {
    /// A flag that is not set; usable in a `static`.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Asks the kernel to stop.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Takes the request back, before the next trial.
    pub fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether the kernel is to stop.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
