//! What a resource does with its objects, whether it is built in or custom: one face for both.

use serde_json::{Map, Value};

use super::{Resource, Source};
use crate::decode;
use crate::invalid::Invalid;
use crate::kinds::{metadata, name, namespace, pod_parts};
use crate::schema;
use crate::status::Refusal;

/// Decoded, and what was unknown in it.
type Decoded = Result<Vec<String>, Refusal>;

impl Resource {
    /// Holds an object against its structure; returns what was unknown, as strict decoding words it.
    pub(crate) fn decode(&self, object: &mut Value, version: &str) -> Decoded {
        match self.source {
            Source::BuiltIn(_) => {
                let Some(served) = self.version(version) else { return Ok(Vec::new()) };
                decode::typed(object, served.node.get(), &self.kind, version)
            }
            Source::Custom(_) => {
                let meta = schema::builtin("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
                let mut unknown = Vec::new();
                if let Some(metadata) = object.get_mut("metadata") {
                    let found = decode::typed(metadata, meta, &self.kind, version)?;
                    unknown.extend(found.into_iter().map(|text| text.replacen('"', "\"metadata.", 1)));
                }
                if let Some(version) = self.custom(version) {
                    unknown.extend(version.prune(object));
                }
                Ok(unknown)
            }
        }
    }

    /// Fills in defaults; the object is in `version`.
    pub(crate) fn default(&self, object: &mut Value, version: &str) {
        match self.source {
            Source::BuiltIn(kind) => kind.behaviour.default(object),
            Source::Custom(_) => {
                if let Some(version) = self.custom(version) {
                    version.default(object);
                }
            }
        }
    }

    /// From a served version to the stored one.
    pub(crate) fn to_stored(&self, object: &mut Value, version: &str) {
        if let Source::BuiltIn(kind) = self.source
            && version != self.stored
        {
            kind.behaviour.to_stored(object, version);
        }
        if let Some(fields) = object.as_object_mut() {
            fields.insert("apiVersion".to_owned(), Value::from(self.api_version(&self.stored)));
            fields.insert("kind".to_owned(), Value::from(self.kind.as_str()));
        }
    }

    /// Puts a built-in object of the stored version into the form that its type has when it is written: what the
    /// rules took away leaves its zero value, where the type writes one.
    pub(crate) fn encode(&self, object: &mut Value) {
        if let (Source::BuiltIn(_), Some(served)) = (&self.source, self.version(&self.stored)) {
            // What does not fit the type stays as it is: it was put there by rules of this crate.
            let _ = decode::fit(object, served.node.get());
        }
    }

    /// Whether `metadata.generation` counts.
    pub(crate) fn has_generation(&self) -> bool {
        match self.source {
            Source::BuiltIn(kind) => kind.behaviour.has_generation(),
            Source::Custom(_) => true,
        }
    }

    /// Whether only a subresource changes the status.
    pub(crate) fn has_status(&self) -> bool {
        match self.source {
            Source::BuiltIn(kind) => kind.behaviour.has_status(),
            Source::Custom(_) => self.custom(&self.stored).is_some_and(|version| version.status),
        }
    }

    /// Before a create.
    pub(crate) fn prepare_create(&self, object: &mut Value) {
        match self.source {
            Source::BuiltIn(kind) => kind.behaviour.prepare_create(object),
            Source::Custom(_) => {
                if let (true, Some(fields)) = (self.has_status(), object.as_object_mut()) {
                    fields.remove("status");
                }
            }
        }
        if let (true, Some(metadata)) =
            (self.has_generation(), object.get_mut("metadata").and_then(Value::as_object_mut))
        {
            metadata.insert("generation".to_owned(), Value::from(1));
        }
    }

    /// Before an update of the object itself, or of its status.
    pub(crate) fn prepare_update(&self, object: &mut Value, old: &Value, subresource: &str) {
        match (&self.source, subresource) {
            (Source::BuiltIn(kind), "status") => kind.behaviour.prepare_status(object, old),
            (Source::BuiltIn(kind), "finalize") if kind.kind == "Namespace" => {
                namespace::prepare_finalize(object, old);
            }
            (Source::BuiltIn(_), "ephemeralcontainers") => pod_parts::prepare_ephemeral(object, old),
            (Source::BuiltIn(_), "resize") => pod_parts::prepare_resize(object, old),
            (Source::BuiltIn(kind), _) => kind.behaviour.prepare_update(object, old),
            (Source::Custom(_), "status") => custom_status(object, old),
            (Source::Custom(_), _) => {
                if let (true, Some(fields)) = (self.has_status(), object.as_object_mut()) {
                    restore(fields, old, "status");
                }
            }
        }
        if self.has_generation() {
            let before = old.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or_default();
            let counts = self.built_in().is_some_and(|kind| kind.behaviour.counts_as_change(object, old));
            let changed = subresource != "status" && (counts || self.is_changed(object, old));
            if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
                // A kind may have counted a change that is none of its spec.
                let own = metadata.get("generation").and_then(Value::as_i64).unwrap_or_default();
                metadata.insert("generation".to_owned(), Value::from(own.max(before + i64::from(changed))));
            }
        }
    }

    /// Whether anything but metadata (and the status, where that is apart) differs.
    fn is_changed(&self, object: &Value, old: &Value) -> bool {
        let (Some(new), Some(old)) = (object.as_object(), old.as_object()) else { return false };
        let apart = |key: &str| key == "metadata" || key == "apiVersion" || (key == "status" && self.has_status());
        new.iter().any(|(key, value)| !apart(key) && old.get(key) != Some(value))
            || old.keys().any(|key| !apart(key) && !new.contains_key(key))
    }

    /// What is wrong with a new object, beside its metadata; custom ones are held against the version that was sent.
    pub(crate) fn validate(&self, object: &Value, version: &str) -> Vec<Invalid> {
        match self.source {
            Source::BuiltIn(kind) => kind.behaviour.validate(object),
            Source::Custom(_) => self.custom(version).map_or_else(Vec::new, |version| version.validate(object, None)),
        }
    }

    /// What is wrong with a change.
    pub(crate) fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        subresource: &str,
        version: &str,
    ) -> Vec<Invalid> {
        match (&self.source, subresource) {
            (Source::BuiltIn(kind), "status") => kind.behaviour.validate_status(object, old),
            (Source::BuiltIn(kind), "finalize") if kind.kind == "Namespace" => namespace::validate_finalize(object),
            (Source::BuiltIn(_), "ephemeralcontainers") => pod_parts::validate_ephemeral(object, old),
            (Source::BuiltIn(_), "resize") => pod_parts::validate_resize(object, old),
            (Source::BuiltIn(kind), _) => kind.behaviour.validate_update(object, old),
            (Source::Custom(_), subresource) => {
                self.custom(version).map_or_else(Vec::new, |version| match subresource {
                    "status" => version.validate_status(object, old),
                    _ => version.validate(object, Some(old)),
                })
            }
        }
    }

    /// `Warning` headers for a write.
    pub(crate) fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        match self.source {
            Source::BuiltIn(kind) => kind.behaviour.warnings(object, old),
            Source::Custom(_) => metadata::finalizer_warnings(object, old),
        }
    }

    /// What is wrong with a name.
    pub(crate) fn validate_name(&self, text: &str) -> Vec<String> {
        match self.source {
            Source::BuiltIn(kind) => kind.behaviour.validate_name(text),
            Source::Custom(_) => name::subdomain(text),
        }
    }

    /// Whether a PUT or an apply of nothing makes it.
    pub(crate) fn creates_on_update(&self) -> bool {
        self.built_in().is_some_and(|kind| kind.behaviour.creates_on_update())
    }

    /// Whether an update needs no `resourceVersion`.
    pub(crate) fn updates_unconditionally(&self) -> bool {
        self.built_in().is_some_and(|kind| kind.behaviour.updates_unconditionally())
    }

    /// The fields that an endpoint does not own, for server-side apply.
    pub(crate) fn reset_fields(&self, subresource: &str) -> &'static [&'static str] {
        match (subresource, self.has_status()) {
            ("status", _) if &*self.key == "apps/deployments" => &["spec", "metadata.labels"],
            ("status", _) if &*self.key == "/pods" => {
                &["spec", "metadata.deletionTimestamp", "metadata.ownerReferences"]
            }
            ("status", _) => &["spec"],
            ("", true) => &["status"],
            _ => &[],
        }
    }
}

/// A custom resource's status endpoint changes the status, and nothing else.
fn custom_status(object: &mut Value, old: &Value) {
    let status = object.get("status").cloned();
    let managed = object.pointer("/metadata/managedFields").cloned();
    object.clone_from(old);
    let Some(fields) = object.as_object_mut() else { return };
    match status {
        Some(status) => fields.insert("status".to_owned(), status),
        None => fields.remove("status"),
    };
    if let (Some(managed), Some(metadata)) = (managed, fields.get_mut("metadata").and_then(Value::as_object_mut)) {
        metadata.insert("managedFields".to_owned(), managed);
    }
}

/// Gives a field the value that it had.
fn restore(fields: &mut Map<String, Value>, old: &Value, key: &str) {
    match old.get(key) {
        Some(value) => fields.insert(key.to_owned(), value.clone()),
        None => fields.remove(key),
    };
}
