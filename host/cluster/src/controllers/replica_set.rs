//! ReplicaSets and ReplicationControllers: as many Pods of one template as are asked for.

use serde_json::{Map, Value, json};

use super::api::{Change, Key, Resource};
use super::object::{fields, integer, is_deleted, label, name, namespace, text};
use super::pods::{self, PODS, Readiness};
use super::{Controller, Desk, Picks};
use crate::status::Refusal;

/// ReplicaSets.
pub(super) const REPLICA_SETS: Resource = Resource::of("apps", "replicasets");
const REPLICATION_CONTROLLERS: Resource = Resource::of("", "replicationcontrollers");

/// Keeps the number of Pods.
#[derive(Debug)]
pub(super) struct Replicas {
    resource: Resource,
    kind: &'static str,
    component: &'static str,
    readiness: Readiness,
}

impl Replicas {
    /// For ReplicaSets.
    pub(super) fn sets() -> Self {
        let (kind, component) = ("ReplicaSet", "replicaset-controller");
        Self { resource: REPLICA_SETS, kind, component, readiness: Readiness::default() }
    }

    /// For ReplicationControllers.
    pub(super) fn controllers() -> Self {
        let (kind, component) = ("ReplicationController", "replication-controller");
        Self { resource: REPLICATION_CONTROLLERS, kind, component, readiness: Readiness::default() }
    }
}

impl Controller for Replicas {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        if change.resource == self.resource {
            if let Some(object) = &change.new {
                picks.add(Key::to(&self.resource, object));
            }
        } else if change.resource == PODS {
            if let (None, Some(pod)) = (&change.new, &change.old) {
                self.readiness.forget(pod);
            }
            pick_owner(change, &self.resource, self.kind, picks);
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some(owner) = desk.api.get(key) else { return Ok(()) };
        let claimed = pods::claim(desk, &owner, &PODS)?;
        let wanted = integer(&owner, "/spec/replicas").unwrap_or(1);
        let mut active: Vec<_> = claimed.iter().filter(|pod| pods::is_active(pod)).cloned().collect();
        let terminating = claimed.iter().filter(|pod| is_deleted(pod) && !pods::is_ended(pod)).count();
        let mut failure = None;
        if !is_deleted(&owner) {
            let have = i64::try_from(active.len()).unwrap_or(i64::MAX);
            let template = owner.pointer("/spec/template").cloned().unwrap_or_default();
            for _ in have..wanted {
                let mut pod = pods::from_template(&template, &owner);
                pod["metadata"]["generateName"] = json!(format!("{}-", name(&owner)));
                if let Err(refusal) = pods::create(desk, &owner, pod, self.component) {
                    failure = Some(("FailedCreate", refusal));
                    break;
                }
            }
            if have > wanted {
                pods::rank_for_deletion(&mut active);
                let surplus = usize::try_from(have - wanted).unwrap_or_default();
                for pod in active.iter().take(surplus) {
                    if let Err(refusal) = pods::delete(desk, &owner, pod, self.component) {
                        failure = Some(("FailedDelete", refusal));
                        break;
                    }
                }
            }
        }
        // The status is of the Pods that were there before: those made or deleted now bring the owner back here.
        self.tell(key, &active, terminating, failure.as_ref(), desk)?;
        failure.map_or(Ok(()), |(_, refusal)| Err(refusal))
    }
}

impl Replicas {
    fn tell(
        &mut self,
        key: &Key,
        active: &[std::sync::Arc<Value>],
        terminating: usize,
        failure: Option<&(&'static str, Refusal)>,
        desk: &mut Desk<'_>,
    ) -> Result<(), Refusal> {
        let Some((before, mut owner)) = super::fetch(desk, key) else { return Ok(()) };
        let min_ready = integer(&owner, "/spec/minReadySeconds").unwrap_or_default();
        let now = desk.api.now().millis;
        let template = fields(&owner, "/spec/template/metadata/labels").cloned().unwrap_or_default();
        let labelled = |pod: &Value| {
            template.iter().all(|(key, value)| label(pod, key) == Some(value.as_str().unwrap_or_default()))
        };
        let (mut ready, mut available, mut full, mut wait) = (0, 0, 0, None::<u64>);
        for pod in active {
            full += i64::from(labelled(pod));
            ready += i64::from(pods::is_ready(pod));
            match self.readiness.left(pod, min_ready, now) {
                Some(0) => available += 1,
                Some(left) => wait = Some(wait.map_or(left, |least| least.min(left))),
                None => {}
            }
        }
        if let Some(wait) = wait {
            desk.again_after(wait, key.clone());
        }
        let mut status = owner.get("status").and_then(Value::as_object).cloned().unwrap_or_default();
        status.insert("replicas".to_owned(), json!(active.len()));
        pods::count(&mut status, "fullyLabeledReplicas", full);
        pods::count(&mut status, "readyReplicas", ready);
        pods::count(&mut status, "availableReplicas", available);
        if self.kind == "ReplicaSet" {
            status.insert("terminatingReplicas".to_owned(), json!(terminating));
        }
        status.insert("observedGeneration".to_owned(), json!(integer(&owner, "/metadata/generation").unwrap_or(1)));
        note_failure(&mut status, failure, &desk.timestamp());
        owner["status"] = Value::Object(status);
        desk.put_status(&self.resource, &before, owner)
    }
}

/// Sets or takes away the condition `ReplicaFailure`; one that is there already keeps its first reason.
fn note_failure(status: &mut Map<String, Value>, failure: Option<&(&'static str, Refusal)>, now: &str) {
    let mut conditions = status.get("conditions").and_then(Value::as_array).cloned().unwrap_or_default();
    let there = conditions.iter().any(|condition| text(condition, "/type") == "ReplicaFailure");
    match failure {
        Some((reason, refusal)) if !there => conditions.push(json!({
            "type": "ReplicaFailure", "status": "True", "reason": reason, "message": refusal.message,
            "lastTransitionTime": now,
        })),
        None => conditions.retain(|condition| text(condition, "/type") != "ReplicaFailure"),
        Some(_) => {}
    }
    if conditions.is_empty() {
        status.remove("conditions");
    } else {
        status.insert("conditions".to_owned(), Value::Array(conditions));
    }
}

/// Picks the owners that a change of a dependent concerns: its managers before and after, or, where it has none,
/// every owner of the kind in its namespace whose selector matches.
pub(super) fn pick_owner(change: &Change, resource: &Resource, kind: &str, picks: &mut Picks<'_>) {
    for object in [&change.old, &change.new].into_iter().flatten() {
        match super::object::controller(object) {
            Some(owner) if text(owner, "/kind") == kind => {
                picks.add(Key::new(resource, namespace(object), text(owner, "/name")));
            }
            Some(_) => {}
            None => {
                if change.new.is_none() {
                    continue;
                }
                for owner in picks.api.list(resource, Some(namespace(object))) {
                    if pods::matches(&pods::selector(&owner), object) {
                        picks.add(Key::to(resource, &owner));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::controllers::object::{controller, uid};
    use crate::controllers::testing::Memory;
    use crate::controllers::{Controllers, settle};

    fn set(replicas: i64) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web", "namespace": "a"},
            "spec": {
                "replicas": replicas, "selector": {"matchLabels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}},
            },
        })
    }

    fn pod(name: &str, labels: &Value) -> Value {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "a", "labels": labels}, "spec": {}})
    }

    fn begin() -> (Memory, Controllers) {
        (Memory::default(), Controllers::only(vec![Box::new(Replicas::sets()), Box::new(Replicas::controllers())]))
    }

    #[test]
    fn orphans_are_adopted_and_strangers_let_go() {
        let (mut api, mut work) = begin();
        let orphan = api.make(pod("orphan", &json!({"app": "web"})));
        let made = api.make(set(2));
        settle(&mut api, &mut work);
        assert_eq!(controller(&api.now_of(&orphan).unwrap()).unwrap()["uid"], uid(&made));
        assert_eq!(api.all("", "pods").len(), 2);
        api.change(&orphan, |pod| pod["metadata"]["labels"] = json!({"app": "other"}));
        settle(&mut api, &mut work);
        assert!(controller(&api.now_of(&orphan).unwrap()).is_none());
        assert_eq!(api.all("", "pods").len(), 3);
    }

    #[test]
    fn the_least_useful_pods_go_first() {
        let (mut api, mut work) = begin();
        let made = api.make(set(3));
        settle(&mut api, &mut work);
        let keep = api.all("", "pods").remove(1);
        api.change_status(&keep, |status| {
            *status = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
        });
        api.change(&made, |set| set["spec"]["replicas"] = json!(1));
        settle(&mut api, &mut work);
        assert_eq!(api.all("", "pods").iter().map(|pod| name(pod).to_owned()).collect::<Vec<_>>(), [name(&keep)]);
        let status = &api.now_of(&made).unwrap()["status"];
        assert_eq!(
            (&status["replicas"], &status["readyReplicas"], &status["observedGeneration"]),
            (&json!(1), &json!(1), &json!(2))
        );
    }

    #[test]
    fn availability_takes_as_long_as_it_is_told() {
        let (mut api, mut work) = begin();
        let mut slow = set(1);
        slow["spec"]["minReadySeconds"] = json!(30);
        let made = api.make(slow);
        settle(&mut api, &mut work);
        let pod = api.all("", "pods").remove(0);
        api.change_status(&pod, |status| *status = json!({"conditions": [{"type": "Ready", "status": "True"}]}));
        api.pass(&mut work, 29_000);
        assert_eq!(api.now_of(&made).unwrap()["status"]["availableReplicas"], Value::Null);
        api.pass(&mut work, 1_000);
        assert_eq!(api.now_of(&made).unwrap()["status"]["availableReplicas"], 1);
    }

    #[test]
    fn replication_controllers_have_plain_selectors() {
        let (mut api, mut work) = begin();
        api.make(json!({
            "apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "old", "namespace": "a"},
            "spec": {
                "replicas": 2, "selector": {"app": "old"},
                "template": {"metadata": {"labels": {"app": "old"}}, "spec": {"containers": []}},
            },
        }));
        settle(&mut api, &mut work);
        settle(&mut api, &mut work);
        assert_eq!(api.all("", "pods").len(), 2);
    }
}
