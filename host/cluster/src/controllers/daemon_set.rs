//! DaemonSets: one Pod on every node that will do.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::api::{Change, Key, Resource};
use super::node::{NODES, is_selected, untolerated};
use super::object::{ensure, integer, is_deleted, items, label, name, text, truth};
use super::pods::{self, PODS, Readiness};
use super::{Controller, Desk, Picks, history};
use crate::status::Refusal;

const SETS: Resource = Resource::of("apps", "daemonsets");
const COMPONENT: &str = "daemonset-controller";
const HASH: &str = "controller-revision-hash";

/// Keeps DaemonSets.
#[derive(Debug, Default)]
pub(super) struct Daemons {
    readiness: Readiness,
}

impl Controller for Daemons {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        if change.resource == SETS {
            if let Some(set) = &change.new {
                picks.add(Key::to(&SETS, set));
            }
        } else if change.resource == PODS {
            if let (None, Some(pod)) = (&change.new, &change.old) {
                self.readiness.forget(pod);
            }
            super::replica_set::pick_owner(change, &SETS, "DaemonSet", picks);
        } else if change.resource == NODES {
            for set in picks.api.list(&SETS, None) {
                picks.add(Key::to(&SETS, &set));
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some(set) = desk.api.get(key).filter(|set| !is_deleted(set)) else { return Ok(()) };
        let revision = history::current(&set, HASH, desk)?;
        let hash = label(&revision, HASH).unwrap_or_default().to_owned();
        let mut failure = None;
        let nodes = desk.api.list(&NODES, None);
        let wished = wish(&set, &hash);
        let eligible: Vec<_> = nodes.iter().filter(|node| may_run(&wished, node)).collect();
        let there = by_node(&pods::claim(desk, &set, &PODS)?);
        for node in &eligible {
            let own = there.get(name(node)).map(Vec::as_slice).unwrap_or_default();
            for ended in own.iter().filter(|pod| pods::is_ended(pod) && !is_deleted(pod)) {
                pods::delete(desk, &set, ended, COMPONENT)?;
            }
            if own.is_empty()
                && let Err(refusal) = pods::create(desk, &set, bound_to(&wished, name(node)), COMPONENT)
            {
                failure = Some(refusal);
            }
        }
        for (node, own) in &there {
            if !eligible.iter().any(|eligible| name(eligible) == node) {
                for pod in own.iter().filter(|pod| !is_deleted(pod)) {
                    pods::delete(desk, &set, pod, COMPONENT)?;
                }
            }
        }
        if text(&set, "/spec/updateStrategy/type") != "OnDelete" {
            let bare = eligible.iter().filter(|node| !there.contains_key(name(node))).count();
            self.replace(key, &set, (&there, bare), &hash, desk)?;
        }
        let eligible: Vec<String> = eligible.iter().map(|node| name(node).to_owned()).collect();
        self.tell(key, &eligible, &hash, desk)?;
        history::truncate(&set, &[name(&revision)], desk)?;
        failure.map_or(Ok(()), Err)
    }
}

/// The Pod that a DaemonSet wants, on whatever node.
fn wish(set: &Value, hash: &str) -> Value {
    let template = set.pointer("/spec/template").cloned().unwrap_or_default();
    let mut pod = pods::from_template(&template, set);
    pod["metadata"]["generateName"] = json!(format!("{}-", name(set)));
    history::mark(&mut pod, hash);
    let generation = integer(set, "/metadata/generation").unwrap_or(1);
    *ensure(&mut pod, &["metadata", "labels", "pod-template-generation"]) = json!(generation.to_string());
    let mut tolerations = items(&pod, "/spec/tolerations").to_vec();
    let mut own = vec![("not-ready", "NoExecute"), ("unreachable", "NoExecute")];
    own.extend(["disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"].map(|key| (key, "NoSchedule")));
    if truth(&pod, "/spec/hostNetwork") {
        own.push(("network-unavailable", "NoSchedule"));
    }
    for (key, effect) in own {
        tolerations.push(json!({"key": format!("node.kubernetes.io/{key}"), "operator": "Exists", "effect": effect}));
    }
    pod["spec"]["tolerations"] = Value::Array(tolerations);
    pod
}

fn may_run(pod: &Value, node: &Value) -> bool {
    is_selected(pod, node) && untolerated(pod, node, &["NoSchedule", "NoExecute"]).is_none()
}

/// The Pod, with an affinity that the scheduler can satisfy on one node only.
fn bound_to(wished: &Value, node: &str) -> Value {
    let mut pod = wished.clone();
    let own = json!([{"key": "metadata.name", "operator": "In", "values": [node]}]);
    let path =
        ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"];
    let terms = ensure(&mut pod, &path);
    match terms.as_array_mut().filter(|terms| !terms.is_empty()) {
        Some(terms) => {
            for term in terms {
                term["matchFields"] = own.clone();
            }
        }
        None => *terms = json!([{"matchFields": own}]),
    }
    pod
}

/// The node that a Pod runs on, or is meant for.
fn node_of(pod: &Value) -> String {
    let bound = text(pod, "/spec/nodeName");
    if !bound.is_empty() {
        return bound.to_owned();
    }
    let term = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0";
    text(pod, &format!("{term}/matchFields/0/values/0")).to_owned()
}

fn by_node(all: &[Arc<Value>]) -> BTreeMap<String, Vec<Arc<Value>>> {
    let mut nodes: BTreeMap<String, Vec<Arc<Value>>> = BTreeMap::new();
    for pod in all {
        nodes.entry(node_of(pod)).or_default().push(pod.clone());
    }
    nodes
}

impl Daemons {
    fn is_available(&mut self, key: &Key, set: &Value, pod: &Value, desk: &mut Desk<'_>) -> bool {
        let least = integer(set, "/spec/minReadySeconds").unwrap_or_default();
        match self.readiness.left(pod, least, desk.api.now().millis) {
            Some(0) => !is_deleted(pod),
            Some(left) => {
                desk.again_after(left, key.clone());
                false
            }
            None => false,
        }
    }

    /// Deletes Pods of old revisions, as many as may be missing.
    fn replace(
        &mut self,
        key: &Key,
        set: &Value,
        (there, bare): (&BTreeMap<String, Vec<Arc<Value>>>, usize),
        hash: &str,
        desk: &mut Desk<'_>,
    ) -> Result<(), Refusal> {
        let bound = set.pointer("/spec/updateStrategy/rollingUpdate/maxUnavailable").cloned().unwrap_or(json!(1));
        let nodes = i64::try_from(there.len() + bare).unwrap_or_default();
        let may = super::deployment::share(Some(&bound), nodes, true).max(1);
        let all: Vec<Arc<Value>> = there.values().flatten().cloned().collect();
        let mut missing = i64::try_from(bare).unwrap_or_default();
        let mut old = Vec::new();
        for pod in all {
            let well = self.is_available(key, set, &pod, desk);
            missing += i64::from(!well);
            if label(&pod, HASH) != Some(hash) && !is_deleted(&pod) {
                old.push((well, pod));
            }
        }
        // Those that are not well are no loss.
        for (_, pod) in old.iter().filter(|(well, _)| !well) {
            pods::delete(desk, set, pod, COMPONENT)?;
        }
        let room = usize::try_from((may - missing).max(0)).unwrap_or_default();
        for (_, pod) in old.iter().filter(|(well, _)| *well).take(room) {
            pods::delete(desk, set, pod, COMPONENT)?;
        }
        Ok(())
    }

    fn tell(&mut self, key: &Key, eligible: &[String], hash: &str, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some((before, mut set)) = super::fetch(desk, key) else { return Ok(()) };
        let there = by_node(&pods::claim(desk, &set, &PODS)?);
        let (mut current, mut misplaced, mut ready, mut updated, mut available) = (0, 0, 0, 0, 0);
        for (node, own) in &there {
            if !eligible.contains(node) {
                misplaced += i64::from(own.iter().any(|pod| !text(pod, "/spec/nodeName").is_empty()));
                continue;
            }
            let Some(pod) = own.first() else { continue };
            current += 1;
            ready += i64::from(pods::is_ready(pod));
            updated += i64::from(label(pod, HASH) == Some(hash));
            available += i64::from(self.is_available(key, &set, pod, desk));
        }
        let desired = i64::try_from(eligible.len()).unwrap_or_default();
        let generation = integer(&set, "/metadata/generation").unwrap_or(1);
        let status = ensure(&mut set, &["status"]);
        if !status.is_object() {
            *status = json!({});
        }
        if let Some(status) = status.as_object_mut() {
            status.insert("observedGeneration".to_owned(), json!(generation));
            for (field, number) in [
                ("currentNumberScheduled", current),
                ("numberMisscheduled", misplaced),
                ("desiredNumberScheduled", desired),
                ("numberReady", ready),
            ] {
                status.insert(field.to_owned(), json!(number));
            }
            pods::count(status, "updatedNumberScheduled", updated);
            pods::count(status, "numberAvailable", available);
            pods::count(status, "numberUnavailable", desired - available);
        }
        desk.put_status(&SETS, &before, set)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::controllers::testing::Memory;
    use crate::controllers::{Controllers, settle};

    #[test]
    fn every_node_that_will_do_has_a_pod() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(Daemons::default())]));
        let node = |name: &str| json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}});
        let made = api.make(json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "d", "namespace": "a"},
            "spec": {
                "selector": {"matchLabels": {"app": "d"}},
                "template": {"metadata": {"labels": {"app": "d"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}},
            },
        }));
        settle(&mut api, &mut work);
        let nothing = json!({
            "observedGeneration": 1, "currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0,
            "numberReady": 0,
        });
        assert_eq!(api.now_of(&made).unwrap()["status"], nothing);
        let first = api.make(node("one"));
        let mut tainted = node("two");
        tainted["spec"]["taints"] = json!([{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]);
        api.make(tainted);
        let mut refused = node("three");
        refused["spec"]["taints"] = json!([{"key": "mine", "effect": "NoSchedule"}]);
        api.make(refused);
        settle(&mut api, &mut work);
        let pods = api.all("", "pods");
        assert_eq!(pods.iter().map(|pod| node_of(pod)).collect::<Vec<_>>(), ["one", "two"]);
        for pod in &pods {
            api.change_status(pod, |status| {
                *status = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
            });
        }
        settle(&mut api, &mut work);
        let status = api.now_of(&made).unwrap()["status"].clone();
        assert_eq!((&status["numberAvailable"], &status["desiredNumberScheduled"]), (&json!(2), &json!(2)));
        api.change(&made, |set| set["spec"]["template"]["spec"]["containers"][0]["image"] = json!("i:2"));
        settle(&mut api, &mut work);
        let images = |api: &Memory| {
            let pods = api.all("", "pods");
            let mut images: Vec<_> = pods.iter().map(|pod| text(pod, "/spec/containers/0/image").to_owned()).collect();
            images.sort();
            images
        };
        assert_eq!(images(&api), ["i:1", "i:2"], "one at a time");
        api.remove(&first, None);
        settle(&mut api, &mut work);
        assert_eq!(api.all("", "pods").len(), 1);
    }
}
