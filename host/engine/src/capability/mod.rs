//! Capabilities: what a manifest declares, what a stack grants, and the one function that decides.

use crate::name::{Address, KindName, OpId};
use crate::value::Value;

/// What one request of a batch is about: the facts that a rule's bindings are held against.
#[derive(Clone, Debug)]
pub struct StepScope {
    /// The operation, when the call may write.
    pub op: Option<OpId>,
    /// The resource.
    pub address: Address,
    /// Its kind.
    pub kind: KindName,
    /// The object's id, if it has one by now: `{id}`.
    pub id: Option<String>,
    /// `{inputs.…}`.
    pub inputs: Value,
    /// `{outputs.…}`, as recorded before the call.
    pub outputs: Value,
}
