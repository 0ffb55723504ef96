//! What maps knows of the world: the snapshot, and the journal folded onto it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::capability::ObjectKey;
use crate::journal::{Ended, Entry, OpKind, Recorded};
use crate::name::{Address, OpId};
use crate::problem::Problem;
use crate::retry;
use crate::stack::ResourceDecl;
use crate::value::Value;

/// The snapshot format this version writes, and the newest it reads.
pub const SNAPSHOT_VERSION: u32 = 1;

/// State at one moment, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The format: [`SNAPSHOT_VERSION`].
    pub version: u32,
    /// Whose state this is.
    pub stack: String,
    /// The environment it belongs to; another one's is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Counts the commits; 0 for the empty snapshot that was never committed.
    pub serial: u64,
    /// The head of the audit log when this was committed; opaque to the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<String>,
    /// What is known.
    #[serde(flatten)]
    pub state: State,
}

/// What is known of a stack's objects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// By address.
    #[serde(default)]
    pub resources: BTreeMap<Address, Tracked>,
    /// Operations that began and whose effect is not known: the next run looks back at them.
    #[serde(default)]
    pub operations: BTreeMap<OpId, Operation>,
    /// The stack's outputs after the last run, without the ephemeral ones; a map.
    #[serde(default)]
    pub outputs: Value,
}

/// The objects of one address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tracked {
    /// The object that the address stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Recorded>,
    /// Objects that were replaced, or are of no use, and still have to be deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deposed: Vec<Recorded>,
}

/// An operation that began, with what the journal says happened since.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// What it does.
    pub does: OpKind,
    /// On which resource.
    pub address: Address,
    /// As its begin told it.
    pub object: Recorded,
    /// Is its object a deposed one?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deposed: bool,
    /// The objects that its step's preview named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<Vec<ObjectKey>>,
    /// When it began, in Unix milliseconds.
    pub at: u64,
    /// How many mutating host calls were announced for it.
    #[serde(default)]
    pub calls: u32,
    /// How many of them since the last checkpoint, which tells nothing of what they did.
    #[serde(default)]
    pub open_calls: u32,
    /// When the last of them was announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_call_at: Option<u64>,
    /// Where it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Value>,
    /// The object's id, once a pending has told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// Why a snapshot, or the journal after it, is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Written by a newer maps.
    #[error("the state has format {found}; this maps reads up to {SNAPSHOT_VERSION}")]
    Version {
        /// The one found.
        found: u32,
    },
    /// Another stack's.
    #[error("the state belongs to the stack \"{found}\", not to \"{wanted}\"")]
    Stack {
        /// The one found.
        found: String,
        /// The one asked for.
        wanted: String,
    },
    /// Another environment's.
    #[error("the state belongs to the environment {found:?}, not to {wanted:?}")]
    Environment {
        /// The one found.
        found: Option<String>,
        /// The one asked for.
        wanted: Option<String>,
    },
    /// An address with nothing under it, or one that is empty.
    #[error("the state holds no object under \"{address}\"")]
    Hollow {
        /// Which.
        address: Address,
    },
    /// A made object has an id.
    #[error("the state holds an object without an id under \"{address}\"")]
    NoId {
        /// Whose.
        address: Address,
    },
    /// One object twice.
    #[error("the state holds the object {id} twice under \"{address}\"")]
    Twice {
        /// Whose.
        address: Address,
        /// Which.
        id: String,
    },
    /// A dependency that is not there.
    #[error("the state says that \"{address}\" depends on \"{missing}\", which it does not hold")]
    Dangling {
        /// Whose.
        address: Address,
        /// On what.
        missing: Address,
    },
    /// A value that is not known has no place in state, but for a plugin's ephemeral config.
    #[error("the state holds an undecided value under \"{address}\"")]
    Undecided {
        /// Whose.
        address: Address,
    },
    /// A create that could never be found again.
    #[error("the operation {op} on \"{address}\" makes an object without a token")]
    NoToken {
        /// Which.
        op: OpId,
        /// On what.
        address: Address,
    },
    /// An entry about an operation that did not begin.
    #[error("the journal speaks of the operation {op}, which did not begin")]
    Stray {
        /// Which.
        op: OpId,
    },
}

impl Snapshot {
    /// The empty snapshot of a stack that has no state yet.
    pub fn new(stack: impl Into<String>, environment: Option<String>) -> Self {
        Self {
            version: SNAPSHOT_VERSION,
            stack: stack.into(),
            environment,
            serial: 0,
            audit: None,
            state: State::default(),
        }
    }

    /// The snapshot that follows this one.
    pub fn next(&self, mut state: State) -> Self {
        state.prune();
        Self {
            version: SNAPSHOT_VERSION,
            stack: self.stack.clone(),
            environment: self.environment.clone(),
            serial: self.serial + 1,
            audit: self.audit.clone(),
            state,
        }
    }

    /// Is this the state of that stack in that environment, and does it make sense?
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(&self, stack: &str, environment: Option<&str>) -> Result<(), StateError> {
        if self.version == 0 || self.version > SNAPSHOT_VERSION {
            return Err(StateError::Version { found: self.version });
        }
        if self.stack != stack {
            return Err(StateError::Stack { found: self.stack.clone(), wanted: stack.to_owned() });
        }
        if self.environment.as_deref() != environment {
            return Err(StateError::Environment {
                found: self.environment.clone(),
                wanted: environment.map(str::to_owned),
            });
        }
        self.state.verify()
    }

    /// Visits every value that may hold a secret, each with a name of its place that is unique in
    /// the snapshot, for a store's codec.
    pub fn visit_values(&mut self, visit: &mut dyn FnMut(&str, &mut Value)) {
        for (address, tracked) in &mut self.state.resources {
            if let Some(object) = &mut tracked.current {
                object.visit_values(&format!("resources/{address}"), visit);
            }
            for object in &mut tracked.deposed {
                object.visit_values(&format!("deposed/{address}/{}", object.id), visit);
            }
        }
        for (op, operation) in &mut self.state.operations {
            operation.object.visit_values(&format!("operations/{op}"), visit);
            if let Some(checkpoint) = &mut operation.checkpoint {
                visit(&format!("operations/{op}/checkpoint"), checkpoint);
            }
        }
        visit("outputs", &mut self.state.outputs);
    }
}

impl State {
    /// Folds entries onto this state, in order.
    ///
    /// # Errors
    /// When an entry contradicts those before it.
    pub fn fold<'a>(&mut self, entries: impl IntoIterator<Item = &'a Entry>) -> Result<(), StateError> {
        entries.into_iter().try_for_each(|entry| self.apply(entry))
    }

    fn apply(&mut self, entry: &Entry) -> Result<(), StateError> {
        match entry {
            Entry::Begin { op, does, address, object, deposed, planned, at } => {
                let operation = Operation {
                    does: *does,
                    address: address.clone(),
                    object: object.clone(),
                    deposed: *deposed,
                    planned: planned.clone(),
                    at: *at,
                    calls: 0,
                    open_calls: 0,
                    last_call_at: None,
                    checkpoint: None,
                    id: None,
                };
                self.operations.insert(op.clone(), operation);
            }
            Entry::Call { ops, at, .. } => {
                for op in ops {
                    let operation = self.open(op)?;
                    operation.calls += 1;
                    operation.open_calls += 1;
                    operation.last_call_at = Some(*at);
                }
            }
            Entry::Checkpoint { op, checkpoint, id } => {
                let operation = self.open(op)?;
                operation.checkpoint = Some(checkpoint.clone());
                operation.open_calls = 0;
                if id.is_some() {
                    operation.id.clone_from(id);
                }
            }
            Entry::End { op, ended } => self.end(op, ended)?,
            Entry::Learned { address, object } => match object {
                Some(object) => {
                    self.resources.entry(address.clone()).or_default().current = Some(object.clone());
                }
                None => {
                    self.resources.entry(address.clone()).or_default().current = None;
                    self.drop_if_hollow(address);
                }
            },
            Entry::Outputs { outputs } => self.outputs = outputs.clone(),
        }
        Ok(())
    }

    fn open(&mut self, op: &OpId) -> Result<&mut Operation, StateError> {
        self.operations.get_mut(op).ok_or_else(|| StateError::Stray { op: op.clone() })
    }

    fn end(&mut self, op: &OpId, ended: &Ended) -> Result<(), StateError> {
        let operation = self.operations.remove(op).ok_or_else(|| StateError::Stray { op: op.clone() })?;
        match ended {
            Ended::Applied { object } => {
                let tracked = self.resources.entry(operation.address).or_default();
                // A new object takes the address; the one it replaces waits to be deleted.
                if let Some(old) = tracked.current.take()
                    && (old.id != object.id || old.kind != object.kind)
                {
                    tracked.deposed.push(old);
                }
                tracked.deposed.retain(|old| old.id != object.id || old.kind != object.kind);
                tracked.current = Some(object.clone());
            }
            Ended::Unusable { object } => {
                let tracked = self.resources.entry(operation.address).or_default();
                tracked.deposed.retain(|old| old.id != object.id || old.kind != object.kind);
                tracked.deposed.push(Recorded { unusable: true, ..object.clone() });
            }
            Ended::Removed => {
                let gone = &operation.object;
                if let Some(tracked) = self.resources.get_mut(&operation.address) {
                    let is_gone = |object: &Recorded| object.id == gone.id && object.kind == gone.kind;
                    tracked.deposed.retain(|object| !is_gone(object));
                    if tracked.current.as_ref().is_some_and(is_gone) {
                        tracked.current = None;
                    }
                }
                self.drop_if_hollow(&operation.address);
            }
            Ended::NoEffect => {}
            Ended::Failed { problem } => {
                if operation.in_doubt(problem) {
                    // An update begins again: what it waited for may be mended by then, and its time counts anew.
                    let checkpoint = operation.checkpoint.clone().filter(|_| operation.does != OpKind::Update);
                    self.operations.insert(op.clone(), Operation { checkpoint, ..operation });
                }
            }
        }
        Ok(())
    }

    fn drop_if_hollow(&mut self, address: &Address) {
        if self.resources.get(address).is_some_and(|t| t.current.is_none() && t.deposed.is_empty()) {
            self.resources.remove(address);
        }
    }

    /// Drops dependencies on what is no longer there; an object's dependencies only say what must
    /// outlive it.
    pub fn prune(&mut self) {
        let held: BTreeSet<Address> = self.resources.keys().cloned().collect();
        for (address, tracked) in &mut self.resources {
            for object in tracked.current.iter_mut().chain(&mut tracked.deposed) {
                object.depends_on.retain(|on| on != address && held.contains(on));
                object.lives_in.retain(|home| home != address && held.contains(home));
            }
        }
    }

    /// Does this state make sense?
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(&self) -> Result<(), StateError> {
        for (address, tracked) in &self.resources {
            if address.as_str().is_empty() || tracked.current.is_none() && tracked.deposed.is_empty() {
                return Err(StateError::Hollow { address: address.clone() });
            }
            let mut seen = BTreeSet::new();
            for object in tracked.current.iter().chain(&tracked.deposed) {
                if object.id.is_empty() || object.kind.as_str().is_empty() {
                    return Err(StateError::NoId { address: address.clone() });
                }
                if !seen.insert((&object.kind, &object.id)) {
                    return Err(StateError::Twice { address: address.clone(), id: object.id.clone() });
                }
                if object.inputs.has_unknown() || object.outputs.has_unknown() {
                    return Err(StateError::Undecided { address: address.clone() });
                }
                for on in object.depends_on.iter().chain(&object.lives_in) {
                    if !self.resources.contains_key(on) {
                        return Err(StateError::Dangling { address: address.clone(), missing: on.clone() });
                    }
                }
            }
        }
        for (op, operation) in &self.operations {
            let address = || operation.address.clone();
            if operation.does == OpKind::Create && operation.object.token.is_none() {
                return Err(StateError::NoToken { op: op.clone(), address: address() });
            }
            if operation.does != OpKind::Create && operation.object.id.is_empty() {
                return Err(StateError::NoId { address: address() });
            }
            if operation.object.inputs.has_unknown() {
                return Err(StateError::Undecided { address: address() });
            }
        }
        Ok(())
    }

    /// The object that an address stands for.
    pub fn current(&self, address: &Address) -> Option<&Recorded> {
        self.resources.get(address)?.current.as_ref()
    }

    /// The object with what the stack now says about it and its cloud does not know: its order, and
    /// whether it is protected or retained. None if that is recorded already.
    pub(crate) fn restated(&self, object: &Recorded, resource: &ResourceDecl) -> Option<Recorded> {
        if object.kind != resource.kind {
            return None;
        }
        let held = |on: &&Address| self.resources.contains_key(*on);
        let now: BTreeSet<_> = resource.depends_on.iter().filter(held).collect();
        let then: BTreeSet<_> = object.depends_on.iter().filter(held).collect();
        let (protect, retain) = (resource.options.protect, resource.options.retain);
        if now == then && (object.protect, object.retain) == (protect, retain) {
            return None;
        }
        let depends_on = now.into_iter().cloned().collect();
        Some(Recorded { depends_on, protect, retain, ..object.clone() })
    }
}

impl Operation {
    /// May it have had an effect that nobody recorded?
    pub fn touched(&self) -> bool {
        self.calls > 0 || self.checkpoint.is_some()
    }

    /// After it failed with this problem: is it open what it left behind?
    ///
    /// A delete leaves its object under its known id, where the next refresh reads it. A create can leave
    /// something that nobody would look for, and an update something that is still under way.
    pub fn in_doubt(&self, problem: &Problem) -> bool {
        if !self.touched() {
            return false;
        }
        let unanswered = retry::unanswered(problem.class);
        match self.does {
            // One call that was refused made nothing; of several, an earlier one may have.
            OpKind::Create => unanswered || self.calls > 1 || self.checkpoint.is_some(),
            OpKind::Update => unanswered,
            OpKind::Delete => unanswered && self.checkpoint.is_some(),
        }
    }
}

impl Recorded {
    /// Visits the values that may hold a secret, each with a name of its place.
    pub fn visit_values(&mut self, place: &str, visit: &mut dyn FnMut(&str, &mut Value)) {
        visit(&format!("{place}/inputs"), &mut self.inputs);
        visit(&format!("{place}/outputs"), &mut self.outputs);
        visit(&format!("{place}/config"), &mut self.config);
    }
}

impl Entry {
    /// Visits the values that may hold a secret, each with a name of its place.
    pub fn visit_values(&mut self, visit: &mut dyn FnMut(&str, &mut Value)) {
        match self {
            Self::Begin { op, object, .. } => object.visit_values(&format!("begin/{op}"), visit),
            Self::Checkpoint { op, checkpoint, .. } => visit(&format!("checkpoint/{op}"), checkpoint),
            Self::End { op, ended: Ended::Applied { object } | Ended::Unusable { object } } => {
                object.visit_values(&format!("end/{op}"), visit);
            }
            Self::Learned { address, object: Some(object) } => {
                object.visit_values(&format!("learned/{address}"), visit);
            }
            Self::Outputs { outputs } => visit("outputs", outputs),
            Self::Call { .. } | Self::End { .. } | Self::Learned { object: None, .. } => {}
        }
    }
}

#[cfg(test)]
mod tests;
