//! What is varied: experiment, parameters, matrix of cells and their identities.
//!
//! Owns the validated experiment and its expansion into cells. Refuses to read files, to parse
//! TOML, to start anything and to know in which order cells will run.

pub mod assertion;
pub mod bytes;
pub mod catalogue;
pub mod claim;
pub mod combination;
pub mod duration;
pub mod experiment;
pub mod expression;
pub mod gate;
pub mod glob;
pub mod hook;
pub mod identity;
mod larger;
pub mod matrix;
pub mod metric;
pub mod name;
pub mod number;
pub mod parameter;
pub mod protocol;
pub mod sandbox;
pub mod selector;
pub mod template;
pub mod value;

pub use assertion::Assertion;
pub use catalogue::{Catalogue, KernelSignature, ParameterSignature, StrategySignature, ValueKind};
pub use claim::{Claim, Statement, Term};
pub use combination::{Combination, Inclusion, Zip};
pub use experiment::{
    Action, Agree, Command, Compare, Expectation, Experiment, Objective, Program, Scaling,
    Spreadsheet, Strategy, StrategyKind, Workload,
};
pub use hook::{Hook, HookStep, Hooks};
pub use identity::CellKey;
pub use matrix::{
    Axis, Cell, CellIx, CellProtocol, Matrix, MatrixError, Misfit, SkippedCell, SkippedPair,
};
pub use metric::{Better, Combine, Extract, IterationTimes, MetricSource, Pointer, UserMetric};
pub use name::{Name, NameError, ParamName};
pub use parameter::{Binding, Condition, Factor, Formula, Level};
pub use protocol::{
    Adaptive, Cpus, Environment, Isolation, OnFailure, OnTimeout, Order, Override, Protocol,
    ProtocolPatch,
};
pub use sandbox::{Sandbox, SandboxPatch};
pub use selector::{Entry, Operator, Pattern, Selector, Subject};
pub use template::{Piece, Template, TemplateError};
pub use value::Value;
