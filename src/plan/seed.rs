//! Seeds: one master seed, separated by purpose, so that nothing depends on the order in which
//! things are drawn.

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
