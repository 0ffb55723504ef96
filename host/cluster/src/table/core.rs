//! Kinds of the core that make no Pods: configuration, namespaces, nodes, events, quotas.

use serde_json::{Value, json};

use super::age::{age, since};
use super::label::{or, or_none};
use super::{AGE, Column, NAME, Table, text, wide};
use crate::controllers::object::{condition, fields, integer, is_true, items, name, text as at, truth};

fn entries(object: &Value, pointer: &str) -> usize {
    fields(object, pointer).map_or(0, serde_json::Map::len)
}

pub(super) static CONFIG_MAP: Table = Table {
    columns: &[NAME, text("Data"), AGE],
    cells: |object, now| {
        let data = entries(object, "/data") + entries(object, "/binaryData");
        vec![json!(name(object)), json!(data), age(object, now)]
    },
};

pub(super) static SECRET: Table = Table {
    columns: &[NAME, text("Type"), text("Data"), AGE],
    cells: |object, now| {
        vec![json!(name(object)), json!(at(object, "/type")), json!(entries(object, "/data")), age(object, now)]
    },
};

pub(super) static SERVICE_ACCOUNT: Table = Table {
    columns: &[NAME, text("Secrets"), AGE],
    cells: |object, now| vec![json!(name(object)), json!(items(object, "/secrets").len()), age(object, now)],
};

pub(super) static NAMESPACE: Table = Table {
    columns: &[NAME, text("Status"), AGE],
    cells: |object, now| vec![json!(name(object)), json!(at(object, "/status/phase")), age(object, now)],
};

pub(super) static NODE: Table = Table {
    columns: &[
        NAME,
        text("Status"),
        text("Roles"),
        AGE,
        text("Version"),
        wide("Internal-IP"),
        wide("External-IP"),
        wide("OS-Image"),
        wide("Kernel-Version"),
        wide("Container-Runtime"),
    ],
    cells: |object, now| {
        let mut status = match condition(object, "Ready") {
            Some(_) if is_true(object, "Ready") => "Ready".to_owned(),
            Some(_) => "NotReady".to_owned(),
            None => "Unknown".to_owned(),
        };
        if truth(object, "/spec/unschedulable") {
            status.push_str(",SchedulingDisabled");
        }
        let address = |kind: &str| {
            let all = items(object, "/status/addresses");
            let found = all.iter().find(|address| at(address, "/type") == kind);
            json!(or_none(found.map(|address| at(address, "/address").to_owned()).unwrap_or_default()))
        };
        let info = |field: &str| at(object, &format!("/status/nodeInfo/{field}")).to_owned();
        let known = |field: &str| json!(or(info(field), "<unknown>"));
        vec![
            json!(name(object)),
            json!(status),
            json!(or_none(roles(object).join(","))),
            age(object, now),
            json!(info("kubeletVersion")),
            address("InternalIP"),
            address("ExternalIP"),
            known("osImage"),
            known("kernelVersion"),
            known("containerRuntimeVersion"),
        ]
    },
};

fn roles(node: &Value) -> Vec<String> {
    let labels = fields(node, "/metadata/labels").into_iter().flatten();
    let mut roles: Vec<String> = labels
        .filter_map(|(key, value)| match (key.strip_prefix("node-role.kubernetes.io/"), value.as_str()) {
            (Some(role), _) if !role.is_empty() => Some(role.to_owned()),
            (None, Some(role)) if key == "kubernetes.io/role" && !role.is_empty() => Some(role.to_owned()),
            _ => None,
        })
        .collect();
    roles.sort();
    roles.dedup();
    roles
}

pub(super) static EVENT: Table = Table {
    columns: &[
        text("Last Seen"),
        text("Type"),
        text("Reason"),
        text("Object"),
        wide("Subobject"),
        wide("Source"),
        text("Message"),
        wide("First Seen"),
        wide("Count"),
        Column { priority: 1, ..NAME },
    ],
    cells: |object, now| {
        let first = match at(object, "/firstTimestamp") {
            "" => since(object, "/eventTime", now),
            _ => since(object, "/firstTimestamp", now),
        };
        let mut last = match at(object, "/lastTimestamp") {
            "" => first.clone(),
            _ => since(object, "/lastTimestamp", now),
        };
        let mut count = integer(object, "/count").filter(|count| *count != 0).unwrap_or(1);
        if object.pointer("/series").is_some_and(|series| !series.is_null()) {
            last = since(object, "/series/lastObservedTime", now);
            count = integer(object, "/series/count").unwrap_or_default();
        }
        let kind = at(object, "/involvedObject/kind").to_lowercase();
        let target = match at(object, "/involvedObject/name") {
            "" => kind,
            name => format!("{kind}/{name}"),
        };
        let component = or(at(object, "/source/component"), at(object, "/reportingComponent"));
        let source = match or(at(object, "/source/host"), at(object, "/reportingInstance")).as_str() {
            "" => component,
            host => format!("{component}, {host}"),
        };
        vec![
            json!(last),
            json!(at(object, "/type")),
            json!(at(object, "/reason")),
            json!(target),
            json!(at(object, "/involvedObject/fieldPath")),
            json!(source),
            json!(at(object, "/message").trim()),
            json!(first),
            json!(count),
            json!(name(object)),
        ]
    },
};

pub(super) static RESOURCE_QUOTA: Table = Table {
    columns: &[NAME, text("Request"), text("Limit"), AGE],
    cells: |object, now| {
        let (mut requests, mut limits) = (Vec::new(), Vec::new());
        let mut hard: Vec<_> = fields(object, "/status/hard").into_iter().flatten().collect();
        hard.sort_by_key(|(resource, _)| *resource);
        for (resource, quantity) in hard {
            let used = object.pointer("/status/used").and_then(|used| used.get(resource)).and_then(Value::as_str);
            let cell = format!("{resource}: {}/{}", used.unwrap_or("0"), quantity.as_str().unwrap_or_default());
            if resource.starts_with("limits.") { limits.push(cell) } else { requests.push(cell) }
        }
        vec![json!(name(object)), json!(requests.join(", ")), json!(limits.join(", ")), age(object, now)]
    },
};

pub(super) static COMPONENT_STATUS: Table = Table {
    columns: &[NAME, text("Status"), text("Message"), text("Error")],
    cells: |object, _| {
        let healthy = items(object, "/conditions").iter().find(|condition| at(condition, "/type") == "Healthy");
        let status = match healthy.map(|condition| at(condition, "/status")) {
            None => "Unknown",
            Some("True") => "Healthy",
            Some(_) => "Unhealthy",
        };
        let said = |field: &str| json!(healthy.map(|condition| at(condition, field)).unwrap_or_default());
        vec![json!(name(object)), json!(status), said("/message"), said("/error")]
    },
};
