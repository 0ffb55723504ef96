//! The scheduler: gives Pods a node, some seconds after they came. Without nodes it says nothing.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::api::{Change, Key};
use super::node::{NODES, fits, refusal, running};
use super::object::{annotation, ensure, is_deleted, items, name, namespace, text, uid};
use super::pods::{PODS, is_ended};
use super::protection::{CLAIMS, claims_of};
use super::volume::{CLASSES, SELECTED_NODE};
use super::{Controller, Desk, Picks};
use crate::status::Refusal;

const COMPONENT: &str = "default-scheduler";
const MANAGER: &str = "kube-scheduler";

/// Virtual milliseconds from a Pod's creation to its first look: late, so that what is over before looks as on a
/// cluster whose Pods nobody runs.
const PATIENCE: u64 = 10_000;
/// Virtual milliseconds until a Pod that fits nowhere is tried again.
const RETRY: u64 = 30_000;

/// Binds Pods; it remembers since when it knows each.
#[derive(Debug, Default)]
pub(super) struct Scheduler {
    since: HashMap<String, u64>,
}

fn is_waiting(pod: &Value) -> bool {
    text(pod, "/spec/nodeName").is_empty()
        && !is_deleted(pod)
        && !is_ended(pod)
        && matches!(text(pod, "/spec/schedulerName"), "" | "default-scheduler")
        && items(pod, "/spec/schedulingGates").is_empty()
}

impl Controller for Scheduler {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        if change.resource == PODS {
            let Some(pod) = change.object() else { return };
            match &change.new {
                Some(new) if is_waiting(new) => {
                    if !self.since.contains_key(uid(new)) {
                        self.since.insert(uid(new).to_owned(), picks.api.now().millis);
                        picks.add(Key::to(&PODS, new));
                    }
                }
                _ => {
                    self.since.remove(uid(pod));
                }
            }
        } else if change.resource == NODES || (change.resource == CLAIMS && change.new.is_some()) {
            let place = change.object().map(|object| namespace(object).to_owned()).filter(|place| !place.is_empty());
            for pod in picks.api.list(&PODS, place.as_deref()).iter().filter(|pod| is_waiting(pod)) {
                picks.add(Key::to(&PODS, pod));
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some(pod) = desk.api.get(key).filter(|pod| is_waiting(pod)) else { return Ok(()) };
        let nodes = running(desk.api);
        if nodes.is_empty() {
            return Ok(());
        }
        let now = desk.api.now().millis;
        let due = self.since.get(uid(&pod)).copied().unwrap_or(now) + PATIENCE;
        if now < due {
            desk.again_after(due - now, key.clone());
            return Ok(());
        }
        let all = desk.api.list(&PODS, None);
        let mut unfit = Vec::new();
        let mut best: Option<(usize, &Arc<Value>)> = None;
        for node in &nodes {
            let there: Vec<&Value> = all
                .iter()
                .map(|pod| &**pod)
                .filter(|pod| text(pod, "/spec/nodeName") == name(node) && !is_ended(pod))
                .collect();
            match fits(&pod, node, &there) {
                Ok(()) if best.is_none_or(|(least, _)| there.len() < least) => best = Some((there.len(), node)),
                Ok(()) => {}
                Err(why) => unfit.push(why),
            }
        }
        let Some((_, node)) = best else {
            return complain(key, &pod, &refusal(nodes.len(), &unfit), desk);
        };
        match volumes_wait(&pod, node, desk)? {
            Volumes::Ready => bind(&pod, node, desk),
            Volumes::Coming => Ok(()),
            Volumes::Missing(why) => {
                complain(key, &pod, &format!("0/{} nodes are available: {why}", nodes.len()), desk)
            }
        }
    }
}

/// How a Pod's claims stand.
enum Volumes {
    Ready,
    Coming,
    Missing(String),
}

/// Tells claims that wait for their first user on which node it will run.
fn volumes_wait(pod: &Value, node: &Value, desk: &mut Desk<'_>) -> Result<Volumes, Refusal> {
    let mut coming = false;
    for claim in claims_of(pod) {
        let key = Key::new(&CLAIMS, namespace(pod), &claim);
        let Some(found) = desk.api.get(&key) else {
            return Ok(Volumes::Missing(format!("persistentvolumeclaim {claim:?} not found")));
        };
        if text(&found, "/status/phase") == "Bound" {
            continue;
        }
        coming = true;
        let class = desk.api.get(&Key::new(&CLASSES, "", text(&found, "/spec/storageClassName")));
        let waits = class.is_some_and(|class| text(&class, "/volumeBindingMode") == "WaitForFirstConsumer");
        if waits && annotation(&found, SELECTED_NODE).is_none() {
            let mut found = Value::clone(&found);
            *ensure(&mut found, &["metadata", "annotations", SELECTED_NODE]) = json!(name(node));
            desk.api.update(&CLAIMS, "", found, MANAGER)?;
        } else if !waits {
            return Ok(Volumes::Missing("pod has unbound immediate PersistentVolumeClaims".to_owned()));
        }
    }
    Ok(if coming { Volumes::Coming } else { Volumes::Ready })
}

/// Puts a condition among a Pod's, in the place of the one of its type.
pub(super) fn put_condition(pod: &mut Value, mut new: Value) {
    let conditions = ensure(pod, &["status", "conditions"]);
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    let Some(conditions) = conditions.as_array_mut() else { return };
    match conditions.iter_mut().find(|old| text(old, "/type") == text(&new, "/type")) {
        Some(old) => {
            if text(old, "/status") == text(&new, "/status") {
                new["lastTransitionTime"] = old["lastTransitionTime"].clone();
            }
            *old = new;
        }
        None => conditions.push(new),
    }
}

fn bind(pod: &Value, node: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let mut bound = pod.clone();
    bound["spec"]["nodeName"] = json!(name(node));
    let now = desk.timestamp();
    let scheduled = json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": now});
    put_condition(&mut bound, scheduled);
    desk.api.update(&PODS, "binding", bound, MANAGER)?;
    let message = format!("Successfully assigned {}/{} to {}", namespace(pod), name(pod), name(node));
    desk.normal(pod, COMPONENT, "Scheduled", &message);
    Ok(())
}

fn complain(key: &Key, pod: &Value, why: &str, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let mut waiting = pod.clone();
    let condition = json!({
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": why,
        "lastProbeTime": null, "lastTransitionTime": desk.timestamp(),
    });
    put_condition(&mut waiting, condition);
    if waiting != *pod {
        desk.api.update(&PODS, "status", waiting, MANAGER)?;
        desk.warning(pod, COMPONENT, "FailedScheduling", why);
    }
    desk.again_after(RETRY, key.clone());
    Ok(())
}
