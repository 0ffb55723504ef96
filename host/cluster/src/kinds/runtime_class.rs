//! `node.k8s.io/v1` RuntimeClass.

use serde_json::Value;

use super::labels::{form, labels};
use super::workload::immutable;
use super::{name, pod_placement, pod_resources, pod_warnings};
use crate::invalid::Invalid;
use crate::object::{at, entries, items, text};
use crate::path::Path;
use crate::registry::Behaviour;

/// RuntimeClasses.
#[derive(Debug)]
pub(crate) struct RuntimeClass;

impl Behaviour for RuntimeClass {
    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let mut errors: Vec<Invalid> = match text(object, "handler") {
            "" => vec![Invalid::required("handler", "")],
            handler => form(&Path::new("handler"), handler, name::label).collect(),
        };
        for (resource, quantity) in entries(at(object, "overhead"), "podFixed") {
            let path = Path::new("overhead.podFixed.limits").key(resource);
            errors.extend(pod_resources::container_resource(resource, &path));
            errors.extend(pod_resources::amount(resource, quantity, &path));
        }
        let (scheduling, path) = (at(object, "scheduling"), Path::new("scheduling"));
        errors.extend(labels(at(scheduling, "nodeSelector"), &path.child("nodeSelector")));
        let (tolerations, path) = (items(scheduling, "tolerations"), path.child("tolerations"));
        errors.extend(pod_placement::tolerations(tolerations, &path));
        for (index, toleration) in tolerations.iter().enumerate() {
            if tolerations.iter().take(index).any(|other| other == toleration) {
                errors.push(Invalid::duplicate(path.index(index), toleration));
            }
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        immutable(object, old, &["handler"])
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        entries(at(object, "scheduling"), "nodeSelector")
            .filter_map(|(key, _)| pod_warnings::deprecated_node_label(key))
            .map(|what| format!("scheduling.nodeSelector: {what}"))
            .collect()
    }
}
