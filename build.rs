//! Facts about this build, for the manifest of every run. Works without git and without a
//! checkout: what is not known is left unset. The time of the build is not recorded, so that equal
//! sources give equal programs.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the program is built from.
const SOURCES: [&str; 4] = ["src", "build.rs", "Cargo.toml", "Cargo.lock"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for variable in ["TARGET", "PROFILE"] {
        set(variable, env::var(variable).ok());
    }
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    set("RUSTC", run(&rustc, &["--version"], Path::new(".")));
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| ".".to_owned()));
    if is_checkout(&folder) {
        git_facts(&folder);
    }
}

/// A tarball that was unpacked inside someone's repository is not a checkout.
fn is_checkout(folder: &Path) -> bool {
    let top = git(&["rev-parse", "--show-toplevel"], folder).map(PathBuf::from);
    match (top.and_then(|top| top.canonicalize().ok()), folder.canonicalize()) {
        (Some(top), Ok(folder)) => top == folder,
        _ => false,
    }
}

fn git_facts(folder: &Path) {
    // Dirtiness can only be true at the time of the build when a change of the sources asks again.
    for source in SOURCES {
        println!("cargo:rerun-if-changed={source}");
    }
    let branch = git(&["symbolic-ref", "-q", "HEAD"], folder);
    let names = ["HEAD", "logs/HEAD", "packed-refs"].into_iter().chain(branch.as_deref());
    for name in names {
        let path = git(&["rev-parse", "--git-path", name], folder).map(|path| folder.join(path));
        if let Some(path) = path.filter(|path| path.exists()) {
            println!("cargo:rerun-if-changed={}", path.display());
        }
    }
    set("REVISION", git(&["rev-parse", "--verify", "HEAD"], folder));
    let mut status = vec!["status", "--porcelain=v1", "--"];
    status.extend(SOURCES);
    let dirty = git(&status, folder).map(|changes| (!changes.is_empty()).to_string());
    set("DIRTY", dirty);
}

fn set(name: &str, value: Option<String>) {
    if let Some(value) = value {
        println!("cargo:rustc-env=RUNNER_BUILD_{name}={value}");
    }
}

fn git(args: &[&str], folder: &Path) -> Option<String> {
    run("git", args, folder)
}

#[expect(clippy::disallowed_methods, reason = "the build script is not part of the program")]
fn run(program: &str, args: &[&str], folder: &Path) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .current_dir(folder)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
