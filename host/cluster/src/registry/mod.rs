//! The resources that are served: built-in kinds and those of CustomResourceDefinitions.

mod kinds;
mod resource;
mod rules;

use std::sync::Arc;

use serde_json::Value;

use crate::crd::Definition;
use crate::invalid::Invalid;

pub(crate) use resource::{Registry, Resource};

/// A built-in resource: one table line a resource, all that discovery says of it, and how it behaves.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The API group, empty for the core.
    pub(crate) group: &'static str,
    /// Versions with the OpenAPI name of the type, in the order of preference; the first is stored.
    pub(crate) versions: &'static [(&'static str, &'static str)],
    /// `Deployment`
    pub(crate) kind: &'static str,
    /// `deployments`
    pub(crate) plural: &'static str,
    /// `deployment`
    pub(crate) singular: &'static str,
    /// `deploy`
    pub(crate) short_names: &'static [&'static str],
    /// `all`
    pub(crate) categories: &'static [&'static str],
    /// Whether objects live in namespaces.
    pub(crate) namespaced: bool,
    /// What may be done, sorted.
    pub(crate) verbs: &'static [&'static str],
    /// What lies below an object.
    pub(crate) subresources: &'static [Subresource],
    /// Defaults, strategy, validation.
    pub(crate) behaviour: &'static dyn Behaviour,
    /// Field selectors beside `metadata.name` and `metadata.namespace`.
    pub(crate) selectable: &'static [&'static str],
}

/// A subresource, as discovery tells it.
#[derive(Debug)]
pub(crate) struct Subresource {
    /// `status`
    pub(crate) name: &'static str,
    /// The group, version and kind that it speaks, where that is not the object's own: `("autoscaling", "v1", "Scale")`.
    pub(crate) speaks: Option<(&'static str, &'static str, &'static str)>,
    /// The kind.
    pub(crate) kind: &'static str,
    /// What may be done, sorted.
    pub(crate) verbs: &'static [&'static str],
}

/// What a built-in kind does with its objects: upstream's defaulting, `strategy` and `validation` in one place.
///
/// Objects are in the stored version, decoded (`decode::typed`), and have `metadata`.
pub(crate) trait Behaviour: Sync + std::fmt::Debug {
    /// Fills in what the type's defaulting functions do; also runs on what a patch or an update makes.
    fn default(&self, _object: &mut Value) {}

    /// Before a create: drops `status`, sets what the server sets. `metadata.generation` is set by the caller
    /// for kinds that [`Self::has_generation`].
    fn prepare_create(&self, object: &mut Value) {
        if let (true, Some(fields)) = (self.has_status(), object.as_object_mut()) {
            fields.remove("status");
        }
    }

    /// Before an update of the object itself: keeps `old`'s status and whatever cannot be changed silently.
    fn prepare_update(&self, object: &mut Value, old: &Value) {
        if let (true, Some(fields)) = (self.has_status(), object.as_object_mut()) {
            match old.get("status") {
                Some(status) => fields.insert("status".to_owned(), status.clone()),
                None => fields.remove("status"),
            };
        }
    }

    /// Before an update of `status`: everything but the status (and what else may change there) is `old`'s.
    fn prepare_status(&self, object: &mut Value, old: &Value) {
        let status = object.get("status").cloned();
        let managed = object.pointer("/metadata/managedFields").cloned();
        object.clone_from(old);
        if let Some(fields) = object.as_object_mut() {
            match status {
                Some(status) => fields.insert("status".to_owned(), status),
                None => fields.remove("status"),
            };
        }
        if let (Some(managed), Some(metadata)) = (managed, object.get_mut("metadata").and_then(Value::as_object_mut)) {
            metadata.insert("managedFields".to_owned(), managed);
        }
    }

    /// What is wrong with a new object, beside its metadata (which the server validates for all kinds).
    fn validate(&self, _object: &Value) -> Vec<Invalid> {
        Vec::new()
    }

    /// What is wrong with a change; `validate` of the new object is asked for beside it only where this says so
    /// by calling it.
    fn validate_update(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        self.validate(object)
    }

    /// What is wrong with a change of the status.
    fn validate_status(&self, _object: &Value, _old: &Value) -> Vec<Invalid> {
        Vec::new()
    }

    /// `Warning` headers for a create or an update.
    fn warnings(&self, _object: &Value, _old: Option<&Value>) -> Vec<String> {
        Vec::new()
    }

    /// How names are checked; DNS-1123 subdomains are the rule.
    fn validate_name(&self, name: &str) -> Vec<String> {
        crate::kinds::name::subdomain(name)
    }

    /// Whether `metadata.generation` counts changes of everything but metadata and status.
    fn has_generation(&self) -> bool {
        false
    }

    /// Whether a change raises `metadata.generation` though only metadata changed.
    fn counts_as_change(&self, _object: &Value, _old: &Value) -> bool {
        false
    }

    /// Whether it has a `status` that only its subresource changes.
    fn has_status(&self) -> bool {
        false
    }

    /// Whether PUT may make an object that is not there.
    fn creates_on_update(&self) -> bool {
        false
    }

    /// Whether an update needs no `resourceVersion`.
    fn updates_unconditionally(&self) -> bool {
        true
    }

    /// From another served version to the stored one.
    fn to_stored(&self, _object: &mut Value, _version: &str) {}

    /// From the stored version to another served one.
    #[allow(clippy::wrong_self_convention)] // It reads as `to_stored`'s counterpart; self is the kind.
    fn from_stored(&self, _object: &mut Value, _version: &str) {}
}

/// Nothing special: neither defaults nor rules.
#[derive(Debug)]
pub(crate) struct Plain;

impl Behaviour for Plain {}

/// Where a resource comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// From this crate.
    BuiltIn(&'static Kind),
    /// From a CustomResourceDefinition.
    Custom(Arc<Definition>),
}

/// Every built-in resource, in the order of discovery.
pub(crate) fn built_in() -> &'static [Kind] {
    kinds::KINDS
}
