//! Wires the stages of one run; the only room that knows them all.
//!
//! `check`, `plan` and `run` are prefixes of one pipeline: [`load`], then [`Loaded::plan`], then
//! [`run::run`]. This room prints nothing and decides no exit code's text; it says which one.

pub mod across;
pub mod again;
mod archive;
pub mod beside;
pub mod derived;
pub mod doctor;
pub mod estimate;
pub mod export;
pub mod extend;
mod files;
pub mod finish;
mod guard;
pub mod pack;
mod package;
pub mod pictures;
pub mod plan_file;
pub mod power;
pub mod preflight;
mod record;
pub mod recorded;
mod replay;
pub mod report;
pub mod rerun;
pub mod resume;
mod revisions;
pub mod run;
pub mod runs;
mod sinks;
pub mod verify;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::design::{Action, Catalogue, Experiment, Matrix, MatrixError};
use crate::host::Root;
use crate::plan::{Plan, PlanError, Trial, trials::hex};
use crate::spec::only::{self, OnlyError};
use crate::spec::{self, BaseFile, Chosen, Diagnostics, ExpandError, Files, Resolved};
use crate::store::StoreError;
use crate::strategy;
use crate::workload::kernel;

/// Largest experiment file in bytes.
pub const MAX_FILE_BYTES: u64 = 16 << 20;

/// Refused sets of parameters that are shown.
pub const SHOWN_REFUSALS: usize = 5;

/// Why a command cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The experiment file cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    File {
        /// As given.
        path: PathBuf,
        /// What is wrong, and what helps.
        reason: String,
    },
    /// An experiment file cannot be written.
    #[error("cannot write {}: {reason}", path.display())]
    NewFile {
        /// As given.
        path: PathBuf,
        /// What is wrong, and what helps.
        reason: String,
    },
    /// The experiment file has mistakes.
    #[error("the experiment file has mistakes")]
    Spec(Box<Diagnostics>),
    /// The matrix cannot be expanded.
    #[error("{}: {source}", path.display())]
    Matrix {
        /// The experiment file.
        path: PathBuf,
        /// Why.
        source: MatrixError,
    },
    /// A kernel refuses its parameters.
    #[error("{}: {}", path.display(), reasons.join("; "))]
    Kernel {
        /// The experiment file.
        path: PathBuf,
        /// One a refused set of parameters, at most [`SHOWN_REFUSALS`].
        reasons: Vec<String>,
    },
    /// A filter on cells is wrong, or selects none.
    #[error("{}: {source}", path.display())]
    Only {
        /// The experiment file.
        path: PathBuf,
        /// Why.
        source: OnlyError,
    },
    /// The trials cannot be planned.
    #[error("{}: {source}", path.display())]
    Plan {
        /// The experiment file.
        path: PathBuf,
        /// Why.
        source: PlanError,
    },
    /// A plan cannot be started as it was written.
    #[error("the plan {}: {reason}", path.display())]
    PlanFile {
        /// The JSON file.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
    /// An earlier run cannot be used.
    #[error("the run {}: {reason}", path.display())]
    Run {
        /// Its directory.
        path: PathBuf,
        /// What is wrong, and what helps.
        reason: String,
    },
    /// What could change a number is not as it was, and the user has not accepted that.
    #[error(
        "the run {} would go on under other conditions:\n  {}\nstart a new run, or say why to go on: {again} --accept-change REASON",
        path.display(), changes.join("\n  ")
    )]
    Changed {
        /// Its directory.
        path: PathBuf,
        /// What, a line each.
        changes: Vec<String>,
        /// The command that resumes it.
        again: String,
    },
    /// The runner may open too few files.
    #[error(
        "the runner may open {limit} files at the same time, and {needed} are needed for so many trials at once: raise the limit with `ulimit -n {needed}`, or lower `jobs`"
    )]
    OpenFiles {
        /// The limit in force.
        limit: u64,
        /// What is needed.
        needed: u64,
    },
    /// There is nothing to be resumed.
    #[error("{0}")]
    NothingLeft(String),
    /// There is no earlier run to estimate from.
    #[error("{0}")]
    Estimate(String),
    /// A revision that the experiment names cannot be had.
    #[error("{folder}: {reason}", folder = folder.display())]
    Revision {
        /// The folder of the experiment file.
        folder: PathBuf,
        /// Why.
        reason: String,
    },
    /// The template of a report is wrong.
    #[error("{}: {reason}", path.display())]
    Template {
        /// The template.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Results cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The product of a command cannot be printed.
    #[error("cannot write to standard output: {0}")]
    Output(#[source] std::io::Error),
    /// The operating system refuses what the runner itself needs.
    #[error("the runner cannot go on: {0}")]
    System(#[from] std::io::Error),
}

impl Error {
    /// The exit code: 2 for the file, 6 for results and output, 1 for the rest.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Only { source: OnlyError::Nothing { .. }, .. } | Self::NothingLeft(_) => 4,
            Self::Only { .. }
            | Self::File { .. }
            | Self::NewFile { .. }
            | Self::Spec(_)
            | Self::Matrix { .. }
            | Self::Kernel { .. }
            | Self::Plan { .. }
            | Self::PlanFile { .. }
            | Self::Run { .. }
            | Self::Changed { .. }
            | Self::Revision { .. }
            | Self::Template { .. }
            | Self::OpenFiles { .. }
            | Self::Estimate(_) => 2,
            Self::Store(_) | Self::Output(_) => 6,
            Self::System(_) => 1,
        }
    }
}

/// What the command line changes of a file.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The profile that was asked for.
    pub profile: Option<String>,
    /// Assignments `path=value`, in order.
    pub set: Vec<String>,
    /// Filters on cells, of which one must hold; all cells when empty.
    pub only: Vec<String>,
    /// Why only those.
    pub reason: Option<String>,
}

/// A valid experiment and its cells.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The file as given.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// The files that it extends, the nearest first.
    pub bases: Arc<[BaseFile]>,
    /// The profile in force.
    pub profile: Option<Chosen>,
    /// What the command line changed.
    pub request: Request,
    /// All layers as one document.
    pub resolved: Resolved,
    /// The experiment.
    pub experiment: Arc<Experiment>,
    /// Its cells, those that are selected.
    pub matrix: Arc<Matrix>,
    /// How many cells there are without a filter.
    pub all_cells: usize,
    /// What is allowed but worth a second look.
    pub cautions: Diagnostics,
}

/// A plan and where its seed comes from.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The trials.
    pub plan: Arc<Plan>,
    /// The seed was drawn now, since neither file nor command line gives one.
    pub seed_drawn: bool,
    /// What the run was before it was extended, the first first; nothing for most runs.
    pub earlier: Arc<[Version]>,
}

/// What a run was before it was extended.
#[derive(Clone, Debug)]
pub struct Version {
    /// The experiment.
    pub experiment: Arc<Experiment>,
    /// Its cells.
    pub matrix: Arc<Matrix>,
    /// Its trials.
    pub plan: Arc<Plan>,
}

impl Planned {
    /// The trial with a planned index in each plan that the run has had, the last one that of
    /// today.
    pub(in crate::session) fn plans(&self) -> Vec<impl Fn(usize) -> Option<Trial> + use<>> {
        let all = self.earlier.iter().map(|version| &version.plan).chain([&self.plan]);
        all.map(Arc::clone).map(|plan| move |order| plan.of_order(order)).collect()
    }
}

/// Reads and checks an experiment file and expands its matrix. Starts nothing, writes nothing.
pub fn load(path: &Path, request: &Request) -> Result<Loaded, Error> {
    let bytes = read_bytes(path).map_err(|reason| Error::File { path: path.to_owned(), reason })?;
    load_bytes(path, bytes, request)
}

/// The same for the content of a file that need not be there.
pub fn load_bytes(path: &Path, bytes: Vec<u8>, request: &Request) -> Result<Loaded, Error> {
    load_in(path, bytes, request, (&files::Disk, &strategy::catalogue()))
}

/// The same where files and kernels are these.
fn load_in(
    path: &Path,
    bytes: Vec<u8>,
    request: &Request,
    (files, catalogue): (&dyn Files, &Catalogue),
) -> Result<Loaded, Error> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let base_dir = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let base_dir = std::path::absolute(base_dir)?;
    let display = path.display().to_string();
    let host = Root::system().text("/proc/sys/kernel/hostname");
    let layers = spec::Layers {
        profile: request.profile.as_deref(),
        host: host.known().map_or("", String::as_str),
        set: &request.set,
    };
    let source = spec::Source {
        path: &display,
        bytes: &bytes,
        stem: &stem,
        base_dir: &base_dir,
        files,
        layers,
    };
    let checked =
        spec::read(&source, catalogue).map_err(|diagnostics| Error::Spec(Box::new(diagnostics)))?;
    let mut matrix = spec::expand(&checked).map_err(|error| match error {
        ExpandError::Misfits(diagnostics) => Error::Spec(diagnostics),
        ExpandError::Matrix(source) => Error::Matrix { path: path.to_owned(), source },
    })?;
    let reasons = refusals(&checked.experiment, &matrix);
    if !reasons.is_empty() {
        return Err(Error::Kernel { path: path.to_owned(), reasons });
    }
    let all_cells = matrix.len();
    let keep = only::select(&request.only, &checked.experiment, &matrix)
        .map_err(|source| Error::Only { path: path.to_owned(), source })?;
    matrix.retain(&keep);
    Ok(Loaded {
        path: path.to_owned(),
        bytes: bytes.into(),
        bases: checked.bases.into(),
        profile: checked.profile,
        request: request.clone(),
        resolved: checked.resolved,
        experiment: Arc::new(checked.experiment),
        matrix: Arc::new(matrix),
        all_cells,
        cautions: checked.cautions,
    })
}

/// What kernels say about parameters that have the right type and are still out of their reach:
/// better now than in every trial.
fn refusals(experiment: &Experiment, matrix: &Matrix) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    for cell in matrix.cells() {
        let workload = &experiment.workloads[cell.workload];
        let Action::Kernel(signature) = &workload.action else { continue };
        let Some(kernel) = kernel(signature.name) else { continue };
        let knows = |name: &str| signature.parameters.iter().any(|known| known.name == name);
        let mut bindings = matrix.bindings(cell);
        bindings.retain(|binding| knows(binding.name.as_str()));
        if let Err(reason) = kernel.prepare(&bindings) {
            let reason = format!("workload `{}`: {reason}", workload.name);
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        if reasons.len() == SHOWN_REFUSALS {
            break;
        }
    }
    reasons
}

/// The bytes of a file, or what is wrong and what helps.
fn read_bytes(path: &Path) -> Result<Vec<u8>, String> {
    let file = fs::File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => not_found(path),
        _ => error.to_string(),
    })?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::IsADirectory => "it is a directory; name a TOML file in it".to_owned(),
        _ => error.to_string(),
    })?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err("it is larger than 16 MiB, too large for an experiment file".to_owned());
    }
    Ok(bytes)
}

fn not_found(path: &Path) -> String {
    let with_extension = path.with_extension("toml");
    if path.extension().is_none() && with_extension.exists() {
        return format!("there is no such file; did you mean {}?", with_extension.display());
    }
    "there is no such file".to_owned()
}

impl Loaded {
    /// SHA-256 of the experiment file, 64 hex digits.
    #[must_use]
    pub fn sha256(&self) -> String {
        hex(&Sha256::digest(&self.bytes))
    }

    /// SHA-256 of each file that it extends, the nearest first.
    #[must_use]
    pub fn bases_sha256(&self) -> Vec<String> {
        self.bases.iter().map(|base| hex(&Sha256::digest(&base.bytes))).collect()
    }

    /// The document after all layers, with the seed of a plan if there is one.
    #[must_use]
    pub fn resolved(&self, planned: Option<&Planned>) -> String {
        let seed = planned.and_then(|planned| {
            let seed = planned.plan.seed();
            let of_file = self.experiment.seed == Some(seed);
            let origin = if planned.seed_drawn { "drawn" } else { "--seed" };
            (!of_file).then_some((seed, origin))
        });
        let dir = self.experiment.base_dir.display().to_string();
        let mut head = format!(
            "# {} after all layers. Relative paths start at {}\n",
            self.path.display().to_string().escape_debug(),
            dir.escape_debug()
        );
        if let Some(filtered) = self.filtered() {
            head.push_str(&format!("# {filtered}\n"));
        }
        format!("{head}{}", self.resolved.render(seed))
    }

    /// `filtered by --only n=10: 4 of 12 cells`, and why if that was said; nothing when there is no
    /// filter.
    #[must_use]
    pub fn filtered(&self) -> Option<String> {
        let filters: Vec<String> = self
            .request
            .only
            .iter()
            // An argument may hold anything; this is one line.
            .map(|filter| format!("--only {}", filter.escape_debug()))
            .collect();
        (!filters.is_empty()).then(|| {
            let (some, all) = (self.matrix.len(), self.all_cells);
            let why = self.request.reason.iter().map(|why| format!(" ({})", why.escape_debug()));
            let why: String = why.collect();
            format!("filtered by {}: {some} of {all} cells{why}", filters.join(" "))
        })
    }

    /// Plans every trial. `seed` wins over the file's; without either one is drawn.
    pub fn plan(&self, seed: Option<u64>, max_trials: u64) -> Result<Planned, Error> {
        let given = seed.or(self.experiment.seed);
        let seed = match given {
            Some(seed) => seed,
            None => draw_seed()?,
        };
        let plan = Plan::new(&self.experiment, &self.matrix, seed, max_trials)
            .map_err(|source| Error::Plan { path: self.path.clone(), source })?;
        Ok(Planned { plan: Arc::new(plan), seed_drawn: given.is_none(), earlier: Arc::default() })
    }
}

/// A seed that fits the integers of TOML, so that it can be copied into the file.
fn draw_seed() -> Result<u64, Error> {
    let mut bytes = [0; 8];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes) >> 1)
}
