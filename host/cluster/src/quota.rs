//! What a ResourceQuota counts: objects, and what Pods, claims and Services take.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::kinds::labels::selects;
use crate::object::{at, entries, has, items, text};
use crate::quantity::Quantity;

/// Amounts by the names of resources.
pub(crate) type Amounts = BTreeMap<String, Quantity>;

/// The amounts in a field, what is no quantity left out.
pub(crate) fn amounts(object: &Value, name: &str) -> Amounts {
    let given = entries(object, name).filter_map(|(key, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some((key.to_owned(), Quantity::parse(&text).ok()?))
    });
    given.collect()
}

/// Adds amounts to others.
pub(crate) fn add(total: &mut Amounts, more: &Amounts) {
    for (key, amount) in more {
        let sum = total.get(key).map_or_else(|| amount.clone(), |sum| sum.plus(amount));
        total.insert(key.clone(), sum);
    }
}

fn raise(total: &mut Amounts, other: &Amounts) {
    for (key, amount) in other {
        if total.get(key).is_none_or(|known| known < amount) {
            total.insert(key.clone(), amount.clone());
        }
    }
}

/// The `requests` or `limits` of a Pod in all: its containers together, or its greediest init container, and the
/// overhead.
pub(crate) fn of_pod(pod: &Value, field: &str) -> Amounts {
    let spec = at(pod, "spec");
    let mut total = Amounts::new();
    for container in items(spec, "containers") {
        add(&mut total, &amounts(at(container, "resources"), field));
    }
    // Init containers that are restarted always run on beside what follows.
    let mut beside = Amounts::new();
    let mut greediest = Amounts::new();
    for container in items(spec, "initContainers") {
        let mut own = amounts(at(container, "resources"), field);
        if text(container, "restartPolicy") == "Always" {
            add(&mut total, &own);
            add(&mut beside, &own);
            raise(&mut greediest, &beside);
        } else {
            add(&mut own, &beside);
            raise(&mut greediest, &own);
        }
    }
    raise(&mut total, &greediest);
    total.extend(amounts(at(spec, "resources"), field));
    for (key, amount) in amounts(spec, "overhead") {
        // A limit is raised only where there is one.
        if field == "requests" || total.contains_key(&key) {
            add(&mut total, &Amounts::from([(key, amount)]));
        }
    }
    total
}

/// The resource as a quota counts it: `deployments.apps`, `pods`.
fn counted(key: &str) -> String {
    match key.split_once('/') {
        Some(("", plural)) => plural.to_owned(),
        Some((group, plural)) => format!("{plural}.{group}"),
        None => key.to_owned(),
    }
}

fn one() -> Quantity {
    Quantity::from_integer(1)
}

/// What one object takes, by the names that quotas have for it; `key` is its resource (`/pods`).
pub(crate) fn usage(key: &str, object: &Value) -> Amounts {
    let mut usage = Amounts::from([(format!("count/{}", counted(key)), one())]);
    let spec = at(object, "spec");
    match key {
        "/configmaps" | "/resourcequotas" | "/replicationcontrollers" | "/secrets" => {
            usage.insert(counted(key), one());
        }
        "/services" => {
            usage.insert("services".to_owned(), one());
            let ports = Quantity::from_integer(i64::try_from(items(spec, "ports").len()).unwrap_or(i64::MAX));
            let (nodeports, balancers) = match text(spec, "type") {
                "NodePort" => (ports, 0),
                "LoadBalancer" if at(spec, "allocateLoadBalancerNodePorts") == false => {
                    let given =
                        items(spec, "ports").iter().filter(|port| at(port, "nodePort").as_i64().unwrap_or(0) > 0);
                    (Quantity::from_integer(i64::try_from(given.count()).unwrap_or(i64::MAX)), 1)
                }
                "LoadBalancer" => (ports, 1),
                _ => (Quantity::zero(), 0),
            };
            usage.insert("services.nodeports".to_owned(), nodeports);
            usage.insert("services.loadbalancers".to_owned(), Quantity::from_integer(balancers));
        }
        "/persistentvolumeclaims" => {
            usage.insert("persistentvolumeclaims".to_owned(), one());
            let class = text(spec, "storageClassName");
            let of_class = |what: &str| format!("{class}.storageclass.storage.k8s.io/{what}");
            if !class.is_empty() {
                usage.insert(of_class("persistentvolumeclaims"), one());
            }
            if let Some(storage) = amounts(at(spec, "resources"), "requests").remove("storage") {
                if !class.is_empty() {
                    usage.insert(of_class("requests.storage"), storage.clone());
                }
                usage.insert("requests.storage".to_owned(), storage);
            }
        }
        "/pods" if !is_over(object) => {
            usage.insert("pods".to_owned(), one());
            usage.extend(compute(&of_pod(object, "requests"), &of_pod(object, "limits")));
        }
        _ => {}
    }
    usage
}

/// Whether a Pod runs no more, and so takes nothing but its place.
fn is_over(pod: &Value) -> bool {
    matches!(text(at(pod, "status"), "phase"), "Succeeded" | "Failed")
}

/// Requests and limits by the names that quotas have for them.
pub(crate) fn compute(requests: &Amounts, limits: &Amounts) -> Amounts {
    let mut usage = Amounts::new();
    for (key, amount) in requests {
        if matches!(key.as_str(), "cpu" | "memory" | "ephemeral-storage") || key.starts_with("hugepages-") {
            usage.insert(key.clone(), amount.clone());
        }
        usage.insert(format!("requests.{key}"), amount.clone());
    }
    for (key, amount) in limits {
        if matches!(key.as_str(), "cpu" | "memory" | "ephemeral-storage") {
            usage.insert(format!("limits.{key}"), amount.clone());
        }
    }
    usage
}

/// The key of the resource that a name in a quota is about: `/pods` for `requests.cpu`, `apps/deployments` for
/// `count/deployments.apps`.
fn key_of(name: &str) -> String {
    if let Some(counted) = name.strip_prefix("count/") {
        return match counted.split_once('.') {
            Some((plural, group)) => format!("{group}/{plural}"),
            None => format!("/{counted}"),
        };
    }
    match name {
        "configmaps" | "resourcequotas" | "replicationcontrollers" | "secrets" | "services" => format!("/{name}"),
        "services.nodeports" | "services.loadbalancers" => "/services".to_owned(),
        "persistentvolumeclaims" | "requests.storage" => "/persistentvolumeclaims".to_owned(),
        name if name.contains(".storageclass.storage.k8s.io/") => "/persistentvolumeclaims".to_owned(),
        _ => "/pods".to_owned(),
    }
}

/// Whether a quota's scopes let it count an object. Quotas with scopes count Pods alone.
pub(crate) fn in_scope(quota: &Value, key: &str, object: &Value) -> bool {
    let spec = at(quota, "spec");
    let plain = items(spec, "scopes").iter().filter_map(Value::as_str).map(|scope| (scope, "Exists", &[][..]));
    let expressions = items(at(spec, "scopeSelector"), "matchExpressions").iter();
    let selected = expressions.map(|one| (text(one, "scopeName"), text(one, "operator"), items(one, "values")));
    plain
        .chain(selected)
        .all(|(scope, operator, values)| key == "/pods" && pod_in_scope(object, scope, operator, values))
}

fn pod_in_scope(pod: &Value, scope: &str, operator: &str, values: &[Value]) -> bool {
    let spec = at(pod, "spec");
    let terminating = at(spec, "activeDeadlineSeconds").as_i64().is_some_and(|seconds| seconds >= 0);
    let best_effort = of_pod(pod, "requests").is_empty() && of_pod(pod, "limits").is_empty();
    match scope {
        "Terminating" => terminating,
        "NotTerminating" => !terminating,
        "BestEffort" => best_effort,
        "NotBestEffort" => !best_effort,
        "PriorityClass" => {
            let labels = match text(spec, "priorityClassName") {
                "" => serde_json::json!({}),
                class => serde_json::json!({"class": class}),
            };
            let requirement = serde_json::json!({"key": "class", "operator": operator, "values": values});
            selects(&serde_json::json!({"matchExpressions": [requirement]}), &labels)
        }
        "CrossNamespacePodAffinity" => {
            let affinity = at(spec, "affinity");
            ["podAffinity", "podAntiAffinity"].iter().any(|kind| across(at(affinity, kind)))
        }
        _ => false,
    }
}

/// Whether an affinity looks into other namespaces.
fn across(affinity: &Value) -> bool {
    let required = items(affinity, "requiredDuringSchedulingIgnoredDuringExecution").iter();
    let preferred = items(affinity, "preferredDuringSchedulingIgnoredDuringExecution").iter();
    let terms = required.chain(preferred.map(|term| at(term, "podAffinityTerm")));
    terms.into_iter().any(|term| !items(term, "namespaces").is_empty() || has(term, "namespaceSelector"))
}

/// What is used of a quota: of each name in its `spec.hard`, by the objects of its namespace.
///
/// `list` gives the objects of a resource (by its key) in a namespace.
pub(crate) fn used(quota: &Value, list: &dyn Fn(&str, &str) -> Vec<Arc<Value>>) -> Amounts {
    let namespace = text(at(quota, "metadata"), "namespace");
    let hard = amounts(at(quota, "spec"), "hard");
    let mut total: Amounts = hard.keys().map(|name| (name.clone(), Quantity::zero())).collect();
    let mut keys: Vec<String> = hard.keys().map(|name| key_of(name)).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        for object in list(&key, namespace).iter().filter(|object| in_scope(quota, &key, object)) {
            let mut usage = usage(&key, object);
            usage.retain(|name, _| total.contains_key(name));
            add(&mut total, &usage);
        }
    }
    total
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::*;

    fn shown(amounts: &Amounts) -> String {
        let shown: Vec<String> = amounts.iter().map(|(name, amount)| format!("{name}={amount}")).collect();
        shown.join(",")
    }

    #[test]
    fn usages() {
        let pod = json!({"spec": {
            "containers": [
                {"resources": {"requests": {"cpu": "100m", "memory": "1Gi"}, "limits": {"cpu": "1"}}},
                {"resources": {"requests": {"cpu": "200m", "nvidia.com/gpu": "1"}}}],
            "initContainers": [{"resources": {"requests": {"cpu": "1"}}}]}});
        let service = json!({"spec": {"type": "LoadBalancer", "ports": [{}, {}]}});
        let claim = json!({"spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}}});
        let cases = [
            (
                "/pods",
                pod,
                "count/pods=1,cpu=1,limits.cpu=1,memory=1Gi,pods=1,requests.cpu=1,requests.memory=1Gi,requests.nvidia.com/gpu=1",
            ),
            ("/pods", json!({"status": {"phase": "Failed"}}), "count/pods=1"),
            ("/services", service, "count/services=1,services=1,services.loadbalancers=1,services.nodeports=2"),
            (
                "/persistentvolumeclaims",
                claim,
                "count/persistentvolumeclaims=1,fast.storageclass.storage.k8s.io/persistentvolumeclaims=1,fast.storageclass.storage.k8s.io/requests.storage=1Gi,persistentvolumeclaims=1,requests.storage=1Gi",
            ),
            ("apps/deployments", json!({}), "count/deployments.apps=1"),
            ("/configmaps", json!({}), "configmaps=1,count/configmaps=1"),
        ];
        for (key, object, expect) in cases {
            assert_eq!(shown(&usage(key, &object)), expect);
        }
    }

    #[test]
    fn what_is_used() {
        let pod = |cpu: &str, class: &str| {
            Arc::new(json!({"spec": {"priorityClassName": class,
                "containers": [{"resources": {"requests": {"cpu": cpu}}}]}}))
        };
        let list = |key: &str, namespace: &str| match (key, namespace) {
            ("/pods", "a") => vec![pod("100m", "high"), pod("300m", "")],
            ("apps/deployments", "a") => vec![Arc::new(json!({}))],
            _ => Vec::new(),
        };
        let quota = |spec: Value| json!({"metadata": {"name": "q", "namespace": "a"}, "spec": spec});
        let high = json!({"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]});
        let cases = [
            (
                json!({"hard": {"pods": "5", "cpu": "1", "count/deployments.apps": "2", "services": "1"}}),
                "count/deployments.apps=1,cpu=400m,pods=2,services=0",
            ),
            (json!({"hard": {"pods": "5"}, "scopeSelector": high}), "pods=1"),
            (json!({"hard": {"pods": "5"}, "scopes": ["BestEffort"]}), "pods=0"),
            (json!({"hard": {"pods": "5"}, "scopes": ["NotTerminating", "NotBestEffort"]}), "pods=2"),
        ];
        for (spec, expect) in cases {
            assert_eq!(shown(&used(&quota(spec), &list)), expect);
        }
    }
}
