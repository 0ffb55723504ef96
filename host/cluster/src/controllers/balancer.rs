//! Load balancers: a Service of this type gets an address from the cloud, which takes a while.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::api::{Change, Key};
use super::endpoints::SERVICES;
use super::node::{NODES, running};
use super::object::{annotation, ensure, has_finalizer, is_deleted, items, remove_finalizer, text, uid, uuid};
use super::{Controller, Desk, Picks};
use crate::status::Refusal;

const COMPONENT: &str = "service-controller";
const MANAGER: &str = "digitalocean-cloud-controller-manager";
const FINALIZER: &str = "service.kubernetes.io/load-balancer-cleanup";
/// By which the cloud knows the load balancer.
const ID: &str = "kubernetes.digitalocean.com/load-balancer-id";
/// A name that is told in the place of the address.
const HOSTNAME: &str = "service.beta.kubernetes.io/do-loadbalancer-hostname";
/// Virtual milliseconds until a load balancer has its address.
const PATIENCE: u64 = 60_000;

/// Gives addresses; it remembers since when it builds each load balancer.
#[derive(Debug, Default)]
pub(super) struct Balancers {
    since: HashMap<String, u64>,
}

impl Controller for Balancers {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        if change.resource == SERVICES {
            let Some(service) = change.object() else { return };
            match &change.new {
                Some(new) if is_balanced(new) || has_finalizer(new, FINALIZER) => picks.add(Key::to(&SERVICES, new)),
                _ => {
                    self.since.remove(uid(service));
                }
            }
        } else if change.resource == NODES {
            for service in picks.api.list(&SERVICES, None).iter().filter(|service| is_balanced(service)) {
                picks.add(Key::to(&SERVICES, service));
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some((before, mut service)) = super::fetch(desk, key) else { return Ok(()) };
        if is_deleted(&service) || !is_balanced(&service) {
            if !has_finalizer(&service, FINALIZER) {
                return Ok(());
            }
            self.since.remove(uid(&before));
            if !items(&service, "/status/loadBalancer/ingress").is_empty() {
                desk.normal(&before, COMPONENT, "DeletingLoadBalancer", "Deleting load balancer");
                service["status"]["loadBalancer"] = json!({});
                service = Value::clone(&*desk.api.update(&SERVICES, "status", service, MANAGER)?);
                desk.normal(&before, COMPONENT, "DeletedLoadBalancer", "Deleted load balancer");
            }
            remove_finalizer(&mut service, FINALIZER);
            desk.api.update(&SERVICES, "", service, MANAGER)?;
            return Ok(());
        }
        // Where there are no nodes there is no cloud either.
        if running(desk.api).is_empty() || !items(&service, "/status/loadBalancer/ingress").is_empty() {
            return Ok(());
        }
        if !has_finalizer(&service, FINALIZER) {
            let finalizers = ensure(&mut service, &["metadata", "finalizers"]);
            match finalizers.as_array_mut() {
                Some(list) => list.push(json!(FINALIZER)),
                None => *finalizers = json!([FINALIZER]),
            }
            if annotation(&service, ID).is_none() {
                *ensure(&mut service, &["metadata", "annotations", ID]) =
                    json!(uuid(desk.api.random(), desk.api.random()));
            }
            desk.normal(&before, COMPONENT, "EnsuringLoadBalancer", "Ensuring load balancer");
            desk.api.update(&SERVICES, "", service, MANAGER)?;
            return Ok(());
        }
        let now = desk.api.now().millis;
        let due = *self.since.entry(uid(&service).to_owned()).or_insert(now) + PATIENCE;
        if now < due {
            desk.again_after(due - now, key.clone());
            return Ok(());
        }
        let ingress = match annotation(&service, HOSTNAME).filter(|name| !name.is_empty()) {
            Some(name) => json!({ "hostname": name }),
            None => json!({"ip": free(desk), "ipMode": "VIP"}),
        };
        *ensure(&mut service, &["status", "loadBalancer"]) = json!({"ingress": [ingress]});
        desk.api.update(&SERVICES, "status", service, MANAGER)?;
        desk.normal(&before, COMPONENT, "EnsuredLoadBalancer", "Ensured load balancer");
        Ok(())
    }
}

fn is_balanced(service: &Value) -> bool {
    text(service, "/spec/type") == "LoadBalancer" && text(service, "/spec/loadBalancerClass").is_empty()
}

/// An address of the documentation's ranges (RFC 5737) that no Service has.
fn free(desk: &Desk<'_>) -> String {
    let services = desk.api.list(&SERVICES, None);
    let ingress = services.iter().flat_map(|service| items(service, "/status/loadBalancer/ingress"));
    let used: BTreeSet<&str> = ingress.map(|ingress| text(ingress, "/ip")).collect();
    let ranges = ["192.0.2", "198.51.100"];
    let mut all = ranges.iter().flat_map(|range| (1..255).map(move |host| format!("{range}.{host}")));
    all.find(|address| !used.contains(address.as_str())).unwrap_or_else(|| "192.0.2.255".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::controllers::testing::Memory;
    use crate::controllers::{Controllers, settle};

    #[test]
    fn a_load_balancer_has_its_address_after_a_minute_and_cleans_up() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(Balancers::default())]));
        let service = |name: &str| {
            json!({
                "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "a"},
                "spec": {"type": "LoadBalancer"},
            })
        };
        let one = api.make(service("one"));
        api.pass(&mut work, 120_000);
        assert_eq!(api.now_of(&one).unwrap(), one, "there is no cloud");
        api.make(crate::controllers::testing::node("n"));
        let two = api.make(service("two"));
        api.pass(&mut work, 59_000);
        assert!(api.now_of(&two).unwrap().pointer("/status/loadBalancer").is_none());
        api.pass(&mut work, 1_000);
        let address =
            |service: &Value| text(&api.now_of(service).unwrap(), "/status/loadBalancer/ingress/0/ip").to_owned();
        assert_eq!([address(&one), address(&two)], ["192.0.2.1", "192.0.2.2"]);
        let id = |service: &Value| annotation(&api.now_of(service).unwrap(), ID).map(str::to_owned);
        assert!(id(&one).is_some_and(|id| id.len() == 36) && id(&one) != id(&two));
        api.remove(&two, None);
        settle(&mut api, &mut work);
        assert!(api.now_of(&two).is_none());
    }
}
