//! Files that appear whole or not at all, and files that only grow.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::error::StoreError;

/// Random letters in the name of a file that is not whole yet.
const RANDOM: usize = 6;

/// Writes `dir/name` through a file beside it: written, synced to disk, renamed. Whoever reads sees
/// the old bytes or the new ones. An existing file is replaced. A folder within the name is made.
pub fn write_atomic(dir: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, StoreError> {
    write_atomic_with(dir, name, |file| file.write_all(bytes))
}

/// The same for content that is made while it is written, so that it is never held as a whole.
pub fn write_atomic_with(
    dir: &Path,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<PathBuf, StoreError> {
    if let Some((folder, name)) = name.rsplit_once('/') {
        let folder = dir.join(folder);
        std::fs::create_dir_all(&folder).map_err(StoreError::at("create", &folder))?;
        return write_atomic_with(&folder, name, write);
    }
    let path = dir.join(name);
    let mut file = tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .rand_bytes(RANDOM)
        // As for any new file: readable for those whom the umask lets.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(dir)
        .map_err(StoreError::at("create", &path))?;
    write(file.as_file_mut()).map_err(StoreError::at("write", &path))?;
    file.as_file().sync_all().map_err(StoreError::at("sync", &path))?;
    file.persist(&path).map_err(|error| StoreError::new("replace", &path, error.error))?;
    sync_dir(dir)?;
    Ok(path)
}

/// Copies `dir/from` to `dir/to`, which appears whole or not at all.
pub fn copy(dir: &Path, from: &str, to: &str) -> Result<(), StoreError> {
    let path = dir.join(from);
    let bytes = std::fs::read(&path).map_err(StoreError::at("read", &path))?;
    write_atomic(dir, to, &bytes).map(drop)
}

/// Writes a file that must not be there yet: it appears whole or not at all, and when two write it
/// at once one of them gets [`io::ErrorKind::AlreadyExists`].
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".new.")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

/// Opens `dir/name` so that every write goes to its end; made when it is not there, and then its
/// name is on the disk.
pub fn append(dir: &Path, name: &str) -> Result<File, StoreError> {
    let path = dir.join(name);
    let open = || OpenOptions::new().append(true).create(true).open(&path);
    let file = open().map_err(StoreError::at("open", &path))?;
    sync_dir(dir)?;
    Ok(file)
}

/// Removes what [`write_atomic`] has left beside its files when it was killed. Nobody else may be
/// writing there.
pub fn sweep(dir: &Path) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // `.trials.csv.x7Yz0Q`
        let written = name.strip_prefix('.').and_then(|name| name.rsplit_once('.'));
        if written.is_some_and(|(name, random)| name.contains('.') && random.len() == RANDOM) {
            // What cannot be removed is in nobody's way.
            drop(std::fs::remove_file(entry.path()));
        }
    }
}

/// Cuts a file off behind its first `len` bytes, and forces that to the disk.
pub fn cut(dir: &Path, name: &str, len: u64) -> Result<(), StoreError> {
    let path = dir.join(name);
    let file = OpenOptions::new().write(true).open(&path).map_err(StoreError::at("open", &path))?;
    file.set_len(len).and_then(|()| file.sync_all()).map_err(StoreError::at("cut", &path))
}

/// Makes the names in a folder durable.
pub(super) fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    let folder = File::open(dir).map_err(StoreError::at("open", dir))?;
    match folder.sync_all() {
        // Some network and user-space file systems do not sync folders; the names are there.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOTSUP)) => Ok(()),
        other => other.map_err(StoreError::at("sync", dir)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreErrorKind;
    use std::fs;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let dir = tempfile::tempdir().expect("a temp dir");
        write_atomic(dir.path(), "a.csv", b"old and long").expect("written");
        let path = write_atomic(dir.path(), "a.csv", b"new").expect("written");
        assert_eq!(fs::read(path).expect("there"), b"new");
        assert_eq!(fs::read_dir(dir.path()).expect("there").count(), 1);
    }

    #[test]
    fn what_was_left_beside_a_file_is_swept_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a temp dir");
        write_atomic(dir.path(), "a.csv", b"whole").expect("written");
        for name in [".a.csv.AbC123", ".hidden", ".hidden.toml", "b.AbC123"] {
            fs::write(dir.path().join(name), b"").expect("written");
        }
        sweep(dir.path());
        let entries = fs::read_dir(dir.path()).expect("there").flatten();
        let mut left: Vec<_> = entries.map(|entry| entry.file_name()).collect();
        left.sort();
        assert_eq!(left, [".hidden", ".hidden.toml", "a.csv", "b.AbC123"]);
    }

    #[test]
    fn a_new_file_never_replaces_one() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let path = dir.path().join("a.toml");
        let texts: Vec<String> = (0..4).map(|index| index.to_string().repeat(10_000)).collect();
        let written: Vec<io::Result<()>> = std::thread::scope(|scope| {
            let path = &path;
            let start = |text: &String| write_new(path, text.as_bytes());
            let writers: Vec<_> =
                texts.iter().map(|text| scope.spawn(move || start(text))).collect();
            writers.into_iter().map(|writer| writer.join().expect("no panic")).collect()
        });
        let winner = written.iter().position(Result::is_ok).expect("one of them wrote it");
        for (at, result) in written.iter().enumerate() {
            let kind = result.as_ref().err().map(io::Error::kind);
            assert_eq!(kind, (at != winner).then_some(io::ErrorKind::AlreadyExists));
        }
        assert_eq!(fs::read_to_string(&path).expect("there"), texts[winner]);
        assert_eq!(fs::read_dir(dir.path()).expect("there").count(), 1);
        // A link that leads nowhere is a file that is there.
        let link = dir.path().join("b.toml");
        std::os::unix::fs::symlink("nowhere", &link).expect("a link");
        let error = write_new(&link, b"").expect_err("refused");
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_written_file_is_as_readable_as_any_other() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let path = write_atomic(dir.path(), "a", b"").expect("written");
        let other = dir.path().join("b");
        fs::write(&other, b"").expect("written");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode();
        assert_eq!(mode(&path), mode(&other));
    }

    #[test]
    fn appending_keeps_what_is_there() {
        let dir = tempfile::tempdir().expect("a temp dir");
        for line in ["one\n", "two\n"] {
            let mut file = append(dir.path(), "journal.jsonl").expect("opened");
            file.write_all(line.as_bytes()).expect("written");
        }
        let text = fs::read_to_string(dir.path().join("journal.jsonl")).expect("there");
        assert_eq!(text, "one\ntwo\n");
    }

    #[test]
    fn a_file_in_the_place_of_a_folder_is_told() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let file = dir.path().join("results");
        fs::write(&file, b"").expect("written");
        let error = write_atomic(&file, "a.csv", b"").expect_err("not a folder");
        assert_eq!(error.kind, StoreErrorKind::NotADirectory);
    }
}
