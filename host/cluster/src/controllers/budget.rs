//! What others may take: PodDisruptionBudgets and ResourceQuotas.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::api::{Change, Key, Resource};
use super::deployment::share;
use super::object::{controller, ensure, group_version, integer, is_deleted, namespace, rfc3339, text};
use super::pods::{self, PODS};
use super::{Controller, Desk, Picks};
use crate::status::Refusal;

const BUDGETS: Resource = Resource::of("policy", "poddisruptionbudgets");
const QUOTAS: Resource = Resource::of("", "resourcequotas");

/// How long a Pod that was let go may take to be deleted, before it counts again.
const DELETION_SECONDS: i64 = 120;

/// Counts how many Pods may be disrupted.
#[derive(Debug)]
pub(super) struct Budgets;

impl Controller for Budgets {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        if change.resource == BUDGETS {
            if let Some(budget) = &change.new {
                picks.add(Key::to(&BUDGETS, budget));
            }
        } else if change.resource == PODS {
            let Some(pod) = change.object() else { return };
            for budget in picks.api.list(&BUDGETS, Some(namespace(pod))) {
                if pods::matches(&pods::selector(&budget), pod) {
                    picks.add(Key::to(&BUDGETS, &budget));
                }
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some((before, mut budget)) = super::fetch(desk, key) else { return Ok(()) };
        if is_deleted(&budget) {
            return Ok(());
        }
        let selector = pods::selector(&budget);
        let mut chosen = desk.api.list(&PODS, Some(&key.namespace));
        chosen.retain(|pod| pods::matches(&selector, pod));
        // Those that are let go do not count, nor do those that go already; the latter need no note any more.
        let mut noted = budget.pointer("/status/disruptedPods").cloned().unwrap_or_default();
        let staying = |name: &str| chosen.iter().any(|pod| text(pod, "/metadata/name") == name && !is_deleted(pod));
        if let Some(names) = noted.as_object_mut() {
            let oldest = rfc3339(desk.api.now().unix - DELETION_SECONDS);
            names.retain(|name, since| staying(name) && since.as_str().is_some_and(|since| since >= &*oldest));
        }
        let counts =
            |pod: &Value| !is_deleted(pod) && pods::is_ready(pod) && noted.get(text(pod, "/metadata/name")).is_none();
        let healthy = i64::try_from(chosen.iter().filter(|pod| counts(pod)).count()).unwrap_or_default();
        let count = i64::try_from(chosen.len()).unwrap_or_default();
        // What the Pods' owners want counts, where it is asked for in relation to that.
        let mut owners: BTreeMap<String, i64> = BTreeMap::new();
        for pod in &chosen {
            if let Some((uid, wanted)) = scale_of(pod, desk) {
                owners.insert(uid, wanted);
            }
        }
        let wanted: i64 = owners.values().sum();
        let (expected, desired) = match (budget.pointer("/spec/maxUnavailable"), budget.pointer("/spec/minAvailable")) {
            (Some(most), _) => (wanted, (wanted - share(Some(most), wanted, true)).max(0)),
            (None, Some(least @ Value::String(_))) => (wanted, share(Some(least), wanted, true)),
            (None, least) => (count, least.and_then(Value::as_i64).unwrap_or(1)),
        };
        let allowed = if expected > 0 { (healthy - desired).max(0) } else { 0 };
        let (status, reason) = if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
        let generation = integer(&budget, "/metadata/generation").unwrap_or(1);
        let now = desk.timestamp();
        super::scheduler::put_condition(
            &mut budget,
            json!({
                "type": "DisruptionAllowed", "status": status, "reason": reason, "message": "",
                "observedGeneration": generation, "lastTransitionTime": now,
            }),
        );
        let fields = ensure(&mut budget, &["status"]);
        if let Some(fields) = fields.as_object_mut() {
            fields.remove("disruptedPods");
            if noted.as_object().is_some_and(|names| !names.is_empty()) {
                fields.insert("disruptedPods".to_owned(), noted);
            }
        }
        for (field, number) in [
            ("observedGeneration", generation),
            ("disruptionsAllowed", allowed),
            ("currentHealthy", healthy),
            ("desiredHealthy", desired),
            ("expectedPods", expected),
        ] {
            fields[field] = json!(number);
        }
        if chosen.is_empty() && before.get("status").is_none_or(|status| status.get("observedGeneration").is_none()) {
            desk.normal(&before, "controllermanager", "NoPods", "No matching pods found");
        }
        desk.put_status(&BUDGETS, &before, budget)
    }
}

/// The uid of what a Pod is scaled by, and how many Pods that wants.
fn scale_of(pod: &Value, desk: &Desk<'_>) -> Option<(String, i64)> {
    let owner = controller(pod)?;
    let (group, version) = group_version(text(owner, "/apiVersion"));
    let served = desk.api.find(group, version, text(owner, "/kind"))?;
    let found = desk.api.get(&Key::new(&served.resource, namespace(pod), text(owner, "/name")))?;
    if let Some(above) = controller(&found).filter(|above| text(above, "/kind") == "Deployment") {
        let resource = super::deployment::DEPLOYMENTS;
        let deployment = desk.api.get(&Key::new(&resource, namespace(pod), text(above, "/name")))?;
        return Some((text(above, "/uid").to_owned(), integer(&deployment, "/spec/replicas").unwrap_or(1)));
    }
    Some((text(owner, "/uid").to_owned(), integer(&found, "/spec/replicas").unwrap_or(1)))
}

/// Counts what a namespace has used of its quotas.
#[derive(Debug)]
pub(super) struct Quotas;

impl Controller for Quotas {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        let Some(object) = change.object() else { return };
        if change.resource == QUOTAS {
            if let Some(quota) = &change.new {
                picks.add(Key::to(&QUOTAS, quota));
            }
            return;
        }
        if namespace(object).is_empty() || change.resource.plural == "events" {
            return;
        }
        // Only what Pods, Services and claims ask for changes while they are there.
        let changing = ["pods", "services", "persistentvolumeclaims"].contains(&&*change.resource.plural);
        if changing || change.old.is_none() || change.new.is_none() {
            for quota in picks.api.list(&QUOTAS, Some(namespace(object))) {
                picks.add(Key::to(&QUOTAS, &quota));
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some((before, mut quota)) = super::fetch(desk, key) else { return Ok(()) };
        if is_deleted(&quota) {
            return Ok(());
        }
        let list = |resource: &str, place: &str| {
            let (group, plural) = resource.split_once('/').unwrap_or(("", resource));
            desk.api.list(&Resource::named(group, plural), Some(place))
        };
        let used = crate::quota::used(&quota, &list);
        let used: serde_json::Map<String, Value> =
            used.into_iter().map(|(name, quantity)| (name, json!(quantity.to_string()))).collect();
        let hard = quota.pointer("/spec/hard").cloned().unwrap_or_else(|| json!({}));
        *ensure(&mut quota, &["status"]) = json!({"hard": hard, "used": used});
        desk.put_status(&QUOTAS, &before, quota)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::controllers::api::Api as _;
    use crate::controllers::testing::{Memory, config_map};
    use crate::controllers::{Controllers, settle};

    #[test]
    fn a_budget_counts_what_may_go() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(Budgets)]));
        let set = api.make(json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "s", "namespace": "a"},
            "spec": {"replicas": 3},
        }));
        let made = api.make(json!({
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b", "namespace": "a"},
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "x"}}},
        }));
        settle(&mut api, &mut work);
        let counts = |api: &Memory| {
            let status = api.now_of(&made).unwrap()["status"].clone();
            ["expectedPods", "desiredHealthy", "currentHealthy", "disruptionsAllowed"]
                .map(|field| status[field].as_i64().unwrap())
        };
        assert_eq!(counts(&api), [0, 0, 0, 0]);
        for number in 0..3 {
            let pod = api.make(json!({
                "apiVersion": "v1", "kind": "Pod", "spec": {},
                "metadata": {
                    "name": format!("p{number}"), "namespace": "a", "labels": {"app": "x"},
                    "ownerReferences": [super::super::object::controlled_by(&set)],
                },
            }));
            api.change_status(&pod, |status| *status = json!({"conditions": [{"type": "Ready", "status": "True"}]}));
        }
        settle(&mut api, &mut work);
        assert_eq!(counts(&api), [3, 2, 3, 1]);
    }

    #[test]
    fn pods_that_are_let_go_do_not_count() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(Budgets)]));
        let [now, long_ago] = [0, 121].map(|seconds| rfc3339(api.now().unix - seconds));
        let made = api.make(json!({
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b", "namespace": "a"},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}},
            "status": {"disruptedPods": {"p0": now, "p1": long_ago, "gone": now}},
        }));
        for name in ["p0", "p1", "p2"] {
            let pod = api.make(json!({
                "apiVersion": "v1", "kind": "Pod", "spec": {},
                "metadata": {"name": name, "namespace": "a", "labels": {"app": "x"}},
            }));
            api.change_status(&pod, |status| *status = json!({"conditions": [{"type": "Ready", "status": "True"}]}));
        }
        settle(&mut api, &mut work);
        let status = api.now_of(&made).unwrap()["status"].clone();
        assert_eq!(status["expectedPods"], 3);
        assert_eq!(status["currentHealthy"], 2);
        assert_eq!(status["disruptionsAllowed"], 1);
        assert_eq!(status["disruptedPods"], json!({"p0": now}));
    }

    #[test]
    fn a_quota_counts_what_is_there() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(Quotas)]));
        let made = api.make(json!({
            "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "a"},
            "spec": {"hard": {"configmaps": "3", "pods": "2"}},
        }));
        let one = api.make(config_map("one", &[]));
        api.make(config_map("two", &[]));
        settle(&mut api, &mut work);
        let status = |api: &Memory| api.now_of(&made).unwrap()["status"].clone();
        assert_eq!(
            status(&api),
            json!({"hard": {"configmaps": "3", "pods": "2"}, "used": {"configmaps": "2", "pods": "0"}})
        );
        api.remove(&one, None);
        settle(&mut api, &mut work);
        assert_eq!(status(&api)["used"]["configmaps"], "1");
    }
}
