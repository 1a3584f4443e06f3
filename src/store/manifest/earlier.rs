//! What a run was before it was extended.

use serde::{Deserialize, Serialize};

use super::{ExperimentFacts, KernelFacts, PlanFacts, ProtocolFacts};

/// The experiment of a run up to one of its sessions, as the manifest stated it then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EarlierFacts {
    /// The copy of the file beside the manifest.
    pub archived_as: String,
    /// The copy of all its layers beside the manifest.
    pub resolved_as: String,
    /// The last session that followed it; 0 when none began.
    pub last_session: u32,
    /// What was run.
    pub experiment: ExperimentFacts,
    /// What was planned.
    pub plan: PlanFacts,
    /// How each workload was repeated, isolated and limited.
    pub protocols: Vec<ProtocolFacts>,
    /// Its kernels.
    pub kernels: Vec<KernelFacts>,
    /// Assignments that were laid over the file.
    pub set: Vec<String>,
    /// Filters on cells.
    pub only: Vec<String>,
}
