//! A run as one archive: written so that the same files give the same bytes, and opened without
//! trust.
//!
//! Refuses names that lead out of the folder, links, and more bytes than a run has.

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::error::StoreError;
use super::write::write_new;

/// Largest size of an opened archive, in bytes.
const MOST_BYTES: u64 = 8 << 30;

/// Most files in an archive.
const MOST_FILES: usize = 2_000_000;

/// Where the bytes of an entry come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A file.
    File(PathBuf),
    /// These.
    Bytes(Vec<u8>),
}

/// Writes an archive of (name within it, content), in this order; a file that is there stays as it
/// is. The time of every entry is the same, since the time of packing is no part of a run.
///
/// # Errors
/// A file cannot be read, or the archive is there or cannot be written.
pub fn pack(archive: &Path, entries: &[(String, Content)]) -> Result<(), StoreError> {
    let at = |operation: &'static str, path: &Path, error: ZipError| {
        StoreError::new(operation, path, error.into())
    };
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    for (name, content) in entries {
        let bytes = match content {
            Content::Bytes(bytes) => bytes.clone(),
            Content::File(path) => fs::read(path).map_err(StoreError::at("read", path))?,
        };
        let is_large = bytes.len() as u64 >= u64::from(u32::MAX);
        let started = zip.start_file(name.as_str(), options.large_file(is_large));
        started.map_err(|error| at("write", archive, error))?;
        zip.write_all(&bytes).map_err(StoreError::at("write", archive))?;
    }
    let done = zip.finish().map_err(|error| at("write", archive, error))?;
    write_new(archive, &done.into_inner()).map_err(StoreError::at("write", archive))
}

/// Opens an archive into a folder of its own, which goes away with the value.
///
/// # Errors
/// It is no archive, is damaged, or holds what an archive of a run does not.
pub fn unpack(archive: &Path) -> Result<TempDir, StoreError> {
    let at = |error| StoreError::new("read", archive, error);
    let file = File::open(archive).map_err(at)?;
    let folder = tempfile::Builder::new().prefix("runner-").tempdir().map_err(at)?;
    extract(file, folder.path(), MOST_BYTES).map_err(at)?;
    Ok(folder)
}

fn extract(archive: impl Read + Seek, folder: &Path, most_bytes: u64) -> io::Result<()> {
    let refuse = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
    let mut zip = ZipArchive::new(archive)?;
    if zip.len() > MOST_FILES {
        return Err(refuse(format!("{} files are more than a run has", zip.len())));
    }
    let mut left = most_bytes;
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index)?;
        let shown = entry.name()?.into_owned();
        let inside = entry.enclosed_name().filter(|path| path.components().next().is_some());
        let is_strange = shown.starts_with('/') || shown.contains('\\') || entry.is_symlink();
        let Some(path) = inside.filter(|_| !is_strange) else {
            return Err(refuse(format!("`{}` does not lie in the archive", shown.escape_debug())));
        };
        let path = folder.join(path);
        if entry.is_dir() {
            fs::create_dir_all(&path)?;
            continue;
        }
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        // What an entry says of its size is not believed.
        let mut file = File::create_new(&path)?;
        let written = io::copy(&mut entry.by_ref().take(left + 1), &mut file)?;
        left = left.checked_sub(written).ok_or_else(|| {
            refuse(format!("it holds more than {most_bytes} bytes, which is no run"))
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            zip.start_file(*name, SimpleFileOptions::default()).expect("begun");
            zip.write_all(bytes).expect("written");
        }
        zip.finish().expect("finished").into_inner()
    }

    fn extracted(bytes: Vec<u8>, most_bytes: u64) -> (TempDir, io::Result<()>) {
        let dir = tempfile::tempdir().expect("a temp dir");
        let inner = dir.path().join("inner");
        fs::create_dir(&inner).expect("made");
        let done = extract(Cursor::new(bytes), &inner, most_bytes);
        (dir, done)
    }

    #[test]
    fn what_is_packed_is_unpacked_and_the_same_files_give_the_same_bytes() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let source = dir.path().join("source");
        fs::write(&source, b"a,b\n").expect("written");
        let entries = [
            ("table.csv".to_owned(), Content::File(source)),
            ("output/t000001.1.out".to_owned(), Content::Bytes(b"said".to_vec())),
        ];
        let [one, two] = ["one.zip", "two.zip"].map(|name| dir.path().join(name));
        pack(&one, &entries).expect("packed");
        pack(&two, &entries).expect("packed");
        assert_eq!(fs::read(&one).expect("there"), fs::read(&two).expect("there"));
        assert!(pack(&one, &entries).is_err(), "nothing is overwritten");
        let folder = unpack(&one).expect("unpacked");
        let read = |name: &str| fs::read(folder.path().join(name)).expect("there");
        assert_eq!(read("table.csv"), b"a,b\n");
        assert_eq!(read("output/t000001.1.out"), b"said");
    }

    #[test]
    fn an_entry_that_leads_out_is_refused() {
        for name in ["../evil", "/evil", "a/../../evil", "..\\evil"] {
            let (dir, done) = extracted(archive(&[("fine", b"1"), (name, b"2")]), 100);
            let reason = done.expect_err(name).to_string();
            assert!(reason.contains("does not lie in the archive"), "{name}: {reason}");
            assert!(!dir.path().join("evil").exists() && !Path::new("/evil").exists());
        }
    }

    #[test]
    fn more_bytes_than_allowed_are_refused_whatever_they_were_said_to_be() {
        let bytes = archive(&[("one", &[0; 60]), ("two", &[0; 60])]);
        assert!(extracted(bytes.clone(), 120).1.is_ok());
        let reason = extracted(bytes, 119).1.expect_err("too many").to_string();
        assert!(reason.contains("more than 119 bytes"), "{reason}");
    }

    #[test]
    fn what_is_no_archive_is_told() {
        assert!(extracted(b"not an archive".to_vec(), 100).1.is_err());
    }
}
