//! `v1` Binding: which node a Pod runs on, said once.

use serde_json::{Value, json};

use crate::invalid::Invalid;
use crate::object::{at, entries, items, items_mut, make, remove, set, text};
use crate::path::Path;

/// What is wrong with a Binding.
pub(crate) fn validate(binding: &Value) -> Vec<Invalid> {
    let (target, path) = (at(binding, "target"), Path::new("target"));
    let mut errors = Vec::new();
    if !matches!(text(target, "kind"), "" | "Node") {
        errors.push(Invalid::not_supported(path.child("kind"), at(target, "kind"), &["Node", "<empty>"]));
    }
    if text(target, "name").is_empty() {
        errors.push(Invalid::required(path.child("name"), ""));
    }
    errors
}

/// The Pod on the node that `binding` names, or why it can't be there; `now` is an RFC 3339 time.
pub(crate) fn bound(pod: &Value, binding: &Value, now: &str) -> Result<Value, String> {
    let (metadata, spec) = (at(pod, "metadata"), at(pod, "spec"));
    let (name, node) = (text(metadata, "name"), text(spec, "nodeName"));
    let (asked, said) = (text(at(binding, "metadata"), "uid"), text(metadata, "uid"));
    if !asked.is_empty() && asked != said {
        let namespace = text(metadata, "namespace");
        return Err(format!(
            "StorageError: invalid object, Code: 4, Key: /registry/pods/{namespace}/{name}, ResourceVersion: 0, \
             AdditionalErrorMsg: Precondition failed: UID in precondition: {asked}, UID in object meta: {said}"
        ));
    }
    if !at(metadata, "deletionTimestamp").is_null() {
        return Err(format!("pod {name} is being deleted, cannot be assigned to a host"));
    }
    if !node.is_empty() {
        return Err(format!("pod {name} is already assigned to node {node:?}"));
    }
    if !items(spec, "schedulingGates").is_empty() {
        return Err(format!("pod {name} has non-empty .spec.schedulingGates"));
    }
    let mut pod = pod.clone();
    if let Some(spec) = make(&mut pod, "spec") {
        set(spec, "nodeName", at(at(binding, "target"), "name").clone());
    }
    for field in ["annotations", "labels"] {
        let mut given = entries(at(binding, "metadata"), field).peekable();
        if given.peek().is_some()
            && let Some(kept) = make(&mut pod, "metadata").and_then(|metadata| make(metadata, field))
        {
            given.for_each(|(key, value)| set(kept, key, value.clone()));
        }
    }
    if let Some(status) = make(&mut pod, "status") {
        remove(status, "nominatedNodeName");
        scheduled(status, now);
    }
    Ok(pod)
}

/// Notes in a status that its Pod has a node.
fn scheduled(status: &mut Value, now: &str) {
    let condition = json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": now});
    let known = items_mut(status, "conditions").iter_mut().find(|known| text(known, "type") == "PodScheduled");
    match known {
        Some(known) => *known = condition,
        None => {
            let mut conditions = items(status, "conditions").to_vec();
            conditions.push(condition);
            set(status, "conditions", conditions);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn pod(metadata: &Value, spec: &Value) -> Value {
        let mut pod =
            json!({"metadata": {"name": "p", "uid": "u"}, "spec": spec, "status": {"nominatedNodeName": "m"}});
        for (field, value) in metadata.as_object().into_iter().flatten() {
            set(&mut pod["metadata"], field, value.clone());
        }
        pod
    }

    #[test]
    fn pods_get_their_node() {
        let binding = json!({"metadata": {"labels": {"zone": "a"}, "uid": "u"}, "target": {"name": "n"}});
        assert!(validate(&binding).is_empty());
        let bound = bound(&pod(&json!({"labels": {"a": "b"}}), &json!({})), &binding, "now").unwrap();
        assert_eq!(bound["spec"], json!({"nodeName": "n"}));
        assert_eq!(bound["metadata"]["labels"], json!({"a": "b", "zone": "a"}));
        assert_eq!(bound["metadata"].get("annotations"), None);
        let condition =
            json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": "now"});
        assert_eq!(bound["status"], json!({"conditions": [condition]}));
    }

    #[test]
    fn refusals_are_upstreams() {
        let cases = [
            (json!({}), json!({"nodeName": "m"}), "pod p is already assigned to node \"m\""),
            (json!({}), json!({"schedulingGates": [{"name": "g"}]}), "pod p has non-empty .spec.schedulingGates"),
            (json!({"deletionTimestamp": "then"}), json!({}), "pod p is being deleted, cannot be assigned to a host"),
        ];
        let binding = json!({"target": {"kind": "Node", "name": "n"}});
        for (metadata, spec, expect) in cases {
            assert_eq!(bound(&pod(&metadata, &spec), &binding, "now"), Err(expect.to_owned()));
        }
        let said: Vec<String> = validate(&json!({"target": {"kind": "Pod"}})).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "target.kind: Unsupported value: \"Pod\": supported values: \"Node\", \"<empty>\"",
                "target.name: Required value",
            ]
        );
    }
}
