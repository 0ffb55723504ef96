//! Revisions: the ReplicaSet of the current template, its number, and how many old ones are kept.

use serde_json::{Value, json};

use super::{COMPONENT, DESIRED, HASH, HISTORY, MAXIMUM, REPLICA_SETS, REVISION, Rollout, counted, size};
use crate::controllers::api::{Deletion, Key};
use crate::controllers::object::{
    annotation, condition, controlled_by, ensure, fields, integer, is_deleted, name, namespace,
};
use crate::controllers::{Desk, MANAGER, pods};
use crate::status::Refusal;

/// Annotations of a Deployment that its ReplicaSets do not take over.
const OWN: &[&str] = &[
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    HISTORY,
    DESIRED,
    MAXIMUM,
    "deprecated.deployment.rollback.to",
];

fn revision(object: &Value) -> i64 {
    annotation(object, REVISION).and_then(|number| number.parse().ok()).unwrap_or_default()
}

impl Rollout<'_> {
    /// Brings the current ReplicaSet's annotations, and the Deployment's revision, up to date; makes the ReplicaSet
    /// where it is missing and `make` says so.
    pub(super) fn sync_revision(&mut self, desk: &mut Desk<'_>, make: bool) -> Result<(), Refusal> {
        let next = self.old().iter().map(|set| revision(set)).max().unwrap_or_default() + 1;
        match self.current() {
            Some(current) => {
                let mut set = Value::clone(&current);
                self.annotate(&mut set, next);
                let min_ready = self.object.pointer("/spec/minReadySeconds").cloned();
                crate::controllers::object::set(&mut set, &["spec", "minReadySeconds"], min_ready);
                if set != *current {
                    let set = desk.api.update(&REPLICA_SETS, "", set, MANAGER)?;
                    self.replace(set);
                }
                let Some(current) = self.current() else { return Ok(()) };
                self.set_revision(revision(&current));
                if self.deadline().is_some() && condition(&self.object, "Progressing").is_none() {
                    let message = format!("Found new replica set {:?}", name(&current));
                    self.condition("Progressing", "True", "FoundNewReplicaSet", &message, desk);
                }
                self.write(desk)
            }
            None if make => self.make(next, desk),
            None => Ok(()),
        }
    }

    fn set_revision(&mut self, number: i64) {
        if annotation(&self.object, REVISION) != Some(number.to_string().as_str()) {
            *ensure(&mut self.object, &["metadata", "annotations", REVISION]) = json!(number.to_string());
        }
    }

    /// Copies the Deployment's annotations, and counts the revision up; what it was goes into the history.
    fn annotate(&self, set: &mut Value, next: i64) {
        let before = annotation(set, REVISION).map(str::to_owned);
        for (key, value) in fields(&self.object, "/metadata/annotations").into_iter().flatten() {
            if !OWN.contains(&key.as_str()) && annotation(set, key) != value.as_str() {
                *ensure(set, &["metadata", "annotations", key]) = value.clone();
            }
        }
        if revision(set) < next {
            *ensure(set, &["metadata", "annotations", REVISION]) = json!(next.to_string());
            if let Some(before) = before {
                let history = match annotation(set, HISTORY) {
                    Some(history) if !history.is_empty() => format!("{history},{before}"),
                    _ => before,
                };
                *ensure(set, &["metadata", "annotations", HISTORY]) = json!(history);
            }
        }
    }

    fn make(&mut self, next: i64, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some(template) = self.object.pointer("/spec/template").cloned() else { return Ok(()) };
        let collisions = integer(&self.object, "/status/collisionCount").unwrap_or_default();
        let hash = pods::hash(&template, collisions);
        let mut template = template;
        *ensure(&mut template, &["metadata", "labels", HASH]) = json!(hash);
        let mut selector = self.object.pointer("/spec/selector").cloned().unwrap_or_default();
        *ensure(&mut selector, &["matchLabels", HASH]) = json!(hash);
        let replicas = self.new_size(0);
        let mut set = json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {
                "name": format!("{}-{hash}", name(&self.object)), "namespace": namespace(&self.object),
                "labels": template["metadata"]["labels"], "ownerReferences": [controlled_by(&self.object)],
            },
            "spec": {"replicas": replicas, "selector": selector, "template": template},
        });
        if let Some(seconds) = self.object.pointer("/spec/minReadySeconds") {
            set["spec"]["minReadySeconds"] = seconds.clone();
        }
        self.annotate(&mut set, next);
        self.annotate_size(&mut set);
        let title = name(&set).to_owned();
        match desk.api.create(&REPLICA_SETS, set, MANAGER) {
            Ok(set) => self.replace(set),
            Err(refusal) if refusal.reason == "AlreadyExists" => {
                // Somebody else has that name: another hash will do.
                *ensure(&mut self.object, &["status", "collisionCount"]) = json!(collisions + 1);
                self.write(desk)?;
                return Err(refusal);
            }
            Err(refusal) => {
                if !refusal.message.contains("being terminated") {
                    let message = format!("Failed to create new replica set {title:?}: {}", refusal.message);
                    if self.deadline().is_some() {
                        self.condition("Progressing", "False", "ReplicaSetCreateError", &message, desk);
                        self.write(desk)?;
                    }
                    desk.warning(&self.object, COMPONENT, "ReplicaSetCreateError", &message);
                }
                return Err(refusal);
            }
        }
        if replicas > 0 {
            let message = format!("Scaled up replica set {title} from 0 to {replicas}");
            desk.normal(&self.object, COMPONENT, "ScalingReplicaSet", &message);
        }
        self.set_revision(next);
        if self.deadline().is_some() {
            let message = format!("Created new replica set {title:?}");
            self.condition("Progressing", "True", "NewReplicaSetCreated", &message, desk);
        }
        self.write(desk)
    }

    /// Notes on a ReplicaSet how many replicas the Deployment wants, and how many it may have.
    pub(super) fn annotate_size(&self, set: &mut Value) {
        *ensure(set, &["metadata", "annotations", DESIRED]) = json!(self.wanted().to_string());
        *ensure(set, &["metadata", "annotations", MAXIMUM]) = json!((self.wanted() + self.max_surge()).to_string());
    }

    /// Deletes the oldest revisions beyond `revisionHistoryLimit` that have no Pods.
    pub(super) fn clean_up(&mut self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let limit = integer(&self.object, "/spec/revisionHistoryLimit").filter(|limit| *limit < i64::from(i32::MAX));
        let Some(limit) = limit else { return Ok(()) };
        let mut old: Vec<_> = self.old().into_iter().filter(|set| !is_deleted(set)).collect();
        let surplus = old.len().saturating_sub(usize::try_from(limit).unwrap_or_default());
        old.sort_by_key(|set| revision(set));
        for set in old.iter().take(surplus) {
            let seen = counted(set, "observedGeneration") >= integer(set, "/metadata/generation").unwrap_or_default();
            if size(set) == 0 && counted(set, "replicas") == 0 && seen {
                desk.api.delete(&Key::to(&REPLICA_SETS, set), &Deletion::default())?;
            }
        }
        Ok(())
    }
}
