//! Whether a run's files are what its journal says: every derived file is made again and compared
//! byte by byte, and the digests of the archived texts are taken again.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::Error;
use super::derived::Bytes;
use super::package;
use super::recorded::{self, Recorded};
use crate::plan::trials::hex;
use crate::report::content::without_notes;

/// What the check of the plan is called.
const PLAN: &str = "plan";

/// Characters of a line that a difference shows.
const SHOWN: usize = 60;

/// One thing that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// A file within the run's directory, or a part of the record.
    pub name: String,
    /// What was found, for people.
    pub found: String,
    /// It is as the record says.
    pub holds: bool,
}

/// The files of the record itself, from which the others follow.
const RECORD: [&str; 4] = ["manifest.json", "experiment.toml", "resolved.toml", "journal.jsonl"];

/// Whether the tables may be made anew from the record: it is what it was.
#[must_use]
pub fn record_holds(checks: &[Check]) -> bool {
    let is_record =
        |name: &str| RECORD.contains(&name) || name == PLAN || name.starts_with("experiment.");
    checks.iter().all(|check| check.holds || !is_record(&check.name))
}

/// Verifies a run, one check after the other. Where its record is so damaged that it cannot be
/// read, there are no others.
///
/// # Errors
/// The run cannot be read though its record is what it was, or it is not finished: its tables are
/// not final.
pub fn verify(run_dir: &Path) -> Result<Vec<Check>, Error> {
    let recorded = match recorded::open(run_dir) {
        Ok(recorded) => recorded,
        Err(error) => {
            let mut damaged: Vec<Check> = RECORD
                .iter()
                .filter_map(|name| {
                    let found = package::differs(run_dir, name)?;
                    Some(Check { name: (*name).to_owned(), found, holds: false })
                })
                .collect();
            if damaged.is_empty() {
                return Err(error);
            }
            let found = "cannot be made again from a damaged record".to_owned();
            damaged.push(Check { name: "the rest".to_owned(), found, holds: false });
            return Ok(damaged);
        }
    };
    if recorded.manifest.counts.known().is_none() {
        let again = super::resume::command(run_dir);
        let reason = format!("it is not finished, and its tables are not final: {again}");
        return Err(Error::Run { path: run_dir.to_owned(), reason });
    }
    let mut checks = Vec::new();
    of_the_texts(&recorded, &mut checks);
    let findings = recorded.findings();
    let rows = findings.evidence.observations.len();
    let attempts = if rows == 1 { "attempt" } else { "attempts" };
    let read = format!("{rows} {attempts} at {} trials", recorded.planned.plan.len());
    for name in RECORD.iter().filter(|name| **name != "experiment.toml") {
        let differs = package::differs(run_dir, name);
        // Of what is as it was, only the journal is worth a line.
        if differs.is_some() || *name == "journal.jsonl" {
            let holds = differs.is_none();
            let found = differs.unwrap_or_else(|| read.clone());
            checks.push(Check { name: (*name).to_owned(), found, holds });
        }
    }
    recorded.each_derived(&findings, |name, content| {
        checks.push(of_file(run_dir, name, content));
    });
    checks.push(of_the_package(&recorded));
    Ok(checks)
}

/// The archived texts and the plan against their digests.
fn of_the_texts(recorded: &Recorded, checks: &mut Vec<Check>) {
    let manifest = &recorded.manifest;
    let before = manifest.earlier.iter().map(|then| (&then.archived_as[..], &then.experiment));
    let experiments = before.chain([("experiment.toml", &manifest.experiment)]);
    let texts = experiments.flat_map(|(name, experiment)| {
        let bases = experiment.extends.iter().map(|base| (&base.archived_as[..], &base.sha256));
        std::iter::once((name, &experiment.sha256)).chain(bases)
    });
    for (name, sha256) in texts {
        let (found, holds) = match fs::read(recorded.run_dir.join(name)) {
            Ok(bytes) => {
                let now = format!("sha256:{}", hex(&Sha256::digest(&bytes)));
                match now == *sha256 {
                    true => ("the text that was run, by its digest".to_owned(), true),
                    false => (format!("{now} is not the recorded {sha256}"), false),
                }
            }
            Err(error) => (format!("cannot be read: {error}"), false),
        };
        checks.push(Check { name: name.to_owned(), found, holds });
    }
    let (experiment, plan) = recorded.digests_of_journal();
    let same = |one: &str, two: &str| {
        one.trim_start_matches("sha256:") == two.trim_start_matches("sha256:")
    };
    // The journal begins with the first experiment; each extension in it was compared with its plan
    // when it was read.
    let planned = &recorded.planned;
    let first_plan = planned.earlier.first().map_or(&planned.plan, |then| &then.plan);
    let first = manifest.earlier.first().map_or(&manifest.experiment, |then| &then.experiment);
    let holds = same(plan, first_plan.fingerprint()) && same(experiment, &first.sha256);
    let found = match holds {
        true => "planned again from resolved.toml with the recorded fingerprint",
        false => "the journal was written by another plan or of another experiment file",
    };
    checks.push(Check { name: PLAN.to_owned(), found: found.to_owned(), holds });
}

/// Every file against the digest that `datapackage.json` has of it.
fn of_the_package(recorded: &Recorded) -> Check {
    let experiment = (&*recorded.loaded.experiment, &*recorded.loaded.matrix);
    let checked = package::check(&recorded.run_dir, experiment, &recorded.manifest);
    let (found, holds) = match checked {
        Ok(same) => (format!("{same} files have the recorded digest"), true),
        Err(reason) => (reason, false),
    };
    Check { name: package::NAME.to_owned(), found, holds }
}

/// Files that hold the author's notes, which may change when they like.
const REPORTS: [&str; 2] = ["report.html", "report.md"];

fn is_same_but_for_notes(is: &[u8], want: &[u8]) -> bool {
    let [is, want] = [is, want].map(|bytes| without_notes(&String::from_utf8_lossy(bytes)));
    is == want
}

/// A file against the bytes that follow from the journal.
fn of_file(run_dir: &Path, name: &str, content: &Bytes<'_>) -> Check {
    let path = run_dir.join(name);
    let (found, holds) = match is_same(&path, content) {
        Ok(true) => ("the same bytes".to_owned(), true),
        Ok(false) => unlike(name, &fs::read(&path).unwrap_or_default(), content),
        Err(error) if error.kind() == io::ErrorKind::NotFound => ("is not there".to_owned(), false),
        Err(error) => (format!("cannot be read: {error}"), false),
    };
    Check { name: name.to_owned(), found, holds }
}

/// Compares what is written with a file, without holding either.
struct Against {
    file: BufReader<File>,
    read: Vec<u8>,
    is_same: bool,
}

impl Write for Against {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.read.resize(bytes.len(), 0);
        if self.is_same {
            match self.file.read_exact(&mut self.read) {
                Ok(()) => self.is_same = self.read == bytes,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => self.is_same = false,
                Err(error) => return Err(error),
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn is_same(path: &Path, content: &Bytes<'_>) -> io::Result<bool> {
    let file = BufReader::new(File::open(path)?);
    let mut against = Against { file, read: Vec::new(), is_same: true };
    content(&mut against)?;
    Ok(against.is_same && against.file.fill_buf()?.is_empty())
}

/// What to say of a file that is not byte for byte what follows from the journal.
fn unlike(name: &str, is: &[u8], content: &Bytes<'_>) -> (String, bool) {
    let mut want = Vec::new();
    content(&mut want).expect("memory takes what is written");
    match REPORTS.contains(&name) && is_same_but_for_notes(is, &want) {
        true => {
            ("the same but for the notes: runner report takes them as they are now".into(), true)
        }
        false => (difference(is, &want), false),
    }
}

/// The first line that differs, or the first byte of what is no text.
fn difference(is: &[u8], want: &[u8]) -> String {
    if want.contains(&0) {
        let same = is.iter().zip(want).take_while(|(one, other)| one == other).count();
        return format!("byte {} is the first that does not follow from the journal", same + 1);
    }
    let (is, want) = (String::from_utf8_lossy(is), String::from_utf8_lossy(want));
    let (mut ours, mut theirs) = (want.lines(), is.lines());
    for line in 1_u64.. {
        match (theirs.next(), ours.next()) {
            (None, None) => break,
            (is, want) if is == want => {}
            (Some(is), None) => {
                let is = part(is, "");
                return format!("line {line} is {is}, and by the journal there is none");
            }
            (None, Some(want)) => {
                let want = part(want, "");
                return format!("line {line} is not there; {want} follows from the journal");
            }
            (Some(is), Some(want)) => {
                let [is, want] = [part(is, want), part(want, is)];
                return format!("line {line} is {is}, and {want} follows from the journal");
            }
        }
    }
    "differs in the ends of its lines".to_owned()
}

/// A line as it is shown: from a little before the place where the two part.
fn part(text: &str, other: &str) -> String {
    let common = text.chars().zip(other.chars());
    let skip = common.take_while(|(one, other)| one == other).count().saturating_sub(20);
    let lead = if skip > 0 { "…" } else { "" };
    // What would steer a terminal is not shown as it is.
    let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let shown: String = text.chars().skip(skip).take(SHOWN).map(plain).collect();
    let trail = if text.chars().count() > skip + SHOWN { "…" } else { "" };
    format!("`{lead}{shown}{trail}`")
}
