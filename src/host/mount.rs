//! Mounted file systems, from `/proc/self/mounts` (the format of `fstab(5)`).

use std::path::{Path, PathBuf};

use super::fact::Fact;
use super::root::Root;

/// One mounted file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where it is mounted.
    pub at: PathBuf,
    /// Its type, such as `ext4`, `nfs4` or `overlay`.
    pub kind: String,
    /// Its options.
    pub options: Vec<String>,
}

/// Reads the table; lines that are something else are left out.
#[must_use]
pub fn parse(text: &str) -> Vec<Mount> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Mount> {
    let mut words = line.split(' ').skip(1);
    let at = PathBuf::from(unescape(words.next()?));
    let kind = words.next()?.to_owned();
    let options = words.next()?.split(',').map(str::to_owned).collect();
    Some(Mount { at, kind, options })
}

/// Space, tab, line feed and backslash are written as octal escapes.
fn unescape(word: &str) -> String {
    word.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}

/// The file system that an absolute path lies on: the deepest mount point above it, and of those
/// mounted at the same place the last.
#[must_use]
pub fn holding<'a>(mounts: &'a [Mount], path: &Path) -> Option<&'a Mount> {
    let above = mounts.iter().filter(|mount| path.starts_with(&mount.at));
    above.max_by_key(|mount| mount.at.components().count())
}

/// The type of the file system that a directory lies on. `directory` may not exist yet: then the
/// closest existing folder above it counts.
#[must_use]
pub fn filesystem_of(root: &Root, directory: &Path) -> Fact<String> {
    let Some(real) = directory.ancestors().find_map(|folder| folder.canonicalize().ok()) else {
        return Fact::unknown(format!("{} cannot be found", directory.display()));
    };
    root.text("/proc/self/mounts").and_then(|text| {
        let mounts = parse(&text);
        let kind = holding(&mounts, &real).map(|mount| mount.kind.clone());
        Fact::from_option(kind, "no line of /proc/self/mounts holds the folder")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "rootfs / rootfs rw 0 0\n/dev/sda2 / ext4 rw,relatime 0 0\n\
        proc /proc proc rw,nosuid 0 0\nserver:/home /home nfs4 rw,vers=4.2 0 0\n\
        /dev/sdb1 /mnt/my\\040disk vfat rw 0 0\ncgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n";

    #[test]
    fn the_deepest_and_last_mount_holds_a_path() {
        let mounts = parse(TABLE);
        let kind = |path: &str| holding(&mounts, Path::new(path)).map(|mount| mount.kind.as_str());
        assert_eq!(kind("/var/lib"), Some("ext4"));
        assert_eq!(kind("/home/ada/results"), Some("nfs4"));
        assert_eq!(kind("/homework"), Some("ext4"));
        assert_eq!(kind("/mnt/my disk/x"), Some("vfat"));
    }

    #[test]
    fn a_folder_that_does_not_exist_yet_has_the_filesystem_of_the_one_above() {
        let dir = tempfile::tempdir().expect("a temp dir");
        std::fs::create_dir_all(dir.path().join("proc/self")).expect("made");
        std::fs::write(dir.path().join("proc/self/mounts"), TABLE).expect("written");
        let fact = filesystem_of(&Root::at(dir.path()), &dir.path().join("results/x"));
        assert_eq!(fact, Fact::Known("ext4".to_owned()));
    }
}
