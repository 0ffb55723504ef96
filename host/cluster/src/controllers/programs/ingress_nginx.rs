//! ingress-nginx: Ingresses of its class get the address of its load balancer.

use serde_json::{Value, json};

use crate::controllers::api::{Api, Change, Key, Resource};
use crate::controllers::deployment::DEPLOYMENTS;
use crate::controllers::endpoints::SERVICES;
use crate::controllers::object::{ensure, integer, is_deleted, items, label, namespace, text};
use crate::controllers::{Controller, Desk, Picks};
use crate::status::Refusal;

pub(super) const INGRESSES: Resource = Resource::of("networking.k8s.io", "ingresses");
const CLASSES: Resource = Resource::of("networking.k8s.io", "ingressclasses");
const PROGRAM: &str = "k8s.io/ingress-nginx";
const MANAGER: &str = "nginx-ingress-controller";

/// Publishes the address.
#[derive(Debug)]
pub(in crate::controllers) struct Ingresses;

/// Whether an object is of a release of ingress-nginx's controller.
fn is_own(object: &Value) -> bool {
    label(object, "app.kubernetes.io/name") == Some("ingress-nginx")
        && label(object, "app.kubernetes.io/component") == Some("controller")
}

/// Whether a controller of this program answers anywhere.
pub(super) fn is_anywhere(api: &dyn Api) -> bool {
    let up = |deployment: &Value| is_own(deployment) && integer(deployment, "/status/availableReplicas") > Some(0);
    api.list(&DEPLOYMENTS, None).iter().any(|deployment| up(deployment))
}

impl Controller for Ingresses {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        let Some(object) = change.object() else { return };
        if change.resource == INGRESSES {
            picks.add(Key::to(&INGRESSES, object));
        } else if (change.resource == SERVICES || change.resource == DEPLOYMENTS) && is_own(object) {
            for ingress in picks.api.list(&INGRESSES, None) {
                picks.add(Key::to(&INGRESSES, &ingress));
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some((before, mut ingress)) = crate::controllers::fetch(desk, key) else { return Ok(()) };
        let class = desk.api.get(&Key::new(&CLASSES, "", text(&ingress, "/spec/ingressClassName")));
        if is_deleted(&ingress) || class.is_none_or(|class| text(&class, "/spec/controller") != PROGRAM) {
            return Ok(());
        }
        let runs =
            |deployment: &Value| is_own(deployment) && integer(deployment, "/status/availableReplicas") > Some(0);
        let deployments = desk.api.list(&DEPLOYMENTS, None);
        let Some(place) =
            deployments.iter().find(|deployment| runs(deployment)).map(|found| namespace(found).to_owned())
        else {
            return Ok(());
        };
        let services = desk.api.list(&SERVICES, Some(&place));
        let balanced =
            services.iter().filter(|service| is_own(service) && text(service, "/spec/type") == "LoadBalancer");
        let addresses = balanced.flat_map(|service| items(service, "/status/loadBalancer/ingress"));
        let shown: Vec<Value> = addresses
            .map(|address| match text(address, "/ip") {
                "" => json!({"hostname": text(address, "/hostname")}),
                ip => json!({"ip": ip}),
            })
            .collect();
        if shown.is_empty() {
            return Ok(());
        }
        *ensure(&mut ingress, &["status", "loadBalancer", "ingress"]) = Value::Array(shown);
        if ingress != *before {
            desk.normal(&before, "nginx-ingress-controller", "Sync", "Scheduled for sync");
            desk.api.update(&INGRESSES, "status", ingress, MANAGER)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::controllers::testing::Memory;
    use crate::controllers::{Controllers, settle};

    #[test]
    fn an_ingress_gets_the_address_of_its_controllers_load_balancer() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(Ingresses)]));
        let labels = json!({"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"});
        api.make(json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"},
            "spec": {"controller": PROGRAM},
        }));
        let ingress = |name: &str, class: &str| {
            json!({
                "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name, "namespace": "a"},
                "spec": {"ingressClassName": class},
            })
        };
        let (own, other) = (api.make(ingress("own", "nginx")), api.make(ingress("other", "traefik")));
        api.make(json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "c", "namespace": "i", "labels": labels}, "status": {"availableReplicas": 1},
        }));
        let service = api.make(json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "c", "namespace": "i", "labels": labels},
            "spec": {"type": "LoadBalancer"},
        }));
        settle(&mut api, &mut work);
        assert_eq!(api.now_of(&own).unwrap(), own);
        api.change_status(&service, |status| *status = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}));
        settle(&mut api, &mut work);
        let address =
            |ingress: &Value| text(&api.now_of(ingress).unwrap(), "/status/loadBalancer/ingress/0/ip").to_owned();
        assert_eq!([address(&own), address(&other)], ["192.0.2.1", ""]);
    }
}
