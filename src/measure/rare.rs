//! Groups of fields that most rows of a long run in process do not have, kept out of the row: a
//! million rows are held at once when tables are made.

use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::observation::is_zero;

/// A group of fields that takes the room of a pointer while none of them is set. Reading an absent
/// group gives its default; changing it makes it present.
#[derive(Clone, Debug, Default)]
pub struct Rare<T>(Option<Box<T>>);

/// A group that has a value in which no field is set.
pub trait Blank: Default + PartialEq + 'static {
    /// That value.
    fn blank() -> &'static Self;
}

impl<T: Blank> Deref for Rare<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or_else(|| T::blank())
    }
}

impl<T: Blank> DerefMut for Rare<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

impl<T: Blank> PartialEq for Rare<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Blank> From<T> for Rare<T> {
    fn from(group: T) -> Self {
        Self((group != *T::blank()).then(|| Box::new(group)))
    }
}

impl<T: Blank + Serialize> Serialize for Rare<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de, T: Blank + Deserialize<'de>> Deserialize<'de> for Rare<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::from)
    }
}

/// What a trial used beside time and memory. `None` = not measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resources {
    /// Bytes read from storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_bytes: Option<u64>,
    /// Bytes written to storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written_bytes: Option<u64>,
    /// Minor page faults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minor_faults: Option<u64>,
    /// Major page faults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub major_faults: Option<u64>,
    /// Voluntary context switches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vol_ctx_switches: Option<u64>,
    /// Involuntary context switches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invol_ctx_switches: Option<u64>,
    /// Counts of the processor and of the kernel, by `process::Counter::ALL`; empty when there is
    /// none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<Option<u64>>,
}

impl Blank for Resources {
    fn blank() -> &'static Self {
        static BLANK: LazyLock<Resources> = LazyLock::new(Resources::default);
        &BLANK
    }
}

/// Under which conditions a trial ran. `None` = not measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// CPUs on which it could run, read back after its start: `0-3`; only where they were chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpuset: Option<String>,
    /// What it was kept from, as far as it was: `network`, `files`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sandbox: Vec<String>,
    /// Load average of the last minute before the trial, in hundredths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load1_centi: Option<u32>,
    /// Mean frequency of the CPUs before the trial, in kHz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_khz: Option<u64>,
    /// The hottest sensor before the trial, in thousandths of a degree Celsius.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temp_mc: Option<i64>,
    /// Time that a hypervisor gave to others during the trial, in ns over all CPUs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steal_ns: Option<u64>,
    /// How often the processor slowed a core down against heat while it ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttled: Option<u64>,
    /// Bytes that the machine read back from swap while it ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swapped_in_bytes: Option<u64>,
    /// Time while it ran in which some task of the machine waited for a CPU, in ns (pressure
    /// stall information).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_pressure_ns: Option<u64>,
    /// Length of the random padding of the environment in bytes.
    #[serde(skip_serializing_if = "is_zero")]
    pub env_pad_bytes: u32,
}

impl Blank for Conditions {
    fn blank() -> &'static Self {
        static BLANK: LazyLock<Conditions> = LazyLock::new(Conditions::default);
        &BLANK
    }
}
