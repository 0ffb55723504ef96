//! What must survive a crash: the entries that are durable before anything depends on them.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::capability::ObjectKey;
use crate::name::{Address, KindName, OpId, RuleId, Token};
use crate::problem::Problem;
use crate::value::Value;

/// What an operation does to its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpKind {
    /// Makes it.
    Create,
    /// Changes it in place.
    Update,
    /// Removes it.
    Delete,
}

/// An object as state keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// The kind.
    pub kind: KindName,
    /// The provider's name for the object.
    pub id: String,
    /// The token it was made with; none for an imported one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// The inputs as last applied.
    pub inputs: Value,
    /// The outputs, without the ephemeral ones.
    pub outputs: Value,
    /// What it depends on, so that a delete without the stack file keeps the order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Address>,
    /// What it lives in: when one of these is gone, so is this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lives_in: Vec<Address>,
    /// The plugin's config as last evaluated, without ephemeral values: a delete may come when the
    /// stack no longer says it.
    #[serde(default, skip_serializing_if = "is_null")]
    pub config: Value,
    /// Deleting it is refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protect: bool,
    /// Leaving the stack forgets it instead of deleting it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retain: bool,
    /// It was never of use, so that nothing depends on it and it only stands in the way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unusable: bool,
}

fn is_null(value: &Value) -> bool {
    matches!(value, Value::Null)
}

/// One entry. Entries are folded in the order in which they were appended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case")]
pub enum Entry {
    /// An operation is about to start. Durable before its first provider call.
    Begin {
        /// Which.
        op: OpId,
        /// What it does.
        does: OpKind,
        /// On which resource.
        address: Address,
        /// For a create: what the object will be recorded with; its `id` is empty and its
        /// `token` set. For an update: the new inputs, with the old outputs. For a delete: the old object.
        object: Recorded,
        /// Is this the old object of a replacement, kept under its address until it is deleted?
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        deposed: bool,
        /// The objects that the step's preview named, for kinds that have one: what is found later must be among them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        planned: Option<Vec<ObjectKey>>,
        /// When, in Unix milliseconds.
        at: u64,
    },
    /// A mutating host call is about to leave. Durable before it does.
    Call {
        /// The operations it serves.
        ops: Vec<OpId>,
        /// The rule that allowed it.
        rule: RuleId,
        /// Redacted: `POST https://api.digitalocean.com/v2/kubernetes/clusters`.
        summary: String,
        /// When, in Unix milliseconds.
        at: u64,
    },
    /// The operation said pending. Durable before it is waited for.
    Checkpoint {
        /// Which.
        op: OpId,
        /// Where to go on.
        checkpoint: Value,
        /// The object's id, if known by now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// The operation ended. Durable before what depends on it starts.
    End {
        /// Which.
        op: OpId,
        /// How.
        ended: Ended,
    },
    /// State learned something without an operation: a refresh, an adoption, an import, a move.
    Learned {
        /// About which resource.
        address: Address,
        /// What is now recorded; none if it is gone.
        object: Option<Recorded>,
    },
    /// The values of the stack's outputs after this run, without the ephemeral ones.
    Outputs {
        /// By name.
        outputs: Value,
    },
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ended", rename_all = "kebab-case")]
pub enum Ended {
    /// The object is as recorded here.
    Applied {
        /// As it is now.
        object: Recorded,
    },
    /// The object is gone.
    Removed,
    /// Something was made and is of no use: it is kept as deposed until it is deleted.
    Unusable {
        /// As it is.
        object: Recorded,
    },
    /// It turned out, on looking back, to have done nothing that has to be remembered.
    NoEffect,
    /// It failed. Whether the next run looks back at it is decided by the call entries before it.
    Failed {
        /// Why.
        problem: Problem,
    },
}

/// Why an entry could not be made durable. Nothing that depends on it may happen.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the journal cannot be written: {message}")]
pub struct JournalError {
    /// What failed, with the path and the system's reason.
    pub message: String,
}

/// Where entries become durable.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Appends the entries, in order, and returns once they are durable. Concurrent calls share
    /// one synchronisation of the disk.
    ///
    /// # Errors
    /// When they are not durable: then none of what they announce may be done.
    async fn append(&self, entries: Vec<Entry>) -> Result<(), JournalError>;
}
