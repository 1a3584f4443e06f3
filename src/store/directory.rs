//! The directory of a run: `OUTPUT/EXPERIMENT/RUN_ID/`, and `latest` beside it.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::write::{sync_dir, write_atomic};

/// Name of the link to the newest run.
pub const LATEST: &str = "latest";

/// How often a new name is drawn when one is taken.
const DRAWS: u32 = 64;

/// The directory of one run, which exists and belongs to this run alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDir {
    /// `r<UTC>-<4 hex digits>`.
    pub run_id: String,
    /// Where it lies, as given (relative if the output folder is).
    pub path: PathBuf,
}

/// The id of a run that starts at this time (ms since 1970, UTC): `r20261122T101530Z-1f2e`.
#[must_use]
pub fn run_id(unix_ms: i64, random: u16) -> String {
    let time = jiff::Timestamp::from_millisecond(unix_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("r{}-{random:04x}", time.strftime("%Y%m%dT%H%M%SZ"))
}

impl RunDir {
    /// Makes the directory for a new run. Making it is what reserves the name, so that two runs
    /// that start at once get two directories.
    pub fn create(output: &Path, experiment: &str, unix_ms: i64) -> Result<Self, StoreError> {
        Self::create_with(output, experiment, &mut |_| {
            random().map(|random| run_id(unix_ms, random))
        })
    }

    fn create_with(
        output: &Path,
        experiment: &str,
        draw: &mut dyn FnMut(u32) -> io::Result<String>,
    ) -> Result<Self, StoreError> {
        let parent = output.join(experiment);
        fs::create_dir_all(&parent).map_err(StoreError::at("create", &parent))?;
        let mut last = None;
        for attempt in 0..DRAWS {
            let run_id = draw(attempt).map_err(StoreError::at("name a run in", &parent))?;
            let path = parent.join(&run_id);
            match fs::create_dir(&path) {
                Ok(()) => {
                    sync_dir(&parent)?;
                    return Ok(Self { run_id, path });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    last = Some(StoreError::new("create", &path, error));
                }
                Err(error) => return Err(StoreError::new("create", &path, error)),
            }
        }
        Err(last.expect("at least one name was drawn"))
    }

    /// Whether it lies under its own name: a copy may lie anywhere.
    fn has_own_name(&self) -> bool {
        self.path.file_name().is_some_and(|name| name == self.run_id.as_str())
    }

    /// Points `latest` at this run, unless it leads to one that began later, or this one is a copy: a relative link,
    /// replaced in one step. Where links are impossible it is a text file with the run's id.
    pub fn make_latest(&self) -> Result<(), StoreError> {
        if !self.has_own_name() {
            return Ok(());
        }
        let parent = self.path.parent().unwrap_or(Path::new("."));
        let beside = parent.join(format!(".{LATEST}.{}", self.run_id));
        // Only sessions of this run use the name, one at a time: one that was killed has left it. What
        // cannot be removed is in the way below, and told there.
        let _ = fs::remove_file(&beside);
        if latest_in(parent).is_some_and(|run| second(&run) > second(&self.path)) {
            return Ok(());
        }
        let link = parent.join(LATEST);
        match symlink(&self.run_id, &beside) {
            Ok(()) => {}
            Err(error) if no_links_here(&error) => return self.make_latest_file(),
            Err(error) => return Err(StoreError::new("create", &beside, error)),
        }
        let renamed = fs::rename(&beside, &link);
        if renamed.is_err() {
            // A name that nobody looks for; what matters is the error that follows.
            let _ = fs::remove_file(&beside);
        }
        renamed.map_err(StoreError::at("replace", &link))
    }

    /// The directory of a run that is there, under its own name where `path` is a link to it.
    #[must_use]
    pub fn existing(path: &Path, run_id: &str) -> Self {
        let own = path.parent().unwrap_or(Path::new(".")).join(run_id);
        let is_it = path.is_symlink() && own.is_dir();
        Self { run_id: run_id.to_owned(), path: if is_it { own } else { path.to_owned() } }
    }

    /// `latest`, if it leads here; otherwise the directory.
    #[must_use]
    pub fn short_path(&self) -> PathBuf {
        let parent = self.path.parent().unwrap_or(Path::new("."));
        if latest_in(parent).is_some_and(|run| run == self.path) {
            return parent.join(LATEST);
        }
        self.path.clone()
    }

    fn make_latest_file(&self) -> Result<(), StoreError> {
        let parent = self.path.parent().unwrap_or(Path::new("."));
        let text = format!("{}\n", self.run_id);
        write_atomic(parent, LATEST, text.as_bytes()).map(|_| ())
    }
}

fn no_links_here(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EPERM | libc::ENOSYS | libc::ENOTSUP))
}

/// The directory of an experiment's latest run, through a link or a text file.
#[must_use]
pub fn latest_run(output: &Path, experiment: &str) -> Option<PathBuf> {
    latest_in(&output.join(experiment))
}

/// When a run began, to the second, in a form that sorts; the four digits after it do not.
fn second(run: &Path) -> String {
    let name = run.file_name().unwrap_or_default().to_string_lossy();
    name.split('-').next().unwrap_or_default().to_owned()
}

fn latest_in(parent: &Path) -> Option<PathBuf> {
    let link = parent.join(LATEST);
    let id = match fs::read_link(&link) {
        Ok(target) => target,
        Err(_) => PathBuf::from(fs::read_to_string(&link).ok()?.trim()),
    };
    let run = parent.join(id);
    run.is_dir().then_some(run)
}

fn random() -> io::Result<u16> {
    let mut bytes = [0; 2];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(u16::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreErrorKind;
    use std::collections::BTreeSet;

    #[test]
    fn a_run_is_named_after_its_start_in_utc() {
        assert_eq!(run_id(1_795_342_530_999, 0x1f2e), "r20261122T101530Z-1f2e");
        assert_eq!(run_id(0, 0), "r19700101T000000Z-0000");
    }

    #[test]
    fn a_taken_name_is_drawn_again() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let mut names = ["r1", "r1", "r1", "r2"].into_iter();
        let mut draw = |_| Ok(names.next().expect("a name").to_owned());
        let first = RunDir::create_with(dir.path(), "basic", &mut draw).expect("made");
        let second = RunDir::create_with(dir.path(), "basic", &mut draw).expect("made");
        assert_eq!((first.run_id.as_str(), second.run_id.as_str()), ("r1", "r2"));
        let taken = RunDir::create_with(dir.path(), "basic", &mut |_| Ok("r1".to_owned()));
        assert_eq!(taken.expect_err("taken").kind, StoreErrorKind::Exists);
    }

    #[test]
    fn runs_that_start_at_once_do_not_collide() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let runs: Vec<RunDir> = std::thread::scope(|scope| {
            let one = || RunDir::create(dir.path(), "basic", 1_795_342_530_000).expect("made");
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(one)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        let ids: BTreeSet<&str> = runs.iter().map(|run| run.run_id.as_str()).collect();
        assert_eq!(ids.len(), 16);
        assert!(runs.iter().all(|run| run.path.is_dir()));
    }

    #[test]
    fn latest_is_a_relative_link_that_is_replaced() {
        let dir = tempfile::tempdir().expect("a temp dir");
        assert_eq!(latest_run(dir.path(), "basic"), None);
        for start_ms in [1_000, 2_000] {
            let run = RunDir::create(dir.path(), "basic", start_ms).expect("made");
            run.make_latest().expect("linked");
            assert_eq!(latest_run(dir.path(), "basic"), Some(run.path.clone()));
            let target = fs::read_link(dir.path().join("basic/latest")).expect("a link");
            assert_eq!(target, Path::new(&run.run_id));
        }
        assert_eq!(fs::read_dir(dir.path().join("basic")).expect("there").count(), 3);
    }

    #[test]
    fn a_link_that_a_killed_session_did_not_put_in_place_is_made_again() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let run = RunDir::create(dir.path(), "basic", 1_000).expect("made");
        let left = dir.path().join("basic").join(format!(".{LATEST}.{}", run.run_id));
        symlink(&run.run_id, &left).expect("linked");
        run.make_latest().expect("linked");
        assert_eq!(latest_run(dir.path(), "basic"), Some(run.path.clone()));
        assert!(!left.is_symlink());
        // Also where the link leads to a later run and stays.
        RunDir::create(dir.path(), "basic", 9_000).expect("made").make_latest().expect("linked");
        symlink(&run.run_id, &left).expect("linked");
        run.make_latest().expect("left alone");
        assert!(!left.is_symlink());
    }

    #[test]
    fn latest_stays_at_the_run_that_began_last_when_an_older_one_is_carried_on() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let older = RunDir::create(dir.path(), "basic", 1_000).expect("made");
        let newer = RunDir::create(dir.path(), "basic", 9_000).expect("made");
        newer.make_latest().expect("linked");
        older.make_latest().expect("left alone");
        assert_eq!(latest_run(dir.path(), "basic"), Some(newer.path.clone()));
        assert_eq!(newer.short_path(), dir.path().join("basic/latest"));
        assert_eq!(older.short_path(), older.path);
    }

    #[test]
    fn a_link_to_a_run_is_the_run_and_a_copy_of_one_does_not_become_the_latest() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let run = RunDir::create(dir.path(), "basic", 1_000).expect("made");
        run.make_latest().expect("linked");
        let link = dir.path().join("basic/latest");
        assert_eq!(RunDir::existing(&link, &run.run_id), run);
        let copy = RunDir::existing(&dir.path().join("basic"), &run.run_id);
        copy.make_latest().expect("left alone");
        assert!(!dir.path().join("latest").is_symlink());
    }

    #[test]
    fn where_links_are_impossible_latest_is_a_text_file() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let run = RunDir::create(dir.path(), "basic", 1_000).expect("made");
        run.make_latest_file().expect("written");
        assert_eq!(latest_run(dir.path(), "basic"), Some(run.path));
    }

    #[test]
    fn an_output_folder_that_is_a_file_is_told() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let output = dir.path().join("results");
        fs::write(&output, b"").expect("written");
        let error = RunDir::create(&output, "basic", 0).expect_err("a file");
        assert_eq!(error.kind, StoreErrorKind::NotADirectory);
        assert!(error.to_string().contains("--output DIR"), "{error}");
    }
}
