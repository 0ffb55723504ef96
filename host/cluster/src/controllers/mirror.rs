//! EndpointSlices of Endpoints that somebody keeps by hand, for Services without a selector.

use serde_json::{Map, Value, json};

use super::api::{Change, Deletion, Key, Resource};
use super::endpoints::{SERVICES, SLICES};
use super::object::{controlled_by, fields, is_deleted, items, label, name, namespace, text};
use super::{Controller, Desk, MANAGER, Picks};
use crate::status::Refusal;

const ENDPOINTS: Resource = Resource::of("", "endpoints");
const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MANAGED: &str = "endpointslice.kubernetes.io/managed-by";
const MIRROR: &str = "endpointslicemirroring-controller.k8s.io";
const SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";
const ELECTION: &str = "control-plane.alpha.kubernetes.io/leader";

/// Mirrors them.
#[derive(Debug)]
pub(super) struct Mirror;

impl Controller for Mirror {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        let Some(object) = change.object() else { return };
        if change.resource == ENDPOINTS || change.resource == SERVICES {
            picks.add(Key::new(&ENDPOINTS, namespace(object), name(object)));
        } else if change.resource == SLICES && change.new.is_none() && label(object, MANAGED) == Some(MIRROR) {
            picks.add(Key::new(&ENDPOINTS, namespace(object), label(object, SERVICE_NAME).unwrap_or_default()));
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let service = desk.api.get(&Key::new(&SERVICES, &key.namespace, &key.name));
        let selects = |service: &Value| fields(service, "/spec/selector").is_some_and(|selector| !selector.is_empty());
        let service = service.filter(|service| !selects(service) && !is_deleted(service));
        let endpoints = desk.api.get(key).filter(|endpoints| {
            label(endpoints, SKIP) != Some("true") && super::object::annotation(endpoints, ELECTION).is_none()
        });
        let mut there = desk.api.list(&SLICES, Some(&key.namespace));
        there.retain(|slice| label(slice, MANAGED) == Some(MIRROR) && label(slice, SERVICE_NAME) == Some(&key.name));
        let (Some(_), Some(endpoints)) = (service, endpoints) else {
            for slice in there {
                desk.api.delete(&Key::to(&SLICES, &slice), &Deletion::default())?;
            }
            return Ok(());
        };
        for subset in items(&endpoints, "/subsets") {
            for family in ["IPv4", "IPv6"] {
                let Some(wanted) = slice(&endpoints, subset, family) else { continue };
                let same = |held: &Value| {
                    ["ports", "endpoints", "addressType"].iter().all(|field| held.get(*field) == wanted.get(*field))
                };
                match there.iter().position(|held| same(held)) {
                    Some(index) => {
                        there.remove(index);
                    }
                    None => {
                        desk.api.create(&SLICES, wanted, MANAGER)?;
                    }
                }
            }
        }
        for slice in there {
            desk.api.delete(&Key::to(&SLICES, &slice), &Deletion::default())?;
        }
        Ok(())
    }
}

/// A slice of the addresses of one family; `None` where there are none.
fn slice(endpoints: &Value, subset: &Value, family: &str) -> Option<Value> {
    let mut all = Vec::new();
    for (list, ready) in [("/addresses", true), ("/notReadyAddresses", false)] {
        for address in items(subset, list) {
            let ip = text(address, "/ip");
            if ip.contains(':') != (family == "IPv6") {
                continue;
            }
            let mut endpoint = Map::new();
            endpoint.insert("addresses".to_owned(), json!([ip]));
            endpoint.insert("conditions".to_owned(), json!({"ready": ready}));
            for field in ["hostname", "nodeName", "targetRef"] {
                if let Some(value) = address.get(field) {
                    endpoint.insert(field.to_owned(), value.clone());
                }
            }
            all.push(Value::Object(endpoint));
        }
    }
    if all.is_empty() {
        return None;
    }
    let mut labels = fields(endpoints, "/metadata/labels").cloned().unwrap_or_default();
    labels.insert(SERVICE_NAME.to_owned(), json!(name(endpoints)));
    labels.insert(MANAGED.to_owned(), json!(MIRROR));
    let ports = items(subset, "/ports").iter().map(|port| {
        // A slice's ports have names, be they empty.
        let mut port = port.clone();
        if port.get("name").is_none() {
            port["name"] = json!("");
        }
        port
    });
    Some(json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": family,
        "metadata": {
            "generateName": format!("{}-", name(endpoints)), "namespace": namespace(endpoints), "labels": labels,
            "ownerReferences": [controlled_by(endpoints)],
        },
        "ports": ports.collect::<Vec<_>>(), "endpoints": all,
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::controllers::testing::Memory;
    use crate::controllers::{Controllers, settle};

    #[test]
    fn endpoints_kept_by_hand_are_mirrored() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(Mirror)]));
        api.make(
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "a"}, "spec": {}}),
        );
        let made = api.make(json!({
            "apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "s", "namespace": "a"},
            "subsets": [{"addresses": [{"ip": "192.0.2.9"}], "ports": [{"port": 80, "protocol": "TCP"}]}],
        }));
        let addresses = |api: &mut Memory, work: &mut Controllers| {
            settle(api, work);
            let slices = api.all("discovery.k8s.io", "endpointslices");
            slices.iter().map(|slice| text(slice, "/endpoints/0/addresses/0").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(addresses(&mut api, &mut work), ["192.0.2.9"]);
        api.change(&made, |endpoints| endpoints["subsets"][0]["addresses"][0]["ip"] = json!("192.0.2.10"));
        assert_eq!(addresses(&mut api, &mut work), ["192.0.2.10"]);
        api.remove(&made, None);
        assert!(addresses(&mut api, &mut work).is_empty());
    }
}
