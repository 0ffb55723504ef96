//! Deployments: one ReplicaSet a revision of the template, rolled over in the order that the strategy allows.

mod revision;
mod rollout;
mod scale;
mod status;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::api::{Change, Key, Resource};
use super::object::{annotation, integer, is_deleted, text, truth};
use super::pods;
use super::replica_set::{REPLICA_SETS, pick_owner};
use super::{Controller, Desk, MANAGER, Picks};
use crate::status::Refusal;

/// Deployments.
pub(super) const DEPLOYMENTS: Resource = Resource::of("apps", "deployments");
const COMPONENT: &str = "deployment-controller";
const REVISION: &str = "deployment.kubernetes.io/revision";
const HISTORY: &str = "deployment.kubernetes.io/revision-history";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MAXIMUM: &str = "deployment.kubernetes.io/max-replicas";
const HASH: &str = "pod-template-hash";

/// Rolls Deployments out. It remembers since when (in virtual time) each stands at its last progress.
#[derive(Debug, Default)]
pub(super) struct Rollouts {
    progress: HashMap<Key, (String, u64)>,
}

impl Controller for Rollouts {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        if change.resource == DEPLOYMENTS {
            let Some(object) = change.object() else { return };
            let key = Key::to(&DEPLOYMENTS, object);
            match change.new {
                Some(_) => picks.add(key),
                None => {
                    self.progress.remove(&key);
                }
            }
        } else if change.resource == REPLICA_SETS {
            pick_owner(change, &DEPLOYMENTS, "Deployment", picks);
        } else if change.resource == pods::PODS && change.new.is_none() {
            // With `Recreate`, new Pods wait until the last old one is gone.
            let pod = change.object();
            let owner = pod.and_then(|pod| super::object::controller(pod));
            let (Some(pod), Some(owner)) = (pod, owner) else { return };
            let set = Key::new(&REPLICA_SETS, super::object::namespace(pod), text(owner, "/name"));
            if let Some(set) = picks.api.get(&set).filter(|_| text(owner, "/kind") == "ReplicaSet")
                && let Some(owner) = super::object::controller(&set)
            {
                picks.add(Key::new(&DEPLOYMENTS, super::object::namespace(pod), text(owner, "/name")));
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some(deployment) = desk.api.get(key) else { return Ok(()) };
        let sets = pods::claim(desk, &deployment, &REPLICA_SETS)?;
        let mut rollout = Rollout { key, before: deployment.clone(), object: Value::clone(&deployment), sets };
        if is_deleted(&deployment) {
            rollout.sync_revision(desk, false)?;
            return rollout.tell(desk);
        }
        rollout.note_pause(desk);
        if truth(&deployment, "/spec/paused") || rollout.is_scaled() {
            rollout.sync_revision(desk, false)?;
            rollout.scale(desk)?;
            if truth(&deployment, "/spec/paused") {
                rollout.clean_up(desk)?;
            }
            return rollout.tell(desk);
        }
        match text(&deployment, "/spec/strategy/type") {
            "Recreate" => rollout.recreate(desk)?,
            _ => rollout.roll(desk)?,
        }
        rollout.tell_progress(desk, &mut self.progress)
    }
}

/// One look at a Deployment with its ReplicaSets.
struct Rollout<'a> {
    key: &'a Key,
    before: Arc<Value>,
    object: Value,
    sets: Vec<Arc<Value>>,
}

impl Rollout<'_> {
    fn wanted(&self) -> i64 {
        integer(&self.object, "/spec/replicas").unwrap_or(1)
    }

    fn is_rolling(&self) -> bool {
        text(&self.object, "/spec/strategy/type") != "Recreate"
    }

    /// How many Pods may be missing, and how many may be too many: `maxUnavailable` and `maxSurge` in numbers.
    fn fence(&self) -> (i64, i64) {
        if !self.is_rolling() {
            return (0, 0);
        }
        let of = |field: &str| self.object.pointer(&format!("/spec/strategy/rollingUpdate/{field}"));
        let surge = share(of("maxSurge"), self.wanted(), true);
        let unavailable = share(of("maxUnavailable"), self.wanted(), false);
        match (surge, unavailable) {
            // Nothing could ever move.
            (0, 0) => (1, 0),
            _ => (unavailable, surge),
        }
    }

    fn max_unavailable(&self) -> i64 {
        if self.wanted() == 0 { 0 } else { self.fence().0.min(self.wanted()) }
    }

    fn max_surge(&self) -> i64 {
        self.fence().1
    }

    /// The ReplicaSet with the template that is asked for: the oldest, where there are several.
    fn current(&self) -> Option<Arc<Value>> {
        let template = self.object.pointer("/spec/template")?;
        let mut sets: Vec<_> = self.sets.iter().collect();
        sets.sort_by_key(|set| {
            (text(set, "/metadata/creationTimestamp").to_owned(), super::object::name(set).to_owned())
        });
        let equal =
            |set: &&&Arc<Value>| set.pointer("/spec/template").is_some_and(|held| same_template(held, template));
        sets.iter().find(equal).map(|set| Arc::clone(set))
    }

    /// The others.
    fn old(&self) -> Vec<Arc<Value>> {
        let current = self.current();
        let is_current = |set: &Arc<Value>| current.as_ref().is_some_and(|current| Arc::ptr_eq(current, set));
        self.sets.iter().filter(|set| !is_current(set)).cloned().collect()
    }

    /// Whether the number of replicas was changed since the ReplicaSets were last sized.
    fn is_scaled(&self) -> bool {
        self.sets.iter().filter(|set| size(set) > 0).any(|set| {
            let desired = annotation(set, DESIRED).and_then(|desired| desired.parse::<i64>().ok());
            desired.is_some_and(|desired| desired != self.wanted())
        })
    }

    /// Puts a ReplicaSet in the place of what was read of it before.
    fn replace(&mut self, new: Arc<Value>) {
        match self.sets.iter_mut().find(|set| super::object::uid(set) == super::object::uid(&new)) {
            Some(set) => *set = new,
            None => self.sets.push(new),
        }
    }

    /// Writes the status (and the revision among the annotations) if anything changed.
    fn write(&mut self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        if self.object != *self.before {
            self.before = desk.api.update(&DEPLOYMENTS, "status", self.object.clone(), MANAGER)?;
            self.object = Value::clone(&self.before);
        }
        Ok(())
    }
}

/// `spec.replicas` of a ReplicaSet.
fn size(set: &Value) -> i64 {
    integer(set, "/spec/replicas").unwrap_or(1)
}

/// A count in a ReplicaSet's status.
fn counted(set: &Value, field: &str) -> i64 {
    set.pointer("/status").and_then(|status| status.get(field)).and_then(Value::as_i64).unwrap_or_default()
}

/// An `IntOrString` as a number, percentages of `whole`; 25% where there is none.
pub(super) fn share(value: Option<&Value>, whole: i64, up: bool) -> i64 {
    let percent = match value {
        Some(Value::Number(number)) => return number.as_i64().unwrap_or_default(),
        Some(Value::String(text)) => {
            text.strip_suffix('%').and_then(|text| text.parse::<i64>().ok()).unwrap_or_default()
        }
        _ => 25,
    };
    let product = percent.saturating_mul(whole);
    if up { (product + 99).div_euclid(100) } else { product.div_euclid(100) }
}

/// Whether two templates are the same but for the hash that tells their ReplicaSets apart.
fn same_template(one: &Value, other: &Value) -> bool {
    let without = |template: &Value| {
        let mut template = template.clone();
        super::object::set(&mut template, &["metadata", "labels", HASH], None);
        super::object::set(&mut template, &["metadata", "creationTimestamp"], None);
        template
    };
    without(one) == without(other)
}
