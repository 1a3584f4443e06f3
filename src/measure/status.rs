//! How a trial ended, in one word.

use serde::{Deserialize, Serialize};

/// The status of one attempt, with the words of the results files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It ended by itself, successfully, with the right answer.
    Ok,
    /// It ended with another exit code than 0, by a signal, by a panic, or left processes behind.
    Failed,
    /// It was ended because its time was up; a right-censored value.
    Timeout,
    /// It was ended because its CPU time was up.
    CpuLimit,
    /// It was ended because its memory was used up.
    Oom,
    /// It was ended because it wrote too much.
    OutputLimit,
    /// It could not be started.
    StartFailed,
    /// Its answer was wrong, unreadable or not that of the other trials.
    InvalidOutput,
    /// The run was ended while it ran.
    Interrupted,
    /// It was planned and deliberately not started.
    Skipped,
}

impl Status {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Timeout => "timeout",
            Self::CpuLimit => "cpu_limit",
            Self::Oom => "oom",
            Self::OutputLimit => "output_limit",
            Self::StartFailed => "start_failed",
            Self::InvalidOutput => "invalid_output",
            Self::Interrupted => "interrupted",
            Self::Skipped => "skipped",
        }
    }

    /// Whether the trial counts as a failure of what was run (exit code 3, retries).
    #[must_use]
    pub fn is_failure(self) -> bool {
        match self {
            Self::Ok | Self::Interrupted | Self::Skipped => false,
            Self::Failed
            | Self::Timeout
            | Self::CpuLimit
            | Self::Oom
            | Self::OutputLimit
            | Self::StartFailed
            | Self::InvalidOutput => true,
        }
    }
}
