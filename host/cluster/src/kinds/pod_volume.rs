//! What is wrong with the volumes of a Pod.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::labels::form;
use super::pod_path::{descending, no_backsteps, not_reserved};
use super::pod_source::{downward_file, key_to_path, mode};
use super::{name, pod_container};
use crate::invalid::Invalid;
use crate::object::{at, has, int, items, text};
use crate::path::Path;

/// Every kind of volume, in the order in which they are looked at, with the fields that it cannot do without.
const SOURCES: &[(&str, &[&str])] = &[
    ("emptyDir", &[]),
    ("hostPath", &["path"]),
    ("gitRepo", &["repository"]),
    ("gcePersistentDisk", &["pdName"]),
    ("awsElasticBlockStore", &["volumeID"]),
    ("secret", &["secretName"]),
    ("nfs", &["server", "path"]),
    ("iscsi", &["targetPortal", "iqn"]),
    ("glusterfs", &["endpoints", "path"]),
    ("flocker", &[]),
    ("persistentVolumeClaim", &["claimName"]),
    ("rbd", &["monitors", "image"]),
    ("cinder", &["volumeID"]),
    ("cephfs", &["monitors"]),
    ("quobyte", &["registry", "volume"]),
    ("downwardAPI", &[]),
    ("fc", &[]),
    ("flexVolume", &["driver"]),
    ("configMap", &["name"]),
    ("azureFile", &["secretName", "shareName"]),
    ("vsphereVolume", &["volumePath"]),
    ("photonPersistentDisk", &["pdID"]),
    ("portworxVolume", &["volumeID"]),
    ("azureDisk", &["diskName", "diskURI"]),
    ("storageos", &["volumeName"]),
    ("projected", &[]),
    ("scaleIO", &["gateway", "system", "volumeName"]),
    ("csi", &["driver"]),
    ("ephemeral", &["volumeClaimTemplate"]),
    ("image", &[]),
];

/// `volumes`; returns those that are right, by name, which mounts may refer to. `pod` is the Pod's name, if it is
/// a Pod's, not a template's.
pub(super) fn volumes<'a>(
    spec: &'a Value,
    pod: Option<&str>,
    path: &Path,
) -> (BTreeMap<&'a str, &'a Value>, Vec<Invalid>) {
    let (mut right, mut errors) = (BTreeMap::new(), Vec::new());
    let claims: BTreeSet<String> = match pod {
        Some(pod) => items(spec, "volumes")
            .iter()
            .filter(|volume| has(volume, "ephemeral"))
            .map(|volume| format!("{pod}-{}", text(volume, "name")))
            .collect(),
        None => BTreeSet::new(),
    };
    for (index, volume) in items(spec, "volumes").iter().enumerate() {
        let path = path.index(index);
        let mut wrong = source(volume, pod, &path);
        let name = text(volume, "name");
        match name {
            "" => wrong.push(Invalid::required(path.child("name"), "")),
            name => wrong.extend(form(&path.child("name"), name, name::label)),
        }
        if right.contains_key(name) {
            wrong.push(Invalid::duplicate(path.child("name"), &Value::from(name)));
        }
        if wrong.is_empty() {
            right.insert(name, volume);
        }
        errors.extend(wrong);
        let claim = at(at(volume, "persistentVolumeClaim"), "claimName");
        if claim.as_str().is_some_and(|claim| claims.contains(claim)) {
            let path = path.child("persistentVolumeClaim").child("claimName");
            let detail = "must not reference a PVC that gets created for an ephemeral volume";
            errors.push(Invalid::invalid(path, claim, detail));
        }
    }
    (right, errors)
}

fn source(volume: &Value, pod: Option<&str>, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    let mut any = false;
    for (kind, required) in SOURCES.iter().filter(|(kind, _)| has(volume, kind)) {
        // Two of the names are written otherwise in refusals.
        let shown = match *kind {
            "cephfs" => "cephFS",
            "downwardAPI" => "downwarAPI",
            kind => kind,
        };
        if any {
            errors.push(Invalid::forbidden(path.child(shown), "may not specify more than 1 volume type"));
            continue;
        }
        any = true;
        let (source, at_kind) = (at(volume, kind), path.child(kind));
        for field in required.iter().filter(|field| is_missing(at(source, field))) {
            errors.push(Invalid::required(at_kind.child(field), ""));
        }
        details(kind, source, &at_kind, pod, &mut errors);
        if let (Some(pod), "ephemeral") = (pod.filter(|pod| !pod.is_empty()), *kind) {
            let name = text(volume, "name");
            let claim = format!("{pod}-{name}");
            for said in name::subdomain(&claim).iter().filter(|_| !name.is_empty()) {
                let detail = format!("PVC name {claim:?}: {said}");
                errors.push(Invalid::invalid(path.child("name"), &Value::from(name), detail));
            }
        }
    }
    if !any {
        errors.push(Invalid::required(path, "must specify a volume type"));
    }
    errors
}

fn is_missing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn details(kind: &str, source: &Value, path: &Path, pod: Option<&str>, errors: &mut Vec<Invalid>) {
    match kind {
        "emptyDir" if text(source, "sizeLimit").starts_with('-') => {
            let detail = "SizeLimit field must be a valid resource quantity";
            errors.push(Invalid::forbidden(path.child("sizeLimit"), detail));
        }
        "hostPath" if !text(source, "path").is_empty() => {
            const TYPES: &[&str] =
                &["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
            errors.extend(no_backsteps(text(source, "path"), &path.child("path")));
            if !TYPES.contains(&text(source, "type")) {
                errors.push(Invalid::not_supported(path.child("type"), at(source, "type"), TYPES));
            }
        }
        "gitRepo" => errors.extend(descending(text(source, "directory"), &path.child("directory"))),
        "gcePersistentDisk" | "awsElasticBlockStore" => {
            let partition = int(source, "partition").unwrap_or_default();
            if !(0..=255).contains(&partition) {
                let path = path.child("partition");
                errors.push(Invalid::invalid(path, &Value::from(partition), name::range_error(1, 255)));
            }
        }
        "secret" | "configMap" => {
            errors.extend(mode(path.child("defaultMode"), int(source, "defaultMode")));
            for (index, item) in items(source, "items").iter().enumerate() {
                key_to_path(item, &path.child("items").index(index), errors);
            }
        }
        "nfs" if !text(source, "path").starts_with('/') => {
            let detail = "must be an absolute path";
            errors.push(Invalid::invalid(path.child("path"), &Value::from(text(source, "path")), detail));
        }
        "downwardAPI" => {
            errors.extend(mode(path.child("defaultMode"), int(source, "defaultMode")));
            for file in items(source, "items") {
                downward_file(file, path, errors);
            }
        }
        "projected" => projected(source, path, errors),
        "csi" => {
            let driver = text(source, "driver");
            if driver.len() > 63 {
                errors.push(Invalid::too_long(path.child("driver"), 63));
            }
            for said in name::subdomain(&driver.to_lowercase()) {
                errors.push(Invalid::invalid(path.child("driver"), &Value::from(driver), said));
            }
            let secret = at(source, "nodePublishSecretRef");
            if !secret.is_null() {
                let path = path.child("nodePublishSecretRef").child("name");
                match text(secret, "name") {
                    "" => errors.push(Invalid::required(path, "")),
                    name => errors.extend(form(&path, name, name::subdomain)),
                }
            }
        }
        "ephemeral" if has(source, "volumeClaimTemplate") => {
            let spec = at(at(source, "volumeClaimTemplate"), "spec");
            let path = path.child("volumeClaimTemplate").child("spec");
            if items(spec, "accessModes").is_empty() {
                let detail = "at least 1 access mode is required";
                errors.push(Invalid::required(path.child("accessModes"), detail));
            }
            if !has(at(at(spec, "resources"), "requests"), "storage") {
                errors.push(Invalid::required(path.child("resources").key("storage"), ""));
            }
        }
        "image" => {
            if pod.is_some() && text(source, "reference").is_empty() {
                errors.push(Invalid::required(path.child("reference"), ""));
            }
            errors.extend(pod_container::pull_policy(at(source, "pullPolicy"), path.child("pullPolicy")));
        }
        "flocker" => {
            let (name, id) = (text(source, "datasetName"), text(source, "datasetUUID"));
            if name.is_empty() && id.is_empty() {
                errors.push(Invalid::required(path, "one of datasetName and datasetUUID is required"));
            }
        }
        "fc" if items(source, "targetWWNs").is_empty() && items(source, "wwids").is_empty() => {
            let detail = "must specify either targetWWNs or wwids, but not both";
            errors.push(Invalid::required(path.child("targetWWNs"), detail));
        }
        _ => {}
    }
}

fn projected(source: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    errors.extend(mode(path.child("defaultMode"), int(source, "defaultMode")));
    let mut paths = BTreeSet::new();
    for (index, source) in items(source, "sources").iter().enumerate() {
        let at_source = path.child("sources").index(index);
        let mut sources = 0;
        for kind in ["secret", "configMap"].into_iter().filter(|kind| has(source, kind)) {
            sources += 1;
            let (projection, at_kind) = (at(source, kind), at_source.child(kind));
            if text(projection, "name").is_empty() {
                errors.push(Invalid::required(at_kind.child("name"), ""));
            }
            for (index, item) in items(projection, "items").iter().enumerate() {
                key_to_path(item, &at_kind.child("items").index(index), errors);
                let place = text(item, "path");
                if !place.is_empty() && !paths.insert(place) {
                    let name = Value::from(text(projection, "name"));
                    errors.push(Invalid::invalid(path, &name, "conflicting duplicate paths"));
                }
            }
        }
        if has(source, "downwardAPI") {
            sources += 1;
            for file in items(at(source, "downwardAPI"), "items") {
                downward_file(file, &at_source.child("downwardAPI"), errors);
                let place = text(file, "path");
                if !place.is_empty() && !paths.insert(place) {
                    errors.push(Invalid::invalid(path, &Value::from(place), "conflicting duplicate paths"));
                }
            }
        }
        if has(source, "serviceAccountToken") {
            sources += 1;
            token(at(source, "serviceAccountToken"), &at_source.child("serviceAccountToken"), path, errors);
        }
        if has(source, "clusterTrustBundle") || has(source, "podCertificate") {
            sources += 1;
        }
        if sources > 1 {
            errors.push(Invalid::forbidden(&at_source, "may not specify more than 1 volume type per source"));
        }
    }
}

fn token(token: &Value, at_kind: &Path, path: &Path, errors: &mut Vec<Invalid>) {
    let seconds = int(token, "expirationSeconds").unwrap_or_default();
    let detail = match seconds {
        ..600 => Some("may not specify a duration less than 10 minutes"),
        600..=4_294_967_296 => None,
        _ => Some("may not specify a duration larger than 2^32 seconds"),
    };
    errors.extend(detail.map(|it| Invalid::invalid(at_kind.child("expirationSeconds"), &Value::from(seconds), it)));
    match text(token, "path") {
        "" => errors.push(Invalid::required(path.child("path"), "")),
        place => errors.extend(not_reserved(place, &path.child("path"))),
    }
}
