//! What is run around trials, cells and the whole run: prepared before, cleared away after.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::template::{Template, stands_for};

/// Longest time of one command of a hook, unless the file says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// Commands before and after something. Untimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Argument vectors run before, one after another until one fails.
    pub setup: Vec<Vec<Template>>,
    /// Argument vectors run after, every one of them, whatever happened.
    pub teardown: Vec<Vec<Template>>,
    /// Longest time of each command.
    pub timeout: Duration,
}

impl Hook {
    /// Every template in it.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.setup.iter().chain(&self.teardown).flatten()
    }
}

/// The hooks of a workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hooks {
    /// Around all trials of each of its cells.
    pub cell: Option<Hook>,
    /// Around each attempt at each of its trials.
    pub trial: Option<Hook>,
}

impl Hooks {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cell.is_none() && self.trial.is_none()
    }

    /// Whether a placeholder in them names the parameter.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        self.templates().any(|template| template.names().any(|used| stands_for(used, name)))
    }

    /// Every template in them.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.cell.iter().chain(&self.trial).flat_map(Hook::templates)
    }
}

/// Before or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookStep {
    /// Before.
    Setup,
    /// After.
    Teardown,
}

impl HookStep {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Teardown => "teardown",
        }
    }
}
