//! HorizontalPodAutoscalers without metrics: they keep between their bounds, and say that they know no more.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::api::{Change, Key, Resource};
use super::object::{ensure, group_version, integer, is_deleted, items, text};
use super::scheduler::put_condition;
use super::{Controller, Desk, MANAGER, Picks};
use crate::status::Refusal;

const AUTOSCALERS: Resource = Resource::of("autoscaling", "horizontalpodautoscalers");
const COMPONENT: &str = "horizontal-pod-autoscaler";

/// Virtual milliseconds between two changes of a scale, so that two who disagree do not argue without end.
const PERIOD: u64 = 15_000;

/// Keeps scales between their bounds. It remembers when each may change one again.
#[derive(Debug, Default)]
pub(super) struct Autoscalers {
    next: HashMap<String, u64>,
}

impl Controller for Autoscalers {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        let Some(object) = change.object() else { return };
        if change.resource == AUTOSCALERS {
            picks.add(Key::to(&AUTOSCALERS, object));
            if change.new.is_none() {
                self.next.remove(super::object::uid(object));
            }
            return;
        }
        let scaled = ["deployments", "statefulsets", "replicasets", "replicationcontrollers"];
        if scaled.contains(&&*change.resource.plural) {
            for autoscaler in picks.api.list(&AUTOSCALERS, Some(super::object::namespace(object))) {
                let target = |field: &str| text(&autoscaler, &format!("/spec/scaleTargetRef/{field}")).to_owned();
                if target("name") == super::object::name(object) && target("kind") == text(object, "/kind") {
                    picks.add(Key::to(&AUTOSCALERS, &autoscaler));
                }
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some((before, mut autoscaler)) = super::fetch(desk, key) else { return Ok(()) };
        if is_deleted(&autoscaler) {
            return Ok(());
        }
        let target = |field: &str| text(&before, &format!("/spec/scaleTargetRef/{field}")).to_owned();
        let api_version = target("apiVersion");
        let (group, version) = group_version(&api_version);
        let served = desk.api.find(group, version, &target("kind"));
        let found = served.as_ref().and_then(|served| {
            desk.api.get(&Key::new(&served.resource, &key.namespace, &target("name"))).map(|found| (served, found))
        });
        let now = desk.timestamp();
        let condition = |kind: &str, status: bool, reason: &str, message: &str| {
            json!({
                "type": kind, "status": if status { "True" } else { "False" }, "reason": reason, "message": message,
                "lastTransitionTime": now,
            })
        };
        let Some((served, found)) = found else {
            let name = target("name");
            let why = match &served {
                Some(served) if !group.is_empty() => format!("{}.{group} {name:?} not found", served.resource.plural),
                Some(served) => format!("{} {name:?} not found", served.resource.plural),
                None => format!("no matches for kind {:?} in group {group:?}", target("kind")),
            };
            let message = format!("the HPA controller was unable to get the target's current scale: {why}");
            put_condition(&mut autoscaler, condition("AbleToScale", false, "FailedGetScale", &message));
            count(&mut autoscaler, 0, 0);
            desk.warning(&before, COMPONENT, "FailedGetScale", &why);
            return desk.put_status(&AUTOSCALERS, &before, autoscaler);
        };
        let current = integer(&found, "/status/replicas").unwrap_or_default();
        let wanted = integer(&found, "/spec/replicas").unwrap_or(1);
        let least = integer(&autoscaler, "/spec/minReplicas").unwrap_or(1);
        let most = integer(&autoscaler, "/spec/maxReplicas").unwrap_or(least);
        let message = "the HPA controller was able to get the target's current scale";
        put_condition(&mut autoscaler, condition("AbleToScale", true, "SucceededGetScale", message));
        let mut desired = wanted;
        if wanted == 0 && least != 0 {
            let message = "scaling is disabled since the replica count of the target is zero";
            put_condition(&mut autoscaler, condition("ScalingActive", false, "ScalingDisabled", message));
        } else {
            desired = wanted.clamp(least, most.max(least));
            let metric = items(&autoscaler, "/spec/metrics").first();
            let metric = metric.map_or("cpu", |metric| match text(metric, "/resource/name") {
                "" => "cpu",
                name => name,
            });
            let message = format!(
                "the HPA was unable to compute the replica count: failed to get {metric} utilization: unable to get \
                 metrics for resource {metric}: unable to fetch metrics from resource metrics API: the server could \
                 not find the requested resource (get pods.metrics.k8s.io)"
            );
            if desired == wanted {
                put_condition(&mut autoscaler, condition("ScalingActive", false, "FailedGetResourceMetric", &message));
            }
        }
        let clock = desk.api.now().millis;
        let next = self.next.get(super::object::uid(&before)).copied().unwrap_or_default();
        if desired != wanted && clock < next {
            desk.again_after(next - clock, key.clone());
        } else if desired != wanted {
            self.next.insert(super::object::uid(&before).to_owned(), clock + PERIOD);
            let mut scaled = Value::clone(&found);
            scaled["spec"]["replicas"] = json!(desired);
            desk.api.update(&served.resource, "", scaled, MANAGER)?;
            let bound = if desired > wanted { "below Spec.MinReplicas" } else { "above Spec.MaxReplicas" };
            let message = format!("New size: {desired}; reason: Current number of replicas {bound}");
            desk.normal(&before, COMPONENT, "SuccessfulRescale", &message);
        }
        count(&mut autoscaler, current, desired);
        desk.put_status(&AUTOSCALERS, &before, autoscaler)
    }
}

fn count(autoscaler: &mut Value, current: i64, desired: i64) {
    let status = ensure(autoscaler, &["status"]);
    if let Some(status) = status.as_object_mut() {
        super::pods::count(status, "currentReplicas", current);
        status.insert("desiredReplicas".to_owned(), json!(desired));
        status.entry("currentMetrics".to_owned()).or_insert(Value::Null);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::controllers::object::condition;
    use crate::controllers::testing::Memory;
    use crate::controllers::{Controllers, settle};

    #[test]
    fn a_scale_is_kept_between_its_bounds() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(Autoscalers::default())]));
        let made = api.make(json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h", "namespace": "a"},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
                "minReplicas": 2, "maxReplicas": 3,
            },
        }));
        settle(&mut api, &mut work);
        let missing = api.now_of(&made).unwrap();
        assert_eq!(
            condition(&missing, "AbleToScale").unwrap()["message"],
            "the HPA controller was unable to get the target's current scale: deployments.apps \"d\" not found"
        );
        let deployment = api.make(json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "a"},
            "spec": {"replicas": 1},
        }));
        settle(&mut api, &mut work);
        assert_eq!(api.now_of(&deployment).unwrap()["spec"]["replicas"], 2);
        api.change(&deployment, |deployment| deployment["spec"]["replicas"] = json!(9));
        settle(&mut api, &mut work);
        assert_eq!(api.now_of(&deployment).unwrap()["spec"]["replicas"], 9, "not so soon again");
        api.pass(&mut work, 15_000);
        assert_eq!(api.now_of(&deployment).unwrap()["spec"]["replicas"], 3);
        assert_eq!(api.now_of(&made).unwrap()["status"]["desiredReplicas"], 3);
    }

    #[test]
    fn two_that_disagree_do_not_argue_without_end() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(Autoscalers::default())]));
        api.make(json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "a"},
            "spec": {"replicas": 4},
        }));
        for (name, least, most) in [("few", 1, 3), ("many", 5, 9)] {
            api.make(json!({
                "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
                "metadata": {"name": name, "namespace": "a"},
                "spec": {
                    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
                    "minReplicas": least, "maxReplicas": most,
                },
            }));
        }
        let due = settle(&mut api, &mut work);
        assert_eq!(due, Some(15_000));
    }
}
