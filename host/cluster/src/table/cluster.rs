//! Kinds about the cluster itself: flow control, aggregated APIs, leases, classes, devices.

use serde_json::{Value, json};

use super::age::age;
use super::label::or_none;
use super::{AGE, NAME, Table, boolean, integer, text};
use crate::controllers::object::{condition, integer as number, is_deleted, items, name, text as at, truth};

pub(super) static FLOW_SCHEMA: Table = Table {
    columns: &[
        NAME,
        text("PriorityLevel"),
        text("MatchingPrecedence"),
        text("DistinguisherMethod"),
        AGE,
        text("MissingPL"),
    ],
    cells: |object, now| {
        let dangling = condition(object, "Dangling").map_or("?", |condition| at(condition, "/status"));
        vec![
            json!(name(object)),
            json!(at(object, "/spec/priorityLevelConfiguration/name")),
            json!(number(object, "/spec/matchingPrecedence").unwrap_or_default()),
            json!(or_none(at(object, "/spec/distinguisherMethod/type").to_owned())),
            age(object, now),
            json!(dangling),
        ]
    },
};

pub(super) static PRIORITY_LEVEL: Table = Table {
    columns: &[
        NAME,
        text("Type"),
        text("NominalConcurrencyShares"),
        text("Queues"),
        text("HandSize"),
        text("QueueLengthLimit"),
        AGE,
    ],
    cells: |object, now| {
        let or_none = |pointer: &str| match number(object, pointer) {
            Some(number) => json!(number),
            None => json!("<none>"),
        };
        vec![
            json!(name(object)),
            json!(at(object, "/spec/type")),
            or_none("/spec/limited/nominalConcurrencyShares"),
            or_none("/spec/limited/limitResponse/queuing/queues"),
            or_none("/spec/limited/limitResponse/queuing/handSize"),
            or_none("/spec/limited/limitResponse/queuing/queueLengthLimit"),
            age(object, now),
        ]
    },
};

pub(super) static API_SERVICE: Table = Table {
    columns: &[NAME, text("Service"), text("Available"), AGE],
    cells: |object, now| {
        let service = match object.pointer("/spec/service").filter(|service| !service.is_null()) {
            Some(service) => format!("{}/{}", at(service, "/namespace"), at(service, "/name")),
            None => "Local".to_owned(),
        };
        let available = match condition(object, "Available").map(|held| (at(held, "/status"), at(held, "/reason"))) {
            None => "Unknown".to_owned(),
            Some((status @ "True", _) | (status, "")) => status.to_owned(),
            Some((status, reason)) => format!("{status} ({reason})"),
        };
        vec![json!(name(object)), json!(service), json!(available), age(object, now)]
    },
};

pub(super) static LEASE: Table = Table {
    columns: &[NAME, text("Holder"), AGE],
    cells: |object, now| vec![json!(name(object)), json!(at(object, "/spec/holderIdentity")), age(object, now)],
};

pub(super) static PRIORITY_CLASS: Table = Table {
    columns: &[NAME, integer("Value"), boolean("Global-Default"), AGE, text("PreemptionPolicy")],
    cells: |object, now| {
        vec![
            json!(name(object)),
            json!(number(object, "/value").unwrap_or_default()),
            json!(truth(object, "/globalDefault")),
            age(object, now),
            json!(at(object, "/preemptionPolicy")),
        ]
    },
};

pub(super) static RUNTIME_CLASS: Table = Table {
    columns: &[NAME, text("Handler"), AGE],
    cells: |object, now| vec![json!(name(object)), json!(at(object, "/handler")), age(object, now)],
};

pub(super) static NAME_AND_AGE: Table =
    Table { columns: &[NAME, AGE], cells: |object, now| vec![json!(name(object)), age(object, now)] };

pub(super) static RESOURCE_CLAIM: Table = Table {
    columns: &[NAME, text("State"), AGE],
    cells: |object, now| vec![json!(name(object)), json!(claimed(object)), age(object, now)],
};

fn claimed(claim: &Value) -> String {
    let allocated = claim.pointer("/status/allocation").is_some_and(|allocation| !allocation.is_null());
    let reserved = allocated && !items(claim, "/status/reservedFor").is_empty();
    let states = [
        (is_deleted(claim), "deleted"),
        (!allocated && !is_deleted(claim), "pending"),
        (allocated, "allocated"),
        (reserved, "reserved"),
    ];
    states.iter().filter(|(is, _)| *is).map(|(_, state)| *state).collect::<Vec<_>>().join(",")
}

pub(super) static RESOURCE_SLICE: Table = Table {
    columns: &[NAME, text("Node"), text("Driver"), text("Pool"), AGE],
    cells: |object, now| {
        vec![
            json!(name(object)),
            json!(at(object, "/spec/nodeName")),
            json!(at(object, "/spec/driver")),
            json!(at(object, "/spec/pool/name")),
            age(object, now),
        ]
    },
};
