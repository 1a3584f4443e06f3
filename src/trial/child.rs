//! The hidden entries of child processes.

/// Dispatches a hidden entry, if this process is one.
#[must_use]
pub fn child_entry() -> Option<std::process::ExitCode> {
    None
}
