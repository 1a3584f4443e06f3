//! What trials wrote: `output/<trial_id>.<attempt>.{out,err}`.

use std::fs;
use std::path::Path;

use super::error::StoreError;
use crate::process::{Captured, Exit};

/// Name of the folder below the run directory.
pub const OUTPUT: &str = "output";

/// Writes the captured output of one attempt. With several commands the parts follow one another,
/// each under a line with its lane and number. Streams without a byte get no file.
pub fn save_output(
    run_dir: &Path,
    trial_id: &str,
    attempt: u32,
    exits: &[Vec<Exit>],
) -> Result<(), StoreError> {
    let streams =
        [("out", joined(exits, |exit| &exit.stdout)), ("err", joined(exits, |exit| &exit.stderr))];
    for (extension, bytes) in streams {
        if bytes.is_empty() {
            continue;
        }
        let dir = run_dir.join(OUTPUT);
        fs::create_dir_all(&dir).map_err(StoreError::at("create", &dir))?;
        let path = dir.join(format!("{trial_id}.{attempt}.{extension}"));
        fs::write(&path, bytes).map_err(StoreError::at("write", &path))?;
    }
    Ok(())
}

/// The last lines of what was kept of standard error of one attempt, at most `count` that are not
/// blank, without control characters; none when nothing was kept.
#[must_use]
pub fn last_error_lines(run_dir: &Path, trial_id: &str, attempt: u32, count: usize) -> Vec<String> {
    let path = run_dir.join(OUTPUT).join(format!("{trial_id}.{attempt}.err"));
    let bytes = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let plain = |line: &str| -> String {
        line.trim_end().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    };
    let lines: Vec<String> =
        text.lines().filter(|line| !line.trim().is_empty()).map(plain).collect();
    lines[lines.len().saturating_sub(count)..].to_vec()
}

fn joined(exits: &[Vec<Exit>], stream: fn(&Exit) -> &Captured) -> Vec<u8> {
    let several = exits.iter().map(Vec::len).sum::<usize>() > 1;
    let mut bytes = Vec::new();
    for (lane, exits) in exits.iter().enumerate() {
        for (number, exit) in exits.iter().enumerate() {
            let captured = stream(exit);
            if captured.total_bytes() == 0 {
                continue;
            }
            if several {
                bytes.extend_from_slice(format!("== lane {lane}, command {number}\n").as_bytes());
            }
            bytes.extend_from_slice(&captured.head);
            if captured.omitted > 0 {
                let mark = format!("\n[{} bytes left out]\n", captured.omitted);
                bytes.extend_from_slice(mark.as_bytes());
            }
            bytes.extend_from_slice(&captured.tail);
        }
    }
    bytes
}
