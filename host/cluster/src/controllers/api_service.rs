//! Aggregated APIs: whether the Service behind one can answer.

use serde_json::Value;
use serde_json::json;

use super::api::{Change, Key, Resource};
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
}
