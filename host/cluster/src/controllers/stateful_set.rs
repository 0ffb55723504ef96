//! StatefulSets: Pods with numbers and claims of their own, made and replaced in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::api::{Change, Deletion, Key, Resource};
use super::object::{ensure, integer, is_deleted, items, label, name, namespace, text, uid};
use super::pods::{self, PODS, Readiness};
use super::protection::CLAIMS;
use super::{Controller, Desk, MANAGER, Picks, history};
use crate::status::Refusal;

const SETS: Resource = Resource::of("apps", "statefulsets");
const COMPONENT: &str = "statefulset-controller";

/// Keeps StatefulSets.
#[derive(Debug, Default)]
pub(super) struct Stateful {
    readiness: Readiness,
}

impl Controller for Stateful {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        if change.resource == SETS {
            if let Some(set) = &change.new {
                picks.add(Key::to(&SETS, set));
            }
        } else if change.resource == PODS {
            if let (None, Some(pod)) = (&change.new, &change.old) {
                self.readiness.forget(pod);
            }
            super::replica_set::pick_owner(change, &SETS, "StatefulSet", picks);
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some(set) = desk.api.get(key) else { return Ok(()) };
        let update = history::current(&set, "controller.kubernetes.io/hash", desk)?;
        let update = name(&update).to_owned();
        let current = match text(&set, "/status/currentRevision") {
            "" => update.clone(),
            known => known.to_owned(),
        };
        let look = Look { set: &set, current: &current, update: &update };
        if !is_deleted(&set) {
            look.order(key, &mut self.readiness, desk)?;
        }
        look.tell(key, &mut self.readiness, desk)?;
        history::truncate(&set, &[&current, &update], desk)
    }
}

struct Look<'a> {
    set: &'a Arc<Value>,
    current: &'a str,
    update: &'a str,
}

impl Look<'_> {
    fn first(&self) -> i64 {
        integer(self.set, "/spec/ordinals/start").unwrap_or_default()
    }

    fn wanted(&self) -> i64 {
        integer(self.set, "/spec/replicas").unwrap_or(1)
    }

    fn is_ordered(&self) -> bool {
        text(self.set, "/spec/podManagementPolicy") != "Parallel"
    }

    fn partition(&self) -> i64 {
        integer(self.set, "/spec/updateStrategy/rollingUpdate/partition").unwrap_or_default()
    }

    /// Its Pods by their numbers.
    fn pods(&self, desk: &mut Desk<'_>) -> Result<BTreeMap<i64, Arc<Value>>, Refusal> {
        let prefix = format!("{}-", name(self.set));
        let claimed = pods::claim(desk, self.set, &PODS)?;
        let numbered = claimed.into_iter().filter_map(|pod| {
            let number = name(&pod).strip_prefix(&prefix)?.parse::<i64>().ok()?;
            Some((number, pod))
        });
        Ok(numbered.collect())
    }

    /// Whether a Pod is ready, and has been for as long as it takes.
    fn is_well(&self, key: &Key, pod: &Value, readiness: &mut Readiness, desk: &mut Desk<'_>) -> bool {
        let least = integer(self.set, "/spec/minReadySeconds").unwrap_or_default();
        match readiness.left(pod, least, desk.api.now().millis) {
            Some(0) => !is_deleted(pod),
            Some(left) => {
                desk.again_after(left, key.clone());
                false
            }
            None => false,
        }
    }

    /// Makes, replaces and deletes Pods; in order, only one at a time.
    fn order(&self, key: &Key, readiness: &mut Readiness, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let there = self.pods(desk)?;
        let (first, end) = (self.first(), self.first() + self.wanted());
        for number in first..end {
            match there.get(&number) {
                None => {
                    self.create(number, desk)?;
                    if self.is_ordered() {
                        return Ok(());
                    }
                }
                Some(pod) if pods::is_ended(pod) && !is_deleted(pod) => return self.delete(pod, desk),
                Some(pod) if self.is_ordered() && !self.is_well(key, pod, readiness, desk) => return Ok(()),
                Some(_) => self.claim(number, desk)?,
            }
        }
        for (_, pod) in there.iter().rev().filter(|(number, _)| **number < first || **number >= end) {
            if !is_deleted(pod) {
                self.let_claims_go(pod, desk)?;
                self.delete(pod, desk)?;
            }
            if self.is_ordered() {
                return Ok(());
            }
        }
        if text(self.set, "/spec/updateStrategy/type") == "OnDelete" {
            return Ok(());
        }
        for (_, pod) in there.iter().rev().filter(|(number, _)| **number >= first + self.partition()) {
            if label(pod, "controller-revision-hash") != Some(self.update) && !is_deleted(pod) {
                return self.delete(pod, desk);
            }
            if !self.is_well(key, pod, readiness, desk) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn delete(&self, pod: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        desk.api.delete(&Key::to(&PODS, pod), &Deletion { uid: Some(uid(pod).to_owned()), ..Deletion::default() })?;
        let message = format!("delete Pod {} in StatefulSet {} successful", name(pod), name(self.set));
        desk.normal(self.set, COMPONENT, "SuccessfulDelete", &message);
        Ok(())
    }

    fn create(&self, number: i64, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        self.claim(number, desk)?;
        let old = number < self.first() + self.partition();
        let revision = if old { self.current } else { self.update };
        let template = history::template(self.set, revision, desk);
        let template = template.or_else(|| self.set.pointer("/spec/template").cloned()).unwrap_or_default();
        let mut pod = pods::from_template(&template, self.set);
        let title = format!("{}-{number}", name(self.set));
        pod["metadata"]["name"] = json!(title);
        *ensure(&mut pod, &["metadata", "labels", "statefulset.kubernetes.io/pod-name"]) = json!(title);
        *ensure(&mut pod, &["metadata", "labels", "apps.kubernetes.io/pod-index"]) = json!(number.to_string());
        history::mark(&mut pod, revision);
        pod["spec"]["hostname"] = json!(title);
        if !text(self.set, "/spec/serviceName").is_empty() {
            pod["spec"]["subdomain"] = json!(text(self.set, "/spec/serviceName"));
        }
        let mut volumes = Vec::new();
        for template in items(self.set, "/spec/volumeClaimTemplates") {
            let claim = self.claim_name(template, number);
            volumes.push(json!({"name": name(template), "persistentVolumeClaim": {"claimName": claim}}));
        }
        let stated = items(&pod, "/spec/volumes").iter();
        let kept = stated.filter(|held| !volumes.iter().any(|own| text(own, "/name") == text(held, "/name")));
        let all: Vec<Value> = volumes.iter().cloned().chain(kept.cloned()).collect();
        if !all.is_empty() {
            pod["spec"]["volumes"] = Value::Array(all);
        }
        match desk.api.create(&PODS, pod, MANAGER) {
            Ok(pod) => {
                let message = format!("create Pod {} in StatefulSet {} successful", name(&pod), name(self.set));
                desk.normal(self.set, COMPONENT, "SuccessfulCreate", &message);
                Ok(())
            }
            Err(refusal) => {
                let message =
                    format!("create Pod {title} in StatefulSet {} failed error: {}", name(self.set), refusal.message);
                desk.warning(self.set, COMPONENT, "FailedCreate", &message);
                Err(refusal)
            }
        }
    }

    fn claim_name(&self, template: &Value, number: i64) -> String {
        format!("{}-{}-{number}", name(template), name(self.set))
    }

    /// Makes the claims of a number that are not there.
    fn claim(&self, number: i64, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        for template in items(self.set, "/spec/volumeClaimTemplates") {
            let title = self.claim_name(template, number);
            if desk.api.get(&Key::new(&CLAIMS, namespace(self.set), &title)).is_some() {
                continue;
            }
            let mut claim = template.clone();
            claim["apiVersion"] = json!("v1");
            claim["kind"] = json!("PersistentVolumeClaim");
            if let Some(fields) = claim.as_object_mut() {
                fields.remove("status");
            }
            claim["metadata"]["name"] = json!(title);
            claim["metadata"]["namespace"] = json!(namespace(self.set));
            let selected = self.set.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
            for (key, value) in selected.into_iter().flatten() {
                *ensure(&mut claim, &["metadata", "labels", key]) = value.clone();
            }
            if text(self.set, "/spec/persistentVolumeClaimRetentionPolicy/whenDeleted") == "Delete" {
                claim["metadata"]["ownerReferences"] = json!([super::object::controlled_by(self.set)]);
            }
            desk.api.create(&CLAIMS, claim, MANAGER)?;
            let message = format!(
                "create Claim {title} Pod {}-{number} in StatefulSet {} success",
                name(self.set),
                name(self.set)
            );
            desk.normal(self.set, COMPONENT, "SuccessfulCreate", &message);
        }
        Ok(())
    }

    /// Makes the claims of a Pod that is scaled away its dependents, where the policy says so.
    fn let_claims_go(&self, pod: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        if text(self.set, "/spec/persistentVolumeClaimRetentionPolicy/whenScaled") != "Delete" {
            return Ok(());
        }
        let number = name(pod).rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or_default();
        for template in items(self.set, "/spec/volumeClaimTemplates") {
            let key = Key::new(&CLAIMS, namespace(self.set), &self.claim_name(template, number));
            let Some((_, mut claim)) = super::fetch(desk, &key) else { continue };
            let owner = json!({"apiVersion": "v1", "kind": "Pod", "name": name(pod), "uid": uid(pod)});
            claim["metadata"]["ownerReferences"] = json!([owner]);
            desk.api.update(&CLAIMS, "", claim, MANAGER)?;
        }
        Ok(())
    }

    fn tell(&self, key: &Key, readiness: &mut Readiness, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let there = self.pods(desk)?;
        let Some((before, mut set)) = super::fetch(desk, key) else { return Ok(()) };
        let end = self.first() + self.wanted();
        let of = |revision: &str| {
            let fits = |pod: &&Arc<Value>| label(pod, "controller-revision-hash") == Some(revision) && !is_deleted(pod);
            i64::try_from(there.values().filter(fits).count()).unwrap_or_default()
        };
        let ready = there.values().filter(|pod| pods::is_ready(pod)).count();
        let available = there.values().filter(|pod| self.is_well(key, pod, readiness, desk)).count();
        let updated = of(self.update);
        let (current_replicas, mut current) = (of(self.current), self.current.to_owned());
        let settled = updated == self.wanted()
            && ready == there.len()
            && i64::try_from(there.len()).unwrap_or_default() == self.wanted()
            && there.keys().all(|number| *number < end);
        let mut current_count = current_replicas;
        if settled && self.current != self.update {
            self.update.clone_into(&mut current);
            current_count = updated;
        }
        let generation = integer(&set, "/metadata/generation").unwrap_or(1);
        let status = ensure(&mut set, &["status"]);
        if !status.is_object() {
            *status = json!({});
        }
        if let Some(status) = status.as_object_mut() {
            status.insert("observedGeneration".to_owned(), json!(generation));
            status.insert("replicas".to_owned(), json!(there.len()));
            pods::count(status, "readyReplicas", i64::try_from(ready).unwrap_or_default());
            status.insert("availableReplicas".to_owned(), json!(available));
            pods::count(status, "currentReplicas", current_count);
            pods::count(status, "updatedReplicas", updated);
            status.insert("currentRevision".to_owned(), json!(current));
            status.insert("updateRevision".to_owned(), json!(self.update));
            status.entry("collisionCount".to_owned()).or_insert(json!(0));
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

    fn set() -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "a"},
            "spec": {
                "replicas": 2, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}},
                "updateStrategy": {"type": "RollingUpdate"},
                "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}},
                "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}],
            },
        })
    }

    fn all_ready(api: &mut Memory, work: &mut Controllers) {
        settle(api, work);
        while let Some(pod) = api.all("", "pods").into_iter().find(|pod| !pods::is_ready(pod)) {
            api.change_status(&pod, |status| {
                *status = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
            });
            settle(api, work);
        }
    }

    fn images(api: &Memory) -> Vec<(String, String)> {
        let pods = api.all("", "pods");
        pods.iter().map(|pod| (name(pod).to_owned(), text(pod, "/spec/containers/0/image").to_owned())).collect()
    }

    #[test]
    fn pods_come_in_order_with_claims_of_their_own() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(Stateful::default())]));
        let made = api.make(set());
        settle(&mut api, &mut work);
        let pods = api.all("", "pods");
        assert_eq!(pods.iter().map(|pod| name(pod)).collect::<Vec<_>>(), ["db-0"], "the next one waits");
        assert_eq!(text(&pods[0], "/metadata/ownerReferences/0/kind"), "StatefulSet");
        assert_eq!(text(&pods[0], "/spec/volumes/0/persistentVolumeClaim/claimName"), "data-db-0");
        assert_eq!((text(&pods[0], "/spec/hostname"), text(&pods[0], "/spec/subdomain")), ("db-0", "db"));
        all_ready(&mut api, &mut work);
        let claims = api.all("", "persistentvolumeclaims");
        assert_eq!(claims.iter().map(|claim| name(claim)).collect::<Vec<_>>(), ["data-db-0", "data-db-1"]);
        let status = api.now_of(&made).unwrap()["status"].clone();
        let counts = ["replicas", "readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas"];
        assert!(counts.iter().all(|field| status[field] == 2), "{status}");
        assert_eq!(status["currentRevision"], status["updateRevision"]);
        api.change(&made, |set| set["spec"]["replicas"] = json!(1));
        all_ready(&mut api, &mut work);
        assert_eq!(images(&api), [("db-0".to_owned(), "i:1".to_owned())]);
        assert_eq!(api.all("", "persistentvolumeclaims").len(), 2, "claims stay");
    }

    #[test]
    fn what_a_set_left_behind_is_adopted_by_the_next_one() {
        let (mut api, mut work) = (
            Memory::default(),
            Controllers::only(vec![
                Box::new(crate::controllers::garbage::Collector::default()),
                Box::new(Stateful::default()),
            ]),
        );
        let made = api.make(set());
        all_ready(&mut api, &mut work);
        api.remove(&made, Some(crate::controllers::api::Propagation::Orphan));
        settle(&mut api, &mut work);
        let owned = |api: &Memory| {
            let all = [api.all("", "pods"), api.all("apps", "controllerrevisions")].concat();
            all.iter().map(|held| text(held, "/metadata/ownerReferences/0/uid").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(owned(&api), ["", "", ""]);
        let next = api.make(set());
        settle(&mut api, &mut work);
        assert_eq!(owned(&api), [uid(&next), uid(&next), uid(&next)]);
        assert_eq!(api.now_of(&next).unwrap()["status"]["readyReplicas"], 2);
    }

    #[test]
    fn an_update_goes_from_the_last_to_the_partition() {
        let (mut api, mut work) = (Memory::default(), Controllers::only(vec![Box::new(Stateful::default())]));
        let made = api.make(set());
        all_ready(&mut api, &mut work);
        api.change(&made, |set| {
            set["spec"]["template"]["spec"]["containers"][0]["image"] = json!("i:2");
            set["spec"]["updateStrategy"]["rollingUpdate"] = json!({"partition": 1});
        });
        all_ready(&mut api, &mut work);
        let expect =
            |first: &str, second: &str| [("db-0".to_owned(), first.to_owned()), ("db-1".to_owned(), second.to_owned())];
        assert_eq!(images(&api), expect("i:1", "i:2"));
        let status = api.now_of(&made).unwrap()["status"].clone();
        assert_ne!(status["currentRevision"], status["updateRevision"]);
        api.change(&made, |set| set["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = json!(0));
        all_ready(&mut api, &mut work);
        assert_eq!(images(&api), expect("i:2", "i:2"));
        let status = api.now_of(&made).unwrap()["status"].clone();
        assert_eq!(status["currentRevision"], status["updateRevision"]);
        let revisions = api.all("apps", "controllerrevisions");
        assert_eq!(revisions.iter().filter_map(|held| integer(held, "/revision")).max(), Some(2));
    }
}
