//! What trials are kept from, and the layers of that.

use std::path::{Path, PathBuf};

/// What a trial is kept from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sandbox {
    /// It has no network.
    pub no_network: bool,
    /// It may change no file but below its own directory and below `writable`.
    pub read_only: bool,
    /// Further places that it may change, relative to the experiment's folder.
    pub writable: Vec<String>,
}

impl Sandbox {
    /// Nothing is kept from it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.no_network && !self.read_only
    }

    /// The sandbox of a child of a trial, with the trial's own directory, if it has one.
    #[must_use]
    pub fn of_child(&self, base_dir: &Path, own: Option<&Path>) -> crate::process::Sandbox {
        let others = self.writable.iter().map(|path| base_dir.join(path));
        let writable: Vec<PathBuf> = own.map(Path::to_owned).into_iter().chain(others).collect();
        crate::process::Sandbox {
            no_network: self.no_network,
            writable: self.read_only.then_some(writable),
        }
    }
}

/// Some keys of a sandbox, to be laid over others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SandboxPatch {
    /// See [`Sandbox::no_network`].
    pub no_network: Option<bool>,
    /// See [`Sandbox::read_only`].
    pub read_only: Option<bool>,
    /// See [`Sandbox::writable`].
    pub writable: Option<Vec<String>>,
}

impl SandboxPatch {
    /// Lays its keys over a sandbox.
    pub fn lay_over(&self, sandbox: &mut Sandbox) {
        sandbox.no_network = self.no_network.unwrap_or(sandbox.no_network);
        sandbox.read_only = self.read_only.unwrap_or(sandbox.read_only);
        if let Some(writable) = &self.writable {
            sandbox.writable.clone_from(writable);
        }
    }
}
