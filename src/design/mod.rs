//! What is varied: experiment, parameters, matrix of cells and their identities.
//!
//! Owns the validated experiment and its expansion into cells. Refuses to read files, to parse
//! TOML, to start anything and to know in which order cells will run.

pub mod catalogue;
pub mod duration;
pub mod experiment;
pub mod hook;
pub mod identity;
mod larger;
pub mod matrix;
pub mod name;
pub mod parameter;
pub mod template;
pub mod value;

pub use catalogue::{Catalogue, KernelSignature, ParameterSignature, StrategySignature, ValueKind};
pub use experiment::{
    Action, Agree, Better, Command, Compare, Environment, Expectation, Experiment, Isolation,
    MetricSource, OnFailure, OnTimeout, Order, Program, Protocol, Scaling, Strategy, StrategyKind,
    UserMetric, Workload,
};
pub use hook::{Hook, HookStep, Hooks};
pub use identity::CellKey;
pub use matrix::{Cell, CellIx, Matrix, MatrixError, SkippedPair};
pub use name::{Name, NameError, ParamName};
pub use parameter::{Binding, Factor, Level};
pub use template::{Piece, Template, TemplateError};
pub use value::Value;
