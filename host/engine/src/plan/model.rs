//! A plan as data: what every renderer draws and apply carries out.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::capability::ObjectKey;
use crate::diagnostic::Diagnostic;
use crate::journal::{Entry, OpKind, Recorded};
use crate::name::{Address, KindName, PluginName};
use crate::recover::Resume;
use crate::value::Value;
use crate::view::{Ephemeral, Views};

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
    /// What goes for good with the object that this deletes, or went with the one that is gone, in plain words.
    pub loses: Option<String>,
    /// Is it only looked at, so that a delete takes it from the state and nothing else?
    pub lookup: bool,
    /// Is `old` what a replacement left behind, rather than the object of the address?
    pub deposed: bool,
    /// What an interrupted run began here and this one goes on with.
    pub resumes: Vec<Resume>,
    /// The homes that are recorded with the object.
    pub lives_in: Vec<Address>,
    /// The objects that its preview named, for kinds that have one: they are its scope. None where it was not
    /// previewed, or has to be once more, since something was not known.
    pub objects: Option<Vec<ObjectKey>>,
}

impl Step {
    /// Is its object there, and does it stay under its id?
    pub(crate) fn keeps_object(&self) -> bool {
        match self.action {
            Action::Same | Action::Update | Action::Adopt => self.old.is_some(),
            Action::Resume => self.old.is_some() && !self.goes_on(OpKind::Create),
            Action::Create | Action::Replace | Action::Delete | Action::Forget => false,
        }
    }

    /// Did an interrupted run begin this to the object of the address?
    pub(crate) fn goes_on(&self, does: OpKind) -> bool {
        self.resumes.iter().any(|resume| resume.operation.does == does && !resume.operation.deposed)
    }

    /// A step that does nothing yet.
    pub fn new(address: Address, kind: KindName, action: Action) -> Self {
        Self {
            address,
            kind,
            action,
            reasons: Vec::new(),
            diff: Vec::new(),
            old: None,
            new_inputs: None,
            planned_outputs: Value::Null,
            depends_on: Vec::new(),
            offline: false,
            delete_first: false,
            loses: None,
            lookup: false,
            deposed: false,
            resumes: Vec::new(),
            lives_in: Vec::new(),
            objects: None,
        }
    }
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
    /// What the plan was made from, for apply.
    pub basis: Basis,
}

/// What a plan was made from; apply starts there. Holds what is never stored (a kubeconfig), so it
/// lives no longer than the plan.
#[derive(Clone, Debug, Default)]
pub struct Basis {
    /// What looking back found: journalled first, whatever else is done.
    pub(crate) recovered: Vec<Entry>,
    /// What refreshing found: journalled if anything is done.
    pub(crate) refreshed: Vec<Entry>,
    /// The resources as they are.
    pub(crate) views: Views,
    /// The plugins' configs as they are.
    pub(crate) configs: BTreeMap<PluginName, Arc<Value>>,
    /// Which ephemeral outputs something refers to.
    pub(crate) ephemeral: Ephemeral,
    /// The serial of the snapshot, and how many entries came after it, when this was planned.
    pub(crate) seen: (u64, usize),
    /// Does it take everything down?
    pub(crate) destroy: bool,
}

impl Plan {
    /// Would an apply do nothing at all, not even to state?
    pub fn is_empty(&self) -> bool {
        self.basis.recovered.is_empty()
            && self.outputs.is_empty()
            && self.steps.iter().all(|step| step.action == Action::Same)
    }

    /// Is there an error that forbids an apply?
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}
