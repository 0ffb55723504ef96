//! Admission: the default plugins of 1.36, in their order, between decoding an object and storing it.
//!
//! [`mutate`] runs before an object is prepared and validated, [`validate`] after. What cannot be here is the call
//! into a Pod that a webhook is: see `webhooks` for what is taken to happen instead.

mod certificates;
mod defaults;
mod limits;
mod matching;
mod namespace;
mod played;
mod pod_security;
mod pods;
mod policies;
mod quota;
mod service_account;
mod webhooks;

use std::sync::Arc;

use serde_json::Value;

use crate::auth::User;
use crate::object::{at, text};
use crate::registry::Resource;
use crate::status::{Refusal, Subject};
use crate::view::View;

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// It is made.
    Create,
    /// It, or a subresource of it, is changed.
    Update,
    /// It is deleted.
    Delete,
    /// It is connected to: `exec`, `proxy`.
    Connect,
}

impl Verb {
    /// `CREATE`
    pub(crate) fn operation(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

/// A request, as admission sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// What is done.
    pub(crate) verb: Verb,
    /// To what.
    pub(crate) resource: &'a Arc<Resource>,
    /// The version that is spoken.
    pub(crate) version: &'a str,
    /// The namespace, empty for none.
    pub(crate) namespace: &'a str,
    /// The name, empty where it is still to be generated.
    pub(crate) name: &'a str,
    /// `status`; empty for the object itself.
    pub(crate) subresource: &'a str,
    /// Who asks; nobody for what the cluster does by itself.
    pub(crate) user: Option<&'a User>,
    /// Whether nothing is to be stored.
    pub(crate) dry_run: bool,
    /// The kind of the options: `CreateOptions`.
    pub(crate) options: &'a str,
}

impl Request<'_> {
    /// Whether it is about objects of this resource, and no subresource of theirs.
    fn is(&self, group: &str, plural: &str) -> bool {
        self.subresource.is_empty() && self.resource.group == group && self.resource.plural == plural
    }

    /// 403 about the object; one without a name yet goes by what its name is generated from.
    fn forbidden(&self, object: Option<&Value>, why: &str) -> Refusal {
        let metadata = object.map(|object| at(object, "metadata"));
        let given = |field: &str| metadata.map(|metadata| text(metadata, field)).filter(|name| !name.is_empty());
        let named = Some(self.name).filter(|name| !name.is_empty());
        let name = named.or_else(|| given("name")).or_else(|| given("generateName")).unwrap_or("Unknown");
        Refusal::forbidden(Subject { group: &self.resource.group, resource: &self.resource.plural, name }, why)
    }
}

/// Lets plugins change an object that is to be made or changed.
///
/// Objects are in the version that is spoken, `old` in the stored one. Returns what the client is warned of.
pub(crate) fn mutate(
    view: &dyn View,
    request: &Request<'_>,
    object: &mut Value,
    old: Option<&Value>,
) -> Result<Vec<String>, Refusal> {
    namespace::lifecycle(view, request, Some(object))?;
    limits::fill(view, request, object);
    service_account::admit(view, request, object)?;
    pods::taint_node(request, object);
    pods::priority(view, request, object)?;
    pods::tolerate(request, object);
    defaults::storage_class(view, request, object);
    defaults::protect(request, object);
    pods::runtime_class(view, request, object)?;
    defaults::ingress_class(view, request, object);
    webhooks::call(view, request, webhooks::MUTATING, Some(object), old)?;
    Ok(Vec::new())
}

/// Lets plugins refuse what is about to be stored, or deleted (`object` is then `None`).
pub(crate) fn validate(
    view: &dyn View,
    request: &Request<'_>,
    object: Option<&Value>,
    old: Option<&Value>,
) -> Result<Vec<String>, Refusal> {
    let mut warnings = Vec::new();
    match object {
        Some(object) => {
            limits::check(view, request, object)?;
            service_account::check(view, request, object)?;
            warnings.extend(pod_security::check(view, request, object, old)?);
            pods::check_priority_class(view, request, object)?;
            defaults::check_resize(view, request, object, old)?;
            certificates::check(view, request, object, old)?;
        }
        None => namespace::lifecycle(view, request, old)?,
    }
    warnings.extend(policies::check(view, request, object, old)?);
    if object.is_none() {
        webhooks::call(view, request, webhooks::MUTATING, object, old)?;
    }
    webhooks::call(view, request, webhooks::VALIDATING, object, old)?;
    if let Some(object) = object {
        quota::check(view, request, object, old)?;
    }
    Ok(warnings)
}

#[cfg(test)]
mod testing {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::{Arc, Request, Resource, Value, Verb};
    use crate::registry::Registry;

    /// A built-in resource.
    pub(super) fn resource(group: &str, version: &str, plural: &str) -> Arc<Resource> {
        let registry = Registry::new();
        Arc::clone(registry.find(group, version, plural).expect("a built-in resource"))
    }

    /// A request about an object of a resource in the namespace `a`, or in none.
    pub(super) fn request<'a>(verb: Verb, resource: &'a Arc<Resource>, name: &'a str) -> Request<'a> {
        Request {
            verb,
            resource,
            version: "v1",
            namespace: if resource.namespaced { "a" } else { "" },
            name,
            subresource: "",
            user: None,
            dry_run: false,
            options: "CreateOptions",
        }
    }

    /// The name of an object.
    pub(super) fn name(object: &Value) -> &str {
        object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
    }
}
