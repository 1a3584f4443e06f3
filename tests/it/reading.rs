//! Reading experiment files without a binary: a small catalogue and a small world of files.

use std::path::{Path, PathBuf};

use runner::design::{
    Catalogue, Experiment, KernelSignature, Matrix, ParameterSignature, ValueKind,
};
use runner::spec::{Checked, Diagnostics, ExpandError, Files, Layers, Source, expand, read};

const N: ParameterSignature = ParameterSignature {
    name: "n",
    kind: ValueKind::Integer { min: 0 },
    required: true,
    default: "",
    about: "how many terms; an integer of at least 0",
};

static POWER_SUM: KernelSignature = KernelSignature {
    name: "power-sum",
    version: 1,
    about: "sum of powers",
    parameters: &[
        N,
        ParameterSignature {
            name: "powers",
            kind: ValueKind::IntegerList { min: 0 },
            required: false,
            default: "[1, 2, 3]",
            about: "which powers are summed; a list of integers of at least 0",
        },
    ],
    size: Some("n"),
    example: "",
};

static PRIMES: KernelSignature = KernelSignature {
    name: "primes",
    version: 1,
    about: "count of primes below n",
    parameters: &[N],
    size: Some("n"),
    example: "",
};

static SLEEP: KernelSignature = KernelSignature {
    name: "sleep",
    version: 1,
    about: "waits",
    parameters: &[ParameterSignature {
        name: "time",
        kind: ValueKind::Duration,
        required: true,
        default: "",
        about: "how long each task sleeps; a duration such as \"10ms\"",
    }],
    size: None,
    example: "",
};

static NOOP: KernelSignature = KernelSignature {
    name: "noop",
    version: 1,
    about: "nothing",
    parameters: &[],
    size: None,
    example: "",
};

/// A small catalogue.
pub fn catalogue() -> Catalogue {
    Catalogue { kernels: vec![&POWER_SUM, &PRIMES, &SLEEP, &NOOP], strategies: Vec::new() }
}

/// A small world of files.
const FILES: [(&str, &str); 6] = [
    ("/somewhere/words.txt", "one\n\ntwo words  \r\n=1+1\n"),
    ("/somewhere/twice.txt", "a\nb\na\n"),
    ("/somewhere/blank.txt", "\n \n"),
    ("/somewhere/inputs/b.csv", "2"),
    ("/somewhere/inputs/a.csv", "1"),
    ("/somewhere/inputs/readme.md", "3"),
];

/// Reads only those.
#[derive(Debug)]
pub struct FewFiles;

impl Files for FewFiles {
    fn read(&self, path: &Path, _: u64) -> Result<Vec<u8>, String> {
        let found = FILES.iter().find(|(name, _)| Path::new(name) == path);
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or("there is no such file".to_owned())
    }

    fn glob(&self, pattern: &str) -> Result<Vec<PathBuf>, String> {
        let pattern = glob::Pattern::new(pattern).map_err(|error| error.to_string())?;
        let paths = FILES.iter().map(|(name, _)| PathBuf::from(name));
        Ok(paths.filter(|path| pattern.matches_path(path)).collect())
    }

    fn digest(&self, path: &Path) -> Result<String, String> {
        let bytes = self.read(path, 0)?;
        Ok(format!("digest of {}", String::from_utf8_lossy(&bytes)))
    }

    fn names(&self, folder: &Path) -> Option<Vec<String>> {
        let below = FILES.iter().filter_map(|(name, _)| Path::new(name).strip_prefix(folder).ok());
        let mut names: Vec<String> = below
            .filter_map(|path| Some(path.components().next()?.as_os_str().to_str()?.to_owned()))
            .collect();
        names.sort();
        names.dedup();
        (!names.is_empty()).then_some(names)
    }
}

/// A file without layers.
pub fn source(bytes: &[u8]) -> Source<'_> {
    Source {
        path: "experiment.toml",
        bytes,
        stem: "experiment",
        base_dir: Path::new("/somewhere"),
        files: &FewFiles,
        layers: Layers::default(),
    }
}

/// Reads a file.
pub fn read_bytes(bytes: &[u8]) -> Result<Checked, Diagnostics> {
    read(&source(bytes), &catalogue())
}

/// A file whose mistakes only show when its matrix is expanded is refused, too.
pub fn read_whole(bytes: &[u8]) -> Result<Checked, Diagnostics> {
    let checked = read_bytes(bytes)?;
    match expand(&checked) {
        Err(ExpandError::Misfits(misfits)) => Err(*misfits),
        _ => Ok(checked),
    }
}

/// Reads a file that must be good.
#[track_caller]
pub fn good(text: &str) -> Checked {
    read_bytes(text.as_bytes()).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// A path below the project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A whole experiment with all that is built in, and its cells.
#[track_caller]
pub fn matrix_of(text: &str) -> (Experiment, Matrix) {
    let checked = read(&source(text.as_bytes()), &runner::strategy::catalogue())
        .unwrap_or_else(|problems| panic!("{}\n{text}", problems.render(false)));
    let matrix = Matrix::new(&checked.experiment).unwrap_or_else(|e| panic!("{e}\n{text}"));
    (checked.experiment, matrix)
}
