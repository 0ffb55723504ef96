//! The three patches that are not server-side apply.

use serde_json::Value;

use crate::schema::Node;
use crate::status::Refusal;

/// RFC 6902.
pub(crate) fn json_patch(_target: &Value, _patch: &Value) -> Result<Value, Refusal> {
    Err(Refusal::internal("not written"))
}

/// RFC 7386.
pub(crate) fn merge_patch(_target: &mut Value, _patch: &Value) {}

/// Kubernetes' strategic merge patch, with `$patch`, `$retainKeys`, `$deleteFromPrimitiveList`, `$setElementOrder`.
pub(crate) fn strategic(_target: &Value, _patch: &Value, _node: &Node) -> Result<Value, Refusal> {
    Err(Refusal::internal("not written"))
}
