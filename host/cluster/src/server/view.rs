//! The state as other parts read it.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::outside::Outside;
use crate::store::{Change, Store};
use crate::view::View;

/// The state, to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    /// The objects.
    pub(crate) store: &'a Store,
    /// Seconds since 1970.
    pub(crate) seconds: i64,
    /// The world outside, which knows of faults.
    pub(crate) outside: Option<&'a dyn Outside>,
}

impl View for Shown<'_> {
    fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.store.get(resource, namespace, name).cloned()
    }

    fn list(&self, resource: &str, namespace: &str) -> Vec<Arc<Value>> {
        self.store.list(resource, namespace).map(|(_, object)| Arc::clone(object)).collect()
    }

    fn now(&self) -> i64 {
        self.seconds
    }

    fn loses_webhook(&self) -> bool {
        self.outside.is_some_and(Outside::loses_webhook)
    }
}

/// Resources whose objects come and go by themselves.
const PASSING: [&str; 4] = ["/endpoints", "/events", "coordination.k8s.io/leases", "discovery.k8s.io/endpointslices"];
/// Resources whose objects are another's work where a controller owns them: what was asked for is shown.
const MADE: [&str; 4] = ["/pods", "apps/controllerrevisions", "apps/replicasets", "batch/jobs"];
/// The group whose objects are shown without what their controllers make of them: passwords, keys, volumes.
const MAKERS: &str = "postgresql.cnpg.io/";
/// Metadata that no two runs share.
const RANDOM: [&str; 6] =
    ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "deletionTimestamp"];

/// What there is, without what differs between two runs.
pub(super) fn inventory(kept: &[Change]) -> Value {
    let mut resources: Map<String, Value> = Map::new();
    for Change { collection, key, value } in kept {
        let Some(object) = value.as_ref().filter(|value| value.is_object()) else { continue };
        let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
        let controlled = owners.is_some_and(|owners| owners.iter().any(|owner| owner["controller"] == true));
        let made = owners.is_some_and(|owners| {
            owners.iter().any(|owner| owner["apiVersion"].as_str().is_some_and(|version| version.starts_with(MAKERS)))
        });
        if made || PASSING.contains(&collection.as_str()) || (controlled && MADE.contains(&collection.as_str())) {
            continue;
        }
        let mut object = object.clone();
        if let Some(fields) = object.as_object_mut() {
            // Everything is shown as if what was begun had ended.
            fields.remove("status");
        }
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            for field in RANDOM {
                metadata.remove(field);
            }
            for owner in metadata.get_mut("ownerReferences").and_then(Value::as_array_mut).into_iter().flatten() {
                if let Some(owner) = owner.as_object_mut() {
                    owner.remove("uid");
                }
            }
        }
        let name = collection.trim_start_matches('/').to_owned();
        let objects = resources.entry(name).or_insert_with(|| Value::Object(Map::new()));
        if let Some(objects) = objects.as_object_mut() {
            objects.insert(key.clone(), object);
        }
    }
    Value::Object(resources)
}
