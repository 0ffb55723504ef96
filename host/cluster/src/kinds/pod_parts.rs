//! What is changed of a Pod by way of its subresources: containers to look into it, and its resources.

use std::cmp::Ordering;

use serde_json::Value;

use super::difference::difference;
use super::pod_defaults::quality_of_service;
use super::pod_resources::compare;
use super::{internal, pod};
use crate::invalid::Invalid;
use crate::object::{at, count, entries, has, items, items_mut, keep, make, set, text};
use crate::path::Path;

/// Before an update of `ephemeralcontainers`: nothing else changes.
pub(crate) fn prepare_ephemeral(object: &mut Value, old: &Value) {
    let containers = at(at(object, "spec"), "ephemeralContainers").clone();
    keep(object, old, "spec");
    keep(object, old, "status");
    if let (true, Some(spec)) = (containers.is_array(), make(object, "spec")) {
        set(spec, "ephemeralContainers", containers);
    }
}

/// What is wrong with an update of `ephemeralcontainers`: they are added, and then stay as they are.
pub(crate) fn validate_ephemeral(object: &Value, old: &Value) -> Vec<Invalid> {
    let mut errors = pod::metadata_and_spec(object);
    let path = Path::new("spec.ephemeralContainers");
    let containers = items(at(object, "spec"), "ephemeralContainers");
    for before in items(at(old, "spec"), "ephemeralContainers") {
        let name = text(before, "name");
        match containers.iter().find(|container| text(container, "name") == name) {
            None => {
                let detail = format!("existing ephemeral containers {name:?} may not be removed\n");
                errors.push(Invalid::forbidden(&path, detail));
            }
            Some(container) if container != before => {
                let printed = |container: &Value| internal::printed("EphemeralContainer", container);
                let diff = difference(&printed(before), &printed(container));
                let detail = format!("existing ephemeral containers {name:?} may not be changed\n{diff}");
                errors.push(Invalid::forbidden(&path, detail));
            }
            Some(_) => {}
        }
    }
    errors
}

/// Before an update of `resize`: of the containers, which stay the same ones, only resources change.
pub(crate) fn prepare_resize(object: &mut Value, old: &Value) {
    let lists = ["containers", "initContainers"];
    let names = |object: &Value, list: &str| -> Vec<String> {
        items(at(object, "spec"), list).iter().map(|container| text(container, "name").to_owned()).collect()
    };
    keep(object, old, "status");
    if lists.iter().any(|list| names(object, list) != names(old, list)) {
        return; // Validation says what is wrong with it.
    }
    let wanted = at(object, "spec").clone();
    keep(object, old, "spec");
    let Some(spec) = make(object, "spec") else { return };
    for list in lists {
        for (container, wanted) in items_mut(spec, list).iter_mut().zip(items(&wanted, list)) {
            keep(container, wanted, "resources");
            keep(container, wanted, "resizePolicy");
        }
    }
}

/// What is wrong with an update of `resize`.
pub(crate) fn validate_resize(object: &Value, old: &Value) -> Vec<Invalid> {
    let (spec, before, path) = (at(object, "spec"), at(old, "spec"), Path::new("spec"));
    let mut errors = pod::metadata_and_spec(object);
    if quality_of_service(object) != quality_of_service(old) {
        let class = at(at(object, "status"), "qosClass");
        errors.push(Invalid::invalid(&path, class, "Pod QOS Class may not change as a result of resizing"));
    }
    for list in ["initContainers", "containers"] {
        for (index, (container, old)) in items(spec, list).iter().zip(items(before, list)).enumerate() {
            if list == "initContainers" && text(old, "restartPolicy") != "Always" {
                if container != old {
                    let detail = "resources for non-sidecar init containers are immutable";
                    errors.push(Invalid::forbidden(&path, detail));
                }
                continue;
            }
            resized(container, old, &path.child(list).index(index).child("resources"), &mut errors);
            let mut rest = container.clone();
            keep(&mut rest, old, "resources");
            let others = |container: &Value| -> Vec<(String, Value)> {
                ["limits", "requests"]
                    .iter()
                    .flat_map(|list| entries(at(container, "resources"), list))
                    .filter(|(name, _)| !matches!(*name, "cpu" | "memory"))
                    .map(|(name, value)| (name.to_owned(), value.clone()))
                    .collect()
            };
            if rest != *old || others(container) != others(old) {
                let detail = match list {
                    "containers" => "only cpu and memory resources are mutable",
                    _ => "only cpu and memory resources for sidecar containers are mutable",
                };
                errors.push(Invalid::forbidden(&path, detail));
            }
        }
        if items(spec, list).len() != items(before, list).len() {
            errors.push(Invalid::forbidden(&path, "only cpu and memory resources are mutable"));
        }
    }
    errors
}

fn resized(container: &Value, old: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    let (resources, before) = (at(container, "resources"), at(old, "resources"));
    for (list, detail) in
        [("requests", "resource requests cannot be removed"), ("limits", "resource limits cannot be removed")]
    {
        let gone = entries(before, list).any(|(name, _)| !has(at(resources, list), name));
        if gone || count(before, list) > count(resources, list) {
            errors.push(Invalid::forbidden(path.child(list), detail));
        }
    }
    let policy = items(container, "resizePolicy").iter().find(|policy| text(policy, "resourceName") == "memory");
    if policy.is_some_and(|policy| text(policy, "restartPolicy") == "RestartContainer") {
        return;
    }
    let memory = |resources| at(at(resources, "limits"), "memory");
    let lowered = compare(memory(resources), memory(before)) == Some(Ordering::Less);
    let path = path.child("limits").key("memory");
    if lowered {
        let detail = "memory limits cannot be decreased unless resizePolicy is RestartContainer";
        errors.push(Invalid::forbidden(path, detail));
    } else if has(at(resources, "limits"), "memory") && !has(at(before, "limits"), "memory") {
        let detail = "memory limits cannot be added unless resizePolicy is RestartContainer";
        errors.push(Invalid::forbidden(path, detail));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::Behaviour;

    fn made(spec: &Value) -> Value {
        let mut object = json!({"metadata": {"name": "a"}, "spec": spec});
        pod::Pod.default(&mut object);
        pod::Pod.prepare_create(&mut object);
        object
    }

    fn said(errors: &[Invalid]) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn ephemeral_containers_are_added() {
        let old = made(&json!({"containers": [{"name": "c", "image": "i:1"}]}));
        let mut new = old.clone();
        new["spec"]["ephemeralContainers"] = json!([{"name": "d", "image": "i:2"}]);
        new["spec"]["nodeName"] = json!("elsewhere");
        pod::Pod.default(&mut new);
        prepare_ephemeral(&mut new, &old);
        assert_eq!(new["spec"].get("nodeName"), None);
        assert_eq!(said(&validate_ephemeral(&new, &old)), Vec::<String>::new());
        let expect = "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"d\" may not be removed\n";
        assert_eq!(said(&validate_ephemeral(&old, &new)), [expect]);
    }

    #[test]
    fn pods_are_resized() {
        let resources = |memory: &str| json!({"limits": {"memory": memory}, "requests": {"memory": "1Gi"}});
        let of = |memory: &str| {
            made(&json!({"containers": [{"name": "c", "image": "i:1", "resources": resources(memory)}]}))
        };
        let (old, more, less) = (of("2Gi"), of("3Gi"), of("1536Mi"));
        assert_eq!(said(&validate_resize(&more, &old)), Vec::<String>::new());
        let expect = "spec.containers[0].resources.limits[memory]: Forbidden: memory limits cannot be decreased unless \
                      resizePolicy is RestartContainer";
        assert_eq!(said(&validate_resize(&less, &old)), [expect]);
    }
}
