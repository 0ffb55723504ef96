//! `apps/v1` ReplicaSet.

use serde_json::{Value, json};

use super::pod_container::nonnegative;
use super::workload::{counts, immutable, keep_spec, replicated};
use super::{pod_defaults, pod_warnings};
use crate::invalid::Invalid;
use crate::object::{at, default, int, make, set};
use crate::path::Path;
use crate::registry::Behaviour;

/// ReplicaSets.
#[derive(Debug)]
pub(crate) struct ReplicaSet;

/// The counts in the status of ReplicaSets and ReplicationControllers.
pub(super) fn status(status: &Value) -> Vec<Invalid> {
    const MORE: &str = "cannot be greater than status.replicas";
    let fields = ["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"];
    let order = [
        ("fullyLabeledReplicas", "replicas", MORE),
        ("readyReplicas", "replicas", MORE),
        ("availableReplicas", "replicas", MORE),
        ("availableReplicas", "readyReplicas", "cannot be greater than readyReplicas"),
    ];
    counts(status, &fields, &order)
}

impl Behaviour for ReplicaSet {
    fn default(&self, object: &mut Value) {
        let Some(spec) = make(object, "spec") else { return };
        default(spec, "replicas", 1);
        if let Some(template) = make(spec, "template") {
            pod_defaults::template(template);
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        set(object, "status", json!({"replicas": 0}));
    }

    fn prepare_status(&self, object: &mut Value, old: &Value) {
        keep_spec(object, old);
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let (spec, path) = (at(object, "spec"), Path::new("spec"));
        let mut errors = Vec::new();
        for field in ["replicas", "minReadySeconds"] {
            errors.extend(nonnegative(path.child(field), int(spec, field)));
        }
        errors.extend(replicated(spec, &path));
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = self.validate(object);
        errors.extend(immutable(object, old, &["spec", "selector"]));
        errors
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        status(at(object, "status"))
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut warnings: Vec<String> = Vec::new();
        if old.is_none() {
            warnings.extend(pod_warnings::of_name(object));
        }
        warnings.extend(pod_warnings::of_template(object, old));
        warnings
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn has_status(&self) -> bool {
        true
    }
}
