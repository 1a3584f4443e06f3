//! The content of a cell as a key that survives every change elsewhere in the file.

use std::fmt;

use sha2::{Digest, Sha256};

/// The first 64 bits of SHA-256 over the content of a cell: names, resolved parameters, command,
/// kernel version; never positions. Displayed as `k` and 16 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey(u64);

impl CellKey {
    /// The key of these fields. Order and number of fields matter; each is length-prefixed, so
    /// that no two lists of fields run into one another.
    #[must_use]
    pub fn of<'a>(fields: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"runner-cell/1\0");
        for field in fields {
            hash.update((field.len() as u64).to_le_bytes());
            hash.update(field);
        }
        let digest = hash.finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Self(u64::from_be_bytes(first))
    }

    /// The key as eight bytes, for digests over keys.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for CellKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "k{:016x}", self.0)
    }
}
