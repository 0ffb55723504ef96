//! What came of a run.

use crate::diagnostic::Diagnostic;
use crate::journal::OpKind;
use crate::name::Address;
use crate::problem::Problem;
use crate::session::Failure;
use crate::value::Map;

/// What came of an apply.
#[derive(Clone, Debug, Default)]
pub struct ApplyReport {
    /// Resources made.
    pub created: usize,
    /// Resources changed in place.
    pub updated: usize,
    /// Resources made anew.
    pub replaced: usize,
    /// Objects removed.
    pub deleted: usize,
    /// Objects taken into state.
    pub adopted: usize,
    /// Resources that are as they were.
    pub unchanged: usize,
    /// Resources at which something failed.
    pub failed: usize,
    /// Resources that were not tried, because something they depend on failed.
    pub blocked: usize,
    /// Why.
    pub failures: Vec<Failed>,
    /// What was found to break the contract, and did not stop anything.
    pub defects: Vec<(Address, Problem)>,
    /// The stack's `checks` that do not hold, and outputs that cannot be evaluated.
    pub checks: Vec<Diagnostic>,
    /// The stack's outputs, the ephemeral ones too.
    pub outputs: Map,
    /// Was it stopped before its end?
    pub interrupted: bool,
}

/// One failure.
#[derive(Clone, Debug)]
pub struct Failed {
    /// At which resource.
    pub address: Address,
    /// While doing what.
    pub does: OpKind,
    /// Why.
    pub failure: Failure,
}

impl ApplyReport {
    /// Did everything that was planned come about?
    pub fn is_complete(&self) -> bool {
        self.failed == 0 && self.blocked == 0 && self.checks.is_empty() && !self.interrupted
    }

    /// Was anything changed?
    pub fn changed(&self) -> usize {
        self.created + self.updated + self.replaced + self.deleted + self.adopted
    }
}
