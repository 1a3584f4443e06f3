use super::*;
use std::os::unix::fs::{PermissionsExt, symlink};

fn script(dir: &Path, name: &str, text: &str, mode: u32) -> PathBuf {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("allowed");
    path
}

#[test]
fn a_name_is_searched_for_in_path_and_a_path_starts_at_the_experiment() {
    let dir = tempfile::tempdir().expect("a temp dir");
    let tool = script(dir.path(), "bin/tool", "#!/bin/sh\n", 0o755);
    let path_var = OsString::from(format!("/nonexistent:{}", dir.path().join("bin").display()));
    assert_eq!(resolve("tool", &path_var, Path::new("/")), Ok(tool.clone()));
    assert_eq!(resolve("bin/tool", OsStr::new(""), dir.path()), Ok(tool));
    assert_eq!(resolve("bin", &path_var, dir.path()), Err(NotFound::NotInPath));
    let missing = resolve("./none", &path_var, dir.path());
    assert!(matches!(missing, Err(NotFound::Missing(_))), "{missing:?}");
    let folder = resolve("./bin", &path_var, dir.path());
    assert!(matches!(folder, Err(NotFound::NotAFile(_))), "{folder:?}");
    assert_eq!(resolve("", &path_var, dir.path()), Err(NotFound::Empty));
}

#[test]
fn a_file_without_the_executable_bit_is_passed_over_but_named() {
    let dir = tempfile::tempdir().expect("a temp dir");
    let plain = script(dir.path(), "a/tool", "#!/bin/sh\n", 0o644);
    let path_var = OsString::from(dir.path().join("a"));
    let refused = resolve("tool", &path_var, dir.path());
    assert_eq!(refused, Err(NotFound::NotExecutable(plain)));
    let good = script(dir.path(), "b/tool", "#!/bin/sh\n", 0o755);
    let folders = [dir.path().join("a"), dir.path().join("b")];
    let path_var = std::env::join_paths(folders).expect("no colon");
    assert_eq!(resolve("tool", &path_var, dir.path()), Ok(good));
}

#[test]
fn a_program_is_looked_for_once() {
    let dir = tempfile::tempdir().expect("a temp dir");
    let tool = script(dir.path(), "tool", "#!/bin/sh\n", 0o755);
    let mut programs = Programs::default();
    let path_var = dir.path().as_os_str();
    assert_eq!(programs.find("tool", path_var, dir.path()), Ok(tool.clone()));
    fs::remove_file(&tool).expect("removed");
    assert_eq!(programs.find("tool", path_var, dir.path()), Ok(tool));
}

#[test]
fn facts_follow_links_and_ask_the_probe_for_the_version() {
    let dir = tempfile::tempdir().expect("a temp dir");
    let real = script(dir.path(), "tool-3.11", "abc", 0o755);
    let link = dir.path().join("tool");
    symlink(&real, &link).expect("linked");
    let mut asked = Vec::new();
    let mut probe = |path: &Path| {
        asked.push(path.to_path_buf());
        Ok("\nTool 3.11.2 \nCopyright".to_owned())
    };
    let facts = ProgramFacts::read("tool", &Ok(link.clone()), Some(&mut probe));
    assert_eq!(asked, [link]);
    assert_eq!(facts.version, Fact::Known("Tool 3.11.2".to_owned()));
    let real = real.canonicalize().expect("there");
    assert_eq!(facts.real_path, Fact::Known(real.display().to_string()));
    assert_eq!(facts.bytes, Fact::Known(3));
    let sha256_of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(facts.sha256, Fact::Known(sha256_of_abc.to_owned()));
    assert_eq!(facts.shim.known(), None);
}

#[test]
fn a_missing_program_has_its_reason_everywhere() {
    let facts = ProgramFacts::read("tool", &Err(NotFound::NotInPath), None);
    assert_eq!(facts.path, Fact::unknown("not found in PATH"));
    assert_eq!(facts.sha256, Fact::unknown("not found in PATH"));
}

#[test]
fn shims_are_known_by_their_folder_their_script_and_their_link() {
    let dir = tempfile::tempdir().expect("a temp dir");
    let tool_of = |path: PathBuf| {
        let facts = ProgramFacts::read("python3", &Ok(path), None);
        facts.shim.known().map(|shim| shim.tool.clone())
    };
    let text = "#!/usr/bin/env bash\nexec \"/opt/pyenv/libexec/pyenv\" exec \"$program\" \"$@\"\n";
    let pyenv = script(dir.path(), "x/python3", text, 0o755);
    assert_eq!(tool_of(pyenv).as_deref(), Some("pyenv"));
    let asdf = script(dir.path(), ".asdf/shims/python3", "#!/bin/sh\n", 0o755);
    assert_eq!(tool_of(asdf).as_deref(), Some("asdf"));
    let own = script(dir.path(), "own/shims/python3", "#!/bin/sh\n", 0o755);
    assert_eq!(tool_of(own).as_deref(), Some("a version manager"));
    let volta = script(dir.path(), "volta/volta-shim", "ELF", 0o755);
    let link = dir.path().join("python3");
    symlink(volta, &link).expect("linked");
    assert_eq!(tool_of(link).as_deref(), Some("volta"));
    let plain = script(dir.path(), "bin/python3", "#!/bin/sh\necho pyenv is nice\n", 0o755);
    assert_eq!(tool_of(plain), None);
}
