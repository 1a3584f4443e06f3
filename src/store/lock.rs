//! Who writes into the directory of a run: one process at a time.
//!
//! The file `lock` is held with `flock(2)`, which the kernel ends with the process, and names its
//! holder by process number, start of that process and boot of the machine. Where `flock` says
//! nothing (another machine, some network file systems) the name decides. Refuses to wait and to
//! guess about processes of other machines.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::error::StoreError;

/// Name of the file.
pub const LOCK: &str = "lock";

/// How often the file may vanish between opening and locking it.
const TRIES: u32 = 64;

/// A process, told apart from a later one with the same number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its process number.
    pub pid: u32,
    /// Its start in clock ticks since boot: field 22 of `/proc/PID/stat`, see `proc_pid_stat(5)`.
    pub started_ticks: u64,
    /// The boot of the machine: `/proc/sys/kernel/random/boot_id`.
    pub boot_id: String,
    /// The machine's name.
    pub host: String,
}

impl Owner {
    /// This process.
    #[must_use]
    pub fn this() -> Self {
        let pid = std::process::id();
        Self {
            pid,
            started_ticks: started_ticks(pid).unwrap_or(0),
            boot_id: kernel("random/boot_id"),
            host: kernel("hostname"),
        }
    }

    /// What has become of it, as seen by another process.
    fn fate(&self, me: &Self) -> Fate {
        if self.boot_id != me.boot_id {
            return if self.host == me.host {
                Fate::Gone("the machine was started anew".to_owned())
            } else {
                Fate::Elsewhere
            };
        }
        match started_ticks(self.pid) {
            Some(ticks) if ticks == self.started_ticks => Fate::Alive,
            Some(_) => Fate::Gone("its number belongs to another process now".to_owned()),
            None => Fate::Gone("it is gone".to_owned()),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Alive,
    Gone(String),
    Elsewhere,
}

/// A file below `/proc/sys/kernel`; empty where there is none.
fn kernel(name: &str) -> String {
    let text = fs::read_to_string(Path::new("/proc/sys/kernel").join(name)).unwrap_or_default();
    text.trim().to_owned()
}

/// Start of a process in clock ticks since boot; nothing when it is gone, or dead and not reaped.
fn started_ticks(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is a name in parentheses that may hold anything.
    let rest = stat.rsplit_once(')')?.1;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    // The state is field 3.
    fields.nth(22 - 4)?.parse().ok()
}

/// Why a run cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process writes it.
    #[error("{0}")]
    Held(String),
    /// The file cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The right to write into the directory of a run; given back when dropped.
#[derive(Debug)]
pub struct RunLock {
    path: PathBuf,
    /// Keeps the lock of the kernel.
    _file: File,
    /// That it was taken over from a process that is gone, for people.
    pub taken_over: Option<String>,
}

impl RunLock {
    /// Takes the lock of a run directory.
    ///
    /// # Errors
    /// A living process has it, or the file cannot be written.
    pub fn take(dir: &Path) -> Result<Self, LockError> {
        Self::take_as(dir, &Owner::this())
    }

    fn take_as(dir: &Path, me: &Owner) -> Result<Self, LockError> {
        let path = dir.join(LOCK);
        let mut file = open_locked(&path)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(StoreError::at("read", &path))?;
        // A holder that died before it could write its name is no holder.
        let former: Option<Owner> = serde_json::from_str(&text).ok();
        let taken_over = match former.as_ref().map(|former| (former, former.fate(me))) {
            None => None,
            Some((former, Fate::Gone(why))) => {
                Some(format!("taken over from process {}: {why}", former.pid))
            }
            Some((former, Fate::Alive)) => return Err(held(former)),
            Some((former, Fate::Elsewhere)) => {
                let (pid, host, path) = (former.pid, &former.host, path.display());
                return Err(LockError::Held(format!(
                    "process {pid} on {host} writes it, or has died there; if it has, remove {path}"
                )));
            }
        };
        write_owner(&mut file, me).map_err(StoreError::at("write", &path))?;
        Ok(Self { path, _file: file, taken_over })
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // One that cannot be removed names a process that is gone, which the next one sees.
        drop(fs::remove_file(&self.path));
    }
}

/// Whether a living process of this machine writes a run, as far as the name in its lock tells.
#[must_use]
pub fn is_at_work(dir: &Path) -> bool {
    let text = fs::read_to_string(dir.join(LOCK)).unwrap_or_default();
    let owner: Option<Owner> = serde_json::from_str(&text).ok();
    owner.is_some_and(|owner| !matches!(owner.fate(&Owner::this()), Fate::Gone(_)))
}

fn held(owner: &Owner) -> LockError {
    LockError::Held(format!("process {} writes it", owner.pid))
}

/// The file, with the kernel's lock on it, still under its name.
fn open_locked(path: &Path) -> Result<File, LockError> {
    for _ in 0..TRIES {
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(StoreError::at("open", path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let mut text = String::new();
                // Its holder may be about to write its name, or to give it back.
                drop(file.read_to_string(&mut text));
                return Err(serde_json::from_str(&text).map_or_else(
                    |_| LockError::Held("another process writes it".to_owned()),
                    |owner| held(&owner),
                ));
            }
            // Some network file systems have no such locks: the name in the file decides.
            Err(Errno::NOLCK | Errno::NOTSUP | Errno::NOSYS | Errno::INVAL) => {}
            Err(error) => return Err(StoreError::new("lock", path, error.into()).into()),
        }
        // Its former holder may have removed it in between: then nobody else would find this one.
        let same = fs::metadata(path).ok().zip(file.metadata().ok());
        if same.is_some_and(|(named, ours)| (named.dev(), named.ino()) == (ours.dev(), ours.ino()))
        {
            return Ok(file);
        }
    }
    Err(LockError::Held("its lock changes hands all the time".to_owned()))
}

fn write_owner(file: &mut File, owner: &Owner) -> io::Result<()> {
    let mut text = serde_json::to_vec(owner).map_err(io::Error::from)?;
    text.push(b'\n');
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner_file(dir: &Path, owner: &Owner) {
        fs::write(dir.join(LOCK), serde_json::to_vec(owner).expect("JSON")).expect("written");
    }

    /// What the directory says when it was last written by this owner.
    fn taken_after(owner: &Owner) -> Result<Option<String>, String> {
        let dir = tempfile::tempdir().expect("a temp dir");
        owner_file(dir.path(), owner);
        let taken = RunLock::take(dir.path());
        taken.map(|lock| lock.taken_over.clone()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_lock_is_held_once_and_leaves_nothing() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let lock = RunLock::take(dir.path()).expect("free");
        assert_eq!(lock.taken_over, None);
        assert!(is_at_work(dir.path()));
        let error = RunLock::take(dir.path()).expect_err("held").to_string();
        assert_eq!(error, format!("process {} writes it", std::process::id()));
        drop(lock);
        assert!(!is_at_work(dir.path()));
        assert_eq!(fs::read_dir(dir.path()).expect("there").count(), 0);
        RunLock::take(dir.path()).expect("free again");
    }

    #[test]
    fn of_many_that_want_a_stale_lock_one_gets_it() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let gone = Owner { started_ticks: 1, ..Owner::this() };
        owner_file(dir.path(), &gone);
        let taken: Vec<Result<RunLock, LockError>> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| RunLock::take(dir.path()))).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        assert_eq!(taken.iter().filter(|lock| lock.is_ok()).count(), 1);
    }

    #[test]
    fn a_number_that_was_given_to_another_process_is_seen() {
        let reused = Owner { started_ticks: Owner::this().started_ticks + 1, ..Owner::this() };
        let message = taken_after(&reused).expect("stale").expect("a message");
        assert!(message.contains("belongs to another process now"), "{message}");
        // The same number, the same start: only the name tells, since nobody has the kernel's lock.
        assert!(taken_after(&Owner::this()).is_err_and(|reason| reason.contains("writes it")));
    }

    #[test]
    fn an_earlier_boot_and_another_machine_are_told_apart() {
        let earlier = Owner { boot_id: "earlier".to_owned(), ..Owner::this() };
        let message = taken_after(&earlier).expect("stale").expect("a message");
        assert!(message.contains("started anew"), "{message}");
        let elsewhere = Owner { host: "elsewhere".to_owned(), ..earlier };
        let refusal = taken_after(&elsewhere).expect_err("unknown");
        assert!(refusal.contains("on elsewhere") && refusal.contains("remove"), "{refusal}");
    }

    #[test]
    fn a_name_that_was_never_written_is_nobody() {
        let dir = tempfile::tempdir().expect("a temp dir");
        fs::write(dir.path().join(LOCK), "{\"pid\":").expect("written");
        assert_eq!(RunLock::take(dir.path()).expect("free").taken_over, None);
    }
}
