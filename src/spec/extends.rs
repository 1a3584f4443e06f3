//! `extends = "base.toml"`: the texts of an experiment, gathered along the chain.
//!
//! Owns how a chain is followed and every way in which it can break. Files are read by the
//! caller's [`Files`](super::files::Files).

use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::diagnostics::Diagnostic;
use super::files::normal;
use super::sources::Sources;
use super::{Source, decode};

/// Largest extended file in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// Most files in a chain.
const MAX_CHAIN: usize = 16;

/// A file that the experiment extends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseFile {
    /// The path for people, relative as the experiment file's own.
    pub path: PathBuf,
    /// The path that was read.
    pub full_path: PathBuf,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Every text of an experiment, by its index in the sources.
pub(super) struct Gathered {
    /// The file, then those that it extends, the nearest first.
    pub(super) files: Vec<usize>,
    /// The `--set` arguments, in order.
    pub(super) sets: Vec<usize>,
    /// The `--profile` argument.
    pub(super) profile: Option<usize>,
    /// What was read.
    pub(super) bases: Vec<BaseFile>,
}

/// Where the chain stands.
struct Link {
    index: usize,
    shown: PathBuf,
    full: PathBuf,
}

/// Reads the whole chain; what cannot be read is a problem.
pub(super) fn gather(source: &Source<'_>, text: &str) -> (Sources, Gathered, Vec<Diagnostic>) {
    let mut sources = Sources::new(source.path, text);
    let mut gathered =
        Gathered { files: vec![0], sets: Vec::new(), profile: None, bases: Vec::new() };
    let shown = PathBuf::from(source.path);
    let name = shown.file_name().unwrap_or_default().to_owned();
    let mut chain = vec![Link { index: 0, full: normal(&source.base_dir.join(name)), shown }];
    let mut problems = Vec::new();
    loop {
        match next(source, &mut sources, &chain) {
            Ok(Some((link, base))) => {
                gathered.files.push(link.index);
                gathered.bases.push(base);
                chain.push(link);
            }
            Ok(None) => break,
            Err(problem) => {
                problems.push(problem);
                break;
            }
        }
    }
    gathered.sets = source.layers.set.iter().map(|text| sources.add_set(text)).collect();
    gathered.profile =
        source.layers.profile.map(|name| sources.add_argument(&format!("--profile {name}")));
    (sources, gathered, problems)
}

/// The file that the last one of the chain extends, if it extends one.
fn next(
    source: &Source<'_>,
    sources: &mut Sources,
    chain: &[Link],
) -> Result<Option<(Link, BaseFile)>, Diagnostic> {
    let last = chain.last().expect("a chain begins with the file");
    let range = sources.range(last.index);
    let text = &sources.text()[range.clone()];
    let Some((target, at)) = target(text, range.start)? else {
        return Ok(None);
    };
    let parent = |path: &Path| path.parent().map(Path::to_owned).unwrap_or_default();
    let shown = normal(&parent(&last.shown).join(&target));
    let full = normal(&parent(&last.full).join(&target));
    if let Some(first) = chain.iter().position(|link| link.full == full) {
        return Err(cycle(chain, first, at));
    }
    if chain.len() >= MAX_CHAIN {
        let title = format!("more than {MAX_CHAIN} files extend one another");
        return Err(Diagnostic::error(at, title).help("merge some of them"));
    }
    let bytes = source.files.read(&full, MAX_BYTES).map_err(|reason| {
        let title = format!("cannot read {}: {reason}", shown.display());
        Diagnostic::error(at.clone(), title)
            .help("the path is relative to the file in which it stands")
    })?;
    let text = match decode(&bytes) {
        Ok(text) => text,
        Err(problem) => {
            let title = format!("{}: {}", shown.display(), problem.title);
            return Err(problem.help.iter().fold(Diagnostic::error(at, title), Diagnostic::help));
        }
    };
    let index = sources.add_file(&shown.display().to_string(), text);
    let base = BaseFile { path: shown.clone(), full_path: full.clone(), bytes };
    Ok(Some((Link { index, shown, full }, base)))
}

fn cycle(chain: &[Link], first: usize, at: std::ops::Range<usize>) -> Diagnostic {
    let mut names: Vec<String> =
        chain[first..].iter().map(|link| link.shown.display().to_string()).collect();
    names.push(names[0].clone());
    let title = "these files extend one another in a circle";
    Diagnostic::error(at, title).label("closes the circle").help(names.join(" → "))
}

/// What a text extends, and where it says so. A text that is not TOML is reported later.
fn target(
    text: &str,
    start: usize,
) -> Result<Option<(String, std::ops::Range<usize>)>, Diagnostic> {
    if !text.contains("extends") {
        return Ok(None);
    }
    let (file, errors) = DeTable::parse_recoverable(text);
    let Some(node) = file.get_ref().get("extends").filter(|_| errors.is_empty()) else {
        return Ok(None);
    };
    let at = node.span().start + start..node.span().end + start;
    let example = "write extends = \"base.toml\"; that file may extend another one";
    match node.get_ref().as_str() {
        Some(target) if !target.trim().is_empty() && !target.contains('\0') => {
            Ok(Some((target.to_owned(), at)))
        }
        _ => {
            Err(Diagnostic::error(at, "`extends` takes the path of one file, as text")
                .help(example))
        }
    }
}
