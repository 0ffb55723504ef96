//! `v1` Pod.

use serde_json::{Value, json};

use super::difference::difference;
use super::labels::form;
use super::pod_container::image_whitespace;
use super::{internal, name, pod_defaults, pod_placement, pod_spec, pod_warnings};
use crate::invalid::Invalid;
use crate::object::{at, has, int, items, items_mut, keep, make, set, text};
use crate::path::Path;
use crate::registry::Behaviour;

/// Pods.
#[derive(Debug)]
pub(crate) struct Pod;

impl Behaviour for Pod {
    fn default(&self, object: &mut Value) {
        pod_defaults::pod(object);
    }

    fn prepare_create(&self, object: &mut Value) {
        let mut status = json!({"phase": "Pending", "qosClass": pod_defaults::quality_of_service(object)});
        if !items(at(object, "spec"), "schedulingGates").is_empty() {
            let now = at(at(object, "metadata"), "creationTimestamp");
            let gated = json!({
                "type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "lastProbeTime": null,
                "lastTransitionTime": now, "message": "Scheduling is blocked due to non-empty scheduling gates",
            });
            set(&mut status, "conditions", vec![gated]);
        }
        set(object, "status", status);
        pod_placement::merge_label_keys(object);
    }

    fn prepare_status(&self, object: &mut Value, old: &Value) {
        keep(object, old, "spec");
        if let Some(metadata) = make(object, "metadata") {
            for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences"] {
                keep(metadata, at(old, "metadata"), field);
            }
        }
        let class = at(at(old, "status"), "qosClass").clone();
        if let Some(status) = make(object, "status").filter(|status| text(status, "qosClass").is_empty())
            && !class.is_null()
        {
            set(status, "qosClass", class);
        }
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let (spec, path) = (at(object, "spec"), Path::new("spec"));
        let mut errors = metadata_and_spec(object);
        if !items(spec, "ephemeralContainers").is_empty() {
            errors.push(Invalid::forbidden(path.child("ephemeralContainers"), "cannot be set on create"));
        }
        if !text(spec, "nodeName").is_empty() && !items(spec, "schedulingGates").is_empty() {
            let detail = "cannot be set until all schedulingGates have been cleared";
            errors.push(Invalid::forbidden(path.child("nodeName"), detail));
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = metadata_and_spec(object);
        update(at(object, "spec"), at(old, "spec"), &Path::new("spec"), &mut errors);
        errors
    }

    fn validate_status(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let (status, before) = (at(object, "status"), at(old, "status"));
        let path = Path::new("status");
        let mut errors = Vec::new();
        let nominated = text(status, "nominatedNodeName");
        if !nominated.is_empty() && nominated != text(before, "nominatedNodeName") {
            errors.extend(form(&path.child("nominatedNodeName"), nominated, name::subdomain));
        }
        if at(status, "qosClass") != at(before, "qosClass") {
            errors.push(Invalid::invalid(path.child("qosClass"), at(status, "qosClass"), "field is immutable"));
        }
        let policy = text(at(old, "spec"), "restartPolicy");
        for (list, policy) in
            [("containerStatuses", policy), ("initContainerStatuses", policy), ("ephemeralContainerStatuses", "Never")]
        {
            transitions(items(status, list), items(before, list), policy, &path.child(list), &mut errors);
        }
        for (index, address) in items(status, "podIPs").iter().enumerate() {
            errors.extend(pod_spec::ip_address(at(address, "ip"), path.child("podIPs").index(index)));
        }
        errors
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        if old.is_some() {
            return Vec::new();
        }
        let mut warnings = Vec::new();
        let wrong = name::label(text(at(object, "metadata"), "name"));
        if !wrong.is_empty() {
            warnings.push(format!(
                "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label \
                 is recommended: [{}]",
                wrong.join(" ")
            ));
        }
        warnings.extend(pod_warnings::warnings(object, &Path::new("")));
        warnings
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn has_status(&self) -> bool {
        true
    }
}

/// What is wrong with a Pod, new or old.
pub(super) fn metadata_and_spec(pod: &Value) -> Vec<Invalid> {
    let (metadata, spec, path) = (at(pod, "metadata"), at(pod, "spec"), Path::new("spec"));
    let mut errors = pod_spec::pod_annotations(at(metadata, "annotations"), spec, &Path::new("metadata.annotations"));
    errors.extend(pod_spec::validate(spec, Some(text(metadata, "name")), &path));
    if text(spec, "serviceAccountName").is_empty() {
        for (index, volume) in items(spec, "volumes").iter().enumerate() {
            for (place, source) in items(at(volume, "projected"), "sources").iter().enumerate() {
                if has(source, "serviceAccountToken") {
                    let sources = path.child("volumes").index(index).child("projected").child("sources");
                    let detail = "must not be specified when serviceAccountName is not set";
                    errors.push(Invalid::forbidden(sources.index(place).child("serviceAccountToken"), detail));
                }
            }
        }
    }
    for list in ["containers", "initContainers"] {
        for (index, container) in items(spec, list).iter().enumerate() {
            errors.extend(image_whitespace(container, &path.child(list).index(index)));
        }
    }
    errors
}

/// What may change of a Pod: images, a shorter deadline, more tolerations, fewer gates.
fn update(spec: &Value, old: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    for list in ["containers", "initContainers"] {
        let containers = items(spec, list);
        if containers.len() != items(old, list).len() {
            let detail = "pod updates may not add or remove containers";
            return errors.push(Invalid::forbidden(path.child(list), detail));
        }
        for (index, container) in containers.iter().enumerate() {
            let path = path.child(list).index(index);
            if text(container, "image").is_empty() {
                errors.push(Invalid::required(path.child("image"), ""));
            }
            errors.extend(image_whitespace(container, &path));
        }
    }
    let path_of_deadline = path.child("activeDeadlineSeconds");
    match (int(spec, "activeDeadlineSeconds"), int(old, "activeDeadlineSeconds")) {
        (Some(new), _) if !(0..=i64::from(i32::MAX)).contains(&new) => {
            let detail = name::range_error(0, i64::from(i32::MAX));
            return errors.push(Invalid::invalid(path_of_deadline, &Value::from(new), detail));
        }
        (Some(new), Some(old)) if old < new => {
            let detail = "must be less than or equal to previous value";
            return errors.push(Invalid::invalid(path_of_deadline, &Value::from(new), detail));
        }
        (None, Some(_)) => {
            let detail = "must not update from a positive integer to nil value";
            errors.push(Invalid::invalid(path_of_deadline, &Value::Null, detail));
        }
        _ => {}
    }
    added_tolerations(items(spec, "tolerations"), items(old, "tolerations"), &path.child("tolerations"), errors);
    let gates = items(old, "schedulingGates");
    for (index, gate) in items(spec, "schedulingGates").iter().enumerate() {
        if !gates.iter().any(|old| text(old, "name") == text(gate, "name")) {
            let path = path.child("schedulingGates").index(index).child("name");
            let detail = format!("only deletion is allowed, but found new scheduling gate '{}'", text(gate, "name"));
            errors.push(Invalid::forbidden(path, detail));
        }
    }
    let mut rest = spec.clone();
    for list in ["containers", "initContainers"] {
        for (container, old) in items_mut(&mut rest, list).iter_mut().zip(items(old, list)) {
            keep(container, old, "image");
        }
    }
    for field in ["activeDeadlineSeconds", "schedulingGates", "tolerations"] {
        keep(&mut rest, old, field);
    }
    let was_negative = int(old, "terminationGracePeriodSeconds").is_some_and(|seconds| seconds < 0);
    if was_negative && int(&rest, "terminationGracePeriodSeconds") == Some(1) {
        keep(&mut rest, old, "terminationGracePeriodSeconds");
    }
    if !gates.is_empty() {
        gated(&mut rest, old, path, errors);
    }
    if rest != *old {
        let printed = |spec: &Value| internal::printed("PodSpec", spec);
        let diff = difference(&printed(old), &printed(&rest));
        let detail = format!(
            "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,\
             `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing \
             tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously \
             negative)\n{diff}"
        );
        errors.push(Invalid::forbidden(path, detail));
    }
}

/// While a Pod is held by gates its nodes may be narrowed down.
fn gated(rest: &mut Value, old: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    let (new, before) = (at(rest, "nodeSelector").clone(), at(old, "nodeSelector"));
    if new != *before {
        let narrowed = before.as_object().into_iter().flatten().all(|(key, value)| at(&new, key) == value);
        if !narrowed {
            let detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
            errors.push(Invalid::invalid(path.child("nodeSelector"), &new, detail));
        }
        keep(rest, old, "nodeSelector");
    }
    if !has(at(old, "affinity"), "nodeAffinity") && has(at(rest, "affinity"), "nodeAffinity") {
        let alone = at(rest, "affinity").as_object().is_some_and(|fields| fields.len() == 1);
        if alone {
            keep(rest, old, "affinity");
        } else if let Some(affinity) = make(rest, "affinity") {
            keep(affinity, at(old, "affinity"), "nodeAffinity");
        }
    }
}

fn added_tolerations(new: &[Value], old: &[Value], path: &Path, errors: &mut Vec<Invalid>) {
    let same = |new: &Value, old: &Value| {
        let mut old = old.clone();
        keep(&mut old, new, "tolerationSeconds");
        old == *new
    };
    if !old.iter().all(|old| new.iter().any(|new| same(new, old))) {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        return errors.push(Invalid::forbidden(path, detail));
    }
    errors.extend(pod_placement::tolerations(new, path));
}

fn transitions(new: &[Value], old: &[Value], policy: &str, path: &Path, errors: &mut Vec<Invalid>) {
    if policy == "Always" {
        return;
    }
    for (index, old) in old.iter().enumerate() {
        let ended = at(at(old, "state"), "terminated");
        let may_restart = policy == "OnFailure" && int(ended, "exitCode").unwrap_or_default() != 0;
        if ended.is_null() || may_restart {
            continue;
        }
        let is_back = |new: &&Value| text(new, "name") == text(old, "name") && !has(at(new, "state"), "terminated");
        for _ in new.iter().filter(is_back) {
            let detail = "may not be transitioned to non-terminated state";
            errors.push(Invalid::forbidden(path.index(index).child("state"), detail));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(spec: &Value) -> Value {
        let mut object = json!({"metadata": {"name": "a"}, "spec": spec});
        Pod.default(&mut object);
        Pod.prepare_create(&mut object);
        object
    }

    fn said(errors: &[Invalid]) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn new_pods_are_pending() {
        let pod = made(&json!({"containers": [{"name": "c", "image": "i"}]}));
        assert_eq!(pod["status"], json!({"phase": "Pending", "qosClass": "BestEffort"}));
        assert_eq!(said(&Pod.validate(&pod)), Vec::<String>::new());
        assert!(Pod.warnings(&pod, None).is_empty());
    }

    #[test]
    fn what_is_named_is_there() {
        let file = json!({"volumeName": "v", "path": "p", "key": "k"});
        let pod = made(&json!({
            "containers": [{"name": "c", "image": "i", "env": [{"name": "E", "valueFrom": {"fileKeyRef": file}}]}],
            "resourceClaims": [{"name": "r"}, {"name": "s", "resourceClaimName": "a", "resourceClaimTemplateName": "b"}],
            "schedulingGroup": {"podGroupName": "g"},
        }));
        assert_eq!(pod["spec"].get("schedulingGroup"), None);
        assert_eq!(
            said(&Pod.validate(&pod)),
            [
                "spec.resourceClaims[0]: Invalid value: {\"Name\":\"r\",\"ResourceClaimName\":null,\
                 \"ResourceClaimTemplateName\":null}: must specify one of: `resourceClaimName`, \
                 `resourceClaimTemplateName`",
                "spec.resourceClaims[1]: Invalid value: {\"Name\":\"s\",\"ResourceClaimName\":\"a\",\
                 \"ResourceClaimTemplateName\":\"b\"}: at most one of `resourceClaimName` or \
                 `resourceClaimTemplateName` may be specified",
                "spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Not found: \"v\"",
            ]
        );
    }

    #[test]
    fn only_some_fields_change() {
        let old =
            made(&json!({"containers": [{"name": "c", "image": "i:1"}], "tolerations": [{"operator": "Exists"}]}));
        let mut new = old.clone();
        new["spec"]["containers"][0]["image"] = json!("i:2");
        new["spec"]["activeDeadlineSeconds"] = json!(5);
        assert_eq!(said(&Pod.validate_update(&new, &old)), Vec::<String>::new());
        let mut named = old.clone();
        named["spec"]["nodeName"] = json!("n");
        let errors = said(&Pod.validate_update(&named, &old));
        assert_eq!(errors.len(), 1);
        let start = "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,";
        assert!(errors[0].starts_with(start), "{}", errors[0]);
        assert!(errors[0].contains("NodeName"), "{}", errors[0]);
        let mut more = old.clone();
        more["spec"]["containers"] = json!([{"name": "c"}, {"name": "d"}]);
        let errors = said(&Pod.validate_update(&more, &old));
        let expect = "spec.containers: Forbidden: pod updates may not add or remove containers";
        assert_eq!(errors.last().map(String::as_str), Some(expect));
        let mut fewer = old.clone();
        fewer["spec"]["tolerations"] = json!([]);
        let expect =
            "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds";
        assert_eq!(said(&Pod.validate_update(&fewer, &old)), [expect]);
    }
}
