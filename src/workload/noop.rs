//! `noop`: nothing, so that the cost of everything else can be seen.

use super::{Answer, Cancel, Kernel, Share, Task};
use crate::design::{Binding, KernelSignature};

/// The kernel.
pub struct Noop;

static SIGNATURE: KernelSignature = KernelSignature {
    name: "noop",
    version: 1,
    about: "does nothing: measures the cost of everything else",
    parameters: &[],
    size: None,
    example: "[workloads.noop]\n",
};

impl Kernel for Noop {
    fn signature(&self) -> &'static KernelSignature {
        &SIGNATURE
    }

    fn prepare(&self, _params: &[Binding]) -> Result<Box<dyn Task>, String> {
        Ok(Box::new(Self))
    }
}

impl Task for Noop {
    fn run(&self, _share: Share, _cancel: &Cancel) -> Option<Answer> {
        Some(Answer::None)
    }

    fn work_units(&self, _share: Share) -> u64 {
        1
    }
}
