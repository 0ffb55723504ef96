//! Capabilities: what a manifest declares, what a stack grants, and the one function that decides.
//!
//! [`Manifest::parse`] reads what a plugin declares, [`Effective::meet`] narrows it to what the
//! operator grants, once for each plugin of a stack, and [`decide`] holds every host call against
//! the result. [`Allowance`] is that result as somebody approves it, in a [`Lock`]. All of it is
//! pure; whatever an interface does, it does after `decide` said yes.

mod address;
mod allow;
mod allowance;
mod api_scope;
mod bind;
mod decide;
mod decide_api;
mod files;
mod grant;
mod http_scope;
mod interface;
mod kube;
mod lock;
mod manifest;
mod names;
mod pattern;
mod permissions;
mod read;
mod reveal;
mod risk;
mod rule;
mod service;
#[cfg(test)]
mod tests;

pub use address::{AddressError, RequestUrl, URL_BYTES};
pub use allow::Allow;
pub use allowance::{Allowance, AllowedRule, Change, CredentialUse};
pub use api_scope::ApiScope;
pub use bind::{Ambiguous, Bind, BindError, Place, Placeholder, Pointer, Template};
pub use decide::{Decision, Denial, Facts, HttpFacts, decide};
pub use decide_api::ApiFacts;
pub use files::{FilesFacts, FilesScope, path_fault};
pub use grant::Effective;
pub use http_scope::{HttpScope, Seal};
pub use interface::{Family, Half, Interface};
pub use kube::{
    Escalation, KubeFacts, KubeScope, MANAGER, ObjectKey, Objects, Place as KubePlace, Verb, marked_by, plannable,
    rbac::{Rbac, rbac},
};
pub use lock::{Approval, LOCK_FILE, Lock};
pub use manifest::{Credential, CredentialKind, Manifest, Written};
pub use names::{Name, Names, Shape};
pub use pattern::{Mismatch, PatternError, UrlPattern};
pub use permissions::permissions;
pub use read::{Fault, Faults};
pub use reveal::{Reveal, Shown};
pub use risk::{Risk, Weight};
pub use rule::{Effect, Operation, Rule, Scope};
pub use service::{About, Action, Canonical, Field, Guard, Service, What};

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
    /// The objects that the step's preview named, of kinds that have one: what a rule with `objects: [planned]`
    /// lets it write.
    pub planned: Vec<ObjectKey>,
}
