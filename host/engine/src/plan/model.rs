//! A plan as data: what every renderer draws and apply carries out.

use crate::diagnostic::Diagnostic;
use crate::journal::Recorded;
use crate::name::{Address, KindName};
use crate::value::Value;

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Nothing: it is as it should be.
    Same,
    /// Makes it.
    Create,
    /// Changes it in place.
    Update,
    /// Makes a new one and removes the old one.
    Replace,
    /// Removes it.
    Delete,
    /// Takes an existing object into state: an import, or one that an interrupted run made.
    Adopt,
    /// Goes on with what an interrupted run began.
    Resume,
    /// Drops it from state and leaves the object.
    Forget,
}

/// Why a field, or a step, is in the plan.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Reason {
    /// The stack file says something else than last time.
    Changed,
    /// The object says something else than the state: somebody changed it.
    Drifted,
    /// The object is gone.
    Gone,
    /// It lives in an object that is gone or replaced.
    HomeLost {
        /// Which.
        home: Address,
    },
    /// A value it depends on is decided during apply.
    Unknown,
    /// The stack file no longer has it.
    Removed,
    /// The stack asks for it: `replace_on_changes`, `import`.
    Asked,
    /// An earlier run was interrupted here.
    Interrupted,
    /// The provider says so.
    Provider {
        /// In plain words.
        why: String,
    },
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldDiff {
    /// `node_pools[0].count`.
    pub path: String,
    /// As it is; none where there is nothing.
    pub old: Option<Value>,
    /// As it will be; none where it goes.
    pub new: Option<Value>,
    /// Does this field force a replacement?
    pub replaces: bool,
    /// Why it is in the plan.
    pub reason: Reason,
}

/// One resource in the plan.
#[derive(Clone, Debug)]
pub struct Step {
    /// Which.
    pub address: Address,
    /// Its kind.
    pub kind: KindName,
    /// What is done.
    pub action: Action,
    /// Why, beside the reasons of its fields.
    pub reasons: Vec<Reason>,
    /// The fields that differ.
    pub diff: Vec<FieldDiff>,
    /// As recorded, after refresh; none for a create.
    pub old: Option<Recorded>,
    /// The inputs as they will be, unknowns included; none for a delete.
    pub new_inputs: Option<Value>,
    /// The outputs as far as they are known before apply.
    pub planned_outputs: Value,
    /// What must be done before, by address.
    pub depends_on: Vec<Address>,
    /// Planned without asking its cloud, since what it lives in does not exist yet.
    pub offline: bool,
    /// Of a replacement: is the old object deleted first?
    pub delete_first: bool,
}

/// One output of the stack.
#[derive(Clone, Debug)]
pub struct OutputDiff {
    /// Its name.
    pub name: String,
    /// As stored.
    pub old: Option<Value>,
    /// As planned; unknown until apply if it depends on one.
    pub new: Option<Value>,
}

/// Everything that would be done.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In an order in which every step comes after what it depends on.
    pub steps: Vec<Step>,
    /// Outputs that would change.
    pub outputs: Vec<OutputDiff>,
    /// Warnings, and errors that forbid an apply.
    pub diagnostics: Vec<Diagnostic>,
}
