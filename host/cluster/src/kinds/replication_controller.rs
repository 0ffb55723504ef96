//! `v1` ReplicationController.

use serde_json::{Value, json};

use super::pod_container::nonnegative;
use super::workload::{keep_spec, template};
use super::{pod_defaults, pod_warnings, replica_set};
use crate::invalid::Invalid;
use crate::object::{at, count, default, entries, has, int, make, set};
use crate::path::Path;
use crate::registry::Behaviour;

/// ReplicationControllers.
#[derive(Debug)]
pub(crate) struct ReplicationController;

impl Behaviour for ReplicationController {
    fn default(&self, object: &mut Value) {
        let Some(spec) = make(object, "spec") else { return };
        default(spec, "replicas", 1);
        let labels = at(at(at(spec, "template"), "metadata"), "labels").clone();
        if has(spec, "template")
            && let Some(template) = make(spec, "template")
        {
            pod_defaults::template(template);
        }
        if labels.is_null() {
            return;
        }
        if count(spec, "selector") == 0 {
            set(spec, "selector", labels.clone());
        }
        if let Some(metadata) = make(object, "metadata").filter(|metadata| count(metadata, "labels") == 0) {
            set(metadata, "labels", labels);
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
        errors.extend(nonnegative(path.child("minReadySeconds"), int(spec, "minReadySeconds")));
        if count(spec, "selector") == 0 {
            errors.push(Invalid::required(path.child("selector"), ""));
        }
        errors.extend(nonnegative(path.child("replicas"), int(spec, "replicas")));
        if !has(spec, "template") {
            errors.push(Invalid::required(path.child("template"), ""));
            return errors;
        }
        let labels = at(at(at(spec, "template"), "metadata"), "labels");
        if entries(spec, "selector").any(|(key, value)| at(labels, key) != value) {
            let path = path.child("template").child("metadata").child("labels");
            errors.push(Invalid::invalid(path, labels, "`selector` does not match template `labels`"));
        }
        errors.extend(template(spec, "ReplicationController", &path));
        errors
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        replica_set::status(at(object, "status"))
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
