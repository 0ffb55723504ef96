//! Who owns which field: server-side apply and `managedFields`.

use serde_json::Value;

use crate::schema::Node;
use crate::status::{Refusal, Subject};

/// How a manager came to own fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// By server-side apply.
    Apply,
    /// By anything else.
    Update,
}

/// Who writes, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer<'a> {
    /// `fieldManager`, or the first part of the user agent.
    pub(crate) manager: &'a str,
    /// How.
    pub(crate) operation: Operation,
    /// `status`, `scale`; empty for the object itself.
    pub(crate) subresource: &'a str,
    /// The version that is written: `apps/v1`.
    pub(crate) api_version: &'a str,
    /// The moment, as RFC 3339 in whole seconds.
    pub(crate) now: &'a str,
}

/// What apply needs to know of the resource.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    /// Its structure.
    pub(crate) node: &'a Node,
    /// Fields that this endpoint does not change (`status` on the object itself), by path without a leading dot.
    pub(crate) reset: &'a [&'a str],
    /// For refusals; `resource` is the plural.
    pub(crate) subject: Subject<'a>,
}

/// Merges an applied configuration into what is there (`None`: nothing yet).
///
/// Returns the merged object with its new `managedFields`, not yet defaulted or validated. Fields of others
/// with other values are a conflict (409 with a cause each) unless `force`.
pub(crate) fn apply(
    _live: Option<&Value>,
    _config: &Value,
    _target: Target<'_>,
    _writer: Writer<'_>,
    _force: bool,
) -> Result<Value, Refusal> {
    Err(Refusal::internal("not written"))
}

/// Notes in `new.metadata.managedFields` who owns what after an update (or a create, without `live`).
///
/// `new` is the object as it is to be stored, defaulted. After an apply (`writer.operation`) this
/// fixes up what defaulting and admission changed. An update that changes nothing keeps what is there.
pub(crate) fn note(_live: Option<&Value>, _new: &mut Value, _target: Target<'_>, _writer: Writer<'_>) {}
