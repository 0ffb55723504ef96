//! Namespaces: their finalizer, their label, their phase.

use serde_json::{Value, json};

use super::{field, labels, metadata, name};
use crate::invalid::Invalid;
use crate::path::Path;
use crate::registry::Behaviour;

/// `Namespace`
#[derive(Debug)]
pub(crate) struct Namespace;

impl Behaviour for Namespace {
    fn default(&self, object: &mut Value) {
        let name = field::text(object, "/metadata/name").to_owned();
        if !name.is_empty() {
            field::set(object, "/metadata/labels/kubernetes.io~1metadata.name", name);
        }
        field::default_text(object, "/status/phase", "Active");
    }

    fn prepare_create(&self, object: &mut Value) {
        field::set(object, "/status", json!({"phase": "Active"}));
        let mut finalizers = field::list(object, "/spec/finalizers").to_vec();
        if !finalizers.contains(&json!("kubernetes")) {
            finalizers.push(json!("kubernetes"));
        }
        field::set(object, "/spec/finalizers", finalizers);
        // A name that was generated is not there yet when defaults are filled in.
        self.default(object);
    }

    fn prepare_update(&self, object: &mut Value, old: &Value) {
        field::keep(object, old, "/spec/finalizers");
        field::keep(object, old, "/status");
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let finalizers = field::texts(object, "/spec/finalizers");
        finalizers.into_iter().flat_map(|name| finalizer(name, &Path::new("spec.finalizers"))).collect()
    }

    fn validate_update(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let mut errors = metadata::validate(object, false, &name::label);
        errors.extend(self.validate(object));
        errors
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let phase = field::text(object, "/status/phase");
        let (expect, detail) = match field::has(object, "/metadata/deletionTimestamp") {
            false => ("Active", "may only be 'Active' if `deletionTimestamp` is empty"),
            true => ("Terminating", "may only be 'Terminating' if `deletionTimestamp` is not empty"),
        };
        match phase == expect {
            true => Vec::new(),
            false => vec![Invalid::invalid("status.Phase", &json!(phase), detail)],
        }
    }

    fn validate_name(&self, name: &str) -> Vec<String> {
        name::label(name)
    }

    fn has_status(&self) -> bool {
        true
    }
}

/// Before an update of `finalize`: only `spec.finalizers` (and metadata) are taken from what was sent.
pub(crate) fn prepare_finalize(object: &mut Value, old: &Value) {
    field::keep(object, old, "/status");
}

/// What is wrong with an update of `finalize`.
pub(crate) fn validate_finalize(object: &Value) -> Vec<Invalid> {
    let path = Path::new("spec.finalizers");
    let finalizers = field::texts(object, "/spec/finalizers");
    finalizers.iter().enumerate().flat_map(|(index, name)| finalizer(name, &path.index(index))).collect()
}

/// A finalizer of a namespace: a qualified name, with a domain but for the standard ones.
fn finalizer(finalizer: &str, path: &Path) -> Vec<Invalid> {
    let mut errors: Vec<Invalid> = labels::form(path, finalizer, name::qualified_name).collect();
    if !finalizer.contains('/') && !["kubernetes", "orphan", "foregroundDeletion"].contains(&finalizer) {
        let detail = "name is neither a standard finalizer name nor is it fully qualified";
        errors.push(Invalid::invalid(path, &json!(finalizer), detail));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_one() {
        let mut object = json!({"metadata": {"name": "a"}, "status": {"phase": "Terminating"}});
        Namespace.default(&mut object);
        Namespace.prepare_create(&mut object);
        assert_eq!(
            object,
            json!({
                "metadata": {"name": "a", "labels": {"kubernetes.io/metadata.name": "a"}},
                "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
            })
        );
        assert!(Namespace.validate(&object).is_empty());
        let old = object.clone();
        field::set(&mut object, "/spec/finalizers", json!([]));
        Namespace.prepare_update(&mut object, &old);
        assert_eq!(object, old);
    }

    #[test]
    fn finalizers_and_phases() {
        let object =
            json!({"metadata": {"name": "a"}, "spec": {"finalizers": ["x", "a.b/c"]}, "status": {"phase": "x"}});
        let said: Vec<String> = validate_finalize(&object).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            ["spec.finalizers[0]: Invalid value: \"x\": name is neither a standard finalizer name nor is it fully \
              qualified"]
        );
        assert_eq!(
            Namespace.validate_status(&object, &object)[0].to_string(),
            "status.Phase: Invalid value: \"x\": may only be 'Active' if `deletionTimestamp` is empty"
        );
    }
}
