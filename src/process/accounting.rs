//! How what a child used is counted, in tiers; and which one was used.

use serde::{Deserialize, Serialize};

/// The best way of counting that may be used; where it is not there, the next one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Accounting {
    /// `wait4` of the child: what it reaped itself included, what left it not.
    Child,
    /// The launcher is a sub-reaper, and `wait4` of whatever is left is added.
    Reaper,
    /// A control group (v2) without controllers: CPU time and reliable kills.
    Cgroup,
    /// A control group with the memory controller: peak memory of the tree as well.
    CgroupMemory,
}

impl Accounting {
    /// All, worst first.
    pub const ALL: [Self; 4] = [Self::Child, Self::Reaper, Self::Cgroup, Self::CgroupMemory];

    /// The word in arguments.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Child => "child",
            Self::Reaper => "reaper",
            Self::Cgroup => "cgroup",
            Self::CgroupMemory => "cgroup-memory",
        }
    }

    /// Reads [`Accounting::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == word)
    }
}

/// How CPU time was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CpuMethod {
    /// `wait4` of the child and of what it reaped.
    #[default]
    Wait4,
    /// `wait4` of the child and of every descendant that was left to the launcher.
    Wait4Tree,
    /// `cpu.stat` of the child's control group.
    Cgroup,
}

impl CpuMethod {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Wait4, Self::Wait4Tree, Self::Cgroup];

    /// The word in rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wait4 => "wait4",
            Self::Wait4Tree => "wait4_tree",
            Self::Cgroup => "cgroup",
        }
    }
}

/// How peak memory was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemoryMethod {
    /// `wait4`: the peak resident set of the largest single process.
    #[default]
    Wait4,
    /// The largest sum of proportional set sizes (PSS) over the tree that a sample has seen: a
    /// lower bound.
    PssSampled,
    /// `memory.peak` of the child's control group, page cache and kernel memory included.
    Cgroup,
}

impl MemoryMethod {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Wait4, Self::PssSampled, Self::Cgroup];

    /// The word in rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wait4 => "wait4",
            Self::PssSampled => "pss_sampled",
            Self::Cgroup => "cgroup",
        }
    }
}
