//! The kubelets: Pods that have a node run on it, end, and go.

mod containers;
mod images;
mod programs;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::api::{Change, Deletion, Key, Resource};
use super::node::NODES;
use super::object::{ensure, has_finalizer, integer, is_deleted, is_true, items, name, namespace, text, truth, uid};
use super::pods::{PODS, is_ended};
use super::scheduler::put_condition;
use super::{Controller, Desk, Picks};
use crate::status::Refusal;
use containers::Stage;

const COMPONENT: &str = "kubelet";
const CONFIG_MAPS: Resource = Resource::of("", "configmaps");
const SECRETS: Resource = Resource::of("", "secrets");

/// Virtual milliseconds that a Pod runs which is to end by itself.
const WORK: u64 = 5_000;
/// Virtual milliseconds until a Pod without its node is given up.
const QUARANTINE: u64 = 60_000;
/// Virtual milliseconds until what a Pod misses is looked for again.
const RETRY: u64 = 5_000;

/// Runs Pods. It remembers when those that end by themselves will, and since when others have no node.
#[derive(Debug, Default)]
pub(super) struct Kubelet {
    ends: HashMap<String, u64>,
    lost: HashMap<String, u64>,
}

impl Controller for Kubelet {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        if change.resource == PODS {
            let Some(pod) = change.object() else { return };
            match &change.new {
                Some(new) if !text(new, "/spec/nodeName").is_empty() => picks.add(Key::to(&PODS, new)),
                Some(_) => {}
                None => {
                    self.ends.remove(uid(pod));
                    self.lost.remove(uid(pod));
                }
            }
        } else if change.resource == NODES {
            // Somebody came to run these, or nobody is left.
            let readiness = |node: &Option<Arc<Value>>| node.as_ref().map(|node| is_true(node, "Ready"));
            if readiness(&change.old) == readiness(&change.new) {
                return;
            }
            let Some(node) = change.object() else { return };
            for pod in picks.api.list(&PODS, None).iter().filter(|pod| text(pod, "/spec/nodeName") == name(node)) {
                picks.add(Key::to(&PODS, pod));
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some(pod) = desk.api.get(key) else { return Ok(()) };
        let Some(node) = desk.api.get(&Key::new(&NODES, "", text(&pod, "/spec/nodeName"))) else {
            return self.lose(key, &pod, desk);
        };
        if !is_true(&node, "Ready") {
            return Ok(());
        }
        if is_deleted(&pod) {
            return stop(key, &pod, desk);
        }
        if is_ended(&pod) {
            return Ok(());
        }
        if text(&pod, "/status/phase") == "Running" {
            return self.go_on(key, &pod, desk);
        }
        self.start(key, &pod, &node, desk)
    }
}

impl Kubelet {
    /// The end of a Pod whose node is gone.
    fn lose(&mut self, key: &Key, pod: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        if integer(pod, "/metadata/deletionGracePeriodSeconds") == Some(0) {
            return Ok(());
        }
        let now = desk.api.now().millis;
        let due = *self.lost.entry(uid(pod).to_owned()).or_insert(now) + QUARANTINE;
        if now < due {
            desk.again_after(due - now, key.clone());
            return Ok(());
        }
        let options = Deletion { uid: Some(uid(pod).to_owned()), grace_seconds: Some(0), ..Deletion::default() };
        desk.api.delete(key, &options)
    }

    fn start(&mut self, key: &Key, pod: &Value, node: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        if let Some((volume, missing)) = missing_volume(pod, desk) {
            desk.again_after(RETRY, key.clone());
            let why = format!("MountVolume.SetUp failed for volume {volume:?} : {missing}");
            desk.warning(pod, COMPONENT, "FailedMount", &why);
            return self.put(pod, node, &Stage::Creating, desk);
        }
        let mut stage = Stage::Running;
        let all = items(pod, "/spec/initContainers").iter().chain(items(pod, "/spec/containers"));
        if let Some(container) = all.clone().find(|container| images::is_missing(text(container, "/image"))) {
            stage = Stage::BackOff;
            let image = text(container, "/image");
            if text(pod, "/status/podIP").is_empty() {
                desk.normal(pod, COMPONENT, "Pulling", &format!("Pulling image {image:?}"));
                let why = format!("Failed to pull image {image:?}: {}", images::why_missing(image));
                desk.warning(pod, COMPONENT, "Failed", &why);
                desk.warning(pod, COMPONENT, "Failed", "Error: ErrImagePull");
                desk.normal(pod, COMPONENT, "BackOff", &format!("Back-off pulling image {image:?}"));
                desk.warning(pod, COMPONENT, "Failed", "Error: ImagePullBackOff");
            }
        } else if let Some((container, missing)) = missing_setting(pod, desk) {
            desk.again_after(RETRY, key.clone());
            desk.warning(pod, COMPONENT, "Failed", &format!("Error: {missing}"));
            stage = Stage::Misconfigured(container, missing);
        } else {
            for container in all {
                let image = text(container, "/image");
                let pulled = format!("Container image {image:?} already present on machine");
                desk.normal(pod, COMPONENT, "Pulled", &pulled);
                desk.normal(pod, COMPONENT, "Created", &format!("Container created: {}", text(container, "/name")));
                desk.normal(pod, COMPONENT, "Started", &format!("Container started: {}", text(container, "/name")));
            }
        }
        self.put(pod, node, &stage, desk)
    }

    /// Ends what is to end by itself, and keeps readiness up to date with the gates.
    fn go_on(&mut self, key: &Key, pod: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        if text(pod, "/spec/restartPolicy") != "Always" {
            let now = desk.api.now().millis;
            let due = *self.ends.entry(uid(pod).to_owned()).or_insert(now + WORK);
            if now < due {
                desk.again_after(due - now, key.clone());
            } else {
                return succeed(pod, desk);
            }
        }
        let mut new = pod.clone();
        let conditions = readiness(&new, &desk.timestamp());
        for condition in conditions {
            put_condition(&mut new, condition);
        }
        if new.pointer("/status/observedGeneration") != new.pointer("/metadata/generation") {
            let generation = new.pointer("/metadata/generation").cloned();
            super::object::set(&mut new, &["status", "observedGeneration"], generation);
        }
        write(pod, new, desk)
    }

    fn put(&mut self, pod: &Value, node: &Value, stage: &Stage, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let now = desk.timestamp();
        let mut new = pod.clone();
        let address = |kind: &str| {
            let all = items(node, "/status/addresses");
            all.iter().find(|address| text(address, "/type") == kind).map(|address| text(address, "/address"))
        };
        let host = address("InternalIP").unwrap_or("10.0.0.1").to_owned();
        let ip = match text(pod, "/status/podIP") {
            "" if truth(pod, "/spec/hostNetwork") => host.clone(),
            "" if matches!(stage, Stage::Creating) => String::new(),
            "" => free_address(node, desk),
            known => known.to_owned(),
        };
        let status = ensure(&mut new, &["status"]);
        status["hostIP"] = json!(host);
        status["hostIPs"] = json!([{"ip": host}]);
        if !ip.is_empty() {
            status["podIP"] = json!(ip);
            status["podIPs"] = json!([{"ip": ip}]);
        }
        if text(pod, "/status/startTime").is_empty() {
            status["startTime"] = json!(now);
        }
        status["phase"] = json!(if matches!(stage, Stage::Running) { "Running" } else { "Pending" });
        containers::put_statuses(&mut new, stage, &now);
        let sandbox = if ip.is_empty() { "False" } else { "True" };
        put_condition(&mut new, plain("PodReadyToStartContainers", sandbox, &now));
        let initialized = if containers::is_initialized(&new) { "True" } else { "False" };
        let mut condition = plain("Initialized", initialized, &now);
        if initialized == "False" {
            condition["reason"] = json!("ContainersNotInitialized");
            let waiting = containers::not_ready(&new, "/status/initContainerStatuses");
            condition["message"] = json!(format!("containers with incomplete status: [{}]", waiting.join(" ")));
        }
        put_condition(&mut new, condition);
        for condition in readiness(&new, &now) {
            put_condition(&mut new, condition);
        }
        let generation = new.pointer("/metadata/generation").cloned();
        super::object::set(&mut new, &["status", "observedGeneration"], generation);
        write(pod, new, desk)
    }
}

fn write(old: &Value, new: Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    if *old != new {
        desk.api.update(&PODS, "status", new, "kubelet")?;
    }
    Ok(())
}

fn plain(kind: &str, status: &str, now: &str) -> Value {
    json!({"type": kind, "status": status, "lastProbeTime": null, "lastTransitionTime": now})
}

/// The conditions `ContainersReady` and `Ready`, from the containers and the Pod's own gates.
fn readiness(pod: &Value, now: &str) -> [Value; 2] {
    let waiting = containers::not_ready(pod, "/status/containerStatuses");
    let mut containers = plain("ContainersReady", "True", now);
    if !waiting.is_empty() {
        containers["status"] = json!("False");
        containers["reason"] = json!("ContainersNotReady");
        containers["message"] = json!(format!("containers with unready status: [{}]", waiting.join(" ")));
    }
    let mut ready = containers.clone();
    ready["type"] = json!("Ready");
    let gates = items(pod, "/spec/readinessGates").iter().map(|gate| text(gate, "/conditionType"));
    let unmet: Vec<String> = gates
        .filter(|gate| !is_true(pod, gate))
        .map(|gate| match super::object::condition(pod, gate) {
            Some(_) => format!("the status of pod readiness gate {gate:?} is not \"True\", but False"),
            None => format!("corresponding condition of pod readiness gate {gate:?} does not exist."),
        })
        .collect();
    if waiting.is_empty() && !unmet.is_empty() {
        ready["status"] = json!("False");
        ready["reason"] = json!("ReadinessGatesNotReady");
        ready["message"] = json!(unmet.join(", "));
    }
    [containers, ready]
}

/// The first ConfigMap or Secret that a volume wants and that is not there.
fn missing_volume(pod: &Value, desk: &Desk<'_>) -> Option<(String, String)> {
    let place = namespace(pod);
    let lacks = |resource: &Resource, name: &str| desk.api.get(&Key::new(resource, place, name)).is_none();
    for volume in items(pod, "/spec/volumes") {
        let title = text(volume, "/name").to_owned();
        let parts = items(volume, "/projected/sources").iter().chain([volume]);
        for part in parts {
            let sources = [
                (&CONFIG_MAPS, "configmap", text(part, "/configMap/name"), truth(part, "/configMap/optional")),
                (&SECRETS, "secret", text(part, "/secret/secretName"), truth(part, "/secret/optional")),
                (&SECRETS, "secret", text(part, "/secret/name"), truth(part, "/secret/optional")),
            ];
            for (resource, kind, name, optional) in sources {
                if !name.is_empty() && !optional && lacks(resource, name) {
                    return Some((title, format!("{kind} {name:?} not found")));
                }
            }
        }
    }
    None
}

/// The first container with a ConfigMap, a Secret or a key of one in its environment that is not there.
fn missing_setting(pod: &Value, desk: &Desk<'_>) -> Option<(String, String)> {
    let place = namespace(pod);
    for container in items(pod, "/spec/initContainers").iter().chain(items(pod, "/spec/containers")) {
        let title = || text(container, "/name").to_owned();
        let kinds = [
            (&CONFIG_MAPS, "configmap", "configMapRef", "configMapKeyRef"),
            (&SECRETS, "secret", "secretRef", "secretKeyRef"),
        ];
        for (resource, kind, whole, single) in kinds {
            for source in items(container, "/envFrom") {
                let Some(source) = source.get(whole).filter(|source| !truth(source, "/optional")) else { continue };
                if desk.api.get(&Key::new(resource, place, text(source, "/name"))).is_none() {
                    return Some((title(), format!("{kind} {:?} not found", text(source, "/name"))));
                }
            }
            for variable in items(container, "/env") {
                let source = variable.pointer("/valueFrom").and_then(|from| from.get(single));
                let Some(source) = source.filter(|source| !truth(source, "/optional")) else { continue };
                let (name, key) = (text(source, "/name"), text(source, "/key"));
                let Some(found) = desk.api.get(&Key::new(resource, place, name)) else {
                    return Some((title(), format!("{kind} {name:?} not found")));
                };
                let has = |field: &str| found.get(field).and_then(|data| data.get(key)).is_some();
                if !has("data") && !has("binaryData") {
                    let kind = if kind == "secret" { "Secret" } else { "ConfigMap" };
                    return Some((title(), format!("couldn't find key {key} in {kind} {place}/{name}")));
                }
            }
        }
    }
    None
}

/// An address of the node's range that no Pod has.
fn free_address(node: &Value, desk: &Desk<'_>) -> String {
    let range = text(node, "/spec/podCIDR");
    let base = range.split('/').next().and_then(|base| base.parse::<std::net::Ipv4Addr>().ok());
    let base = u32::from(base.unwrap_or(std::net::Ipv4Addr::new(10, 244, 0, 0)));
    let used: HashSet<String> =
        desk.api.list(&PODS, None).iter().map(|pod| text(pod, "/status/podIP").to_owned()).collect();
    let mut candidates = (2..=u32::from(u16::MAX)).map(|host| std::net::Ipv4Addr::from(base + host).to_string());
    candidates.find(|address| !used.contains(address)).unwrap_or_default()
}

/// The end of a Pod whose containers have done their work.
fn succeed(pod: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    programs::run(pod, desk)?;
    let now = desk.timestamp();
    let mut new = pod.clone();
    new["status"]["phase"] = json!("Succeeded");
    containers::put_statuses(&mut new, &Stage::Done, &now);
    put_condition(&mut new, plain("PodReadyToStartContainers", "False", &now));
    for (kind, status) in [("Initialized", "True"), ("Ready", "False"), ("ContainersReady", "False")] {
        let mut condition = plain(kind, status, &now);
        condition["reason"] = json!("PodCompleted");
        put_condition(&mut new, condition);
    }
    write(pod, new, desk)
}

/// The end of a Pod that is deleted: at once, since virtual time waits for no process.
fn stop(key: &Key, pod: &Arc<Value>, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    if integer(pod, "/metadata/deletionGracePeriodSeconds") == Some(0) {
        // Only finalizers hold it now.
        return Ok(());
    }
    if text(pod, "/status/phase") == "Running" {
        for container in items(pod, "/spec/containers") {
            desk.normal(pod, COMPONENT, "Killing", &format!("Stopping container {}", text(container, "/name")));
        }
        if has_finalizer(pod, "batch.kubernetes.io/job-tracking") {
            // A Job counts its Pods by how they ended.
            let now = desk.timestamp();
            let mut new = Value::clone(pod);
            new["status"]["phase"] = json!("Failed");
            containers::put_statuses(&mut new, &Stage::Killed, &now);
            write(pod, new, desk)?;
        }
    }
    let options = Deletion { uid: Some(uid(pod).to_owned()), grace_seconds: Some(0), ..Deletion::default() };
    desk.api.delete(key, &options)
}
