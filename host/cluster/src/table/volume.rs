//! Volumes, claims and classes of storage.

use serde_json::{Value, json};

use super::age::age;
use super::label::{or, or_none};
use super::{AGE, Column, NAME, Table, boolean, integer, text, wide};
use crate::controllers::object::{annotation, is_deleted, items, name, text as at, truth};

/// `RWO,ROX,RWX,RWOP`: in this order, each once.
fn modes(object: &Value, pointer: &str) -> String {
    let held = items(object, pointer);
    let all =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let short = all.iter().filter(|(mode, _)| held.iter().any(|held| held == mode)).map(|(_, short)| *short);
    short.collect::<Vec<_>>().join(",")
}

/// The class of a volume or a claim, by its field or by the annotation of old.
fn class(object: &Value) -> Value {
    let noted = annotation(object, "volume.beta.kubernetes.io/storage-class");
    json!(noted.unwrap_or_else(|| at(object, "/spec/storageClassName")))
}

fn phase(object: &Value) -> Value {
    json!(if is_deleted(object) { "Terminating" } else { at(object, "/status/phase") })
}

fn unset(object: &Value, pointer: &str) -> Value {
    json!(or(at(object, pointer), "<unset>"))
}

pub(super) static PERSISTENT_VOLUME: Table = Table {
    columns: &[
        NAME,
        text("Capacity"),
        text("Access Modes"),
        text("Reclaim Policy"),
        text("Status"),
        text("Claim"),
        text("StorageClass"),
        text("VolumeAttributesClass"),
        text("Reason"),
        AGE,
        wide("VolumeMode"),
    ],
    cells: |object, now| {
        let claim = object.pointer("/spec/claimRef").filter(|claim| !claim.is_null());
        let claim = claim.map(|claim| format!("{}/{}", at(claim, "/namespace"), at(claim, "/name")));
        vec![
            json!(name(object)),
            json!(or(at(object, "/spec/capacity/storage"), "0")),
            json!(modes(object, "/spec/accessModes")),
            json!(at(object, "/spec/persistentVolumeReclaimPolicy")),
            phase(object),
            json!(claim.unwrap_or_default()),
            class(object),
            unset(object, "/spec/volumeAttributesClassName"),
            json!(at(object, "/status/reason")),
            age(object, now),
            unset(object, "/spec/volumeMode"),
        ]
    },
};

pub(super) static PERSISTENT_VOLUME_CLAIM: Table = Table {
    columns: &[
        NAME,
        text("Status"),
        text("Volume"),
        text("Capacity"),
        text("Access Modes"),
        text("StorageClass"),
        text("VolumeAttributesClass"),
        AGE,
        wide("VolumeMode"),
    ],
    cells: |object, now| {
        let volume = at(object, "/spec/volumeName");
        let (capacity, modes) = match volume {
            "" => (String::new(), String::new()),
            _ => (or(at(object, "/status/capacity/storage"), "0"), modes(object, "/status/accessModes")),
        };
        vec![
            json!(name(object)),
            phase(object),
            json!(volume),
            json!(capacity),
            json!(modes),
            class(object),
            unset(object, "/spec/volumeAttributesClassName"),
            age(object, now),
            unset(object, "/spec/volumeMode"),
        ]
    },
};

/// The name, with a mark where an annotation makes it the default one.
fn marked(object: &Value, annotations: &[&str]) -> Value {
    let default = annotations.iter().any(|key| annotation(object, key) == Some("true"));
    json!(if default { format!("{} (default)", name(object)) } else { name(object).to_owned() })
}

pub(super) static STORAGE_CLASS: Table = Table {
    columns: &[
        NAME,
        text("Provisioner"),
        text("ReclaimPolicy"),
        text("VolumeBindingMode"),
        text("AllowVolumeExpansion"),
        AGE,
    ],
    cells: |object, now| {
        let marks = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
        vec![
            marked(object, &marks),
            json!(at(object, "/provisioner")),
            json!(or(at(object, "/reclaimPolicy"), "Delete")),
            json!(or(at(object, "/volumeBindingMode"), "Immediate")),
            json!(truth(object, "/allowVolumeExpansion")),
            age(object, now),
        ]
    },
};

pub(super) static VOLUME_ATTRIBUTES_CLASS: Table = Table {
    columns: &[NAME, text("DriverName"), AGE],
    cells: |object, now| {
        let marks = ["storage.alpha.kubernetes.io/is-default-class"];
        vec![marked(object, &marks), json!(at(object, "/driverName")), age(object, now)]
    },
};

pub(super) static VOLUME_ATTACHMENT: Table = Table {
    columns: &[NAME, Column { format: "name", ..text("Attacher") }, text("PV"), text("Node"), boolean("Attached"), AGE],
    cells: |object, now| {
        vec![
            json!(name(object)),
            json!(at(object, "/spec/attacher")),
            json!(at(object, "/spec/source/persistentVolumeName")),
            json!(at(object, "/spec/nodeName")),
            json!(truth(object, "/status/attached")),
            age(object, now),
        ]
    },
};

pub(super) static CSI_NODE: Table = Table {
    columns: &[NAME, integer("Drivers"), AGE],
    cells: |object, now| vec![json!(name(object)), json!(items(object, "/spec/drivers").len()), age(object, now)],
};

pub(super) static CSI_DRIVER: Table = Table {
    columns: &[
        NAME,
        boolean("AttachRequired"),
        boolean("PodInfoOnMount"),
        boolean("StorageCapacity"),
        text("TokenRequests"),
        boolean("RequiresRepublish"),
        text("Modes"),
        AGE,
    ],
    cells: |object, now| {
        let modes: Vec<&str> = items(object, "/spec/volumeLifecycleModes").iter().filter_map(Value::as_str).collect();
        let tokens = items(object, "/spec/tokenRequests").iter().map(|token| at(token, "/audience"));
        let tokens = match object.pointer("/spec/tokenRequests") {
            Some(_) => tokens.collect::<Vec<_>>().join(","),
            None => "<unset>".to_owned(),
        };
        let attach = object.pointer("/spec/attachRequired").and_then(Value::as_bool).unwrap_or(true);
        vec![
            json!(name(object)),
            json!(attach),
            json!(truth(object, "/spec/podInfoOnMount")),
            json!(truth(object, "/spec/storageCapacity")),
            json!(tokens),
            json!(truth(object, "/spec/requiresRepublish")),
            json!(or_none(modes.join(","))),
            age(object, now),
        ]
    },
};

pub(super) static CSI_STORAGE_CAPACITY: Table = Table {
    columns: &[NAME, text("StorageClassName"), text("Capacity")],
    cells: |object, _| {
        vec![json!(name(object)), json!(at(object, "/storageClassName")), json!(or(at(object, "/capacity"), "<unset>"))]
    },
};
