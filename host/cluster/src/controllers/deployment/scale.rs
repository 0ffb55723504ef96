//! Sizing of ReplicaSets when the number of replicas changes, in the middle of a rollout too.

use std::cmp::Reverse;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{COMPONENT, DESIRED, MAXIMUM, REPLICA_SETS, Rollout, counted, size};
use crate::controllers::object::{annotation, name, text};
use crate::controllers::{Desk, MANAGER};
use crate::status::Refusal;

impl Rollout<'_> {
    /// Gives a ReplicaSet another size; whether that was another one.
    pub(super) fn resize(&mut self, set: &Arc<Value>, target: i64, desk: &mut Desk<'_>) -> Result<bool, Refusal> {
        let before = size(set);
        if before == target {
            return Ok(false);
        }
        self.write_size(set, target, desk)
    }

    fn write_size(&mut self, set: &Arc<Value>, target: i64, desk: &mut Desk<'_>) -> Result<bool, Refusal> {
        let before = size(set);
        let mut new = Value::clone(set);
        self.annotate_size(&mut new);
        new["spec"]["replicas"] = json!(target);
        if new == **set {
            return Ok(false);
        }
        let new = desk.api.update(&REPLICA_SETS, "", new, MANAGER)?;
        if before != target {
            let way = if before < target { "up" } else { "down" };
            let message = format!("Scaled {way} replica set {} from {before} to {target}", name(&new));
            desk.normal(&self.object, COMPONENT, "ScalingReplicaSet", &message);
        }
        self.replace(new);
        Ok(before != target)
    }

    /// Brings all ReplicaSets to the size that the Deployment wants now, each in its proportion.
    pub(super) fn scale(&mut self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let active: Vec<_> = self.sets.iter().filter(|set| size(set) > 0).cloned().collect();
        let lone = match active.as_slice() {
            [] => self.current().or_else(|| {
                self.old().into_iter().max_by_key(|set| text(set, "/metadata/creationTimestamp").to_owned())
            }),
            [one] => Some(one.clone()),
            _ => None,
        };
        if let Some(lone) = lone {
            self.resize(&lone, self.wanted(), desk)?;
            return Ok(());
        }
        let wanted = self.wanted();
        let saturated = |set: &Arc<Value>| {
            let desired = annotation(set, DESIRED).and_then(|desired| desired.parse().ok());
            size(set) == wanted && desired == Some(wanted) && counted(set, "availableReplicas") == wanted
        };
        if self.current().as_ref().is_some_and(saturated) {
            for set in self.old() {
                self.resize(&set, 0, desk)?;
            }
            return Ok(());
        }
        if !self.is_rolling() {
            return Ok(());
        }
        self.proportion(active, desk)
    }

    /// Spreads what is to be added or removed over the active ReplicaSets, in proportion to their sizes.
    fn proportion(&mut self, mut active: Vec<Arc<Value>>, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let wanted = self.wanted();
        let allowed = if wanted > 0 { wanted + self.max_surge() } else { 0 };
        let add = allowed - active.iter().map(|set| size(set)).sum::<i64>();
        let born = |set: &Arc<Value>| text(set, "/metadata/creationTimestamp").to_owned();
        if add > 0 {
            active.sort_by_key(|set| (Reverse(size(set)), Reverse(born(set))));
        } else {
            active.sort_by_key(|set| (Reverse(size(set)), born(set)));
        }
        let mut added = 0;
        let mut targets = Vec::new();
        for set in &active {
            let part = if add == 0 || add == added { 0 } else { self.part(set, add, added) };
            added += part;
            targets.push(size(set) + part);
        }
        if let (Some(first), true) = (targets.first_mut(), add != 0) {
            *first = (*first + add - added).max(0);
        }
        for (set, target) in active.iter().zip(targets) {
            self.write_size(set, target, desk)?;
        }
        Ok(())
    }

    fn part(&self, set: &Value, add: i64, added: i64) -> i64 {
        let fraction = if self.wanted() == 0 {
            -size(set)
        } else {
            let maximum = annotation(set, MAXIMUM).and_then(|maximum| maximum.parse::<i64>().ok());
            let maximum =
                maximum.filter(|maximum| *maximum > 0).unwrap_or_else(|| counted(&self.object, "replicas").max(1));
            let product = size(set) * (self.wanted() + self.max_surge());
            // To the nearest, halves away from zero.
            (2 * product + maximum).div_euclid(2 * maximum) - size(set)
        };
        let left = add - added;
        if add > 0 { fraction.min(left) } else { fraction.max(left) }
    }
}
