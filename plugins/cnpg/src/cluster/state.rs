//! How a database is, by what the operator says of it, and why one is not healthy.

use maps_kube_objects::id::ObjectId;
use maps_kube_objects::ready::{Status, condition};
use maps_sdk::kube::{Cluster, ListOptions, TypeMeta};
use serde_json::Value;

use super::model::{Inputs, UpdateStrategy};
use crate::custom::text;

const HEALTHY: &str = "Cluster in healthy state";
const WAITS_FOR_USER: &str = "Waiting for user action";
/// As the operator says it now, and as it did before.
const UNRECOVERABLE: [&str; 2] = [
    "Cluster is unrecoverable and needs manual intervention",
    "Cluster is in an unrecoverable state, needs manual intervention",
];
/// The annotation by which a database sleeps: its Pods go, and its volumes stay. The condition is called the same.
pub(super) const HIBERNATION: &str = "cnpg.io/hibernation";

/// The longest message of another that is shown.
const LONGEST: usize = 300;
/// Messages about Pods, and about events, that are shown.
const MOST: usize = 3;

pub(super) fn state(inputs: &Inputs, live: &Value) -> Status {
    let phase = text(live, "/status/phase");
    let reason = match text(live, "/status/phaseReason") {
        "" => String::new(),
        reason => format!(": {}", short(reason)),
    };
    let (ready, there) = (count(live, "/status/readyInstances"), count(live, "/status/instances"));
    let wanted = u64::from(inputs.instances);
    let runs = text(live, "/status/image");
    if inputs.annotations.get(HIBERNATION).is_some_and(|value| value == "on") {
        return match condition(live, HIBERNATION) {
            Some(("True", _)) => Status::Ready,
            Some((_, why)) => Status::Waits(format!("it is not asleep yet{why}")),
            None => Status::Silent,
        };
    }
    match phase {
        "" => Status::Silent,
        _ if UNRECOVERABLE.contains(&phase) => Status::Failed(format!("it is in an unrecoverable state{reason}")),
        // Everything is ready for whoever supervises the primary's update.
        WAITS_FOR_USER if inputs.primary_update_strategy == Some(UpdateStrategy::Supervised) => Status::Ready,
        HEALTHY if there != wanted || ready != wanted => {
            Status::Waits(format!("{ready} of {wanted} instances are ready"))
        }
        HEALTHY if inputs.image.as_deref().is_some_and(|image| !runs.is_empty() && runs != image) => {
            Status::Waits(format!("it still runs {runs}"))
        }
        HEALTHY => Status::Ready,
        phase => Status::Waits(format!("{}{reason}, {ready} of {wanted} instances are ready", short(phase))),
    }
}

fn count(live: &Value, pointer: &str) -> u64 {
    live.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

/// What is said about its Pods that are not ready, and the latest warnings: nothing where it cannot be read, since it
/// only adds to a message.
pub(super) fn explain(cluster: &Cluster, id: &ObjectId) -> Vec<String> {
    let of = |kind: &str, label: Option<String>, field: Option<&str>| ListOptions {
        kind: TypeMeta::new("v1", kind),
        namespace: id.namespace.clone(),
        label_selector: label,
        field_selector: field.map(str::to_owned),
    };
    let pods = of("Pod", Some(selector(&id.name)), None);
    let events = of("Event", None, Some("type=Warning"));
    let mut answers = cluster.list_all(&[pods, events]).into_iter().map(Result::unwrap_or_default);
    let (pods, events) = (answers.next().unwrap_or_default(), answers.next().unwrap_or_default());
    let mut said: Vec<String> = pods.iter().filter_map(not_ready).take(MOST).collect();
    said.extend(warnings(&events, &id.name));
    said
}

/// What everything that the operator makes for a database carries.
pub(super) fn selector(name: &str) -> String {
    format!("cnpg.io/cluster={name}")
}

fn not_ready(pod: &Value) -> Option<String> {
    let conditions = || pod.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    let phase = text(pod, "/status/phase");
    if phase == "Succeeded" || conditions().any(|of| of["type"] == "Ready" && of["status"] == "True") {
        return None;
    }
    let unscheduled = conditions().find(|of| of["type"] == "PodScheduled" && of["status"] == "False");
    let containers = ["initContainerStatuses", "containerStatuses"].into_iter();
    let mut waiting = containers
        .flat_map(|part| pod.pointer("/status")?.get(part)?.as_array())
        .flatten()
        .filter_map(|container| container.pointer("/state/waiting"));
    let why = match (unscheduled, waiting.next()) {
        (Some(condition), _) => format!("{}: {}", text(condition, "/reason"), text(condition, "/message")),
        (None, Some(waiting)) => format!("{}: {}", text(waiting, "/reason"), text(waiting, "/message")),
        (None, None) => format!("{phase}, not ready"),
    };
    Some(format!("Pod {}: {}", text(pod, "/metadata/name"), short(why.trim_end_matches([':', ' ']))))
}

/// The latest warnings about a database and what is made for it, each once.
fn warnings(events: &[Value], name: &str) -> Vec<String> {
    let about = |event: &&Value| {
        let of = text(event, "/involvedObject/name");
        of == name || of.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'))
    };
    let time = |event: &Value| {
        let times = ["/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
        times.into_iter().map(|at| text(event, at)).find(|time| !time.is_empty()).unwrap_or_default().to_owned()
    };
    let mut all: Vec<&Value> = events.iter().filter(about).collect();
    all.sort_by_key(|event| std::cmp::Reverse(time(event)));
    let mut told: Vec<String> = Vec::new();
    for event in all {
        let (kind, of) = (text(event, "/involvedObject/kind"), text(event, "/involvedObject/name"));
        let line = short(&format!("{kind} {of}: {}: {}", text(event, "/reason"), text(event, "/message")));
        if !told.contains(&line) {
            told.push(line);
        }
        if told.len() == MOST {
            break;
        }
    }
    told
}
