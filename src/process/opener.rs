//! Shows a file to the user with the program of the desktop. It is no trial: nothing is counted,
//! nobody waits for it, and it outlives the runner.

#![expect(clippy::disallowed_methods, reason = "this is the room that starts processes")]

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;

/// The program that knows which program shows a file (freedesktop.org, xdg-utils).
const OPENER: &str = "xdg-open";

/// Starts the program that shows a file, in a group of its own, without streams.
///
/// # Errors
/// There is no such program, or it cannot be started.
pub fn show(path: &Path) -> io::Result<()> {
    let mut command = std::process::Command::new(OPENER);
    command.arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.process_group(0);
    command.spawn().map(drop)
}
