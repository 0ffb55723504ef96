//! LimitRanger: what a namespace's LimitRanges give to containers by default, and what they let through.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Request, Verb};
use crate::object::{at, entries, has, items, items_mut, make, set, text};
use crate::quantity::Quantity;
use crate::quota::{Amounts, amounts, of_pod};
use crate::status::Refusal;
use crate::view::View;

/// Fills in the requests and limits that a new Pod's containers leave out, and notes it in an annotation.
pub(super) fn fill(view: &dyn View, request: &Request<'_>, pod: &mut Value) {
    if !request.is("", "pods") || request.verb != Verb::Create {
        return;
    }
    for range in view.list("/limitranges", request.namespace) {
        let mut defaults = [BTreeMap::new(), BTreeMap::new()];
        let limits = items(at(&range, "spec"), "limits").iter();
        for limit in limits.filter(|limit| text(limit, "type") == "Container") {
            for (into, field) in defaults.iter_mut().zip(["defaultRequest", "default"]) {
                into.extend(entries(limit, field).map(|(key, value)| (key.to_owned(), value.clone())));
            }
        }
        let mut notes = Vec::new();
        if let Some(spec) = pod.get_mut("spec") {
            for (list, kind) in [("containers", "container"), ("initContainers", "init container")] {
                for container in items_mut(spec, list) {
                    fill_container(container, kind, &defaults, &mut notes);
                }
            }
        }
        if notes.is_empty() {
            continue;
        }
        let note = format!("LimitRanger plugin set: {}", notes.join("; "));
        if let Some(annotations) = make(pod, "metadata").and_then(|metadata| make(metadata, "annotations")) {
            set(annotations, "kubernetes.io/limit-ranger", note);
        }
    }
}

fn fill_container(container: &mut Value, kind: &str, defaults: &[BTreeMap<String, Value>; 2], notes: &mut Vec<String>) {
    let name = text(container, "name").to_owned();
    let Some(resources) = make(container, "resources") else { return };
    for (defaults, (field, what)) in defaults.iter().zip([("requests", "request"), ("limits", "limit")]) {
        let missing: Vec<(&String, &Value)> =
            defaults.iter().filter(|(key, _)| !has(at(resources, field), key)).collect();
        if missing.is_empty() {
            continue;
        }
        let keys: Vec<&str> = missing.iter().map(|(key, _)| key.as_str()).collect();
        notes.push(format!("{} {what} for {kind} {name}", keys.join(", ")));
        let Some(list) = make(resources, field) else { continue };
        for (key, value) in missing {
            set(list, key, value.clone());
        }
    }
}

/// Refuses a new Pod, or a claim, that is outside of what the namespace's LimitRanges allow.
pub(super) fn check(view: &dyn View, request: &Request<'_>, object: &Value) -> Result<(), Refusal> {
    let is_pod = request.is("", "pods") && request.verb == Verb::Create;
    let is_claim = request.is("", "persistentvolumeclaims") && matches!(request.verb, Verb::Create | Verb::Update);
    if (!is_pod && !is_claim) || has(at(object, "metadata"), "deletionTimestamp") {
        return Ok(());
    }
    for range in view.list("/limitranges", request.namespace) {
        let mut errors = Vec::new();
        for limit in items(at(&range, "spec"), "limits") {
            match text(limit, "type") {
                "Container" if is_pod => {
                    for list in ["containers", "initContainers"] {
                        for container in items(at(object, "spec"), list) {
                            let resources = at(container, "resources");
                            let (requests, limits) = (amounts(resources, "requests"), amounts(resources, "limits"));
                            constrain(limit, "Container", &requests, &limits, &mut errors);
                        }
                    }
                }
                "Pod" if is_pod => {
                    let (requests, limits) = (of_pod(object, "requests"), of_pod(object, "limits"));
                    constrain(limit, "Pod", &requests, &limits, &mut errors);
                }
                "PersistentVolumeClaim" if is_claim => {
                    let requests = amounts(at(at(object, "spec"), "resources"), "requests");
                    constrain_claim(limit, &requests, &mut errors);
                }
                _ => {}
            }
        }
        let mut said: Vec<String> = Vec::new();
        for error in errors {
            if !said.contains(&error) {
                said.push(error);
            }
        }
        let why = match said.as_slice() {
            [] => continue,
            [one] => one.clone(),
            all => format!("[{}]", all.join(", ")),
        };
        return Err(request.forbidden(Some(object), &why));
    }
    Ok(())
}

fn constrain(limit: &Value, kind: &str, requests: &Amounts, limits: &Amounts, errors: &mut Vec<String>) {
    for (key, least) in amounts(limit, "min") {
        let what = format!("minimum {key} usage per {kind} is {least}");
        match (requests.get(&key), limits.get(&key)) {
            (None, _) => errors.push(format!("{what}.  No request is specified")),
            (Some(request), _) if *request < least => errors.push(format!("{what}, but request is {request}")),
            (_, Some(limit)) if *limit < least => errors.push(format!("{what}, but limit is {limit}")),
            _ => {}
        }
    }
    for (key, most) in amounts(limit, "max") {
        let what = format!("maximum {key} usage per {kind} is {most}");
        match (requests.get(&key), limits.get(&key)) {
            (_, None) => errors.push(format!("{what}.  No limit is specified")),
            (_, Some(limit)) if *limit > most => errors.push(format!("{what}, but limit is {limit}")),
            (Some(request), _) if *request > most => errors.push(format!("{what}, but request is {request}")),
            _ => {}
        }
    }
    for (key, ratio) in amounts(limit, "maxLimitRequestRatio") {
        let what = format!("{key} max limit to request ratio per {kind} is {ratio}, but");
        let given = |amount: Option<&Quantity>| amount.filter(|amount| !amount.is_zero()).map(Quantity::milli_value);
        match (given(requests.get(&key)), given(limits.get(&key))) {
            (None, _) => errors.push(format!("{what} no request is specified or request is 0")),
            (_, None) => errors.push(format!("{what} no limit is specified or limit is 0")),
            (Some(request), Some(limit)) => {
                let provided = limit as f64 / request as f64;
                if provided * 1000.0 > ratio.milli_value() as f64 {
                    errors.push(format!("{what} provided ratio is {provided:.6}"));
                }
            }
        }
    }
}

fn constrain_claim(limit: &Value, requests: &Amounts, errors: &mut Vec<String>) {
    let kind = "PersistentVolumeClaim";
    for (field, word) in [("min", "minimum"), ("max", "maximum")] {
        for (key, bound) in amounts(limit, field) {
            let what = format!("{word} {key} usage per {kind} is {bound}");
            match requests.get(&key) {
                None => errors.push(format!("{what}.  No request is specified")),
                Some(request) if (field == "min" && *request < bound) || (field == "max" && *request > bound) => {
                    errors.push(format!("{what}, but request is {request}"));
                }
                Some(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::super::testing::{request, resource};
    use super::*;
    use crate::view::testing::Objects;

    fn ranged(limit: &Value) -> Objects {
        let mut view = Objects::default();
        view.add("/limitranges", json!({"metadata": {"name": "l", "namespace": "a"}, "spec": {"limits": [limit]}}));
        view
    }

    #[test]
    fn defaults() {
        let pods = resource("", "v1", "pods");
        let view = ranged(&json!({"type": "Container", "default": {"cpu": "1", "memory": "1Gi"},
            "defaultRequest": {"cpu": "100m"}}));
        let mut pod = json!({"metadata": {"name": "p"}, "spec": {
            "containers": [{"name": "c", "resources": {"limits": {"cpu": "2"}}}], "initContainers": [{"name": "i"}]}});
        fill(&view, &request(Verb::Create, &pods, "p"), &mut pod);
        assert_eq!(
            pod["metadata"]["annotations"]["kubernetes.io/limit-ranger"],
            "LimitRanger plugin set: cpu request for container c; memory limit for container c; cpu request for init container i; cpu, memory limit for init container i"
        );
        let expect = json!({"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "100m"}});
        assert_eq!(pod["spec"]["containers"][0]["resources"], expect);
    }

    #[test]
    fn bounds() {
        let pods = resource("", "v1", "pods");
        let claims = resource("", "v1", "persistentvolumeclaims");
        let pod = |requests: Value, limits: Value| {
            let container = json!({"name": "c", "resources": {"requests": requests, "limits": limits}});
            json!({"metadata": {"name": "p"}, "spec": {"containers": [container, container]}})
        };
        let claim = json!({"metadata": {"name": "c"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}});
        let cases = [
            (&pods, json!({"type": "Container", "min": {"cpu": "100m"}}), pod(json!({"cpu": "1"}), json!({})), ""),
            (
                &pods,
                json!({"type": "Container", "min": {"cpu": "100m"}}),
                pod(json!({"cpu": "50m"}), json!({})),
                "pods \"p\" is forbidden: minimum cpu usage per Container is 100m, but request is 50m",
            ),
            (
                &pods,
                json!({"type": "Container", "min": {"cpu": "100m"}, "max": {"memory": "1Gi"}}),
                pod(json!({}), json!({})),
                "pods \"p\" is forbidden: [minimum cpu usage per Container is 100m.  No request is specified, maximum memory usage per Container is 1Gi.  No limit is specified]",
            ),
            (
                &pods,
                json!({"type": "Pod", "max": {"cpu": "1"}}),
                pod(json!({}), json!({"cpu": "600m"})),
                "pods \"p\" is forbidden: maximum cpu usage per Pod is 1, but limit is 1200m",
            ),
            (
                &pods,
                json!({"type": "Pod", "maxLimitRequestRatio": {"cpu": "2"}}),
                pod(json!({"cpu": "100m"}), json!({"cpu": "250m"})),
                "pods \"p\" is forbidden: cpu max limit to request ratio per Pod is 2, but provided ratio is 2.500000",
            ),
            (
                &claims,
                json!({"type": "PersistentVolumeClaim", "min": {"storage": "2Gi"}}),
                claim,
                "persistentvolumeclaims \"c\" is forbidden: minimum storage usage per PersistentVolumeClaim is 2Gi, but request is 1Gi",
            ),
        ];
        for (resource, limit, object, expect) in cases {
            let said = check(&ranged(&limit), &request(Verb::Create, resource, ""), &object).err();
            assert_eq!(said.map(|refusal| refusal.message).unwrap_or_default(), expect);
        }
    }
}
