//! Endpoints and EndpointSlices of Services with a selector.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::api::{Change, Deletion, Key, Resource};
use super::object::{
    controlled_by, controller, fields, integer, is_deleted, items, label, name, namespace, text, truth, uid,
};
use super::pods::{self, PODS, is_ended, is_ready};
use super::{Controller, Desk, MANAGER, Picks};
use crate::status::Refusal;

/// Services.
pub(super) const SERVICES: Resource = Resource::of("", "services");
const ENDPOINTS: Resource = Resource::of("", "endpoints");
/// EndpointSlices.
pub(super) const SLICES: Resource = Resource::of("discovery.k8s.io", "endpointslices");
const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MANAGED_SLICE: &str = "endpointslice.kubernetes.io/managed-by";
const SLICE_MANAGER: &str = "endpointslice-controller.k8s.io";
const HEADLESS: &str = "service.kubernetes.io/headless";

/// Keeps the endpoints of Services.
#[derive(Debug)]
pub(super) struct Backends;

/// What of a Pod its endpoints show.
fn shown(pod: &Value) -> (Option<&Value>, bool, bool, bool, &str) {
    (pod.pointer("/status/podIPs"), is_ready(pod), is_deleted(pod), is_ended(pod), text(pod, "/spec/nodeName"))
}

impl Controller for Backends {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        let Some(object) = change.object() else { return };
        if change.resource == SERVICES {
            picks.add(Key::to(&SERVICES, object));
        } else if change.resource == PODS {
            if let (Some(old), Some(new)) = (&change.old, &change.new) {
                let labels = |pod: &Value| pod.pointer("/metadata/labels").cloned();
                if shown(old) == shown(new) && labels(old) == labels(new) {
                    return;
                }
            }
            for service in picks.api.list(&SERVICES, Some(namespace(object))) {
                let both = [&change.old, &change.new];
                let mut all = both.into_iter().flatten();
                if all.any(|pod| selects(&service, pod)) {
                    picks.add(Key::to(&SERVICES, &service));
                }
            }
        } else if change.resource == SLICES && change.new.is_none() {
            if let Some(service) = label(object, SERVICE_NAME) {
                picks.add(Key::new(&SERVICES, namespace(object), service));
            }
        } else if change.resource == ENDPOINTS && change.new.is_none() {
            picks.add(Key::new(&SERVICES, namespace(object), name(object)));
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some(service) = desk.api.get(key) else { return forget(key, desk) };
        if is_deleted(&service) || !has_selector(&service) || text(&service, "/spec/type") == "ExternalName" {
            return Ok(());
        }
        let mut pods: Vec<_> = desk.api.list(&PODS, Some(&key.namespace));
        pods.retain(|pod| selects(&service, pod) && !is_ended(pod) && !text(pod, "/status/podIP").is_empty());
        put_endpoints(key, &service, &pods, desk)?;
        put_slices(&service, &pods, desk)
    }
}

fn has_selector(service: &Value) -> bool {
    fields(service, "/spec/selector").is_some_and(|selector| !selector.is_empty())
}

fn selects(service: &Value, pod: &Value) -> bool {
    has_selector(service) && pods::matches(&pods::selector(service), pod)
}

/// Endpoints go with their Service; EndpointSlices are its dependents, and collected.
fn forget(key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    match desk.api.delete(&Key::new(&ENDPOINTS, &key.namespace, &key.name), &Deletion::default()) {
        Err(refusal) if refusal.code != http::StatusCode::NOT_FOUND => Err(refusal),
        _ => Ok(()),
    }
}

/// The labels that a Service's endpoints take over, with these added.
fn labels(service: &Value, own: &[(&str, &str)]) -> Value {
    let mut labels = fields(service, "/metadata/labels").cloned().unwrap_or_default();
    if text(service, "/spec/clusterIP") == "None" {
        labels.insert(HEADLESS.to_owned(), json!(""));
    }
    for (key, value) in own {
        labels.insert((*key).to_owned(), json!(value));
    }
    Value::Object(labels)
}

/// The number of a Service's port on a Pod: as it is, or by the name of a container's port.
fn target(port: &Value, pod: &Value) -> Option<i64> {
    match port.get("targetPort") {
        None | Some(Value::Null) => integer(port, "/port"),
        Some(Value::Number(number)) => match number.as_i64() {
            Some(0) | None => integer(port, "/port"),
            number => number,
        },
        Some(Value::String(wanted)) => {
            let containers = items(pod, "/spec/containers").iter().chain(items(pod, "/spec/initContainers"));
            let mut ports = containers.flat_map(|container| items(container, "/ports"));
            let fits = |held: &&Value| text(held, "/name") == wanted && protocol(held) == protocol(port);
            ports.find(fits).and_then(|held| integer(held, "/containerPort"))
        }
        Some(_) => None,
    }
}

fn protocol(port: &Value) -> &str {
    match text(port, "/protocol") {
        "" => "TCP",
        protocol => protocol,
    }
}

/// The Service's ports on a Pod.
fn ports(service: &Value, pod: &Value) -> Vec<Value> {
    let all = items(service, "/spec/ports").iter().filter_map(|port| {
        let mut shown = Map::new();
        if !text(port, "/name").is_empty() {
            shown.insert("name".to_owned(), json!(text(port, "/name")));
        }
        shown.insert("port".to_owned(), json!(target(port, pod)?));
        shown.insert("protocol".to_owned(), json!(protocol(port)));
        if !text(port, "/appProtocol").is_empty() {
            shown.insert("appProtocol".to_owned(), json!(text(port, "/appProtocol")));
        }
        Some(Value::Object(shown))
    });
    all.collect()
}

fn target_reference(pod: &Value) -> Value {
    json!({"kind": "Pod", "name": name(pod), "namespace": namespace(pod), "uid": uid(pod)})
}

fn is_wanted(service: &Value, pod: &Value) -> bool {
    is_ready(pod) || truth(service, "/spec/publishNotReadyAddresses")
}

fn put_endpoints(key: &Key, service: &Value, pods: &[Arc<Value>], desk: &mut Desk<'_>) -> Result<(), Refusal> {
    // Addresses with the same ports are one subset.
    let mut subsets: BTreeMap<String, [Vec<Value>; 3]> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| !is_deleted(pod) || truth(service, "/spec/publishNotReadyAddresses")) {
        let ports = ports(service, pod);
        if ports.is_empty() && !items(service, "/spec/ports").is_empty() {
            continue;
        }
        let mut address = json!({"ip": text(pod, "/status/podIP"), "targetRef": target_reference(pod)});
        if !text(pod, "/spec/nodeName").is_empty() {
            address["nodeName"] = json!(text(pod, "/spec/nodeName"));
        }
        let subset = subsets.entry(Value::Array(ports.clone()).to_string()).or_insert([ports, Vec::new(), Vec::new()]);
        subset[if is_wanted(service, pod) { 1 } else { 2 }].push(address);
    }
    let subsets = subsets.into_values().map(|[ports, ready, waiting]| {
        let mut subset = Map::new();
        for (field, list) in [("addresses", ready), ("notReadyAddresses", waiting), ("ports", ports)] {
            if !list.is_empty() {
                subset.insert(field.to_owned(), Value::Array(list));
            }
        }
        Value::Object(subset)
    });
    let subsets: Vec<Value> = subsets.collect();
    let subsets = (!subsets.is_empty()).then_some(Value::Array(subsets));
    let labels = labels(service, &[("endpoints.kubernetes.io/managed-by", "endpoint-controller")]);
    let there = desk.api.get(&Key::new(&ENDPOINTS, &key.namespace, &key.name));
    let mut endpoints = there.as_ref().map_or_else(
        || {
            json!({
                "apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": key.name, "namespace": key.namespace},
            })
        },
        |there| Value::clone(there),
    );
    let moved = endpoints.get("subsets") != subsets.as_ref();
    if there.is_some() && !moved && endpoints.pointer("/metadata/labels") == Some(&labels) {
        return Ok(());
    }
    super::object::set(&mut endpoints, &["subsets"], subsets);
    endpoints["metadata"]["labels"] = labels;
    if moved || there.is_none() {
        let now = desk.timestamp();
        *super::object::ensure(
            &mut endpoints,
            &["metadata", "annotations", "endpoints.kubernetes.io/last-change-trigger-time"],
        ) = json!(now);
    }
    match there {
        Some(_) => desk.api.update(&ENDPOINTS, "", endpoints, MANAGER)?,
        None => desk.api.create(&ENDPOINTS, endpoints, MANAGER)?,
    };
    Ok(())
}

fn put_slices(service: &Value, pods: &[Arc<Value>], desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let mut wanted: BTreeMap<String, (Vec<Value>, Vec<Value>)> = BTreeMap::new();
    for pod in pods {
        let ports = ports(service, pod);
        let leaving = is_deleted(pod);
        let mut endpoint = json!({
            "addresses": [text(pod, "/status/podIP")], "targetRef": target_reference(pod),
            "conditions": {
                "ready": is_wanted(service, pod) && (!leaving || truth(service, "/spec/publishNotReadyAddresses")),
                "serving": is_ready(pod), "terminating": leaving,
            },
        });
        if !text(pod, "/spec/nodeName").is_empty() {
            endpoint["nodeName"] = json!(text(pod, "/spec/nodeName"));
        }
        wanted.entry(Value::Array(ports.clone()).to_string()).or_insert((ports, Vec::new())).1.push(endpoint);
    }
    // A Service without endpoints has one slice, with none.
    if wanted.is_empty() {
        wanted.insert(String::new(), (Vec::new(), Vec::new()));
    }
    let own = [(SERVICE_NAME, name(service)), (MANAGED_SLICE, SLICE_MANAGER)];
    let labels = labels(service, &own);
    let mut there: Vec<Arc<Value>> = desk.api.list(&SLICES, Some(namespace(service)));
    there.retain(|slice| {
        label(slice, SERVICE_NAME) == Some(name(service))
            && label(slice, MANAGED_SLICE) == Some(SLICE_MANAGER)
            && controller(slice).is_some_and(|owner| text(owner, "/uid") == uid(service))
            && !is_deleted(slice)
    });
    let family = match text(service, "/spec/ipFamilies/0") {
        "" => "IPv4",
        family => family,
    };
    let mut spare = there.clone();
    let mut missing = Vec::new();
    for (ports, endpoints) in wanted.into_values() {
        // The slice with these ports is kept, else any that is no longer needed.
        let same = spare.iter().position(|slice| items(slice, "/ports") == ports);
        match same {
            Some(index) => put_slice(Some(spare.remove(index)), service, &labels, family, (ports, endpoints), desk)?,
            None => missing.push((ports, endpoints)),
        }
    }
    for content in missing {
        let slice = (!spare.is_empty()).then(|| spare.remove(0));
        put_slice(slice, service, &labels, family, content, desk)?;
    }
    for slice in spare {
        desk.api.delete(&Key::to(&SLICES, &slice), &Deletion::default())?;
    }
    Ok(())
}

fn put_slice(
    there: Option<Arc<Value>>,
    service: &Value,
    labels: &Value,
    family: &str,
    (ports, endpoints): (Vec<Value>, Vec<Value>),
    desk: &mut Desk<'_>,
) -> Result<(), Refusal> {
    let list = |items: Vec<Value>| if items.is_empty() { Value::Null } else { Value::Array(items) };
    let (ports, endpoints) = (list(ports), list(endpoints));
    let Some(there) = there else {
        let slice = json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": family,
            "metadata": {
                "generateName": format!("{}-", name(service)), "namespace": namespace(service), "labels": labels,
                "ownerReferences": [controlled_by(service)],
                "annotations": {"endpoints.kubernetes.io/last-change-trigger-time": desk.timestamp()},
            },
            "ports": ports, "endpoints": endpoints,
        });
        desk.api.create(&SLICES, slice, MANAGER)?;
        return Ok(());
    };
    let same = |field: &str, new: &Value| there.get(field).unwrap_or(&Value::Null) == new;
    if same("ports", &ports) && same("endpoints", &endpoints) && there.pointer("/metadata/labels") == Some(labels) {
        return Ok(());
    }
    let mut slice = Value::clone(&there);
    slice["ports"] = ports;
    slice["endpoints"] = endpoints;
    slice["metadata"]["labels"] = labels.clone();
    desk.api.update(&SLICES, "", slice, MANAGER)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::controllers::testing::Memory;
    use crate::controllers::{Controllers, settle};

    #[test]
    fn endpoints_follow_the_pods_that_a_service_selects() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(Backends)]));
        let service = api.make(json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "a", "labels": {"l": "1"}},
            "spec": {"selector": {"app": "x"}, "ports": [{"name": "http", "port": 80, "targetPort": "web"}]},
        }));
        settle(&mut api, &mut work);
        let slice = api.all("discovery.k8s.io", "endpointslices").remove(0);
        assert_eq!((&slice["endpoints"], &slice["ports"]), (&Value::Null, &Value::Null));
        assert_eq!(slice["metadata"]["labels"], json!({"l": "1", SERVICE_NAME: "s", MANAGED_SLICE: SLICE_MANAGER}));
        assert!(api.all("", "endpoints").remove(0).get("subsets").is_none());
        let pod = api.make(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a", "labels": {"app": "x"}},
            "spec": {"nodeName": "n", "containers": [{"ports": [{"name": "web", "containerPort": 8080}]}]},
        }));
        api.change_status(&pod, |status| *status = json!({"podIP": "10.1.0.5", "podIPs": [{"ip": "10.1.0.5"}]}));
        settle(&mut api, &mut work);
        let subset = &api.all("", "endpoints").remove(0)["subsets"][0];
        assert_eq!(subset["notReadyAddresses"][0]["ip"], "10.1.0.5");
        assert_eq!(subset["ports"], json!([{"name": "http", "port": 8080, "protocol": "TCP"}]));
        api.change_status(&pod, |status| status["conditions"] = json!([{"type": "Ready", "status": "True"}]));
        settle(&mut api, &mut work);
        let slices = api.all("discovery.k8s.io", "endpointslices");
        assert_eq!(slices.len(), 1);
        let endpoint = &slices[0]["endpoints"][0];
        assert_eq!(endpoint["conditions"], json!({"ready": true, "serving": true, "terminating": false}));
        assert_eq!((&endpoint["nodeName"], &endpoint["targetRef"]["name"]), (&json!("n"), &json!("p")));
        assert_eq!(api.all("", "endpoints").remove(0)["subsets"][0]["addresses"][0]["ip"], "10.1.0.5");
        api.remove(&service, None);
        settle(&mut api, &mut work);
        assert!(api.all("", "endpoints").is_empty());
    }
}
