//! What the registries offer, as plain values: the spec room binds against this and so needs to
//! know no kernel and no strategy.

/// The type that a kernel parameter accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// An integer of at least `min`.
    Integer {
        /// Smallest accepted value.
        min: i64,
    },
    /// A duration written as text with a unit, such as `"10ms"`.
    Duration,
    /// A list of integers of at least `min`: one level is a whole list.
    IntegerList {
        /// Smallest accepted element.
        min: i64,
    },
}

/// One parameter of a kernel.
#[derive(Clone, Copy, Debug)]
pub struct ParameterSignature {
    /// Name as in the file, `[a-z][a-z0-9_]*`.
    pub name: &'static str,
    /// What is accepted.
    pub kind: ValueKind,
    /// Must be given; otherwise `default` holds.
    pub required: bool,
    /// The default as it would be written in TOML; empty when required.
    pub default: &'static str,
    /// One sentence for `runner list`.
    pub about: &'static str,
}

/// What a kernel is called and accepts.
#[derive(Clone, Copy, Debug)]
pub struct KernelSignature {
    /// Name as in the file.
    pub name: &'static str,
    /// Counts up when the kernel's answer or cost model changes; part of a cell's identity.
    pub version: u32,
    /// One sentence.
    pub about: &'static str,
    /// Parameters in the order in which they are listed.
    pub parameters: &'static [ParameterSignature],
    /// The size parameter that `scaling = "strong"` splits over tasks; `None`: cannot be split.
    pub size: Option<&'static str>,
    /// A block that can be pasted into an experiment file.
    pub example: &'static str,
}

/// What a kind of strategy is called and accepts.
#[derive(Clone, Copy, Debug)]
pub struct StrategySignature {
    /// Name as in the file.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// A block that can be pasted into an experiment file.
    pub example: &'static str,
}

/// Everything that an experiment file may name.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Built-in kernels.
    pub kernels: Vec<&'static KernelSignature>,
    /// Kinds of strategy.
    pub strategies: Vec<&'static StrategySignature>,
}

impl Catalogue {
    /// The kernel of that name.
    #[must_use]
    pub fn kernel(&self, name: &str) -> Option<&'static KernelSignature> {
        self.kernels.iter().copied().find(|kernel| kernel.name == name)
    }
}
