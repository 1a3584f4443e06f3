//! `external`: the program under test carries out the strategy itself; there is nothing to do here.

use super::Registered;
use crate::design::{StrategyKind, StrategySignature};

/// The registry line.
pub const STRATEGY: Registered =
    Registered { kind: StrategyKind::External, signature: &SIGNATURE, run: None };

static SIGNATURE: StrategySignature = StrategySignature {
    name: "external",
    about: "a command does it itself, told by parameters; not for kernels",
    example: "[strategies]\nthreading = { kind = \"external\", workers = 2, params = { mode = \"threading\" } }\n",
};
