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
const MADE: [&str; 7] = [
    "/pods",
    "apps/controllerrevisions",
    "apps/replicasets",
    "batch/jobs",
    "cert-manager.io/certificaterequests",
    "acme.cert-manager.io/orders",
    "acme.cert-manager.io/challenges",
];
/// Programs that make keys and certificates, as `managedFields` name them by their beginnings.
const KEY_MAKERS: [&str; 3] = ["cert-manager", "external-secrets-cert-controller", "kube-webhook-certgen"];
/// Groups of objects that hold the authorities which such programs made.
const TRUSTING: [&str; 3] = ["admissionregistration.k8s.io/", "apiextensions.k8s.io/", "apiregistration.k8s.io/"];
/// The group whose objects are shown without what their controllers make of them: passwords, keys, volumes.
const MAKERS: &str = "postgresql.cnpg.io/";
/// Metadata that no two runs share.
const RANDOM: [&str; 6] =
    ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "deletionTimestamp"];

/// What there is, without what differs between two runs.
pub(super) fn inventory(kept: &[Change]) -> Value {
    let mut resources: Map<String, Value> = Map::new();
    for Change { collection, key, value } in kept {
        let mut key = key.clone();
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
        hide_keys(collection, &mut object);
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
        if collection == "/persistentvolumes" {
            // A provisioned volume is named by its claim's uid: here by its claim. It is bound to that as it was at
            // that moment.
            if key.starts_with("pvc-") {
                let claim =
                    ["namespace", "name"].map(|part| object.pointer(&format!("/spec/claimRef/{part}")).cloned());
                let [namespace, name] =
                    claim.map(|part| part.unwrap_or_default().as_str().unwrap_or_default().to_owned());
                key = format!("of {namespace}/{name}");
                object["metadata"]["name"] = Value::from(key.as_str());
            }
            for (part, field) in [("claimRef", "resourceVersion"), ("claimRef", "uid"), ("csi", "volumeHandle")] {
                let part = object.pointer_mut(&format!("/spec/{part}")).and_then(Value::as_object_mut);
                part.and_then(|part| part.remove(field));
            }
        }
        let name = collection.trim_start_matches('/').to_owned();
        let objects = resources.entry(name).or_insert_with(|| Value::Object(Map::new()));
        if let Some(objects) = objects.as_object_mut() {
            objects.insert(key, object);
        }
    }
    Value::Object(resources)
}

/// Says of keys, certificates and authorities that programs in the cluster made only that they are there.
fn hide_keys(collection: &str, object: &mut Value) {
    if collection == "/secrets" {
        let managers = object.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
        let made = managers
            .filter_map(|entry| entry["manager"].as_str())
            .any(|manager| KEY_MAKERS.iter().any(|maker| manager.starts_with(maker)));
        // Of a release of Helm, its record tells when things happened.
        let record = object["type"] == "helm.sh/release.v1";
        if record {
            object["metadata"]["labels"]["modifiedAt"] = Value::from("«made»");
        }
        let data = object.get_mut("data").and_then(Value::as_object_mut).filter(|_| made || record);
        data.into_iter().flatten().for_each(|(_, value)| *value = Value::from("«made»"));
    } else if TRUSTING.iter().any(|group| collection.starts_with(group)) {
        hide_authorities(object);
    }
}

fn hide_authorities(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(bundle) if name == "caBundle" && !bundle.is_empty() => *value = Value::from("«made»"),
                    Some(_) => {}
                    None => hide_authorities(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide_authorities),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_inventory_has_no_keys_that_the_cluster_made() {
        let kept = |collection: &str, value: Value| Change {
            collection: collection.to_owned(),
            key: "a/x".to_owned(),
            value: Some(value),
        };
        let secret = |manager: &str| json!({"metadata": {"name": "x", "managedFields": [{"manager": manager}]}, "data": {"tls.key": "eA=="}});
        let cases = [
            ("/secrets", secret("cert-manager-certificates-issuing"), "secrets", json!({"tls.key": "«made»"}), "/data"),
            ("/secrets", secret("kubectl"), "secrets", json!({"tls.key": "eA=="}), "/data"),
            (
                "admissionregistration.k8s.io/v",
                json!({"webhooks": [{"clientConfig": {"caBundle": "eA==", "url": "u"}}]}),
                "admissionregistration.k8s.io~1v",
                json!({"caBundle": "«made»", "url": "u"}),
                "/webhooks/0/clientConfig",
            ),
        ];
        for (collection, object, shown, expected, at) in cases {
            let inventory = inventory(&[kept(collection, object)]);
            assert_eq!(inventory.pointer(&format!("/{shown}/a~1x{at}")), Some(&expected), "{inventory}");
        }
    }
}
