//! Where a container has a Pod's volumes: mounted below paths, or as devices.

use std::collections::BTreeSet;

use serde_json::Value;

use super::pod_container::Surroundings;
use super::pod_path::{descending, no_backsteps};
use crate::invalid::Invalid;
use crate::object::{at, flag, has, items, text};
use crate::path::Path;

pub(super) fn mounts(container: &Value, around: &Surroundings<'_>, path: &Path, errors: &mut Vec<Invalid>) {
    let devices = items(container, "volumeDevices");
    let mut points = BTreeSet::new();
    for (index, mount) in items(container, "volumeMounts").iter().enumerate() {
        // Upstream leaves the index out of some of the paths.
        let (list, path) = (path, path.index(index));
        let (name, point) = (text(mount, "name"), text(mount, "mountPath"));
        if name.is_empty() {
            errors.push(Invalid::required(path.child("name"), ""));
        }
        let volume = around.volumes.get(name);
        if volume.is_none() {
            errors.push(Invalid::not_found(path.child("name"), &Value::from(name)));
        }
        if point.is_empty() {
            errors.push(Invalid::required(path.child("mountPath"), ""));
        }
        if !points.insert(point) {
            errors.push(Invalid::invalid(path.child("mountPath"), &Value::from(point), "must be unique"));
        }
        if devices.iter().any(|device| text(device, "name") == name) {
            let detail = "must not already exist in volumeDevices";
            errors.push(Invalid::invalid(path.child("name"), &Value::from(name), detail));
        }
        if devices.iter().any(|device| text(device, "devicePath") == point) {
            let detail = "must not already exist as a path in volumeDevices";
            errors.push(Invalid::invalid(path.child("mountPath"), &Value::from(point), detail));
        }
        let (sub, expression) = (text(mount, "subPath"), text(mount, "subPathExpr"));
        if !sub.is_empty() {
            errors.extend(descending(sub, &list.child("subPath")));
        }
        if !expression.is_empty() {
            if !sub.is_empty() {
                let detail = "subPathExpr and subPath are mutually exclusive";
                errors.push(Invalid::invalid(path.child("subPathExpr"), &Value::from(expression), detail));
            }
            errors.extend(descending(expression, &list.child("subPathExpr")));
        }
        if has(mount, "mountPropagation") {
            propagation(container, mount, &list.child("mountPropagation"), errors);
        }
        recursive_read_only(mount, &list.child("recursiveReadOnly"), errors);
    }
}

fn propagation(container: &Value, mount: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    let mode = text(mount, "mountPropagation");
    if !matches!(mode, "Bidirectional" | "HostToContainer" | "None") {
        let known = &["Bidirectional", "HostToContainer", "None"];
        errors.push(Invalid::not_supported(path, at(mount, "mountPropagation"), known));
    }
    if mode == "Bidirectional" && !flag(at(container, "securityContext"), "privileged") {
        let detail = "Bidirectional mount propagation is available only to privileged containers";
        errors.push(Invalid::forbidden(path, detail));
    }
}

fn recursive_read_only(mount: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    match at(mount, "recursiveReadOnly").as_str() {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if !flag(mount, "readOnly") {
                errors.push(Invalid::forbidden(path, "may only be specified when readOnly is true"));
            }
            if !matches!(text(mount, "mountPropagation"), "" | "None") {
                let detail = "may only be specified when mountPropagation is None or not specified";
                errors.push(Invalid::forbidden(path, detail));
            }
        }
        Some(_) => {
            let known = &["Disabled", "Enabled", "IfPossible"];
            errors.push(Invalid::not_supported(path, at(mount, "recursiveReadOnly"), known));
        }
    }
}

pub(super) fn devices(container: &Value, around: &Surroundings<'_>, path: &Path, errors: &mut Vec<Invalid>) {
    let mounts = items(container, "volumeMounts");
    let (mut names, mut paths) = (BTreeSet::new(), BTreeSet::new());
    for (index, device) in items(container, "volumeDevices").iter().enumerate() {
        let path = path.index(index);
        let (name, point) = (text(device, "name"), text(device, "devicePath"));
        let (shown_name, shown_point) = (Value::from(name), Value::from(point));
        if name.is_empty() {
            errors.push(Invalid::required(path.child("name"), ""));
        }
        if names.contains(name) {
            errors.push(Invalid::invalid(path.child("name"), &shown_name, "must be unique"));
        }
        match around.volumes.get(name) {
            None => errors.push(Invalid::not_found(path.child("name"), &shown_name)),
            Some(volume) if has(volume, "persistentVolumeClaim") || has(volume, "ephemeral") => {}
            Some(_) => {
                let detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                errors.push(Invalid::invalid(path.child("name"), &shown_name, detail));
            }
        }
        if point.is_empty() {
            errors.push(Invalid::required(path.child("devicePath"), ""));
        }
        if paths.contains(point) {
            errors.push(Invalid::invalid(path.child("devicePath"), &shown_point, "must be unique"));
        }
        if no_backsteps(point, &path).is_some() {
            let detail = "can not contain backsteps ('..')";
            errors.push(Invalid::invalid(path.child("devicePath"), &shown_point, detail));
        } else {
            paths.insert(point);
        }
        if mounts.iter().any(|mount| text(mount, "name") == name) {
            let detail = "must not already exist in volumeMounts";
            errors.push(Invalid::invalid(path.child("name"), &shown_name, detail));
        }
        if mounts.iter().any(|mount| text(mount, "mountPath") == point) {
            let detail = "must not already exist as a path in volumeMounts";
            errors.push(Invalid::invalid(path.child("devicePath"), &shown_point, detail));
        }
        names.extend(Some(name).filter(|name| !name.is_empty()));
    }
}
