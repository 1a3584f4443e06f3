//! `[matrix]`: how the axes combine when the plain product is not what is meant.

use std::ops::Range;

use super::name::{Name, ParamName};
use super::parameter::Level;
use super::selector::Selector;

/// Every rule of combination. Without any the matrix is the product of its axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Combination {
    /// Parameters that move together.
    pub zips: Vec<Zip>,
    /// Cells that are left out.
    pub exclude: Vec<Selector>,
    /// Cells that are added after the product.
    pub include: Vec<Inclusion>,
}

/// Parameters that move together: the first level of each, the second of each, …
#[derive(Clone, Debug, PartialEq)]
pub struct Zip {
    /// At least two. No parameter is in two zips.
    pub names: Vec<ParamName>,
    /// Bytes of the experiment file.
    pub at: Range<usize>,
}

/// One added combination.
#[derive(Clone, Debug, PartialEq)]
pub struct Inclusion {
    /// Of this workload; of every one that it fits when `None`.
    pub workload: Option<Name>,
    /// Under this strategy; under every one that it fits when `None`.
    pub strategy: Option<Name>,
    /// With so many workers; with each number of the strategy when `None`.
    pub workers: Option<u32>,
    /// A level of each parameter that has several.
    pub levels: Vec<(ParamName, Level)>,
    /// Bytes of the experiment file.
    pub at: Range<usize>,
}
