//! Seeds and the generator: one master seed, separated by purpose, so that nothing depends on the
//! order in which things are drawn.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sha2::{Digest, Sha256};

/// What a seed is for; the word is part of the derivation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The order of trials.
    Schedule,
    /// The padding of the environment.
    EnvPad,
    /// The inputs of a workload.
    Workload,
    /// The bootstrap of a ratio of independent arms.
    Ratio,
    /// The bootstrap of a ratio over blocks.
    RatioPaired,
    /// The bootstrap of a mean.
    BcaMean,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::EnvPad => "env_pad",
            Self::Workload => "workload",
            Self::Ratio => "ratio",
            Self::RatioPaired => "ratio_paired",
            Self::BcaMean => "bca_mean",
        }
    }
}

/// The seed for one purpose and key: the first eight bytes, little endian, of
/// SHA-256("runner/1" 0 decimal(master) 0 purpose 0 key).
#[must_use]
pub fn derive_seed(master: u64, purpose: Purpose, key: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(b"runner/1\0");
    hash.update(itoa::Buffer::new().format(master));
    hash.update(b"\0");
    hash.update(purpose.as_str());
    hash.update(b"\0");
    hash.update(key);
    let digest = hash.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_le_bytes(first)
}

/// xoshiro256++ seeded by SplitMix64, with our own bounding and shuffle, so that the values never
/// change with a library.
#[derive(Clone, Debug)]
pub struct Generator(Xoshiro256PlusPlus);

impl Generator {
    /// A generator at the start of its stream.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound` by multiply-high: one draw, no rejection.
    pub fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.draw()) * u128::from(bound);
        u64::try_from(product >> 64).expect("the high half of a 128-bit product fits 64 bits")
    }

    /// Fisher-Yates, from the end down.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = usize::try_from(self.below(last as u64 + 1)).expect("an index");
            items.swap(last, other);
        }
    }
}
