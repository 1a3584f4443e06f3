//! The hidden entries of child processes.

use std::process::ExitCode;

use crate::process;

/// Dispatches a hidden entry, if this process is one.
#[must_use]
pub fn child_entry() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next()?.to_str()? {
        process::LAUNCH_ENTRY => Some(process::launcher_main(arguments)),
        _ => None,
    }
}
