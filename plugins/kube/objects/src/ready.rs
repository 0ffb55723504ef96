//! Is an object ready? By the rules of kstatus (sigs.k8s.io/cli-utils), kind by kind.

use serde_json::Value;

use crate::id::{group, is_built_in, text};

/// How an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is as it should be.
    Ready,
    /// Not yet; what it waits for.
    Waits(String),
    /// It will not become so by itself; why.
    Failed(String),
    /// Its controller has said nothing yet, and perhaps never does.
    Silent,
}

/// The state of a live object.
pub fn status(object: &Value) -> Status {
    if text(object, "/metadata/deletionTimestamp").is_some() {
        return Status::Waits("it is being deleted".to_owned());
    }
    let of = group(text(object, "/apiVersion").unwrap_or_default());
    let kind = text(object, "/kind").unwrap_or_default();
    if let (Some(wanted), Some(seen)) =
        (number(object, "/metadata/generation"), number(object, "/status/observedGeneration"))
        && seen < wanted
    {
        return Status::Waits("its controller has not seen the change yet".to_owned());
    }
    match (of, kind) {
        ("apps", "Deployment") => deployment(object),
        ("apps", "StatefulSet") => stateful_set(object),
        ("apps", "DaemonSet") => daemon_set(object),
        ("apps", "ReplicaSet") => replicas(object, &["readyReplicas", "availableReplicas"]),
        ("", "ReplicationController") => replicas(object, &["readyReplicas", "availableReplicas"]),
        ("", "Pod") => pod(object),
        ("", "PersistentVolumeClaim") => phase(object, "Bound"),
        ("", "Service") => service(object),
        ("batch", "Job") => job(object),
        ("policy", "PodDisruptionBudget") => budget(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        ("apiregistration.k8s.io", "APIService") => told(object, "Available"),
        ("", "Namespace") => match text(object, "/status/phase") {
            Some("Terminating") => Status::Waits("it is being deleted".to_owned()),
            _ => Status::Ready,
        },
        (of, _) if is_built_in(of) => Status::Ready,
        _ => custom(object),
    }
}

/// Conditions that any kind may have, and what says that nothing was reported yet.
fn custom(object: &Value) -> Status {
    if object.get("status").and_then(Value::as_object).is_none_or(serde_json::Map::is_empty) {
        return Status::Silent;
    }
    if let Some((_, why)) = condition(object, "Stalled").filter(|(status, _)| *status == "True") {
        return Status::Failed(format!("it is stalled{why}"));
    }
    if let Some((_, why)) = condition(object, "Reconciling").filter(|(status, _)| *status == "True") {
        return Status::Waits(format!("it is being reconciled{why}"));
    }
    match condition(object, "Ready") {
        Some(("True", _)) => Status::Ready,
        Some((_, why)) => Status::Waits(format!("it is not ready{why}")),
        None => Status::Ready,
    }
}

fn deployment(object: &Value) -> Status {
    if let Some((_, why)) = condition(object, "Progressing").filter(|(status, _)| *status == "False")
        && text_of_condition(object, "Progressing", "reason") == Some("ProgressDeadlineExceeded")
    {
        return Status::Failed(format!("it made no progress in time{why}"));
    }
    if number(object, "/status/observedGeneration").is_none() {
        return Status::Waits("its controller has not seen it yet".to_owned());
    }
    let (wanted, updated) = (wanted(object), count(object, "updatedReplicas"));
    let (all, available) = (count(object, "replicas"), count(object, "availableReplicas"));
    if updated < wanted {
        return Status::Waits(format!("{updated} of {wanted} replicas are updated"));
    }
    if all > updated {
        return Status::Waits(format!("{} old replicas are still there", all - updated));
    }
    if available < wanted {
        return Status::Waits(format!("{available} of {wanted} replicas are available{}", unavailable(object)));
    }
    match condition(object, "Available") {
        Some(("True", _)) => Status::Ready,
        Some((_, why)) => Status::Waits(format!("it is not available{why}")),
        None => Status::Waits("it does not say yet that it is available".to_owned()),
    }
}

fn unavailable(object: &Value) -> String {
    condition(object, "ReplicaFailure").filter(|(status, _)| *status == "True").map(|(_, why)| why).unwrap_or_default()
}

fn stateful_set(object: &Value) -> Status {
    if text(object, "/spec/updateStrategy/type") == Some("OnDelete") {
        return Status::Ready;
    }
    if number(object, "/status/observedGeneration").is_none() {
        return Status::Waits("its controller has not seen it yet".to_owned());
    }
    let ready = replicas(object, &["replicas", "readyReplicas"]);
    if ready != Status::Ready {
        return ready;
    }
    let (wanted, updated) = (wanted(object), count(object, "updatedReplicas"));
    if let Some(partition) = number(object, "/spec/updateStrategy/rollingUpdate/partition").filter(|p| *p > 0) {
        let due = (wanted - partition).max(0);
        return if updated >= due {
            Status::Ready
        } else {
            Status::Waits(format!("{updated} of {due} replicas are updated"))
        };
    }
    let revisions = (text(object, "/status/currentRevision"), text(object, "/status/updateRevision"));
    if revisions.1.is_some() && revisions.0 != revisions.1 {
        return Status::Waits(format!("{updated} of {wanted} replicas are updated"));
    }
    Status::Ready
}

fn daemon_set(object: &Value) -> Status {
    if number(object, "/status/observedGeneration").is_none() {
        return Status::Waits("its controller has not seen it yet".to_owned());
    }
    let wanted = count(object, "desiredNumberScheduled");
    let counts = [
        ("currentNumberScheduled", "scheduled"),
        ("updatedNumberScheduled", "updated"),
        ("numberAvailable", "available"),
        ("numberReady", "ready"),
    ];
    for (name, word) in counts {
        let there = count(object, name);
        if there < wanted {
            return Status::Waits(format!("{there} of {wanted} pods are {word}"));
        }
    }
    Status::Ready
}

fn replicas(object: &Value, counts: &[&str]) -> Status {
    let wanted = wanted(object);
    for name in counts {
        let there = count(object, name);
        if there < wanted {
            let word = match *name {
                "readyReplicas" => "ready",
                "availableReplicas" => "available",
                _ => "there",
            };
            return Status::Waits(format!("{there} of {wanted} replicas are {word}{}", unavailable(object)));
        }
    }
    Status::Ready
}

fn pod(object: &Value) -> Status {
    match text(object, "/status/phase") {
        Some("Succeeded") => Status::Ready,
        Some("Failed") => {
            let why = text(object, "/status/message").or_else(|| text(object, "/status/reason"));
            Status::Failed(format!("it failed{}", why.map(|why| format!(": {why}")).unwrap_or_default()))
        }
        Some("Running") => match condition(object, "Ready") {
            Some(("True", _)) => Status::Ready,
            _ => Status::Waits(format!("it is not ready{}", container(object))),
        },
        Some(phase) => Status::Waits(format!("it is {}{}", phase.to_lowercase(), container(object))),
        None => Status::Waits("it has no phase yet".to_owned()),
    }
}

/// What the first container that waits, waits for.
fn container(object: &Value) -> String {
    let statuses = object.pointer("/status/containerStatuses").and_then(Value::as_array);
    let mut waits = statuses.into_iter().flatten().filter_map(|status| {
        let reason = text(status, "/state/waiting/reason")?;
        Some(format!(": {} waits ({reason})", text(status, "/name").unwrap_or("a container")))
    });
    waits.next().unwrap_or_default()
}

fn phase(object: &Value, ready: &str) -> Status {
    match text(object, "/status/phase") {
        Some(phase) if phase == ready => Status::Ready,
        Some(phase) => Status::Waits(format!("it is {phase} and not yet {ready}")),
        None => Status::Waits(format!("it is not yet {ready}")),
    }
}

fn service(object: &Value) -> Status {
    if text(object, "/spec/type") != Some("LoadBalancer") {
        return Status::Ready;
    }
    let addresses = object.pointer("/status/loadBalancer/ingress").and_then(Value::as_array);
    if addresses.is_some_and(|addresses| !addresses.is_empty()) {
        Status::Ready
    } else {
        Status::Waits("its load balancer has no address yet".to_owned())
    }
}

fn job(object: &Value) -> Status {
    if let Some((_, why)) = condition(object, "Failed").filter(|(status, _)| *status == "True") {
        return Status::Failed(format!("it failed{why}"));
    }
    let suspended = object.pointer("/spec/suspend") == Some(&Value::Bool(true));
    let complete = condition(object, "Complete").is_some_and(|(status, _)| status == "True");
    if complete || suspended || text(object, "/status/startTime").is_some() {
        Status::Ready
    } else {
        Status::Waits("it has not started yet".to_owned())
    }
}

fn budget(object: &Value) -> Status {
    if number(object, "/status/observedGeneration").is_none() {
        return Status::Waits("its controller has not seen it yet".to_owned());
    }
    let (healthy, wanted) = (count(object, "currentHealthy"), count(object, "desiredHealthy"));
    if healthy >= wanted { Status::Ready } else { Status::Waits(format!("{healthy} of {wanted} pods are healthy")) }
}

fn definition(object: &Value) -> Status {
    if let Some((_, why)) = condition(object, "NamesAccepted").filter(|(status, _)| *status == "False") {
        return Status::Failed(format!("its names are taken{why}"));
    }
    told(object, "Established")
}

/// Ready once a condition is true.
fn told(object: &Value, name: &str) -> Status {
    match condition(object, name) {
        Some(("True", _)) => Status::Ready,
        Some((_, why)) => Status::Waits(format!("it is not {}{why}", name.to_lowercase())),
        None => Status::Waits(format!("it is not yet {}", name.to_lowercase())),
    }
}

/// A condition's status, and `: reason: message` as far as it says any.
pub fn condition<'v>(object: &'v Value, name: &str) -> Option<(&'v str, String)> {
    let found = find_condition(object, name)?;
    let why: Vec<&str> = ["/reason", "/message"].into_iter().filter_map(|part| text(found, part)).collect();
    let why = if why.is_empty() { String::new() } else { format!(": {}", why.join(": ")) };
    Some((text(found, "/status").unwrap_or("Unknown"), why))
}

fn find_condition<'v>(object: &'v Value, name: &str) -> Option<&'v Value> {
    let all = object.pointer("/status/conditions")?.as_array()?;
    all.iter().find(|condition| text(condition, "/type") == Some(name))
}

fn text_of_condition<'v>(object: &'v Value, name: &str, part: &str) -> Option<&'v str> {
    find_condition(object, name)?.get(part)?.as_str()
}

fn number(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer)?.as_i64()
}

fn wanted(object: &Value) -> i64 {
    number(object, "/spec/replicas").unwrap_or(1)
}

fn count(object: &Value, name: &str) -> i64 {
    object.get("status").and_then(|status| status.get(name)).and_then(Value::as_i64).unwrap_or(0)
}
