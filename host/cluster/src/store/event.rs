//! What happened to an object.

use std::sync::Arc;

use serde_json::Value;

use super::Change;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happened {
    /// It was made.
    Added,
    /// It was changed.
    Modified,
    /// It is gone.
    Deleted,
}

/// One change of one object.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// The revision that it made.
    pub(crate) revision: u64,
    /// What happened.
    pub(crate) happened: Happened,
    /// `apps/deployments`
    pub(crate) resource: Arc<str>,
    /// `namespace/name`
    pub(crate) key: String,
    /// The object after it; its last form if it is gone.
    pub(crate) object: Arc<Value>,
    /// The object before it.
    pub(crate) before: Option<Arc<Value>>,
}

impl Event {
    /// As what is to be kept.
    pub(super) fn as_change(&self) -> Change {
        let value = (self.happened != Happened::Deleted).then(|| Value::clone(&self.object));
        Change { collection: self.resource.to_string(), key: self.key.clone(), value }
    }
}
