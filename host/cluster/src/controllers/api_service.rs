//! Aggregated APIs: whether the Service behind one can answer.

use serde_json::Value;
use serde_json::json;

use super::api::{Change, Deletion, Key, Resource};
use super::definition::DEFINITIONS;
use super::endpoints::{SERVICES, SLICES};
use super::object::{condition, is_deleted, is_true, items, label, namespace, text, truth};
use super::{Controller, Desk, Picks};
use crate::status::Refusal;

/// Tells whether they are available.
#[derive(Debug)]
pub(super) struct Aggregated;

const API_SERVICES: Resource = Resource::of("apiregistration.k8s.io", "apiservices");

impl Controller for Aggregated {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        let Some(object) = change.object() else { return };
        if change.resource == API_SERVICES {
            picks.add(Key::to(&API_SERVICES, object));
        } else if change.resource == SLICES || change.resource == SERVICES {
            for service in picks.api.list(&API_SERVICES, None) {
                if text(&service, "/spec/service/namespace") == namespace(object) {
                    picks.add(Key::to(&API_SERVICES, &service));
                }
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some((before, mut api)) = super::fetch(desk, key) else { return Ok(()) };
        if is_deleted(&api) {
            return Ok(());
        }
        let (place, service) = (text(&api, "/spec/service/namespace"), text(&api, "/spec/service/name"));
        let is_ready = |slice: &Value| {
            label(slice, "kubernetes.io/service-name") == Some(service)
                && items(slice, "/endpoints").iter().any(|endpoint| truth(endpoint, "/conditions/ready"))
        };
        let (status, reason, message) = if service.is_empty() {
            ("True", "Local", "Local APIServices are always available".to_owned())
        } else if desk.api.get(&Key::new(&SERVICES, place, service)).is_none() {
            ("False", "ServiceNotFound", format!("service/{service} in {place:?} is not present"))
        } else if !desk.api.list(&SLICES, Some(place)).iter().any(|slice| is_ready(slice)) {
            ("False", "MissingEndpoints", format!("endpoints for service/{service} in {place:?} have no addresses"))
        } else {
            ("True", "Passed", "all checks passed".to_owned())
        };
        if is_true(&api, "Available") == (status == "True")
            && condition(&api, "Available").is_some_and(|held| text(held, "/reason") == reason)
        {
            return Ok(());
        }
        let now = desk.timestamp();
        let new = json!({
            "type": "Available", "status": status, "reason": reason, "message": message, "lastTransitionTime": now,
        });
        super::scheduler::put_condition(&mut api, new);
        if api != *before {
            desk.api.update(&API_SERVICES, "status", api, "kube-apiserver")?;
        }
        Ok(())
    }
}

/// Registers the groups of definitions among the APIs.
#[derive(Debug)]
pub(super) struct Registration;

const AUTOMANAGED: &str = "kube-aggregator.kubernetes.io/automanaged";

impl Controller for Registration {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        let Some(object) = change.object() else { return };
        if change.resource == DEFINITIONS {
            let before = change.old.as_deref().map(|old| items(old, "/spec/versions")).unwrap_or_default();
            for version in before.iter().chain(items(object, "/spec/versions")) {
                let name = format!("{}.{}", text(version, "/name"), text(object, "/spec/group"));
                picks.add(Key::new(&API_SERVICES, "", &name));
            }
        } else if change.resource == API_SERVICES && change.new.is_none() {
            picks.add(Key::to(&API_SERVICES, object));
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some((version, group)) = key.name.split_once('.') else { return Ok(()) };
        let serves = |definition: &Value| {
            let is_it = |held: &Value| text(held, "/name") == version && truth(held, "/served");
            text(definition, "/spec/group") == group && items(definition, "/spec/versions").iter().any(is_it)
        };
        let wanted = desk.api.list(&DEFINITIONS, None).iter().any(|definition| serves(definition));
        match desk.api.get(key) {
            None if wanted => {
                let service = json!({
                    "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
                    "metadata": {"name": key.name, "labels": {AUTOMANAGED: "true"}},
                    "spec": {"group": group, "version": version, "groupPriorityMinimum": 1000, "versionPriority": 100},
                });
                desk.api.create(&API_SERVICES, service, "kube-apiserver")?;
                Ok(())
            }
            Some(service) if !wanted && label(&service, AUTOMANAGED) == Some("true") => {
                match desk.api.delete(key, &Deletion::default()) {
                    Err(refusal) if refusal.code != http::StatusCode::NOT_FOUND => Err(refusal),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::controllers::testing::Memory;
    use crate::controllers::{Controllers, settle};

    #[test]
    fn an_aggregated_api_is_available_when_its_service_has_endpoints() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(Aggregated)]));
        let made = api.make(json!({
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.metrics"},
            "spec": {"service": {"namespace": "a", "name": "s"}},
        }));
        let reason = |api: &mut Memory, work: &mut Controllers| {
            settle(api, work);
            text(condition(&api.now_of(&made).unwrap(), "Available").unwrap(), "/reason").to_owned()
        };
        assert_eq!(reason(&mut api, &mut work), "ServiceNotFound");
        api.make(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "a"}}));
        assert_eq!(reason(&mut api, &mut work), "MissingEndpoints");
        api.make(json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": "s-1", "namespace": "a", "labels": {"kubernetes.io/service-name": "s"}},
            "endpoints": [{"conditions": {"ready": true}}],
        }));
        assert_eq!(reason(&mut api, &mut work), "Passed");
    }

    #[test]
    fn the_group_of_a_definition_is_registered_as_long_as_it_is_served() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(Registration)]));
        let definition = |name: &str| {
            json!({
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name},
                "spec": {"group": "example.com", "versions": [{"name": "v1", "served": true}]},
            })
        };
        let (one, two) = (api.make(definition("ones.example.com")), api.make(definition("twos.example.com")));
        settle(&mut api, &mut work);
        let names = |api: &Memory| {
            let all = api.all("apiregistration.k8s.io", "apiservices");
            all.iter().map(|service| super::super::object::name(service).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(&api), ["v1.example.com"]);
        api.remove(&one, None);
        settle(&mut api, &mut work);
        assert_eq!(names(&api).len(), 1);
        api.change(&two, |two| two["spec"]["versions"][0]["served"] = json!(false));
        settle(&mut api, &mut work);
        assert!(names(&api).is_empty());
    }
}
