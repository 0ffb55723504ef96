//! What a Deployment says of itself: counts, `Available`, `Progressing`, and when it takes too long.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Rollout, counted, size};
use crate::controllers::api::Key;
use crate::controllers::object::{condition, ensure, integer, items, name, text, truth};
use crate::controllers::{Desk, pods};
use crate::status::Refusal;

impl Rollout<'_> {
    /// `progressDeadlineSeconds`, where there is one.
    pub(super) fn deadline(&self) -> Option<i64> {
        integer(&self.object, "/spec/progressDeadlineSeconds").filter(|seconds| *seconds < i64::from(i32::MAX))
    }

    /// Sets a condition, unless it says the same already.
    pub(super) fn condition(&mut self, kind: &str, status: &str, reason: &str, message: &str, desk: &Desk<'_>) {
        let now = desk.timestamp();
        let mut new = json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastUpdateTime": now, "lastTransitionTime": now,
        });
        if let Some(old) = condition(&self.object, kind) {
            if text(old, "/status") == status && text(old, "/reason") == reason {
                return;
            }
            if text(old, "/status") == status {
                new["lastTransitionTime"] = old["lastTransitionTime"].clone();
            }
        }
        self.drop_condition(kind);
        let conditions = ensure(&mut self.object, &["status", "conditions"]);
        match conditions.as_array_mut() {
            Some(conditions) => conditions.push(new),
            None => *conditions = json!([new]),
        }
    }

    fn drop_condition(&mut self, kind: &str) {
        let conditions = self.object.pointer_mut("/status/conditions").and_then(Value::as_array_mut);
        if let Some(conditions) = conditions {
            conditions.retain(|condition| text(condition, "/type") != kind);
        }
    }

    /// Says that it is paused, or that it goes on.
    pub(super) fn note_pause(&mut self, desk: &Desk<'_>) {
        if self.deadline().is_none() {
            return;
        }
        let reason = condition(&self.object, "Progressing").map(|condition| text(condition, "/reason").to_owned());
        let paused = truth(&self.object, "/spec/paused");
        match (reason.as_deref(), paused) {
            (Some("ProgressDeadlineExceeded"), _) | (Some("DeploymentPaused"), true) => {}
            (_, true) => self.condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", desk),
            (Some("DeploymentPaused"), false) => {
                self.condition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", desk);
            }
            _ => {}
        }
    }

    /// Whether all replicas are of the current template, and available.
    pub(super) fn is_complete(&self) -> bool {
        let of = |field| counted(&self.object, field);
        let wanted = self.wanted();
        of("updatedReplicas") == wanted
            && of("replicas") == wanted
            && of("availableReplicas") == wanted
            && of("observedGeneration") >= integer(&self.object, "/metadata/generation").unwrap_or_default()
    }

    /// Counts, and says whether enough is available.
    fn count(&mut self, desk: &Desk<'_>) {
        let sum = |field: &str| self.sets.iter().map(|set| counted(set, field)).sum::<i64>();
        let available = sum("availableReplicas");
        let missing = (self.sets.iter().map(|set| size(set)).sum::<i64>() - available).max(0);
        let updated = self.current().map_or(0, |set| counted(&set, "replicas"));
        let fresh = |set: &Value| counted(set, "observedGeneration") == 0;
        let known = self.sets.iter().all(|set| fresh(set) || set.pointer("/status/terminatingReplicas").is_some());
        let (replicas, ready, terminating) = (sum("replicas"), sum("readyReplicas"), sum("terminatingReplicas"));
        let generation = integer(&self.object, "/metadata/generation").unwrap_or(1);
        let enough = available >= self.wanted() - self.max_unavailable();
        let status = ensure(&mut self.object, &["status"]);
        if !status.is_object() {
            *status = json!({});
        }
        if let Some(status) = status.as_object_mut() {
            status.insert("observedGeneration".to_owned(), json!(generation));
            pods::count(status, "replicas", replicas);
            pods::count(status, "updatedReplicas", updated);
            pods::count(status, "readyReplicas", ready);
            pods::count(status, "availableReplicas", available);
            pods::count(status, "unavailableReplicas", missing);
            match known {
                true => status.insert("terminatingReplicas".to_owned(), json!(terminating)),
                false => status.remove("terminatingReplicas"),
            };
        }
        let (status, reason, message) = match enough {
            true => ("True", "MinimumReplicasAvailable", "Deployment has minimum availability."),
            false => ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."),
        };
        self.condition("Available", status, reason, message, desk);
    }

    /// Writes the status of a Deployment that is not rolled out at the moment.
    pub(super) fn tell(&mut self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        self.count(desk);
        self.write(desk)
    }

    /// Writes the status, with how the rollout gets on.
    pub(super) fn tell_progress(
        &mut self,
        desk: &mut Desk<'_>,
        progress: &mut HashMap<Key, (String, u64)>,
    ) -> Result<(), Refusal> {
        let old = self.object.clone();
        self.count(desk);
        let was = condition(&old, "Progressing").cloned();
        let reason = was.as_ref().map(|condition| text(condition, "/reason")).unwrap_or_default();
        let done = counted(&self.object, "replicas") == counted(&self.object, "updatedReplicas")
            && reason == "NewReplicaSetAvailable";
        let about = match self.current() {
            Some(set) => format!("ReplicaSet {:?}", name(&set)),
            None => format!("Deployment {:?}", name(&self.object)),
        };
        match self.deadline() {
            None => self.drop_condition("Progressing"),
            Some(_) if done => {}
            Some(_) if self.is_complete() => {
                let message = format!("{about} has successfully progressed.");
                self.condition("Progressing", "True", "NewReplicaSetAvailable", &message, desk);
            }
            Some(_) if self.moved(&old) => {
                let message = format!("{about} is progressing.");
                // Also with the same reason: it moved on, and from now the deadline counts anew.
                let since = was.as_ref().filter(|condition| text(condition, "/status") == "True");
                let since = since.map(|condition| condition["lastTransitionTime"].clone());
                self.drop_condition("Progressing");
                self.condition("Progressing", "True", "ReplicaSetUpdated", &message, desk);
                if let (Some(since), Some(conditions)) =
                    (since, self.object.pointer_mut("/status/conditions").and_then(Value::as_array_mut))
                {
                    for condition in conditions.iter_mut().filter(|new| text(new, "/type") == "Progressing") {
                        condition["lastTransitionTime"] = since.clone();
                    }
                }
                progress.remove(self.key);
            }
            Some(seconds) => self.watch_deadline(seconds, &about, desk, progress),
        }
        self.take_failures();
        self.write(desk)
    }

    /// Whether anything got better since the status was last written.
    fn moved(&self, old: &Value) -> bool {
        let (now, then) = (|field| counted(&self.object, field), |field| counted(old, field));
        now("updatedReplicas") > then("updatedReplicas")
            || now("replicas") - now("updatedReplicas") < then("replicas") - then("updatedReplicas")
            || now("readyReplicas") > then("readyReplicas")
            || now("availableReplicas") > then("availableReplicas")
    }

    fn watch_deadline(
        &mut self,
        seconds: i64,
        about: &str,
        desk: &mut Desk<'_>,
        progress: &mut HashMap<Key, (String, u64)>,
    ) {
        let Some(last) = condition(&self.object, "Progressing") else { return };
        if matches!(text(last, "/reason"), "NewReplicaSetAvailable" | "ProgressDeadlineExceeded") {
            return;
        }
        let mark = format!("{} {}", text(last, "/reason"), text(last, "/lastUpdateTime"));
        let now = desk.api.now().millis;
        let (seen, since) = progress.entry(self.key.clone()).or_insert_with(|| (mark.clone(), now));
        if *seen != mark {
            (*seen, *since) = (mark, now);
        }
        let due = since.saturating_add(seconds.unsigned_abs() * 1000);
        if now >= due {
            let message = format!("{about} has timed out progressing.");
            self.condition("Progressing", "False", "ProgressDeadlineExceeded", &message, desk);
        } else {
            desk.again_after(due - now, self.key.clone());
        }
    }

    /// Takes over the condition `ReplicaFailure` of a ReplicaSet, of the current one first.
    fn take_failures(&mut self) {
        let sets = self.current().into_iter().chain(self.old());
        let failure = sets.filter_map(|set| condition(&set, "ReplicaFailure").cloned()).next();
        let Some(mut failure) = failure else { return self.drop_condition("ReplicaFailure") };
        let there = condition(&self.object, "ReplicaFailure");
        let same = |old: &Value| old["status"] == failure["status"] && old["reason"] == failure["reason"];
        if there.is_some_and(same) {
            return;
        }
        failure["lastUpdateTime"] = failure["lastTransitionTime"].clone();
        self.drop_condition("ReplicaFailure");
        let mut conditions = items(&self.object, "/status/conditions").to_vec();
        conditions.push(failure);
        *ensure(&mut self.object, &["status", "conditions"]) = Value::Array(conditions);
    }
}
