//! ResourceQuota: nothing is made or grows beyond what is left of the namespace's quotas.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Request, Verb};
use crate::object::{at, has, items, text};
use crate::quantity::Quantity;
use crate::quota::{Amounts, amounts, compute, in_scope, usage, used};
use crate::status::Refusal;
use crate::view::View;

/// Resources that every container has to say something about where a quota counts them.
const REQUIRED: [&str; 6] = ["cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory"];

/// Refuses what one of the namespace's quotas has no room for.
pub(super) fn check(
    view: &dyn View,
    request: &Request<'_>,
    object: &Value,
    old: Option<&Value>,
) -> Result<(), Refusal> {
    let is_write = matches!(request.verb, Verb::Create | Verb::Update) && request.subresource.is_empty();
    if request.namespace.is_empty() || !is_write {
        return Ok(());
    }
    let key = &*request.resource.key;
    let grows = match old.filter(|_| request.verb == Verb::Update) {
        None => usage(key, object),
        Some(old) => difference(&usage(key, object), &usage(key, old)),
    };
    for quota in view.list("/resourcequotas", request.namespace) {
        let hard = amounts(at(&quota, "spec"), "hard");
        let counts = usage(key, object).keys().any(|name| hard.contains_key(name)) || (key == "/pods" && asks(&hard));
        if !counts || !in_scope(&quota, key, object) {
            continue;
        }
        let name = text(at(&quota, "metadata"), "name");
        if key == "/pods" && request.verb == Verb::Create {
            constrain(&hard, object)
                .map_err(|why| request.forbidden(Some(object), &format!("failed quota: {name}: {why}")))?;
        }
        let grows: Amounts = grows.clone().into_iter().filter(|(name, _)| hard.contains_key(name)).collect();
        if grows.is_empty() {
            continue;
        }
        let used = used(&quota, &|key, namespace| view.list(key, namespace));
        let exceeded: BTreeSet<&str> = grows
            .iter()
            .filter(|(name, more)| {
                let sum = used.get(*name).map_or_else(|| (*more).clone(), |used| used.plus(more));
                hard.get(*name).is_some_and(|hard| sum > *hard)
            })
            .map(|(name, _)| name.as_str())
            .collect();
        if !exceeded.is_empty() {
            let shown = |amounts: &Amounts| {
                let named = amounts.iter().filter(|(name, _)| exceeded.contains(name.as_str()));
                named.map(|(name, amount)| format!("{name}={amount}")).collect::<Vec<_>>().join(",")
            };
            let (requested, used, limited) = (shown(&grows), shown(&used), shown(&hard));
            let why = format!("exceeded quota: {name}, requested: {requested}, used: {used}, limited: {limited}");
            return Err(request.forbidden(Some(object), &why));
        }
    }
    Ok(())
}

/// Whether a quota counts what Pods ask for.
fn asks(hard: &Amounts) -> bool {
    REQUIRED.iter().any(|name| hard.contains_key(*name))
}

/// What there is more of, zeros left out.
fn difference(new: &Amounts, old: &Amounts) -> Amounts {
    let grown = new.iter().map(|(name, amount)| {
        let more = old.get(name).map_or_else(|| amount.clone(), |old| amount.minus(old));
        (name.clone(), more)
    });
    grown.filter(|(_, more)| *more > Quantity::zero()).collect()
}

/// Refuses a Pod whose containers do not say what they take of what is counted.
fn constrain(hard: &Amounts, pod: &Value) -> Result<(), String> {
    let required: Vec<&str> = REQUIRED.into_iter().filter(|name| hard.contains_key(*name)).collect();
    let spec = at(pod, "spec");
    if has(spec, "resources") {
        return Ok(());
    }
    let mut missing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for container in ["containers", "initContainers"].into_iter().flat_map(|list| items(spec, list)) {
        let resources = at(container, "resources");
        let said = compute(&amounts(resources, "requests"), &amounts(resources, "limits"));
        for name in required.iter().filter(|name| !said.contains_key(**name)) {
            missing.entry(name).or_default().insert(text(container, "name"));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let said: Vec<String> = missing
        .into_iter()
        .map(|(name, containers)| format!("{name} for: {}", containers.into_iter().collect::<Vec<_>>().join(",")))
        .collect();
    Err(format!("must specify {}", said.join("; ")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::super::testing::{request, resource};
    use super::*;
    use crate::view::testing::Objects;

    #[test]
    fn room() {
        let pods = resource("", "v1", "pods");
        let configmaps = resource("", "v1", "configmaps");
        let deployments = resource("apps", "v1", "deployments");
        let services = resource("", "v1", "services");
        let pod = |name: &str, resources: Value| {
            json!({"metadata": {"name": name, "namespace": "a"},
                "spec": {"containers": [{"name": "c", "resources": resources}]}})
        };
        let full = json!({"metadata": {"name": "x", "namespace": "a"}});
        let requests = |cpu: &str| json!({"requests": {"cpu": cpu}});
        let node_ports =
            json!({"metadata": {"name": "s", "namespace": "a"}, "spec": {"type": "NodePort", "ports": [{}]}});
        let plain = json!({"metadata": {"name": "s", "namespace": "a"}, "spec": {"type": "ClusterIP", "ports": [{}]}});
        let cases = [
            (
                json!({"pods": "1"}),
                &pods,
                pod("new", json!({})),
                None,
                "pods \"new\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1",
            ),
            (json!({"pods": "2"}), &pods, pod("new", json!({})), None, ""),
            (
                json!({"cpu": "1", "limits.memory": "1Gi"}),
                &pods,
                pod("new", requests("1")),
                None,
                "pods \"new\" is forbidden: failed quota: q: must specify limits.memory for: c",
            ),
            (
                json!({"cpu": "1", "memory": "1Gi"}),
                &pods,
                pod("new", json!({})),
                None,
                "pods \"new\" is forbidden: failed quota: q: must specify cpu for: c; memory for: c",
            ),
            (
                json!({"requests.cpu": "1", "pods": "5"}),
                &pods,
                pod("new", requests("700m")),
                None,
                "pods \"new\" is forbidden: exceeded quota: q, requested: requests.cpu=700m, used: requests.cpu=500m, limited: requests.cpu=1",
            ),
            (
                json!({"count/deployments.apps": "0"}),
                &deployments,
                full.clone(),
                None,
                "deployments.apps \"x\" is forbidden: exceeded quota: q, requested: count/deployments.apps=1, used: count/deployments.apps=0, limited: count/deployments.apps=0",
            ),
            (json!({"pods": "0"}), &configmaps, full, None, ""),
            (
                json!({"services.nodeports": "0"}),
                &services,
                node_ports.clone(),
                Some(plain.clone()),
                "services \"s\" is forbidden: exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=0, limited: services.nodeports=0",
            ),
            (json!({"services.nodeports": "0"}), &services, plain, Some(node_ports), ""),
        ];
        for (hard, resource, object, old, expect) in cases {
            let mut view = Objects::default();
            let quota = json!({"metadata": {"name": "q", "namespace": "a"}, "spec": {"hard": hard}});
            view.add("/resourcequotas", quota).add("/pods", pod("old", requests("500m")));
            let verb = if old.is_some() { Verb::Update } else { Verb::Create };
            let said = check(&view, &request(verb, resource, ""), &object, old.as_ref()).err();
            assert_eq!(said.map(|refusal| refusal.message).unwrap_or_default(), expect);
        }
    }
}
