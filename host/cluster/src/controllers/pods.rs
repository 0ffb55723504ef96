//! What every controller of Pods needs: making them from a template, telling which are whose, and which go first.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::api::{Key, Resource};
use super::object::{
    annotation, condition, controlled_by, controller, integer, is_deleted, is_true, items, name, namespace, owners,
    text, uid,
};
use super::{Desk, MANAGER};
use crate::kinds::labels::selects;
use crate::status::Refusal;

/// Pods.
pub(super) const PODS: Resource = Resource::of("", "pods");

/// Whether it neither ended nor is on its way out.
pub(super) fn is_active(pod: &Value) -> bool {
    !is_ended(pod) && !is_deleted(pod)
}

/// Whether it ended, well or not.
pub(super) fn is_ended(pod: &Value) -> bool {
    matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

/// Whether it is ready to serve.
pub(super) fn is_ready(pod: &Value) -> bool {
    is_true(pod, "Ready")
}

/// Since when Pods are ready, in virtual time, by uid: what `minReadySeconds` counts from.
#[derive(Debug, Default)]
pub(super) struct Readiness(HashMap<String, u64>);

impl Readiness {
    /// How many milliseconds are left until it is available; 0: it is, `None`: it is not even ready.
    pub(super) fn left(&mut self, pod: &Value, min_ready_seconds: i64, now: u64) -> Option<u64> {
        if !is_ready(pod) {
            self.0.remove(uid(pod));
            return None;
        }
        if min_ready_seconds <= 0 {
            return Some(0);
        }
        let since = *self.0.entry(uid(pod).to_owned()).or_insert(now);
        Some((since + min_ready_seconds.unsigned_abs() * 1000).saturating_sub(now))
    }

    /// Forgets a Pod that is gone.
    pub(super) fn forget(&mut self, pod: &Value) {
        self.0.remove(uid(pod));
    }
}

/// The selector that a Pod's labels have to match, whatever form the owner states it in.
pub(super) fn selector(owner: &Value) -> Value {
    let stated = owner.pointer("/spec/selector").cloned().unwrap_or_default();
    match stated.as_object() {
        // ReplicationControllers and Services have plain labels.
        Some(fields) if matches!(text(owner, "/kind"), "ReplicationController" | "Service") => {
            json!({"matchLabels": fields})
        }
        _ => stated,
    }
}

fn labels(object: &Value) -> Value {
    object.pointer("/metadata/labels").cloned().unwrap_or_default()
}

/// Whether a selector (in the form of [`selector`]) matches an object's labels.
pub(super) fn matches(selector: &Value, object: &Value) -> bool {
    selects(selector, &labels(object))
}

/// The objects of a resource that an owner manages. Those without a manager that its selector matches are
/// adopted, those of its own that it no longer matches are let go.
pub(super) fn claim(desk: &mut Desk<'_>, owner: &Value, resource: &Resource) -> Result<Vec<Arc<Value>>, Refusal> {
    let selector = selector(owner);
    let mut claimed = Vec::new();
    for object in desk.api.list(resource, Some(namespace(owner))) {
        let matching = matches(&selector, &object);
        match controller(&object) {
            Some(reference) if text(reference, "/uid") != uid(owner) => {}
            Some(_) if matching => claimed.push(object),
            Some(_) if is_deleted(owner) => {}
            Some(_) => {
                let mut freed = Value::clone(&object);
                let kept: Vec<Value> =
                    owners(&object).iter().filter(|kept| text(kept, "/uid") != uid(owner)).cloned().collect();
                let kept = (!kept.is_empty()).then_some(Value::Array(kept));
                super::object::set(&mut freed, &["metadata", "ownerReferences"], kept);
                desk.api.update(resource, "", freed, MANAGER)?;
            }
            None if matching && !is_deleted(owner) && !is_deleted(&object) => {
                let mut adopted = Value::clone(&object);
                let mut all: Vec<Value> = owners(&object).to_vec();
                all.push(controlled_by(owner));
                super::object::set(&mut adopted, &["metadata", "ownerReferences"], Some(Value::Array(all)));
                claimed.push(desk.api.update(resource, "", adopted, MANAGER)?);
            }
            None => {}
        }
    }
    Ok(claimed)
}

/// A Pod as a template wants it, managed by `owner`; it still needs a name.
pub(super) fn from_template(template: &Value, owner: &Value) -> Value {
    let mut metadata = Map::new();
    for field in ["labels", "annotations", "finalizers"] {
        if let Some(value) = template.pointer("/metadata").and_then(|metadata| metadata.get(field)) {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    metadata.insert("namespace".to_owned(), json!(namespace(owner)));
    metadata.insert("ownerReferences".to_owned(), json!([controlled_by(owner)]));
    let spec = template.get("spec").cloned().unwrap_or_default();
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}

/// Makes a Pod, and notes what became of it as an event about its owner.
pub(super) fn create(desk: &mut Desk<'_>, owner: &Value, pod: Value, component: &str) -> Result<Arc<Value>, Refusal> {
    match desk.api.create(&PODS, pod, MANAGER) {
        Ok(pod) => {
            desk.normal(owner, component, "SuccessfulCreate", &format!("Created pod: {}", name(&pod)));
            Ok(pod)
        }
        Err(refusal) => {
            // In a namespace that is on its way out nobody wants to read of it.
            if !refusal.message.contains("being terminated") {
                desk.warning(owner, component, "FailedCreate", &format!("Error creating: {}", refusal.message));
            }
            Err(refusal)
        }
    }
}

/// Deletes a Pod, and notes it as an event about its owner.
pub(super) fn delete(desk: &mut Desk<'_>, owner: &Value, pod: &Value, component: &str) -> Result<(), Refusal> {
    let key = Key::to(&PODS, pod);
    match desk.api.delete(&key, &super::Deletion::default()) {
        Err(refusal) if refusal.code != http::StatusCode::NOT_FOUND => {
            desk.warning(owner, component, "FailedDelete", &format!("Error deleting: {}", refusal.message));
            Err(refusal)
        }
        _ => {
            desk.normal(owner, component, "SuccessfulDelete", &format!("Deleted pod: {}", name(pod)));
            Ok(())
        }
    }
}

/// Orders Pods so that those come first whose loss hurts least.
pub(super) fn rank_for_deletion(pods: &mut [Arc<Value>]) {
    let mut together: HashMap<String, usize> = HashMap::new();
    for pod in pods.iter() {
        *together.entry(text(pod, "/spec/nodeName").to_owned()).or_default() += 1;
    }
    pods.sort_by_cached_key(|pod| {
        let node = text(pod, "/spec/nodeName");
        let phase = match text(pod, "/status/phase") {
            "Pending" => 0,
            "Unknown" => 1,
            _ => 2,
        };
        let cost = annotation(pod, "controller.kubernetes.io/pod-deletion-cost").and_then(|cost| cost.parse().ok());
        let since = condition(pod, "Ready").map(|ready| text(ready, "/lastTransitionTime").to_owned());
        let restarts = items(pod, "/status/containerStatuses").iter().map(|status| integer(status, "/restartCount"));
        (
            !node.is_empty(),
            phase,
            is_ready(pod),
            cost.unwrap_or(0_i64),
            Reverse(together.get(node).copied().unwrap_or_default()),
            Reverse(since),
            Reverse(restarts.flatten().max().unwrap_or_default()),
            Reverse(text(pod, "/metadata/creationTimestamp").to_owned()),
        )
    });
}

/// A hash of a template for labels and names: ten letters that spell nothing.
pub(super) fn hash(template: &Value, collisions: i64) -> String {
    // FNV-1a of 32 bits, as upstream's, over the JSON with sorted keys.
    let mut hash: u32 = 2_166_136_261;
    let mut text = String::new();
    canonical(template, &mut text);
    for byte in text.bytes().chain(collisions.to_le_bytes().into_iter().filter(|_| collisions > 0)) {
        hash = (hash ^ u32::from(byte)).wrapping_mul(16_777_619);
    }
    const LETTERS: &[u8] = b"456789bcdf";
    format!("{hash:010}").bytes().map(|digit| char::from(LETTERS[usize::from(digit - b'0')])).collect()
}

/// JSON with sorted keys and without `null`, whatever order the map has.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<_> = fields.iter().filter(|(_, value)| !value.is_null()).collect();
            keys.sort_by_key(|(key, _)| *key);
            text.push('{');
            for (key, value) in keys {
                text.push_str(key);
                text.push(':');
                canonical(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        single => text.push_str(&single.to_string()),
    }
}

/// Inserts a count, which is left out where it is zero, as Go's `omitempty` does.
pub(super) fn count(status: &mut Map<String, Value>, field: &str, count: i64) {
    if count == 0 {
        status.remove(field);
    } else {
        status.insert(field.to_owned(), json!(count));
    }
}
