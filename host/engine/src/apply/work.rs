//! One piece of work, and how the provider's answer leads to the next.

use std::sync::Arc;

use super::Did;
use crate::capability::ObjectKey;
use crate::journal::{OpKind, Recorded};
use crate::name::{Address, KindName, OpId, Token};
use crate::session::Failure;
use crate::value::{Map, Value};

/// What is asked of the provider next, for one node of the schedule.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// Checks inputs that were not known at plan.
    Check,
    Create(Making),
    /// Looks whether a create that got no answer made something after all.
    Find(Making),
    Update(Changing),
    Delete(Removing),
    /// Fetches the ephemeral outputs of what was just made or changed.
    Fetch(Recorded, Did),
}

#[derive(Clone, Debug)]
pub(super) struct Making {
    /// Set once it began.
    pub(super) op: Option<OpId>,
    pub(super) token: Token,
    pub(super) inputs: Value,
    pub(super) checkpoint: Option<Value>,
    pub(super) id: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Changing {
    pub(super) op: Option<OpId>,
    pub(super) inputs: Value,
    pub(super) prior: Recorded,
    pub(super) changed: Vec<String>,
    pub(super) checkpoint: Option<Value>,
}

#[derive(Clone, Debug)]
pub(super) struct Removing {
    pub(super) op: Option<OpId>,
    pub(super) object: Recorded,
    pub(super) deposed: bool,
    pub(super) checkpoint: Option<Value>,
    /// What comes after, under the same node.
    pub(super) then: Option<Box<Work>>,
}

/// A node's work with all it takes to do it.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) node: usize,
    pub(super) address: Address,
    /// What the object is recorded with, beside what the provider tells.
    pub(super) model: Recorded,
    pub(super) config: Arc<Value>,
    pub(super) work: Work,
    /// The inputs as they should be in the end.
    pub(super) wanted: Value,
    /// Once made, is it compared with what is wanted? For what an earlier attempt began.
    pub(super) compare: bool,
    /// Its old object vanished with its home: forgotten as the new one begins.
    pub(super) homeless: bool,
    /// Updates that an earlier run began and this one takes the place of: they end once this one tells where it is.
    pub(super) supersedes: Vec<OpId>,
    /// What a preview named for these inputs, which is the scope of their writes.
    pub(super) planned: Option<(Value, Vec<ObjectKey>)>,
    /// The object was found rather than made.
    pub(super) found: bool,
    /// Failures in a row.
    pub(super) attempt: u32,
    /// When it is given up, in Unix milliseconds.
    pub(super) deadline: u64,
    /// When it began.
    pub(super) started: u64,
}

/// What decides which batch an item joins.
pub(super) type Key = (u8, KindName, usize);

impl Work {
    pub(super) fn does(&self) -> OpKind {
        match self {
            Self::Check | Self::Create(_) | Self::Find(_) | Self::Fetch(..) => OpKind::Create,
            Self::Update(_) => OpKind::Update,
            Self::Delete(_) => OpKind::Delete,
        }
    }
}

impl Item {
    pub(super) fn key(&self) -> Key {
        let order = match self.work {
            Work::Fetch(..) => 0,
            Work::Find(_) => 1,
            Work::Check => 2,
            Work::Update(_) => 3,
            Work::Create(_) => 4,
            Work::Delete(_) => 5,
        };
        (order, self.kind().clone(), Arc::as_ptr(&self.config) as usize)
    }

    pub(super) fn kind(&self) -> &KindName {
        match &self.work {
            Work::Delete(removing) => &removing.object.kind,
            _ => &self.model.kind,
        }
    }
}

/// Where an item stands after an attempt.
pub(super) enum Next {
    /// The inputs are acceptable, and become these.
    Checked(Item, Value),
    /// The object is as recorded.
    Made(Item, Recorded),
    /// The object is gone, and nothing follows.
    Removed(Item),
    /// The outputs, the ephemeral ones too.
    Fetched(Item, Recorded, Map),
    /// Later.
    Again(Item, u64),
    /// At once.
    Then(Item),
    /// For good.
    Failed(Item, Failure),
}

impl Next {
    /// The item, whatever came of it.
    pub(super) fn item(self) -> Item {
        match self {
            Self::Checked(item, _)
            | Self::Made(item, _)
            | Self::Removed(item)
            | Self::Fetched(item, ..)
            | Self::Again(item, _)
            | Self::Then(item)
            | Self::Failed(item, _) => item,
        }
    }
}
