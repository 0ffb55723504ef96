//! What happens between authorization and storage: objects are completed, and refused.

use std::sync::Arc;

use serde_json::Value;

use crate::auth::User;
use crate::registry::Resource;
use crate::status::Refusal;
use crate::view::View;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// An object is made.
    Create,
    /// It is changed.
    Update,
    /// It is deleted.
    Delete,
    /// Something is connected to.
    Connect,
}

/// A request, as admission sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// What is done.
    pub(crate) verb: Verb,
    /// To which resource.
    pub(crate) resource: &'a Arc<Resource>,
    /// In which version.
    pub(crate) version: &'a str,
    /// Where; empty for no namespace.
    pub(crate) namespace: &'a str,
    /// To which object; empty while its name is not known.
    pub(crate) name: &'a str,
    /// `status`; empty for the object itself.
    pub(crate) subresource: &'a str,
    /// Who asks.
    pub(crate) user: Option<&'a User>,
    /// Whether nothing is to be stored.
    pub(crate) dry_run: bool,
    /// `CreateOptions`
    pub(crate) options: &'a str,
}

/// Completes an object; returns warnings.
pub(crate) fn mutate(
    _view: &dyn View,
    _request: &Request<'_>,
    _object: &mut Value,
    _old: Option<&Value>,
) -> Result<Vec<String>, Refusal> {
    Ok(Vec::new())
}

/// Refuses what may not be; returns warnings. A delete has no `object`.
pub(crate) fn validate(
    _view: &dyn View,
    _request: &Request<'_>,
    _object: Option<&Value>,
    _old: Option<&Value>,
) -> Result<Vec<String>, Refusal> {
    Ok(Vec::new())
}
