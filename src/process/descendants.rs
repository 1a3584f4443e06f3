//! What a child leaves behind.
//!
//! The launcher is a sub-reaper: a process whose parents have died becomes its child, even one
//! that has left its group or session. Whatever is still there after the child's end is killed
//! and reaped, so that its cost is known and the next child starts on a quiet machine.

use std::fs::File;
use std::os::unix::fs::FileExt;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpgid, kill_process, waitid};

use super::exit::{Ending, Usage};
use super::sys;

/// The children of this process.
pub(super) struct Descendants {
    children: Option<File>,
    text: Vec<u8>,
}

/// What was known before the sweep.
pub(super) struct Before {
    /// Children that had ended by themselves, unreaped.
    ended: Vec<Pid>,
    /// The group that had been sent KILL while its leader ran: it died with it, it was not left.
    killed_group: Option<Pid>,
}

impl Descendants {
    /// Whether this process has any child, running or not.
    pub fn any(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        waitid(WaitId::All, options).is_ok()
    }

    pub fn new() -> Self {
        let thread = rustix::thread::gettid().as_raw_nonzero();
        Self {
            children: File::open(format!("/proc/self/task/{thread}/children")).ok(),
            text: Vec::new(),
        }
    }

    /// To be asked between the leader's end and its reaping, and before its group is killed.
    pub fn before(&mut self, leader: Pid, group_was_killed: bool) -> Before {
        let mut ended = self.list();
        ended.retain(|&pid| pid != leader && has_ended(pid));
        Before { ended, killed_group: group_was_killed.then_some(leader) }
    }

    /// Kills and reaps every child there is, and theirs. Returns how many had outlived their
    /// leader; adds what all of them used.
    pub fn sweep(&mut self, before: &Before, usage: &mut Usage) -> u32 {
        let mut leaked = 0;
        // Without children the first call says so, at a fraction of the cost of a list.
        while let Ok(reaped) = sys::reap_any() {
            if let Some((pid, ending, used)) = reaped {
                // The group is not known any more: a killed group counts by its signal alone.
                let with_leader = before.killed_group.is_some();
                leaked += u32::from(!with_leader && was_left(before, pid, &ending));
                usage.add(&used);
                continue;
            }
            leaked += self.kill_listed(before, usage);
        }
        leaked
    }

    fn kill_listed(&mut self, before: &Before, usage: &mut Usage) -> u32 {
        let mut leaked = 0;
        for pid in self.list() {
            let group = getpgid(Some(pid)).ok();
            let with_leader = group.is_some() && group == before.killed_group;
            // A child of ours that only we reap: the number cannot be anybody else's.
            let _ = kill_process(pid, Signal::KILL);
            let Ok((ending, used)) = sys::reap(pid) else {
                continue;
            };
            leaked += u32::from(!with_leader && was_left(before, pid, &ending));
            usage.add(&used);
        }
        leaked
    }

    fn list(&mut self) -> Vec<Pid> {
        let Some(file) = &self.children else {
            return children_by_search();
        };
        self.text.clear();
        let mut chunk = [0; 512];
        while let Ok(count @ 1..) = file.read_at(&mut chunk, self.text.len() as u64) {
            self.text.extend_from_slice(&chunk[..count]);
        }
        let text = std::str::from_utf8(&self.text).unwrap_or("");
        text.split_ascii_whitespace().filter_map(pid).collect()
    }
}

/// From here on processes whose parents have died become children of this process, so that
/// [`kill_orphans`] finds what a launcher leaves when it is killed itself. Without it (before
/// Linux 3.4) they are init's.
pub fn adopt_orphans() {
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// Kills and reaps every child of this process but those with these numbers, and what they leave
/// in turn.
pub fn kill_orphans(keep: &[u32]) {
    let kept = |pid: &Pid| keep.contains(&pid.as_raw_nonzero().get().cast_unsigned());
    loop {
        let mut orphans = children_by_search();
        orphans.retain(|pid| !kept(pid));
        if orphans.is_empty() {
            return;
        }
        for pid in orphans {
            // A child of ours that only we reap: the number cannot be anybody else's.
            let _ = kill_process(pid, Signal::KILL);
            if sys::reap(pid).is_err() {
                return;
            }
        }
    }
}

fn has_ended(pid: Pid) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    matches!(waitid(WaitId::Pid(pid), options), Ok(Some(_)))
}

fn was_left(before: &Before, pid: Pid, ending: &Ending) -> bool {
    *ending == Ending::Signalled(libc::SIGKILL) && !before.ended.contains(&pid)
}

fn pid(text: &str) -> Option<Pid> {
    Pid::from_raw(text.parse().ok()?)
}

/// For kernels without the list of children (`CONFIG_PROC_CHILDREN`).
fn children_by_search() -> Vec<Pid> {
    let me = rustix::process::getpid();
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| pid(entry.file_name().to_str()?))
        .filter(|&pid| parent_of(pid) == Some(me))
        .collect()
}

fn parent_of(process: Pid) -> Option<Pid> {
    let path = format!("/proc/{}/stat", process.as_raw_nonzero());
    let stat = std::fs::read(path).ok()?;
    // The program's name is in parentheses and may hold anything, parentheses too.
    let name_end = stat.iter().rposition(|&byte| byte == b')')?;
    let rest = std::str::from_utf8(stat.get(name_end + 1..)?).ok()?;
    pid(rest.split_ascii_whitespace().nth(1)?)
}

#[cfg(test)]
mod tests {
    use super::{children_by_search, parent_of};

    #[test]
    fn the_parent_of_this_process_is_read_from_proc() {
        assert_eq!(parent_of(rustix::process::getpid()), rustix::process::getppid());
        assert!(!children_by_search().contains(&rustix::process::getpid()));
    }
}
