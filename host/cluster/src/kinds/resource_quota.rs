//! ResourceQuotas and LimitRanges.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::labels::form;
use super::pod_resources::{amount, compare, container_resource, may_overcommit, resource_name};
use super::{field, metadata, name};
use crate::invalid::Invalid;
use crate::path::Path;
use crate::quantity::Quantity;
use crate::registry::Behaviour;

/// `ResourceQuota`
#[derive(Debug)]
pub(crate) struct ResourceQuota;

const COUNTED: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.nodeports",
    "services.loadbalancers",
];

const OF_PODS: &[&str] = &["pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];

const SCOPES: &[&str] = &[
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
];

/// Scopes that exclude each other.
const CONFLICTS: [[&str; 2]; 2] = [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]];

impl Behaviour for ResourceQuota {
    fn prepare_create(&self, object: &mut Value) {
        field::set(object, "/status", json!({}));
    }

    fn prepare_status(&self, object: &mut Value, old: &Value) {
        field::keep(object, old, "/spec");
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let spec = Path::new("spec");
        let mut errors = amounts(object, "/spec/hard", &spec.child("hard"));
        let scopes = field::texts(object, "/spec/scopes");
        errors.extend(check_scopes(object, &scopes, &spec));
        errors.extend(scope_selector(object, &spec));
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        let mut errors = self.validate(object);
        let scopes = |object| field::texts(object, "/spec/scopes").into_iter().collect::<BTreeSet<_>>();
        if scopes(object) != scopes(old) {
            let value = object.pointer("/spec/scopes").unwrap_or(&Value::Null);
            errors.push(Invalid::invalid("spec.scopes", value, "field is immutable"));
        }
        errors
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let mut errors = amounts(object, "/status/hard", &Path::new("status.hard"));
        errors.extend(amounts(object, "/status/used", &Path::new("status.used")));
        errors
    }

    fn has_status(&self) -> bool {
        true
    }
}

fn is_counted(resource: &str) -> bool {
    COUNTED.contains(&resource) || resource.starts_with("hugepages-") || resource.starts_with("requests.hugepages-")
}

fn amounts(object: &Value, pointer: &str, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    for (resource, quantity) in field::map(object, pointer) {
        let path = path.key(resource);
        errors.extend(resource_name(resource, &path));
        if !resource.contains('/') && !is_counted(resource) {
            let detail = "must be a standard resource for quota";
            errors.push(Invalid::invalid(&path, &json!(resource), detail));
        }
        errors.extend(amount(resource, quantity, &path));
    }
    errors
}

/// Whether a scope can be asked of a resource.
fn fits(scope: &str, resource: &str) -> bool {
    match scope {
        "Terminating" | "NotTerminating" | "NotBestEffort" | "PriorityClass" | "CrossNamespacePodAffinity" => {
            OF_PODS.contains(&resource)
        }
        "BestEffort" => resource == "pods",
        "VolumeAttributesClass" => ["persistentvolumeclaims", "requests.storage"].contains(&resource),
        _ => true,
    }
}

fn check_scopes(object: &Value, scopes: &[&str], spec: &Path) -> Vec<Invalid> {
    let path = spec.child("scopes");
    let say = |detail: &str| Invalid::invalid(&path, &json!(scopes), detail);
    let mut errors = Vec::new();
    for scope in scopes {
        if !SCOPES.contains(scope) {
            errors.push(say("unsupported scope"));
        }
        for resource in field::map(object, "/spec/hard").keys() {
            if is_counted(resource) && !fits(scope, resource) {
                errors.push(say("unsupported scope applied to resource"));
            }
        }
    }
    if !scopes.is_empty() {
        let conflicts = CONFLICTS.iter().filter(|pair| pair.iter().all(|scope| scopes.contains(scope)));
        errors.extend(conflicts.map(|_| say("conflicting scopes")));
    }
    errors
}

fn scope_selector(object: &Value, spec: &Path) -> Vec<Invalid> {
    let path = spec.child("scopeSelector").child("matchExpressions");
    let requirements = field::list(object, "/spec/scopeSelector/matchExpressions");
    let mut errors = Vec::new();
    let mut seen = Vec::new();
    for requirement in requirements {
        let (scope, operator) = (field::text(requirement, "/scopeName"), field::text(requirement, "/operator"));
        if !SCOPES.contains(&scope) {
            errors.push(Invalid::invalid(path.child("scopeName"), &json!(scope), "unsupported scope"));
        }
        for resource in field::map(object, "/spec/hard").keys() {
            if is_counted(resource) && !fits(scope, resource) {
                let selector = object.pointer("/spec/scopeSelector").unwrap_or(&Value::Null);
                errors.push(Invalid::invalid(&path, selector, "unsupported scope applied to resource"));
            }
        }
        let only_exists = ["BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity"];
        if only_exists.contains(&scope) && operator != "Exists" {
            let detail = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, \
                          ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, \
                          ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
            errors.push(Invalid::invalid(path.child("operator"), &json!(operator), detail));
        }
        let values = field::texts(requirement, "/values");
        match operator {
            "In" | "NotIn" if values.is_empty() => {
                let detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
                errors.push(Invalid::required(path.child("values"), detail));
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
                errors.push(Invalid::invalid(path.child("values"), &json!(values), detail));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => {
                let detail = "not a valid selector operator";
                errors.push(Invalid::invalid(path.child("operator"), &json!(other), detail));
            }
        }
        seen.push(scope);
    }
    for _ in CONFLICTS.iter().filter(|pair| pair.iter().all(|scope| seen.contains(scope))) {
        let scopes = object.pointer("/spec/scopes").unwrap_or(&Value::Null);
        errors.push(Invalid::invalid(&path, scopes, "conflicting scopes"));
    }
    errors
}

/// `LimitRange`
#[derive(Debug)]
pub(crate) struct LimitRange;

impl Behaviour for LimitRange {
    fn default(&self, object: &mut Value) {
        for limit in field::list_mut(object, "/spec/limits") {
            if field::text(limit, "/type") != "Container" {
                continue;
            }
            // What is not said follows: a default limit from the most, a default request from that limit or the least.
            for (to, from) in [("default", "max"), ("defaultRequest", "default"), ("defaultRequest", "min")] {
                let from = field::map(limit, &format!("/{from}")).clone();
                for (resource, quantity) in from {
                    let resource = resource.replace('~', "~0").replace('/', "~1");
                    field::default(limit, &format!("/{to}/{resource}"), quantity);
                }
            }
        }
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let limits = field::list(object, "/spec/limits");
        let mut errors = Vec::new();
        for (index, limit) in limits.iter().enumerate() {
            let path = Path::new("spec.limits").index(index);
            let kind = field::text(limit, "/type");
            let wrong: Vec<Invalid> = form(&path.child("type"), kind, name::qualified_name).collect();
            if wrong.is_empty() && !kind.contains('/') && !["Pod", "Container", "PersistentVolumeClaim"].contains(&kind)
            {
                let detail = "must be a standard limit type or fully qualified";
                errors.push(Invalid::invalid(path.child("type"), &json!(kind), detail));
            }
            errors.extend(wrong);
            if limits[..index].iter().any(|other| field::text(other, "/type") == kind) {
                errors.push(Invalid::duplicate(path.child("type"), &json!(kind)));
            }
            errors.extend(limit_names(limit, kind, &path));
            errors.extend(limit_amounts(limit, &path));
        }
        errors
    }

    fn validate_update(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let mut errors = metadata::validate(object, true, &name::subdomain);
        errors.extend(self.validate(object));
        errors
    }

    fn creates_on_update(&self) -> bool {
        true
    }
}

fn limit_names(limit: &Value, kind: &str, path: &Path) -> Vec<Invalid> {
    let check = |field: &str| -> Vec<Invalid> {
        let path = path.child(field);
        let names = field::map(limit, &format!("/{field}")).keys();
        names
            .flat_map(|name| match kind {
                "Pod" | "Container" => container_resource(name, &path.key(name)),
                _ => resource_name(name, &path.key(name)),
            })
            .collect()
    };
    let mut errors = check("max");
    errors.extend(check("min"));
    for field in ["default", "defaultRequest"] {
        if kind != "Pod" {
            errors.extend(check(field));
        } else if !field::map(limit, &format!("/{field}")).is_empty() {
            errors.push(Invalid::forbidden(path.child(field), "may not be specified when `type` is 'Pod'"));
        }
    }
    let storage = |field: &str| field::has(limit, &format!("/{field}/storage"));
    if kind == "PersistentVolumeClaim" && !storage("min") && !storage("max") {
        let detail = "either minimum or maximum storage value is required, but neither was provided";
        errors.push(Invalid::required(path.child("limits"), detail));
    }
    errors.extend(check("maxLimitRequestRatio"));
    errors
}

fn limit_amounts(limit: &Value, path: &Path) -> Vec<Invalid> {
    fn of<'a>(limit: &'a Value, name: &str) -> &'a Map<String, Value> {
        field::map(limit, &format!("/{name}"))
    }
    let is_pod = field::text(limit, "/type") == "Pod";
    let mut errors = Vec::new();
    let mut resources: BTreeSet<&str> = BTreeSet::new();
    for name in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
        resources.extend(of(limit, name).keys().map(String::as_str));
    }
    for resource in resources {
        let get = |name: &str| of(limit, name).get(resource);
        let (least, most, ratio) = (get("min"), get("max"), get("maxLimitRequestRatio"));
        let (default, request) = match is_pod {
            true => (None, None),
            false => (get("default"), get("defaultRequest")),
        };
        let more = |one: Option<&Value>, other: Option<&Value>| match (one, other) {
            (Some(one), Some(other)) => compare(one, other) == Some(Ordering::Greater),
            _ => false,
        };
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut say = |field: &str, value: Option<&Value>, detail: String| {
            let path = path.child(field).key(resource);
            errors.push(Invalid::invalid(path, value.unwrap_or(&Value::Null), detail));
        };
        let greater = |what: &str, one, than: &str, other| {
            format!("{what} value {} is greater than {than} value {}", text(one), text(other))
        };
        if more(least, most) {
            say("min", least, greater("min", least, "max", most));
        }
        if more(least, request) {
            say("defaultRequest", request, greater("min", least, "default request", request));
        }
        if more(request, most) {
            say("defaultRequest", request, greater("default request", request, "max", most));
        }
        if more(request, default) {
            say("defaultRequest", request, greater("default request", request, "default limit", default));
        }
        if more(least, default) {
            say("default", least, greater("min", least, "default", default));
        }
        if more(default, most) {
            say("default", most, greater("default", default, "max", most));
        }
        let one = json!("1");
        if more(Some(&one), ratio) {
            say("maxLimitRequestRatio", ratio, format!("ratio {} is less than 1", text(ratio)));
        }
        let milli = |value: Option<&Value>| Some(Quantity::parse(value?.as_str()?).ok()?.milli_value() as f64);
        if let (Some(ratio_value), Some(least), Some(most)) = (milli(ratio), milli(least), milli(most)) {
            let bound = most / least;
            if ratio_value / 1000.0 > bound {
                let detail = format!("ratio {} is greater than max/min = {bound:.6}", text(ratio));
                say("maxLimitRequestRatio", ratio, detail);
            }
        }
        if let (Some(default_value), Some(request_value)) = (default, request)
            && !may_overcommit(resource)
            && compare(default_value, request_value) != Some(Ordering::Equal)
        {
            let detail = format!(
                "default value {} must equal to defaultRequest value {} in {resource}",
                text(default),
                text(request)
            );
            say("defaultRequest", request, detail);
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(errors: &[Invalid]) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn quotas() {
        let quota = json!({"spec": {"hard": {"cpu": "1", "pods": "1500m", "nope": "1", "a.b/c": "-1"}}});
        assert_eq!(
            said(&ResourceQuota.validate(&quota)),
            [
                "spec.hard[a.b/c]: Invalid value: \"-1\": must be greater than or equal to 0",
                "spec.hard[nope]: Invalid value: \"nope\": must be a standard resource type or fully qualified",
                "spec.hard[nope]: Invalid value: \"nope\": must be a standard resource for quota",
                "spec.hard[pods]: Invalid value: \"1500m\": must be an integer",
            ]
        );
        let quota = json!({"spec": {"hard": {"cpu": "1"}, "scopes": ["BestEffort", "NotBestEffort", "x"]}});
        assert_eq!(
            said(&ResourceQuota.validate(&quota)),
            [
                "spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\",\"x\"]: unsupported scope applied to resource",
                "spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\",\"x\"]: unsupported scope",
                "spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\",\"x\"]: conflicting scopes",
            ]
        );
    }

    #[test]
    fn limits() {
        let mut range =
            json!({"spec": {"limits": [{"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "1Gi"}}]}});
        LimitRange.default(&mut range);
        assert_eq!(
            range["spec"]["limits"][0],
            json!({
                "type": "Container", "max": {"cpu": "2"}, "min": {"memory": "1Gi"}, "default": {"cpu": "2"},
                "defaultRequest": {"cpu": "2", "memory": "1Gi"},
            })
        );
        assert!(LimitRange.validate(&range).is_empty());
        let range = json!({"spec": {"limits": [
            {"type": "Container", "max": {"cpu": "1"}, "min": {"cpu": "2"}, "maxLimitRequestRatio": {"cpu": "3"}},
            {"type": "PersistentVolumeClaim"}, {"type": "x"}, {"type": "Pod", "default": {"cpu": "1"}},
        ]}});
        assert_eq!(
            said(&LimitRange.validate(&range)),
            [
                "spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1",
                "spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: \"3\": ratio 3 is greater than max/min = 0.500000",
                "spec.limits[1].limits: Required value: either minimum or maximum storage value is required, but neither \
                 was provided",
                "spec.limits[2].type: Invalid value: \"x\": must be a standard limit type or fully qualified",
                "spec.limits[3].default: Forbidden: may not be specified when `type` is 'Pod'",
            ]
        );
    }
}
